"""Changes played: an accompaniment in a style, voiced so that the hands move little.

A bar is heard as groups of two or three pulses (4/4 is 2 + 2, 3/4 is 3, 6/8 is 3 + 3, 5/4 is
3 + 2), and a style says what to play in a group: so every style plays in any meter, and stride
in 3/4 is a waltz.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from djmodel.music.chord import Chord, scale
from djmodel.music.tune import Bar, ChordSpan, Instrument, Note, Part, Tune
from seqmodel.errors import InputError

DEFAULT_STYLE = "swing"

PIANO = Instrument("Piano", 0)
BASS = Instrument("Bass", 32)
GUITAR = Instrument("Guitar", 24)

# MIDI numbers, both included: E1 to C3, and D3 to E5 above it.
BASS_REGISTER = (28, 48)
CHORD_REGISTER = (50, 76)

_BASS_CENTRE, _CHORD_CENTRE = 38, 61
_WIDEST_LEAP = 7  # of the walking bass, in semitones, where there is a choice
_KEPT = 0.75  # how often a group sounds as it did two bars before
_CHORD_VELOCITY, _BASS_VELOCITY = 62, 76
_ACCENT, _VARIATION = 6, 4  # of velocities


class Hit(NamedTuple):
    """Something to play within a group: its onset and its length, in pulses."""

    onset: Fraction
    length: Fraction


class BassHit(NamedTuple):
    """A bass note within a group, in pulses. `other`: the fifth rather than the bass of the chord
    (and the reverse in every other group)."""

    onset: Fraction
    length: Fraction
    other: bool = False


def _hits(*pairs: tuple[Fraction | int, Fraction | int]) -> tuple[Hit, ...]:
    return tuple(Hit(Fraction(onset), Fraction(length)) for onset, length in pairs)


_HALF, _SWUNG = Fraction(1, 2), Fraction(2, 3)
_LATE = 1 + _SWUNG  # the off-beat after the second pulse


@dataclass(frozen=True)
class Style:
    """How changes are played.

    `rhythms`: for a group of 1, 2 or 3 pulses the ways to play its chords (none: they are held).
    `bass_line`: held under the chord, walking, or what to play in a group. `broken`: the chord is
    played note by note. `bass`: who plays the bass (None: the left hand). `voices`: above it.
    """

    instrument: Instrument = PIANO
    bass: Instrument | None = None
    voices: int = 4
    rhythms: Mapping[int, Sequence[Sequence[Hit]]] | None = None
    bass_line: Literal["held", "walking"] | Mapping[int, Sequence[BassHit]] = "held"
    broken: bool = False


STYLES: Mapping[str, Style] = {
    "block": Style(),
    "stride": Style(
        voices=3,
        rhythms={1: [()], 2: [_hits((1, 1))], 3: [_hits((1, 1), (2, 1))]},
        bass_line={size: [BassHit(Fraction(0), Fraction(1))] for size in (1, 2, 3)},
    ),
    "swing": Style(
        bass=BASS,
        voices=3,
        rhythms={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (_LATE, 2 - _LATE)),
                _hits((_SWUNG, 2 - _SWUNG)),
                _hits((1, _SWUNG)),
                _hits((_LATE, 2 - _LATE)),
                (),
            ],
            3: [
                _hits((0, 1), (_LATE, 3 - _LATE)),
                _hits((1, _SWUNG), (2, _SWUNG)),
                _hits((_SWUNG, 1)),
            ],
        },
        bass_line="walking",
    ),
    "bossa": Style(
        instrument=GUITAR,
        bass=BASS,
        voices=4,
        rhythms={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (1 + _HALF, _HALF)),
                _hits((1, 1)),
                _hits((_HALF, _HALF), (1 + _HALF, _HALF)),
                _hits((_HALF, 1 + _HALF)),
            ],
            3: [
                _hits((0, 1), (1 + _HALF, 1 + _HALF)),
                _hits((_HALF, _HALF), (1 + _HALF, _HALF), (2 + _HALF, _HALF)),
            ],
        },
        bass_line={
            1: [BassHit(Fraction(0), Fraction(1))],
            2: [
                BassHit(Fraction(0), 1 + _HALF),
                BassHit(1 + _HALF, _HALF, other=True),
            ],
            3: [BassHit(Fraction(0), Fraction(2)), BassHit(Fraction(2), Fraction(1), other=True)],
        },
    ),
    "arpeggio": Style(broken=True),
}


def accompany(tune: Tune, style: str, rng: np.random.Generator | int = 0) -> Tune:
    """The tune with its changes played in a style of `STYLES`, in place of what accompanied it.

    Chords sound within their bars and no longer than they hold; under N.C. nothing sounds. Bass
    and chords begin together. Every note is a tone of its chord or its bass, except that a walking
    bass may lead into the next bass note by a semitone or a whole tone. `rng` is a generator or a
    seed.

    Raises InputError for a style that does not exist.
    """
    chosen = STYLES.get(style.strip().casefold())
    if chosen is None:
        raise InputError(f"a style of {', '.join(STYLES)}", f"`{style}`")
    rng = np.random.default_rng(rng)
    spans = tune.chord_spans()
    voicings = _voice_leading(spans, chosen)
    groups = [
        group
        for bar, start in zip(tune.bars, tune.starts, strict=False)
        for group in _groups(bar, start)
    ]
    above = _chords(spans, voicings, groups, chosen, rng)
    below = _bass(spans, groups, chosen, rng)
    if chosen.bass is None:
        notes = sorted([*below, *above], key=lambda note: (note.onset, note.pitch))
        parts = [Part(chosen.instrument, tuple(notes))]
    else:
        parts = [Part(chosen.instrument, tuple(above)), Part(chosen.bass, tuple(below))]
    return replace(tune, accompaniment=tuple(part for part in parts if part.notes))


# ---------------------------------------------------------------------------------------------
# Time: where chords hold, and the pulses of a bar
# ---------------------------------------------------------------------------------------------


class _Group(NamedTuple):
    """Pulses that belong together: where the group begins, how long it is, how long a pulse is, how
    many there are, and its number within the bar."""

    onset: Fraction
    length: Fraction
    pulse: Fraction
    size: int
    number: int


def _groups(bar: Bar, start: Fraction) -> Iterator[_Group]:
    """The groups of pulses of a bar. What does not make a pulse lengthens the last group; a bar
    shorter than a pulse is one group."""
    pulse = min(bar.meter.pulse, bar.length)
    sizes = bar.meter.groups(bar.length) if pulse < bar.length else (1,)
    at = start
    for number, size in enumerate(sizes):
        last = number == len(sizes) - 1
        length = start + bar.length - at if last else size * pulse
        yield _Group(at, length, pulse, size, number)
        at += length


# ---------------------------------------------------------------------------------------------
# Pitch: voicings that move little
# ---------------------------------------------------------------------------------------------

Voicing = tuple[int, ...]
"""MIDI numbers, from low to high."""

# What a chord needs most: thirds, sevenths, then what colours it; the bass has the root.
_NEED = {4: 0, 3: 1, 11: 2, 10: 2, 9: 3, 6: 4, 8: 4, 1: 5, 2: 6, 5: 6, 7: 7, 0: 8}


def upper_tones(chord: Chord, voices: int) -> tuple[int, ...]:
    """The pitch classes to play above the bass, at most `voices`, each once: all where there is
    room; else the root goes first, then a plain fifth."""
    needed = sorted(chord.intervals, key=lambda interval: _NEED[interval])[:voices]
    return tuple((chord.root + interval) % 12 for interval in sorted(needed))


@lru_cache(maxsize=4096)
def _candidates(tones: frozenset[int], doubled: int | None) -> tuple[Voicing, ...]:
    """Close positions of these pitch classes in the register, each inversion in each octave, with
    `doubled` an octave above where it is the lowest."""
    lowest, highest = CHORD_REGISTER
    found = []
    for bottom in range(lowest, highest + 1):
        if bottom % 12 not in tones:
            continue
        voicing = sorted(bottom + (tone - bottom) % 12 for tone in tones)
        if bottom % 12 == doubled:
            voicing.append(bottom + 12)
        if voicing[-1] <= highest:
            found.append(tuple(voicing))
    return tuple(found)


def movement(before: Voicing, after: Voicing) -> int:
    """How far the voices move, in semitones: each to the nearest voice of the other chord."""
    there = sum(min(abs(pitch - other) for other in before) for pitch in after)
    back = sum(min(abs(pitch - other) for other in after) for pitch in before)
    return there + back


def _voice_leading(spans: Sequence[ChordSpan], style: Style) -> list[Voicing]:
    """A voicing for each span: the nearest to the one before, with a pull to the middle."""
    voicings: list[Voicing] = []
    before: Voicing = ()
    for span in spans:
        tones = frozenset(upper_tones(span.chord, style.voices))
        doubled = span.chord.root if len(tones) < style.voices else None
        candidates = _candidates(tones, doubled) if tones else ()

        def cost(voicing: Voicing, before: Voicing = before) -> float:
            away = abs(sum(voicing) / len(voicing) - _CHORD_CENTRE)
            return 0.5 * away + (movement(before, voicing) if before else 0)

        voicing = min(candidates, key=cost, default=())
        voicings.append(voicing)
        before = voicing or before
    return voicings


def _nearest(pitch_class: int, to: int) -> int:
    """The pitch of that class in the bass register that is nearest to `to`."""
    lowest, highest = BASS_REGISTER
    first = lowest + (pitch_class - lowest) % 12
    return min(range(first, highest + 1, 12), key=lambda pitch: (abs(pitch - to), pitch))


# ---------------------------------------------------------------------------------------------
# Chords above
# ---------------------------------------------------------------------------------------------


def _velocity(base: int, accent: bool, rng: np.random.Generator) -> int:
    return base + _ACCENT * accent + int(rng.integers(-_VARIATION, _VARIATION + 1))


def _chords(
    spans: Sequence[ChordSpan],
    voicings: Sequence[Voicing],
    groups: Sequence[_Group],
    style: Style,
    rng: np.random.Generator,
) -> list[Note]:
    if style.broken:
        return _broken(spans, voicings, groups, rng)
    strokes = [(span.onset, span.end) for span in spans]
    if style.rhythms is not None:
        first = spans[0].onset if spans else None
        strokes = list(_strokes(groups, style.rhythms, first, rng))
    notes: list[Note] = []
    for span, voicing, played in zip(spans, voicings, _shared_out(spans, strokes), strict=True):
        for onset, end in played or [(span.onset, span.end)]:
            velocity = _velocity(_CHORD_VELOCITY, onset == span.onset, rng)
            notes += [Note(pitch, onset, end - onset, velocity) for pitch in voicing]
    return notes


def _strokes(
    groups: Sequence[_Group],
    rhythms: Mapping[int, Sequence[Sequence[Hit]]],
    first: Fraction | None,
    rng: np.random.Generator,
) -> Iterator[tuple[Fraction, Fraction]]:
    """Onset and end of what is played. Most groups sound as they did two bars before; that at
    `first`, where the music begins, begins with its chord where the style has a way to."""
    cached_by_content: dict[tuple[int, int, int], Sequence[Hit]] = {}
    bar = 0
    for group in groups:
        bar += group.number == 0
        place = (bar % 2, group.number, group.size)
        if group.onset == first or place not in cached_by_content or rng.random() > _KEPT:
            ways = rhythms[group.size]
            if group.onset == first:
                ways = [way for way in ways if way and way[0].onset == 0] or ways
            cached_by_content[place] = ways[int(rng.integers(len(ways)))]
        for hit in cached_by_content[place]:
            onset, end = _played_at(hit.onset, hit.length, group)
            if onset < end:
                yield onset, end


def _played_at(onset: Fraction, length: Fraction, group: _Group) -> tuple[Fraction, Fraction]:
    """Onset and end in quarter lengths from the start of the tune of what a group has in pulses.
    What lasts to the last pulse lasts to the end of the group."""
    end = onset + length
    return (
        group.onset + _on_grid(onset, group.pulse),
        group.onset + (group.length if end == group.size else _on_grid(end, group.pulse)),
    )


def _on_grid(pulses: Fraction, pulse: Fraction) -> Fraction:
    """So many pulses in quarter lengths; whole pulses if that is no point of the grid of quarters
    in four and in three (swing with eighths as pulses)."""
    time = pulses * pulse
    return time if 1 in {(time * 4).denominator, (time * 3).denominator} else pulses // 1 * pulse


def _shared_out(
    spans: Sequence[ChordSpan], strokes: Iterable[tuple[Fraction, Fraction]]
) -> Iterator[list[tuple[Fraction, Fraction]]]:
    """For each span the strokes (onset, end) that begin in it, cut at its end."""
    waiting = sorted(strokes)
    at = 0
    for span in spans:
        while at < len(waiting) and waiting[at][0] < span.onset:
            at += 1
        played = []
        while at < len(waiting) and waiting[at][0] < span.end:
            onset, end = waiting[at]
            played.append((onset, min(end, span.end)))
            at += 1
        yield played


def _broken(
    spans: Sequence[ChordSpan],
    voicings: Sequence[Voicing],
    groups: Sequence[_Group],
    rng: np.random.Generator,
) -> list[Note]:
    """Each chord up and down, from the step after its bass on. A step is half a pulse, or a pulse
    where that is an eighth."""
    steps = []
    for group in groups:
        step = group.pulse / 2 if group.pulse >= 1 else group.pulse
        end = group.onset + group.length
        count = -((group.onset - end) // step)
        steps += [
            (group.onset + n * step, min(group.onset + (n + 1) * step, end)) for n in range(count)
        ]
    notes = []
    for span, voicing, played in zip(spans, voicings, _shared_out(spans, steps), strict=True):
        if not voicing:
            continue
        round_trip = [*voicing, *voicing[-2:0:-1]]
        after_bass = [stroke for stroke in played if stroke[0] > span.onset]
        for number, (onset, end) in enumerate(after_bass):
            pitch = round_trip[number % len(round_trip)]
            velocity = _velocity(_CHORD_VELOCITY, False, rng)
            notes.append(Note(pitch, onset, end - onset, velocity))
    return notes


# ---------------------------------------------------------------------------------------------
# Bass below
# ---------------------------------------------------------------------------------------------


def _bass(
    spans: Sequence[ChordSpan], groups: Sequence[_Group], style: Style, rng: np.random.Generator
) -> list[Note]:
    if style.bass_line == "walking":
        return _walking(spans, groups, rng)
    strokes: list[tuple[Fraction, Fraction]] = []
    others: set[Fraction] = set()
    if style.bass_line != "held":
        for group in groups:
            for hit in style.bass_line[group.size]:
                onset, end = _played_at(hit.onset, hit.length, group)
                strokes.append((onset, end))
                if hit.other != (group.number % 2 == 1):
                    others.add(onset)
    notes: list[Note] = []
    pitch = _BASS_CENTRE
    for span, played in zip(spans, _shared_out(spans, strokes), strict=True):
        pitch = _nearest(span.chord.bass, (pitch + _BASS_CENTRE) // 2)
        other = _nearest(_other_bass(span.chord), pitch)
        if not played or played[0][0] > span.onset:
            until = played[0][0] if played else span.end
            played.insert(0, (span.onset, until))
        for onset, end in played:
            tone = other if onset in others and onset > span.onset else pitch
            velocity = _velocity(_BASS_VELOCITY, onset == span.onset, rng)
            notes.append(Note(tone, onset, end - onset, velocity))
    return notes


def _other_bass(chord: Chord) -> int:
    """The pitch class that takes turns with the bass: the fifth, or the root under which it is."""
    fifth = next((interval for interval in (7, 6, 8) if interval in chord.intervals), None)
    tones = [chord.root, *([] if fifth is None else [(chord.root + fifth) % 12])]
    return next((tone for tone in reversed(tones) if tone != chord.bass), chord.bass)


def _walking(
    spans: Sequence[ChordSpan], groups: Sequence[_Group], rng: np.random.Generator
) -> list[Note]:
    """A note on every pulse (on every group where pulses are eighths): the bass of the chord, tones
    of the chord, and at its end a step that leads to the next bass."""
    beats = [
        (group.onset + n * group.pulse, group.onset + group.length)
        for group in groups
        for n in range(group.size if group.pulse >= 1 else 1)
    ]
    notes: list[Note] = []
    pitch = _BASS_CENTRE
    targets = [*spans[1:], None]
    for span, following, played in zip(spans, targets, _shared_out(spans, beats), strict=True):
        onsets = sorted({span.onset, *(onset for onset, _ in played)})
        start = _nearest(span.chord.bass, pitch if notes else _BASS_CENTRE)
        goal = None
        if following is not None and following.onset == span.end:
            goal = _nearest(following.chord.bass, start)
        line = _walk(span.chord, start, goal, len(onsets), rng)
        for pitch, (onset, end) in zip(line, pairwise([*onsets, span.end]), strict=True):
            velocity = _velocity(_BASS_VELOCITY, onset == span.onset, rng)
            notes.append(Note(pitch, onset, end - onset, velocity))
    return notes


def _walk(
    chord: Chord, start: int, goal: int | None, length: int, rng: np.random.Generator
) -> list[int]:
    """`length` pitches from `start`: tones of the chord, and a last one beside `goal`."""
    line = [start]
    heading = 1 if rng.random() < 0.5 else -1
    while len(line) < length:
        left = length - len(line)  # with this one
        here = line[-1]
        if left == 1 and goal is not None:
            line.append(_approach(chord, here, goal, rng))
            continue
        if goal is not None and abs(goal - here) > _WIDEST_LEAP * (left - 1):
            heading = 1 if goal > here else -1
        tones = _tones_around(chord, here)
        ahead = [tone for tone in tones if (tone - here) * heading > 0]
        if not ahead:
            heading = -heading
            ahead = [tone for tone in tones if (tone - here) * heading > 0]
        closeness = np.array([1.0 / abs(tone - here) for tone in ahead])
        chosen = rng.choice(len(ahead), p=closeness / closeness.sum()) if ahead else None
        line.append(here if chosen is None else ahead[int(chosen)])
    return line


def _tones_around(chord: Chord, pitch: int) -> list[int]:
    """The chord's tones in the register within a leap of `pitch`, which is not among them."""
    lowest = max(BASS_REGISTER[0], pitch - _WIDEST_LEAP)
    highest = min(BASS_REGISTER[1], pitch + _WIDEST_LEAP)
    tones = chord.pitch_classes
    return [p for p in range(lowest, highest + 1) if p % 12 in tones and p != pitch]


def _approach(chord: Chord, here: int, goal: int, rng: np.random.Generator) -> int:
    """A pitch that leads to `goal`: a semitone from it, or a whole tone if that is in the scale of
    the chord or if there is no other way; the nearer to `here` the likelier."""
    lowest, highest = BASS_REGISTER
    beside = (goal + step for step in (1, -1, 2, -2))
    ways = [pitch for pitch in beside if pitch != here and lowest <= pitch <= highest]
    smooth = [p for p in ways if abs(p - goal) == 1 or p % 12 in scale(chord)] or ways
    weights = np.array([1.0 / (1 + abs(pitch - here)) for pitch in smooth])
    return smooth[int(rng.choice(len(smooth), p=weights / weights.sum()))]

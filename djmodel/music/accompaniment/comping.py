"""Chords above the bass: voiced so that the voices move little; in rhythm, or broken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from numpy.random import Generator

from djmodel.music.accompaniment.strokes import Group, Stroke, draw_strokes, share_out, velocity
from djmodel.music.accompaniment.styles import Style
from djmodel.music.chord import Chord, scale
from djmodel.music.tune import ChordSpan, Note

_VELOCITY = 62
_TOUCH = Fraction(1, 2)  # quarter lengths

CHORD_REGISTER = (50, 76)  # MIDI numbers, both included: D3 to E5
_CENTRE = 61

Voicing = tuple[int, ...]
"""MIDI numbers, from low to high."""

# Intervals by need, smallest number first: thirds, sevenths, then colours; the bass has the root.
_NEED = {4: 0, 3: 1, 11: 2, 10: 2, 9: 3, 6: 4, 8: 4, 1: 5, 2: 6, 5: 6, 7: 7, 0: 8}


def upper_tones(chord: Chord, voices: int, colours: bool = False) -> tuple[int, ...]:
    """The pitch classes to play above the bass, at most `voices`, each once: all where there is
    room; else the root goes first, then a plain fifth. With `colours` the ninth takes the place of
    the root in a seventh chord whose scale has it.

    >>> upper_tones(Chord.of(0, (0, 4, 7, 10)), 4, colours=True)
    (2, 4, 7, 10)
    """
    if colours and _takes_ninth(chord):
        chord = Chord.of(chord.root, {*chord.intervals, 2} - {0}, chord.bass)
    needed = sorted(chord.intervals, key=lambda interval: _NEED[interval])[:voices]
    return tuple((chord.root + interval) % 12 for interval in sorted(needed))


def _takes_ninth(chord: Chord) -> bool:
    """True for a seventh chord with a plain fifth, without a ninth or fourth of its own, whose
    scale has the ninth."""
    tones = set(chord.intervals)
    is_seventh = bool(tones & {10, 11}) and bool(tones & {3, 4}) and 7 in tones
    return is_seventh and not tones & {1, 2, 5} and (chord.root + 2) % 12 in scale(chord)


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
    """The semitones that voices move, each to the nearest voice of the other chord."""
    there = sum(min(abs(pitch - other) for other in before) for pitch in after)
    back = sum(min(abs(pitch - other) for other in after) for pitch in before)
    return there + back


def lead_voices(chords: Sequence[Chord], voices: int, colours: bool = False) -> list[Voicing]:
    """A voicing of at most `voices` notes for each chord: the nearest to the one before, with a
    pull to the middle of the register. A chord without tones has none."""
    voicings: list[Voicing] = []
    before: Voicing = ()
    for chord in chords:
        tones = frozenset(upper_tones(chord, voices, colours))
        doubled = chord.root if len(tones) < voices else None
        candidates = _candidates(tones, doubled) if tones else ()

        def cost(voicing: Voicing, before: Voicing = before) -> float:
            away = abs(sum(voicing) / len(voicing) - _CENTRE)
            return 0.5 * away + (movement(before, voicing) if before else 0)

        voicing = min(candidates, key=cost, default=())
        voicings.append(voicing)
        before = voicing or before
    return voicings


def chord_notes(
    spans: Sequence[ChordSpan],
    voicings: Sequence[Voicing],
    groups: Sequence[Group],
    style: Style,
    rng: Generator,
    busy: Collection[Fraction] = (),
) -> list[Note]:
    """The notes of the chords. `voicings` has one for each span; `busy` as of `draw_strokes`. A
    chord of a band on which no stroke falls is touched as it begins."""
    if style.broken:
        return _broken(spans, voicings, groups, rng)
    strokes: Iterable[Stroke] = [(span.onset, span.end) for span in spans]
    if style.rhythms is not None:
        first = spans[0].onset if spans else None
        strokes = draw_strokes(groups, style.rhythms, first, rng, busy)
    notes: list[Note] = []
    for span, voicing, played in zip(spans, voicings, share_out(spans, strokes), strict=True):
        if not played:
            touch = min(span.end, span.onset + _TOUCH) if style.bass else span.end
            played = [(span.onset, touch)]
        for onset, end in played:
            loudness = velocity(_VELOCITY, onset == span.onset, rng)
            notes += [Note(pitch, onset, end - onset, loudness) for pitch in voicing]
    return notes


def _broken(
    spans: Sequence[ChordSpan], voicings: Sequence[Voicing], groups: Sequence[Group], rng: Generator
) -> list[Note]:
    """Each chord up and down, from the step after its bass. A step is half a pulse, or a whole one
    shorter than a quarter."""
    steps = []
    for group in groups:
        step = group.pulse / 2 if group.pulse >= 1 else group.pulse
        start, end = group.onset, group.onset + group.length
        count = -((start - end) // step)
        steps += [(start + n * step, min(start + (n + 1) * step, end)) for n in range(count)]
    notes = []
    for span, voicing, played in zip(spans, voicings, share_out(spans, steps), strict=True):
        if not voicing:
            continue
        round_trip = [*voicing, *voicing[-2:0:-1]]
        after_bass = [stroke for stroke in played if stroke[0] > span.onset]
        for number, (onset, end) in enumerate(after_bass):
            pitch = round_trip[number % len(round_trip)]
            loudness = velocity(_VELOCITY, False, rng)
            notes.append(Note(pitch, onset, end - onset, loudness))
    return notes

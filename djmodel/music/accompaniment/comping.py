"""Chords above the bass: voiced so that the voices move little; in rhythm, or broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from numpy.random import Generator

from djmodel.music.accompaniment.strokes import Group, Stroke, draw_strokes, share_out, velocity
from djmodel.music.accompaniment.styles import Style
from djmodel.music.chord import Chord
from djmodel.music.tune import ChordSpan, Note

_VELOCITY = 62

CHORD_REGISTER = (50, 76)  # MIDI numbers, both included: D3 to E5
_CENTRE = 61

Voicing = tuple[int, ...]
"""MIDI numbers, from low to high."""

# Intervals by need, smallest number first: thirds, sevenths, then colours; the bass has the root.
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
    """The semitones that voices move, each to the nearest voice of the other chord."""
    there = sum(min(abs(pitch - other) for other in before) for pitch in after)
    back = sum(min(abs(pitch - other) for other in after) for pitch in before)
    return there + back


def lead_voices(chords: Sequence[Chord], voices: int) -> list[Voicing]:
    """A voicing of at most `voices` notes for each chord: the nearest to the one before, with a
    pull to the middle of the register. A chord without tones has none."""
    voicings: list[Voicing] = []
    before: Voicing = ()
    for chord in chords:
        tones = frozenset(upper_tones(chord, voices))
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
) -> list[Note]:
    """The notes of the chords. `voicings` has one for each span."""
    if style.broken:
        return _broken(spans, voicings, groups, rng)
    strokes: Iterable[Stroke] = [(span.onset, span.end) for span in spans]
    if style.rhythms is not None:
        first = spans[0].onset if spans else None
        strokes = draw_strokes(groups, style.rhythms, first, rng)
    notes: list[Note] = []
    for span, voicing, played in zip(spans, voicings, share_out(spans, strokes), strict=True):
        for onset, end in played or [(span.onset, span.end)]:
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

"""Voicings of chords, led so that the voices move little."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from djmodel.music.chord import Chord

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

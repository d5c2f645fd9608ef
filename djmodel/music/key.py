"""Names for pitches: the key of a tune, and how each of its notes is spelled in that key.

Spellings are places on the circle of fifths: ... -2 B flat, -1 F, 0 C, 1 G, 2 D ...; the seven
tones of a major key with `key` sharps stand at `key - 1` to `key + 5`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.tune import Tune

_STEPS = "FCGDAEB"
_PITCH_CLASS_OF_STEP = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

# How well each degree fits a major and a minor key: the probe-tone ratings of Krumhansl and Kessler
# (Tracing the dynamic changes in perceived tonal organization, 1982).
_MAJOR_FIT = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_FIT = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# Costs of a spelling, in fifths away from the key.
_CHORD_TONE = -4.0  # spelled as the chord has it
_STEPWISE = -3.0  # a half step to the next note is a step of the staff
_AWKWARD = 3.5  # C flat, F flat, E sharp, B sharp
_DOUBLE = 20.0  # double flats and sharps


class Spelling(NamedTuple):
    """A letter, how far it is altered (-1 flat, 1 sharp) and the octave (middle C: 4)."""

    step: str
    alter: int
    octave: int


def step_and_alter(fifths: int) -> tuple[str, int]:
    """The letter and alteration at a place on the circle of fifths: -3 is ("E", -1)."""
    return _STEPS[(fifths + 1) % 7], (fifths + 1) // 7


def key_of(tune: Tune) -> int:
    """The number of sharps (positive) or flats (negative) of a tune's key: as it says, or as its
    melody and chords suggest, by how well the sounding time of each pitch fits each key."""
    if tune.key is not None:
        return tune.key
    weights = np.zeros(12)
    for note in tune.melody_notes():
        weights[note.pitch % 12] += float(note.duration)
    for bar in tune.bars:
        ends = [change.onset for change in bar.changes[1:]] + [bar.length]
        for change, end in zip(bar.changes, ends, strict=True):
            if change.sounding:
                held = float(end - change.onset)
                weights[list(change.chord.pitch_classes)] += held / 2
                weights[change.chord.root] += held / 2
    if np.ptp(weights) == 0:
        return 0
    keys = {}
    for tonic in range(12):
        turned = np.roll(weights, -tonic)
        fifths = (tonic * 7 + 5) % 12 - 5  # -5 D flat ... 6 F sharp
        keys[fifths, "major"] = float(np.corrcoef(turned, _MAJOR_FIT)[0, 1])
        keys[(fifths - 3 + 5) % 12 - 5, "minor"] = float(np.corrcoef(turned, _MINOR_FIT)[0, 1])
    return max(keys, key=lambda name: keys[name])[0]


def spell(pitches: Sequence[int], chords: Sequence[Chord], key: int) -> list[Spelling]:
    """How each note of a melody is written in `key`; `chords` holds the chord under each note.

    Tones of the key keep their names; tones of the chord are spelled as the chord is; a half step
    is written as a step where the key leaves it open.
    """
    if not pitches:
        return []
    following = [*(b - a for a, b in pairwise(pitches)), 0]
    spelled: list[int] = []
    later: int | None = None  # the place of the note after this one: its spelling decides on ours
    for pitch, chord, leap in reversed(list(zip(pitches, chords, following, strict=True))):
        later = _place(pitch, chord, key, later if abs(leap) == 1 else None)
        spelled.append(later)
    return [_named(pitch, place) for pitch, place in zip(pitches, reversed(spelled), strict=True)]


def chord_tone_places(chord: Chord, key: int | None) -> dict[int, int]:
    """The place of each tone of a chord, by pitch class, spelled upwards from its written root."""
    root = symbol_place(chord_symbol(Chord(chord.root, chord.intervals, chord.root), key))
    tones = set(chord.intervals)
    augmented = 8 in tones and 4 in tones and 7 not in tones
    sharp_eleven = 6 in tones and 7 in tones
    steps = (0, -5, 2, -3, 4, -1, 6 if sharp_eleven else -6, 1, 8 if augmented else -4, 3, -2, 5)
    return {(chord.root + interval) % 12: root + steps[interval] for interval in tones}


def symbol_place(name: str) -> int:
    """The place of the note that a chord symbol begins with: "Eb7" is at -3."""
    place = _STEPS.index(name[0]) - 1
    for sign in name[1:]:
        if sign not in "b#":
            break
        place += 7 if sign == "#" else -7
    return place


def _place(pitch: int, chord: Chord, key: int, later: int | None) -> int:
    """The cheapest spelling of a pitch; `later` is the place of a neighbour a half step away."""
    of_chord = chord_tone_places(chord, key)

    def cost(place: int) -> float:
        away = max(key - 1 - place, place - key - 5, 0)
        total = float(away)
        step, alter = step_and_alter(place)
        if away and of_chord.get(pitch % 12) == place:
            total += _CHORD_TONE
        if away and later is not None and abs(place - later) == 5:
            total += _STEPWISE
        if away and step + "b#"[alter > 0] in ("Cb", "Fb", "E#", "B#") and alter:
            total += _AWKWARD
        return total + _DOUBLE * (abs(alter) > 1)

    lowest = pitch * 7 % 12 - 12  # C is at -12, as a double flat D; at 0; and at 12, as B sharp
    return min((lowest, lowest + 12, lowest + 24), key=cost)


def _named(pitch: int, place: int) -> Spelling:
    step, alter = step_and_alter(place)
    octave = (pitch - alter - _PITCH_CLASS_OF_STEP[step]) // 12 - 1
    return Spelling(step, alter, octave)

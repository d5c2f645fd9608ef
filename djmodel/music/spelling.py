"""Enharmonic spelling of a melody, as a copyist writes it: by key, chord and the next note.

Each pitch has up to three names. The spelling of a melody is the cheapest path through them: a name
costs its distance from the key on the circle of fifths, less where the chord has it, and two notes
in a row cost more where their names do not show the interval that is heard. So a chromatic note is
raised if the melody goes up from it and lowered if it goes down. The circle of fifths as a measure
follows Temperley, *The Cognition of Basic Musical Structures* (2001); the weights are chosen on
examples spelled by hand, which are in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import chord_tone_places, chord_tones, root_place
from djmodel.music.pitch import LETTER_PITCH_CLASSES, step_and_alter

# Costs of a name.
_NEAR, _FAR = 1.0, 0.1  # of a fifth away from the key: of the first three, of those beyond
_CHORD_TONE = -4.0  # named as the chord has it
_LEADING_TONE = -5.0  # a semitone below a dominant that is foreign to the key: D sharp over E7
_TENSION = -2.0  # an altered tension of a dominant, which yields to the melody
_FOREIGN = 1.5  # of a name outside key and chord for a tone that the key has
_AWKWARD = 3.0  # C flat, F flat, E sharp, B sharp outside the key
_DOUBLE = 20.0  # double flats and sharps

# Costs of two notes in a row.
_SEMITONE, _UNISON = 5, 7  # fifths between the names of a minor second and of a chromatic step
_LEAVES_KEY = 0.5  # a chromatic step away from the key: C, C sharp
_ENTERS_KEY = 3.0  # a chromatic step towards it, where a minor second would do: D flat, D
# Augmented and diminished intervals: from 7 fifths on, the diminished third, what is beyond.
_ODD_INTERVAL, _DIMINISHED_THIRD, _WRONG_INTERVAL = 1.0, 1.5, 3.0

_AWKWARD_NAMES = frozenset({("C", -1), ("F", -1), ("E", 1), ("B", 1)})


class Spelling(NamedTuple):
    """A letter, how far it is altered (-1 flat, 1 sharp) and the octave (middle C: 4)."""

    step: str
    alter: int
    octave: int


def spell(pitches: Sequence[int], chords: Sequence[Chord], key: int) -> list[Spelling]:
    """The spelling of each note of a melody in `key`; `chords` holds the chord under each note.

    >>> from djmodel.music.chord_symbol import parse_chord_symbol
    >>> chords = [parse_chord_symbol("C")] * 5
    >>> [s + "b#"[alter > 0] * abs(alter) for s, alter, _ in spell([60, 61, 62, 61, 60], chords, 0)]
    ['C', 'C#', 'D', 'Db', 'C']
    """
    if not pitches:
        return []
    options = [_names(p % 12, c, key) for p, c in zip(pitches, chords, strict=True)]
    costs = dict(options[0])  # of the cheapest path to each name of a note
    paths: list[dict[int, int]] = []  # the name before, by name
    for (before, pitch), names in zip(pairwise(pitches), options[1:], strict=True):
        steps = {
            name: min(costs, key=lambda b, n=name: costs[b] + _step(b, n, pitch - before, key))  # type: ignore[misc]
            for name in names
        }
        costs = {
            name: cost + costs[steps[name]] + _step(steps[name], name, pitch - before, key)
            for name, cost in names.items()
        }
        paths.append(steps)
    places = [min(costs, key=costs.__getitem__)]
    for steps in reversed(paths):
        places.append(steps[places[-1]])
    return [_spelling(p, place) for p, place in zip(pitches, reversed(places), strict=True)]


def _spelling(pitch: int, place: int) -> Spelling:
    step, alter = step_and_alter(place)
    return Spelling(step, alter, (pitch - alter - LETTER_PITCH_CLASSES[step]) // 12 - 1)


def _names(pitch_class: int, chord: Chord, key: int) -> dict[int, float]:
    """The places on the circle of fifths that name a pitch class, with their costs."""
    lowest = pitch_class * 7 % 12 - 12  # C is at -12, as a double flat D; at 0; and at 12
    of_chord, weight = chord_tone_places(chord, key).get(pitch_class), _CHORD_TONE
    if {4, 10} <= {*chord.intervals}:
        interval = (pitch_class - chord.root) % 12
        if any(degree > 7 and semitones == interval for degree, semitones in chord_tones(chord)):
            weight = _TENSION
        if interval == 3:  # a sharp ninth, or a blue third
            of_chord = None
        root = root_place(chord, key)
        if interval == 11 and _distance(root + 4, key):
            of_chord, weight = root + 5, _LEADING_TONE
    costs = {}
    places = (lowest, lowest + 12, lowest + 24)
    in_key = any(_distance(place, key) == 0 for place in places)
    for place in places:
        away = _distance(place, key)
        cost = _NEAR * min(away, 3) + _FAR * max(away - 3, 0)
        if in_key and away and place != of_chord:
            cost += _FOREIGN
        if away and place == of_chord:
            cost += weight
        name = step_and_alter(place)
        if away and name in _AWKWARD_NAMES:
            cost += _AWKWARD
        costs[place] = cost + _DOUBLE * (abs(name[1]) > 1)
    return costs


def _distance(place: int, key: int) -> int:
    """The fifths between a name and the seven of the key."""
    return max(key - 1 - place, place - key - 5, 0)


def _step(before: int, place: int, semitones: int, key: int) -> float:
    """The cost of two names in a row whose pitches are some semitones apart."""
    fifths = abs(place - before)
    if abs(semitones) == 1 and fifths == _UNISON:
        return _LEAVES_KEY if _distance(place, key) > _distance(before, key) else _ENTERS_KEY
    if fifths < _UNISON:
        return 0.0
    if fifths == 10:
        return _DIMINISHED_THIRD
    return _ODD_INTERVAL if fifths < 10 else _WRONG_INTERVAL

"""Harmonization: plausible chords for a lone melody."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from djmodel.inputs.chords.observations import NEAR, Changes, Floats, overlaps
from djmodel.inputs.score import Measure
from djmodel.music.chord import Chord
from djmodel.music.key import estimate_key
from djmodel.music.tune import Change, Note

# Chords of a key: the root in semitones above the tonic, the intervals, the cost.
_MAJOR, _MINOR, _SEVENTH = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)
_MAJOR_KEY = (
    (0, _MAJOR, 0.0), (7, _SEVENTH, 0.1), (5, _MAJOR, 0.1), (2, (0, 3, 7, 10), 0.2),
    (9, _MINOR, 0.2), (4, _MINOR, 0.35), (2, _SEVENTH, 0.5), (9, _SEVENTH, 0.5),
    (4, _SEVENTH, 0.5), (0, _SEVENTH, 0.5), (5, _MINOR, 0.6), (10, _MAJOR, 0.6),
)  # fmt: skip
_MINOR_KEY = (
    (0, _MINOR, 0.0), (7, _SEVENTH, 0.1), (5, _MINOR, 0.1), (8, _MAJOR, 0.2), (3, _MAJOR, 0.2),
    (10, _MAJOR, 0.25), (2, (0, 3, 6, 10), 0.3), (0, _SEVENTH, 0.6), (2, _SEVENTH, 0.6),
    (1, _MAJOR, 0.6),
)  # fmt: skip
_FOREIGN_MELODY = 2.0  # cost of a bar of melody without any tone of its chord
_DOWNBEAT = 1.5  # weight of a note on the first beat
_MOVES = {5: -0.15, 0: 0.0}  # costs by rise of the root in semitones: a fourth leads on
_OTHER_MOVE = 0.1
_NOT_AT_HOME = 0.4  # cost of another chord than the tonic's in the first and the last bar


def harmonize(notes: Sequence[Note], measures: Sequence[Measure]) -> Changes:
    """A plausible harmony for a lone melody (onsets from the start of the tune): in the estimated
    key, one chord per bar, chosen over the whole tune for chords that contain much of the melody
    and for roots that fall by fifths; the tonic at both ends. Returns no bars for no notes.
    """
    if not notes or not measures:
        return ()
    key = estimate_key(notes)
    degrees = _MINOR_KEY if key.minor else _MAJOR_KEY
    chords = [Chord.of(key.tonic + root, intervals) for root, intervals, _ in degrees]
    foreign = np.array([[t not in chord.pitch_classes for t in range(12)] for chord in chords])
    roots = np.array([chord.root for chord in chords])
    rises = (roots - roots[:, None]) % 12  # (chord before, chord)
    moves = np.vectorize(lambda rise: _MOVES.get(int(rise), _OTHER_MOVE))(rises)
    cost = _FOREIGN_MELODY * _bar_profiles(notes, measures) @ foreign.T
    cost += [cost_of_degree for _, _, cost_of_degree in degrees]
    cost[[0, -1], 1:] += _NOT_AT_HOME
    total = cost[0]
    backpointers = []
    for bar_cost in cost[1:]:
        totals = total[:, None] + moves  # (chord before, chord)
        backpointers.append(totals.argmin(axis=0))
        total = totals.min(axis=0) + bar_cost
    chosen = [int(total.argmin())]
    for back in reversed(backpointers):
        chosen.append(int(back[chosen[-1]]))
    return tuple((Change(Fraction(0), chords[number]),) for number in reversed(chosen))


def _bar_profiles(notes: Sequence[Note], measures: Sequence[Measure]) -> Floats:
    """The share of each pitch class in the melody of each bar, `(bars, 12)`; zeros for a rest."""
    edges = np.array([float(m.onset) for m in measures] + [float(measures[-1].onset)])
    edges[-1] += float(measures[-1].length)
    bar, pitch, length = overlaps(notes, edges, early_belongs_to_next=False)
    profile = np.zeros((len(measures), 12))
    np.add.at(profile, (bar, pitch % 12), length)
    for note in notes:
        at = int(np.searchsorted(edges, float(note.onset) + NEAR, side="right")) - 1
        if 0 <= at < len(measures) and note.onset == measures[at].onset:
            held = min(note.end, measures[at].onset + measures[at].meter.beat) - note.onset
            profile[at, note.pitch % 12] += (_DOWNBEAT - 1) * float(held)
    return profile / np.maximum(profile.sum(axis=1, keepdims=True), NEAR)

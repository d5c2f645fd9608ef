"""Chord templates: kinds of chords, and scores of how well each explains the notes of a segment.

Scoring segments against templates goes back to Pardo and Birmingham, *Algorithms for Chordal
Analysis* (2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.chords.observations import FULL_EVIDENCE, NEAR, NO_BASS, Evidence, Floats
from djmodel.music.chord import Chord

Segment = tuple[int, int]
"""The first beat and the one after the last."""


# Kinds of chords: the intervals above the root, and the cost of choosing one. The rarer a chord,
# the more it costs: it must explain more than a plain one does.
TEMPLATES = (
    ((0, 4, 7), 0.0), ((0, 3, 7), 0.0), ((0, 4, 7, 10), 0.1), ((0, 4, 7, 11), 0.2),
    ((0, 3, 7, 10), 0.15), ((0, 3, 6), 0.15), ((0, 3, 6, 9), 0.15), ((0, 3, 6, 10), 0.2),
    ((0, 4, 7, 9), 0.25), ((0, 3, 7, 9), 0.25), ((0, 4, 8), 0.2), ((0, 4, 8, 10), 0.3),
    ((0, 5, 7), 0.35), ((0, 5, 7, 10), 0.3), ((0, 3, 7, 11), 0.4), ((0, 2, 4, 7), 0.7),
    ((0, 2, 4, 7, 10), 0.4), ((0, 2, 3, 7, 10), 0.4), ((0, 2, 4, 7, 11), 0.4),
    ((0, 2, 5, 7, 10), 0.4), ((0, 1, 4, 7, 10), 0.4), ((0, 3, 4, 7, 10), 0.45),
    ((0, 4, 7, 9, 10), 0.45), ((0, 2, 4, 7, 9), 0.4), ((0, 2, 3, 5, 7, 10), 0.75),
)  # fmt: skip
# Other costs where a band plays: of an added ninth, common in pop, and of a ninth with a
# suspension, which often is two chords in one bar; a sixth with a ninth has the same tones.
_BAND_COSTS = {(0, 2, 4, 7): 0.45, (0, 2, 5, 7, 10): 0.6, (0, 2, 4, 7, 9): 0.6}

# Cost of a tone of the chord that does not sound, by semitones above the root (a fifth goes without
# saying), and of a foreign tone that sounds.
_MISSING_COST = np.array([0.6, 0.6, 0.6, 0.7, 0.7, 0.6, 0.5, 0.15, 0.5, 0.6, 0.6, 0.6])
_FOREIGN_COST = 1.0
# Weight of the absence of a third, a seventh or a colour from a beat in which whole chords sound,
# beside its absence from the segment: so two chords in a bar are not taken for one of all tones.
_ABSENT = 0.5
# Shares of the longest tone's time from which a tone counts as present, and a foreign one fully.
_PRESENT_FROM, _FOREIGN_FROM = 0.15, 0.6
_ROOT_IN_BASS, _FOREIGN_BASS = 0.3, -0.4
_WALKING = 0.35  # weight of a bass note after the first of a segment, beside upper voices
_THIN = 1.2  # cost of a segment without tones; with one or two, less
_ROWS_PER_PRODUCT = 20  # so few that the product starts no threads, which would take longer
TIE = 1e-3  # decides between chords of equal score


class TemplateBank(NamedTuple):
    """The templates on all twelve roots, and the `weights (features, chords)` that score them.

    The features of a segment: for each pitch class the degree to which it is missing (12), for each
    the degree to which it is there and may be foreign (12), the one-hot bass (12, and 1 for no
    bass), 1, and the beats of whole chords without it (12).
    """

    chords: tuple[Chord, ...]
    weights: NDArray[np.float32]


@lru_cache(maxsize=2)
def template_bank(*, band: bool = False) -> TemplateBank:
    """The templates as weights, computed once; with the costs of a `band`, or of one player."""
    templates = dict(TEMPLATES) | (_BAND_COSTS if band else {})
    chords = tuple(Chord.of(root, intervals) for intervals in templates for root in range(12))
    missing, absent = np.zeros((12, len(chords))), np.zeros((12, len(chords)))
    foreign = np.full((12, len(chords)), -_FOREIGN_COST)
    in_bass = np.zeros((13, len(chords)))
    in_bass[:12] = _FOREIGN_BASS
    for number, chord in enumerate(chords):
        for interval in chord.intervals:
            tone = (chord.root + interval) % 12
            missing[tone, number] = -_MISSING_COST[interval]
            if interval not in {0, 7}:
                absent[tone, number] = -_ABSENT * _MISSING_COST[interval]
            foreign[tone, number] = in_bass[tone, number] = 0.0
        in_bass[chord.root, number] = _ROOT_IN_BASS
        # Of two chords of equal score the same in every key, as seen from the bass.
        for above in range(12):
            in_bass[(chord.root + above) % 12, number] -= above * TIE
    costs = np.repeat([cost + n * TIE / 10 for n, cost in enumerate(templates.values())], 12)
    weights = np.concatenate([missing, foreign, in_bass, -costs[None, :], absent])
    return TemplateBank(chords, weights.astype(np.float32))


def chord_scores(
    evidence: Evidence, segments: Sequence[Segment], *, band: bool = False
) -> NDArray[np.float32]:
    """Scores `(segments, chords)` of each chord of the template bank for the notes of a segment."""
    start, end = np.array(segments, dtype=np.int64).T

    def sums(cumulative: Floats) -> Floats:
        return cumulative[end] - cumulative[start]

    voices = (sums(evidence.upper) > NEAR).sum(axis=1)
    walking = np.where(voices >= 2, _WALKING, 1.0)[:, None]
    opening = evidence.opening[start]
    profile = sums(evidence.others) + opening
    profile += walking * (sums(evidence.line) - opening)
    share = profile / np.maximum(profile.max(axis=1, keepdims=True), NEAR)
    missing = 1.0 - np.minimum(share / _PRESENT_FROM, 1.0)
    foreign = np.minimum(share / _FOREIGN_FROM, 1.0)
    first_sound = np.minimum(evidence.first_sound[2 * start], 2 * end - 1)
    bass = np.eye(NO_BASS + 1)[evidence.lowest[first_sound]]
    weighted = np.concatenate([missing, foreign, bass, np.ones((len(bass), 1))], axis=1)
    weighted *= sums(evidence.weight)
    features = np.concatenate([weighted, sums(evidence.absent)], axis=1)
    tones = (profile > NEAR).sum(axis=1, keepdims=True)
    thin = _THIN * (1.0 - np.minimum(tones / FULL_EVIDENCE, 1.0))
    weights = template_bank(band=band).weights
    rows, starts = features.astype(np.float32), range(0, len(features), _ROWS_PER_PRODUCT)
    explained = [rows[start : start + _ROWS_PER_PRODUCT] @ weights for start in starts]
    return np.concatenate(explained) - thin.astype(np.float32)

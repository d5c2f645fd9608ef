"""A model's solos beside the music it was trained on: measured alike, in pieces equally long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.copying import REPRESENTATIONS, Copied, CopyDetector, human_baseline, pieces
from djmodel.evaluation.metrics import (
    DISTRIBUTIONS,
    MEASURES,
    distances_between,
    distances_within,
    kl_divergence,
    mean_array,
    mean_of,
    overlapping_area,
)
from djmodel.model.improvise import Solo
from djmodel.music.tune import Tune

Floats = NDArray[np.float64]

PIECE = 16  # bars: what is measured at a time, of training tunes and solos alike
_MOST_ARRAYS = 100  # of each kind whose distances are taken: their pairs are many


@dataclass(frozen=True)
class Measured:
    """One measure of many pieces: `(pieces,)` each, nan where there was nothing to measure."""

    training: Floats
    generated: Floats

    @property
    def overlap(self) -> float:
        return overlapping_area(self.training, self.generated)

    @property
    def divergence(self) -> float:
        """Of the generated pieces from those of the training, in nats."""
        return kl_divergence(self.generated, self.training)


@dataclass(frozen=True)
class Distributed:
    """An array of many pieces: the mean of each kind, and the distances of all pairs of training
    pieces (`within`) and of each generated piece to each training piece (`between`)."""

    training: Floats
    generated: Floats
    within: Floats
    between: Floats

    @property
    def overlap(self) -> float:
        """Of the two kinds of distances: near 1 if a generated piece is as far from those of the
        training as they are from each other (Yang and Lerch)."""
        return overlapping_area(self.within, self.between)

    @property
    def divergence(self) -> float:
        return kl_divergence(self.between, self.within)


@dataclass(frozen=True)
class Copying:
    """What the solos have in common with the training music, and what tunes of it, in pieces as
    long as a solo, have in common with the other tunes (none if there is but one)."""

    generated: list[Copied]
    human: list[Copied]


@dataclass(frozen=True)
class Comparison:
    """By name of the measure, of the distribution, of the way to read a melody; and how far each
    solo is from the training music (see `distances`)."""

    measures: dict[str, Measured]
    distributions: dict[str, Distributed]
    copying: dict[str, Copying]
    distances: list[float]


def compare(tunes: Sequence[Tune], solos: Sequence[Solo], detector: CopyDetector) -> Comparison:
    """Measures solos beside the tunes of the training, both in pieces of PIECE bars."""
    training = [piece for tune in tunes for piece in pieces(tune, PIECE)]
    of_solos = [pieces(solo.tune, PIECE) for solo in solos]
    generated = [piece for cut in of_solos for piece in cut]
    measures = {
        name: Measured(
            np.array([measure(piece) for piece in training]),
            np.array([measure(piece) for piece in generated]),
        )
        for name, measure in MEASURES.items()
    }
    bars = max((len(solo.tune.bars) for solo in solos), default=PIECE)
    return Comparison(
        measures=measures,
        distributions={
            name: _distributed([m(t) for t in training], [m(t) for t in generated])
            for name, m in DISTRIBUTIONS.items()
        },
        copying={
            representation: Copying(
                [detector.copied(solo, representation) for solo in solos],
                human_baseline(detector, representation, bars),
            )
            for representation in REPRESENTATIONS
        },
        distances=distances(measures, [len(cut) for cut in of_solos]),
    )


def distances(measures: dict[str, Measured], n_pieces: Sequence[int]) -> list[float]:
    """For each solo, of so many pieces, how far it is from the middle of the training: for each
    measure how many of the training's standard deviations the mean of its pieces is away; of all
    these the mean. Measures that are the same throughout the training are left out."""
    ends = np.cumsum([0, *n_pieces])
    found = []
    for first, last in pairwise(ends):
        away = []
        for measured in measures.values():
            known = measured.training[~np.isnan(measured.training)]
            spread = known.std() if len(known) else 0.0
            if spread > 0:
                away.append(abs(mean_of(measured.generated[first:last]) - known.mean()) / spread)
        found.append(mean_of(away))
    return found


def _distributed(training: Sequence[Floats], generated: Sequence[Floats]) -> Distributed:
    some, others = _some(training), _some(generated)
    return Distributed(
        mean_array(training),
        mean_array(generated),
        distances_within(some),
        distances_between(others, some),
    )


def _some(arrays: Sequence[Floats]) -> Sequence[Floats]:
    """At most _MOST_ARRAYS of them, evenly."""
    step = -(-len(arrays) // _MOST_ARRAYS)
    return arrays[:: max(step, 1)]

"""Solos of a model compared with its training music, both measured in pieces of equal length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.copying import REPRESENTATIONS, Copied, CopyDetector, human_baseline, pieces
from djmodel.evaluation.metrics import DISTRIBUTIONS, MEASURES, MGEVAL
from djmodel.evaluation.statistics import (
    Densities,
    distances_between,
    distances_within,
    mean_array,
    mean_of,
    overlapping_area,
)
from djmodel.model.improvise import Solo
from djmodel.music.tune import Tune
from seqmodel.settings import checked

Floats = NDArray[np.float64]
Item = TypeVar("Item")

BARS_PER_PIECE = 16
_MAX_ARRAYS = 100  # of each kind, in all pairs of which distances are measured


@dataclass(frozen=True)
class Measured:
    """One measure of training and generated pieces: `(n_pieces,)` each, nan where undefined."""

    training: Floats
    generated: Floats

    @cached_property
    def _densities(self) -> Densities:
        return Densities(self.generated, self.training)

    @property
    def overlap(self) -> float:
        return self._densities.overlapping_area()

    @property
    def divergence(self) -> float:
        """KL divergence of the generated pieces from the training pieces, in nats."""
        return self._densities.kl_divergence()


@dataclass(frozen=True)
class Distributed:
    """One distribution of training and generated pieces: the mean of each, the distances between
    training pieces (`within`), and those from generated to training pieces (`between`)."""

    training: Floats
    generated: Floats
    within: Floats
    between: Floats

    @cached_property
    def _densities(self) -> Densities:
        return Densities(self.between, self.within)

    @property
    def overlap(self) -> float:
        """Overlapping area of both kinds of distances: near 1 if generated pieces are as far from
        training pieces as these are from each other (Yang and Lerch, 2018)."""
        return self._densities.overlapping_area()

    @property
    def divergence(self) -> float:
        return self._densities.kl_divergence()


@dataclass(frozen=True)
class Copying:
    """The copies in each solo from the training music; and those in training tunes, in pieces as
    long as a solo, from the other tunes (none if there is only one tune)."""

    generated: list[Copied]
    human: list[Copied]


class Comparison:
    """Solos and the tunes of the training, both cut into pieces of 16 bars. Each kind of figure is
    computed when it is asked for."""

    def __init__(
        self, tunes: Sequence[Tune], solos: Sequence[Solo], detector: CopyDetector
    ) -> None:
        self._solos, self._detector = solos, detector
        self._training = [piece for tune in tunes for piece in pieces(tune, BARS_PER_PIECE)]
        self._of_solos = [pieces(solo.tune, BARS_PER_PIECE) for solo in solos]
        self._generated = [piece for cut in self._of_solos for piece in cut]

    @cached_property
    def measures(self) -> dict[str, Measured]:
        """The measures of all pieces, by name: `training` and `generated`, one number for each
        piece, their `overlap` (0 to 1), and the `divergence` of the latter, in nats."""
        return {
            name: Measured(
                np.array([measure(piece) for piece in self._training]),
                np.array([measure(piece) for piece in self._generated]),
            )
            for name, measure in MEASURES.items()
        }

    @cached_property
    def distances(self) -> list[float]:
        """The distance of each solo from the training music: the mean over all measures of how far
        the mean of its pieces is from that of the training pieces, in their standard deviations."""
        return distances(self.measures, [len(cut) for cut in self._of_solos])

    @cached_property
    def distributions(self) -> dict[str, Distributed]:
        """The distributions of all pieces, by name: the mean of the `training` pieces and of those
        `generated`, and the `overlap` (0 to 1) of the distances between them."""
        return {
            name: _distributed([m(t) for t in self._training], [m(t) for t in self._generated])
            for name, m in DISTRIBUTIONS.items()
        }

    @cached_property
    def copying(self) -> dict[str, Copying]:
        """The longest copies and overlaps, by the representation of a melody (see
        `CopyDetector.copied`): in each solo (`generated`), and in training tunes (`human`)."""
        bars = max((len(solo.tune.bars) for solo in self._solos), default=BARS_PER_PIECE)
        return {
            representation: Copying(
                [self._detector.copied(solo, representation) for solo in self._solos],
                human_baseline(self._detector, representation, bars),
            )
            for representation in REPRESENTATIONS
        }


@checked
def compare(tunes: Sequence[Tune], solos: Sequence[Solo], detector: CopyDetector) -> Comparison:
    """Compares solos with the tunes of the training, in pieces of 16 bars. `detector` finds the
    copies: `CopyDetector.of(model)`."""
    return Comparison(tunes, solos, detector)


def distances(measures: dict[str, Measured], n_pieces: Sequence[int]) -> list[float]:
    """The distance of each solo from the training music: the mean over all measures of |z|, where z
    is the mean of the solo's `n_pieces`, standardized by the training pieces. Measures that do not
    vary in the training are left out."""
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


@checked
def mgeval_features(tune: Tune) -> dict[str, Floats]:
    """The features of a tune that `mgeval_overlaps` compares: nine arrays by name, of a single
    number, `(12,)` or `(12, 12)`; nan where a tune has too few notes."""
    return {name: feature(tune) for name, feature in MGEVAL.items()}


def mgeval_overlaps(
    reference: Sequence[Mapping[str, Floats]], others: Sequence[Mapping[str, Floats]]
) -> dict[str, float]:
    """The overlapping area, by feature, of the distances between tunes of the reference and those
    of each other tune from each of the reference, given the features of the tunes.

    As in Yang and Lerch's code the area ends at the smallest and at the largest distance, so that
    even two halves of one set have less than 1. Of many tunes some are compared, evenly spaced.
    """
    reference, others = _some(reference), _some(others)
    overlaps = {}
    for name in MGEVAL:
        known = [features[name] for features in reference]
        within = distances_within(known)
        between = distances_between([features[name] for features in others], known)
        overlaps[name] = overlapping_area(within, between, beyond_samples=False)
    return overlaps


def _distributed(training: Sequence[Floats], generated: Sequence[Floats]) -> Distributed:
    some, others = _some(training), _some(generated)
    return Distributed(
        mean_array(training),
        mean_array(generated),
        distances_within(some),
        distances_between(others, some),
    )


def _some(arrays: Sequence[Item]) -> Sequence[Item]:
    """At most _MAX_ARRAYS of them, evenly spaced."""
    step = -(-len(arrays) // _MAX_ARRAYS)
    return arrays[:: max(step, 1)]

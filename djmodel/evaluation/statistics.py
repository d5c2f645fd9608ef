"""Samples of measures compared: means, overlap and divergence of densities, distances of arrays.

Numbers that are nan are left out. For the sources see `djmodel.evaluation.metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_POINTS_AT_ONCE = 256  # of a density, so that what is computed stays in the processor's cache


def mean_of(numbers: Iterable[float]) -> float:
    """The mean of the numbers that are not nan; nan if there is none."""
    measured = _measured(numbers)
    return float(measured.mean()) if len(measured) else np.nan


def mean_array(arrays: Iterable[Floats]) -> Floats:
    """The elementwise mean of arrays of one shape, without those elements that are nan; nan where
    all are."""
    stacked = np.stack([*arrays])
    measured = ~np.isnan(stacked)
    counts = measured.sum(axis=0)
    sums = np.where(measured, stacked, 0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


class Densities:
    """The densities of two samples, p of `first` and q of `second`, compared; estimated once for
    all comparisons.

    Both are Gaussian kernel estimates with Scott's bandwidth, on one grid that covers both. A
    constant sample is a point mass.
    """

    def __init__(self, first: Iterable[float], second: Iterable[float]) -> None:
        self._p, self._q = _measured(first), _measured(second)

    @cached_property
    def _logs(self) -> tuple[Floats, Floats, Floats]:
        return _log_densities(self._p, self._q)

    def overlapping_area(self, *, beyond_samples: bool = True) -> float:
        """The area under the lower of the two densities: 0 for samples that have nothing in common,
        1 for equal ones (Yang and Lerch, "OA").

        Equal points overlap by 1, and any other pair with a point by 0. nan if a sample is empty.
        Without `beyond_samples` the area ends at the least and at the greatest of all numbers.
        """
        p, q = self._p, self._q
        if not len(p) or not len(q):
            return np.nan
        if _is_point(p) or _is_point(q):
            return float(_same_point(p, q))
        grid, log_p, log_q = self._logs
        lower = np.exp(np.minimum(log_p, log_q))
        if not beyond_samples:
            ends = min(p.min(), q.min()), max(p.max(), q.max())
            inside = (grid > ends[0]) & (grid < ends[1])
            at_ends = np.interp(ends, grid, lower)
            grid = np.concatenate([ends[:1], grid[inside], ends[1:]])
            lower = np.concatenate([at_ends[:1], lower[inside], at_ends[1:]])
        return float(np.trapezoid(lower, grid))

    def kl_divergence(self) -> float:
        """The integral of p log(p / q), in nats (Kullback and Leibler, 1951; Yang and Lerch, "KLD",
        who evaluate each density on a grid of its own, so that different points are compared). Not
        symmetric.

        0 for the same point twice, infinite for any other pair with a point in it. nan if a sample
        is empty. Far from its sample an estimated density falls as its kernel does: a large result
        says that two samples are far apart, how far depends on their outliers.
        """
        p, q = self._p, self._q
        if not len(p) or not len(q):
            return np.nan
        if _is_point(p) or _is_point(q):
            return 0.0 if _same_point(p, q) else np.inf
        grid, log_p, log_q = self._logs
        return float(np.trapezoid(np.exp(log_p) * (log_p - log_q), grid))


def overlapping_area(
    first: Iterable[float], second: Iterable[float], *, beyond_samples: bool = True
) -> float:
    """The overlapping area of the `Densities` of two samples."""
    return Densities(first, second).overlapping_area(beyond_samples=beyond_samples)


def kl_divergence(first: Iterable[float], second: Iterable[float]) -> float:
    """The divergence of the density of `first` from that of `second` (see `Densities`)."""
    return Densities(first, second).kl_divergence()


def distances_within(features: Sequence[Floats]) -> Floats:
    """The Euclidean distances of all pairs of arrays of one set: `(n (n - 1) / 2,)` (Yang and
    Lerch, "intra-set"). Elements that are nan in either array are left out."""
    rows = _rows(features)
    later = [_distances(row, rows[k:]) for k, row in enumerate(rows, start=1)]
    return np.concatenate([np.zeros(0), *later])


def distances_between(first: Sequence[Floats], second: Sequence[Floats]) -> Floats:
    """The Euclidean distances of each array of one set to each of another: `(n * m,)` (Yang and
    Lerch, "inter-set"). nan as in `distances_within`."""
    if not len(second):
        return np.zeros(0)
    rows = _rows(second)
    return np.concatenate([np.zeros(0), *(_distances(row, rows) for row in _rows(first))])


def _rows(features: Sequence[Floats]) -> Floats:
    """Arrays of n elements each as rows: `(m, n)`."""
    return np.array([np.ravel(each) for each in features])


def _distances(row: Floats, rows: Floats) -> Floats:
    """The distance of `row (n,)` to each of `rows (m, n)`: `(m,)`."""
    return np.sqrt(np.nansum((rows - row) ** 2, axis=1))


def _measured(numbers: Iterable[float]) -> Floats:
    found = np.array([*numbers], dtype=np.float64)
    return found[~np.isnan(found)]


def _is_point(sample: Floats) -> bool:
    return bool(np.ptp(sample) <= 1e-9 * max(1.0, float(np.abs(sample).max())))


def _same_point(p: Floats, q: Floats) -> bool:
    return _is_point(np.concatenate([p, q]))


def _log_densities(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """A grid that reaches four bandwidths beyond both samples, and the log densities on it, which
    are finite even where the densities underflow to 0."""
    # Scott's rule: Scott, *Multivariate Density Estimation*, 1992.
    widths = [float(sample.std(ddof=1)) * len(sample) ** -0.2 for sample in (p, q)]
    low = min(s.min() - 4 * width for s, width in zip((p, q), widths, strict=True))
    high = max(s.max() + 4 * width for s, width in zip((p, q), widths, strict=True))
    # Eight steps to the narrower kernel, at least a thousand, at most eight thousand.
    steps = int(np.clip((high - low) / min(widths) * 8, 1000, 8000))
    grid = np.linspace(low, high, steps)
    return grid, _log_density(p, widths[0], grid), _log_density(q, widths[1], grid)


def _log_density(sample: Floats, width: float, grid: Floats) -> Floats:
    """The logarithm of the mean of the Gaussian kernels of this width around a sample's numbers,
    each different one computed once."""
    centres, counts = np.unique(sample, return_counts=True)
    shares = counts / (len(sample) * width * np.sqrt(2 * np.pi))
    found = np.empty(len(grid))
    for first in range(0, len(grid), _POINTS_AT_ONCE):
        points = grid[first : first + _POINTS_AT_ONCE, None]
        exponents = -0.5 * ((points - centres) / width) ** 2  # (points, centres)
        highest = exponents.max(axis=1)
        sums = np.exp(exponents - highest[:, None]) @ shares
        found[first : first + _POINTS_AT_ONCE] = highest + np.log(sums)
    return found

"""Statistics of measures, against formulas and against scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.evaluation import statistics

NORMAL = np.random.default_rng(0).normal(size=1000)


def test_distant_distributions_have_no_overlap_and_a_large_divergence():
    assert statistics.kl_divergence(NORMAL, NORMAL + 5) > 10  # on grids of their own: 0.05
    # under the lower of N(0, 1) and N(5, 1): 2 * Phi(-2.5) = 0.0124
    assert statistics.overlapping_area(NORMAL, NORMAL + 5) == pytest.approx(0.0124, abs=0.01)


def test_near_distributions_have_the_overlap_of_the_formula():
    # N(0, 1) against N(1, 1): KL 1/2; under the lower, 2 * Phi(-1/2) = 0.617
    assert statistics.kl_divergence(NORMAL, NORMAL + 1) == pytest.approx(0.5, abs=0.15)
    assert statistics.overlapping_area(NORMAL, NORMAL + 1) == pytest.approx(0.617, abs=0.03)
    assert statistics.kl_divergence(NORMAL, NORMAL) == pytest.approx(0, abs=1e-9)
    assert statistics.overlapping_area(NORMAL, NORMAL) == pytest.approx(1, abs=1e-3)


def test_overlaps_and_divergence_agree_with_simpsons_rule():
    """The same integrals of scipy's own densities, by another rule on another grid."""
    from scipy.integrate import simpson
    from scipy.stats import gaussian_kde

    def densities(first, second, start, end):
        x = np.linspace(start, end, 6001)
        return x, gaussian_kde(first)(x), gaussian_kde(second)(x)

    first, second = NORMAL[:40], 0.3 * NORMAL[50:80] + 0.5
    x, p, q = densities(first, second, -6, 6)
    lower = simpson(np.minimum(p, q), x=x)
    assert statistics.overlapping_area(first, second) == pytest.approx(lower, abs=1e-3)
    log_ratio = gaussian_kde(first).logpdf(x) - gaussian_kde(second).logpdf(x)
    divergence = simpson(p * log_ratio, x=x)
    assert statistics.kl_divergence(first, second) == pytest.approx(divergence, rel=1e-2)

    first = np.abs(first)
    ends = min(first.min(), second.min()), max(first.max(), second.max())
    x, p, q = densities(first, second, *ends)
    area = statistics.overlapping_area(first, second, beyond_samples=False)
    assert area == pytest.approx(simpson(np.minimum(p, q), x=x), abs=1e-3)
    assert area < statistics.overlapping_area(first, second)
    assert statistics.overlapping_area([0, 1], [5, 6], beyond_samples=False) < 0.05


def test_constant_and_empty_samples():
    assert statistics.overlapping_area([3, 3], [3]) == 1
    assert statistics.overlapping_area([3, 3], [4, 4]) == 0
    assert statistics.overlapping_area([3, 3], NORMAL) == 0
    assert statistics.kl_divergence([3, 3], [3]) == 0
    assert statistics.kl_divergence([3, 3], [4]) == math.inf
    assert statistics.kl_divergence(NORMAL, [4, 4]) == math.inf
    assert math.isnan(statistics.overlapping_area([math.nan], [1, 2]))
    assert math.isnan(statistics.kl_divergence([], [1, 2]))
    assert statistics.overlapping_area([1, 2, math.nan], [1, 2]) == pytest.approx(1, abs=1e-3)


samples = st.lists(st.floats(-100, 100), min_size=1, max_size=8)


@settings(max_examples=25)
@given(samples, samples)
def test_the_overlap_is_symmetric_and_between_zero_and_one(first, second):
    area = statistics.overlapping_area(first, second)
    assert -1e-9 <= area <= 1 + 1e-2
    assert area == pytest.approx(statistics.overlapping_area(second, first), abs=1e-9)
    assert statistics.kl_divergence(first, second) > -1e-2


def test_distances_of_arrays():
    a, b, c = np.array([0.0, 0.0]), np.array([3.0, 4.0]), np.array([0.0, 1.0])
    assert statistics.distances_within([a, b, c]).tolist() == [5, 1, math.sqrt(9 + 9)]
    assert statistics.distances_between([a], [b, c]).tolist() == [5, 1]
    assert statistics.distances_between([a], [np.array([math.nan, 2.0])]).tolist() == [2]

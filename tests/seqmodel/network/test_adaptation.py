"""Adaptation: what a player prefers in this solo is expected more of its rest."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.reference_network import random_weights

from djmodel.model.layers import shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import windows_of_labels
from seqmodel.network.adaptation import SYMBOLS_PER_CHANGE
from seqmodel.network.candidates import CandidateViews, View
from seqmodel.network.forward import log_distributions
from seqmodel.network.keras_layers import extract_weights
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.sampler import sample
from seqmodel.training.numpy_trainer import NumpyTrainer

# Seven symbols, steps of a scale; the context of the view is the degree of the last note.
V, N = 7, SYMBOLS_PER_CHANGE
DEGREES = View(0, V, np.array([[-1, 0, 1, 2, 0, 1, 2], [-1, 1, 2, 0, 1, 2, 0], [-1] * 7], np.int32))
VIEWS = CandidateViews([DEGREES], V)
RATE = 0.05


@pytest.fixture(scope="module")
def weights():
    layers = shared_layers(V, 6, 1, VIEWS)
    return extract_weights(scanning_model(layers.LSTM_cell, layers.densor, 3, VIEWS), VIEWS)


def sequence(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, V, n).tolist(), rng.integers(V, V + 3, (n, 1)).astype(np.int32)


def test_after_eight_symbols_the_dense_layer_has_moved_down_their_gradient(weights):
    symbols, features = sequence(2 * N)
    windows = windows_of_labels(np.array([symbols[:N]], np.int32), features[None, :N])
    gradients = NumpyTrainer(weights).gradients(*windows)  # of the mean over the N symbols
    moved = replace(
        weights,
        dense_kernel=weights.dense_kernel - RATE * N * gradients.dense_kernel,
        dense_bias=weights.dense_bias - RATE * N * gradients.dense_bias,
    )
    found = log_distributions(weights, symbols, features, RATE)
    before, after = (log_distributions(w, symbols, features) for w in (weights, moved))
    np.testing.assert_allclose(found[:N], before[:N], atol=1e-6)
    np.testing.assert_allclose(found[N:], after[N:], atol=1e-5)


def test_a_player_who_prefers_one_degree_is_expected_to_play_it_again(weights):
    # Symbol 3, always from the first degree: it leads to the third one, as does symbol 6.
    n = 10 * N
    features = np.full((n, 1), V, np.int32)
    found = np.exp(log_distributions(weights, [3] * n, features, RATE))
    at_first = np.exp(log_distributions(weights, [3] * n, features))
    assert found[-1, 3] > 2 * at_first[-1, 3]
    assert found[-1, 6] / found[-1, 5] > at_first[-1, 6] / at_first[-1, 5]


def drawn(primer=(), **options):
    """Three sequences of a small network, of five times as many symbols as a change waits for."""
    weights, rng = random_weights(n_values=V), np.random.default_rng(0)
    return weights, sample(
        weights,
        Automaton.free(V, V),
        SamplingConfig(),
        rng,
        n_sequences=3,
        max_length=5 * N,
        primer=primer,
        **options,
    )


def test_what_is_drawn_is_as_probable_as_the_primer_made_it_and_not_what_was_drawn_before():
    # Eight symbols of the primer move the layer once, and the eight that follow leave it there.
    primer = [1, 2, 3, 4] * (N // 4)
    weights, samples = drawn(primer, adaptation=RATE)
    for row, log_probs in zip(samples.rows(), samples.log_probs, strict=True):
        places = np.arange(N, 6 * N), row
        adapting = log_distributions(weights, [*primer, *row], adaptation=RATE)[places]
        np.testing.assert_allclose(log_probs[:N], adapting[:N], atol=1e-5)
        assert abs(log_probs[N:] - adapting[N:]).max() > 1e-3
        assert abs(log_probs - log_distributions(weights, [*primer, *row])[places]).max() > 1e-3


def test_without_a_primer_the_network_alone_is_drawn_from():
    adapting, plain = drawn(adaptation=RATE)[1], drawn()[1]
    assert adapting.symbols.tolist() == plain.symbols.tolist()
    assert adapting.log_probs.tolist() == plain.log_probs.tolist()

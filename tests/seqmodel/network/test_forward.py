"""The forward pass in NumPy, beside the formulas of Keras' layers written out."""

import numpy as np
import pytest
from helpers.reference_network import random_weights, reference_log_probabilities

from seqmodel.data.windows import PADDING, multi_hot
from seqmodel.network.forward import (
    BatchedState,
    batch_log_probabilities,
    log_distributions,
    log_probabilities,
)

N_VALUES, TX = 7, 30


def sequences(m, n_conditioning):
    """Inputs `(m, TX, 1 + k)` and labels `(m, TX)`: a symbol, a feature of two, and one of the
    others or none."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, N_VALUES, (m, TX))
    symbols = np.concatenate([np.full((m, 1), PADDING), labels[:, :-1]], axis=1)
    if not n_conditioning:
        return symbols[..., None], labels
    first = N_VALUES + rng.integers(0, 2, (m, TX))
    second = N_VALUES + rng.integers(2, n_conditioning, (m, TX))
    second[:, ::3] = PADDING
    return np.stack([symbols, first, second], axis=-1), labels


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("n_conditioning", [0, 5])
def test_every_step_equals_the_formulas_of_keras_layers(cell, m, n_conditioning):
    weights = random_weights(cell, N_VALUES, n_conditioning=n_conditioning, scale=0.5)
    inputs, labels = sequences(m, n_conditioning)
    expected = reference_log_probabilities(weights, multi_hot(inputs, weights.n_inputs))
    state = BatchedState(weights, m)
    for t in range(TX):
        symbols, *conditioning = inputs[:, t].T
        logits = state.read(symbols, np.array(conditioning) if conditioning else None)
        assert logits.T - logits.T.max(axis=1, keepdims=True) == pytest.approx(
            expected[:, t] - expected[:, t].max(axis=1, keepdims=True), abs=1e-5
        )
    of_labels = np.take_along_axis(expected, labels[..., None], axis=-1)[..., 0]
    assert batch_log_probabilities(weights, inputs, labels) == pytest.approx(of_labels, abs=1e-5)
    features = inputs[0, :, 1:] if n_conditioning else None
    assert log_distributions(weights, labels[0], features) == pytest.approx(expected[0], abs=1e-5)
    assert log_probabilities(weights, labels[0], features) == pytest.approx(of_labels[0], abs=1e-5)

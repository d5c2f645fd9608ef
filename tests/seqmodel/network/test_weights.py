"""The weights that a training begins with."""

from __future__ import annotations

import numpy as np
import pytest

from seqmodel.network.keras_layers import load_keras
from seqmodel.network.weights import initial_weights

N_INPUTS, UNITS, N_VALUES = 40, 12, 9


LAYERS = {"rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}


@pytest.mark.parametrize("cell", LAYERS)
def test_initial_weights_are_distributed_as_those_of_keras(cell):
    keras = load_keras()
    graph = keras.Sequential(
        [
            keras.Input((None, N_INPUTS)),
            getattr(keras.layers, LAYERS[cell])(UNITS),
            keras.layers.Dense(N_VALUES),
        ]
    )
    ours = initial_weights(cell, N_INPUTS, UNITS, N_VALUES, np.random.default_rng(0))
    for array, variable in zip(ours.arrays, graph.weights, strict=True):
        theirs = np.array(variable)
        assert array.dtype == theirs.dtype
        assert array.shape == theirs.shape
        assert np.abs(array).max() == pytest.approx(np.abs(theirs).max(), rel=0.4)
    bias = np.array(graph.weights[2])
    assert np.array_equal(ours.bias, bias)
    # the rows of an orthogonal recurrent kernel
    assert np.allclose(ours.recurrent @ ours.recurrent.T, np.eye(UNITS), atol=1e-5)

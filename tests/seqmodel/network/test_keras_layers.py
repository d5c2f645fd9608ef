"""Weights of Keras layers, the layers that NumPy can train, and the import of TensorFlow."""

import subprocess
import sys

import numpy as np
import pytest
from helpers.reference_network import random_weights

from seqmodel.network.keras_layers import (
    extract_weights,
    load_keras,
    set_weights,
    supported_by_numpy,
)

UNITS, N_VALUES, TX = 4, 5, 3


def graph(layer, activation="softmax"):
    keras = load_keras()
    X = keras.Input((TX, N_VALUES))
    return keras.Model(X, keras.layers.Dense(N_VALUES, activation=activation)(layer(X)))


def recurrent(name, **settings):
    return getattr(load_keras().layers, name)(UNITS, return_sequences=True, **settings)


@pytest.mark.parametrize(("name", "cell"), [("SimpleRNN", "rnn"), ("GRU", "gru"), ("LSTM", "lstm")])
def test_weights_assigned_to_layers_are_extracted_unchanged(name, cell):
    model = graph(recurrent(name))
    weights = random_weights(cell, N_VALUES, UNITS)
    set_weights(model, weights)
    layers = [layer for layer in model.layers if layer.weights]
    for found in (extract_weights(model), extract_weights(layers)):
        assert found.cell == cell
        assert all(map(np.array_equal, found.arrays, weights.arrays))


def test_layers_with_the_defaults_of_keras_are_supported_by_numpy():
    layers = load_keras().layers
    for name in ("SimpleRNN", "GRU", "LSTM"):
        assert supported_by_numpy(graph(recurrent(name)))
    assert supported_by_numpy(graph(layers.RNN(layers.LSTMCell(UNITS), return_sequences=True)))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LSTM", {"dropout": 0.1}),
        ("LSTM", {"activation": "relu"}),
        ("LSTM", {"use_bias": False}),
        ("LSTM", {"trainable": False}),
        ("LSTM", {"dtype": "float16"}),
        ("LSTM", {"go_backwards": True}),
        ("GRU", {"reset_after": False}),
        ("SimpleRNN", {"kernel_regularizer": "l2"}),
        ("SimpleRNN", {"recurrent_constraint": "non_neg"}),
    ],
    ids=str,
)
def test_layers_with_other_settings_are_not_supported_by_numpy(name, settings):
    assert not supported_by_numpy(graph(recurrent(name, **settings)))


def test_another_output_activation_than_softmax_is_not_supported_by_numpy():
    assert not supported_by_numpy(graph(recurrent("LSTM"), activation="relu"))


@pytest.mark.parametrize("fails", [False, True])
def test_only_log_lines_are_removed_from_stderr_and_none_if_the_import_fails(fails):
    program = f"""
import os
from seqmodel.network.keras_layers import without_tensorflow_logs
try:
    with without_tensorflow_logs():
        os.write(2, b"I0000 00:00:1795 port.cc:153] oneDNN custom operations are on.\\n")
        os.write(2, b"a line of another thread\\n")
        if {fails}:
            raise ImportError
except ImportError:
    pass
os.write(2, b"the end\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    lines = done.stderr.splitlines()
    assert lines[-2:] == ["a line of another thread", "the end"]
    assert len(lines) == (3 if fails else 2)

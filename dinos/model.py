"""The Keras graph: one recurrent layer and one Dense layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel import model_file
from seqmodel.data.windows import PADDING, Indices
from seqmodel.network.keras_layers import initializers, load_keras, set_weights
from seqmodel.network.weights import Weights

if TYPE_CHECKING:
    import keras

N_A = 50
CELLS = ("rnn", "gru", "lstm")


class Layers(NamedTuple):
    """The layers of the graph; `name` is "rnn" (tanh), "gru" or "lstm"."""

    name: str
    cell: keras.layers.Layer
    densor: keras.layers.Dense


def shared_layers(
    n_values: int,
    n_a: int = N_A,
    cell: str = "rnn",
    seed: int | None = None,
    dtype: str = "float32",
) -> Layers:
    """New layers; equal seeds give equal initial weights."""
    keras = load_keras()
    layers = keras.layers
    kernel, recurrent, dense = initializers(seed)
    return Layers(
        cell,
        {"rnn": layers.SimpleRNN, "gru": layers.GRU, "lstm": layers.LSTM}[cell](
            n_a,
            return_sequences=True,
            return_state=True,
            kernel_initializer=kernel,
            recurrent_initializer=recurrent,
            dtype=dtype,
        ),
        layers.Dense(n_values, activation="softmax", kernel_initializer=dense, dtype=dtype),
    )


def training_graph(layers: Layers, n_conditioning: int = 0) -> keras.Model:
    """The training graph, which reads whole names. Inputs `[X, mask]`: X `(m, T, n_values)`,
    one-hot characters after a zero vector; mask `(m, T)`, true where a step belongs to the name and
    false where it is padding. With conditioning (see `windows.with_conditioning`) X is `(m, T,
    n_values + n_conditioning)`.

    Outputs: the distribution of the character at each step, `(m, T, n_values)`, then the state
    after the last step of each name, `(m, n_a)`, two of them for an LSTM. Padding leaves it
    unchanged."""
    keras = load_keras()
    X = keras.Input((None, layers.densor.units + n_conditioning), name="X", dtype=layers.cell.dtype)
    mask = keras.Input((None,), name="mask", dtype="bool")
    a, *state = layers.cell(X, mask=mask)  # (m, T, n_a)
    return keras.Model([X, mask], [layers.densor(a), *state], name="dinos")


def graph_of(weights: Weights) -> keras.Model:
    """The training graph with these weights."""
    layers = shared_layers(weights.n_values, weights.units, weights.cell)
    graph = training_graph(layers, weights.n_inputs - weights.n_values)
    set_weights(graph, weights)
    return graph


def keras_entries(weights: Weights) -> dict[str, bytes]:
    """The entries of a model file that `keras.models.load_model` reads."""
    return model_file.keras_entries(graph_of(weights))


def padded(names: Sequence[Indices]) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """One batch of names, given by their labels: inputs and labels, int32 `(m, T)`, and the mask,
    bool `(m, T)`.

    Inputs are the labels one step later, after PADDING. After the end of a name inputs are PADDING
    and labels 0.
    """
    longest = max(len(name) for name in names)
    inputs = np.full((len(names), longest), PADDING, dtype=np.int32)
    labels = np.zeros((len(names), longest), dtype=np.int32)
    for row, name in enumerate(names):
        inputs[row, 1 : len(name)] = name[:-1]
        labels[row, : len(name)] = name
    mask = np.arange(longest) < np.array([len(name) for name in names])[:, None]
    return inputs, labels, mask

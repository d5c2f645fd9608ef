"""One recurrent cell and one Dense layer, and two graphs built on them.

The graphs share the layers, not copies of them: what the training graph learns, the one-step graph
that sampling uses knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices
from seqmodel.network.keras_layers import initial_seeds, load_keras
from seqmodel.network.weights import LAYOUTS

if TYPE_CHECKING:
    import keras

N_A = 50
CELLS = ("rnn", "gru", "lstm")


class Layers(NamedTuple):
    """The layers that both graphs share; `name` is "rnn" (tanh), "gru" or "lstm"."""

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
    """New layers; `seed` makes their first weights the same each time."""
    keras = load_keras()
    kinds = {
        "rnn": keras.layers.SimpleRNN,
        "gru": keras.layers.GRU,
        "lstm": keras.layers.LSTM,
    }
    # One initialiser for each kernel: an initialiser with a seed gives the same numbers each time.
    glorot = keras.initializers.GlorotUniform
    orthogonal = keras.initializers.OrthogonalInitializer
    seeds = (None, None, None) if seed is None else initial_seeds(seed)
    return Layers(
        cell,
        kinds[cell](
            n_a,
            return_sequences=True,
            return_state=True,
            kernel_initializer=glorot(seeds[0]),
            recurrent_initializer=orthogonal(seed=seeds[1]),
            dtype=dtype,
        ),
        keras.layers.Dense(
            n_values, activation="softmax", kernel_initializer=glorot(seeds[2]), dtype=dtype
        ),
    )


def training_graph(layers: Layers, n_conditioning: int = 0) -> keras.Model:
    """Reads whole names. Inputs `[X, mask]`: X `(m, T, n_values)`, one-hot characters after a zero
    vector; mask `(m, T)`, true where a step belongs to the name and false where it is padding.
    With cues (see `windows.with_conditioning`) X is `(m, T, n_values + n_conditioning)`.

    Outputs: the probabilities of what stands at each step, `(m, T, n_values)`, then the state after
    the last step of each name, `(m, n_a)`, for an LSTM two of them. Padding does not move it.
    """
    keras = load_keras()
    X = keras.Input((None, layers.densor.units + n_conditioning), name="X", dtype=layers.cell.dtype)
    mask = keras.Input((None,), name="mask", dtype="bool")
    a, *state = layers.cell(X, mask=mask)  # (m, T, n_a)
    return keras.Model([X, mask], [layers.densor(a), *state], name="dinos")


def one_step_graph(layers: Layers, n_conditioning: int = 0) -> keras.Model:
    """Reads one character. Inputs `[x, a0]`, for an LSTM `[x, a0, c0]`: x `(m, 1, n_values)`, with
    cues `(m, 1, n_values + n_conditioning)`, a0 and c0 `(m, n_a)`. Outputs: the probabilities of the next
    one, `(m, n_values)`, then the state."""
    keras = load_keras()
    dtype, n_values, n_a = layers.cell.dtype, layers.densor.units, layers.cell.units
    x = keras.Input((1, n_values + n_conditioning), name="x", dtype=dtype)
    state0 = [
        keras.Input((n_a,), name=name, dtype=dtype)
        for name in ("a0", "c0")[: LAYOUTS[layers.name].n_states]
    ]
    a, *state = layers.cell(x, initial_state=state0)  # (m, 1, n_a)
    return keras.Model([x, *state0], [layers.densor(a)[:, 0], *state], name="dinos_one_step")


def padded(names: Sequence[Indices]) -> tuple[Indices, Indices, NDArray[np.bool_]]:
    """Labels of names -> one batch: inputs and labels, int32 `(m, T)`, and the mask, bool `(m, T)`.

    Inputs are the labels one step behind, PADDING first; behind a name they are PADDING, labels 0.
    """
    longest = max(len(name) for name in names)
    inputs = np.full((len(names), longest), PADDING, dtype=np.int32)
    labels = np.zeros((len(names), longest), dtype=np.int32)
    for row, name in enumerate(names):
        inputs[row, 1 : len(name)] = name[:-1]
        labels[row, : len(name)] = name
    mask = np.arange(longest) < np.array([len(name) for name in names])[:, None]
    return inputs, labels, mask

"""The network of `dinos` one character at a time: an oracle for training graph and sampler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dinos.model import Layers
from seqmodel.network.keras_layers import load_keras

if TYPE_CHECKING:
    import keras


def one_step_graph(layers: Layers, n_conditioning: int = 0) -> keras.Model:
    """A graph that reads one character. Inputs `[x, a0]`, for an LSTM `[x, a0, c0]`: x `(m, 1,
    n_values + n_conditioning)`, a0 and c0 `(m, n_a)`. Outputs: the distribution of the next
    character, `(m, n_values)`, then the state."""
    keras = load_keras()
    dtype, n_values, n_a = layers.cell.dtype, layers.densor.units, layers.cell.units
    x = keras.Input((1, n_values + n_conditioning), name="x", dtype=dtype)
    state0 = [
        keras.Input((n_a,), name=name, dtype=dtype)
        for name in (("a0", "c0") if layers.name == "lstm" else ("a0",))
    ]
    a, *state = layers.cell(x, initial_state=state0)  # (m, 1, n_a)
    return keras.Model([x, *state0], [layers.densor(a)[:, 0], *state], name="dinos_one_step")

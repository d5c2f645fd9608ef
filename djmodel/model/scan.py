"""The training graph as a scan: one RNN layer over all time steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqmodel.network.keras_layers import load_keras

if TYPE_CHECKING:
    import keras


def scanning_model(LSTM_cell: Any, densor: Any, n_conditioning: int = 0) -> keras.Model:
    """The training graph as one RNN layer over all steps, for any number of them.

    Inputs `[X, a0, c0]` as in `djmodel`, output one tensor `(m, Tx, n_values)`. With conditioning
    features X is `(m, Tx, n_values + n_conditioning)`.
    """
    keras = load_keras()
    X = keras.Input((None, densor.units + n_conditioning), name="X")
    a0 = keras.Input((LSTM_cell.units,), name="a0")
    c0 = keras.Input((LSTM_cell.units,), name="c0")
    scan = keras.layers.RNN(LSTM_cell.cell, return_sequences=True, name="scan")
    a = scan(X, initial_state=[a0, c0])  # (m, Tx, n_a)
    return keras.Model([X, a0, c0], densor(a), name="djmodel_scan")

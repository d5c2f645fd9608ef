"""The training graph as a scan: one RNN layer over all time steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqmodel.network.candidates import CandidateViews
from seqmodel.network.keras_layers import load_keras, probabilities_of_candidates

if TYPE_CHECKING:
    import keras


def scanning_model(
    LSTM_cell: Any, densor: Any, n_conditioning: int = 0, views: CandidateViews | None = None
) -> keras.Model:
    """The training graph as one RNN layer over all steps, for any number of them.

    Inputs `[X, a0, c0]` as in `djmodel`, output one tensor `(m, Tx, n_values)`. With conditioning
    features X is `(m, Tx, n_values + n_conditioning)`. With `views` the Dense layer gives their
    scores, without an activation.
    """
    keras = load_keras()
    n_values = views.n_symbols if views else densor.units
    X = keras.Input((None, n_values + n_conditioning), name="X")
    a0 = keras.Input((LSTM_cell.units,), name="a0")
    c0 = keras.Input((LSTM_cell.units,), name="c0")
    scan = keras.layers.RNN(LSTM_cell.cell, return_sequences=True, name="scan")
    a = scan(X, initial_state=[a0, c0])  # (m, Tx, n_a)
    outputs = densor(a)
    if views:
        outputs = probabilities_of_candidates(views, X, outputs)
    return keras.Model([X, a0, c0], outputs, name="djmodel_scan")

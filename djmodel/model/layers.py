"""One LSTM layer and one Dense layer, and three graphs built on them.

The graphs share the layers, not copies of them: what one of them learns, all of them know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from djmodel.config import N_A, N_VALUES
from seqmodel.network.candidates import CandidateViews
from seqmodel.network.keras_layers import initializers, load_keras

if TYPE_CHECKING:
    import keras


class Layers(NamedTuple):
    """The layers that all graphs share."""

    reshaper: keras.layers.Reshape
    LSTM_cell: keras.layers.LSTM
    densor: keras.layers.Dense


def shared_layers(
    n_values: int = N_VALUES,
    n_a: int = N_A,
    seed: int | None = None,
    views: CandidateViews | None = None,
) -> Layers:
    """New layers; `seed` makes their first weights the same each time. With `views` the Dense layer
    gives their scores."""
    keras = load_keras()
    kernel, recurrent, dense = initializers(seed)
    return Layers(
        keras.layers.Reshape((1, n_values)),
        keras.layers.LSTM(
            n_a, return_state=True, kernel_initializer=kernel, recurrent_initializer=recurrent
        ),
        keras.layers.Dense(
            views.n_scores if views else n_values,
            activation=None if views else "softmax",
            kernel_initializer=dense,
        ),
    )


def djmodel(Tx: int, LSTM_cell: Any, densor: Any, reshaper: Any) -> keras.Model:
    """The training graph of the course: the layers unrolled Tx times.

    Inputs `[X, a0, c0]`, X `(m, Tx, n_values)` one-hot, a0 and c0 `(m, n_a)`. Outputs: a list of Tx
    tensors `(m, n_values)`, the probabilities of what stands at step t given X up to step t.
    """
    from djmodel.model.unrolled import UnrolledModel

    keras = load_keras()
    n_a, n_values = LSTM_cell.units, densor.units
    X = keras.Input((Tx, n_values), name="X")
    a0 = keras.Input((n_a,), name="a0")
    c0 = keras.Input((n_a,), name="c0")
    a, c = a0, c0
    outputs = []
    for t in range(Tx):
        x = reshaper(X[:, t, :])  # (m, 1, n_values)
        a, _, c = LSTM_cell(x, initial_state=[a, c])  # (m, n_a)
        outputs.append(densor(a))  # (m, n_values)
    return UnrolledModel([X, a0, c0], outputs, name="djmodel")


def music_inference_model(LSTM_cell: Any, densor: Any, Ty: int = 100) -> keras.Model:
    """The inference graph of the course: the most likely value of each output is the next input.

    Inputs `[x0, a0, c0]`, x0 `(m, 1, n_values)`, a0 and c0 `(m, n_a)`. Outputs: a list of Ty
    tensors `(m, n_values)`.
    """
    keras = load_keras()
    n_a, n_values = LSTM_cell.units, densor.units
    x0 = keras.Input((1, n_values), name="x0")
    a0 = keras.Input((n_a,), name="a0")
    c0 = keras.Input((n_a,), name="c0")
    repeat = keras.layers.RepeatVector(1)
    x, a, c = x0, a0, c0
    outputs = []
    for _ in range(Ty):
        a, _, c = LSTM_cell(x, initial_state=[a, c])
        out = densor(a)  # (m, n_values)
        outputs.append(out)
        most_likely = keras.ops.argmax(out, axis=-1)  # (m,)
        x = repeat(keras.ops.one_hot(most_likely, n_values))  # (m, 1, n_values)
    return keras.Model([x0, a0, c0], outputs, name="djmodel_inference")

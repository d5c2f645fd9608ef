"""A recurrent layer and a softmax layer as plain arrays: what a model has learned, without Keras.

Sampling a few sequences is some thousand small products; NumPy does them before TensorFlow would
have been imported. The formulas and the order of the gates are those of Keras' layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import NOTHING, Indices, with_conditioning

Floats = NDArray[np.float32]
State = tuple[Floats, ...]
Step = Callable[[Floats, State], tuple[Floats, State]]

# Gates side by side in a kernel of `units` columns each, and arrays in the state, by cell.
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STATES = {"rnn": 1, "gru": 1, "lstm": 2}


@dataclass(frozen=True)
class Weights:
    """`cell` is "rnn" (Keras' SimpleRNN with tanh), "gru" (with `reset_after`) or "lstm".

    Shapes, with g gates: `kernel (n_inputs, g * units)`, `recurrent (units, g * units)`, `bias
    (g * units,)`, for a GRU `(2, g * units)`; `dense_kernel (units, n_values)`, `dense_bias
    (n_values,)`. The first `n_values` inputs are the values; any more are cues, what is known of a
    value before it comes (see `windows.with_conditioning`).
    """

    cell: str
    kernel: Floats
    recurrent: Floats
    bias: Floats
    dense_kernel: Floats
    dense_bias: Floats

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[0])

    @property
    def n_values(self) -> int:
        return int(self.dense_kernel.shape[1])

    @property
    def n_inputs(self) -> int:
        return int(self.kernel.shape[0])

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """In the order in which Keras' layers keep them."""
        return self.kernel, self.recurrent, self.bias, self.dense_kernel, self.dense_bias

    @property
    def n_parameters(self) -> int:
        return sum(array.size for array in self.arrays)

    def step_fn(self) -> tuple[Floats, Step]:
        """The rows that stand for one-hot inputs, `(n_inputs, g * units)`, and the function
        `step(row, state) -> (logits, state)`; the row of zeros stands for the zero vector, and the
        rows of a value and its cues add up."""
        cells = {"rnn": self._rnn_step, "gru": self._gru_step, "lstm": self._lstm_step}
        return self.kernel, cells[self.cell]

    def _rnn_step(self, x: Floats, state: State) -> tuple[Floats, State]:
        (h,) = state
        h = np.tanh(x + h @ self.recurrent + self.bias)
        return self._logits(h), (h,)

    def _gru_step(self, x: Floats, state: State) -> tuple[Floats, State]:
        (h,) = state
        x_z, x_r, x_h = np.split(x + self.bias[0], 3, axis=-1)
        h_z, h_r, h_h = np.split(h @ self.recurrent + self.bias[1], 3, axis=-1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
        return self._logits(h), (h,)

    def _lstm_step(self, x: Floats, state: State) -> tuple[Floats, State]:
        h, c = state
        i, f, g, o = np.split(x + h @ self.recurrent + self.bias, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return self._logits(h), (h, c)

    def _logits(self, h: Floats) -> Floats:
        return h @ self.dense_kernel + self.dense_bias


def initial_state(weights: Weights, streams: int) -> State:
    """Zeros: one array `(streams, units)` for each array of the cell's state."""
    zeros = np.zeros((streams, weights.units), dtype=np.float32)
    return (zeros,) * STATES[weights.cell]


def log_probabilities(
    weights: Weights, sequence: Sequence[int], conditioning: Indices | None = None
) -> Floats:
    """The natural log-probability of each symbol of a sequence: `(len(sequence),)`. Arguments as in
    `log_distributions`."""
    return log_distributions(weights, sequence, conditioning)[
        np.arange(len(sequence)), list(sequence)
    ]


def log_distributions(
    weights: Weights, sequence: Sequence[int], conditioning: Indices | None = None
) -> Floats:
    """The natural log-probabilities of all values at each place of `sequence`, given the symbols
    before it (from the zero vector and the zero state on) and its `conditioning (len(sequence), k)`:
    `(len(sequence), n_values)`."""
    kernel, step = weights.step_fn()
    rows = np.vstack([kernel, np.zeros_like(kernel[:1])])  # the last one: NOTHING, -1
    inputs = with_conditioning(
        np.array([NOTHING, *sequence][: len(sequence)], dtype=np.int32), conditioning
    )
    state = initial_state(weights, 1)
    result = np.empty((len(sequence), weights.n_values), dtype=np.float32)
    for place, its_rows in enumerate(rows[inputs].reshape(len(sequence), -1, rows.shape[1])):
        logits, state = step(its_rows.sum(axis=0, keepdims=True), state)
        result[place] = logits[0] - logits.max()
    return result - np.log(np.exp(result).sum(axis=1, keepdims=True))


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), in the form that does not overflow."""
    half = x.dtype.type(0.5)
    return half * np.tanh(half * x) + half

"""A recurrent layer and a softmax layer as plain arrays: what a model has learned, without Keras.

Sampling a few sequences is some thousand small products; NumPy does them before TensorFlow would
have been imported. The formulas and the order of the gates are those of Keras' layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
State = tuple[Floats, ...]
Step = Callable[[Floats, State], tuple[Floats, State]]

# Gates side by side in a kernel of `units` columns each, and arrays in the state, by cell.
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STATES = {"rnn": 1, "gru": 1, "lstm": 2}


@dataclass(frozen=True)
class Weights:
    """`cell` is "rnn" (Keras' SimpleRNN with tanh), "gru" (with `reset_after`) or "lstm".

    Shapes, with g gates: `kernel (n_values, g * units)`, `recurrent (units, g * units)`, `bias
    (g * units,)`, for a GRU `(2, g * units)`; `dense_kernel (units, n_values)`, `dense_bias
    (n_values,)`.
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
        return int(self.kernel.shape[0])

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """In the order in which Keras' layers keep them."""
        return self.kernel, self.recurrent, self.bias, self.dense_kernel, self.dense_bias

    @property
    def n_parameters(self) -> int:
        return sum(array.size for array in self.arrays)

    def stepper(self) -> tuple[Floats, Step]:
        """The rows that stand for one-hot inputs, `(n_values, g * units)`, and the function
        `step(row, state) -> (logits, state)`; the row of zeros stands for the zero vector."""
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


def start_state(weights: Weights, streams: int) -> State:
    """Zeros: one array `(streams, units)` for each array of the cell's state."""
    zeros = np.zeros((streams, weights.units), dtype=np.float32)
    return (zeros,) * STATES[weights.cell]


def log_probabilities(weights: Weights, sequence: Sequence[int]) -> Floats:
    """The natural log-probability of each symbol of `sequence` given those before it, from the zero
    vector and the zero state on: `(len(sequence),)`."""
    rows, step = weights.stepper()
    state = start_state(weights, 1)
    row = np.zeros((1, rows.shape[1]), dtype=np.float32)
    result = np.empty(len(sequence), dtype=np.float32)
    for place, symbol in enumerate(sequence):
        logits, state = step(row, state)
        logits = logits[0] - logits.max()
        result[place] = logits[symbol] - np.log(np.exp(logits).sum())
        row = rows[symbol][None]
    return result


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), in the form that does not overflow."""
    half = x.dtype.type(0.5)
    return half * np.tanh(half * x) + half

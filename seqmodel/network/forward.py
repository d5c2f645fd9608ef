"""A trained network that reads symbols, many streams side by side, in arrays that are made once.

The same functions as `Weights.step_fn`, faster: an input is a column of a table; one product gives
the logits of this step and what the state adds to the gates of the next; one tanh serves all gates,
by sigmoid(x) = (1 + tanh(x / 2)) / 2 with the halves in the weights.

In shapes: H units, V values, I inputs (values and cues), S streams, g gates; streams come last.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices
from seqmodel.network.weights import Weights

Floats = NDArray[np.float32]
# Gates in the order of the computation, as places in Keras' order: those with a sigmoid first.
ORDER = {"rnn": (0,), "gru": (0, 1, 2), "lstm": (3, 0, 1, 2)}
HALF = np.float32(0.5)
SIGMOIDS = {"rnn": 0, "gru": 2, "lstm": 3}


class BatchedState:
    """S streams that have read nothing, not even the zero vector."""

    def __init__(self, weights: Weights, streams: int) -> None:
        H, V, S = weights.units, weights.n_values, streams
        order = list(ORDER[weights.cell])
        g = len(order)
        halves = np.ones((g, 1), dtype=np.float32)
        halves[: SIGMOIDS[weights.cell]] = 0.5

        def ours(columns: Floats) -> Floats:
            """`(n, gH)` in Keras' order of gates -> in ours, the halves in it."""
            by_gate: Floats = columns.reshape(len(columns), g, H)[:, order] * halves
            return by_gate.reshape(len(columns), g * H)

        # A GRU has two biases: of what comes from the input and from the state.
        input_bias, state_bias = weights.bias if weights.cell == "gru" else (weights.bias, None)
        kernel = ours(np.vstack([weights.kernel, np.zeros_like(weights.kernel[:1])]))
        table = kernel + ours(input_bias[None])  # the last: the zero vector
        self.cue_table = kernel.T  # (gH, I + 1): what cues add to what has the bias already
        product = np.zeros((H + 1, g * H + V), dtype=np.float32)
        product[:H, : g * H] = ours(weights.recurrent)
        if state_bias is not None:
            product[H, : g * H] = ours(state_bias[None])
        product[:H, g * H :] = weights.dense_kernel
        product[H, g * H :] = weights.dense_bias
        # One stream is a row times a matrix, which is faster than a matrix times a column.
        self.one = S == 1
        self.table_rows = list(table[:, :, None])  # (gH, 1) each
        self.turned = product
        if not self.one:
            self.table = np.ascontiguousarray(table.T)  # (gH, V + 1)
            self.product = np.ascontiguousarray(product.T)  # (gH + V, H + 1)

        self.state = np.zeros((H + 1, S), dtype=np.float32)  # and 1 for the biases
        self.state[H] = 1
        self.h, self.c = self.state[:H], np.zeros((H, S), dtype=np.float32)
        self.made = product.T @ self.state
        self.from_state, self.logits = self.made[: g * H], self.made[g * H :]  # (gH, S), (V, S)
        self.gates = np.zeros((g * H, S), dtype=np.float32)
        self.sigmoids = self.gates[: SIGMOIDS[weights.cell] * H]
        self.by_gate = tuple(self.gates.reshape(g, H, S))
        self.scratch = np.zeros((H, S), dtype=np.float32)
        self.step = {"rnn": self._rnn, "gru": self._gru, "lstm": self._lstm}[weights.cell]

    def read(
        self, symbols: NDArray[np.intp] | tuple[int], conditioning: Indices | None = None
    ) -> Floats:
        """One symbol a stream, `(S,)`, NOTHING for the zero vector, and `conditioning (k, S)` of the next
        ones -> `logits (V, S)`, which hold until the next call."""
        if self.one:
            row = self.table_rows[symbols[0]]
            for position_features in () if conditioning is None else conditioning:
                row = row + self.cue_table[:, position_features]
            self.step(row)
            np.dot(self.state[:, 0], self.turned, out=self.made[:, 0])
        else:
            np.take(self.table, symbols, axis=1, out=self.gates, mode="wrap")  # -1: the last column
            for position_features in () if conditioning is None else conditioning:
                self.gates += self.cue_table[:, position_features]
            self.step(self.gates)
            np.dot(self.product, self.state, out=self.made)
        return self.logits

    def _rnn(self, inputs: Floats) -> None:
        np.add(inputs, self.from_state, out=self.gates)
        np.tanh(self.gates, out=self.h)

    def _gru(self, inputs: Floats) -> None:
        z, r, candidate = self.by_gate
        n = len(self.sigmoids)
        np.add(inputs[:n], self.from_state[:n], out=self.sigmoids)
        np.tanh(self.sigmoids, out=self.sigmoids)
        self._make_sigmoids()
        np.multiply(r, self.from_state[n:], out=self.scratch)
        np.add(inputs[n:], self.scratch, out=candidate)
        np.tanh(candidate, out=candidate)
        # h = z h + (1 - z) candidate = candidate + z (h - candidate)
        np.subtract(self.h, candidate, out=self.h)
        np.multiply(self.h, z, out=self.h)
        np.add(self.h, candidate, out=self.h)

    def _lstm(self, inputs: Floats) -> None:
        o, i, f, candidate = self.by_gate
        np.add(inputs, self.from_state, out=self.gates)
        np.tanh(self.gates, out=self.gates)
        self._make_sigmoids()
        np.multiply(self.c, f, out=self.c)
        np.multiply(i, candidate, out=self.scratch)
        np.add(self.c, self.scratch, out=self.c)
        np.tanh(self.c, out=self.scratch)
        np.multiply(o, self.scratch, out=self.h)

    def _make_sigmoids(self) -> None:
        np.multiply(self.sigmoids, HALF, out=self.sigmoids)
        np.add(self.sigmoids, HALF, out=self.sigmoids)

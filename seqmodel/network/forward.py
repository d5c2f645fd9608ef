"""The forward pass of a trained network, for any number of sequences at once.

An input is an index, so that its product with the kernel is a column of a table; one product gives
both the logits of a step and what the state adds to the gates of the next step.

In shapes: H units, V values, S scores of the Dense layer (V without views), I inputs (values and
conditioning features), B sequences, g gates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices
from seqmodel.network.adaptation import AdaptedLayer
from seqmodel.network.cells import GRUStep, LSTMStep, RNNStep, Step
from seqmodel.network.parameters import Parameters
from seqmodel.network.weights import LAYOUTS, Floats, Weights
from seqmodel.parallel.threads import single_threaded_blas


@dataclass(frozen=True)
class ForwardWeights:
    """Weights in the form that a forward pass reads, scaled by `CellLayout.gate_scale`.

    `recurrent (gH, H)`; a column for each input and the zero vector, for values with the bias,
    `table (gH, I + 1)`, for conditioning features without, `conditioning_table (gH, I + 1)`; `dense
    (S, H + 1)` with the bias; `state_bias (gH, 1)`, for other cells than a GRU `(0, 1)`.
    """

    recurrent: Floats
    table: Floats
    conditioning_table: Floats
    dense: Floats
    state_bias: Floats

    @classmethod
    def of(cls, parameters: Parameters) -> ForwardWeights:
        """Copies in which a row of the tables is contiguous."""
        H = parameters.units
        scale = np.repeat(parameters.layout.gate_scale, H, axis=0)  # (gH, 1)
        table = parameters.recurrent[:, H:] * scale
        conditioning_table = table.copy()
        conditioning_table[:, -1] = 0
        table[:, :-1] += table[:, -1:]
        state_bias = parameters.state_bias[:, None]
        return cls(
            parameters.recurrent[:, :H] * scale,
            table,
            conditioning_table,
            parameters.dense,
            state_bias * scale if state_bias.size else state_bias,
        )

    @classmethod
    def by_column(cls, weights: Weights) -> ForwardWeights:
        """Copies in which a column of the tables is contiguous, made faster than by `of`."""
        layout = LAYOUTS[weights.cell]

        def scaled(columns: Floats) -> Floats:
            return (layout.by_gate(columns) * layout.gate_scale).reshape(columns.shape)

        bias, *state_bias = (scaled(row[None]) for row in np.atleast_2d(weights.bias))
        kernel = scaled(np.concatenate((weights.kernel, np.zeros_like(weights.kernel[:1]))))
        return cls(
            scaled(weights.recurrent).T,
            (kernel + bias).T,
            kernel.T,
            np.concatenate((weights.dense_kernel, weights.dense_bias[None])).T,
            state_bias[0].T if state_bias else bias[:, :0].T,
        )

    def inputs(
        self, x: Sequence[NDArray[np.integer]] | NDArray[np.integer], out: Floats, scratch: Floats
    ) -> Floats:
        """The contributions of the inputs `x (1 + k, B)` of a step to the gates: `out (gH, B)`."""
        np.take(self.table, x[0], axis=1, out=out, mode="wrap")  # PADDING, -1: the last column
        for features in x[1:]:
            np.take(self.conditioning_table, features, axis=1, out=scratch, mode="wrap")
            np.add(out, scratch, out=out)
        return out


class BatchedState:
    """The states of B sequences of which the network has read nothing yet, not even the zero
    vector."""

    def __init__(self, weights: Weights, batch: int) -> None:
        H, S, B = weights.units, weights.n_scores, batch
        self.views = weights.views
        self.batch = B
        self.weights = ForwardWeights.by_column(weights)
        rows = len(self.weights.recurrent)
        # With views a last column of zeros, for symbols without a score.
        columns = rows + S + (1 if self.views else 0)
        product = np.zeros((H + 1, columns), dtype=np.float32)
        product[:H, :rows] = self.weights.recurrent.T
        if self.weights.state_bias.size:
            product[H, :rows] = self.weights.state_bias[:, 0]
        product[:, rows : rows + S] = self.weights.dense.T
        # A row times a matrix is faster than a matrix times a column.
        self.is_single = B == 1
        if self.is_single:
            self.product = product
            self.columns = list(self.weights.table.T[:, :, None])  # (gH, 1) each
            self.rows = self.weights.conditioning_table.T  # (I + 1, gH)
            self.summands = np.zeros((0, rows), dtype=np.float32)  # (1 + k, gH)
        else:
            self.product = np.ascontiguousarray(product.T)
            self.weights = replace(
                self.weights,
                table=np.ascontiguousarray(self.weights.table),
                conditioning_table=np.ascontiguousarray(self.weights.conditioning_table),
            )

        self.state = np.zeros((H + 1, B), dtype=np.float32)
        self.state[H] = 1  # the factor of the biases
        self.outputs = product.T @ self.state
        self.from_state, self.scores = self.outputs[:rows], self.outputs[rows:]  # (gH, B), (S, B)
        self.gates, self.scratch = np.zeros((2, rows, B), dtype=np.float32)
        self.step = _step_in_place(weights.cell, self.state[:H])

    def read(
        self, symbols: NDArray[np.integer] | tuple[int], conditioning: Indices | None = None
    ) -> Floats:
        """Reads a symbol of each sequence, `(B,)`, PADDING for the zero vector, and the
        `conditioning (k, B)` of the next symbols. Returns the `logits (V, B)` of these, which are
        overwritten by the next call."""
        if self.is_single:
            inputs = self.columns[symbols[0]]
            if conditioning is not None:
                inputs = self._sum(inputs, conditioning[:, 0])
            self.step.forward(inputs, self.from_state)
            np.dot(self.state[:, 0], self.product, out=self.outputs[:, 0])
        else:
            x = [np.asarray(symbols), *(() if conditioning is None else conditioning)]
            self.step.forward(self.weights.inputs(x, self.gates, self.scratch), self.from_state)
            np.dot(self.product, self.state, out=self.outputs)
        if self.views and conditioning is not None:
            return self.views.logits(self.scores, conditioning)
        return self.scores

    def _sum(self, column: Floats, features: Indices) -> Floats:
        """The contributions of a symbol, a `column` of the table, and of `features (k,)`, one added
        after the other: `(gH, 1)`."""
        if len(self.summands) != 1 + len(features):
            self.summands = np.zeros((1 + len(features), len(column)), dtype=np.float32)
        self.summands[0] = column[:, 0]
        np.take(self.rows, features, axis=0, out=self.summands[1:], mode="wrap")
        return np.add.reduce(self.summands, axis=0, out=self.gates[:, 0])[:, None]


def _step_in_place(cell: str, a: Floats) -> Step:
    """A step that overwrites the state `a (H, B)`."""
    if cell == "rnn":
        return RNNStep(a)
    if cell == "gru":
        gates = np.zeros((3, *a.shape), dtype=np.float32)
        return GRUStep(a, a, gates[:2].reshape(-1, a.shape[1]), *gates)
    gates_and_c, products = (np.zeros((n, *a.shape), dtype=np.float32) for n in (5, 2))
    return LSTMStep.of(gates_and_c, a, gates_and_c[4], np.zeros_like(a), products)


def log_probabilities(
    weights: Weights, sequence: Sequence[int], conditioning: Indices | None = None
) -> Floats:
    """The natural log-probability of each symbol of a sequence, `(len(sequence),)`; arguments as in
    `log_distributions`."""
    chosen = np.arange(len(sequence)), list(sequence)
    return log_distributions(weights, sequence, conditioning)[chosen]


@single_threaded_blas()
def log_distributions(
    weights: Weights,
    sequence: Sequence[int],
    conditioning: Indices | None = None,
    adaptation: float = 0.0,
) -> Floats:
    """The natural log-probabilities of all values at each position of `sequence`, given the symbols
    before it, the first of which follows the zero vector, and the `conditioning (len(sequence), k)`
    of each position: `(len(sequence), n_values)`. `adaptation`: the rate at which the Dense layer
    follows the sequence (see `adaptation`)."""
    state = BatchedState(weights, 1)
    layer = AdaptedLayer(weights, adaptation) if adaptation else None
    logits = np.empty((len(sequence), weights.n_values), dtype=np.float32)
    previous = PADDING
    for t, symbol in enumerate(sequence):
        features = None if conditioning is None else conditioning[t][:, None]
        logits[t] = state.read((previous,), features)[:, 0]
        if layer is not None:
            known = () if conditioning is None else conditioning[t]
            logits[t] = layer.logits(logits[t], state.state[:, 0], known)
            layer.follow(symbol)
        previous = symbol
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@single_threaded_blas()
def batch_log_probabilities(weights: Weights, inputs: Indices, labels: Indices) -> Floats:
    """The natural log-probability of each label of a batch of padded sequences: `inputs (m, T)`,
    with conditioning `(m, T, 1 + k)`, and `labels (m, T)` as in `Windows`; `(m, T)`. What is
    given for padding means nothing."""
    m, T = labels.shape
    state = BatchedState(weights, m)
    inputs = inputs.reshape(m, T, -1)
    found, sequences = np.empty((m, T), dtype=np.float32), np.arange(m)
    for t in range(T):
        symbols, *conditioning = inputs[:, t].T
        logits = state.read(symbols, np.array(conditioning) if conditioning else None)  # (V, m)
        shifted = logits - logits.max(axis=0)
        found[:, t] = shifted[labels[:, t], sequences] - np.log(np.exp(shifted).sum(axis=0))
    return found

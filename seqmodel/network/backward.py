"""Forward and back through a shard of a batch in NumPy: weights -> loss and gradients.

A small network leaves a general framework waiting for itself: at 64 units one step of a sequence is
ten microseconds of arithmetic. Here that arithmetic is a few NumPy calls into arrays that are made
once, with the formulas of Keras' layers (see `cells`). What makes it fast:

- an input is an index, so its product with the kernel is a column of a table;
- time comes first and the batch last, so that a gate of a step is one block of memory;
- what does not depend on the step before (the softmax layer, local gradients, the gradients of the
  weights) is computed for all steps at once.

In shapes: H units, V values, S scores of the Dense layer (V without views), I inputs (values and
conditioning features), T steps, B sequences, g gates, in the order of `CellLayout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.network.cells import GRUStep, LSTMStep, RNNStep, Step
from seqmodel.network.forward import ForwardWeights
from seqmodel.network.parameters import Parameters
from seqmodel.network.weights import Floats

Positions = NDArray[np.intp]

ONE = np.float32(1)
# The number of rows from which a sparse product adds them up faster than one call for each.
MIN_SPARSE_ROWS = 256


class StepDropout(NamedTuple):
    """The rate at which units are dropped before the softmax layer, and what decides which: the
    seed, the training step and the number of the shard."""

    rate: float = 0.0
    seed: int = 0
    step: int = 0
    shard: int = 0

    def factors(self, *shape: int) -> Floats:
        """0 for a unit that is dropped, and for the others what keeps the sums as large."""
        rng = random_stream(self.seed, Stream.DROPOUT, self.step, self.shard)
        survives = rng.random(shape, dtype=np.float32) >= self.rate
        return survives * (ONE / np.float32(1 - self.rate))


class BatchShard(NamedTuple):
    """Some sequences of a batch: inputs `x (T, 1 + k, B)`, where `n_inputs` is the zero vector;
    labels `y (T, B)`, negative ones ignored; the factor of the summed cross-entropy whose gradient
    is taken; and the dropout."""

    x: NDArray[Any]  # whole numbers of any width: short ones are sent faster
    y: NDArray[Any]
    scale: float
    dropout: StepDropout = StepDropout()


class ShardMetrics(NamedTuple):
    """`loss`: the sum of the cross-entropies of a shard in nats; `n_correct`: the number of labels
    that were the most likely value."""

    loss: float
    n_correct: int


class ShardWorker:
    """Computes shards of batches with `weights`, one after the other in the same arrays."""

    def __init__(self, weights: Parameters) -> None:
        self.weights = weights
        self._passes: dict[tuple[int, int], _Pass] = {}

    def run(self, shard: BatchShard, gradients: Parameters) -> ShardMetrics:
        """Leaves the gradients of the weights in `gradients`."""
        shard = shard._replace(x=shard.x.astype(np.intp), y=shard.y.astype(np.intp))
        shape = shard.y.shape
        if shape not in self._passes:
            make = {"lstm": _LSTMPass, "gru": _GRUPass, "rnn": _RNNPass}[self.weights.cell]
            self._passes[shape] = make(self.weights, *shape)
        return self._passes[shape].run(shard, gradients)


class _Pass:
    """Forward and back through T steps of B sequences; subclasses differ by cell."""

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        H, rows = weights.units, len(weights.recurrent)
        self.weights, self.H = weights, H
        self.a = _zeros(T + 1, H, B)  # the first one is the initial state
        self.grad_a = _zeros(T, H, B)  # from the softmax layer
        # The gradients of the gates; before `_backward` the local ones, which lead to them.
        self.d_gates = _zeros(T, rows, B)
        # The gradients of what the state adds to the gates, where they are not the same.
        self.d_from_state: Floats | None = None
        self.carry_a = _zeros(H, B)  # the gradient from the step after
        # What is made here stays in the processor's cache; what all steps need goes to memory once.
        self.inputs, self.scratch = _zeros(2, rows, B)
        self.all_steps = _AllSteps(weights, T, B)
        self.steps: Sequence[Step] = self._steps(T)

    def run(self, shard: BatchShard, gradients: Parameters) -> ShardMetrics:
        weights = ForwardWeights.of(self.weights)
        recurrent = self.weights.recurrent[:, : self.H]
        self._forward(weights, shard.x)
        self._local_gradients()
        metrics = self.all_steps.softmax(weights, self.a, shard, gradients, self.grad_a)
        self.carry_a[:] = 0
        self._backward(np.ascontiguousarray(recurrent.T))
        self.all_steps.weight_gradients(self.a, shard.x, self.d_gates, self.d_from_state, gradients)
        return metrics

    def _steps(self, T: int) -> Sequence[Step]:
        """Makes the cell's arrays, and the views of each step."""
        raise NotImplementedError

    def _forward(self, weights: ForwardWeights, x: Positions) -> None:
        inputs, scratch = self.inputs, self.scratch
        for step, a, x_t in zip(self.steps, self.a, x, strict=False):
            weights.inputs(x_t, inputs, scratch)
            np.dot(weights.recurrent, a, out=scratch)
            step.forward(inputs, scratch)

    def _local_gradients(self) -> None:
        """Leaves in `d_gates`, for all steps at once, the derivative of each gate times the factor
        that the gate has."""
        raise NotImplementedError

    def _backward(self, recurrent: Floats) -> None:
        """Completes `d_gates`, from the last step to the first; `recurrent (H, gH)`."""
        raise NotImplementedError


class _RNNPass(_Pass):
    def _steps(self, T: int) -> Sequence[Step]:
        return [RNNStep(self.a[t + 1]) for t in range(T)]

    def _local_gradients(self) -> None:
        a, d = self.a[1:], self.d_gates
        np.multiply(a, a, out=d)
        np.subtract(ONE, d, out=d)

    def _backward(self, recurrent: Floats) -> None:
        for d, grad_a in zip(self.d_gates[::-1], self.grad_a[::-1], strict=True):
            np.add(self.carry_a, grad_a, out=self.carry_a)
            np.multiply(d, self.carry_a, out=d)
            np.dot(recurrent, d, out=self.carry_a)


class _GRUPass(_Pass):
    def _steps(self, T: int) -> Sequence[Step]:
        H, B = self.carry_a.shape
        self.z_and_r, self.s, self.g = _zeros(T, 2, H, B), _zeros(T, H, B), _zeros(T, H, B)
        self.d_from_state = self.d_of_state = _zeros(T, 3 * H, B)
        self.d = self.d_gates.reshape(T, 3, H, B)
        return [
            GRUStep(a, new_a, z_and_r.reshape(2 * H, B), z_and_r[0], z_and_r[1], g)
            for a, new_a, z_and_r, g in zip(self.a, self.a[1:], self.z_and_r, self.g, strict=False)
        ]

    def _forward(self, weights: ForwardWeights, x: Positions) -> None:
        H, inputs, scratch = self.H, self.inputs, self.scratch
        for step, a, s, x_t in zip(self.steps, self.a, self.s, x, strict=False):
            weights.inputs(x_t, inputs, scratch)
            np.dot(weights.recurrent, a, out=scratch)
            np.add(scratch, weights.state_bias, out=scratch)
            s[:] = scratch[2 * H :]
            step.forward(inputs, scratch)

    def _local_gradients(self) -> None:
        """For r, which acts through g, the derivative times s."""
        z, r, g, d = self.z_and_r[:, 0], self.z_and_r[:, 1], self.g, self.d
        np.multiply(z - z * z, self.a[:-1] - g, out=d[:, 0])
        np.multiply(r - r * r, self.s, out=d[:, 1])
        np.multiply(ONE - g * g, ONE - z, out=d[:, 2])

    def _backward(self, recurrent: Floats) -> None:
        H, carry, scratch = self.H, self.carry_a, self.scratch[: self.H]
        each = zip(self.d, self.d_of_state, self.z_and_r, self.grad_a, strict=True)
        for (d_z, d_r, d_g), d_from_state, (z, r), grad_a in reversed([*each]):
            np.add(carry, grad_a, out=carry)
            np.multiply(d_z, carry, out=d_z)
            np.multiply(d_g, carry, out=d_g)
            np.multiply(d_r, d_g, out=d_r)
            d_from_state[:H], d_from_state[H : 2 * H] = d_z, d_r
            np.multiply(d_g, r, out=d_from_state[2 * H :])
            np.multiply(carry, z, out=scratch)
            np.dot(recurrent, d_from_state, out=carry)
            np.add(carry, scratch, out=carry)


class _LSTMPass(_Pass):
    def _steps(self, T: int) -> Sequence[Step]:
        H, B = self.carry_a.shape
        self.values = _zeros(T + 1, 5, H, B)  # o, i, f, g and the c before them
        self.tanh_c, self.d_c = _zeros(2, T, H, B)  # d_c: the derivative of new a by new c
        self.d = d = self.d_gates.reshape(T, 4, H, B)
        self.carry_c, products = _zeros(H, B), _zeros(2, H, B)
        f = self.values[:-1, 2]
        views = zip(self.grad_a, self.d_gates, d[:, 0], d[:, 1:], self.d_c, f, strict=True)
        self.backward_steps = [*views][::-1]
        return [
            LSTMStep.of(
                self.values[t], self.a[t + 1], self.values[t + 1, 4], self.tanh_c[t], products
            )
            for t in range(T)
        ]

    def _local_gradients(self) -> None:
        values, tanh_c, d, d_c = self.values[:-1], self.tanh_c, self.d, self.d_c
        sigmoids, g, c = values[:, :3], values[:, 3], values[:, 4]
        o, i = sigmoids[:, 0], sigmoids[:, 1]
        np.multiply(sigmoids, sigmoids, out=d[:, :3])
        np.subtract(sigmoids, d[:, :3], out=d[:, :3])
        np.multiply(g, g, out=d[:, 3])
        np.subtract(ONE, d[:, 3], out=d[:, 3])
        np.multiply(d[:, 0], tanh_c, out=d[:, 0])
        np.multiply(d[:, 1], g, out=d[:, 1])
        np.multiply(d[:, 2], c, out=d[:, 2])
        np.multiply(d[:, 3], i, out=d[:, 3])
        np.multiply(tanh_c, tanh_c, out=d_c)
        np.subtract(ONE, d_c, out=d_c)
        np.multiply(d_c, o, out=d_c)

    def _backward(self, recurrent: Floats) -> None:
        add, multiply = np.add, np.multiply
        carry_a, carry_c, scratch = self.carry_a, self.carry_c, self.scratch[: self.H]
        carry_c[:] = 0
        for grad_a, d_gates, d_o, d_ifg, d_c, f in self.backward_steps:
            add(carry_a, grad_a, out=carry_a)
            multiply(carry_a, d_c, out=scratch)
            add(carry_c, scratch, out=carry_c)
            multiply(d_o, carry_a, out=d_o)
            multiply(d_ifg, carry_c, out=d_ifg)
            np.dot(recurrent, d_gates, out=carry_a)
            multiply(carry_c, f, out=carry_c)


class _AllSteps:
    """Computations for all steps at once: the softmax layer and the gradients of the weights."""

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        H, rows, views = weights.units, len(weights.recurrent), weights.views
        self.H, self.V, self.n_inputs = H, weights.n_values, weights.n_inputs
        self.views = views
        # Columns are step by step, in each the sequences.
        self.outputs = np.ones((H + 1, T, B), dtype=np.float32)  # a, and 1 for the bias
        self.before = _zeros(H, T, B)  # a of the step before
        # The scores of the Dense layer; with views a last row of zeros.
        self.scores = _zeros(weights.shape.n_scores + (1 if views else 0), T * B)
        self.grad_outputs, self.grad_gates = _zeros(H, T, B), _zeros(T, B, rows)
        self.columns = np.arange(T * B)

    def softmax(
        self,
        weights: ForwardWeights,
        a: Floats,
        shard: BatchShard,
        gradients: Parameters,
        grad_a: Floats,
    ) -> ShardMetrics:
        """The loss for the states `a (T + 1, H, B)`, the first of them the initial one. Leaves the
        gradients of the softmax layer's weights in `gradients`, and those of its inputs in `grad_a
        (T, H, B)`."""
        H, views = self.H, self.views
        labels = shard.y.ravel()
        self.outputs[:H] = a[1:].swapaxes(0, 1)
        kept = shard.dropout.factors(*self.outputs[:H].shape) if shard.dropout.rate else None
        if kept is not None:
            self.outputs[:H] *= kept
        outputs = self.outputs.reshape(H + 1, -1)
        scores = self.scores[: len(weights.dense)]
        np.dot(weights.dense, outputs, out=scores)
        conditioning = shard.x[:, 1:].swapaxes(0, 1).reshape(-1, len(labels))  # (k, T * B)
        logits = views.logits(self.scores, conditioning) if views else scores
        logits -= logits.max(axis=0)
        counts = labels >= 0
        label_logits = logits[labels, self.columns]
        if np.count_nonzero(logits == 0) == len(labels):
            is_correct = label_logits == 0
        else:  # of several most likely values the first one counts, as in Keras
            is_correct = logits.argmax(axis=0) == labels
        n_correct = int(np.count_nonzero(is_correct & counts))
        exponentials = np.exp(logits, out=logits)
        totals = exponentials.sum(axis=0)
        loss = float((np.log(totals) - label_logits)[counts].sum())
        shares = counts * np.float32(shard.scale)
        gradient = np.multiply(exponentials, shares / totals, out=exponentials)
        gradient[labels, self.columns] -= shares
        if views:
            views.gradients(gradient, conditioning, out=scores)
            gradient = scores
        np.dot(gradient, outputs.T, out=gradients.dense)
        np.dot(weights.dense[:, :H].T, gradient, out=self.grad_outputs.reshape(H, -1))
        if kept is not None:
            self.grad_outputs *= kept
        grad_a[:] = self.grad_outputs.swapaxes(0, 1)
        return ShardMetrics(loss, n_correct)

    def weight_gradients(
        self,
        a: Floats,
        x: Positions,
        d_gates: Floats,
        d_from_state: Floats | None,
        gradients: Parameters,
    ) -> None:
        """Leaves the gradients of the recurrent layer's weights in `gradients`. The bias acts at
        every step, and every step has one value, or the zero vector."""
        H, zero_vector = self.H, self.n_inputs
        self.grad_gates[:] = d_gates.swapaxes(1, 2)
        grad_gates = self.grad_gates.reshape(-1, d_gates.shape[1])
        recurrent = gradients.recurrent
        of_inputs = np.zeros((zero_vector + 1, len(recurrent)), dtype=np.float32)
        scatter_add(grad_gates, x.swapaxes(1, 2).reshape(len(grad_gates), -1), out=of_inputs)
        # The last column of the gradients is that of the bias.
        np.dot(np.ones(len(grad_gates), np.float32), grad_gates, out=of_inputs[zero_vector])
        recurrent[:, H:] = of_inputs.T
        if d_from_state is not None:
            self.grad_gates[:] = d_from_state.swapaxes(1, 2)
            grad_gates.sum(axis=0, out=gradients.state_bias)
        self.before[:] = a[:-1].swapaxes(0, 1)
        np.matmul(grad_gates.T, self.before.reshape(H, -1).T, out=recurrent[:, :H])


def scatter_add(rows: Floats, targets: Positions, out: Floats) -> None:
    """Adds each of `rows (n, g)` to its rows `targets (n, k)` of `out`: a product with multi-hot
    columns, of which only the ones are multiplied."""
    n, k = targets.shape
    if len(out) > MIN_SPARSE_ROWS:
        from scipy.sparse import csc_matrix

        ones, columns = np.ones(n * k, dtype=np.float32), np.arange(0, n * k + 1, k)
        out += csc_matrix((ones, targets.ravel(), columns), (len(out), n)) @ rows
        return
    ones = np.ones(n, dtype=np.float32)
    for column in targets.T:
        order = np.argsort(column.astype(np.min_scalar_type(len(out))), kind="stable")
        sorted_rows = rows.take(order, axis=0)
        counts = np.bincount(column)
        present = np.flatnonzero(counts)
        edges = [0, *counts[present].cumsum().tolist()]
        for target, (first, end) in zip(present.tolist(), pairwise(edges), strict=True):
            out[target] += np.dot(ones[first:end], sorted_rows[first:end])


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, dtype=np.float32)

"""Forward and back through a part of a batch, by arrays: weights -> loss and gradients.

A small network leaves a general framework waiting for itself: at 64 units one step of a sequence is
ten microseconds of arithmetic. Here that arithmetic is a few NumPy calls into arrays that are made
once, with the formulas of Keras' layers. What makes it fast:

- an input is an index, so its product with the kernel is a column of a table;
- sigmoid(x) = (1 + tanh(x / 2)) / 2, and the halves are in the weights already, so that one call of
  tanh serves all four gates;
- time comes first and the batch last, so that a gate of a step is one block of memory;
- what does not wait for the step before (the softmax layer, slopes, the gradients of the weights)
  is done for all steps at once.

In shapes: H units, V values, I inputs (values and cues), T steps, B sequences, g gates. The gates
of an LSTM stand in the order o, i, f, g (output, input, forget, candidate): the three sigmoids
first, the three that the cell state meets last. Those of a GRU are in Keras' order z, r, g (update,
reset, candidate). The one gate of a plain recurrent network is its tanh.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.network.weights import GATES, STATES, Weights

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

HALF, ONE = np.float32(0.5), np.float32(1)
# Rows from which on a sparse product adds up faster than one call for each of them.
MANY_PLACES = 256
# What the gates' weights are multiplied with for the tanh that stands for a sigmoid.
GATE_SCALE = {"lstm": (0.5, 0.5, 0.5, 1), "gru": (0.5, 0.5, 1), "rnn": (1,)}


class NetworkShape(NamedTuple):
    """Of a network: what `Parameters` is made with."""

    cell: str
    units: int
    n_values: int
    n_inputs: int


class Parameters:
    """Weights, or one number for each weight, laid out as the computation wants them: two matrices
    in one vector.

    `recurrent (gH, H + I + 1)`: what multiplies the state, then a column for each input, then the
    bias. `dense (V, H + 1)`: kernel and bias. `state_bias`: the second bias of a GRU, that is added
    to what the state gives, `(gH,)`; of other cells `(0,)`.
    """

    def __init__(self, shape: NetworkShape, vector: Floats | None = None) -> None:
        """`vector`: the memory to use; None: new zeros."""
        self.shape = shape
        self.cell, self.units, self.n_values, self.n_inputs = shape
        columns = self.units + self.n_inputs + 1
        split = GATES[self.cell] * self.units * columns
        end = split + self.n_values * (self.units + 1)
        self.vector = np.zeros(self.size(shape), np.float32) if vector is None else vector
        self.recurrent = self.vector[:split].reshape(-1, columns)
        self.dense = self.vector[split:end].reshape(self.n_values, self.units + 1)
        self.state_bias = self.vector[end:]

    @staticmethod
    def size(shape: NetworkShape) -> int:
        """How many numbers there are."""
        cell, units, n_values, n_inputs = shape
        columns = units + n_inputs + (2 if cell == "gru" else 1)
        return GATES[cell] * units * columns + n_values * (units + 1)

    @classmethod
    def of(cls, weights: Weights) -> Parameters:
        made = cls(NetworkShape(weights.cell, weights.units, weights.n_values, weights.n_inputs))
        made.set(weights)
        return made

    def like(self) -> Parameters:
        """Zeros in the same layout."""
        return Parameters(self.shape)

    def set(self, weights: Weights) -> None:
        bias, *state_bias = np.atleast_2d(weights.bias)
        self.state_bias[:] = np.concatenate([*state_bias, bias[:0]])
        kernels = (weights.recurrent, weights.kernel, bias[None])
        self.recurrent[:] = np.concatenate(kernels).T[self._gates()]
        self.dense[:] = np.concatenate((weights.dense_kernel, weights.dense_bias[None])).T

    def weights(self) -> Weights:
        """Copies, in Keras' layout."""
        H = self.units
        recurrent = np.empty_like(self.recurrent.T)
        recurrent[:, self._gates()] = self.recurrent.T
        bias = recurrent[-1]
        if self.state_bias.size:
            bias = np.stack([bias, self.state_bias])
        parts = (recurrent[H:-1], recurrent[:H], bias, self.dense.T[:H], self.dense.T[-1])
        return Weights(self.cell, *(part.copy() for part in parts))

    def _gates(self) -> Places:
        """Our rows in Keras' order of gates, which for an LSTM is i, f, g, o."""
        rows = np.arange(len(self.recurrent))
        return np.roll(rows, self.units) if self.cell == "lstm" else rows


class BatchShard(NamedTuple):
    """A part of a batch: inputs `x (T, 1 + k, B)`, where `n_inputs` stands for the zero vector;
    labels `y (T, B)`, below 0 for none; what the cross-entropies' sum is multiplied with before its
    gradient is taken; the arrays of the first state, each `(H, B)`, or none for zeros."""

    x: Places
    y: Places
    scale: float
    state: tuple[Floats, ...] = ()


class ShardMetrics(NamedTuple):
    """Of a part of a batch: the sum of its cross-entropies in nats, and how many labels were the
    likeliest value."""

    loss: float
    n_correct: int


class ShardWorker:
    """Computes parts of batches with `weights`, one after the other in the same arrays."""

    def __init__(self, weights: Parameters) -> None:
        self.weights = weights
        self._passes: dict[tuple[int, int], _Pass] = {}

    def run(self, task: BatchShard, gradients: Parameters) -> ShardMetrics:
        """Leaves those of the weights in `gradients`."""
        shape = task.y.shape
        if shape not in self._passes:
            make = {"lstm": _LSTMPass, "gru": _GRUPass, "rnn": _RNNPass}[self.weights.cell]
            self._passes[shape] = make(self.weights, *shape)
        return self._passes[shape].run(_Reading(self.weights), task, gradients)


class _Reading:
    """The weights in the copies that a pass reads, the halves of sigmoids in them."""

    def __init__(self, parameters: Parameters) -> None:
        H = parameters.units
        halves = np.repeat(np.array(GATE_SCALE[parameters.cell], np.float32), H)[:, None]
        self.recurrent = parameters.recurrent[:, :H] * halves  # (gH, H)
        # What each input adds, (gH, I + 1); the last is the zero vector, that adds only the bias.
        self.table = parameters.recurrent[:, H:] * halves
        self.cue_table = self.table.copy()  # a cue is added to what brings the bias already
        self.cue_table[:, -1] = 0
        self.table[:, :-1] += self.table[:, -1:]
        self.backward = np.ascontiguousarray(parameters.recurrent[:, :H].T)  # (H, gH)
        self.dense = parameters.dense  # (V, H + 1)
        if parameters.state_bias.size:
            self.state_bias = parameters.state_bias[:, None] * halves  # (gH, 1)

    def inputs(self, x: Places, out: Floats, scratch: Floats) -> None:
        """What the inputs of a step, `x (1 + k, B)`, add to its gates: `out (gH, B)`."""
        np.take(self.table, x[0], axis=1, out=out, mode="clip")
        for position_features in x[1:]:
            np.take(self.cue_table, position_features, axis=1, out=scratch, mode="clip")
            np.add(out, scratch, out=out)


class _Products:
    """What of a pass does not wait for the step before: the softmax layer and the gradients of the
    weights, which it leaves in `gradients`."""

    gradients: Parameters  # of the part that is computed

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        H, V, rows = weights.units, weights.n_values, len(weights.recurrent)
        self.H, self.V, self.n_inputs = H, V, weights.n_inputs
        # Columns are step by step, in each the sequences.
        self.outputs = np.ones((H + 1, T, B), dtype=np.float32)  # a, and 1 for the bias
        self.before = _floats(H, T, B)  # a of the step before
        self.logits = _floats(V, T * B)
        self.grad_outputs, self.grad_gates = _floats(H, T, B), _floats(T, B, rows)
        self.columns = np.arange(T * B)

    def softmax(
        self, reading: _Reading, a: Floats, labels: Places, scale: float, grad_a: Floats
    ) -> ShardMetrics:
        """From the states `a (T + 1, H, B)` of all steps, the first one before them: the loss, the
        gradients of the softmax layer's weights, and in `grad_a (T, H, B)` those of what it
        reads."""
        H, logits = self.H, self.logits
        labels = labels.ravel()
        self.outputs[:H] = a[1:].swapaxes(0, 1)
        outputs = self.outputs.reshape(H + 1, -1)
        np.dot(reading.dense, outputs, out=logits)
        logits -= logits.max(axis=0)
        counts = labels >= 0
        label_logits = logits[labels, self.columns]
        if np.count_nonzero(logits == 0) == len(labels):
            likeliest = label_logits == 0
        else:  # several values are the likeliest: the first one counts, as in Keras
            likeliest = logits.argmax(axis=0) == labels
        n_correct = int(np.count_nonzero(likeliest & counts))
        exponentials = np.exp(logits, out=logits)
        totals = exponentials.sum(axis=0)
        loss = float((np.log(totals) - label_logits)[counts].sum())
        shares = counts * np.float32(scale)
        gradient = np.multiply(exponentials, shares / totals, out=exponentials)
        gradient[labels, self.columns] -= shares
        np.dot(gradient, outputs.T, out=self.gradients.dense)
        np.dot(reading.dense[:, :H].T, gradient, out=self.grad_outputs.reshape(H, -1))
        grad_a[:] = self.grad_outputs.swapaxes(0, 1)
        return ShardMetrics(loss, n_correct)

    def weight_gradients(
        self, a: Floats, x: Places, d_gates: Floats, d_from_state: Floats | None = None
    ) -> None:
        """The gradients of the recurrent layer's weights, from the inputs `x (T, 1 + k, B)` of all
        steps. The bias acts at every step, and every step has one value, or nothing.
        `d_from_state`: the gradients of what the state adds to the gates, where it does more."""
        H, V, nothing = self.H, self.V, self.n_inputs
        self.grad_gates[:] = d_gates.swapaxes(1, 2)
        grad_gates = self.grad_gates.reshape(-1, d_gates.shape[1])
        recurrent = self.gradients.recurrent
        of_inputs = np.zeros((nothing + 1, len(recurrent)), dtype=np.float32)
        for k in range(x.shape[1]):
            scatter_add(grad_gates, x[:, k].ravel(), out=of_inputs)
            if not k:
                bias = of_inputs[:V].sum(axis=0) + of_inputs[nothing]
        of_inputs[nothing] = bias  # no cue is not the zero vector: it adds nothing
        recurrent[:, H:] = of_inputs.T
        if d_from_state is not None:
            self.grad_gates[:] = d_from_state.swapaxes(1, 2)
            grad_gates.sum(axis=0, out=self.gradients.state_bias)
        self.before[:] = a[:-1].swapaxes(0, 1)
        np.matmul(grad_gates.T, self.before.reshape(H, -1).T, out=recurrent[:, :H])


def scatter_add(rows: Floats, places: Places, out: Floats) -> None:
    """Adds each of `rows (n, g)` to that row of `out` where `places (n,)` says: a product with
    one-hot columns, which have so few ones that only these are multiplied."""
    if len(out) > MANY_PLACES:
        from scipy.sparse import csc_matrix

        ones = np.ones(len(rows), dtype=np.float32)
        out += csc_matrix((ones, places, np.arange(len(rows) + 1)), (len(out), len(rows))) @ rows
        return
    order = np.argsort(places.astype(np.min_scalar_type(len(out))), kind="stable")
    sorted_rows = rows.take(order, axis=0)
    counts = np.bincount(places)
    there = np.flatnonzero(counts)
    edges = [0, *counts[there].cumsum().tolist()]
    ones = np.ones(len(rows), dtype=np.float32)
    for place, (first, end) in zip(there.tolist(), pairwise(edges), strict=True):
        out[place] += np.dot(ones[first:end], sorted_rows[first:end])


class _Pass:
    """Forward and back through B sequences.

    What a cell adds is how it goes forward, from the first state and from `x (T, 1 + k, B)`,
    filling `a`; and how it goes back, from `grad_a`, filling `d_gates`.
    """

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        H, rows = weights.units, len(weights.recurrent)
        self.H = H
        self.a = _floats(T + 1, H, B)
        self.grad_a = _floats(T, H, B)  # what comes from the softmax layer
        self.d_gates = _floats(T, rows, B)  # the gradients of the gates, and what leads to them
        self.d_from_state: Floats | None = None  # those of what the state adds, where they differ
        self.carry_a = _floats(H, B)  # the gradient on its way back
        # What is made here stays in the processor's cache; what all steps need goes to memory once.
        self.inputs, self.scratch = _floats(2, rows, B)
        self.over_time = _Products(weights, T, B)
        self.n_states = STATES[weights.cell]

    def run(self, reading: _Reading, task: BatchShard, gradients: Parameters) -> ShardMetrics:
        x, y, scale, state = task
        self.over_time.gradients = gradients
        self._init_state(state or [np.zeros_like(self.carry_a)] * self.n_states)
        self._forward(reading, x)
        self._local_gradients()
        found = self.over_time.softmax(reading, self.a, y, scale, self.grad_a)
        self.carry_a[:] = 0
        self._backward(reading)
        self.over_time.weight_gradients(self.a, x, self.d_gates, self.d_from_state)
        return found

    def _init_state(self, state: Sequence[Floats]) -> None:
        raise NotImplementedError

    def _forward(self, reading: _Reading, x: Places) -> None:
        raise NotImplementedError

    def _local_gradients(self) -> None:
        raise NotImplementedError

    def _backward(self, reading: _Reading) -> None:
        raise NotImplementedError


class _RNNPass(_Pass):
    """new a = tanh(gate)."""

    def _init_state(self, state: Sequence[Floats]) -> None:
        (self.a[0],) = state

    def _forward(self, reading: _Reading, x: Places) -> None:
        for a, new_a, x_t in zip(self.a, self.a[1:], x, strict=False):
            reading.inputs(x_t, self.inputs, self.scratch)
            np.dot(reading.recurrent, a, out=self.scratch)
            np.add(self.inputs, self.scratch, out=new_a)
            np.tanh(new_a, out=new_a)

    def _local_gradients(self) -> None:
        """Leaves in `d_gates` the slope of each tanh."""
        a, d = self.a[1:], self.d_gates
        np.multiply(a, a, out=d)
        np.subtract(ONE, d, out=d)

    def _backward(self, reading: _Reading) -> None:
        for d, grad_a in zip(self.d_gates[::-1], self.grad_a[::-1], strict=True):
            np.add(self.carry_a, grad_a, out=self.carry_a)
            np.multiply(d, self.carry_a, out=d)
            np.dot(reading.backward, d, out=self.carry_a)


class _GRUPass(_Pass):
    """With what the state adds to g called s: g = tanh(input + r s); new a = z a + (1 - z) g."""

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        super().__init__(weights, T, B)
        H = self.H
        self.z_and_r, self.s, self.g = _floats(T, 2, H, B), _floats(T, H, B), _floats(T, H, B)
        self.d_of_state = self.d_from_state = _floats(T, 3 * H, B)
        self.d = self.d_gates.reshape(T, 3, H, B)

    def _init_state(self, state: Sequence[Floats]) -> None:
        (self.a[0],) = state

    def _forward(self, reading: _Reading, x: Places) -> None:
        H, inputs, made = self.H, self.inputs, self.scratch
        each = zip(self.a, self.a[1:], self.z_and_r, self.s, self.g, x, strict=False)
        for a, new_a, (z, r), s, g, x_t in each:
            reading.inputs(x_t, inputs, made)
            np.dot(reading.recurrent, a, out=made)
            np.add(made, reading.state_bias, out=made)
            s[:] = made[2 * H :]
            for gate, sigmoid in enumerate((z, r)):
                rows = slice(gate * H, gate * H + H)
                np.add(inputs[rows], made[rows], out=sigmoid)
                np.tanh(sigmoid, out=sigmoid)
                np.multiply(sigmoid, HALF, out=sigmoid)
                np.add(sigmoid, HALF, out=sigmoid)
            np.multiply(r, s, out=g)
            np.add(g, inputs[2 * H :], out=g)
            np.tanh(g, out=g)
            np.subtract(a, g, out=new_a)
            np.multiply(new_a, z, out=new_a)
            np.add(new_a, g, out=new_a)

    def _local_gradients(self) -> None:
        """Leaves in `d_gates` for z and g the slope times what it multiplies, and for r, which acts
        through g, its slope times s."""
        z, r, g, d = self.z_and_r[:, 0], self.z_and_r[:, 1], self.g, self.d
        np.multiply(z - z * z, self.a[:-1] - g, out=d[:, 0])
        np.multiply(r - r * r, self.s, out=d[:, 1])
        np.multiply(ONE - g * g, ONE - z, out=d[:, 2])

    def _backward(self, reading: _Reading) -> None:
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
            np.dot(reading.backward, d_from_state, out=carry)
            np.add(carry, scratch, out=carry)


class _LSTMStep(NamedTuple):
    """Views of what a step reads and leaves, `(H, B)` unless said otherwise."""

    a: Floats
    new_a: Floats
    gates: Floats  # (4H, B)
    sigmoids: Floats  # (3H, B) of them
    o: Floats
    i_and_f: Floats  # (2, H, B)
    g_and_c: Floats  # (2, H, B): what these two multiply, c being the cell state before
    f: Floats
    new_c: Floats
    tanh_c: Floats  # of the new one
    grad_a: Floats
    d_gates: Floats  # (4H, B)
    d_o: Floats  # of it
    d_ifg: Floats  # (3, H, B) of it
    d_c: Floats


class _LSTMPass(_Pass):
    """new c = f c + i g; new a = o tanh(new c)."""

    def __init__(self, weights: Parameters, T: int, B: int) -> None:
        super().__init__(weights, T, B)
        H = self.H
        self.values = _floats(T + 1, 5, H, B)  # o, i, f, g and the c before them
        self.tanh_c, self.d_c = _floats(2, T, H, B)  # d_c: how the new c acts on the new a
        self.d = self.d_gates.reshape(T, 4, H, B)
        self.carry_c, self.products = _floats(H, B), _floats(2, H, B)
        self.steps = [
            _LSTMStep(
                a=self.a[t],
                new_a=self.a[t + 1],
                gates=self.values[t, :4].reshape(4 * H, B),
                sigmoids=self.values[t, :3].reshape(3 * H, B),
                o=self.values[t, 0],
                i_and_f=self.values[t, 1:3],
                g_and_c=self.values[t, 3:],
                f=self.values[t, 2],
                new_c=self.values[t + 1, 4],
                tanh_c=self.tanh_c[t],
                grad_a=self.grad_a[t],
                d_gates=self.d_gates[t],
                d_o=self.d[t, 0],
                d_ifg=self.d[t, 1:],
                d_c=self.d_c[t],
            )
            for t in range(T)
        ]

    def _init_state(self, state: Sequence[Floats]) -> None:
        self.a[0], self.values[0, 4] = state
        self.carry_c[:] = 0

    def _forward(self, reading: _Reading, x: Places) -> None:
        add, multiply, tanh = np.add, np.multiply, np.tanh
        (i_times_g, f_times_c), products = self.products, self.products
        inputs, scratch = self.inputs, self.scratch
        for step, x_t in zip(self.steps, x, strict=True):
            gates = step.gates
            reading.inputs(x_t, inputs, scratch)
            np.dot(reading.recurrent, step.a, out=scratch)
            add(inputs, scratch, out=gates)
            tanh(gates, out=gates)
            multiply(step.sigmoids, HALF, out=step.sigmoids)
            add(step.sigmoids, HALF, out=step.sigmoids)
            multiply(step.i_and_f, step.g_and_c, out=products)
            add(i_times_g, f_times_c, out=step.new_c)
            tanh(step.new_c, out=step.tanh_c)
            multiply(step.o, step.tanh_c, out=step.new_a)

    def _local_gradients(self) -> None:
        """Leaves in `d_gates` for each gate its slope times what it multiplies, for all steps."""
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

    def _backward(self, reading: _Reading) -> None:
        add, multiply = np.add, np.multiply
        carry_a, carry_c, scratch = self.carry_a, self.carry_c, self.products[0]
        for step in reversed(self.steps):
            add(carry_a, step.grad_a, out=carry_a)
            multiply(carry_a, step.d_c, out=scratch)
            add(carry_c, scratch, out=carry_c)
            multiply(step.d_o, carry_a, out=step.d_o)
            multiply(step.d_ifg, carry_c, out=step.d_ifg)
            np.dot(reading.backward, step.d_gates, out=carry_a)
            multiply(carry_c, step.f, out=carry_c)


def _floats(*shape: int) -> Floats:
    return np.zeros(shape, dtype=np.float32)

"""An LSTM and a softmax layer, trained by back-propagation through time written out by hand.

A small network leaves a general framework waiting for itself: at 64 units one step of a sequence is
ten microseconds of arithmetic. Here that arithmetic is a few NumPy calls into arrays that are made
once, with the formulas of Keras' layers and of its Adam. What makes it fast:

- an input is an index, so its product with the kernel is a column of a table;
- sigmoid(x) = (1 + tanh(x / 2)) / 2, and the halves are in the weights already, so that one call of
  tanh serves all four gates;
- time comes first and the batch last, so that a gate of a step is one block of memory;
- what does not wait for the step before (the softmax layer, the gradients of the weights) is one
  product for all steps;
- a large batch is divided among threads, one for each processor.

In shapes: H units, V values, T steps, B sequences. Gates stand in the order o, i, f, g (output,
input, forget, candidate): the three sigmoids first, the three that the cell state meets last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.network import Weights
from seqmodel.team import Team
from seqmodel.windows import Indices

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

# A thread pays for itself with so many numbers of the state, sequences times units.
SMALLEST_PART = 2048
# Numbers of a vector that are worked on while they are in the processor's cache.
BLOCK = 16_384


@dataclass(frozen=True)
class AdamRates:
    """What Keras' Adam is made with, apart from the learning rate."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7


@dataclass(frozen=True)
class Reached:
    """`loss`: the sum over a batch of cross-entropies in nats; `right`: how many labels were the
    likeliest value."""

    loss: float
    right: int


class Parameters:
    """Weights, or one number for each weight, laid out as the computation wants them: two matrices
    in one vector.

    `recurrent (4H, H + V + 1)`: what multiplies the state, then a column for each input value, then
    the bias. `dense (V, H + 1)`: kernel and bias.
    """

    def __init__(self, units: int, n_values: int) -> None:
        self.units, self.n_values = units, n_values
        split = 4 * units * (units + n_values + 1)
        self.vector = np.zeros(split + n_values * (units + 1), dtype=np.float32)
        self.recurrent = self.vector[:split].reshape(4 * units, units + n_values + 1)
        self.dense = self.vector[split:].reshape(n_values, units + 1)

    @classmethod
    def of(cls, weights: Weights) -> Parameters:
        made = cls(weights.units, weights.n_values)
        made.set(weights)
        return made

    def set(self, weights: Weights) -> None:
        kernels = (weights.recurrent, weights.kernel, weights.bias[None])
        self.recurrent[:] = np.concatenate(kernels).T[self._gates()]
        self.dense[:] = np.concatenate((weights.dense_kernel, weights.dense_bias[None])).T

    def weights(self) -> Weights:
        """Copies, in Keras' layout."""
        H = self.units
        recurrent = np.empty_like(self.recurrent.T)
        recurrent[:, self._gates()] = self.recurrent.T
        parts = (recurrent[H:-1], recurrent[:H], recurrent[-1], self.dense.T[:H], self.dense.T[-1])
        return Weights("lstm", *(part.copy() for part in parts))

    def _gates(self) -> Places:
        """Our rows in Keras' order of gates: i, f, g, o."""
        return np.roll(np.arange(4 * self.units), self.units)


class Learner:
    """Weights on their way: `step` moves them by one batch. `momentum` and `velocity` are Adam's
    running means of the gradients and of their squares, `steps` counts the batches so far.

    `processors`: how many may work on it; None: all that there are. Products should run on one
    thread each: see `team.one_thread_a_product`.
    """

    def __init__(
        self, weights: Weights, rates: AdamRates = AdamRates(), processors: int | None = None
    ) -> None:
        H, V = weights.units, weights.n_values
        self.rates = rates
        self.parameters = Parameters.of(weights)
        self.momentum, self.velocity = Parameters(H, V), Parameters(H, V)
        self.steps = 0
        self._scratch = np.empty_like(self.parameters.vector)
        self._passes: dict[tuple[int, int, int], _Pass] = {}
        self._team = Team(processors)

    def step(
        self,
        inputs: Indices,
        labels: Indices,
        learning_rate: float,
        *,
        scale: float | None = None,
        start: tuple[Floats, Floats] | None = None,
    ) -> Reached:
        """One batch: `inputs` and `labels` are `(B, T)`, NOTHING for the zero vector.

        The gradient is that of the cross-entropies' sum times `scale`; None: of their mean. `start`
        is the first state `a, c`, each `(B, H)`; None: zeros.
        """
        reached, gradients = self._differentiate(inputs, labels, scale, start)
        self._move(gradients, learning_rate)
        return reached

    def gradients(self, inputs: Indices, labels: Indices) -> Weights:
        """Of the mean cross-entropy; arguments as in `step`."""
        _, parts = self._differentiate(inputs, labels, None, None)
        whole = Parameters(self.parameters.units, self.parameters.n_values)
        whole.vector[:] = sum(part.vector for part in parts)
        return whole.weights()

    def _differentiate(
        self,
        inputs: Indices,
        labels: Indices,
        scale: float | None,
        start: tuple[Floats, Floats] | None,
    ) -> tuple[Reached, list[Parameters]]:
        """The batch in as many parts as pay, and the gradients of each, which add up."""
        B, T = inputs.shape
        H = self.parameters.units
        x = inputs.T.astype(np.intp)  # (T, B)
        x[x < 0] = self.parameters.n_values
        y = labels.T.astype(np.intp)
        scale = 1 / (B * T) if scale is None else scale
        a, c = (np.zeros((2, H, B), np.float32)) if start is None else (start[0].T, start[1].T)
        reading = _Reading(self.parameters)

        def run(part: int, edges: slice) -> _Pass:
            size = edges.stop - edges.start
            if (part, T, size) not in self._passes:
                self._passes[part, T, size] = _Pass(self.parameters, T, size)
            one = self._passes[part, T, size]
            one.run(reading, x[:, edges].copy(), y[:, edges], scale, a[:, edges], c[:, edges])
            return one

        n_parts = max(1, min(self._team.size, B * H // SMALLEST_PART))
        done = self._team.share(run, B, n_parts)
        reached = Reached(sum(one.loss for one in done), sum(one.right for one in done))
        return reached, [one.gradients for one in done]

    def _move(self, gradients: list[Parameters], learning_rate: float) -> None:
        """Adam, in the form and the order of Keras' operations, a block of memory at a time."""
        self.steps += 1
        one, two = self.rates.beta_1, self.rates.beta_2
        rate = np.float32(learning_rate * np.sqrt(1 - two**self.steps) / (1 - one**self.steps))
        vectors = (self.parameters, self.momentum, self.velocity, *gradients)

        def move(_: int, edges: slice) -> None:
            for first in range(edges.start, edges.stop, BLOCK):
                block = slice(first, min(first + BLOCK, edges.stop))
                change = self._scratch[block]
                weights, momentum, velocity, gradient, *rest = (v.vector[block] for v in vectors)
                for part in rest:
                    gradient += part
                np.subtract(gradient, momentum, out=change)
                change *= np.float32(1 - one)
                momentum += change
                np.square(gradient, out=change)
                change -= velocity
                change *= np.float32(1 - two)
                velocity += change
                np.sqrt(velocity, out=change)
                change += np.float32(self.rates.epsilon)
                np.divide(momentum, change, out=change)
                change *= rate
                weights -= change

        self._team.share(move, len(self._scratch), len(gradients))


class _Reading:
    """The weights in the copies that a pass reads, the halves of sigmoids in them."""

    def __init__(self, parameters: Parameters) -> None:
        H = parameters.units
        halves = np.repeat(np.array([0.5, 0.5, 0.5, 1], np.float32), H)[:, None]
        self.recurrent = parameters.recurrent[:, :H] * halves  # (4H, H)
        # What each input adds, (4H, V + 1); the last is the zero vector, that adds only the bias.
        self.table = parameters.recurrent[:, H:] * halves
        self.table[:, :-1] += self.table[:, -1:]
        self.backward = np.ascontiguousarray(parameters.recurrent[:, :H].T)  # (H, 4H)
        self.dense = parameters.dense  # (V, H + 1)


class _Step(NamedTuple):
    """Views of what a step reads and leaves, `(H, B)` unless said otherwise."""

    a: Floats
    new_a: Floats
    c: Floats
    new_c: Floats
    forget: Floats
    d_c: Floats  # how the new c acts on the new a
    grad_a: Floats  # what comes from the softmax layer
    d_gates: Floats  # (4H, B); forward: how a gate acts; back: gradients
    d_sigmoids: Floats  # (3H, B) of it
    d_ifg: Floats  # (3, H, B) of it
    d_o: Floats
    d_i: Floats
    d_f: Floats
    d_g: Floats


class _Pass:
    """Forward and back through B sequences; sets `loss`, `right` and `gradients`."""

    def __init__(self, parameters: Parameters, T: int, B: int) -> None:
        H, V = parameters.units, parameters.n_values
        self.H = H
        self.gradients = Parameters(H, V)
        self.loss, self.right = 0.0, 0
        self.a = _floats(T + 1, H, B)
        self.c = _floats(2, H, B)  # before and after a step, taking turns
        self.gates, self.d_gates = _floats(4 * H, B), _floats(T, 4 * H, B)
        self.grad_a, d_c, forget = _floats(3, T, H, B)
        self.carry_a, self.carry_c, self.scratch = _floats(3, H, B)
        self.steps = []
        for t in range(T):
            c, new_c = self.c if t % 2 == 0 else self.c[::-1]
            d = self.d_gates[t]
            d_o, d_i, d_f, d_g = d.reshape(4, H, B)
            self.steps.append(
                _Step(
                    a=self.a[t],
                    new_a=self.a[t + 1],
                    c=c,
                    new_c=new_c,
                    forget=forget[t],
                    d_c=d_c[t],
                    grad_a=self.grad_a[t],
                    d_gates=d,
                    d_sigmoids=d[: 3 * H],
                    d_ifg=d[H:].reshape(3, H, B),
                    d_o=d_o,
                    d_i=d_i,
                    d_f=d_f,
                    d_g=d_g,
                )
            )
        # For the products of all steps: columns are step by step, in each the sequences.
        self.outputs = np.ones((H + 1, T, B), dtype=np.float32)  # a, and 1 for the bias
        self.inputs = _floats(H + V + 1, T, B)  # a of the step before, and x one-hot
        self.logits = _floats(V, T * B)
        self.grad_outputs, self.grad_gates = _floats(H, T, B), _floats(4 * H, T, B)
        self.columns = np.arange(T * B)

    def run(
        self, reading: _Reading, x: Places, y: Places, scale: float, a: Floats, c: Floats
    ) -> None:
        """x and y are `(T, B)`, the first state a and c `(H, B)`."""
        self.a[0], self.c[0] = a, c
        self._forward(reading, x)
        self._softmax(reading, y.ravel(), scale)
        self._back(reading)
        self._sum_up(x.ravel())

    def _forward(self, reading: _Reading, x: Places) -> None:
        """Leaves what the way back needs: for each gate its derivative times what it multiplies."""
        add, subtract, multiply, tanh = np.add, np.subtract, np.multiply, np.tanh
        gates, sigmoids, scratch = self.gates, self.gates[: 3 * self.H], self.scratch
        o, i, f, g = gates.reshape(4, self.H, -1)
        for step, symbols in zip(self.steps, x, strict=True):
            d = step.d_gates
            np.take(reading.table, symbols, axis=1, out=d, mode="clip")
            np.dot(reading.recurrent, step.a, out=gates)
            add(gates, d, out=gates)
            tanh(gates, out=gates)
            multiply(g, g, out=step.d_g)
            subtract(1, step.d_g, out=step.d_g)
            multiply(sigmoids, 0.5, out=sigmoids)
            add(sigmoids, 0.5, out=sigmoids)
            subtract(1, sigmoids, out=step.d_sigmoids)
            multiply(step.d_sigmoids, sigmoids, out=step.d_sigmoids)
            # new c = f c + i g
            multiply(step.d_i, g, out=step.d_i)
            multiply(step.d_f, step.c, out=step.d_f)
            multiply(step.d_g, i, out=step.d_g)
            multiply(f, step.c, out=step.new_c)
            multiply(i, g, out=scratch)
            add(step.new_c, scratch, out=step.new_c)
            step.forget[:] = f
            # new a = o tanh(new c)
            tanh(step.new_c, out=scratch)
            multiply(step.d_o, scratch, out=step.d_o)
            multiply(o, scratch, out=step.new_a)
            multiply(scratch, scratch, out=step.d_c)
            subtract(1, step.d_c, out=step.d_c)
            multiply(step.d_c, o, out=step.d_c)

    def _softmax(self, reading: _Reading, labels: Places, scale: float) -> None:
        """The loss, the gradients of the softmax layer's weights, and of what it reads."""
        H, logits = self.H, self.logits
        self.outputs[:H] = self.a[1:].swapaxes(0, 1)
        outputs = self.outputs.reshape(H + 1, -1)
        np.dot(reading.dense, outputs, out=logits)
        logits -= logits.max(axis=0)
        label_logits = logits[labels, self.columns]
        if np.count_nonzero(logits == 0) == len(labels):
            self.right = int(np.count_nonzero(label_logits == 0))
        else:  # several values are the likeliest: the first one counts, as in Keras
            self.right = int(np.count_nonzero(logits.argmax(axis=0) == labels))
        exponentials = np.exp(logits, out=logits)
        totals = exponentials.sum(axis=0)
        self.loss = float((np.log(totals) - label_logits).sum())
        gradient = np.multiply(exponentials, np.float32(scale) / totals, out=exponentials)
        gradient[labels, self.columns] -= np.float32(scale)
        np.dot(gradient, outputs.T, out=self.gradients.dense)
        np.dot(reading.dense[:, :H].T, gradient, out=self.grad_outputs.reshape(H, -1))
        self.grad_a[:] = self.grad_outputs.swapaxes(0, 1)

    def _back(self, reading: _Reading) -> None:
        """Turns `d_gates` into gradients."""
        add, multiply = np.add, np.multiply
        carry_a, carry_c, scratch = self.carry_a, self.carry_c, self.scratch
        carry_a[:] = carry_c[:] = 0
        for step in reversed(self.steps):
            add(carry_a, step.grad_a, out=carry_a)
            multiply(carry_a, step.d_c, out=scratch)
            add(carry_c, scratch, out=carry_c)
            multiply(step.d_o, carry_a, out=step.d_o)
            multiply(step.d_ifg, carry_c, out=step.d_ifg)
            np.dot(reading.backward, step.d_gates, out=carry_a)
            multiply(carry_c, step.forget, out=carry_c)

    def _sum_up(self, symbols: Places) -> None:
        """The gradients of the recurrent layer's weights; the bias acts at every step."""
        H = self.H
        self.inputs[:H] = self.a[:-1].swapaxes(0, 1)
        one_hot = self.inputs[H:].reshape(-1, len(symbols))
        one_hot[:] = 0
        one_hot[symbols, self.columns] = 1
        self.grad_gates[:] = self.d_gates.swapaxes(0, 1)
        inputs = self.inputs.reshape(len(self.inputs), -1)
        recurrent = self.gradients.recurrent
        np.dot(self.grad_gates.reshape(4 * H, -1), inputs.T, out=recurrent)
        np.sum(recurrent[:, H:], axis=1, out=recurrent[:, -1])


def _floats(*shape: int) -> Floats:
    return np.zeros(shape, dtype=np.float32)

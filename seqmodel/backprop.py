"""A recurrent and a softmax layer, trained by back-propagation through time written out by hand.

A small network leaves a general framework waiting for itself: at 64 units one step of a sequence is
ten microseconds of arithmetic. Here that arithmetic is a few NumPy calls into arrays that are made
once, with the formulas of Keras' layers and of its Adam. What makes it fast:

- an input is an index, so its product with the kernel is a column of a table;
- sigmoid(x) = (1 + tanh(x / 2)) / 2, and the halves are in the weights already, so that one call of
  tanh serves all four gates;
- time comes first and the batch last, so that a gate of a step is one block of memory;
- what does not wait for the step before (the softmax layer, slopes, the gradients of the weights)
  is done for all steps at once;
- a large batch is divided among threads, one for each processor.

In shapes: H units, V values, I inputs (values and cues), T steps, B sequences, g gates. The gates
of an LSTM stand in the order o, i, f, g (output, input, forget, candidate): the three sigmoids
first, the three that the cell state meets last. The one gate of a plain recurrent network is its
tanh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.network import GATES, STATES, Weights
from seqmodel.team import Team
from seqmodel.windows import Indices

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

# So many numbers of the state, sequences times units, make it worth a thread of its own to go
# through a part of a batch, as threads wait for each other at every step.
SMALLEST_PART = 2048
# Numbers of a vector that are worked on while they are in the processor's cache.
BLOCK = 16_384
HALF, ONE = np.float32(0.5), np.float32(1)
# What the gates' weights are multiplied with for the tanh that stands for a sigmoid.
HALVES = {"lstm": (0.5, 0.5, 0.5, 1), "rnn": (1,)}


@dataclass(frozen=True)
class AdamRates:
    """What Keras' Adam is made with, apart from the learning rate; `clip`: each gradient is brought
    between -clip and clip first."""

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    clip: float | None = None


@dataclass(frozen=True)
class Reached:
    """`loss`: the sum over a batch of cross-entropies in nats; `right`: how many labels were the
    likeliest value, of `labels` in all."""

    loss: float
    right: int
    labels: int


class Parameters:
    """Weights, or one number for each weight, laid out as the computation wants them: two matrices
    in one vector.

    `recurrent (gH, H + I + 1)`: what multiplies the state, then a column for each input, then the
    bias. `dense (V, H + 1)`: kernel and bias.
    """

    def __init__(self, cell: str, units: int, n_values: int, n_inputs: int) -> None:
        self.cell, self.units, self.n_values, self.n_inputs = cell, units, n_values, n_inputs
        rows = GATES[cell] * units
        split = rows * (units + n_inputs + 1)
        self.vector = np.zeros(split + n_values * (units + 1), dtype=np.float32)
        self.recurrent = self.vector[:split].reshape(rows, units + n_inputs + 1)
        self.dense = self.vector[split:].reshape(n_values, units + 1)

    @classmethod
    def of(cls, weights: Weights) -> Parameters:
        made = cls(weights.cell, weights.units, weights.n_values, weights.n_inputs)
        made.set(weights)
        return made

    def like(self) -> Parameters:
        """Zeros in the same layout."""
        return Parameters(self.cell, self.units, self.n_values, self.n_inputs)

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
        return Weights(self.cell, *(part.copy() for part in parts))

    def _gates(self) -> Places:
        """Our rows in Keras' order of gates, which for an LSTM is i, f, g, o."""
        rows = np.arange(len(self.recurrent))
        return np.roll(rows, self.units) if self.cell == "lstm" else rows


@dataclass(frozen=True)
class Dropout:
    """The shares of the weights that a batch does without, drawn anew for each batch; the others
    count for more, so that sums stay what they are.

    `values`: of the values, as inputs (Gal and Ghahramani, *A theoretically grounded application of
    dropout in recurrent neural networks*, 2016); `recurrent`: of the single weights between the
    units of one step and the next (Merity, Keskar and Socher, *Regularizing and optimizing LSTM
    language models*, 2018); `outputs`: of the units that the softmax layer reads.
    """

    values: float = 0.0
    recurrent: float = 0.0
    outputs: float = 0.0
    seed: int = 0

    @property
    def any(self) -> bool:
        return bool(self.values or self.recurrent or self.outputs)

    def draw(self, like: Parameters, step: int) -> Parameters | None:
        """What to multiply the weights with in a step; None: nothing is dropped."""
        if not self.any:
            return None
        rng = np.random.default_rng([self.seed, step])
        H, V, factors = like.units, like.n_values, like.like()
        factors.vector[:] = 1

        def kept(share: float, *shape: int) -> Floats:
            survives = rng.random(shape, dtype=np.float32) >= share
            return survives.astype(np.float32) / np.float32(1 - share)

        factors.recurrent[:, :H] = kept(self.recurrent, *factors.recurrent[:, :H].shape)
        factors.recurrent[:, H : H + V] = kept(self.values, V)
        factors.dense[:, :H] = kept(self.outputs, H)
        return factors


NO_DROPOUT = Dropout()


class Learner:
    """Weights on their way: `step` moves them by one batch. `momentum` and `velocity` are Adam's
    running means of the gradients and of their squares, `steps` counts the batches so far.

    `dropout`: what each batch does without. `traits (V, n)`: what values have in common, 1 where a
    value has a trait. Then what a value brings as an input, and how likely it is made as an output,
    is a column of its own plus those of its traits, so that a rare value learns from others like
    it; `weights` gives the sums. The columns of the traits, zeros at first, stand behind the others
    in `parameters`. `processors`: how many may work on it; None: all that there are. Products
    should run on one thread each: see `team.one_thread_a_product`.
    """

    def __init__(
        self,
        weights: Weights,
        rates: AdamRates = AdamRates(),
        processors: int | None = None,
        dropout: Dropout = NO_DROPOUT,
        traits: Floats | None = None,
    ) -> None:
        self.rates, self.dropout, self.traits = rates, dropout, traits
        self._whole = Parameters.of(weights)  # with traits: the sums
        self.parameters = self._whole if traits is None else _with_traits(self._whole, traits)
        self.momentum, self.velocity = self.parameters.like(), self.parameters.like()
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
        start: tuple[Floats, ...] | None = None,
    ) -> Reached:
        """One batch: `inputs` are `(B, T)`, with cues `(B, T, 1 + k)`, and `labels (B, T)`; an
        input NOTHING is the zero vector, a label NOTHING is none, and counts for nothing.

        The gradient is that of the cross-entropies' sum times `scale`; None: of their mean. `start`
        is the first state, `(a, c)` or `(a,)`, each `(B, H)`; None: zeros.
        """
        reached, gradients = self._differentiate(inputs, labels, scale, start)
        self._move(gradients, learning_rate)
        return reached

    def gradients(self, inputs: Indices, labels: Indices) -> Weights:
        """Of the mean cross-entropy; arguments as in `step`."""
        _, parts = self._differentiate(inputs, labels, None, None)
        whole = self.parameters.like()
        whole.vector[:] = sum(part.vector for part in parts)
        return whole.weights()

    def weights(self) -> Weights:
        """Copies of them as they are."""
        return self._sums().weights()

    def _sums(self) -> Parameters:
        """What a pass reads: each value with its traits."""
        if self.traits is not None:
            own, whole = self.parameters, self._whole
            H, V, n_inputs = whole.units, whole.n_values, whole.n_inputs
            whole.recurrent[:, :-1] = own.recurrent[:, : H + n_inputs]
            whole.recurrent[:, H : H + V] += own.recurrent[:, H + n_inputs : -1] @ self.traits.T
            whole.recurrent[:, -1] = own.recurrent[:, -1]
            np.add(own.dense[:V], self.traits @ own.dense[V:], out=whole.dense)
        return self._whole

    def _of_traits(self, gradients: Parameters) -> Parameters:
        """The gradients of the sums -> those of what they are made of."""
        if self.traits is None:
            return gradients
        H, V = gradients.units, gradients.n_values
        made = self.parameters.like()
        made.recurrent[:, : H + gradients.n_inputs] = gradients.recurrent[:, :-1]
        made.recurrent[:, H + gradients.n_inputs : -1] = (
            gradients.recurrent[:, H : H + V] @ self.traits
        )
        made.recurrent[:, -1] = gradients.recurrent[:, -1]
        made.dense[:V] = gradients.dense
        made.dense[V:] = self.traits.T @ gradients.dense
        return made

    def state(self) -> dict[str, NDArray[Any]]:
        """Copies of all that the steps to come depend on; `steps` as an array of one number."""
        vectors = {name: vector.copy() for name, vector in self._vectors().items()}
        return {**vectors, "steps": np.array([self.steps])}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Puts back what `state` gave. Raises KeyError or ValueError for another network's."""
        for name, vector in self._vectors().items():
            vector[:] = state[name]
        self.steps = int(state["steps"][0])

    def _vectors(self) -> dict[str, Floats]:
        return {
            "parameters": self.parameters.vector,
            "momentum": self.momentum.vector,
            "velocity": self.velocity.vector,
        }

    def _differentiate(
        self,
        inputs: Indices,
        labels: Indices,
        scale: float | None,
        start: tuple[Floats, ...] | None,
    ) -> tuple[Reached, list[Parameters]]:
        """The batch in as many parts as pay, and the gradients of each, which add up."""
        B, T = labels.shape
        whole = self._sums()
        H = whole.units
        x = inputs.reshape(B, T, -1).transpose(1, 2, 0).astype(np.intp)  # (T, 1 + k, B)
        x[x < 0] = whole.n_inputs
        y = labels.T.astype(np.intp)
        n_labels = int(np.count_nonzero(y >= 0))
        scale = 1 / n_labels if scale is None else scale
        if start is None:
            start = (np.zeros((B, H), np.float32),) * STATES[whole.cell]
        make = {"lstm": _LSTMPass, "rnn": _RNNPass}[whole.cell]
        kept = self.dropout.draw(whole, self.steps)
        weights = whole if kept is None else whole.like()
        if kept is not None:
            np.multiply(whole.vector, kept.vector, out=weights.vector)
        reading = _Reading(weights)

        n_parts = max(1, min(self._team.size, B * H // SMALLEST_PART))

        def run(part: int, edges: slice) -> _Products:
            size = edges.stop - edges.start
            if (part, T, size) not in self._passes:
                self._passes[part, T, size] = make(whole, T, size)
            state = [array[edges].T for array in start]
            return self._passes[part, T, size].run(
                reading, x[..., edges].copy(), y[:, edges], scale, state
            )

        done = self._team.share(run, B, n_parts)
        reached = Reached(
            sum(one.loss for one in done), sum(one.right for one in done), labels=n_labels
        )
        gradients = [one.gradients for one in done]
        if kept is not None:
            for part in gradients:
                part.vector *= kept.vector
        return reached, [self._of_traits(part) for part in gradients]

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
                if self.rates.clip is not None:
                    np.clip(gradient, -self.rates.clip, self.rates.clip, out=gradient)
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

        self._team.share(move, len(self._scratch), self._team.size if len(gradients) > 1 else 1)


def _with_traits(whole: Parameters, traits: Floats) -> Parameters:
    """The same weights, and zeros for each trait behind the inputs and behind the values."""
    n, V, n_inputs = traits.shape[1], whole.n_values, whole.n_inputs
    made = Parameters(whole.cell, whole.units, V + n, n_inputs + n)
    made.recurrent[:, : whole.units + n_inputs] = whole.recurrent[:, :-1]
    made.recurrent[:, -1] = whole.recurrent[:, -1]
    made.dense[:V] = whole.dense
    return made


class _Reading:
    """The weights in the copies that a pass reads, the halves of sigmoids in them."""

    def __init__(self, parameters: Parameters) -> None:
        H = parameters.units
        halves = np.repeat(np.array(HALVES[parameters.cell], np.float32), H)[:, None]
        self.recurrent = parameters.recurrent[:, :H] * halves  # (gH, H)
        # What each input adds, (gH, I + 1); the last is the zero vector, that adds only the bias.
        self.table = parameters.recurrent[:, H:] * halves
        self.cue_table = self.table.copy()  # a cue is added to what brings the bias already
        self.cue_table[:, -1] = 0
        self.table[:, :-1] += self.table[:, -1:]
        self.backward = np.ascontiguousarray(parameters.recurrent[:, :H].T)  # (H, gH)
        self.dense = parameters.dense  # (V, H + 1)

    def inputs(self, x: Places, out: Floats, scratch: Floats) -> None:
        """What the inputs of a step, `x (1 + k, B)`, add to its gates: `out (gH, B)`."""
        np.take(self.table, x[0], axis=1, out=out, mode="clip")
        for cue in x[1:]:
            np.take(self.cue_table, cue, axis=1, out=scratch, mode="clip")
            np.add(out, scratch, out=out)


class _Products:
    """What of a pass does not wait for the step before: the softmax layer and the gradients of the
    weights. Sets `loss`, `right` and `gradients`."""

    def __init__(self, parameters: Parameters, T: int, B: int) -> None:
        H, V = parameters.units, parameters.n_values
        rows, n_inputs = len(parameters.recurrent), parameters.n_inputs
        self.H, self.V, self.n_inputs = H, V, n_inputs
        self.gradients = parameters.like()
        self.loss, self.right = 0.0, 0
        # Columns are step by step, in each the sequences.
        self.outputs = np.ones((H + 1, T, B), dtype=np.float32)  # a, and 1 for the bias
        self.before = _floats(H, T, B)  # a of the step before
        self.logits = _floats(V, T * B)
        self.grad_outputs, self.grad_gates = _floats(H, T, B), _floats(T, B, rows)
        self.columns = np.arange(T * B)

    def softmax(
        self, reading: _Reading, a: Floats, labels: Places, scale: float, grad_a: Floats
    ) -> None:
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
        self.right = int(np.count_nonzero(likeliest & counts))
        exponentials = np.exp(logits, out=logits)
        totals = exponentials.sum(axis=0)
        self.loss = float((np.log(totals) - label_logits)[counts].sum())
        shares = counts * np.float32(scale)
        gradient = np.multiply(exponentials, shares / totals, out=exponentials)
        gradient[labels, self.columns] -= shares
        np.dot(gradient, outputs.T, out=self.gradients.dense)
        np.dot(reading.dense[:, :H].T, gradient, out=self.grad_outputs.reshape(H, -1))
        grad_a[:] = self.grad_outputs.swapaxes(0, 1)

    def sum_up(self, a: Floats, x: Places, d_gates: Floats) -> None:
        """The gradients of the recurrent layer's weights, from the inputs `x (T, 1 + k, B)` of all
        steps. The bias acts at every step, and every step has one value, or nothing."""
        from scipy.sparse import csc_matrix

        H, V, nothing = self.H, self.V, self.n_inputs
        places = x.swapaxes(1, 2).reshape(-1, x.shape[1])  # (T * B, 1 + k)
        # One-hot inputs have so few ones that only these are multiplied.
        ones = np.ones(places.shape, dtype=np.float32)
        ones[:, 1:] = places[:, 1:] != nothing  # no cue is not the zero vector: it adds nothing
        columns = np.arange(0, places.size + 1, places.shape[1])
        hot = csc_matrix((ones.ravel(), places.ravel(), columns), (nothing + 1, len(places)))
        self.grad_gates[:] = d_gates.swapaxes(1, 2)
        grad_gates = self.grad_gates.reshape(len(places), -1)
        self.before[:] = a[:-1].swapaxes(0, 1)
        recurrent = self.gradients.recurrent
        recurrent[:, :H] = np.dot(grad_gates.T, self.before.reshape(H, -1).T)
        recurrent[:, H:] = (hot @ grad_gates).T
        recurrent[:, -1] += recurrent[:, H : H + V].sum(axis=1)


class _Pass:
    """Forward and back through B sequences.

    What a cell adds is how it goes forward, from the first state and from `x (T, 1 + k, B)`,
    filling `a`; and how it goes back, from `grad_a`, filling `d_gates`.
    """

    def __init__(self, parameters: Parameters, T: int, B: int) -> None:
        H, rows = parameters.units, len(parameters.recurrent)
        self.H = H
        self.a = _floats(T + 1, H, B)
        self.grad_a = _floats(T, H, B)  # what comes from the softmax layer
        self.d_gates = _floats(T, rows, B)  # the gradients of the gates, and what leads to them
        self.carry_a = _floats(H, B)  # the gradient on its way back
        self.scratch = _floats(rows, B)
        self.over_time = _Products(parameters, T, B)

    def run(
        self,
        reading: _Reading,
        x: Places,
        y: Places,
        scale: float,
        state: Sequence[Floats],
    ) -> _Products:
        """x is `(T, 1 + k, B)`, y `(T, B)`, the arrays of the first state `(H, B)`."""
        self._begin(state)
        self._forward(reading, x)
        self._find_slopes()
        self.over_time.softmax(reading, self.a, y, scale, self.grad_a)
        self.carry_a[:] = 0
        self._back(reading)
        self.over_time.sum_up(self.a, x, self.d_gates)
        return self.over_time

    def _begin(self, state: Sequence[Floats]) -> None:
        raise NotImplementedError

    def _forward(self, reading: _Reading, x: Places) -> None:
        raise NotImplementedError

    def _find_slopes(self) -> None:
        raise NotImplementedError

    def _back(self, reading: _Reading) -> None:
        raise NotImplementedError


class _RNNPass(_Pass):
    """new a = tanh(gate)."""

    def _begin(self, state: Sequence[Floats]) -> None:
        (self.a[0],) = state

    def _forward(self, reading: _Reading, x: Places) -> None:
        for a, new_a, d, inputs in zip(self.a, self.a[1:], self.d_gates, x, strict=False):
            reading.inputs(inputs, d, self.scratch)
            np.dot(reading.recurrent, a, out=new_a)
            np.add(new_a, d, out=new_a)
            np.tanh(new_a, out=new_a)

    def _find_slopes(self) -> None:
        """Leaves in `d_gates` the slope of each tanh."""
        a, d = self.a[1:], self.d_gates
        np.multiply(a, a, out=d)
        np.subtract(ONE, d, out=d)

    def _back(self, reading: _Reading) -> None:
        for d, grad_a in zip(self.d_gates[::-1], self.grad_a[::-1], strict=True):
            np.add(self.carry_a, grad_a, out=self.carry_a)
            np.multiply(d, self.carry_a, out=d)
            np.dot(reading.backward, d, out=self.carry_a)


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

    def __init__(self, parameters: Parameters, T: int, B: int) -> None:
        super().__init__(parameters, T, B)
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

    def _begin(self, state: Sequence[Floats]) -> None:
        self.a[0], self.values[0, 4] = state
        self.carry_c[:] = 0

    def _forward(self, reading: _Reading, x: Places) -> None:
        add, multiply, tanh = np.add, np.multiply, np.tanh
        (i_times_g, f_times_c), products = self.products, self.products
        for step, inputs in zip(self.steps, x, strict=True):
            gates = step.gates
            reading.inputs(inputs, step.d_gates, self.scratch)
            np.dot(reading.recurrent, step.a, out=gates)
            add(gates, step.d_gates, out=gates)
            tanh(gates, out=gates)
            multiply(step.sigmoids, HALF, out=step.sigmoids)
            add(step.sigmoids, HALF, out=step.sigmoids)
            multiply(step.i_and_f, step.g_and_c, out=products)
            add(i_times_g, f_times_c, out=step.new_c)
            tanh(step.new_c, out=step.tanh_c)
            multiply(step.o, step.tanh_c, out=step.new_a)

    def _find_slopes(self) -> None:
        """Leaves in `d_gates` for each gate its slope times what it multiplies; many steps at once,
        as threads wait for Python's lock at each call."""
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

    def _back(self, reading: _Reading) -> None:
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

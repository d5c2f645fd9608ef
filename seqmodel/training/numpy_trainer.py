"""A recurrent and a softmax layer, trained by back-propagation through time written out by hand:
a batch goes through `passes` in parts, and Adam, in Keras' formulas, moves the weights.

In shapes: H units, V values, I inputs (values and cues), T steps, B sequences, g gates.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import Indices
from seqmodel.network.backward import ONE, BatchShard
from seqmodel.network.parameters import NetworkShape, Parameters
from seqmodel.network.weights import Floats, Weights
from seqmodel.parallel.threads import cpu_count, single_threaded_blas
from seqmodel.training.config import Dropout
from seqmodel.training.gradient_workers import GradientWorkers
from seqmodel.training.trainer import AdamSettings, BatchMetrics, State

# So many sequences, and so many numbers of their states, make it worth a process of its own to go
# through a part of a batch.
SMALLEST_PART, SMALLEST_STATE = 16, 1024
# Numbers of a vector that are worked on while they are in the processor's cache.
BLOCK = 32_768


def dropout_factors(dropout: Dropout, like: Parameters, seed: int, step: int) -> Parameters | None:
    """The factors that a step multiplies its weights with, in the shapes of `like`; None if nothing
    is dropped. `seed` and `step` alone decide them."""
    if not dropout.any:
        return None
    rng = random_stream(seed, Stream.DROPOUT, step)
    H, V, factors = like.units, like.n_values, like.like()
    factors.vector[:] = 1

    def kept(share: float, *shape: int) -> Floats:
        survives = rng.random(shape, dtype=np.float32) >= share
        return survives.astype(np.float32) / np.float32(1 - share)

    factors.recurrent[:, :H] = kept(dropout.recurrent, *factors.recurrent[:, :H].shape)
    factors.recurrent[:, H : H + V] = kept(dropout.input, V)
    factors.dense[:, :H] = kept(dropout.output, H)
    return factors


class NumpyTrainer:
    """Weights on their way: `step` moves them by one batch. `momentum` and `velocity` are Adam's
    running means of the gradients and of their squares, `steps` counts the batches so far.

    `dropout`: what each batch does without. `feature_table (V, n)`: what values have in common, 1 where a
    value has a trait. Then what a value brings as an input, and how likely it is made as an output,
    is a column of its own plus those of its traits, so that a rare value learns from others like
    it; `weights` gives the sums. The columns of the traits, zeros at first, stand behind the others
    in `parameters`. `processors`: how many may work on it, each but one by a process of its own,
    see `workers`; None: all that there are. `batch_size` lets them start before the first batch of
    that size is there. Products should run on one thread each: see
    `team.single_threaded_blas`.
    """

    def __init__(
        self,
        weights: Weights,
        adam: AdamSettings = AdamSettings(),
        processors: int | None = None,
        dropout: Dropout = Dropout(),
        seed: int = 0,
        feature_table: Floats | None = None,
        batch_size: int = 0,
    ) -> None:
        self.adam, self.feature_table = adam, feature_table
        self.dropout, self.seed = dropout, seed
        self._whole = Parameters.of(weights)  # with traits: the sums
        self.parameters = (
            self._whole if feature_table is None else _with_traits(self._whole, feature_table)
        )
        self.momentum, self.velocity = self.parameters.like(), self.parameters.like()
        self.steps = 0
        self._scratch = np.empty_like(self.parameters.vector)
        self._processors = processors or cpu_count()
        self.workers = GradientWorkers(self._whole.shape, self._n_parts(batch_size))

    def _n_parts(self, batch_size: int) -> int:
        """How many parts of a batch pay."""
        state = batch_size * self._whole.units
        worth = min(batch_size // SMALLEST_PART, state // SMALLEST_STATE)
        return max(1, min(self._processors, worth))

    def step(
        self,
        inputs: Indices,
        labels: Indices,
        learning_rate: float,
        *,
        scale: float | None = None,
        start: tuple[Floats, ...] | None = None,
    ) -> BatchMetrics:
        """One batch: `inputs` are `(B, T)`, with cues `(B, T, 1 + k)`, and `labels (B, T)`; an
        input PADDING is the zero vector, a label PADDING is none, and counts for nothing.

        The gradient is that of the cross-entropies' sum times `scale`; None: of their mean. `start`
        is the first state, `(a, c)` or `(a,)`, each `(B, H)`; None: zeros.
        """
        reached, gradients = self._differentiate(inputs, labels, scale, start)
        self._move(gradients, learning_rate)
        return reached

    def running(self) -> AbstractContextManager[None]:
        """A context in which a product runs on one thread."""
        return single_threaded_blas()

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
        if self.feature_table is not None:
            own, whole = self.parameters, self._whole
            H, V, n_inputs = whole.units, whole.n_values, whole.n_inputs
            whole.recurrent[:, :-1] = own.recurrent[:, : H + n_inputs]
            whole.recurrent[:, H : H + V] += (
                own.recurrent[:, H + n_inputs : -1] @ self.feature_table.T
            )
            whole.recurrent[:, -1] = own.recurrent[:, -1]
            np.add(own.dense[:V], self.feature_table @ own.dense[V:], out=whole.dense)
            whole.state_bias[:] = own.state_bias
        return self._whole

    def _of_traits(self, gradients: Parameters) -> Parameters:
        """The gradients of the sums -> those of what they are made of."""
        if self.feature_table is None:
            return gradients
        H, V = gradients.units, gradients.n_values
        made = self.parameters.like()
        made.recurrent[:, : H + gradients.n_inputs] = gradients.recurrent[:, :-1]
        made.recurrent[:, H + gradients.n_inputs : -1] = (
            gradients.recurrent[:, H : H + V] @ self.feature_table
        )
        made.recurrent[:, -1] = gradients.recurrent[:, -1]
        made.dense[:V] = gradients.dense
        made.dense[V:] = self.feature_table.T @ gradients.dense
        made.state_bias[:] = gradients.state_bias
        return made

    def state(self) -> State:
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
    ) -> tuple[BatchMetrics, list[Parameters]]:
        """The batch in as many parts as pay, and the gradients of each, which add up."""
        B, T = labels.shape
        whole = self._sums()
        n_labels = int(np.count_nonzero(labels >= 0))
        n_parts = self._n_parts(B)
        if self.workers.n_parts < n_parts:
            self.workers = GradientWorkers(whole.shape, n_parts)
        workers = self.workers
        kept = dropout_factors(self.dropout, whole, self.seed, self.steps)
        np.multiply(whole.vector, kept.vector if kept else ONE, out=workers.weights.vector)

        x = inputs.reshape(B, T, -1).transpose(1, 2, 0).astype(np.intp)  # (T, 1 + k, B)
        x[x < 0] = whole.n_inputs
        y = labels.T.astype(np.intp)  # (T, B)
        states = tuple(array.T for array in start or ())  # (H, B)
        scale = 1 / n_labels if scale is None else scale
        edges = [B * k // n_parts for k in range(n_parts + 1)]
        parts = [np.s_[..., first:end] for first, end in pairwise(edges)]
        found = workers.run(
            [
                BatchShard(x[p].copy(), y[p].copy(), scale, tuple(a[p] for a in states))
                for p in parts
            ]
        )
        reached = BatchMetrics(
            sum(part.loss for part in found), sum(part.n_correct for part in found), n_labels
        )
        gradients = workers.gradients[:n_parts]
        if kept:
            for part in gradients:
                part.vector *= kept.vector
        return reached, [self._of_traits(part) for part in gradients]

    def _move(self, gradients: list[Parameters], learning_rate: float) -> None:
        """Adam, in the form and the order of Keras' operations, a block of memory at a time."""
        self.steps += 1
        one, two = self.adam.beta_1, self.adam.beta_2
        rate = np.float32(learning_rate * np.sqrt(1 - two**self.steps) / (1 - one**self.steps))
        vectors = (self.parameters, self.momentum, self.velocity, *gradients)
        for first in range(0, len(self._scratch), BLOCK):
            block = slice(first, first + BLOCK)
            change = self._scratch[block]
            weights, momentum, velocity, gradient, *rest = (v.vector[block] for v in vectors)
            for part in rest:
                gradient += part
            if self.adam.clip is not None:
                np.clip(gradient, -self.adam.clip, self.adam.clip, out=gradient)
            np.subtract(gradient, momentum, out=change)
            change *= np.float32(1 - one)
            momentum += change
            np.square(gradient, out=change)
            change -= velocity
            change *= np.float32(1 - two)
            velocity += change
            np.sqrt(velocity, out=change)
            change += np.float32(self.adam.epsilon)
            np.divide(momentum, change, out=change)
            change *= rate
            weights -= change


def _with_traits(whole: Parameters, feature_table: Floats) -> Parameters:
    """The same weights, and zeros for each trait behind the inputs and behind the values."""
    n, V, n_inputs = feature_table.shape[1], whole.n_values, whole.n_inputs
    made = Parameters(NetworkShape(whole.cell, whole.units, V + n, n_inputs + n))
    made.recurrent[:, : whole.units + n_inputs] = whole.recurrent[:, :-1]
    made.recurrent[:, -1] = whole.recurrent[:, -1]
    made.dense[:V] = whole.dense
    made.state_bias[:] = whole.state_bias
    return made

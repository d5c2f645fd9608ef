"""The accelerator for CPUs: a recurrent and a softmax layer trained in NumPy, by back-propagation
through time (see `network.backward`) and Adam in Keras' formulas.

In shapes: H units, V values, I inputs (values and conditioning features), T steps, B sequences,
g gates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import Indices
from seqmodel.network.backward import ONE, BatchShard, StepDropout
from seqmodel.network.parameters import Parameters
from seqmodel.network.weights import Floats, Weights
from seqmodel.parallel.threads import cpu_count, single_threaded_blas
from seqmodel.training.config import Dropout
from seqmodel.training.gradient_workers import GradientWorkers
from seqmodel.training.trainer import BatchMetrics, State

# Sums are rounded by the shards of a batch, so their number depends on the batch and the network
# alone: there are two shards as soon as each is worth a process, and more only of so many sequences
# (and sequences times units) that they cost no time where there are fewer processors.
MIN_SHARD_SEQUENCES, MIN_SHARD_STATE = 16, 1024
LARGE_SHARD_SEQUENCES, LARGE_SHARD_STATE = 64, 16_384
# Elements of a vector that are updated together while they are in the processor's cache.
BLOCK = 32_768
# Keras' defaults for Adam.
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def dropout_factors(dropout: Dropout, like: Parameters, seed: int, step: int) -> Parameters | None:
    """The factors of the weights in a step, in the layout of `like`; None without dropout. `seed`
    and `step` alone decide them."""
    if not dropout.of_weights:
        return None
    rng = random_stream(seed, Stream.DROPOUT, step)
    H, V, factors = like.units, like.n_values, like.like()
    factors.vector[:] = 1

    def mask(rate: float, *shape: int) -> Floats:
        survives = rng.random(shape, dtype=np.float32) >= rate
        return survives.astype(np.float32) / np.float32(1 - rate)

    factors.recurrent[:, :H] = mask(dropout.recurrent, *factors.recurrent[:, :H].shape)
    factors.recurrent[:, H : H + V] = mask(dropout.input, V)
    factors.dense[:, :H] = mask(dropout.output, H)
    return factors


class NumpyTrainer:
    """A `Trainer` of weights. `vector` holds the weights, `momentum` and `velocity` Adam's running
    means of the gradients and of their squares.

    `dropout` is drawn by `seed` for each batch. With `feature_table (V, n)`, 1 where a value has a
    feature, each input and output embedding is the sum of the value's own column and those of its
    features (a factored embedding), so that rare values share statistical strength with similar
    ones. `weights` gives the sums; the columns of the features, zeros at first, are the end of
    `vector`, and `parameters` the rest.

    A batch is computed by at most `n_processes` processes, which start at once if `batch_size` is
    given, else with the first batch. A function is asked before each batch, so that more can start
    when cores become free. Their number does not change a bit of the result; nor does that of
    BLAS's threads, of which a product uses one.
    """

    def __init__(
        self,
        weights: Weights,
        clip: float | None = None,
        n_processes: int | Callable[[], int] = cpu_count,
        dropout: Dropout = Dropout(),
        seed: int = 0,
        feature_table: Floats | None = None,
        batch_size: int = 0,
    ) -> None:
        self.clip, self.feature_table = clip, feature_table
        self.dropout, self.seed = dropout, seed
        network = Parameters.of(weights)
        H, rows, size = network.units, len(network.recurrent), len(network.vector)
        n = 0 if feature_table is None else feature_table.shape[1]
        self.vector = np.concatenate([network.vector, np.zeros(n * (rows + H + 1), np.float32)])
        self.momentum, self.velocity = np.zeros_like(self.vector), np.zeros_like(self.vector)
        # Views: the weights of the values themselves, and those of their features.
        self.parameters = Parameters(network.shape, self.vector[:size])
        self._feature_inputs = self.vector[size : size + rows * n].reshape(rows, n)
        self._feature_dense = self.vector[size + rows * n :].reshape(n, H + 1)
        self._network = self.parameters if feature_table is None else network  # with the sums
        self.steps = 0
        self._scratch = np.empty_like(self.vector)
        self._n_processes = n_processes if callable(n_processes) else lambda: n_processes
        self.workers = self._workers(self._n_shards(batch_size))

    def _workers(self, n_shards: int) -> GradientWorkers:
        return GradientWorkers(self._network.shape, n_shards, self._n_processes())

    def _n_shards(self, batch_size: int) -> int:
        """The number of shards of a batch."""
        state = batch_size * self._network.units
        worth = min(batch_size // MIN_SHARD_SEQUENCES, state // MIN_SHARD_STATE)
        large = min(batch_size // LARGE_SHARD_SEQUENCES, state // LARGE_SHARD_STATE)
        return max(1, min(worth, 2), large)

    def step(self, inputs: Indices, labels: Indices, learning_rate: float) -> BatchMetrics:
        with single_threaded_blas():
            metrics, gradients = self._differentiate(inputs, labels)
        self._update(gradients, learning_rate)
        return metrics

    def gradients(self, inputs: Indices, labels: Indices) -> Weights:
        """The gradients of the mean cross-entropy; arguments as in `step`."""
        with single_threaded_blas():
            _, shards = self._differentiate(inputs, labels)
        total = np.sum(shards, axis=0)[: len(self.parameters.vector)]
        return Parameters(self.parameters.shape, total).weights()

    def weights(self) -> Weights:
        with single_threaded_blas():
            return self._summed().weights()

    def state(self) -> State:
        vectors = {name: vector.copy() for name, vector in self._vectors().items()}
        return {**vectors, "steps": np.array([self.steps])}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        for name, vector in self._vectors().items():
            if state[name].shape != vector.shape:
                raise ValueError(f"{name} have shape {state[name].shape}, not {vector.shape}")
            vector[:] = state[name]
        self.steps = int(state["steps"].item())

    def _vectors(self) -> dict[str, Floats]:
        return {"parameters": self.vector, "momentum": self.momentum, "velocity": self.velocity}

    def _differentiate(self, inputs: Indices, labels: Indices) -> tuple[BatchMetrics, list[Floats]]:
        """The metrics of a batch, and the gradients of each of its shards, which add up."""
        B, T = labels.shape
        network = self._summed()
        n_labels = int(np.count_nonzero(labels >= 0))
        n_shards = self._n_shards(B)
        workers, most = self.workers, max(self.workers.n_shards, n_shards)
        if workers.n_shards < most or workers.n_processes < min(most, self._n_processes()):
            workers = self.workers = self._workers(most)
        factors = dropout_factors(self.dropout, network, self.seed, self.steps)
        np.multiply(network.vector, factors.vector if factors else ONE, out=workers.weights.vector)

        x = inputs.reshape(B, T, -1).transpose(1, 2, 0).astype(np.int32)  # (T, 1 + k, B)
        x[x < 0] = network.n_inputs
        y = labels.T.astype(np.int32)  # (T, B)
        edges = [B * k // n_shards for k in range(n_shards + 1)]
        found = workers.run(
            [
                BatchShard(
                    x[..., first:end].copy(),
                    y[..., first:end].copy(),
                    1 / n_labels,
                    StepDropout(self.dropout.step, self.seed, self.steps, number),
                )
                for number, (first, end) in enumerate(pairwise(edges))
            ]
        )
        metrics = BatchMetrics(
            sum(shard.loss for shard in found), sum(shard.n_correct for shard in found), n_labels
        )
        gradients = workers.gradients[:n_shards]
        if factors:
            for shard in gradients:
                shard.vector *= factors.vector
        return metrics, [self._of_features(shard) for shard in gradients]

    def _update(self, gradients: list[Floats], learning_rate: float) -> None:
        """Adam, in the form and the order of Keras' operations, a block of memory at a time."""
        self.steps += 1
        correction = np.sqrt(1 - BETA_2**self.steps) / (1 - BETA_1**self.steps)
        rate = np.float32(learning_rate * correction)
        vectors = (self.vector, self.momentum, self.velocity, *gradients)
        for first in range(0, len(self._scratch), BLOCK):
            block = slice(first, first + BLOCK)
            change = self._scratch[block]
            weights, momentum, velocity, gradient, *rest = (vector[block] for vector in vectors)
            for shard in rest:
                gradient += shard
            if self.clip is not None:
                np.clip(gradient, -self.clip, self.clip, out=gradient)
            np.subtract(gradient, momentum, out=change)
            change *= np.float32(1 - BETA_1)
            momentum += change
            np.square(gradient, out=change)
            change -= velocity
            change *= np.float32(1 - BETA_2)
            velocity += change
            np.sqrt(velocity, out=change)
            change += np.float32(EPSILON)
            np.divide(momentum, change, out=change)
            change *= rate
            weights -= change

    def _summed(self) -> Parameters:
        """The weights that the network computes with: each value's column with its features'."""
        network, table = self._network, self.feature_table
        if table is not None:
            H, V = network.units, network.n_values
            network.vector[:] = self.parameters.vector
            network.recurrent[:, H : H + V] += self._feature_inputs @ table.T
            network.dense[:V] += table @ self._feature_dense
        return network

    def _of_features(self, gradients: Parameters) -> Floats:
        """The gradients of `vector`, from those of the sums."""
        if self.feature_table is None:
            return gradients.vector
        of_inputs = gradients.recurrent[:, gradients.units :][:, : gradients.n_values]
        of_dense = gradients.dense[: gradients.n_values]
        of_features = of_inputs @ self.feature_table, self.feature_table.T @ of_dense
        return np.concatenate([gradients.vector, *map(np.ravel, of_features)])

"""The reference trainer: a Keras graph, on any device of Keras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices, multi_hot
from seqmodel.network.candidates import CandidateViews
from seqmodel.network.keras_layers import extract_weights, load_keras
from seqmodel.network.weights import Weights
from seqmodel.training.distributed import local_shard
from seqmodel.training.trainer import BatchMetrics, State

if TYPE_CHECKING:
    import keras


class KerasTrainer:
    """Trains the layers of `graph`. Each gradient is first clipped to -clip..clip; None: not.

    The graph's input "X" gets the one-hot inputs, "mask" is true where a step has a label, and any
    other input is an initial state and gets zeros. Its first output is the probabilities of all
    steps, `(m, T, n_values)`; or each output is those of one step, `(m, n_values)`.
    """

    def __init__(
        self, graph: keras.Model, clip: float | None = None, views: CandidateViews | None = None
    ) -> None:
        keras = load_keras()
        self.graph, self.views, self.steps = graph, views, 0
        first = graph.outputs[0]
        one_output = len(first.shape) == 3
        self.model = keras.Model(
            graph.inputs, first if one_output else keras.ops.stack(graph.outputs, axis=1)
        )
        optimizer = keras.optimizers.Adam(clipvalue=clip)
        # The weights of a batch's labels add up to 1: the sum is the mean, whether or not Keras
        # hands a recurrent layer's mask on to the loss, which differs between its versions.
        self.model.compile(
            optimizer,
            keras.losses.SparseCategoricalCrossentropy(reduction="sum"),
            weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        optimizer.build(self.model.trainable_variables)

    def step(self, inputs: Indices, labels: Indices, learning_rate: float) -> BatchMetrics:
        n_labels = int(np.count_nonzero(labels >= 0))
        self.model.optimizer.learning_rate = learning_rate
        self.model.reset_metrics()
        inputs, labels = local_shard(inputs, PADDING), local_shard(labels, PADDING)
        counts = labels >= 0
        metrics = self.model.train_on_batch(
            [self._input(tensor, inputs, counts) for tensor in self.graph.inputs],
            np.maximum(labels, 0),
            sample_weight=counts.astype(np.float32) / n_labels,
            return_dict=True,
        )
        self.steps += 1
        loss, accuracy = float(metrics["loss"]), float(metrics["accuracy"])
        n_correct = round(accuracy * n_labels) if np.isfinite(accuracy) else 0
        return BatchMetrics(loss * n_labels, n_correct, n_labels)

    def weights(self) -> Weights:
        return extract_weights(self.graph, self.views)

    def state(self) -> State:
        """Copies of the variables of the layers, of their random generators and of the optimizer;
        `steps` as an array of one number."""
        variables = {f"variable {n}": np.array(v) for n, v in enumerate(self._variables())}
        return {**variables, "steps": np.array([self.steps])}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        variables = self._variables()
        if len(state) != len(variables) + 1:
            raise ValueError(f"expected {len(variables) + 1} arrays, found {len(state)}")
        for number, variable in enumerate(variables):
            variable.assign(state[f"variable {number}"])
        self.steps = int(state["steps"].item())

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _input(self, tensor: Any, inputs: Indices, counts: NDArray[np.bool_]) -> NDArray[Any]:
        if tensor.name == "X":
            return multi_hot(inputs, tensor.shape[-1])  # (B, T, n_inputs)
        if tensor.name == "mask":
            return counts
        return np.zeros((len(inputs), *tensor.shape[1:]), dtype=np.float32)

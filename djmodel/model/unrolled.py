"""Keras models of one recurrent layer and a softmax, whose `fit` takes the short way where it can.

Importing this module imports Keras; nothing does before a model is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices
from seqmodel.network.keras_backend import load_keras
from seqmodel.network.keras_layers import extract_weights, supported_by_numpy, weight_variables
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import single_threaded_blas
from seqmodel.training.numpy_trainer import NumpyTrainer
from seqmodel.training.trainer import AdamSettings

keras = load_keras()

CROSS_ENTROPY = "categorical_crossentropy"
ACCURACIES = ("accuracy", "acc", "categorical_accuracy")


class UnrolledModel(keras.Model):  # type: ignore[name-defined]
    """A graph with an output for each step: inputs `[X, a0, c0]`, outputs Tx tensors `(m,
    n_values)`.

    Keras adds up and compiles a loss and a metric for each output; at 30 outputs that is most of
    the time, and it refuses a plain `metrics=["accuracy"]`. Here `compile`, `fit` and `evaluate`
    take what they take for a single output, labels as a list of Tx arrays or as one array `(Tx, m,
    n_values)`, and train `twin()`, the same function on the same layers as one tensor `(m, Tx,
    n_values)`. The loss is, as Keras has it, the sum over the steps of their mean losses; a metric
    is over all steps. Settings made for each output apart go to Keras as they are.

    `save` writes a plain Keras model, that loads where this project is not.
    """

    scan_model: Callable[[], keras.Model] | None = None  # type: ignore[name-defined]

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, **settings: Any
    ) -> None:
        apart = any(isinstance(setting, list | dict) for setting in (loss, *(metrics or ())))
        apart = apart or isinstance(metrics, dict) or "loss_weights" in settings
        self._training = _Untracked(None)
        if apart or self.scan_model is None:
            super().compile(optimizer, loss, metrics=metrics, **settings)
            return
        scan_model = self.scan_model()
        model = ArrayTrainedModel(scan_model.inputs, scan_model.outputs[0], name=self.name)
        weight = float(len(self.outputs))
        model.compile(optimizer, loss, metrics=metrics, loss_weights=weight, **settings)
        self._training = _Untracked(model)
        super().compile(model.optimizer, loss, **settings)

    def fit(self, x: Any = None, y: Any = None, **settings: Any) -> Any:
        model = self._trained_instead(y)
        if model is None:
            return super().fit(x, y, **settings)
        held_out = settings.get("validation_data")
        if held_out is not None:
            settings["validation_data"] = (held_out[0], _one_array(held_out[1]), *held_out[2:])
        self.history = model.fit(x, _one_array(y), **settings)
        return self.history

    def evaluate(self, x: Any = None, y: Any = None, **settings: Any) -> Any:
        model = self._trained_instead(y)
        if model is None:
            return super().evaluate(x, y, **settings)
        return model.evaluate(x, _one_array(y), **settings)

    def save(self, filepath: Any, **settings: Any) -> None:
        keras.Model(self.inputs, self.outputs, name=self.name).save(filepath, **settings)

    def _trained_instead(self, y: Any) -> ArrayTrainedModel | None:
        if y is None or not hasattr(self, "_training"):  # a data set of batches; not compiled
            return None
        return self._training.model


class ArrayTrainedModel(keras.Model):  # type: ignore[name-defined]
    """Inputs `[X, a0, c0]`, output `(m, Tx, n_values)`: an LSTM and a softmax over X.

    Where `NumpyTrainer` computes what Keras would (layers and Adam as they come, categorical
    cross-entropy, accuracy, TensorFlow on a processor), a step of `fit` is one of `NumpyTrainer`.
    Weights and the optimiser's state are read before it and written after it, so that callbacks
    find them as always. Batches that are weighted or not one-hot go to Keras.
    """

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: float = 1.0,
        metrics: Any = None,
        **settings: Any,
    ) -> None:
        super().compile(optimizer, loss, loss_weights=loss_weights, metrics=metrics, **settings)
        plain = loss == CROSS_ENTROPY and not settings
        plain = plain and metrics in (None, [], *([name] for name in ACCURACIES))
        self.accuracy_name = metrics[0] if metrics and plain else None
        self.by_arrays = plain and _is_plain_adam(self.optimizer) and supported_by_numpy(self)
        self.by_arrays = self.by_arrays and keras.backend.backend() == "tensorflow"
        self.loss_weight = loss_weights

    def fit(self, *args: Any, **settings: Any) -> Any:
        with single_threaded_blas():
            return super().fit(*args, **settings)

    train_function: Any  # Keras sets it

    def make_train_function(self, force: bool = False) -> None:
        super().make_train_function(force)
        if self.by_arrays and not isinstance(self.train_function, _ArraySteps):
            self.train_function = _ArraySteps(self)

    def reset_metrics(self) -> None:
        super().reset_metrics()
        if isinstance(self.train_function, _ArraySteps):
            self.train_function.begin()

    def get_metrics_result(self) -> dict[str, Any]:
        steps = self.train_function
        if isinstance(steps, _ArraySteps) and steps.n_labels:
            return steps.logs()
        return dict(super().get_metrics_result())


class _Untracked:
    """Holds a model where Keras does not look for layers: they are all in the graph already."""

    def __init__(self, model: ArrayTrainedModel | None) -> None:
        self.model = model


class _ArraySteps:
    """What Keras calls for each batch, with the iterator that holds it; keeps the epoch's logs."""

    def __init__(self, model: ArrayTrainedModel) -> None:
        self.model = model
        self.learner = NumpyTrainer(extract_weights(model), _rates(model.optimizer))
        self.keras_step: Callable[[Any], Any] | None = None
        self.begin()

    def begin(self) -> None:
        self.loss, self.right, self.n_sequences, self.n_labels = 0.0, 0, 0, 0

    def logs(self) -> dict[str, float]:
        logs = {"loss": self.loss / self.n_sequences}
        if self.model.accuracy_name:
            logs[self.model.accuracy_name] = self.right / self.n_labels
        return logs

    def __call__(self, iterator: Iterator[Any]) -> Any:
        batch = next(iterator)
        arrays = _one_hot_indices(batch) if self.keras_step is None else None
        if arrays is None:
            return self._step_of_keras(batch)
        inputs, labels, start = arrays
        weight = self.model.loss_weight
        self._read()
        rate = float(self.model.optimizer.learning_rate)
        reached = self.learner.step(inputs, labels, rate, scale=weight / labels.size, start=start)
        self._write()
        self.loss += weight * reached.loss / labels.shape[1]
        self.right += reached.n_correct
        self.n_sequences += len(labels)
        self.n_labels += labels.size
        return self.logs()

    def _step_of_keras(self, batch: Any) -> Any:
        import tensorflow as tf

        if self.keras_step is None:
            self.keras_step = tf.function(self.model.train_step, reduce_retracing=True)
        return self.keras_step(batch)

    def _read(self) -> None:
        learner, optimizer = self.learner, self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        learner.steps = int(optimizer.iterations)
        learner.parameters.set(extract_weights(self.model))
        for parameters, name in ((learner.momentum, "momentum"), (learner.velocity, "velocity")):
            arrays = (np.array(variable) for variable in _moments(optimizer, name))
            parameters.set(Weights(parameters.cell, *arrays))

    def _write(self) -> None:
        learner, optimizer = self.learner, self.model.optimizer
        optimizer.iterations.assign(learner.steps)
        for parameters, variables in (
            (learner.parameters, weight_variables(self.model)),
            (learner.momentum, _moments(optimizer, "momentum")),
            (learner.velocity, _moments(optimizer, "velocity")),
        ):
            for variable, array in zip(variables, parameters.weights().arrays, strict=True):
                variable.assign(array)


def _rates(adam: Any) -> AdamSettings:
    return AdamSettings(adam.beta_1, adam.beta_2, adam.epsilon)


def _is_plain_adam(optimizer: Any) -> bool:
    """Whether it is Adam with nothing added."""
    config = optimizer.get_config()
    extras = ["weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "amsgrad"]
    extras += ["gradient_accumulation_steps", "loss_scale_factor"]
    return type(optimizer) is keras.optimizers.Adam and not any(map(config.get, extras))


def _moments(adam: Any, name: str) -> list[Any]:
    """Adam's "momentum" or "velocity" of each weight, in the order of the weights."""
    return [variable for variable in adam.variables if variable.name.endswith(f"_{name}")]


def _one_hot_indices(batch: Any) -> tuple[Indices, Indices, tuple[Any, Any]] | None:
    """`inputs, labels (m, Tx)` and the first state `a0, c0`, if that is what the batch holds."""
    x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
    if weights is not None or not isinstance(x, list | tuple) or len(x) != 3:
        return None
    X, a0, c0 = (np.asarray(array) for array in x)
    inputs, labels = _indices(X), _indices(np.asarray(y))
    if inputs is None or labels is None or (labels == PADDING).any():
        return None
    return inputs, labels, (a0, c0)


def _indices(one_hot: NDArray[Any]) -> Indices | None:
    """Where the ones stand, PADDING for a zero vector; None if there is anything else."""
    if one_hot.ndim != 3:
        return None
    filled = np.count_nonzero(one_hot, axis=-1)
    places = one_hot.argmax(axis=-1)
    ones = np.take_along_axis(one_hot, places[..., None], axis=-1)[..., 0]
    if not (filled == ones).all():  # 1 one, or 0 and 0
        return None
    return np.where(filled == 0, PADDING, places).astype(np.int32)


def _one_array(y: Any) -> Any:
    """Labels of each step, `(Tx, m, n_values)` -> `(m, Tx, n_values)`."""
    return np.stack([np.asarray(step) for step in y], axis=1)

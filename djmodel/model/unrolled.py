"""A Keras model with one output per time step that trains as fast as its scan.

Importing this module imports Keras; `djmodel.model.layers` does so when a graph is built.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from djmodel.model.scan import scanning_model
from seqmodel.network.keras_layers import load_keras

keras = load_keras()

_TOLERANCE = 1e-5
_PROBES = 3  # sequences on which the two graphs are compared
_PLAIN_METRICS = ("accuracy", "acc", "categorical_accuracy")  # means over sequences
_FIT_SETTINGS = frozenset({
    "batch_size", "epochs", "verbose", "callbacks", "validation_data", "shuffle", "initial_epoch",
})  # fmt: skip


class UnrolledModel(keras.Model):  # type: ignore[name-defined]
    """A graph with inputs `[X, a0, c0]`, X `(m, Tx, n_values)`, and Tx outputs `(m, n_values)`.

    Keras compiles a loss and a metric for each output; with 30 outputs that is most of the time,
    and a plain `metrics=["accuracy"]` is refused. Where the graph is an LSTM and a softmax
    unrolled, `fit` and `evaluate` use the same layers as a scan instead, with one output `(m, Tx,
    n_values)`. The loss stays the sum over the steps of their mean losses; a metric is over all
    steps. Any other graph is trained as it stands, with the metrics for each output.

    Labels are a list of Tx arrays `(m, n_values)`, or one array `(Tx, m, n_values)`. `save` writes
    a plain Keras model, which loads without this project."""

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, **settings: Any
    ) -> None:
        metrics = [metrics] if isinstance(metrics, str) else metrics
        nested = isinstance(metrics, dict) or any(isinstance(m, list | dict) for m in metrics or ())
        weights = settings.pop("loss_weights", None)
        per_output = nested or isinstance(loss, list | dict) or weights is not None
        scan = None if per_output else as_scan(self)
        self._has_plain_metrics = all(metric in _PLAIN_METRICS for metric in metrics or ())
        # In a tuple, where Keras does not look for layers: they all belong to this graph already.
        self._scan = (lambda: scan,)
        if scan is not None:
            steps = float(len(self.outputs))
            scan.compile(optimizer, loss, metrics=metrics, loss_weights=steps, **settings)
            optimizer, metrics = scan.optimizer, None
        elif metrics and not nested and len(self.outputs) > 1:
            metrics = [list(metrics) for _ in self.outputs]
        if isinstance(weights, list) and not isinstance(loss, list | dict):
            loss = [loss for _ in self.outputs]
        super().compile(optimizer, loss, metrics=metrics, loss_weights=weights, **settings)

    def fit(self, x: Any = None, y: Any = None, **settings: Any) -> Any:
        scan = self._scan_for(y)
        if scan is None:
            return super().fit(x, y, **settings)
        held_out = settings.get("validation_data")
        if held_out is not None:
            settings["validation_data"] = (held_out[0], _stacked(held_out[1]), *held_out[2:])
        simple = isinstance(x, list | tuple) and settings.keys() <= _FIT_SETTINGS
        simple = simple and self._has_plain_metrics
        train = _fit_batches if simple else type(scan).fit
        self.history = train(scan, x, _stacked(y), **settings)
        return self.history

    def evaluate(self, x: Any = None, y: Any = None, **settings: Any) -> Any:
        scan = self._scan_for(y)
        if scan is None:
            return super().evaluate(x, y, **settings)
        return scan.evaluate(x, _stacked(y), **settings)

    def save(self, filepath: Any, **settings: Any) -> None:
        keras.Model(self.inputs, self.outputs, name=self.name).save(filepath, **settings)

    def _scan_for(self, y: Any) -> Any:
        """The scan that trains in place of this graph; None for a dataset of batches."""
        if y is None or not hasattr(self, "_scan"):
            return None
        return self._scan[0]()


def _fit_batches(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None = None,
    epochs: int = 1,
    verbose: Any = "auto",
    callbacks: Any = None,
    validation_data: Any = None,
    shuffle: bool = True,
    initial_epoch: int = 0,
) -> Any:
    """`Model.fit` on arrays, batch by batch: for small batches the datasets that Keras builds take
    twice the time of the training itself. Loss and metrics must be means over sequences. Gives
    Keras' History."""
    arrays = [np.asarray(array) for array in x]
    size, verbose = batch_size or 32, 1 if verbose == "auto" else int(verbose)
    starts = range(0, len(y), size)
    callbacks = keras.callbacks.CallbackList(
        callbacks,
        add_history=True,
        add_progbar=verbose != 0,
        model=model,
        verbose=verbose,
        epochs=epochs,
        steps=len(starts),
    )
    model.stop_training, logs = False, {}
    callbacks.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        sums: dict[str, float] = {}
        callbacks.on_epoch_begin(epoch)
        # NumPy's global numbers, which `keras.utils.set_random_seed` seeds
        order = np.random.permutation(len(y)) if shuffle else np.arange(len(y))  # noqa: NPY002
        for step, start in enumerate(starts):
            rows = order[start : start + size]
            callbacks.on_train_batch_begin(step)
            batch = [array[rows] for array in arrays]
            model.reset_metrics()
            for name, value in model.train_on_batch(batch, y[rows], return_dict=True).items():
                sums[name] = sums.get(name, 0.0) + len(rows) * float(value)
            n_seen = min(start + size, len(y))
            logs = {name: total / n_seen for name, total in sums.items()}
            callbacks.on_train_batch_end(step, logs)
        if validation_data is not None:
            found = model.evaluate(*validation_data, verbose=0, return_dict=True)
            logs |= {f"val_{name}": value for name, value in found.items()}
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callbacks.on_train_end(logs)
    return model.history


def as_scan(model: Any) -> Any:
    """The scan that computes the same as an unrolled graph, on the same layers.

    The graph must have one LSTM and one Dense layer, inputs `[X, a0, c0]` and an output for each
    step of X; the two are then compared on random one-hot sequences. Returns None for any other
    graph."""
    lstm = [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if len(lstm) != 1 or len(dense) != 1 or [len(shape) for shape in shapes] != [3, 2, 2]:
        return None
    Tx, n_values, n_a = *shapes[0][1:], lstm[0].units
    if Tx != len(model.outputs) or n_values != dense[0].units or shapes[1:] != [(None, n_a)] * 2:
        return None
    scan = scanning_model(lstm[0], dense[0])
    rng = np.random.default_rng(0)
    probe = [
        np.eye(n_values, dtype=np.float32)[rng.integers(n_values, size=(_PROBES, Tx))],
        *rng.standard_normal((2, _PROBES, n_a), dtype=np.float32),
    ]
    unrolled = np.stack([np.asarray(output) for output in model(probe)], axis=1)
    same = np.allclose(unrolled, np.asarray(scan(probe)), atol=_TOLERANCE)
    return scan if same else None


def _stacked(y: Any) -> Any:
    """Labels of each step, `(Tx, m, n_values)`, as `(m, Tx, n_values)`."""
    return np.stack([np.asarray(step) for step in y], axis=1)

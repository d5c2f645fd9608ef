"""Windows + a graph -> a trained graph, and what happened on the way."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from seqmodel.backend import load_keras
from seqmodel.backprop import Learner
from seqmodel.files import writing
from seqmodel.layers import arrays_compute, set_weights, weights_in
from seqmodel.network import Weights
from seqmodel.team import one_thread_a_product
from seqmodel.windows import Windows, one_hot

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Schedule:
    """How to train; the defaults are the course's: Adam whose learning rate is divided by
    `1 + decay * step`."""

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 0.01
    decay: float = 0.01
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What an epoch reached: mean cross-entropy of a step in nats, share of steps whose likeliest
    value was the right one, how many seconds the epoch took, and, where it was measured, the mean
    cross-entropy on held-out data with the weights at its end."""

    number: int
    loss: float
    accuracy: float
    seconds: float
    held_out: float | None = None


Progress = Callable[[Epoch], None]
Draw = Callable[[int], Windows]
Measure = Callable[[Weights], float]
Engine = Literal["auto", "arrays", "keras"]


def adam(schedule: Schedule) -> keras.optimizers.Optimizer:
    """The course's optimiser, its decay as a learning-rate schedule."""
    keras = load_keras()
    rate = keras.optimizers.schedules.InverseTimeDecay(
        schedule.learning_rate, decay_steps=1, decay_rate=schedule.decay
    )
    return keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.999)


def fit(
    graph: keras.Model,
    draw: Draw,
    schedule: Schedule,
    progress: Progress | None = None,
    engine: Engine = "auto",
    held_out_loss: Measure | None = None,
) -> list[Epoch]:
    """Trains `graph`, whose inputs are `[X, a0, c0]` and whose outputs are the probabilities of
    each step: one tensor `(m, Tx, n_values)` or a list of Tx tensors `(m, n_values)`.

    `draw(epoch)`, epochs counted from 0, gives the windows of an epoch; equally many each time.
    The engine "arrays" is NumPy, for an LSTM and a softmax; "keras" is the graph itself, on
    whatever device Keras has. Both see the same batches and give the same weights. "auto" takes the
    arrays for a graph with one output where they can do it (see `layers.arrays_compute`).
    `held_out_loss` measures the weights after each epoch.
    """
    batches = _Batches(draw, schedule)
    if engine == "auto":
        engine = "arrays" if len(graph.outputs) == 1 and arrays_compute(graph) else "keras"
    engines = {"arrays": _fit_arrays, "keras": _fit_keras}
    return engines[engine](graph, batches, schedule, progress, held_out_loss)


class _Batches:
    """The windows of each epoch, shuffled, in batches of indices; the same whenever asked for."""

    def __init__(self, draw: Draw, schedule: Schedule) -> None:
        self.draw, self.size, self.seed = draw, schedule.batch_size, schedule.seed

    def epoch(self, number: int) -> list[Windows]:
        drawn = self.draw(number)
        order = np.random.default_rng([self.seed, number]).permutation(len(drawn.inputs))
        parts = [order[first : first + self.size] for first in range(0, len(order), self.size)]
        return [Windows(drawn.inputs[part], drawn.labels[part]) for part in parts]


def _fit_arrays(
    graph: keras.Model,
    batches: _Batches,
    schedule: Schedule,
    progress: Progress | None,
    held_out_loss: Measure | None,
) -> list[Epoch]:
    learner = Learner(weights_in(graph))
    reached = []
    with one_thread_a_product():
        for number in range(schedule.epochs):
            began = time.perf_counter()
            loss, right, n_labels = 0.0, 0, 0
            for inputs, labels in batches.epoch(number):
                rate = schedule.learning_rate / (1 + schedule.decay * learner.steps)
                batch = learner.step(inputs, labels, rate)
                loss, right = loss + batch.loss, right + batch.right
                n_labels += labels.size
            seconds = time.perf_counter() - began
            held_out = held_out_loss(learner.parameters.weights()) if held_out_loss else None
            reached.append(Epoch(number + 1, loss / n_labels, right / n_labels, seconds, held_out))
            if progress:
                progress(reached[-1])
    set_weights(graph, learner.parameters.weights())
    return reached


def _fit_keras(
    graph: keras.Model,
    batches: _Batches,
    schedule: Schedule,
    progress: Progress | None,
    held_out_loss: Measure | None,
) -> list[Epoch]:
    keras = load_keras()
    model = _stacked(graph)
    n_values = model.outputs[0].shape[-1]
    n_a = model.inputs[1].shape[-1]
    n_batches = len(batches.epoch(0))
    epoch = lru_cache(maxsize=2)(batches.epoch)

    class OneHot(keras.utils.PyDataset):  # type: ignore[name-defined]
        """All batches of all epochs, each made when it is asked for, so that a corpus is never
        one-hot as a whole. (Keras begins twice: with a look at the first batches.)"""

        def __len__(self) -> int:
            return n_batches * schedule.epochs

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            inputs, labels = epoch(index // n_batches)[index % n_batches]
            X = one_hot(inputs, n_values)  # (batch, Tx, n_values)
            zeros = np.zeros((len(X), n_a), dtype=np.float32)
            return (X, zeros, zeros), one_hot(labels, n_values)

    reached: list[Epoch] = []

    class Report(keras.callbacks.Callback):  # type: ignore[name-defined]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.perf_counter() - self.began
            loss, accuracy = float(logs["loss"]), float(logs["accuracy"])
            held_out = held_out_loss(weights_in(graph)) if held_out_loss else None
            reached.append(Epoch(epoch + 1, loss, accuracy, seconds, held_out))
            if progress:
                progress(reached[-1])

    # All batches of an epoch in one call of the compiled function.
    model.compile(
        adam(schedule),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=n_batches,
    )
    model.fit(
        OneHot(),
        epochs=schedule.epochs,
        steps_per_epoch=n_batches,
        shuffle=False,
        verbose=0,
        callbacks=[Report()],
    )
    return reached


def write_history(path: str | Path, columns: Mapping[str, Sequence[float]]) -> None:
    """A CSV file, one line an epoch, counted from 1, with the numbers of each column."""
    with writing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", *columns])
        for number, row in enumerate(zip(*columns.values(), strict=True), start=1):
            table.writerow([number, *(f"{value:.6f}" for value in row)])


def _stacked(graph: keras.Model) -> keras.Model:
    """The same graph with one output `(m, Tx, n_values)`: one loss instead of Tx."""
    if len(graph.outputs) == 1:
        return graph
    keras = load_keras()
    return keras.Model(graph.inputs, keras.ops.stack(graph.outputs, axis=1))

"""Windows + a graph -> a trained graph, and what happened on the way."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqmodel.backend import load_keras
from seqmodel.files import writing
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
    value was the right one, and how many seconds the epoch took."""

    number: int
    loss: float
    accuracy: float
    seconds: float


Progress = Callable[[Epoch], None]
Draw = Callable[[int], Windows]


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
) -> list[Epoch]:
    """Trains `graph`, whose inputs are `[X, a0, c0]` and whose outputs are the probabilities of
    each step: one tensor `(m, Tx, n_values)` or a list of Tx tensors `(m, n_values)`.

    `draw(epoch)`, epochs counted from 0, gives the windows of an epoch; equally many each time.
    """
    keras = load_keras()
    model = _stacked(graph)
    n_values = model.outputs[0].shape[-1]
    n_a = model.inputs[1].shape[-1]
    model.compile(adam(schedule), loss="categorical_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(schedule.seed)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.epoch = 0
            self.draw()

        def draw(self) -> None:
            drawn = draw(self.epoch)
            order = rng.permutation(len(drawn.inputs))
            self.windows = Windows(drawn.inputs[order], drawn.labels[order])

        def __len__(self) -> int:
            return -(-len(self.windows.inputs) // schedule.batch_size)

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            part = slice(index * schedule.batch_size, (index + 1) * schedule.batch_size)
            X = one_hot(self.windows.inputs[part], n_values)  # (batch, Tx, n_values)
            zeros = np.zeros((len(X), n_a), dtype=np.float32)
            return (X, zeros, zeros), one_hot(self.windows.labels[part], n_values)

        def on_epoch_end(self) -> None:
            self.epoch += 1
            if self.epoch < schedule.epochs:
                self.draw()

    reached: list[Epoch] = []

    class Report(keras.callbacks.Callback):  # type: ignore[misc, name-defined]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds = time.perf_counter() - self.began
            reached.append(Epoch(epoch + 1, float(logs["loss"]), float(logs["accuracy"]), seconds))
            if progress:
                progress(reached[-1])

    model.fit(Batches(), epochs=schedule.epochs, shuffle=False, verbose=0, callbacks=[Report()])
    return reached


def write_history(path: str | Path, history: Sequence[Epoch]) -> None:
    """A CSV file, one line an epoch."""
    with writing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", "loss", "accuracy", "seconds"])
        for epoch in history:
            table.writerow(
                [epoch.number, f"{epoch.loss:.6f}", f"{epoch.accuracy:.6f}", f"{epoch.seconds:.4f}"]
            )


def _stacked(graph: keras.Model) -> keras.Model:
    """The same graph with one output `(m, Tx, n_values)`: one loss instead of Tx."""
    if len(graph.outputs) == 1:
        return graph
    keras = load_keras()
    return keras.Model(graph.inputs, keras.ops.stack(graph.outputs, axis=1))

"""Windows + a graph -> a trained graph, and what happened on the way."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices, Windows
from seqmodel.errors import Interrupted, TrainingError
from seqmodel.files import atomic_write
from seqmodel.network.keras_layers import extract_weights, set_weights, supported_by_numpy
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import single_threaded_blas
from seqmodel.training import numpy_trainer as backprop
from seqmodel.training.checkpoints import Checkpoint, Checkpoints, EpochMetrics, State
from seqmodel.training.config import TrainerConfig
from seqmodel.training.distributed import is_distributed
from seqmodel.training.keras_trainer import KerasTrainer

if TYPE_CHECKING:
    import keras


class Trainer(Protocol):
    """Weights on their way; `steps` counts the batches so far."""

    steps: int

    def step(self, inputs: Indices, labels: Indices, learning_rate: float) -> backprop.BatchMetrics:
        """Moves the weights by the gradient of the batch's mean cross-entropy."""

    def weights(self) -> Weights:
        """Copies of them as they are."""

    def state(self) -> State:
        """Copies of all that the steps to come depend on."""

    def restore(self, state: State) -> None:
        """Puts back what `state` gave. Raises ValueError for the state of another learner."""


class BatchSource(Protocol):
    """What is learned from, epoch by epoch; it may be drawn, or read from a disk, as it is asked
    for. In a batch a label NOTHING is none; the sequences of a batch are equally long."""

    def __len__(self) -> int:
        """How many batches an epoch has."""

    def epoch(self, number: int) -> Iterable[Windows]:
        """The batches of an epoch, counted from 0; the same ones whenever asked for."""


class InMemoryBatches:
    """The windows of each epoch in memory, in an order that `seed` decides.

    `draw(epoch)`, epochs counted from 0, gives the windows of an epoch; equally many each time.
    """

    def __init__(self, draw: Callable[[int], Windows], batch_size: int, seed: int) -> None:
        self.draw, self.size, self.seed = draw, batch_size, seed
        self._n_windows: int | None = None

    def __len__(self) -> int:
        if self._n_windows is None:
            self._n_windows = len(self.draw(0).inputs)
        return -(-self._n_windows // self.size)

    def epoch(self, number: int) -> Iterable[Windows]:
        inputs, labels = self.draw(number)
        order = np.random.default_rng([self.seed, number]).permutation(len(inputs))
        for first in range(0, len(order), self.size):
            part = order[first : first + self.size]
            yield Windows(inputs[part], labels[part])


Progress = Callable[[EpochMetrics, Trainer], None]
Measure = Callable[[Weights], float]
Engine = Literal["auto", "arrays", "keras"]
# How a training came to its end: all epochs; no better for `patience` epochs; a loss that is no
# number; interrupted from the keyboard.
End = Literal["whole", "patience", "diverged", "interrupted"]


@dataclass(frozen=True)
class FitResult:
    """`kept`: the epoch, counted from 1, whose weights are in the graph; `end`: why it is over."""

    history: tuple[EpochMetrics, ...]
    kept: int
    end: End

    def check(self, model: Path, go_on: str) -> None:
        """For a command that has written what was learned to the file `model`: raises TrainingError
        where the loss went astray, Interrupted where the user did not want to wait; `go_on` is what
        they type to go on."""
        if self.end == "diverged":
            raise TrainingError(
                "a loss that is a finite number",
                f"none in epoch {len(self.history) + 1}",
                path=model,
                hint=f"the model is that of epoch {self.kept}; lower the learning rate",
            )
        if self.end == "interrupted":
            raise Interrupted(f"{model} is that of epoch {self.kept}; go on: {go_on}")


def train_network(
    graph: keras.Model,
    batches: BatchSource,
    trainer: TrainerConfig,
    progress: Progress | None = None,
    *,
    engine: Engine = "auto",
    validation_loss: Measure | None = None,
    checkpoints: Checkpoints | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    feature_table: NDArray[np.float32] | None = None,
) -> FitResult:
    """Trains `graph`, whose first output is the probabilities of each step, `(m, T, n_values)`, or
    whose outputs are those of one step each (see `KerasTrainer` for its inputs).

    The engine "arrays" is NumPy, for a recurrent and a softmax layer as they come; "keras" is the
    graph itself, on whatever device Keras has. Both see the same batches and give the same weights.
    "auto" takes the arrays for a graph with one tensor of probabilities where they can do it (see
    `layers.supported_by_numpy`), and for dropout and `feature_table` (see `backprop.Learner`), which only they
    have. The rest is as in `train`.
    """
    only_arrays = trainer.dropout.any or feature_table is not None
    if engine == "auto":
        one_tensor = len(graph.outputs[0].shape) == 3
        by_arrays = only_arrays or (one_tensor and supported_by_numpy(graph))
        engine = "arrays" if by_arrays else "keras"
        if checkpoints and checkpoints.engine() == "keras":
            engine = "keras"  # several devices or hosts began it
    if only_arrays and is_distributed():
        hint = "choose a preset without them, or leave out --devices and --hosts"
        expected = "a training without dropout and traits on several devices"
        raise TrainingError(expected, "one with them", hint=hint)
    learner: Trainer
    if engine == "arrays":
        rates = backprop.AdamRates(clip=trainer.clip)
        learner = backprop.NumpyTrainer(
            extract_weights(graph),
            rates,
            dropout=trainer.dropout,
            seed=trainer.seed,
            feature_table=feature_table,
            batch_size=trainer.batch_size,
        )
    else:
        learner = KerasTrainer(graph, clip=trainer.clip)
    fit_result = run_epochs(
        learner,
        batches,
        trainer,
        progress,
        validation_loss=validation_loss,
        checkpoints=checkpoints,
        fingerprint={"engine": engine, **(fingerprint or {})},
    )
    set_weights(graph, learner.weights())
    return fit_result


def run_epochs(
    learner: Trainer,
    batches: BatchSource,
    trainer: TrainerConfig,
    progress: Progress | None = None,
    *,
    validation_loss: Measure | None = None,
    checkpoints: Checkpoints | None = None,
    fingerprint: Mapping[str, Any] | None = None,
) -> FitResult:
    """Takes `learner` through the epochs of `trainer`; it ends with the weights that are kept.

    `validation_loss` measures the weights after each epoch. `checkpoints` keeps the state of the
    training on disk, and may hold one to go on from: the weights at the end are those of a training
    that was never interrupted. `fingerprint`, JSON values by name, is all that decides the weights;
    a checkpoint made from something else is refused.

    A loss that is not finite ends the training with the weights of the last epoch that had one.
    Ctrl-C ends it with the weights of the last whole epoch, and writes a checkpoint. Raises
    TrainingError or KeyboardInterrupt if there is no such epoch, CheckpointError and FileError as
    `Checkpoints` does.
    """
    if trainer.patience is not None and validation_loss is None:
        raise TrainingError(
            "held-out data for a patience", "none", hint="hold something out, or leave it out"
        )
    course = _Course(learner, trainer, checkpoints, fingerprint or {})
    # Weights that go astray are found by the loss, which is then no number.
    quietly = np.errstate(over="ignore", invalid="ignore")
    by_arrays = isinstance(learner, backprop.NumpyTrainer)
    with single_threaded_blas() if by_arrays else nullcontext(), quietly:
        end = course.run(batches, progress, validation_loss)
    learner.restore(course.now.best)
    return FitResult(course.now.history, course.now.kept, end)


class _Course:
    """The epochs of a training. `now` is what they have reached, replaced as a whole, so that an
    interruption finds an epoch with all that belongs to it, or without."""

    def __init__(
        self,
        learner: Trainer,
        trainer: TrainerConfig,
        checkpoints: Checkpoints | None,
        fingerprint: Mapping[str, Any],
    ) -> None:
        self.learner, self.trainer = learner, trainer
        self.checkpoints, self.fingerprint = checkpoints, fingerprint
        found = checkpoints.start(fingerprint) if checkpoints else None
        if found and checkpoints:
            try:
                learner.restore(found.last)
            except (KeyError, ValueError) as error:
                raise checkpoints.damaged(str(error)) from error
        state = learner.state()
        self.now = found or Checkpoint((), state, state, kept=0)

    def run(
        self, batches: BatchSource, progress: Progress | None, validation_loss: Measure | None
    ) -> End:
        """Goes through the epochs that are left."""
        try:
            while not (end := self._end()):
                reached = self._epoch(batches, validation_loss)
                state = self.learner.state()
                if not _is_good(reached, state):
                    return self._diverged(reached)
                self._keep(reached, state)
                if progress:
                    progress(reached, self.learner)
                if self.checkpoints and self.checkpoints.due():
                    self.checkpoints.write(self.now, self.fingerprint)
        except KeyboardInterrupt:
            if not self.now.history:
                raise
            if self.checkpoints:
                self.checkpoints.write(self.now, self.fingerprint)
            return "interrupted"
        return end

    def _end(self) -> End | None:
        done, patience = len(self.now.history), self.trainer.patience
        if done >= self.trainer.epochs:
            return "whole"
        without_gain = done - self.now.kept
        return "patience" if patience is not None and without_gain >= max(patience, 1) else None

    def _epoch(self, batches: BatchSource, validation_loss: Measure | None) -> EpochMetrics:
        learner, rate = self.learner, self.trainer.learning_rate_at
        number, steps = len(self.now.history), self.trainer.epochs * len(batches)
        began = time.perf_counter()
        loss, right, n_labels = 0.0, 0, 0
        for inputs, labels in batches.epoch(number):
            batch = learner.step(inputs, labels, rate(learner.steps, steps))
            loss, right, n_labels = loss + batch.loss, right + batch.right, n_labels + batch.labels
            if not math.isfinite(loss):
                break
        seconds = time.perf_counter() - began
        held_out = validation_loss(learner.weights()) if validation_loss else None
        return EpochMetrics(number + 1, loss / n_labels, right / n_labels, seconds, held_out)

    def _keep(self, reached: EpochMetrics, state: State) -> None:
        now = self.now
        history = (*now.history, reached)
        if self.trainer.patience is None or _is_better(reached, now):
            self.now = Checkpoint(history, last=state, best=state, kept=reached.number)
        else:
            self.now = Checkpoint(history, last=state, best=now.best, kept=now.kept)

    def _diverged(self, reached: EpochMetrics) -> End:
        if not self.now.history:
            raise TrainingError(
                "a loss that is a finite number",
                f"{reached.loss} in the first epoch",
                hint="lower the learning rate",
            )
        return "diverged"


def _is_good(reached: EpochMetrics, state: State) -> bool:
    """Whether all numbers are finite."""
    held_out = 0.0 if reached.held_out is None else reached.held_out
    losses = math.isfinite(reached.loss) and math.isfinite(held_out)
    return losses and all(np.isfinite(array).all() for array in state.values())


def _is_better(reached: EpochMetrics, before: Checkpoint) -> bool:
    if before.kept == 0:
        return True
    best = before.history[before.kept - 1].held_out
    return best is not None and reached.held_out is not None and reached.held_out < best


def write_history(path: str | Path, columns: Mapping[str, Sequence[float]]) -> None:
    """A CSV file, one line an epoch, counted from 1, with the numbers of each column."""
    with atomic_write(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", *columns])
        for number, row in enumerate(zip(*columns.values(), strict=True), start=1):
            table.writerow([number, *(f"{value:.6f}" for value in row)])

"""The training loop: epochs, early stopping, checkpoints, and the choice of a trainer."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CheckpointError, InterruptedTraining, TrainingError
from seqmodel.files import atomic_write
from seqmodel.interrupts import uninterrupted
from seqmodel.network.candidates import CandidateViews
from seqmodel.network.keras_layers import extract_weights, set_weights, supported_by_numpy
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import cpu_count
from seqmodel.training.batches import BatchSource
from seqmodel.training.checkpoints import Checkpoint, Checkpoints, corrupted
from seqmodel.training.config import TrainerConfig
from seqmodel.training.distributed import is_distributed
from seqmodel.training.keras_trainer import KerasTrainer
from seqmodel.training.trainer import EpochMetrics, State, Trainer

try:
    from seqmodel.training.numpy_trainer import NumpyTrainer

    HAS_NUMPY_TRAINER = True
except ModuleNotFoundError:  # an accelerator: Keras trains to the same weights, more slowly
    HAS_NUMPY_TRAINER = False

if TYPE_CHECKING:
    import keras

Progress = Callable[[EpochMetrics, Trainer], None]
ValidationLoss = Callable[[Weights], float]
Engine = Literal["auto", "numpy", "keras"]
StopReason = Literal["completed", "early_stopping", "diverged", "interrupted"]


@dataclass(frozen=True)
class FitResult:
    """`best_epoch`: the epoch, counted from 1, whose weights the graph has."""

    history: tuple[EpochMetrics, ...]
    best_epoch: int
    stop_reason: StopReason

    def check(self, model: Path) -> None:
        """For a command that has written the model file `model`: raises TrainingError if training
        diverged, InterruptedTraining if the user ended it."""
        if self.stop_reason == "diverged":
            raise TrainingError(
                f"training diverged in epoch {len(self.history) + 1}, and the model is that of"
                f" epoch {self.best_epoch}",
                path=model,
                hint="lower the learning rate",
            )
        if self.stop_reason == "interrupted":
            raise InterruptedTraining(f"{model} is the model of epoch {self.best_epoch}")


def train_network(
    graph: keras.Model,
    batches: BatchSource,
    config: TrainerConfig,
    progress: Progress | None = None,
    *,
    engine: Engine = "auto",
    validation_loss: ValidationLoss | None = None,
    checkpoints: Checkpoints | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    feature_table: NDArray[np.float32] | None = None,
    views: CandidateViews | None = None,
) -> FitResult:
    """Trains `graph` (see `KerasTrainer` for its inputs and outputs) and leaves the weights of the
    best epoch in it.

    The engine "keras" trains the graph itself, on any device of Keras; "numpy" computes the same
    in NumPy, for one recurrent and one softmax layer with Keras' defaults. Both give the same
    weights. "auto" chooses NumPy where it can (see `supported_by_numpy`); dropout and a
    `feature_table` (see `NumpyTrainer`) need it. `views`: those of `graph`. Other
    arguments and errors as in `run_epochs`.
    """
    needs_numpy = config.dropout.any or feature_table is not None
    if engine == "auto":
        engine = _choose_engine(graph, needs_numpy, checkpoints)
    trainer: Trainer
    if engine == "keras":
        if needs_numpy:
            message = "Keras trains without dropout and tied features"
            raise TrainingError(message, hint="choose another preset")
        trainer = KerasTrainer(graph, config.clip, views)
    else:
        trainer = _numpy_trainer(extract_weights(graph, views), config, feature_table)
    result = run_epochs(
        trainer,
        batches,
        config,
        progress,
        validation_loss=validation_loss,
        checkpoints=checkpoints,
        fingerprint={"engine": engine, **(fingerprint or {})},
    )
    set_weights(graph, trainer.weights())
    return result


def train_weights(
    weights: Weights,
    batches: BatchSource,
    config: TrainerConfig,
    progress: Progress | None = None,
    *,
    validation_loss: ValidationLoss | None = None,
    checkpoints: Checkpoints | None = None,
    fingerprint: Mapping[str, Any] | None = None,
    free_cores: Callable[[], int] = cpu_count,
) -> tuple[FitResult, Weights]:
    """Trains as `train_network` does with the engine "numpy", but without Keras, and returns the
    weights of the best epoch. `free_cores` gives the number of cores to train on, which may
    grow."""
    trainer = _numpy_trainer(weights, config, n_processes=free_cores)
    result = run_epochs(
        trainer,
        batches,
        config,
        progress,
        validation_loss=validation_loss,
        checkpoints=checkpoints,
        fingerprint={"engine": "numpy", **(fingerprint or {})},
    )
    return result, trainer.weights()


def _numpy_trainer(
    weights: Weights,
    config: TrainerConfig,
    feature_table: NDArray[np.float32] | None = None,
    n_processes: Callable[[], int] = cpu_count,
) -> Trainer:
    return NumpyTrainer(
        weights,
        config.clip,
        n_processes,
        dropout=config.dropout,
        seed=config.seed,
        feature_table=feature_table,
        batch_size=config.batch_size,
    )


def _choose_engine(
    graph: keras.Model, needs_numpy: bool, checkpoints: Checkpoints | None
) -> Literal["numpy", "keras"]:
    if needs_numpy and is_distributed():
        raise TrainingError(
            "dropout and tied features are trained on one device only",
            hint="choose a preset without them, or train on one device",
        )
    if not HAS_NUMPY_TRAINER or (checkpoints and checkpoints.engine() == "keras"):
        return "keras"
    has_one_output = len(graph.outputs[0].shape) == 3
    return "numpy" if needs_numpy or (has_one_output and supported_by_numpy(graph)) else "keras"


def run_epochs(
    trainer: Trainer,
    batches: BatchSource,
    config: TrainerConfig,
    progress: Progress | None = None,
    *,
    validation_loss: ValidationLoss | None = None,
    checkpoints: Checkpoints | None = None,
    fingerprint: Mapping[str, Any] | None = None,
) -> FitResult:
    """Trains for the epochs of `config` and leaves the weights of the best epoch in `trainer`.

    `validation_loss` is measured after each epoch. `checkpoints` saves the training's state, and
    may hold one to resume: a resumed training ends with the same weights, bit for bit.
    `fingerprint`, JSON values by name, is all that decides the weights; a checkpoint with another
    fingerprint is refused.

    A loss that is not finite ends training with the weights of the last epoch before; so does
    Ctrl-C, which also writes a checkpoint. Raises TrainingError or KeyboardInterrupt if there is no
    such epoch, CheckpointError and FileError as `Checkpoints` does.
    """
    if config.patience is not None and validation_loss is None:
        raise TrainingError(
            "early stopping needs validation data", hint="hold data out, or set no patience"
        )
    loop = _TrainingLoop(trainer, config, checkpoints, fingerprint or {})
    # Weights that overflow are noticed by the loss, which is not finite then.
    with np.errstate(over="ignore", invalid="ignore"):
        stop_reason = loop.run(batches, progress, validation_loss)
    trainer.restore(loop.reached.best)
    return FitResult(loop.reached.history, loop.reached.best_epoch, stop_reason)


class _TrainingLoop:
    """The epochs of a training. `reached` is replaced as a whole after each epoch, so that an
    interruption never finds half of one."""

    def __init__(
        self,
        trainer: Trainer,
        config: TrainerConfig,
        checkpoints: Checkpoints | None,
        fingerprint: Mapping[str, Any],
    ) -> None:
        self.trainer, self.config = trainer, config
        self.checkpoints, self.fingerprint = checkpoints, fingerprint
        saved = checkpoints.start(fingerprint) if checkpoints else None
        if saved and checkpoints:
            try:
                trainer.restore(saved.best)  # so that it can be restored at the end, too
                trainer.restore(saved.last)
            except (KeyError, ValueError) as error:
                raise corrupted(checkpoints.path, str(error)) from error
            if len(saved.history) > config.epochs:
                raise CheckpointError(
                    f"the training has {len(saved.history)} epochs already, and"
                    f" {config.epochs} are asked for",
                    path=checkpoints.folder,
                    hint="ask for more, or train in another folder",
                )
        state = trainer.state()
        self.reached = saved or Checkpoint((), state, state, best_epoch=0)

    def run(
        self,
        batches: BatchSource,
        progress: Progress | None,
        validation_loss: ValidationLoss | None,
    ) -> StopReason:
        """Trains the remaining epochs."""
        try:
            while not (stop_reason := self._stop_reason()):
                metrics = self._epoch(batches, validation_loss)
                state = self.trainer.state()
                if not _is_finite(metrics, state):
                    if self.reached.history:
                        return "diverged"
                    raise TrainingError(
                        f"training diverged in the first epoch, with a loss of {metrics.loss}",
                        hint="lower the learning rate",
                    )
                best, best_epoch = self.reached.best, self.reached.best_epoch
                if self.config.patience is None or _is_better(metrics, self.reached):
                    best, best_epoch = state, metrics.number
                history = (*self.reached.history, metrics)
                self.reached = Checkpoint(history, state, best, best_epoch)
                if progress:
                    progress(metrics, self.trainer)
                if self.checkpoints and self.checkpoints.due():
                    self.checkpoints.write(self.reached, self.fingerprint)
        except KeyboardInterrupt:
            if not self.reached.history:
                raise
            if self.checkpoints:
                with uninterrupted():
                    self.checkpoints.write(self.reached, self.fingerprint)
            return "interrupted"
        if self.checkpoints and self.config.extendable:
            self.checkpoints.write(self.reached, self.fingerprint)
        return stop_reason

    def _stop_reason(self) -> StopReason | None:
        done, patience = len(self.reached.history), self.config.patience
        if done >= self.config.epochs:
            return "completed"
        if patience is not None and done - self.reached.best_epoch >= max(patience, 1):
            return "early_stopping"
        return None

    def _epoch(self, batches: BatchSource, validation_loss: ValidationLoss | None) -> EpochMetrics:
        trainer, learning_rate_at = self.trainer, self.config.learning_rate_at
        epoch, n_steps = len(self.reached.history), self.config.epochs * len(batches)
        began = time.perf_counter()
        loss, n_correct, n_labels = 0.0, 0, 0
        for inputs, labels in batches.epoch(epoch):
            batch = trainer.step(inputs, labels, learning_rate_at(trainer.steps, n_steps))
            loss += batch.loss
            n_correct += batch.n_correct
            n_labels += batch.n_labels
            if not math.isfinite(loss):
                break
        seconds = time.perf_counter() - began
        validation = validation_loss(trainer.weights()) if validation_loss else None
        return EpochMetrics(epoch + 1, loss / n_labels, n_correct / n_labels, seconds, validation)


def _is_finite(metrics: EpochMetrics, state: State) -> bool:
    losses = (metrics.loss, metrics.validation_loss or 0.0)
    return all(map(math.isfinite, losses)) and all(np.isfinite(a).all() for a in state.values())


def _is_better(metrics: EpochMetrics, before: Checkpoint) -> bool:
    if before.best_epoch == 0:
        return True
    best, new = before.history[before.best_epoch - 1].validation_loss, metrics.validation_loss
    return best is not None and new is not None and new < best


def write_history(path: str | Path, columns: Mapping[str, Sequence[float]]) -> None:
    """Writes a CSV file with a row for each epoch, counted from 1, and these columns."""
    with atomic_write(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", *columns])
        for number, row in enumerate(zip(*columns.values(), strict=True), start=1):
            table.writerow([number, *(f"{value:.6f}" for value in row)])

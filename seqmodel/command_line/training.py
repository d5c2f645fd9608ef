"""Steps that `djmodel.train` and `dinos.train` share: lock and checkpoints in the output folder,
progress, and the files that a training writes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from seqmodel.command_line.runner import Progress
from seqmodel.errors import Interrupted
from seqmodel.settings import SettingError
from seqmodel.training.config import CheckpointConfig
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from rich.console import Console

    from seqmodel.training.checkpoints import Checkpoints
    from seqmodel.training.loop import FitResult

MODEL, HISTORY, LOSS = "model.keras", "history.csv", "loss.png"


def prepare_folder(folder: Path, config: CheckpointConfig) -> None:
    """Makes the output folder. Raises FileError if it cannot be written, SettingError if training
    would replace the model of an earlier training that it does not resume."""
    from seqmodel.files import writable_folder
    from seqmodel.training.checkpoints import NAME
    from seqmodel.training.distributed import is_coordinator

    writable_folder(folder)
    model, unfinished = folder / MODEL, (folder / NAME).exists()
    if config.overwrite or not model.exists() or not is_coordinator():
        return
    if not unfinished:
        problem = "finished, so there is nothing to resume" if config.resume else "there already"
        hint = "train in another folder, or overwrite it"
        raise SettingError(f"the model {model} is {problem}", "overwrite", hint=hint)
    if not config.resume:
        problem = f"the training of {model} was interrupted"
        raise SettingError(problem, "resume", "overwrite", hint="resume it, or start it anew")


class Trained(Protocol):
    """The result of a training."""

    @property
    def fit_result(self) -> FitResult: ...

    @property
    def model(self) -> Any: ...

    def save(self, path: Path) -> None: ...


Result = TypeVar("Result", bound=Trained)
Report = Callable[[EpochMetrics], None]


def train_in(
    folder: Path,
    fit: Callable[[Report, Checkpoints], Result],
    *,
    config: CheckpointConfig,
    n_epochs: int,
    console: Console,
    unit: str = "value",
    finish: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Trains in `folder`, writes MODEL, HISTORY and LOSS there, then calls `finish`.

    `fit` trains and calls its first argument after each epoch. On several hosts only the
    coordinator writes. Raises TrainingError if training diverged and Interrupted if the user ended
    it; the model trained so far is written first.
    """
    from seqmodel.plots import loss_curve
    from seqmodel.training.distributed import is_coordinator, training_on_all
    from seqmodel.training.loop import write_history

    def report(epoch: EpochMetrics) -> None:
        show(epoch.number, n_epochs, _metrics(epoch))

    with training_on_all(folder, resume=config.resume, seconds=config.seconds) as checkpoints:
        if checkpoints.resume_note:
            console.print(checkpoints.resume_note, soft_wrap=True)
        try:
            with Progress(console, "training", "epoch", every=10) as show:
                result = fit(report, checkpoints)
        except KeyboardInterrupt:
            message = "no epoch is complete, and no model is written"
            raise Interrupted(message) from None
        if not is_coordinator():
            return result
        checkpoints.check_folder()
        result.save(folder / MODEL)
        rows = [_metrics(epoch) | {"seconds": epoch.seconds} for epoch in result.fit_result.history]
        history = {name: [row[name] for row in rows] for name in rows[-1]}
        write_history(folder / HISTORY, history)
        result.fit_result.check(folder / MODEL)
        curves = {"training": history["loss"], "held out": history.get("held_out_loss", [])}
        chance = math.log(result.model.vocabulary.size)
        picture = loss_curve(curves, unit=f"cross-entropy in nats per {unit}", chance=chance)
        picture.save(folder / LOSS)
        finish(result)
        checkpoints.remove()
    return result


def _metrics(epoch: EpochMetrics) -> dict[str, float]:
    """The results of an epoch, keyed by the column names of HISTORY."""
    metrics = {"loss": epoch.loss, "accuracy": epoch.accuracy}
    if epoch.validation_loss is None:
        return metrics
    return metrics | {"held_out_loss": epoch.validation_loss}

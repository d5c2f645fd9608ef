"""Steps that `djmodel train` and `dinos train` share: lock and checkpoints in the output folder,
progress, and the files that a training writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from seqmodel.command_line.runner import Progress
from seqmodel.errors import Interrupted, InterruptedTraining
from seqmodel.files import MODEL_FILE
from seqmodel.interrupts import uninterrupted
from seqmodel.settings import SettingError
from seqmodel.text import pluralize
from seqmodel.training.config import CheckpointConfig
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from rich.console import Console

    from seqmodel.training.checkpoints import Checkpoints
    from seqmodel.training.loop import FitResult

MODEL, HISTORY, LOSS = MODEL_FILE, "history.csv", "loss.png"


def prepare_folder(folder: Path, config: CheckpointConfig, outputs: Sequence[str]) -> None:
    """Checks the output folder before the work begins. Raises FileError if it cannot be written,
    SettingError if training would replace one of the `outputs` of an earlier training, or discard
    its checkpoint."""
    from seqmodel.files import writable_folder
    from seqmodel.training.checkpoints import NAME
    from seqmodel.training.distributed import is_coordinator

    writable_folder(folder)
    if config.overwrite or config.resume or not is_coordinator():
        return
    if (folder / NAME).exists():
        problem = f"the training in {folder} was interrupted"
        raise SettingError(problem, "resume", "overwrite", hint="resume it, or start it anew")
    there = next((name for name in outputs if (folder / name).exists()), None)
    if there:
        problem = f"{folder / there} is there already"
        raise SettingError(problem, "overwrite", hint="train in another folder, or overwrite it")


def finished_note(
    folder: Path,
    config: CheckpointConfig,
    n_epochs: int,
    *,
    extendable: bool = False,
    patience: int | None = None,
) -> str:
    """A note that the training to resume is finished, so that nothing is left to do; "" where there
    is. Raises SettingError for a finished training that cannot be continued to `n_epochs`."""
    from seqmodel.training.checkpoints import FINISHED, NAME
    from seqmodel.training.distributed import is_coordinator

    model = folder / MODEL
    if not config.resume or not is_coordinator() or (folder / NAME).exists() or not model.exists():
        return ""
    done = _epochs_in(folder / HISTORY)
    finished = f"the training of {model} is finished, after {pluralize(done, 'epoch')}"
    if n_epochs <= done or patience is not None:
        return f"{finished}; nothing is left to resume"
    if extendable and (folder / FINISHED).exists():
        return ""
    raise SettingError(
        f"{finished}, and cannot be continued to {n_epochs}, because its learning rate falls"
        " to 0 over the epochs that it was asked for",
        "epochs",
        "overwrite",
        hint="train that many anew, in another folder or in place of this model",
    )


def _epochs_in(history: Path) -> int:
    """The number of epochs in a file that `write_history` wrote; 0 if it is missing."""
    try:
        return max(len(history.read_text(encoding="utf-8").splitlines()) - 1, 0)
    except (OSError, UnicodeDecodeError):
        return 0


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
    extendable: bool = False,
    console: Console,
    unit: str = "value",
    finish: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Trains in `folder`, writes MODEL, HISTORY and LOSS there, then calls `finish`.

    `fit` trains and calls its first argument after each epoch. `extendable`: more epochs can
    continue the training later (see `TrainerConfig`). On several hosts only the coordinator writes.
    Ctrl-C does not cut off the writing. Raises TrainingError if training diverged and Interrupted
    if the user ended it; the model trained so far is written first.
    """
    from seqmodel.extras import load_matplotlib
    from seqmodel.plots import loss_curve
    from seqmodel.training.distributed import is_coordinator, training_on_all
    from seqmodel.training.loop import write_history

    def report(epoch: EpochMetrics) -> None:
        show(epoch.number, n_epochs, _metrics(epoch))

    load_matplotlib()  # for the loss curve: what does not start is better known before the training
    with training_on_all(folder, resume=config.resume, seconds=config.seconds) as checkpoints:
        if checkpoints.resume_note:
            console.print(checkpoints.resume_note, soft_wrap=True)
        try:
            with Progress(console, "training", "epoch", every=10) as show:
                result = fit(report, checkpoints)
        except KeyboardInterrupt:
            if checkpoints.path.exists():
                raise InterruptedTraining(f"{checkpoints.path} has the epochs so far") from None
            message = "no epoch is complete, and no model is written"
            raise Interrupted(message) from None
        if not is_coordinator():
            return result
        with uninterrupted():
            checkpoints.check_folder()
            result.save(folder / MODEL)
            rows = [_metrics(row) | {"seconds": row.seconds} for row in result.fit_result.history]
            history = {name: [row[name] for row in rows] for name in rows[-1]}
            write_history(folder / HISTORY, history)
            result.fit_result.check(folder / MODEL)
            curves = {"training": history["loss"], "held out": history.get("held_out_loss", [])}
            chance = math.log(result.model.vocabulary.size)
            picture = loss_curve(curves, unit=f"cross-entropy in nats per {unit}", chance=chance)
            picture.save(folder / LOSS)
            finish(result)
            checkpoints.finish(keep=extendable)
    return result


def _metrics(epoch: EpochMetrics) -> dict[str, float]:
    """The results of an epoch, keyed by the column names of HISTORY."""
    metrics = {"loss": epoch.loss, "accuracy": epoch.accuracy}
    if epoch.validation_loss is None:
        return metrics
    return metrics | {"held_out_loss": epoch.validation_loss}

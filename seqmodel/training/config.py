"""Settings of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from seqmodel.settings import Setting, SettingError, check_settings
from seqmodel.training.schedule import SCHEDULES

_PANEL = "Training"
_DISTRIBUTED = "Several devices or hosts"
AUTO = "auto"


@dataclass(frozen=True)
class Dropout:
    """Dropout rates of a network's weights, drawn anew for each batch; the remaining weights are
    scaled up, so that sums keep their size.

    `input`: of the input values (Gal and Ghahramani, *A theoretically grounded application of
    dropout in recurrent neural networks*, 2016); `recurrent`: of single weights between the units
    of one step and the next (weight drop: Merity, Keskar and Socher, *Regularizing and optimizing
    LSTM language models*, 2018); `output`: of the units that the softmax layer reads.

    `step` is not of weights: it is the rate of the units that the softmax layer reads, drawn for
    each step of each sequence (Srivastava et al., *Dropout*, 2014).
    """

    input: float = 0.0
    recurrent: float = 0.0
    output: float = 0.0
    step: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.of_weights or self.step)

    @property
    def of_weights(self) -> bool:
        return bool(self.input or self.recurrent or self.output)


@dataclass(frozen=True)
class CheckpointConfig:
    """Checkpoints in the folder of a training: `seconds` between two of them, 0 for one per epoch;
    `overwrite` allows replacing the model of an earlier training there. Raises SettingError for a
    setting outside its bounds, and for a training that is both resumed and started anew."""

    resume: Annotated[
        bool,
        Setting(
            "Continue the training in the output folder where it was interrupted. One that is "
            "finished continues to a larger --epochs, if its learning rate does not depend on them "
            "(as in the course).",
            panel=_PANEL,
        ),
    ] = False
    seconds: Annotated[
        float,
        Setting(
            "Seconds between checkpoints; 0: one per epoch.",
            panel=_PANEL,
            option="checkpoint",
            minimum=0,
            metavar="SECONDS",
        ),
    ] = 10.0
    overwrite: Annotated[
        bool, Setting("Replace the model of an earlier training in the folder.", panel=_PANEL)
    ] = False

    def __post_init__(self) -> None:
        check_settings(self)
        if self.resume and self.overwrite:
            problem = "a training is resumed, or started anew"
            raise SettingError(problem, "resume", "overwrite", hint="leave one out")


@dataclass(frozen=True)
class TrainerConfig:
    """Settings of a trainer; the defaults are the course's: Adam, with a learning rate divided by
    `1 + decay * step`. With `lr_schedule` "cosine" it falls to 0 along half a cosine.

    `clip`: each gradient is clipped to -clip..clip. `patience`: training ends when the validation
    loss has not improved for this many epochs, and the weights of the best epoch are kept; None:
    all epochs, and the weights of the last. Raises SettingError for a setting outside its bounds.
    """

    epochs: Annotated[
        int, Setting("Passes over the windows.", panel=_PANEL, minimum=1, maximum=1_000_000)
    ] = 100
    batch_size: Annotated[
        int, Setting("Windows per step.", panel=_PANEL, minimum=1, maximum=10_000_000)
    ] = 32
    learning_rate: Annotated[
        float, Setting("Learning rate of the first step.", panel=_PANEL, minimum=0, maximum=10)
    ] = 0.01
    decay: float = 0.01
    seed: Annotated[
        int,
        Setting(
            "Seed of the random numbers; the same seed gives the same result.",
            panel=_PANEL,
            minimum=0,
        ),
    ] = 0
    lr_schedule: Annotated[
        Literal["inverse_time", "cosine"],
        Setting("Learning rate schedule.", choices=tuple(SCHEDULES), hidden=True),
    ] = "inverse_time"
    clip: float | None = None
    patience: Annotated[
        int | None,
        Setting(
            "Stop when the held-out loss has not improved for N epochs, and keep the weights "
            "of the best epoch.",
            panel=_PANEL,
            minimum=1,
            metavar="N",
            default="run all epochs",
        ),
    ] = None
    dropout: Dropout = Dropout()

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def extendable(self) -> bool:
        """True if the first epochs are the same however many follow, so that more of them continue
        a finished training: its learning rate does not depend on their number."""
        return self.lr_schedule == "inverse_time"

    def learning_rate_at(self, step: int, n_steps: int) -> float:
        """The learning rate of a step, counted from 0, of `n_steps`."""
        schedule = SCHEDULES[self.lr_schedule]
        return schedule(self.learning_rate, self.decay, step, n_steps)


@dataclass(frozen=True)
class DeviceConfig:
    """The devices that train, by Keras on JAX; by default one, with any backend of Keras.

    `devices`: those of each host (None: all that it has). `hosts`: the addresses `host:port` of all
    hosts, separated by commas, or AUTO for what a launcher that JAX knows (Slurm, Open MPI,
    Kubernetes) has set. `rank`: the place of this host in them, from 0.

    Raises SettingError for settings that do not fit together.
    """

    devices: Annotated[
        int | None,
        Setting(
            "Train on N devices of this host.", _DISTRIBUTED, minimum=1, metavar="N", default="one"
        ),
    ] = None
    hosts: Annotated[
        str | None,
        Setting(
            "Train on several hosts: run the same command on each, with the addresses of all, "
            "such as a.net:4000,b.net:4000; auto: take them from Slurm or MPI.",
            _DISTRIBUTED,
            metavar="ADDRESS,...",
        ),
    ] = None
    rank: Annotated[
        int | None,
        Setting("Number of this host in the list of hosts, from 0.", _DISTRIBUTED, minimum=0),
    ] = None

    def __post_init__(self) -> None:
        check_settings(self)
        if self.rank is not None and not self.hosts:
            raise SettingError("a rank needs the addresses of all hosts", "rank", "hosts")
        if not self.hosts or self.hosts == AUTO:
            return
        n = len(self.addresses)
        if n < 2 or not all(map(_is_address, self.addresses)):
            message = f"hosts must be two addresses or more, not '{self.hosts}'"
            raise SettingError(message, "hosts", hint="write them as a.net:4000,b.net:4000")
        if self.rank is None or self.rank >= n:
            found = "missing" if self.rank is None else f"{self.rank}"
            raise SettingError(f"rank must be from 0 to {n - 1}, but is {found}", "rank")

    @property
    def addresses(self) -> list[str]:
        """The address of each host; none with AUTO."""
        if self.hosts in (None, AUTO):
            return []
        return [address for address in self.hosts.replace(" ", "").split(",") if address]


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal()

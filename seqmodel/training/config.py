"""Settings of a training run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from seqmodel.settings import Setting, check_settings

_PANEL = "Training"


@dataclass(frozen=True)
class Dropout:
    """Dropout rates of a network's weights, drawn anew for each batch; the remaining weights are
    scaled up, so that sums keep their size.

    `input`: of the input values (Gal and Ghahramani, *A theoretically grounded application of
    dropout in recurrent neural networks*, 2016); `recurrent`: of single weights between the units
    of one step and the next (weight drop: Merity, Keskar and Socher, *Regularizing and optimizing
    LSTM language models*, 2018); `output`: of the units that the softmax layer reads.
    """

    input: float = 0.0
    recurrent: float = 0.0
    output: float = 0.0

    @property
    def any(self) -> bool:
        return bool(self.input or self.recurrent or self.output)


@dataclass(frozen=True)
class TrainerConfig:
    """Settings of a trainer; the defaults are the course's: Adam, with a learning rate that is divided
    by `1 + decay * step`. With `lr_schedule` "cosine" it falls to 0 along half a cosine.

    `clip`: each gradient is clipped to -clip..clip. `patience`: training ends when the validation
    loss has not improved for this many epochs, and the weights of the best epoch are kept; None:
    all epochs, and the weights of the last. Raises SettingError for a setting outside its bounds.
    """

    epochs: Annotated[int, Setting("Passes over the windows.", panel=_PANEL, minimum=1)] = 100
    batch_size: Annotated[int, Setting("Windows per step.", panel=_PANEL, minimum=1)] = 32
    learning_rate: Annotated[
        float, Setting("Learning rate of the first step.", panel=_PANEL, minimum=0, maximum=10)
    ] = 0.01
    decay: float = 0.01
    seed: Annotated[
        int, Setting("Any number; equal seeds give equal results.", panel=_PANEL, minimum=0)
    ] = 0
    lr_schedule: Annotated[
        Literal["inverse_time", "cosine"],
        Setting("Learning rate schedule.", panel=_PANEL, choices=("inverse_time", "cosine")),
    ] = "inverse_time"
    clip: float | None = None
    patience: Annotated[
        int | None,
        Setting(
            "Stop when the held-out loss has not improved for N epochs, and keep the best.",
            panel=_PANEL,
            minimum=1,
            metavar="N",
        ),
    ] = None
    dropout: Dropout = Dropout()

    def __post_init__(self) -> None:
        check_settings(self)

    def learning_rate_at(self, step: int, n_steps: int) -> float:
        """The learning rate of a step, counted from 0, of `n_steps`."""
        if self.lr_schedule == "cosine":
            return self.learning_rate * (1 + math.cos(math.pi * step / n_steps)) / 2
        return self.learning_rate / (1 + self.decay * step)

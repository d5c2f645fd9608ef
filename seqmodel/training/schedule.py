"""Learning-rate schedules: the rate of a step, counted from 0, of `n_steps`."""

from __future__ import annotations

import math
from collections.abc import Callable


def inverse_time(rate: float, decay: float, step: int, n_steps: int) -> float:  # noqa: ARG001
    """`rate / (1 + decay * step)`, as in the course."""
    return rate / (1 + decay * step)


def cosine(rate: float, decay: float, step: int, n_steps: int) -> float:  # noqa: ARG001
    """Half a cosine, from `rate` to 0."""
    return rate * (1 + math.cos(math.pi * step / n_steps)) / 2


SCHEDULES: dict[str, Callable[[float, float, int, int], float]] = {
    "inverse_time": inverse_time,
    "cosine": cosine,
}

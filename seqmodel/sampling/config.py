"""Settings of the sampler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from seqmodel.settings import Setting, SettingError, check_settings

_PANEL = "Sampling"


@dataclass(frozen=True)
class SamplingConfig:
    """Settings for drawing a symbol from the model's probabilities.

    The logits are divided by `temperature`; then only the `top_k` most likely symbols stay (all, if
    there are fewer), and of those the fewest whose probabilities add up to `top_p`. `greedy` takes
    the most likely symbol and excludes the other settings.

    Raises SettingError for a setting outside its bounds and for settings that exclude each other.
    """

    temperature: Annotated[
        float, Setting("Randomness: below 1 is safer, above 1 is wilder.", panel=_PANEL, above=0)
    ] = 1.0
    top_k: Annotated[
        int | None,
        Setting(
            "Draw only from the K most likely choices.",
            panel=_PANEL,
            minimum=1,
            metavar="K",
            default="all",
        ),
    ] = None
    top_p: Annotated[
        float | None,
        Setting(
            "Draw only from the most likely choices, which together have probability P.",
            panel=_PANEL,
            above=0,
            maximum=1,
            metavar="P",
            default="all",
        ),
    ] = None
    greedy: Annotated[bool, Setting("Always take the most likely choice.", panel=_PANEL)] = False

    def __post_init__(self) -> None:
        check_settings(self)
        others = {"temperature": self.temperature != 1, "top_k": self.top_k, "top_p": self.top_p}
        given = [name for name, value in others.items() if value]
        if self.greedy and given:
            names = " and no ".join(name.replace("_", " ") for name in given)
            message = f"greedy sampling has no {names}"
            raise SettingError(message, "greedy", *given, hint="leave one out")

    @property
    def scale(self) -> float:
        """1 / temperature, the factor for the logits, within bounds that keep them finite."""
        return min(max(1 / self.temperature, 1e-30), 1e30)

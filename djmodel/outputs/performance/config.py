"""Settings of a performance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from seqmodel.settings import Setting, SettingError, check_settings

MAX_RATIO = 4.0  # of swung eighths; beyond it the second is no longer an eighth
STRAIGHT = "straight"
_PANEL = "Performance"

SoundFont = Annotated[
    Path | None,
    Setting(
        "SoundFont (.sf2, .sf3) for the sound.", "Output", metavar="FILE", default="General MIDI"
    ),
]


@dataclass(frozen=True)
class PerformanceConfig:
    """Settings of the way in which a tune is played; its score stays as it is.

    Raises SettingError for a setting outside its bounds.
    """

    feel: Annotated[
        Literal["swing", "latin", "funk", "ballad"] | None,
        Setting(
            "Feel: swing, latin, funk or ballad.",
            _PANEL,
            choices=("swing", "latin", "funk", "ballad"),
            default="that of the tune or style",
        ),
    ] = None
    swing: Annotated[
        str | None,
        Setting(
            "Swing: the ratio of two swung eighths, such as 1.5, or straight.",
            _PANEL,
            metavar="RATIO|straight",
            default="by feel and tempo",
        ),
    ] = None
    humanize: Annotated[
        float,
        Setting(
            "Random deviations of timing, loudness and articulation, as a share of those measured "
            "on recorded solos.",
            _PANEL,
            minimum=0,
            maximum=1,
            metavar="SHARE",
        ),
    ] = 0.3
    count_in: Annotated[
        int, Setting("Bars of count-in.", _PANEL, minimum=0, maximum=16, metavar="BARS")
    ] = 0

    def __post_init__(self) -> None:
        check_settings(self)
        if self.swing is not None and not 1 <= (self.swing_ratio or 0) <= MAX_RATIO:
            message = f"swing must be a ratio from 1 to {MAX_RATIO:g} or straight"
            raise SettingError(f"{message}, not '{self.swing}'", "swing")

    @property
    def swing_ratio(self) -> float | None:
        """The ratio that `swing` asks for, nan if it is not a number; None: by feel and tempo."""
        if self.swing is None:
            return None
        if self.swing.strip().casefold() == STRAIGHT:
            return 1.0
        try:
            return float(self.swing)
        except ValueError:
            return float("nan")

"""Settings of written changes: which song of a playlist, and whether its repeats are played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from seqmodel.settings import Setting, check_settings


@dataclass(frozen=True)
class ChartConfig:
    """Settings of the reading of changes. Raises SettingError for a setting outside its bounds."""

    song: Annotated[
        str | None,
        Setting(
            "Song of a playlist of iReal Pro, by its title.",
            "Changes",
            metavar="TITLE",
            default="the only one",
        ),
    ] = None
    as_written: Annotated[
        bool,
        Setting(
            "Play each bar of written changes once, without repeats and jumps.",
            "Changes",
            option="no-repeats",
        ),
    ] = False

    alternates: Annotated[
        bool,
        Setting(
            "Play the alternate chords, which charts of iReal Pro have above others.", "Changes"
        ),
    ] = False

    def __post_init__(self) -> None:
        check_settings(self)

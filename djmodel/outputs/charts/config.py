"""Settings of changes that are written for iReal Pro."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from djmodel.music.charts.ireal.links import Song
from djmodel.outputs.charts.ireal import write_ireal_page
from seqmodel.settings import Setting, check_settings

IrealPage = Annotated[
    Path | None,
    Setting(
        "Also write the changes as a page (.html) that iReal Pro opens.", "Output", metavar="FILE"
    ),
]


@dataclass(frozen=True)
class IrealConfig:
    """A page for iReal Pro, and whether a link is printed. Raises SettingError for a setting
    outside its bounds."""

    ireal: IrealPage = None
    link: Annotated[
        bool, Setting("Print the changes as a link that iReal Pro opens, and no more.", "Output")
    ] = False

    def __post_init__(self) -> None:
        check_settings(self)

    def write(self, songs: Sequence[Song], name: str) -> list[str]:
        """Writes the page, if there is a file for it; returns the names of the files written."""
        if self.ireal is None:
            return []
        write_ireal_page(songs, self.ireal, name)
        return [str(self.ireal)]

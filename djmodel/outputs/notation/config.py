"""Settings of a sheet to play from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from djmodel.music.charts.chart import Chart
from djmodel.music.instruments import PartKey, key_of_reader
from djmodel.music.tune import Tune
from djmodel.outputs import suffixes
from djmodel.outputs.notation.written_part import PART_KEYS
from djmodel.outputs.write import check_output, write_score
from seqmodel.command_line.outputs import check_free
from seqmodel.files import check_no_overwrite
from seqmodel.settings import Setting, SettingError, check_settings
from seqmodel.text import any_of


@dataclass(frozen=True)
class SheetConfig:
    """A file with the sheet of a tune, and the key of the instrument that reads it. Raises
    SettingError for another key."""

    score: Annotated[
        Path | None,
        Setting(
            "Also write a sheet to play from: .pdf, .svg, .png or .musicxml.",
            "Output",
            metavar="FILE",
        ),
    ] = None
    reader: Annotated[
        str,
        Setting(
            "Instrument that reads the sheet, by name or by key: C (as it sounds), Bb (trumpet, "
            "clarinet, soprano and tenor saxophone), Eb (alto and baritone saxophone) or F (horn). "
            "Octave and clef are those of the tune's own instrument if it is in that key.",
            "Output",
            metavar="C|Bb|Eb|F|INSTRUMENT",
            option="for",
        ),
    ] = "C"

    def __post_init__(self) -> None:
        check_settings(self)
        if key_of_reader(self.reader) is None:
            message = f"reader must be {any_of(PART_KEYS)}, or a transposing instrument such as"
            hint = "other instruments read in C"
            raise SettingError(f"{message} alto sax, not '{self.reader:.60}'", "reader", hint=hint)

    @property
    def part_key(self) -> PartKey:
        """The key of the instrument that reads the sheet."""
        return key_of_reader(self.reader) or "C"

    def check_reader(self, page: Path | None = None) -> None:
        """Raises SettingError for a key if no file, nor a `page`, has a sheet."""
        if self.part_key != "C" and self.score is None and page is None:
            message = "only a sheet can be written for an instrument"
            raise SettingError(message, "reader", "score", hint="name the file of the sheet")

    def check(self, inputs: Sequence[str | Path | None], *, overwrite: bool) -> None:
        """Raises InputError for a file that cannot be written or would overwrite an input, and for
        a key without a file."""
        self.check_reader()
        if self.score is not None:
            check_output(self.score, suffixes.SCORE)
            check_no_overwrite([self.score], inputs)
            check_free([self.score], overwrite=overwrite)

    def write(self, music: Tune | Chart) -> list[Path]:
        """Writes the sheet of a tune or a chart, if there is a file for it; returns the files
        written."""
        if self.score is None:
            return []
        write_score(music, self.score, self.part_key)
        return [self.score]

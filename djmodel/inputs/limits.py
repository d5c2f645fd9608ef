"""Limits on the size of a music file and on the time of reading it, so that a file from a stranger
cannot exhaust a user's machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Annotated

from seqmodel.errors import FileError
from seqmodel.settings import Setting, check_settings

TUNES_PER_TURN = 20
MAX_SECONDS = 100_000  # more than a day; timers of the operating system have a limit, too
MAX_TUNES = 2000  # of a tune book


class LimitError(FileError):
    """A music file that is larger, or takes longer to read, than the limits allow. `fields` names
    the field of `Limits` that would allow it with a higher value, if there is one."""

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        limit: str = "",
        hint: str = "choose another file",
    ) -> None:
        super().__init__(message, path=path, hint=hint)
        self.fields = (limit,) if limit else ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for each file. `max_megabytes`: memory for reading sheet music; `max_file_megabytes`:
    size of the file, and of its unpacked content. A tune book has `max_seconds` for every
    20 of its tunes.

    Raises SettingError for limits that no file can keep.
    """

    max_notes: Annotated[
        int, Setting("Refuse files with more than N notes.", "Music", minimum=1, metavar="N")
    ] = 200_000
    max_seconds: Annotated[
        float,
        Setting(
            "Refuse files that take more than S seconds to read.",
            "Music",
            minimum=0.1,
            maximum=MAX_SECONDS,
            metavar="S",
        ),
    ] = 10.0
    max_megabytes: int = 500
    max_file_megabytes: int = 50

    def __post_init__(self) -> None:
        check_settings(self)

    @property
    def max_bytes(self) -> int:
        return self.max_file_megabytes << 20

    def too_many_notes(self, path: str | Path | None) -> LimitError:
        message = f"the file has more than {self.max_notes:,} notes"
        return LimitError(message, path=path, limit="max_notes")

    def too_large(self, path: str | Path, what: str = "the file") -> LimitError:
        return LimitError(f"{what} is larger than {self.max_file_megabytes} MB", path=path)

    def too_much_memory(self, path: str | Path) -> LimitError:
        message = f"reading the file takes more than {self.max_megabytes} MB of memory"
        return LimitError(message, path=path)


DEFAULT = Limits()


def no_deadline() -> None:
    """A deadline that never comes."""


class Deadline:
    """The time for reading one file, from now on. Called between the steps of reading, it raises
    LimitError when the time is over. `clock` gives seconds."""

    def __init__(
        self, limits: Limits, path: str | Path, clock: Callable[[], float] = monotonic
    ) -> None:
        self.limits, self.path, self.seconds = limits, path, limits.max_seconds
        self.clock, self.began = clock, clock()

    def __call__(self) -> None:
        if not self.left:
            raise self.too_slow()

    def allow(self, tunes: int) -> None:
        """Extends the time for a tune book of this many tunes. Raises LimitError for more than
        MAX_TUNES, before any is read."""
        if tunes > MAX_TUNES:
            raise LimitError(
                f"the tune book has {tunes:,} tunes, more than {MAX_TUNES:,}",
                path=self.path,
                hint="divide it into several files",
            )
        turns = -(-tunes // TUNES_PER_TURN)
        self.seconds = max(self.seconds, turns * self.limits.max_seconds)

    def too_slow(self) -> LimitError:
        message = f"reading the file takes more than {self.seconds:g} s"
        return LimitError(message, path=self.path, limit="max_seconds")

    @property
    def left(self) -> float:
        """Seconds, not below 0."""
        return max(0.0, self.began + self.seconds - self.clock())

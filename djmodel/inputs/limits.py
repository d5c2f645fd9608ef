"""How large a file of music may be, and how long reading it may take: a file from a stranger must
not cost a user's machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from seqmodel.errors import FileError, InputError

TUNES_PER_TURN = 20
_MOST_TUNES = 1000  # more get no more time
FEWEST_NOTES, LEAST_SECONDS = 1, 0.1


class LimitError(FileError):
    """A file of music that is larger, or takes longer to read, than the limits allow."""


@dataclass(frozen=True, slots=True)
class Limits:
    """For each file: `notes` that it may have at most, `seconds` and `megabytes` of memory that
    reading it may take (a tune book: for every `TUNES_PER_TURN` of its tunes). `file_megabytes`: its
    own size, also that of what is packed in it.

    Raises InputError for limits that nothing can keep.
    """

    notes: int = 200_000
    seconds: float = 10.0
    megabytes: int = 500
    file_megabytes: int = 50

    def __post_init__(self) -> None:
        if self.notes < FEWEST_NOTES:
            raise InputError("--max-notes of 1 or more", f"{self.notes}")
        if not self.seconds >= LEAST_SECONDS:  # also what is no number
            raise InputError(f"--max-seconds of {LEAST_SECONDS} or more", f"{self.seconds:g}")

    @property
    def file_bytes(self) -> int:
        return self.file_megabytes << 20

    def too_many_notes(self, where: str | Path | None) -> LimitError:
        hint = "choose another file, or allow more with --max-notes"
        return LimitError(f"at most {self.notes:,} notes", "more", path=where, hint=hint)

    def too_large(self, where: str | Path, found: str = "a larger file") -> LimitError:
        expected = f"at most {self.file_megabytes} MB of music"
        return LimitError(expected, found, path=where, hint="choose another file")

    def too_much_memory(self, where: str | Path) -> LimitError:
        expected = f"a file read in {self.megabytes} MB of memory"
        return LimitError(expected, "more", path=where, hint="choose another file")


DEFAULT = Limits()


def no_deadline() -> None:
    """A clock that never stops."""


class Deadline:
    """Begins when it is made; called between the steps of reading a file, it raises LimitError
    when the time is over."""

    def __init__(self, limits: Limits, where: str | Path) -> None:
        self.limits, self.where, self.seconds = limits, where, limits.seconds
        self.began = monotonic()

    def __call__(self) -> None:
        if not self.left:
            raise self.too_slow()

    def allow(self, tunes: int) -> None:
        """Allows the time that a tune book of so many tunes may take."""
        turns = -(-min(tunes, _MOST_TUNES) // TUNES_PER_TURN)
        self.seconds = max(self.seconds, turns * self.limits.seconds)

    def too_slow(self) -> LimitError:
        hint = "choose another file, or allow more with --max-seconds"
        expected = f"a file read in {self.seconds:g} s"
        return LimitError(expected, "more", path=self.where, hint=hint)

    @property
    def left(self) -> float:
        """Seconds, not below 0."""
        return max(0.0, self.began + self.seconds - monotonic())

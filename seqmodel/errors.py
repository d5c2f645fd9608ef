"""What a user can do wrong, as typed exceptions that read as one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class InputError(ValueError):
    """Bad input: says what was expected, what was found, where, and what to do.

    Every error that a user can cause derives from it; command lines print it as one line and exit
    with status 2.
    """

    def __init__(
        self, expected: str, found: str, *, where: str | Path | None = None, todo: str = ""
    ) -> None:
        self.expected, self.found, self.where, self.todo = expected, found, where, todo
        place = f"{where}: " if where is not None else ""
        advice = f"; {todo}" if todo else ""
        super().__init__(" ".join(f"{place}expected {expected}, found {found}{advice}".split()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Survives the way from one process to another, whatever a subclass is made from."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[InputError], args: tuple[Any, ...], state: dict[str, Any]) -> InputError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class FileError(InputError):
    """A file or folder that is missing, unreadable, of the wrong kind, or cannot be written."""

    @classmethod
    def from_os(cls, error: OSError, expected: str, where: str | Path, todo: str) -> FileError:
        """What the system found instead, in its words."""
        return cls(expected, (error.strerror or str(error)).lower(), where=where, todo=todo)


class ModelFileError(InputError):
    """A file that is not a model of this project, or not the kind of model asked for."""


class TrainingError(InputError):
    """A training that cannot be: its settings do not fit, or it left the finite numbers at once."""


class CheckpointError(InputError):
    """A checkpoint that is damaged, or that another training made."""


class VocabularyError(InputError):
    """A symbol that the vocabulary does not know, or symbols that make no vocabulary."""


class CorpusError(InputError):
    """Data that is too little, or that has nothing to learn from."""


class SamplingError(InputError):
    """Sampling settings that leave nothing to choose from."""


class Interrupted(Exception):
    """The user has ended a job before it was whole; its text says what is kept and how to go on."""

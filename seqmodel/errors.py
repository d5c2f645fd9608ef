"""Errors that a user can cause, as typed exceptions that read as one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqmodel.text import printable

MAX_MESSAGE_LENGTH = 800


class InputError(ValueError):
    """Bad input. Every error that a user can cause derives from it; commands print it as one line
    and exit with status 2.

    `message` is a sentence without a full stop: what was expected and what was found. `path`, the
    file or folder that it is about, stands before it and `hint`, what to do, behind it. All of it
    may hold text from outside: it is made printable, and cut.

    >>> str(InputError("the file is empty", path="solo.mid", hint="choose another file"))
    'solo.mid: the file is empty; choose another file'
    """

    def __init__(self, message: str, *, path: str | Path | None = None, hint: str = "") -> None:
        self.message, self.path, self.hint = message, path, hint
        place = f"{printable(path)}: " if path is not None else ""
        advice = f"; {printable(hint)}" if hint else ""
        super().__init__(f"{place}{printable(message, MAX_MESSAGE_LENGTH)}{advice}")

    def _render_traceback_(self) -> list[str]:
        """The line that IPython shows in place of a traceback (its protocol for exceptions)."""
        return [f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[Any, ...]:
        """Survives pickling between processes, whatever a subclass is made from."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[InputError], args: tuple[Any, ...], state: dict[str, Any]) -> InputError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class FileError(InputError):
    """A file or folder that is missing, unreadable, of the wrong kind or not writable."""

    @classmethod
    def from_os(cls, error: OSError, message: str, path: str | Path, hint: str) -> FileError:
        """An error whose reason is in the words of the operating system.

        >>> denied = PermissionError(13, "Permission denied")
        >>> str(FileError.from_os(denied, "the file cannot be read", "a.mid", "check its rights"))
        'a.mid: the file cannot be read (permission denied); check its rights'
        """
        reason = (error.strerror or str(error)).lower()
        return cls(f"{message} ({reason})", path=path, hint=hint)


class ModelFileError(InputError):
    """A file that is not a model of this project, or not the kind of model asked for."""


class TrainingError(InputError):
    """Training cannot start with these settings, or has diverged."""


class CheckpointError(InputError):
    """A checkpoint that is corrupted, or that belongs to another training."""


class VocabularyError(InputError):
    """A symbol outside the vocabulary, or symbols that cannot form one."""


class CorpusError(InputError):
    """Data with too little, or nothing, to learn from."""


class SamplingError(InputError):
    """Sampling settings that leave nothing to choose from."""


class Interrupted(Exception):
    """A job that the user ended early; its text says what is kept."""


class InterruptedTraining(Interrupted):
    """A training that the user ended early, and that can be resumed from its checkpoint."""

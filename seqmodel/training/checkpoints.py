"""What a training leaves in its folder while it goes on: a lock, and the state to go on from."""

from __future__ import annotations

import hashlib
import json
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CheckpointError, FileError
from seqmodel.files import atomic_write, remove_temp_files
from seqmodel.training.trainer import EpochMetrics, State

NAME = "checkpoint.npz"
LOCK = ".lock"
FORMAT = 2
SECONDS = 10.0  # between two checkpoints


@dataclass(frozen=True)
class Checkpoint:
    """A training after a whole epoch: the trainer's state after the `last` one and after the best
    one, whose number, counted from 1, is `best_epoch`; 0: none yet."""

    history: tuple[EpochMetrics, ...]
    last: State
    best: State
    best_epoch: int


class Checkpoints:
    """The checkpoint of the training in `folder`, written at most every `seconds`; 0: after each
    epoch. `resume`: go on from the one that is there. Only for who holds the folder: `training_in`.
    """

    def __init__(self, folder: Path, *, resume: bool = False, seconds: float = SECONDS) -> None:
        self.folder, self.resume, self.seconds = folder, resume, seconds
        self._next_at = time.monotonic() + seconds
        self._held = _identity(folder / LOCK)

    @property
    def path(self) -> Path:
        return self.folder / NAME

    @property
    def resume_note(self) -> str:
        """What a user may not expect at the start of their training; nothing, usually."""
        there = self.path.exists()
        if self.resume and not there:
            return f"no {self.path} to go on from: training begins at the beginning"
        if there and not self.resume:
            return f"{self.path} of an unfinished training is given up; --resume goes on with one"
        return ""

    def start(self, fingerprint: Mapping[str, Any]) -> Checkpoint | None:
        """The checkpoint to go on from, if there is one and it is wanted; one that is not wanted is
        removed. Raises CheckpointError for one that another training made, or that is damaged."""
        if not self.resume:
            self.remove()
        if not self.path.exists():
            return None
        checkpoint, found = _read(self.path)
        differences = _differences(_flat(json.loads(json.dumps(fingerprint))), _flat(found))
        if differences:
            raise CheckpointError(
                f"the checkpoint of a training with {differences[0]}",
                f"one with {differences[1]}",
                path=self.path,
                hint="give what that training was given, or leave out --resume",
            )
        return checkpoint

    def engine(self) -> str | None:
        """What computes in the training that `start` would go on from: only that can read it."""
        if not self.resume or not self.path.exists():
            return None
        return str(_read(self.path)[1].get("engine"))

    def due(self) -> bool:
        """Whether it is time to write one."""
        return time.monotonic() >= self._next_at

    def write(self, checkpoint: Checkpoint, fingerprint: Mapping[str, Any]) -> None:
        """In the place of the one before, whole or not at all. Raises FileError."""
        self.check_folder()
        about = {
            "format": FORMAT,
            "history": [asdict(epoch) for epoch in checkpoint.history],
            "best_epoch": checkpoint.best_epoch,
            "fingerprint": fingerprint,
        }
        arrays: dict[str, Any] = {"about": np.frombuffer(json.dumps(about).encode(), np.uint8)}
        arrays |= {f"last/{name}": array for name, array in checkpoint.last.items()}
        if checkpoint.best is not checkpoint.last:
            arrays |= {f"best/{name}": array for name, array in checkpoint.best.items()}
        with atomic_write(self.path, durable=True) as temporary, temporary.open("wb") as stream:
            np.savez(stream, **arrays)
        self._next_at = time.monotonic() + self.seconds

    def check_folder(self) -> None:
        """Raises FileError if the folder that this training holds is gone, or another one now."""
        if self._held != _identity(self.folder / LOCK):
            raise FileError(
                "the folder of this training",
                "that it was removed meanwhile",
                path=self.folder,
                hint="train again",
            )

    def corrupted(self, why: str) -> CheckpointError:
        """The error to raise for a checkpoint that does not hold what it should."""
        return _corrupted(self.path, why)

    def remove(self) -> None:
        """The training is whole: there is nothing to go on with."""
        self.path.unlink(missing_ok=True)


@contextmanager
def training_in(
    folder: str | Path, *, resume: bool = False, seconds: float = SECONDS
) -> Iterator[Checkpoints]:
    """Makes the folder, and holds it for one training: a second one is refused. The system lets go
    of it when the process ends in whatever way. A folder in which nothing was made is removed.

    Raises FileError if the folder cannot be made or written, or is held by another training.
    """
    import filelock

    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK, timeout=0)
        lock.acquire()
        if not (folder / LOCK).exists():  # who held it before has just removed it
            lock.release()
            raise filelock.Timeout(str(folder))
    except filelock.Timeout:
        raise FileError(
            "a folder of its own for each training",
            "that another one is writing there",
            path=folder,
            hint="wait for it, or choose another folder",
        ) from None
    except OSError as error:
        raise FileError.from_os(
            error, "the folder cannot be written", folder, hint="choose another place"
        ) from error
    try:
        remove_temp_files(folder)
        yield Checkpoints(folder, resume=resume, seconds=seconds)
    finally:
        (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()


def hash_of(sequences: Sequence[Sequence[int] | NDArray[np.int32]]) -> str:
    """Of all that is learned from, to say in a few letters what a training was made from."""
    digest = hashlib.sha256()
    for sequence in sequences:
        numbers = np.asarray(sequence, dtype="<i4")
        digest.update(len(numbers).to_bytes(8, "little") + numbers.tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """The checkpoint and what it was made from."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            about = json.loads(bytes(stored["about"]))
            if about["format"] != FORMAT:
                raise CheckpointError(
                    f"a checkpoint of format {FORMAT}", f"format {about['format']}", path=path
                )
            arrays = {name: stored[name] for name in stored.files if name != "about"}
        last = {n.removeprefix("last/"): a for n, a in arrays.items() if n.startswith("last/")}
        best = {n.removeprefix("best/"): a for n, a in arrays.items() if n.startswith("best/")}
        history = tuple(EpochMetrics(**row) for row in about["history"])
        checkpoint = Checkpoint(history, last, best or last, about["best_epoch"])
        fingerprint = dict(about["fingerprint"])
    except (KeyError, TypeError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        if isinstance(error, CheckpointError):
            raise
        raise _corrupted(path, str(error)) from error
    return checkpoint, fingerprint


def _corrupted(path: Path, why: str) -> CheckpointError:
    return CheckpointError(
        "a checkpoint of a training",
        f"a damaged file ({why})",
        path=path,
        hint="leave out --resume",
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Mappings within the mapping, by names such as `trainer.epochs`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, Mapping)
        flat |= _flat(value, f"{before}{name}.") if inner else {f"{before}{name}": value}
    return flat


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> tuple[str, str] | None:
    """What is different, as text: as wanted, and as found."""
    names = [n for n in sorted({*wanted, *found}) if wanted.get(n) != found.get(n)]
    if not names:
        return None
    return tuple(", ".join(f"{n} {_short(each.get(n))}" for n in names) for each in (wanted, found))  # type: ignore[return-value]


def _short(value: Any, most: int = 40) -> str:
    text = str(value)
    return text if len(text) <= most else f"{text[:most]}..."


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there: the same name may come to be another file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

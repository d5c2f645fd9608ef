"""The folder of a training: its lock, and the checkpoint from which the training can resume."""

from __future__ import annotations

import errno
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CheckpointError, FileError
from seqmodel.files import atomic_write
from seqmodel.folder_lock import FolderLock, locked_folder
from seqmodel.training.trainer import EpochMetrics, State

NAME = "checkpoint.npz"
FINISHED = "finished.npz"  # the last checkpoint of a training that more epochs can continue
FORMAT = 2
SECONDS = 10.0  # between two checkpoints
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the disk, a quota, the size of a file


@dataclass(frozen=True)
class Checkpoint:
    """A training after a whole epoch: the trainer's state after the `last` one and after the best
    one, whose number, counted from 1, is `best_epoch`; 0: none yet."""

    history: tuple[EpochMetrics, ...]
    last: State
    best: State
    best_epoch: int


class Checkpoints:
    """The checkpoint of the training in a locked folder, written at most every `seconds`; 0: after
    each epoch. With `resume` the training starts from the checkpoint that is there, or from that of
    a finished training."""

    def __init__(self, lock: FolderLock, *, resume: bool = False, seconds: float = SECONDS) -> None:
        self.lock, self.resume, self.seconds = lock, resume, seconds
        self.folder = lock.folder
        self._next_at = time.monotonic() + seconds

    @property
    def path(self) -> Path:
        return self.folder / NAME

    @property
    def resume_note(self) -> str:
        """A note for the user if the training cannot resume, or discards a checkpoint; else ""."""
        exists = self.path.exists()
        if self.resume and not self._source().exists():
            return f"there is no {self.path} to resume: training starts from the beginning"
        if exists and not self.resume:
            return f"{self.path} of an unfinished training is discarded, since it is not resumed"
        return ""

    def start(self, fingerprint: Mapping[str, Any]) -> Checkpoint | None:
        """The checkpoint to resume, if there is one; without `resume` it is removed. Raises
        CheckpointError if it is corrupted, or belongs to a training with another fingerprint."""
        if not self.resume:
            self.remove()
        path = self._source()
        if not path.exists():
            return None
        checkpoint, found = _read(path)
        differences = _differences(_flat(json.loads(json.dumps(fingerprint))), _flat(found))
        if differences:
            raise CheckpointError(
                f"the checkpoint is of a training with {differences[1]}, not {differences[0]}",
                path=path,
                hint="use the settings and the data of that training, or do not resume it",
            )
        return checkpoint

    def engine(self) -> str | None:
        """The engine of the training that `start` would resume, which alone can read its state."""
        path = self._source()
        if not self.resume or not path.exists():
            return None
        return str(_read(path)[1].get("engine"))

    def due(self) -> bool:
        """True if it is time to write a checkpoint."""
        return time.monotonic() >= self._next_at

    def write(self, checkpoint: Checkpoint, fingerprint: Mapping[str, Any]) -> None:
        """Replaces the checkpoint, completely or not at all. Raises FileError."""
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
        """Raises FileError if the folder of this training was removed or replaced."""
        if not self.lock.is_held:
            raise FileError(
                "the folder of this training was removed while it ran",
                path=self.folder,
                hint="train again",
            )

    def remove(self) -> None:
        """Removes the checkpoint, at the end of a training."""
        if self.lock.is_held:
            self.path.unlink(missing_ok=True)
            (self.folder / FINISHED).unlink(missing_ok=True)

    def finish(self, *, keep: bool) -> None:
        """Ends a training whose files are written: with `keep` its last checkpoint becomes
        FINISHED, from which more epochs can continue it, otherwise it is removed."""
        if not keep:
            self.remove()
        elif self.lock.is_held and self.path.exists():
            self.path.replace(self.folder / FINISHED)

    def _source(self) -> Path:
        """The checkpoint to resume: that of an unfinished training comes first."""
        finished = self.folder / FINISHED
        return finished if finished.exists() and not self.path.exists() else self.path


@contextmanager
def training_in(
    folder: str | Path, *, resume: bool = False, seconds: float = SECONDS
) -> Iterator[Checkpoints]:
    """The checkpoints of a training in `folder`, which is made and locked for it. Raises FileError
    as `locked_folder` does; that of a full disk in the block says that the training can be resumed,
    if there is a checkpoint."""
    with locked_folder(folder, "training") as lock:
        checkpoints = Checkpoints(lock, resume=resume, seconds=seconds)
        try:
            yield checkpoints
        except FileError as error:
            cause = error.__cause__
            is_full = isinstance(cause, OSError) and cause.errno in _DISK_FULL
            if not (is_full and lock.is_held and checkpoints.path.exists()):
                raise
            hint = "make room, then resume the training: it continues from its last checkpoint"
            raise FileError(error.message, path=error.path, hint=hint) from cause


def hash_of(sequences: Sequence[Sequence[int] | NDArray[np.int32]]) -> str:
    """A hash of training data, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for sequence in sequences:
        numbers = np.asarray(sequence, dtype="<i4")
        digest.update(len(numbers).to_bytes(8, "little") + numbers.tobytes())
    return digest.hexdigest()[:16]


class _About(msgspec.Struct):
    """All of a checkpoint but its arrays."""

    history: tuple[EpochMetrics, ...]
    best_epoch: int
    fingerprint: dict[str, Any]


def _read(path: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """The checkpoint and its fingerprint."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:  # whatever NumPy, zipfile and zlib make of damaged bytes
        raise corrupted(path, str(error)) from error
    try:
        content = json.loads(bytes(arrays.pop("about")))
        if content["format"] != FORMAT:
            raise CheckpointError(
                f"the checkpoint has format {content['format']}, and this version reads {FORMAT}",
                path=path,
                hint="do not resume that training",
            )
        about = msgspec.convert(content, _About)
        if not 0 <= about.best_epoch <= len(about.history):
            raise ValueError(f"the best of {len(about.history)} epochs is {about.best_epoch}")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise corrupted(path, str(error)) from error
    last = {n.removeprefix("last/"): a for n, a in arrays.items() if n.startswith("last/")}
    best = {n.removeprefix("best/"): a for n, a in arrays.items() if n.startswith("best/")}
    checkpoint = Checkpoint(about.history, last, best or last, about.best_epoch)
    return checkpoint, about.fingerprint


def corrupted(path: Path, why: str) -> CheckpointError:
    """The error of a checkpoint with missing or invalid content."""
    return CheckpointError(
        f"the checkpoint is corrupted ({why})", path=path, hint="do not resume that training"
    )


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """The values of nested mappings, by names such as `trainer.epochs`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        inner = isinstance(value, Mapping)
        flat |= _flat(value, f"{before}{name}.") if inner else {f"{before}{name}": value}
    return flat


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> tuple[str, str] | None:
    """The settings that differ, as text: as wanted, and as found."""
    names = [n for n in sorted({*wanted, *found}) if wanted.get(n) != found.get(n)]
    if not names:
        return None
    return tuple(", ".join(f"{n} {each.get(n)!s:.40}" for n in names) for each in (wanted, found))  # type: ignore[return-value]

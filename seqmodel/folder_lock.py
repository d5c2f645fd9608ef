"""Folders that one process at a time writes in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqmodel.errors import FileError
from seqmodel.files import os_errors, remove_temp_files

LOCK = ".lock"


class FolderLock:
    """The lock of a folder. Another folder may come to have the same name while it is held; what
    is in that one belongs to others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files = folder / LOCK, folder
        self._held = self._identities()

    @property
    def is_held(self) -> bool:
        """False if the folder was removed or replaced."""
        return self._identities() == self._held and None not in self._held

    def _identities(self) -> list[tuple[int, int] | None]:
        return [_identity(path) for path in self._files]


@contextmanager
def locked_folder(folder: str | Path, job: str) -> Iterator[FolderLock]:
    """Makes the folder and locks it for one `job`, such as "training"; the system releases the lock
    however the process ends. Removes temporary files that a killed process has left there; and at
    the end the folder, if this made it and it is empty.

    Raises FileError if the folder cannot be made or written, or another process has locked it.
    """
    import filelock

    folder = Path(folder)
    made = not folder.exists()
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    with os_errors("the folder cannot be written", folder, "choose another place"):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
            if not (folder / LOCK).exists():  # its last owner has just removed it
                lock.release()
                raise filelock.Timeout(str(folder))
        except filelock.Timeout:
            raise FileError(
                f"another {job} is writing in this folder",
                path=folder,
                hint="wait for it, or choose another folder",
            ) from None
    held = FolderLock(folder)
    try:
        remove_temp_files(folder)
        yield held
    finally:
        is_own = held.is_held
        if is_own:
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        if is_own and made and not any(folder.iterdir()):
            folder.rmdir()


def _identity(path: Path) -> tuple[int, int] | None:
    """The device and inode of a file or folder; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

"""Files are written whole or not at all, and read with errors that say what to do."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seqmodel.errors import FileError, InputError

UNFINISHED = ".unfinished-"


@contextmanager
def atomic_write(path: str | Path, *, durable: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, with its ending; it takes the place of `path` when the block
    ends well, and vanishes when it does not. Makes the folder. `durable`: it is on the disk before
    it takes that place, so that not even a power cut leaves half of it.

    Raises FileError if the folder cannot be made or written, or the file cannot be finished.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise _a_folder(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED, suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise FileError.from_os(
            error, "a folder that can be written", path.parent, hint="choose another place"
        ) from error
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes files private; a result gets the rights that any new file gets.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        if durable:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise FileError.from_os(
            error, "a file that can be written", path, hint="make room, or choose another place"
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_temp_files(folder: Path) -> None:
    """What `writing` left there when its process was killed. Only for who alone writes there."""
    for path in folder.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def writable_folder(path: str | Path) -> Path:
    """Gives `path` back if files can be written there, so that a long job learns at its start
    whether its results can be kept. Makes nothing. Raises FileError."""
    path = Path(path)
    try:
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise FileError.from_os(
            error, "a folder that can be written", path, hint="choose another place"
        ) from error
    return path


def check_input_file(path: str | Path, what: str) -> Path:
    """`path` if it is a file with something in it. `what` names what was expected: "a MIDI file".

    Raises FileError for a missing file, a folder, a pipe or device (which might never end), an
    empty file or one that cannot be opened.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise FileError(what, "a folder", path=path, hint="name a file in it")
        if not path.exists():
            raise FileError(what, "no such file", path=path, hint="check the name")
        if not path.is_file():
            raise FileError(what, "a pipe or a device", path=path, hint="save it as a file first")
        if path.stat().st_size == 0:
            raise FileError(what, "an empty file", path=path, hint="choose another file")
        with path.open("rb"):
            return path
    except OSError as error:
        raise FileError.from_os(error, what, path, hint="check its rights") from error


def content_of(path: str | Path, what: str, most_bytes: int) -> bytes | None:
    """The bytes of an existing file; None if they are more than `most_bytes`, however they became
    so. Raises FileError as `check_input_file`."""
    path = check_input_file(path, what)
    try:
        with path.open("rb") as stream:
            content = stream.read(most_bytes + 1)
    except OSError as error:
        raise FileError.from_os(error, what, path, hint="check its rights") from error
    return content if len(content) <= most_bytes else None


def check_no_overwrite(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Raises InputError where an output would take the place of an input, or of another output,
    FileError where its name is none: to learn it before a long job rather than after."""
    seen = {os.path.realpath(path): "what is read" for path in inputs if path is not None}
    for path in outputs:
        if path is None:
            continue
        place = os.path.realpath(path)
        if place in seen:
            raise InputError(
                "a file of its own for each output",
                f"the name of {seen[place]}",
                path=path,
                hint="choose another name",
            )
        seen[place] = "another output"
        try:
            is_folder = stat.S_ISDIR(os.lstat(place).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise FileError.from_os(
                error, "a file that can be written", path, hint="choose another name"
            ) from error
        if is_folder:
            raise _a_folder(path)


def _a_folder(path: Path) -> FileError:
    hint = "name a file in it"
    return FileError("the name of a file to write", "a folder", path=path, hint=hint)


def check_suffix(path: str | Path, known: Sequence[str]) -> str:
    """The ending of a name, in small letters, if it is one of `known`: to learn it before a long
    job rather than after. Raises InputError, which lists them."""
    ending = Path(path).suffix.lower()
    if ending not in known:
        raise InputError(
            f"a name that ends in {', '.join(known[:-1])} or {known[-1]}",
            ending or "no ending",
            path=path,
            hint="rename the output",
        )
    return ending


def printable(name: str | Path) -> str:
    """The name of a file, or what a command line gives, as text that can be written: what is no
    UTF-8 in it is marked."""
    return os.fsencode(name).decode("utf-8", "replace")


def sha256_of_file(path: str | Path) -> str:
    """The SHA-256 of the file's bytes, in hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def data_uri(content: bytes, media_type: str) -> str:
    """An address that is the content itself, for a page that loads nothing."""
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"

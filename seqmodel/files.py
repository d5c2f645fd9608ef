"""Files: atomic writing, checks of names before long jobs, hashes."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from seqmodel.errors import FileError, InputError
from seqmodel.text import any_of

PICTURE_SUFFIXES = (".png", ".svg")
TEMP_PREFIX = ".unfinished-"
MODEL_FILE = "model.keras"  # in the folder of a training


def model_in(path: Path) -> Path:
    """The model in the folder of a training; any other path as it is."""
    model = path / MODEL_FILE
    return model if os.path.isfile(model) else path


@contextmanager
def atomic_write(path: str | Path, *, durable: bool = False) -> Iterator[Path]:
    """A temporary path in the folder of `path`, with its suffix. It replaces `path` when the block
    ends, and is removed when the block raises. Makes the folder. `durable`: the content is on the
    disk before it replaces `path`, so that a power cut leaves the old file or the new one.

    Raises FileError if the folder cannot be made or written, or the file cannot be finished.
    """
    path = Path(path)
    temporary = path.with_name(f"{TEMP_PREFIX}{secrets.token_hex(8)}{path.suffix}")
    with os_errors("the folder cannot be written", path.parent, "choose another place"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise _is_a_folder(path)
        temporary.touch(exist_ok=False)  # with the permissions of any new file
    try:
        with os_errors("the file cannot be written", path, "make room, or choose another place"):
            yield temporary
            if durable:
                with temporary.open("rb") as stream:
                    os.fsync(stream.fileno())
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def os_errors(message: str, path: str | Path, hint: str) -> Iterator[None]:
    """Turns an OSError in the block into a FileError."""
    try:
        yield
    except OSError as error:
        raise FileError.from_os(error, message, path, hint) from error


def remove_temp_files(folder: Path) -> None:
    """Removes the temporary files of processes that were killed in `atomic_write`. Only for the
    one process that may write in `folder`."""
    for path in folder.glob(f"{TEMP_PREFIX}*"):
        path.unlink(missing_ok=True)


def writable_folder(path: str | Path) -> Path:
    """`path`, if files can be written there, so that a long job fails at its start rather than at
    its end. Makes nothing. Raises FileError."""
    path = Path(path)
    with os_errors("the folder cannot be written", path, "choose another place"):
        there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
        tempfile.TemporaryFile(dir=there).close()
    return path


def check_input_file(path: str | Path, kind: str) -> Path:
    """`path`, if it is a file with content. `kind` names what it should be: "a MIDI file".

    Raises FileError for a missing file, a folder, a pipe or device (which might never end), an
    empty file, and one that cannot be opened.
    """
    path = Path(path)
    with os_errors("the file cannot be read", path, "check its permissions"):
        if path.is_dir():
            message, hint = f"this is a folder, not {kind}", "name a file in it"
        elif not path.exists():
            message, hint = "there is no such file", "check the name"
        elif not path.is_file():
            message, hint = f"this is a pipe or a device, not {kind}", "save it as a file first"
        elif path.stat().st_size == 0:
            message, hint = f"the file is empty, not {kind}", "choose another file"
        else:
            path.open("rb").close()
            return path
    raise FileError(message, path=path, hint=hint)


def content_of(path: str | Path, kind: str, max_bytes: int) -> bytes | None:
    """The bytes of a file, None if they are more than `max_bytes`. Raises FileError as
    `check_input_file` does."""
    path = check_input_file(path, kind)
    with os_errors("the file cannot be read", path, "check its permissions"), path.open("rb") as f:
        content = f.read(max_bytes + 1)
    return content if len(content) <= max_bytes else None


def check_no_overwrite(outputs: Iterable[Path | None], inputs: Iterable[str | Path | None]) -> None:
    """Checks before a long job that each output can be written to a separate file. Raises
    InputError for an output that would replace an input or another output, FileError for the name
    of a folder and for a name that no file can have."""
    taken = {os.path.realpath(path): "an input" for path in inputs if path is not None}
    for path in outputs:
        if path is None:
            continue
        place = os.path.realpath(path)
        if place in taken:
            raise InputError(
                f"this output would overwrite {taken[place]}",
                path=path,
                hint="choose another name",
            )
        taken[place] = "another output"
        with (
            os_errors("the file cannot be written", path, "choose another name"),
            suppress(FileNotFoundError, NotADirectoryError),
        ):
            if stat.S_ISDIR(os.lstat(place).st_mode):
                raise _is_a_folder(path)


def _is_a_folder(path: Path) -> FileError:
    message = "this is a folder, not the name of a file to write"
    return FileError(message, path=path, hint="name a file in it")


def check_suffix(path: str | Path, suffixes: Sequence[str]) -> str:
    """The suffix of `path` in lower case, if it is one of `suffixes`. Raises InputError.

    >>> check_suffix("solo.MID", [".mid", ".wav"])
    '.mid'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in suffixes:
        raise InputError(
            f"the name must end in {any_of(suffixes)}, "
            + (f"not in {suffix}" if suffix else "but has no ending"),
            path=path,
            hint="rename the output",
        )
    return suffix


def sha256_of_file(path: str | Path) -> str:
    """The SHA-256 of the bytes of a file, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def data_uri(content: bytes, media_type: str) -> str:
    """A `data:` address that holds the content, for a page that loads nothing else.

    >>> data_uri(b"MThd", "audio/midi")
    'data:audio/midi;base64,TVRoZA=='
    """
    return f"data:{media_type};base64,{b64encode(content).decode('ascii')}"

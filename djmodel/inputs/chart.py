"""Chord changes as text, from a file or a stream."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from seqmodel.errors import FileError, InputError
from seqmodel.files import content_of

MAX_BYTES = 1_000_000  # of a chart: thousands of bars
STDIN = "-"
_KIND = "a chart, chord changes as UTF-8 text"


def chart_text(changes: str, stdin: BinaryIO) -> str:
    """The text of changes that are given as text, as the name of a file, or as STDIN for all that
    the stream holds. Raises FileError for a file that is missing, too long or not UTF-8 text."""
    if changes == STDIN:
        content = stdin.read(MAX_BYTES + 1)
        return _decoded(content if len(content) <= MAX_BYTES else None, None)
    if _is_file(changes):
        return _decoded(content_of(changes, _KIND, MAX_BYTES), changes)
    return changes


def _is_file(changes: str) -> bool:
    """True for the name of a file that is there, and for what can only be the name of one."""
    try:
        return Path(changes).is_file() or bool(re.fullmatch(r"[^\s|]+\.[A-Za-z]{2,5}", changes))
    except (OSError, ValueError):  # no file can have this name
        return False


def _decoded(content: bytes | None, path: str | None) -> str:
    """The text of a chart; `content` is None if there is too much of it."""
    if content is None:
        raise FileError(f"the chart has more than {MAX_BYTES:,} bytes", path=path)
    if not content.strip():
        raise InputError("the chart is empty", path=path, hint="write chords such as Dm7 | G7 | C")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte 0x{content[error.start]:02x} at {error.start + 1} is not UTF-8 text"
        raise FileError(message, path=path, hint="save the chart as UTF-8 text") from error

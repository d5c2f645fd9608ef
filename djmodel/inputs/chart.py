"""Chord changes from text, a file or a stream."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO

from djmodel.inputs.music_files import SUFFIXES
from djmodel.music.changes import is_file_name, parse_changes, read_chart
from djmodel.music.charts.ireal.links import (
    MAX_LINK_CHARACTERS,
    has_link,
    link_of,
    read_playlist,
)
from djmodel.music.charts.ireal.songs import find_song
from djmodel.music.meter import COMMON_TIME, Meter
from djmodel.music.tune import Bpm, Tune
from seqmodel.errors import FileError, InputError
from seqmodel.files import content_of
from seqmodel.settings import Count, SettingError, checked

MAX_BYTES = MAX_LINK_CHARACTERS  # of a page with links; typed changes are shorter
STDIN = "-"
_KIND = "a chart, chord changes as text"


@checked
def read_changes(
    changes: str | Path,
    meter: Meter | str = COMMON_TIME,
    *,
    song: str | None = None,
    repeats: bool = True,
    alternates: bool = False,
    choruses: Count = 1,
    tempo: Bpm | None = None,
    title: str = "",
) -> Tune:
    """A tune without melody from changes as text, as the name of a form, as a link of iReal Pro, or
    in a file: text, a page exported from iReal Pro (of which `song` names one), or a lead sheet of
    Impro-Visor. Settings and errors are those of `parse_changes`; FileError is raised for a file
    that cannot be read.

    >>> len(read_changes("blues-in-F", choruses=2).bars)
    24
    """
    text = chart_text(str(changes), io.BytesIO())
    return parse_changes(
        text,
        meter,
        song=song,
        repeats=repeats,
        alternates=alternates,
        choruses=choruses,
        tempo=tempo,
        title=title,
    )


def chart_text(changes: str, stdin: BinaryIO) -> str:
    """The text of changes that are given as text, as the name of a file, or as STDIN for all that
    the stream holds. Raises FileError for a file that is missing, too long or no text."""
    if changes.strip() == STDIN:
        content = stdin.read(MAX_BYTES + 1)
        return _decoded(content if len(content) <= MAX_BYTES else None, None)
    if has_link(changes) or not _is_file(changes):
        return changes
    if Path(changes).suffix.lower() in SUFFIXES:
        hint = "name it as the tune to play over"
        raise FileError("this is a music file, not a chart", path=changes, hint=hint)
    return _decoded(content_of(changes, _KIND, MAX_BYTES), changes)


def is_text(path: Path) -> bool:
    """True for a file that can be a chart, also one with mistakes."""
    try:
        return bool(_decoded(content_of(path, _KIND, MAX_BYTES), str(path)))
    except InputError:
        return False


def check_not_changes(given: str, wanted: str) -> None:
    """Raises SettingError for changes as text, and for the name of a text file that holds some, in
    place of what is `wanted`, such as a model."""
    if os.path.isdir(given) or given.strip() == STDIN:
        return
    try:
        text = chart_text(given, io.BytesIO())
        if not has_link(text):
            read_chart(text)
    except InputError:
        return
    message = f"'{given:.60}' is not {wanted} but changes"
    raise SettingError(message, "changes", hint="give it as changes to play over")


def song_text(text: str, song: str | None) -> tuple[str, str | None]:
    """Changes as text, of which only the song is kept, as a link of its own, if they are a playlist
    of iReal Pro; and the song that is still to be chosen from them. Raises SettingError for a
    `song` that is not there."""
    return (
        (link_of([find_song(read_playlist(text), song)]), None) if has_link(text) else (text, song)
    )


def _is_file(changes: str) -> bool:
    """True for the name of a file that is there, if it has a suffix or a folder, for a file named C
    is a chord; and for what can only be the name of one."""
    try:
        path = Path(changes)
        is_name = bool(path.suffix) or len(path.parts) > 1
        return (is_name and path.is_file()) or is_file_name(changes)
    except (OSError, ValueError):  # no file can have this name
        return False


def _decoded(content: bytes | None, path: str | None) -> str:
    """The text of a chart, in UTF-8, in UTF-16 with its mark, or in Windows' Latin letters;
    `content` is None if there is too much of it."""
    if content is None:
        raise FileError(f"the chart has more than {MAX_BYTES:,} bytes", path=path)
    if not content.strip():
        raise InputError("the chart is empty", path=path, hint="write chords such as Dm7 | G7 | C")
    is_utf16 = content[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileError(f"the file is not {_KIND}", path=path, hint="save it as UTF-8 text")

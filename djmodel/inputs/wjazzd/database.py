"""`wjazzd.db`, the SQLite file of the Weimar Jazz Database, opened for reading only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from djmodel.inputs.limits import Deadline
from djmodel.inputs.wjazzd.records import (
    BeatRow,
    Solo,
    SoloInfo,
    TableNote,
    Unreadable,
    placed_notes,
    rows_of,
)
from seqmodel.errors import CorpusError, FileError
from seqmodel.files import check_input_file
from seqmodel.text import printable

DATABASE_SUFFIXES = (".db", ".sqlite", ".sqlite3")

_MAGIC, _HEADER_SIZE = b"SQLite format 3\0", 100
_HINT = "choose the file wjazzd.db of the Weimar Jazz Database, as it was downloaded"
_MAX_SOLOS = 10_000
_MAX_ROWS_PER_SOLO = 1_000_000
_MAX_CELL = 1_000_000  # bytes of a value
_SECONDS_FOR_A_LOCK = 1.0
_STEPS_BETWEEN_CHECKS = 20_000  # of SQLite's virtual machine

_INFO = (
    "melid, performer, title, titleaddon, solopart, instrument, style, avgtempo, rhythmfeel, key"
)
_BEAT = "bar, beat, signature, chord, form, chorus_id"
_NOTE = "bar, beat, tatum, division, pitch, duration, beatdur, loud_med"
_PHRASES = "SELECT melid, start FROM sections WHERE type = 'PHRASE' ORDER BY melid, start"
_COLUMNS = {
    "solo_info": _INFO,
    "beats": f"beatid, melid, {_BEAT}",
    "melody": f"eventid, melid, {_NOTE}",
    "sections": "melid, type, start",
}

Rows = Sequence[tuple[Any, ...]]


def read_database(path: Path, deadline: Deadline) -> Iterator[Solo | Unreadable]:
    """The solos of a database, in the order of their numbers.

    Raises FileError for a file that is not a SQLite database, has another schema, is damaged or
    locked; LimitError for one beyond the limits.
    """
    check_input_file(path, "a database of solos")
    _check_size(path, deadline)
    with _database_errors(path, deadline), closing(_opened(path, deadline)) as database:
        _check_schema(database, path)
        solos = _infos(database)
        deadline.allow(len(solos))
        tables = (
            _Grouped(database.execute(f"SELECT melid, {_BEAT} FROM beats ORDER BY melid, beatid")),
            _Grouped(
                database.execute(f"SELECT melid, {_NOTE} FROM melody ORDER BY melid, eventid")
            ),
            _Grouped(database.execute(_PHRASES)),
        )
        for melid, info in solos:
            deadline()
            beats, notes, phrases = (table.rows_of(melid) for table in tables)
            if len(notes) > deadline.limits.max_notes:
                raise deadline.limits.too_many_notes(path)
            try:
                yield _solo(info, beats, notes, phrases)
            except CorpusError as error:
                yield Unreadable(info, error.message)


def _check_size(path: Path, deadline: Deadline) -> None:
    """Checks the size of the file, also against that in its header: SQLite notices a missing end
    only where it needs it. Format: https://www.sqlite.org/fileformat.html#the_database_header."""
    size = path.stat().st_size
    if size > deadline.limits.max_bytes:
        raise deadline.limits.too_large(path)
    with path.open("rb") as stream:
        header = stream.read(_HEADER_SIZE)
    if not header.startswith(_MAGIC):
        raise FileError("the file is not a SQLite database", path=path, hint=_HINT)
    page_size = int.from_bytes(header[16:18], "big")
    pages = (65536 if page_size == 1 else page_size) * int.from_bytes(header[28:32], "big")
    whole = max(pages, _HEADER_SIZE)
    if size < whole:
        message = f"the database is cut off: it has {size:,} of {whole:,} bytes"
        raise FileError(message, path=path, hint="download it again")


class _Grouped:
    """Rows in the order of solos, whose number is in the first column, taken solo by solo."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=itemgetter(0))
        self._next = next(self._groups, None)

    def rows_of(self, melid: int) -> list[tuple[Any, ...]]:
        """The rows of a solo without the first column, none for a solo that has no rows."""
        while self._next is not None and _is_before(self._next[0], melid):
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != melid:
            return []
        rows = [row[1:] for row in islice(self._next[1], _MAX_ROWS_PER_SOLO)]
        self._next = next(self._groups, None)
        return rows


def _is_before(number: object, melid: int) -> bool:
    """True in the order of SQLite, in which NULL comes before numbers and these before text."""
    return number is None or (isinstance(number, int | float) and number < melid)


@contextmanager
def _database_errors(path: Path, deadline: Deadline) -> Iterator[None]:
    """Turns an error of SQLite in the block into a FileError, or LimitError after the deadline.
    UnicodeDecodeError: SQLite quotes damaged text in the message of its own error."""
    try:
        yield
    except (sqlite3.Error, UnicodeDecodeError) as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT:
            raise deadline.too_slow() from error
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            message, hint = "another program is writing the database", "close it, then try again"
        else:
            message, hint = f"the database cannot be read ({error})", _HINT
        raise FileError(message, path=path, hint=hint) from error


def _opened(path: Path, deadline: Deadline) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    database = sqlite3.connect(uri, uri=True, timeout=_SECONDS_FOR_A_LOCK, isolation_level=None)
    database.text_factory = lambda text: text.decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL)
    database.set_progress_handler(lambda: not deadline.left, _STEPS_BETWEEN_CHECKS)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA query_only = ON")
    return database


def _check_schema(database: sqlite3.Connection, path: Path) -> None:
    """Raises FileError unless all that is read is a column of a table: not of a view, which could
    compute anything."""
    tables = {
        name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }
    for table, columns in _COLUMNS.items():
        if table not in tables:
            raise FileError(f"the database has no table {table}", path=path, hint=_HINT)
        plain = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        missing = [name for name in columns.split(", ") if name not in plain]
        if missing:
            message = f"the table {table} has no column {' or '.join(missing)}"
            raise FileError(message, path=path, hint=_HINT)


def _infos(database: sqlite3.Connection) -> list[tuple[int, SoloInfo]]:
    """The facts about each solo, with its number."""
    files = _files(database)
    infos = []
    whole = "typeof(melid) = 'integer'"
    query = f"SELECT {_INFO} FROM solo_info WHERE {whole} ORDER BY melid LIMIT {_MAX_SOLOS}"
    for melid, performer, title, addon, part, *rest in database.execute(query):
        name = files.get(melid) or solo_id(performer, title, addon, part)
        info = rows_of(SoloInfo, [[name, performer, title, *_known(rest)]], "facts")[0]
        infos.append((melid, info))
    return infos


def _known(values: Sequence[Any]) -> list[Any]:
    return ["" if value is None else value for value in values]


def _files(database: sqlite3.Connection) -> dict[int, str]:
    """The names of the transcriptions' files without their endings, by the number of the solo."""
    columns = {row[1] for row in database.execute("PRAGMA table_info(transcription_info)")}
    if not {"melid", "filename_sv"} <= columns:
        return {}
    query = f"SELECT melid, filename_sv FROM transcription_info LIMIT {_MAX_SOLOS}"
    return {
        melid: re.sub(r"(_(FINAL|PRE\w*))?\.sv$", "", name)
        for melid, name in database.execute(query)
        if isinstance(name, str)
    }


def solo_id(performer: object, title: object, addon: object = "", part: object = 1) -> str:
    """The name of a solo, made of the player and the title.

    >>> solo_id("Miles Davis", "So What", part=2)
    'MilesDavis_SoWhat-2'
    """

    def joined(text: object) -> str:
        words = printable(str(text or "")).replace("-", " ").split()
        return "".join(word[:1].upper() + word[1:] for word in words)

    names = "_".join(filter(None, map(joined, (performer, title, addon))))
    return names if part in (None, "", 1, "1") else f"{names}-{part}"


def _solo(info: SoloInfo, beats: Rows, notes: Rows, phrases: Rows) -> Solo:
    beat_rows = rows_of(BeatRow, _filled(beats), "beats")
    table = rows_of(TableNote, notes, "notes")
    starts = [start for (start,) in phrases if isinstance(start, int)]
    return Solo(info, beat_rows, placed_notes(table, beat_rows), starts)


def _filled(beats: Rows) -> list[list[Any]]:
    """Beats with the signature, chord and form that hold; they stand only where they change."""
    held: list[Any] = ["4/4", "NC", ""]
    filled = []
    for bar, beat, *new, chorus in beats:
        held = [now or before for now, before in zip(new, held, strict=True)]
        filled.append([bar, beat, *held, -1 if chorus is None else chorus])
    return filled

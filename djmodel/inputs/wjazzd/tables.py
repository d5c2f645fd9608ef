"""The tables of the Weimar Jazz Database as text: `solos.csv`, `notes.csv.gz`, `beats.csv.gz`."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

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
from seqmodel.files import content_of

TABLES = SOLOS, NOTES, BEATS = "solos.csv", "notes.csv.gz", "beats.csv.gz"

_INFO = ("id", "performer", "title", "instrument", "style", "avgtempo", "rhythmfeel", "key")
_BEAT = ("bar", "beat", "signature", "chord", "form", "chorus_id")
_NOTE = ("bar", "beat", "tatum", "division", "pitch", "duration", "beat_duration", "loudness")
_MAX_EXPANSION = 2  # an unpacked table is at most this many times as large as a file may be
_HINT = "name a folder with solos.csv, notes.csv.gz and beats.csv.gz"

Row = Sequence[str]


def is_folder_of_tables(path: Path) -> bool:
    return all((path / name).is_file() for name in TABLES)


def read_tables(folder: Path, deadline: Deadline) -> Iterator[Solo | Unreadable]:
    """The solos of a folder of tables. Raises FileError for a table that is missing, damaged or
    without a column that is needed, LimitError for one beyond the limits."""
    infos = list(_table(folder / SOLOS, ("melid", *_INFO), deadline))
    deadline.allow(len(infos))
    beats = _by_solo(_table(folder / BEATS, ("melid", *_BEAT), deadline))
    columns = ("melid", "phrase_begin", *_NOTE)
    notes = _by_solo(_table(folder / NOTES, columns, deadline))
    for melid, *fields in infos:
        deadline()
        info = rows_of(SoloInfo, [fields], "facts")[0]
        if len(notes.get(melid, ())) > deadline.limits.max_notes:
            raise deadline.limits.too_many_notes(folder / NOTES)
        try:
            yield _solo(info, beats.get(melid, []), notes.get(melid, []))
        except CorpusError as error:
            yield Unreadable(info, error.message)


def _solo(info: SoloInfo, beats: Sequence[Row], notes: Sequence[Row]) -> Solo:
    beat_rows = rows_of(BeatRow, beats, "beats")
    table = rows_of(TableNote, [[*row[1:-1], row[-1] or None] for row in notes], "notes")
    phrases = [number for number, row in enumerate(notes) if row[0] == "1"]
    return Solo(info, beat_rows, placed_notes(table, beat_rows), phrases)


def _by_solo(rows: Iterator[Row]) -> dict[str, list[Row]]:
    """The rows of each solo, in order, without the first column, which names it."""
    solos: dict[str, list[Row]] = {}
    for melid, group in groupby(rows, key=itemgetter(0)):
        solos.setdefault(melid, []).extend(row[1:] for row in group)
    return solos


def _table(path: Path, columns: Sequence[str], deadline: Deadline) -> Iterator[Row]:
    """The `columns` of each row of a CSV file, which may be packed by gzip."""
    text = io.StringIO(_text(path, deadline), newline="")
    try:
        reader = csv.reader(text)
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            message = f"the table has no column {' or '.join(missing)}"
            raise FileError(message, path=path, hint=_HINT)
        choose = itemgetter(*(header.index(name) for name in columns))
        for number, row in enumerate(reader):
            if number % 10_000 == 0:
                deadline()
            yield choose(row)
    except (csv.Error, IndexError) as error:
        raise FileError(f"the table is damaged ({error})", path=path, hint=_HINT) from error


def _text(path: Path, deadline: Deadline) -> str:
    limits = deadline.limits
    content = content_of(path, "a table of solos", limits.max_bytes)
    if content is None:
        raise limits.too_large(path)
    try:
        if path.suffix == ".gz":
            most = limits.max_bytes * _MAX_EXPANSION
            with gzip.open(io.BytesIO(content)) as stream:
                content = stream.read(most + 1)
            if len(content) > most:
                raise limits.too_large(path, "the unpacked table")
        return content.decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"the table is damaged ({error})", path=path, hint=_HINT) from error

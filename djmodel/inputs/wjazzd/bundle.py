"""Solos as lines of JSON, packed by gzip: the compact copy that is bundled.

The first line has the `format`, the `notice` that the licence asks for, and `splits`: the solos of
each set by name. Every other line is a solo:

    info     id, performer, title, instrument, style, tempo, feel and key, as in the database
    bar      number of the first bar
    bars     runs of equal bars: their first beat, number of beats, and how many there are
    signature, chord, form, chorus
             each as pairs of the index of a beat and what holds from it on
    beat     of each note: how many beats after that of the note before
    tatum, division, pitch, sounding, loudness
             of each note (see `records.NoteRow`)
    phrases  indices of the notes at which phrases begin
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from djmodel.inputs.limits import Deadline
from djmodel.inputs.wjazzd.records import MAX_BEATS, BeatRow, NoteRow, Solo, SoloInfo, rows_of
from seqmodel.errors import CorpusError, FileError
from seqmodel.files import content_of

BUNDLE_SUFFIX = ".jsonl.gz"
FORMAT = "djmodel solos 1"

_MAX_EXPANSION = 4  # unpacked, at most this many times as large as a file may be
_HINT = "build the file again"

Splits = dict[str, dict[str, list[str]]]
_Int = Annotated[int, Meta(ge=-100_000, le=100_000)]
_Runs = list[tuple[Annotated[int, Meta(ge=0, le=MAX_BEATS)], Any]]


class Header(msgspec.Struct):
    """The first line of a bundle."""

    format: str
    notice: str
    splits: Splits


class _Line(msgspec.Struct):
    info: SoloInfo
    bar: _Int
    bars: list[
        tuple[_Int, Annotated[int, Meta(ge=1, le=96)], Annotated[int, Meta(ge=1, le=MAX_BEATS)]]
    ]
    signature: _Runs
    chord: _Runs
    form: _Runs
    chorus: _Runs
    beat: list[_Int]
    tatum: list[_Int]
    division: list[_Int]
    pitch: list[_Int]
    sounding: list[_Int]
    loudness: list[_Int | None]
    phrases: list[Annotated[int, Meta(ge=0)]]


def write_bundle(path: Path, solos: Iterable[Solo], notice: str, splits: Splits) -> None:
    """Writes solos; the same solos give the same bytes."""
    lines = [Header(FORMAT, notice, splits), *map(_line, solos)]
    text = b"\n".join(map(msgspec.json.encode, lines))
    path.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))


def read_bundle(path: Path, deadline: Deadline) -> Iterator[Solo]:
    """The solos of a bundle. Raises FileError for another or a damaged file, LimitError for one
    beyond the limits."""
    first, *lines = _lines(path, deadline)
    _decoded(path, _header_of_line, first)
    deadline.allow(len(lines))
    for line in lines:
        deadline()
        yield _decoded(path, _solo_of_line, line)


def read_header(path: Path, deadline: Deadline) -> Header:
    """The first line of a bundle. Raises as `read_bundle`."""
    return _decoded(path, _header_of_line, _lines(path, deadline)[0])


def _decoded(path: Path, decode: Callable[[bytes], Any], line: bytes) -> Any:
    try:
        return decode(line)
    except (msgspec.DecodeError, CorpusError, ValueError) as error:
        raise FileError(f"the file is damaged ({error})", path=path, hint=_HINT) from error


def _lines(path: Path, deadline: Deadline) -> list[bytes]:
    limits = deadline.limits
    content = content_of(path, "a file of solos", limits.max_bytes)
    if content is None:
        raise limits.too_large(path)
    most = limits.max_bytes * _MAX_EXPANSION
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            text = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FileError(f"the file is damaged ({error})", path=path, hint=_HINT) from error
    if len(text) > most:
        raise limits.too_large(path, "the unpacked file")
    return text.split(b"\n")


def _header_of_line(line: bytes) -> Header:
    header = msgspec.json.decode(line, type=Header)
    if header.format != FORMAT:
        raise ValueError(f"format {header.format:.40}, not {FORMAT}")
    return header


_decoder = msgspec.json.Decoder(_Line)


def _solo_of_line(line: bytes) -> Solo:
    stored = _decoder.decode(line)
    beats = _beats(stored)
    columns = (
        list(accumulate(stored.beat)),
        stored.tatum,
        stored.division,
        stored.pitch,
        stored.sounding,
        stored.loudness,
    )
    notes = rows_of(NoteRow, list(zip(*columns, strict=True)), "notes")
    return Solo(stored.info, beats, notes, stored.phrases)


def _beats(line: _Line) -> list[BeatRow]:
    places = []
    number = line.bar
    for first, n_beats, n_bars in line.bars:
        for _ in range(n_bars):
            places += [(number, beat) for beat in range(first, first + n_beats)]
            number += 1
            if len(places) > MAX_BEATS:
                raise CorpusError(f"the solo has more than {MAX_BEATS:,} beats")
    holding = [
        _expanded(runs, len(places))
        for runs in (line.signature, line.chord, line.form, line.chorus)
    ]
    rows = [(*place, *held) for place, *held in zip(places, *holding, strict=True)]
    return rows_of(BeatRow, rows, "beats")


def _expanded(runs: Sequence[tuple[int, Any]], length: int) -> list[Any]:
    """The value that holds on each of `length` beats."""
    values: list[Any] = []
    ends = [index for index, _ in runs[1:]] + [length]
    for (index, value), end in zip(runs, ends, strict=True):
        if index != len(values) or end > length:
            raise CorpusError("the beats of the solo are damaged")
        values += [value] * (end - index)
    return values


def _runs(values: Sequence[Any]) -> _Runs:
    return [
        (index, value)
        for index, value in enumerate(values)
        if index == 0 or value != values[index - 1]
    ]


def _line(solo: Solo) -> _Line:
    beats = solo.beats
    by_bar = (list(rows) for _, rows in groupby(beats, key=lambda row: row.bar))
    shapes = [(rows[0].beat, len(rows)) for rows in by_bar]
    bars = [(*shape, len(list(group))) for shape, group in groupby(shapes)]
    columns: Mapping[str, list[Any]] = {
        name: [getattr(note, name) for note in solo.notes]
        for name in ("tatum", "division", "pitch", "sounding", "loudness")
    }
    places = [0, *(note.beat for note in solo.notes)]
    return _Line(
        info=solo.info,
        bar=beats[0].bar,
        bars=bars,
        signature=_runs([row.signature for row in beats]),
        chord=_runs([row.chord for row in beats]),
        form=_runs([row.form for row in beats]),
        chorus=_runs([row.chorus for row in beats]),
        beat=[after - before for before, after in pairwise(places)],
        phrases=list(solo.phrases),
        **columns,
    )

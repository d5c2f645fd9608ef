"""Many tunes as one file on disk, in columns, that is opened without being read.

A corpus is a folder with `tunes.arrow`: Apache Arrow's file format, not compressed, so that the
numbers lie in the file as they are worked with and the system maps them into memory where they are
touched. (Parquet is smaller, but who opens it unpacks whole columns first: `benchmarks/scale.py`
measures both.) One row a tune, in the order of reading, and one for a file that was skipped:

    source      name of the file, as text     hash        SHA-256 of what was in it
    number      of the tune in a tune book    verdict     what became of it
    title       of the tune
    indices     its values, as places in the sorted list of all values of the corpus
    bar_starts  the place in `indices` at which each bar begins
    tune        melody and chords as JSON (see `tunejson`), without the accompaniment

What is true of all tunes is the metadata of the schema: the values, how often each comes, how often
each pitch.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.cache import cache_folder, cached_by_content, reader_version
from djmodel.inputs.limits import LimitError
from djmodel.inputs.music_files import find_music, real_path
from djmodel.inputs.reader import FileResult, ReadResult, crashed, read_file
from djmodel.inputs.score_to_tune import ReadOptions
from djmodel.music.tune import Tune
from djmodel.music.tune_json import tune_from_json, tune_to_json
from djmodel.values.conditioning import BarPositions, Ticks, ticks_in_bars, to_ticks
from djmodel.values.grammar import encode
from djmodel.values.value import Value
from seqmodel.data.windows import Indices
from seqmodel.errors import CorpusError, FileError, InputError
from seqmodel.files import atomic_write, sha256_of_file, writable_folder
from seqmodel.optional import require_package
from seqmodel.parallel.pool import PoolConfig, parallel_map
from seqmodel.text import pluralize, printable

if TYPE_CHECKING:
    import pyarrow

FILE, FORMAT = "tunes.arrow", 1
ROWS_PER_BATCH = 256
_METADATA = b"djmodel"
_BUILD = "build it with `python -m djmodel.corpus build MUSIC --out DIR`"

Progress = Callable[[str, str, int], None]
"""Called after each file with its name, its (last) verdict and the number of files there are."""


class Row(NamedTuple):
    """A tune on its way into the data set. Its values are `codes`, places in `texts`, the values
    that it has; `pitches` tells how often each pitch comes in its melody."""

    source: str
    number: int
    hash: str
    result: str
    title: str = ""
    texts: Sequence[str] = ()
    codes: Sequence[int] = ()
    bar_starts: Sequence[int] = ()
    pitches: Sequence[tuple[int, int]] = ()
    tune: str = ""


class Summary(NamedTuple):
    """How much is in a data set."""

    files: int
    tunes: int
    skipped: int
    values: int
    distinct: int


# ---------------------------------------------------------------------------------------------
# Building
# ---------------------------------------------------------------------------------------------


def build(
    music: Iterable[str | Path],
    folder: str | Path,
    workers: PoolConfig = PoolConfig(),
    progress: Progress | None = None,
) -> Summary:
    """Reads files, folders and patterns into the data set `folder`, which has all of it or nothing.

    The same files give the same bytes, whoever reads them. What was read is kept in the user's
    cache, so that a build that was interrupted goes on where it stopped. Raises CorpusError if no
    file could be used, InputError if `folder` is one of the music, FileError if it cannot be
    written or the disk is full, ClusterError for a cluster that does not work.
    """
    music = list(music)
    if real_path(folder) in {real_path(Path(name).expanduser()) for name in music}:
        raise InputError(
            "a folder of its own for the corpus",
            "the one with the music",
            path=folder,
            hint="choose another",
        )
    folder = writable_folder(folder)
    was_there = folder.exists()
    files = list(find_music(music))
    job = partial(rows_of, cache=cache_folder().absolute())
    totals = _Totals()

    def rows() -> Iterator[Row]:
        for of_a_file in parallel_map(job, files, workers, lambda path: _rows(path, crashed(path))):
            yield from of_a_file
            if progress is not None:
                progress(Path(of_a_file[-1].source).name, of_a_file[-1].result, len(files))

    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The values can be numbered in their order only when all are known: a file without a name,
        # which is gone whatever happens, holds the rows until then.
        with tempfile.TemporaryFile(dir=folder) as spool:
            _write(spool, _batches(rows(), totals), _schema())
            totals.require_tunes(len(files))
            with atomic_write(folder / FILE) as temporary, temporary.open("wb") as stream:
                _write(stream, _renumbered(spool, totals), _schema(totals.metadata(len(files))))
    except OSError as error:
        raise FileError(
            "room for the corpus",
            (error.strerror or str(error)).lower(),
            path=folder,
            hint="choose another place, and run it again: what was read is kept",
        ) from error
    finally:
        if not was_there and not (folder / FILE).exists():
            folder.rmdir()
    return totals.summary(len(files))


def rows_of(path: Path, cache: Path) -> tuple[Row, ...]:
    """The rows of a file: one for each tune in it. Nothing in the file makes it raise."""
    options = ReadOptions()
    outcome: FileResult | None = None

    def make() -> tuple[Row, ...]:
        nonlocal outcome
        outcome = read_file(path, options)
        return _rows(path, outcome)

    def to_json(rows: tuple[Row, ...]) -> Any:
        # What is wrong with a file is kept; what went wrong with the reader, or took too long, may
        # not do so again.
        wrong = outcome and outcome.error
        transient = isinstance(wrong, LimitError) or not isinstance(wrong, InputError | None)
        return None if transient else rows

    def from_json(kept: Any) -> tuple[Row, ...]:
        return tuple(Row(*row)._replace(source=str(path)) for row in kept)

    try:
        return cached_by_content(path, cache, [f"rows {FORMAT}"], make, to_json, from_json)
    except InputError:  # no file, or one that may not be read
        return _rows(path, read_file(path, options))


def _rows(path: Path, outcome: FileResult) -> tuple[Row, ...]:
    try:
        hashed = sha256_of_file(path)
    except OSError:
        hashed = ""
    return tuple(_row(result, str(path), hashed) for result in outcome.results)


def _row(result: ReadResult, source: str, hashed: str) -> Row:
    tune = result.tune
    if tune is None:
        return Row(source, result.number, hashed, str(result))
    bars = [[str(value) for value in values] for values in encode(tune)]
    texts = sorted({text for bar in bars for text in bar})
    places = {text: place for place, text in enumerate(texts)}
    starts = np.cumsum([0, *map(len, bars)])[:-1]
    pitches = Counter(note.pitch for bar in tune.bars for note in bar.melody)
    kept = tune_to_json(replace(tune, accompaniment=()))
    return Row(
        source,
        result.number,
        hashed,
        result.summary(sum(map(len, bars))),
        tune.title,
        texts,
        [places[text] for bar in bars for text in bar],
        starts.tolist(),
        sorted(pitches.items()),
        json.dumps(kept, ensure_ascii=False, separators=(",", ":")),
    )


@dataclass
class _Totals:
    """What is known of all rows so far. `codes` numbers the values as they come; `counts` tells how
    often each came."""

    codes: dict[str, int] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)
    pitches: NDArray[np.int64] = field(default_factory=lambda: np.zeros(128, dtype=np.int64))
    tunes: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, row: Row) -> Indices:
        """The values of the row by their numbers."""
        if not row.tune:
            self.skipped += 1
            if len(self.reasons) < 3:
                self.reasons.append(f"{Path(row.source).name}: {row.result}")
            return np.empty(0, dtype=np.int32)
        self.tunes += 1
        for pitch, times in row.pitches:
            self.pitches[pitch] += times
        numbers = [self.codes.setdefault(text, len(self.codes)) for text in row.texts]
        self.counts += [0] * (len(self.codes) - len(self.counts))
        for number, times in zip(numbers, np.bincount(row.codes).tolist(), strict=True):
            self.counts[number] += times
        return np.array(numbers, dtype=np.int32)[np.asarray(row.codes, dtype=np.intp)]

    def require_tunes(self, n_files: int) -> None:
        if not self.tunes:
            found = (
                f"none in {pluralize(n_files, 'file')} ({'; '.join(self.reasons)})"
                if n_files
                else "no files"
            )
            raise CorpusError("at least one tune", found, hint="choose other files")

    @property
    def values(self) -> list[str]:
        return sorted(self.codes)

    def summary(self, n_files: int) -> Summary:
        return Summary(n_files, self.tunes, self.skipped, sum(self.counts), len(self.codes))

    def metadata(self, n_files: int) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "reader": reader_version(),
            "summary": self.summary(n_files),
            "values": self.values,
            "counts": [self.counts[self.codes[value]] for value in self.values],
            "pitches": self.pitches.tolist(),
        }


def _schema(metadata: dict[str, Any] | None = None) -> pyarrow.Schema:
    pa = _pyarrow()
    fields = {
        "source": pa.string(),
        "number": pa.int32(),
        "hash": pa.string(),
        "verdict": pa.string(),
        "title": pa.string(),
        "indices": pa.list_(pa.int32()),
        "bar_starts": pa.list_(pa.int32()),
        "tune": pa.string(),
    }
    kept = None if metadata is None else {_METADATA: json.dumps(metadata, ensure_ascii=False)}
    return pa.schema(list(fields.items()), metadata=kept)


def _batches(rows: Iterable[Row], totals: _Totals) -> Iterator[pyarrow.RecordBatch]:
    """Rows by the hundred, their values numbered as they come."""
    pa, schema = _pyarrow(), _schema()
    rows = iter(rows)
    while some := list(itertools.islice(rows, ROWS_PER_BATCH)):
        columns = [
            [printable(row.source) for row in some],
            [row.number for row in some],
            [row.hash for row in some],
            [row.result for row in some],
            [row.title for row in some],
            [totals.add(row) for row in some],
            [row.bar_starts for row in some],
            [row.tune for row in some],
        ]
        arrays = [
            pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)
        ]
        yield pa.record_batch(arrays, schema=schema)


def _renumbered(spool: IO[bytes], totals: _Totals) -> Iterator[pyarrow.RecordBatch]:
    """The same rows, the values numbered in their order."""
    pa = _pyarrow()
    rank = np.empty(len(totals.codes), dtype=np.int32)
    rank[[totals.codes[value] for value in totals.values]] = np.arange(len(rank))
    spool.flush()
    with pa.ipc.open_file(pa.py_buffer(_mapped(spool))) as rows:
        for number in range(rows.num_record_batches):
            batch = rows.get_batch(number)
            column = batch.schema.get_field_index("indices")
            old = batch.column(column)
            new = pa.ListArray.from_arrays(old.offsets, pa.array(rank[old.values.to_numpy()]))
            yield batch.set_column(column, "indices", new)


def _write(stream: IO[bytes], batches: Iterable[pyarrow.RecordBatch], schema: Any) -> None:
    pa = _pyarrow()
    with pa.ipc.new_file(stream, schema) as writer:
        for batch in batches:
            writer.write_batch(batch.replace_schema_metadata(schema.metadata))


# ---------------------------------------------------------------------------------------------
# Opening
# ---------------------------------------------------------------------------------------------


class Corpus:
    """A data set that was opened: nothing of it is in memory but what is asked for.

    `values` are all values of the corpus, sorted, `counts` how often each comes, `pitches (128,)`
    how often each pitch; `lengths` how many values each row has (0: the file was skipped).
    """

    def __init__(self, folder: str | Path) -> None:
        """Raises FileError for a folder that holds no data set, only half of one, or one of another
        version."""
        pa = _pyarrow()
        self.folder = Path(folder)
        path = self.folder / FILE
        if not path.is_file():
            found = f"no {FILE} in it" if self.folder.is_dir() else "no such folder"
            raise FileError("a corpus", found, path=folder, hint=_BUILD)
        try:
            with path.open("rb") as stream:
                self._memory = _mapped(stream)
            self._rows = pa.ipc.open_file(pa.py_buffer(self._memory))
            told = json.loads((self._rows.schema.metadata or {})[_METADATA])
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            found = f"a file that is damaged or something else ({error})"
            raise FileError("a corpus", found, path=path, hint=_BUILD) from error
        if told.get("format") != FORMAT:
            found = f"format {told.get('format')}"
            raise FileError(f"a corpus of format {FORMAT}", found, path=path, hint=_BUILD)
        self.reader: str = told["reader"]
        self.summary = Summary(*told["summary"])
        self.values: tuple[str, ...] = tuple(told["values"])
        self.counts = np.array(told["counts"], dtype=np.int64)
        self.pitches = np.array(told["pitches"], dtype=np.int64)
        self._batches = [self._rows.get_batch(n) for n in range(self._rows.num_record_batches)]
        self._indices, self._offsets = self._lists("indices")
        self._bars, self._bar_offsets = self._lists("bar_starts")
        self._first = np.cumsum([0, *(len(batch) for batch in self._batches)])
        self.lengths = np.concatenate([np.diff(offsets) for offsets in self._offsets])

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self._first[-1])

    def indices(self, row: int, start: int = 0, stop: int | None = None) -> Indices:
        """The values of a row, from place `start` up to `stop`, in the file itself."""
        batch, place = self._place(row)
        first, end = self._offsets[batch][place : place + 2]
        end = end if stop is None else min(first + stop, end)
        return self._indices[batch][first + start : end]

    def bar_starts(self, row: int) -> Indices:
        """The places in the values of a row at which its bars begin, in the file itself."""
        batch, place = self._place(row)
        first, end = self._bar_offsets[batch][place : place + 2]
        return self._bars[batch][first:end]

    def ticks_in_bars(self, row: int) -> Ticks:
        """The onset of each value of a row in its bar, and the time to the end of the bar, in
        ticks: `(n, 2)`, see `conditioning.ticks_in_bars`."""
        durations, starts = self._ticks[self.indices(row)], self.bar_starts(row)
        return ticks_in_bars(durations, starts, np.add.reduceat(durations, starts))

    @cached_property
    def _ticks(self) -> Ticks:
        """The duration of each of `values` in ticks."""
        return to_ticks(Value.parse(value).duration for value in self.values)

    @property
    def bar_positions(self) -> BarPositions:
        """The bar positions of all values."""
        rows = np.flatnonzero(self.lengths).tolist()
        return BarPositions.from_ticks(self.ticks_in_bars(row) for row in rows)

    def _place(self, row: int) -> tuple[int, int]:
        """The batch of a row, and its number in it."""
        batch = int(np.searchsorted(self._first, row, side="right")) - 1
        return batch, row - int(self._first[batch])

    def _lists(self, name: str) -> tuple[list[Indices], list[Indices]]:
        """A column of lists, batch by batch: what is in them, and where each begins."""
        columns = [batch.column(name) for batch in self._batches]
        return [c.values.to_numpy() for c in columns], [c.offsets.to_numpy() for c in columns]

    def tunes(self, most: int) -> list[Tune]:
        """The first tunes, without their accompaniment."""
        found = (tune_from_json(json.loads(tune)) for tune in self.column("tune") if tune)
        return list(itertools.islice(found, most))

    def column(self, name: str) -> Iterator[Any]:
        """What stands in a column, row by row."""
        for batch in self._batches:
            yield from (value.as_py() for value in batch.column(name))

    @property
    def n_bars(self) -> int:
        return sum(int(offsets[-1] - offsets[0]) for offsets in self._bar_offsets)

    @property
    def identity(self) -> str:
        """A few letters that are other ones for other music."""
        told = self._rows.schema.metadata[_METADATA]
        return hashlib.sha256(told + self.lengths.tobytes()).hexdigest()[:16]

    def release_pages(self) -> None:
        """Gives back the memory of what was touched; the file is still open."""
        if hasattr(self._memory, "madvise"):
            self._memory.madvise(mmap.MADV_DONTNEED)


class Findings(NamedTuple):
    """What `check` found: files that are not any more what was read, or not there."""

    changed: list[str]
    missing: list[str]


def check(folder: str | Path) -> Findings:
    """Goes through all of a data set, and looks whether the files are still those that were read.
    Raises FileError if it is damaged."""
    data = Corpus(folder)
    counts = np.zeros(len(data.values), dtype=np.int64)
    try:
        for batch in data._batches:
            batch.validate(full=True)
        for row, starts in enumerate(data.column("bar_starts")):
            indices = data.indices(row)
            if np.any(np.diff([0, *starts, len(indices)]) < 0):
                raise ValueError(f"row {row + 1} has bars outside its values")
            counts += np.bincount(indices, minlength=len(counts))
        if not np.array_equal(counts, data.counts):
            raise ValueError("other values than were counted when it was built")
    except ValueError as error:  # pyarrow's own errors are
        found = f"a damaged one ({error})"
        raise FileError("a corpus", found, path=data.folder / FILE, hint=_BUILD) from error
    changed, missing = [], []
    sources = zip(data.column("source"), data.column("hash"), strict=True)
    for source, hashed in dict(sources).items():
        if not Path(source).is_file():
            missing.append(source)
        elif sha256_of_file(source) != hashed:
            changed.append(source)
    return Findings(changed, missing)


def _mapped(stream: IO[bytes]) -> mmap.mmap:
    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def _pyarrow() -> Any:
    require_package("pyarrow", "to keep a corpus on disk")
    import pyarrow.ipc

    return pyarrow

"""A corpus on disk: many tunes in one file of columns, which is opened without being read.

A corpus is a folder with `tunes.arrow`, a file in Apache Arrow's format without compression: the
numbers lie in it as they are used, and the system maps them into memory where they are touched.
(Parquet is smaller, but unpacks whole columns first: `benchmarks/scale.py` measures both.) A row is
a tune, in the order of reading, or a file that was skipped:

    source      name of the file                hash        SHA-256 of its content
    number      of the tune in a tune book      result      summary of reading it
    title       of the tune
    indices     values of the tune, as indices in the list of all values of the corpus
    bar_starts  index in `indices` of the first value of each bar
    tune        melody and chords as JSON (see `tune_json`), without the accompaniment

An empty batch at the end has a summary of the corpus as its metadata, in JSON.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import mmap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from djmodel.inputs.cache import cache_folder, cached_by_content, reader_version
from djmodel.inputs.limits import LimitError
from djmodel.inputs.music_files import find_music, real_path
from djmodel.inputs.reader import FileResult, ReadResult, check_solos, crashed, read_file
from djmodel.inputs.score_to_tune import ReadOptions
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.music.tune import Tune
from djmodel.music.tune_json import tune_from_json, tune_to_json
from djmodel.values.conditioning import BarPositions, Ticks, ticks_in_bars, to_ticks
from djmodel.values.grammar import encode
from djmodel.values.value import Value
from seqmodel.data.streaming import Span
from seqmodel.data.windows import Indices
from seqmodel.errors import CorpusError, FileError, InputError
from seqmodel.extras import require_package
from seqmodel.files import atomic_write, sha256_of_file, writable_folder
from seqmodel.folder_lock import locked_folder
from seqmodel.parallel.pool import PoolConfig, parallel_map
from seqmodel.text import pluralize, printable

FILE, FORMAT = "tunes.arrow", "2"
ROWS_PER_BATCH = 256
_FORMAT_KEY, _SUMMARY_KEY = b"djmodel corpus", b"summary"
_BUILD_AGAIN = "build the corpus again"

Progress = Callable[[str, str, int], None]
"""Called after each file with its name, the summary of its last tune, and the number of files."""


@dataclass(frozen=True, slots=True)
class Row:
    """A tune, or a skipped file (`tune` is empty), before its values have indices."""

    source: str
    hash: str
    number: int
    result: str
    title: str = ""
    values: Sequence[str] = ()
    bar_starts: Sequence[int] = ()
    pitches: Sequence[int] = ()  # of the melody's notes
    tune: str = ""


@dataclass
class Summary:
    """Counts over a corpus: `counts[value]` and `pitches[pitch]` are numbers of occurrences."""

    files: int
    reader: str = field(default_factory=reader_version)
    tunes: int = 0
    skipped: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    pitches: list[int] = field(default_factory=lambda: [0] * 128)

    def add(self, row: Row) -> None:
        """Counts the values and pitches of a row."""
        self.tunes += bool(row.tune)
        self.skipped += not row.tune
        for value in row.values:
            self.counts[value] = self.counts.get(value, 0) + 1
        for pitch in row.pitches:
            self.pitches[pitch] += 1

    @property
    def n_values(self) -> int:
        return sum(self.counts.values())


# ---------------------------------------------------------------------------------------------
# Building
# ---------------------------------------------------------------------------------------------


def build(
    music: Iterable[str | Path],
    folder: str | Path,
    workers: PoolConfig = PoolConfig(),
    progress: Progress | None = None,
    solos: SoloFilter = SoloFilter(),
) -> Summary:
    """Reads files, folders and patterns into the corpus `folder`, completely or not at all.

    The same files give the same bytes with any `workers`. Results of reading are cached, so that an
    interrupted build resumes where it stopped. `solos`: which solos of jazz databases to read.

    Raises CorpusError if no file has a usable tune, InputError if `folder` is one of the music,
    FileError if it cannot be written or another build writes there, ClusterError if the cluster
    does not work.
    """
    music = list(music)
    if real_path(folder) in {real_path(Path(name).expanduser()) for name in music}:
        raise InputError(
            "the corpus would be written into the folder with the music",
            path=folder,
            hint="choose another folder",
        )
    folder = writable_folder(folder)
    files = list(find_music(music))
    check_solos(files, solos)
    job = partial(rows_of, cache=cache_folder().absolute(), options=ReadOptions(solos=solos))
    summary = Summary(len(files))
    reasons: list[str] = []

    def rows() -> Iterator[Row]:
        for file_rows in parallel_map(job, files, workers, lambda path: _rows(path, crashed(path))):
            yield from file_rows
            name, result = Path(file_rows[-1].source).name, file_rows[-1].result
            if not summary.tunes and len(reasons) < 3:
                reasons.append(f"{name}: {result}")
            if progress is not None:
                progress(name, result, len(files))

    with (
        locked_folder(folder, "build"),
        atomic_write(folder / FILE) as temporary,
        temporary.open("wb") as stream,
    ):
        _write(stream, rows(), summary)
        if not summary.tunes:
            found = f"no tune in {pluralize(len(files), 'file')} can be used"
            message = f"{found} ({'; '.join(reasons)})" if files else "there are no files"
            raise CorpusError(message, hint="choose other files")
    return summary


def rows_of(path: Path, cache: Path, options: ReadOptions = ReadOptions()) -> tuple[Row, ...]:
    """The rows of a file, one for each tune in it; nothing in the file raises."""
    error: Exception | None = None

    def make() -> tuple[Row, ...]:
        nonlocal error
        result = read_file(path, options)
        error = result.error
        return _rows(path, result)

    def to_json(rows: tuple[Row, ...]) -> Any:
        # A fault of the file stays; one of the reader, or a time limit, may not occur again.
        lasting = error is None or (
            isinstance(error, InputError) and not isinstance(error, LimitError)
        )
        return [asdict(row) for row in rows] if lasting else None

    def from_json(cached: Any) -> tuple[Row, ...]:
        return tuple(replace(Row(**row), source=str(path)) for row in cached)

    try:
        return cached_by_content(
            path, cache, [f"rows {FORMAT}", options.solos], make, to_json, from_json
        )
    except InputError:  # the file is missing or cannot be opened
        return _rows(path, read_file(path, options))


def _rows(path: Path, read: FileResult) -> tuple[Row, ...]:
    content_hash = ""
    with suppress(OSError):
        content_hash = sha256_of_file(path)
    return tuple(_row(result, str(path), content_hash) for result in read.results)


def _row(result: ReadResult, source: str, content_hash: str) -> Row:
    tune = result.tune
    if tune is None:
        return Row(source, content_hash, result.number, str(result))
    bars = encode(tune)
    values = [str(value) for bar in bars for value in bar]
    stored = tune_to_json(replace(tune, accompaniment=()))
    return Row(
        source,
        content_hash,
        result.number,
        result.summary(len(values)),
        tune.title,
        values,
        np.cumsum([0, *map(len, bars[:-1])]).tolist(),
        [note.pitch for bar in tune.bars for note in bar.melody],
        json.dumps(stored, ensure_ascii=False, separators=(",", ":")),
    )


def _write(stream: IO[bytes], rows: Iterator[Row], summary: Summary) -> None:
    """Writes the rows in batches, and adds them to `summary`."""
    pa = _pyarrow()
    schema = _schema(pa)
    index: dict[str, int] = {}

    def columns(row: Row) -> dict[str, Any]:
        summary.add(row)
        indices = [index.setdefault(value, len(index)) for value in row.values]
        return {**asdict(row), "source": printable(row.source), "indices": indices}

    with pa.ipc.new_file(stream, schema) as writer:
        while batch := list(itertools.islice(rows, ROWS_PER_BATCH)):
            writer.write_batch(pa.RecordBatch.from_pylist([*map(columns, batch)], schema))
        metadata = {_SUMMARY_KEY: json.dumps(asdict(summary), ensure_ascii=False)}
        writer.write_batch(pa.RecordBatch.from_pylist([], schema), custom_metadata=metadata)


def _schema(pa: Any) -> Any:
    """The columns of a corpus and their types."""
    text, integers = pa.string(), pa.list_(pa.int32())
    columns_and_types = {
        **{"source": text, "hash": text, "number": pa.int32(), "result": text, "title": text},
        **{"indices": integers, "bar_starts": integers, "tune": text},
    }
    return pa.schema(columns_and_types, metadata={_FORMAT_KEY: FORMAT})


# ---------------------------------------------------------------------------------------------
# Opening
# ---------------------------------------------------------------------------------------------


class Corpus:
    """An opened corpus, of which only what is asked for is in memory.

    `values` are the distinct values, in the order of their first occurrence, `counts (n_values,)`
    and `pitches (128,)` the numbers of occurrences. `lengths (n_rows,)`: the number of values in
    each row, 0 for a skipped file. Methods raise FileError where the file is corrupted.
    """

    def __init__(self, folder: str | Path) -> None:
        """Opens a corpus. Raises FileError if there is none in `folder`, or a corrupted one."""
        pa = _pyarrow()
        self.folder = Path(folder)
        path = self.folder / FILE
        if not path.is_file():
            exists = self.folder.is_dir()
            message = f"the folder has no {FILE}" if exists else "there is no such folder"
            raise FileError(message, path=folder, hint="build a corpus there first")
        with self._corruption():
            with path.open("rb") as stream:
                self._memory = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            file = pa.ipc.open_file(pa.py_buffer(self._memory))
            made = file.schema.metadata[_FORMAT_KEY].decode()
            if made != FORMAT:
                message = f"the corpus has format {made:.20}, not {FORMAT}"
                raise FileError(message, path=path, hint=_BUILD_AGAIN)
            if not file.schema.equals(_schema(pa)):
                raise ValueError(f"its columns are {', '.join(file.schema.names)}")
            n_batches = file.num_record_batches - 1
            self._batches = [file.get_batch(number) for number in range(n_batches)]
            _, metadata = file.get_batch_with_custom_metadata(n_batches)
            self._metadata: bytes = metadata[_SUMMARY_KEY]
            self.summary = msgspec.convert(json.loads(self._metadata), Summary)
            if len(self.summary.pitches) != len(Summary(0).pitches):
                raise ValueError(f"it counts {len(self.summary.pitches)} pitches")
            self._indices, self._offsets = self._lists("indices")
            self._bar_starts, self._bar_offsets = self._lists("bar_starts")
        self.values = tuple(self.summary.counts)
        self.counts = np.array(list(self.summary.counts.values()), dtype=np.int64)
        self.pitches = np.array(self.summary.pitches, dtype=np.int64)
        self._first_rows = np.cumsum([0, *(len(batch) for batch in self._batches)])
        self.lengths = np.concatenate([np.diff(offsets) for offsets in self._offsets])

    def __len__(self) -> int:
        """The number of rows."""
        return int(self._first_rows[-1])

    def indices(self, row: int, start: int = 0, stop: int | None = None) -> Indices:
        """The values of a row from `start` up to `stop`, as indices in `values`: a view of the
        file."""
        batch, offset = self._locate(row)
        first, end = self._offsets[batch][offset : offset + 2]
        end = end if stop is None else min(first + stop, end)
        found = self._indices[batch][first + start : end]
        with self._corruption():
            if found.min(initial=0) < 0 or found.max(initial=0) >= len(self.values):
                raise ValueError(f"row {row} has an unknown value")
        return found

    def bar_starts(self, row: int) -> Indices:
        """The index of the first value of each bar of a row: a view of the file."""
        batch, offset = self._locate(row)
        first, end = self._bar_offsets[batch][offset : offset + 2]
        return self._bar_starts[batch][first:end]

    def ticks_in_bars(self, row: int) -> Ticks:
        """The onset of each value of a row in its bar, and the time to the end of the bar, in
        ticks: `(n, 2)`, see `conditioning.ticks_in_bars`."""
        durations, starts = self._durations[self.indices(row)], self.bar_starts(row)
        with self._corruption():
            return ticks_in_bars(durations, starts, np.add.reduceat(durations, starts))

    def conditioning(self, spans: Sequence[Span], positions: BarPositions, offset: int) -> Indices:
        """The features of m windows of Tx values, given as their spans in rows: `(m, Tx, 2)`, see
        `BarPositions.encode`."""
        ticks = [self.ticks_in_bars(span.sequence)[span.start : span.stop] for span in spans]
        return positions.encode(np.stack(ticks), offset)

    @cached_property
    def _durations(self) -> Ticks:
        """The duration of each of `values`."""
        with self._corruption():
            return to_ticks(Value.parse(value).duration for value in self.values)

    @property
    def bar_positions(self) -> BarPositions:
        """The bar positions of all values."""
        rows = np.flatnonzero(self.lengths).tolist()
        return BarPositions.from_ticks(self.ticks_in_bars(row) for row in rows)

    def tunes(self, count: int) -> list[Tune]:
        """The first `count` tunes, without their accompaniments."""
        with self._corruption():
            tunes = (tune_from_json(json.loads(tune)) for tune in self.column("tune") if tune)
            return list(itertools.islice(tunes, count))

    def column(self, name: str) -> Iterator[Any]:
        """The values of a column, row by row."""
        for batch in self._batches:
            with self._corruption():
                column = batch.column(name)
                column.validate(full=True)  # also the offsets of texts, which reading trusts
                values = column.to_pylist()
            yield from values

    @property
    def n_bars(self) -> int:
        return sum(int(offsets[-1] - offsets[0]) for offsets in self._bar_offsets)

    @property
    def identity(self) -> str:
        """A hash of the summary and of the length of each tune, to recognize the corpus."""
        return hashlib.sha256(self._metadata + self.lengths.tobytes()).hexdigest()[:16]

    def release_pages(self) -> None:
        """Releases the memory of what was read; the file stays open."""
        if hasattr(self._memory, "madvise"):
            self._memory.madvise(mmap.MADV_DONTNEED)

    def _locate(self, row: int) -> tuple[int, int]:
        """The batch of a row, and the row's number in it."""
        batch = int(np.searchsorted(self._first_rows, row, side="right")) - 1
        return batch, row - int(self._first_rows[batch])

    def _lists(self, name: str) -> tuple[list[Indices], list[Indices]]:
        """The values and the offsets of a column of lists, batch by batch."""
        columns = [batch.column(name) for batch in self._batches]
        for column in columns:
            column.validate()
            if (np.diff(column.offsets.to_numpy()) < 0).any():
                raise ValueError(f"the {name} of a row end before they begin")
        return [c.values.to_numpy() for c in columns], [c.offsets.to_numpy() for c in columns]

    @contextmanager
    def _corruption(self) -> Iterator[None]:
        """Turns what corrupted content raises in the block into a FileError."""
        try:
            yield
        except FileError:
            raise
        except (
            *(_pyarrow().ArrowException, OSError, ValueError, KeyError, IndexError, TypeError),
            RecursionError,
        ) as error:
            message = f"the file is corrupted, or not a corpus ({error})"
            raise FileError(message, path=self.folder / FILE, hint=_BUILD_AGAIN) from error


def _pyarrow() -> Any:
    require_package("pyarrow", "to keep a corpus on disk")
    import pyarrow.ipc

    return pyarrow

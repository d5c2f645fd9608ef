"""Files -> tunes: `read_tune` reads one, `read_tunes` reads many and reports on each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from djmodel.inputs.cache import cache_folder, cached_by_content
from djmodel.inputs.chart import is_text
from djmodel.inputs.collector import collector_paused
from djmodel.inputs.limits import DEFAULT, Deadline, LimitError, Limits
from djmodel.inputs.melody.selection import Selection
from djmodel.inputs.midi import read_midi
from djmodel.inputs.music_files import MIDI_SUFFIXES, SHEET_SUFFIXES, find_music
from djmodel.inputs.score import Score
from djmodel.inputs.score_to_tune import (
    ReadOptions,
    Transcription,
    excerpt,
    tune_from_score,
)
from djmodel.inputs.sheet_music import read_sheets
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.inputs.wjazzd.solos import files_of, is_solo_database, read_solos
from djmodel.music.tune import BarRange, Tune
from djmodel.music.tune_json import tune_from_json, tune_to_json
from seqmodel.errors import CorpusError, FileError, InputError
from seqmodel.parallel.pool import PoolConfig, parallel_map
from seqmodel.settings import checked
from seqmodel.text import pluralize

Progress = Callable[["ReadResult", int], None]
"""Called after each file with its (last) result and the number of files."""

# Work from which processes are worth their start, in bytes of MIDI. A byte of other formats is more
# work, or less: music21 reads Humdrum; MusicXML has many words for a note.
PARALLEL_FROM = 2_000_000
_WORK = {".abc": 2.0, ".krn": 20.0, ".mxl": 5.0, ".xml": 0.3, ".musicxml": 0.3}


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A tune, or the reason why there is none. `note`: that reason, or a remark on the tune;
    `number`: of a tune in a tune book, counted from 1 (0: the file has one tune); `label`: the name
    of a solo in a database."""

    path: Path
    tune: Tune | None
    note: str = ""
    number: int = 0
    label: str = ""

    @property
    def name(self) -> str:
        """The name of the file, and the number of the tune in a tune book; the name of a solo."""
        if self.label:
            return self.label
        return f"{self.path.name} {self.number}" if self.number else self.path.name

    def summary(self, n_values: int | None = None) -> str:
        """One line on the result, with the number of values of the tune if that is given."""
        if self.tune is None:
            return f"skipped: {self.note}"
        counts = f"used: {pluralize(len(self.tune.bars), 'bar')}"
        if n_values is not None:
            counts += f", {pluralize(n_values, 'value', form='')}"
        return f"{counts}; {self.note}" if self.note else counts

    def __str__(self) -> str:
        return self.summary()


@dataclass(frozen=True, slots=True)
class ReadResults:
    """Results for several files, in the order of reading."""

    results: tuple[ReadResult, ...]

    @property
    def tunes(self) -> list[Tune]:
        """The tunes of the files that could be used."""
        return [result.tune for result in self.results if result.tune is not None]

    @property
    def used(self) -> list[Path]:
        """The files of the tunes, each once."""
        paths = dict.fromkeys(result.path for result in self.results if result.tune is not None)
        return [file for path in paths for file in files_of(path)]

    def require_tunes(self) -> None:
        """Raises CorpusError, with the first reasons, if no file could be used."""
        if not self.tunes:
            reasons = "; ".join(f"{result.path.name}: {result.note}" for result in self.results[:3])
            files = pluralize(len(self.results), "file")
            message = f"no tune in {files} can be used ({reasons})" if reasons else "no files"
            raise CorpusError(message, hint="choose other files")


@dataclass(frozen=True, slots=True)
class FileResult:
    """Results for one file: one for each tune in it; the error, if it cannot be read."""

    results: tuple[ReadResult, ...]
    error: Exception | None = None


@checked
def read_tune(
    path: str | Path,
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    solo: str | None = None,
    limits: Limits = DEFAULT,
) -> Tune:
    """The tune in a file: its melody as one line, its chords, its accompaniment.

    Args:
        path: a MIDI, MusicXML, ABC or Humdrum file, or a database of solos; of a tune book the
            first tune is read.
        melody_part: the name or the number (from 1) of the part with the melody, or several that
            share it; None: detected.
        chord_part: those of the parts that carry the harmony; None: detected.
        bars: the first and the last bar to keep, counted from 1, both included; None: all.
        solo: the name of a solo, if the file is a database of them.
        limits: how much is read, and for how long.

    Raises:
        FileError: the file cannot be read.
        LimitError: it is beyond the limits.
        CorpusError: it does not have these parts, bars or this solo, or has no melody or chords.
    """
    solos = SoloFilter() if solo is None else SoloFilter(solo=(solo,))
    check_solos([Path(path)], solos)
    if is_solo_database(Path(path)):
        options = ReadOptions(bars=bars, limits=limits, solos=solos)
        return _only_solo(Path(path), options)
    return transcribe(path, ReadOptions(melody_part, chord_part, bars, limits)).tune


def transcribe(path: str | Path, options: ReadOptions = ReadOptions()) -> Transcription:
    """The tune in a file, with the score and the choice of parts. Raises as `read_tune`."""
    deadline = Deadline(options.limits, path)
    with collector_paused():
        return tune_from_score(read_score(path, deadline), path, options, deadline)


def read_score(path: str | Path, deadline: Deadline | None = None) -> Score:
    """The score in a file, the first one of a tune book; the suffix gives the kind of file.
    `deadline`: the limits and the remaining time; the default limits, from now on.

    Raises FileError if it is missing, empty, damaged or holds no notes; LimitError if it is beyond
    the limits.
    """
    return read_scores(path, deadline)[0]


def read_scores(path: str | Path, deadline: Deadline | None = None) -> tuple[Score, ...]:
    """The scores in a file: one, or all the tunes of a tune book. Raises as `read_score`."""
    path, deadline = Path(path), deadline or Deadline(DEFAULT, path)
    if path.suffix.lower() in SHEET_SUFFIXES:
        return read_sheets(path, deadline)
    try:
        with collector_paused():
            return (read_midi(path, deadline),)
    except FileError as error:
        if path.suffix.lower() in MIDI_SUFFIXES or not is_text(path):
            raise
        hint = "a chart is read as changes, and a model improvises over it"
        raise FileError("this is text, not music", path=path, hint=hint) from error


@checked
def read_tunes(
    music: Iterable[str | Path],
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    solos: SoloFilter = SoloFilter(),
    strict: bool = False,
    cached: bool = True,
    workers: PoolConfig | None = None,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
) -> ReadResults:
    """The tunes in files, folders (and the folders in them) and patterns such as `jazz/*.mid`.

    A file that cannot be used gets a result that says why; `ReadResults.require_tunes` asks for at
    least one tune. Parts, bars and limits are those of `read_tune`.

    Args:
        solos: the solos of jazz databases to read; by default all.
        strict: the error of the first file that cannot be used is raised.
        cached: results are kept in the user's cache, by the content of the file and the options.
        workers: processes that read; None: all CPUs of this machine, where the work is worth it.
        progress: called with each file's last result and the number of files.

    Raises:
        CorpusError: solos are chosen, but no file is a database of solos, or none has them.
        InputError: the error of a file, if it is the only one or with `strict`; an empty name.
    """
    options = ReadOptions(melody_part, chord_part, bars, limits, solos)
    files = list(find_music(music))
    check_solos(files, solos)
    results: list[ReadResult] = []
    workers = workers or PoolConfig(jobs=None if sum(map(_work, files)) >= PARALLEL_FROM else 1)
    read = partial(read_file, options=options, cache=cache_folder() if cached else None)
    for file_result in parallel_map(read, files, workers, crashed):
        for result in file_result.results:
            alone = len(files) == len(file_result.results) == 1
            if result.tune is None and (strict or alone):
                raise file_result.error or CorpusError(result.note, path=result.path)
        results += file_result.results
        if progress is not None:
            progress(file_result.results[-1], len(files))
    return ReadResults(tuple(results))


def check_solos(files: Iterable[Path], solos: SoloFilter) -> None:
    """Raises CorpusError if `solos` chooses some, but no file is a database of solos."""
    if solos and not any(map(is_solo_database, files)):
        raise CorpusError(
            f"solos {solos} can be chosen only from a database of solos",
            hint="name wjazzd.db, or the folder of its tables",
        )


def read_file(path: Path, options: ReadOptions, cache: Path | None = None) -> FileResult:
    """Reads a file, or takes its results from the folder `cache`; nothing in the file raises."""
    try:
        return FileResult(_cached_results(path, options, cache))
    except InputError as error:
        return FileResult((ReadResult(path, None, error.message),), error)
    except Exception as error:
        # A fault of the reader, met in one file, must not cost the others; it is reported.
        note = f"the reader failed ({type(error).__name__}: {error})"
        return FileResult((ReadResult(path, None, note),), error)


def crashed(path: Path) -> FileResult:
    """The result for a file whose reading ends the process."""
    return FileResult((ReadResult(path, None, "the process that read it ended"),))


def _work(path: Path) -> float:
    try:
        size = path.stat().st_size
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return 0.0
    return size * _WORK.get(path.suffix.lower(), 1.0)


def _cached_results(path: Path, options: ReadOptions, cache: Path | None) -> tuple[ReadResult, ...]:
    if cache is None or path.is_dir() or is_solo_database(path):
        return _results(path, options)

    def to_json(results: tuple[ReadResult, ...]) -> list[dict[str, Any]]:
        return [
            {"tune": r.tune and tune_to_json(r.tune), "note": r.note, "number": r.number}
            for r in results
        ]

    def from_json(cached: list[dict[str, Any]]) -> tuple[ReadResult, ...]:
        return tuple(
            ReadResult(path, r["tune"] and tune_from_json(r["tune"]), r["note"], r["number"])
            for r in cached
        )

    named = options.melody_part, options.chord_part, options.bars, options.limits.max_notes
    make = partial(_results, path, options)
    return cached_by_content(path, cache, ["tunes", *named], make, to_json, from_json)


def _results(path: Path, options: ReadOptions) -> tuple[ReadResult, ...]:
    """A result for each tune of a file. Raises the error of an only tune."""
    deadline = Deadline(options.limits, path)
    if is_solo_database(path):
        return _solo_results(path, options, deadline)
    if path.is_dir():
        raise FileError("the folder has no music files", path=path, hint="name another folder")
    scores = read_scores(path, deadline)
    if len(scores) == 1:
        return (_result(scores[0], path, options, deadline),)
    results = []
    for number, score in enumerate(scores, start=1):
        try:
            results.append(_result(score, path, options, deadline, number))
        except LimitError:
            raise
        except InputError as error:
            results.append(ReadResult(path, None, error.message, number))
    return tuple(results)


def _only_solo(path: Path, options: ReadOptions) -> Tune:
    results = _solo_results(path, options, Deadline(options.limits, path))
    if len(results) > 1:
        message = f"the database has {len(results)} solos, of which one is needed"
        raise CorpusError(message, path=path, hint="choose one by its name")
    if results[0].tune is None:
        raise CorpusError(results[0].note, path=path)
    return results[0].tune


def _solo_results(path: Path, options: ReadOptions, deadline: Deadline) -> tuple[ReadResult, ...]:
    """A result for each chosen solo of a database."""
    results = []
    solos = read_solos(path, options.solos, deadline=deadline)
    for number, solo in enumerate(solos, start=1):
        tune, note = solo.tune, solo.note
        if tune is not None and options.bars is not None:
            try:
                tune = excerpt(tune, options.bars, path)
            except CorpusError as error:
                tune, note = None, error.message
        results.append(ReadResult(path, tune, note, number, solo.info.id))
    return tuple(results)


@collector_paused()
def _result(
    score: Score, path: Path, options: ReadOptions, deadline: Deadline, number: int = 0
) -> ReadResult:
    transcription = tune_from_score(score, path, options, deadline)
    return ReadResult(path, transcription.tune, transcription.note, number)

"""Files -> tunes. `read_tune` reads one; `read_tunes` reads many, with a verdict for each."""

from __future__ import annotations

import gc
import hashlib
import json
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from djmodel.inputs import chords
from djmodel.inputs.limits import DEFAULT, Deadline, LimitError, Limits, no_deadline
from djmodel.inputs.melody import ChosenParts, Selection, choose_parts
from djmodel.inputs.midi import read_midi
from djmodel.inputs.music_files import SHEET_SUFFIXES, find_music
from djmodel.inputs.sheet_music import read_sheets
from djmodel.music.quantization import GridNote, Steps, quarters_to_steps, steps_to_quarters
from djmodel.music.score import Measure, Score, Symbol
from djmodel.music.tune import Bar, Change, Note, Tune
from djmodel.music.tune_json import tune_from_json, tune_to_json
from djmodel.values.grammar import encode
from seqmodel.errors import CorpusError, FileError, InputError
from seqmodel.files import atomic_write, check_input_file, sha256_of_file
from seqmodel.parallel.pool import PoolConfig, parallel_map
from seqmodel.text import pluralize

BarRange = tuple[int, int]
"""The first and the last bar, counted from 1, both included."""

Progress = Callable[["ReadResult", int], None]
"""Called after each file with its (last) verdict and the number of files there are."""

Made = TypeVar("Made")

_CACHE_NAME, _CACHE_VARIABLE = "djmodel", "DJMODEL_CACHE"
_INFERRED = "chords inferred from the melody"
# Work from which processes are worth their start, in bytes of MIDI; a sheet takes far longer.
_PARALLEL_FROM = 2_000_000
_SHEET_FACTOR = 20


class Reading(NamedTuple):
    """A tune, and what it was made from."""

    tune: Tune
    score: Score
    choice: ChosenParts

    @property
    def note(self) -> str:
        """What a listener should know about the tune, or ""."""
        return _INFERRED if self.choice.inferred and not self.score.symbols else ""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What became of a file: a tune, or the reason why it was skipped. `values`: how many;
    `number`: which tune of a tune book, counted from 1 (0: there is only one)."""

    path: Path
    tune: Tune | None
    values: int = 0
    note: str = ""
    number: int = 0

    @property
    def name(self) -> str:
        """The name of the file, and the number of the tune where there are several."""
        return f"{self.path.name} {self.number}" if self.number else self.path.name

    def __str__(self) -> str:
        if self.tune is None:
            return f"skipped: {self.note}"
        counts = f"used: {pluralize(len(self.tune.bars), 'bar')}, {pluralize(self.values, 'value', form='')}"
        return f"{counts}; {self.note}" if self.note else counts


@dataclass(frozen=True, slots=True)
class ReadResults:
    """A verdict for each file, in the order of reading."""

    results: tuple[ReadResult, ...]

    @property
    def tunes(self) -> list[Tune]:
        return [result.tune for result in self.results if result.tune is not None]

    def require_tunes(self) -> None:
        """Raises CorpusError, with the first reasons, if no file could be used."""
        if not self.tunes:
            reasons = "; ".join(f"{v.path.name}: {v.note}" for v in self.results[:3])
            found = (
                f"none in {pluralize(len(self.results), 'file')} ({reasons})"
                if reasons
                else "no files"
            )
            raise CorpusError("at least one tune", found, hint="choose other files")

    @property
    def used(self) -> list[Path]:
        return [result.path for result in self.results if result.tune is not None]


# ---------------------------------------------------------------------------------------------
# One file
# ---------------------------------------------------------------------------------------------


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
    with collector_paused():
        return (read_midi(path, deadline),)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while many small objects are made that all live on: it would visit
    them again and again, and find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_tune(
    path: str | Path,
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    limits: Limits = DEFAULT,
) -> Tune:
    """The tune in a file: its melody as one line, its chords, its accompaniment.

    Parts that are not named are chosen. Raises FileError for a file that cannot be read, or not
    within the limits, and CorpusError for parts or bars that are not there, or for music without a
    melody or chords.
    """
    made = read(path, melody_part=melody_part, chord_part=chord_part, bars=bars, limits=limits)
    return made.tune


def read(
    path: str | Path,
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    limits: Limits = DEFAULT,
) -> Reading:
    """Like `read_tune`, with the score and the choice of parts."""
    deadline = Deadline(limits, path)
    score = read_score(path, deadline)
    return reading(
        score, path, melody_part=melody_part, chord_part=chord_part, bars=bars, deadline=deadline
    )


@collector_paused()
def reading(
    score: Score,
    where: str | Path,
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    deadline: Deadline | None = None,
) -> Reading:
    """The tune of a score; errors name `where` it came from. Raises LimitError when the time of
    the `deadline` is over (none: takes what it takes)."""
    check = deadline or no_deadline
    choice = choose_parts(score, melody_part, chord_part, where)
    check()
    score = replace(score, measures=_bar_lines(score, choice))
    check()
    changes = _changes(score, choice, check)
    tune = Tune(
        title=score.title,
        bars=_bars(choice.line, changes, score.measures),
        tempos=score.tempos,
        instrument=choice.instrument,
        accompaniment=choice.accompaniment,
        key=score.key,
    )
    if bars is not None:
        first, last = bars
        if not 1 <= first <= last <= len(tune.bars):
            there = f"1 to {len(tune.bars)}"
            hint = "name the first and the last bar, FROM:TO"
            raise CorpusError(f"bars within {there}", f"{first}:{last}", path=where, hint=hint)
        tune = tune.excerpt(first, last)
        if not any(bar.melody for bar in tune.bars):
            found = f"rests only in bars {first}:{last}"
            raise CorpusError("a melody", found, path=where, hint="choose other bars or parts")
    return Reading(tune, score, choice)


def parse_bars(text: str | None) -> BarRange | None:
    """`FROM:TO` as two numbers. Raises InputError for anything else."""
    if text is None:
        return None
    first, colon, last = text.replace("-", ":").partition(":")
    if not (first.strip().isdecimal() and last.strip().isdecimal() and colon):
        raise InputError("bars as FROM:TO, such as 120:137", f"`{text}`")
    return int(first), int(last)


def _bar_lines(score: Score, choice: ChosenParts) -> tuple[Measure, ...]:
    """The bars as the score has them, or moved by a pick-up that it does not tell of."""
    if score.symbols or choice.inferred:
        return score.measures
    tried = score.measures[: chords.BARS_TRIED]
    end = tried[-1].onset + tried[-1].length
    early = [
        note
        for part in choice.accompaniment
        for note in part.notes[: bisect_left(part.notes, end, key=lambda note: note.onset)]
    ]
    pick_up = chords.find_pick_up(early, score.measures)
    return chords.with_pick_up(score.measures, pick_up)


def _changes(score: Score, choice: ChosenParts, check: Callable[[], None]) -> chords.Changes:
    if score.symbols:
        return written_changes(score.symbols, score.measures)
    if choice.inferred:
        return chords.harmonize(choice.melody, score.measures)
    return chords.recognize_chords(choice.harmony_notes, score.measures, check)


def written_changes(symbols: Sequence[Symbol], measures: Sequence[Measure]) -> chords.Changes:
    """The chords of each bar as the score has them. Under N.C. the chord before holds, silent;
    before the first chord, that one."""
    holding = next((symbol.chord for symbol in symbols if symbol.chord is not None), None)
    if holding is None:
        return ()
    sounding, number = False, 0
    bars: list[tuple[Change, ...]] = []
    for measure in measures:
        changes = [Change(Fraction(0), holding, sounding)]
        while number < len(symbols) and symbols[number].onset < measure.onset + measure.length:
            chord, sounding = symbols[number].chord or holding, symbols[number].chord is not None
            holding = chord
            onset = max(symbols[number].onset - measure.onset, Fraction(0))
            if changes[-1].onset == onset:
                changes.pop()
            if not changes or changes[-1] != Change(changes[-1].onset, chord, sounding):
                changes.append(Change(onset, chord, sounding))
            number += 1
        bars.append(tuple(changes))
    return tuple(bars)


def _bars(
    line: Sequence[GridNote], changes: chords.Changes, measures: Sequence[Measure]
) -> tuple[Bar, ...]:
    """The melody cut at the bar lines; what goes on from the bar before is tied."""
    bars: list[Bar] = []
    waiting = 0
    last: Steps = 0
    for measure, bar_changes in zip(measures, changes, strict=True):
        first, last = last, last + quarters_to_steps(measure.length)
        melody: list[Note] = []
        while waiting < len(line) and line[waiting].start < last:
            start, end, pitch, velocity = line[waiting]
            tied = start < first
            begin = first if tied else start
            onset, duration = (
                steps_to_quarters(begin - first),
                steps_to_quarters(min(end, last) - begin),
            )
            melody.append(Note(pitch, onset, duration, velocity, tied))
            if end > last:
                break
            waiting += 1
        bars.append(Bar(measure.meter, measure.length, tuple(melody), bar_changes))
    return tuple(bars)


# ---------------------------------------------------------------------------------------------
# Many files
# ---------------------------------------------------------------------------------------------


def read_tunes(
    music: Iterable[str | Path],
    *,
    melody_part: Selection | None = None,
    chord_part: Selection | None = None,
    bars: BarRange | None = None,
    strict: bool = False,
    cached: bool = True,
    workers: PoolConfig | None = None,
    limits: Limits = DEFAULT,
    progress: Progress | None = None,
) -> ReadResults:
    """The tunes in files, folders (and the folders in them) and patterns such as `jazz/*.mid`.

    A file that cannot be used gets a verdict that says why; `strict` raises instead. What was read
    is kept in the user's cache (`cached`), by what is in the file and by how it was read. The error
    of an only file is raised, too; `ReadResults.require_tunes` asks for at least one of many. `workers`
    None: all processors of this machine, where the work is worth it.
    """
    options = Options(melody_part, chord_part, bars, cache_folder() if cached else None, limits)
    files = list(find_music(music))
    results: list[ReadResult] = []
    workers = workers or PoolConfig(jobs=None if _worth_processes(files) else 1)
    for outcome in parallel_map(partial(read_file, options=options), files, workers, reader_ended):
        for result in outcome.results:
            if result.tune is None and (strict or len(files) == len(outcome.results) == 1):
                raise outcome.error or CorpusError("a tune", result.note, path=result.path)
        results += outcome.results
        if progress is not None:
            progress(outcome.results[-1], len(files))
    return ReadResults(tuple(results))


class Options(NamedTuple):
    """How files are read; `cache` is the folder where what was read is kept."""

    melody_part: Selection | None = None
    chord_part: Selection | None = None
    bars: BarRange | None = None
    cache: Path | None = None
    limits: Limits = DEFAULT


class FileResult(NamedTuple):
    """What became of a file: a verdict for each tune in it; the error, if it cannot be read."""

    results: tuple[ReadResult, ...]
    error: Exception | None = None


def reader_ended(path: Path) -> FileResult:
    """What became of a file that no process outlives."""
    return FileResult((ReadResult(path, None, note="reader ended"),))


def _worth_processes(files: Sequence[Path]) -> bool:
    return sum(map(_work, files)) >= _PARALLEL_FROM


def _work(path: Path) -> int:
    try:
        size = path.stat().st_size
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return 0
    return size if path.suffix.lower().startswith(".mid") else size * _SHEET_FACTOR


def read_file(path: Path, options: Options) -> FileResult:
    """Reads a file, or takes it from the cache; nothing in the file makes it raise."""
    try:
        return FileResult(_cached(path, options))
    except InputError as error:
        return FileResult((ReadResult(path, None, note=_reason(error)),), error)
    except Exception as error:
        # A fault of the reader, met in one file, must not cost the others; it is reported.
        note = f"the reader failed on it ({type(error).__name__}: {error})"
        return FileResult((ReadResult(path, None, note=note),), error)


def _reason(error: InputError) -> str:
    """The error without the name of the file, which stands beside it."""
    return error.message


def _used(path: Path, options: Options) -> tuple[ReadResult, ...]:
    """A verdict for each tune of a file. Raises the error of the only one."""
    if path.is_dir():
        raise FileError("music files in it", "none", path=path, hint="name another folder")
    deadline = Deadline(options.limits, path)
    scores = read_scores(path, deadline)
    if len(scores) == 1:
        return (_used_score(scores[0], path, options, deadline),)
    results = []
    for number, score in enumerate(scores, start=1):
        try:
            results.append(_used_score(score, path, options, deadline, number))
        except LimitError:
            raise
        except InputError as error:
            results.append(ReadResult(path, None, note=_reason(error), number=number))
    return tuple(results)


def _used_score(
    score: Score, path: Path, options: Options, deadline: Deadline, number: int = 0
) -> ReadResult:
    made = reading(
        score,
        path,
        melody_part=options.melody_part,
        chord_part=options.chord_part,
        bars=options.bars,
        deadline=deadline,
    )
    values = sum(map(len, encode(made.tune)))
    return ReadResult(path, made.tune, values, made.note, number)


# ---------------------------------------------------------------------------------------------
# The cache: one JSON file for each tune
# ---------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where tunes are kept that were read before: a folder of the user's own, or the one that the
    environment variable DJMODEL_CACHE names."""
    from platformdirs import user_cache_path

    chosen = os.environ.get(_CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path(_CACHE_NAME, appauthor=False) / "tunes"


def clear_cache() -> int:
    """Forgets all tunes that were read before; how many files there were."""
    kept = list(cache_folder().glob("*.json"))
    for file in kept:
        file.unlink(missing_ok=True)
    return len(kept)


@cache
def reader_version() -> str:
    """Changes whenever the code that reads changes."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for folder in ("music", "inputs", "values"):
        for file in sorted((root / folder).glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def reader_versions() -> dict[str, str]:
    """What must be the same wherever files are read together."""
    versions = {name: version(name) for name in ("music21", "numpy")}
    return {"djmodel's reader": reader_version(), **versions}


def _cached(path: Path, options: Options) -> tuple[ReadResult, ...]:
    """The verdicts on a file, kept where it can be read."""
    if options.cache is None or path.is_dir():
        return _used(path, options)
    return cached_by_content(
        path,
        options,
        make=lambda: _used(path, options),
        to_json=lambda results: [_verdict_to_json(result) for result in results],
        from_json=lambda kept: tuple(_verdict_from_json(result, path) for result in kept),
    )


def cached_by_content(
    path: Path,
    options: Options,
    make: Callable[[], Made],
    to_json: Callable[[Made], Any],
    from_json: Callable[[Any], Made],
    what: str = "tunes",
) -> Made:
    """`what` was made from a file, from the cache if it is there; else it is made and, if
    `to_json` gives anything, kept. Raises FileError, and what `make` raises."""
    check_input_file(path, "a music file")
    # A score without a title takes the name of its file, so that the name counts, too.
    content = sha256_of_file(path)
    wishes = (*options[:3], options.limits.max_notes)
    asked = [what, content, path.name, reader_version(), *map(repr, wishes)]
    key = hashlib.sha256(os.fsencode("\n".join(asked))).hexdigest()
    file = (options.cache or cache_folder()) / f"{key}.json"
    try:
        return from_json(json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # not there, or spoilt: it is made anew
    made = make()
    kept = to_json(made)
    if kept is None or sha256_of_file(path) != content:
        return made  # not to be kept, or of a file that was written anew meanwhile
    try:
        with atomic_write(file) as temporary:
            temporary.write_text(json.dumps(kept), encoding="utf-8")
    except FileError:
        pass  # a cache that cannot be written is no reason not to read
    return made


def _verdict_to_json(result: ReadResult) -> dict[str, Any]:
    tune = result.tune and tune_to_json(result.tune)
    return {
        "tune": tune,
        "values": result.values,
        "note": result.note,
        "number": result.number,
    }


def _verdict_from_json(kept: dict[str, Any], path: Path) -> ReadResult:
    tune = kept["tune"] and tune_from_json(kept["tune"])
    return ReadResult(path, tune, kept["values"], kept["note"], kept["number"])

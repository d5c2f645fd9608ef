"""A score: the content of a music file, as parts with their notes, bars, tempos and key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from djmodel.inputs.limits import LimitError, Limits
from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote, QuantizationReport, as_notes
from djmodel.music.chord import Chord
from djmodel.music.meter import COMMON_TIME, Meter
from djmodel.music.tune import MAX_BARS, MAX_TEMPO, MIN_TEMPO, Instrument, Note, Tempo
from seqmodel.errors import FileError

DEFAULT_TEMPO = 120.0  # quarter notes per minute, as the MIDI standard has it
MAX_PARTS = 512
MAX_BARS_OF_PARTS = 250_000  # of all parts together, as written
DRUM_CHANNEL = 10  # of General MIDI; channels count from 1
_MAX_QUARTERS = 1_000_000  # the durations of all notes together


class Measure(NamedTuple):
    """A bar: its onset and length in quarter lengths, and its meter."""

    onset: Fraction
    length: Fraction
    meter: Meter


@dataclass(frozen=True, eq=False)
class ScorePart:
    """The notes of one instrument, in the order of onsets. `number` counts the parts from 1;
    `channel` is the MIDI channel, 1 to 16 (0: none)."""

    number: int
    name: str
    instrument: Instrument
    channel: int
    drums: bool
    grid_notes: tuple[GridNote, ...]

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The notes in quarter lengths; onsets count from the start of the score."""
        return as_notes(self.grid_notes)


class SectionMark(NamedTuple):
    """The name of a section of the form that begins at `onset`."""

    onset: Fraction
    name: str


class Symbol(NamedTuple):
    """A chord symbol written in the score; None is `N.C.`."""

    onset: Fraction
    chord: Chord | None


@dataclass(frozen=True, slots=True)
class Score:
    """The content of a music file. `measures` cover all notes without a gap; `key` counts sharps
    (positive) or flats (negative), None where the file does not say; `symbols` are the chord
    symbols written in it, `syllables` the onsets of a sung text, `sections` the sections of its
    form. `facts` is what is known of a performance (`tune_json.facts_to_json`). `remarks` say what
    was read in another way than the reader of the file may expect; `composer` is "" where the file
    names none."""

    title: str
    parts: tuple[ScorePart, ...]
    measures: tuple[Measure, ...]
    tempos: tuple[Tempo, ...]
    key: int | None = None
    quantization: QuantizationReport = QuantizationReport()
    symbols: tuple[Symbol, ...] = ()
    syllables: tuple[Fraction, ...] = ()
    sections: tuple[SectionMark, ...] = ()
    facts: bytes = b""
    remarks: tuple[str, ...] = ()
    composer: str = ""

    @property
    def length(self) -> Fraction:
        last = self.measures[-1]
        return last.onset + last.length


def tempo_map(changes: Iterable[tuple[Fraction, float]]) -> tuple[Tempo, ...]:
    """Tempos from onset 0, without repetitions; of several at one onset the last one counts, and
    those that nobody plays count for nothing."""
    possible = {onset: bpm for onset, bpm in changes if MIN_TEMPO <= bpm <= MAX_TEMPO}
    by_onset = {Fraction(0): DEFAULT_TEMPO, **possible}
    tempos: list[Tempo] = []
    for onset in sorted(by_onset):
        if not tempos or tempos[-1].bpm != by_onset[onset]:
            tempos.append(Tempo(onset, by_onset[onset]))
    return tuple(tempos)


def measures_until(
    end: Fraction, meters: Iterable[tuple[Fraction, Meter]]
) -> tuple[Measure, ...] | None:
    """Bars that cover all notes, the last of which ends at `end`; None for more than `MAX_BARS`.

    `meters` are the time signatures, in the order of their onsets. One inside a bar cuts it. A
    first meter that holds for one bar, shorter than the next one's, is that of a pick-up.
    """
    by_onset: dict[Fraction, Meter] = {Fraction(0): COMMON_TIME, **dict(meters)}
    edges = [*sorted(onset for onset in by_onset if onset < end), end]
    measures: list[Measure] = []
    for start, stop in pairwise(edges):
        meter = by_onset[start]
        if (stop - start) / meter.length > MAX_BARS - len(measures):
            return None
        while start < stop:
            length = meter.length if stop == end else min(meter.length, stop - start)
            measures.append(Measure(start, length, meter))
            start += length
    if len(measures) > 1 and measures[0].length < measures[1].length:
        measures[0] = measures[0]._replace(meter=measures[1].meter)
    return tuple(measures)


def check_size(parts: Sequence[ScorePart], path: Path, limits: Limits) -> None:
    """Raises LimitError for more parts, notes or sound than any music has: later stages take time
    and memory in proportion to them."""
    if len(parts) > MAX_PARTS:
        raise too_many_parts(path, f"{len(parts):,} parts, more than {MAX_PARTS}")
    if sum(len(part.grid_notes) for part in parts) > limits.max_notes:
        raise limits.too_many_notes(path)
    sounding = sum(note.end - note.start for part in parts for note in part.grid_notes)
    if sounding > _MAX_QUARTERS * STEPS_PER_QUARTER:
        message = (
            f"the notes of the file last {sounding // STEPS_PER_QUARTER:,} quarter notes "
            f"together, more than {_MAX_QUARTERS:,}"
        )
        raise LimitError(message, path=path)


def too_many_parts(path: Path, found: str = f"more than {MAX_PARTS} parts") -> LimitError:
    return LimitError(f"the file has {found}", path=path)


def too_many_bars_of_parts(path: Path) -> LimitError:
    message = f"the parts of the file have more than {MAX_BARS_OF_PARTS:,} bars together"
    return LimitError(message, path=path)


def too_many_bars(path: Path) -> FileError:
    """The error for a file that no setting can allow: it is damaged."""
    message = f"the file has more than {MAX_BARS:,} bars"
    return FileError(message, path=path, hint="choose another file")

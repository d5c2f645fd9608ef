"""A written sheet -> the score as it is played: repeats and jumps taken, ties joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from djmodel.inputs.limits import Deadline, LimitError
from djmodel.inputs.quantization import (
    Grids,
    QuantizationReport,
    TickQuantizer,
    TimedPitch,
    quantize,
    steps_to_quarters,
)
from djmodel.inputs.score import (
    Measure,
    Score,
    ScorePart,
    SectionMark,
    Symbol,
    check_size,
    tempo_map,
    too_many_bars,
)
from djmodel.inputs.written.marks import BarMarks, played_bars
from djmodel.inputs.written.sheet import (
    TICKS_PER_QUARTER,
    Sheet,
    UncoveredError,
    WrittenBar,
    WrittenPart,
)
from djmodel.music.chord import Chord
from djmodel.music.meter import COMMON_TIME, Meter
from djmodel.music.tune import MAX_BARS, Instrument
from seqmodel.errors import FileError
from seqmodel.text import pluralize, printable

# A bar that is longer than its meter by less is a full one, of rounded durations.
_ROUNDING = TICKS_PER_QUARTER // 24
_MAX_BAR = 256  # quarter notes: more than any cadenza
_STAVES = {0: " upper", 1: " lower"}


class _PlayedBar(NamedTuple):
    """The bar with the index `bar`, played from `onset` on (ticks from the start of the score).
    `jumped`: another bar than the one before it in the text was played last."""

    bar: int
    onset: int
    jumped: bool


_Row = tuple[WrittenBar, ...]
"""The bars with one index, of each part that has it."""


def played_score(sheet: Sheet, path: Path, deadline: Deadline) -> Score:
    """The score of a sheet. Raises FileError if it has no notes or too many bars, LimitError if it
    is beyond the limits, and UncoveredError for parts whose bars do not begin together."""
    count = max((len(part.bars) for part in sheet.parts), default=0)
    if count > MAX_BARS:
        raise too_many_bars(path)
    meters = _meters(sheet.parts, count)
    rows = [tuple(p.bars[bar] for p in sheet.parts if bar < len(p.bars)) for bar in range(count)]
    lengths = [_length(row, meter) for row, meter in zip(rows, meters, strict=True)]
    longest = max(lengths, default=0)
    if longest > _MAX_BAR * TICKS_PER_QUARTER:
        number, quarters = lengths.index(longest) + 1, longest // TICKS_PER_QUARTER
        message = f"bar {number} lasts {quarters:,} quarter notes, more than {_MAX_BAR}"
        raise LimitError(message, path=path)
    found = played_bars(list(map(_marks, rows)))
    bars: list[_PlayedBar] = []
    at, before = 0, -1
    for bar in found.order:
        bars.append(_PlayedBar(bar, at, bar != before + 1))
        at, before = at + lengths[bar], bar
    sizes = [sum(bar.size for bar in row) for row in rows]
    if sum(sizes[bar] for bar in found.order) > deadline.limits.max_notes:
        raise deadline.limits.too_many_notes(path)
    deadline()
    grids = Grids(TICKS_PER_QUARTER)
    grid = grids.finest
    parts, quantization = _parts(sheet.parts, bars, grids)
    if not parts:
        raise FileError("the file has no notes", path=path, hint="choose another file")
    check_size(parts, path, deadline.limits)
    deadline()
    unread = sum(bar.unread for row in rows for bar in row)
    remarks = [found.reason] if found.reason else []
    if unread:
        remarks.append(f"{pluralize(unread, 'chord symbol')} without a meaning left out")
    end = max(grid[at], max(note.end for part in parts for note in part.grid_notes))
    return Score(
        title=sheet.title or printable(path.stem),
        parts=parts,
        measures=_measures(bars, end, meters, grid),
        tempos=tempo_map(_tempos(rows, bars, grid)),
        key=next((bar.key for row in rows for bar in row if bar.key is not None), None),
        quantization=quantization,
        symbols=_symbols(rows, bars, grid),
        syllables=_syllables(rows, bars, grid),
        sections=tuple(_sections(rows, bars, grid)),
        remarks=tuple(remarks),
        composer=sheet.composer,
    )


def _meters(parts: Sequence[WrittenPart], count: int) -> list[Meter]:
    """The meter of each bar, that of the first part that gives one. Raises UncoveredError if the
    parts have meters of different lengths."""
    meters: list[Meter] = []
    current = [COMMON_TIME] * len(parts)
    for bar in range(count):
        given = [part.bars[bar].meter if bar < len(part.bars) else None for part in parts]
        new = next((meter for meter in given if meter is not None), None)
        if new is not None:
            current = [meter or new for meter in given]
            if len({meter.length for meter in current}) > 1:
                raise UncoveredError("its parts have different meters")
        meters.append(current[0])
    return meters


def _length(row: _Row, meter: Meter) -> int:
    """The length of a bar in ticks: full if a part fills it, else that of its notes and rests, as
    in a pick-up, and on both sides of a repeat inside a bar. Rests count where all parts rest."""
    full = _full(meter)
    lengths = [bar.length for bar in row if bar.has_notes] or [bar.length for bar in row]
    longest = max(lengths, default=0)
    if not longest or any(full <= length < full + _ROUNDING for length in lengths):
        return full
    return longest


@lru_cache(maxsize=256)
def _full(meter: Meter) -> int:
    """The length of a full bar, in ticks."""
    return int(meter.length * TICKS_PER_QUARTER)


def _marks(row: _Row) -> BarMarks:
    marks = BarMarks()
    for bar in row:
        if bar.marks is not None:
            marks.merge(bar.marks)
    return marks


def _parts(
    written: Sequence[WrittenPart], bars: Sequence[_PlayedBar], grids: Grids
) -> tuple[tuple[ScorePart, ...], QuantizationReport]:
    """A part for each staff that has notes."""
    parts: list[ScorePart] = []
    report = QuantizationReport()
    for number, part in enumerate(written, start=1):
        dropped = sum(part.bars[bar.bar].dropped for bar in bars if bar.bar < len(part.bars))
        report += QuantizationReport(dropped=dropped)
        name = part.facts.name or f"Part {number}"
        played = _joined(part, bars)
        for index, staff in enumerate(sorted(played)):
            place = _STAVES.get(index, f" staff {index + 1}") if len(played) > 1 else ""
            grid_notes, change = quantize(sorted(played[staff]), grids, written=True)
            report += change
            instrument = Instrument(name + place, part.facts.program)
            drums = part.facts.is_drum_kit or staff in part.drum_staves
            parts.append(
                ScorePart(len(parts) + 1, instrument.name, instrument, 0, drums, grid_notes)
            )
    return tuple(parts), report


def _joined(part: WrittenPart, bars: Sequence[_PlayedBar]) -> dict[int, list[TimedPitch]]:
    """The notes of each staff in ticks, tied ones joined."""
    played: dict[int, list[TimedPitch]] = {}
    tied: dict[tuple[int, int], int] = {}  # staff and pitch -> the index of a note that continues
    for bar in bars:
        start = bar.onset
        written = part.bars[bar.bar].notes if bar.bar < len(part.bars) else ()
        for onset, duration, pitch, velocity, stops, starts, staff in sorted(written):
            notes = played.get(staff)
            if notes is None:
                notes = played[staff] = []
            on = start + onset
            off = on + duration
            before = tied.pop((staff, pitch), None) if tied else None
            if stops and before is not None and notes[before][1] == on:
                notes[before] = (notes[before][0], off, pitch, notes[before][3])
                index = before
            else:
                index = len(notes)
                notes.append((on, off, pitch, velocity))
            if starts:
                tied[staff, pitch] = index
    return played


def _measures(
    bars: Sequence[_PlayedBar], end: int, meters: Sequence[Meter], grid: TickQuantizer
) -> tuple[Measure, ...]:
    """The bars as they are played; `end`: the grid step at which the last one is over."""
    starts = [*(grid[bar.onset] for bar in bars), end]
    return tuple(
        Measure(steps_to_quarters(start), steps_to_quarters(stop - start), meters[bar.bar])
        for bar, (start, stop) in zip(bars, pairwise(starts), strict=True)
        if stop > start
    )


def _tempos(
    rows: Sequence[_Row], bars: Sequence[_PlayedBar], grid: TickQuantizer
) -> Iterator[tuple[Fraction, float]]:
    """The tempos as they are played: after a jump, the one that holds where it leads to."""
    holding: list[float | None] = []  # at the start of each bar
    tempo: float | None = None
    for row in rows:
        holding.append(tempo)
        tempo = next((bar.tempos[-1][1] for bar in reversed(row) if bar.tempos), tempo)
    for played in bars:
        held = holding[played.bar]
        if played.jumped and held is not None:
            yield steps_to_quarters(grid[played.onset]), held
        for bar in rows[played.bar]:
            for onset, value in bar.tempos:
                yield steps_to_quarters(grid[played.onset + onset]), value


def _symbols(
    rows: Sequence[_Row], bars: Sequence[_PlayedBar], grid: TickQuantizer
) -> tuple[Symbol, ...]:
    """The chord symbols as they are played, by onset; of several at one onset the last one. After
    a jump, the chord that holds where it leads to."""
    holding: dict[int, Chord | None] = {}  # bar -> the chord at its start
    for index, row in enumerate(rows, start=1):
        written = [symbol for bar in row for symbol in bar.symbols]
        if written:
            holding[index] = sorted(written, key=itemgetter(0))[-1][1]
        elif index - 1 in holding:
            holding[index] = holding[index - 1]
    found: dict[int, Chord | None] = {}
    for played in bars:
        if played.jumped and played.bar in holding:
            found[grid[played.onset]] = holding[played.bar]
        for bar in rows[played.bar]:
            for onset, chord in bar.symbols:
                found[grid[played.onset + onset]] = chord
    return tuple(Symbol(steps_to_quarters(onset), found[onset]) for onset in sorted(found))


def _syllables(
    rows: Sequence[_Row], bars: Sequence[_PlayedBar], grid: TickQuantizer
) -> tuple[Fraction, ...]:
    """The onsets of a sung text."""
    sung = {
        grid[played.onset + onset]
        for played in bars
        for bar in rows[played.bar]
        for onset in bar.syllables
    }
    return tuple(map(steps_to_quarters, sorted(sung)))


def _sections(
    rows: Sequence[_Row], bars: Sequence[_PlayedBar], grid: TickQuantizer
) -> Iterator[SectionMark]:
    for played in bars:
        names = (bar.marks.section for bar in rows[played.bar] if bar.marks is not None)
        if name := next(filter(None, names), ""):
            yield SectionMark(steps_to_quarters(grid[played.onset]), name)

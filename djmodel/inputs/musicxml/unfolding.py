"""A written sheet -> the score as it is played: repeats and jumps taken, ties joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from djmodel.inputs.limits import Deadline, LimitError
from djmodel.inputs.musicxml.repeats import BarMarks, played_bars
from djmodel.inputs.musicxml.written import (
    TICKS_PER_QUARTER,
    Sheet,
    UncoveredError,
    WrittenBar,
    WrittenNote,
    WrittenPart,
)
from djmodel.inputs.quantization import (
    STEPS_PER_QUARTER,
    GridNote,
    Grids,
    QuantizationReport,
    TimedPitch,
    nearest_steps,
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
from djmodel.music.chord import Chord
from djmodel.music.meter import COMMON_TIME, Meter
from djmodel.music.tune import MAX_BARS, Instrument
from seqmodel.errors import FileError
from seqmodel.text import pluralize, printable

# A bar that is longer than its meter by less is a full one, of rounded durations.
_ROUNDING = TICKS_PER_QUARTER // 24
_MAX_BAR = 256  # quarter notes: more than any cadenza
_NO_MARKS = BarMarks()
_STAVES = {0: " upper", 1: " lower"}


@dataclass(frozen=True, slots=True)
class _PlayedBar:
    """The bar with the index `bar`, played from `onset` on (ticks from the start of the score).
    `jumped`: another bar than the one before it in the text was played last."""

    bar: int
    onset: int
    jumped: bool


def played_score(sheet: Sheet, path: Path, deadline: Deadline) -> Score:
    """The score of a sheet. Raises FileError if it has no notes or too many bars, LimitError if it
    is beyond the limits, and UncoveredError for parts whose bars do not begin together."""
    count = max((len(part.bars) for part in sheet.parts), default=0)
    if count > MAX_BARS:
        raise too_many_bars(path)
    meters = _meters(sheet.parts, count)
    lengths = [_length(sheet.parts, bar, meters[bar]) for bar in range(count)]
    longest = max(lengths, default=0)
    if longest > _MAX_BAR * TICKS_PER_QUARTER:
        number, quarters = lengths.index(longest) + 1, longest // TICKS_PER_QUARTER
        message = f"bar {number} lasts {quarters:,} quarter notes, more than {_MAX_BAR}"
        raise LimitError(message, path=path)
    found = played_bars([_marks(sheet.parts, bar) for bar in range(count)])
    bars: list[_PlayedBar] = []
    at, before = 0, -1
    for bar in found.order:
        bars.append(_PlayedBar(bar, at, bar != before + 1))
        at, before = at + lengths[bar], bar
    sizes = [sum(bar.size for bar in _bars(sheet.parts, index)) for index in range(count)]
    if sum(sizes[bar] for bar in found.order) > deadline.limits.max_notes:
        raise deadline.limits.too_many_notes(path)
    deadline()
    parts, quantization = _parts(sheet.parts, bars)
    if not parts:
        raise FileError("the file has no notes", path=path, hint="choose another file")
    check_size(parts, path, deadline.limits)
    deadline()
    unread = sum(bar.unread for part in sheet.parts for bar in part.bars)
    remarks = [found.reason] if found.reason else []
    if unread:
        remarks.append(f"{pluralize(unread, 'chord symbol')} without a meaning left out")
    end = steps_to_quarters(max(note.end for part in parts for note in part.grid_notes))
    return Score(
        title=sheet.title or printable(path.stem),
        parts=parts,
        measures=_measures(bars, at, end, meters),
        tempos=tempo_map(_tempos(sheet.parts, bars)),
        key=next(_keys(sheet.parts, count), None),
        quantization=quantization,
        symbols=tuple(_symbols(sheet.parts, bars)),
        syllables=tuple(sorted({
            _quarters(bar.onset + note.onset)
            for part in sheet.parts
            for bar in bars
            for note in _notes(part, bar.bar)
            if note.sung
        })),
        sections=tuple(_sections(sheet.parts, bars)),
        remarks=tuple(remarks),
    )  # fmt: skip


def _quarters(ticks: int) -> Fraction:
    return Fraction(ticks, TICKS_PER_QUARTER)


def _on_grid(ticks: int) -> Fraction:
    """The nearest point of the grid, in quarter lengths."""
    quarter, tick = divmod(ticks, TICKS_PER_QUARTER)
    return steps_to_quarters(quarter * STEPS_PER_QUARTER + nearest_steps(TICKS_PER_QUARTER)[tick])


def _bars(parts: Sequence[WrittenPart], bar: int) -> Iterator[WrittenBar]:
    """The bar with an index, in each part that has it."""
    return (part.bars[bar] for part in parts if bar < len(part.bars))


def _notes(part: WrittenPart, bar: int) -> Sequence[WrittenNote]:
    return part.bars[bar].notes if bar < len(part.bars) else ()


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


def _length(parts: Sequence[WrittenPart], bar: int, meter: Meter) -> int:
    """The length of a bar in ticks: full if a part fills it, else that of its notes and rests, as
    in a pick-up, and on both sides of a repeat inside a bar. Rests count where all parts rest."""
    full = _full(meter)
    written = [each for each in _bars(parts, bar) if each.length]
    lengths = [each.length for each in written if each.has_notes] or [b.length for b in written]
    if not lengths or any(full <= length < full + _ROUNDING for length in lengths):
        return full
    return max(lengths)


@lru_cache(maxsize=256)
def _full(meter: Meter) -> int:
    """The length of a full bar, in ticks."""
    return int(meter.length * TICKS_PER_QUARTER)


def _marks(parts: Sequence[WrittenPart], bar: int) -> BarMarks:
    marks = BarMarks()
    for written in _bars(parts, bar):
        if written.marks != _NO_MARKS:
            marks.merge(written.marks)
    return marks


def _parts(
    written: Sequence[WrittenPart], bars: Sequence[_PlayedBar]
) -> tuple[tuple[ScorePart, ...], QuantizationReport]:
    """A part for each staff that has notes."""
    parts: list[ScorePart] = []
    report = QuantizationReport()
    grids = Grids(TICKS_PER_QUARTER)
    for number, part in enumerate(written, start=1):
        dropped = sum(part.bars[bar.bar].dropped for bar in bars if bar.bar < len(part.bars))
        report += QuantizationReport(dropped=dropped)
        staves = sorted({note.staff for bar in part.bars for note in bar.notes})
        name = part.facts.name or f"Part {number}"
        for index, staff in enumerate(staves):
            place = _STAVES.get(index, f" staff {index + 1}") if len(staves) > 1 else ""
            timed, drums = _joined(part, staff, bars)
            grid_notes, change = quantize(timed, grids, written=True)
            report += change
            instrument = Instrument(name + place, part.facts.program)
            drums = drums or part.facts.is_drum_kit
            parts.append(_score_part(len(parts) + 1, instrument, drums, grid_notes))
    return tuple(parts), report


def _score_part(
    number: int, instrument: Instrument, drums: bool, notes: tuple[GridNote, ...]
) -> ScorePart:
    return ScorePart(number, instrument.name, instrument, 0, drums, notes)


def _joined(
    part: WrittenPart, staff: int, bars: Sequence[_PlayedBar]
) -> tuple[list[TimedPitch], bool]:
    """The notes of a staff in ticks, sorted by onset, tied ones joined; and True if they are those
    of a drum kit."""
    notes: list[TimedPitch] = []
    tied: dict[int, int] = {}  # pitch -> the index of its note that continues
    drums = False
    for bar in bars:
        for note in sorted(_notes(part, bar.bar)):
            if note.staff != staff:
                continue
            drums |= note.drum
            on = bar.onset + note.onset
            off = on + note.duration
            before = tied.pop(note.pitch, None)
            if note.tie_stops and before is not None and notes[before][1] == on:
                notes[before] = (notes[before][0], off, note.pitch, notes[before][3])
                index = before
            else:
                index = len(notes)
                notes.append((on, off, note.pitch, note.velocity))
            if note.tie_starts:
                tied[note.pitch] = index
    return sorted(notes), drums


def _measures(
    bars: Sequence[_PlayedBar], end: int, last_note: Fraction, meters: Sequence[Meter]
) -> tuple[Measure, ...]:
    starts = [_on_grid(bar.onset) for bar in bars]
    starts.append(max(_on_grid(end), last_note))
    return tuple(
        Measure(start, stop - start, meters[bar.bar])
        for bar, start, stop in zip(bars, starts, starts[1:], strict=False)
        if stop > start
    )


def _tempos(
    parts: Sequence[WrittenPart], bars: Sequence[_PlayedBar]
) -> Iterator[tuple[Fraction, float]]:
    """The tempos as they are played: after a jump, the one that holds where it leads to."""
    holding: dict[int, float] = {}  # bar -> the tempo at its start
    tempo: float | None = None
    for bar in range(max(played.bar for played in bars) + 1):
        if tempo is not None:
            holding[bar] = tempo
        for written in _bars(parts, bar):
            tempo = written.tempos[-1][1] if written.tempos else tempo
    for played in bars:
        if played.jumped and played.bar in holding:
            yield _on_grid(played.onset), holding[played.bar]
        for written in _bars(parts, played.bar):
            for onset, value in written.tempos:
                yield _on_grid(played.onset + onset), value


def _keys(parts: Sequence[WrittenPart], count: int) -> Iterator[int]:
    """The keys in the order of the bars, and of the parts in a bar."""
    for bar in range(count):
        for written in _bars(parts, bar):
            if written.key is not None:
                yield written.key


def _symbols(parts: Sequence[WrittenPart], bars: Sequence[_PlayedBar]) -> Iterator[Symbol]:
    """The chord symbols as they are played, by onset; of several at one onset the last one. After
    a jump, the chord that holds where it leads to."""
    holding: dict[int, Chord | None] = {}  # bar -> the chord at its start
    for bar in range(max(played.bar for played in bars)):
        written = [symbol for part in _bars(parts, bar) for symbol in part.symbols]
        if written:
            holding[bar + 1] = max(enumerate(written), key=lambda each: (each[1][0], each[0]))[1][1]
        elif bar in holding:
            holding[bar + 1] = holding[bar]
    found: dict[Fraction, Chord | None] = {}
    for played in bars:
        if played.jumped and played.bar in holding:
            found[_on_grid(played.onset)] = holding[played.bar]
        for written_bar in _bars(parts, played.bar):
            for onset, chord in written_bar.symbols:
                found[_on_grid(played.onset + onset)] = chord
    return (Symbol(onset, found[onset]) for onset in sorted(found))


def _sections(parts: Sequence[WrittenPart], bars: Sequence[_PlayedBar]) -> Iterator[SectionMark]:
    for played in bars:
        name = next(
            (bar.marks.section for bar in _bars(parts, played.bar) if bar.marks.section), ""
        )
        if name:
            yield SectionMark(_on_grid(played.onset), name)

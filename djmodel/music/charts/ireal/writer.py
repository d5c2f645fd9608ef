"""A written chart to the music of a song of iReal Pro."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from djmodel.music.charts.chart import Chart
from djmodel.music.charts.ireal.cells import CELLS, cells_of_onsets, onsets_of_cells
from djmodel.music.charts.ireal.qualities import ireal_chord
from djmodel.music.charts.play_order import Jump, Marks
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change

_MANY = 48  # bars that fill a page of the app; of more, a bar has fewer cells
_SECTIONS = {"intro": "*i", "verse": "*v"}
_ORDINALS = {1: "1st", 2: "2nd", 3: "3rd"}
_SHOWN = 8  # bars in a remark
_TEXT = 60  # characters of a section's name


class Music(NamedTuple):
    """The music of a song, and `remarks`: a line on each chord and meter that it has in another
    form than the chart, or elsewhere."""

    text: str
    remarks: tuple[str, ...]


def write_music(chart: Chart) -> Music:
    """The signs of a chart, which `read_music` reads back as the same bars and marks. Chords off
    the beat move to their beat; those with tones for which the app has no quality get the nearest.
    """
    writer = _MusicWriter(chart)
    text = "".join(writer.bars())
    return Music(text, tuple(_remark(what, bars) for what, bars in writer.changed.items()))


class _MusicWriter:
    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.changed: dict[str, dict[int, None]] = {}  # what is written otherwise -> bars
        self.number = 0  # of the bar that is written, from 1
        self.meter: Meter | None = None

    def bars(self) -> Iterator[str]:
        """The signs of each bar with the bar line before it; behind the last bar, the final one."""
        chart = self.chart
        leave, coda = chart.last_chorus
        before: Marks | None = None
        for number, (bar, marks) in enumerate(zip(chart.bars, chart.marks, strict=True)):
            is_coda = marks.coda or number == coda
            self.number = number + 1
            yield self.bar_line(before, marks, is_coda=is_coda)
            yield "".join(self.start_signs(bar, marks, is_coda=is_coda))
            yield self.content(number)
            yield "".join(self.end_signs(marks, leaves=number == leave))
            before = marks
        yield "}" if before and before.times else "Z"

    def bar_line(self, before: Marks | None, marks: Marks, *, is_coda: bool) -> str:
        """The bar line between two bars, or before the first."""
        begins = "{" if marks.repeat_start else "[" if marks.section or is_coda else ""
        if before is None:
            return begins or "["
        if before.times:
            return "}" + (begins or "|")
        return "]" + begins if begins or before.jump else "|"

    def start_signs(self, bar: Bar, marks: Marks, *, is_coda: bool) -> Iterator[str]:
        if marks.section and not (is_coda and marks.section == "Coda"):
            letter = re.fullmatch(r"([A-Z])[1-9'’]*", marks.section)
            known = f"*{letter[1]}" if letter else _SECTIONS.get(marks.section.casefold())
            yield known or f"<{_text(marks.section)}>"
        if bar.meter != self.meter:
            self.meter = bar.meter
            sign = _meter(bar.meter)
            if sign is None:
                self.remark(f"{bar.meter} is 4/4")
            yield sign or "T44"
        if marks.segno:
            yield "S"
        if is_coda:
            yield "Q"
        if marks.ending:
            yield f"N{marks.ending[0]}"

    def end_signs(self, marks: Marks, *, leaves: bool) -> Iterator[str]:
        """Signs behind the chords of a bar."""
        if marks.times > 2:
            yield f"<{marks.times}x>"
        if marks.fine:
            yield "<Fine>"
        if marks.jump:
            yield f"<{_jump(marks.jump)}>"
        if marks.to_coda:
            yield "Q"
        if leaves:
            yield "U" if self.chart.last_chorus.coda is None else "Q"

    def content(self, number: int) -> str:
        """The cells of a bar: its chords, or x for those of the bar before."""
        bar, marks = self.chart.bars[number], self.chart.marks[number]
        before = self.chart.bars[number - 1] if number else None
        few = len(self.chart.bars) > _MANY
        begins = marks.section or marks.repeat_start or marks.ending or marks.coda
        alternates = self.chart.alternates[number] if self.chart.alternates else ()
        if before is not None and not begins and not alternates and _alike(before, bar):
            return "x " if few else " x  "
        changes = _on_beats(bar)
        onsets = tuple(change.onset for change in changes)
        placed = cells_of_onsets(onsets, bar.meter, few)
        cells, count = placed or (tuple(range(len(changes))), max(len(changes), CELLS))
        self.remark_moves(bar, onsets_of_cells(cells, count, bar.meter), onsets)
        written = [" "] * count
        for cell, change in zip(cells, changes, strict=True):
            written[cell] = self.chord(change)
        cell_of = dict(zip(onsets, cells, strict=True))
        for change in alternates:
            cell = cell_of.get(change.onset, int(change.onset * count / bar.meter.length))
            written[cell] += f"({self.chord(change)})"
        divided = (a + "," * (a != " " and b[0] != " ") for a, b in pairwise([*written, " "]))
        return "".join(divided)

    def chord(self, change: Change) -> str:
        if not change.sounding:
            return "n"
        symbol, exact = ireal_chord(change.chord, self.chart.key)
        if not exact:
            self.remark(f"{chord_symbol(change.chord, self.chart.key)} is {symbol}")
        return symbol

    def remark(self, what: str) -> None:
        self.changed.setdefault(what, {})[self.number] = None

    def remark_moves(self, bar: Bar, found: Sequence[Fraction], onsets: Sequence[Fraction]) -> None:
        """Remarks on the chords of a bar that are read back elsewhere, or not at all. `onsets`:
        beats of those that are written, `found`: where they are read."""
        beats = [_beat(onset, bar.meter) for onset in found]
        read = [beats[bisect_right(onsets, change.onset) - 1] for change in bar.changes]
        for change, beat, after in zip(bar.changes, read, [*read, None][1:], strict=True):
            name = chord_symbol(change.chord, self.chart.key) if change.sounding else "N.C."
            if beat == after:
                self.remark(f"{name} is left out beside the chord after it on beat {beat}")
            elif beat != _beat(change.onset, bar.meter):
                self.remark(f"{name} is on beat {beat}, not {_beat(change.onset, bar.meter)}")


def _beat(onset: Fraction, meter: Meter) -> str:
    """The beat of an onset, counted from 1: 4, or 4.5 between two."""
    return f"{float(1 + onset / meter.beat):.4g}"


def _remark(what: str, bars: Collection[int]) -> str:
    """A line on what is written otherwise, with its bars."""
    shown = [*map(str, [*bars][:_SHOWN]), *["..."] * (len(bars) > _SHOWN)]
    return f"{what} in iReal Pro ({'bar' if len(bars) == 1 else 'bars'} {', '.join(shown)})"


def _alike(before: Bar, bar: Bar) -> bool:
    """True for a bar with the changes of the one before, all of which sound."""
    same = (before.meter, before.changes) == (bar.meter, bar.changes)
    return same and all(change.sounding for change in bar.changes) and _spelled_alike(before, bar)


def _spelled_alike(before: Bar, bar: Bar) -> bool:
    pairs = zip(before.changes, bar.changes, strict=True)
    return all(one.chord.written == other.chord.written for one, other in pairs)


def _on_beats(bar: Bar) -> list[Change]:
    """The changes of a bar on its beats (the pulses of a compound meter): one off the beat moves to
    the beat before, and of two on a beat the last one stays."""
    beats = bar.meter.beat_onsets(bar.meter.length)
    if bar.meter.is_compound and not {change.onset for change in bar.changes} <= {*beats}:
        pulse = bar.meter.beat / 3
        beats = tuple(pulse * number for number in range(bar.meter.numerator))
    at: dict[Fraction, Change] = {}
    for change in bar.changes:
        onset = max(beat for beat in beats if beat <= change.onset)
        at[onset] = replace(change, onset=onset)
    return [at[onset] for onset in sorted(at)]


def _meter(meter: Meter) -> str | None:
    """The sign of a meter; of those with two digits the app has only 12/8."""
    numerator, denominator = meter
    if numerator < 10 and denominator < 10:
        return f"T{numerator}{denominator}"
    return "T12" if meter == (12, 8) else None


def _jump(jump: Jump) -> str:
    if isinstance(jump.until, int):
        return f"{jump.sign} al {_ORDINALS.get(jump.until, f'{jump.until}th')} End."
    return str(jump)


def _text(name: str) -> str:
    """A text in the music, which no sign and no abbreviation of links ends or changes."""
    plain = " ".join(re.sub(r"[<>=|{}\[\]]", " ", name).split())[:_TEXT]
    return re.sub(r"LZ|XyQ|Kcl", lambda found: found[0].lower(), plain) or "-"

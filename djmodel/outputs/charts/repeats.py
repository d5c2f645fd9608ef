"""Repeats: a chart that is written out in full, as a copyist writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase

from djmodel.music.accompaniment.form import SECTION, cycle_length
from djmodel.music.charts.chart import Chart, LastChorus
from djmodel.music.charts.play_order import Marks
from djmodel.music.tune import Bar

_SHORTEST_CHORUS = 12  # bars; fewer that come again are a repeat
_SHORTEST_REPEAT = 4  # bars
_LONGEST_ENDING = 4  # bars


@dataclass(frozen=True, slots=True)
class _Section:
    """The bars from `start` up to `end`, and their name without its number."""

    start: int
    end: int
    name: str


def with_repeats(chart: Chart) -> Chart:
    """The chart with repeat signs and first and second endings where neighbouring sections are
    alike, which is played as before. Sections that have no names get letters if one comes again,
    and a form that comes again as a whole is written once. A chart without bars, or with repeats or
    jumps of its own, stays as it is."""
    has_marks = any(marks != Marks(section=marks.section) for marks in chart.marks)
    if not chart.bars or has_marks or chart.last_chorus != LastChorus():
        return chart
    chart = _one_chorus(chart)
    contents = _contents(chart)
    sections = _sections(chart, contents)
    kept: list[int] = []  # indices of the bars that are written
    marks: list[Marks] = []
    index, folds = 0, False
    while index < len(sections):
        section = sections[index]
        turns = _turns(sections[index:], contents)
        second = sections[index + 1] if index + 1 < len(sections) else None
        shared = 0 if turns > 1 or second is None else _shared(section, second, contents)
        bars = list(range(section.start, section.end))
        new = [Marks() for _ in bars]
        new[0] = Marks(section=section.name)
        if turns > 1 or shared:
            folds = True
            new[0] = replace(new[0], repeat_start=True)
            new[-1] = replace(new[-1], times=max(turns, 2))
        if shared and second:
            new[shared] = replace(new[shared], ending=(1,))
            tail = range(second.start + shared, second.end)
            bars += tail
            new += [Marks(ending=(2,)), *(Marks() for _ in tail[1:])]
        kept += bars
        marks += new
        index += 2 if shared else turns
    if not folds and any(mark.section for mark in chart.marks):
        return chart
    return replace(
        chart,
        bars=tuple(chart.bars[bar] for bar in kept),
        marks=tuple(marks),
        alternates=tuple(chart.alternates[bar] for bar in kept) if chart.alternates else (),
    )


def _one_chorus(chart: Chart) -> Chart:
    """The first chorus of a chart without sections that is the same bars several times."""
    if any(marks.section for marks in chart.marks):
        return chart
    bars, length = len(chart.bars), cycle_length(_contents(chart), _SHORTEST_CHORUS)
    if length == bars:
        return chart
    return replace(
        chart,
        bars=chart.bars[:length],
        marks=chart.marks[:length],
        alternates=chart.alternates[:length],
        choruses=(chart.choruses or 1) * (bars // length),
    )


def _contents(chart: Chart) -> list[object]:
    """The look of each bar: bars that are equal look alike."""

    def content(bar: Bar) -> object:
        changes = tuple((change, change.chord.written) for change in bar.changes)
        return bar.meter, bar.length, bar.melody, changes

    alternates = chart.alternates or ((),) * len(chart.bars)
    return [(content(bar), also) for bar, also in zip(chart.bars, alternates, strict=True)]


def _sections(chart: Chart, contents: Sequence[object]) -> list[_Section]:
    """The sections that the chart names. Of others, each has eight bars, or as many as come again,
    and a letter."""
    bars = len(chart.bars)
    named = [number for number, marks in enumerate(chart.marks) if marks.section]
    if named:
        starts = sorted({0, *named})
        names = [_plain(chart.marks[start].section) for start in starts]
    else:
        length = _section_length(contents)
        starts = list(range(0, bars, length))
        names = list(_letters(starts, length, contents))
    return [
        _Section(start, end, name)
        for start, end, name in zip(starts, [*starts[1:], bars], names, strict=True)
    ]


def _section_length(contents: Sequence[object]) -> int:
    """The length of sections: of a vamp that comes again to the end, else eight bars, or all where
    these do not divide them."""
    length = cycle_length(contents, _SHORTEST_REPEAT)
    if length < SECTION:
        return length
    return len(contents) if len(contents) % SECTION else SECTION


def _letters(starts: Sequence[int], length: int, contents: Sequence[object]) -> Iterator[str]:
    """A letter for each section, the same for those that begin alike; none if all differ."""
    openings: list[object] = []
    for start in starts:
        opening = contents[start : start + length // 2]
        if opening not in openings:
            openings.append(opening)
    alone = len(openings) in {1, len(starts)} or len(openings) > len(ascii_uppercase)
    for start in starts:
        opening = contents[start : start + length // 2]
        yield "" if alone else ascii_uppercase[openings.index(opening)]


def _plain(name: str) -> str:
    """The name of a section without its number: `A` for A1 or A', `Verse` for Verse 2."""
    return re.sub(r"(?<=[^\W\d])\s*(?:\d{1,2}|['’]+)$", "", name)


def _turns(sections: Sequence[_Section], contents: Sequence[object]) -> int:
    """The number of sections, from the first on, that are equal."""
    first = sections[0]
    bars = contents[first.start : first.end]
    for turns, other in enumerate(sections):
        if other.name != first.name or contents[other.start : other.end] != bars:
            return turns
    return len(sections)


def _shared(section: _Section, second: _Section, contents: Sequence[object]) -> int:
    """The bars that two sections share before their endings; 0 if they are not two turns of one."""
    length = section.end - section.start
    if section.name != second.name or second.end - second.start != length:
        return 0
    one, other = (contents[each.start : each.end] for each in (section, second))
    shared = next((n for n in range(length) if one[n] != other[n]), length)
    is_repeat = shared >= length / 2 and length - shared <= _LONGEST_ENDING
    return shared if is_repeat and length >= _SHORTEST_REPEAT else 0

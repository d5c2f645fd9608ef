"""Lines of a sheet: which bars stand in a line, by the form of the tune and the room they need."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from djmodel.music.accompaniment.form import chorus_length, section_starts
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.key import key_signature
from djmodel.music.tune import Bar, Tune
from djmodel.outputs.notation.labels import MAX_NAME_LENGTH
from djmodel.outputs.notation.roadmap import endings
from djmodel.outputs.notation.written_part import WrittenPart
from seqmodel.text import printable

BARS_PER_LINE = 4
_LONGEST_LINE = 6  # bars, with the second ending

_SHORTEST_CHORUS = 8  # bars

# Sizes in units of the engraver's layout, 18 between two lines of a staff.
_SIGNS_WIDTH = 180  # of clef and key signature, at the start of a line
_NOTE, _REST, _SIGN, _BAR_LINE = 44, 30, 18, 40  # widths of a note, a rest, an accidental, ...
_LETTER, _ROOT = 21, 30  # width of the letters of a chord symbol


class Paper(NamedTuple):
    """The width of a sheet and its margins, in units of the engraver's layout, and the most bars in
    a line."""

    width: int
    max_bars: int = BARS_PER_LINE
    margin: int = 40


PRINT = Paper(2300, margin=140)  # of a sheet of A4: a staff is 6.6 mm high


class Mark(NamedTuple):
    """The beginning of a section or chorus: the name in a box, the number of the chorus (0 if it is
    not one of several)."""

    name: str
    chorus: int


def form_starts(tune: Tune) -> list[int]:
    """Indices of the bars at which sections and choruses begin, after the first; of a tune that
    names neither, those that its changes tell."""
    choruses = _chorus_starts(tune)
    if not (tune.sections or tune.choruses):
        return section_starts(tune) if chorus_length(tune) >= _SHORTEST_CHORUS else []
    begun = {section.bar for section in tune.sections} | {*choruses}
    return sorted(bar for bar in begun if int(tune.has_pickup) < bar < len(tune.bars))


def form_marks(tune: Tune) -> dict[int, Mark]:
    """The marks of the form by the index of the bar: sections that the tune names, and choruses if
    there are several."""
    names = {section.bar: printable(section.name, MAX_NAME_LENGTH) for section in tune.sections}
    if tune.has_pickup and 1 in names:  # a pick-up needs no mark of its own
        names.pop(0, None)
    choruses = {bar: number for number, bar in enumerate(_chorus_starts(tune), 1)}
    numbered = {name for name in names.values() if re.fullmatch("[A-Z][2-9]", name)}
    for bar, name in names.items():  # `B1` is B, unless there is a B2
        if re.fullmatch("[A-Z]1", name) and not any(each[0] == name[0] for each in numbered):
            names[bar] = name[0]
    return {
        bar: Mark(names.get(bar, ""), choruses.get(bar, 0)) for bar in sorted({*names, *choruses})
    }


def _chorus_starts(tune: Tune) -> list[int]:
    """Indices of the bars at which choruses begin, if there are several: as the tune has them, else
    where its changes begin again, and its sections, too. A few bars are a vamp, not a chorus."""
    starts, length = list(tune.choruses), chorus_length(tune)
    if not starts:
        starts = list(range(int(tune.has_pickup), len(tune.bars), max(length, 1)))
        if tune.sections and not {section.bar for section in tune.sections} >= {*starts}:
            return []
    gaps = [after - before for before, after in pairwise(starts)]
    return starts if gaps and min(gaps) >= _SHORTEST_CHORUS else []


def slashed_bars(tune: Tune) -> frozenset[int]:
    """Indices of the bars that nobody wrote, in which slashes stand for the beats of their chords:
    those of a chart alone, and of a chorus or a longer section without a note. Anywhere else the
    soloist rests."""
    starts = sorted({0, *form_starts(tune), len(tune.bars)})
    has_melody = any(bar.melody for bar in tune.bars)
    slashed: set[int] = set()
    for start, end in pairwise(starts):
        is_silent = not any(bar.melody for bar in tune.bars[start:end])
        if is_silent and (end - start >= _SHORTEST_CHORUS or not has_melody):
            slashed |= {*range(start, end)}
    return frozenset(
        index for index in slashed if any(change.sounding for change in tune.bars[index].changes)
    )


def line_starts(part: WrittenPart, paper: Paper) -> list[int]:
    """Indices of the first bars of the lines. Lines begin with the sections of the form, and with
    repeats and endings, and have `paper.max_bars` bars; where these need more room, half as many. A
    short second ending stands in the line of the first."""
    tune, marks = part.tune, part.marks
    key, slashed = key_signature(tune), slashed_bars(tune)
    widths = [_bar_width(bar, key, index in slashed) for index, bar in enumerate(tune.bars)]
    first = int(tune.has_pickup)  # a pick-up stands before the first line's bars
    room = paper.width - 2 * paper.margin - _SIGNS_WIDTH
    lines: list[int] = []
    for start, end in pairwise(_stretches(part)):
        edges = list(range(start + (first if start == 0 else 0), end, paper.max_bars))
        edges = [start, *edges[1:], end]
        if len(edges) > 2 and edges[-1] - edges[-2] == 1 and sum(widths[edges[-3] : end]) <= room:
            del edges[-2]  # a single bar joins the line before
        is_later_ending = bool(marks and marks[start].ending and 1 not in marks[start].ending)
        if is_later_ending and len(edges) == 2:
            together = end - lines[-1]
            if together <= _LONGEST_LINE and sum(widths[lines[-1] : end]) <= room:
                continue
        for line_start, line_end in pairwise(edges):
            lines += _split(widths, line_start, line_end, room)
    if not first and lines[1:2] == [1] and sum(widths[: (*lines, len(widths))[2]]) <= room:
        del lines[1]  # a single bar before the form joins its first line
    return lines


def line_names(tune: Tune, starts: Sequence[int]) -> dict[int, str]:
    """The names of lines, by their indices: those of the choruses that begin in them."""
    return {
        bisect_right(starts, bar) - 1: f"Chorus {mark.chorus}"
        for bar, mark in form_marks(tune).items()
        if mark.chorus
    }


def _stretches(part: WrittenPart) -> list[int]:
    """Indices of the bars at which a line begins in any case, and the number of bars."""
    tune, marks = part.tune, part.marks
    starts = {0, *form_starts(tune), len(tune.bars)}
    for index, mark in enumerate(marks):
        if mark.repeat_start or mark.coda or index == part.last_chorus.coda:
            starts.add(index)
        if mark.times:
            starts.add(index + 1)
    starts |= {end + 1 for start, end in endings(marks) if 1 not in marks[start].ending}
    return sorted(starts)


def _split(widths: Sequence[float], start: int, end: int, room: float) -> Iterator[int]:
    """The starts of the lines for some bars: one line, or two for each half if it has no room."""
    if end - start > 1 and sum(widths[start:end]) > room:
        middle = (start + end + 1) // 2
        yield from _split(widths, start, middle, room)
        yield from _split(widths, middle, end, room)
    elif end > start:
        yield start


def _bar_width(bar: Bar, key: int, slashed: bool) -> float:
    """The approximate width of a bar in which notes or slashes and chord symbols do not touch."""
    scale = {7 * fifths % 12 for fifths in range(key - 1, key + 6)}
    signs = sum(note.pitch % 12 not in scale for note in bar.melody)
    ends = [Fraction(0), *(note.end for note in bar.melody)]
    onsets = [*(note.onset for note in bar.melody), bar.length]
    rests = sum(end < onset for end, onset in zip(ends, onsets, strict=True))
    count = len(bar.meter.beat_onsets(bar.length)) if slashed else len(bar.melody)
    notes = _NOTE * max(count, 1) + _REST * rests + _SIGN * signs
    symbols = sum(_ROOT + _LETTER * len(chord_symbol(each.chord, key)) for each in bar.changes)
    return max(notes, symbols) + _BAR_LINE

"""The signs of a written chart that say in which order its bars are played, as MusicXML: repeats,
endings, Segno, Coda, Fine and jumps."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from djmodel.music.charts.chart import LastChorus
from djmodel.music.charts.play_order import Marks
from djmodel.outputs.notation.elements import add, direction


@dataclass
class Roadmap:
    """The signs of each bar of a chart; without `marks` there are none."""

    marks: Sequence[Marks] = ()
    last_chorus: LastChorus = LastChorus()
    _starts: dict[int, int] = field(init=False)  # of endings, by their last bars

    def __post_init__(self) -> None:
        self._starts = {end: start for start, end in endings(self.marks)}

    def begins(self, index: int) -> bool:
        """True for a bar at which players may arrive from elsewhere than the bar before."""
        marks = self._marks_of(index)
        return bool(marks.repeat_start or marks.ending or marks.segno or marks.coda)

    def add_start(self, measure: ET.Element, index: int) -> None:
        """Adds the bar line at the start of a bar, if a repeat or an ending begins there."""
        marks = self._marks_of(index)
        if not (marks.repeat_start or marks.ending):
            return
        barline = add(measure, "barline", location="left")
        if marks.repeat_start:
            add(barline, "bar-style", "heavy-light")
        if marks.ending:
            numbers = ", ".join(map(str, marks.ending))
            text = " ".join(f"{number}." for number in marks.ending)
            add(barline, "ending", text, number=numbers, type="start")
        if marks.repeat_start:
            add(barline, "repeat", direction="forward")

    def add_signs(self, measure: ET.Element, index: int) -> None:
        """Adds the signs above the start of a bar: Segno and Coda."""
        marks = self._marks_of(index)
        if marks.segno:
            add(direction(measure, "segno"), "sound", segno="segno")
        if marks.coda:
            add(direction(measure, "coda"), "sound", coda="coda")
        elif index == self.last_chorus.coda:
            direction(measure, "coda")

    def add_words(self, measure: ET.Element, index: int, length: str) -> None:
        """Adds the words below the end of a bar: how often, To Coda, Fine, and where to jump.
        `length` is that of the bar, in divisions."""
        marks, (leave, coda) = self._marks_of(index), self.last_chorus
        if marks.times > 2:
            _words(measure, f"{marks.times}x", length)
        if marks.to_coda:
            _words(measure, "To Coda", length, tocoda="coda")
        if index == leave:
            place = "Fine" if coda is None else "To Coda"
            _words(measure, f"{place} (last chorus)", length)
        if marks.fine:
            _words(measure, "Fine", length, fine="yes")
        if marks.jump:
            to_start = {"dacapo": "yes"} if marks.jump.sign == "D.C." else {"dalsegno": "segno"}
            _words(measure, str(marks.jump), length, **to_start)

    def add_end(self, measure: ET.Element, index: int, style: str) -> None:
        """Adds the bar line at the end of a bar: that of a repeat or an ending, else of a `style`,
        if there is one."""
        marks, ending = self._marks_of(index), self._starts.get(index)
        if not (style or marks.times or ending is not None):
            return
        barline = add(measure, "barline", location="right")
        if marks.times or style:
            add(barline, "bar-style", "light-heavy" if marks.times else style)
        if ending is not None:
            numbers = ", ".join(map(str, self.marks[ending].ending))
            add(barline, "ending", number=numbers, type="stop" if marks.times else "discontinue")
        if marks.times:
            times = {"times": f"{marks.times}"} if marks.times > 2 else {}
            add(barline, "repeat", direction="backward", **times)

    def _marks_of(self, index: int) -> Marks:
        return self.marks[index] if self.marks else Marks()


def endings(marks: Sequence[Marks]) -> Iterator[tuple[int, int]]:
    """The indices of the first and the last bar of each ending. The last ending of a repeat is as
    long as the first, if no other sign ends it."""
    length = len(marks)
    for start, mark in enumerate(marks):
        if not mark.ending:
            continue
        length = length if 1 not in mark.ending else len(marks)
        end = start
        while end + 1 < len(marks) and not marks[end].times and end + 1 - start < length:
            after = marks[end + 1]
            if after.section or after.repeat_start or after.ending or after.coda:
                break
            end += 1
        length = end + 1 - start
        yield start, end


def _words(measure: ET.Element, text: str, length: str, **sound: str) -> None:
    """Adds words that end where a bar of some length does."""
    element = direction(
        measure, "words", text, placement="below", font_weight="bold", halign="right"
    )
    add(element, "offset", length)
    if sound:
        add(element, "sound", **sound)

"""Bar lines and sounds of MusicXML -> the marks of a bar: repeats, endings, signs, jumps."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from djmodel.inputs.musicxml.numbers import whole_number
from djmodel.inputs.written.marks import BarMarks, numbers_of_ending
from djmodel.music.charts.play_order import Jump


@dataclass(slots=True)
class BarlineReader:
    """Reads the bar lines of one part. `open`: an ending has begun and not stopped."""

    open: bool = False

    def read(self, barline: Element, marks: BarMarks) -> None:
        marks.segno |= barline.find("segno") is not None
        if barline.find("coda") is not None:
            marks.coda = marks.coda_at_start = True
        repeat, ending = barline.find("repeat"), barline.find("ending")
        if repeat is not None:
            if barline.get("location") == "middle":
                marks.problem = "a repeat begins or ends inside a bar"
            if repeat.get("direction") == "forward":
                marks.repeat_start = True
            else:
                marks.times = whole_number(repeat.get("times", "2")) or 2
        if ending is None:
            return
        starts = ending.get("type") == "start"
        if (starts or not self.open) and not marks.ending:
            marks.ending = _numbers(ending)
        marks.ending_stops |= not starts
        self.open = starts


def _numbers(ending: Element) -> tuple[int, ...]:
    """The numbers of an ending: those that are printed, else those that the file gives."""
    given = ending.get("number", "")
    numbers = numbers_of_ending(ending.text or "") or numbers_of_ending(given)
    return numbers or (() if given else (1,))


def read_sound(sound: Element, marks: BarMarks) -> None:
    """Reads the attributes of a `<sound>` that tell where to play on."""
    given = sound.attrib
    marks.segno |= "segno" in given
    marks.coda |= "coda" in given
    marks.to_coda |= "tocoda" in given
    marks.fine |= sound.get("fine", "no") != "no"
    if marks.jump is None:
        if sound.get("dacapo") == "yes":
            marks.jump = Jump("D.C.")
        elif "dalsegno" in given:
            marks.jump = Jump("D.S.")

"""Piano rolls as SVG: the melody over its accompaniment, kinds of tones in their own looks.

A picture has all rows below one another; a page shows each row as a drawing that it can place.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from textwrap import shorten

from djmodel.music.chord import KIND_NAMES, Kind
from djmodel.music.tune import Tune
from djmodel.outputs.drawing import Drawing, add, new_svg, to_text
from djmodel.outputs.piano_roll_layout import Roll, RollNote, roll
from seqmodel.picture import LIGHT
from seqmodel.plots import BLUE, PURPLE, SKY, VERMILLION
from seqmodel.settings import checked

ACCOMPANIMENT_COLOUR = "#EBC46C"  # a lighter orange: it is drawn behind the melody
# Fill and outline of each kind. An approach tone also has a dashed line through its middle.
KIND_COLOURS: dict[Kind, tuple[str, str]] = {
    "C": (BLUE, BLUE),
    "S": (SKY, BLUE),
    "A": (VERMILLION, VERMILLION),
    "X": (LIGHT.paper, LIGHT.ink),
}

# Sizes in CSS pixels.
_LEFT = 18.0  # for the names of the octaves
_RIGHT = 2.0
_TOP = 16.0  # for the chord names
_BOTTOM = 12.0  # for the bar numbers
_LETTER = 7.6  # width of a letter of a chord name
_MARGIN, _HEADING = 8.0, 56.0  # of a picture: title and legend
_MAX_TITLE = 90  # letters


@dataclass(frozen=True, slots=True)
class RowSize:
    """Size of the rows: `width` in CSS pixels for at most `max_quarters` of music, a semitone
    `semitone` high, less where all of them would be higher than `max_height`."""

    width: float
    max_quarters: float
    semitone: float
    max_height: float


PAGE = RowSize(400, 16, 4.5, 190)
PICTURE = RowSize(800, 32, 6, 260)


@checked
def piano_roll(tune: Tune) -> Drawing:
    """The piano roll of a tune as one picture: title, legend, up to eight bars of 4/4 per row."""
    drawing = roll(tune)
    rows = drawn_rows(drawing, PICTURE)
    row_height = float(rows[0].get("height", 0)) + _MARGIN if rows else 0.0
    svg = new_svg(PICTURE.width + 2 * _MARGIN, _HEADING + row_height * len(rows))
    svg.set("font-family", "sans-serif")
    title = shorten(drawing.title, _MAX_TITLE, placeholder=" …")
    size = min(16.0, PICTURE.width / (0.7 * max(len(title), 1)))
    add(svg, "text", title, x=_MARGIN, y=22, font_size=size, font_weight="bold", fill=LIGHT.ink)
    x = _MARGIN
    for note, name in legend_samples(drawing):
        sample = add(svg, "g", transform=f"translate({x:g} 34)")
        _add_note(_add_kind(sample, note), note, 0, 18, 0, 6)
        add(svg, "text", name, x=x + 24, y=41, font_size=11, fill=LIGHT.ink)
        x += 24 + 6.2 * len(name) + 18
    for index, row in enumerate(rows):
        row.set("x", f"{_MARGIN:g}")
        row.set("y", f"{_HEADING + index * row_height:g}")
        svg.append(row)
    return Drawing(to_text(svg))


def drawn_rows(drawing: Roll, size: RowSize) -> list[ET.Element]:
    """The rows of a piano roll as SVGs, all to one scale. Their attributes `data-from`, `data-to`
    (quarter lengths), `data-left` and `data-scale` (pixels per quarter) say where a moment is."""
    rows = drawing.rows(size.max_quarters, (size.width - _LEFT - _RIGHT) / _LETTER)
    longest = max((row.end - row.start for row in rows), default=1.0)
    scale = (size.width - _LEFT - _RIGHT) / longest
    semitone = min(size.semitone, size.max_height / len(drawing.pitches))
    return [_drawn(row, drawing.pitches, size.width, scale, semitone) for row in rows]


def legend_samples(drawing: Roll) -> list[tuple[RollNote, str]]:
    """A note of each kind that occurs in a roll, with the name of the kind."""
    present = {note.kind for note in drawing.melody}
    samples = [
        (RollNote(0, 1, 0, kind), KIND_NAMES[kind]) for kind in KIND_NAMES if kind in present
    ]
    if drawing.accompaniment:
        samples.append((RollNote(0, 1, 0), "accompaniment"))
    return samples


def sample_svg(note: RollNote) -> str:
    """A note as a small SVG, for a legend in HTML."""
    svg = new_svg(20, 7, aria_hidden="true")
    _add_note(_add_kind(svg, note), note, 1, 19, 1, 5)
    return to_text(svg)


def _drawn(row: Roll, pitches: range, width: float, scale: float, semitone: float) -> ET.Element:
    bottom = _TOP + len(pitches) * semitone

    def x(quarter: float) -> float:
        return _LEFT + (quarter - row.start) * scale

    def y(pitch: float) -> float:
        return _TOP + (pitches.stop - 0.5 - pitch) * semitone

    svg = new_svg(width, round(bottom + _BOTTOM, 2))
    svg.set("font-family", "sans-serif")
    for name, number in (("from", row.start), ("to", row.end), ("left", _LEFT), ("scale", scale)):
        svg.set(f"data-{name}", f"{number:.6g}")
    octaves = [pitch for pitch in pitches if pitch % 12 == 0]
    lines = add(svg, "g", class_="octave", stroke=LIGHT.grid)
    for pitch in octaves:
        add(lines, "line", x1=x(row.start), y1=y(pitch), x2=x(row.end), y2=y(pitch))
    lines = add(svg, "g", class_="beat", stroke=LIGHT.grid)
    for beat in row.beats:
        add(lines, "line", x1=x(beat), y1=_TOP, x2=x(beat), y2=bottom)
    lines = add(svg, "g", class_="bar", stroke=LIGHT.line, stroke_width=1.2)
    for start in row.bars:
        add(lines, "line", x1=x(start), y1=_TOP, x2=x(start), y2=bottom)
    small = add(svg, "g", class_="small", font_size=9, fill=LIGHT.ink)
    for pitch in octaves:
        add(small, "text", f"C{pitch // 12 - 1}", x=1, y=y(pitch) + 3)
    for start, number in zip(row.bars, row.numbers, strict=False):
        if number:
            add(small, "text", str(number), x=x(start) + 2, y=bottom + _BOTTOM - 3)
    names = add(svg, "g", class_="chords", font_size=11, font_weight="bold", fill=LIGHT.ink)
    for chord in row.chords:
        add(names, "text", chord.text, x=x(chord.start) + 1, y=_TOP - 4)
    for kind in (None, *KIND_NAMES):
        notes = [n for n in (row.melody if kind else row.accompaniment) if n.kind == kind]
        if notes:
            group = _add_kind(svg, notes[0])
            for note in notes:
                left, right = x(max(note.start, row.start)), x(min(note.end, row.end))
                _add_note(group, note, left, right, y(note.pitch + 0.5), semitone)
    head = {"class": "head", "x1": "0", "x2": "0", "y1": f"{_TOP:g}", "y2": f"{bottom:g}"}
    ET.SubElement(svg, "line", {**head, "stroke": PURPLE, "visibility": "hidden"})
    return svg


def _add_kind(parent: ET.Element, note: RollNote) -> ET.Element:
    """Appends the group for the notes that look like `note`."""
    if note.kind is None:
        return add(parent, "g", class_="behind", fill=ACCOMPANIMENT_COLOUR)
    fill, stroke = KIND_COLOURS[note.kind]
    return add(parent, "g", class_=f"note {note.kind}", fill=fill, stroke=stroke, stroke_width=0.8)


def _add_note(
    group: ET.Element, note: RollNote, left: float, right: float, top: float, height: float
) -> None:
    """Appends the box of a note, a little shorter than it lasts so that repeated notes show."""
    width = max(right - left - 1.2, (right - left) * 0.6)
    if note.kind is None:
        add(group, "rect", x=left, y=top + height * 0.2, width=width, height=height * 0.6)
        return
    add(group, "rect", x=left, y=top, width=width, height=height, rx=0.8)
    if note.kind == "A":
        middle = top + height / 2
        add(
            group, "line", class_="dashes", x1=left + 1, x2=left + width - 1, y1=middle, y2=middle,
            stroke=LIGHT.paper, stroke_width=1.6, stroke_dasharray="2.5 2",
        )  # fmt: skip

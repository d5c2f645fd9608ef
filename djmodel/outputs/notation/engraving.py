"""Engraving: MusicXML drawn by verovio, line by line, with chord symbols in a sans serif font."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from djmodel.music.chord_symbol import engraved
from djmodel.outputs.drawing import add, parse_svg
from djmodel.outputs.notation.lines import Paper
from djmodel.outputs.notation.musicxml import NotationError

UNITS = 10  # of verovio's drawing in one of its layout
_MAX_HEIGHT = 60_000
# Sizes of fonts, in units of verovio's drawing: of a chord symbol, and of a section's name.
_ROOT_SIZE, _SUFFIX_SIZE, _WORD_SIZE = "405px", "300px", "320px"
_NUMBER_SIZE, _NUMBER_GAP = "324px", 6.0  # of a bar; the gap to the box of a section
_NAME_ROW, _NAME_GAP = 50.0, 12.0  # height of the name of a line, and of the gap below it

# Characters of music fonts (SMuFL) that verovio writes into texts, and those that any font has.
_PLAIN_SIGNS = {
    "\ue260": "♭", "\ue261": "♮", "\ue262": "♯", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯",
}  # fmt: skip


@dataclass(frozen=True)
class System:
    """A line of music: its drawing, and where that begins and ends, in units of the layout.
    `raised`: the room for its name, by which it begins higher than verovio drew it."""

    drawing: ET.Element
    top: float
    bottom: float
    raised: float = 0.0


@dataclass(frozen=True)
class Engraving:
    """A drawing without its lines, which are the `systems`; `width` and `height` are those of the
    sheet with margins, in units of the layout."""

    frame: ET.Element
    systems: tuple[System, ...]
    width: float
    height: float

    @property
    def stacked_height(self) -> float:
        """The height of all lines with the room for their names."""
        return self.height + sum(system.raised for system in self.systems)

    def stacked(self) -> ET.Element:
        """An SVG with all lines, one below the other."""
        placed, down = [], 0.0
        for system in self.systems:
            down += system.raised
            placed.append((system, down))
        return self.drawn(placed, self.stacked_height)

    def drawn(self, systems: Iterable[tuple[System, float]], height: float) -> ET.Element:
        """An SVG with some of the lines, each moved down by some units, on paper of a `height`."""
        svg = deepcopy(self.frame)
        svg.set("viewBox", f"0 0 {self.width:g} {height:g}")
        [inner] = svg.findall("svg")
        inner.set("viewBox", f"0 0 {UNITS * self.width:g} {UNITS * height:g}")
        [page] = inner.findall("g")
        for system, down in systems:
            moved = add(page, "g", transform=f"translate(0, {UNITS * down:g})")
            moved.append(system.drawing)
        return svg


def engrave(
    score: ET.Element,
    paper: Paper,
    names: Mapping[int, str],
    *,
    fill_last: bool,
    seed: int = 1,
    timed: bool = False,
) -> Engraving:
    """Verovio's drawing of MusicXML with line breaks, as high as it needs to be. `names` stand
    above lines, by their indices. `fill_last`: the last line is as wide as the others. `seed`
    determines the ids in the SVG, which must differ within a page. `timed`: see `lead_sheet`.
    Raises NotationError if verovio cannot draw it."""
    import verovio

    verovio.setDefaultResourcePath(str(files("verovio") / "data"))  # each thread has its own
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    toolkit.setOptions({
        "adjustPageHeight": True,
        "breaks": "encoded",
        "font": "Leland",
        "footer": "none",
        "header": "none",
        "minLastJustification": 0 if fill_last else 0.8,
        "pageHeight": _MAX_HEIGHT,
        **{f"pageMargin{side}": paper.margin for side in ("Bottom", "Left", "Right", "Top")},
        "pageWidth": paper.width,
        "scale": 100,
        "smuflTextFont": "none",
        "svgBoundingBoxes": True,
        "svgContentBoundingBoxes": True,
        "svgFormatRaw": True,
        "svgRemoveXlink": True,
        "svgViewBox": True,
        "xmlIdSeed": seed,
    })  # fmt: skip
    score = deepcopy(score)
    for each in score.iter("direction"):
        for sound in each.findall("sound"):  # verovio puts words with one at the start of their bar
            each.remove(sound)
    for harmony in score.iter("harmony"):
        for degree in harmony.findall("degree"):  # verovio prints them behind a text that has them
            harmony.remove(degree)
        for kind in harmony.iter("kind"):  # a space, because bold letters need more room
            kind.set("text", f"{kind.get('text', '')}\N{NO-BREAK SPACE}")
    if not toolkit.loadData(ET.tostring(score, encoding="unicode")):
        raise NotationError("verovio cannot engrave this tune")
    frame = parse_svg(toolkit.renderToSVG(1))
    if timed:
        events = toolkit.renderToTimemap({"includeMeasures": True, "includeRests": True})
        _add_times(frame, events)
    _, _, *size = map(float, frame.attrib["viewBox"].split())
    [page] = (group for group in frame.iter("g") if group.get("class") == "page-margin")
    systems = [group for group in page if group.get("class") == "system"]
    for group in list(page):
        page.remove(group)
    numbers = [measure.get("number", "") for measure in score.iter("measure")]
    lines = []
    for index, each in enumerate(systems):
        if index:
            _add_number(each, numbers[0])
        lines.append(_system(each, names.get(index, "")))
        del numbers[: sum(group.get("class") == "measure" for group in each.iter("g"))]
    return Engraving(frame, tuple(lines), *size)


def _add_number(system: ET.Element, number: str) -> None:
    """Adds the number of its first bar to a line of music, left of the box of a section, where
    verovio leaves it out."""
    groups = list(system.iter("g"))
    boxes = [group for group in groups if group.get("class") == "reh"]
    if boxes and not any(group.get("class", "").startswith("mNum") for group in groups):
        [box], [text] = boxes[0].findall("rect"), boxes[0].findall("text")
        x, y = float(box.attrib["x"]) - UNITS * _NUMBER_GAP, float(text.attrib["y"])
        style = {"font_style": "italic", "text_anchor": "end", "fill": "currentColor"}
        add(system, "text", number, x=x, y=y, font_size=_NUMBER_SIZE, **style)


def _add_times(svg: ET.Element, events: Sequence[Mapping[str, Any]]) -> None:
    """Writes the times of verovio's events to the groups of notes and rests, numbers to bars."""
    groups = {group.get("id"): group for group in svg.iter("g")}
    bars = [event["measureOn"] for event in events if "measureOn" in event]
    for number, name in enumerate(bars):
        groups[name].set("data-bar", str(number))
    for event in events:
        quarter = f"{round(event['qstamp'], 6):g}"
        for moment, kinds in (("data-onset", ("on", "restsOn")), ("data-end", ("off", "restsOff"))):
            for name in (name for kind in kinds for name in event.get(kind, ())):
                if name in groups:
                    groups[name].set(moment, quarter)


def _system(group: ET.Element, name: str) -> System:
    """A line of music with its extent, without verovio's boxes, its chord symbols restyled, and
    with a name above it, if it has one."""
    boxes = [
        box
        for each in group.iter("g")
        if each.get("class") == "measure content-bounding-box"
        for box in each.iter("rect")
    ]
    top = min(float(box.attrib["y"]) for box in boxes)
    left = min(float(box.attrib["x"]) for box in boxes)
    bottom = max(float(box.attrib["y"]) + float(box.attrib["height"]) for box in boxes)
    for parent in list(group.iter("g")):
        for child in list(parent):
            if re.search("bounding-box|placeholder", child.get("class", "")):
                parent.remove(child)
    for each in group.iter("g"):
        if each.get("class") == "harm":
            _restyle_symbol(each)
        elif each.get("class") in {"reh", "dir"}:
            _restyle_word(each)
    raised = _NAME_ROW if name else 0.0
    if name:
        style = {"font_family": "sans-serif", "font_weight": "bold", "font_style": "italic"}
        y = top - UNITS * _NAME_GAP
        add(group, "text", name, x=left, y=y, font_size=_WORD_SIZE, fill="currentColor", **style)
    return System(group, top / UNITS - raised, bottom / UNITS, raised)


def _restyle_symbol(group: ET.Element) -> None:
    """Sets a chord symbol in bold sans serif, with signs that any font has, smaller after its
    root."""
    [text] = group.iter("text")
    letters = "".join(text.itertext()).replace("\N{NO-BREAK SPACE}", "")
    symbol = engraved("".join(_PLAIN_SIGNS.get(letter, letter) for letter in letters))
    root = re.match(r"N\.C\.|[A-G][♭♯]*|", symbol)
    length = root.end() if root else 0
    for child in list(text):
        text.remove(child)
    text.attrib.update({"font-family": "sans-serif", "font-weight": "bold"})
    for piece, size in ((symbol[:length], _ROOT_SIZE), (symbol[length:], _SUFFIX_SIZE)):
        if piece:
            add(text, "tspan", piece, font_size=size)


def _restyle_word(group: ET.Element) -> None:
    """Sets the name of a section or chorus in bold sans serif, as wide as verovio reckons it."""
    for text in group.iter("text"):
        text.attrib.update({"font-family": "sans-serif", "font-weight": "bold"})
        for piece in text.iter("tspan"):
            if "font-size" in piece.attrib:
                piece.set("font-size", _WORD_SIZE)

"""Lead sheets as drawings: MusicXML engraved by verovio, as SVG or PNG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from djmodel.music.chord_symbol import chord_symbol, engraved
from djmodel.music.key import key_signature
from djmodel.music.tune import Bar, Tune
from djmodel.outputs.drawing import Drawing, add, new_svg, parse_svg, to_text
from djmodel.outputs.musicxml import BARS_PER_LINE, NotationError, score_tree
from seqmodel.text import printable

# Sizes in units of the engraver, a tenth of a millimetre on paper; two are a CSS pixel.
_MARGIN = 40
_SIGNS_WIDTH = 180  # of clef and key signature, at the start of a line
_NOTE, _SIGN, _BAR_LINE = 38, 16, 40  # width of a note, of an accidental, of a bar line
_LETTER, _ROOT = 21, 30  # width of the letters of a chord symbol
_SCALE = 50  # percent
_MAX_HEIGHT = 60_000
_ROOT_SIZE, _SUFFIX_SIZE = "405px", "300px"  # of a chord symbol, in units of verovio's drawing

# Sizes in CSS pixels.
_HEADING = 35
_TITLE_SIZE, _MIN_TITLE_SIZE = 20, 11  # a long title is smaller
_MAX_TITLE_LENGTH = 200  # characters
_LETTER_SHARE = 0.7  # width of a bold letter as a share of its size

# Characters of music fonts (SMuFL) that verovio writes into texts, and those that any font has.
_PLAIN_SIGNS = {
    "\ue260": "♭", "\ue261": "♮", "\ue262": "♯", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯",
}  # fmt: skip
# Note signs that any font has, by their length in quarter lengths.
_BEAT_SIGNS = {Fraction(1, 2): "♪", Fraction(3, 4): "♪.", Fraction(1): "♩", Fraction(3, 2): "♩."}


@dataclass(frozen=True)
class Paper:
    """Width of a sheet, in tenths of a millimetre, and the most bars in a line."""

    width: int
    max_bars: int


SCREEN = Paper(2120, BARS_PER_LINE)
PHONE = Paper(1000, 2)


def lead_sheet(
    tune: Tune, paper: Paper = SCREEN, *, heading: bool = True, seed: int = 1, timed: bool = False
) -> Drawing:
    """The engraved lead sheet of a tune, with as many bars per line as `paper` and the music allow.
    `heading` adds title and tempo. `seed` determines the ids in the SVG, which must differ within
    a page. `timed`: notes and rests have their times, in quarter lengths from the start, as
    `data-onset` and `data-end`, and bars their index as `data-bar`.

    Raises NotationError for a tune without bars and for note lengths that have no written value.
    """
    per_line = bars_per_line(tune, paper)
    score = score_tree(tune, per_line, labels=False)
    bars = len(tune.bars) - tune.has_pickup
    sheet = _engraved(score, bars, per_line, paper.width, seed, timed=timed)
    return Drawing(to_text(_with_heading(sheet, tune) if heading else sheet))


def bars_per_line(tune: Tune, paper: Paper = SCREEN) -> int:
    """The most bars per line that leave the fullest line room for its notes and chord symbols."""
    key = key_signature(tune)
    widths = [_bar_width(bar, key) for bar in tune.bars]
    first = 1 if tune.has_pickup else 0
    room = paper.width - 2 * _MARGIN - _SIGNS_WIDTH
    for line in range(paper.max_bars, 1, -1):
        starts = [0, *range(first + line, len(widths), line)]
        ends = [*starts[1:], len(widths)]
        if all(sum(widths[a:b]) <= room for a, b in zip(starts, ends, strict=True)):
            return line
    return 1


def _bar_width(bar: Bar, key: int) -> float:
    """The approximate width of a bar in which notes and chord symbols do not touch."""
    scale = {7 * fifths % 12 for fifths in range(key - 1, key + 6)}
    signs = sum(note.pitch % 12 not in scale for note in bar.melody)
    notes = _NOTE * max(len(bar.melody), 1) + _SIGN * signs
    symbols = sum(_ROOT + _LETTER * len(chord_symbol(each.chord, key)) for each in bar.changes)
    return max(notes, symbols) + _BAR_LINE


def _engraved(
    score: ET.Element, bars: int, per_line: int, width: int, seed: int, *, timed: bool
) -> ET.Element:
    """Verovio's drawing of MusicXML, as high as it needs to be."""
    import verovio

    if bars < per_line:  # a line that is not full does not need the full width
        width = width * (bars + 1) // (per_line + 1)
    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    toolkit.setOptions({
        "adjustPageHeight": True,
        "breaks": "encoded",
        "font": "Leland",
        "footer": "none",
        "header": "none",
        # The last line is as wide as the others if it holds as many bars.
        "minLastJustification": 0 if bars <= per_line or bars % per_line == 0 else 0.8,
        "pageHeight": _MAX_HEIGHT,
        **{f"pageMargin{side}": _MARGIN for side in ("Bottom", "Left", "Right", "Top")},
        "pageWidth": width,
        "scale": _SCALE,
        "smuflTextFont": "none",
        "svgFormatRaw": True,
        "svgRemoveXlink": True,
        "svgViewBox": True,
        "xmlIdSeed": seed,
    })  # fmt: skip
    for harmony in score.iter("harmony"):  # verovio prints degrees behind a text that has them
        for degree in harmony.findall("degree"):
            harmony.remove(degree)
    if not toolkit.loadData(ET.tostring(score, encoding="unicode")):
        raise NotationError("verovio cannot engrave this tune")
    svg = parse_svg(toolkit.renderToSVG(1))
    _, _, *size = map(float, svg.attrib["viewBox"].split())
    sheet = new_svg(*size)
    sheet.append(svg)
    for group in svg.iter("g"):
        if group.get("class") == "harm":
            _restyle_symbol(group)
    if timed:
        events = toolkit.renderToTimemap({"includeMeasures": True, "includeRests": True})
        _add_times(svg, events)
    return sheet


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


def _restyle_symbol(group: ET.Element) -> None:
    """Sets a chord symbol in bold sans serif, with signs that any font has, smaller after its
    root."""
    [text] = group.iter("text")
    letters = "".join(text.itertext())
    symbol = engraved("".join(_PLAIN_SIGNS.get(letter, letter) for letter in letters))
    root = re.match(r"N\.C\.|[A-G][♭♯]*|", symbol)
    length = root.end() if root else 0
    for child in list(text):
        text.remove(child)
    text.attrib.update({"font-family": "sans-serif", "font-weight": "bold"})
    for piece, size in ((symbol[:length], _ROOT_SIZE), (symbol[length:], _SUFFIX_SIZE)):
        if piece:
            add(text, "tspan", piece, font_size=size)


def _with_heading(sheet: ET.Element, tune: Tune) -> ET.Element:
    """A drawing with title and first tempo above the sheet. A title that is wider than the sheet is
    set smaller, then widens it."""
    words, beat = [printable(tune.title, _MAX_TITLE_LENGTH)], tune.bars[0].meter.beat
    if tune.tempos:
        beat = beat if beat in _BEAT_SIGNS else Fraction(1)
        words.append(f"{_BEAT_SIGNS[beat]} = {float(tune.tempos[0].bpm / beat):.0f}")
    text = "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE} ".join(filter(None, words))
    left = _MARGIN * _SCALE / 100
    width, height = float(sheet.attrib["width"]), float(sheet.attrib["height"])
    letters = _LETTER_SHARE * max(len(text), 1)
    size = max(min(_TITLE_SIZE, (width - 2 * left) / letters), _MIN_TITLE_SIZE)
    both = new_svg(max(width, 2 * left + size * letters), height + _HEADING)
    style = {"font_family": "sans-serif", "font_weight": "bold", "fill": "currentColor"}
    add(both, "text", text, x=left, y=26, font_size=size, **style)
    sheet.set("y", f"{_HEADING}")
    both.append(sheet)
    return both

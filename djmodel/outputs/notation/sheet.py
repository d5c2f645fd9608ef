"""Printed sheets: pages of A4 with a heading, as PDF, SVG or PNG."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from djmodel.outputs import suffixes
from djmodel.outputs.drawing import (
    MAX_PNG_HEIGHT,
    PNG_ZOOM,
    Drawing,
    add,
    new_svg,
    parse_svg,
    to_text,
)
from djmodel.outputs.notation.engraving import Engraving, System, engrave
from djmodel.outputs.notation.labels import (
    LETTER_SHARE,
    MAX_TITLE_LENGTH,
    feel_name,
    instrument_label,
    rhythm_text,
    soloist_text,
    tempo_text,
    title_of,
)
from djmodel.outputs.notation.lines import PRINT, line_names, line_starts
from djmodel.outputs.notation.musicxml import score_tree
from djmodel.outputs.notation.written_part import WrittenPart
from djmodel.outputs.pdf import pdf
from seqmodel.files import atomic_write, check_suffix
from seqmodel.settings import checked
from seqmodel.text import printable

# Sizes in units of the engraver's layout; a point of print is 3.9 of them.
_HEIGHT = round(PRINT.width * 297 / 210)
_TOP, _BOTTOM = 130, 120  # margins of a page
_TITLE, _MIN_TITLE, _WORDS, _SMALL = 78, 40, 42, 34  # sizes of letters
_TITLE_ROW, _WORDS_ROW, _PAGE_ROW = 100, 75, 90  # heights of the rows of a heading
_MIN_GAP, _MAX_GAP = 45, 130  # between lines of music
_LONGEST_COMPOSER = 60  # characters
_FEWEST_LINES = 3  # on the last page
_SPACES = 3 * "\N{NO-BREAK SPACE}"
_SCALE = 0.345  # CSS pixels per unit: A4 is 794 pixels wide


@dataclass(frozen=True)
class Sheet:
    """The pages of a part; `used` is the height that the last one needs, in CSS pixels."""

    pages: tuple[Drawing, ...]
    title: str
    used: float

    def svg(self) -> Drawing:
        """All pages in one drawing, one below the other, without the empty end of the last."""
        width, height = self.pages[0].size
        both = new_svg(width, self._height)
        for number, page in enumerate(self.pages):
            root = parse_svg(page.svg)
            root.set("y", f"{number * height:g}")
            if number:  # those of the first page hold for all
                [drawing] = root.findall("svg")
                for shared in (*drawing.findall("defs"), *drawing.findall("style")):
                    drawing.remove(shared)
            both.append(root)
        return Drawing(to_text(both))

    def png(self) -> bytes:
        """All pages as one picture in shades of grey. Pages are drawn one at a time, because the
        time that resvg needs grows with the square of a drawing's length."""
        from PIL import Image

        zoom = min(PNG_ZOOM, MAX_PNG_HEIGHT / self._height)
        pages = [Image.open(io.BytesIO(page.png(zoom))).convert("L") for page in self.pages]
        width, height = pages[0].size
        picture = Image.new("L", (width, round(zoom * self._height)), 255)
        for number, page in enumerate(pages):
            picture.paste(page, (0, number * height))
        content = io.BytesIO()
        picture.save(content, "PNG", optimize=True)
        return content.getvalue()

    @property
    def _height(self) -> float:
        return self.pages[0].size[1] * (len(self.pages) - 1) + self.used

    def save(self, path: str | Path) -> None:
        """Writes a .pdf with pages of A4, or all pages in one .svg or .png. Raises InputError for
        another suffix, FileError if it cannot be written."""
        suffix = check_suffix(path, (*suffixes.PDF, *suffixes.PICTURE))
        if suffix == ".svg":
            self.svg().save(path)
            return
        content = pdf(self.pages, self.title) if suffix in suffixes.PDF else self.png()
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)


@checked
def sheet(part: WrittenPart) -> Sheet:
    """The printed sheet of a part: title, player, instrument, feel and tempo above the music, four
    bars a line where there is room, pages of A4.

    Raises NotationError for a tune without bars and for note lengths that have no written value.
    """
    tune = part.tune
    starts = line_starts(part, PRINT)
    score = score_tree(part, starts, labels=False)
    fill_last = len(tune.bars) - starts[-1] >= PRINT.max_bars
    engraving = engrave(score, PRINT, line_names(tune, starts), fill_last=fill_last)
    heading = _heading(part)
    pages, used = [], 0.0
    for number, (systems, gap) in enumerate(_pages(engraving.systems, heading.height), 1):
        y = heading.height if number == 1 else float(_TOP + _PAGE_ROW)
        placed = []
        for system in systems:
            placed.append((system, y - PRINT.margin - system.top))
            y += system.bottom - system.top + gap
        used = y - gap + _BOTTOM
        words = heading.elements if number == 1 else _running_head(title_of(tune), number)
        pages.append(_page(engraving, placed, words))
    return Sheet(tuple(pages), tune.title, _SCALE * used)


@dataclass(frozen=True)
class _Heading:
    elements: tuple[ET.Element, ...]
    height: float


def _heading(part: WrittenPart) -> _Heading:
    """Title and soloist, instrument on the left and composer on the right, feel and tempo above the
    music."""
    tune = part.tune
    title = printable(title_of(tune), MAX_TITLE_LENGTH)
    middle, right = PRINT.width / 2, PRINT.width - PRINT.margin
    elements, y = [], float(_TOP)
    for line, size in _title_lines(title):
        y += _TITLE_ROW * size / _TITLE
        elements.append(_words(line, middle, y, size, anchor="middle", weight="bold"))
    if soloist := soloist_text(tune):
        y += _WORDS_ROW
        elements.append(_words(soloist, middle, y, _WORDS, anchor="middle"))
    choruses = f"{part.choruses} choruses" if part.choruses else ""
    rows = (
        (instrument_label(part), printable(tune.composer, _LONGEST_COMPOSER), ""),
        (_SPACES.join(filter(None, [feel_name(tune), tempo_text(tune), choruses])), "", "bold"),
    )
    for left_words, right_words, weight in rows:
        if left_words or right_words:
            y += _WORDS_ROW
        if left_words:
            elements.append(_words(left_words, PRINT.margin, y, _WORDS, weight=weight))
        if right_words:
            elements.append(_words(right_words, right, y, _WORDS, anchor="end", weight=weight))
    if rhythm := rhythm_text(part):
        elements.append(_words(rhythm, right, y, _SMALL, anchor="end"))
    return _Heading(tuple(elements), y + 50)


def _title_lines(title: str) -> list[tuple[str, float]]:
    """The title in one line, smaller if it is long, or in two of a small size."""
    room = PRINT.width - 2 * PRINT.margin
    size = room / (LETTER_SHARE * max(len(title), 1))
    if size >= _MIN_TITLE:
        return [(title, min(size, _TITLE))] if title else []
    half = title.rfind(" ", 0, len(title) // 2 + 8)
    half = half if half > 0 else len(title) // 2
    lines = (title[:half], title[half:].strip())
    size = room / (LETTER_SHARE * max(map(len, lines)))
    return [(line, min(size, _TITLE)) for line in lines]


def _running_head(title: str, number: int) -> tuple[ET.Element, ...]:
    """The title and the number of a page after the first."""
    y = _TOP + _SMALL
    name = _words(printable(title, 80), PRINT.margin, y, _SMALL)
    return name, _words(f"{number}", PRINT.width - PRINT.margin, y, _SMALL, anchor="end")


def _words(
    text: str, x: float, y: float, size: float, *, anchor: str = "start", weight: str = ""
) -> ET.Element:
    style = {"font_family": "sans-serif", "fill": "currentColor", "text_anchor": anchor}
    style |= {"font_weight": weight} if weight else {}
    return add(ET.Element("g"), "text", text, x=x, y=y, font_size=size, **style)


def _page(
    engraving: Engraving, placed: Sequence[tuple[System, float]], words: Sequence[ET.Element]
) -> Drawing:
    svg = engraving.drawn(placed, _HEIGHT)
    svg.extend(words)
    page = new_svg(round(_SCALE * PRINT.width), round(_SCALE * _HEIGHT))
    page.append(svg)
    return Drawing(to_text(page))


def _pages(systems: Sequence[System], first: float) -> list[tuple[list[System], float]]:
    """The lines of each page, and the gap between them: pages are filled, and their lines spread
    evenly. The music of the first page begins at `first`."""
    pages: list[list[System]] = []
    for system in systems:
        if not pages or _room([*pages[-1], system], first if len(pages) == 1 else None) < 0:
            pages.append([])
        pages[-1].append(system)
    while len(pages) > 1 and len(pages[-1]) < _FEWEST_LINES < len(pages[-2]) - 2:
        pages[-1].insert(0, pages[-2].pop())
    left = [_room(page, None if number else first) for number, page in enumerate(pages)]
    spread = [
        min(_MIN_GAP + room / max(len(page) - 1, 1), _MAX_GAP)
        for page, room in zip(pages, left, strict=True)
    ]
    if len(spread) > 1:
        spread[-1] = min(spread[-1], spread[-2])  # the last page is not filled
    return list(zip(pages, spread, strict=True))


def _room(page: Sequence[System], first: float | None) -> float:
    """The height that the lines of a page leave free; the music begins at `first`, or below the
    head of a later page."""
    start = _TOP + _PAGE_ROW if first is None else first
    lines = sum(system.bottom - system.top + _MIN_GAP for system in page) - _MIN_GAP
    return _HEIGHT - _BOTTOM - start - lines

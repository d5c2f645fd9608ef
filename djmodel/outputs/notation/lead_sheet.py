"""Lead sheets for screens: one drawing, as high as it needs to be."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from djmodel.music.instruments import PartKey
from djmodel.music.tune import Tune
from djmodel.outputs.drawing import Drawing, add, new_svg, to_text
from djmodel.outputs.notation.engraving import engrave
from djmodel.outputs.notation.labels import (
    LETTER_SHARE,
    MAX_TITLE_LENGTH,
    tempo_text,
    title_of,
)
from djmodel.outputs.notation.lines import Paper, line_names, line_starts
from djmodel.outputs.notation.musicxml import score_tree
from djmodel.outputs.notation.written_part import WrittenPart, written_part
from seqmodel.settings import Seed, checked
from seqmodel.text import printable

SCREEN = Paper(2120)
PHONE = Paper(1000, 2)
_SCALE = 0.5  # CSS pixels per unit of the layout

# Sizes in CSS pixels.
_HEADING = 35
_TITLE_SIZE, _MIN_TITLE_SIZE = 20, 11  # a long title is smaller


@checked
def lead_sheet(
    tune: Tune,
    paper: Paper = SCREEN,
    *,
    part_key: PartKey = "C",
    heading: bool = True,
    seed: Seed = 1,
    timed: bool = False,
) -> Drawing:
    """The engraved lead sheet of a tune, as an instrument in `part_key` reads it, with as many bars
    per line as the music and `paper` allow (by default four at most, for a screen). `heading` adds
    title and tempo. `seed` determines the ids in the SVG, which must differ within a page. `timed`:
    notes and rests have their times, in quarter lengths from the start, as `data-onset` and
    `data-end`, and bars their index as `data-bar`.

    Raises NotationError for a tune without bars and for note lengths that have no written value.
    """
    part = written_part(tune, part_key)
    return sheet_of_part(part, paper, heading=heading, seed=seed, timed=timed)


def sheet_of_part(
    part: WrittenPart,
    paper: Paper = SCREEN,
    *,
    heading: bool = True,
    seed: Seed = 1,
    timed: bool = False,
) -> Drawing:
    """The `lead_sheet` of a tune whose part is written already. Raises as `lead_sheet`."""
    tune = part.tune
    starts = line_starts(part, paper)
    score = score_tree(part, starts, labels=False)
    last = len(tune.bars) - starts[-1]
    if len(starts) == 1:  # a single line that is not full does not need the full width
        bars = min(last - tune.has_pickup, paper.max_bars)
        paper = paper._replace(width=paper.width * (bars + 1) // (paper.max_bars + 1))
    fill_last = len(starts) == 1 or last >= paper.max_bars
    names = line_names(tune, starts)
    engraving = engrave(score, paper, names, fill_last=fill_last, seed=seed, timed=timed)
    sheet = new_svg(_SCALE * engraving.width, _SCALE * engraving.stacked_height)
    sheet.append(engraving.stacked())
    return Drawing(to_text(_with_heading(sheet, tune, paper) if heading else sheet))


def _with_heading(sheet: ET.Element, tune: Tune, paper: Paper) -> ET.Element:
    """A drawing with title and first tempo above the sheet. A title that is wider than the sheet is
    set smaller, then widens it."""
    words = [printable(title_of(tune), MAX_TITLE_LENGTH), tempo_text(tune)]
    text = "\N{NO-BREAK SPACE}\N{NO-BREAK SPACE} ".join(filter(None, words))
    left = _SCALE * paper.margin
    width, height = float(sheet.attrib["width"]), float(sheet.attrib["height"])
    letters = LETTER_SHARE * max(len(text), 1)
    size = max(min(_TITLE_SIZE, (width - 2 * left) / letters), _MIN_TITLE_SIZE)
    both = new_svg(max(width, 2 * left + size * letters), height + _HEADING)
    style = {"font_family": "sans-serif", "font_weight": "bold", "fill": "currentColor"}
    add(both, "text", text, x=left, y=26, font_size=size, **style)
    sheet.set("y", f"{_HEADING}")
    both.append(sheet)
    return both

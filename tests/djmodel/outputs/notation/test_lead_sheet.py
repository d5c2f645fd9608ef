"""Engraved lead sheets: texts, layout, file formats."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers.handmade_tunes import QUAVER, SEMIQUAVER, bar, blues
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from djmodel.music.meter import Meter
from djmodel.music.tune import Tempo, Tune
from djmodel.outputs.drawing import Drawing, parse_svg
from djmodel.outputs.notation.lead_sheet import PHONE, SCREEN, lead_sheet
from djmodel.outputs.notation.lines import Paper, line_starts
from djmodel.outputs.notation.musicxml import NotationError
from djmodel.outputs.notation.written_part import written_part
from djmodel.outputs.write import write_score
from seqmodel.errors import InputError


def bold_texts(sheet: Drawing) -> list[ET.Element]:
    """Title and chord symbols."""
    return [e for e in parse_svg(sheet.svg).iter("text") if e.get("font-weight") == "bold"]


def words(sheet: Drawing) -> list[str]:
    return ["".join(element.itertext()) for element in bold_texts(sheet)]


def in_bold(text: str, pixels: float) -> float:
    """The width of text in the bold font of the PNG, measured by matplotlib."""
    font = FontProperties(family="DejaVu Sans", weight="bold")
    return float(TextPath((0, 0), text, size=pixels, prop=font).get_extents().x1)


def test_the_sheet_has_title_tempo_and_chord_symbols() -> None:
    title, *symbols = words(lead_sheet(blues()))
    assert title.split() == ["Blues", "in", "A", "flat", "♩", "=", "132"]
    assert symbols[:3] == ["A♭7", "A♭7", "D♭7"]
    assert "Cm7♭5" in symbols


def test_a_chord_symbol_is_printed_once() -> None:
    tune = Tune("", (bar("D7b9 C7#11", [(60, 4)]),), (), key=0)
    assert words(lead_sheet(tune, heading=False)) == ["D7♭9", "C7♯11"]


@pytest.mark.parametrize(
    ("meter", "mark"),
    [(Meter(6, 8), "♩. = 80"), (Meter(3, 8), "♪ = 240"), (Meter(2, 4), "♩ = 120")],
)
def test_the_tempo_is_that_of_the_beat(meter: Meter, mark: str) -> None:
    tune = Tune("", (bar("C", [(60, QUAVER)], meter),), (Tempo(Fraction(0), 120.0),))
    assert words(lead_sheet(tune))[0] == mark


def test_a_tempo_can_be_a_whole_number() -> None:
    assert words(lead_sheet(replace(blues(), title="").at_tempo(90)))[0] == "♩ = 90"


def test_texts_have_no_private_use_characters_of_a_music_font() -> None:
    texts = [text for element in parse_svg(lead_sheet(blues()).svg).iter("text")
             for text in element.itertext()]  # fmt: skip
    assert not re.search("[\ue000-\uf8ff]", "".join(texts))


def test_lines_of_crowded_bars_have_fewer_bars() -> None:
    # Sixteen semiquavers a bar: half as many bars in a line that is as wide.
    full = [(60 + k % 12, SEMIQUAVER) for k in range(16)]
    sparse, dense = (Tune("", (bar("C", notes),) * 8) for notes in ([(60, 4)], full))
    assert line_starts(written_part(sparse), SCREEN) == [0, 4]
    assert line_starts(written_part(dense), SCREEN) == [0, 2, 4, 6]
    assert lead_sheet(sparse).size[0] == lead_sheet(dense).size[0]
    assert lead_sheet(dense).size[1] > 1.5 * lead_sheet(sparse).size[1]


def test_fewer_bars_per_line_on_a_phone() -> None:
    starts = [*line_starts(written_part(blues()), PHONE), 13]
    assert max(end - start for start, end in pairwise(starts[1:])) <= 2
    width, height = lead_sheet(blues(), PHONE).size
    assert width <= 500  # CSS pixels: on a phone they are not much smaller
    assert height > width


def test_a_single_bar_is_not_stretched_to_the_full_width() -> None:
    one, four = (Tune("C", (bar("C7", [(60, 4)]),) * n) for n in (1, 4))
    assert lead_sheet(one).size[0] < lead_sheet(four).size[0] / 2


def test_all_full_lines_end_at_the_right_margin() -> None:
    sheet = lead_sheet(Tune("", (bar("C", [(60, 2), (62, 2)]),) * 8), heading=False)
    ink = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("L")) < 128
    halves = np.array_split(ink, 2)
    right_edges = [int(np.flatnonzero(half.any(axis=0)).max()) for half in halves]
    assert right_edges[0] == pytest.approx(right_edges[1], abs=4)


def test_a_long_title_stays_on_the_sheet() -> None:
    sheet = lead_sheet(Tune("Dm7b5 G7b9 | " * 15, (bar("C", [(60, 4)]),) * 8))
    title = bold_texts(sheet)[0]
    width = in_bold(title.text or "", float(title.attrib["font-size"]))
    assert float(title.attrib["x"]) + width <= sheet.size[0]


@pytest.mark.parametrize(
    "changes",
    [["C#m7b5 F#7b9", "Bm7b5 E7alt", "Am7b5 D7#9", "Gmaj7#11 Ab13", "Ebmaj7/Bb Dbm7b5/Ab"],
     ["Dm7b5 G7b9"] * 5],
)  # fmt: skip
@pytest.mark.parametrize("paper", [SCREEN, PHONE])
def test_long_chord_symbols_do_not_touch(changes: list[str], paper: Paper) -> None:
    tune = Tune("", tuple(bar(each, [(72, 1), (74, 1), (76, 1), (77, 1)]) for each in changes))
    boxes = []
    for symbol in bold_texts(lead_sheet(tune, paper, heading=False)):
        pieces = [
            (piece.text or "", float(piece.attrib["font-size"].removesuffix("px")))
            for piece in symbol.iter("tspan")
        ]
        left = float(symbol.attrib["x"])
        right = left + sum(in_bold(text, pixels) for text, pixels in pieces)
        boxes.append((float(symbol.attrib["y"]), left, right))
    assert len(boxes) == 10
    for (y, _, end), (below, start, _) in pairwise(sorted(boxes)):
        assert y != below or end < start


def test_equal_tunes_give_equal_sheets() -> None:
    assert lead_sheet(blues()).svg == lead_sheet(blues()).svg


def test_the_png_is_black_on_white_at_twice_the_size() -> None:
    sheet = lead_sheet(blues())
    image = np.asarray(Image.open(io.BytesIO(sheet.png())).convert("L"))
    width, height = sheet.size
    assert image.shape == pytest.approx((2 * height, 2 * width), abs=2)
    assert np.median(image) > 250
    assert 0.01 < (image < 64).mean() < 0.2


@pytest.mark.parametrize("suffix", [".svg", ".png", ".musicxml", ".xml"])
def test_the_suffix_decides_the_file_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"solo{suffix}"
    write_score(blues(), path)
    start = {".svg": b"<svg", ".png": b"\x89PNG"}.get(suffix, b"<?xml")
    assert path.read_bytes().startswith(start)


def test_a_tune_without_bars_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotationError, match="no bar of music"):
        write_score(Tune("Nothing", ()), tmp_path / "nothing.svg")
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.pdf, \.png, \.svg, \.musicxml or \.xml"):
        write_score(blues(), tmp_path / "solo.txt")


def test_importing_write_imports_no_notation_or_plotting_library() -> None:
    code = (
        "import sys, djmodel.outputs.write; "
        "print([name for name in ('music21', 'verovio', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

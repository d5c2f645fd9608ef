"""Piano rolls: boxes where the notes are, kinds of tones that can be distinguished, files."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers.handmade_tunes import TRIPLET, bar, blues
from matplotlib.colors import to_rgb
from PIL import Image

from djmodel.music.tune import Tune
from djmodel.outputs.drawing import Drawing, new_svg, to_text
from djmodel.outputs.piano_roll import KIND_COLOURS, PAGE, drawn_rows, piano_roll
from djmodel.outputs.piano_roll_layout import roll
from seqmodel.errors import InputError


def melody_boxes(row: ET.Element) -> list[tuple[float, float]]:
    """Left side, in quarter lengths, and top of each melody note of a row."""
    left, scale = float(row.attrib["data-left"]), float(row.attrib["data-scale"])
    return [
        ((float(box.attrib["x"]) - left) / scale, float(box.attrib["y"]))
        for group in row.iter("g")
        if group.get("class", "").startswith("note")
        for box in group.iter("rect")
    ]


def test_every_note_has_a_box_at_its_onset_and_pitch() -> None:
    # Three triplets up a chord of C: a third of a quarter apart, each above the one before.
    tune = Tune("", (bar("C", [(60, TRIPLET), (64, TRIPLET), (67, TRIPLET)]),))
    [row] = drawn_rows(roll(tune), PAGE)
    boxes = melody_boxes(row)
    assert [start for start, _ in boxes] == pytest.approx([0, 1 / 3, 2 / 3], abs=1e-3)
    tops = [top for _, top in boxes]
    assert [tops[0] - tops[1], tops[1] - tops[2]] == pytest.approx([4 * 4.5, 3 * 4.5])


def test_a_picture_of_a_chorus_has_all_chords_and_bar_numbers() -> None:
    svg = ET.fromstring(piano_roll(blues()).svg)
    texts = [element.text for element in svg.iter() if element.tag.endswith("text")]
    assert {"Blues in A flat", "A♭7", "Cm7♭5", "approach tone", "accompaniment", "12"} <= {*texts}


@pytest.mark.parametrize("title", ["Blues", "Dm7b5 G7b9 | Cm7 F7 | Bbmaj7 " * 2, "Dm7 | " * 80])
def test_a_png_has_all_colours_and_a_title_within_its_margin(title: str) -> None:
    png = piano_roll(replace(blues(), title=title)).png()
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float) / 255
    assert pixels.shape[1] > 1500
    for colour in ("#0072B2", "#56B4E9", "#D55E00", "#EBC46C"):
        assert (np.abs(pixels - to_rgb(colour)).max(axis=2) < 0.05).any(), colour
    assert (pixels[:, -8:] > 0.95).all()


def test_a_tune_without_bars_is_drawn(tmp_path: Path) -> None:
    piano_roll(Tune("Nothing", ())).save(tmp_path / "nothing.png")
    assert (tmp_path / "nothing.png").read_bytes()[:4] == b"\x89PNG"


def test_kinds_can_be_distinguished_without_colour() -> None:
    # An approach tone is dashed; the others differ in brightness.
    def brightness(colour: str) -> float:
        red, green, blue = to_rgb(colour)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    fills = [fill for kind, (fill, _) in KIND_COLOURS.items() if kind != "A"]
    for fill, other in combinations(fills, 2):
        assert abs(brightness(fill) - brightness(other)) > 0.2


def test_a_png_of_a_very_long_drawing_is_scaled_down() -> None:
    svg = new_svg(10, 130_000)
    png = Image.open(io.BytesIO(Drawing(to_text(svg)).png()))
    assert png.size == (5, 65_000)


class TestFiles:
    def test_equal_tunes_give_equal_files_on_white(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            piano_roll(blues().excerpt(2, 5)).save(tmp_path / f"{name}.svg")
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
        first = next(iter(ET.parse(tmp_path / "a.svg").getroot()))
        assert (first.get("width"), first.get("fill")) == ("100%", "#FFFFFF")

    def test_another_suffix_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"\.png or \.svg"):
            piano_roll(blues()).save(tmp_path / "a.gif")
        assert list(tmp_path.iterdir()) == []

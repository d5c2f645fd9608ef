"""Pictures, judged by what matplotlib was told to draw."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from helpers.handmade_tunes import TIED, TRIPLET, bar, blues
from matplotlib.collections import PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation

from djmodel.music.tune import Meter, Tempo, Tune
from djmodel.outputs.piano_roll import KIND_LOOKS, piano_roll, vocabulary_chart
from djmodel.outputs.roll import clock, engraved, roll
from seqmodel.errors import InputError
from seqmodel.plots import Picture, loss_curve


def boxes(picture: Picture) -> list[tuple[float, float]]:
    """Where the lower left corner of each filled box is, row by row."""
    corners = []
    for axes in picture.figure.axes:
        for collection in axes.collections:
            if isinstance(collection, PatchCollection) and len(collection.get_facecolor()):
                paths = [np.asarray(path.vertices) for path in collection.get_paths()]
                corners += [(float(path[0, 0]), float(path[0, 1])) for path in paths]
    return corners


def names_in(picture: Picture) -> list[str]:
    return [
        text.get_text()
        for axes in picture.figure.axes
        for text in axes.findobj(Annotation)
        if text.get_text()
    ]


class TestRoll:
    def test_notes_and_their_kinds(self) -> None:
        # Over C7: e is a chord tone, d of its scale, d sharp neither, but a semitone from e.
        tune = Tune("", (bar("C7", [(64, 1), (62, 1), (63, 1)]),))
        assert [(n.start, n.end, n.pitch, n.kind) for n in roll(tune).melody] == [
            (0, 1, 64, "C"),
            (1, 2, 62, "S"),
            (2, 3, 63, "A"),
        ]

    def test_a_note_is_heard_in_the_chord_that_holds_when_it_begins(self) -> None:
        # b flat held over from C7 into G major; a new b flat is foreign there.
        tune = Tune("", (bar("C7", [(70, 4)]), bar("G", [(70, 2, TIED), (70, 2)])))
        held, foreign = roll(tune).melody
        assert (held.start, held.end, held.kind) == (0, 6, "C")
        assert (foreign.start, foreign.kind) == (6, "A")

    def test_beats_of_a_pickup_are_counted_from_its_end(self) -> None:
        # Two and a half quarters before the first bar: beats at a half and one and a half.
        tune = Tune("", (bar("C", [], length=Fraction(5, 2)), bar("C", [])))
        assert roll(tune).beats == (0.5, 1.5, 3.5, 4.5, 5.5)
        assert roll(tune).numbers == (0, 1)

    def test_beats_in_compound_time(self) -> None:
        tune = Tune("", (bar("C", [], Meter(6, 8)),))
        assert roll(tune).beats == (1.5,)

    def test_chord_names_where_they_change(self) -> None:
        # Two chords in the first bar, the second goes on into the next.
        tune = Tune("", (bar("Dm7 G7", []), bar("G7", []), bar("Bbm7b5", [])))
        drawing = roll(tune)
        assert [(c.start, c.text) for c in drawing.chords] == [
            (0, "Dm7"),
            (2, "G7"),
            (8, "B♭m7♭5"),
        ]
        assert [(c.start, c.text) for c in drawing.chords_between(4, 12)] == [
            (4, "G7"),
            (8, "B♭m7♭5"),
        ]

    def test_the_clock_follows_the_tempo(self) -> None:
        # A bar at 60, then one at 120: four seconds, then two.
        tempos = (Tempo(Fraction(0), 60.0), Tempo(Fraction(4), 120.0))
        tune = Tune("", (bar("C", []), bar("C", [])), tempos)
        assert clock(tune) == ((0, 0), (4, 4), (8, 6))

    @pytest.mark.parametrize(
        ("plain", "real"),
        [
            ("Bb", "B♭"),
            ("Ebm7b5/Bb", "E♭m7♭5/B♭"),
            ("F#m", "F♯m"),
            ("Absus4", "A♭sus4"),
            ("B", "B"),
        ],
    )
    def test_engraved(self, plain: str, real: str) -> None:
        assert engraved(plain) == real


class TestPianoRoll:
    def test_every_note_has_a_box_where_it_sounds(self) -> None:
        # Three triplets up a chord of C: a third of a quarter apart.
        picture = piano_roll(Tune("", (bar("C", [(60, TRIPLET), (64, TRIPLET), (67, TRIPLET)]),)))
        assert boxes(picture) == [
            pytest.approx((0, 59.5)),
            pytest.approx((1 / 3, 63.5)),
            pytest.approx((2 / 3, 66.5)),
        ]

    def test_a_chorus(self) -> None:
        tune = blues()
        picture = piano_roll(tune)
        behind = sum(len(part.notes) for part in tune.accompaniment)
        notes = len(tune.melody_notes())
        assert len(boxes(picture)) == notes + behind
        # Two rows of six bars; the first begins with the pick-up.
        assert [axes.get_xlim()[0] for axes in picture.figure.axes] == [0, 25]
        names = names_in(picture)
        assert names[:4] == ["A♭7", "D♭7", "A♭7", "E♭m7"]
        assert len(names) == 16

    def test_no_music(self, tmp_path: Path) -> None:
        piano_roll(Tune("Nothing", ())).save(tmp_path / "nothing.png")
        assert (tmp_path / "nothing.png").read_bytes()[:4] == b"\x89PNG"

    def test_kinds_are_told_apart_without_colour(self) -> None:
        def brightness(colour: str) -> float:
            red, green, blue = to_rgb(colour)
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue

        for (fill, _, hatch), (other, _, other_hatch) in combinations(KIND_LOOKS.values(), 2):
            assert hatch != other_hatch or abs(brightness(fill) - brightness(other)) > 0.2


class TestFiles:
    def test_equal_pictures_are_equal_files(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            piano_roll(blues().excerpt(2, 5)).save(tmp_path / f"{name}.svg")
        assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
        assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")

    def test_another_ending(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"must end in \.png or \.svg, not in \.gif"):
            loss_curve({"training": [1.0]}).save(tmp_path / "a.gif")
        assert list(tmp_path.iterdir()) == []


def test_vocabulary_chart_counts() -> None:
    picture = vocabulary_chart(["C,0.500", "R,1.000", "C,0.500", "S,0.250,<M2,M-3>"])
    axes = picture.figure.axes[0]
    assert [patch.get_bbox().width for patch in axes.patches if isinstance(patch, Rectangle)] == [
        2,
        1,
        1,
    ]
    assert axes.get_yticklabels()[0].get_text() == "C,0.500"
    assert picture.figure.get_suptitle() == "3 different values in 4 notes and rests"


@pytest.mark.parametrize(
    "title", ["Blues", "Dm7b5 G7b9 | Cm7 F7 | Bbmaj7 " * 2, "Dm7 | G7 | " * 40]
)
def test_title_and_legend_do_not_meet(title: str) -> None:
    figure = piano_roll(replace(blues(), title=title)).figure
    figure.canvas.draw()
    [heading] = figure.texts
    box = heading.get_window_extent()
    assert not box.overlaps(figure.legends[0].get_window_extent())
    assert box.x1 <= figure.bbox.x1

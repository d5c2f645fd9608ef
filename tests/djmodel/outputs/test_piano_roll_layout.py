"""The layout of a piano roll: notes, beats, chord names and rows."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from helpers.handmade_tunes import TIED, bar, blues

from djmodel.music.chord_symbol import chords_of_bar, engraved
from djmodel.music.meter import Meter
from djmodel.music.tune import Tempo, Tune
from djmodel.outputs.piano_roll_layout import clock, roll


def test_notes_have_the_kind_of_tone_over_their_chord() -> None:
    # Over C7: e is a chord tone, d of its scale, d sharp neither, but a semitone from e.
    tune = Tune("", (bar("C7", [(64, 1), (62, 1), (63, 1)]),))
    assert [(n.start, n.end, n.pitch, n.kind) for n in roll(tune).melody] == [
        (0, 1, 64, "C"),
        (1, 2, 62, "S"),
        (2, 3, 63, "A"),
    ]


def test_a_held_note_keeps_the_kind_of_the_chord_it_began_in() -> None:
    # b flat held over from C7 into G major; a new b flat is foreign there.
    tune = Tune("", (bar("C7", [(70, 4)]), bar("G", [(70, 2, TIED), (70, 2)])))
    held, foreign = roll(tune).melody
    assert (held.start, held.end, held.kind) == (0, 6, "C")
    assert (foreign.start, foreign.kind) == (6, "A")


def test_beats_of_a_pickup_are_counted_from_its_end() -> None:
    # Two and a half quarters before the first bar: beats at a half and one and a half.
    tune = Tune("", (bar("C", [], length=Fraction(5, 2)), bar("C", [])))
    assert roll(tune).beats == (0.5, 1.5, 3.5, 4.5, 5.5)
    assert roll(tune).numbers == (0, 1)


@pytest.mark.parametrize(
    ("meter", "beats"), [(Meter(6, 8), (1.5,)), (Meter(2, 2), (1, 2, 3)), (Meter(3, 8), (0.5, 1))]
)
def test_beats_are_those_of_the_meter(meter: Meter, beats: tuple[float, ...]) -> None:
    assert roll(Tune("", (bar("C", [], meter),))).beats == beats


def test_chords_are_named_where_they_change() -> None:
    # Two chords in the first bar, the second holds in the next.
    tune = Tune("", (bar("Dm7 G7", []), bar("G7", []), bar("Bbm7b5", [])))
    drawing = roll(tune)
    assert [(c.start, c.text) for c in drawing.chords] == [(0, "Dm7"), (2, "G7"), (8, "B♭m7♭5")]


class TestRows:
    def test_a_blues_in_two_rows_of_six_bars_after_its_pickup(self) -> None:
        rows = roll(blues()).rows(32, 100)
        assert [(row.start, row.end) for row in rows] == [(0, 25), (25, 49)]
        assert rows[0].numbers == (0, 1, 2, 3, 4, 5, 6)

    def test_a_tune_without_bars_has_no_rows(self) -> None:
        assert roll(Tune("Nothing", ())).rows(16, 50) == []

    def test_a_row_begins_with_the_chord_that_holds(self) -> None:
        tune = Tune("", (bar("C", []), bar("Dm7 G7", []), bar("G7", []), bar("Bb", [])))
        second = roll(tune).rows(8, 100)[1]
        assert [(c.start, c.text) for c in second.chords] == [(8, "G7"), (12, "B♭")]

    def test_long_chord_names_do_not_touch(self) -> None:
        # Two a bar: half a row of 50 letters in four bars of 4/4 is 6 letters for each.
        tune = Tune("", (bar("C#m7b5 F#7b9", []),) * 8)
        for row in roll(tune).rows(16, 50):
            letters_per_quarter = 50 / (row.end - row.start)
            for this, following in pairwise(row.chords):
                room = (following.start - this.start) * letters_per_quarter
                assert len(this.text) <= room

    def test_a_note_held_over_the_end_of_a_row_is_in_both_rows(self) -> None:
        held = (bar("C", [(60, 4)]), bar("C", [(60, 4, TIED)]))
        assert [len(row.melody) for row in roll(Tune("", held)).rows(4, 50)] == [1, 1]


def test_the_clock_follows_the_tempo() -> None:
    # A bar at 60, then one at 120: four seconds, then two.
    tempos = (Tempo(Fraction(0), 60.0), Tempo(Fraction(4), 120.0))
    tune = Tune("", (bar("C", []), bar("C", [])), tempos)
    assert clock(tune) == ((0, 0), (4, 4), (8, 6))


@pytest.mark.parametrize(
    ("plain", "typographic"),
    [("Bb", "B♭"), ("Ebm7b5/Bb", "E♭m7♭5/B♭"), ("F#m", "F♯m"), ("Absus4", "A♭sus4"), ("B", "B")],
)
def test_chord_symbols_are_drawn_with_typographic_accidentals(plain: str, typographic: str) -> None:
    assert engraved(plain) == typographic


def test_chords_of_a_bar_are_written_with_a_slash_for_each_further_beat() -> None:
    assert chords_of_bar(bar("F C7", []), -1) == "F / C7 /"
    assert chords_of_bar(bar("Bb", []), -1) == "Bb"

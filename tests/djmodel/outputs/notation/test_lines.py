"""Lines of a sheet, its marks, and which accidentals are printed."""

from __future__ import annotations

from dataclasses import replace

from helpers.handmade_tunes import SEMIQUAVER, bar, blues

from djmodel.music.changes import parse_changes
from djmodel.music.spelling import Spelling
from djmodel.music.tune import Section, Tune
from djmodel.outputs.notation.accidentals import Accidentals, Sign
from djmodel.outputs.notation.lines import PRINT, Mark, form_marks, line_names, line_starts
from djmodel.outputs.notation.written_part import written_part

C = bar("C", [(60, 4)])
FULL = bar("C", [(60 + k % 12, SEMIQUAVER) for k in range(16)])


def named(bars: int, *sections: tuple[int, str]) -> Tune:
    return Tune("", (C,) * bars, sections=tuple(Section(*section) for section in sections))


def test_a_blues_has_three_lines_of_four_bars_and_its_pickup_in_the_first() -> None:
    assert line_starts(written_part(parse_changes("blues-in-F")), PRINT) == [0, 4, 8]
    assert line_starts(written_part(blues()), PRINT) == [0, 5, 9]


def test_a_section_begins_a_line() -> None:
    assert line_starts(written_part(named(16, (0, "A"), (6, "B"))), PRINT) == [0, 4, 6, 10, 14]


def test_a_single_bar_joins_the_line_before() -> None:
    assert line_starts(written_part(named(13, (0, "A"), (5, "B"))), PRINT) == [0, 5, 9]


def test_crowded_bars_share_a_line_with_fewer_others() -> None:
    tune = Tune("", (C,) * 4 + (FULL,) * 4 + (C,) * 4)
    assert line_starts(written_part(tune), PRINT) == [0, 4, 6, 8]


def test_a_section_is_marked_by_its_letter_and_number_only_where_there_are_several() -> None:
    marks = form_marks(named(32, (0, "A1"), (8, "A2"), (16, "B1"), (24, "A3")))
    assert [mark.name for mark in marks.values()] == ["A1", "A2", "B", "A3"]


def test_a_pickup_has_no_mark_beside_that_of_the_first_section() -> None:
    tune = replace(blues(), sections=(Section(0, "I"), Section(1, "A")))
    assert form_marks(tune) == {1: Mark("A", 0)}


def test_choruses_are_numbered_if_there_are_several() -> None:
    assert form_marks(parse_changes("blues-in-F")) == {}
    assert form_marks(parse_changes("blues-in-F", choruses=2)) == {0: Mark("", 1), 12: Mark("", 2)}


def test_choruses_of_named_sections_are_numbered_where_these_begin_again() -> None:
    tune = parse_changes("[A] C | F | G | C | [B] Dm7 | G7 | C | %", choruses=2)
    assert form_marks(tune) == {0: Mark("A", 1), 4: Mark("B", 0), 8: Mark("A", 2), 12: Mark("B", 0)}


def test_a_bar_before_the_form_stands_in_its_first_line_below_the_name_of_the_chorus() -> None:
    tune = replace(named(25, (0, "I"), (1, "A"), (13, "A")), choruses=(1, 13))
    starts = line_starts(written_part(tune), PRINT)
    assert starts == [0, 5, 9, 13, 17, 21]
    assert line_names(tune, starts) == {0: "Chorus 1", 3: "Chorus 2"}


def test_a_vamp_has_no_choruses() -> None:
    vamp = parse_changes("Dm7 | G7", choruses=8)
    assert form_marks(vamp) == {}
    assert line_starts(written_part(vamp), PRINT) == [0, 4, 8, 12]


class TestAccidentals:
    def test_a_sign_holds_to_the_end_of_the_bar(self) -> None:
        signs = Accidentals(0)
        sharp = Spelling("F", 1, 4)
        assert [signs.sign(sharp), signs.sign(sharp)] == [Sign.NEEDED, Sign.NONE]
        signs.next_bar()
        assert signs.sign(sharp) is Sign.NEEDED

    def test_the_key_needs_no_sign_and_a_note_outside_it_does(self) -> None:
        signs = Accidentals(-2)
        assert signs.sign(Spelling("B", -1, 4)) is Sign.NONE
        assert signs.sign(Spelling("B", 0, 4)) is Sign.NEEDED
        assert signs.sign(Spelling("B", -1, 4)) is Sign.NEEDED

    def test_a_note_is_reminded_of_its_key_in_the_next_bar_once(self) -> None:
        signs = Accidentals(0)
        signs.sign(Spelling("C", 1, 5))
        signs.next_bar()
        plain = Spelling("C", 0, 5)
        assert [signs.sign(plain), signs.sign(plain)] == [Sign.REMINDER, Sign.NONE]
        signs.next_bar()
        assert signs.sign(plain) is Sign.NONE

    def test_a_note_is_reminded_of_its_key_beside_another_octave(self) -> None:
        signs = Accidentals(0)
        signs.sign(Spelling("C", 1, 5))
        assert signs.sign(Spelling("C", 0, 4)) is Sign.REMINDER

    def test_a_sharp_that_was_cancelled_in_its_bar_needs_no_reminder(self) -> None:
        signs = Accidentals(0)
        signs.sign(Spelling("C", 1, 5))
        signs.sign(Spelling("C", 0, 5))
        signs.next_bar()
        assert signs.sign(Spelling("C", 0, 5)) is Sign.NONE

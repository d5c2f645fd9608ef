"""Printed sheets: headings, pages, slashes, file formats."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from helpers.handmade_tunes import QUAVER, bar, blues
from PIL import Image

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.meter import Meter
from djmodel.music.tune import Instrument, Note, Tune
from djmodel.outputs.drawing import Drawing, parse_svg
from djmodel.outputs.notation.lines import PRINT, line_starts, slashed_bars
from djmodel.outputs.notation.musicxml import MAX_BAR_LENGTH, NotationError, score_tree
from djmodel.outputs.notation.sheet import Sheet, sheet
from djmodel.outputs.notation.written_part import written_part
from djmodel.outputs.write import write_score

A4 = 210 / 297


def printed(tune: Tune) -> Sheet:
    return sheet(written_part(tune))


def words(page: Drawing) -> list[str]:
    """The texts of a page without chord symbols' spaces."""
    texts = parse_svg(page.svg).iter("text")
    return ["".join(text.itertext()).replace("\N{NO-BREAK SPACE}", " ").strip() for text in texts]


def ink(page: Drawing) -> np.ndarray:
    """True where a page is dark, for each second pixel."""
    return np.asarray(Image.open(io.BytesIO(page.png(0.5))).convert("L")) < 200


def test_title_player_instrument_feel_tempo_sections_and_bar_numbers_are_on_the_sheet() -> None:
    chart = parse_changes("[A] C | F | C | G7 | [B] C7 | % | F | G7", tempo=120, title="My Tune")
    solo = replace(
        blues(),
        bars=tuple(bar("C7", [(72, 4)]) for _ in range(8)),
        sections=chart.sections,
        feel="swing",
        performer="Lester Young",
        instrument=Instrument("Tenor Sax", 66),
    )
    [page] = sheet(written_part(solo, "Bb")).pages
    found = words(page)
    expected = ("Blues in A flat", "Solo by Lester Young", "B♭ Tenor Sax", "Swing   ♩ = 132", "A")
    for text in (*expected, "B"):
        assert text in found
    assert "Chorus 2" not in found


def test_lines_have_the_number_of_their_first_bar() -> None:
    [page] = printed(Tune("", (bar("C7", [(60, 4)]),) * 12)).pages
    assert [text for text in words(page) if text.isdecimal()] == ["5", "9"]


def test_lines_that_begin_with_a_section_have_their_numbers_left_of_its_box() -> None:
    # eight bars each: lines from bars 1, 5, 9 (with the box B) and 13
    chart = parse_changes(
        "[A] C | F | G7 | C | C | F | G7 | C | [B] F | % | C | % | F | % | G7 | %"
    )
    [page] = printed(chart).pages
    assert [word for word in words(page) if word.isdecimal()] == ["5", "9", "13"]


def test_the_text_of_a_chart_is_not_its_title() -> None:
    [page] = printed(parse_changes("Dm7 | G7 | C | %")).pages
    assert not any("|" in word for word in words(page))
    [page] = printed(parse_changes("Am")).pages
    assert words(page).count("Am") == 1  # the chord


def test_the_first_chord_of_each_line_is_printed_and_others_only_where_they_change() -> None:
    [page] = printed(parse_changes("C7 | % | % | % | % | F7 | F7 | F7", title="x")).pages
    assert [text for text in words(page) if text.endswith("7")] == ["C7", "C7", "F7"]


def test_a_composer_is_named_only_where_known_and_a_generated_solo_is_not_by_its_model() -> None:
    solo = replace(blues(), performer="Lester Young", generated=True, composer="A. Writer")
    [page] = printed(solo).pages
    assert {"Solo in the manner of Lester Young", "A. Writer"} <= {*words(page)}
    [page] = printed(replace(solo, composer="")).pages
    assert "A. Writer" not in words(page)
    creators = [
        (each.get("type"), each.text) for each in score_tree(written_part(solo)).iter("creator")
    ]
    assert creators == [("composer", "A. Writer"), ("performer", "Lester Young")]


def test_slashes_stand_in_the_bars_of_a_chart_and_rests_under_no_chord() -> None:
    slashes = score_tree(written_part(parse_changes("C | F | N.C. | G"))).iter("slash")
    assert [slash.get("type") for slash in slashes] == ["start", "stop", "start"]


def test_a_soloist_rests_in_an_empty_bar_and_slashes_fill_a_chorus_that_nobody_wrote() -> None:
    solo = Tune("", (bar("C7", [(60, 4)]), bar("F7", []), bar("C7", []), bar("G7", [(62, 4)])) * 3)
    assert slashed_bars(solo) == frozenset()
    assert [rest.get("measure") for rest in score_tree(written_part(solo)).iter("rest")] == [
        "yes"
    ] * 6
    silent = tuple(replace(each, melody=()) for each in solo.bars)
    two = replace(solo, bars=solo.bars + silent, choruses=(0, 12))
    assert slashed_bars(two) == frozenset(range(12, 24))


@pytest.mark.parametrize(
    ("meter", "value", "dots"),
    [("3/4", "quarter", 0), ("6/8", "quarter", 1), ("2/2", "quarter", 0)],
)
def test_a_slash_is_a_beat(meter: str, value: str, dots: int) -> None:
    [slash] = score_tree(written_part(parse_changes("C | F", meter))).iter("slash")
    assert [child.tag for child in slash] == ["slash-type"] + ["slash-dot"] * dots
    assert slash[0].text == value


def test_double_bars_end_sections_and_a_final_one_the_tune() -> None:
    score = score_tree(written_part(parse_changes("[A] C | F | [B] G | C")))
    measures = {m.get("number"): m.findtext("barline/bar-style") for m in score.iter("measure")}
    assert measures == {"1": None, "2": "light-light", "3": None, "4": "light-heavy"}


def test_a_chart_has_its_repeats_endings_and_jumps_where_players_look_for_them() -> None:
    chart = read_chart(
        "[A] Segno |: C | F | C |1. G7 :|2. C To Coda | [B] F | G7 D.S. al Coda | Coda F | C"
    )
    measures = list(score_tree(written_part(chart)).iter("measure"))
    lines = [
        (number, barline.get("location"), child.tag, child.get("direction") or child.get("type"))
        for number, measure in enumerate(measures, 1)
        for barline in measure.iter("barline")
        for child in barline
        if child.tag != "bar-style"
    ]
    assert lines == [
        (1, "left", "repeat", "forward"),
        (4, "left", "ending", "start"),
        (4, "right", "ending", "stop"),
        (4, "right", "repeat", "backward"),
        (5, "left", "ending", "start"),
        (5, "right", "ending", "discontinue"),
    ]
    [page] = sheet(written_part(chart)).pages
    assert {"To Coda", "D.S. al Coda"} <= {*words(page)}


def test_a_short_second_ending_stands_in_the_line_of_the_first() -> None:
    chart = read_chart(
        "[A] |: C | F | C | F | Dm7 | G7 |1. C | A7 :|2. C | C7 | [B] F | G7 | C | C"
    )
    assert line_starts(written_part(chart), PRINT) == [0, 4, 10]


def test_a_tune_without_melody_is_printed_as_a_chart_with_repeats(tmp_path: Path) -> None:
    write_score(parse_changes("rhythm-changes"), tmp_path / "chart.musicxml", "Eb")
    content = (tmp_path / "chart.musicxml").read_text()
    assert content.count("<measure ") == 26
    assert content.count('type="start"') == 3  # two endings, slashes


@pytest.fixture(scope="module")
def two_pages() -> Sheet:
    return printed(Tune("Two pages", (bar("C7 F7", [(60 + k, QUAVER) for k in range(8)]),) * 56))


def test_a_long_solo_has_several_pages_of_a4_within_their_margins(two_pages: Sheet) -> None:
    first, second = two_pages.pages
    assert words(second)[-2:] == ["Two pages", "2"]
    for page in (first, second):
        assert page.size[0] / page.size[1] == pytest.approx(A4, rel=0.002)
        black = ink(page)
        rows = np.flatnonzero(black.any(axis=1))
        assert rows[0] > 10
        assert rows[-1] < black.shape[0] - 10


def test_the_last_page_has_more_than_a_line() -> None:
    # One line more than a page holds.
    for bars in range(40, 64, 4):
        pages = printed(Tune("", (bar("C7", [(72, 4)]),) * bars)).pages
        if len(pages) > 1:
            break
    assert len(pages) == 2
    assert pages[1].svg.count('class="system"') == 3


def test_lines_of_music_do_not_overlap() -> None:
    # Notes far above and below the staff.
    wide = bar("C7", [(100, 1), (45, 1), (100, 1), (45, 1)])
    [page] = printed(Tune("", (wide,) * 24)).pages
    staves = [float(y) for y in re.findall(r'd="M0 (\d+) L\d+ \d+" stroke-width="13"', page.svg)]
    assert len(staves) == 5 * 6
    empty = ~ink(page).any(axis=1)
    gaps = np.flatnonzero(np.diff(empty.astype(int)) == 1)
    assert len(gaps) >= 6  # white between the lines


@pytest.mark.parametrize("words_in_title", [1, 12, 40])
def test_a_title_of_any_length_stays_on_the_page(words_in_title: int) -> None:
    [page] = printed(Tune("Wonderful " * words_in_title, (bar("C", []),) * 4)).pages
    columns = np.flatnonzero(ink(page).any(axis=0))
    assert columns[0] > 10
    assert columns[-1] < page.size[0] / 2 - 10


def test_a_pdf_has_pages_with_embedded_fonts(two_pages: Sheet, tmp_path: Path) -> None:
    two_pages.save(tmp_path / "solo.pdf")
    content = (tmp_path / "solo.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Count 2" in content
    assert b"DejaVuSans" in content


def test_pictures_have_all_pages_below_one_another(two_pages: Sheet, tmp_path: Path) -> None:
    width, height = two_pages.svg().size
    assert 1.1 * width / A4 < height < 1.9 * width / A4  # the end of the last is left out
    two_pages.save(tmp_path / "solo.png")
    with Image.open(tmp_path / "solo.png") as picture:
        assert picture.size == pytest.approx((2 * width, 2 * height), abs=3)


def test_equal_parts_give_equal_sheets(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        printed(blues()).save(tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_a_bar_that_no_line_can_hold_is_refused_at_once() -> None:
    # 1,020 quarters in a bar, with a note on each eighth.
    notes = tuple(Note(60, Fraction(k, 2), QUAVER) for k in range(2040))
    long = replace(bar("C", []), meter=Meter(255, 1), length=Fraction(1020), melody=notes)
    with pytest.raises(NotationError, match="bar 2 has 1,020 quarters, more than a staff shows"):
        printed(Tune("", (bar("C", []), long)))
    assert MAX_BAR_LENGTH >= 16

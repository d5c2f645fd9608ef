"""Text for Band-in-a-Box as changes."""

from __future__ import annotations

import pytest

from djmodel.music.changes import parse_changes
from djmodel.music.charts.errors import ChangesError
from djmodel.music.chord_symbol import chord_symbol, chords_of_bar, parse_chord_symbol


def chords(text: str) -> list[str]:
    return [chords_of_bar(bar, 0) for bar in parse_changes(text).bars]


@pytest.mark.parametrize(
    ("bar", "beats"),
    [
        ("C,,F,G7", "C / F G7"),
        ("C,F,,G7", "C F / G7"),
        ("C,,,F", "C / / F"),
        ("C,,F", "C / F /"),
        ("C,,", "C"),
        ("C , , F", "C / F /"),
        (",,,G7", "C / / G7"),  # the chord before holds for three beats
        ("Am7,D7", "Am7 / D7 /"),  # two chords share the bar
    ],
)
def test_commas_go_on_to_the_next_beat(bar: str, beats: str) -> None:
    assert chords(f"C | {bar} | F") == ["C", beats, "F"]


def test_commas_count_pulses_where_the_beats_are_too_few() -> None:
    assert chords("6/8 C,,,F | C,,F") == ["C F", "C  1:F"]
    with pytest.raises(ChangesError, match="a bar of 4/4 with commas has more than 4 beats"):
        chords("C | C,,,,,F")


def test_part_markers_begin_sections() -> None:
    tune = parse_changes("*a Dm7 | G7 | *b C^7 | %")
    assert [(section.bar, section.name) for section in tune.sections] == [(0, "A"), (2, "B")]


def test_bars_that_only_spaces_divide_are_read() -> None:
    text = "*a\nC Am7,D7 Dm7 G7\n*b\nF F7 C,,F,G7 C"
    assert chords(text) == ["C", "Am7 / D7 /", "Dm7", "G7", "F", "F7", "C / F G7", "C"]
    assert parse_changes(text).title == "*a | C Am7,D7 Dm7 G7 | *b | ..."
    assert len(chords("Dm7 G7\nC")) == 2  # as typed elsewhere: two chords share a bar


@pytest.mark.parametrize(
    "text",
    ["1 C Am7,D7 Dm7 G7\n5 C F G7 C", "1: C | Am7,D7 | Dm7 | G7\n5: C | F | G7 | C",
     "1. | C | Am7,D7 | Dm7 | G7 |\n5. | C | F | G7 | C |"],
)  # fmt: skip
def test_numbers_of_bars_are_left_out(text: str) -> None:
    assert chords(text) == ["C", "Am7 / D7 /", "Dm7", "G7", "C", "F", "G7", "C"]


def test_endings_are_not_numbers_of_bars() -> None:
    assert chords("|: C | F |\n1. G7 :|\n2. C") == ["C", "F", "G7", "C", "F", "C"]


@pytest.mark.parametrize(
    ("word", "symbol"),
    [
        ("C7...", "C7"),  # held
        ("Dm7..b", "Dm7"),  # a shot
        ("G7.", "G7"),  # and a rest
        ("^F7", "F7"),  # pushed
        ("^^Bb7/D", "Bb7/D"),
        ("CJ", "Cmaj7"),
        ("EbmJ7", "Ebmmaj7"),
        ("CJ9", "Cmaj9"),
        ("CMAJ7", "CMAJ7"),
        ("CADD4", "CADD4"),
        ("BH", "Bm7b5"),
        ("Gb5b", "Gb(b5)"),
        ("C4", "Csus4"),
        ("C13b9#11", "C13b9#11"),
        ("Cm7b5", "Cm7b5"),
        ("Eb7/G", "Eb7/G"),
        ("C7susb13", "C7susb13"),
    ],
)
def test_signs_of_how_a_chord_is_played_and_short_names_are_read(word: str, symbol: str) -> None:
    [change] = parse_changes(f"F | {word} | F").bars[1].changes
    assert change.chord == parse_chord_symbol(symbol)
    if word == symbol:
        assert chord_symbol(change.chord) == word


def test_an_error_points_at_its_place_in_the_text() -> None:
    with pytest.raises(ChangesError, match="`Hm7` is not a chord symbol") as caught:
        parse_changes("*a C Am7,D7 Dm7 Hm7")
    assert (caught.value.line, caught.value.column) == (1, 17)
    with pytest.raises(ChangesError) as caught:
        parse_changes("1: C | F\n3: G | Hm7")
    assert (caught.value.line, caught.value.column) == (2, 8)

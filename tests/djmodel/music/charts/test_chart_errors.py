"""Charts that cannot be read: one sentence with the place, at once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.lines import MAX_CHARACTERS, feel_of, parse_key
from djmodel.music.charts.play_order import MAX_BARS
from seqmodel.errors import InputError


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("C | F\nG7x | C", "`G7x` is not a chord symbol", "line 2, bar 3"),
        ("Title: x\n\n[A]\n| Dm7 | G7 |\n| Cmaj9x |", ">>x<<", "line 5, bar 3"),
        ("C | F |: G | C", "|: has no :| after it", "bar 3"),
        ("C | F\n|: G\n1. C | F", "ending 1 has no :| at its end", "line 3, bar 4"),
        ("C | 2. F :|", "ending 2 has no first ending before it", "bar 2"),
        ("[A] C | F\n[B] G | C :|", ":| has no |: before it", "line 2, bar 4"),
        ("C | F | D.C. al Fine", "D.C. al Fine has no Fine", "bar 2"),
        ("C | F | D.S. al Coda", "D.S. has no Segno before it", "bar 2"),
        ("C Fine | Segno F | G | D.S. al Fine", "D.S. al Fine never ends", "bar 3"),
        ("C | F | To Coda | G | Coda | C", "To Coda has no D.C. or D.S. al Coda", "bar 2"),
        ("C | F | D.C. al Coda", "D.C. al Coda has no To Coda", "bar 2"),
        ("| Fine | C", "Fine has no bar before it", "bar 1"),
        ("C | [B]", "[B] has no bar after it", "bar 2"),
        ("C | F :| :|", ":| is there twice in one bar", "bar 3"),
        ("C | [ ] x2", "there is no bar between [ and ]", "bar 2"),
        ("C | % %% | F", "%% stands for two bars and needs a bar of its own", "bar 2"),
        ("C | %% | F", "%% has no two bars before it", "bar 2"),
        ("C | 99/4 F", "more than 16", "bar 2"),
        ("Key: H\nC | F", "`H` is not a key such as F", "line 1"),
        ("Key: G# major\nC | F", "has more than 7 accidentals", "line 1"),
        ("Tempo: fast\nC | F", "`fast` is not a tempo", "line 1"),
        ("Time: 7\nC | F", "`7` is not a meter", "line 1"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(text: str, problem: str, place: str) -> None:
    with pytest.raises(ChangesError) as caught:
        parse_changes(text)
    message = str(caught.value)
    assert problem in message
    assert f"({place}" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "text",
    [
        "C|" * 1_000_000,
        "C | " * (MAX_BARS + 1),
        "C x9999 | F x2",
        "|: C :| x9999 | F | G",
        "[[[[C] x100] x100] x100] x100",
        "C " * 200_000,
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"more than"):
        parse_changes(text)


@pytest.mark.parametrize("sign", ["[", "(", "|:", "{", "]", ")", ":|", "}", "[(", "C[", "C("])
def test_signs_opened_a_thousand_deep_are_refused_or_read(sign: str) -> None:
    with pytest.raises(ChangesError):
        parse_changes(sign * 1000 + "H")


def test_brackets_a_thousand_deep_are_read() -> None:
    assert len(parse_changes("[" * 1000 + "Dm7" + "]" * 1000).bars) == 1


@pytest.mark.parametrize(
    "piece",
    [" // a", " # ", "1 ", "[a", "(b", "C(", "A:", "-- ", "D.C. al ", "♩ = ", "%", "/", "4/4 ",
     "1.", "[1", "x2 ", "a b:", "Key: C ", "'", "\t", "\u2028"],
)  # fmt: skip
def test_the_same_sign_many_times_is_read_or_refused_at_once(piece: str) -> None:
    text = "C | F\n" + piece * (100_000 // len(piece))
    with pytest.raises(InputError):
        parse_changes(text + "\nH")


SIGNS = """
C G7 Dm7b5 F/A | || |: :| :||: |] |} { } [ ] ( ) % %% ./. / // . - , x2 3x 1. 2. [1 [2 |1 :|2 [A]
[B] A: *B (A) Intro: Bridge Verse N.C. Fine Segno Coda D.C. D.S. 3/4 4/4 : # ; ' ♭ °
"""
PHRASES = ["D.C. al Fine", "D.S. al Coda", "To Coda", "\n", " // a comment", "Key: F\n", "Blues\n"]
pieces = st.sampled_from([*SIGNS.split(), *PHRASES])


@settings(max_examples=50)
@given(st.lists(pieces, max_size=14).map(" ".join))
def test_any_signs_are_read_or_refused_with_a_place(text: str) -> None:
    position = bars = 0
    try:
        bars = len(parse_changes(text).bars)
    except ChangesError as error:
        position = error.position
    assert 0 <= position <= len(text)
    assert bars <= MAX_BARS


@pytest.mark.parametrize(
    ("text", "key"),
    [("F", -1), ("Bb", -2), ("B♭ major", -2), ("Dm", -1), ("D minor", -1), ("D-", -1), ("F#", 6),
     ("Gb", -6), ("D dorian", 0), ("G mixolydian", 0), ("C# min", 4), ("c", 0)],
)  # fmt: skip
def test_keys_are_read_as_players_write_them(text: str, key: int) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(
    ("text", "feel"),
    [("Medium Swing", "swing"), ("Bossa Nova", "latin"), ("Slow Ballad", "ballad"),
     ("rock", "funk"), ("Two-beat", "twobeat"), ("Joseph Kosma", "")],
)  # fmt: skip
def test_a_feel_is_read_from_its_words(text: str, feel: str) -> None:
    assert feel_of(text) == feel


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Dm7 | G7 | Cmaj7 | %", "Dm7 | G7 | Cmaj7 | %"),
        ("| Dm7 | G7 |\n| Cmaj7 | % |", "Dm7 | G7 | Cmaj7 | %"),
        ("Fm7 | Bbm7 | Eb7 | Abmaj7 | Dbmaj7 | G7 | C", "Fm7 | Bbm7 | Eb7 | Abmaj7 | Dbmaj7 | ..."),
        ("Title: All Blues\nG7 | C7", "All Blues"),
        ("C Jam Blues\nC7 | F7", "C Jam Blues"),
        ("'Round Midnight\nEbm7 | Ab7", "'Round Midnight"),
        ("Ebb Tide\nC | F", "Ebb Tide"),
    ],
)
def test_a_chart_has_the_title_of_its_heading_or_its_first_bars(text: str, title: str) -> None:
    assert parse_changes(text).title == title

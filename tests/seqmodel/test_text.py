"""Plurals, and text from outside on a terminal."""

import os

import pytest

from seqmodel.text import pluralize, printable


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars"), (1000, "1,000 bars")]
)
def test_the_noun_agrees_with_the_number(number: int, text: str) -> None:
    assert pluralize(number, "bar") == text


def test_irregular_plurals_are_used() -> None:
    assert [pluralize(n, "note or rest", "notes and rests") for n in (1, 3)] == [
        "1 note or rest",
        "3 notes and rests",
    ]


def test_fractions_take_the_plural() -> None:
    assert [pluralize(n, "quarter note", form="g") for n in (1.0, 1.5)] == [
        "1 quarter note",
        "1.5 quarter notes",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Für Elise — 月光", "Für Elise — 月光"),
        ("two\r\n\tlines", "two lines"),
        ("\x1b[2Jcleared", "�[2Jcleared"),  # ANSI: clear the screen
        ("\x1b]0;title\x07", "�]0;title�"),  # OSC: set the title of the window
        ("a\x9b31m", "a�31m"),  # the same introducer as one character
        ("solo\u202edim.exe", "solo�dim.exe"),  # text that runs backwards
        ("solo\x00.mid", "solo�.mid"),
        (os.fsdecode(b"caf\xe9.mid"), "caf�.mid"),  # Latin-1 where UTF-8 is expected
    ],
)
def test_text_of_a_file_cannot_control_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_long_text_is_cut_and_marked() -> None:
    assert printable("la " * 1000, max_length=8) == "la la l…"
    assert printable("la la la", max_length=8) == "la la la"

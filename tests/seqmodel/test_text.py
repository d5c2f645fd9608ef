"""Plurals, and text from outside on a terminal."""

import json
import os
import xml.etree.ElementTree as ET
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.table import Table

from seqmodel.command_line.console import PlainConsole
from seqmodel.command_line.runner import summary_table
from seqmodel.text import html_text, json_line, label, pluralize, printable, visible, xml_text


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


def test_joiners_inside_words_are_kept() -> None:
    persian = "می\u200cخواهم"  # two halves of a word, which are not joined
    assert printable(persian) == visible(persian) == persian


@given(st.text())
def test_a_visible_line_is_as_long_as_its_text_and_holds_no_control_character(text: str) -> None:
    line = visible(text)
    assert len(line) == len(text)
    assert not {category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}


@given(st.text())
def test_json_on_a_terminal_keeps_every_character(text: str) -> None:
    line = json_line({"name": text})
    assert json.loads(line) == {"name": text}
    assert not {category(sign) for sign in line} & {"Cc", "Cs", "Zl", "Zp"}


@given(st.text(st.characters()))
def test_any_text_can_stand_in_xml_and_html(text: str) -> None:
    root = ET.Element("text", {"name": xml_text(text)})
    root.text = xml_text(text)
    assert ET.fromstring(ET.tostring(root, encoding="utf-8")) is not None
    assert ET.fromstring(f"<p id='{html_text(text)}'>{html_text(text)}</p>") is not None


@pytest.mark.parametrize(
    "text", ["$1", "$1 or $2", r"$\frac{1}{0}$ $$ $_^$", r"\$", "100 %", "a^b"]
)
def test_a_label_is_drawn_as_it_is_written(text: str) -> None:
    figure = Figure()
    FigureCanvasAgg(figure)
    shown, plain = figure.text(0, 0, label(text)), figure.text(0, 0, text, parse_math=False)
    assert shown.get_window_extent().width == plain.get_window_extent().width


@pytest.mark.parametrize(
    "text", ["[/x]", "[bold red]x", ":smile:", "\x1b]0;x\x07", "\x9b31m", "a\u202eb"]
)
def test_a_console_prints_text_and_never_obeys_it(text: str, capsys) -> None:
    console = PlainConsole(force_terminal=True, color_system=None, width=80)
    table = Table(text, title=text)
    table.add_row(text)
    console.print(text, text)
    console.print(table)
    console.print(summary_table(text, {text: text}))
    shown = capsys.readouterr().out
    assert shown.count(visible(text)) == 8
    assert {sign for sign in shown if category(sign) in {"Cc", "Cf"}} == {"\n"}

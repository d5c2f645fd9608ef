"""Sheets to play from, as a user asks for them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from helpers.handmade_tunes import QUAVER, bar, blues

from djmodel.inputs.reader import read_tune
from djmodel.inputs.wjazzd.solos import bundled_file
from djmodel.music.tune import Instrument, Tune
from djmodel.outputs.midi import write_midi
from djmodel.outputs.write import write_score

CHART = "Blue Bossa\n[A] Cm7 | Fm7 | Dm7b5 | G7 | [B] Ebm7 | Ab7 | Dbmaj7 | % |\n"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chart.txt").write_text(CHART)
    write_midi(blues(), "blues.mid")


def test_a_chart_alone_is_a_sheet_of_slashes(command) -> None:
    outcome = command("djmodel.inspect", "--changes", "chart.txt", "--score", "chart.musicxml")
    assert (outcome.status, outcome.out.splitlines()[-1]) == (0, "chart.musicxml")
    root = ET.parse("chart.musicxml").getroot()
    assert [e.get("type") for e in root.iter("slash")] == ["start"]
    assert [e.text for e in root.iter("rehearsal")] == ["A", "B"]
    assert len(list(root.iter("harmony"))) == 7


def test_a_chart_is_a_pdf_for_an_alto(command) -> None:
    arguments = ("--changes", "chart.txt", "--score", "chart.pdf", "--for", "Eb")
    assert command("djmodel.inspect", *arguments).status == 0
    assert Path("chart.pdf").read_bytes()[:5] == b"%PDF-"


def test_a_melody_alone_is_a_part(command) -> None:
    arguments = ("blues.mid", "--score", "part.musicxml", "--for", "Bb")
    assert command("djmodel.inspect", *arguments).status == 0
    root = ET.parse("part.musicxml").getroot()
    assert root.findtext(".//fifths") == "-2"  # A flat, a whole tone above
    assert root.findtext(".//transpose/chromatic") == "-2"


def test_low_notes_of_a_written_part_are_read_back_as_melody() -> None:
    # One line with chord symbols, in two registers, and semiquaver triplets, which the grid moves.
    sixth = QUAVER / 3
    high = [(75, sixth), (77, sixth), (78, sixth), (80, QUAVER)]
    leaps = bar("C7 F7", [*high, (54, 1), (56, 1), (57, 1)])
    tune = Tune("Leaps", (leaps,) * 4, instrument=Instrument("Alto Sax", 65), key=0)
    write_score(tune, "part.musicxml", "Eb")
    read = read_tune("part.musicxml")
    assert [n.pitch for n in read.melody_notes() if n.pitch < 60] == [54, 56, 57] * 4
    assert [[c.chord for c in each.changes] for each in read.bars] == [
        [c.chord for c in each.changes] for each in tune.bars
    ]


def test_a_solo_of_a_database_is_a_part_for_its_own_instrument(command) -> None:
    name = ("--solo", "CharlieParker_K.C.Blues", "--bars", 4)
    arguments = (bundled_file(), *name, "--score", "bird.musicxml", "--for", "Eb")
    assert command("djmodel.inspect", *arguments).status == 0
    root = ET.parse("bird.musicxml").getroot()
    assert root.findtext(".//creator") == "Charlie Parker"
    assert root.findtext(".//transpose/chromatic") == "-9"


def test_a_generated_solo_is_a_part(command) -> None:
    chart = ("--changes", "chart.txt", "--seed", 1, "--out", "solo.mid")
    arguments = ("ragtime", *chart, "--score", "solo.musicxml", "--html", "solo.html")
    assert command("djmodel.generate", *arguments, "--for", "F").status == 0
    assert ET.parse("solo.musicxml").getroot().find(".//transpose") is not None
    assert "F part" in Path("solo.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("reader", ["eb", "Alto", "alto sax", "E♭"])
def test_a_sheet_is_for_an_instrument_in_the_words_of_players(command, reader: str) -> None:
    done = command("djmodel.inspect", "--changes", "C", "--score", "a.musicxml", "--for", reader)
    assert done.status == 0, done.err
    # concert C is A for an alto
    assert ET.parse("a.musicxml").getroot().findtext(".//root-step") == "A"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--changes", "C", "--for", "Bb"], "only a sheet can be written for an instrument"),
        (["--changes", "C", "--score", "a.pdf", "--for", "D"], "--for must be C, Bb, Eb or F"),
        (
            ["--changes", "C", "--score", "a.pdf", "--for", "trombone"],
            "other instruments read in C",
        ),
        (["--changes", "C", "--score", "a.doc"], ".pdf, .png, .svg, .musicxml or .xml"),
        (["--changes", "C", "--score", "chart.txt"], ".pdf"),
        (["blues.mid", "other.mid", "--score", "a.pdf"], "a sheet has one tune"),
        (["--changes", "C", "--score", "there.pdf"], "there.pdf is there already"),
    ],
)
def test_what_cannot_be_a_sheet_is_refused(refuses, arguments: list[str], problem: str) -> None:
    Path("there.pdf").touch()
    write_midi(blues(), "other.mid")
    assert problem in refuses("djmodel.inspect", *arguments)
    assert not Path("a.pdf").exists()

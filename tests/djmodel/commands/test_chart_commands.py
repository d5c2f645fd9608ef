"""Solos over charts from files, as a user makes them."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

GENERATE = "djmodel.generate"
CHART = """Blue Bossa (Kenny Dorham)
Key: Cm
[A]
|: C-7 | F-7 | Dm7b5 |1. G7(b9) :|2. C-6 ||
"""


@pytest.mark.parametrize("source", ["file", "-"])
def test_a_chart_is_played_and_printed_as_it_was_typed(
    command, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CHART.encode())))
    file, out, score = (tmp_path / name for name in ("chart.txt", "solo.mid", "solo.musicxml"))
    file.write_text(CHART)
    given = file if source == "file" else "-"
    done = command(GENERATE, "--changes", given, "--out", out, "--score", score)
    assert done.status == 0, done.err
    assert "8 bars over Blue Bossa (Kenny Dorham)" in done.err
    root = ET.parse(score).getroot()
    assert [kind.get("text") for kind in root.iter("kind")] == [
        *("-7", "-7", "m7b5", "7(b9)", "-7", "-7", "m7b5", "-6"),
    ]
    assert root.findtext(".//fifths") == "-3"
    # the solo can be made again without the file
    file.unlink()
    again = command(GENERATE, "--like", out)
    assert again.status == 0, again.err


def test_a_title_is_given_on_the_command_line(command, tmp_path: Path) -> None:
    score = tmp_path / "solo.musicxml"
    out = tmp_path / "solo.mid"
    done = command(
        GENERATE, "--changes", "C | G7", "--title", "My Tune", "--out", out, "--score", score
    )
    assert "2 bars over My Tune" in done.err
    assert "My Tune" in score.read_text()
    assert command(GENERATE, "--like", out).status == 0


def test_a_fault_in_a_chart_is_one_line_with_its_place(command, tmp_path: Path) -> None:
    file = tmp_path / "chart.txt"
    file.write_text("| Dm7 | G7 |\n| Cmaj7 | Qm7 |\n")
    done = command(GENERATE, "--changes", file, "--out", tmp_path / "solo.mid")
    assert done.status == 2
    assert "`Qm7` is not a chord symbol" in done.err
    assert "(line 2, bar 4)" in done.err
    assert not (tmp_path / "solo.mid").exists()


@pytest.mark.parametrize("program", [GENERATE, "djmodel.inspect"])
@pytest.mark.parametrize("given", ["blues-in-F", "Dm7 | G7 | C", "chart.txt"])
def test_changes_where_a_file_is_named_are_sent_to_their_option(
    refuses, program: str, given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chart.txt").write_text(CHART)
    said = refuses(program, given)
    assert f"'{given}' is not" in said
    assert "but changes" in said
    assert "(--changes)" in said


def test_a_chart_is_no_music_to_train_on(refuses, tmp_path: Path) -> None:
    (tmp_path / "chart.txt").write_text(CHART)
    said = refuses("djmodel.train", tmp_path / "chart.txt", "--out", tmp_path / "run")
    assert "this is text, not music; a chart is read as changes" in said


def test_a_chart_with_a_mistake_in_place_of_music_is_not_called_midi(
    refuses, tmp_path: Path
) -> None:
    (tmp_path / "tune.ls").write_text("Dm7 | G7xyz | C")
    said = refuses("djmodel.inspect", tmp_path / "tune.ls")
    assert "this is text, not music; a chart is read as changes" in said


def test_a_name_for_the_sound_is_sent_to_its_option(
    refuses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("solo.wav").write_bytes(b"RIFF")  # an earlier solo; any name does, written or not
    said = refuses(GENERATE, "--wav", "solo.wav")
    assert "'solo.wav' is not a model; give it as the file to write (--out)" in said


def test_a_tune_where_a_model_is_named_is_sent_to_its_option(refuses, rags) -> None:
    assert "is not a model but music; give it as the tune to play over (--over)" in refuses(
        GENERATE, rags[0]
    )

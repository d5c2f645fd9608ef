"""Solos over charts from files, as a user makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

CHART = """Blue Bossa (Kenny Dorham)
Key: Cm
[A]
|: C-7 | F-7 | Dm7b5 |1. G7(b9) :|2. C-6 ||
"""


def generate(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "djmodel.generate", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, input=text, check=False)


@pytest.mark.parametrize("source", ["file", "-"])
def test_a_chart_is_played_and_printed_as_it_was_typed(source: str, tmp_path: Path) -> None:
    file, out, score = (tmp_path / name for name in ("chart.txt", "solo.mid", "solo.musicxml"))
    file.write_text(CHART)
    given = file if source == "file" else "-"
    done = generate("--changes", given, "--out", out, "--score", score, text=CHART)
    assert done.returncode == 0, done.stderr
    assert "8 bars over Blue Bossa (Kenny Dorham)" in done.stderr
    root = ET.parse(score).getroot()
    assert [kind.get("text") for kind in root.iter("kind")] == [
        *("-7", "-7", "m7b5", "7(b9)", "-7", "-7", "m7b5", "-6"),
    ]
    assert root.findtext(".//fifths") == "-3"
    # the solo can be made again without the file
    file.unlink()
    again = generate("--like", out)
    assert again.returncode == 0, again.stderr


def test_a_title_is_given_on_the_command_line(tmp_path: Path) -> None:
    score = tmp_path / "solo.musicxml"
    out = tmp_path / "solo.mid"
    done = generate("--changes", "C | G7", "--title", "My Tune", "--out", out, "--score", score)
    assert "2 bars over My Tune" in done.stderr
    assert "My Tune" in score.read_text()
    assert generate("--like", out).returncode == 0


def test_a_fault_in_a_chart_is_one_line_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "chart.txt"
    file.write_text("| Dm7 | G7 |\n| Cmaj7 | Qm7 |\n")
    done = generate("--changes", file, "--out", tmp_path / "solo.mid")
    assert done.returncode == 2
    assert "`Qm7` is not a chord symbol" in done.stderr
    assert "(line 2, bar 4)" in done.stderr
    assert not (tmp_path / "solo.mid").exists()

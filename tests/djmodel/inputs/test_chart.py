"""Changes from files and standard input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from djmodel.inputs.chart import chart_text
from djmodel.music.changes import parse_changes
from seqmodel.errors import FileError

NOTHING = io.BytesIO()
CHART = "Blue Bossa\n| C-7 | F−7 | B♭7 | E♭△7 |\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_changes_are_read_from_a_file_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "blue bossa.txt"
    file.write_text(CHART, encoding=encoding)
    assert chart_text(str(file), NOTHING) == CHART
    assert parse_changes(chart_text(str(file), NOTHING)).title == "Blue Bossa"


def test_a_file_with_windows_letters_and_line_ends_is_read(tmp_path: Path) -> None:
    file = tmp_path / "chart.txt"
    file.write_bytes("Garçon\r\n| C° | F |\r\n".encode("cp1252"))
    tune = parse_changes(chart_text(str(file), NOTHING))
    assert (tune.title, len(tune.bars)) == ("Garçon", 2)


def test_a_dash_is_standard_input() -> None:
    assert chart_text("-", io.BytesIO(CHART.encode())) == CHART
    with pytest.raises(FileError, match="more than 20,000,000 bytes"):
        chart_text("-", io.BytesIO(b"C | " * 6_000_000))


@pytest.mark.parametrize(
    "text",
    [
        "C",
        "N.C. | C",
        "blues-in-F",
        "C/E",
        "Dm7 | G7",
        "C . . . | F",
        "a\nb.txt",
        "",
        "x" * 100_000,
    ],
)
def test_text_is_taken_as_it_is(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "C").write_text("F")  # a file by the name of a chord
    monkeypatch.chdir(tmp_path)
    assert chart_text(text, NOTHING) == text


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.txt", None, "there is no such file"),
        ("empty.txt", b"", "the file is empty"),
        ("binary.txt", b"\0\1\2\xff", "not a chart"),
        ("long.txt", b"C | " * 6_000_000, "more than"),
        ("solo.mid", b"MThd", "a music file, not a chart"),
    ],
)
def test_another_file_is_refused(
    name: str, content: bytes | None, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FileError, match=problem):
        chart_text(str(file), NOTHING)

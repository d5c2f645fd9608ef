"""The command `djmodel inspect`: its tables, and its errors on bad input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import midi_files as mf
from helpers import sheets as xml

from djmodel import inspect
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.chord_symbol import chords_of_bar
from seqmodel.command_line.runner import run

MELODY = mf.line(72, 74, 76, 77, 79, 77, 76, 74)
CHORDS = mf.chords((48, 52, 55), (43, 47, 50), length=4)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return mf.write(
        tmp_path / "song.mid",
        mf.Track(metas=[(0, mf.meter(4, 4)), (0, mf.tempo(90))]),
        mf.Track(MELODY, "Flute [solo]", 73, 0),
        mf.Track(CHORDS, "Piano", 0, 1),
        mf.Track(mf.line(36, 38, 36, 38), "Kit", channel=9),
    )


def called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of the command."""
    monkeypatch.setattr(sys, "argv", ["inspect", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        run(inspect.command)
    return int(end.value.code or 0)


def test_parts_bars_and_chords_of_a_file_are_shown(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert called(monkeypatch, song) == 0
    shown = capsys.readouterr().out
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "meter 4/4" in rows
    assert "tempo 90 quarter notes a minute" in rows
    assert "grid 0 notes moved, 0 resized, 0 merged, 0 dropped" in rows
    assert any(row.startswith("1 Flute [solo] Flute 8 ") and " melody " in row for row in rows)
    assert any(row.startswith("2 Piano Acoustic Grand Piano 6 ") for row in rows)
    assert any(row.startswith("3 Kit Drums 4 drums on the channel of drums") for row in rows)
    assert any(row.startswith("1 C C,1.000 S,1.000,<") for row in rows)
    assert any(row.startswith("2 G ") for row in rows)
    assert any(
        row.startswith("Melody: 1 Flute [solo], ") and "ahead of 2 Piano" in row for row in rows
    )
    assert "values 8" in rows


def test_in_a_narrow_window_the_parts_are_listed_below_one_another(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert called(monkeypatch, song) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 40
    part = lines.index("1 Flute [solo]")
    assert lines[part + 1].startswith("melody, 8 notes: ")
    assert "2 Piano" in lines


def test_bars_keep_their_numbers(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, song, "--bars", "2:2") == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(row.startswith("2 G ") for row in rows)
    assert not any(row.startswith("1 C ") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.mid"], "no such file"),
        (["nothing here/*.mid"], "no such file"),
        (["song.mid", "--melody-part", "Guitar"], "1 (Flute [solo]), 2 (Piano), 3 (Kit)"),
        (["song.mid", "--chord-part", "7"], "1 (Flute [solo])"),
        (["song.mid", "--bars", "2:9"], "bars 2:9 are not within bars 1 to 2"),
        (["song.mid", "--bars", "two"], "FROM:TO"),
        ([], "music, a piece of music21's corpus, or changes are needed, but none is given"),
        (["song.mid", "--music21", "bach/bwv66.6"], "more than one is given"),
        (["song.mid", "--changes", "C"], "more than one is given"),
        (["--music21", "bach/nothing"], "music21's corpus"),
        (["--changes", "chart.txt"], "chart.txt: there is no such file"),
        (["--changes", "Dm7 | Hm7"], "Hm7"),
        (["--meter", "3/4"], "a meter can be chosen only for written changes"),
    ],
)
def test_bad_input_is_one_line_and_status_2(
    song: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(song.parent)
    assert called(monkeypatch, *arguments) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert message in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_the_first_bars_are_chosen_by_their_number(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, song, "--bars", "1") == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(row.startswith("1 C ") for row in rows)
    assert not any(row.startswith("2 G ") for row in rows)


def test_written_changes_are_shown_in_the_order_of_play_with_their_sections(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = "[A] |: F#7 | C-7 Fine :| [B] Ebdim7 B♭7(♭9) | D.C. al Fine"
    assert called(monkeypatch, "--changes", chart) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    bars = rows[rows.index(["section", "bar", "chords"]) + 2 :]
    assert [row for row in bars if row] == [
        ["A", "1", "F#7"],
        ["2", "C-7"],
        ["A", "3", "F#7"],
        ["4", "C-7"],
        ["B", "5", "Ebdim7", "/", "Bb7(b9)", "/"],
        ["A", "6", "F#7"],
        ["7", "C-7"],
    ]


def test_as_many_bars_are_counted_as_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bar lines of Maple Leaf Rag move by a pick-up that its file does not declare."""
    [rag] = [path for path in rags() if "maple" in path.name]
    assert called(monkeypatch, rag) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    [counted] = [row[1] for row in rows if row[:1] == ["bars"]]
    listed = [row[0] for row in rows if row and row[0].isdecimal() and len(row) > 2]
    assert listed[-1] == counted


def test_a_folder_is_listed(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (song.parent / "empty.mid").touch()
    assert called(monkeypatch, song.parent) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "song.mid used: 2 bars, 8 values" in shown
    assert "empty.mid skipped: the file is empty" in shown


def test_every_sheet_of_a_large_folder_has_a_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "sheets"
    folder.mkdir()
    for number in range(110):
        bar = xml.harmony("C") + xml.note("C5") + (xml.words("D.S.") if number == 7 else "")
        (folder / f"{number:03}.musicxml").write_text(xml.sheet(xml.part(bar, xml.note("D5"))))
    for _ in range(2):  # read, then out of the cache
        assert called(monkeypatch, folder) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert shown.count(".musicxml used: 2 bars, 2 values") == 110
        assert "007.musicxml used: 2 bars, 2 values; each bar is read once: D.S. has no" in shown
    assert len(list((tmp_path / "cache").iterdir())) == 110


@pytest.mark.parametrize("name", ["chart.txt", "-"])
def test_written_changes_are_shown_bar_by_bar(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chart.txt").write_bytes(b"\xef\xbb\xbfDm7 | G7 |\r\nCmaj7 | %\r\n")
    with Path("chart.txt").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert called(monkeypatch, "--changes", name, "--title", "Two five") == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == "Two five"
    for row in ("bars 4", "meter 4/4", "1 Dm7", "2 G7", "3 Cmaj7", "4 Cmaj7"):
        assert row in rows


def test_the_reader_of_the_output_may_close_it(song: Path) -> None:
    line = 'set -o pipefail; "$1" -m djmodel.inspect "$2" | head -1'
    done = subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, str(song)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "song", "")


def test_the_cache_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path))
    (tmp_path / "tune.json").write_text("[]")
    assert called(monkeypatch, "--clear-cache") == 0
    assert "deleted: 1 file in" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_chords_are_shown_on_their_beats_as_on_a_lead_sheet(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(MELODY, "Flute", 73, 0),
        mf.Track(mf.chords((48, 52, 55), (43, 47, 50), length=2), "Piano", 0, 1),
    )
    tune = read_tune(path)
    assert chords_of_bar(tune.bars[0], tune.key) == "C / G /"
    assert chords_of_bar(tune.bars[1], tune.key) == "N.C."  # the piano rests

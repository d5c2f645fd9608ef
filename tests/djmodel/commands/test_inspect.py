"""The command `python -m djmodel.inspect`: its tables, and its errors on bad input."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers import midi_files as mf

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
        (["."], "a folder"),
        (["song.mid", "--melody-part", "Guitar"], "1 (Flute [solo]), 2 (Piano), 3 (Kit)"),
        (["song.mid", "--chord-part", "7"], "1 (Flute [solo])"),
        (["song.mid", "--bars", "2:9"], "bars 2:9 are not within bars 1 to 2"),
        (["song.mid", "--bars", "two"], "FROM:TO"),
        ([], "one FILE or one piece of music21's corpus is needed, but neither is given"),
        (["song.mid", "--corpus", "bach/bwv66.6"], "both are given"),
        (["--corpus", "bach/nothing"], "music21's corpus"),
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
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert "Traceback" not in error


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
    assert chords_of_bar(tune.bars[1], tune.key) == "(G)"  # the piano rests, its last chord holds


def test_inspecting_imports_no_heavy_package() -> None:
    code = (
        "import sys; sys.argv = ['inspect', sys.argv[1]]\n"
        "from djmodel.inspect import main\n"
        "try: main()\n"
        "finally: print([name for name in ('tensorflow', 'keras', 'music21', 'matplotlib')"
        " if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(rags()[0])], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "[]"

"""Charts of iReal Pro on the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from djmodel import inspect
from djmodel.generate import command as generate
from djmodel.music.charts.ireal.links import Song, link_of, read_playlist
from seqmodel.command_line.runner import run

BLUES = Song("Minor Blues", "{*AT44C-7   |F-7   |C-7   |N1G7   }|N2C-6   Z", key="C-", tempo=132)
WALTZ = Song("Waltz", "[T34C^7   |G7   Z", "Ada Muster", "Waltz", "C")
BROKEN = Song("Wrong", "[T44C   |%   Z", key="C")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A page with a playlist of three songs, of which one is broken."""
    file = tmp_path / "book.html"
    link = link_of([BLUES, BROKEN, WALTZ], "My List")
    file.write_text(f'<html><body><a href="{link}">My List</a></body></html>')
    return file


def called(command: object, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit status of a command."""
    monkeypatch.setattr(sys, "argv", ["djmodel", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        run(command)  # type: ignore[arg-type]
    return int(end.value.code or 0)


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_songs_of_a_playlist_are_listed_and_a_broken_one_is_named(
    book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(inspect.command, monkeypatch, "--changes", book) == 0
    shown = rows(capsys.readouterr().out)
    assert "My List: 3 songs" in shown
    assert "Minor Blues Medium Swing C- 8" in shown
    assert "Waltz Ada Muster Waltz C 2" in shown
    assert "see one: --song TITLE" in shown
    assert any(row.startswith("Wrong not read: `%` is not a sign") for row in shown)


def test_a_song_is_shown_as_played_and_as_written(
    book: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("--changes", book, "--song", "minor blues")
    assert called(inspect.command, monkeypatch, *given) == 0
    shown = rows(capsys.readouterr().out)
    assert {"bars 5 written, 8 played", "key 3 flats", "A 5 C-7", "8 C-6"} <= {*shown}
    assert called(inspect.command, monkeypatch, *given, "--no-repeats") == 0
    shown = rows(capsys.readouterr().out)
    assert {"A 1 |: C-7", "4 1. G7 :|", "5 2. C-6"} <= {*shown}


def test_alternate_chords_are_shown_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = link_of([Song("Two Chords", "[T44F7(C-7)  (F7) |Bb7   Z", key="F")])
    assert called(inspect.command, monkeypatch, "--changes", link, "--alternates") == 0
    assert "1 C-7 / F7 /" in rows(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--song", "Minor Bluse"], "no song 'Minor Bluse'; the nearest are Minor Blues (--song)"),
        (["--song", "wrong"], "the song 'Wrong' cannot be read: `%` is not a sign"),
        (["--ireal", "page.pdf"], ".html"),
    ],
)
def test_a_fault_is_one_line(
    arguments: list[str],
    problem: str,
    book: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(inspect.command, monkeypatch, "--changes", book, *arguments) == 2
    shown = capsys.readouterr()
    assert problem in " ".join(shown.err.split())
    assert shown.out == ""


def test_changes_of_a_file_of_music_are_not_written_by_inspect(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(inspect.command, monkeypatch, "x.mid", "--link") == 2
    assert "only written changes are written for iReal Pro" in capsys.readouterr().err


def test_changes_are_printed_as_a_link_and_written_as_a_page(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = "Key: F\nF7 | G7(b9,#11,13)"
    assert called(inspect.command, monkeypatch, "--changes", changes, "--link") == 0
    shown = capsys.readouterr()
    [song] = read_playlist(shown.out.strip()).songs
    assert isinstance(song, Song)
    assert song.music == "[T44F7   |G13b9   Z"
    remark = "G7(b9,#11,13) is G13b9 in iReal Pro (bar 2)\n"
    assert shown.err == remark
    out, written = tmp_path / "solo.mid", tmp_path / "solo.html"
    given = ("--changes", changes, "--out", out, "--ireal", written)
    assert called(generate, monkeypatch, *given) == 0
    assert capsys.readouterr().err.count(remark) == 1
    page = tmp_path / "page.html"
    assert called(inspect.command, monkeypatch, "--changes", book, "--ireal", page) == 0
    assert "Wrong is left out" in capsys.readouterr().err
    assert [song.title for song in read_playlist(page.read_text()).songs] == [
        "Minor Blues",
        "Waltz",
    ]
    assert called(inspect.command, monkeypatch, "--changes", book, "--ireal", page) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_solo_over_a_song_remembers_only_that_song(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is made again without the page, and its changes go back to the app as they came."""
    solo, page = tmp_path / "solo.mid", tmp_path / "page.html"
    given = ("--changes", book, "--song", "minor blues", "--no-repeats", "--choruses", 2)
    assert called(generate, monkeypatch, *given, "--out", solo, "--ireal", page) == 0
    assert "10 bars over Minor Blues" in capsys.readouterr().err
    book.unlink()
    assert called(generate, monkeypatch, "--like", solo) == 0
    assert b"Waltz" not in solo.read_bytes()
    [song] = read_playlist(page.read_text()).songs
    assert isinstance(song, Song)
    assert (song.title, song.music, song.tempo) == (BLUES.title, BLUES.music, BLUES.tempo)

"""Outputs by their suffixes, and displays in a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.handmade_tunes import blues

import djmodel
from djmodel.app.launch import play
from djmodel.outputs.audio import default_soundfont
from djmodel.outputs.page import PageItem, notebook_player, write_page
from djmodel.outputs.suffixes import ALL
from djmodel.outputs.write import check_output, write, write_picture, write_score
from seqmodel.errors import FileError, InputError
from seqmodel.files import check_suffix


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        (".mid", b"MThd"),
        (".midi", b"MThd"),
        (".wav", b"RIFF"),
        (".mp3", b""),
        (".png", b"\x89PNG"),
        (".svg", b"<svg"),
        (".musicxml", b"<?xml"),
        (".xml", b"<?xml"),
        (".html", b"<!DOCTYPE html>"),
        (".htm", b"<!DOCTYPE html>"),
        (".WAV", b"RIFF"),
    ],
)
def test_the_suffix_decides_the_format(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"solo{ending}"
    write(blues().excerpt(2, 3), path)
    content = path.read_bytes()
    assert content.startswith(start)
    assert len(content) > 200


@pytest.mark.parametrize("name", ["solo.txt", "solo"])
def test_an_unknown_suffix_is_refused_with_the_list_of_known_ones(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(InputError) as failure:
        write(blues(), tmp_path / name)
    assert all(ending in str(failure.value) for ending in ALL)
    assert list(tmp_path.iterdir()) == []


def test_each_writer_has_its_own_suffixes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.png or \.svg, not in \.mid"):
        write_picture(blues(), tmp_path / "a.mid")
    with pytest.raises(InputError, match=r"\.musicxml or \.xml, not in \.html"):
        write_score(blues(), tmp_path / "a.html")
    with pytest.raises(InputError, match=r"\.html or \.htm, not in \.png"):
        write_page([PageItem(blues())], tmp_path / "a.png", {})
    assert check_suffix("a/b.MusicXML", ALL) == ".musicxml"


class TestNotebook:
    def test_a_tune_is_displayed_as_a_player(self) -> None:
        shown = notebook_player(blues().excerpt(2, 3))
        assert "<audio" in shown
        assert "data:image/svg+xml" in shown

    def test_a_long_tune_is_displayed_without_its_sound(self) -> None:
        long = replace(blues(), bars=blues().bars[1:] * 5, accompaniment=())
        shown = notebook_player(long)
        assert "<audio" not in shown
        assert "play(tune)" in shown

    def test_sound_picture_and_lead_sheet_are_displayed(self) -> None:
        tune = blues().excerpt(2, 3)
        assert play(tune)._repr_html_().startswith("<audio")
        assert djmodel.plot(tune)._repr_png_()[0].startswith(b"\x89PNG")
        assert djmodel.lead_sheet(tune)._repr_png_()[0].startswith(b"\x89PNG")

    def test_ipython_prints_a_tune_as_one_line(self) -> None:
        pretty = pytest.importorskip("IPython.lib.pretty").pretty
        assert pretty(blues()) == "Tune('Blues in A flat', 13 bars)"
        assert len(pretty(djmodel.lead_sheet(blues()))) < 80

    def test_a_tune_and_a_sound_are_saved(self, tmp_path: Path) -> None:
        djmodel.save(blues(), tmp_path / "blues.mid")
        play(blues().excerpt(2, 2)).save(tmp_path / "blues.mp3")
        assert len(list(tmp_path.iterdir())) == 2


class TestBeforeAnythingIsWritten:
    """`generate` refuses an output that cannot be written before its first file."""

    @pytest.mark.parametrize(
        ("asked", "known"),
        [
            (["--out", "a.txt"], ".mid"),
            (["--picture", "a.txt"], ".png or .svg"),
            (["--score", "a.txt"], ".musicxml"),
            (["--html", "a.txt"], ".html"),
        ],
    )
    def test_an_unknown_suffix_is_refused(
        self,
        asked: list[str],
        known: str,
        tmp_path: Path,
        refuses: Callable[..., str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert known in refuses("djmodel.generate", "--changes", "C7", *asked)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("asked", [[], ["--html", "a.html"]])
    def test_a_damaged_soundfont_is_refused_in_one_line(
        self, asked: list[str], tmp_path: Path
    ) -> None:
        # Its second instrument begins with a zone that does not exist: the synthesiser panics on it
        # and prints to stderr, below Python.
        content = bytearray(default_soundfont().read_bytes())
        second = content.index(b"inst", content.index(b"pdta")) + 8 + 22
        content[second + 20 : second + 22] = b"\xff\xff"
        font = tmp_path / "damaged.sf2"
        font.write_bytes(content)
        command = ["-m", "djmodel.generate", "--changes", "C7", "--soundfont", str(font), *asked]
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {font}: the SoundFont is damaged")
        assert done.stderr.count("\n") == 1
        assert list(tmp_path.iterdir()) == [font]


def test_a_folder_that_cannot_be_created_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="file"):
        check_output(tmp_path / "file" / "solo.mid")


@pytest.mark.parametrize("name", ["--picture roll.png", "--score sheet.pdf"])
def test_a_picture_for_which_matplotlib_does_not_start_leaves_no_solo_behind(
    tmp_path: Path, refuses: Callable[..., str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def broken(_: str) -> None:
        raise ValueError("'bogus' is not a valid value for backend")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("seqmodel.extras.import_module", broken)
    assert "matplotlib does not start" in refuses(
        "djmodel.generate", "--changes", "C", *name.split()
    )
    assert not list(tmp_path.iterdir())


def test_one_bar_is_reported_in_the_singular(
    tmp_path: Path, command: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, _, said = command("djmodel.generate", "--changes", "C7")
    assert "1 bar over C7" in said

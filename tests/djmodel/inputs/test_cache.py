"""The cache of read files."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import midi_files as mf

from djmodel.inputs import cache, reader
from djmodel.inputs.cache import clear_cache
from djmodel.inputs.reader import read_tunes


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return mf.write_song(tmp_path / "song.mid")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The files that were read rather than taken from the cache, which is empty at the start."""
    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / "kept"))
    read_scores, paths = reader.read_scores, []

    def pluralize(path, deadline):  # type: ignore[no-untyped-def]
        paths.append(path)
        return read_scores(path, deadline)

    monkeypatch.setattr(reader, "read_scores", pluralize)
    return paths


def test_a_file_is_read_once(song: Path, reads: list[Path]) -> None:
    first = read_tunes([song])
    assert read_tunes([song]) == first
    assert len(reads) == 1


def test_a_file_is_read_again_after_a_change_of_content_options_or_reader(
    song: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_tunes([song])
    read_tunes([song], bars=(1, 2))
    read_tunes([song], melody_part="Flute")
    assert len(reads) == 3
    mf.write_song(song, [(on, length, pitch + 1) for on, length, pitch in mf.MELODY])
    read_tunes([song])
    assert len(reads) == 4
    monkeypatch.setattr(cache, "reader_version", lambda: "next")
    read_tunes([song])
    assert len(reads) == 5


def test_the_cache_can_be_cleared_and_is_outside_the_music_folder(
    song: Path, reads: list[Path]
) -> None:
    read_tunes([song])
    assert [path.name for path in song.parent.glob("*.mid")] == ["song.mid"]
    assert clear_cache() == 1
    assert clear_cache() == 0
    read_tunes([song])
    assert len(reads) == 2


def test_a_corrupted_cache_is_ignored(song: Path, reads: list[Path], tmp_path: Path) -> None:
    read_tunes([song])
    for file in (tmp_path / "kept").iterdir():
        file.write_text("{ not json")
    assert read_tunes([song]).tunes
    assert len(reads) == 2


def test_a_cache_that_cannot_be_written_is_ignored(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJMODEL_CACHE", str(song / "in-the-way"))
    assert read_tunes([song]).tunes

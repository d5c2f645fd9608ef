"""Many files, with a result for each."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import midi_files as mf

from djmodel.inputs import reader
from djmodel.inputs.music_files import find_music, rags
from djmodel.inputs.reader import ReadResult, read_tunes
from seqmodel.errors import CorpusError, FileError


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with two songs, one of them deeper, a broken file, drums only, and a text."""
    folder = tmp_path / "music"
    (folder / "deeper").mkdir(parents=True)
    mf.write_song(folder / "a.mid")
    mf.write_song(folder / "deeper" / "b.MID")
    (folder / "broken.mid").write_bytes((folder / "a.mid").read_bytes()[:100])
    mf.write(folder / "drums.mid", mf.Track(mf.line(36, 38), "Drums", channel=9))
    (folder / "readme.txt").write_text("no music")
    return folder


def test_a_folder_gives_a_result_for_each_file(music: Path) -> None:
    found = read_tunes([music])
    said = {result.name: str(result) for result in found.results}
    assert said["a.mid"] == "used: 4 bars"
    assert said["b.MID"] == "used: 4 bars"
    assert said["broken.mid"].startswith("skipped: the MIDI file is cut off")
    assert said["drums.mid"] == "skipped: the music has drums only, and no melody"
    assert len(said) == 4
    assert [path.name for path in found.used] == ["a.mid", "b.MID"]
    assert [tune.title for tune in found.tunes] == ["Walking Song"] * 2


def test_a_file_named_in_several_ways_is_found_once(music: Path) -> None:
    names = [music / "a.mid", f"{music}/*.mid", f"{music}/**/*.MID", music, music / "none.mid"]
    assert [path.name for path in find_music(names)] == [
        "a.mid", "broken.mid", "drums.mid", "b.MID", "none.mid",
    ]  # fmt: skip


def test_strict_reading_stops_at_the_first_file_that_is_refused(music: Path) -> None:
    with pytest.raises(FileError, match="cut off"):
        read_tunes([music], strict=True)


def test_the_error_of_a_single_file_is_raised(music: Path) -> None:
    with pytest.raises(CorpusError, match="drums only"):
        read_tunes([music / "drums.mid"])
    with pytest.raises(FileError, match="no such file"):
        read_tunes([music / "nothing.mid"])
    with pytest.raises(FileError, match="the folder has no music files"):
        (music / "empty").mkdir()
        read_tunes([music / "empty"])


def test_files_without_any_tune_are_an_error_with_the_reasons(music: Path) -> None:
    found = read_tunes([music / "drums.mid", music / "broken.mid"])
    with pytest.raises(
        CorpusError, match=r"no tune in 2 files can be used \(drums.mid: .*broken.mid: "
    ):
        found.require_tunes()


def test_an_unexpected_error_of_the_reader_skips_only_its_file(
    music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tune_from_score = reader.tune_from_score

    def faulty(score, path, *options):  # type: ignore[no-untyped-def]
        if Path(path).name == "a.mid":
            raise ZeroDivisionError("surprise")
        return tune_from_score(score, path, *options)

    monkeypatch.setattr(reader, "tune_from_score", faulty)
    found = read_tunes([music], cached=False)
    assert [path.name for path in found.used] == ["b.MID"]
    assert "ZeroDivisionError: surprise" in str(found.results[0])


def test_two_processes_read_the_same_tunes_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = read_tunes(rags()[:3], cached=False)
    monkeypatch.setattr(reader, "PARALLEL_FROM", 0)
    assert read_tunes(rags()[:3], cached=False) == alone


def test_progress_is_reported_after_each_file(music: Path) -> None:
    reported: list[tuple[ReadResult, int]] = []
    read_tunes([music], progress=lambda result, files: reported.append((result, files)))
    assert [files for _, files in reported] == [4] * 4

"""Files -> tunes: bars, chords, many files with a verdict each, the cache."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from helpers import midi_files as mf

from djmodel.inputs import cache, reader
from djmodel.inputs.cache import clear_cache
from djmodel.inputs.music_files import find_music, rags
from djmodel.inputs.reader import ReadResult, read_tune, read_tunes, transcribe
from djmodel.inputs.score_to_tune import changes_from_symbols, parse_bars
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.score import Measure, Symbol
from djmodel.music.tune import Change, Meter
from seqmodel.errors import CorpusError, FileError, InputError

F = Fraction
C, AM, DM, G7 = (48, 52, 55), (45, 48, 52), (50, 53, 57), (43, 47, 50, 53)
MELODY = mf.line(72, 74, 76, 77, 79, 77, 76, 74, 72, 76, 74, 77, 79, 71, 74, 71)


def write_song(path: Path, melody: list[mf.Played] = MELODY) -> Path:
    """Four bars: C, Am, Dm, G7 under a melody in quarter notes."""
    return mf.write(
        path,
        mf.Track(name="Walking Song", metas=[(0, mf.meter(4, 4)), (0, mf.tempo(90))]),
        mf.Track(melody, "Flute", 73, 0),
        mf.Track(mf.chords(C, AM, DM, G7), "Piano", 0, 1),
    )


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_song(tmp_path / "song.mid")


# --- one file ----------------------------------------------------------------------------------


def test_a_song_becomes_a_tune(song: Path) -> None:
    tune = read_tune(song)
    assert tune.title == "Walking Song"
    assert tune.tempos[0].bpm == pytest.approx(90, abs=0.001)
    assert tune.instrument.name == "Flute"
    assert [chord_symbol(c.chord) for bar in tune.bars for c in bar.changes] == [
        "C", "Am", "Dm", "G7",
    ]  # fmt: skip
    assert [note.pitch for note in tune.bars[1].melody] == [79, 77, 76, 74]
    assert [part.instrument.name for part in tune.accompaniment] == ["Piano"]
    assert sum(len(part.notes) for part in tune.accompaniment) == 13


def test_a_note_held_over_a_bar_line_is_tied(tmp_path: Path) -> None:
    # The fourth note lasts for six quarters: one in bar 1, four in bar 2, one in bar 3.
    held = [*MELODY[:3], (3, 6, 77), *MELODY[9:]]
    bars = read_tune(write_song(tmp_path / "x.mid", held)).bars
    assert [(n.onset, n.duration, n.tied) for n in bars[0].melody][-1] == (3, 1, False)
    assert [(n.onset, n.duration, n.tied) for n in bars[1].melody] == [(0, 4, True)]
    assert bars[2].melody[0].tied
    assert read_tune(write_song(tmp_path / "x.mid", held)).melody_notes()[3].duration == 6


def test_bars_from_to_count_from_one_and_include_both(song: Path) -> None:
    tune = read_tune(song, bars=(2, 3))
    assert [n.pitch for bar in tune.bars for n in bar.melody] == [79, 77, 76, 74, 72, 76, 74, 77]
    assert {note.onset for note in tune.accompaniment[0].notes} == {0, 4}


def test_the_choice_of_the_course(metheny: Path) -> None:
    # Quarter notes 476 to 548 of the guitar, over the piano.
    tune = read_tune(metheny, melody_part="Guitar", chord_part="Piano", bars=(120, 137))
    assert len(tune.bars) == 18
    assert tune.length == 548 - 476
    assert [part.instrument.name for part in tune.accompaniment] == ["Piano"]
    whole = read_tune(metheny, melody_part="Guitar", chord_part="Piano")
    first = next(n for n in whole.melody_notes() if n.onset >= 476)
    assert tune.melody_notes()[0].pitch == first.pitch


@pytest.mark.parametrize("bars", [(0, 2), (3, 2), (2, 5), (9, 9)])
def test_bars_outside_the_tune(song: Path, bars: tuple[int, int]) -> None:
    with pytest.raises(CorpusError, match=f"bars {bars[0]}:{bars[1]} are not within bars 1 to 4"):
        read_tune(song, bars=bars)


def test_bars_in_which_the_melody_rests(tmp_path: Path) -> None:
    path = write_song(tmp_path / "x.mid", MELODY[:4])
    with pytest.raises(CorpusError, match="rests only in bars 2:3"):
        read_tune(path, bars=(2, 3))


@pytest.mark.parametrize(("text", "bars"), [("120:137", (120, 137)), ("5-8", (5, 8)), (None, None)])
def test_bars_as_text(text: str | None, bars: tuple[int, int] | None) -> None:
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["", "5", "a:b", "1:2:3", ":", "-1:4"])
def test_text_that_names_no_bars(text: str) -> None:
    with pytest.raises(InputError, match="FROM:TO"):
        parse_bars(text)


def test_the_chords_of_a_lone_melody_are_inferred_and_it_is_said(tmp_path: Path) -> None:
    path = mf.write(tmp_path / "x.mid", mf.Track(MELODY, "Flute", 73))
    made = transcribe(path)
    assert made.note == "chords inferred from the melody"
    assert len(made.tune.bars[0].changes) >= 1
    assert made.tune.accompaniment == ()


def test_where_the_accompaniment_stops_the_last_chord_holds(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(MELODY, "Flute", 73, 0),
        mf.Track(mf.chords(C, G7), "Piano", 0, 1),
    )
    bars = read_tune(path).bars
    assert chord_symbol(bars[2].changes[0].chord) == "G7"
    assert not bars[2].changes[0].sounding


# --- chord symbols as written ------------------------------------------------------------------


def test_written_chords_hold_until_the_next_and_under_nc() -> None:
    dm, g7 = parse_chord_symbol("Dm7"), parse_chord_symbol("G7")
    measures = [Measure(F(4 * n), F(4), Meter(4, 4)) for n in range(4)]
    symbols = [Symbol(F(4), dm), Symbol(F(6), g7), Symbol(F(8), None), Symbol(F(14), dm)]
    assert changes_from_symbols(symbols, measures) == (
        (Change(F(0), dm, sounding=False),),
        (Change(F(0), dm), Change(F(2), g7)),
        (Change(F(0), g7, sounding=False),),
        (Change(F(0), g7, sounding=False), Change(F(2), dm)),
    )


# --- many files --------------------------------------------------------------------------------


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with two songs, one of them deeper, a broken file, drums only, and a text."""
    folder = tmp_path / "music"
    (folder / "deeper").mkdir(parents=True)
    write_song(folder / "a.mid")
    write_song(folder / "deeper" / "b.MID")
    (folder / "broken.mid").write_bytes((folder / "a.mid").read_bytes()[:100])
    mf.write(folder / "drums.mid", mf.Track(mf.line(36, 38), "Drums", channel=9))
    (folder / "readme.txt").write_text("no music")
    return folder


def test_a_folder_gives_a_verdict_for_each_file(music: Path) -> None:
    found = read_tunes([music])
    said = {result.name: str(result) for result in found.results}
    assert said["a.mid"] == "used: 4 bars"
    assert said["b.MID"] == "used: 4 bars"
    assert said["broken.mid"].startswith("skipped: the MIDI file is cut off")
    assert said["drums.mid"] == "skipped: the music has drums only, and no melody"
    assert len(said) == 4
    assert [path.name for path in found.used] == ["a.mid", "b.MID"]
    assert [tune.title for tune in found.tunes] == ["Walking Song"] * 2


def test_files_patterns_and_folders_name_each_file_once(music: Path) -> None:
    names = [music / "a.mid", f"{music}/*.mid", f"{music}/**/*.MID", music, music / "none.mid"]
    assert [path.name for path in find_music(names)] == [
        "a.mid", "broken.mid", "drums.mid", "b.MID", "none.mid",
    ]  # fmt: skip


def test_strict_stops_at_the_first_one_skipped(music: Path) -> None:
    with pytest.raises(FileError, match="cut off"):
        read_tunes([music], strict=True)


def test_the_error_of_an_only_file_is_its_own(music: Path) -> None:
    with pytest.raises(CorpusError, match="drums only"):
        read_tunes([music / "drums.mid"])
    with pytest.raises(FileError, match="no such file"):
        read_tunes([music / "nothing.mid"])
    with pytest.raises(FileError, match="the folder has no music files"):
        (music / "empty").mkdir()
        read_tunes([music / "empty"])


def test_no_tune_at_all_is_an_error_with_the_reasons(music: Path) -> None:
    found = read_tunes([music / "drums.mid", music / "broken.mid"])
    with pytest.raises(
        CorpusError, match=r"no tune in 2 files can be used \(drums.mid: .*broken.mid: "
    ):
        found.require_tunes()


def test_a_fault_of_the_reader_costs_one_file_only(
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


def test_many_processes_read_what_one_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = read_tunes(rags()[:3], cached=False)
    monkeypatch.setattr(reader, "_PARALLEL_FROM", 0)
    assert read_tunes(rags()[:3], cached=False) == alone


def test_progress_is_told_after_each_file(music: Path) -> None:
    told: list[tuple[ReadResult, int]] = []
    read_tunes([music], progress=lambda result, files: told.append((result, files)))
    assert [files for _, files in told] == [4] * 4


# --- the cache ---------------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Files that were really read, with a cache of the test's own."""
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


def test_content_options_and_reader_make_a_file_new(
    song: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_tunes([song])
    read_tunes([song], bars=(1, 2))
    read_tunes([song], melody_part="Flute")
    assert len(reads) == 3
    write_song(song, [(on, length, pitch + 1) for on, length, pitch in MELODY])
    read_tunes([song])
    assert len(reads) == 4
    monkeypatch.setattr(cache, "reader_version", lambda: "next")
    read_tunes([song])
    assert len(reads) == 5


def test_the_cache_can_be_cleared_and_stays_out_of_the_music(song: Path, reads: list[Path]) -> None:
    read_tunes([song])
    assert [path.name for path in song.parent.glob("*.mid")] == ["song.mid"]
    assert clear_cache() == 1
    assert clear_cache() == 0
    read_tunes([song])
    assert len(reads) == 2


def test_a_spoilt_cache_is_no_obstacle(song: Path, reads: list[Path], tmp_path: Path) -> None:
    read_tunes([song])
    for file in (tmp_path / "kept").iterdir():
        file.write_text("{ not json")
    assert read_tunes([song]).tunes
    assert len(reads) == 2


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    song: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJMODEL_CACHE", str(song / "in-the-way"))
    assert read_tunes([song]).tunes

"""Broken and hostile files: each is read or refused in one line, within limits of time and
memory."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import broken_files as bf
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.inputs import reader
from djmodel.inputs.limits import Deadline, LimitError, Limits
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_score, read_scores, read_tune, read_tunes, transcribe
from djmodel.inputs.score_to_tune import ReadOptions
from djmodel.outputs.midi import midi_bytes, write_midi
from djmodel.values import grammar
from seqmodel.errors import FileError, InputError


def read_or_refuse(path: Path, limits: Limits | None = None) -> str:
    """The error, which has one line, or "" if the file is read; any other exception fails."""
    reason = ""
    try:
        made = transcribe(path, ReadOptions(limits=limits or Limits()))
    except InputError as error:
        reason = str(error)
    else:
        assert made.tune.melody_notes()
        grammar.encode(made.tune)
        midi_bytes(made.tune)
    assert not reason or str(path) in reason
    assert "\n" not in reason
    return reason


# --- MIDI ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", bf.TUNES)
def test_unusual_midi_files_are_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.mid"
    path.write_bytes(bf.TUNES[name])
    made = transcribe(path)
    assert [note.pitch for note in made.tune.melody_notes()][:4] == [64, 65, 67, 64]
    write_midi(made.tune, tmp_path / "again.mid")
    assert read_or_refuse(tmp_path / "again.mid") == ""


@pytest.mark.parametrize("name", bf.REFUSED)
def test_broken_midi_files_are_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    content, reason = bf.REFUSED[name]
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    assert reason in read_or_refuse(path)


def test_names_cannot_control_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(bf.TUNES["name with terminal control sequences"])
    [part] = transcribe(path).score.parts
    assert part.name == "[2J]0;gone [red]"


def test_long_names_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(bf.TUNES["name of a megabyte"])
    assert transcribe(path).score.parts[0].name == "x" * 200


# --- sheet music ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", bf.SHEETS_REFUSED)
def test_broken_sheet_music_is_refused_with_the_reason(name: str, tmp_path: Path) -> None:
    content, reason = bf.SHEETS_REFUSED[name]
    (tmp_path / name).write_text(content)
    assert reason in read_or_refuse(tmp_path / name)


@pytest.mark.parametrize("name", bf.ODD_SHEETS)
def test_unusual_sheet_music_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(bf.ODD_SHEETS[name])
    read_or_refuse(tmp_path / name)


def test_a_document_type_without_entities_is_accepted(tmp_path: Path) -> None:
    doctype = (
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" '
        '"http://www.musicxml.org/dtds/partwise.dtd">'
    )
    path = tmp_path / "x.musicxml"
    path.write_text(bf.music_xml(bf.SCALE, doctype))
    assert read_or_refuse(path) == ""


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = bf.zip_bomb(tmp_path / "bomb.mxl", 60)
    assert path.stat().st_size < 100_000
    assert "the unpacked file is larger than 50 MB" in read_or_refuse(path)


def test_an_archive_that_declares_a_wrong_size_is_refused(tmp_path: Path) -> None:
    assert "the archive is damaged" in read_or_refuse(
        bf.archive_of_wrong_size(tmp_path / "lie.mxl")
    )


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "limits", "message"),
    [
        ("", Limits(max_notes=999), "more than 999 notes"),
        ("", Limits(max_file_megabytes=0), "larger than 0 MB"),
        (bf.METER_CHANGE, Limits(max_seconds=0.1), "takes more than 0.1 s"),
        pytest.param(
            bf.METER_CHANGE,
            Limits(max_megabytes=5),
            "takes more than 5 MB of memory",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux only"),
        ),
    ],
)
def test_sheet_music_beyond_the_limits_is_refused(
    tmp_path: Path, end: str, limits: Limits, message: str
) -> None:
    path = tmp_path / "long.musicxml"
    path.write_text(
        bf.music_xml(bf.SCALE * 250).replace("</measure></part>", f"{end}</measure></part>")
    )
    with pytest.raises(LimitError, match=message):
        transcribe(path, ReadOptions(limits=limits))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(max_notes=999), "more than 999 notes"),
        (Limits(max_file_megabytes=0), "larger than 0 MB"),
    ],
)
def test_midi_files_beyond_the_limits_are_refused(limits: Limits, message: str) -> None:
    with pytest.raises(LimitError, match=message):
        transcribe(rags()[0], ReadOptions(limits=limits))


def test_the_deadline_is_checked_while_a_midi_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.mid"
    path.write_bytes(bf.song(b"\x00\xb0\x01\x02" * 200_000))
    hours = iter(range(0, 36_000_000, 3600))
    deadline = Deadline(Limits(max_seconds=30_000), path, clock=lambda: next(hours))
    # Later steps check four times.
    with pytest.raises(LimitError, match="takes more than 30000 s") as caught:
        read_score(path, deadline)
    assert caught.value.fields == ("max_seconds",)
    assert next(hours) == 10 * 3600


def test_a_tune_book_has_time_for_each_of_its_tunes(tmp_path: Path) -> None:
    # Each tune takes a part of the time that a file has; all of them together take more.
    tune = "M:4/4\nL:1/4\nK:C\nCDEF|GABc|\n\n"
    path = tmp_path / "book.abc"
    path.write_text("".join(f"X:{number}\n{tune}" for number in range(1, 42)))
    deadline = Deadline(Limits(max_seconds=7), path)
    assert len(read_scores(path, deadline)) == 41
    assert deadline.seconds == 3 * 7
    deadline.allow(2_000)
    assert deadline.seconds == 100 * 7


def test_the_commands_apply_the_limits_of_their_options(refuses, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rag = rags()[0]
    read_tunes([rag])  # what was read before and is kept has its notes, too
    assert "more than 10 notes" in refuses("djmodel.inspect", rag, "--max-notes", 10)
    assert "at least 0.1" in refuses("djmodel.inspect", rag, "--max-seconds", 0)
    assert "at least 0.1" in refuses("djmodel.inspect", rag, "--max-seconds", "nan")
    assert "at most 100,000" in refuses("djmodel.inspect", rag, "--max-seconds", 1e10)
    assert "more than 10 notes" in refuses(
        "djmodel.train", rag, "--max-notes", 10, "--out", tmp_path
    )


def test_a_file_of_6_000_tempos_is_shown(
    command,
    tmp_path: Path,  # type: ignore[no-untyped-def]
) -> None:
    path = tmp_path / "tempos.mid"
    tempos = b"".join(b"\x30\xff\x51\x03\x07\xa1" + bytes([n % 251]) for n in range(6_000))
    path.write_bytes(bf.header() + bf.track(bf.SONG, tempos, bf.SONG))
    done = command("djmodel.inspect", path)
    assert "5995 more" in done.out


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_reading_a_million_notes_stays_below_500_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "many.mid"
    path.write_bytes(bf.simultaneous_notes(1_000_000))
    code = (
        "from djmodel import inspect\n"
        "try: inspect.main()\n"
        "finally: print(open('/proc/self/status').read())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr.count("\n") == 1
    [peak] = [line.split()[1] for line in ran.stdout.splitlines() if line.startswith("VmHWM")]
    assert int(peak) < 500 * 1024


# --- pipes, devices, folders, links --------------------------------------------------------------

needs_posix = pytest.mark.skipif(os.name != "posix", reason="no such files there")


@needs_posix
@pytest.mark.parametrize("ending", [".mid", ".xml", ".abc"])
def test_a_pipe_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"pipe{ending}"
    os.mkfifo(path)
    assert "a pipe or a device" in read_or_refuse(path)
    with pytest.raises(FileError, match="a pipe or a device"):
        read_tunes([path])
    with pytest.raises(FileError, match="no music files"):
        read_tunes([tmp_path])  # in a folder it is no music


@needs_posix
def test_a_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zero.mid"
    path.symlink_to("/dev/zero")
    assert "a pipe or a device" in read_or_refuse(path)


@needs_posix
def test_circular_links_are_not_followed(tmp_path: Path) -> None:
    one, other, folder = tmp_path / "one.mid", tmp_path / "other.mid", tmp_path / "folder"
    one.symlink_to(other)
    other.symlink_to(one)
    folder.symlink_to(tmp_path, target_is_directory=True)
    assert "no such file" in read_or_refuse(one)
    song = tmp_path / "song.mid"
    song.write_bytes(bf.song())
    found = read_tunes([tmp_path, one, folder / "folder" / "song.mid"])
    assert [result.path.name for result in found.results] == ["song.mid", "one.mid"]
    assert "no such file" in str(found.results[1])


def test_a_folder_named_like_a_music_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "folder.mid"
    path.mkdir()
    assert "a folder" in read_or_refuse(path)


def test_a_path_that_no_file_can_have_is_skipped(tmp_path: Path) -> None:
    for name in ("x" * 5000 + ".mid", "a\0b.mid"):
        results = read_tunes([tmp_path / name, rags()[0]], cached=False).results
        assert [result.tune is None for result in results] == [True, False]


def test_a_file_that_is_rewritten_while_it_is_read_is_not_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song.mid"
    first, second = bf.song(), bf.song(bytes.fromhex("00904850 604800"))
    path.write_bytes(first)
    read_scores = reader.read_scores

    def overtaken(*arguments):  # type: ignore[no-untyped-def]
        path.write_bytes(second)
        return read_scores(*arguments)

    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr(reader, "read_scores", overtaken)
    assert len(read_tunes([path]).tunes[0].melody_notes()) == 5
    monkeypatch.undo()
    monkeypatch.setenv("DJMODEL_CACHE", str(tmp_path / "kept"))
    path.write_bytes(first)
    assert len(read_tunes([path]).tunes[0].melody_notes()) == 4


def test_a_file_deleted_while_it_is_read_is_reported_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(bf.song())
    read_scores = reader.read_scores

    def gone(*arguments):  # type: ignore[no-untyped-def]
        path.unlink(missing_ok=True)
        return read_scores(*arguments)

    monkeypatch.setattr(reader, "read_scores", gone)
    results = read_tunes([path, rags()[0]], cached=False).results
    assert "no such file" in str(results[0])
    assert results[1].tune is not None


# --- mutations of real files ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def beginnings() -> list[bytes]:
    """The first 16 bars of four rags, as files."""
    return [midi_bytes(reader.read_tune(path).excerpt(1, 16)) for path in rags()[:4]]


@given(seed=st.integers(0, 2**32), which=st.integers(0, 3))
@settings(max_examples=50)
def test_damaged_midi_files_are_read_or_refused_in_one_line(
    beginnings: list[bytes], tmp_path_factory: pytest.TempPathFactory, seed: int, which: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.mid"
    accident = bf.damaged if seed % 2 else bf.damaged_events
    path.write_bytes(accident(beginnings[which], random.Random(seed)))
    read_or_refuse(path)


@given(seed=st.integers(0, 2**32), name=st.sampled_from(["x.musicxml", "x.abc", "x.krn"]))
@settings(max_examples=20)
def test_damaged_sheet_music_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, seed: int, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(bf.damaged(bf.SHEETS[path.suffix].encode(), random.Random(seed)))
    read_or_refuse(path)


def test_a_tune_book_of_thousands_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("djmodel.inputs.sheet_music.sandbox", None)  # nothing is given to music21
    path = tmp_path / "book.abc"
    path.write_text("".join(f"X:{number}\nK:C\nCDEF|\n\n" for number in range(1, 5_001)))
    with pytest.raises(LimitError, match="5,000 tunes, more than 2,000; divide it into several"):
        read_tune(path)

"""MIDI files as scores: parts, bars, tempos, key; music21 as the oracle."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction
from pathlib import Path

import mido
import pytest
from helpers import midi_files as mf

from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_score
from djmodel.inputs.score import Measure
from djmodel.music.meter import Meter
from djmodel.music.tune import Tempo
from seqmodel.errors import FileError

F = Fraction


# --- parts, bars, tempos, key, title -----------------------------------------------------------


def test_each_channel_of_a_single_track_is_a_part(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "type0.mid",
        mf.Track(mf.line(72, 74), program=73, channel=0),
        mf.Track(mf.chords((48, 52, 55)), program=24, channel=3),
        mf.Track(mf.line(36, 38), channel=9),
        one_track=True,
    )
    parts = read_score(path).parts
    assert [(part.name, part.instrument.program, part.drums) for part in parts] == [
        ("Flute", 73, False),
        ("Acoustic Guitar (nylon)", 24, False),
        ("Drums", 0, True),
    ]


def test_a_drum_kit_is_known_by_its_notes_on_any_channel(tmp_path: Path) -> None:
    """Bass drum and hi-hat, hi-hat, snare and hi-hat, hi-hat; beside it a bass in B major, whose
    notes are all those of a kit, one at a time."""
    kit = mf.chords(*[(36, 42), (42,), (38, 42), (42,)] * 4)
    bass = mf.line(*[35, 39, 42, 40, 35, 37, 39, 46] * 2)
    path = mf.write(tmp_path / "x.mid", mf.Track(kit, channel=4), mf.Track(bass, channel=2))
    assert [part.drums for part in read_score(path).parts] == [True, False]


def test_meters_tempos_and_key_are_read(tmp_path: Path) -> None:
    conductor = mf.Track(
        name="Song of the Meters",
        metas=[
            (0, mf.meter(3, 4)),
            (6, mf.meter(6, 8)),
            (0, mf.tempo(100)),
            (6, mf.tempo(150)),
            (0, mido.MetaMessage("key_signature", key="Eb")),
        ],
    )
    score = read_score(mf.write(tmp_path / "x.mid", conductor, mf.Track(mf.line(*[60] * 10))))
    assert score.title == "Song of the Meters"
    assert score.measures == (
        Measure(F(0), F(3), Meter(3, 4)),
        Measure(F(3), F(3), Meter(3, 4)),
        Measure(F(6), F(3), Meter(6, 8)),
        Measure(F(9), F(3), Meter(6, 8)),
    )
    assert score.tempos == (Tempo(F(0), 100.0), Tempo(F(6), 150.0))
    assert score.key == -3


def test_a_first_short_bar_is_a_pick_up_of_the_next_meter(tmp_path: Path) -> None:
    conductor = mf.Track(metas=[(0, mf.meter(1, 4)), (1, mf.meter(4, 4))])
    score = read_score(mf.write(tmp_path / "x.mid", conductor, mf.Track(mf.line(*[60] * 9))))
    assert [(m.length, m.meter) for m in score.measures] == [
        (F(1), Meter(4, 4)),
        (F(4), Meter(4, 4)),
        (F(4), Meter(4, 4)),
    ]


def test_a_change_of_meter_inside_a_bar_cuts_it(tmp_path: Path) -> None:
    conductor = mf.Track(metas=[(0, mf.meter(4, 4)), (6, mf.meter(3, 4))])
    score = read_score(mf.write(tmp_path / "x.mid", conductor, mf.Track(mf.line(*[60] * 9))))
    assert [m.length for m in score.measures] == [4, 2, 3]


def test_without_a_time_signature_bars_have_four_beats(tmp_path: Path) -> None:
    score = read_score(mf.write(tmp_path / "rain.mid", mf.Track(mf.line(*[60] * 5))))
    assert [m.meter for m in score.measures] == [Meter(4, 4), Meter(4, 4)]
    assert score.title == "rain"
    assert score.key is None


def test_a_file_that_declares_endless_bars_is_refused(tmp_path: Path) -> None:
    path = mf.write(tmp_path / "x.mid", mf.Track([(0, 1, 60), (5_000_000, 1, 60)]))
    with pytest.raises(FileError, match="more than 10,000 bars"):
        read_score(path)


# --- refused files -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "the file is empty"),
        (b"These are words.", "does not begin like a MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
    ],
)
def test_a_file_that_is_not_midi_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "song.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=message) as caught:
        read_score(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="a folder"):
        read_score(tmp_path)


def test_a_truncated_file_is_refused_and_its_track_named(tmp_path: Path) -> None:
    whole = rags()[0].read_bytes()
    path = tmp_path / "half.mid"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="cut off in track 2 of 3"):
        read_score(path)


# --- music21 as the oracle ---------------------------------------------------------------------


ROLLED = F(1, 16)  # music21 takes notes within this time for one chord, at the onset of the first


def notes_of_music21(path: Path) -> list[list[tuple[Fraction, Fraction, int]]]:
    """Of each part the pitches, with the earliest and the latest onset that they may have.

    Counted bar by bar: where notes of several voices are held over a bar line, music21 makes the
    bar longer than its meter, and all that comes after it would be late."""
    from music21 import converter

    score = converter.parse(path, forceSource=True, quantizePost=False)
    parts = []
    for part in score.parts:
        found = []
        start = F(0)
        for bar in part.getElementsByClass("Measure"):
            for voice in (bar, *bar.voices):
                for element in voice.notes:
                    if element.tie is None or element.tie.type == "start":
                        at = element.offset + (voice.offset if voice is not bar else 0)
                        onset = start + F(at).limit_denominator(10080)
                        late = ROLLED if element.isChord else F(0)
                        found += [(onset, onset + late, pitch.midi) for pitch in element.pitches]
            start += F(bar.barDuration.quarterLength)
        parts.append(found)
    return parts


def assert_equal_to_music21(path: Path, farthest: Fraction) -> None:
    """Asserts that the notes are those of music21, moved by no more than `farthest`."""
    score, theirs = read_score(path), notes_of_music21(path)
    assert len(score.parts) == len(theirs)
    for part, expected in zip(score.parts, theirs, strict=True):
        if part.drums:
            continue  # music21 has no pitches for drums
        ours = {(note.onset, note.pitch) for note in part.notes}
        onsets: dict[int, list[Fraction]] = {}
        for onset, pitch in sorted(ours):
            onsets.setdefault(pitch, []).append(onset)
        matched = set()
        for early, late, pitch in expected:
            its = onsets.get(pitch, [])
            near = its[bisect_left(its, early - farthest) : bisect_right(its, late + farthest)]
            assert near, (part.name, early, pitch)
            matched |= {(onset, pitch) for onset in near}
        assert matched == ours


@pytest.mark.parametrize("path", rags()[:3], ids=lambda path: path.stem)
def test_notes_equal_those_of_music21_on_the_grid(path: Path) -> None:
    assert_equal_to_music21(path, F(1, 48))


def test_notes_of_the_courses_file_equal_those_of_music21(metheny: Path, tmp_path: Path) -> None:
    # Its first 40 bars, played by hand by eleven instruments.
    file = mido.MidiFile(metheny)
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and now >= 160 * file.ticks_per_beat:
                message.velocity = 0
    file.save(tmp_path / "beginning.mid")
    assert len(read_score(tmp_path / "beginning.mid").parts) >= 4
    assert_equal_to_music21(tmp_path / "beginning.mid", F(1, 8))


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_only_notes_off_the_grid_are_moved(path: Path) -> None:
    # Grace notes; thirty-seconds and sextuplets stay as they are.
    file = mido.MidiFile(path)
    off = 0
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            begins = message.type == "note_on" and message.velocity
            off += bool(begins and 24 * now % file.ticks_per_beat)
    assert read_score(path).quantization.moved == off

"""Scores: what a MIDI file says, on the grid; and tunes written as MIDI files."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import mido
import pretty_midi
import pytest
from helpers import midi_files as mf
from helpers.handmade_tunes import blues
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_score, read_tune
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.quantization import TickQuantizer, quantize, quantize_time
from djmodel.music.score import Measure
from djmodel.music.tune import Bar, Change, Instrument, Meter, Note, Part, Tempo, Tune
from djmodel.outputs.midi import write_midi
from seqmodel.errors import FileError

F = Fraction


def only_part(score: Any) -> list[tuple[Fraction, Fraction, int]]:
    [part] = score.parts
    return [(note.onset, note.duration, note.pitch) for note in part.notes]


# --- the grid ----------------------------------------------------------------------------------


@given(st.fractions(0, 50, max_denominator=480))
def test_grid_points_are_the_nearest_fourths_and_thirds(time: Fraction) -> None:
    point = quantize_time(time)
    assert (point * 4).denominator == 1 or (point * 3).denominator == 1
    candidates = [F(round(time * n), n) for n in (3, 4)]
    assert abs(point - time) == min(abs(c - time) for c in candidates)


def test_notes_are_moved_to_the_grid_and_counted(tmp_path: Path) -> None:
    # Played by hand: a bit late, a swung quaver, one note cut short, one in time.
    played = [(0.04, 0.6, 60), (0.69, 0.3, 62), (1, 0.8, 64), (2, 1, 65)]
    score = read_score(mf.write(tmp_path / "played.mid", mf.Track(played)))
    assert only_part(score) == [
        (F(0), F(2, 3), 60),
        (F(2, 3), F(1, 3), 62),
        (F(1), F(3, 4), 64),
        (F(2), F(1), 65),
    ]
    assert (score.quantization.moved, score.quantization.resized) == (2, 1)


def test_two_notes_of_a_pitch_on_one_point_become_one(tmp_path: Path) -> None:
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track([(0, 0.05, 60), (0.06, 1, 60)])))
    assert only_part(score) == [(F(0), F(1), 60)]
    assert score.quantization.merged == 1


def test_a_note_too_short_for_the_grid_keeps_a_step() -> None:
    grid_notes, _ = quantize(
        [(0, 5, 60, 80), (160, 161, 62, 80), (240, 250, 64, 80)], TickQuantizer(480)
    )
    assert [(s.start, s.end) for s in grid_notes] == [(0, 3), (4, 8), (6, 9)]


def test_notes_without_length_are_dropped_and_counted(tmp_path: Path) -> None:
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track([(0, 1, 60), (1, 0, 62)])))
    assert [pitch for _, _, pitch in only_part(score)] == [60]
    assert score.quantization.dropped == 1


@pytest.mark.parametrize("ticks", [96, 120, 192, 384, 480, 960, 10080])
def test_a_quantised_file_is_not_changed(tmp_path: Path, ticks: int) -> None:
    notes = mf.line(*range(60, 68), length=F(1, 3)) + mf.line(72, 74, 76, length=F(1, 4), start=4)
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track(notes), ticks=ticks))
    assert not any(
        (
            score.quantization.moved,
            score.quantization.merged,
            score.quantization.dropped,
            score.quantization.resized,
        )
    )
    assert only_part(score) == [(F(on), F(length), pitch) for on, length, pitch in notes]


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


def test_meters_tempos_and_key(tmp_path: Path) -> None:
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


def test_a_file_that_claims_endless_bars_is_refused(tmp_path: Path) -> None:
    path = mf.write(tmp_path / "x.mid", mf.Track([(0, 1, 60), (5_000_000, 1, 60)]))
    with pytest.raises(FileError, match="more than 10,000 bars"):
        read_score(path)


# --- what cannot be read -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such file"),
        (b"", "the file is empty"),
        (b"These are words.", "does not begin like a MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "no notes"),
    ],
)
def test_what_is_no_midi_file(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "song.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=says) as caught:
        read_score(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_midi_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="a folder"):
        read_score(tmp_path)


def test_a_truncated_file_is_named_so(tmp_path: Path) -> None:
    whole = rags()[0].read_bytes()
    path = tmp_path / "half.mid"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="cut off in track 2 of 3"):
        read_score(path)


# --- music21 as the oracle ---------------------------------------------------------------------


ROLLED = F(1, 16)  # music21 takes notes within this time for one chord, at the onset of the first


def notes_of_music21(path: Path) -> list[list[tuple[Fraction, Fraction, int]]]:
    """Of each part the pitches and, on the grid, the earliest and latest onset they may have.

    Counted bar by bar: where notes of several voices go on over a bar line, music21 makes the bar
    longer than its meter, and all that comes after it would be late."""
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
                        for pitch in element.pitches:
                            found.append(
                                (quantize_time(onset), quantize_time(onset + late), pitch.midi)
                            )
            start += F(bar.barDuration.quarterLength)
        parts.append(found)
    return parts


def assert_equal_to_music21(path: Path) -> None:
    score, theirs = read_score(path), notes_of_music21(path)
    assert len(score.parts) == len(theirs)
    for part, expected in zip(score.parts, theirs, strict=True):
        ours = {(note.onset, note.pitch) for note in part.notes}
        matched = [{(early, pitch), (late, pitch)} & ours for early, late, pitch in expected]
        assert all(matched) or part.drums  # music21 has no pitches for drums
        assert set().union(*matched) == ours or part.drums


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_notes_equal_those_of_music21_on_the_grid(path: Path) -> None:
    assert_equal_to_music21(path)


def test_notes_of_the_course_s_file_equal_those_of_music21(metheny: Path, tmp_path: Path) -> None:
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
    assert_equal_to_music21(tmp_path / "beginning.mid")


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_only_what_is_off_the_grid_is_moved(path: Path) -> None:
    # Thirty-seconds, sextuplets and grace notes, which no fourth or third of a quarter note has.
    file = mido.MidiFile(path)
    off = 0
    for track in file.tracks:
        now = 0
        for message in track:
            now += message.time
            begins = message.type == "note_on" and message.velocity
            off += bool(begins and 4 * now % file.ticks_per_beat and 3 * now % file.ticks_per_beat)
    assert read_score(path).quantization.moved == off


# --- writing -----------------------------------------------------------------------------------


def heard_by_mido(path: Path) -> list[list[tuple[float, float, int]]]:
    file = mido.MidiFile(path)
    tracks = []
    for track in file.tracks:
        now, begun, notes = 0, {}, []
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                begun[message.note] = now
            elif message.type in ("note_off", "note_on"):
                start = begun.pop(message.note)
                notes.append((start, now, message.note))
        tracks.append(
            sorted((a / file.ticks_per_beat, b / file.ticks_per_beat, p) for a, b, p in notes)
        )
    return [notes for notes in tracks if notes]


def heard_by_music21(path: Path) -> list[list[tuple[float, float, int]]]:
    from music21 import converter

    score = converter.parse(path, forceSource=True)
    return [
        sorted(
            (float(e.offset), float(e.offset + e.quarterLength), pitch.midi)
            for e in part.stripTies().flatten().notes
            for pitch in e.pitches
        )
        for part in score.parts
    ]


def heard_by_symusic(path: Path) -> list[list[tuple[float, float, int]]]:
    import symusic

    score = symusic.Score(path)
    quarter = score.ticks_per_quarter
    return [
        sorted((n.start / quarter, n.end / quarter, n.pitch) for n in track.notes)
        for track in score.tracks
    ]


def heard_by_pretty_midi(path: Path, bpm: float) -> list[list[tuple[float, float, int]]]:
    beat = 60 / bpm
    return [
        sorted((n.start / beat, n.end / beat, n.pitch) for n in instrument.notes)
        for instrument in pretty_midi.PrettyMIDI(str(path)).instruments
    ]


def approximately(parts: list[list[tuple[float, float, int]]]) -> list[list[tuple[float, ...]]]:
    return [[tuple(round(x, 3) for x in note) for note in part] for part in parts]


def notes_of(tune: Tune) -> list[list[tuple[float, float, int]]]:
    parts = [tune.melody_notes(), *(part.notes for part in tune.accompaniment)]
    return [sorted((float(n.onset), float(n.end), n.pitch) for n in part) for part in parts]


def test_all_libraries_hear_the_same_notes(tmp_path: Path) -> None:
    path = tmp_path / "blues.mid"
    write_midi(blues(), path)
    expected = approximately(notes_of(blues()))
    assert approximately(heard_by_mido(path)) == expected
    assert approximately(heard_by_music21(path)) == expected
    assert approximately(heard_by_symusic(path)) == expected
    assert approximately(heard_by_pretty_midi(path, 132)) == expected


def test_written_files_keep_title_tempos_meters_key_and_instruments(tmp_path: Path) -> None:
    c = (Change(F(0), parse_chord_symbol("C")),)
    tune = Tune(
        title="Für Ännchen",
        bars=(
            Bar(Meter(4, 4), F(1), (Note(67, F(0), F(1)),), c),  # a pick-up
            Bar(Meter(4, 4), F(4), (Note(72, F(0), F(4)),), c),
            Bar(Meter(6, 8), F(3), (Note(72, F(0), F(3), tied=True),), c),
        ),
        tempos=(Tempo(F(0), 96.0), Tempo(F(5), 150.0)),
        instrument=Instrument("Solo Sax", 66),
        accompaniment=(Part(Instrument("Nylon", 24), (Note(48, F(1), F(4)),)),),
        key=2,
    )
    path = tmp_path / "x.mid"
    write_midi(tune, path)
    score = read_score(path)
    assert score.title == tune.title
    assert score.tempos == tune.tempos
    assert score.key == tune.key
    assert [(m.meter, m.length) for m in score.measures] == [
        (bar.meter, bar.length) for bar in tune.bars
    ]
    assert [part.instrument for part in score.parts] == [
        tune.instrument,
        tune.accompaniment[0].instrument,
    ]
    again = read_tune(path, melody_part=1, chord_part=2)
    assert again.melody_notes() == tune.melody_notes()
    assert again.bars[2].melody == tune.bars[2].melody  # held over the bar line


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_writing_and_reading_gives_the_same_tune(path: Path, tmp_path: Path) -> None:
    tune = read_tune(path)
    write_midi(tune, tmp_path / "x.mid")
    score = read_score(tmp_path / "x.mid")
    assert (score.quantization.moved, score.quantization.merged, score.quantization.dropped) == (
        0,
        0,
        0,
    )
    again = read_tune(tmp_path / "x.mid", melody_part=1, chord_part=2)
    assert again == replace(tune, bars=again.bars)
    assert [bar.melody for bar in again.bars] == [bar.melody for bar in tune.bars]
    assert [bar.changes for bar in again.bars] == [bar.changes for bar in tune.bars]


melodies = st.lists(
    st.tuples(st.sampled_from([F(1, 4), F(1, 3), F(1, 2), F(1)]), st.integers(40, 90) | st.none()),
    min_size=1,
    max_size=12,
).filter(lambda notes: any(pitch is not None for _, pitch in notes))


@given(notes=melodies)
def test_any_melody_on_the_grid_comes_back(
    notes: list[tuple[Fraction, int | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    melody, onset = [], F(0)
    for duration, pitch in notes:
        onset = quantize_time(onset)
        if pitch is not None and (onset + duration) == quantize_time(onset + duration):
            melody.append(Note(pitch, onset, duration))
        onset += duration
    if not melody:
        return
    bar = Bar(Meter(12, 4), F(12), tuple(melody), (Change(F(0), parse_chord_symbol("C")),))
    path = tmp_path_factory.mktemp("melody") / "x.mid"
    write_midi(Tune("x", (bar,)), path)
    assert [(n.pitch, n.onset, n.duration) for n in read_score(path).parts[0].notes] == [
        (n.pitch, n.onset, n.duration) for n in melody
    ]


def test_drums_channel_is_never_given_to_a_part(tmp_path: Path) -> None:
    part = Part(Instrument("Piano", 0), (Note(60, F(0), F(1)),))
    many = replace(blues(), accompaniment=(part,) * 20)
    write_midi(many, tmp_path / "x.mid")
    channels = [
        m.channel for m in mido.MidiFile(tmp_path / "x.mid") if m.type == "note_on" and m.velocity
    ]
    assert len(read_score(tmp_path / "x.mid").parts) == 21
    assert 9 not in channels


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError):
        write_midi(blues(), tmp_path / "file" / "x.mid")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]

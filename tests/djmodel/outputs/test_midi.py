"""Tunes written as MIDI files, read by other libraries and by this one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import mido
import pretty_midi
import pytest
from helpers.handmade_tunes import blues
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs import midi_parser
from djmodel.inputs.music_files import rags
from djmodel.inputs.quantization import quantize_time
from djmodel.inputs.reader import read_score, read_tune
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.inputs.wjazzd.solos import bundled_file, read_solos
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Instrument, Note, Part, Tempo, Tune
from djmodel.outputs.midi import midi_bytes, write_midi
from djmodel.outputs.performance.config import PerformanceConfig
from djmodel.outputs.performance.perform import perform
from seqmodel.errors import FileError

F = Fraction


def notes_by_mido(path: Path) -> list[list[tuple[float, float, int]]]:
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


def notes_by_music21(path: Path) -> list[list[tuple[float, float, int]]]:
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


def notes_by_symusic(path: Path) -> list[list[tuple[float, float, int]]]:
    import symusic

    score = symusic.Score(path)
    quarter = score.ticks_per_quarter
    return [
        sorted((n.start / quarter, n.end / quarter, n.pitch) for n in track.notes)
        for track in score.tracks
    ]


def notes_by_pretty_midi(path: Path, bpm: float) -> list[list[tuple[float, float, int]]]:
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


def test_other_libraries_read_the_same_notes(tmp_path: Path) -> None:
    path = tmp_path / "blues.mid"
    write_midi(blues(), path)
    expected = approximately(notes_of(blues()))
    assert approximately(notes_by_mido(path)) == expected
    assert approximately(notes_by_music21(path)) == expected
    assert approximately(notes_by_symusic(path)) == expected
    assert approximately(notes_by_pretty_midi(path, 132)) == expected


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


@pytest.mark.parametrize(
    ("name", "humanize"), [("EricDolphy_Aisha", 0), ("DavidMurray_BodyAndSoul-2", 1)]
)
def test_a_solo_with_sixths_and_24ths_is_read_back_without_a_lost_note(
    tmp_path: Path, name: str, humanize: float
) -> None:
    [solo] = read_solos(bundled_file(), SoloFilter(solo=(name,)))
    tune = solo.tune
    assert tune is not None
    assert any(note.onset.denominator > 4 for note in tune.melody_notes())
    config = PerformanceConfig(humanize=humanize)
    write_midi(perform(tune, config), tmp_path / "x.mid")
    again = read_tune(tmp_path / "x.mid", melody_part=1)
    expected = [(note.onset, note.pitch) for note in tune.melody_notes()]
    assert [(note.onset, note.pitch) for note in again.melody_notes()] == expected


def test_a_rest_as_short_as_a_sixth_is_read_back(tmp_path: Path) -> None:
    # Eighths for three bars, and then an eighth, the rest of a triplet's sixteenth, and two notes.
    eighths = [Note(60 + n % 5, F(n, 2), F(1, 2)) for n in range(24)]
    turn = [Note(65, F(12), F(1, 2)), Note(67, F(38, 3), F(1, 6)), Note(69, F(77, 6), F(1, 3))]
    changes = (Change(F(0), parse_chord_symbol("F7")),)
    tune = Tune("x", (Bar(Meter(4, 4), F(4), (), changes),) * 4).with_melody([*eighths, *turn])
    write_midi(tune, tmp_path / "x.mid")
    assert read_tune(tmp_path / "x.mid").melody_notes() == tune.melody_notes()


melodies = st.lists(
    st.tuples(
        st.sampled_from([F(1, 24), F(1, 8), F(1, 6), F(1, 4), F(1, 3), F(1, 2), F(1)]),
        st.integers(40, 90) | st.none(),
    ),
    min_size=1,
    max_size=12,
).filter(lambda notes: any(pitch is not None for _, pitch in notes))


@given(notes=melodies)
def test_any_melody_on_the_grid_is_unchanged_by_writing_and_reading(
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


def test_no_pitched_part_is_on_the_channel_of_the_drums(tmp_path: Path) -> None:
    part = Part(Instrument("Piano", 0), (Note(60, F(0), F(1)),))
    many = replace(blues(), accompaniment=(part,) * 20)
    write_midi(many, tmp_path / "x.mid")
    channels = [
        m.channel for m in mido.MidiFile(tmp_path / "x.mid") if m.type == "note_on" and m.velocity
    ]
    assert len(read_score(tmp_path / "x.mid").parts) == 21
    assert 9 not in channels


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FileError):
        write_midi(blues(), tmp_path / "file" / "x.mid")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_text_and_a_title_in_any_script_are_kept(tmp_path: Path) -> None:
    tune, text = replace(blues(), title="Черный кот – 黒い猫"), '{"made by": "Ännchen", "seed": 3}'
    path = tmp_path / "x.mid"
    path.write_bytes(midi_bytes(tune, text))
    assert read_score(path).title == tune.title
    texts = [
        m.data.decode()
        for m in midi_parser.parse(path.read_bytes()).tracks[0].metas
        if m.kind == midi_parser.TEXT
    ]
    assert texts == [text]

"""The bytes of MIDI files, against music21's event reader."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from music21 import midi
from music21.midi import translate

from djmodel.inputs import midi_parser
from djmodel.inputs.midi_parser import DamagedFileError, RawNote, Track
from djmodel.inputs.music_files import rags


def events_of_music21(path: Path) -> list[list[tuple[int, int, int, int, int]]]:
    file = midi.MidiFile()
    file.open(path)
    file.read()
    file.close()
    return [
        sorted(
            (note.onTime, note.offTime, note.event.channel, note.event.pitch, note.event.velocity)
            for note in translate.getNotesFromEvents(translate.getTimeForEvents(track))
        )
        for track in file.tracks
    ]


@pytest.mark.parametrize("path", rags(), ids=lambda path: path.stem)
def test_notes_equal_those_of_music21(path: Path) -> None:
    tracks = midi_parser.parse(path.read_bytes()).tracks
    assert [list(map(tuple, track.notes)) for track in tracks] == events_of_music21(path)


def track_bytes(events: bytes) -> bytes:
    header = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 96])
    return header + b"MTrk" + len(events).to_bytes(4, "big") + events


def only_track(events: bytes) -> Track:
    return midi_parser.parse(track_bytes(events)).tracks[0]


def test_running_status_and_note_on_of_velocity_zero_are_read() -> None:
    # One status byte for on and off: 0x90, then data only; velocity 0 ends the note.
    track = only_track(bytes([0, 0x90, 60, 80, 96, 60, 0, 0, 62, 70, 96, 62, 0]))
    assert track.notes == [RawNote(0, 96, 1, 60, 80), RawNote(96, 192, 1, 62, 70)]


def test_a_note_ends_where_the_same_pitch_begins_again() -> None:
    # On at 0, on again at 96 and only then the off of the first, the off of the second at 192.
    events = [0, 0x90, 60, 80, 96, 0x90, 60, 70, 0, 0x80, 60, 0, 96, 0x80, 60, 0]
    assert only_track(bytes(events)).notes == [
        RawNote(0, 96, 1, 60, 80),
        RawNote(96, 192, 1, 60, 70),
    ]


def test_notes_that_never_end_are_counted() -> None:
    track = only_track(bytes([0, 0x90, 60, 80, 96, 0x90, 62, 80, 96, 0x80, 62, 0]))
    assert track.notes == [RawNote(96, 192, 1, 62, 80)]
    assert track.unended == 1


def test_smpte_time_counts_half_a_second_as_a_quarter_note() -> None:
    data = bytearray(track_bytes(bytes([0, 0x90, 60, 80, 96, 60, 0])))
    data[12:14] = bytes([256 - 25, 40])  # 25 frames of 40 ticks
    assert midi_parser.parse(bytes(data)).division == 500


def test_riff_wrapper_and_foreign_chunks_are_skipped() -> None:
    plain = track_bytes(bytes([0, 0x90, 60, 80, 96, 60, 0]))
    foreign = plain[:14] + b"XFIH" + (3).to_bytes(4, "big") + b"abc" + plain[14:]
    riff = b"RIFF" + bytes(4) + b"RMID" + b"data" + bytes(4) + plain
    assert midi_parser.parse(foreign) == midi_parser.parse(riff) == midi_parser.parse(plain)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not begin"),
        (b"hello, world, this is text", "does not begin"),
        (b"MThd" + bytes(4), "header"),
        (track_bytes(bytes([0, 0x90, 60, 80, 96, 60, 0]))[:-3], "cut off in track 1"),
        (track_bytes(b"")[:14], "after 0 of 1"),
        (track_bytes(bytes([0, 0x90, 60])), "event cut off"),
        (track_bytes(bytes([0, 60, 80])), "where an event should begin"),
        (b"MThd" + bytes([0, 0, 0, 6, 0, 2, 0, 1, 0, 96]), "format 2"),
        (b"MThd" + bytes([0, 0, 0, 6, 0, 1, 0, 0, 0, 0]), "0 ticks per quarter note"),
    ],
)
def test_a_damaged_file_is_refused_with_the_reason(data: bytes, message: str) -> None:
    with pytest.raises(DamagedFileError, match=message):
        midi_parser.parse(data)


@given(st.data())
@settings(max_examples=60)
def test_damaged_bytes_are_parsed_or_refused_and_never_crash(data: st.DataObject) -> None:
    whole = bytearray(rags()[3].read_bytes()[:600])
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DamagedFileError):
        midi_parser.parse(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


def test_text_is_read_in_either_encoding_without_padding() -> None:
    assert midi_parser.decode_text("Mélodie\0\0".encode()) == "Mélodie"
    assert midi_parser.decode_text("Mélodie ".encode("latin-1")) == "Mélodie"

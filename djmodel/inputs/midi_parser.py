"""Bytes of a standard MIDI file -> its events.

Only the events that later stages use: notes, instruments, tempos, meters, keys and texts. This
parser is the project's own because it must survive hostile bytes: it makes one pass, checks the
deadline and the number of events on its way, and counts notes that never end. Times are ticks.
Channels count from 1: 10 is the drums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from djmodel.inputs.limits import no_deadline

TEXT, TRACK_NAME, INSTRUMENT_NAME, LYRIC, MARKER = 1, 3, 4, 5, 6
SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59
END_OF_TRACK, SEQUENCER_SPECIFIC = 0x2F, 0x7F
MICROSECONDS_PER_MINUTE = 60_000_000
MAX_TEXT_LENGTH = 200
_MAX_NUMBER_BYTES = 8  # bytes; the standard allows 4, some programs write more
_BYTES_PER_CHECK = 1 << 16  # between two checks of the deadline

# Data bytes after a status byte whose message is skipped, by the upper four bits of that byte.
_DATA_BYTES = {0xA: 2, 0xB: 2, 0xD: 1, 0xE: 2}


class RawNote(NamedTuple):
    """A note in ticks. `channel`: 1 to 16."""

    on: int
    off: int
    channel: int
    pitch: int
    velocity: int


class Meta(NamedTuple):
    """A meta event: `kind` is its number, `data` its bytes."""

    tick: int
    kind: int
    data: bytes


class Program(NamedTuple):
    """From `tick` on, `channel` plays General MIDI program `number` (0 to 127)."""

    tick: int
    channel: int
    number: int


@dataclass(slots=True)
class Track:
    """One track. `unended` counts notes that begin and never end, or end as they begin."""

    notes: list[RawNote] = field(default_factory=list)
    metas: list[Meta] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    unended: int = 0

    def text(self, kind: int) -> str:
        """The first text of this kind, or ""."""
        return next((decode_text(meta.data) for meta in self.metas if meta.kind == kind), "")


@dataclass(slots=True)
class MidiFile:
    """A file: `division` is ticks per quarter note."""

    division: int
    tracks: list[Track]


class DamagedFileError(ValueError):
    """Bytes that are not a standard MIDI file, or not a whole one."""


class TooManyEventsError(ValueError):
    """More events to keep than are allowed."""


def decode_text(data: bytes) -> str:
    """Text of a MIDI file: UTF-8, or Latin-1 where it is not; without padding and control
    characters, of limited length."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return plain_text(text.split("\x00")[0])


def plain_text(text: str) -> str:
    """The printable characters of a text in one line, at most `MAX_TEXT_LENGTH`."""
    text = " ".join(text[: 4 * MAX_TEXT_LENGTH].split())
    return "".join(char for char in text if char.isprintable())[:MAX_TEXT_LENGTH]


def parse(
    data: bytes, max_events: int | None = None, check: Callable[[], None] = no_deadline
) -> MidiFile:
    """The MIDI file in `data`. `check` is called periodically and may end the parsing by raising.

    Raises DamagedFileError if it is not a MIDI file or part of it is missing; TooManyEventsError
    for more than `max_events` notes and other events to keep (None: any number).
    """
    max_events = len(data) if max_events is None else max_events
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":  # .rmi
        data = data[data.find(b"MThd") :]
    if data[:4] != b"MThd":
        raise DamagedFileError("the file does not begin like a MIDI file")
    if len(data) < 14:
        raise DamagedFileError("the MIDI file is cut off in its header")
    header_end = 8 + int.from_bytes(data[4:8], "big")
    form = int.from_bytes(data[8:10], "big")
    expected = int.from_bytes(data[10:12], "big")
    if form > 1:
        raise DamagedFileError(f"MIDI format {form} is not supported, only 0 and 1")
    tracks: list[Track] = []
    position = header_end
    while (done := len(tracks)) < expected:
        if position + 8 > len(data):
            raise DamagedFileError(f"the MIDI file is cut off after {done} of {expected} tracks")
        kind = data[position : position + 4]
        start = position + 8
        position = start + int.from_bytes(data[position + 4 : start], "big")
        if kind != b"MTrk":
            continue
        if position > len(data):
            raise DamagedFileError(f"the MIDI file is cut off in track {done + 1} of {expected}")
        try:
            track = _track(data[start:position], max_events, check)
        except IndexError as error:
            problem = f"the MIDI file has an event cut off in track {done + 1}"
            raise DamagedFileError(problem) from error
        max_events -= len(track.notes) + track.unended + len(track.metas) + len(track.programs)
        tracks.append(track)
    return MidiFile(_division(data[12], data[13]), tracks)


def _division(high: int, low: int) -> int:
    """Ticks a quarter note. Where the file counts film frames instead, those of a quarter note at
    120 a minute, which is half a second."""
    if high & 0x80:
        frames_per_second = {24: 24, 25: 25, 29: 30, 30: 30}.get(256 - high, 0)
        division = frames_per_second * low // 2
    else:
        division = high << 8 | low
    if not division:
        raise DamagedFileError("the MIDI file has 0 ticks per quarter note")
    return division


def _track(data: bytes, max_events: int, check: Callable[[], None]) -> Track:
    """The events in `data`. Raises IndexError where they overrun it."""
    track = Track()
    notes = track.notes
    sounding: dict[int, list[tuple[int, int]]] = {}  # channel and pitch -> ticks and velocities
    tick = command = channel = position = begun_notes = next_check = 0
    end = len(data)
    while position < end:
        if position >= next_check:
            check()
            if begun_notes + len(track.metas) + len(track.programs) > max_events:
                raise TooManyEventsError
            next_check = position + _BYTES_PER_CHECK
        delta = data[position]
        position += 1
        if delta & 0x80:
            delta, position = _number(data, position - 1)
        tick += delta
        byte = data[position]
        if byte >= 0xF0:
            position += 1
            kind = -1
            if byte == 0xFF:
                kind = data[position]
                position += 1
            elif byte not in (0xF0, 0xF7):
                continue  # a message between devices, which does not belong in a file
            size, position = _number(data, position)
            if position + size > end:
                raise IndexError
            if kind == END_OF_TRACK:
                break
            if kind >= 0:
                track.metas.append(Meta(tick, kind, data[position : position + size]))
            position += size
            continue
        if byte & 0x80:
            command, channel = byte >> 4, (byte & 0xF) + 1
            position += 1
        if command == 0x9 or command == 0x8:
            pitch, velocity = data[position] & 0x7F, data[position + 1] & 0x7F
            position += 2
            key = channel << 7 | pitch
            if command == 0x9 and velocity:
                begun_notes += 1
                if key in sounding:
                    sounding[key].append((tick, velocity))
                else:
                    sounding[key] = [(tick, velocity)]
            elif begun := sounding.pop(key, None):
                # A note that begins at this very tick continues if an earlier one can be the one
                # that ends; a note that begins and ends at one tick is dropped.
                earlier = False
                for on, loud in begun:
                    if on < tick:
                        notes.append(RawNote(on, tick, channel, pitch, loud))
                        earlier = True
                if not earlier:
                    track.unended += len(begun)
                elif begun[-1][0] == tick:
                    sounding[key] = [note for note in begun if note[0] == tick]
        elif command == 0xC:
            track.programs.append(Program(tick, channel, data[position] & 0x7F))
            position += 1
        elif command:
            position += _DATA_BYTES[command]
        else:
            raise DamagedFileError("the MIDI file has data where an event should begin")
    if begun_notes + len(track.metas) + len(track.programs) > max_events:
        raise TooManyEventsError
    track.unended += sum(map(len, sounding.values()))
    notes.sort()
    return track


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A number of variable length, and the position after it."""
    value = 0
    for _ in range(_MAX_NUMBER_BYTES):
        byte = data[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, position
    raise DamagedFileError(f"the MIDI file has a number of more than {_MAX_NUMBER_BYTES} bytes")

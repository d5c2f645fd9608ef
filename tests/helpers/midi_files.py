"""MIDI files written note by note with mido, for tests of reading."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import mido

TICKS = 480  # a quarter note

Played = tuple[float | Fraction, float | Fraction, int]
"""Onset and length in quarter notes, pitch."""


class Track(NamedTuple):
    notes: Sequence[Played] = ()
    name: str | None = None
    program: int | None = None
    channel: int = 0  # 9 is the drums, as mido counts
    metas: Sequence[tuple[float, mido.MetaMessage]] = ()


def meter(beats: int, unit: int) -> mido.MetaMessage:
    return mido.MetaMessage("time_signature", numerator=beats, denominator=unit)


def tempo(bpm: float) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))


def write(path: Path, *tracks: Track, one_track: bool = False, ticks: int = TICKS) -> Path:
    """A file of type 1, or with all in one track (type 0)."""
    file = mido.MidiFile(type=0 if one_track else 1, ticks_per_beat=ticks)
    lists = [_events(track, ticks) for track in tracks]
    if one_track:
        lists = [[event for events in lists for event in events]]
    for events in lists:
        chunk = mido.MidiTrack()
        now = 0
        for tick, _, message in sorted(events, key=lambda event: event[:2]):
            chunk.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(chunk)
    file.save(path)
    return path


def _events(track: Track, ticks: int) -> list[tuple[int, int, mido.Message]]:
    events = [(round(at * ticks), 0, message) for at, message in track.metas]
    if track.name is not None:
        events.append((0, 0, mido.MetaMessage("track_name", name=track.name)))
    if track.program is not None:
        change = mido.Message("program_change", channel=track.channel, program=track.program)
        events.append((0, 1, change))
    for onset, length, pitch in track.notes:
        on, off = round(onset * ticks), round((onset + length) * ticks)
        note = {"channel": track.channel, "note": pitch}
        events.append((on, 3, mido.Message("note_on", velocity=80, **note)))
        events.append((off, 2, mido.Message("note_off", velocity=0, **note)))
    return events


def line(*pitches: int | None, length: float | Fraction = 1, start: float = 0) -> list[Played]:
    """Notes one after the other; None is a rest."""
    return [
        (start + n * length, length, pitch) for n, pitch in enumerate(pitches) if pitch is not None
    ]


def chords(*pitches: Sequence[int], length: float = 4, start: float = 0) -> list[Played]:
    """Block chords one after the other."""
    return [
        (start + n * length, length, pitch) for n, chord in enumerate(pitches) for pitch in chord
    ]


MELODY = line(72, 74, 76, 77, 79, 77, 76, 74, 72, 76, 74, 77, 79, 71, 74, 71)


def write_song(path: Path, melody: Sequence[Played] = MELODY) -> Path:
    """Four bars: C, Am, Dm, G7 under a melody in quarter notes."""
    harmony = chords((48, 52, 55), (45, 48, 52), (50, 53, 57), (43, 47, 50, 53))
    return write(
        path,
        Track(name="Walking Song", metas=[(0, meter(4, 4)), (0, tempo(90))]),
        Track(melody, "Flute", 73, 0),
        Track(harmony, "Piano", 0, 1),
    )

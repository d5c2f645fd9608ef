"""Tune -> MIDI file, mirrored by `inputs/midi.py`.

A score (`midi_bytes`) has the times of the tune, exact and straight. A performance
(`performance_bytes`) has those that sound, and holds its score, which reading it gives back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from math import lcm
from pathlib import Path
from threading import Lock

import mido

from djmodel.inputs import midi_parser
from djmodel.inputs.embedded_score import embed, facts_event
from djmodel.inputs.midi import CHORD_MARKER, NO_CHORD
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Note, Part, Tune
from djmodel.music.tune_json import facts_to_json
from djmodel.outputs.performance.feel import Clock
from djmodel.outputs.performance.perform import Performance, PerformedNote
from seqmodel.files import atomic_write
from seqmodel.settings import checked
from seqmodel.text import utf8_text

# mido keeps the character set of what it reads or writes in a variable that threads share.
MIDO = Lock()
_TICKS_PER_QUARTER = 480
_MAX_TICKS_PER_QUARTER = 32767
_PERFORMED_TICKS_PER_QUARTER = 960  # half a millisecond at 120 quarters a minute
_MAX_BEATS = 255  # of a meter, stored in one byte
_DRUM_VOLUME = 96  # behind the soloist in the bundled SoundFont
_DRUM_CHANNEL = 9  # channels count from 0 here, as in mido
_CHANNELS = tuple(channel for channel in range(16) if channel != _DRUM_CHANNEL)
_FLATS = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F")  # keys of seven flats to one
_KEYS = (*_FLATS, "C", "G", "D", "A", "E", "B", "F#", "C#")

Event = tuple[Fraction | int, int, mido.Message]
"""Onset in quarter lengths, order among those at one onset, message."""


def write_midi(music: Tune | Performance, path: str | Path, text: str = "") -> None:
    """Writes `midi_bytes` of a tune, `performance_bytes` of a performance, to a file. Raises
    FileError if it cannot be written."""
    if isinstance(music, Performance):
        content = performance_bytes(music, text)
    else:
        content = midi_bytes(music, text)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


@checked
def midi_bytes(tune: Tune, text: str = "") -> bytes:
    """A tune as the content of a MIDI file: a track of title, tempos, meters and key, one for the
    melody, one for each part of the accompaniment. `text` goes into a text event at its start, what
    is known of the performance into an event that reading the file understands."""
    parts = (Part(tune.instrument, tune.melody_notes()), *tune.accompaniment)
    file = _file(_conductor_events(tune, text), parts, _ticks_per_quarter(tune, parts))
    if facts := facts_to_json(tune):
        event = mido.MetaMessage("sequencer_specific", data=tuple(facts_event(facts)))
        file.tracks[0].insert(0, event)
    return midi_content(file)


def performance_bytes(performance: Performance, text: str = "") -> bytes:
    """A performance as the content of a MIDI file, with its score in it. `text` as in
    `midi_bytes`."""
    file = _performed(performance, text)
    score = embed(midi_bytes(performance.score), midi_parser.parse(midi_content(file)))
    file.tracks[0][:0] = [mido.MetaMessage("sequencer_specific", data=tuple(p)) for p in score]
    return midi_content(file)


def sounding_bytes(performance: Performance) -> bytes:
    """A performance as the content of a MIDI file, without its score, to be played."""
    return midi_content(_performed(performance, ""))


def _performed(performance: Performance, text: str) -> mido.MidiFile:
    clock = Clock(performance.played.tempos)

    def timed(note: PerformedNote) -> Note:
        start, end = (
            max(round(clock.quarters(seconds) * _PERFORMED_TICKS_PER_QUARTER), 0)
            for seconds in (note.onset, note.end)
        )
        onset, length = (
            Fraction(ticks, _PERFORMED_TICKS_PER_QUARTER) for ticks in (start, max(end - start, 1))
        )
        return Note(note.pitch, onset, length, note.velocity)

    parts = [
        Part(part.instrument, tuple(map(timed, part.notes)), part.drums)
        for part in performance.parts
    ]
    conductor = _conductor_events(performance.played, text)
    return _file(conductor, parts, _PERFORMED_TICKS_PER_QUARTER)


def _file(
    conductor: Iterable[Event], parts: Sequence[Part], ticks_per_quarter: int
) -> mido.MidiFile:
    """A MIDI file: the track of the conductor, and one for each part."""
    file = mido.MidiFile(ticks_per_beat=ticks_per_quarter, charset="utf-8")
    file.tracks.append(_track(conductor, ticks_per_quarter))
    for part, channel in zip(parts, _channels(parts), strict=True):
        file.tracks.append(_track(_part_events(part, channel), ticks_per_quarter))
    return file


def midi_content(file: mido.MidiFile) -> bytes:
    """The content of a MIDI file."""
    content = BytesIO()
    with MIDO:
        file.save(file=content)
    return content.getvalue()


def _ticks_per_quarter(tune: Tune, parts: Sequence[Part]) -> int:
    """A resolution that makes every time of the tune a whole number of ticks, if there is one."""
    times = {time for part in parts for note in part.notes for time in (note.onset, note.duration)}
    times |= {bar.length for bar in tune.bars} | {tempo.onset for tempo in tune.tempos}
    ticks = lcm(_TICKS_PER_QUARTER, *(time.denominator for time in times))
    return ticks if ticks <= _MAX_TICKS_PER_QUARTER else _TICKS_PER_QUARTER


def _channels(parts: Sequence[Part]) -> list[int]:
    """A channel for each part; that of the drums for drums alone. Beyond fifteen other parts they
    are shared, by equal instruments first."""
    channels: list[int] = []
    pitched: list[tuple[int, int]] = []  # channel, program
    for part in parts:
        program = part.instrument.program
        channel = _DRUM_CHANNEL
        if not part.drums:
            same = [c for c, p in pitched if p == program]
            is_shared = bool(same) and len(pitched) >= len(_CHANNELS)
            channel = same[0] if is_shared else _CHANNELS[len(pitched) % len(_CHANNELS)]
            pitched.append((channel, program))
        channels.append(channel)
    return channels


def _track(events: Iterable[Event], ticks_per_quarter: int) -> mido.MidiTrack:
    timed = [(round(onset * ticks_per_quarter), order, event) for onset, order, event in events]
    track, before = mido.MidiTrack(), 0
    for tick, _, message in sorted(timed, key=lambda event: event[:2]):
        message.time, before = tick - before, tick
        track.append(message)
    return track


def _conductor_events(tune: Tune, text: str) -> Iterator[Event]:
    yield 0, 0, mido.MetaMessage("track_name", name=utf8_text(tune.title))
    if text:
        yield 0, 0, mido.MetaMessage("text", text=utf8_text(text))
    for tempo in tune.tempos:
        microseconds = min(max(mido.bpm2tempo(tempo.bpm), 1), 0xFFFFFF)
        yield tempo.onset, 0, mido.MetaMessage("set_tempo", tempo=microseconds)
    for onset, meter in _written_meters(tune):
        signature = {"numerator": meter.numerator, "denominator": meter.denominator}
        yield onset, 0, mido.MetaMessage("time_signature", **signature)
    for onset, symbol in _chord_markers(tune):
        yield onset, 1, mido.MetaMessage("marker", text=symbol)
    if tune.key is not None:
        yield 0, 0, mido.MetaMessage("key_signature", key=_KEYS[tune.key + len(_KEYS) // 2])


def _chord_markers(tune: Tune) -> Iterator[tuple[Fraction, str]]:
    """The changes as markers, which say them where notes are ambiguous: a ninth above the bass is a
    colour of the accompaniment or of the chord. Of N.C., the chord that holds goes before. None for
    changes with a chord that has no symbol."""
    chords = {change.chord for bar in tune.bars for change in bar.changes}
    symbols = {chord: chord_symbol(chord, tune.key) for chord in chords}
    if any(parse_chord_symbol(symbol) != chord for chord, symbol in symbols.items()):
        return
    holding, sounding = None, True
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        for change in bar.changes:
            at = start + change.onset
            if change.chord != holding or change.sounding > sounding:
                yield at, f"{CHORD_MARKER}{symbols[change.chord]}"
            if not change.sounding and (change.chord != holding or sounding):
                yield at, f"{CHORD_MARKER}{NO_CHORD}"
            holding, sounding = change.chord, change.sounding


def _written_meters(tune: Tune) -> Iterator[tuple[Fraction, Meter]]:
    """The changes of meter. A bar that is not as long as its meter gets a meter for itself, if
    there is one that a MIDI file can have."""
    before: Meter | None = None
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        meter = bar.meter
        if bar.length != meter.length:
            unit = next((u for u in (4, 8, 16, 32, 64) if (bar.length * u / 4).denominator == 1), 0)
            meter = Meter(int(bar.length * unit / 4), unit) if unit else meter
        if meter.numerator > _MAX_BEATS:
            continue
        if meter != before:
            yield start, meter
        before = meter


def _part_events(part: Part, channel: int) -> Iterator[Event]:
    """Name, program, and the notes: at one onset they end before others begin."""
    yield 0, 0, mido.MetaMessage("track_name", name=utf8_text(part.instrument.name))
    yield 0, 1, mido.Message("program_change", channel=channel, program=part.instrument.program)
    if part.drums:
        volume = mido.Message("control_change", channel=channel, control=7, value=_DRUM_VOLUME)
        yield 0, 1, volume
    for note in _without_overlaps(part.notes):
        key = {"channel": channel, "note": note.pitch}
        velocity = min(max(note.velocity, 1), 127)
        yield note.end, 2, mido.Message("note_off", skip_checks=True, velocity=0, **key)
        yield note.onset, 3, mido.Message("note_on", skip_checks=True, velocity=velocity, **key)


def _without_overlaps(notes: Iterable[Note]) -> list[Note]:
    """The notes, each cut where its pitch begins anew: MIDI cannot tell which of two ends."""
    kept: list[Note] = []
    last: dict[int, int] = {}
    for note in sorted(notes, key=lambda note: (note.onset, note.pitch)):
        before = last.get(note.pitch)
        if before is not None and kept[before].end > note.onset:
            if kept[before].onset == note.onset:
                kept[before] = replace(note, duration=max(kept[before].duration, note.duration))
                continue
            kept[before] = replace(kept[before], duration=note.onset - kept[before].onset)
        last[note.pitch] = len(kept)
        kept.append(note)
    return kept

"""A music file as it stands: parts with their notes, bars, tempos, key. `read_score` opens any kind
of file that is known; `write_midi` is the way back from a tune.

Onsets and ends are put on the grid: the quarter note divided by four and by three. What that
changes is counted.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from math import lcm
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from djmodel.inputs import limits
from djmodel.inputs import midi_file as midifile
from djmodel.inputs.limits import Deadline, LimitError
from djmodel.music.chord import Chord
from djmodel.music.instruments import PROGRAM_NAMES
from djmodel.music.tune import MOST_SHARPS, Instrument, Meter, Note, Part, Tempo, Tune
from seqmodel.errors import FileError
from seqmodel.files import atomic_write, content_of, printable

GRID_STEPS = (4, 3)  # equal parts of a quarter note
STEPS_PER_QUARTER = lcm(*GRID_STEPS)  # whole numbers of these reach every point of the grid
Units = int | Fraction
LONGEST_SCORE = 10_000  # bars; a file that claims more is damaged
_ANOTHER = "choose another file"
_MOST_PARTS = 512
_MOST_SOUNDING = 1_000_000  # quarter lengths of all notes together


MIDI_ENDINGS = (".mid", ".midi", ".smf", ".kar", ".rmi")
SHEET_ENDINGS = (".xml", ".musicxml", ".mxl", ".abc", ".krn")
ENDINGS = MIDI_ENDINGS + SHEET_ENDINGS

_COMMON_TIME = Meter(4, 4)
_TEMPO_UNLESS_SAID = 120.0  # quarter notes a minute, what the MIDI standard takes
_TICKS_PER_QUARTER = 480
_MAX_TICKS_PER_QUARTER = 32767
_MOST_BEATS = 255  # of a meter, which are one byte
_DRUM_CHANNEL = 10
_FEWEST_SYLLABLES = 10  # fewer texts are remarks, such as who made the file
_CHANNELS = tuple(channel for channel in range(1, 17) if channel != _DRUM_CHANNEL)
# Names that programs give to a track of tempos; they are not the title of a piece.
_NO_TITLES = frozenset({
    "", "control track", "conductor", "conductor track", "tempo", "tempo track", "tempo map",
    "master", "master track", "global track", "untitled", "sequence", "song", "track 0", "track 1",
    "midi", "unnamed",
})  # fmt: skip


class Measure(NamedTuple):
    """Where a bar begins and how long it is, in quarter lengths, and its meter."""

    onset: Fraction
    length: Fraction
    meter: Meter


class GridNote(NamedTuple):
    """A note on the grid: it sounds from `start` until `end`, in grid units from the start of the
    score (`STEPS_PER_QUARTER` of them are a quarter note)."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclass(frozen=True, eq=False)
class ScorePart:
    """What one instrument plays, in the order of onsets. `number` counts the parts from 1;
    `channel` is the MIDI channel, 1 to 16 (0: none)."""

    number: int
    name: str
    instrument: Instrument
    channel: int
    drums: bool
    notes_on_grid: tuple[GridNote, ...]

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The sounds as notes; onsets count from the start of the score."""
        return as_notes(self.notes_on_grid)

    @property
    def label(self) -> str:
        return f"{self.number} ({self.name})"


def as_notes(notes_on_grid: Iterable[GridNote]) -> tuple[Note, ...]:
    """Sounds on the grid as notes in quarter lengths."""
    return tuple(
        [Note(p, quarters(start), quarters(end - start), v) for start, end, p, v in notes_on_grid]
    )


@dataclass(frozen=True, slots=True)
class QuantizationReport:
    """What reading changed, in numbers of notes. `moved`: put on another onset; `resized`: only
    ended earlier or later; `merged`: one with another of its pitch that the grid put on the same
    onset; `dropped`: never ended, or without length, in the file itself."""

    moved: int = 0
    resized: int = 0
    merged: int = 0
    dropped: int = 0

    def __add__(self, other: QuantizationReport) -> QuantizationReport:
        return QuantizationReport(
            self.moved + other.moved,
            self.resized + other.resized,
            self.merged + other.merged,
            self.dropped + other.dropped,
        )


class Symbol(NamedTuple):
    """A chord symbol written in the score; None is `N.C.`."""

    onset: Fraction
    chord: Chord | None


@dataclass(frozen=True, slots=True)
class Score:
    """A music file. `measures` cover all notes without a gap; `key` counts sharps (positive) or
    flats (negative), None where the file does not say; `symbols` are the chords written in it,
    `syllables` the onsets of a sung text."""

    title: str
    parts: tuple[ScorePart, ...]
    measures: tuple[Measure, ...]
    tempos: tuple[Tempo, ...]
    key: int | None = None
    quantization: QuantizationReport = QuantizationReport()
    symbols: tuple[Symbol, ...] = ()
    syllables: tuple[Fraction, ...] = ()

    @property
    def length(self) -> Fraction:
        last = self.measures[-1]
        return last.onset + last.length


def read_score(path: str | Path, deadline: Deadline | None = None) -> Score:
    """The score in a file, of a tune book the first; what kind of file, its ending says. `deadline`:
    the limits, and the time that is left; the usual ones, from now on.

    Raises FileError if it is missing, empty, damaged, holds no notes, or is beyond the limits.
    """
    return read_scores(path, deadline)[0]


def read_scores(path: str | Path, deadline: Deadline | None = None) -> tuple[Score, ...]:
    """The scores in a file: one, or all the tunes of a tune book. Raises as `read_score`."""
    path, deadline = Path(path), deadline or Deadline(limits.DEFAULT, path)
    if path.suffix.lower() in SHEET_ENDINGS:
        from djmodel.inputs.sheet_music import read_sheets

        return read_sheets(path, deadline)
    content = content_of(path, "a MIDI file", deadline.limits.file_bytes)
    if content is None:
        raise deadline.limits.too_large(path)
    with collector_paused():
        try:
            file = midifile.parse(content, deadline.limits.notes, deadline)
        except midifile.Damaged as error:
            hint = "choose another file, or make it anew"
            raise FileError("a MIDI file", str(error), path=path, hint=hint) from error
        except midifile.TooManyError as error:
            raise deadline.limits.too_many_notes(path) from error
        return (_score(file, path, deadline),)


def check_size(parts: Sequence[ScorePart], where: Path, deadline: Deadline) -> None:
    """Raises LimitError for more parts, notes or sound than any music has: later stages take time
    and memory in proportion to them."""
    if len(parts) > _MOST_PARTS:
        found = f"{len(parts):,}"
        raise LimitError(f"at most {_MOST_PARTS} parts", found, path=where, hint=_ANOTHER)
    if sum(len(part.notes_on_grid) for part in parts) > deadline.limits.notes:
        raise deadline.limits.too_many_notes(where)
    sounding = sum(sound.end - sound.start for part in parts for sound in part.notes_on_grid)
    if sounding > _MOST_SOUNDING * STEPS_PER_QUARTER:
        expected = f"notes that last {_MOST_SOUNDING:,} quarters together"
        found = f"{sounding // STEPS_PER_QUARTER:,}"
        raise LimitError(expected, found, path=where, hint=_ANOTHER)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while many small values are made that all live on: it would look
    through them again and again, and find nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# ---------------------------------------------------------------------------------------------
# The grid
# ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1 << 16)
def quarters(units: Units) -> Fraction:
    """A number of grid units as a quarter length."""
    return Fraction(units, STEPS_PER_QUARTER)


@lru_cache(maxsize=1 << 10)
def units(quarter_length: Fraction) -> Units:
    """A quarter length as a number of grid units: a whole one, but for bars of odd lengths."""
    exact = quarter_length * STEPS_PER_QUARTER
    return exact.numerator if exact.denominator == 1 else exact


@lru_cache(maxsize=64)
def grid_points(division: int) -> tuple[int, ...]:
    """For each tick of a quarter note, the nearest point of the grid in units. Between two equally
    near, a fourth goes before a third, and the earlier before the later."""
    steps = [STEPS_PER_QUARTER // step for step in GRID_STEPS]
    points = sorted({n for step in steps for n in range(0, STEPS_PER_QUARTER + 1, step)})
    nearest: list[int] = []
    for before, after in pairwise(points):
        # The first tick that is nearer to `after`; in the middle, the fourth wins.
        middle, odd = divmod((before + after) * division, 2 * STEPS_PER_QUARTER)
        to_before = odd or before % steps[0] == 0 or after % steps[0] != 0
        nearest += [before] * (middle + bool(to_before) - len(nearest))
        nearest += [after] * (-(-after * division // STEPS_PER_QUARTER) - len(nearest))
    return tuple(nearest[:division])


def quantize_time(time: Fraction) -> Fraction:
    """The nearest point of the grid."""
    ticks, division = time.numerator, time.denominator
    beat, tick = divmod(ticks, division)
    return quarters(beat * STEPS_PER_QUARTER + grid_points(division)[tick])


class TickQuantizer(dict[int, int]):
    """Ticks from the start of the score -> grid units; what is asked again is remembered."""

    def __init__(self, division: int) -> None:
        self.division, self.points = division, grid_points(division)

    def __missing__(self, time: int) -> int:
        beat, tick = divmod(time, self.division)
        self[time] = place = beat * STEPS_PER_QUARTER + self.points[tick]
        return place


TimedPitch = tuple[int, int, int, int]
"""Onset and end in ticks, pitch, velocity."""


def quantize(
    notes: Iterable[TimedPitch], places: TickQuantizer
) -> tuple[tuple[GridNote, ...], QuantizationReport]:
    """Notes, sorted by onset, put on the grid; a pitch sounds once at a time. A note lasts at least
    one step of the kind that it begins on."""
    fourth, third = (STEPS_PER_QUARTER // step for step in GRID_STEPS)
    moved = resized = merged = 0
    placed: list[list[int]] = []  # start, end, pitch, velocity, onset in ticks
    last: dict[int, list[int]] = {}
    division = places.division
    for on, off, pitch, velocity in notes:
        start, end = places[on], places[off]
        if end < start + third:
            end = max(end, start + (third if start % fourth else fourth))
        if start * division != on * STEPS_PER_QUARTER:
            moved += 1
        elif end * division != off * STEPS_PER_QUARTER:
            resized += 1
        before = last.get(pitch)
        if before is not None and before[1] > start:
            if before[0] == start:
                merged += before[4] != on
                before[1], before[3] = max(before[1], end), max(before[3], velocity)
                continue
            before[1] = start
        last[pitch] = note = [start, end, pitch, velocity, on]
        placed.append(note)
    placed.sort(key=itemgetter(0, 2))
    notes_on_grid = tuple([GridNote(a, b, pitch, velocity) for a, b, pitch, velocity, _ in placed])
    return notes_on_grid, QuantizationReport(moved, resized, merged)


# ---------------------------------------------------------------------------------------------
# MIDI -> Score
# ---------------------------------------------------------------------------------------------


def _score(file: midifile.MidiFile, path: Path, deadline: Deadline) -> Score:
    parts: list[ScorePart] = []
    quantization = QuantizationReport(dropped=sum(track.unended for track in file.tracks))
    places = TickQuantizer(file.division)
    for name, instrument, channel, raw in _instruments(file):
        notes_on_grid, change = quantize(raw, places)
        quantization += change
        deadline()
        drums = channel == _DRUM_CHANNEL
        parts.append(ScorePart(len(parts) + 1, name, instrument, channel, drums, notes_on_grid))
    if not parts:
        found = "no notes" if not quantization.dropped else "no note that ends"
        raise FileError("music", found, path=path, hint=_ANOTHER)
    check_size(parts, path, deadline)
    end = quarters(max(sound.end for part in parts for sound in part.notes_on_grid))
    metas = sorted(meta for track in file.tracks for meta in track.metas)

    def onset(meta: midifile.Meta) -> Fraction:
        return quarters(places[meta.tick])

    return Score(
        title=_title(file, parts) or printable(path.stem),
        parts=tuple(parts),
        measures=measures(((onset(meta), meter) for meta, meter in _meters(metas)), end, path),
        tempos=tempo_map((onset(meta), bpm) for meta, bpm in _tempos(metas)),
        key=next(_keys(metas), None),
        quantization=quantization,
        syllables=tuple(sorted({onset(meta) for meta in _syllables(metas)})),
    )


def _instruments(
    file: midifile.MidiFile,
) -> Iterator[tuple[str, Instrument, int, list[TimedPitch]]]:
    """Each channel of each track that has notes: name, instrument, channel, notes by onset."""
    anywhere = _programs(program for track in file.tracks for program in track.programs)
    for number, track in enumerate(file.tracks, start=1):
        its_own = _programs(track.programs)
        channels: dict[int, list[TimedPitch]] = {}
        for on, off, channel, pitch, velocity in track.notes:
            channels.setdefault(channel, []).append((on, off, pitch, velocity))
        own = track.text(midifile.TRACK_NAME) or track.text(midifile.INSTRUMENT_NAME)
        for channel, notes in sorted(channels.items()):
            program = its_own.get(channel, anywhere.get(channel))
            standard = "Drums" if channel == _DRUM_CHANNEL else PROGRAM_NAMES[program or 0]
            # One name for a track of many channels names the piece, not its instruments.
            name = own if own and len(channels) == 1 else standard
            if name == standard and program is None and channel != _DRUM_CHANNEL:
                name = f"Track {number}" if len(channels) == 1 else f"Channel {channel}"
            yield name, Instrument(name, program or 0), channel, notes


def _programs(changes: Iterable[midifile.Program]) -> dict[int, int]:
    """The program that each channel plays first, of those that are named."""
    programs: dict[int, int] = {}
    for change in changes:
        programs.setdefault(change.channel, change.number)
    return programs


def _title(file: midifile.MidiFile, parts: Sequence[ScorePart]) -> str:
    """The first name that is a title, of a track without notes or of the only track."""
    for track in file.tracks:
        name = track.text(midifile.TRACK_NAME)
        names_piece = not track.notes or (len(file.tracks) == 1 and len(parts) > 1)
        if names_piece and name.lower() not in _NO_TITLES:
            return name
    return ""


def _meters(metas: Iterable[midifile.Meta]) -> Iterator[tuple[midifile.Meta, Meter]]:
    for meta in metas:
        if meta.kind == midifile.TIME_SIGNATURE and len(meta.data) >= 2:
            beats, power = meta.data[:2]
            if beats and power <= 6:
                yield meta, Meter(beats, 1 << power)


def _tempos(metas: Iterable[midifile.Meta]) -> Iterator[tuple[midifile.Meta, float]]:
    for meta in metas:
        if meta.kind == midifile.SET_TEMPO and len(meta.data) == 3:
            microseconds = int.from_bytes(meta.data, "big")
            if microseconds:
                yield meta, midifile.MICROSECONDS_PER_MINUTE / microseconds


def _keys(metas: Iterable[midifile.Meta]) -> Iterator[int]:
    for meta in metas:
        if meta.kind == midifile.KEY_SIGNATURE and len(meta.data) == 2:
            sharps = int.from_bytes(meta.data[:1], "big", signed=True)
            if abs(sharps) <= MOST_SHARPS:
                yield sharps


def _syllables(metas: Sequence[midifile.Meta]) -> list[midifile.Meta]:
    """The syllables of a text: lyric events or, in karaoke files, text events; remarks are not."""
    for kind in (midifile.LYRIC, midifile.TEXT):
        sung = [meta for meta in metas if meta.kind == kind and meta.data[:1] not in (b"@", b"")]
        if len(sung) >= _FEWEST_SYLLABLES:
            return sung
    return []


def tempo_map(changes: Iterable[tuple[Fraction, float]]) -> tuple[Tempo, ...]:
    """Tempos from 0 on, without repetitions; the last one said for a moment counts."""
    said = {Fraction(0): _TEMPO_UNLESS_SAID, **dict(changes)}
    tempos: list[Tempo] = []
    for onset in sorted(said):
        if not tempos or tempos[-1].bpm != said[onset]:
            tempos.append(Tempo(onset, said[onset]))
    return tuple(tempos)


def measures(
    changes: Iterable[tuple[Fraction, Meter]], end: Fraction, where: Path
) -> tuple[Measure, ...]:
    """Bars from 0 until all that ends at `end` is in one; `changes` are in order. A change inside
    a bar cuts it. A first meter that holds for one bar, shorter than the next one's, is that of a
    pick-up. Raises FileError for a score that is impossibly long."""
    said: dict[Fraction, Meter] = {Fraction(0): _COMMON_TIME, **dict(changes)}
    ends = [*sorted(onset for onset in said if onset < end), end]
    made: list[Measure] = []
    for start, stop in pairwise(ends):
        meter = said[start]
        if (stop - start) / meter.length > LONGEST_SCORE - len(made):
            expected = f"at most {LONGEST_SCORE} bars"
            raise FileError(expected, "more", path=where, hint=_ANOTHER)
        while start < stop:
            length = meter.length if stop == end else min(meter.length, stop - start)
            made.append(Measure(start, length, meter))
            start += length
    if len(made) > 1 and made[0].length < made[1].length:
        made[0] = made[0]._replace(meter=made[1].meter)
    return tuple(made)


# ---------------------------------------------------------------------------------------------
# Tune -> MIDI
# ---------------------------------------------------------------------------------------------


def write_midi(tune: Tune, path: str | Path, text: str = "") -> None:
    """Writes `midi_bytes(tune, text)` to a file. Raises FileError if it cannot be written."""
    content = midi_bytes(tune, text)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def midi_bytes(tune: Tune, text: str = "") -> bytes:
    """A tune as the content of a MIDI file: a track of title, tempos, meters and key, one for the
    melody, one for each part of the accompaniment. `text` goes into a text event at its start."""
    melody = Part(tune.instrument, tune.melody_notes())
    parts = (melody, *tune.accompaniment)
    division = _division(tune, parts)
    channels = _channels([part.instrument.program for part in parts])
    tracks = [_conductor(tune, text, division)]
    tracks += [
        _track(part, channel, division) for part, channel in zip(parts, channels, strict=True)
    ]
    return midifile.build(midifile.MidiFile(division, tracks))


def _division(tune: Tune, parts: Sequence[Part]) -> int:
    """Ticks a quarter note that make every time of the tune a whole number, if there are such."""
    times = {time for part in parts for note in part.notes for time in (note.onset, note.duration)}
    times |= {bar.length for bar in tune.bars} | {tempo.onset for tempo in tune.tempos}
    division = lcm(_TICKS_PER_QUARTER, *(time.denominator for time in times))
    return division if division <= _MAX_TICKS_PER_QUARTER else _TICKS_PER_QUARTER


def _channels(programs: Sequence[int]) -> list[int]:
    """A channel for each part, never that of the drums. Beyond fifteen parts they are shared, by
    equal instruments first."""
    channels: list[int] = []
    for number, program in enumerate(programs):
        same = [c for c, p in zip(channels, programs, strict=False) if p == program]
        if number < len(_CHANNELS):
            channels.append(_CHANNELS[number])
        else:
            channels.append(same[0] if same else _CHANNELS[number % len(_CHANNELS)])
    return channels


def _conductor(tune: Tune, text: str, division: int) -> midifile.Track:
    track = midifile.Track()
    add = track.metas.append
    add(midifile.Meta(0, midifile.TRACK_NAME, tune.title.encode("utf-8")))
    if text:
        add(midifile.Meta(0, midifile.TEXT, text.encode("utf-8")))
    for tempo in tune.tempos:
        microseconds = round(midifile.MICROSECONDS_PER_MINUTE / tempo.bpm)
        data = min(max(microseconds, 1), 0xFFFFFF).to_bytes(3, "big")
        add(midifile.Meta(round(tempo.onset * division), midifile.SET_TEMPO, data))
    for onset, meter in _written_meters(tune):
        # A click each quarter note (24 MIDI clocks), 8 thirty-seconds to a quarter note.
        data = bytes([meter.beats, meter.unit.bit_length() - 1, 24, 8])
        add(midifile.Meta(round(onset * division), midifile.TIME_SIGNATURE, data))
    if tune.key is not None:
        data = tune.key.to_bytes(1, "big", signed=True) + b"\x00"
        add(midifile.Meta(0, midifile.KEY_SIGNATURE, data))
    return track


def _written_meters(tune: Tune) -> Iterator[tuple[Fraction, Meter]]:
    """Where the meter changes. A bar that is not as long as its meter gets one of its own, if there
    is one that a MIDI file can have."""
    before: Meter | None = None
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        meter = bar.meter
        if bar.length != meter.length:
            unit = next((u for u in (4, 8, 16, 32, 64) if (bar.length * u / 4).denominator == 1), 0)
            meter = Meter(int(bar.length * unit / 4), unit) if unit else meter
        if meter.beats > _MOST_BEATS:
            continue
        if meter != before:
            yield start, meter
        before = meter


def _track(part: Part, channel: int, division: int) -> midifile.Track:
    name = part.instrument.name.encode("utf-8")
    notes = [
        midifile.RawNote(
            round(note.onset * division),
            round(note.end * division),
            channel,
            note.pitch,
            min(max(note.velocity, 1), 127),
        )
        for note in _one_at_a_time(part.notes)
    ]
    return midifile.Track(
        notes=notes,
        metas=[midifile.Meta(0, midifile.TRACK_NAME, name)],
        programs=[midifile.Program(0, channel, part.instrument.program)],
    )


def _one_at_a_time(notes: Iterable[Note]) -> list[Note]:
    """The notes, each cut where its pitch begins anew: MIDI cannot say which of two ends."""
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

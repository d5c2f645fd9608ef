"""What a piano roll of a tune shows, before anyone draws it: notes, bars, beats, chord names.

Times are plain numbers here, quarter lengths from the start of the tune: pictures round anyway.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from djmodel.music.chord import Chord, Kind, chord_symbol, kind_of
from djmodel.music.key import key_of
from djmodel.music.tune import Tune

KIND_NAMES: dict[Kind, str] = {
    "C": "chord tone",
    "S": "scale tone",
    "A": "approach tone",
    "X": "other tone",
}


@dataclass(frozen=True, slots=True)
class RollNote:
    """From `start` to `end` at `pitch` (MIDI number). `kind` is None in the accompaniment."""

    start: float
    end: float
    pitch: int
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class ChordName:
    start: float
    text: str


@dataclass(frozen=True, slots=True)
class Roll:
    """`bars` holds where each bar begins and where the last one ends; `beats` where each beat does
    that is not the first of its bar. `numbers` are those of the bars, 0 for a pick-up."""

    title: str
    melody: tuple[RollNote, ...]
    accompaniment: tuple[RollNote, ...]
    chords: tuple[ChordName, ...]
    bars: tuple[float, ...]
    numbers: tuple[int, ...]
    beats: tuple[float, ...]

    @property
    def pitches(self) -> range:
        """From the lowest to the highest that sounds, with a tone of room on both sides; the octave
        above middle C where nothing sounds."""
        sounding = [note.pitch for note in self.melody + self.accompaniment] or [60, 72]
        return range(min(sounding) - 2, max(sounding) + 3)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of notes in the melody, in the order of KIND_NAMES."""
        there = {note.kind for note in self.melody}
        return tuple(kind for kind in KIND_NAMES if kind in there)

    def chords_between(self, start: float, end: float) -> list[ChordName]:
        """The chord names of a row: the one that holds at its start, and those that follow."""
        before = [chord for chord in self.chords if chord.start <= start][-1:]
        held = [ChordName(start, chord.text) for chord in before]
        return held + [chord for chord in self.chords if start < chord.start < end]


def roll(tune: Tune) -> Roll:
    """The piano roll of a tune."""
    starts = tune.starts
    melody = []
    for note in tune.melody_notes():
        index = min(bisect_right(starts, note.onset), len(tune.bars)) - 1
        chord = tune.bars[index].chord_at(note.onset - starts[index])
        melody.append(
            RollNote(float(note.onset), float(note.end), note.pitch, kind_of(note.pitch, chord))
        )
    accompaniment = sorted(
        (
            RollNote(float(n.onset), float(n.end), n.pitch)
            for p in tune.accompaniment
            for n in p.notes
        ),
        key=lambda note: (note.start, note.pitch),
    )
    first = 0 if has_pickup(tune) else 1
    return Roll(
        tune.title,
        tuple(melody),
        tuple(accompaniment),
        tuple(_chord_names(tune)),
        tuple(map(float, starts)),
        tuple(range(first, first + len(tune.bars))),
        tuple(
            float(start + beat)
            for bar, start in zip(tune.bars, starts, strict=False)
            for beat in bar.meter.beat_onsets(bar.length)[1:]
        ),
    )


def has_pickup(tune: Tune) -> bool:
    """Whether the first bar is shorter than its meter, and others follow."""
    return len(tune.bars) > 1 and tune.bars[0].length < tune.bars[0].meter.length


def clock(tune: Tune) -> tuple[tuple[float, float], ...]:
    """Where the tempo changes, and the end: (quarter length, second) pairs with straight lines
    between them."""
    points = [(Fraction(0), 0.0)]
    tempos = [tempo for tempo in tune.tempos if tempo.onset < tune.length]
    bpm = tempos[0].bpm if tempos else 120.0
    for tempo in tempos[1:]:
        onset, second = points[-1]
        points.append((tempo.onset, second + float(tempo.onset - onset) * 60 / bpm))
        bpm = tempo.bpm
    onset, second = points[-1]
    points.append((tune.length, second + float(tune.length - onset) * 60 / bpm))
    return tuple((float(quarter), second) for quarter, second in points)


def engraved(symbol: str) -> str:
    """A chord symbol with real flats and sharps: `Ebm7b5` becomes `E♭m7♭5`."""
    return re.sub(r"(?<=[A-G])b|b(?=\d)", "♭", symbol).replace("#", "♯")


def _chord_names(tune: Tune) -> Iterator[ChordName]:
    """The names of the chords where they change."""
    key = key_of(tune)
    last: tuple[Chord, bool] | None = None
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        for change in bar.changes:
            now = (change.chord, change.sounding)
            if now != last:
                name = chord_symbol(change.chord, key) if change.sounding else "N.C."
                yield ChordName(float(start + change.onset), engraved(name))
            last = now

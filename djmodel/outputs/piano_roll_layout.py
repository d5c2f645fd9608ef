"""Layout of a piano roll: notes, bars, beats, chord names, and the rows that they are drawn in.

Times are floats here, in quarter lengths from the start of the tune: pictures round them anyway.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from djmodel.music.chord import Chord, Kind, kind_of
from djmodel.music.chord_symbol import chord_symbol, engraved
from djmodel.music.key import key_signature
from djmodel.music.tune import Tune

_BARS_PER_ROW = (8, 6, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class RollNote:
    """A note from `start` to `end` at `pitch` (MIDI number). The accompaniment has no `kind`."""

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
    """A piano roll, or a row of one. `bars` holds the start of each bar and the end of the last
    one, `beats` the start of each beat but the first of its bar, `numbers` the numbers of the bars
    (0: pick-up)."""

    title: str
    melody: tuple[RollNote, ...]
    accompaniment: tuple[RollNote, ...]
    chords: tuple[ChordName, ...]
    bars: tuple[float, ...]
    numbers: tuple[int, ...]
    beats: tuple[float, ...]

    @property
    def start(self) -> float:
        return self.bars[0]

    @property
    def end(self) -> float:
        return self.bars[-1]

    @property
    def pitches(self) -> range:
        """From two semitones below the lowest note to two above the highest; an octave from middle
        C for a roll without notes."""
        pitches = [note.pitch for note in self.melody + self.accompaniment] or [60, 72]
        return range(min(pitches) - 2, max(pitches) + 3)

    def rows(self, max_quarters: float, letters_per_row: float) -> list[Roll]:
        """The roll in rows of whole bars, a pick-up before the first.

        A row holds at most `max_quarters` of music, fewer where chord names would touch each other
        in a row that is `letters_per_row` wide. Rows are equally long where the number of bars
        allows it.
        """
        n_bars = len(self.numbers)
        if not n_bars:
            return []
        quarters = max_quarters
        for this, following in pairwise(self.chords):
            room = (following.start - this.start) * letters_per_row / len(this.text)
            quarters = min(quarters, room)
        longest = max(end - start for start, end in pairwise(self.bars))
        pickup = 1 if self.numbers[0] == 0 else 0
        whole = n_bars - pickup
        fitting = [n for n in _BARS_PER_ROW if n * longest <= quarters] or [1]
        even = [n for n in fitting if whole % n == 0 and n > 2]
        per_row = whole if whole <= fitting[0] else (even or fitting)[0]
        edges = [0, *range(pickup + per_row, n_bars, per_row), n_bars]
        return [self._row(first, last) for first, last in pairwise(edges)]

    def _row(self, first: int, last: int) -> Roll:
        """Bars `first` up to `last`, exclusive; the chord that holds at the start is its first."""
        start, end = self.bars[first], self.bars[last]

        def sounding(notes: tuple[RollNote, ...]) -> tuple[RollNote, ...]:
            return tuple(note for note in notes if note.start < end and note.end > start)

        held = [ChordName(start, c.text) for c in self.chords if c.start <= start][-1:]
        return Roll(
            self.title,
            sounding(self.melody),
            sounding(self.accompaniment),
            (*held, *(chord for chord in self.chords if start < chord.start < end)),
            self.bars[first : last + 1],
            self.numbers[first:last],
            tuple(beat for beat in self.beats if start < beat < end),
        )


def roll(tune: Tune) -> Roll:
    """The piano roll of a tune."""
    starts = tune.starts
    melody = []
    for note in tune.melody_notes():
        index = min(bisect_right(starts, note.onset), len(tune.bars)) - 1
        chord = tune.bars[index].chord_at(note.onset - starts[index])
        kind = kind_of(note.pitch, chord)
        melody.append(RollNote(float(note.onset), float(note.end), note.pitch, kind))
    accompaniment = [
        RollNote(float(note.onset), float(note.end), note.pitch)
        for part in tune.accompaniment
        if not part.drums
        for note in part.notes
    ]
    first = 0 if tune.has_pickup else 1
    return Roll(
        tune.title,
        tuple(melody),
        tuple(sorted(accompaniment, key=lambda note: (note.start, note.pitch))),
        tuple(_chord_names(tune)),
        tuple(map(float, starts)),
        tuple(range(first, first + len(tune.bars))),
        tuple(
            float(start + beat)
            for bar, start in zip(tune.bars, starts, strict=False)
            for beat in bar.meter.beat_onsets(bar.length)[1:]
        ),
    )


def clock(tune: Tune) -> tuple[tuple[float, float], ...]:
    """The times of a tune: (quarter length, second) pairs with straight lines between them, one for
    each change of tempo and one for the end."""
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


def seconds_of(tune: Tune) -> float:
    """The length of a tune in seconds."""
    return clock(tune)[-1][1]


def _chord_names(tune: Tune) -> Iterator[ChordName]:
    """The names of the chords where they change; N.C. (no chord) where the accompaniment rests."""
    key = key_signature(tune)
    last: tuple[Chord, bool] | None = None
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        for change in bar.changes:
            if (change.chord, change.sounding) != last:
                name = engraved(chord_symbol(change.chord, key)) if change.sounding else "N.C."
                yield ChordName(float(start + change.onset), name)
            last = (change.chord, change.sounding)

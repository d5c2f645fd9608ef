"""Notes of a solo -> a melody on the grid: one line without overlap, with rests where it breathes.

The grid divides a beat by 24: it has every half, third, fourth, sixth, eighth and twelfth of a
beat. Divisions by 5, 7, 9 and others, which are a way of writing free timing down, are moved to it
by at most a 48th of a beat. Times are counted in ticks, of which a quarter note has 96.

The database has how long a note sounds, not how it would be written: in a line of eighths most
notes end early. A note is written up to the next onset (legato) if that is at most two thirds of a
beat away, or if the silence before it is at most a quarter of that distance and half a beat. Any
other note keeps its own duration, up to the nearest place at which a written note would end: the
divisions of its own beat (two, three or four of them, as the note has it), and halves of later
beats; the remaining time is a rest.

In the database a distance of up to two thirds of a beat is hardly ever left silent (in 95 % the
note sounds for half of it or longer), and longer distances fall into two groups, with few between:
notes that sound for more than three quarters of them, and notes of about half a beat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from djmodel.inputs.wjazzd.records import SOUNDING_UNITS, NoteRow

GRID = 24  # parts of a beat
TICKS_PER_QUARTER = 96
# In grid steps:
SHORT_GAP = 16  # between onsets: up to it there is no rest
LEGATO_SILENCE = 12  # the longest silence that is not written as a rest
MIN_DURATION = 3  # before a rest
FARTHEST_PUSH = 4  # by which a note gives way to one on its place
LEGATO_SHARE = 0.25  # of the gap between onsets: the same for the share of silence

# Parts of a beat at which a note may end, by the division in which it begins; 2 for others.
_END_DIVISIONS = {3: 3, 4: 4, 6: 3, 8: 4, 9: 3, 12: 3, 16: 4}


class Beat(NamedTuple):
    """Start and length of a beat, in ticks."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class PlacedNote:
    """A note on the grid, in ticks from the start of the solo; `index` in the notes as stored."""

    start: int
    end: int
    pitch: int
    index: int


@dataclass(frozen=True, slots=True)
class PlacementReport:
    """Numbers of notes, and of those that were `moved` to the grid (by at most `farthest` and on
    average `mean_move` beats), that stood in another order than that of time (`reordered`), that
    gave way to a note on the same place (`pushed`) or were `dropped` because no place was near, and
    that are written as `legato` up to the next onset."""

    notes: int = 0
    moved: int = 0
    total_move: Fraction = Fraction(0)
    farthest: Fraction = Fraction(0)
    reordered: int = 0
    pushed: int = 0
    dropped: int = 0
    legato: int = 0

    @property
    def mean_move(self) -> Fraction:
        return self.total_move / self.moved if self.moved else Fraction(0)

    def __add__(self, other: PlacementReport) -> PlacementReport:
        return PlacementReport(
            self.notes + other.notes,
            self.moved + other.moved,
            self.total_move + other.total_move,
            max(self.farthest, other.farthest),
            self.reordered + other.reordered,
            self.pushed + other.pushed,
            self.dropped + other.dropped,
            self.legato + other.legato,
        )

    def __str__(self) -> str:
        """A remark for the listener, "" if every note stands where the database has it."""
        parts = []
        if self.moved:
            parts.append(
                f"{self.moved} of {self.notes} notes moved, by {float(self.mean_move):.3f} beats "
                f"on average and {float(self.farthest):.3f} at most"
            )
        counts = {"reordered": self.reordered, "pushed": self.pushed, "dropped": self.dropped}
        parts += [f"{count} {name}" for name, count in counts.items() if count]
        return ", ".join(parts)


def place_notes(
    notes: Sequence[NoteRow], beats: Sequence[Beat], end: int
) -> tuple[list[PlacedNote], PlacementReport]:
    """The melody of a solo that ends at the tick `end`, in the order of time."""
    order = sorted(range(len(notes)), key=lambda index: _exact_place(notes[index]))
    reordered = sum(index > after for index, after in pairwise(order))
    steps = [beats[notes[index].beat].length // GRID for index in order]
    wished = [
        beats[note.beat].start + grid_step(note.tatum, note.division) * step
        for note, step in zip((notes[index] for index in order), steps, strict=True)
    ]
    kept: list[int] = []
    starts: list[int] = []
    moved = pushed = 0
    total = farthest = Fraction(0)
    for index, step, wish, start in zip(order, steps, wished, _apart(wished, steps), strict=True):
        if start != wish:
            pushed += 1
            first = starts[-1] + 1 if starts else 0
            if not first <= start < end or abs(start - wish) > FARTHEST_PUSH * step:
                continue
        note = notes[index]
        move = _move(note.tatum, note.division, (start - beats[note.beat].start) // step)
        if move:
            moved += 1
            total += move
            farthest = max(farthest, move)
        starts.append(start)
        kept.append(index)
    placed = []
    legato = 0
    for index, start, following in zip(kept, starts, [*starts[1:], None], strict=True):
        stop = _end(notes[index], start, following, beats)
        legato += stop == following
        placed.append(PlacedNote(start, min(stop, end), notes[index].pitch, index))
    dropped = len(notes) - len(kept)
    report = PlacementReport(
        len(notes), moved, total, farthest, reordered, pushed - dropped, dropped, legato
    )
    return placed, report


def _apart(wished: Sequence[int], steps: Sequence[int]) -> list[int]:
    """Different places for notes in the order of time: where several wish for one place, half of
    them give way to either side."""
    later = list(wished)
    for i in range(1, len(later)):
        later[i] = max(later[i], later[i - 1] + steps[i])
    if later == list(wished):
        return later
    earlier = list(wished)
    for i in range(len(earlier) - 2, -1, -1):
        earlier[i] = min(earlier[i], earlier[i + 1] - steps[i])
    return [(a + b) // (2 * step) * step for a, b, step in zip(later, earlier, steps, strict=True)]


@lru_cache(maxsize=1 << 12)
def grid_step(tatum: int, division: int) -> int:
    """The grid step nearest to a tatum of a beat, the earlier of two equally near.

    >>> [grid_step(tatum, 5) for tatum in (1, 2, 3, 4, 5)]
    [0, 5, 10, 14, 19]
    """
    return (2 * (tatum - 1) * GRID + division - 1) // (2 * division)


@lru_cache(maxsize=1 << 12)
def _move(tatum: int, division: int, step: int) -> Fraction:
    """The distance in beats from a tatum to a grid step of its beat."""
    return abs(Fraction(tatum - 1, division) - Fraction(step, GRID))


def _exact_place(note: NoteRow) -> float:
    """Beats from the start of the solo."""
    return note.beat + (note.tatum - 1) / note.division


def _end(note: NoteRow, start: int, following: int | None, beats: Sequence[Beat]) -> int:
    """The tick at which a note ends that is followed by an onset (None: by none)."""
    beat = beats[note.beat]
    sounding = note.sounding * beat.length / SOUNDING_UNITS
    if following is None:
        return _written_end(note, start, start + sounding, beats)
    gap = following - start
    if gap * GRID <= SHORT_GAP * beat.length:
        return following
    if gap - sounding <= min(LEGATO_SHARE * gap, LEGATO_SILENCE * beat.length / GRID):
        return following
    return min(_written_end(note, start, start + sounding, beats), following)


def _written_end(note: NoteRow, start: int, end: float, beats: Sequence[Beat]) -> int:
    """The place nearest to `end` at which a note that begins at `start` would be written to end."""
    beat = beats[note.beat]
    part = beat.length // _END_DIVISIONS.get(note.division, 2)
    places = list(range(beat.start + part, beat.start + beat.length + 1, part))
    shortest = start + beat.length * MIN_DURATION // GRID
    for later in beats[note.beat + 1 :]:
        if places[-1] >= max(end, shortest):
            break
        places = [later.start, later.start + later.length // 2, later.start + later.length]
    ends = [place for place in places if place >= shortest] or [places[-1]]
    return min(ends, key=lambda place: abs(place - end))

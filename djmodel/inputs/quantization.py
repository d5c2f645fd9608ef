"""The grid of time, to whose points the onsets and ends of notes are moved; notes that this changes
are counted.

Written music, such as a MIDI file that a program made from a score, stays as it is on 24ths of a
quarter note, which have sixths, eighths and twelfths among them. Played music is moved to fourths
and thirds, which say what was meant; only in a quarter where these would put notes that follow one
another on one place it goes to the coarsest of finer divisions that keeps them apart. A part counts
as written if most of its onsets lie exactly on the grid, as those of a player do only by chance.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from math import lcm
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from djmodel.music.tune import Note

# Divisions of a quarter note that are a grid together, coarse to fine.
GRID_DIVISIONS = (4, 3)
_FINER_DIVISIONS = (8, 6)
STEPS_PER_QUARTER = lcm(*GRID_DIVISIONS, *_FINER_DIVISIONS)  # whole numbers of steps reach all
_FINEST = (STEPS_PER_QUARTER,)
Steps = int | Fraction

# A part is written if this share of its onsets lies exactly on 24ths. Files with fewer ticks in a
# quarter note have little else, and are measured by their fourths and thirds.
_WRITTEN_SHARE = 0.75
_TELLING_TICKS = 96

TimedPitch = tuple[int, int, int, int]
"""Onset and end in ticks, pitch, velocity."""


class GridNote(NamedTuple):
    """A note on the grid, sounding from `start` until `end`: grid steps from the start of the score
    (`STEPS_PER_QUARTER` of them in a quarter note)."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class QuantizationReport:
    """Numbers of notes that reading changed. `moved`: to another onset; `resized`: only to an
    earlier or later end; `merged`: with another of the same pitch, because the grid put both on one
    onset; `dropped`: because the file gives them no end or no length."""

    moved: int = 0
    resized: int = 0
    merged: int = 0
    dropped: int = 0

    @property
    def is_exact(self) -> bool:
        """True if all notes that were read begin and end where the file says."""
        return not (self.moved or self.resized or self.merged)

    def __add__(self, other: QuantizationReport) -> QuantizationReport:
        return QuantizationReport(
            self.moved + other.moved,
            self.resized + other.resized,
            self.merged + other.merged,
            self.dropped + other.dropped,
        )


@lru_cache(maxsize=1 << 16)
def steps_to_quarters(steps: Steps) -> Fraction:
    """A number of grid steps as a quarter length.

    >>> steps_to_quarters(3)
    Fraction(1, 8)
    """
    return Fraction(steps, STEPS_PER_QUARTER)


@lru_cache(maxsize=1 << 10)
def quarters_to_steps(quarter_length: Fraction) -> Steps:
    """A quarter length as a number of grid steps: a whole number except for bars of odd lengths."""
    exact = quarter_length * STEPS_PER_QUARTER
    return exact.numerator if exact.denominator == 1 else exact


def as_notes(grid_notes: Iterable[GridNote]) -> tuple[Note, ...]:
    """The same notes with onsets and durations in quarter lengths."""
    return tuple([
        Note(pitch, steps_to_quarters(start), steps_to_quarters(end - start), velocity)
        for start, end, pitch, velocity in grid_notes
    ])  # fmt: skip


@lru_cache(maxsize=256)
def nearest_steps(ticks_per_quarter: int, divisions: tuple[int, ...] = _FINEST) -> tuple[int, ...]:
    """The nearest point of a grid, in steps, for each tick of a quarter note. Between two equally
    near, one of the earlier division goes before another, and the earlier before the later."""
    points = np.array([
        step
        for division in divisions
        for step in range(0, STEPS_PER_QUARTER + 1, STEPS_PER_QUARTER // division)
    ])  # fmt: skip
    ticks = np.arange(ticks_per_quarter)
    distances = np.abs(points[:, None] * ticks_per_quarter - ticks * STEPS_PER_QUARTER)
    return tuple(points[distances.argmin(axis=0)].tolist())  # argmin takes the first of equals


def quantize_time(time: Fraction) -> Fraction:
    """The 24th nearest to a time in quarter lengths.

    >>> quantize_time(Fraction(2, 5))
    Fraction(5, 12)
    """
    quarter, tick = divmod(time.numerator, time.denominator)
    return steps_to_quarters(quarter * STEPS_PER_QUARTER + nearest_steps(time.denominator)[tick])


class TickQuantizer(dict[int, int]):
    """Ticks from the start of the score -> grid steps, each computed once."""

    def __init__(self, ticks_per_quarter: int, divisions: tuple[int, ...] = _FINEST) -> None:
        self.ticks_per_quarter = ticks_per_quarter
        self.nearest = nearest_steps(ticks_per_quarter, divisions)

    def __missing__(self, time: int) -> int:
        quarter, tick = divmod(time, self.ticks_per_quarter)
        self[time] = steps = quarter * STEPS_PER_QUARTER + self.nearest[tick]
        return steps


class Grids:
    """The grids of a file, by its number of ticks in a quarter note."""

    def __init__(self, ticks_per_quarter: int) -> None:
        self.ticks_per_quarter = ticks_per_quarter
        self.finest = TickQuantizer(ticks_per_quarter)
        self.coarse = TickQuantizer(ticks_per_quarter, GRID_DIVISIONS)
        self.finer = TickQuantizer(ticks_per_quarter, _FINER_DIVISIONS)

    def is_exact(self, time: int, grid: TickQuantizer) -> bool:
        """True for the tick of a point of a grid, and for both ticks beside a point between two."""
        away = abs(grid[time] * self.ticks_per_quarter - time * STEPS_PER_QUARTER)
        return away < STEPS_PER_QUARTER

    def is_written(self, notes: Sequence[TimedPitch]) -> bool:
        """True for the notes of a part that is written, not played."""
        grid = self.finest if self.ticks_per_quarter >= _TELLING_TICKS else self.coarse
        exact = sum(self.is_exact(note[0], grid) for note in notes)
        return exact >= _WRITTEN_SHARE * len(notes)

    def place(self, time: int) -> int:
        """The step of a tick where no part says more: as written if it lies exactly on 24ths."""
        return (self.finest if self.is_exact(time, self.finest) else self.coarse)[time]


def quantize(
    notes: Sequence[TimedPitch], grids: Grids, *, written: bool | None = None
) -> tuple[tuple[GridNote, ...], QuantizationReport]:
    """The notes of a part, sorted by onset, moved to the grid; a pitch sounds once at a time.
    `written` None: to be found out."""
    if written is None:
        written = grids.is_written(notes)
    places = _written_places(notes, grids) if written else _played_places(notes, grids)
    moved = resized = merged = 0
    placed: list[list[int]] = []  # start, end, pitch, velocity, onset in ticks
    last: dict[int, list[int]] = {}
    ticks_per_quarter = grids.ticks_per_quarter
    for (on, off, pitch, velocity), (start, end) in zip(notes, places, strict=True):
        if start * ticks_per_quarter != on * STEPS_PER_QUARTER:
            moved += 1
        elif end * ticks_per_quarter != off * STEPS_PER_QUARTER:
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
    grid_notes = tuple([GridNote(a, b, pitch, velocity) for a, b, pitch, velocity, _ in placed])
    return grid_notes, QuantizationReport(moved, resized, merged)


def _written_places(notes: Sequence[TimedPitch], grids: Grids) -> list[tuple[int, int]]:
    """Start and end of each note on 24ths. Where a program lets notes end a little early, so that
    most ends lie off the grid, those of longer notes go to the nearest fourth or third."""
    # Sheet music has no others: its places need no search.
    step, odd = divmod(grids.ticks_per_quarter, STEPS_PER_QUARTER)
    if not odd and not any(on % step or off % step for on, off, _, _ in notes):
        return [(on // step, off // step) for on, off, _, _ in notes]
    finest, short = grids.finest, grids.ticks_per_quarter * 3 // 16
    exact = [grids.is_exact(note[1], finest) for note in notes]
    cut = sum(exact) < _WRITTEN_SHARE * len(notes)
    ends = [
        grids.coarse[off] if off - on >= short and (cut or not fits) else finest[off]
        for (on, off, _, _), fits in zip(notes, exact, strict=True)
    ]
    return _in_order(notes, [finest[note[0]] for note in notes], ends, (1, 1))


def _played_places(notes: Sequence[TimedPitch], grids: Grids) -> list[tuple[int, int]]:
    """Start and end of each note on fourths and thirds, or on the finer divisions that keep notes
    apart which follow one another. A note lasts at least a fourth or third, as its onset has it."""
    coarse, apart = grids.coarse, grids.ticks_per_quarter / STEPS_PER_QUARTER
    crowded: dict[int, list[tuple[int, int]]] = {}  # grid point -> onsets of notes in a row
    for (on, off, pitch, _), (after, _, following, _) in pairwise(notes):
        is_row = coarse[on] == coarse[after] and off <= after + apart
        if is_row and after - on >= apart * (1 + (pitch == following)):  # no key that bounces
            crowded.setdefault(coarse[on], []).append((on, after))
    finer: dict[int, TickQuantizer] = {}
    for point, onsets in crowded.items():
        is_enough = all(grids.finer[a] != grids.finer[b] for a, b in onsets)
        finer[point] = grids.finer if is_enough else grids.finest

    def place(time: int) -> int:
        point = coarse[time]
        return finer[point][time] if point in finer else point

    # Where two grids meet, the coarser one may go further back.
    starts = list(accumulate((place(note[0]) for note in notes), max))
    ends = [place(note[1]) for note in notes]
    fourth, third = (STEPS_PER_QUARTER // division for division in GRID_DIVISIONS)
    return _in_order(notes, starts, ends, (fourth, third))


def _in_order(
    notes: Sequence[TimedPitch],
    starts: Sequence[int],
    ends: Sequence[int],
    shortest: tuple[int, int],
) -> list[tuple[int, int]]:
    """Start and end of each note. One that ends before a later one begins does so on the grid, too;
    it lasts at least `shortest`: a number of steps on fourths of a quarter, and one off them.
    `starts` never decrease."""
    onsets = [note[0] for note in notes]
    fourth = STEPS_PER_QUARTER // GRID_DIVISIONS[0]
    placed = []
    for (_, off, _, _), start, end in zip(notes, starts, ends, strict=True):
        stop = max(end, start + shortest[start % fourth > 0])
        after = max(bisect_left(onsets, off), bisect_right(starts, start))
        placed.append((start, min(stop, starts[after]) if after < len(starts) else stop))
    return placed

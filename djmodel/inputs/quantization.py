"""The grid of time: the quarter note divided by four and by three. Onsets and ends of notes are
moved to its nearest points, and the notes that this changes are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from djmodel.music.tune import Note

GRID_DIVISIONS = (4, 3)  # of a quarter note
STEPS_PER_QUARTER = lcm(*GRID_DIVISIONS)  # grid steps: whole numbers of them reach every grid point
Steps = int | Fraction

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
    Fraction(1, 4)
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


@lru_cache(maxsize=64)
def nearest_steps(ticks_per_quarter: int) -> tuple[int, ...]:
    """For each tick of a quarter note the nearest grid point, in steps. Between two equally near, a
    fourth goes before a third, and the earlier before the later."""
    points = np.array([
        step
        for division in GRID_DIVISIONS
        for step in range(0, STEPS_PER_QUARTER + 1, STEPS_PER_QUARTER // division)
    ])  # fmt: skip
    ticks = np.arange(ticks_per_quarter)
    distances = np.abs(points[:, None] * ticks_per_quarter - ticks * STEPS_PER_QUARTER)
    return tuple(points[distances.argmin(axis=0)].tolist())  # argmin takes the first of equals


def quantize_time(time: Fraction) -> Fraction:
    """The grid point nearest to a time in quarter lengths.

    >>> quantize_time(Fraction(27, 40))
    Fraction(2, 3)
    """
    quarter, tick = divmod(time.numerator, time.denominator)
    return steps_to_quarters(quarter * STEPS_PER_QUARTER + nearest_steps(time.denominator)[tick])


class TickQuantizer(dict[int, int]):
    """Ticks from the start of the score -> grid steps, each computed once."""

    def __init__(self, ticks_per_quarter: int) -> None:
        self.ticks_per_quarter, self.nearest = ticks_per_quarter, nearest_steps(ticks_per_quarter)

    def __missing__(self, time: int) -> int:
        quarter, tick = divmod(time, self.ticks_per_quarter)
        self[time] = steps = quarter * STEPS_PER_QUARTER + self.nearest[tick]
        return steps


def quantize(
    notes: Iterable[TimedPitch], grid: TickQuantizer
) -> tuple[tuple[GridNote, ...], QuantizationReport]:
    """Notes, sorted by onset, moved to the grid; a pitch sounds once at a time. A note lasts at
    least one fourth or third of a quarter, depending on its onset."""
    fourth, third = (STEPS_PER_QUARTER // division for division in GRID_DIVISIONS)
    moved = resized = merged = 0
    placed: list[list[int]] = []  # start, end, pitch, velocity, onset in ticks
    last: dict[int, list[int]] = {}
    ticks_per_quarter = grid.ticks_per_quarter
    for on, off, pitch, velocity in notes:
        start, end = grid[on], grid[off]
        if end < start + third:
            end = max(end, start + (third if start % fourth else fourth))
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

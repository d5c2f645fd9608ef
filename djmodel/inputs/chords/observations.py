"""Observations: the pitch classes and the bass that sound in each half beat, and sums over beats of
the evidence for chords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.score import Measure
from djmodel.music.meter import Meter
from djmodel.music.tune import Change, Note

Changes = tuple[tuple[Change, ...], ...]
"""For each bar its changes, the first at onset 0."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Costs of a change, in a bar of four beats; in shorter bars less.
_COST_AT_BAR, _COST_AT_HALF, _COST_AT_BEAT = 0.1, 0.5, 0.9
_BASS_GAP = 8  # semitones between a bass and the voices above it, at least
MAX_BEATS = 12  # of a bar; a longer one counts every second beat
NO_BASS = 12  # stands for the bass where there is none
_NO_PITCH = 999
_ANTICIPATED = 2  # pitch classes that begin early, from which they are a chord, not a pickup
_HELD_OVER = Fraction(1, 1000)  # quarter lengths by which they reach into their beat
FULL_EVIDENCE = 3  # a beat with fewer pitch classes counts less
NEAR = 1e-6  # quarter lengths that count as none


class BeatGrid(NamedTuple):
    """The beats of a tune. `beats`: onsets in each bar, from its start; `first (bars + 1,)`: the
    number of the first beat of each bar, and the number of all beats; `edges (beats + 1,)`: onsets
    from the start of the tune, and its end; `cost (beats,)`: of a change at each."""

    beats: tuple[tuple[Fraction, ...], ...]
    first: tuple[int, ...]
    edges: Floats
    cost: Floats


@lru_cache(maxsize=256)
def beats_of(meter: Meter, length: Fraction) -> tuple[Fraction, ...]:
    """Onsets of the beats of a bar, from its start; every second one, counted from its end, where
    there are more than MAX_BEATS."""
    onsets = meter.beat_onsets(length)
    while len(onsets) > MAX_BEATS:
        first, *others = onsets
        onsets = (first, *others[len(others) % 2 :: 2])
    return onsets


@lru_cache(maxsize=256)
def _bar_beats(meter: Meter, length: Fraction) -> tuple[Floats, Floats]:
    """The onsets of the beats of a bar, and the cost of a change on each."""
    beats = beats_of(meter, length)
    costs = [
        _COST_AT_BAR if beat == 0 else _COST_AT_HALF if beat * 2 == length else _COST_AT_BEAT
        for beat in beats
    ]
    return np.array(beats, dtype=float), min(len(beats) / 4, 1.0) * np.array(costs)


def beat_grid(measures: Sequence[Measure]) -> BeatGrid:
    """The beats of a tune from its bars."""
    bars = [_bar_beats(measure.meter, measure.length) for measure in measures]
    onsets = [float(measure.onset) for measure in measures]
    end = onsets[-1] + float(measures[-1].length)
    return BeatGrid(
        tuple(beats_of(measure.meter, measure.length) for measure in measures),
        (0, *accumulate(len(beats) for beats, _ in bars)),
        np.concatenate(
            [onset + beats for onset, (beats, _) in zip(onsets, bars, strict=True)] + [[end]]
        ),
        np.concatenate([cost for _, cost in bars]),
    )


class Observations(NamedTuple):
    """The sound of each half beat. `upper`, `bass` `(halves, 12)`: durations, in beats, of each
    pitch class above the bass and in it; `lowest (halves,)`: the pitch class of the lowest note
    (`NO_BASS` in silence); `line (halves,)`: true where it lies far below the other notes, as a
    bass line does."""

    upper: Floats
    bass: Floats
    lowest: Ints
    line: NDArray[np.bool_]


def overlaps(
    notes: Sequence[Note], edges: Floats, *, early_belongs_to_next: bool
) -> tuple[Ints, Ints, Floats]:
    """Each note in each cell that it sounds in: number of the cell, pitch, and duration there in
    quarter lengths. `edges (cells + 1,)`: the onsets of the cells, and the end. Where two cells
    make a beat, an anticipated note (in the second cell, and held) may be counted from the next
    beat on (`early_belongs_to_next`)."""
    cells = len(edges) - 1
    on = np.array([note.onset.numerator / note.onset.denominator for note in notes])
    lengths = [note.duration.numerator / note.duration.denominator for note in notes]
    off = on + np.array(lengths)
    pitch = np.array([note.pitch for note in notes], dtype=np.int64)
    first = np.clip(np.searchsorted(edges, on + NEAR, side="right") - 1, 0, cells)
    last = np.clip(np.searchsorted(edges, off - NEAR, side="left"), 0, cells)  # not included
    if early_belongs_to_next:
        first += (first % 2 == 1) & (last > first + 1)
    counts = np.maximum(last - first, 0)
    note_of = np.repeat(np.arange(len(notes)), counts)
    within = np.arange(len(note_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    cell = first[note_of] + within
    length = np.minimum(off[note_of], edges[cell + 1]) - np.maximum(on[note_of], edges[cell])
    return cell, pitch[note_of], length


def hold_anticipations(notes: Sequence[Note], edges: Floats) -> list[Note]:
    """The notes of a band, those held over that anticipate a chord: in the second half of a beat
    several pitch classes begin that did not sound before, and are held or struck again on the next
    beat. If as many are not, two chords have some tones in common. `edges (cells + 1,)`: the onsets
    of half beats, and the end."""
    onsets = np.array([float(note.onset) for note in notes])
    ends = np.array([float(note.end) for note in notes])
    first: list[int] = (np.searchsorted(edges, onsets + NEAR, side="right") - 1).tolist()
    last: list[int] = (np.searchsorted(edges, ends - NEAR, side="left") - 1).tolist()  # included
    struck: set[tuple[int, int]] = set()
    sounding: set[tuple[int, int]] = set()
    for note, begin, end in zip(notes, first, last, strict=True):
        struck.add((begin, note.pitch))
        sounding.update((half, note.pitch) for half in range(begin, end + 1))
    early: list[bool] = []
    # Pitch classes that begin in the second half of a beat: those that anticipate the next, others.
    anticipated: dict[int, set[int]] = {}
    passing: dict[int, set[int]] = {}
    for note, begin, end in zip(notes, first, last, strict=True):
        goes_on = end > begin or (begin + 1, note.pitch) in struck
        new = begin % 2 == 1 and (begin - 1, note.pitch) not in sounding
        early.append(new and goes_on)
        if new:
            (anticipated if goes_on else passing).setdefault(begin, set()).add(note.pitch % 12)
    held = []
    for note, is_early, begin, end in zip(notes, early, first, last, strict=True):
        if is_early and end == begin:
            least = max(_ANTICIPATED, len(passing.get(begin, ())) + 1)
            if len(anticipated[begin]) >= least:
                beyond = Fraction(float(edges[begin + 1])) + _HELD_OVER
                note = replace(note, duration=beyond - note.onset)
        held.append(note)
    return held


def observe(
    notes: Sequence[Note], grid: BeatGrid, *, early_belongs_to_next: bool = True, band: bool = False
) -> Observations:
    """The sound of each half beat of a tune, from notes in any order. `band`: of several players,
    who may anticipate a chord with short strokes."""
    numbers = np.arange(2 * len(grid.edges) - 1) / 2
    edges = np.interp(numbers, np.arange(len(grid.edges)), grid.edges)
    halves = len(edges) - 1
    if early_belongs_to_next and band:
        notes = hold_anticipations(notes, edges)
    half, pitch, length = overlaps(notes, edges, early_belongs_to_next=early_belongs_to_next)
    length /= 2 * np.diff(edges)[half]
    pitch_class = pitch % 12
    low = np.full(halves, _NO_PITCH)
    np.minimum.at(low, half, pitch)
    lowest = np.where(low < _NO_PITCH, low % 12, NO_BASS)
    is_bass = (pitch_class == lowest[half]) & (pitch <= low[half] + 12)  # octaves are one bass
    next_low = np.full(halves, _NO_PITCH)
    np.minimum.at(next_low, half[~is_bass], pitch[~is_bass])

    def sums(which: NDArray[np.bool_]) -> Floats:
        index = half[which] * 12 + pitch_class[which]
        total = np.bincount(index, weights=length[which], minlength=halves * 12)
        return np.minimum(total.reshape(halves, 12), 0.5)

    return Observations(sums(~is_bass), sums(is_bass), lowest, next_low - low >= _BASS_GAP)


class Evidence(NamedTuple):
    """Evidence for chords, by beat. `opening (beats, 12)`: durations of each pitch class of a bass
    line in the first half beat; `first_sound (halves,)`: the next half beat that has a bass,
    `lowest (halves,)`. Sums over all beats before, `(beats + 1, ...)`: `upper`, `line` (the bass
    line), `others` (all but the bass line), `weight` of the beats, `absent`: the beats in which
    whole chords sound, but not this pitch class."""

    opening: Floats
    first_sound: Ints
    lowest: Ints
    upper: Floats
    line: Floats
    others: Floats
    weight: Floats
    absent: Floats


def gather_evidence(observed: Observations, *, band: bool = False) -> Evidence:
    """Evidence from observations; a beat with few pitch classes weighs less. In a `band` tones that
    are absent from full chords count, too; a hand alone often leaves them out."""
    upper, bass, line = (
        values[::2] + values[1::2]  # half beats to beats
        for values in (observed.upper, observed.bass, observed.bass * observed.line[:, None])
    )
    sounds = observed.upper + observed.bass > NEAR  # (halves, 12)
    full = (sounds.sum(axis=1) >= FULL_EVIDENCE).reshape(-1, 2).all(axis=1)
    absent = (full & band)[:, None] & ~(sounds[::2] | sounds[1::2])  # (beats, 12)
    weight = np.minimum((upper + bass > NEAR).sum(axis=1) / FULL_EVIDENCE, 1.0)
    upper, bass, line = (values * weight[:, None] for values in (upper, bass, line))
    return Evidence(
        (observed.bass * observed.line[:, None])[::2] * weight[:, None],
        _next_true(observed.lowest != NO_BASS),
        observed.lowest,
        _cumulative(upper),
        _cumulative(line),
        _cumulative(upper + bass - line),
        _cumulative(weight[:, None]),
        _cumulative(absent.astype(float)),
    )


def _next_true(flags: NDArray[np.bool_]) -> Ints:
    """For each position the first true one from there on; past the last, the length."""
    positions = np.where(flags, np.arange(len(flags)), len(flags))
    return np.minimum.accumulate(positions[::-1])[::-1]


def _cumulative(values: Floats) -> Floats:
    """The sums of all rows before each, and of all."""
    sums = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=sums[1:])
    return sums

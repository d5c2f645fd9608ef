"""Chord recognition: the changes of each bar from the notes of an accompaniment; and its bar lines,
where the file does not declare a pickup.

It names the harmony as a musician would over the bar: arpeggios, bass notes and stride are gathered
into chords, and passing notes are left out. Dynamic programming over the whole tune takes the
segments and chords that explain most, where a change has a cost: lowest at a bar line, higher at
half a bar, highest at another beat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.chords.observations import (
    NO_BASS,
    BeatGrid,
    Changes,
    Evidence,
    Ints,
    Observations,
    beat_grid,
    gather_evidence,
    observe,
)
from djmodel.inputs.chords.templates import TIE, Segment, chord_scores, template_bank
from djmodel.inputs.limits import no_deadline
from djmodel.inputs.score import Measure
from djmodel.music.chord import Chord
from djmodel.music.tune import Change, Note

_STEP = Fraction(1, 2)  # quarter lengths between the pickups that are tried
BARS_TRIED = 20  # from the start
_WELL_EXPLAINED = -0.2  # score per beat from which bar lines are taken as they are
_STRUCK = 0.3  # worth of a bar line with a note on it
_BETTER_BY = 0.5  # bar lines are moved if at most this share of what is unexplained remains
_SEGMENTS_PER_BATCH = 2000  # scored together: bounds the memory whatever the length of the tune


class _ChordStart(NamedTuple):
    """A chord, by its number in the template bank, and the beat that it starts at."""

    beat: int
    chord: int


def recognize_chords(
    notes: Sequence[Note],
    measures: Sequence[Measure],
    check: Callable[[], None] = no_deadline,
    *,
    band: bool = False,
) -> Changes:
    """The harmony of every bar, from the notes of the accompaniment (all its parts together, in any
    order, onsets from the start of the tune). `band`: several players, of whom more can be taken at
    their word than of one hand, which leaves tones out.

    Chords begin on beats. A bass that is another tone of the chord, or that is held under it,
    makes a slash chord. Where the accompaniment rests the last chord holds, and before its first
    note the first one; the changes of bars without notes are marked as not sounding. Returns no
    bars where nothing sounds. `check` is called now and then and may end the work by raising.
    """
    if not notes or not measures:
        return ()
    grid = beat_grid(measures)
    observed = observe(notes, grid, band=band)
    if (observed.lowest == NO_BASS).all():
        return ()
    evidence = gather_evidence(observed, band=band)
    path = _best_path(_scored_bars(evidence, grid, check, band=band), grid)
    return _changes(path, observed, grid, band=band)


def _scored_bars(
    evidence: Evidence, grid: BeatGrid, check: Callable[[], None], *, band: bool
) -> Iterator[NDArray[np.float32]]:
    """For each bar the scores of all segments within it, sorted by end, then by start: `(segments,
    chords)`."""
    bars = list(pairwise(grid.first))
    done = 0
    while done < len(bars):
        check()
        segments: list[Segment] = []
        sizes = []
        while done < len(bars) and len(segments) < _SEGMENTS_PER_BATCH:
            sizes.append(len(segments))
            first, last = bars[done]
            ends = range(first + 1, last + 1)
            segments += [(start, end) for end in ends for start in range(first, end)]
            done += 1
        yield from np.split(chord_scores(evidence, segments, band=band), sizes[1:])


def _best_path(scored_bars: Iterable[NDArray[np.float32]], grid: BeatGrid) -> list[_ChordStart]:
    """The segments, in order, with the highest total of scores less the costs of changes.
    `scored_bars`: as from `_scored_bars`.

    At a bar line the same chord may continue at no cost. Within a bar every new segment costs a
    change, so that it follows the best one that ends there, whatever its chord. A change that might
    be at any of several bar lines, over silence, is at the last.
    """
    n_chords = len(template_bank().chords)
    entered = np.zeros(n_chords, dtype=np.float32)  # totals before this bar, by its first chord
    before: dict[int, _ChordStart] = {}  # the best start of the segment that ends at a beat
    began: list[Ints] = []  # by bar: the beat of the bar where its last segment begins, by chord
    itself = np.arange(n_chords)
    backpointers: list[Ints] = [itself]  # by bar: the chord before, by its first chord
    for (first, last), score in zip(pairwise(grid.first), scored_bars, strict=True):
        best_chord, best_score = score.argmax(axis=1).tolist(), score.max(axis=1).tolist()
        length, row = last - first, 0
        totals_at = [0.0] * length  # on entering a segment there
        for end in range(1, length):
            opening = entered + score[row]
            chord = int(opening.argmax())
            best, ending = float(opening[chord]), _ChordStart(first, chord)
            for start in range(1, end):
                if totals_at[start] + best_score[row + start] > best:
                    best = totals_at[start] + best_score[row + start]
                    ending = _ChordStart(first + start, best_chord[row + start])
            totals_at[end] = best - grid.cost[first + end]
            before[first + end] = ending
            row += end
        totals = score[row : row + length] + np.array(totals_at, dtype=np.float32)[:, None]
        totals[0] += entered
        began.append(totals.argmax(axis=0))
        entered = totals.max(axis=0)
        entered -= entered.max()  # only differences count, and small numbers stay exact
        if last < len(grid.cost):
            leader = int(entered.argmax())
            switched = entered[leader] - np.float32(grid.cost[last])
            backpointers.append(np.where(entered > switched + TIE, itself, leader))
            entered = np.maximum(entered, switched)
    path: list[_ChordStart] = []
    chord = int(entered.argmax())
    for bar in reversed(range(len(began))):
        segment = _ChordStart(grid.first[bar] + int(began[bar][chord]), chord)
        path.append(segment)
        while segment.beat in before:
            segment = before[segment.beat]
            path.append(segment)
        chord = int(backpointers[bar][segment.chord])
    return path[::-1]


def _changes(
    path: list[_ChordStart], observed: Observations, grid: BeatGrid, *, band: bool
) -> Changes:
    """The path as changes of each bar, with their basses. The fifth that the bass of a band plays
    in turn with the root, while the chord stays, makes no slash chord."""
    ends = [segment.beat for segment in path[1:]] + [grid.first[-1]]
    lowest, line = observed.lowest.tolist(), observed.line.tolist()
    bars: list[list[Change]] = [[] for _ in grid.beats]
    bar, in_turn = 0, False
    before: Chord | None = None
    for (start, number), end in zip(path, ends, strict=True):
        while start >= grid.first[bar + 1]:
            bar += 1
        chord = template_bank().chords[number]
        if bars[bar] and bars[bar][-1].chord.pitch_classes == chord.pitch_classes:
            if in_turn and before is chord and lowest[2 * start] == chord.root:
                bars[bar][-1] = replace(bars[bar][-1], chord=chord)
            continue  # the same over another bass
        halves = slice(2 * grid.first[bar], 2 * grid.first[bar + 1])
        sounding = any(tone != NO_BASS for tone in lowest[halves])
        halves = slice(2 * start, 2 * end)
        bass = _bass(chord, lowest[halves], line[halves])
        in_turn = band and before is chord and (bass - chord.root) % 12 == 7
        if in_turn and chord.root in lowest[halves]:
            bass = chord.root
        before = chord
        onset = grid.beats[bar][start - grid.first[bar]]
        bars[bar].append(Change(onset, Chord(chord.root, chord.intervals, bass), sounding))
    return tuple(tuple(changes) for changes in bars)


def _bass(chord: Chord, lowest: Sequence[int], line: Sequence[bool]) -> int:
    """The bass of a chord, from the lowest notes in its half beats."""
    sounding = [(tone, apart) for tone, apart in zip(lowest, line, strict=True) if tone != NO_BASS]
    if not sounding:
        return chord.root
    first = sounding[0][0]
    held = all(tone == first and apart for tone, apart in sounding)
    return first if held or first in chord.pitch_classes else chord.root


def find_pick_up(notes: Sequence[Note], measures: Sequence[Measure]) -> Fraction:
    """The length of a pickup, in quarter lengths, that the file does not declare: 0 where its own
    bar lines fit.

    Many files begin a pickup at the start of a full bar, and every later bar line is off by it.
    Harmony changes at bar lines, so that with the true ones a chord per bar leaves far less
    unexplained. Only music in one meter that begins at onset 0 is considered. `notes`: of the
    accompaniment.
    """
    tried = list(measures[:BARS_TRIED])
    if not notes or not tried or any(measure[1:] != tried[0][1:] for measure in measures):
        return Fraction(0)
    end = tried[-1].onset + tried[-1].length
    early = [note for note in notes if note.onset < end]
    struck = {note.onset for note in early}
    if Fraction(0) not in struck or tried[0].onset != 0:
        return Fraction(0)

    def explained(pick_up: Fraction) -> float:
        bars = with_pick_up(tried, pick_up)
        grid = beat_grid(bars)
        evidence = gather_evidence(observe(early, grid, early_belongs_to_next=False))
        fit = float(chord_scores(evidence, list(pairwise(grid.first))).max(axis=1).sum())
        return fit + _STRUCK * sum(bar.onset in struck for bar in bars)

    as_it_stands = explained(Fraction(0))
    if as_it_stands >= _WELL_EXPLAINED * len(beat_grid(tried).cost):
        return Fraction(0)
    steps = range(1, int(tried[0].length / _STEP))
    totals = {number * _STEP: explained(number * _STEP) for number in steps}
    best = max(totals, key=lambda pick_up: totals[pick_up], default=Fraction(0))
    return best if best and totals[best] > _BETTER_BY * as_it_stands else Fraction(0)


def with_pick_up(measures: Sequence[Measure], pick_up: Fraction) -> tuple[Measure, ...]:
    """The bars of a piece in one meter, with the first bar line after `pick_up` quarter lengths."""
    if not pick_up:
        return tuple(measures)
    full = measures[0].length
    first = measures[0]._replace(length=pick_up)
    later = [m._replace(onset=m.onset + pick_up) for m in measures]
    end = measures[-1].onset + full
    last = later[-1]._replace(length=end - later[-1].onset)
    return (first, *later[:-1], last)

"""Chords heard: the changes of each bar, from the notes of an accompaniment or of a melody.

`recognize_chords` names the harmony, as a musician would over the bar: arpeggios, bass notes and stride
are gathered into chords, and passing notes are left out. `sounding_chords` takes every beat
literally. `harmonize` makes up a plausible harmony where there is only a melody.

The harmony is found in three steps. For every half beat: how long each pitch class sounds, and
what the bass is. For every stretch of beats within a bar: how well each chord of `TEMPLATES`
explains what sounds there. Then dynamic programming over the whole tune takes the stretches and
chords that explain most, where a change costs something: least at a bar line, more at half a bar,
most at another beat. Scoring stretches against templates goes back to Pardo and Birmingham,
*Algorithms for Chordal Analysis* (2002).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.limits import no_deadline
from djmodel.music.chord import Chord
from djmodel.music.score import Measure
from djmodel.music.tune import Change, Meter, Note

Changes = tuple[tuple[Change, ...], ...]
"""For each bar its changes, the first at onset 0."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Template(NamedTuple):
    """A kind of chord: its intervals above the root, and what speaks against it beforehand."""

    intervals: tuple[int, ...]
    cost: float


# The rarer a chord, the more it costs: it must explain more than a plain one does.
TEMPLATES = (
    Template((0, 4, 7), 0.0),
    Template((0, 3, 7), 0.0),
    Template((0, 4, 7, 10), 0.1),
    Template((0, 4, 7, 11), 0.2),
    Template((0, 3, 7, 10), 0.15),
    Template((0, 3, 6), 0.15),
    Template((0, 3, 6, 9), 0.15),
    Template((0, 3, 6, 10), 0.2),
    Template((0, 4, 7, 9), 0.25),
    Template((0, 3, 7, 9), 0.25),
    Template((0, 4, 8), 0.2),
    Template((0, 4, 8, 10), 0.3),
    Template((0, 5, 7), 0.35),
    Template((0, 5, 7, 10), 0.3),
    Template((0, 3, 7, 11), 0.4),
    Template((0, 2, 4, 7), 0.7),
    Template((0, 2, 4, 7, 10), 0.4),
    Template((0, 2, 3, 7, 10), 0.4),
    Template((0, 2, 4, 7, 11), 0.4),
    Template((0, 2, 5, 7, 10), 0.4),
    Template((0, 1, 4, 7, 10), 0.4),
    Template((0, 3, 4, 7, 10), 0.45),
    Template((0, 4, 7, 9, 10), 0.45),
    Template((0, 2, 4, 7, 9), 0.4),
    Template((0, 2, 3, 5, 7, 10), 0.75),
)

# What it costs a chord that one of its tones does not sound, by semitones above the root (a fifth
# goes without saying), and that a tone sounds which is not in it.
_ABSENT = np.array([0.6, 0.6, 0.6, 0.7, 0.7, 0.6, 0.5, 0.15, 0.5, 0.6, 0.6, 0.6])
_FOREIGN = 1.0
# Shares of the longest tone's time from which a tone is there, and a foreign one hurts fully.
_THERE_AT, _HURTS_AT = 0.15, 0.6
_ROOT_IN_BASS, _FOREIGN_BASS = 0.3, -0.4

# What a change costs, in a bar of four beats; in shorter bars less.
_AT_BAR, _AT_HALF, _AT_BEAT = 0.1, 0.5, 0.9
_WALKING = 0.35  # what a bass note counts after the first of a stretch, beside upper voices
_BASS_GAP = 8  # semitones between a bass and the voices above it, at least
MAX_BEATS = 12  # a longer bar is heard in beats twice as long
_NO_BASS = 12  # stands for the bass where there is none
_ROWS_AT_ONCE = 20  # of features that are multiplied
_STRETCHES_AT_ONCE = 2000  # that are scored: what this takes of memory does not grow with the tune
_ABOVE_ALL = 999  # stands for a pitch where there is none
_FULL_EVIDENCE = 3  # a beat with fewer pitch classes counts less
_THIN = 1.2  # what a stretch costs that has no tones at all; with one or two, less
_TIE = 1e-3  # decides between chords of equal score
_NEAR = 1e-6  # quarter lengths that count as none


class _Grid(NamedTuple):
    """The beats of a tune. `beats`: where those of each bar begin, from its start; `first`: the
    number of the first beat of each bar, and the number of all (`bars + 1` numbers); `edges`: where
    the beats begin, and the end; `cost`: of a change at each."""

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
def _bar_grid(meter: Meter, length: Fraction) -> tuple[Floats, Floats]:
    """The beats of a bar as numbers, and what a change costs on each."""
    beats = beats_of(meter, length)
    costs = [
        _AT_BAR if beat == 0 else _AT_HALF if beat * 2 == length else _AT_BEAT for beat in beats
    ]
    return np.array(beats, dtype=float), min(len(beats) / 4, 1.0) * np.array(costs)


def _grid(measures: Sequence[Measure]) -> _Grid:
    bars = [_bar_grid(measure.meter, measure.length) for measure in measures]
    onsets = [float(measure.onset) for measure in measures]
    end = onsets[-1] + float(measures[-1].length)
    return _Grid(
        tuple(beats_of(measure.meter, measure.length) for measure in measures),
        (0, *accumulate(len(beats) for beats, _ in bars)),
        np.concatenate(
            [onset + beats for onset, (beats, _) in zip(onsets, bars, strict=True)] + [[end]]
        ),
        np.concatenate([cost for _, cost in bars]),
    )


class _Observations(NamedTuple):
    """What sounds in each half beat: `upper` and `bass` `(halves, 12)`, in beats, how long each
    pitch class sounds above the bass and in it; `lowest` `(halves,)`, the pitch class of the
    lowest note (`_NO_BASS` in silence); `line`: whether it stands apart, as a bass does."""

    upper: Floats
    bass: Floats
    lowest: Ints
    line: NDArray[np.bool_]


def _overlaps(
    notes: Sequence[Note], edges: Floats, *, early_belongs_to_next: bool
) -> tuple[Ints, Ints, Floats]:
    """Each note in each cell that it sounds in: number of the cell, pitch and how long, in quarter
    lengths. `edges (cells + 1,)`: where the cells begin, and the end. Where two cells make a beat,
    a note that comes early (in the second) and is held may be counted from the next beat on."""
    cells = len(edges) - 1
    on = np.array([note.onset.numerator / note.onset.denominator for note in notes])
    lengths = [note.duration.numerator / note.duration.denominator for note in notes]
    off = on + np.array(lengths)
    pitch = np.array([note.pitch for note in notes], dtype=np.int64)
    first = np.clip(np.searchsorted(edges, on + _NEAR, side="right") - 1, 0, cells)
    last = np.clip(np.searchsorted(edges, off - _NEAR, side="left"), 0, cells)  # not included
    if early_belongs_to_next:
        first += (first % 2 == 1) & (last > first + 1)
    counts = np.maximum(last - first, 0)
    note_of = np.repeat(np.arange(len(notes)), counts)
    within = np.arange(len(note_of)) - np.repeat(np.cumsum(counts) - counts, counts)
    cell = first[note_of] + within
    length = np.minimum(off[note_of], edges[cell + 1]) - np.maximum(on[note_of], edges[cell])
    return cell, pitch[note_of], length


def _observe(
    notes: Sequence[Note], grid: _Grid, *, early_belongs_to_next: bool = True
) -> _Observations:
    numbers = np.arange(2 * len(grid.edges) - 1) / 2
    edges = np.interp(numbers, np.arange(len(grid.edges)), grid.edges)
    halves = len(edges) - 1
    half, pitch, length = _overlaps(notes, edges, early_belongs_to_next=early_belongs_to_next)
    length /= 2 * np.diff(edges)[half]
    pitch_class = pitch % 12
    low = np.full(halves, _ABOVE_ALL)
    np.minimum.at(low, half, pitch)
    lowest = np.where(low < _ABOVE_ALL, low % 12, _NO_BASS)
    is_bass = (pitch_class == lowest[half]) & (pitch <= low[half] + 12)  # octaves are one bass
    next_low = np.full(halves, _ABOVE_ALL)
    np.minimum.at(next_low, half[~is_bass], pitch[~is_bass])

    def sums(which: NDArray[np.bool_]) -> Floats:
        place = half[which] * 12 + pitch_class[which]
        total = np.bincount(place, weights=length[which], minlength=halves * 12)
        return np.minimum(total.reshape(halves, 12), 0.5)

    return _Observations(sums(~is_bass), sums(is_bass), lowest, next_low - low >= _BASS_GAP)


class _TemplateBank(NamedTuple):
    """The templates on all twelve roots, and the `weights (features, chords)` that score them.

    The features of what sounds: for each pitch class how much it is missing (12), for each how much
    it hurts where it is foreign (12), whether it is the bass (12, and 1 for no bass), and 1.
    """

    chords: tuple[Chord, ...]
    weights: NDArray[np.float32]


@lru_cache(maxsize=1)
def _template_bank() -> _TemplateBank:
    chords = tuple(
        Chord.of(root, template.intervals) for template in TEMPLATES for root in range(12)
    )
    absent, foreign = np.zeros((12, len(chords))), np.full((12, len(chords)), -_FOREIGN)
    in_bass = np.zeros((13, len(chords)))
    in_bass[:12] = _FOREIGN_BASS
    for number, chord in enumerate(chords):
        for interval in chord.intervals:
            tone = (chord.root + interval) % 12
            absent[tone, number] = -_ABSENT[interval]
            foreign[tone, number] = in_bass[tone, number] = 0.0
        in_bass[chord.root, number] = _ROOT_IN_BASS
        # Of two chords that do equally well, the same in every key: see from the bass.
        for above in range(12):
            in_bass[(chord.root + above) % 12, number] -= above * _TIE
    costs = np.repeat([t.cost + n * _TIE / 10 for n, t in enumerate(TEMPLATES)], 12)
    weights = np.concatenate([absent, foreign, in_bass, -costs[None, :]])
    return _TemplateBank(chords, weights.astype(np.float32))


def _features(missing: Floats, hurting: Floats, bass: Ints) -> Floats:
    """`(rows, features)` from `missing` and `hurting` `(rows, 12)` and `bass (rows,)`."""
    is_bass = np.eye(_NO_BASS + 1)[bass]
    return np.concatenate([missing, hurting, is_bass, np.ones((len(bass), 1))], axis=1)


def _segments(first: int, last: int) -> list[tuple[int, int]]:
    """All stretches within a bar that has the beats from `first` to `last` (not included), from
    beat to beat (not included): by their ends, and by their starts where they end together.
    """
    return [(start, end) for end in range(first + 1, last + 1) for start in range(first, end)]


class _Evidence(NamedTuple):
    """What speaks for chords, beat by beat: `evidence (beats,)`, how much a beat counts; `opening
    (beats, 12)`, how long the first half beat has each pitch class in a bass line; `first_sound
    (half beats,)`, the next half beat that has a bass, `lowest`. Sums over all beats before, each
    with a row more: `upper`, `line`, `others` (all but the bass line), `weight` of the evidence."""

    evidence: Floats
    opening: Floats
    first_sound: Ints
    lowest: Ints
    upper: Floats
    line: Floats
    others: Floats
    weight: Floats


def _evidence(heard: _Observations) -> _Evidence:
    upper, bass, line = (
        values[::2] + values[1::2]  # half beats to beats
        for values in (heard.upper, heard.bass, heard.bass * heard.line[:, None])
    )
    evidence = np.minimum((upper + bass > _NEAR).sum(axis=1) / _FULL_EVIDENCE, 1.0)
    upper, bass, line = (values * evidence[:, None] for values in (upper, bass, line))
    return _Evidence(
        evidence,
        (heard.bass * heard.line[:, None])[::2] * evidence[:, None],
        _next_true(heard.lowest != _NO_BASS),
        heard.lowest,
        _cumulated(upper),
        _cumulated(line),
        _cumulated(upper + bass - line),
        _cumulated(evidence[:, None]),
    )


def _scores(heard: _Evidence, stretches: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """`(stretches, chords)`: how well each chord explains what sounds from beat to beat."""
    start, end = np.array(stretches, dtype=np.int64).T

    def sums(cumulated: Floats) -> Floats:
        return cumulated[end] - cumulated[start]

    voices = (sums(heard.upper) > _NEAR).sum(axis=1)
    walking = np.where(voices >= 2, _WALKING, 1.0)[:, None]
    opening = heard.opening[start]
    profile = sums(heard.others) + opening
    profile += walking * (sums(heard.line) - opening)
    share = profile / np.maximum(profile.max(axis=1, keepdims=True), _NEAR)
    missing = 1.0 - np.minimum(share / _THERE_AT, 1.0)
    hurting = np.minimum(share / _HURTS_AT, 1.0)
    first_sound = np.minimum(heard.first_sound[2 * start], 2 * end - 1)
    features = _features(missing, hurting, heard.lowest[first_sound])
    features *= sums(heard.weight)
    tones = (profile > _NEAR).sum(axis=1, keepdims=True)
    thin = _THIN * (1.0 - np.minimum(tones / _FULL_EVIDENCE, 1.0))
    # In pieces so small that no threads are started, which would take longer than the work.
    weights = _template_bank().weights
    pieces = range(0, len(features), _ROWS_AT_ONCE)
    explained = [features[at : at + _ROWS_AT_ONCE].astype(np.float32) @ weights for at in pieces]
    return np.concatenate(explained) - thin.astype(np.float32)


def _next_true(flags: NDArray[np.bool_]) -> Ints:
    """For each place the first one from there on that is true; past the last, the length."""
    places = np.where(flags, np.arange(len(flags)), len(flags))
    return np.minimum.accumulate(places[::-1])[::-1]


def _cumulated(values: Floats) -> Floats:
    """The sums of all rows before each, and of all."""
    cumulated = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=cumulated[1:])
    return cumulated


def _scored_bars(
    heard: _Evidence, grid: _Grid, check: Callable[[], None]
) -> Iterator[NDArray[np.float32]]:
    """For each bar the scores of its `_segments`. `check` is called now and then."""
    bars = list(pairwise(grid.first))
    done = 0
    while done < len(bars):
        check()
        stretches: list[tuple[int, int]] = []
        sizes = []
        while done < len(bars) and len(stretches) < _STRETCHES_AT_ONCE:
            sizes.append(len(stretches))
            stretches += _segments(*bars[done])
            done += 1
        yield from np.split(_scores(heard, stretches), sizes[1:])


class _Segment(NamedTuple):
    """From beat `start` on, the chord of that number."""

    start: int
    chord: int


def _best_path(scored_bars: Iterable[NDArray[np.float32]], grid: _Grid) -> list[_Segment]:
    """The stretches, in order, with the highest total of scores less the costs of changes.
    `scored_bars`: the scores of each bar's `_segments`.

    At a bar line a chord may go on at no cost. Within a bar every new stretch costs a change, so
    that it follows the best one that ends there, whatever its chord. A change that might be at
    several bar lines, over silence, is at the last.
    """
    n_chords = len(_template_bank().chords)
    entered = np.zeros(n_chords, dtype=np.float32)  # totals before this bar, by chord to begin with
    before: dict[int, _Segment] = {}  # what ends best at a beat within a bar
    began: list[Ints] = []  # by bar: the beat of the bar where its last stretch begins, by chord
    itself = np.arange(n_chords)
    came_from: list[Ints] = [itself]  # by bar: the chord before, by chord to begin with
    for (first, last), score in zip(pairwise(grid.first), scored_bars, strict=True):
        best_chord, best_score = score.argmax(axis=1).tolist(), score.max(axis=1).tolist()
        length, row = last - first, 0
        totals_at = [0.0] * length  # on entering a stretch there
        for end in range(1, length):
            opening = entered + score[row]
            chord = int(opening.argmax())
            best, ending = float(opening[chord]), _Segment(first, chord)
            for start in range(1, end):
                if totals_at[start] + best_score[row + start] > best:
                    best = totals_at[start] + best_score[row + start]
                    ending = _Segment(first + start, best_chord[row + start])
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
            came_from.append(np.where(entered > switched + _TIE, itself, leader))
            entered = np.maximum(entered, switched)
    path: list[_Segment] = []
    chord = int(entered.argmax())
    for bar in reversed(range(len(began))):
        stretch = _Segment(grid.first[bar] + int(began[bar][chord]), chord)
        path.append(stretch)
        while stretch.start in before:
            stretch = before[stretch.start]
            path.append(stretch)
        chord = int(came_from[bar][stretch.chord])
    return path[::-1]


def recognize_chords(
    notes: Sequence[Note], measures: Sequence[Measure], check: Callable[[], None] = no_deadline
) -> Changes:
    """The harmony of every bar, from the notes of the accompaniment (all its parts together, in any
    order, onsets from the start of the tune).

    Chords begin on beats. A bass that is another tone of the chord, or that is held under it,
    makes a slash chord. Where the accompaniment rests the last chord holds, and before its first
    note the first one; bars without any are marked as not sounding. Returns no bars at all where
    nothing sounds. `check` is called now and then, and ends the work by what it raises.
    """
    if not notes or not measures:
        return ()
    grid = _grid(measures)
    heard = _observe(notes, grid)
    if (heard.lowest == _NO_BASS).all():
        return ()
    path = _best_path(_scored_bars(_evidence(heard), grid, check), grid)
    return _changes(path, heard, grid)


def _changes(path: list[_Segment], heard: _Observations, grid: _Grid) -> Changes:
    ends = [stretch.start for stretch in path[1:]] + [grid.first[-1]]
    lowest, line = heard.lowest.tolist(), heard.line.tolist()
    bars: list[list[Change]] = [[] for _ in grid.beats]
    bar = 0
    for (start, number), end in zip(path, ends, strict=True):
        while start >= grid.first[bar + 1]:
            bar += 1
        chord = _template_bank().chords[number]
        if bars[bar] and bars[bar][-1].chord.pitch_classes == chord.pitch_classes:
            continue  # the same over another bass
        halves = slice(2 * grid.first[bar], 2 * grid.first[bar + 1])
        sounding = any(tone != _NO_BASS for tone in lowest[halves])
        halves = slice(2 * start, 2 * end)
        bass = _bass(chord, lowest[halves], line[halves])
        onset = grid.beats[bar][start - grid.first[bar]]
        bars[bar].append(Change(onset, Chord(chord.root, chord.intervals, bass), sounding))
    return tuple(tuple(changes) for changes in bars)


def _bass(chord: Chord, lowest: Sequence[int], line: Sequence[bool]) -> int:
    """The bass of a chord, from what is lowest in each half beat while it lasts."""
    sounding = [(tone, apart) for tone, apart in zip(lowest, line, strict=True) if tone != _NO_BASS]
    if not sounding:
        return chord.root
    first = sounding[0][0]
    held = all(tone == first and apart for tone, apart in sounding)
    return first if held or first in chord.pitch_classes else chord.root


# ---------------------------------------------------------------------------------------------
# Where the bar lines are
# ---------------------------------------------------------------------------------------------

_PICK_UP_STEP = Fraction(1, 2)  # quarter lengths between the pick-ups that are tried
BARS_TRIED = 20  # from the start
_WELL_EXPLAINED = -0.2  # a total for each beat from which bar lines are taken as they are
_STRUCK = 0.3  # what a note that begins on a bar line is worth
_BETTER_BY = 0.5  # bar lines are moved if that leaves at most this much of what is not explained


def find_pick_up(notes: Sequence[Note], measures: Sequence[Measure]) -> Fraction:
    """How long the music lasts before its first bar line, in quarter lengths, where the file does
    not say: 0 if its own bar lines will do.

    Many files begin a pick-up at the start of a full bar, and are off by it to the end. Harmony
    changes at bar lines, so that between the right ones a chord a bar leaves far less unexplained.
    Only music in one meter that begins at once comes into question. `notes`: of the accompaniment.
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
        grid = _grid(bars)
        heard = _evidence(_observe(early, grid, early_belongs_to_next=False))
        fit = float(_scores(heard, list(pairwise(grid.first))).max(axis=1).sum())
        return fit + _STRUCK * sum(bar.onset in struck for bar in bars)

    as_it_stands = explained(Fraction(0))
    if as_it_stands >= _WELL_EXPLAINED * len(_grid(tried).cost):
        return Fraction(0)
    steps = range(1, int(tried[0].length / _PICK_UP_STEP))
    totals = {number * _PICK_UP_STEP: explained(number * _PICK_UP_STEP) for number in steps}
    best = max(totals, key=lambda pick_up: totals[pick_up], default=Fraction(0))
    return best if best and totals[best] > _BETTER_BY * as_it_stands else Fraction(0)


def with_pick_up(measures: Sequence[Measure], pick_up: Fraction) -> tuple[Measure, ...]:
    """The bars of a piece in one meter, with the first bar line after `pick_up` quarters."""
    if not pick_up:
        return tuple(measures)
    full = measures[0].length
    first = measures[0]._replace(length=pick_up)
    later = [m._replace(onset=m.onset + pick_up) for m in measures]
    end = measures[-1].onset + full
    last = later[-1]._replace(length=end - later[-1].onset)
    return (first, *later[:-1], last)


# ---------------------------------------------------------------------------------------------
# Literally
# ---------------------------------------------------------------------------------------------


def sounding_chords(notes: Sequence[Note], measures: Sequence[Measure]) -> Changes:
    """The pitch classes that sound, beat by beat, merged within a bar while they stay the same.

    Nothing is left out or made up. The root is that of the chord which explains the tones best;
    over silence the last chord holds, and before the first note the first one. Bars without any
    note are marked as not sounding. Returns no bars at all where nothing sounds.
    """
    if not notes or not measures:
        return ()
    grid = _grid(measures)
    beat, pitch, _ = _overlaps(notes, grid.edges, early_belongs_to_next=False)
    tones: list[set[int]] = [set() for _ in grid.cost]
    for number, tone in zip(beat, pitch % 12, strict=True):
        tones[number].add(int(tone))
    low = np.full(len(tones), _ABOVE_ALL)
    np.minimum.at(low, beat, pitch)
    if not any(tones):
        return ()
    first_sound = next(number for number, sounding in enumerate(tones) if sounding)
    holding = _literal_chord(frozenset(tones[first_sound]), int(low[first_sound]))
    bars: list[tuple[Change, ...]] = []
    for beats, (first, last) in zip(grid.beats, pairwise(grid.first), strict=True):
        sounding = any(tones[first:last])
        changes: list[Change] = []
        for number, onset in zip(range(first, last), beats, strict=True):
            if tones[number]:
                holding = _literal_chord(frozenset(tones[number]), int(low[number]))
            same = changes and changes[-1].chord.pitch_classes == holding.pitch_classes
            if not same:
                changes.append(Change(onset, holding, sounding))
        bars.append(tuple(changes))
    return tuple(bars)


def _literal_chord(tones: frozenset[int], bass: int) -> Chord:
    """Exactly these pitch classes, on the root of the template that fits them best over `bass`."""
    book = _template_bank()
    notes_on_grid = np.zeros((1, 12))
    notes_on_grid[0, list(tones)] = 1.0
    score = _features(1.0 - notes_on_grid, notes_on_grid, np.array([bass % 12])) @ book.weights
    root = book.chords[int(score.argmax())].root
    return Chord.of(root, [tone - root for tone in tones], bass)


# ---------------------------------------------------------------------------------------------
# From a melody alone
# ---------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A tonic (pitch class) and whether its scale is minor."""

    tonic: int
    minor: bool

    @property
    def sharps(self) -> int:
        """Sharps (positive) or flats (negative) of its signature, -5 to 6."""
        return ((self.tonic + 3 * self.minor) * 7 + 5) % 12 - 5


# How well each tone fits a key, by semitones above the tonic: Krumhansl and Kessler (1982).
_MAJOR_FIT = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_FIT = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def estimate_key(notes: Sequence[Note]) -> Key:
    """The key whose profile correlates best with how long each pitch class sounds. The last note
    counts for more: tunes end on the tonic. C major for no notes."""
    notes_on_grid = np.zeros(12)
    for note in notes:
        notes_on_grid[note.pitch % 12] += float(note.duration)
    if notes:
        notes_on_grid[max(notes, key=lambda note: note.onset).pitch % 12] += (
            0.05 * notes_on_grid.sum()
        )
    if np.ptp(notes_on_grid) == 0:
        return Key(0, False)
    keys = [Key(tonic, minor) for minor in (False, True) for tonic in range(12)]
    fits = [np.roll(_MINOR_FIT if key.minor else _MAJOR_FIT, key.tonic) for key in keys]
    return keys[int(np.argmax([np.corrcoef(notes_on_grid, fit)[0, 1] for fit in fits]))]


class _Degree(NamedTuple):
    """A chord of a key: its root in semitones above the tonic, its intervals, what it costs."""

    root: int
    intervals: tuple[int, ...]
    cost: float


_MAJOR, _MINOR, _SEVENTH = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10)
_MAJOR_KEY = (
    _Degree(0, _MAJOR, 0.0),
    _Degree(7, _SEVENTH, 0.1),
    _Degree(5, _MAJOR, 0.1),
    _Degree(2, (0, 3, 7, 10), 0.2),
    _Degree(9, _MINOR, 0.2),
    _Degree(4, _MINOR, 0.35),
    _Degree(2, _SEVENTH, 0.5),
    _Degree(9, _SEVENTH, 0.5),
    _Degree(4, _SEVENTH, 0.5),
    _Degree(0, _SEVENTH, 0.5),
    _Degree(5, _MINOR, 0.6),
    _Degree(10, _MAJOR, 0.6),
)
_MINOR_KEY = (
    _Degree(0, _MINOR, 0.0),
    _Degree(7, _SEVENTH, 0.1),
    _Degree(5, _MINOR, 0.1),
    _Degree(8, _MAJOR, 0.2),
    _Degree(3, _MAJOR, 0.2),
    _Degree(10, _MAJOR, 0.25),
    _Degree(2, (0, 3, 6, 10), 0.3),
    _Degree(0, _SEVENTH, 0.6),
    _Degree(2, _SEVENTH, 0.6),
    _Degree(1, _MAJOR, 0.6),
)
_FOREIGN_MELODY = 2.0  # cost of a bar of melody that has nothing to do with its chord
_DOWNBEAT = 1.5  # what a note on the first beat counts more
_MOVES = {5: -0.15, 0: 0.0}  # cost of a root that rises so many semitones: a fourth leads on
_OTHER_MOVE = 0.1
_NOT_AT_HOME = 0.4  # cost of another chord than the tonic's in the first and the last bar


def harmonize(notes: Sequence[Note], measures: Sequence[Measure]) -> Changes:
    """A plausible harmony for a lone melody (onsets from the start of the tune): in the estimated
    key, one chord a bar, chosen over the whole tune for how much of the melody is in each chord
    and for roots that fall by fifths; home at both ends. Returns no bars at all for no notes.
    """
    if not notes or not measures:
        return ()
    key = estimate_key(notes)
    degrees = _MINOR_KEY if key.minor else _MAJOR_KEY
    chords = [Chord.of(key.tonic + degree.root, degree.intervals) for degree in degrees]
    foreign = np.array(
        [[tone not in chord.pitch_classes for tone in range(12)] for chord in chords]
    )
    moves = np.array(
        [
            [_MOVES.get((there.root - here.root) % 12, _OTHER_MOVE) for there in chords]
            for here in chords
        ]
    )
    cost = _FOREIGN_MELODY * _bar_profiles(notes, measures) @ foreign.T
    cost += [degree.cost for degree in degrees]
    cost[[0, -1], 1:] += _NOT_AT_HOME
    total = cost[0]
    came_from = []
    for bar_cost in cost[1:]:
        ways = total[:, None] + moves  # (chord before, chord)
        came_from.append(ways.argmin(axis=0))
        total = ways.min(axis=0) + bar_cost
    chosen = [int(total.argmin())]
    for back in reversed(came_from):
        chosen.append(int(back[chosen[-1]]))
    return tuple((Change(Fraction(0), chords[number]),) for number in reversed(chosen))


def _bar_profiles(notes: Sequence[Note], measures: Sequence[Measure]) -> Floats:
    """`(bars, 12)`: the share of each pitch class in the melody of a bar; zeros for a rest."""
    edges = np.array([float(m.onset) for m in measures] + [float(measures[-1].onset)])
    edges[-1] += float(measures[-1].length)
    bar, pitch, length = _overlaps(notes, edges, early_belongs_to_next=False)
    profile = np.zeros((len(measures), 12))
    np.add.at(profile, (bar, pitch % 12), length)
    for note in notes:
        at = int(np.searchsorted(edges, float(note.onset) + _NEAR, side="right")) - 1
        if 0 <= at < len(measures) and note.onset == measures[at].onset:
            held = min(note.end, measures[at].onset + measures[at].meter.beat) - note.onset
            profile[at, note.pitch % 12] += (_DOWNBEAT - 1) * float(held)
    return profile / np.maximum(profile.sum(axis=1, keepdims=True), _NEAR)

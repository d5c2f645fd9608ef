"""Measures of what is found in an arrangement, beside what is known of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.bands.arrangements import Arrangement
from djmodel.inputs.quantization import STEPS_PER_QUARTER
from djmodel.inputs.score_to_tune import tune_from_score
from djmodel.music.chord import Chord
from djmodel.music.tune import ChordSpan, Note, Tune

_STEP = Fraction(1, 2)  # quarter lengths between the times at which chords are compared
_SAME_BAR = 0.8  # F-measure of its notes from which the melody of a bar is right
_SAME_FILE = 0.8  # share of bars from which the melody of a file is right

Quality = tuple[str, str, str]


@dataclass(frozen=True)
class Counts:
    """Numbers of right and of all: files, bars of melody, times at which chords are compared.
    `qualities` counts the times at which the root is right, too, `basses` the bass notes."""

    files: int = 0
    files_right: int = 0
    bars: int = 0
    bars_right: int = 0
    times: int = 0
    roots: int = 0
    qualities: int = 0
    basses: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in vars(self)))


def measure(arrangement: Arrangement) -> Counts:
    """What is found in an arrangement. The melody is compared by onsets and pitch classes, so that
    a doubling in octaves is as right."""
    tune = tune_from_score(arrangement.score, arrangement.kind).tune
    bars, bars_right = melody_bars(arrangement, tune)
    times, roots, qualities, basses = chord_times(arrangement.chords, tune)
    file_right = bars_right >= _SAME_FILE * bars
    return Counts(1, int(file_right), bars, bars_right, times, roots, qualities, basses)


def melody_bars(arrangement: Arrangement, tune: Tune) -> tuple[int, int]:
    """The bars that have melody, and those in which it was found."""
    starts = [round(m.onset * STEPS_PER_QUARTER) for m in arrangement.score.measures]
    known = _by_bar(arrangement.melody, starts)
    found = _by_bar(tune.melody_notes(), starts)
    right = 0
    for bar, notes in known.items():
        there = found.get(bar, set())
        right += 2 * len(notes & there) >= _SAME_BAR * (len(notes) + len(there))
    # melody where there is none is as wrong as none where there is some
    extra = sum(bar not in known for bar in found)
    return len(known) + extra, right


def _by_bar(notes: Sequence[Note], starts: Sequence[int]) -> dict[int, set[tuple[int, int]]]:
    """For each bar that has notes their onsets, in grid steps, and pitch classes."""
    by_bar: dict[int, set[tuple[int, int]]] = {}
    for note in notes:
        onset = round(note.onset * STEPS_PER_QUARTER)
        by_bar.setdefault(bisect_right(starts, onset), set()).add((onset, note.pitch % 12))
    return by_bar


def chord_times(chords: Sequence[ChordSpan], tune: Tune) -> tuple[int, int, int, int]:
    """Each eighth of the song: all, root right, root and quality right, bass right."""
    found: list[tuple[Fraction, Chord]] = [
        (start + change.onset, change.chord)
        for bar, start in zip(tune.bars, tune.starts, strict=False)
        for change in bar.changes
    ]
    onsets = [onset for onset, _ in found]
    times = roots = qualities = basses = 0
    for span in chords:
        at = span.onset
        while at < span.end:
            times += 1
            chord = found[max(bisect_right(onsets, at) - 1, 0)][1]
            same = chord.root == span.chord.root
            roots += same
            qualities += same and quality(chord) == quality(span.chord)
            basses += chord.bass == span.chord.bass
            at += _STEP
    return times, roots, qualities, basses


def quality(chord: Chord) -> Quality:
    """Third (or suspension), fifth and seventh of a chord; ninths, sixths and what is beyond them
    are colours."""
    tones = set(chord.intervals)
    third = "major" if 4 in tones else "minor" if 3 in tones else "none"
    if third == "none" and tones & {2, 5}:
        third = "suspended"
    fifth = "perfect" if 7 in tones or not tones & {6, 8} else "low" if 6 in tones else "high"
    if third == "major" and fifth == "low":
        fifth = "perfect"  # #11
    seventh = "major" if 11 in tones else "minor" if 10 in tones else "none"
    if 9 in tones and fifth == "low" and seventh == "none":
        seventh = "diminished"
    return third, fifth, seventh

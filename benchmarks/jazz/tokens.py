"""The tokens of MINGUS (Madaghiele, Lisena and Troncy, ISMIR 2021) with what is known at each.

A token is a pitch or a rest, and one of eleven classes of duration. Every fact about a token that
the network reads is known from the tokens before it and from the chart: the position is that of the
last note, whose place in the bar is known, plus the durations of the tokens since.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.wjazzd.records import Solo
from djmodel.inputs.wjazzd.solos import bundled_file, read_solos, stored_solos
from djmodel.music.tune import Tune
from djmodel.values.chart import NONE, Chart, Moments
from djmodel.values.conditioning import TICKS_PER_QUARTER, to_ticks
from djmodel.values.encoded_corpus import Registers

FILE = "mingus_tokens.json.gz"  # beside the bundled solos
REST = -1
# The classes of duration by MINGUS's names, in quarter lengths.
DURATIONS = {
    "quarter note triplet": 1 / 12, "32th": 1 / 8, "half note triplet": 1 / 6, "16th": 1 / 4,
    "8th": 1 / 2, "dot 8th": 3 / 4, "quarter": 1, "dot quarter": 3 / 2, "half": 2, "dot half": 3,
    "full": 4,
}  # fmt: skip
CLASS_TICKS = np.array([round(d * TICKS_PER_QUARTER) for d in DURATIONS.values()], dtype=np.int64)
# Two of the files of tokens are named after each other's solo.
_SWAPPED = {
    "ChrisPotter_Arjuna": "ChrisPotter_PopTune#1",
    "ChrisPotter_PopTune#1": "ChrisPotter_Arjuna",
}
# A segment ends at the first rest at least this long after more than MIN_SEGMENT tokens.
LONG_REST, MIN_SEGMENT, MAX_SEGMENT = 2, 11, 35


@dataclass(frozen=True, eq=False)
class TokenSolo:
    """The tokens of a solo: `pitches (n,)`, MIDI or REST; `durations (n,)`, indices of DURATIONS.
    `onsets (n,)`: the ticks at which notes begin, NONE for rests and for the few notes that are not
    found in the solo."""

    name: str
    tune: Tune
    pitches: NDArray[np.int64]
    durations: NDArray[np.int64]
    onsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pitches)


def token_solos() -> dict[str, TokenSolo]:
    """All solos that have tokens, by name."""
    path = bundled_file()
    tokens = json.loads(gzip.decompress((path.parent / FILE).read_bytes()))
    tunes = {result.info.id: result.tune for result in read_solos(path, without_chords=True)}
    stored = {s.info.id: s for s in stored_solos(path, Deadline(DEFAULT, path))}
    return {
        name: _token_solo(name, tokens[_SWAPPED.get(name, name)], tune, solo)
        for name in tokens
        if (tune := tunes[name]) is not None and isinstance(solo := stored[name], Solo)
    }


def _token_solo(
    name: str, tokens: Sequence[tuple[int | str, str]], tune: Tune, solo: Solo
) -> TokenSolo:
    classes = list(DURATIONS)
    pitches = np.array([REST if p == "R" else int(p) for p, _ in tokens], dtype=np.int64)
    durations = np.array([classes.index(d) for _, d in tokens], dtype=np.int64)
    melody = tune.melody_notes()
    starts = to_ticks(note.onset for note in melody)
    is_note = pitches != REST
    lengths = CLASS_TICKS[durations[is_note]] / TICKS_PER_QUARTER
    found = _aligned(
        pitches[is_note], lengths, np.array([n.pitch for n in melody]), _sounding(solo)
    )
    onsets = np.full(len(tokens), NONE, dtype=np.int64)
    onsets[is_note] = np.where(found < 0, NONE, starts[found])
    return TokenSolo(name, tune, pitches, durations, onsets)


def _sounding(solo: Solo) -> NDArray[np.float64]:
    return np.array([note.sounding / 100 for note in solo.notes])


def _aligned(
    pitches: NDArray[np.int64],
    lengths: NDArray[np.float64],
    melody: NDArray[np.int64],
    sounding: NDArray[np.float64],
) -> NDArray[np.int64]:
    """The index in the melody of each token's note, -1 where there is none: the tokens leave out
    very short notes, and a few are not in the melody. The alignment of the highest score."""
    n, m = len(pitches), len(melody)
    score = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        nearness = 1 / (1 + np.abs(np.log((sounding + 0.02) / (lengths[i - 1] + 0.02))))
        match = np.where(melody == pitches[i - 1], 1 + nearness, -9.0)
        diagonal = score[i - 1, :-1] + match
        best = np.maximum(diagonal, score[i - 1, 1:])
        score[i, 1:] = np.maximum.accumulate(best)
    found = np.full(n, -1, dtype=np.int64)
    i, j = n, m
    while i and j:
        if score[i, j] == score[i, j - 1]:
            j -= 1
        elif score[i, j] == score[i - 1, j]:
            i -= 1
        else:
            found[i - 1] = j - 1
            i, j = i - 1, j - 1
    return found


def charts_of(solos: Sequence[TokenSolo], training: Sequence[TokenSolo]) -> list[Chart]:
    """The charts of solos; registers are those of the training solos."""
    registers = Registers.of([solo.tune for solo in training])
    return [Chart.of(solo.tune, registers.of_solo(solo.tune)) for solo in solos]


def moments(solo: TokenSolo, chart: Chart, first: int = 0, last: int | None = None) -> Moments:
    """The facts known before each of the tokens from `first` to `last`, without those before."""
    last = len(solo) if last is None else last
    bar_ticks = 4 * TICKS_PER_QUARTER
    end = int(chart.bar_onsets[-1]) - 1
    columns: list[list[int]] = [[] for _ in Moments._fields]
    now = _start(solo, chart, first)
    notes = [(NONE, NONE), (NONE, NONE)]  # pitch and onset of the last one and the one before
    phrase_onset, phrase_notes = now, 0
    for t in range(first, last):
        place = min(max(now, 0), end)
        bar = int(np.searchsorted(chart.bar_onsets, place, side="right")) - 1
        change = int(np.searchsorted(chart.change_onsets, place, side="right")) - 1
        change = min(max(change, 0), len(chart.roots) - 1)
        (pitch, onset), (pitch_before, onset_before) = notes
        row = (
            bar, place, change, pitch, pitch_before, onset, onset_before, phrase_onset, phrase_notes
        )  # fmt: skip
        for column, number in zip(columns, row, strict=True):
            column.append(number)
        ticks = int(CLASS_TICKS[solo.durations[t]])
        if solo.pitches[t] == REST:
            # Long rests are cut at bar lines.
            line = math.ceil((now + 1) / bar_ticks) * bar_ticks
            now = line if abs(now + ticks - line) < TICKS_PER_QUARTER // 2 else now + ticks
            phrase_onset, phrase_notes = min(now, end), 0
        else:
            begun = int(solo.onsets[t])
            begun = place if begun == NONE else begun
            notes = [(int(solo.pitches[t]), begun), notes[0]]
            now = begun + ticks
            phrase_notes += 1
    return Moments(*(np.array(column, dtype=np.int64) for column in columns))


def _start(solo: TokenSolo, chart: Chart, first: int) -> int:
    """The time at which the first token is expected: at the bar line before the first note."""
    known = solo.onsets[first:][solo.onsets[first:] != NONE]
    onset = int(known[0]) if len(known) else 0
    bar = int(np.searchsorted(chart.bar_onsets, onset, side="right")) - 1
    return int(chart.bar_onsets[max(bar, 0)])


def segments(solo: TokenSolo) -> list[tuple[int, int]]:
    """The segments of MINGUS, from the first token to behind the last one. What is left at the end
    of a solo is dropped."""
    found, first = [], 0
    for t in range(len(solo)):
        length = t + 1 - first
        quarters = CLASS_TICKS[solo.durations[t]] / TICKS_PER_QUARTER
        long_rest = solo.pitches[t] == REST and quarters >= LONG_REST
        if length == MAX_SEGMENT or (long_rest and length > MIN_SEGMENT):
            found.append((first, t + 1))
            first = t + 1
    return found

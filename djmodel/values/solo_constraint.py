"""The constraint of a solo in the grammar of jazz, and the moments at which its values are drawn.

A value is two symbols, its duration and its tone. Which can come next depends on all that was drawn
before:

- A duration ends where the rest of the bar can still be filled exactly, on a division of a quarter
  into at most eight or into twelve. Where no duration does, any may come; the bar line ends it.
- A tone has the kind that its pitch has over the chord that holds, and a pitch of the register. A
  tie stands at the start of a bar, after a note that sounds up to the bar line. In a bar, no rest
  follows a rest. No more than LONGEST_RUN notes in a row have one pitch, where another is possible.
- The solo ends a phrase: no note begins in the second half of the last bar, and the last note that
  reaches it is a chord tone. In the last bar the line comes down, as soloists end: a note above the
  middle of the register is lower than the one before.

In shapes: B sequences, n symbols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import ALL_KINDS
from djmodel.values.chart import NONE, Chart, Ints, Moments
from djmodel.values.conditioning import TICKS_PER_QUARTER, Ticks, to_ticks
from djmodel.values.features import Conditioning
from djmodel.values.grammar import Register
from djmodel.values.jazz_grammar import is_duration, value_of
from djmodel.values.value import Value, parse_duration
from seqmodel.data.windows import Indices
from seqmodel.network.weights import Floats
from seqmodel.sampling.constraints import Drawn

_NEAR_BAR_LINE = 32  # ticks by which rounded durations may miss it; no value is as short
_DIVISIONS = (1, 2, 3, 4, 5, 6, 7, 8, 12)  # of a quarter
# Notes on one pitch. The bundled human solos have a longer run once in 1,460 notes; a network that
# has drawn so many does not come away from them.
LONGEST_RUN = 6


@dataclass(frozen=True, eq=False)
class Symbols:
    """The meaning of the symbols of a vocabulary, `(n,)` each: `ticks` of a duration, 0 for a tone;
    `leap`; `kind` (an index in ALL_KINDS, or -1); and which are durations, notes, rests and ties.
    Spare symbols are nothing."""

    ticks: Ticks
    leap: Ints
    kind: Ints
    is_duration: NDArray[np.bool_]
    is_note: NDArray[np.bool_]
    is_rest: NDArray[np.bool_]
    is_tie: NDArray[np.bool_]

    @classmethod
    @lru_cache(maxsize=8)
    def of(cls, texts: tuple[str, ...], size: int) -> Symbols:
        """The symbols `texts` of a vocabulary with `size` indices, made once for all solos."""
        durations = [parse_duration(t) if is_duration(t) else Fraction(0) for t in texts]
        tones = [None if is_duration(t) else value_of("1.000", t) for t in texts]
        kinds = [ALL_KINDS.index(t.kind) if t and t.leap is not None else -1 for t in tones]

        def padded(numbers: Sequence[int] | Ticks) -> Ints:
            return np.concatenate([numbers, np.zeros(size - len(texts), dtype=np.int64)]).astype(
                np.int64
            )

        ticks = padded(to_ticks(durations))
        kind = padded([k + 1 for k in kinds]) - 1
        return cls(
            ticks,
            padded([t.leap or 0 if t else 0 for t in tones]),
            kind,
            ticks > 0,
            kind >= 0,
            padded([bool(t and t.is_rest) for t in tones]) > 0,
            padded([bool(t and t.is_tie) for t in tones]) > 0,
        )


@dataclass(frozen=True, eq=False)
class SoloConstraint:
    """Solos over a chart that begin with the values `begun`. With `rhythm`, values from there on,
    they have its durations and its rests. `conditioning`, if there is any, has its inputs from the
    number of symbols on."""

    symbols: Symbols
    chart: Chart
    register: Register
    conditioning: Conditioning | None = None
    begun: Sequence[Value] = ()
    rhythm: Sequence[Value] | None = None

    def begin(self, batch: int) -> SoloTracker:
        tracker = SoloTracker(self, batch)
        for value in self.begun:
            tracker.follow(value)
        return tracker

    @cached_property
    def lengths(self) -> Ticks:
        """Of the bars."""
        return np.diff(self.chart.bar_onsets)

    @cached_property
    def can_fill(self) -> tuple[NDArray[np.bool_], Ints]:
        """Ticks from which durations can fill a bar exactly, a line for each length of a bar;
        and the line of each bar. False beyond the end of a bar."""
        lengths, line_of_bar = np.unique(self.lengths, return_inverse=True)
        durations = np.unique(self.symbols.ticks[self.symbols.is_duration])
        width = int(lengths.max() + durations.max()) + 1
        lines = np.zeros((len(lengths), width), dtype=bool)
        for line, length in zip(lines, lengths.tolist(), strict=True):
            line[length] = True
            for tick in _grid(length):
                line[tick] = line[tick + durations].any()
        return lines, line_of_bar.reshape(-1)

    @cached_property
    def ending(self) -> int:
        """The tick from which on no note begins."""
        return int(self.chart.bar_onsets[-1] - self.lengths[-1] // 2)


def _grid(length: int) -> list[int]:
    """The ticks of a bar at which values may begin, from its end to its start."""
    offsets = {
        TICKS_PER_QUARTER * k // division for division in _DIVISIONS for k in range(division)
    }
    quarters = range(0, length, TICKS_PER_QUARTER)
    ticks = {quarter + offset for quarter in quarters for offset in offsets}
    return sorted((tick for tick in ticks if tick < length), reverse=True)


class SoloTracker:
    """The places of B solos and the notes that were played: all of them are at the duration of a
    value, or all at its tone."""

    def __init__(self, constraint: SoloConstraint, batch: int) -> None:
        self.constraint, self.batch = constraint, batch
        chart, symbols = constraint.chart, constraint.symbols
        zeros = np.zeros(batch, dtype=np.int64)
        none = np.full(batch, NONE, dtype=np.int64)
        self.at = Moments(zeros, zeros, zeros, none, none, none, none, zeros, zeros)
        self.states = np.zeros(batch, dtype=np.intp)
        self.ended = np.zeros(batch, dtype=bool)
        self.at_tone = False
        self.n_values = 0  # after those that had begun
        self._last_pitch = np.full(batch, chart.middle)  # from which the next leap counts
        self._run = zeros  # notes in a row on that pitch
        self._sounding = np.zeros(batch, dtype=bool)  # a note sounds up to now
        self._resting = np.zeros(batch, dtype=bool)  # the last value of this bar was a rest
        self._ticks = zeros  # of the value whose tone comes next
        self._inputs: Indices | None = None
        self._durations = np.flatnonzero(symbols.is_duration)
        self._notes = np.flatnonzero(symbols.is_note)
        self._rests = np.flatnonzero(symbols.is_rest)
        self._ties = np.flatnonzero(symbols.is_tie)

    @property
    def conditioning(self) -> Indices | None:
        """The inputs of the value that is drawn, for both of its symbols: `(k, B)`."""
        conditioning = self.constraint.conditioning
        if conditioning is None:
            return None
        if self._inputs is None:
            offset = len(self.constraint.symbols.ticks)
            self._inputs = conditioning.inputs(self.constraint.chart, self.at, offset).T
        return self._inputs

    def mask(self, logits: Floats, out: Floats) -> Floats:
        possible = np.zeros(logits.shape, dtype=bool)
        if self.at_tone:
            self._mark_tones(possible)
        else:
            possible[self._durations] = self._possible_durations()
        out.fill(-np.inf)
        np.copyto(out, logits, where=possible)
        return out

    def advance(self, drawn: Drawn) -> None:
        symbols, indices = self.constraint.symbols, np.asarray(drawn)
        if not self.at_tone:
            self._ticks, self.at_tone = symbols.ticks[indices], True
            return
        if self.constraint.rhythm is not None:
            asked = self.constraint.rhythm[min(self.n_values, len(self.constraint.rhythm) - 1)]
            self._ticks = np.full(self.batch, to_ticks([asked.duration])[0])
        self._play(
            self._ticks, symbols.is_note[indices], symbols.is_tie[indices], symbols.leap[indices]
        )
        self.n_values += 1
        self.at_tone = False
        if self.constraint.rhythm is not None:
            self.ended |= self.n_values >= len(self.constraint.rhythm)

    def follow(self, value: Value) -> None:
        """Plays a value in all solos."""
        ones = np.ones(self.batch, dtype=np.int64)
        self._play(
            ones * int(to_ticks([value.duration])[0]),
            ones * (value.leap is not None) > 0,
            ones * value.is_tie > 0,
            ones * (value.leap or 0),
        )

    def _possible_durations(self) -> NDArray[np.bool_]:
        """Of the symbols of durations, `(n_durations, B)`."""
        constraint, at = self.constraint, self.at
        ticks = constraint.symbols.ticks[self._durations]
        if constraint.rhythm is not None:
            asked = constraint.rhythm[min(self.n_values, len(constraint.rhythm) - 1)]
            nearest = np.abs(ticks - to_ticks([asked.duration])[0])
            return np.repeat((nearest == nearest.min())[:, None], self.batch, axis=1)
        lines, line_of_bar = constraint.can_fill
        in_bar = at.now - constraint.chart.bar_onsets[at.bar]
        possible = lines[line_of_bar[at.bar], in_bar + ticks[:, None]]
        to_end = (in_bar + ticks[:, None] == constraint.lengths[at.bar]) & (
            at.now >= constraint.ending
        )  # one last rest
        possible = np.where(to_end.any(axis=0), to_end, possible)
        possible |= np.logical_not(possible.any(axis=0))
        return possible

    def _mark_tones(self, possible: NDArray[np.bool_]) -> None:
        """Sets `possible (n, B)` for tones that can come next."""
        constraint, at = self.constraint, self.at
        chart, symbols = constraint.chart, constraint.symbols
        notes = self._possible_notes()
        if constraint.rhythm is not None:
            asked = constraint.rhythm[min(self.n_values, len(constraint.rhythm) - 1)]
            if asked.is_rest:
                possible[self._rests] = True
            elif asked.is_tie and len(self._ties):
                possible[self._ties] = True
            else:
                possible[self._notes] = notes | np.logical_not(notes.any(axis=0))
            return
        chord_tones = symbols.kind[self._notes] == ALL_KINDS.index("C")
        closing = at.now + self._ticks >= constraint.ending
        if closing.any():
            final = notes & chord_tones[:, None]
            notes = np.where(closing & final.any(axis=0), final, notes)
            notes &= at.now < constraint.ending
        possible[self._notes] = notes
        end = at.now + self._ticks
        too_short = closing & (end < chart.bar_onsets[-1])  # another rest would have to follow
        possible[self._rests] = ~((self._resting | too_short) & notes.any(axis=0))
        possible[self._ties] = self._sounding & (at.now == chart.bar_onsets[at.bar])

    def _possible_notes(self) -> NDArray[np.bool_]:
        """Of the symbols of notes, those whose kind is that of their pitch, in the register, which
        in the last bar come down, and leave a pitch after a long run: `(n_notes, B)`."""
        constraint, at = self.constraint, self.at
        pitches = self._last_pitch + constraint.symbols.leap[self._notes][:, None]
        kinds = constraint.chart.kinds[at.change, pitches % 12]
        low, high = constraint.register
        possible = (
            (kinds == constraint.symbols.kind[self._notes][:, None])
            & (pitches >= low)
            & (pitches <= high)
        )
        leaving = possible & (pitches != self._last_pitch)
        possible = np.where((self._run >= LONGEST_RUN) & leaving.any(axis=0), leaving, possible)
        coming_down = (pitches <= constraint.chart.middle) | (pitches < self._last_pitch)
        coming_down &= possible
        in_last_bar = at.now >= constraint.chart.bar_onsets[-2]
        return np.where(in_last_bar & coming_down.any(axis=0), coming_down, possible)

    def _play(
        self,
        ticks: Ticks,
        is_note: NDArray[np.bool_],
        is_tie: NDArray[np.bool_],
        leap: Ints,
    ) -> None:
        """Moves every solo that has not ended by a value."""
        chart, at = self.constraint.chart, self.at
        line = chart.bar_onsets[at.bar + 1]
        now = np.where(line - at.now - ticks < _NEAR_BAR_LINE, line, at.now + ticks)
        is_rest = ~(is_note | is_tie)
        pitch = self._last_pitch + leap
        after = Moments(
            np.minimum(at.bar + (now == line), len(chart.bar_onsets) - 2),
            now,
            np.minimum(
                np.searchsorted(chart.change_onsets, now, side="right") - 1, len(chart.roots) - 1
            ),
            np.where(is_note, pitch, at.pitch),
            np.where(is_note, at.pitch, at.pitch_before),
            np.where(is_note, at.now, at.onset),
            np.where(is_note, at.onset, at.onset_before),
            np.where(is_rest, now, at.phrase_onset),
            np.where(is_rest, 0, at.phrase_notes + is_note),
        )
        if self.ended.any():
            after = Moments(
                *(np.where(self.ended, old, new) for old, new in zip(at, after, strict=True))
            )
        self.at = after
        plays = is_note & ~self.ended
        self._run = np.where(
            plays, np.where(pitch == self._last_pitch, self._run, 0) + 1, self._run
        )
        self._last_pitch = np.where(plays, pitch, self._last_pitch)
        self._sounding = is_note | (is_tie & self._sounding)
        self._resting = is_rest & (now < line)
        self.ended = self.ended | (after.now >= chart.bar_onsets[-1])
        self._inputs = None

"""Passages that a solo has in common with the tunes that its model was trained on.

A melody is compared in three representations:

- VALUES, as the model reads it: kind, duration and interval range of each note and rest, relative
  to the chords: a passage transposed together with its chords is the same passage.
- MELODY: the interval in semitones and the time between the onsets of successive notes. The same
  in any key and over any chords; durations do not matter.
- INTERVALS: the intervals alone, which finds a melody with another rhythm.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.metrics import melodic_steps
from djmodel.evaluation.statistics import mean_array
from djmodel.model.improvise import Solo
from djmodel.model.model_file import DjModel
from djmodel.music.tune import Tune
from djmodel.values.grammar import encode
from seqmodel.suffix_automaton import Match, SuffixAutomaton
from seqmodel.text import pluralize

VALUES, MELODY, INTERVALS = "values", "melody", "intervals"
REPRESENTATIONS = (VALUES, MELODY, INTERVALS)

_UNITS = {
    VALUES: ("value", "values"),
    MELODY: ("note", "notes"),
    INTERVALS: ("note (intervals only)", "notes (intervals only)"),
}

MAX_NGRAM = 12  # the longest n-grams whose overlap is measured
COPY_NGRAM = 8  # the length in values where a single number has to say how much is copied
KNOWN_VALUES = 24  # in a row, the fewest that show that music was trained on
MAX_BASELINES = 8  # tunes that are compared with the others

# A model of fewer training values can memorize them: see `benchmarks/copying.py`.
FEW_VALUES = 3000


class Line(NamedTuple):
    """A melody in one representation: its symbols, and the bar in which each begins, from 1 on."""

    symbols: Sequence[Hashable]
    bars: Sequence[int]


class Passage(NamedTuple):
    """A copied passage: its length in values or notes, the bar in which it begins, and the title
    and the bar of its source. Bars count from 1 (0: not known); length 0 means that nothing is
    copied."""

    length: int
    bar: int
    title: str
    title_bar: int

    @property
    def source(self) -> str:
        """The title and, where it is known, the bar."""
        return f"{self.title}, bar {self.title_bar}" if self.title_bar else self.title


@dataclass(frozen=True)
class Copied:
    """Copies in a melody, in one representation: the longest passage, and the share of its n-grams
    that occur in the training tunes, for n from 1 to 12: `(12,)`, nan where it is shorter."""

    longest: Passage
    overlap: NDArray[np.float64]


class CopyDetector:
    """The tunes in which copies are looked for. Values that are the same in the grammar and the
    vocabulary of `model` are equal; without one, only equal values of the course's grammar are.
    `sequences` are the values of the tunes as the model's numbers, where they are known already."""

    def __init__(
        self,
        tunes: Iterable[Tune],
        model: DjModel | None = None,
        sequences: Sequence[Sequence[int]] = (),
    ) -> None:
        self.tunes, self.model, self.sequences = tuple(tunes), model, sequences
        self._automata: dict[str, SuffixAutomaton] = {}
        self._lines: dict[tuple[int, str], Line] = {}

    @classmethod
    def of(cls, model: DjModel) -> CopyDetector:
        """A detector of copies from the tunes that a model was trained on."""
        return cls(model.tunes, model, [*map(model.numbers_of, model.sequences)])

    def copied(
        self, melody: Tune | Solo, representation: str, *, without: int | None = None
    ) -> Copied:
        """The copies in `melody` from the tunes, but for the one with index `without`.

        `representation` says what has to be the same: "values", all that the model reads, relative
        to the chords; "melody", intervals and the times between onsets, in any key and over any
        chords; "intervals" alone, in any rhythm. The values of a solo are those that the model
        generated, the values of a tune those of its notes over its chords."""
        line = self.line(melody, representation)
        automaton = self._automaton(representation)
        passage = self._passage(line, automaton.longest_copy(line.symbols, without), representation)
        return Copied(passage, automaton.overlap(line.symbols, MAX_NGRAM, without))

    def longest(self, melodies: Sequence[Tune | Solo], representation: str) -> Passage:
        """The longest passage that one of `melodies` has copied, as `copied` finds it, but in a
        fraction of the time where the melodies are few: the tunes are read once, and not kept."""
        lines = [self.line(melody, representation) for melody in melodies]
        new = SuffixAutomaton(line.symbols for line in lines)
        number, match = new.longest_copy_from(self._known(representation))
        return self._passage(lines[number], match, representation)

    def _passage(self, line: Line, match: Match, representation: str) -> Passage:
        if not match.length:
            return Passage(0, 0, "", 0)
        # n intervals lie between n + 1 notes
        length = match.length if representation == VALUES else match.length + 1
        title, title_bar = "another training tune", 0
        stored = len(self.tunes)
        if match.source < stored:
            title = self.tunes[match.source].title
            source = self._line_of(match.source, representation)
            title_bar = source.bars[match.source_place]
        elif self.model and self.model.titles:  # of which a compact model file has no notes
            title = self.model.titles[match.source - stored]
        return Passage(length, line.bars[match.place], title, title_bar)

    def line(self, melody: Tune | Solo, representation: str) -> Line:
        """A melody in one of REPRESENTATIONS."""
        if representation != VALUES:
            return _steps(melody if isinstance(melody, Tune) else melody.tune, representation)
        model = self.model
        if isinstance(melody, Solo):
            bars = melody.values
        else:
            bars = model.encode_tune(melody) if model else encode(melody)
        values = [value for bar in bars for value in bar]
        numbers = [number for number, bar in enumerate(bars, start=1) for _ in bar]
        return Line(model.numbers_of(model.encode(values)) if model else values, numbers)

    def _line_of(self, number: int, representation: str) -> Line:
        """The line of a tune of the detector, made once."""
        key = number, representation
        if key not in self._lines:
            self._lines[key] = self.line(self.tunes[number], representation)
        return self._lines[key]

    def _automaton(self, representation: str) -> SuffixAutomaton:
        if representation not in self._automata:
            self._automata[representation] = SuffixAutomaton(self._known(representation))
        return self._automata[representation]

    def _known(self, representation: str) -> Iterable[Sequence[Hashable]]:
        """The symbols of each tune."""
        known = self.sequences if representation == VALUES else ()
        numbers = range(len(self.tunes))
        return known or (self._line_of(number, representation).symbols for number in numbers)


def human_baseline(
    detector: CopyDetector, representation: str, bars: int | None = None
) -> list[Copied]:
    """The copies in each tune (in MAX_BASELINES of many tunes) from all others. With `bars`, tunes
    are cut into pieces of that length, to be compared with solos of that length. Empty for a
    single tune."""
    tunes = detector.tunes
    if len(tunes) < 2:
        return []
    return [
        detector.copied(piece, representation, without=i)
        for i in sorted({round(i) for i in np.linspace(0, len(tunes) - 1, MAX_BASELINES)})
        for piece in pieces(tunes[i], bars)
    ]


def known_passage(detector: CopyDetector, tune: Tune) -> Passage | None:
    """The passage that shows that a tune is training music, whatever its file and key: half of the
    tune's values in a row, at least KNOWN_VALUES or all of them; None if there is none."""
    longest = detector.copied(tune, VALUES).longest
    n_values = len(detector.line(tune, VALUES).symbols)
    return longest if longest.length >= min(n_values, max(n_values / 2, KNOWN_VALUES)) else None


def pieces(tune: Tune, bars: int | None) -> list[Tune]:
    """A tune cut into pieces of `bars` bars, melody and changes, without a shorter remainder. A
    tune that is not longer than that, or `bars` None, gives the tune itself."""
    if bars is None or len(tune.bars) <= bars:
        return [tune]
    firsts = range(1, len(tune.bars) - bars + 2, bars)
    melody = replace(tune, accompaniment=())  # of many notes, of which none is measured
    return [melody.excerpt(first, first + bars - 1) for first in firsts]


def format_overlap(found: Iterable[Copied], lengths: Iterable[int]) -> list[str]:
    """The mean overlap at each n-gram length, in percent; a dash where no melody is that long."""
    overlap = mean_array(copied.overlap for copied in found)
    return ["–" if np.isnan(overlap[n - 1]) else f"{overlap[n - 1]:.1%}" for n in lengths]


def format_longest(found: Mapping[str, Passage]) -> str:
    """The longest passages of a solo, by representation, in a line."""
    passages = [
        f"{pluralize(passage.length, *_UNITS[representation])} as in {passage.source}"
        for representation, passage in found.items()
        if passage.length
    ]
    return "; ".join(passages) or "nothing"


def memorization_warning(model: DjModel) -> str:
    """A warning if the model has so little training music that it may memorize it, else ""."""
    if model.n_values >= FEW_VALUES:
        return ""
    return f"trained on {pluralize(model.n_values, 'value')} only: expect copied passages"


def _steps(tune: Tune, representation: str) -> Line:
    steps = melodic_steps(tune)
    symbols: list[Hashable] = [
        (semitones, float(quarters)) if representation == MELODY else semitones
        for semitones, quarters in steps
    ]
    starts = tune.starts
    onsets = [note.onset for note in tune.melody_notes()[:-1]]
    return Line(symbols, [bisect_right(starts, onset) for onset in onsets])

"""What a solo takes over from the tunes that its model was trained on, and where it stands there.

A passage can be copied in more than one way, so that a melody is read in three:

- VALUES, as the model hears it: the kind, length and range of each note and rest. Relative to the
  chords: a passage moved to another key with its chords is the same, over other chords it is not.
- MELODY: from each note to the next the interval in semitones and the time from onset to onset.
  The same in any key and over any chords; how long a note is held does not matter.
- INTERVALS: the intervals alone. Finds a melody whose rhythm was changed.

What is normal is what a tune made by a human has in common with the others: `human_baseline`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.metrics import mean_array
from djmodel.model.improvise import Solo, tunes_of
from djmodel.music.tune import Tune
from djmodel.values.encoded import encode_values
from djmodel.values.grammar import encode
from seqmodel.suffix_automaton import SuffixAutomaton
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from seqmodel.data.vocabulary import Vocabulary
    from seqmodel.model_file import ModelFile

VALUES, MELODY, INTERVALS = "values", "melody", "intervals"
REPRESENTATIONS = (VALUES, MELODY, INTERVALS)

_UNITS = {
    VALUES: ("value", "values"),
    MELODY: ("note of melody", "notes of melody"),
    INTERVALS: ("note by its interval", "notes by their intervals"),
}

LONGEST = 12  # of the n-grams whose overlap is measured
COPY_NGRAM = 8  # values in the same order that are copied, where one number has to say it
MOST_BASELINES = 8  # tunes that are held against the others

# Fewer values than this, and a model can learn them by heart: see `benchmarks/copying.py`.
FEW_VALUES = 3000


class Line(NamedTuple):
    """A melody read in one way: its symbols, and the bar in which each begins, counted from 1."""

    symbols: Sequence[Hashable]
    bars: Sequence[int]


class Passage(NamedTuple):
    """The longest passage that is copied: how many values, or notes, it has; the bar in which it
    begins, counted from 1; title and bar of the tune where it stands, too. Length 0: nothing is."""

    length: int
    bar: int
    title: str
    title_bar: int


@dataclass(frozen=True)
class Copied:
    """What a melody has in common with known tunes, read in one way: the longest passage, and the
    share of its n-grams that are known, for n from 1 to LONGEST: `(LONGEST,)`."""

    longest: Passage
    overlap: NDArray[np.float64]


class CopyDetector:
    """The tunes that copies are looked for in; `vocabulary` says which values are one to the model
    (None: none but equal ones)."""

    def __init__(
        self,
        tunes: Iterable[Tune],
        vocabulary: Vocabulary | None = None,
        sequences: Sequence[Sequence[int]] = (),
    ) -> None:
        """`sequences` are the values of the tunes in the vocabulary, if that is known already."""
        self.tunes, self.vocabulary, self.sequences = tuple(tunes), vocabulary, sequences
        self._known: dict[str, SuffixAutomaton] = {}

    @classmethod
    def of(cls, model: ModelFile) -> CopyDetector:
        """The tunes that a model was trained on."""
        tunes = tunes_of(model, accompanied=False)
        return cls(tunes, model.vocabulary, model.extra["sequences"])

    def copied(self, melody: Tune | Solo, representation: str) -> Copied:
        """What `melody` has in common with these tunes, read in one of WAYS. Of a solo the values
        are those that the model chose; of a tune, those that its notes are over its chords."""
        line = self.line(melody, representation)
        if representation not in self._known:
            self._known[representation] = SuffixAutomaton(self._symbols(representation))
        found = self._known[representation].longest_copy(line.symbols)
        passage = Passage(0, 0, "", 0)
        if found.length:
            notes = found.length + (
                representation != VALUES
            )  # so many steps lie between one note more
            source = self.tunes[found.source]
            title_bar = self.line(source, representation).bars[found.source_place]
            passage = Passage(notes, line.bars[found.place], source.title, title_bar)
        return Copied(passage, self._known[representation].overlap(line.symbols, LONGEST))

    def _symbols(self, representation: str) -> Iterable[Sequence[Hashable]]:
        if representation == VALUES and self.sequences:
            return self.sequences
        return (self.line(tune, representation).symbols for tune in self.tunes)

    def line(self, melody: Tune | Solo, representation: str) -> Line:
        """A melody read in one of WAYS."""
        if representation != VALUES:
            return _steps(melody if isinstance(melody, Tune) else melody.tune, representation)
        bars = encode(melody) if isinstance(melody, Tune) else melody.values
        values = [value for bar in bars for value in bar]
        numbers = [number for number, bar in enumerate(bars, start=1) for _ in bar]
        return Line(encode_values(values, self.vocabulary) if self.vocabulary else values, numbers)


def human_baseline(
    detector: CopyDetector, representation: str, bars: int | None = None
) -> list[Copied]:
    """For each tune, of many for MOST_BASELINES of them, what it has in common with all the others:
    what is normal in this music. In pieces of so many `bars`, if asked for, to be held against
    solos as long as that. Nothing for a single tune."""
    tunes = detector.tunes
    if len(tunes) < 2:
        return []
    found = []
    for i in sorted({round(i) for i in np.linspace(0, len(tunes) - 1, MOST_BASELINES)}):
        others = CopyDetector((*tunes[:i], *tunes[i + 1 :]), detector.vocabulary)
        found += [others.copied(piece, representation) for piece in pieces(tunes[i], bars)]
    return found


def pieces(tune: Tune, bars: int | None) -> list[Tune]:
    """A tune in pieces of so many bars, without the rest that is shorter; one that is shorter than
    that, or is not to be cut (None), as it is."""
    if bars is None or len(tune.bars) <= bars:
        return [tune]
    firsts = range(1, len(tune.bars) - bars + 2, bars)
    return [tune.excerpt(first, first + bars - 1) for first in firsts]


def format_overlap(found: Iterable[Copied], lengths: Iterable[int]) -> list[str]:
    """The mean share of the runs of each length that are known, in per cent; a dash where no line
    is as long as that."""
    overlap = mean_array(copied.overlap for copied in found)
    return ["–" if np.isnan(overlap[n - 1]) else f"{overlap[n - 1]:.1%}" for n in lengths]


def format_longest(found: Mapping[str, Copied]) -> str:
    """The longest passages of a solo, by way of reading, in a line."""
    passages = [
        f"{pluralize(copied.longest.length, *_UNITS[representation])} as in {copied.longest.title}, bar"
        f" {copied.longest.title_bar}"
        for representation, copied in found.items()
        if copied.longest.length
    ]
    return "; ".join(passages) or "nothing"


def memorization_warning(model: ModelFile) -> str:
    """A warning where the model has so little music that it may know it by heart, else ""."""
    n_values = sum(map(len, model.extra["sequences"]))
    if n_values >= FEW_VALUES:
        return ""
    return (
        f"trained on {pluralize(n_values, 'value')} only: expect copied passages; train on more"
        " music, or set --max-copy"
    )


def _steps(tune: Tune, representation: str) -> Line:
    """From each note to the next: the interval, and for MELODY the time between the onsets."""
    notes = tune.melody_notes()
    starts = tune.starts
    steps = [
        (b.pitch - a.pitch, float(b.onset - a.onset))
        if representation == MELODY
        else b.pitch - a.pitch
        for a, b in pairwise(notes)
    ]
    return Line(steps, [bisect_right(starts, note.onset) for note in notes[:-1]])

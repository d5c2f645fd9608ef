"""Views of candidates: what symbols that could come next have in common at a place of the chart.

The same leap leads from different notes to different degrees of a chord, and the same duration ends
on the beat or off it. Each view names the result of a candidate in one way, so that the network can
prefer the third of the chord, the leading note of the key, a pitch or the next beat, from wherever
the melody is (see `seqmodel.network.candidates`).

In shapes: n contexts of a feature, V symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from djmodel.music.chord import ALL_KINDS, Chord, kind_of
from djmodel.values.chart import NONE, QUALITIES, Ints
from djmodel.values.conditioning import Ticks, to_ticks
from djmodel.values.features import (
    HIGHEST,
    LOWEST,
    PITCH_CLASSES,
    WIDEST,
    Conditioning,
    Feature,
    in_parts,
)
from djmodel.values.jazz_grammar import is_duration, value_of
from djmodel.values.value import parse_duration
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING
from seqmodel.network.candidates import CandidateViews, View

_BEYOND = 12  # semitones below and above the pitches of a feature that a leap is distinguished
_PHASES = 24  # places in a quarter at which a duration can end
_LONGEST = 4 * _PHASES  # phases, of the time that a duration leaves of its bar

# A usual chord of each quality, in semitones above the root.
_USUAL_CHORDS = {
    "major": (0, 4, 7),
    "major 7": (0, 4, 7, 11),
    "7": (0, 4, 7, 10),
    "altered 7": (0, 1, 4, 7, 10),
    "augmented": (0, 4, 8),
    "suspended": (0, 5, 7, 10),
    "minor": (0, 3, 7),
    "minor 7": (0, 3, 7, 10),
    "minor major 7": (0, 3, 7, 11),
    "half-diminished": (0, 3, 6, 10),
    "diminished": (0, 3, 6, 9),
}


@dataclass(frozen=True)
class Candidate:
    """A symbol that could come next: the `leap` of a note in semitones and its `kind`, if it has
    one, or a `duration` in quarter lengths; a rest and a tie have nothing of these."""

    leap: int | None = None
    kind: str | None = None
    duration: Fraction | None = None

    @classmethod
    def of(cls, symbol: str) -> Candidate:
        """A symbol of the grammar of jazz."""
        if is_duration(symbol):
            return cls(duration=parse_duration(symbol))
        tone = value_of("1.000", symbol)
        return cls() if tone.leap is None else cls(tone.leap, tone.kind)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Candidates as arrays `(V,)`: `kind` is an index in ALL_KINDS or NONE; `ticks` of a duration,
    0 for others."""

    is_note: Ints
    leap: Ints
    kind: Ints
    ticks: Ticks

    @classmethod
    def of(cls, candidates: Sequence[Candidate], size: int) -> _Candidates:
        spare = [*candidates, *[Candidate()] * (size - len(candidates))]
        return cls(
            np.array([c.leap is not None for c in spare]),
            np.array([c.leap or 0 for c in spare]),
            np.array([ALL_KINDS.index(c.kind) if c.kind else NONE for c in spare]),
            to_ticks(c.duration or Fraction(0) for c in spare),
        )


def _degrees(feature: Feature, candidates: _Candidates) -> Ints:
    """The degree to which a leap leads from each degree."""
    degrees = np.arange(feature.size)[:, None]
    reached = (degrees + candidates.leap) % PITCH_CLASSES
    return np.where((degrees < PITCH_CLASSES) & candidates.is_note, reached, PADDING)


def _pitches(feature: Feature, candidates: _Candidates) -> Ints:
    """The pitch to which a leap leads."""
    pitches = np.arange(feature.size)[:, None]
    reached = (LOWEST + pitches + candidates.leap).clip(LOWEST - _BEYOND, HIGHEST + _BEYOND)
    known = (pitches <= HIGHEST - LOWEST) & candidates.is_note
    return np.where(known, reached - (LOWEST - _BEYOND), PADDING)


def _from_the_note_before(feature: Feature, candidates: _Candidates) -> Ints:
    """The distance from the note before the last one, after each leap to the last one."""
    leaps = np.arange(feature.size)[:, None]
    distances = (leaps - WIDEST + candidates.leap).clip(-WIDEST, WIDEST)
    return np.where((leaps <= 2 * WIDEST) & candidates.is_note, distances + WIDEST, PADDING)


def _is_of_its_kind(feature: Feature, candidates: _Candidates) -> Ints:
    """1 for a note that has its kind over the usual chord of the quality, 0 for another."""
    qualities, degrees = np.divmod(np.arange(feature.size)[:, None], PITCH_CLASSES + 1)
    usual = _usual_kinds()[qualities, (degrees + candidates.leap) % PITCH_CLASSES]
    known = (degrees < PITCH_CLASSES) & (usual != NONE) & (candidates.kind != NONE)
    return np.where(known, candidates.kind == usual, PADDING)


def _ends_in_the_beat(feature: Feature, candidates: _Candidates) -> Ints:
    """The place in its quarter at which a duration ends."""
    ends = in_parts(feature.times[:, None] + candidates.ticks, _PHASES) % _PHASES
    return np.where(candidates.ticks > 0, ends, PADDING)


def _left_of_the_bar(feature: Feature, candidates: _Candidates) -> Ints:
    """The time that a duration leaves of its bar; one row for durations too long for it."""
    left = in_parts(feature.times[:, None] - candidates.ticks, _PHASES).clip(-1, _LONGEST) + 1
    return np.where(candidates.ticks > 0, left, PADDING)


def _usual_kinds() -> Ints:
    """The kind of each degree over a usual chord of each quality: `(qualities, 12)`, indices in
    ALL_KINDS; NONE for qualities without such a chord."""
    kinds = np.full((len(QUALITIES), PITCH_CLASSES), NONE, dtype=np.int64)
    for quality, intervals in _USUAL_CHORDS.items():
        chord = Chord.of(0, intervals)
        of_degrees = [ALL_KINDS.index(kind_of(degree, chord)) for degree in range(PITCH_CLASSES)]
        kinds[QUALITIES.index(quality)] = of_degrees
    return kinds


# The context of each view, a feature, and the row of each candidate in each context, `(n, V)`.
VIEWS: tuple[tuple[str, Callable[[Feature, _Candidates], Ints]], ...] = (
    ("degree", _degrees),
    ("key_degree", _degrees),
    ("next_degree", _degrees),
    ("chord_degree", _is_of_its_kind),
    ("pitch", _pitches),
    ("leap", _from_the_note_before),
    ("beat_onset", _ends_in_the_beat),
    ("bar_end", _left_of_the_bar),
)


def vocabulary_views(conditioning: Conditioning, vocabulary: Vocabulary) -> CandidateViews | None:
    """The views of a vocabulary of the grammar of jazz, see `candidate_views`."""
    candidates = [Candidate.of(symbol) for symbol in vocabulary.symbols]
    return candidate_views(conditioning, candidates, vocabulary.size)


def candidate_views(
    conditioning: Conditioning, candidates: Sequence[Candidate], n_symbols: int
) -> CandidateViews | None:
    """The views of a vocabulary whose first symbols are `candidates`; those whose context is a
    feature of `conditioning`, and that tell candidates apart. None if there is no view.

    The inputs of the conditioning begin at `n_symbols`.
    """
    arrays = _Candidates.of(candidates, n_symbols)
    places = {feature.name: number for number, feature in enumerate(conditioning.features)}
    views = []
    for name, rows_of in VIEWS:
        if name not in places:
            continue
        rows = rows_of(conditioning.features[places[name]], arrays)
        if (rows != PADDING).any():
            first_input = n_symbols + conditioning.offset(name)
            views.append(View(places[name], first_input, rows.astype(np.int32)))
    return CandidateViews(views, n_symbols) if views else None

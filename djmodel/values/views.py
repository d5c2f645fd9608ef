"""Views of tones: what candidates for the next note have in common over the chart.

The same leap leads from different notes to different degrees of a chord. Each view names the result
of a leap in one way, so that the network can prefer the third of the chord, the leading note of the
key or a pitch, from wherever the melody is (see `seqmodel.network.candidates`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from djmodel.values.chart import Ints
from djmodel.values.features import HIGHEST, LOWEST, PITCH_CLASSES, WIDEST, Conditioning
from djmodel.values.jazz_grammar import is_duration, value_of
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING
from seqmodel.network.candidates import CandidateViews, View

_BEYOND = 12  # semitones below and above the pitches of a feature that a leap is distinguished


def _degrees(contexts: Ints, leaps: Ints) -> Ints:
    return np.where(contexts < PITCH_CLASSES, (contexts + leaps) % PITCH_CLASSES, PADDING)


def _pitches(contexts: Ints, leaps: Ints) -> Ints:
    pitches = (LOWEST + contexts + leaps).clip(LOWEST - _BEYOND, HIGHEST + _BEYOND)
    return np.where(contexts <= HIGHEST - LOWEST, pitches - (LOWEST - _BEYOND), PADDING)


def _from_the_note_before(contexts: Ints, leaps: Ints) -> Ints:
    """The distance from the note before the last one."""
    distances = (contexts - WIDEST + leaps).clip(-WIDEST, WIDEST)
    return np.where(contexts <= 2 * WIDEST, distances + WIDEST, PADDING)


# By the feature that is the context: the row of a leap in each context.
VIEWS: dict[str, Callable[[Ints, Ints], Ints]] = {
    "degree": _degrees,
    "key_degree": _degrees,
    "next_degree": _degrees,
    "pitch": _pitches,
    "leap": _from_the_note_before,
}


def vocabulary_views(conditioning: Conditioning, vocabulary: Vocabulary) -> CandidateViews | None:
    """The views of a vocabulary of the grammar of jazz, see `tone_views`."""
    leaps = [
        None if is_duration(symbol) else value_of("1.000", symbol).leap
        for symbol in vocabulary.symbols
    ]
    return tone_views(conditioning, leaps, vocabulary.size)


def tone_views(
    conditioning: Conditioning, leaps: Sequence[int | None], n_symbols: int
) -> CandidateViews | None:
    """The views of a vocabulary whose symbols have `leaps` in semitones, None for symbols without
    one; those whose context is a feature of `conditioning`. None if there is no view.

    The inputs of the conditioning begin at `n_symbols`.
    """
    is_tone = np.zeros(n_symbols, dtype=bool)
    is_tone[: len(leaps)] = [leap is not None for leap in leaps]
    semitones = np.zeros(n_symbols, dtype=np.int64)
    semitones[: len(leaps)] = [leap or 0 for leap in leaps]
    views = []
    for number, feature in enumerate(conditioning.features):
        if feature.name in VIEWS:
            contexts = np.arange(feature.size)[:, None]
            rows = np.where(is_tone, VIEWS[feature.name](contexts, semitones), PADDING)
            first_input = n_symbols + conditioning.offset(feature.name)
            views.append(View(number, first_input, rows.astype(np.int32)))
    return CandidateViews(views, n_symbols) if views else None

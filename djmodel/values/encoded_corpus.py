"""A training corpus as the model reads it: tunes as sequences of indices in a vocabulary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from djmodel.music.tune import Tune
from djmodel.values.grammar import Register, encode
from djmodel.values.value import N_VALUES, Value, nearest_value
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices
from seqmodel.errors import CorpusError

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Corpus

STORED_TUNES = 32  # at most, of a corpus on disk, in memory and in a model file


@dataclass(frozen=True)
class EncodedCorpus:
    """Tunes, and the values of each as indices in `vocabulary`, `(n,)` per tune; of a corpus on
    disk only the first STORED_TUNES tunes.

    `n_values` counts the values of all tunes, `distinct` the different ones; `share_folded` is the
    share of values that the vocabulary replaces by their nearest. `register`: that of the melodies.
    """

    tunes: tuple[Tune, ...]
    sequences: tuple[Indices, ...]
    vocabulary: Vocabulary
    n_values: int
    distinct: int
    share_folded: float
    register: Register


def encode_corpus(tunes: Sequence[Tune], n_values: int = N_VALUES) -> EncodedCorpus:
    """The tunes in a vocabulary of their `n_values` most frequent values. Raises CorpusError if
    there are no tunes."""
    if not tunes:
        raise CorpusError("there is no tune", hint="give a file with a melody over chords")
    texts = [[str(value) for value in flat_values(tune)] for tune in tunes]
    counts = Counter(text for tune_texts in texts for text in tune_texts)
    vocabulary = Vocabulary.build(counts, n_values, nearest_value)
    sequences = [vocabulary.encode(tune_texts) for tune_texts in texts]
    return _encoded(tunes, sequences, vocabulary, counts, Register.of(tunes))


def encode_stored_corpus(corpus: Corpus, n_values: int = N_VALUES) -> EncodedCorpus:
    """The same for a corpus on disk: all of it makes the vocabulary."""
    counts = Counter(dict(zip(corpus.values, corpus.counts.tolist(), strict=True)))
    vocabulary = Vocabulary.build(counts, n_values, nearest_value)
    index_map = vocabulary.encode(corpus.values)
    rows = np.flatnonzero(corpus.lengths)[:STORED_TUNES]
    sequences = [index_map[corpus.indices(row)] for row in rows.tolist()]
    register = Register.of_counts(corpus.pitches)
    return _encoded(corpus.tunes(STORED_TUNES), sequences, vocabulary, counts, register)


def _encoded(
    tunes: Sequence[Tune],
    sequences: Sequence[Indices],
    vocabulary: Vocabulary,
    counts: Counter[str],
    register: Register,
) -> EncodedCorpus:
    total = counts.total()
    folded = sum(counts[text] for text in vocabulary.folded) / max(total, 1)
    sizes = total, len(counts), folded
    return EncodedCorpus(tuple(tunes), tuple(sequences), vocabulary, *sizes, register)


def encode_values(values: Iterable[Value], vocabulary: Vocabulary) -> list[int]:
    """The indices of values in a vocabulary, which may be that of other tunes; a value that it does
    not contain is encoded as the nearest one that it does."""
    texts = (str(value) for value in values)
    known = (t if t in vocabulary else nearest_value(t, vocabulary.symbols) for t in texts)
    return [int(index) for index in vocabulary.encode(known)]


def flat_values(tune: Tune) -> list[Value]:
    """The values of a tune in one sequence, without its bar lines."""
    return [value for bar in encode(tune) for value in bar]

"""A training corpus as the model reads it: tunes as sequences of indices in a vocabulary."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from djmodel.music.tune import Tune
from djmodel.values.grammar import Register, encode
from djmodel.values.grammars import BarValues, Grammar, GrammarName, grammar_named
from djmodel.values.value import N_VALUES, REST, Value, nearest_value
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices
from seqmodel.errors import CorpusError

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Corpus

STORED_TUNES = 32  # at most, of a corpus on disk, in memory and in a model file


@dataclass(frozen=True)
class Registers:
    """The registers of melodies: of all, and of those of each instrument, by its name; and the
    instrument of each player."""

    all: Register = Register()
    by_instrument: Mapping[str, Register] = field(default_factory=dict)
    players: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, tunes: Sequence[Tune]) -> Registers:
        """The registers of the melodies of `tunes`."""
        groups: defaultdict[str, list[Tune]] = defaultdict(list)
        for tune in tunes:
            groups[tune.instrument.name].append(tune)
        by_instrument = {name: Register.of(group) for name, group in sorted(groups.items())}
        played = Counter((tune.performer, tune.instrument.name) for tune in tunes)
        players = dict(pair for pair, _ in reversed(played.most_common()) if pair[0])
        return cls(Register.of(tunes), by_instrument, dict(sorted(players.items())))

    def of_solo(self, tune: Tune) -> Register:
        """The register of a solo on the instrument of `tune`."""
        return self.by_instrument.get(tune.instrument.name, self.all)


@dataclass(frozen=True)
class EncodedCorpus:
    """Tunes, and the symbols of the values of each as indices in `vocabulary`, `(n,)` per tune; of
    a corpus on disk only the first STORED_TUNES tunes.

    `n_values` counts the values of all tunes, `distinct` the different ones; `share_folded` is the
    share of values of which the vocabulary replaces a symbol by its nearest. `registers`: those of
    the melodies. `bars`: the values of each bar of each tune, but for a corpus on disk.
    """

    tunes: tuple[Tune, ...]
    sequences: tuple[Indices, ...]
    vocabulary: Vocabulary
    n_values: int
    distinct: int
    share_folded: float
    registers: Registers
    bars: tuple[BarValues, ...] = ()


def encode_corpus(
    tunes: Sequence[Tune],
    n_values: int = N_VALUES,
    grammar: GrammarName = "course",
) -> EncodedCorpus:
    """The tunes in a vocabulary of the `n_values` most frequent symbols of their values. Raises
    CorpusError if there are no tunes."""
    if not tunes:
        raise CorpusError("there is no tune", hint="give a file with a melody over chords")
    spelled = grammar_named(grammar)
    registers = Registers.of(tunes) if grammar == "jazz" else Registers(Register.of(tunes))
    bars = [spelled.encode(tune, registers.of_solo(tune)) for tune in tunes]
    values = [[value for bar in of_tune for value in bar] for of_tune in bars]
    counts = Counter(value for of_tune in values for value in of_tune)
    symbols = {value: spelled.symbols(value) for value in counts}
    symbol_counts: Counter[str] = Counter()
    for value, count in counts.items():
        symbol_counts.update(dict.fromkeys(symbols[value], count))
    if grammar == "jazz" and REST not in symbol_counts:
        symbol_counts[REST] = counts.total()  # a solo may always rest
    vocabulary = Vocabulary.build(symbol_counts, n_values, spelled.nearest)
    sequences = [vocabulary.encode(s for v in of_tune for s in symbols[v]) for of_tune in values]
    folded = sum(
        count
        for value, count in counts.items()
        if any(symbol in vocabulary.folded for symbol in symbols[value])
    )
    sizes = counts.total(), len(counts), folded / max(counts.total(), 1)
    return EncodedCorpus(tuple(tunes), tuple(sequences), vocabulary, *sizes, registers, tuple(bars))


def encode_stored_corpus(corpus: Corpus, n_values: int = N_VALUES) -> EncodedCorpus:
    """The same for a corpus on disk in the course's grammar: all of it makes the vocabulary."""
    counts = Counter(dict(zip(corpus.values, corpus.counts.tolist(), strict=True)))
    vocabulary = Vocabulary.build(counts, n_values, nearest_value)
    index_map = vocabulary.encode(corpus.values)
    rows = np.flatnonzero(corpus.lengths)[:STORED_TUNES]
    sequences = [index_map[corpus.indices(row)] for row in rows.tolist()]
    folded = sum(counts[text] for text in vocabulary.folded) / max(counts.total(), 1)
    return EncodedCorpus(
        tuple(corpus.tunes(STORED_TUNES)),
        tuple(sequences),
        vocabulary,
        counts.total(),
        len(counts),
        folded,
        Registers(Register.of_counts(corpus.pitches)),
    )


def encode_values(
    values: Iterable[Value], vocabulary: Vocabulary, grammar: GrammarName = "course"
) -> list[int]:
    """The indices of the symbols of values in a vocabulary, which may be that of other tunes; a
    symbol that it does not contain is encoded as the nearest one that it does."""
    spelled = grammar_named(grammar)
    symbols = (symbol for value in values for symbol in spelled.symbols(value))
    known = (s if s in vocabulary else spelled.nearest(s, vocabulary.symbols) for s in symbols)
    return [int(index) for index in vocabulary.encode(known)]


def flat_values(
    tune: Tune, grammar: Grammar | None = None, register: Register = Register()
) -> list[Value]:
    """The values of a tune in one sequence, without its bar lines, in the course's grammar unless
    another is given."""
    bars = grammar.encode(tune, register) if grammar else encode(tune)
    return [value for bar in bars for value in bar]

"""Tunes or a corpus on disk -> encoded sequences and the batches of each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from djmodel.config import TrainingConfig
from djmodel.music.tune import Tune
from djmodel.values.chart import Chart, Moments
from djmodel.values.conditioning import BarPositions, feature_table, table_of
from djmodel.values.encoded_corpus import (
    EncodedCorpus,
    Registers,
    encode_corpus,
    encode_stored_corpus,
    encode_values,
)
from djmodel.values.features import Conditioning, inputs_of_values
from djmodel.values.grammars import BarValues, grammar_named
from djmodel.values.jazz_grammar import features_of
from djmodel.values.value import Value
from djmodel.values.views import vocabulary_views
from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.windows import PADDING, Indices, Windows, windows, windows_of_labels
from seqmodel.network.candidates import CandidateViews
from seqmodel.text import printable
from seqmodel.training.batches import BatchSource, InMemoryBatches
from seqmodel.training.checkpoints import hash_of

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Corpus

MIN_WINDOWS = 60  # per epoch
TRANSPOSITIONS = -5, 7  # semitones, from and up to


@dataclass(frozen=True)
class TrainingData:
    """Encoded tunes and the batches made of them. `identity` is a hash of the training music.

    `positions` or `conditioning` are the conditioning features, if there are any.
    """

    encoded: EncodedCorpus
    config: TrainingConfig
    batches: BatchSource
    identity: str
    sources: dict[str, str]
    positions: BarPositions | None = None
    conditioning: Conditioning | None = None

    @classmethod
    def of_tunes(
        cls, tunes: Sequence[Tune], config: TrainingConfig, sources: Mapping[str, str]
    ) -> TrainingData:
        """The data of tunes in memory. Raises CorpusError if there are none, or none with
        `config.tx` values."""
        encoded = encode_corpus(tunes, config.n_values, config.grammar)
        n = grammar_named(config.grammar).symbols_per_value
        values = [sequence.reshape(-1, n) for sequence in encoded.sequences]
        positions = BarPositions.of(tunes) if config.bar_positions else None
        conditioning = None
        inputs: list[Indices] | None = None
        melodies = list(zip(encoded.bars, tunes, strict=True))
        if positions is not None:
            inputs = [
                positions.conditioning(bars, tune.bars, config.n_values) for bars, tune in melodies
            ]
        elif config.conditioning:
            moments = [_moments(bars, tune, encoded.registers) for bars, tune in melodies]
            conditioning = Conditioning.of(config.conditioning, moments)
            inputs = [conditioning.inputs(*moment, config.n_values) for moment in moments]
        draw = _window_source(values, inputs, config, conditioning)
        batches = InMemoryBatches(draw, config.trainer.batch_size, config.trainer.seed)
        len(batches)  # raises for too little music before Keras is loaded
        identity = hash_of([*encoded.sequences, *(inputs or ())])
        return cls(encoded, config, batches, identity, dict(sources), positions, conditioning)

    @classmethod
    def of_corpus(cls, corpus: Corpus, config: TrainingConfig) -> TrainingData:
        """The data of a corpus on disk, of which a few batches are in memory. In the grammar of
        jazz its tunes are in memory, too, because a corpus stores the values of the course's."""
        sources = {printable(corpus.folder): corpus.identity}
        if config.grammar == "jazz":
            return cls.of_tunes(corpus.tunes(len(corpus)), config, sources)
        encoded = encode_stored_corpus(corpus, config.n_values)
        positions = corpus.bar_positions if config.bar_positions else None
        batches = StreamingBatches(
            corpus,
            index_map=encoded.vocabulary.encode(corpus.values),
            m=config.m or max(MIN_WINDOWS, encoded.n_values // config.tx),
            Tx=config.tx,
            batch_size=config.trainer.batch_size,
            seed=config.trainer.seed,
            conditioning=partial(corpus.conditioning, positions=positions, offset=config.n_values)
            if positions
            else None,
        )
        return cls(encoded, config, batches, corpus.identity, sources, positions)

    def sequence(self, tune: Tune) -> tuple[list[int], Indices | None]:
        """The symbols of another tune, and the conditioning inputs of each."""
        config, encoded = self.config, self.encoded
        grammar = grammar_named(config.grammar)
        register = encoded.registers.of_solo(tune)
        bars = grammar.encode(tune, register)
        values = [value for bar in bars for value in bar]
        symbols = encode_values(values, encoded.vocabulary, config.grammar)
        known = self.positions or self.conditioning
        inputs = inputs_of_values(known, bars, tune, register, config.n_values)
        if inputs is not None:
            inputs = np.repeat(inputs, grammar.symbols_per_value, axis=0)
        return symbols, inputs

    def views(self) -> CandidateViews | None:
        """The views of the tones of the vocabulary, in the grammar of jazz."""
        if self.conditioning is None or not self.config.views:
            return None
        return vocabulary_views(self.conditioning, self.encoded.vocabulary)

    def feature_table(self) -> NDArray[np.float32] | None:
        """The features that symbols of the vocabulary have in common, if their embeddings are
        tied."""
        symbols, size = self.encoded.vocabulary.symbols, self.config.n_values
        if not self.config.tie_features:
            return None
        if self.config.grammar == "jazz":
            return table_of([features_of(symbol) for symbol in symbols], size)
        return feature_table([Value.parse(symbol) for symbol in symbols], size)


def _moments(bars: BarValues, tune: Tune, registers: Registers) -> tuple[Chart, Moments]:
    chart = Chart.of(tune, registers.of_solo(tune))
    return chart, Moments.of_values(chart, bars)


def _window_source(
    values: Sequence[Indices],
    inputs: Sequence[Indices] | None,
    config: TrainingConfig,
    conditioning: Conditioning | None,
) -> Callable[[int], Windows]:
    """The windows of an epoch, by its number: drawn once for one tune, anew for several.

    `values`: the symbols of the values of each tune, `(n, symbols per value)`; `inputs`: the
    conditioning inputs of each value, `(n, k)`, those of `conditioning` in the grammar of jazz. In
    that grammar, tunes of fewer than Tx values are windows, too, filled up with PADDING.
    """
    m = config.m
    if m is None:
        n_values = sum(map(len, values))
        m = MIN_WINDOWS if len(values) == 1 else max(MIN_WINDOWS, n_values // config.tx)
    places = _places([len(of_tune) for of_tune in values], config)
    all_values = np.concatenate(values)
    all_inputs = np.concatenate(inputs) if inputs else None

    def draw(epoch: int) -> Windows:
        rng = random_stream(config.trainer.seed, Stream.WINDOWS, epoch)
        drawn = windows(places, m, config.tx, rng).labels  # (m, Tx)
        labels = all_values[drawn]
        labels[drawn < 0] = PADDING
        labels = labels.reshape(m, -1)
        if all_inputs is None:
            return windows_of_labels(labels)
        features = all_inputs[drawn]  # (m, Tx, k)
        if conditioning is not None:
            features = _augmented(features, conditioning, config, rng)
        return windows_of_labels(labels, np.repeat(features, all_values.shape[1], axis=1))

    varies = len(values) > 1 or config.unknown or config.hidden or config.transpose
    return draw if varies else lambda _: draw(0)


def _places(lengths: Sequence[int], config: TrainingConfig) -> list[Indices]:
    """The places of the values of each tune among those of all."""
    places = []
    for length, end in zip(lengths, np.cumsum(lengths), strict=True):
        its = np.arange(end - length, end, dtype=np.int32)
        if config.grammar == "jazz" and 0 < length < config.tx:
            its = np.pad(its, (0, config.tx - length), constant_values=PADDING)
        places.append(its)
    return places


def _augmented(
    features: Indices, conditioning: Conditioning, config: TrainingConfig, rng: np.random.Generator
) -> Indices:
    """The inputs `(m, Tx, k)` of windows, transposed and partly hidden as the configuration
    says."""
    m = len(features)
    if config.transpose:
        semitones = rng.integers(*TRANSPOSITIONS, m)
        features = conditioning.transposed(features, semitones, config.n_values)
    may_hide, unknown = conditioning.unknown(config.n_values)
    if config.unknown and may_hide:
        hidden = rng.random((m, 1, len(may_hide))) < config.unknown
        features[..., may_hide] = np.where(hidden, unknown, features[..., may_hide])
    if config.hidden:
        features[rng.random(features.shape) < config.hidden] = PADDING
    return features

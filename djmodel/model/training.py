"""Tunes -> a trained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from djmodel.config import TrainingConfig
from djmodel.model.layers import Layers, djmodel, shared_layers
from djmodel.model.model_file import DjModel
from djmodel.model.scan import scanning_model
from djmodel.music.tune import Tune
from djmodel.values.conditioning import BarPositions, feature_table
from djmodel.values.encoded_corpus import (
    EncodedCorpus,
    encode_corpus,
    encode_stored_corpus,
    encode_values,
    flat_values,
)
from djmodel.values.grammar import encode
from djmodel.values.value import Value
from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.windows import Indices, Windows, windows
from seqmodel.network.forward import log_probabilities
from seqmodel.network.keras_layers import extract_weights
from seqmodel.network.weights import Weights
from seqmodel.text import printable
from seqmodel.training.batches import BatchSource, InMemoryBatches
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.loop import FitResult, ValidationLoss, train_network
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Corpus

MIN_WINDOWS = 60  # per epoch

Progress = Callable[[EpochMetrics], None]


@dataclass(frozen=True)
class TrainingResult:
    """A trained model, the Keras layers that have its weights, the encoded training music, and the
    course of the training."""

    layers: Layers
    model: DjModel
    encoded_corpus: EncodedCorpus
    fit_result: FitResult

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        return self.fit_result.history

    def save(self, path: str | Path) -> None:
        """Writes the model file. Raises FileError or ModelFileError."""
        n_conditioning = self.model.weights.n_inputs - self.model.weights.n_values
        graph = scanning_model(self.layers.LSTM_cell, self.layers.densor, n_conditioning)
        self.model.save(path, graph)


def fit(
    tunes: Sequence[Tune],
    config: TrainingConfig = TrainingConfig(),
    *,
    held_out: Sequence[Tune] = (),
    sources: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Trains a model on `tunes`. Equal tunes and configurations give equal models on one machine.

    Args:
        held_out: tunes on which the loss is measured after each epoch; it has no influence on the
            training, except that a patience may end it.
        sources: the names of the training data with their SHA-256, kept in the model file.
        progress: called after each epoch.
        checkpoints: where checkpoints are written, and where a training is resumed from.

    Raises:
        CorpusError: there are no tunes, or none with `config.tx` values.
    """
    encoded = encode_corpus(tunes, config.n_values)
    positions = BarPositions.of(tunes) if config.bar_positions else None
    conditioning = (
        [_conditioning(positions, tune, config.n_values) for tune in tunes] if positions else None
    )
    draw = _window_source(encoded.sequences, conditioning, config)
    batches = InMemoryBatches(draw, config.trainer.batch_size, config.trainer.seed)
    len(batches)  # raises for too little music before Keras is loaded
    identity = hash_of([*encoded.sequences, *(conditioning or ())])
    data = _TrainingData(encoded, positions, batches, identity, dict(sources or {}))
    return _fit(data, config, held_out, progress, checkpoints)


def fit_corpus(
    corpus: Corpus,
    config: TrainingConfig = TrainingConfig(),
    *,
    held_out: Sequence[Tune] = (),
    progress: Progress | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Trains a model as `fit` does, on a corpus on disk of any size; only a few batches of it are
    in memory. Windows come from all tunes and are drawn anew in each epoch. The model file keeps
    the first tunes of the corpus."""
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
    sources = {printable(corpus.folder): corpus.identity}
    data = _TrainingData(encoded, positions, batches, corpus.identity, sources)
    return _fit(data, config, held_out, progress, checkpoints)


@dataclass(frozen=True)
class _TrainingData:
    """Encoded tunes and the batches made of them. `identity` is a hash of the training music."""

    encoded: EncodedCorpus
    positions: BarPositions | None
    batches: BatchSource
    identity: str
    sources: dict[str, str]


def _fit(
    data: _TrainingData,
    config: TrainingConfig,
    held_out: Sequence[Tune],
    progress: Progress | None,
    checkpoints: Checkpoints | None,
) -> TrainingResult:
    encoded, positions = data.encoded, data.positions
    layers = shared_layers(config.n_values, config.n_a, config.trainer.seed)
    if config.graph == "unrolled" and positions is None:
        graph = djmodel(config.tx, layers.LSTM_cell, layers.densor, layers.reshaper)
    else:
        graph = scanning_model(layers.LSTM_cell, layers.densor, len(positions or ()))
    validation = [
        (
            encode_values(flat_values(tune), encoded.vocabulary),
            _conditioning(positions, tune, config.n_values) if positions else None,
        )
        for tune in held_out
    ]
    values = [Value.parse(symbol) for symbol in encoded.vocabulary.symbols]
    fit_result = train_network(
        graph,
        data.batches,
        config.trainer,
        (lambda epoch, _: progress(epoch)) if progress else None,
        validation_loss=_validation_loss(validation) if validation else None,
        checkpoints=checkpoints,
        fingerprint={
            **asdict(config),
            "music": data.identity,
            "held out": hash_of([sequence for sequence, _ in validation]),
        },
        feature_table=feature_table(values, config.n_values) if config.tie_features else None,
    )
    model = DjModel(
        weights=extract_weights(graph),
        vocabulary=encoded.vocabulary,
        config=config,
        register=encoded.register,
        tunes=encoded.tunes,
        sequences=tuple(tuple(sequence.tolist()) for sequence in encoded.sequences),
        bar_positions=positions,
        final_loss=fit_result.history[fit_result.best_epoch - 1].loss,
        sources=data.sources,
    )
    return TrainingResult(layers, model, encoded, fit_result)


def _validation_loss(tunes: Sequence[tuple[list[int], Indices | None]]) -> ValidationLoss:
    def loss(weights: Weights) -> float:
        """The mean cross-entropy per value of held-out tunes, in nats."""
        return -float(np.concatenate([log_probabilities(weights, *tune) for tune in tunes]).mean())

    return loss


def _conditioning(positions: BarPositions, tune: Tune, n_values: int) -> Indices:
    return positions.conditioning(encode(tune), tune.bars, n_values)


def _window_source(
    sequences: Sequence[Indices], conditioning: Sequence[Indices] | None, config: TrainingConfig
) -> Callable[[int], Windows]:
    """The windows of an epoch, by its number: drawn once for one tune, anew for several."""
    m = config.m
    if m is None:
        n_values = sum(map(len, sequences))
        m = MIN_WINDOWS if len(sequences) == 1 else max(MIN_WINDOWS, n_values // config.tx)

    def draw(epoch: int) -> Windows:
        rng = random_stream(config.trainer.seed, Stream.WINDOWS, epoch)
        return windows(sequences, m, config.tx, rng, conditioning)

    return (lambda _: draw(0)) if len(sequences) == 1 else draw

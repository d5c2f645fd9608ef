"""Tunes -> a trained model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from djmodel.config import TrainingConfig
from djmodel.model.layers import Layers, djmodel, shared_layers
from djmodel.model.scan import scanning_model
from djmodel.music.tune import Tune
from djmodel.music.tune_json import tune_to_json
from djmodel.values.conditioning import BarPositions
from djmodel.values.encoded import (
    EncodedCorpus,
    encode_corpus,
    encode_stored_corpus,
    encode_values,
    flat_values,
)
from djmodel.values.grammar import encode
from djmodel.values.value import Value, feature_table
from seqmodel import model_file as modelfile
from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices, Windows, windows
from seqmodel.model_file import ModelFile
from seqmodel.network.forward import log_probabilities
from seqmodel.network.keras_layers import extract_weights
from seqmodel.network.weights import Weights
from seqmodel.training.batches import BatchSource, InMemoryBatches
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.loop import FitResult, train_network
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from djmodel.values.corpus import Corpus

KIND = "djmodel"


@dataclass(frozen=True)
class TrainingResult:
    """What training gives: the shared `layers`, the model as a file would hold it, the material,
    and the history."""

    layers: Layers
    model: ModelFile
    encode_corpus: EncodedCorpus
    fit_result: FitResult

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        return self.fit_result.history

    def save(self, path: str | Path) -> None:
        """Writes the model file. Raises FileError or ModelFileError."""
        n_conditioning = self.model.weights.n_inputs - self.model.weights.n_values
        graph = scanning_model(self.layers.LSTM_cell, self.layers.densor, n_conditioning)
        modelfile.save(path, graph, self.model)


def fit(
    tunes: Sequence[Tune],
    config: TrainingConfig = TrainingConfig(),
    *,
    held_out: Sequence[Tune] = (),
    sources: dict[str, str] | None = None,
    progress: Callable[[EpochMetrics], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Trains a model on `tunes`. The same tunes and lesson give the same model on the same machine.

    How well it foretells `held_out` is measured after each epoch, and decides nothing but where a
    patience ends the training. `checkpoints` are written, and gone on from, as `training.fit` does.

    Raises CorpusError if there is no tune, or none with `tx` values.
    """
    encoded = encode_corpus(tunes, config.n_values)
    positions = BarPositions.of(tunes) if config.bar_positions else None
    conditioning = (
        [_conditioning(positions, tune, config.n_values) for tune in tunes] if positions else None
    )
    draw = _drawer(encoded.sequences, conditioning, config)
    batches = InMemoryBatches(draw, config.trainer.batch_size, config.trainer.seed)
    len(batches)  # too little music is said before Keras is loaded
    music = hash_of([*encoded.sequences, *(conditioning or ())])
    return _teach(
        config, encoded, positions, batches, music, held_out, sources, progress, checkpoints
    )


def fit_corpus(
    data: Corpus,
    config: TrainingConfig = TrainingConfig(),
    *,
    held_out: Sequence[Tune] = (),
    progress: Callable[[EpochMetrics], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Like `fit`, on a corpus on disk of any size, of which it holds a few batches in memory.

    Windows come from all tunes, other ones each epoch. The model file keeps the first STORED_TUNES
    tunes, to play over and to look for copies in.
    """
    encoded = encode_stored_corpus(data, config.n_values)
    positions = data.bar_positions if config.bar_positions else None

    def conditioning(row: int, start: int, stop: int) -> Indices:
        assert positions is not None
        return positions.encode(data.ticks_in_bars(row)[start:stop], config.n_values)

    batches = StreamingBatches(
        data,
        index_map=encoded.vocabulary.encode(data.values),
        m=config.m or max(60, encoded.n_values // config.tx),
        Tx=config.tx,
        batch_size=config.trainer.batch_size,
        seed=config.trainer.seed,
        conditioning=conditioning if positions else None,
    )
    sources = {str(data.folder): data.identity}
    music = data.identity
    return _teach(
        config, encoded, positions, batches, music, held_out, sources, progress, checkpoints
    )


def _teach(
    config: TrainingConfig,
    encoded: EncodedCorpus,
    positions: BarPositions | None,
    batches: BatchSource,
    music: str,
    held_out: Sequence[Tune],
    sources: dict[str, str] | None,
    progress: Callable[[EpochMetrics], None] | None,
    checkpoints: Checkpoints | None,
) -> TrainingResult:
    """Trains a new model; `music` names what it learns from, in a few letters."""
    layers = shared_layers(config.n_values, config.n_a, config.trainer.seed)
    if config.graph == "unrolled" and not positions:
        graph = djmodel(config.tx, layers.LSTM_cell, layers.densor, layers.reshaper)
    else:
        graph = scanning_model(layers.LSTM_cell, layers.densor, len(positions) if positions else 0)
    unseen = [
        (
            encode_values(flat_values(tune), encoded.vocabulary),
            _conditioning(positions, tune, config.n_values) if positions else None,
        )
        for tune in held_out
    ]

    def validation_loss(weights: Weights) -> float:
        return -float(np.concatenate([log_probabilities(weights, *one) for one in unseen]).mean())

    measure = validation_loss if unseen else None
    fit_result = train_network(
        graph,
        batches,
        config.trainer,
        (lambda epoch, _: progress(epoch)) if progress else None,
        validation_loss=measure,
        checkpoints=checkpoints,
        fingerprint={
            **asdict(config),
            "music": music,
            "held out": hash_of([sequence for sequence, _ in unseen]),
        },
        feature_table=_feature_table(encoded.vocabulary) if config.tie_features else None,
    )
    settings: dict[str, Any] = {
        **asdict(config),
        "register": list(encoded.register),
        "tunes": [tune.title for tune in encoded.tunes],
        "final_loss": fit_result.history[fit_result.best_epoch - 1].loss,
    }
    model = ModelFile(
        kind=KIND,
        weights=extract_weights(graph),
        vocabulary=encoded.vocabulary,
        settings=settings,
        extra={
            "tunes": [tune_to_json(tune) for tune in encoded.tunes],
            "sequences": [sequence.tolist() for sequence in encoded.sequences],
            **({"bar_positions": positions.to_json()} if positions else {}),
        },
        sources=sources or {},
    )
    return TrainingResult(layers, model, encoded, fit_result)


def _feature_table(vocabulary: Vocabulary) -> NDArray[np.float32]:
    values = [Value.parse(symbol) for symbol in vocabulary.symbols]
    return feature_table(values, vocabulary.size)


def _conditioning(positions: BarPositions, tune: Tune, n_values: int) -> Indices:
    return positions.conditioning(encode(tune), tune.bars, n_values)


def _drawer(
    sequences: Sequence[Indices], conditioning: Sequence[Indices] | None, config: TrainingConfig
) -> Callable[[int], Windows]:
    """The windows of each epoch: drawn once for one tune, afresh for several."""
    m = config.m
    if m is None:
        m = 60 if len(sequences) == 1 else max(60, sum(map(len, sequences)) // config.tx)

    def fresh(epoch: int) -> Windows:
        rng = random_stream(config.trainer.seed, Stream.WINDOWS, epoch)
        return windows(sequences, m, config.tx, rng, conditioning)

    return (lambda _: fresh(0)) if len(sequences) == 1 else fresh

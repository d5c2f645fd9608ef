"""Tunes -> a trained model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from djmodel.config import TrainingConfig
from djmodel.model.layers import Layers, djmodel, shared_layers
from djmodel.model.model_file import DjModel
from djmodel.model.scan import scanning_model
from djmodel.model.training_data import TrainingData
from djmodel.music.tune import Tune
from djmodel.values.encoded_corpus import STORED_TUNES, EncodedCorpus
from seqmodel.data.windows import Indices
from seqmodel.network.forward import log_probabilities
from seqmodel.network.keras_layers import extract_weights, set_weights
from seqmodel.network.weights import Weights
from seqmodel.settings import checked
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.loop import FitResult, ValidationLoss, train_network
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Corpus

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
        """The metrics of each epoch."""
        return self.fit_result.history

    @checked
    def save(self, path: str | Path) -> None:
        """Writes the model file, a compact one without a Keras model. Raises FileError or
        ModelFileError."""
        if self.model.config.compact:
            self.model.save(path)
            return
        n_conditioning = self.model.weights.n_inputs - self.model.weights.n_values
        views = self.model.weights.views
        graph = scanning_model(self.layers.LSTM_cell, self.layers.densor, n_conditioning, views)
        self.model.save(path, graph)


@checked
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
    data = TrainingData.of_tunes(tunes, config, sources or {})
    return _fit(data, held_out, progress, checkpoints)


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
    return _fit(TrainingData.of_corpus(corpus, config), held_out, progress, checkpoints)


def _fit(
    data: TrainingData,
    held_out: Sequence[Tune],
    progress: Progress | None,
    checkpoints: Checkpoints | None,
) -> TrainingResult:
    encoded, config = data.encoded, data.config
    n_conditioning = len(data.positions or data.conditioning or ())
    views = data.views()
    layers = shared_layers(config.n_values, config.n_a, config.trainer.seed, views)
    if config.graph == "unrolled" and not n_conditioning and config.grammar == "course":
        graph = djmodel(config.tx, layers.LSTM_cell, layers.densor, layers.reshaper)
    else:
        graph = scanning_model(layers.LSTM_cell, layers.densor, n_conditioning, views)
    validation = [data.sequence(tune) for tune in held_out]
    fit_result = train_network(
        graph,
        data.batches,
        config.trainer,
        (lambda epoch, _: progress(epoch)) if progress else None,
        validation_loss=_validation_loss(validation) if validation else None,
        checkpoints=checkpoints,
        fingerprint={
            **_fingerprint(config),
            "music": data.identity,
            "held out": hash_of([sequence for sequence, _ in validation]),
        },
        feature_table=data.feature_table(),
        views=views,
    )
    weights = extract_weights(graph, views)
    if config.hidden:
        weights = weights.with_conditioning_scaled(1 - config.hidden)
        set_weights(graph, weights)
    tunes = encoded.tunes
    titles = [tune.title for tune in tunes[STORED_TUNES:]] if config.compact else []
    if config.compact:
        tunes = tunes[:STORED_TUNES]
        weights = weights.rounded()
        set_weights(graph, weights)
    model = DjModel(
        weights=weights,
        vocabulary=encoded.vocabulary,
        config=config,
        registers=encoded.registers,
        tunes=tunes,
        sequences=tuple(tuple(sequence.tolist()) for sequence in encoded.sequences),
        bar_positions=data.positions,
        conditioning=data.conditioning,
        final_loss=fit_result.history[fit_result.best_epoch - 1].loss,
        titles=tuple(titles),
        sources=data.sources,
    )
    return TrainingResult(layers, model, encoded, fit_result)


def _fingerprint(config: TrainingConfig) -> dict[str, Any]:
    """The settings that decide the weights after an epoch."""
    settings = asdict(config)
    if config.trainer.extendable:
        del settings["trainer"]["epochs"]
    return settings


def _validation_loss(tunes: Sequence[tuple[list[int], Indices | None]]) -> ValidationLoss:
    def loss(weights: Weights) -> float:
        """The mean cross-entropy per value of held-out tunes, in nats."""
        return -float(np.concatenate([log_probabilities(weights, *tune) for tune in tunes]).mean())

    return loss

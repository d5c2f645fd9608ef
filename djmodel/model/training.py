"""Tunes -> a trained model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from djmodel.config import N_VALUES, TrainingConfig
from djmodel.model.layers import Layers, djmodel, scanning_model, shared_layers
from djmodel.music.tune import Tune
from djmodel.music.tune_json import tune_to_json
from djmodel.values import grammar
from seqmodel import model_file as modelfile
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices, Windows, windows
from seqmodel.errors import CorpusError
from seqmodel.model_file import ModelFile
from seqmodel.network.keras_layers import extract_weights
from seqmodel.network.weights import Weights, log_probabilities
from seqmodel.training.batches import BatchSource, InMemoryBatches
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.loop import FitResult, train_network
from seqmodel.training.trainer import EpochMetrics

if TYPE_CHECKING:
    from djmodel.values.corpus import Corpus

KIND = "djmodel"
KEPT_TUNES = 32  # of a corpus on disk, in the model file


@dataclass(frozen=True)
class EncodedCorpus:
    """Tunes as the model sees them, a sequence of indices each; the first ones of a corpus on disk.

    `n_values` counts all values, `distinct` the different ones before folding; `share_folded` is
    the share of all values that another one stands for. `register`: where the melodies are.
    """

    tunes: tuple[Tune, ...]
    sequences: tuple[Indices, ...]
    vocabulary: Vocabulary
    n_values: int
    distinct: int
    share_folded: float
    register: grammar.Register


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


def encode_corpus(tunes: Sequence[Tune], n_values: int = N_VALUES) -> EncodedCorpus:
    """Encodes the tunes and makes their vocabulary. Raises CorpusError if there is no tune."""
    if not tunes:
        raise CorpusError("at least one tune", "none", hint="give a file with a melody over chords")
    texts = [[str(v) for bar in grammar.encode(tune) for v in bar] for tune in tunes]
    counts = Counter(text for tune_texts in texts for text in tune_texts)
    vocabulary = Vocabulary.build(counts, n_values, grammar.nearest_value)
    return EncodedCorpus(
        tunes=tuple(tunes),
        sequences=tuple(vocabulary.encode(tune_texts) for tune_texts in texts),
        vocabulary=vocabulary,
        n_values=counts.total(),
        distinct=len(counts),
        share_folded=_share_folded(counts, vocabulary),
        register=grammar.Register.of(tunes),
    )


def encode_stored_corpus(data: Corpus, n_values: int = N_VALUES) -> EncodedCorpus:
    """What a corpus on disk is to the model, with its first KEPT_TUNES tunes."""
    counts = Counter(dict(zip(data.values, data.counts.tolist(), strict=True)))
    vocabulary = Vocabulary.build(counts, n_values, grammar.nearest_value)
    names = vocabulary.encode(data.values)
    rows = np.flatnonzero(data.lengths)[:KEPT_TUNES]
    return EncodedCorpus(
        tunes=tuple(data.tunes(KEPT_TUNES)),
        sequences=tuple(names[data.indices(row)] for row in rows.tolist()),
        vocabulary=vocabulary,
        n_values=counts.total(),
        distinct=len(counts),
        share_folded=_share_folded(counts, vocabulary),
        register=grammar.Register.of_counts(data.pitches),
    )


def _share_folded(counts: Counter[str], vocabulary: Vocabulary) -> float:
    return sum(counts[text] for text in vocabulary.folded) / max(counts.total(), 1)


def encode_nearest(values: Iterable[grammar.Value], known: Vocabulary) -> list[int]:
    """The indices of `values` in a vocabulary that may have been made without them: one that is not
    in it is heard as its nearest."""
    texts = [str(value) for value in values]
    heard = (t if t in known else grammar.nearest_value(t, known.symbols) for t in texts)
    return [int(index) for index in known.encode(heard)]


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
    places = grammar.BarPositions.of(tunes) if config.bar_positions else None
    conditioning = (
        [_conditioning(places, tune, config.n_values) for tune in tunes] if places else None
    )
    draw = _drawer(encoded.sequences, conditioning, config)
    batches = InMemoryBatches(draw, config.trainer.batch_size, config.trainer.seed)
    len(batches)  # too little music is said before Keras is loaded
    music = hash_of([*encoded.sequences, *(conditioning or ())])
    return _teach(config, encoded, places, batches, music, held_out, sources, progress, checkpoints)


def fit_corpus(
    data: Corpus,
    config: TrainingConfig = TrainingConfig(),
    *,
    held_out: Sequence[Tune] = (),
    progress: Callable[[EpochMetrics], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingResult:
    """Like `fit`, on a corpus on disk of any size, of which it holds a few batches in memory.

    Windows come from all tunes, other ones each epoch. The model file keeps the first KEPT_TUNES
    tunes, to play over and to look for copies in.
    """
    from djmodel.values.corpus import CorpusBarPositions

    encoded = encode_stored_corpus(data, config.n_values)
    in_bars = CorpusBarPositions(data) if config.bar_positions else None
    batches = StreamingBatches(
        data,
        names=encoded.vocabulary.encode(data.values),
        m=config.m or max(60, encoded.n_values // config.tx),
        Tx=config.tx,
        batch_size=config.trainer.batch_size,
        seed=config.trainer.seed,
        conditioning=partial(in_bars.conditioning, first=config.n_values) if in_bars else None,
    )
    places = in_bars.places if in_bars else None
    sources = {str(data.folder): data.identity}
    music = data.identity
    return _teach(config, encoded, places, batches, music, held_out, sources, progress, checkpoints)


def _teach(
    config: TrainingConfig,
    encoded: EncodedCorpus,
    places: grammar.BarPositions | None,
    batches: BatchSource,
    music: str,
    held_out: Sequence[Tune],
    sources: dict[str, str] | None,
    progress: Callable[[EpochMetrics], None] | None,
    checkpoints: Checkpoints | None,
) -> TrainingResult:
    """Trains a new model; `music` names what it learns from, in a few letters."""
    layers = shared_layers(config.n_values, config.n_a, config.trainer.seed)
    if config.graph == "unrolled" and not places:
        graph = djmodel(config.tx, layers.LSTM_cell, layers.densor, layers.reshaper)
    else:
        graph = scanning_model(layers.LSTM_cell, layers.densor, len(places) if places else 0)
    unseen = [
        (
            encode_nearest(
                [value for bar in grammar.encode(tune) for value in bar], encoded.vocabulary
            ),
            _conditioning(places, tune, config.n_values) if places else None,
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
            **({"places": places.to_json()} if places else {}),
        },
        sources=sources or {},
    )
    return TrainingResult(layers, model, encoded, fit_result)


def _feature_table(vocabulary: Vocabulary) -> NDArray[np.float32]:
    values = [grammar.Value.parse(symbol) for symbol in vocabulary.symbols]
    return grammar.feature_table(values, vocabulary.size)


def _conditioning(places: grammar.BarPositions, tune: Tune, n_values: int) -> Indices:
    return places.conditioning(grammar.encode(tune), tune.bars, n_values)


def _drawer(
    sequences: Sequence[Indices], conditioning: Sequence[Indices] | None, config: TrainingConfig
) -> Callable[[int], Windows]:
    """The windows of each epoch: drawn once for one tune, afresh for several."""
    m = config.m
    if m is None:
        m = 60 if len(sequences) == 1 else max(60, sum(map(len, sequences)) // config.tx)

    def fresh(epoch: int) -> Windows:
        rng = np.random.default_rng([config.trainer.seed, epoch])
        return windows(sequences, m, config.tx, rng, conditioning)

    return (lambda _: fresh(0)) if len(sequences) == 1 else fresh

"""Tunes -> a trained model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from djmodel.model.layers import N_A, N_VALUES, Layers, djmodel, scanning_model, shared_layers
from djmodel.music.tune import Tune
from djmodel.music.tune_json import tune_to_json
from djmodel.values import grammar
from seqmodel import model_file as modelfile
from seqmodel.data.streaming import Streamed
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices, Windows, windows
from seqmodel.errors import CorpusError, InputError
from seqmodel.model_file import ModelFile
from seqmodel.network.keras_layers import weights_in
from seqmodel.network.weights import Weights, log_probabilities
from seqmodel.training import loop as training
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.numpy_trainer import Dropout

if TYPE_CHECKING:
    from djmodel.values.corpus import DataSet

KIND = "djmodel"
KEPT_TUNES = 32  # of a corpus on disk, in the model file


@dataclass(frozen=True)
class Lesson:
    """How a model is trained; the defaults are the course's.

    `m` windows of `tx` values make an epoch. None: 60 for one tune, always the same ones, as in the
    course; for several tunes as many as the tunes have room for, drawn afresh each epoch. With
    `places` the model is told where in the bar the next value begins. With `traits` values of one
    kind, of one duration, with one leap learn from each other.
    """

    m: int | None = None
    tx: int = 30
    n_a: int = N_A
    n_values: int = N_VALUES
    graph: Literal["unrolled", "scan"] = "scan"
    schedule: training.Schedule = training.Schedule()
    places: bool = False
    traits: bool = False

    def with_settings(self, **settings: Any) -> Lesson:
        """The same but for `settings`, its own and those of its schedule; None changes nothing."""
        given = {name: setting for name, setting in settings.items() if setting is not None}
        schedule = {field.name for field in fields(training.Schedule)}
        its = {name: given.pop(name) for name in list(given) if name in schedule}
        return replace(self, schedule=replace(self.schedule, **its), **given)


# The course's own; and what foretells rags best that were not learned (see `djmodel.evaluate`).
PRESETS = {
    "course": Lesson(),
    "ragtime": Lesson(
        tx=64,
        places=True,
        traits=True,
        schedule=training.Schedule(
            epochs=40, batch_size=16, fall="cosine", dropout=Dropout(0.2, 0.5, 0.5)
        ),
    ),
}


def preset_lesson(name: str) -> Lesson:
    """The lesson of a preset. Raises InputError for a name that is none."""
    if name not in PRESETS:
        raise InputError(f"a preset, {' or '.join(PRESETS)}", f"`{name}`")
    return PRESETS[name]


@dataclass(frozen=True)
class Material:
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
class Trained:
    """What training gives: the shared `layers`, the model as a file would hold it, the material,
    and the history."""

    layers: Layers
    model: ModelFile
    material: Material
    fitted: training.Fitted

    @property
    def history(self) -> tuple[training.Epoch, ...]:
        return self.fitted.history

    def save(self, path: str | Path) -> None:
        """Writes the model file. Raises FileError or ModelFileError."""
        n_cues = self.model.weights.n_inputs - self.model.weights.n_values
        graph = scanning_model(self.layers.LSTM_cell, self.layers.densor, n_cues)
        modelfile.save(path, graph, self.model)


def material(tunes: Sequence[Tune], n_values: int = N_VALUES) -> Material:
    """Encodes the tunes and makes their vocabulary. Raises CorpusError if there is no tune."""
    if not tunes:
        raise CorpusError("at least one tune", "none", todo="give a file with a melody over chords")
    texts = [[str(v) for bar in grammar.encode(tune) for v in bar] for tune in tunes]
    counts = Counter(text for tune_texts in texts for text in tune_texts)
    vocabulary = Vocabulary.build(counts, n_values, grammar.nearest_value)
    return Material(
        tunes=tuple(tunes),
        sequences=tuple(vocabulary.encode(tune_texts) for tune_texts in texts),
        vocabulary=vocabulary,
        n_values=counts.total(),
        distinct=len(counts),
        share_folded=_share_folded(counts, vocabulary),
        register=grammar.Register.of(tunes),
    )


def corpus_material(data: DataSet, n_values: int = N_VALUES) -> Material:
    """What a corpus on disk is to the model, with its first KEPT_TUNES tunes."""
    counts = Counter(dict(zip(data.values, data.counts.tolist(), strict=True)))
    vocabulary = Vocabulary.build(counts, n_values, grammar.nearest_value)
    names = vocabulary.encode(data.values)
    rows = np.flatnonzero(data.lengths)[:KEPT_TUNES]
    return Material(
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


def heard_as(values: Iterable[grammar.Value], known: Vocabulary) -> list[int]:
    """The indices of `values` in a vocabulary that may have been made without them: one that is not
    in it is heard as its nearest."""
    texts = [str(value) for value in values]
    heard = (t if t in known else grammar.nearest_value(t, known.symbols) for t in texts)
    return [int(index) for index in known.encode(heard)]


def learn(
    tunes: Sequence[Tune],
    lesson: Lesson = Lesson(),
    *,
    held_out: Sequence[Tune] = (),
    sources: dict[str, str] | None = None,
    progress: Callable[[training.Epoch], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Trains a model on `tunes`. The same tunes and lesson give the same model on the same machine.

    How well it foretells `held_out` is measured after each epoch, and decides nothing but where a
    patience ends the training. `checkpoints` are written, and gone on from, as `training.fit` does.

    Raises CorpusError if there is no tune, or none with `tx` values.
    """
    studied = material(tunes, lesson.n_values)
    places = grammar.Places.of(tunes) if lesson.places else None
    cues = [_cues(places, tune, lesson.n_values) for tune in tunes] if places else None
    draw = _drawer(studied.sequences, cues, lesson)
    batches = training.Shuffled(draw, lesson.schedule.batch_size, lesson.schedule.seed)
    len(batches)  # too little music is said before Keras is loaded
    music = hash_of([*studied.sequences, *(cues or ())])
    return _teach(lesson, studied, places, batches, music, held_out, sources, progress, checkpoints)


def learn_corpus(
    data: DataSet,
    lesson: Lesson = Lesson(),
    *,
    held_out: Sequence[Tune] = (),
    progress: Callable[[training.Epoch], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Like `learn`, on a corpus on disk of any size, of which it holds a few batches in memory.

    Windows come from all tunes, other ones each epoch. The model file keeps the first KEPT_TUNES
    tunes, to play over and to look for copies in.
    """
    from djmodel.values.corpus import PlacesInBars

    studied = corpus_material(data, lesson.n_values)
    in_bars = PlacesInBars(data) if lesson.places else None
    batches = Streamed(
        data,
        names=studied.vocabulary.encode(data.values),
        m=lesson.m or max(60, studied.n_values // lesson.tx),
        Tx=lesson.tx,
        batch_size=lesson.schedule.batch_size,
        seed=lesson.schedule.seed,
        cues=partial(in_bars.cues, first=lesson.n_values) if in_bars else None,
    )
    places = in_bars.places if in_bars else None
    sources = {str(data.folder): data.identity}
    music = data.identity
    return _teach(lesson, studied, places, batches, music, held_out, sources, progress, checkpoints)


def _teach(
    lesson: Lesson,
    studied: Material,
    places: grammar.Places | None,
    batches: training.Batches,
    music: str,
    held_out: Sequence[Tune],
    sources: dict[str, str] | None,
    progress: Callable[[training.Epoch], None] | None,
    checkpoints: Checkpoints | None,
) -> Trained:
    """Trains a new model; `music` names what it learns from, in a few letters."""
    layers = shared_layers(lesson.n_values, lesson.n_a, lesson.schedule.seed)
    if lesson.graph == "unrolled" and not places:
        graph = djmodel(lesson.tx, layers.LSTM_cell, layers.densor, layers.reshaper)
    else:
        graph = scanning_model(layers.LSTM_cell, layers.densor, len(places) if places else 0)
    unseen = [
        (
            heard_as([value for bar in grammar.encode(tune) for value in bar], studied.vocabulary),
            _cues(places, tune, lesson.n_values) if places else None,
        )
        for tune in held_out
    ]

    def held_out_loss(weights: Weights) -> float:
        return -float(np.concatenate([log_probabilities(weights, *one) for one in unseen]).mean())

    measure = held_out_loss if unseen else None
    fitted = training.fit(
        graph,
        batches,
        lesson.schedule,
        (lambda epoch, _: progress(epoch)) if progress else None,
        held_out_loss=measure,
        checkpoints=checkpoints,
        made_from={
            **asdict(lesson),
            "music": music,
            "held out": hash_of([sequence for sequence, _ in unseen]),
        },
        traits=_traits(studied.vocabulary) if lesson.traits else None,
    )
    settings: dict[str, Any] = {
        **asdict(lesson),
        "register": list(studied.register),
        "tunes": [tune.title for tune in studied.tunes],
        "final_loss": fitted.history[fitted.kept - 1].loss if fitted.kept else None,
    }
    model = ModelFile(
        kind=KIND,
        weights=weights_in(graph),
        vocabulary=studied.vocabulary,
        settings=settings,
        extra={
            "tunes": [tune_to_json(tune) for tune in studied.tunes],
            "sequences": [sequence.tolist() for sequence in studied.sequences],
            **({"places": places.to_json()} if places else {}),
        },
        sources=sources or {},
    )
    return Trained(layers, model, studied, fitted)


def _traits(vocabulary: Vocabulary) -> NDArray[np.float32]:
    values = [grammar.Value.parse(symbol) for symbol in vocabulary.symbols]
    return grammar.traits(values, vocabulary.size)


def _cues(places: grammar.Places, tune: Tune, n_values: int) -> Indices:
    return places.cues(grammar.encode(tune), tune.bars, n_values)


def _drawer(
    sequences: Sequence[Indices], cues: Sequence[Indices] | None, lesson: Lesson
) -> Callable[[int], Windows]:
    """The windows of each epoch: drawn once for one tune, afresh for several."""
    m = lesson.m
    if m is None:
        m = 60 if len(sequences) == 1 else max(60, sum(map(len, sequences)) // lesson.tx)

    def fresh(epoch: int) -> Windows:
        rng = np.random.default_rng([lesson.schedule.seed, epoch])
        return windows(sequences, m, lesson.tx, rng, cues)

    return (lambda _: fresh(0)) if len(sequences) == 1 else fresh

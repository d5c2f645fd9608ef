"""Names -> a trained model, and how well it foretells names that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dinos.model import CELLS, N_A, Layers, padded, shared_layers, training_graph
from dinos.names import Names, Split, encode, split, vocabulary
from dinos.recombine import Recombination
from seqmodel import modelfile
from seqmodel.checkpoints import Checkpoints, Epoch, hash_of
from seqmodel.errors import InputError
from seqmodel.layers import weights_in
from seqmodel.modelfile import ModelFile
from seqmodel.network import GATES, Weights, start_state
from seqmodel.training import Engine, Fitted, Learner, Schedule, fit
from seqmodel.windows import NOTHING, Indices, Windows

if TYPE_CHECKING:
    import keras

KIND = "dinos"
CLIP = 5.0
# What a training takes by default: as many characters as its time allows, a character taking time
# for each parameter; but not fewer than FEWEST, and not more than MOST. A short list has been
# learned by heart before that: so many times its characters will do, or else ENOUGH.
WORK = 48e9
FEWEST, MOST = 2e6, 9e6
TIMES, ENOUGH = 550, 1e6
POOL = 16  # times as many names are made up as an epoch takes
LENGTH_STEP = 4


@dataclass(frozen=True)
class Lesson:
    """How a model is trained: `cell` "rnn", "gru" or "lstm" with `n_a` units; Adam whose learning
    rate falls to 0 along half a cosine; gradients clipped to [-5, 5] as in the course.

    Each epoch goes once through the names, and through `made_up` others that are made of their
    pieces, others each time (see `recombine`; 0 for none). `epochs` None: as many as a plain cell
    of 50 units learns dinosaurs by in half a minute, see `epochs_for`.
    """

    cell: str = "rnn"
    n_a: int = N_A
    epochs: int | None = None
    batch_size: int = 128
    learning_rate: float = 0.012
    made_up: int = 3000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise InputError(f"--cell {', '.join(CELLS[:-1])} or {CELLS[-1]}", f"`{self.cell}`")

    def epochs_for(self, names: Sequence[str]) -> int:
        """How many times a list of `names` is gone through."""
        if self.epochs is not None:
            return self.epochs
        n_values = vocabulary(names).size
        recurrent = GATES[self.cell] * self.n_a * (self.n_a + n_values + 1)
        n_parameters = recurrent + n_values * (self.n_a + 1)
        n_characters = sum(len(name) + 1 for name in names)
        allowed = min(max(WORK / n_parameters, FEWEST), MOST, max(TIMES * n_characters, ENOUGH))
        an_epoch = n_characters * (1 + self.made_up / len(names))
        return max(round(allowed / an_epoch), 3)


Progress = Callable[[Epoch, ModelFile], None]


@dataclass(frozen=True)
class Trained:
    """What training gives: the `layers`, the training `graph` on them, the model as a file would
    hold it, the names apart, and the history."""

    layers: Layers
    graph: keras.Model
    model: ModelFile
    split: Split
    fitted: Fitted

    @property
    def history(self) -> tuple[Epoch, ...]:
        return self.fitted.history

    def save(self, path: str | Path) -> None:
        """Writes the model file. Raises FileError or ModelFileError."""
        modelfile.save(path, self.graph, self.model)


def learn(
    names: Names,
    lesson: Lesson = Lesson(),
    *,
    sources: dict[str, str] | None = None,
    progress: Progress | None = None,
    engine: Engine = "auto",
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Trains a model on nine tenths of `names`; the tenth that is held out decides nothing.

    The same names and lesson give the same model on the same machine. After each epoch `progress`
    gets what was reached and the model as it is, to sample from. The engine and `checkpoints` are
    those of `training.fit`.
    """
    apart = split(names.names, lesson.seed)
    known = vocabulary(names.names)
    training = [encode(name, known) for name in apart.training]
    held_out = [encode(name, known) for name in apart.held_out]
    layers = shared_layers(known.size, lesson.n_a, lesson.cell, lesson.seed)
    graph = training_graph(layers)

    def as_it_is(weights: Weights) -> ModelFile:
        return ModelFile(
            kind=KIND,
            weights=weights,
            vocabulary=known,
            settings={**asdict(lesson), "keep_case": names.keep_case},
            extra={"training": list(apart.training), "held_out": list(apart.held_out)},
            sources=sources or {},
        )

    def report(epoch: Epoch, learner: Learner) -> None:
        if progress:
            progress(epoch, as_it_is(learner.weights()))

    schedule = Schedule(
        epochs=lesson.epochs_for(names.names),
        batch_size=lesson.batch_size,
        learning_rate=lesson.learning_rate,
        seed=lesson.seed,
        fall="cosine",
        clip=CLIP,
    )
    fitted = fit(
        graph,
        _Batches(training, lesson, known.size),
        schedule,
        report,
        engine=engine,
        held_out_loss=lambda weights: mean_loss(weights, held_out),
        checkpoints=checkpoints,
        made_from={**asdict(lesson), "names": hash_of(training), "held out": hash_of(held_out)},
    )
    model = as_it_is(weights_in(graph))
    losses = {
        "training_loss": mean_loss(model.weights, training),
        "held_out_loss": mean_loss(model.weights, held_out),
    }
    model = replace(model, settings=model.settings | losses)
    return Trained(layers, graph, model, apart, fitted)


def mean_loss(weights: Weights, names: Sequence[Indices]) -> float:
    """The mean cross-entropy of a character of `names`, the newline included, in nats; computed in
    NumPy. Its exponential is the perplexity."""
    scores: list[NDArray[np.float32]] = []
    for first in range(0, len(names), 4096):
        scores += log_probabilities(weights, names[first : first + 4096])
    return -float(np.concatenate(scores).mean(dtype=np.float64))


def log_probabilities(weights: Weights, names: Sequence[Indices]) -> list[NDArray[np.float32]]:
    """The natural log-probability of each character of each name, after those before it."""
    inputs, labels, mask = padded(names)
    table, step = weights.stepper()
    rows = np.vstack([table, np.zeros_like(table[:1])])  # the last row stands for NOTHING, -1
    state = start_state(weights, len(names))
    found = np.empty(labels.shape, dtype=np.float32)
    for t in range(labels.shape[1]):
        logits, state = step(rows[inputs[:, t]], state)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        found[:, t] = logits[np.arange(len(names)), labels[:, t]]
    return [row[counts] for row, counts in zip(found, mask, strict=True)]


class _Batches:
    """The names of each epoch in batches, and others made of their pieces."""

    def __init__(self, training: Sequence[Indices], lesson: Lesson, n_values: int) -> None:
        self.training, self.lesson = training, lesson
        rng = np.random.default_rng(lesson.seed)
        self.pool = Recombination(training, n_values).draw(POOL * lesson.made_up, rng)
        self.n_names = len(training) + lesson.made_up

    def __len__(self) -> int:
        return math.ceil(self.n_names / self.lesson.batch_size)

    def epoch(self, number: int) -> Iterable[Windows]:
        rng = np.random.default_rng([self.lesson.seed, number])
        drawn = rng.choice(len(self.pool), self.lesson.made_up, replace=False) if self.pool else ()
        names = [*self.training, *(self.pool[i] for i in drawn)]
        order, size = rng.permutation(len(names)), self.lesson.batch_size
        for first in range(0, len(names), size):
            yield _batch([names[i] for i in order[first : first + size]])


def _batch(names: Sequence[Indices]) -> Windows:
    """Names in one batch, padded to a multiple of LENGTH_STEP: a shape that comes again finds its
    arrays made, and its graph compiled."""
    inputs, labels, mask = padded(names)
    labels = np.where(mask, labels, NOTHING)
    more = ((0, 0), (0, -labels.shape[1] % LENGTH_STEP))
    return Windows(*(np.pad(rows, more, constant_values=NOTHING) for rows in (inputs, labels)))

"""Names -> a trained model, and how well it foretells names that it has not seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dinos.model import CELLS, N_A, Layers, padded, shared_layers, training_graph
from dinos.names import Names, Split, encode, split, vocabulary
from dinos.recombine import Recombination
from seqmodel import modelfile
from seqmodel.backend import load_keras
from seqmodel.backprop import AdamRates, Learner
from seqmodel.errors import InputError
from seqmodel.layers import arrays_compute, set_weights, weights_in
from seqmodel.modelfile import ModelFile
from seqmodel.network import Weights, start_state
from seqmodel.team import one_thread_a_product
from seqmodel.training import Engine
from seqmodel.windows import NOTHING, Indices, one_hot

if TYPE_CHECKING:
    import keras

KIND = "dinos"
CLIP = 5.0
EXAMPLES = 256_000
POOL = 4  # times as many names are made up as an epoch takes


@dataclass(frozen=True)
class Lesson:
    """How a model is trained: `cell` "rnn", "gru" or "lstm" with `n_a` units; Adam whose learning
    rate falls to 0 along half a cosine; gradients clipped to [-5, 5] as in the course.

    Each epoch goes once through the names, and through `made_up` others that are made of their
    pieces, others each time (see `recombine`; 0 for none). `epochs` None: EXAMPLES names in all,
    about.
    """

    cell: str = "rnn"
    n_a: int = N_A
    epochs: int | None = None
    batch_size: int = 256
    learning_rate: float = 0.012
    made_up: int = 3000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.cell not in CELLS:
            raise InputError(f"--cell {', '.join(CELLS[:-1])} or {CELLS[-1]}", f"`{self.cell}`")

    def epochs_for(self, n_names: int) -> int:
        """How many times the names are gone through, for a list of `n_names`."""
        if self.epochs is not None:
            return self.epochs
        return max(round(EXAMPLES / (n_names + self.made_up)), 3)


@dataclass(frozen=True)
class Epoch:
    """What an epoch reached, in nats a character: `loss` on the names it learned from, as the
    weights went, `held_out` with the weights at its end; and how many seconds it took."""

    number: int
    loss: float
    held_out: float
    seconds: float


Progress = Callable[[Epoch, ModelFile], None]


@dataclass(frozen=True)
class Trained:
    """What training gives: the `layers`, the training `graph` on them, the model as a file would
    hold it, the names apart, and the history."""

    layers: Layers
    graph: keras.Model
    model: ModelFile
    split: Split
    history: tuple[Epoch, ...]

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
) -> Trained:
    """Trains a model on nine tenths of `names`; the tenth that is held out decides nothing.

    The same names and lesson give the same model on the same machine. After each epoch `progress`
    gets what was reached and the model as it is, to sample from. The engine is that of
    `training.fit`: NumPy for a plain or an LSTM cell on a processor, else Keras; both learn the
    same.
    """
    apart = split(names.names, lesson.seed)
    known = vocabulary(names.names)
    training = [encode(name, known) for name in apart.training]
    held_out = [encode(name, known) for name in apart.held_out]
    layers = shared_layers(known.size, lesson.n_a, lesson.cell, lesson.seed)
    graph = training_graph(layers)

    def as_it_is() -> ModelFile:
        return ModelFile(
            kind=KIND,
            weights=weights_in(graph),
            vocabulary=known,
            settings={**asdict(lesson), "keep_case": names.keep_case},
            extra={"training": list(apart.training), "held_out": list(apart.held_out)},
            sources=sources or {},
        )

    history: list[Epoch] = []

    def after_epoch(loss: float, seconds: float) -> None:
        now = as_it_is()
        history.append(Epoch(len(history) + 1, loss, mean_loss(now.weights, held_out), seconds))
        if progress:
            progress(history[-1], now)

    by_arrays = arrays_compute(graph) if engine == "auto" else engine == "arrays"
    fit = _fit_arrays if by_arrays else _fit_keras
    batches = _Batches(training, lesson, known.size)
    fit(graph, batches, lesson.epochs_for(len(names.names)), after_epoch)
    model = as_it_is()
    losses = {
        "training_loss": mean_loss(model.weights, training),
        "held_out_loss": mean_loss(model.weights, held_out),
    }
    model = replace(model, settings=model.settings | losses)
    return Trained(layers, graph, model, apart, tuple(history))


def masked_cross_entropy() -> keras.losses.Loss:
    """The loss of a batch: with `shares(mask)` as sample weights, the mean cross-entropy of the
    characters that are not padding, in nats. It is the same whether or not Keras hands the mask of
    the recurrent layer on to the loss, which differs between its versions."""
    return load_keras().losses.SparseCategoricalCrossentropy(reduction="sum")


def shares(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`(m, T)`: equal weights of the steps that count, 0 for padding; they add up to 1."""
    return (mask / mask.sum()).astype(np.float32)


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
    """The names of each epoch in batches of `inputs, labels, mask`; the same whenever asked for."""

    def __init__(self, training: Sequence[Indices], lesson: Lesson, n_values: int) -> None:
        self.training, self.lesson = training, lesson
        rng = np.random.default_rng(lesson.seed)
        self.pool = Recombination(training, n_values).draw(POOL * lesson.made_up, rng)
        self.n_names = len(training) + lesson.made_up
        self.n_batches = math.ceil(self.n_names / lesson.batch_size)

    def epoch(self, number: int) -> list[tuple[Indices, Indices, NDArray[np.bool_]]]:
        rng = np.random.default_rng([self.lesson.seed, number])
        drawn = rng.choice(len(self.pool), self.lesson.made_up, replace=False) if self.pool else ()
        inputs, labels, mask = padded([*self.training, *(self.pool[i] for i in drawn)])
        order, size = rng.permutation(self.n_names), self.lesson.batch_size
        parts = [order[first : first + size] for first in range(0, self.n_names, size)]
        return [(inputs[part], labels[part], mask[part]) for part in parts]


AfterEpoch = Callable[[float, float], None]


def _fit_arrays(graph: keras.Model, batches: _Batches, epochs: int, after: AfterEpoch) -> None:
    """Trains the weights of `graph` by arrays; after each epoch, `after` gets its mean loss and its
    seconds."""
    learner = Learner(weights_in(graph), AdamRates(clip=CLIP))
    with one_thread_a_product():
        for number in range(epochs):
            began = time.perf_counter()
            loss = 0.0
            for inputs, labels, mask in batches.epoch(number):
                along = learner.steps / (epochs * batches.n_batches)
                rate = batches.lesson.learning_rate * (1 + math.cos(math.pi * along)) / 2
                reached = learner.step(inputs, np.where(mask, labels, NOTHING), rate)
                loss += reached.loss / int(mask.sum()) * len(inputs) / batches.n_names
            set_weights(graph, learner.parameters.weights())
            after(loss, time.perf_counter() - began)


def _fit_keras(graph: keras.Model, batches: _Batches, epochs: int, after: AfterEpoch) -> None:
    """The same by Keras, on whatever device it has."""
    keras = load_keras()
    n_values, n_batches = graph.outputs[0].shape[-1], batches.n_batches
    rate = keras.optimizers.schedules.CosineDecay(batches.lesson.learning_rate, epochs * n_batches)
    model = keras.Model(graph.inputs, graph.outputs[0])
    model.compile(
        keras.optimizers.Adam(rate, clipvalue=CLIP),
        masked_cross_entropy(),
        steps_per_execution=n_batches,  # all of an epoch in one call of the compiled function
    )
    epoch = lru_cache(maxsize=2)(batches.epoch)

    class OneHot(keras.utils.PyDataset):  # type: ignore[name-defined]
        """All batches of all epochs. (Keras begins twice: with a look at the first batches.)"""

        def __len__(self) -> int:
            return n_batches * epochs

        def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
            inputs, labels, mask = epoch(index // n_batches)[index % n_batches]
            return (one_hot(inputs, n_values), mask), labels, shares(mask)

    class Report(keras.callbacks.Callback):  # type: ignore[name-defined]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            after(float(logs["loss"]), time.perf_counter() - self.began)

    settings = {"epochs": epochs, "steps_per_epoch": n_batches, "shuffle": False, "verbose": 0}
    model.fit(OneHot(), callbacks=[Report()], **settings)

"""Names -> a trained model, and how well it foretells names that it has not seen."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dinos.model import CELLS, N_A, Layers, padded, shared_layers, training_graph
from dinos.names import Names, Split, encode, split, vocabulary
from dinos.recombine import Recombination
from seqmodel import modelfile
from seqmodel.backend import load_keras
from seqmodel.errors import InputError
from seqmodel.files import writing
from seqmodel.modelfile import ModelFile
from seqmodel.network import Weights, start_state
from seqmodel.windows import Indices, one_hot

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
        modelfile.save(
            path,
            self.graph,
            kind=self.model.kind,
            cell=self.model.weights.cell,
            vocabulary=self.model.vocabulary,
            settings=self.model.settings,
            extra=self.model.extra,
            sources=self.model.sources,
        )


def learn(
    names: Names,
    lesson: Lesson = Lesson(),
    *,
    sources: dict[str, str] | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Trains a model on nine tenths of `names`; the tenth that is held out decides nothing.

    The same names and lesson give the same model on the same machine. After each epoch `progress`
    gets what was reached and the model as it is, to sample from.
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
            weights=modelfile.weights_of(layers.cell, layers.densor, lesson.cell),
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

    _fit(graph, training, lesson, lesson.epochs_for(len(names.names)), after_epoch)
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


def write_history(path: str | Path, history: Sequence[Epoch]) -> None:
    """A CSV file, one line an epoch; losses in nats a character."""
    with writing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", "loss", "held_out_loss", "seconds"])
        for epoch in history:
            losses = f"{epoch.loss:.6f}", f"{epoch.held_out:.6f}"
            table.writerow([epoch.number, *losses, f"{epoch.seconds:.4f}"])


def _fit(
    graph: keras.Model,
    training: Sequence[Indices],
    lesson: Lesson,
    epochs: int,
    after_epoch: Callable[[float, float], None],
) -> None:
    """Trains `graph`; after each epoch, `after_epoch` gets its mean loss and its seconds."""
    keras = load_keras()
    n_values = graph.outputs[0].shape[-1]
    n_names = len(training) + lesson.made_up
    n_batches = math.ceil(n_names / lesson.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(lesson.learning_rate, epochs * n_batches)
    model = keras.Model(graph.inputs, graph.outputs[0])
    model.compile(keras.optimizers.Adam(rate, clipvalue=CLIP), masked_cross_entropy())
    rng = np.random.default_rng(lesson.seed)
    pool = Recombination(training, n_values).draw(POOL * lesson.made_up, rng)

    class Batches(keras.utils.PyDataset):  # type: ignore[name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.on_epoch_end()

        def __len__(self) -> int:
            return n_batches

        def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
            rows = self.order[index * lesson.batch_size : (index + 1) * lesson.batch_size]
            X = one_hot(self.inputs[rows], n_values)  # (batch, T, n_values)
            return (X, self.mask[rows]), self.labels[rows], shares(self.mask[rows])

        def on_epoch_end(self) -> None:
            drawn = rng.choice(len(pool), lesson.made_up, replace=False) if pool else ()
            names = [*training, *(pool[i] for i in drawn)]
            self.inputs, self.labels, self.mask = padded(names)
            self.order = rng.permutation(n_names)

    class Report(keras.callbacks.Callback):  # type: ignore[name-defined]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            after_epoch(float(logs["loss"]), time.perf_counter() - self.began)

    model.fit(Batches(), epochs=epochs, shuffle=False, verbose=0, callbacks=[Report()])

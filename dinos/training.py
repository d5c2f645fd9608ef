"""Training on a list of names, and the loss on held-out names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from dinos.augmentation import NGramSampler
from dinos.model import CELLS, N_A, graph_of, keras_entries, padded
from dinos.names import Names, Split, encode, split, vocabulary
from dinos.ngram_features import MAX_CONTEXT, n_inputs, name_automaton, with_ngrams
from seqmodel import model_file
from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import PADDING, Indices, Windows
from seqmodel.model_file import ModelFile, installed_versions
from seqmodel.network.forward import batch_log_probabilities
from seqmodel.network.keras_layers import extract_weights
from seqmodel.network.weights import Weights, initial_weights
from seqmodel.parallel.threads import cpu_count
from seqmodel.sampling.constraints import Automaton
from seqmodel.settings import Setting, check_settings, checked
from seqmodel.training.checkpoints import Checkpoints, hash_of
from seqmodel.training.config import TrainerConfig
from seqmodel.training.loop import (
    HAS_NUMPY_TRAINER,
    Engine,
    FitResult,
    train_network,
    train_weights,
)
from seqmodel.training.trainer import EpochMetrics, Trainer

if TYPE_CHECKING:
    import keras

KIND = "dinos"
CLIP = 5.0
# The default length of a training, in characters read. A short list is read MAX_TIMES times at
# most, or until ENOUGH characters are read.
CHARACTERS = 2e6
MAX_TIMES, ENOUGH = 320, 1e6
MIN_EPOCHS, MAX_EPOCHS = 3, 12
LENGTH_STEP = 4  # batches are padded to multiples of it, so that shapes recur
SORTED_BATCHES = 8


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training on names.

    The cell, "rnn", "gru" or "lstm" with `n_a` units, reads at each step the last character and the
    n-grams of up to `context` characters that end with it (see `ngram_features`). Adam's learning
    rate falls to 0 along half a cosine; gradients are clipped to [-5, 5] as in the course. An epoch
    is the names and `n_augmented` new ones drawn from an n-gram model (see `augmentation`).
    """

    cell: Annotated[str, Setting("Recurrent cell.", "Model", choices=CELLS)] = "rnn"
    n_a: Annotated[int, Setting("Units of the cell.", "Model", minimum=1, maximum=8192)] = N_A
    context: Annotated[
        int,
        Setting(
            "Characters read at each step, as n-grams; 1: one character, as in the course.",
            "Model",
            minimum=1,
            maximum=MAX_CONTEXT,
        ),
    ] = 4
    epochs: Annotated[
        int | None,
        Setting(
            "Passes over the names.",
            "Training",
            minimum=1,
            maximum=1_000_000,
            default="3 to 12, by the size of the list",
        ),
    ] = None
    batch_size: Annotated[
        int, Setting("Names per step.", "Training", minimum=1, maximum=10_000_000)
    ] = 128
    learning_rate: Annotated[
        float, Setting("Learning rate of the first step.", "Training", minimum=0, maximum=10)
    ] = 0.01
    n_augmented: Annotated[
        int | None,
        Setting(
            "Names added in each epoch, made up from n-grams of yours.",
            "Training",
            option="made-up",
            minimum=0,
            maximum=1_000_000,
            metavar="N",
            default="more for shorter lists",
        ),
    ] = None
    seed: Annotated[
        int,
        Setting(
            "Seed of the random numbers; the same seed gives the same result.",
            "Training",
            minimum=0,
        ),
    ] = 0

    def __post_init__(self) -> None:
        check_settings(self)

    def resolve_defaults(self, names: Sequence[str]) -> tuple[int, int]:
        """The number of epochs and of augmented names per epoch for a list; by default what a plain
        cell of 50 units learns in some seconds."""
        n_characters = sum(len(name) + 1 for name in names)
        times = min(CHARACTERS, max(MAX_TIMES * n_characters, ENOUGH)) / n_characters
        if self.n_augmented is None:
            epochs = min(max(round(times), MIN_EPOCHS), MAX_EPOCHS)
            n_augmented = max(round((times / epochs - 1) * len(names)), 0)
        else:
            n_augmented = self.n_augmented
            epochs = max(round(times / (1 + n_augmented / len(names))), MIN_EPOCHS)
        return epochs if self.epochs is None else self.epochs, n_augmented


class Content(msgspec.Struct):
    """All that a model file of names holds besides weights and vocabulary. Losses are mean
    cross-entropies per character, in nats."""

    config: TrainingConfig
    keep_case: bool
    training: tuple[str, ...]
    held_out: tuple[str, ...]
    training_loss: float | None = None
    held_out_loss: float | None = None


DinosModel: TypeAlias = ModelFile[Content]
Progress = Callable[[EpochMetrics, DinosModel], None]


@dataclass(frozen=True)
class TrainingResult:
    """The result of a training: the model as a file holds it, the split of the names, and the
    history. `keras_entries` makes what `save` writes for Keras from the weights (None: nothing)."""

    model: DinosModel
    split: Split
    fit_result: FitResult
    keras_entries: Callable[[Weights], Mapping[str, bytes] | None] = keras_entries

    @property
    def history(self) -> tuple[EpochMetrics, ...]:
        return self.fit_result.history

    @cached_property
    def graph(self) -> keras.Model:
        """The training graph with the weights of the model. Raises BackendError."""
        return graph_of(self.model.weights)

    @checked
    def save(self, path: str | Path) -> None:
        """Writes the model file. Raises FileError, ModelFileError, and BackendError if Keras does
        not start."""
        model_file.save(path, self.keras_entries(self.model.weights), self.model)


@checked
def fit(
    names: Names,
    config: TrainingConfig = TrainingConfig(),
    *,
    sources: dict[str, str] | None = None,
    progress: Progress | None = None,
    engine: Engine = "auto",
    checkpoints: Checkpoints | None = None,
    free_cores: Callable[[], int] = cpu_count,
) -> TrainingResult:
    """Trains a model on nine tenths of `names`; the held-out tenth decides nothing.

    Equal names and configurations give equal models on the same machine. After each epoch
    `progress` gets its metrics and the model so far. `checkpoints` are those of `train_network`, as
    is the engine; "auto" is NumPy, which trains so small a network faster than any device, on the
    `free_cores`."""
    epochs, n_augmented = config.resolve_defaults(names.names)
    config = replace(config, epochs=epochs, n_augmented=n_augmented)
    parts = split(names.names, config.seed)
    known = vocabulary(names.names)
    training = [encode(name, known) for name in parts.training]
    held_out = [encode(name, known) for name in parts.held_out]
    automaton = name_automaton(known, training, config.context)
    rng = random_stream(config.seed, Stream.INITIAL_WEIGHTS)
    weights = initial_weights(config.cell, n_inputs(automaton), config.n_a, known.size, rng)

    content = Content(config, names.keep_case, tuple(parts.training), tuple(parts.held_out))
    versions = installed_versions("djmodel", "tensorflow", "keras", "numpy")

    def model_with(weights: Weights) -> DinosModel:
        return ModelFile(KIND, weights, known, content, sources or {}, versions)

    def report(epoch: EpochMetrics, learner: Trainer) -> None:
        if progress:
            progress(epoch, model_with(learner.weights()))

    trainer = TrainerConfig(
        epochs=epochs,
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=config.seed,
        lr_schedule="cosine",
        clip=CLIP,
    )
    batches = _NameBatches(training, n_augmented, config, automaton)
    rest: dict[str, Any] = {
        "validation_loss": lambda weights: mean_loss(weights, held_out, automaton),
        "checkpoints": checkpoints,
        "fingerprint": {
            **asdict(config),
            "names": hash_of(training),
            "held out": hash_of(held_out),
        },
    }
    if engine == "auto":
        begun = checkpoints.engine() if checkpoints else None
        engine = "keras" if begun == "keras" or not HAS_NUMPY_TRAINER else "numpy"
    if engine == "numpy":
        rest["free_cores"] = free_cores
        fit_result, weights = train_weights(weights, batches, trainer, report, **rest)
    else:
        graph = graph_of(weights)
        fit_result = train_network(graph, batches, trainer, report, engine="keras", **rest)
        weights = extract_weights(graph)
    model = model_with(weights)
    content = msgspec.structs.replace(
        content,
        training_loss=mean_loss(weights, training, automaton),
        held_out_loss=mean_loss(weights, held_out, automaton),
    )
    return TrainingResult(replace(model, content=content), parts, fit_result)


def mean_loss(
    weights: Weights, names: Sequence[Indices], automaton: Automaton | None = None
) -> float:
    """The mean cross-entropy per character of `names`, the newline included, in nats; its
    exponential is the perplexity. `automaton`: as in `log_probabilities`."""
    scores: list[NDArray[np.float32]] = []
    for first in range(0, len(names), 4096):
        scores += log_probabilities(weights, names[first : first + 4096], automaton)
    return -float(np.concatenate(scores).mean(dtype=np.float64))


def log_probabilities(
    weights: Weights, names: Sequence[Indices], automaton: Automaton | None = None
) -> list[NDArray[np.float32]]:
    """The natural log-probability of each character of each name given those before it.
    `automaton`: of the n-grams that the model reads; None: it reads single characters. Raises
    ValueError for the automaton of another model."""
    if weights.n_inputs != (n_inputs(automaton) if automaton else weights.n_values):
        raise ValueError("the automaton has other n-grams than these weights read")
    inputs, labels, mask = padded(names)  # (m, T)
    read = inputs if automaton is None else with_ngrams(automaton, inputs)
    found = batch_log_probabilities(weights, read, labels)
    return [row[counts] for row, counts in zip(found, mask, strict=True)]


class _NameBatches:
    """Batches of the names of each epoch, and of augmented ones; those of a batch have similar
    lengths, so that little of it is padding."""

    def __init__(
        self,
        training: Sequence[Indices],
        n_augmented: int,
        config: TrainingConfig,
        automaton: Automaton,
    ) -> None:
        self.n_augmented, self.config, self.automaton = n_augmented, config, automaton
        self.augmentation = NGramSampler(training, automaton.allowed.shape[1])

    def __len__(self) -> int:
        n_names = len(self.augmentation.names) + self.n_augmented
        return math.ceil(n_names / self.config.batch_size)

    def epoch(self, number: int) -> Iterable[Windows]:
        seed = self.config.seed
        augmentation = random_stream(seed, Stream.AUGMENTATION, number)
        augmented = self.augmentation.draw(self.n_augmented, augmentation)
        names = np.concatenate([self.augmentation.names, augmented])
        names = np.pad(names, ((0, 0), (0, LENGTH_STEP - 1)), constant_values=PADDING)
        lengths = np.count_nonzero(names != PADDING, axis=1)
        order = random_stream(seed, Stream.BATCH_ORDER, number)
        for batch in self._by_length(lengths, order):
            steps = math.ceil(lengths[batch].max() / LENGTH_STEP) * LENGTH_STEP
            labels = names[batch, :steps]
            inputs = np.full_like(labels, PADDING)
            inputs[:, 1:] = np.where(labels[:, :-1] == 0, PADDING, labels[:, :-1])
            yield Windows(with_ngrams(self.automaton, inputs), labels)

    def _by_length(
        self, lengths: NDArray[np.int64], rng: np.random.Generator
    ) -> list[NDArray[np.int64]]:
        """The indices of the names of each batch: all names in random order, sorted by length
        within SORTED_BATCHES batches at a time, which then change places."""
        size, order = self.config.batch_size, rng.permutation(len(lengths))
        batches = []
        for first in range(0, len(order), size * SORTED_BATCHES):
            some = order[first : first + size * SORTED_BATCHES]
            some = some[np.argsort(lengths[some], kind="stable")]
            batches += [some[k : k + size] for k in range(0, len(some), size)]
        return [batches[k] for k in rng.permutation(len(batches))]

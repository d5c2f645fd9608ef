"""Windows + a graph -> a trained graph, and what happened on the way."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices, Windows
from seqmodel.errors import Interrupted, TrainingError
from seqmodel.files import writing
from seqmodel.network.keras_layers import arrays_compute, set_weights, weights_in
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import one_thread_a_product
from seqmodel.training import numpy_trainer as backprop
from seqmodel.training.checkpoints import Checkpoint, Checkpoints, Epoch, State
from seqmodel.training.distributed import is_spread
from seqmodel.training.keras_trainer import GraphLearner

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Schedule:
    """How to train; the defaults are the course's: Adam whose learning rate is divided by
    `1 + decay * step`. With `fall` "cosine" it falls to 0 along half a cosine instead.

    `clip`: each gradient is brought between -clip and clip. `patience`: training ends when the
    held-out loss has not fallen for so many epochs, and the weights of the best epoch are kept;
    None: all epochs, and the weights of the last. `dropout`: what each batch does without.
    """

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 0.01
    decay: float = 0.01
    seed: int = 0
    fall: Literal["inverse", "cosine"] = "inverse"
    clip: float | None = None
    patience: int | None = None
    dropout: backprop.Dropout = backprop.NO_DROPOUT

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of a step, counted from 0, of so many."""
        if self.fall == "cosine":
            return self.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
        return self.learning_rate / (1 + self.decay * step)


class Learner(Protocol):
    """Weights on their way; `steps` counts the batches so far."""

    steps: int

    def step(self, inputs: Indices, labels: Indices, learning_rate: float) -> backprop.Reached:
        """Moves the weights by the gradient of the batch's mean cross-entropy."""

    def weights(self) -> Weights:
        """Copies of them as they are."""

    def state(self) -> State:
        """Copies of all that the steps to come depend on."""

    def restore(self, state: State) -> None:
        """Puts back what `state` gave. Raises ValueError for the state of another learner."""


class Batches(Protocol):
    """What is learned from, epoch by epoch; it may be drawn, or read from a disk, as it is asked
    for. In a batch a label NOTHING is none; the sequences of a batch are equally long."""

    def __len__(self) -> int:
        """How many batches an epoch has."""

    def epoch(self, number: int) -> Iterable[Windows]:
        """The batches of an epoch, counted from 0; the same ones whenever asked for."""


class Shuffled:
    """The windows of each epoch in memory, in an order that `seed` decides.

    `draw(epoch)`, epochs counted from 0, gives the windows of an epoch; equally many each time.
    """

    def __init__(self, draw: Callable[[int], Windows], batch_size: int, seed: int) -> None:
        self.draw, self.size, self.seed = draw, batch_size, seed
        self._n_windows: int | None = None

    def __len__(self) -> int:
        if self._n_windows is None:
            self._n_windows = len(self.draw(0).inputs)
        return -(-self._n_windows // self.size)

    def epoch(self, number: int) -> Iterable[Windows]:
        inputs, labels = self.draw(number)
        order = np.random.default_rng([self.seed, number]).permutation(len(inputs))
        for first in range(0, len(order), self.size):
            part = order[first : first + self.size]
            yield Windows(inputs[part], labels[part])


Progress = Callable[[Epoch, Learner], None]
Measure = Callable[[Weights], float]
Engine = Literal["auto", "arrays", "keras"]
# How a training came to its end: all epochs; no better for `patience` epochs; a loss that is no
# number; interrupted from the keyboard.
End = Literal["whole", "patience", "diverged", "interrupted"]


@dataclass(frozen=True)
class Fitted:
    """`kept`: the epoch, counted from 1, whose weights are in the graph; `end`: why it is over."""

    history: tuple[Epoch, ...]
    kept: int
    end: End

    def check(self, model: Path, go_on: str) -> None:
        """For a command that has written what was learned to the file `model`: raises TrainingError
        where the loss went astray, Interrupted where the user did not want to wait; `go_on` is what
        they type to go on."""
        if self.end == "diverged":
            raise TrainingError(
                "a loss that is a finite number",
                f"none in epoch {len(self.history) + 1}",
                where=model,
                todo=f"the model is that of epoch {self.kept}; lower the learning rate",
            )
        if self.end == "interrupted":
            raise Interrupted(f"{model} is that of epoch {self.kept}; go on: {go_on}")


def fit(
    graph: keras.Model,
    batches: Batches,
    schedule: Schedule,
    progress: Progress | None = None,
    *,
    engine: Engine = "auto",
    held_out_loss: Measure | None = None,
    checkpoints: Checkpoints | None = None,
    made_from: Mapping[str, Any] | None = None,
    traits: NDArray[np.float32] | None = None,
) -> Fitted:
    """Trains `graph`, whose first output is the probabilities of each step, `(m, T, n_values)`, or
    whose outputs are those of one step each (see `GraphLearner` for its inputs).

    The engine "arrays" is NumPy, for a recurrent and a softmax layer as they come; "keras" is the
    graph itself, on whatever device Keras has. Both see the same batches and give the same weights.
    "auto" takes the arrays for a graph with one tensor of probabilities where they can do it (see
    `layers.arrays_compute`), and for dropout and `traits` (see `backprop.Learner`), which only they
    have. The rest is as in `train`.
    """
    only_arrays = schedule.dropout.any or traits is not None
    if engine == "auto":
        one_tensor = len(graph.outputs[0].shape) == 3
        by_arrays = only_arrays or (one_tensor and arrays_compute(graph))
        engine = "arrays" if by_arrays else "keras"
        if checkpoints and checkpoints.engine() == "keras":
            engine = "keras"  # several devices or hosts began it
    if only_arrays and is_spread():
        todo = "choose a preset without them, or leave out --devices and --hosts"
        expected = "a training without dropout and traits on several devices"
        raise TrainingError(expected, "one with them", todo=todo)
    learner: Learner
    if engine == "arrays":
        rates = backprop.AdamRates(clip=schedule.clip)
        learner = backprop.Learner(
            weights_in(graph),
            rates,
            dropout=schedule.dropout,
            traits=traits,
            batch_size=schedule.batch_size,
        )
    else:
        learner = GraphLearner(graph, clip=schedule.clip)
    fitted = train(
        learner,
        batches,
        schedule,
        progress,
        held_out_loss=held_out_loss,
        checkpoints=checkpoints,
        made_from={"engine": engine, **(made_from or {})},
    )
    set_weights(graph, learner.weights())
    return fitted


def train(
    learner: Learner,
    batches: Batches,
    schedule: Schedule,
    progress: Progress | None = None,
    *,
    held_out_loss: Measure | None = None,
    checkpoints: Checkpoints | None = None,
    made_from: Mapping[str, Any] | None = None,
) -> Fitted:
    """Takes `learner` through the epochs of `schedule`; it ends with the weights that are kept.

    `held_out_loss` measures the weights after each epoch. `checkpoints` keeps the state of the
    training on disk, and may hold one to go on from: the weights at the end are those of a training
    that was never interrupted. `made_from`, JSON values by name, is all that decides the weights;
    a checkpoint made from something else is refused.

    A loss that is not finite ends the training with the weights of the last epoch that had one.
    Ctrl-C ends it with the weights of the last whole epoch, and writes a checkpoint. Raises
    TrainingError or KeyboardInterrupt if there is no such epoch, CheckpointError and FileError as
    `Checkpoints` does.
    """
    if schedule.patience is not None and held_out_loss is None:
        raise TrainingError(
            "held-out data for a patience", "none", todo="hold something out, or leave it out"
        )
    course = _Course(learner, schedule, checkpoints, made_from or {})
    # Weights that go astray are found by the loss, which is then no number.
    quietly = np.errstate(over="ignore", invalid="ignore")
    by_arrays = isinstance(learner, backprop.Learner)
    with one_thread_a_product() if by_arrays else nullcontext(), quietly:
        end = course.run(batches, progress, held_out_loss)
    learner.restore(course.now.best)
    return Fitted(course.now.history, course.now.kept, end)


class _Course:
    """The epochs of a training. `now` is what they have reached, replaced as a whole, so that an
    interruption finds an epoch with all that belongs to it, or without."""

    def __init__(
        self,
        learner: Learner,
        schedule: Schedule,
        checkpoints: Checkpoints | None,
        made_from: Mapping[str, Any],
    ) -> None:
        self.learner, self.schedule = learner, schedule
        self.checkpoints, self.made_from = checkpoints, made_from
        found = checkpoints.start(made_from) if checkpoints else None
        if found and checkpoints:
            try:
                learner.restore(found.last)
            except (KeyError, ValueError) as error:
                raise checkpoints.damaged(str(error)) from error
        state = learner.state()
        self.now = found or Checkpoint((), state, state, kept=0)

    def run(
        self, batches: Batches, progress: Progress | None, held_out_loss: Measure | None
    ) -> End:
        """Goes through the epochs that are left."""
        try:
            while not (end := self._end()):
                reached = self._epoch(batches, held_out_loss)
                state = self.learner.state()
                if not _is_good(reached, state):
                    return self._diverged(reached)
                self._keep(reached, state)
                if progress:
                    progress(reached, self.learner)
                if self.checkpoints and self.checkpoints.due():
                    self.checkpoints.write(self.now, self.made_from)
        except KeyboardInterrupt:
            if not self.now.history:
                raise
            if self.checkpoints:
                self.checkpoints.write(self.now, self.made_from)
            return "interrupted"
        return end

    def _end(self) -> End | None:
        done, patience = len(self.now.history), self.schedule.patience
        if done >= self.schedule.epochs:
            return "whole"
        without_gain = done - self.now.kept
        return "patience" if patience is not None and without_gain >= max(patience, 1) else None

    def _epoch(self, batches: Batches, held_out_loss: Measure | None) -> Epoch:
        learner, rate = self.learner, self.schedule.rate
        number, steps = len(self.now.history), self.schedule.epochs * len(batches)
        began = time.perf_counter()
        loss, right, n_labels = 0.0, 0, 0
        for inputs, labels in batches.epoch(number):
            batch = learner.step(inputs, labels, rate(learner.steps, steps))
            loss, right, n_labels = loss + batch.loss, right + batch.right, n_labels + batch.labels
            if not math.isfinite(loss):
                break
        seconds = time.perf_counter() - began
        held_out = held_out_loss(learner.weights()) if held_out_loss else None
        return Epoch(number + 1, loss / n_labels, right / n_labels, seconds, held_out)

    def _keep(self, reached: Epoch, state: State) -> None:
        now = self.now
        history = (*now.history, reached)
        if self.schedule.patience is None or _is_better(reached, now):
            self.now = Checkpoint(history, last=state, best=state, kept=reached.number)
        else:
            self.now = Checkpoint(history, last=state, best=now.best, kept=now.kept)

    def _diverged(self, reached: Epoch) -> End:
        if not self.now.history:
            raise TrainingError(
                "a loss that is a finite number",
                f"{reached.loss} in the first epoch",
                todo="lower the learning rate",
            )
        return "diverged"


def _is_good(reached: Epoch, state: State) -> bool:
    """Whether all numbers are finite."""
    held_out = 0.0 if reached.held_out is None else reached.held_out
    losses = math.isfinite(reached.loss) and math.isfinite(held_out)
    return losses and all(np.isfinite(array).all() for array in state.values())


def _is_better(reached: Epoch, before: Checkpoint) -> bool:
    if before.kept == 0:
        return True
    best = before.history[before.kept - 1].held_out
    return best is not None and reached.held_out is not None and reached.held_out < best


def write_history(path: str | Path, columns: Mapping[str, Sequence[float]]) -> None:
    """A CSV file, one line an epoch, counted from 1, with the numbers of each column."""
    with writing(path) as temporary, temporary.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["epoch", *columns])
        for number, row in enumerate(zip(*columns.values(), strict=True), start=1):
            table.writerow([number, *(f"{value:.6f}" for value in row)])

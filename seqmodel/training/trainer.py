"""The interface of a trainer, which moves a network's weights batch by batch, and its data types.

`KerasTrainer` is the reference; `NumpyTrainer` computes the same on CPUs, faster.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from seqmodel.data.windows import Indices
from seqmodel.network.weights import Weights

State = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class BatchMetrics:
    """`loss`: the sum of the cross-entropies of a batch in nats; `n_correct`: the number of labels
    that were the most likely value, of `n_labels`."""

    loss: float
    n_correct: int
    n_labels: int


@dataclass(frozen=True)
class EpochMetrics:
    """Results of an epoch, counted from 1: the mean cross-entropy in nats per label, the share of
    labels that were the most likely value, the seconds that training took, and the mean
    cross-entropy of validation data, if there is any, with the weights at the end of the epoch."""

    number: int
    loss: float
    accuracy: float
    seconds: float
    validation_loss: float | None = None


class Trainer(Protocol):
    """A network in training by Adam, with Keras' defaults but for the learning rate; `steps` counts
    the batches so far."""

    steps: int

    def step(self, inputs: Indices, labels: Indices, learning_rate: float) -> BatchMetrics:
        """Moves the weights by the gradient of the mean cross-entropy of one batch: `inputs
        (B, T)`, with conditioning `(B, T, 1 + k)`, and `labels (B, T)`; labels PADDING are
        ignored."""

    def weights(self) -> Weights:
        """Copies of the current weights."""

    def state(self) -> State:
        """Copies of all that the following steps depend on."""

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Returns to a `state()`. Raises KeyError or ValueError for that of another network."""

"""Sources of training batches, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import Windows


class BatchSource(Protocol):
    """Training data, drawn or read from disk when an epoch begins. A batch holds sequences of equal
    length; a label PADDING is ignored."""

    def __len__(self) -> int:
        """The number of batches in an epoch."""

    def epoch(self, number: int) -> Iterable[Windows]:
        """The batches of an epoch, counted from 0; the same ones at every call."""


class InMemoryBatches:
    """The windows of an epoch in memory, in an order that `seed` decides.

    `draw(epoch)`, epochs counted from 0, gives the windows of an epoch, equally many each time.
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
        order = random_stream(self.seed, Stream.BATCH_ORDER, number).permutation(len(inputs))
        for first in range(0, len(order), self.size):
            batch = order[first : first + self.size]
            yield Windows(inputs[batch], labels[batch])

"""Windows of more sequences than fit in memory: each batch is read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import Indices, Windows, count_windows, windows_of_labels

BATCHES_IN_MEMORY = 16  # after this many, their pages are released


class Span(NamedTuple):
    """The symbols of one sequence from `start` up to `stop`."""

    sequence: int
    start: int
    stop: int


class Sequences(Protocol):
    """Sequences of indices in a file; `lengths (n,)` are their numbers of symbols."""

    lengths: NDArray[np.integer]

    def indices(self, sequence: int, start: int, stop: int) -> Indices:
        """The symbols of a sequence from `start` up to `stop`."""

    def release_pages(self) -> None:
        """Releases the memory of what was read."""


class StreamingBatches:
    """A BatchSource of `m` windows of `Tx` steps per epoch, from all `sequences`.

    Every window comes once before any comes again, in an order that `seed` decides; the order is in
    memory, 8 bytes per window. `index_map (n,)`: the indices that the batches have for the symbols
    of the sequences. `conditioning(spans)`: conditioning features `(m, Tx, k)` of m windows.

    Raises CorpusError if no sequence has Tx symbols.
    """

    def __init__(
        self,
        sequences: Sequences,
        index_map: Indices,
        m: int,
        Tx: int,
        batch_size: int,
        seed: int,
        conditioning: Callable[[list[Span]], Indices] | None = None,
    ) -> None:
        self.sequences, self.index_map, self.conditioning = sequences, index_map, conditioning
        self.m, self.Tx, self.batch_size = m, Tx, batch_size
        self._ends = np.cumsum(count_windows(sequences.lengths, Tx))
        total = int(self._ends[-1])
        self._order = lru_cache(maxsize=2)(
            lambda round_: random_stream(seed, Stream.WINDOWS, round_).permutation(total)
        )

    def __len__(self) -> int:
        return -(-self.m // self.batch_size)

    def epoch(self, number: int) -> Iterator[Windows]:
        """The batches of an epoch, counted from 0."""
        for index in range(len(self)):
            yield self.batch(number, index)
            if (index + 1) % BATCHES_IN_MEMORY == 0:
                self.sequences.release_pages()

    def batch(self, epoch: int, index: int) -> Windows:
        """One batch of an epoch, both counted from 0."""
        first = index * self.batch_size
        numbers = epoch * self.m + np.arange(first, min(first + self.batch_size, self.m))
        spans = self._spans(numbers)
        labels = self.index_map[np.stack([self.sequences.indices(*span) for span in spans])]
        return windows_of_labels(labels, self.conditioning(spans) if self.conditioning else None)

    def _spans(self, numbers: NDArray[np.int64]) -> list[Span]:
        """The windows with these numbers, counted from the start of the training."""
        rounds, positions = np.divmod(numbers, int(self._ends[-1]))
        drawn = np.concatenate(
            [self._order(round_)[positions[rounds == round_]] for round_ in np.unique(rounds)]
        )
        sequence = np.searchsorted(self._ends, drawn, side="right")
        starts = drawn - np.where(sequence > 0, self._ends[sequence - 1], 0)
        pairs = zip(sequence.tolist(), starts.tolist(), strict=True)
        return [Span(number, start, start + self.Tx) for number, start in pairs]

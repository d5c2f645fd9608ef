"""Windows from more sequences than memory holds: each batch is read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import NOTHING, Indices, Windows, places_in, with_conditioning

ROUNDS = 6
BATCHES_IN_MEMORY = 16  # after so many, what they have touched is given back


class Sequences(Protocol):
    """Sequences of indices somewhere; `lengths (n,)` tells how many symbols each has."""

    lengths: NDArray[np.integer]

    def indices(self, sequence: int, start: int, stop: int) -> Indices:
        """The symbols of a sequence from `start` up to `stop`."""

    def release_pages(self) -> None:
        """Gives back the memory of what was read."""


class StreamingBatches:
    """The batches of a training: `m` windows of `Tx` steps an epoch, from all `sequences`, in an
    order that `seed` decides.

    Every place where a window can begin comes once before any comes again, so that no two epochs
    are cut in the same way. Of that order only the batch at hand is in memory, and 16 bytes for
    each sequence. `names (n,)` tells what the symbols of the sequences are called in the batches;
    `conditioning(sequence, start, stop)` gives what is known of a stretch of symbols, `(stop - start, k)`.

    Raises CorpusError if no sequence has Tx symbols.
    """

    def __init__(
        self,
        sequences: Sequences,
        names: Indices,
        m: int,
        Tx: int,
        batch_size: int,
        seed: int,
        conditioning: Callable[[int, int, int], Indices] | None = None,
    ) -> None:
        self.sequences, self.names, self.conditioning = sequences, names, conditioning
        self.m, self.Tx, self.size, self.seed = m, Tx, batch_size, seed
        self._ends = np.cumsum(places_in(sequences.lengths, Tx))

    def __len__(self) -> int:
        return -(-self.m // self.size)

    def epoch(self, number: int) -> Iterator[Windows]:
        for place in range(len(self)):
            yield self.batch(number, place)
            if (place + 1) % BATCHES_IN_MEMORY == 0:
                self.sequences.release_pages()

    def batch(self, epoch: int, place: int) -> Windows:
        """One batch of an epoch, both counted from 0."""
        first = place * self.size
        turns = np.arange(first, min(first + self.size, self.m)) + epoch * self.m
        found = self._windows(turns)
        labels = self.names[np.stack([self.sequences.indices(*window) for window in found])]
        before = np.full((len(labels), 1), NOTHING, dtype=np.int32)
        inputs = np.concatenate([before, labels[:, :-1]], axis=1)  # (B, Tx)
        conditioning = (
            np.stack([self.conditioning(*window) for window in found])
            if self.conditioning
            else None
        )
        return Windows(with_conditioning(inputs, conditioning), labels)

    def _windows(self, turns: NDArray[np.int64]) -> list[tuple[int, int, int]]:
        """The windows whose turn it is, counted from the start of the training: in which sequence,
        from where, and up to where."""
        total = int(self._ends[-1])
        places = np.empty_like(turns)
        for round_ in np.unique(turns // total):
            now = turns // total == round_
            places[now] = shuffled(turns[now] % total, total, [self.seed, int(round_)])
        sequence = np.searchsorted(self._ends, places, side="right")
        starts = places - np.where(sequence > 0, self._ends[sequence - 1], 0)
        found = zip(sequence.tolist(), starts.tolist(), strict=True)
        return [(n, start, start + self.Tx) for n, start in found]


def shuffled(numbers: NDArray[np.int64], total: int, seed: list[int]) -> NDArray[np.int64]:
    """Where each of `numbers`, from 0 to `total - 1`, stands in an order of all of them.

    The order is never written down: a Feistel network (Luby and Rackoff, *How to construct
    pseudorandom permutations*, 1988) shuffles the next power of 4, and is asked again for a number
    that it puts beyond `total` (Black and Rogaway, *Ciphers with arbitrary finite domains*, 2002).
    """
    half = np.uint64(max((total - 1).bit_length() + 1, 2) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)
    keys = np.random.SeedSequence(seed).generate_state(ROUNDS, np.uint64)
    found = numbers.astype(np.uint64)
    beyond = np.ones(len(found), dtype=bool)
    while beyond.any():
        left, right = found[beyond] >> half, found[beyond] & mask
        for key in keys:
            left, right = right, left ^ (_scattered(right + key) & mask)
        found[beyond] = left << half | right
        beyond = found >= total
    return found.astype(np.int64)


def _scattered(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each bit of the result depends on every bit of x: the mixing of SplitMix64 (Steele, Lea and
    Flood, *Fast splittable pseudorandom number generators*, 2014)."""
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)

"""Named streams of random numbers, so that the draws of a training are independent."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """The purpose of a stream of random numbers."""

    WINDOWS = 0
    BATCH_ORDER = 1
    DROPOUT = 2
    AUGMENTATION = 3
    INITIAL_WEIGHTS = 4


def random_stream(seed: int, purpose: Stream, *index: int) -> np.random.Generator:
    """The generator of one purpose, in the epoch, round or step `index` of a training with `seed`,
    which may have parts that are counted by a second number;
    independent of those of any other purpose, index or seed.

    >>> first, again, other = (random_stream(7, Stream.WINDOWS, epoch) for epoch in (0, 0, 1))
    >>> values = [int(rng.integers(1_000_000)) for rng in (first, again, other)]
    >>> values[0] == values[1], values[0] == values[2]
    (True, False)
    """
    return np.random.default_rng(
        np.random.SeedSequence(seed, spawn_key=(purpose, *(index or (0,))))
    )

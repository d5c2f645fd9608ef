"""How much of a new sequence is copied from the sequences that a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Copy(NamedTuple):
    """`length` symbols from `place` in the new sequence on are those from `source_place` on in
    training sequence number `source`."""

    length: int
    place: int
    source: int
    source_place: int


def longest_copy(new: Sequence[int], training: Sequence[Sequence[int]]) -> Copy:
    """The longest run of `new` that stands in one of the training sequences; length 0 if not even
    one symbol does. Of equally long ones, the first."""
    best = Copy(0, 0, 0, 0)
    symbols = np.asarray(new)
    for number, source in enumerate(map(np.asarray, training)):
        run = np.zeros(len(source) + 1, dtype=np.int64)
        for i, symbol in enumerate(symbols):
            # run[j]: how many symbols up to new[i] are those up to source[j - 1]
            run[1:] = np.where(source == symbol, run[:-1] + 1, 0)
            j = int(run.argmax())
            if (length := int(run[j])) > best.length:
                best = Copy(length, i - length + 1, number, j - length)
    return best


def share_copied(new: Sequence[int], training: Sequence[Sequence[int]], length: int) -> float:
    """The share of the symbols of `new` that are inside a passage of at least `length` symbols
    which stands in a training sequence: 0 to 1."""
    known = {
        tuple(source[place : place + length])
        for source in map(tuple, training)
        for place in range(len(source) - length + 1)
    }
    symbols = tuple(new)
    copied: set[int] = set()
    for place in range(len(symbols) - length + 1):
        if symbols[place : place + length] in known:
            copied.update(range(place, place + length))
    return len(copied) / max(len(symbols), 1)

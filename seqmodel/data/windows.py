"""Sequences of indices -> training windows, each label one step ahead of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CorpusError
from seqmodel.text import pluralize

# The input before the first symbol: the zero vector of the course, not a symbol.
NOTHING = -1

Indices = NDArray[np.int32]


class Windows(NamedTuple):
    """`inputs` and `labels`, both `(m, Tx)`: `labels[i, t]` is what follows `inputs[i, :t + 1]`,
    and `inputs[i, 0]` is NOTHING. With k cues, inputs are `(m, Tx, 1 + k)`: see `with_conditioning`."""

    inputs: Indices
    labels: Indices


def with_conditioning(inputs: Indices, conditioning: Indices | None) -> Indices:
    """Inputs `(...)` -> `(..., 1 + k)`: a symbol, then `conditioning (..., k)`, what is known of the symbol
    that comes next, as indices beyond those of the symbols; all of them are one input, whose
    vectors add up. NOTHING is the zero vector, here too."""
    return (
        inputs
        if conditioning is None
        else np.concatenate([inputs[..., None], conditioning], axis=-1)
    )


def windows(
    sequences: Sequence[Indices],
    m: int,
    Tx: int,
    rng: np.random.Generator,
    conditioning: Sequence[Indices] | None = None,
) -> Windows:
    """`m` windows of `Tx` steps, drawn at random places, each place equally likely (with
    replacement only where there are fewer places than windows). `conditioning`: those of each sequence,
    `(len(sequence), k)`.

    No window crosses from one sequence into the next; sequences shorter than Tx give none.
    Raises CorpusError if no sequence has Tx symbols.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    places = places_in(lengths, Tx)
    total = int(places.sum())
    drawn = rng.choice(total, size=m, replace=m > total)
    ends = np.cumsum(places)
    sequence = np.searchsorted(ends, drawn, side="right")
    start = drawn - (ends - places)[sequence]
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    steps = (offsets[sequence] + start)[:, None] + np.arange(Tx)  # (m, Tx)
    labels = np.concatenate(sequences)[steps]
    inputs = np.concatenate([np.full((m, 1), NOTHING, dtype=np.int32), labels[:, :-1]], axis=1)
    return Windows(
        with_conditioning(inputs, np.concatenate(conditioning)[steps] if conditioning else None),
        labels,
    )


def places_in(lengths: NDArray[np.integer], Tx: int) -> NDArray[np.int64]:
    """At how many places of sequences of these `lengths (n,)` a window of Tx symbols can begin:
    `(n,)`. Raises CorpusError if at none."""
    places = np.maximum(lengths.astype(np.int64) - Tx + 1, 0)
    if not places.any():
        longest = int(lengths.max(initial=0))
        raise CorpusError(
            f"at least Tx={Tx} values in a row",
            f"{longest} in the longest of {pluralize(len(lengths), 'sequence')}",
            hint=f"give a longer one, or a Tx of at most {longest}",
        )
    return places


def one_hot(indices: Indices, n_values: int) -> NDArray[np.float32]:
    """`(..., n_values)`: one 1 where the index says; all zeros for NOTHING."""
    return (np.asarray(indices)[..., None] == np.arange(n_values)).astype(np.float32)


def multi_hot(inputs: Indices, n_inputs: int) -> NDArray[np.float32]:
    """The inputs of `Windows` -> `(m, Tx, n_inputs)`: a 1 for the symbol and for each cue."""
    m, Tx = inputs.shape[:2]
    vectors = np.zeros((m, Tx, n_inputs + 1), dtype=np.float32)  # the last place is for NOTHING, -1
    np.put_along_axis(vectors, inputs.reshape(m, Tx, -1), 1, axis=-1)
    return vectors[..., :-1]

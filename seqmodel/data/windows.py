"""Sequences of indices -> training windows, in which each label is one step ahead of its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CorpusError
from seqmodel.text import pluralize

PADDING = -1
"""Index of a step without a symbol: before the first symbol of a sequence, or behind the last one
of a short sequence in a batch. As an input it is the zero vector (the course's first input), as a
label it counts in neither loss nor accuracy."""

Indices = NDArray[np.int32]


class Windows(NamedTuple):
    """`inputs (m, Tx)` and `labels (m, Tx)`: `labels[i, t]` follows `inputs[i, :t + 1]`, and
    `inputs[i, 0]` is PADDING. With k conditioning features, inputs are `(m, Tx, 1 + k)`, see
    `with_conditioning`."""

    inputs: Indices
    labels: Indices


def windows(
    sequences: Sequence[Indices],
    m: int,
    Tx: int,
    rng: np.random.Generator,
    conditioning: Sequence[Indices] | None = None,
) -> Windows:
    """`m` windows of `Tx` steps, drawn uniformly from all windows of the sequences, and with
    replacement only if there are fewer than `m`.

    `conditioning`: the features of each sequence, `(len(sequence), k)`. No window crosses from one
    sequence into the next; sequences shorter than Tx give none. Raises CorpusError if no sequence
    has Tx symbols.
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    counts = count_windows(lengths, Tx)
    total = int(counts.sum())
    drawn = rng.choice(total, size=m, replace=m > total)
    ends = np.cumsum(counts)
    sequence = np.searchsorted(ends, drawn, side="right")
    start = drawn - (ends - counts)[sequence]
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    steps = (offsets[sequence] + start)[:, None] + np.arange(Tx)  # (m, Tx)
    labels = np.concatenate(sequences)[steps]
    features = np.concatenate(conditioning)[steps] if conditioning else None  # (m, Tx, k)
    return windows_of_labels(labels, features)


def windows_of_labels(labels: Indices, conditioning: Indices | None = None) -> Windows:
    """Windows with these labels `(m, Tx)`, and with conditioning features of each, `(m, Tx, k)`."""
    first = np.full((len(labels), 1), PADDING, dtype=np.int32)
    inputs = np.concatenate([first, labels[:, :-1]], axis=1)  # (m, Tx)
    return Windows(with_conditioning(inputs, conditioning), labels)


def with_conditioning(inputs: Indices, conditioning: Indices | None) -> Indices:
    """Inputs `(...)` and conditioning features `(..., k)` -> inputs `(..., 1 + k)`.

    The features describe the symbol that comes next, as indices from the number of symbols on. All
    indices of a step are one input of the network: their vectors are added. A feature may be
    PADDING.
    """
    if conditioning is None:
        return inputs
    return np.concatenate([inputs[..., None], conditioning], axis=-1)


def count_windows(lengths: NDArray[np.integer], Tx: int) -> NDArray[np.int64]:
    """The number of windows of `Tx` symbols in sequences of `lengths (n,)`: `(n,)`. Raises
    CorpusError if there is none."""
    counts = np.maximum(lengths.astype(np.int64) - Tx + 1, 0)
    if not counts.any():
        longest = int(lengths.max(initial=0))
        raise CorpusError(
            f"no sequence has Tx={Tx} values; the longest of {pluralize(len(lengths), 'sequence')} "
            f"has {longest}",
            hint=f"give a longer one, or a Tx of at most {longest}",
        )
    return counts


def one_hot(indices: Indices, n_values: int) -> NDArray[np.float32]:
    """Indices `(...)` -> one-hot vectors `(..., n_values)`; PADDING is the zero vector.

    >>> one_hot(np.array([1, PADDING]), 3).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return (np.asarray(indices)[..., None] == np.arange(n_values)).astype(np.float32)


def multi_hot(inputs: Indices, n_inputs: int) -> NDArray[np.float32]:
    """Inputs `(m, Tx)` or `(m, Tx, 1 + k)` -> `(m, Tx, n_inputs)`: 1 for the symbol and for each
    conditioning feature."""
    m, Tx = inputs.shape[:2]
    vectors = np.zeros((m, Tx, n_inputs + 1), dtype=np.float32)  # the last column is for PADDING
    np.put_along_axis(vectors, inputs.reshape(m, Tx, -1), 1, axis=-1)
    return vectors[..., :-1]

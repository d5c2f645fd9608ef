"""Windows from sequences that are read as they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.data.streaming import StreamingBatches, shuffled
from seqmodel.data.windows import NOTHING, Indices
from seqmodel.errors import CorpusError


class Lists:
    """Sequences in memory, which count how often they are to be forgotten."""

    def __init__(self, *sequences: list[int]) -> None:
        self.sequences = [np.array(sequence, dtype=np.int32) for sequence in sequences]
        self.lengths = np.array([len(sequence) for sequence in sequences])
        self.forgotten = 0

    def indices(self, sequence: int, start: int, stop: int) -> Indices:
        assert 0 <= start < stop <= self.lengths[sequence]
        return self.sequences[sequence][start:stop]

    def release_pages(self) -> None:
        self.forgotten += 1


# Every symbol once, so that a window tells where it is from; the third is too short for one.
LISTS = Lists(list(range(20)), list(range(20, 33)), list(range(33, 36)), list(range(36, 50)))
NAMES = np.arange(50, dtype=np.int32)
PLACES = 16 + 9 + 10  # of windows of 5


def starts(streamed: StreamingBatches, epoch: int) -> list[int]:
    return [int(label) for batch in streamed.epoch(epoch) for label in batch.labels[:, 0]]


@given(st.integers(1, 5000), st.integers(0, 2**32))
def test_an_order_has_every_number_once(total: int, seed: int) -> None:
    order = shuffled(np.arange(total), total, [seed])
    assert np.array_equal(np.sort(order), np.arange(total))


def test_cues_are_those_of_the_labels() -> None:
    def conditioning(sequence: int, start: int, stop: int) -> Indices:
        known = LISTS.indices(sequence, start, stop)
        return np.stack([known + 100, known + 200], axis=-1)

    plain = StreamingBatches(LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=3)
    told = StreamingBatches(
        LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=3, conditioning=conditioning
    )
    for one, other in zip(plain.epoch(1), told.epoch(1), strict=True):
        assert np.array_equal(one.labels, other.labels)
        assert np.array_equal(other.inputs[..., 0], one.inputs)
        assert np.array_equal(other.inputs[..., 1], one.labels + 100)
        assert np.array_equal(other.inputs[..., 2], one.labels + 200)


def test_an_order_depends_on_the_seed_and_shows_no_pattern() -> None:
    total = 10_000
    order = shuffled(np.arange(total), total, [0])
    other = shuffled(np.arange(total), total, [1])
    assert (order == other).mean() < 0.01
    # Neighbours, and numbers and their places, are as far from each other as chance has it.
    for a, b in ((order[:-1], order[1:]), (order, np.arange(total))):
        assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


def test_windows_lie_in_one_sequence_and_labels_are_one_step_ahead() -> None:
    streamed = StreamingBatches(LISTS, NAMES, m=PLACES, Tx=5, batch_size=4, seed=0)
    batches = list(streamed.epoch(0))
    assert len(batches) == len(streamed) == 9
    for inputs, labels in batches:
        assert np.all(np.diff(labels, axis=1) == 1)
        assert np.all(inputs[:, 0] == NOTHING)
        assert np.array_equal(inputs[:, 1:], labels[:, :-1])


def test_every_place_comes_once_before_any_comes_again() -> None:
    streamed = StreamingBatches(LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=3)
    seen = [start for epoch in range(4) for start in starts(streamed, epoch)]
    assert len(set(seen[:PLACES])) == PLACES
    assert len(set(seen[PLACES:])) == 40 - PLACES


def test_an_epoch_is_the_same_whenever_it_is_asked_for() -> None:
    first = StreamingBatches(LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=3)
    again = StreamingBatches(LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=3)
    other = StreamingBatches(LISTS, NAMES, m=10, Tx=5, batch_size=4, seed=4)
    starts(first, 0)
    assert starts(first, 2) == starts(again, 2)
    assert starts(first, 2) != starts(other, 2)


def test_symbols_get_their_names() -> None:
    streamed = StreamingBatches(LISTS, NAMES[::-1].copy(), m=10, Tx=5, batch_size=10, seed=0)
    [(_, labels)] = streamed.epoch(0)
    assert np.all(np.diff(labels, axis=1) == -1)


def test_memory_is_given_back_on_the_way() -> None:
    lists = Lists(list(range(100)))
    streamed = StreamingBatches(lists, np.arange(100), m=96, Tx=5, batch_size=1, seed=0)
    for _ in streamed.epoch(0):
        pass
    assert lists.forgotten == 6


def test_no_sequence_is_long_enough() -> None:
    with pytest.raises(CorpusError, match="Tx=21 values in a row, found 20 in the longest of 4"):
        StreamingBatches(LISTS, NAMES, m=10, Tx=21, batch_size=4, seed=0)

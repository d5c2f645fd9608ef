"""Windows of sequences that are read on demand."""

from __future__ import annotations

import numpy as np
import pytest

from seqmodel.data.streaming import Span, StreamingBatches
from seqmodel.data.windows import PADDING, Indices
from seqmodel.errors import CorpusError


class Lists:
    """Sequences in memory, which count how often they are released."""

    def __init__(self, *sequences: list[int]) -> None:
        self.sequences = [np.array(sequence, dtype=np.int32) for sequence in sequences]
        self.lengths = np.array([len(sequence) for sequence in sequences])
        self.released = 0

    def indices(self, sequence: int, start: int, stop: int) -> Indices:
        assert 0 <= start < stop <= self.lengths[sequence]
        return self.sequences[sequence][start:stop]

    def release_pages(self) -> None:
        self.released += 1


# Every symbol once, so that a window tells where it is from; the third is too short for one.
LISTS = Lists(list(range(20)), list(range(20, 33)), list(range(33, 36)), list(range(36, 50)))
INDEX_MAP = np.arange(50, dtype=np.int32)
N_WINDOWS = 16 + 9 + 10  # of 5 steps


def starts(streamed: StreamingBatches, epoch: int) -> list[int]:
    return [int(label) for batch in streamed.epoch(epoch) for label in batch.labels[:, 0]]


def test_conditioning_features_go_with_their_labels() -> None:
    def conditioning(spans: list[Span]) -> Indices:
        symbols = np.stack([LISTS.indices(*span) for span in spans])  # (m, Tx)
        return np.stack([symbols + 100, symbols + 200], axis=-1)

    plain = StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=3)
    conditioned = StreamingBatches(
        LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=3, conditioning=conditioning
    )
    for one, other in zip(plain.epoch(1), conditioned.epoch(1), strict=True):
        assert np.array_equal(one.labels, other.labels)
        assert np.array_equal(other.inputs[..., 0], one.inputs)
        assert np.array_equal(other.inputs[..., 1], one.labels + 100)
        assert np.array_equal(other.inputs[..., 2], one.labels + 200)


def test_windows_lie_in_one_sequence_and_labels_are_one_step_ahead() -> None:
    streamed = StreamingBatches(LISTS, INDEX_MAP, m=N_WINDOWS, Tx=5, batch_size=4, seed=0)
    batches = list(streamed.epoch(0))
    assert len(batches) == len(streamed) == 9
    for inputs, labels in batches:
        assert np.all(np.diff(labels, axis=1) == 1)
        assert np.all(inputs[:, 0] == PADDING)
        assert np.array_equal(inputs[:, 1:], labels[:, :-1])


def test_every_window_is_drawn_once_before_any_is_drawn_again() -> None:
    streamed = StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=3)
    seen = [start for epoch in range(4) for start in starts(streamed, epoch)]
    assert len(set(seen[:N_WINDOWS])) == N_WINDOWS
    assert len(set(seen[N_WINDOWS:])) == 40 - N_WINDOWS


def test_an_epoch_has_the_same_windows_whenever_it_is_requested() -> None:
    first = StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=3)
    again = StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=3)
    other = StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=5, batch_size=4, seed=4)
    starts(first, 0)
    assert starts(first, 2) == starts(again, 2)
    assert starts(first, 2) != starts(other, 2)


def test_symbols_are_mapped_to_the_indices_of_the_batches() -> None:
    streamed = StreamingBatches(LISTS, INDEX_MAP[::-1].copy(), m=10, Tx=5, batch_size=10, seed=0)
    [(_, labels)] = streamed.epoch(0)
    assert np.all(np.diff(labels, axis=1) == -1)


def test_memory_pages_are_released_during_an_epoch() -> None:
    lists = Lists(list(range(100)))
    streamed = StreamingBatches(lists, np.arange(100), m=96, Tx=5, batch_size=1, seed=0)
    for _ in streamed.epoch(0):
        pass
    assert lists.released == 6


def test_sequences_shorter_than_a_window_are_refused() -> None:
    with pytest.raises(CorpusError, match="no sequence has Tx=21 values; the longest of 4"):
        StreamingBatches(LISTS, INDEX_MAP, m=10, Tx=21, batch_size=4, seed=0)


def test_another_seed_gives_an_unrelated_order() -> None:
    long = Lists(list(range(10_000)))
    orders = []
    for seed in (0, 1):
        streamed = StreamingBatches(long, np.arange(10_000), 9_996, 5, batch_size=500, seed=seed)
        orders.append(np.array(starts(streamed, 0)))
    assert np.array_equal(np.sort(orders[0]), np.sort(orders[1]))
    assert (orders[0] == orders[1]).mean() < 0.01

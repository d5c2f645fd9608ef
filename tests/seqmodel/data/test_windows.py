"""Training windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.data.windows import NOTHING, one_hot, windows
from seqmodel.errors import CorpusError


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=6),
    st.integers(1, 12),
    st.integers(1, 40),
    st.integers(0, 5),
)
def test_labels_are_one_step_ahead_and_stay_in_one_sequence(lengths, Tx, m, seed):
    # sequence k is 1000k, 1000k + 1, ...: what crossed from one to the next would not be in steps
    sequences = [1000 * k + np.arange(n, dtype=np.int32) for k, n in enumerate(lengths)]
    rng = np.random.default_rng(seed)
    if max(lengths) < Tx:
        with pytest.raises(CorpusError, match=f"Tx={Tx}"):
            windows(sequences, m, Tx, rng)
        return
    inputs, labels = windows(sequences, m, Tx, rng)
    assert inputs.shape == labels.shape == (m, Tx)
    assert (np.diff(labels, axis=1) == 1).all()
    assert (inputs[:, 0] == NOTHING).all()
    assert (inputs[:, 1:] == labels[:, :-1]).all()


def test_each_place_comes_once_before_any_comes_twice():
    sequences = [np.arange(6, dtype=np.int32), np.arange(100, 104, dtype=np.int32)]
    _, labels = windows(sequences, 6, 3, np.random.default_rng(0))  # 4 + 2 places
    assert sorted(labels[:, 0]) == [0, 1, 2, 3, 100, 101]


def test_seeds_decide_the_places():
    sequence = [np.arange(1000, dtype=np.int32)]
    one, same, other = (
        windows(sequence, 5, 3, np.random.default_rng(seed)).labels for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_one_hot_of_nothing_is_the_zero_vector():
    assert one_hot(np.array([[NOTHING, 2]]), 3).tolist() == [[[0, 0, 0], [0, 0, 1]]]

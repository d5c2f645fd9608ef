"""Training windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.data.windows import PADDING, multi_hot, one_hot, windows
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
    assert (inputs[:, 0] == PADDING).all()
    assert (inputs[:, 1:] == labels[:, :-1]).all()


def test_windows_are_drawn_without_replacement_while_there_are_enough():
    sequences = [np.arange(6, dtype=np.int32), np.arange(100, 104, dtype=np.int32)]
    _, labels = windows(sequences, 6, 3, np.random.default_rng(0))  # of 4 + 2
    assert sorted(labels[:, 0]) == [0, 1, 2, 3, 100, 101]


def test_the_seed_decides_which_windows_are_drawn():
    sequence = [np.arange(1000, dtype=np.int32)]
    one, same, other = (
        windows(sequence, 5, 3, np.random.default_rng(seed)).labels for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()


def test_padding_is_the_zero_vector():
    assert one_hot(np.array([[PADDING, 2]]), 3).tolist() == [[[0, 0, 0], [0, 0, 1]]]


def test_conditioning_features_go_with_their_labels():
    sequences = [np.arange(6, dtype=np.int32), np.arange(10, 14, dtype=np.int32)]
    features = [np.stack([s + 100, s + 200], axis=-1) for s in sequences]  # (n, 2)
    inputs, labels = windows(sequences, 6, 3, np.random.default_rng(0), features)
    assert inputs.shape == (6, 3, 3)
    assert (inputs[..., 1] == labels + 100).all()
    assert (inputs[..., 2] == labels + 200).all()


def test_a_multi_hot_vector_has_the_symbol_and_its_features():
    inputs = np.array([[[PADDING, 3], [1, 4]]])  # (m, Tx, 1 + k)
    assert multi_hot(inputs, 5).tolist() == [[[0, 0, 0, 1, 0], [0, 1, 0, 0, 1]]]

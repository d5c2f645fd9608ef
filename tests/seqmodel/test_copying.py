"""Copied passages."""

from hypothesis import given
from hypothesis import strategies as st

from seqmodel.copying import Copy, longest_copy, share_copied

sequences = st.lists(st.integers(0, 3), max_size=14)


def test_a_passage_is_found_where_it_stands():
    # 5 6 7 of the second training sequence
    assert longest_copy([9, 5, 6, 7, 1], [[5, 6], [0, 5, 6, 7]]) == Copy(3, 1, 1, 1)


def test_nothing_in_common_is_no_copy():
    assert longest_copy([1, 2], [[3, 4]]).length == 0
    assert share_copied([1, 2], [[3, 4]], 1) == 0


def test_overlapping_passages_count_each_symbol_once():
    # 1 2 3 and 2 3 4 are both known: four of five symbols
    assert share_copied([1, 2, 3, 4, 9], [[1, 2, 3], [2, 3, 4]], 3) == 4 / 5


@given(sequences, st.lists(sequences, max_size=3))
def test_the_longest_copy_is_the_longest_common_passage(new, training):
    found = longest_copy(new, training)
    passages = [
        new[i:j]
        for i in range(len(new))
        for j in range(i + 1, len(new) + 1)
        if any(new[i:j] == t[k : k + j - i] for t in training for k in range(len(t)))
    ]
    assert found.length == max(map(len, passages), default=0)
    if found.length:
        source = training[found.source][found.source_place :][: found.length]
        assert new[found.place :][: found.length] == source

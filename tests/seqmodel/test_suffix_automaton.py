"""Passages that two sequences have in common, and their overlap."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.suffix_automaton import Match, SuffixAutomaton

sequences = st.lists(st.integers(0, 3), max_size=14)


def passages(sequence):
    places = range(len(sequence))
    return {tuple(sequence[i : j + 1]) for i in places for j in places[i:]}


def test_a_passage_is_found_at_its_position():
    # 5 6 7 of the second training sequence
    assert SuffixAutomaton([[5, 6], [0, 5, 6, 7]]).longest_copy([9, 5, 6, 7, 1]) == Match(
        3, 1, 1, 1
    )


def test_no_passage_spans_two_sequences():
    assert SuffixAutomaton([[1, 2], [3, 4]]).longest_copy([1, 2, 3, 4]).length == 2


def test_sequences_without_a_common_symbol_have_no_copy():
    assert SuffixAutomaton([[3, 4]]).longest_copy([1, 2]).length == 0
    assert SuffixAutomaton([[3, 4]]).overlap([1, 2], 1).tolist() == [0]
    assert SuffixAutomaton([]).longest_copy([1]) == Match(0, 0, 0, 0)


def test_the_overlap_is_a_share_for_each_length():
    # of 1 2 3 4: all but 4 are known; 1 2 and 2 3, not 3 4; neither 1 2 3 nor 2 3 4
    curve = SuffixAutomaton([[1, 2], [2, 3]]).overlap([1, 2, 3, 4], 5)
    assert curve[:4] == pytest.approx([3 / 4, 2 / 3, 0, 0])
    assert math.isnan(curve[4])


@given(sequences, st.lists(sequences, max_size=3))
def test_the_longest_copy_is_the_longest_common_passage(new, training):
    known = SuffixAutomaton(training)
    found = known.longest_copy(new)
    common = passages(new) & set().union(*map(passages, training))
    assert found.length == max(map(len, common), default=0)
    if found.length:
        source = training[found.source][found.source_place :][: found.length]
        assert new[found.place :][: found.length] == source


@given(st.lists(sequences, max_size=3), st.lists(sequences, max_size=3))
def test_the_longest_copy_is_the_same_whichever_side_has_the_automaton(new, training):
    number, found = SuffixAutomaton(new).longest_copy_from(training)
    expected = [SuffixAutomaton(training).longest_copy(each) for each in new]
    longest = max(expected, key=lambda match: match.length, default=Match(0, 0, 0, 0))
    assert found == longest
    assert not longest.length or number == expected.index(longest)


@given(sequences, st.lists(sequences, max_size=3), st.integers(1, 5))
def test_the_overlap_equals_that_of_an_exhaustive_search(new, training, n):
    known, there = SuffixAutomaton(training), set().union(*map(passages, training))
    grams = [tuple(new[i : i + n]) for i in range(len(new) - n + 1)]
    if grams:
        share = sum(gram in there for gram in grams) / len(grams)
        assert known.overlap(new, n)[n - 1] == pytest.approx(share)
    else:
        assert math.isnan(known.overlap(new, n)[n - 1])


@given(sequences, st.lists(sequences, min_size=1, max_size=4), st.data())
def test_without_a_sequence_passages_are_those_of_the_others(new, training, data):
    left_out = data.draw(st.integers(0, len(training) - 1))
    known = SuffixAutomaton(training)
    others = SuffixAutomaton([*training[:left_out], *training[left_out + 1 :]])
    expected = others.longest_copy(new)
    if expected.length and expected.source >= left_out:  # its number among all sequences
        expected = expected._replace(source=expected.source + 1)
    assert known.longest_copy(new, left_out) == expected
    np.testing.assert_equal(known.overlap(new, 5, left_out), others.overlap(new, 5))


def test_symbols_can_be_any_hashable_objects():
    known = SuffixAutomaton([["a", ("b", 1), None]])
    assert known.longest_copy([("b", 1), None, "a"]) == Match(2, 0, 0, 1)

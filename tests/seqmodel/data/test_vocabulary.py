"""Symbols and indices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.data.vocabulary import Vocabulary
from seqmodel.errors import VocabularyError

words = st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1)


@given(words)
def test_decoding_undoes_encoding(symbols):
    vocabulary = Vocabulary.build(symbols)
    assert vocabulary.decode(vocabulary.encode(symbols)) == symbols


@given(words, st.randoms())
def test_equal_data_in_any_order_give_equal_indices(symbols, random):
    shuffled = random.sample(symbols, len(symbols))
    assert Vocabulary.build(shuffled) == Vocabulary.build(symbols)
    assert list(Vocabulary.build(symbols).symbols) == sorted(set(symbols))


def test_the_rarest_fold_into_their_nearest():
    # a and b are the two most frequent; c goes to its neighbour
    vocabulary = Vocabulary.build(
        "aaabbc", 2, lambda symbol, kept: max(k for k in kept if k < symbol)
    )
    assert vocabulary.symbols == ("a", "b")
    assert vocabulary.folded == {"c": "b"}
    assert list(vocabulary.encode("cab")) == [1, 0, 1]


def test_among_equally_frequent_symbols_the_first_are_kept():
    assert Vocabulary.build("dcba", 2, lambda *_: "a").symbols == ("a", "b")


def test_spare_indices_stand_for_nothing():
    vocabulary = Vocabulary.build("ab", 5)
    assert len(vocabulary) == 2
    with pytest.raises(VocabularyError, match="index from 0 to 1, found 2"):
        vocabulary.decode([2])


def test_an_unknown_symbol_is_named():
    with pytest.raises(VocabularyError, match="2 symbols of the vocabulary, found 'z'"):
        Vocabulary.build("ab").encode("az")


def test_no_symbols_make_no_vocabulary():
    with pytest.raises(VocabularyError, match="at least one symbol, found none"):
        Vocabulary.build("")


def test_too_many_symbols_and_no_way_to_fold_them():
    with pytest.raises(VocabularyError, match="at most 2 symbols, found 3"):
        Vocabulary.build("abc", 2)

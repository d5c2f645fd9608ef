"""Vocabularies: symbols and indices."""

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


def test_the_rarest_symbols_are_replaced_by_their_nearest():
    # a and b are the two most frequent; c goes to its neighbour
    vocabulary = Vocabulary.build(
        "aaabbc", 2, lambda symbol, kept: max(k for k in kept if k < symbol)
    )
    assert vocabulary.symbols == ("a", "b")
    assert vocabulary.folded == {"c": "b"}
    assert list(vocabulary.encode("cab")) == [1, 0, 1]


def test_among_equally_frequent_symbols_the_first_are_kept():
    assert Vocabulary.build("dcba", 2, lambda *_: "a").symbols == ("a", "b")


def test_spare_indices_have_no_symbol():
    vocabulary = Vocabulary.build("ab", 5)
    assert len(vocabulary) == 2
    with pytest.raises(VocabularyError, match="the index 2 has no symbol; there are 2"):
        vocabulary.decode([2])


def test_an_unknown_symbol_is_named_in_the_error():
    with pytest.raises(VocabularyError, match="'z' is not one of the 2 symbols"):
        Vocabulary.build("ab").encode("az")


def test_data_without_symbols_are_refused():
    with pytest.raises(VocabularyError, match="the data have no symbol"):
        Vocabulary.build("")


def test_too_many_symbols_are_refused_unless_they_can_be_replaced():
    with pytest.raises(
        VocabularyError, match="the data have 3 symbols, the vocabulary has room for 2"
    ):
        Vocabulary.build("abc", 2)

"""Tunes as sequences of indices in a vocabulary."""

from fractions import Fraction as F

import pytest
from helpers.bars import bar_of

from djmodel.music.tune import Tune
from djmodel.values.encoded_corpus import encode_corpus, encode_values, flat_values
from djmodel.values.value import Value
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.errors import CorpusError

# four quarters on C, then a half note and a rest
TUNE = Tune("two bars", (bar_of([(60, beat, 1) for beat in range(4)]), bar_of([(60, 0, 2)])))


def test_a_sequence_has_the_values_of_all_bars():
    encoded = encode_corpus([TUNE])
    assert encoded.vocabulary.symbols == ("C,1.000", "C,1.000,<m3,m-3>", "C,2.000", "R,2.000")
    assert encoded.sequences[0].tolist() == [0, 1, 1, 1, 2, 3]
    assert (encoded.n_values, encoded.distinct, encoded.share_folded) == (6, 4, 0)
    assert encode_values(flat_values(TUNE), encoded.vocabulary) == [0, 1, 1, 1, 2, 3]


def test_rare_values_are_replaced_and_their_share_is_reported():
    # kept: the most frequent value and, of the equally rare ones, the first two in sorted order
    encoded = encode_corpus([TUNE], n_values=3)
    assert encoded.vocabulary.folded == {"R,2.000": "C,2.000"}
    assert encoded.share_folded == pytest.approx(1 / 6)


def test_a_value_of_another_tune_is_encoded_as_the_nearest():
    vocabulary = Vocabulary.build(["C,0.500", "R,1.000", "S,1.000"])
    assert encode_values([Value("S", F(2)), Value("R", F(3))], vocabulary) == [2, 1]


def test_a_corpus_without_a_tune_is_refused():
    with pytest.raises(CorpusError, match="there is no tune"):
        encode_corpus([])

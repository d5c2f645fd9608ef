"""Known n-grams as features, and the characters that may follow."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinos import ngram_features
from dinos.names import encode, vocabulary
from dinos.ngram_features import n_inputs, name_automaton, walk, with_ngrams
from seqmodel.data.windows import PADDING

some_names = st.lists(
    st.from_regex(r"[abc]{1,5}( [abc]{1,3})?", fullmatch=True), min_size=2, max_size=8
)


def inputs_of(name, known):
    return np.array([[PADDING, *encode(name, known)[:-1]]], dtype=np.int32)


@given(some_names, st.integers(1, 4), st.text("abc", min_size=1, max_size=7))
def test_an_input_has_the_features_of_all_known_ngrams_that_end_there(names, context, other):
    """An n-gram is known if it occurs twice: counted in a plain way."""
    known = vocabulary([*names, other, "abc "])
    counts = Counter(
        name[k : k + length]
        for name in names
        for length in range(2, context + 1)
        for k in range(len(name) - length + 1)
    )
    listed = {ngram for ngram, count in counts.items() if count >= 2}
    automaton = name_automaton(known, [encode(name, known) for name in names], context)
    assert n_inputs(automaton) == known.size + len(listed)
    number = {}
    for name in [*names, other]:
        inputs = inputs_of(name, known)
        found = with_ngrams(automaton, inputs).reshape(1, -1, context)[0]
        assert found[:, 0].tolist() == inputs[0].tolist()
        for end, ngrams in enumerate(found[:, 1:].tolist()):
            for length, ngram in enumerate(ngrams, 2):
                text = name[end - length : end] if end >= length else ""
                assert (ngram != PADDING) == (text in listed)
                if ngram != PADDING:
                    assert number.setdefault(text, ngram) == ngram
    assert len(set(number.values())) == len(number)
    assert all(known.size <= ngram < n_inputs(automaton) for ngram in number.values())


@given(some_names, st.text("abc ", max_size=6))
def test_the_characters_allowed_do_not_depend_on_the_known_ngrams(names, begun):
    known = vocabulary([*names, "abc "])
    plain = name_automaton(known)
    with_names = name_automaton(known, [encode(name, known) for name in names], 4)
    inputs = inputs_of(begun, known)
    allowed = [one.allowed[walk(one, inputs)] for one in (plain, with_names)]
    assert (allowed[0] == allowed[1]).all()
    assert len(plain.allowed) == 3


def test_of_too_many_ngrams_the_shorter_and_more_frequent_are_kept(monkeypatch):
    names = ["abab", "abab", "abc", "bca", "cab", "ca"]
    known = vocabulary(names)
    rows = [encode(name, known) for name in names]
    assert n_inputs(name_automaton(known, rows, 4)) - known.size == 7  # ab ba bc ca, aba bab, abab
    monkeypatch.setattr(ngram_features, "MAX_FEATURES", 3)
    automaton = name_automaton(known, rows, 4)
    assert n_inputs(automaton) - known.size <= 3
    ngrams = with_ngrams(automaton, inputs_of("abab", known))[0, :, 1:]
    assert (ngrams[2] != PADDING).tolist() == [True, False, False]  # ab: six times


def test_a_list_without_a_repeated_ngram_has_no_features():
    known = vocabulary(["ab", "c"])
    automaton = name_automaton(known, [encode(name, known) for name in ("ab", "c")], 3)
    assert n_inputs(automaton) == known.size
    assert (with_ngrams(automaton, inputs_of("abc", known))[0, :, 1:] == PADDING).all()


@pytest.mark.parametrize("context", [1, 4])
def test_padding_does_not_change_the_features(context):
    known = vocabulary(["abab", "bab"])
    automaton = name_automaton(known, [encode(n, known) for n in ("abab", "bab")], context)
    inputs = inputs_of("bab", known)
    longer = np.pad(inputs, ((0, 0), (0, 2)), constant_values=PADDING)
    assert (with_ngrams(automaton, longer)[:, :4] == with_ngrams(automaton, inputs)).all()

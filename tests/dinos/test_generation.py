"""Names from a trained model: starts, ends, marks, seeds."""

import math

import numpy as np
import pytest
from helpers.made_models import Made
from helpers.one_step_graph import one_step_graph
from hypothesis import given
from hypothesis import strategies as st

from dinos.copying import TrainingNames, memorization_warning
from dinos.generation import automaton_of, closest, generate, known_letters, load, spelled
from dinos.model import shared_layers
from dinos.names import encode, vocabulary
from dinos.ngram_features import n_inputs, with_ngrams
from dinos.training import KIND, Content, TrainingConfig, log_probabilities
from seqmodel.errors import ModelFileError, SamplingError, VocabularyError
from seqmodel.model_file import ModelFile
from seqmodel.network.weights import Weights
from seqmodel.sampling.config import SamplingConfig

LETTERS = "abé "


def model_of(
    bias=(0.0,) * 5,
    training=("a", "ba"),
    held_out=("b",),
    keep_case=False,
    scale=0.6,
    n_ngrams=0,
    context=1,
):
    """A small untrained network over the characters of LETTERS; with the given output bias."""
    rng = np.random.default_rng(0)
    units, size = 6, 1 + len(LETTERS)
    arrays = [
        rng.normal(size=shape, scale=scale).astype(np.float32)
        for shape in ((size + n_ngrams, units), (units, units), (units,), (units, size))
    ]
    known = vocabulary([LETTERS])
    content = Content(TrainingConfig(context=context), keep_case, tuple(training), tuple(held_out))
    weights = Weights("rnn", *arrays, np.array(bias, dtype=np.float32))
    return ModelFile(KIND, weights, known, content)


NEVER_ENDS = (-1e9, 0.0, 0.0, 0.0, 0.0)


def test_equal_seeds_give_equal_names_and_more_names_begin_with_the_same():
    model = model_of()
    names = [one.name for one in generate(model, count=300, seed=5)]
    assert names == [one.name for one in generate(model, count=300, seed=5)]
    assert names[:3] == [one.name for one in generate(model, count=3, seed=5)]
    assert names != [one.name for one in generate(model, count=300, seed=6)]
    assert any(" " in name for name in names)
    assert all(name == " ".join(name.split()) for name in names)  # as names are read
    assert all(names)  # none is empty


@given(st.integers(0, 1000), st.sampled_from(["", "a", "bé", "A"]), st.integers(3, 8))
def test_every_name_begins_with_the_start_and_is_within_the_maximum_length(seed, start, longest):
    for one in generate(model_of(), count=5, seed=seed, start=start, max_length=longest):
        assert one.name.startswith(start.lower())
        assert 1 <= len(one.name) <= longest
        assert len(one.log_probabilities) == len(one.name) + (not one.cut)


def test_a_name_that_never_ends_is_cut_and_marked_as_cut():
    for one in generate(model_of(NEVER_ENDS), count=3, max_length=9, start="ab"):
        assert one.cut
        assert len(one.name) == 9


def test_a_name_that_just_fits_is_not_cut():
    """The model draws only `a`, and sometimes the end."""
    some = generate(model_of((-1.0, -1e9, 3.0, -1e9, -1e9)), count=200, max_length=4)
    full = [one for one in some if len(one.name) == 4]
    assert {one.cut for one in full} == {True, False}
    assert not any(one.cut for one in some if len(one.name) < 4)


def test_log_probabilities_are_those_of_the_whole_name_with_its_start():
    model = model_of()
    [one] = generate(model, start="ab", seed=1, sampling=SamplingConfig(temperature=0.5))
    assert not one.cut
    [expected] = log_probabilities(model.weights, [encode(one.name, model.vocabulary)])
    assert one.log_probabilities == pytest.approx(expected, abs=1e-5)
    assert all(value < 0 for value in one.log_probabilities)


def test_names_of_the_list_are_marked():
    by_name = {one.name: one for one in generate(model_of((2.0, 0, 0, 0, 0)), count=300)}
    assert by_name["a"].in_training
    assert not by_name["a"].new
    assert by_name["b"].held_out
    assert not by_name["b"].in_training
    assert not by_name["b"].new
    assert by_name["é"].new


def test_new_names_are_neither_in_the_list_nor_repeated():
    model = model_of((2.0, 0, 0, 0, 0))
    names = [one.name for one in generate(model, count=40, new=True, seed=3)]
    assert len(set(names)) == 40
    assert not {"a", "ba", "b"} & set(names)
    drawn = dict.fromkeys(one.name for one in generate(model, count=40, seed=3))
    first = [name for name in drawn if name not in ("a", "ba", "b")]
    assert first == names[: len(first)]


def test_fewer_names_are_returned_when_no_new_name_is_possible():
    only_a = model_of((0.0, -1e9, 40.0, -1e9, -1e9), training=["a" * n for n in range(1, 200)])
    assert generate(only_a, count=2, new=True, max_length=5) == []


def test_greedy_draws_the_most_likely_character_at_each_step():
    model = model_of()
    names = {
        one.name
        for one in generate(model, count=4, sampling=SamplingConfig(greedy=True), max_length=20)
    }
    assert len(names) == 1
    assert names == {
        one.name for one in generate(model, seed=9, sampling=SamplingConfig(top_k=1), max_length=20)
    }


# The n-grams that occur twice: ab, ba, bé, abé, bab.
LIST = ("ab abé", "babé", "bab", "é")
WITH_NGRAMS = {"training": LIST, "context": 3, "n_ngrams": 5}


@pytest.mark.parametrize("start", ["", "ab", "babé", "abé b"])
def test_greedy_sampling_equals_the_one_step_graph_with_ngram_features(start):
    """The characters drawn and their log-probabilities, against Keras a character at a time."""
    model = model_of((-4.0, -2.0, 3.0, 3.0, 2.0), **WITH_NGRAMS, scale=3.0)
    automaton, weights = automaton_of(model), model.weights
    assert n_inputs(automaton) == weights.n_inputs
    layers = shared_layers(weights.n_values, weights.units)
    step = one_step_graph(layers, weights.n_inputs - weights.n_values)
    layers.cell.set_weights(weights.arrays[:3])
    layers.densor.set_weights(weights.arrays[3:])
    [one] = generate(model, sampling=SamplingConfig(greedy=True), start=start, max_length=12)
    row = encode(one.name, model.vocabulary)[: len(one.log_probabilities)]
    inputs = with_ngrams(automaton, np.array([[-1, *row[:-1]]], dtype=np.int32))
    state = np.zeros((1, weights.units), dtype=np.float32)
    for t, symbol in enumerate(row):
        x = np.zeros((1, 1, weights.n_inputs), dtype=np.float32)
        x[0, 0, [i for i in inputs[0, t] if i >= 0]] = 1
        probabilities, state = (np.array(output) for output in step([x, state]))
        assert np.log(probabilities[0, symbol]) == pytest.approx(one.log_probabilities[t], abs=1e-5)
        if t >= len(start):
            at_word = t == 0 or one.name[t - 1] == " "
            first = 2 if at_word else 0  # neither the end nor a space
            assert symbol == first + probabilities[0, first:].argmax()
    assert (inputs[0, :, 1:] >= 0).any()


@given(st.integers(0, 1000), st.sampled_from(["", "a", "ab", "é b"]), st.integers(4, 9))
def test_log_probabilities_equal_those_of_the_names_with_ngram_features(seed, start, longest):
    model = model_of(**WITH_NGRAMS)
    reads = automaton_of(model)
    for one in generate(model, count=5, seed=seed, start=start, max_length=longest):
        row = encode(one.name, model.vocabulary)[: len(one.log_probabilities)]
        [expected] = log_probabilities(model.weights, [row], reads)
        assert one.log_probabilities == pytest.approx(expected, abs=1e-5)
        assert one.name.startswith(start)


def test_copies_are_limited_with_ngram_features_too():
    model = model_of(**WITH_NGRAMS, scale=3.0)
    for one in generate(model, count=200, max_copy=2):
        assert not any(
            one.name[k : k + 3] in name for name in LIST for k in range(len(one.name) - 2)
        )


def test_a_letter_outside_the_vocabulary_is_refused():
    with pytest.raises(VocabularyError) as raised:
        generate(model_of(), start="abx")
    said = str(raised.value)
    assert "'x' of 'abx'" in said
    assert "only space, abé" in said
    with pytest.raises(VocabularyError, match="does not know the letters 'x', 'z' of 'xabzx'"):
        generate(model_of(), start="xabzx")
    with pytest.raises(VocabularyError, match="and 1 more of"):
        generate(model_of(), start="".join(map(chr, range(0x4E00, 0x4E00 + 61))), max_length=100)
    with pytest.raises(VocabularyError):
        known_letters("a\n", model_of())


def test_capitals_of_a_start_are_folded_as_the_list_was():
    assert known_letters("ABE\u0301", model_of()) == "abé"
    with pytest.raises(VocabularyError, match="'A'"):
        known_letters("A", model_of(keep_case=True))


def test_spaces_of_a_start_are_normalized():
    assert known_letters("  a  b ", model_of()) == "a b "
    names = [one.name for one in generate(model_of(), count=50, start=" ")]
    assert all(name == " ".join(name.split()) for name in names)


def test_a_start_as_long_as_the_maximum_length_is_refused():
    with pytest.raises(SamplingError, match="has 3 characters, and names may have 3"):
        generate(model_of(), start="abé", max_length=3)


def test_words_are_capitalised_unless_the_list_keeps_its_case():
    [one] = generate(model_of(), start="éb a", seed=1)
    assert spelled(one, model_of()).startswith("Éb A")
    assert spelled(one, model_of(keep_case=True)) == one.name


def test_the_closest_name_and_its_edit_distance():
    names = ["tyrannosaurus", "allosaurus", "allosaurua"]
    assert closest("tyranosaurus", names) == ("tyrannosaurus", 1)
    assert closest("allosaurub", names) == ("allosaurus", 1)  # the first of two
    assert closest("allosaurus", names) == ("allosaurus", 0)


def test_probabilities_of_the_first_character_add_up_to_one():
    """The five characters at the start: exp of their log-probabilities adds up to 1."""
    model = model_of()
    rows = [np.array([index], dtype=np.int32) for index in range(5)]
    total = sum(math.exp(row[0]) for row in log_probabilities(model.weights, rows))
    assert total == pytest.approx(1, abs=1e-5)


def test_no_run_of_letters_copied_from_the_list_is_longer_than_allowed():
    training = ["ababab", "bébébé", "aa bb"]
    model = model_of(training=training)

    def longest(max_copy, **settings):
        names = [one.name for one in generate(model, count=200, max_copy=max_copy, **settings)]
        return max(len(TrainingNames(model).shared(name).letters) for name in names)

    assert longest(None) > 3
    for limit in (1, 2, 3):
        assert longest(limit) <= limit
    # a start may be longer, but is not continued
    names = {one.name for one in generate(model, count=200, max_copy=2, start="abab")}
    assert all(name == "abab" or name[4] != "a" for name in names)
    assert len(names) > 5


def test_the_longest_run_that_a_name_shares_with_the_list():
    model = model_of(training=["tyrannosaurus", "allosaurus"], held_out=["megalosaurus"])
    list_of_names = TrainingNames(model)
    assert list_of_names.shared("brontosaurus") == ("osaurus", "tyrannosaurus")
    assert list_of_names.shared("alloy") == ("allo", "allosaurus")
    assert list_of_names.shared("123") == ("", "")
    # 7 and 4 letters; the held-out name has losaurus, 8, as allosaurus has
    assert list_of_names.summary(["brontosaurus", "alloy"]) == (
        "shared with the list: 5.5 letters in a row (held-out names 8.0), at most 7: 'osaurus' as"
        " in tyrannosaurus"
    )


def test_a_short_list_gives_a_warning_about_memorization():
    assert "trained on 30 names only" in memorization_warning(30)
    assert memorization_warning(1318) == ""


def a_file(path, corrupt):
    made = Made.whole()
    made.entry |= {"kind": "dinos", "symbols": ["\n", *"abcde"], "folded": {}}
    made.entry["content"] = {
        "config": {"context": 1},
        "keep_case": False,
        "training": ["ab", "ba"],
        "held_out": ["bb"],
    }
    corrupt(made.entry)
    return made.write(path / "model.keras")


def content(**changes):
    return lambda entry: entry["content"].update(changes)


def symbols(changed):
    return lambda entry: entry.update(symbols=changed)


@pytest.mark.parametrize(
    "corrupt",
    [
        pytest.param(symbols([*"abcdef"]), id="no newline"),
        pytest.param(symbols(["\n", *"abcd", "ef"]), id="a symbol of two characters"),
        pytest.param(symbols(["\n", *"abcd"]), id="a symbol missing"),
        pytest.param(lambda entry: entry.update(content={}), id="no content"),
        pytest.param(content(keep_case="no"), id="case as a text"),
        pytest.param(content(config={"context": "4"}), id="context as a text"),
        pytest.param(content(config={"context": 0}), id="context of zero"),
        pytest.param(content(config={"context": 10**9}), id="endless context"),
        pytest.param(content(config={"cell": "gnu"}), id="unknown cell"),
        pytest.param(
            content(config={"context": 2}, training=["xy"], held_out=[]),
            id="names outside the vocabulary",
        ),
        pytest.param(
            content(config={"context": 2}, training=["abab"], held_out=[]),
            id="an n-gram without weights",
        ),
        pytest.param(content(training=[1, 2]), id="numbers as names"),
        pytest.param(content(held_out="ab"), id="a text as list of names"),
    ],
)
def test_a_corrupted_model_file_is_refused_in_one_line(corrupt, tmp_path):
    assert len(generate(load(a_file(tmp_path, lambda _: None)), count=3)) == 3
    with pytest.raises(ModelFileError, match="damaged"):
        load(a_file(tmp_path, corrupt))

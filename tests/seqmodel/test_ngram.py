"""N-gram models, against hand-computed numbers and against their own distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodel.data.windows import PADDING
from seqmodel.ngram import NGram, Smoothing

sequences = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=6)
smoothings = st.one_of(
    st.builds(Smoothing, st.just("dirichlet"), st.floats(0.1, 20)),
    st.builds(Smoothing, st.just("witten-bell"), st.floats(0.1, 20)),
    st.builds(Smoothing, st.just("kneser-ney"), st.floats(0.1, 0.9), st.floats(0, 20)),
)


@given(
    sequences, st.integers(1, 4), smoothings, st.lists(st.integers(0, 3), min_size=3, max_size=3)
)
def test_probabilities_add_up_to_one_after_any_context(data, order, smoothing, context):
    model = NGram.fit(data, 4, order, smoothing)
    probabilities = model.probabilities(context)
    assert probabilities.sum() == pytest.approx(1)
    assert (probabilities > 0).all()
    before = context[:2]
    one_by_one = [np.exp(model.log_probabilities([*before, s])[-1]) for s in range(4)]
    assert one_by_one == pytest.approx(model.probabilities([PADDING, *before][-order:]))


def test_a_bigram_by_hand():
    # "ab", "ab", "ac": after a came b twice and c once; two symbols' worth from the order below,
    # where a, b, c have been seen 3, 2, 1 times: (3 + 2/3)/8, (2 + 2/3)/8, (1 + 2/3)/8
    model = NGram.fit([[0, 1], [0, 1], [0, 2]], 3, 2, Smoothing("dirichlet", 2.0))
    below = (np.array([3, 2, 1]) + 2 / 3) / 8
    expected = (np.array([0, 2, 1]) + 2 * below) / 5
    assert model.probabilities([0]) == pytest.approx(expected)


def test_kneser_ney_by_hand():
    # contexts before a: only the beginning; before b and c: a; so each of three has one context
    model = NGram.fit([[0, 1], [0, 1], [0, 2]], 3, 2, Smoothing("kneser-ney", 0.5))
    below = (np.array([0.5, 0.5, 0.5]) + 1.5 / 3) / 3
    expected = (np.array([0, 1.5, 0.5]) + 1.0 * below) / 3
    assert model.probabilities([0]) == pytest.approx(expected)


def test_witten_bell_and_added_symbols_by_hand():
    # below: a, b, c 3, 2, 1 times, three different ones; after a: b twice, c once, two different
    data = [[0, 1], [0, 1], [0, 2]]
    model = NGram.fit(data, 3, 2, Smoothing("witten-bell", 1.0))
    below = (np.array([3, 2, 1]) + 3 / 3) / 9
    assert model.probabilities([0]) == pytest.approx((np.array([0, 2, 1]) + 2 * below) / 5)
    # contexts: one each; 0.5 taken from each and 4 symbols added
    model = NGram.fit(data, 3, 2, Smoothing("kneser-ney", 0.5, 4.0))
    below = (np.array([0.5, 0.5, 0.5]) + (1.5 + 4) / 3) / 7
    expected = (np.array([0, 1.5, 0.5]) + (1.0 + 4) * below) / 7
    assert model.probabilities([0]) == pytest.approx(expected)


def test_each_order_is_tuned_and_the_best_comes_first():
    rng = np.random.default_rng(0)
    data = [[int(s) for s in (rng.integers(0, 4) + np.arange(30)) % 4] for _ in range(6)]
    orders = NGram.tuned_orders(data, 4, rng, orders=(1, 2, 3))
    assert set(orders) == {1, 2, 3}
    best = next(iter(orders.values()))
    assert best.order > 1  # the symbol before decides all
    assert best.accuracy(data) > 0.95 > 0.5 > orders[1].accuracy(data)
    assert orders[1].cross_entropy(data) == pytest.approx(np.log(4), abs=0.02)


def test_a_word_of_two_symbols_is_right_if_both_are():
    # A duration (0 or 1) and its tone: 2 always comes after 0, more often 3 than 4 after 1.
    training = [[0, 2, 0, 2, 1, 3, 0, 2, 1, 3, 1, 4]] * 4
    ngram = NGram.fit(training, 5, 2, Smoothing("dirichlet", 1))
    known = [0, 2, 0, 4, 1, 3, 1, 4]
    right = [ngram.probabilities(known[:i][-1:] or [-1]).argmax() == known[i] for i in range(8)]
    assert ngram.accuracy([known]) == np.mean(right)
    assert ngram.accuracy([known], 2) == np.mean(np.logical_and(right[::2], right[1::2]))
    assert ngram.accuracy([known], 2) < ngram.accuracy([known])


def test_tuning_finds_the_order_of_the_data():
    # the symbol two back decides: a trigram knows all, a bigram nothing
    rng = np.random.default_rng(0)
    data = []
    for _ in range(60):
        start = list(rng.integers(0, 4, 2))
        for _ in range(20):
            start.append(int(start[-2]))
        data.append(start)
    model = next(iter(NGram.tuned_orders(data, 4, np.random.default_rng(1)).values()))
    assert model.order >= 3
    assert (
        model.cross_entropy(data) < 0.4 < NGram.fit(data, 4, 2, model.smoothing).cross_entropy(data)
    )


@given(sequences, st.integers(1, 4), smoothings, st.lists(st.integers(0, 3), max_size=6))
def test_the_table_has_the_distribution_after_any_sequence(data, order, smoothing, sequence):
    model = NGram.fit(data, 4, order, smoothing)
    table = model.table()
    assert table.cumulated.size == model.table_size
    context, before = table.start, [PADDING] * order
    for symbol in (*sequence, 0):
        expected = model.probabilities(before[len(before) - order + 1 :])
        assert np.diff(table.cumulated[context], prepend=0) == pytest.approx(expected, abs=1e-6)
        context, before = table.followers[context, symbol], [*before, symbol]


def test_samples_have_the_distribution_of_the_model():
    model = NGram.fit([[0, 1], [0, 1], [0, 2]], 3, 2, Smoothing("dirichlet", 2.0))
    table = model.table()
    contexts = np.full(20_000, table.start, dtype=np.int32)
    for before in ([PADDING], [0]):
        drawn, contexts = table.sample(contexts, np.random.default_rng(0))
        found = np.bincount(drawn, minlength=3) / len(drawn)
        assert np.abs(found - model.probabilities(before)).max() < 0.02
        contexts = np.full(20_000, table.followers[table.start, 0])


def test_empty_sequences_are_accepted():
    model = NGram.fit([[], [1]], 2, 3, Smoothing("kneser-ney", 0.5))
    assert model.probabilities([0, 1]).sum() == pytest.approx(1)
    nothing = NGram.fit([[]], 2, 2, Smoothing("witten-bell", 1.0))
    assert nothing.probabilities([1]) == pytest.approx([0.5, 0.5])
    assert nothing.table().cumulated == pytest.approx(np.array([[0.5, 1]]))

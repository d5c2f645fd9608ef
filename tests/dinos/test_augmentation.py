"""Names sampled from an n-gram model of the list."""

import numpy as np
import pytest

from dinos import augmentation
from dinos.augmentation import NGramSampler
from dinos.names import dinosaurs, encode, read_names, vocabulary
from seqmodel.data.windows import PADDING


def drawn(names, n_symbols, count, seed=0):
    """Made-up names, without padding."""
    rows = NGramSampler(names, n_symbols).draw(count, np.random.default_rng(seed))
    return [row[row != PADDING] for row in rows]


@pytest.fixture(scope="module")
def some():
    names = read_names(dinosaurs()).names[::10]
    known = vocabulary(names)
    return known, [encode(name, known) for name in names]


def test_sampled_names_end_and_are_no_longer_than_the_longest_in_the_list(some):
    known, names = some
    longest = max(map(len, names))
    for row in drawn(names, known.size, 200):
        assert row[-1] == 0
        assert 0 not in row[:-1]
        assert len(row) <= longest


def test_sampled_names_end_in_saurus_as_often_as_those_in_the_list(some):
    known, names = some
    made = drawn(names, known.size, 300)
    ends = [tuple(row[-7:]) for row in made]
    saurus = tuple(encode("saurus", known))
    share = sum(tuple(row[-7:]) == saurus for row in names) / len(names)
    assert ends.count(saurus) / len(made) == pytest.approx(share, abs=0.15)


def test_equal_seeds_give_equal_names(some):
    known, names = some
    one, two = (drawn(names, known.size, 20, seed=4) for _ in range(2))
    assert [row.tolist() for row in one] == [row.tolist() for row in two]


def test_sampled_names_have_the_length_distribution_of_the_list(some):
    """The n-gram model alone gives more very short and very long names."""
    known, names = some
    of_list = [len(name) for name in names]
    made = [len(row) for row in drawn(names, known.size, 2000)]
    assert np.mean(made) == pytest.approx(np.mean(of_list), abs=0.5)
    assert np.std(made) == pytest.approx(np.std(of_list), rel=0.3)  # 1.7 times otherwise


def test_sampled_names_are_not_in_the_list(some):
    known, names = some
    listed = {tuple(row) for row in names}
    made = drawn(names, known.size, 500)
    assert len(made) == 500
    assert not listed & {tuple(row) for row in made}


def test_listed_names_are_sampled_where_no_new_name_is_possible():
    """The list has all names of one letter."""
    names = [np.array(row, dtype=np.int32) for row in ([1, 0], [2, 0])]
    made = drawn(names, 3, 10)
    assert {tuple(row) for row in made} == {(1, 0), (2, 0)}
    assert len(made) == 10


def test_zero_names_give_an_empty_list(some):
    known, names = some
    assert drawn(names, known.size, 0) == []


def test_a_long_list_is_imitated_by_shorter_ngrams(some, monkeypatch):
    known, names = some
    monkeypatch.setattr(augmentation, "MAX_TABLE", 2000)
    assert NGramSampler(names, known.size).table.cumulated.size <= 2000
    assert len(drawn(names, known.size, 30)) == 30

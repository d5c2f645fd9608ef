"""Names made of pieces of other names."""

import numpy as np
import pytest

from dinos.names import dinosaurs, encode, read_names, vocabulary
from dinos.recombine import Recombination


@pytest.fixture(scope="module")
def some():
    names = read_names(dinosaurs()).names[::10]
    known = vocabulary(names)
    return known, [encode(name, known) for name in names]


def test_they_end_and_are_no_longer_than_the_longest(some):
    known, names = some
    longest = max(map(len, names))
    for row in Recombination(names, known.size).draw(200, np.random.default_rng(0)):
        assert row[-1] == 0
        assert 0 not in row[:-1]
        assert len(row) <= longest


def test_they_are_of_the_same_pieces_and_mostly_new(some):
    known, names = some
    made = Recombination(names, known.size).draw(300, np.random.default_rng(0))
    ends = [tuple(row[-7:]) for row in made]
    saurus = tuple(encode("saurus", known))
    share = sum(tuple(row[-7:]) == saurus for row in names) / len(names)
    assert ends.count(saurus) / len(made) == pytest.approx(share, abs=0.15)
    listed = {tuple(row) for row in names}
    assert sum(tuple(row) not in listed for row in made) > 150


def test_equal_seeds_give_equal_names(some):
    known, names = some
    one, two = (
        Recombination(names, known.size).draw(20, np.random.default_rng(4)) for _ in range(2)
    )
    assert [row.tolist() for row in one] == [row.tolist() for row in two]

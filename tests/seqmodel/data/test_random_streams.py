"""Random numbers of a training that are independent of each other."""

from __future__ import annotations

import itertools

from seqmodel.data.random_streams import Stream, random_stream


def test_each_seed_purpose_and_index_has_its_own_random_numbers() -> None:
    keys = list(itertools.product((0, 1, 2**32, 2**40), Stream, (0, 1, 2)))
    drawn = {random_stream(*key).bytes(16) for key in keys}
    assert len(drawn) == len(keys)
    assert random_stream(*keys[5]).bytes(16) == random_stream(*keys[5]).bytes(16)

"""Sampling without long copies, beside an exhaustive search through all possible sequences."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqmodel.errors import SamplingError
from seqmodel.network.weights import Weights
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.copy_limit import CopyLimit
from seqmodel.sampling.sampler import sample
from seqmodel.suffix_automaton import SuffixAutomaton

N_SYMBOLS = 3


def network(n=N_SYMBOLS, seed=0):
    rng = np.random.default_rng(seed)
    shapes = (n, 8), (2, 8), (8,), (2, n), (n,)
    return Weights("lstm", *(rng.normal(size=shape).astype(np.float32) for shape in shapes))


def draw(automaton, limit, n_sequences=20, length=40, seed=0, sampling=SamplingConfig(2.0)):
    rng = np.random.default_rng(seed)
    return sample(
        network(automaton.allowed.shape[1]), automaton, sampling, rng,
        n_sequences=n_sequences, max_length=length, copy_limit=limit,
    )  # fmt: skip


def bars(durations, length, count):
    """`count` bars of `length` ticks that symbols of these durations fill exactly; then the end."""
    ends = length * count
    allowed = np.zeros((ends + 1, len(durations)), dtype=bool)
    after = np.full(allowed.shape, ends, dtype=np.int32)
    for tick, (symbol, duration) in product(range(ends), enumerate(durations)):
        if tick % length + duration <= length:
            allowed[tick, symbol], after[tick, symbol] = True, tick + duration
    return Automaton(allowed, after)


def fillings(automaton, limit):
    """All possible sequences: without a run of more than `limit.max_run` known symbols."""
    known = SuffixAutomaton(limit.known)
    found, waiting = [], [(automaton.start, ())]
    while waiting:
        state, drawn = waiting.pop()
        if not automaton.allowed[state].any():
            found.append(drawn)
        for symbol in np.flatnonzero(automaton.allowed[state]).tolist():
            longer = (*drawn, symbol)
            if known.longest_copy([*limit.prefix, *longer][-limit.max_run - 1 :]).length <= (
                limit.max_run
            ):
                waiting.append((int(automaton.next_state[state, symbol]), longer))
    return set(found)


known_sequences = st.lists(
    st.lists(st.integers(0, N_SYMBOLS - 1), max_size=10), min_size=1, max_size=4
)


@settings(max_examples=50)
@given(
    known_sequences,
    st.integers(1, 3),
    st.tuples(*[st.integers(1, 3)] * N_SYMBOLS),
    st.integers(0, 20),
)
def test_every_sequence_reaches_the_end_without_a_long_copy_if_that_is_possible(
    known, longest, durations, seed
):
    automaton = bars(durations, length=3, count=2)
    assume(min(durations) == 1)
    begun = known[0][:2]
    limit = CopyLimit(longest, known, begun)
    possible = fillings(automaton, limit)
    if not possible:
        with pytest.raises(SamplingError, match="every possible sequence copies"):
            draw(automaton, limit)
        return
    drawn = draw(automaton, limit, seed=seed)
    assert drawn.ended.all()
    assert {tuple(row.tolist()) for row in drawn.rows()} <= possible


def test_every_possible_sequence_is_drawn():
    automaton = bars((1, 1, 2), length=3, count=2)
    limit = CopyLimit(2, [[0, 1, 0, 0, 2, 1], [1, 1, 1]])
    possible = fillings(automaton, limit)
    assert 5 < len(possible) < len(fillings(automaton, CopyLimit(2, [])))
    drawn = draw(
        automaton, limit, n_sequences=3000, sampling=SamplingConfig(50.0)
    )  # about equally often
    assert {tuple(row.tolist()) for row in drawn.rows()} == possible


def test_a_dead_end_is_not_entered():
    # Bars of three ticks; after 0 0 only 0 fits (2 lasts two ticks): the copy 0 0 0 is banned
    # after 0 0, so that nothing may begin with 0 0 at all.
    allowed = np.array([[1, 0, 1], [1, 0, 1], [1, 0, 0], [0, 0, 0]], dtype=bool)
    after = np.array([[1, 3, 2], [2, 3, 3], [3, 3, 3], [3, 3, 3]], dtype=np.int32)
    drawn = draw(Automaton(allowed, after), CopyLimit(2, [[0, 0, 0]]), n_sequences=200)
    assert drawn.ended.all()
    assert {tuple(row.tolist()) for row in drawn.rows()} == {(0, 2), (2, 0)}


def test_greedy_and_top_k_keep_the_limit():
    known = [[0, 1, 2, 0, 1, 2, 0, 1, 2, 1, 0, 2, 2, 1]]
    free = Automaton.free(N_SYMBOLS, N_SYMBOLS)
    for sampling in (
        SamplingConfig(greedy=True),
        SamplingConfig(top_k=1),
        SamplingConfig(0.1, top_p=0.5),
    ):
        drawn = draw(free, CopyLimit(3, known), sampling=sampling)
        assert (
            max(SuffixAutomaton(known).longest_copy(row.tolist()).length for row in drawn.rows())
            <= 3
        )


def test_the_prefix_counts_as_part_of_a_copy():
    # after the prefix 0 1, a 2 would make a copy of three
    for seed in range(20):
        free = Automaton.free(N_SYMBOLS, N_SYMBOLS)
        limit = CopyLimit(2, [[0, 1, 2]], prefix=[2, 0, 1])
        assert draw(free, limit, length=1, seed=seed).symbols[0, 0] != 2


def test_a_limit_longer_than_the_known_sequences_has_no_effect():
    free = Automaton.free(N_SYMBOLS, N_SYMBOLS)
    with_limit = draw(free, CopyLimit(3, [[0, 1, 2]]))
    assert (with_limit.symbols == draw(free, None).symbols).all()


def test_the_first_sequences_are_the_same_for_any_count():
    known = [np.random.default_rng(0).integers(0, N_SYMBOLS, 60).tolist()]
    automaton = bars((1, 2, 2), length=5, count=6)
    limit = CopyLimit(3, known)
    many = draw(automaton, limit, n_sequences=70).rows()
    for count in (1, 2, 9):
        fewer = draw(automaton, limit, n_sequences=count).rows()
        assert all((a == b).all() for a, b in zip(fewer, many, strict=False))


def test_a_limit_of_zero_symbols_is_refused():
    with pytest.raises(SamplingError, match="at least 1 symbol, not 0"):
        CopyLimit(0, [[1]])


def test_a_limit_beyond_every_known_sequence_costs_nothing_and_bans_nothing():
    limit = CopyLimit(10**12, [[0, 1, 2, 0]], prefix=[0, 1])
    assert limit.reach == 4
    assert limit.followers == {}
    assert CopyLimit(3, [[0, 1, 2, 0]]).reach == 3

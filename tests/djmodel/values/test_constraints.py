"""Automata that keep to bars and rhythms."""

from fractions import Fraction as F

import numpy as np
import pytest
from helpers.bars import bar_of, bars
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.meter import Meter
from djmodel.music.tune import Tune
from djmodel.values.conditioning import BarPositions
from djmodel.values.constraints import bar_automaton, rhythm_automaton
from djmodel.values.grammar import encode_bar, split_into_bars
from djmodel.values.value import Value
from seqmodel.errors import SamplingError


def walk(automaton, values, rng):
    """A random walk through an automaton, as values."""
    state, drawn = automaton.start, []
    while automaton.allowed[state].any():
        index = rng.choice(np.flatnonzero(automaton.allowed[state]))
        drawn.append(values[index])
        state = automaton.next_state[state, index]
    assert state == len(automaton.allowed) - 1  # the end, not a dead end
    return drawn


@given(st.lists(bars(), min_size=1, max_size=4), st.integers(0, 99))
def test_every_allowed_sequence_fills_the_bars_exactly(some_bars, seed):
    values = sorted({v for bar in some_bars for v in encode_bar(bar)}, key=str)
    automaton = bar_automaton(values, some_bars, size=len(values) + 3)
    assert not automaton.allowed[:, len(values) :].any()  # spare indices
    drawn = walk(automaton, values, np.random.default_rng(seed))
    for bar, filled in zip(some_bars, split_into_bars(drawn, some_bars), strict=True):
        assert sum(v.duration for v in filled) == bar.length
        notes = [v for v in filled if not v.is_rest]
        assert [v.leap is None for v in notes] == [True] * bool(notes) + [False] * len(notes[1:])
    assert sum(v.duration for v in drawn) == sum(bar.length for bar in some_bars)  # nothing cut


def test_values_that_cannot_fill_a_bar_exactly_are_cut_at_the_bar_line():
    # half notes only, over a bar of 3/4
    values = [Value("C", F(2)), Value("C", F(2), 2)]
    three_four = [bar_of([], Meter(3, 4))] * 2
    drawn = walk(bar_automaton(values, three_four, 2), values, np.random.default_rng(0))
    filled = split_into_bars(drawn, three_four)
    assert [[v.duration for v in bar] for bar in filled] == [[2, 1], [2, 1]]


def test_a_vocabulary_that_cannot_fill_a_bar_is_refused():
    with pytest.raises(SamplingError, match="fill a bar"):
        bar_automaton([Value("C", F(1), 2)], [bar_of([])], 5)


def test_a_solo_after_a_primer_begins_in_the_middle_of_its_bar():
    values = [Value("C", F(1)), Value("C", F(1), 2), Value("R", F(1))]
    begun = [Value("C", F(4)), Value("R", F(1)), Value("C", F(1))]  # a bar and two beats
    four_four = [bar_of([])] * 3
    automaton = bar_automaton(values, four_four, 3, begun)
    drawn = walk(automaton, values, np.random.default_rng(1))
    assert sum(v.duration for v in drawn) == 6
    assert all(v.is_rest or v.leap is not None for v in drawn[:2])  # a note was played in that bar


def test_each_state_of_a_bar_is_conditioned_on_its_position():
    values = [Value("C", F(1)), Value("C", F(1), 2), Value("R", F(2))]
    two_four = Meter(2, 4)
    two_bars = (bar_of([(60, 0, 1), (62, 1, 1)], two_four), bar_of([], two_four))
    positions = BarPositions.of([Tune("two", two_bars)])
    automaton = bar_automaton(values, two_bars, 5, positions=positions)
    state, features = automaton.start, []
    for index in (0, 1, 2):
        features.append(automaton.conditioning[state].tolist())
        assert automaton.allowed[state, index]
        state = automaton.next_state[state, index]
    assert features == positions.conditioning([values[:2], values[2:]], two_bars, 5).tolist()
    assert features == [[5, 8], [6, 7], [5, 8]]


def test_a_rhythm_is_kept_with_the_nearest_durations():
    # a half and a quarter note asked for; the model knows quarters and whole notes
    values = [Value("C", F(1)), Value("C", F(1), 2), Value("S", F(4), 2), Value("R", F(1))]
    asked = [Value("X", F(2)), Value("X", F(3), 0), Value("R", F(1))]
    automaton = rhythm_automaton(values, asked, 5)
    fitting = [np.flatnonzero(row).tolist() for row in automaton.allowed]
    assert fitting == [[0], [2], [3], []]
    with pytest.raises(SamplingError, match=r"no value like `R,1\.000`"):
        rhythm_automaton(values[:3], asked, 5)


def test_durations_with_too_many_onsets_in_a_bar_are_refused():
    values = [Value("C", F(1, n)) for n in (7, 11, 13, 16, 24)]
    with pytest.raises(SamplingError, match="more than 16,000 times"):
        bar_automaton(values, [bar_of([])], 5)

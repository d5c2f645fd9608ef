"""Bar positions as conditioning features."""

from fractions import Fraction as F

import pytest
from helpers.bars import bar_of, bars
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.meter import Meter
from djmodel.music.tune import Tune
from djmodel.values import conditioning
from djmodel.values.conditioning import BarPositions, to_ticks
from djmodel.values.grammar import encode, split_into_bars


def test_onsets_and_times_to_the_bar_end_are_features():
    # 3/4: C a half, E a quarter; then a rest of one and a half, G one and a half
    three_four = Meter(3, 4)
    two_bars = (
        bar_of([(72, 0, 2), (76, 2, 1)], three_four),
        bar_of([(79, "3/2", "3/2")], three_four),
    )
    positions = BarPositions.of([Tune("waltz", two_bars)])
    assert positions.onsets == (0, F(3, 2), 2)
    assert positions.to_bar_end == (1, F(3, 2), 3)
    features = positions.conditioning(encode(Tune("waltz", two_bars)), two_bars, 90)
    assert features.tolist() == [[90, 95], [92, 93], [90, 95], [91, 94]]
    assert BarPositions.from_json(positions.to_json()) == positions
    # a position that does not occur in the waltz is encoded as the nearest one
    assert positions.encode(to_ticks([F(7, 2), F(1, 2)])[None], 0).tolist() == [[2, 3]]


@given(st.lists(bars(), min_size=1, max_size=4), st.lists(bars(), min_size=1, max_size=4))
def test_each_feature_is_the_nearest_position_and_of_two_the_earlier(known, played):
    positions = BarPositions.of([Tune("known", tuple(known))])
    tune = Tune("played", tuple(played))
    expected = []
    for values, bar in zip(encode(tune), tune.bars, strict=True):
        onset = F(0)
        for value in values:
            times = (onset, bar.length - onset)
            onset += value.duration
            expected.append(
                [
                    min(range(len(among)), key=lambda i, t=time, among=among: abs(among[i] - t))
                    for time, among in zip(
                        times, (positions.onsets, positions.to_bar_end), strict=True
                    )
                ]
            )
    features = positions.conditioning(encode(tune), tune.bars, 0)
    features[:, 1] -= len(positions.onsets)
    assert features.tolist() == expected


def test_values_that_fill_only_part_of_a_bar_keep_their_distance_to_its_end():
    # a primer: one bar of 4/4, and a half note in the second
    positions = BarPositions((F(0), F(2)), (F(2), F(4)))
    two_bars = (bar_of([(60, 0, 4)]), bar_of([(60, 0, 2), (62, 2, 2)]))
    primer = [value for values in encode(Tune("", two_bars)) for value in values][:2]
    features = positions.conditioning(split_into_bars(primer, two_bars), two_bars, 10)
    assert features.tolist() == [[10, 13], [10, 13]]


def test_only_the_most_common_positions_are_features(monkeypatch):
    monkeypatch.setattr(conditioning, "MAX_BAR_POSITIONS", 2)
    quarters = bar_of([(60, beat, 1) for beat in range(4)])
    halves = bar_of([(60, 0, 2), (62, 2, 2)])
    positions = BarPositions.of([Tune("", (quarters, halves))])
    assert (positions.onsets, positions.to_bar_end) == ((0, 2), (2, 4))


@pytest.mark.parametrize(
    "data", [[], [["0"], []], [["-1"], ["1"]], [["0"], ["1e9"]], [["x"], ["1"]]]
)
def test_impossible_bar_positions_are_refused(data):
    with pytest.raises((TypeError, ValueError, ArithmeticError)):
        BarPositions.from_json(data)

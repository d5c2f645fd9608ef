"""What the network is told of a chart and of the melody so far."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from helpers.bars import C_MAJOR, G7, bar_of, bars
from helpers.handmade_tunes import blues
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.tune import Instrument, Section, Tempo, Tune
from djmodel.values import jazz_grammar
from djmodel.values.chart import QUALITIES, Chart, Moments, chord_quality
from djmodel.values.features import FEATURE_NAMES, Conditioning, Feature
from djmodel.values.grammar import Register

AROUND_MIDDLE_C = Register(54, 66)


def moments(tune):
    chart = Chart.of(tune, AROUND_MIDDLE_C)
    return chart, Moments.of_values(chart, jazz_grammar.encode(tune, AROUND_MIDDLE_C))


def indices(name, tune, known=()):
    return Feature(name, known).indices(*moments(tune)).tolist()


def two_bars():
    """C major: E4 a quarter, G4 a quarter, a half rest | G7: F4 a half; C: a half rest."""
    first = bar_of([(64, 0, 1), (67, 1, 1)])
    second = bar_of([(65, 0, 2)], chords=((0, G7), (2, C_MAJOR)))
    return Tune("", (first, second), tempos=(Tempo(F(0), 180.0),), key=0, performer="Ida")


def test_the_last_note_is_seen_from_the_chord_the_key_and_the_next_chord():
    # before E4 nothing; E4 and G4 are third and fifth of C, then G4 the root and F4 the fourth
    assert indices("degree", two_bars()) == [12, 4, 7, 0, 5]
    assert indices("key_degree", two_bars()) == [12, 4, 7, 7, 5]
    assert indices("next_degree", two_bars()) == [12, 9, 0, 7, 5]
    assert indices("leap", two_bars()) == [49, 49, 24 + 3, 24 + 3, 24 - 2]


def test_chords_and_the_time_until_the_next_are_known_beforehand():
    major, seventh, none = QUALITIES.index("major"), QUALITIES.index("7"), len(QUALITIES)
    assert indices("chord", two_bars()) == [major, major, major, seventh, major]
    assert indices("next_chord", two_bars()) == [seventh, seventh, seventh, major, none]
    assert indices("next_root", two_bars()) == [7, 7, 7, 5, 12]
    # four quarters, three, two; two; two until the end
    assert indices("until_next", two_bars()) == [5, 4, 3, 3, 3]
    assert indices("chord_in_key", two_bars()) == [0, 0, 0, 7, 0]


def test_a_phrase_is_counted_from_the_last_rest():
    assert indices("phrase_notes", two_bars()) == [0, 1, 2, 0, 1]
    assert indices("phrase_time", two_bars()) == [0, 3, 5, 0, 5]
    assert indices("since_onset", two_bars()) == [37, 12, 12, 36, 24]
    assert indices("last_gap", two_bars()) == [37, 37, 12, 12, 36]


def test_names_that_no_training_tune_has_are_unknown():
    assert indices("player", two_bars(), ("Ada", "Ida")) == [2] * 5
    assert indices("player", replace(two_bars(), performer="Eve"), ("Ada", "Ida")) == [0] * 5
    names = [moments(replace(two_bars(), performer=name)) for name in ("Ida", "", "Ada", "Ida")]
    assert Conditioning.of(["player"], names).features == (Feature("player", ("Ada", "Ida")),)


def test_bars_are_counted_from_the_start_of_a_section():
    tune = Tune("", tuple(bar_of([(60, 0, 4)]) for _ in range(20)))
    sections = (Section(1, "A1"), Section(3, "B1"))
    assert indices("form", replace(tune, sections=sections))[:6] == [0, 0, 1, 0, 1, 2]
    assert indices("form", tune)[14:] == [14, 15, 8, 9, 10, 11]
    assert indices("form", replace(tune, choruses=(12,)))[11:14] == [11, 0, 1]


def test_a_solo_knows_how_far_it_has_come():
    # Four bars of two halves: each half is an eighth of the solo.
    tune = Tune("", tuple(bar_of([(60, 0, 2), (62, 2, 2)]) for _ in range(4)))
    assert indices("part", tune) == list(range(8))


@pytest.mark.parametrize(
    ("intervals", "quality"),
    [
        ((0, 4, 7, 9), "major"), ((0, 4, 7, 10, 2), "7"), ((0, 4, 10, 1), "altered 7"),
        ((0, 3, 6, 9), "diminished"), ((0, 3, 6, 10), "half-diminished"),
        ((0, 5, 7, 10), "suspended"),
        ((0, 3, 7, 11), "minor major 7"), ((0, 4, 8), "augmented"),
        ((0, 7), "major"), ((0, 7, 10), "7"),
    ],
)  # fmt: skip
def test_chords_have_a_quality(intervals, quality):
    from djmodel.music.chord import Chord

    assert QUALITIES[chord_quality(Chord.of(3, intervals))] == quality


def test_the_melody_to_be_predicted_does_not_tell_the_key():
    tune = replace(blues(), key=None)
    silent = replace(tune, bars=tuple(replace(bar, melody=()) for bar in tune.bars))
    charts = [Chart.of(t, AROUND_MIDDLE_C) for t in (tune, silent)]
    assert charts[0].tonic == charts[1].tonic == 8


@given(st.lists(bars(), min_size=1, max_size=3))
def test_every_feature_stays_below_its_size_and_has_inputs_of_its_own(some_bars):
    chart, at = moments(Tune("", tuple(some_bars)))
    conditioning = Conditioning.of(FEATURE_NAMES, [(chart, at)])
    inputs = conditioning.inputs(chart, at, 50)
    assert inputs.shape == (len(at.now), len(FEATURE_NAMES))
    for name, column in zip(FEATURE_NAMES, inputs.T, strict=True):
        first = 50 + conditioning.offset(name)
        assert ((column >= first) & (column < first + conditioning.size(name))).all(), name
    assert len(conditioning) == sum(map(conditioning.size, FEATURE_NAMES))


@given(st.lists(bars(), min_size=1, max_size=3), st.integers(-12, 12))
def test_what_is_relative_does_not_change_with_the_key(some_bars, distance):
    relative = [name for name in FEATURE_NAMES if name != "pitch"]
    tune = Tune("", tuple(some_bars), key=0, instrument=Instrument("Trumpet", 56))
    moved = replace(tune.transposed(distance), key=(distance * 7 + 5) % 12 - 5)
    conditioning = Conditioning.of(relative, [moments(tune)])
    register = Register(*(end + distance for end in AROUND_MIDDLE_C))
    chart = Chart.of(moved, register)
    at = Moments.of_values(chart, jazz_grammar.encode(moved, register))
    there = conditioning.inputs(chart, at, 0)
    places = [relative.index("mode")]  # estimated from the chords, where keys may fit equally well
    here = conditioning.inputs(*moments(tune), 0)
    assert np.array_equal(np.delete(there, places, 1), np.delete(here, places, 1))


@pytest.mark.parametrize(
    "feature",
    [
        Feature("weather"), Feature("degree", ("1",)), Feature("bar_onset"),
        Feature("bar_onset", ("1", "0")), Feature("bar_onset", ("x",)), Feature("bar_end", ("-1",)),
    ],
)  # fmt: skip
def test_impossible_features_are_refused(feature):
    with pytest.raises((ValueError, ArithmeticError)):
        feature.check()


def test_absolute_pitches_are_transposed_and_nothing_else():
    names = ("pitch", "register", "degree")
    tune = two_bars()
    conditioning = Conditioning.of(names, [moments(tune)])
    inputs = conditioning.inputs(*moments(tune), 50)[None]
    moved = conditioning.transposed(inputs, np.array([4]), 50)
    # before the first note there is no pitch to transpose
    assert (moved - inputs)[0].tolist() == [[0, 0, 0], *[[4, 2, 0]] * 4]

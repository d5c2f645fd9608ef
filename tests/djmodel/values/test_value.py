"""Values and their text."""

from fractions import Fraction as F

import pytest
from helpers.bars import bars
from hypothesis import given
from hypothesis import strategies as st
from music21 import interval as m21_interval

from djmodel.values.conditioning import feature_table
from djmodel.values.grammar import encode_bar
from djmodel.values.value import (
    Value,
    ValueTextError,
    interval_name,
    nearest_value,
    semitones,
)


def test_the_courses_example_reads_as_two_semitones_down():
    assert Value.parse("A,0.250,<m2,P-4>") == Value("A", F(1, 4), -2)


@pytest.mark.parametrize(
    ("text", "same"),
    [("C,0.500,<d4,A1>", "C,0.500,<M3,m2>"), ("X,1.000,<A4,m3>", "X,1.000,<d5,m3>")],
)
def test_any_spelling_of_an_interval_is_read_and_one_is_written(text, same):
    # a diminished fourth is a major third, an augmented unison a minor second
    up, down = text.split("<")[1].rstrip(">").split(",")
    assert interval_name(semitones(up)) == same.split("<")[1].split(",")[0]
    assert interval_name(semitones(down)) == same.rstrip(">").split(",")[-1]


@given(st.integers(-40, 40))
def test_interval_names_are_those_of_music21(distance):
    assert interval_name(distance) == m21_interval.Interval(distance).directedName


@given(st.sampled_from(["P", "M", "m", "A", "d", "AA", "dd"]), st.integers(1, 20), st.booleans())
def test_any_interval_has_the_size_that_music21_gives_it(quality, number, down):
    perfect = (number - 1) % 7 in (0, 3, 4)
    if (quality == "P") != perfect and quality in ("P", "M", "m"):
        with pytest.raises(ValueTextError):
            semitones(f"{quality}{number}")
        return
    if number == 1 and (down or "d" in quality):
        return  # music21 has no descending or diminished unison
    name = f"{quality}{'-' if down else ''}{number}"
    assert semitones(name) == m21_interval.Interval(name).semitones


@pytest.mark.parametrize(
    "text",
    [
        "",
        "C",
        "C,",
        "Q,0.5",
        "C,0.000",
        "C,0.5,<m2",
        "R,1.0,<m3,m-3>",
        "C,1.0,<m2,m2>x",
        "C," + "9" * 5000,
        "C,1/" + "9" * 5000,
    ],
)
def test_text_that_is_not_a_value_is_refused(text):
    with pytest.raises(ValueTextError, match="is not a value such as"):
        Value.parse(text)


@given(bars())
def test_a_value_reads_back_from_its_text(bar):
    for value in encode_bar(bar):
        assert Value.parse(str(value)) == value


def test_a_rare_value_is_replaced_by_the_nearest_of_its_kind():
    kept = ["C,0.500,<m3,m-3>", "C,1.000,<P5,m2>", "R,0.250", "S,0.250,<P5,m2>"]
    # the same kind wins over the same length; then the length; then the leap
    assert nearest_value("C,0.250,<P5,m2>", kept) == "C,0.500,<m3,m-3>"
    assert nearest_value("R,4.000", kept) == "R,0.250"
    assert nearest_value("C,1.500,<P8,m6>", kept) == "C,1.000,<P5,m2>"


def test_features_are_kind_duration_and_leap():
    values = [Value("C", F(1)), Value("C", F(1), 1), Value("S", F(2), 1), Value("R", F(1))]
    table = feature_table(values, 6)
    in_common = table @ table.T
    assert in_common.tolist() == [
        [3, 2, 0, 1, 0, 0],
        [2, 3, 1, 1, 0, 0],
        [0, 1, 3, 0, 0, 0],
        [1, 1, 0, 3, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_an_interval_of_more_digits_than_python_converts_is_refused():
    with pytest.raises(ValueTextError, match="is not an interval such as"):
        semitones("M" + "9" * 5000)

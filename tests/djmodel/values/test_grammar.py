"""Bars of melody, encoded as values and decoded again."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
from helpers.bars import C_MAJOR, G7, bar_of, bars
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.chord import kind_of
from djmodel.music.meter import Meter
from djmodel.music.tune import Tune
from djmodel.values.grammar import (
    Register,
    decode_bar,
    encode,
    encode_bar,
    tidy_bar,
    tidy_values,
)
from djmodel.values.value import MINOR_THIRD, Value


def texts(bar):
    return [str(value) for value in encode_bar(bar)]


def test_a_bar_of_eighths_and_a_rest_over_c_major():
    # C5 E5 | approach from F#5 to G5 | a rest of a quarter | A5, a scale tone
    bar = bar_of(
        [(72, 0, "1/2"), (76, "1/2", "1/2"), (78, 1, "1/2"), (79, "3/2", "1/2"), (81, 3, 1)]
    )
    assert texts(bar) == [
        "C,0.500",
        "C,0.500,<P5,m2>",
        "A,0.500,<P4,m-2>",
        "C,0.500,<M3,M-2>",
        "R,1.000",
        "S,1.000,<P4,m-2>",
    ]


def test_the_chord_that_holds_at_a_note_decides_its_kind():
    # F5 over C major is a scale tone; the same F5 over G7 is its seventh
    bar = bar_of([(77, 0, 2), (77, 2, 2)], chords=((0, C_MAJOR), (2, G7)))
    assert texts(bar) == ["S,2.000", "C,2.000,<m3,m-3>"]


# --- properties over any bar -----------------------------------------------------------------


@given(bars())
def test_the_values_of_a_bar_add_up_to_it_exactly(bar):
    assert sum(value.duration for value in encode_bar(bar)) == bar.length


@given(bars(), st.integers(-12, 12))
def test_transposing_changes_no_value(bar, distance):
    tune = Tune("", (bar,))
    assert encode(tune.transposed(distance)) == encode(tune)


@given(bars(), bars(), st.integers(0, 9))
def test_a_decoded_bar_encodes_to_the_same_values(source, target, seed):
    # the values of one bar, played over another bar's chords
    register = Register(45, 100)
    values = encode_bar(source)
    if source.length != target.length:
        return
    melody = decode_bar(values, target, np.random.default_rng(seed), register=register)
    again = encode_bar(replace(target, melody=melody))
    asked = [value for value in values if not value.is_rest]
    given_back = [value for value in again if not value.is_rest]
    assert [v.duration for v in given_back] == [v.duration for v in asked]
    for value, got, note in zip(asked, given_back, melody, strict=True):
        chord = target.chord_at(note.onset)
        if not any(kind_of(pitch, chord) == value.kind for pitch in range(12)):
            continue  # this chord has no such tone
        assert got.kind == value.kind
        if value.leap is None:
            assert got.leap is None
            continue
        middle = note.pitch - got.leap + value.leap
        inside = [
            p
            for p in range(middle - MINOR_THIRD, middle + MINOR_THIRD + 1)
            if kind_of(p, chord) == value.kind and register.low <= p <= register.high
        ]
        if inside:
            assert note.pitch in inside
            if middle in inside:  # what was played can be played again
                assert got.leap == value.leap
        if value.leap and len(inside) > 1:
            assert got.leap != 0  # a value that moves does not stand still


@given(bars(), st.integers(0, 9))
def test_over_its_own_chords_a_bar_decodes_to_itself_up_to_its_first_note(bar, seed):
    values = encode_bar(bar)
    melody = decode_bar(values, bar, np.random.default_rng(seed), register=Register(0, 127))
    if not bar.melody:
        assert melody == ()
        return
    shift = melody[0].pitch - bar.melody[0].pitch
    if shift % 12 == 0:
        assert [n.pitch - shift for n in melody] == [n.pitch for n in bar.melody]
    assert [(n.onset, n.duration) for n in melody] == [(n.onset, n.duration) for n in bar.melody]


@given(bars(), st.integers(0, 9))
def test_every_note_is_in_the_register(bar, seed):
    register = Register(60, 78)
    values = encode_bar(bar)
    melody = decode_bar(values, bar, np.random.default_rng(seed), register=register)
    assert all(register.low <= note.pitch <= register.high for note in melody)


def test_the_seed_decides_the_pitches():
    bar = bar_of([(72, 0, 2), (76, 2, 2)])
    values = encode_bar(bar)
    played = {
        tuple(n.pitch for n in decode_bar(values, bar, np.random.default_rng(seed)))
        for seed in range(30)
    }
    assert len(played) > 3
    twice = [decode_bar(values, bar, np.random.default_rng(4)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_a_note_longer_than_the_bar_ends_at_the_bar_line():
    bar = bar_of([], Meter(3, 4))
    melody = decode_bar([Value("C", F(2)), Value("C", F(2), 0)], bar, np.random.default_rng(0))
    assert [(n.onset, n.duration) for n in melody] == [(0, 2), (2, 1)]


# --- the register --------------------------------------------------------------------------


def test_a_register_spans_at_least_an_octave_and_a_half():
    # C4 to E4 only: widened by seven semitones on either side
    tune = Tune("narrow", (bar_of([(60, 0, 2), (64, 2, 2)]),))
    assert Register.of([tune]) == Register(53, 71)
    assert Register.of([]) == Register()


def test_the_most_extreme_hundredths_of_pitches_are_outside_the_register():
    counts = np.zeros(128, dtype=np.intp)
    counts[60:84], counts[20] = 100, 3
    assert Register.of_counts(counts) == Register(60, 83)


# --- tidying ---------------------------------------------------------------------------------


def test_tidying_joins_repeated_and_short_notes():
    # C5 C5 | a grace-like A5 of a twelfth | E5
    bar = bar_of([(72, 0, 1), (72, 1, 1), (81, 2, "1/12"), (76, "25/12", "23/12")])
    tidy = tidy_bar(bar)
    assert [(n.pitch, n.onset, n.duration) for n in tidy.melody] == [
        (72, 0, F(25, 12)),
        (76, F(25, 12), F(23, 12)),
    ]


def test_tidying_plays_chromatic_tones_as_chord_tones():
    values = [Value("A", F(1)), Value("X", F(1), 2), Value("S", F(1), 2), Value("R", F(1))]
    assert [v.kind for v in tidy_values(values)] == ["C", "C", "S", "R"]

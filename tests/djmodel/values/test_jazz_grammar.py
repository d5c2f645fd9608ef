"""Melodies in the grammar of jazz, encoded as values and symbols and decoded again."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from helpers.bars import G7, bar_of, bars
from helpers.handmade_tunes import blues
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.tune import Tune
from djmodel.values import jazz_grammar
from djmodel.values.grammar import Register
from djmodel.values.value import Value, ValueTextError

# Middle C is the middle of this register.
AROUND_MIDDLE_C = Register(54, 66)


def texts(tune):
    return [[str(v) for v in bar] for bar in jazz_grammar.encode(tune, AROUND_MIDDLE_C)]


def melody(tune):
    return [(note.pitch, note.onset, note.duration) for note in tune.melody_notes()]


def test_intervals_are_exact_and_reach_across_bar_lines_and_rests():
    # E4 G4, a rest | a fourth down over G7 to D4: counted from G4
    first = bar_of([(64, 0, 1), (67, 1, "1/2")])
    second = bar_of([(62, 1, 3)], chords=((0, G7),))
    assert texts(Tune("", (first, second))) == [
        ["C,1.000,<M3>", "C,0.500,<m3>", "R,2.500"],
        ["R,1.000", "C,3.000,<P-4>"],
    ]


def test_a_note_held_over_the_bar_line_is_tied():
    # G4 on the fourth beat held into the second bar, then again struck
    first = bar_of([(67, 3, 1)])
    second = bar_of([(67, 0, 1), (67, 1, 3)])
    held = replace(second.melody[0], tied=True)
    second = replace(second, melody=(held, *second.melody[1:]))
    tune = Tune("", (first, second))
    assert texts(tune)[1] == ["T,1.000", "C,3.000,<P1>"]
    back = jazz_grammar.decode(jazz_grammar.encode(tune), tune)
    assert back.bars[1].melody[0].tied
    assert melody(back) == [(67, 3, 2), (67, 5, 3)]


def test_a_tie_with_nothing_before_it_is_silent():
    bar = bar_of([])
    values = [Value.parse(text) for text in ("T,1.000", "R,1.000", "T,1.000", "C,1.000,<P5>")]
    assert [n.onset for n in jazz_grammar.decode([values], Tune("", (bar,))).melody_notes()] == [3]


def test_a_tie_in_a_bar_prolongs_the_note_before_it():
    values = [Value.parse(text) for text in ("C,1.000,<P5>", "T,0.500")]
    [note] = jazz_grammar.decode([values], Tune("", (bar_of([]),))).melody_notes()
    assert note.duration == F(3, 2)


def test_a_pitch_that_midi_does_not_have_is_moved_by_octaves():
    values = [Value("C", F(1), 60, exact=True), Value("C", F(1), 7, exact=True)]
    tune = jazz_grammar.decode([values], Tune("", (bar_of([]),)), Register(60, 80))
    assert [note.pitch for note in tune.melody_notes()] == [118, 125]


def test_a_written_out_blues_comes_back_note_by_note():
    tune = blues()
    values = jazz_grammar.encode(tune)
    assert melody(jazz_grammar.decode(values, tune)) == melody(tune)
    assert any(value.is_tie for bar in values for value in bar)


@given(st.lists(bars(), min_size=1, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
def test_decoding_is_the_inverse_of_encoding(some_bars, ties):
    tune = Tune("", tuple(_tied(some_bars, ties)))
    values = jazz_grammar.encode(tune)
    assert [sum(v.duration for v in bar) for bar in values] == [bar.length for bar in tune.bars]
    assert melody(jazz_grammar.decode(values, tune)) == melody(tune)
    for value in (value for bar in values for value in bar):
        assert Value.parse(str(value)) == value
        assert jazz_grammar.value_of(*jazz_grammar.symbols_of(value)) == value


def _tied(some_bars, ties):
    """The bars, with notes held over bar lines where a note ends there and `ties` says so."""
    before = None
    for bar, tie in zip(some_bars, ties, strict=False):
        held = before and before.melody and before.melody[-1].end == before.length
        if tie and held and bar.melody and bar.melody[0].onset == 0:
            first = replace(bar.melody[0], pitch=before.melody[-1].pitch, tied=True)
            bar = replace(bar, melody=(first, *bar.melody[1:]))
        yield bar
        before = bar


@given(st.lists(bars(), min_size=1, max_size=3), st.integers(-12, 12))
def test_transposing_with_the_register_changes_no_value(some_bars, distance):
    tune, register = Tune("", tuple(some_bars)), AROUND_MIDDLE_C
    moved = Register(register.low + distance, register.high + distance)
    there = jazz_grammar.encode(tune.transposed(distance), moved)
    assert there == jazz_grammar.encode(tune, register)


@pytest.mark.parametrize("duration", [F(11, 30), F(1, 3), F(1, 11), F(9, 40), F(1, 36), F(7, 2)])
def test_any_duration_has_a_text_that_gives_it_back(duration):
    value = Value("S", duration, -14, exact=True)
    assert Value.parse(str(value)) == value


@pytest.mark.parametrize("text", ["T,1.000,<M3>", "C,1/0", "C,0.500,<M3,>", "C,0/5,<M3>"])
def test_text_that_is_not_a_value_of_jazz_is_refused(text):
    with pytest.raises(ValueTextError, match="is not a value such as"):
        Value.parse(text)


def test_a_symbol_outside_the_vocabulary_is_replaced_by_a_like_one():
    kept = ["0.333", "0.500", "C,<M3>", "S,<M-3>", "S,<P4>", "A,<P-11>", "R", "T"]
    nearest = jazz_grammar.nearest_symbol
    assert nearest("0.455", kept) == "0.500"
    assert nearest("X,<M3>", kept) == "C,<M3>"  # the same pitch, whatever it is over the chord
    assert nearest("C,<M-10>", kept) == "A,<P-11>"
    assert nearest("X,<M10>", kept) == "S,<P4>"  # upwards, too

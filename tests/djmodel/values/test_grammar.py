"""Values: bars of melody and back."""

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from music21 import interval as m21_interval

from djmodel.music.chord import Chord, kind_of
from djmodel.music.tune import Bar, Change, Meter, Note, Tune
from djmodel.values import grammar
from djmodel.values.grammar import Register, Value
from seqmodel.errors import SamplingError

C_MAJOR = Chord.of(0, (0, 4, 7))
G7 = Chord.of(7, (0, 4, 7, 10))
AB_MAJOR = Chord.of(8, (0, 4, 7))


FOUR_FOUR = Meter(4, 4)


def bar_of(notes, meter=FOUR_FOUR, chords=((0, C_MAJOR),)):
    """`notes`: (pitch, onset, duration) each."""
    melody = tuple(Note(pitch, F(onset), F(duration)) for pitch, onset, duration in notes)
    changes = tuple(Change(F(onset), chord) for onset, chord in chords)
    return Bar(meter, meter.length, melody, changes)


def texts(bar):
    return [str(value) for value in grammar.encode_bar(bar)]


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


def test_the_courses_example_reads_as_two_semitones_down():
    assert Value.parse("A,0.250,<m2,P-4>") == Value("A", F(1, 4), -2)


@pytest.mark.parametrize(
    ("text", "same"),
    [("C,0.500,<d4,A1>", "C,0.500,<M3,m2>"), ("X,1.000,<A4,m3>", "X,1.000,<d5,m3>")],
)
def test_any_spelling_of_an_interval_is_read_and_one_is_written(text, same):
    # a diminished fourth is a major third, an augmented unison a minor second
    up, down = text.split("<")[1].rstrip(">").split(",")
    assert grammar.interval_name(grammar.semitones(up)) == same.split("<")[1].split(",")[0]
    assert grammar.interval_name(grammar.semitones(down)) == same.rstrip(">").split(",")[-1]


@given(st.integers(-40, 40))
def test_interval_names_are_those_of_music21(distance):
    assert grammar.interval_name(distance) == m21_interval.Interval(distance).directedName


@given(st.sampled_from(["P", "M", "m", "A", "d", "AA", "dd"]), st.integers(1, 20), st.booleans())
def test_any_interval_has_the_size_that_music21_gives_it(quality, number, down):
    perfect = (number - 1) % 7 in (0, 3, 4)
    if (quality == "P") != perfect and quality in ("P", "M", "m"):
        with pytest.raises(grammar.ValueTextError):
            grammar.semitones(f"{quality}{number}")
        return
    if number == 1 and (down or "d" in quality):
        return  # music21 has no descending or diminished unison
    name = f"{quality}{'-' if down else ''}{number}"
    assert grammar.semitones(name) == m21_interval.Interval(name).semitones


@pytest.mark.parametrize(
    "text", ["", "C", "C,", "Q,0.5", "C,0.000", "C,0.5,<m2>", "R,1.0,<m3,m-3>", "C,1.0,<m2,m2>x"]
)
def test_what_is_no_value_is_refused(text):
    with pytest.raises(grammar.ValueTextError, match="expected a value"):
        Value.parse(text)


# --- properties over any bar -----------------------------------------------------------------

METERS = [Meter(2, 4), Meter(3, 4), Meter(4, 4), Meter(6, 8)]
CHORDS = [(0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 6, 9), (0, 3, 6, 10), (0, 4, 8), (0, 5, 7)]


@st.composite
def bars(draw):
    """A bar of notes and rests on the grid, over one or two chords."""
    meter = draw(st.sampled_from(METERS))
    length, now, melody = meter.length, F(0), []
    while now < length:
        duration = min(
            draw(st.sampled_from([F(1, 4), F(1, 3), F(1, 2), F(1), F(3, 2)])), length - now
        )
        if draw(st.integers(0, 4)):
            melody.append(Note(draw(st.integers(58, 85)), now, duration))
        now += duration
    chords = draw(
        st.lists(st.tuples(st.integers(0, 11), st.sampled_from(CHORDS)), min_size=1, max_size=2)
    )
    changes = tuple(
        Change(length * i / len(chords), Chord.of(root, intervals))
        for i, (root, intervals) in enumerate(chords)
    )
    return Bar(meter, length, tuple(melody), changes)


@given(bars())
def test_the_values_of_a_bar_add_up_to_it_exactly(bar):
    assert sum(value.duration for value in grammar.encode_bar(bar)) == bar.length


@given(bars())
def test_a_value_reads_back_from_its_text(bar):
    for value in grammar.encode_bar(bar):
        assert Value.parse(str(value)) == value


@given(bars(), st.integers(-12, 12))
def test_transposing_changes_no_value(bar, distance):
    tune = Tune("", (bar,))
    assert grammar.encode(tune.transposed(distance)) == grammar.encode(tune)


@given(bars(), bars(), st.integers(0, 9))
def test_a_decoded_bar_encodes_to_the_same_values(source, target, seed):
    # the values of one bar, played over another bar's chords
    register = Register(45, 100)
    values = grammar.encode_bar(source)
    if source.length != target.length:
        return
    melody = grammar.decode_bar(values, target, np.random.default_rng(seed), register=register)
    again = grammar.encode_bar(replace(target, melody=melody))
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
            for p in range(middle - grammar.REACH, middle + grammar.REACH + 1)
            if kind_of(p, chord) == value.kind and register.low <= p <= register.high
        ]
        if inside:
            assert note.pitch in inside
            if middle in inside:  # what was played can be played again
                assert got.leap == value.leap
        if value.leap and len(inside) > 1:
            assert got.leap != 0  # a value that moves does not stand still


@given(bars(), st.integers(0, 9))
def test_over_its_own_chords_a_bar_from_the_same_note_is_the_same_bar(bar, seed):
    values = grammar.encode_bar(bar)
    melody = grammar.decode_bar(values, bar, np.random.default_rng(seed), register=Register(0, 127))
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
    values = grammar.encode_bar(bar)
    melody = grammar.decode_bar(values, bar, np.random.default_rng(seed), register=register)
    assert all(register.low <= note.pitch <= register.high for note in melody)


def test_seeds_decide_the_pitches():
    bar = bar_of([(72, 0, 2), (76, 2, 2)])
    values = grammar.encode_bar(bar)
    played = {
        tuple(n.pitch for n in grammar.decode_bar(values, bar, np.random.default_rng(seed)))
        for seed in range(30)
    }
    assert len(played) > 3
    twice = [grammar.decode_bar(values, bar, np.random.default_rng(4)) for _ in range(2)]
    assert twice[0] == twice[1]


def test_what_is_longer_than_the_bar_is_cut():
    bar = bar_of([], Meter(3, 4))
    melody = grammar.decode_bar(
        [Value("C", F(2)), Value("C", F(2), 0)], bar, np.random.default_rng(0)
    )
    assert [(n.onset, n.duration) for n in melody] == [(0, 2), (2, 1)]


# --- tidying ---------------------------------------------------------------------------------


def test_tidying_joins_repeated_and_short_notes():
    # C5 C5 | a grace-like A5 of a twelfth | E5
    bar = bar_of([(72, 0, 1), (72, 1, 1), (81, 2, "1/12"), (76, "25/12", "23/12")])
    tidy = grammar.tidied(bar)
    assert [(n.pitch, n.onset, n.duration) for n in tidy.melody] == [
        (72, 0, F(25, 12)),
        (76, F(25, 12), F(23, 12)),
    ]


def test_plain_values_have_only_chord_and_scale_tones():
    values = [Value("A", F(1)), Value("X", F(1), 2), Value("S", F(1), 2), Value("R", F(1))]
    assert [v.kind for v in grammar.plain(values)] == ["C", "C", "S", "R"]


# --- the grammar of bars ---------------------------------------------------------------------


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
def test_whatever_is_allowed_fills_the_bars_exactly(some_bars, seed):
    values = sorted({v for bar in some_bars for v in grammar.encode_bar(bar)}, key=str)
    automaton = grammar.bar_automaton(values, some_bars, size=len(values) + 3)
    assert not automaton.allowed[:, len(values) :].any()  # spare indices
    drawn = walk(automaton, values, np.random.default_rng(seed))
    for bar, filled in zip(some_bars, grammar.split_into_bars(drawn, some_bars), strict=True):
        assert sum(v.duration for v in filled) == bar.length
        notes = [v for v in filled if not v.is_rest]
        assert [v.leap is None for v in notes] == [True] * bool(notes) + [False] * len(notes[1:])
    assert sum(v.duration for v in drawn) == sum(bar.length for bar in some_bars)  # nothing cut


def test_values_that_cannot_fill_a_bar_exactly_are_cut_at_the_bar_line():
    # half notes only, over a bar of 3/4
    values = [Value("C", F(2)), Value("C", F(2), 2)]
    three_four = [bar_of([], Meter(3, 4))] * 2
    drawn = walk(grammar.bar_automaton(values, three_four, 2), values, np.random.default_rng(0))
    filled = grammar.split_into_bars(drawn, three_four)
    assert [[v.duration for v in bar] for bar in filled] == [[2, 1], [2, 1]]


def test_values_without_a_beginning_are_refused():
    with pytest.raises(SamplingError, match="fill a bar"):
        grammar.bar_automaton([Value("C", F(1), 2)], [bar_of([])], 5)


def test_what_has_begun_goes_on_in_the_middle_of_its_bar():
    values = [Value("C", F(1)), Value("C", F(1), 2), Value("R", F(1))]
    begun = [Value("C", F(4)), Value("R", F(1)), Value("C", F(1))]  # a bar and two beats
    four_four = [bar_of([])] * 3
    automaton = grammar.bar_automaton(values, four_four, 3, begun)
    drawn = walk(automaton, values, np.random.default_rng(1))
    assert sum(v.duration for v in drawn) == 6
    assert all(v.is_rest or v.leap is not None for v in drawn[:2])  # a note was played in that bar


# --- vocabulary ------------------------------------------------------------------------------


def test_a_rare_value_folds_into_the_nearest_of_its_kind():
    kept = ["C,0.500,<m3,m-3>", "C,1.000,<P5,m2>", "R,0.250", "S,0.250,<P5,m2>"]
    # the same kind wins over the same length; then the length; then the leap
    assert grammar.nearest_value("C,0.250,<P5,m2>", kept) == "C,0.500,<m3,m-3>"
    assert grammar.nearest_value("R,4.000", kept) == "R,0.250"
    assert grammar.nearest_value("C,1.500,<P8,m6>", kept) == "C,1.000,<P5,m2>"


def test_the_places_of_values_are_told_as_cues_before_them():
    # 3/4: C a half, E a quarter; then a rest of one and a half, G one and a half
    three_four = Meter(3, 4)
    bars = (
        bar_of([(72, 0, 2), (76, 2, 1)], three_four),
        bar_of([(79, "3/2", "3/2")], three_four),
    )
    places = grammar.BarPositions.of([Tune("waltz", bars)])
    assert places.onsets == (0, F(3, 2), 2)
    assert places.rests == (1, F(3, 2), 3)
    told = places.conditioning(grammar.encode(Tune("waltz", bars)), bars, 90)
    assert told.tolist() == [[90, 95], [92, 93], [90, 95], [91, 94]]
    assert grammar.BarPositions.from_json(places.to_json()) == places
    # a place that the waltz does not have is heard as the nearest one
    assert places.position_features(F(7, 2), F(4)) == (2, 3)


def test_an_automaton_of_bars_tells_the_place_of_what_comes_next():
    values = [Value("C", F(1)), Value("C", F(1), 2), Value("R", F(2))]
    two_four = Meter(2, 4)
    bars = (bar_of([(60, 0, 1), (62, 1, 1)], two_four), bar_of([], two_four))
    places = grammar.BarPositions.of([Tune("two", bars)])
    automaton = grammar.bar_automaton(values, bars, 5, places=places)
    state, told = automaton.start, []
    for index in (0, 1, 2):
        told.append(automaton.conditioning[state].tolist())
        assert automaton.allowed[state, index]
        state = automaton.next_state[state, index]
    assert told == places.conditioning([values[:2], values[2:]], bars, 5).tolist()
    assert told == [[5, 8], [6, 7], [5, 8]]


def test_values_have_kind_duration_and_leap_in_common():
    values = [Value("C", F(1)), Value("C", F(1), 1), Value("S", F(2), 1), Value("R", F(1))]
    table = grammar.feature_table(values, 6)
    in_common = table @ table.T
    assert in_common.tolist() == [
        [3, 2, 0, 1, 0, 0],
        [2, 3, 1, 1, 0, 0],
        [0, 1, 3, 0, 0, 0],
        [1, 1, 0, 3, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]

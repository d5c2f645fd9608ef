"""The rhythm of a solo as a copyist writes it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise

import pytest
from helpers.handmade_tunes import REST, bar, blues
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Note, Tempo, Tune
from djmodel.outputs.notation.rhythm import written_notes
from djmodel.outputs.notation.simplified import simplified

GRID = 24  # of a quarter, as that of the jazz database


def solo(*notes: tuple[int | None, F | int], bpm: float = 120.0, feel: str = "swing") -> Tune:
    """A solo of one bar of four quarters over C7."""
    tempos = (Tempo(F(0), bpm),)
    return Tune("", (bar("C7", notes),), tempos, feel=feel, generated=True)


def written(tune: Tune) -> list[tuple[F, F]]:
    return [(note.onset, note.duration) for note in simplified(tune).tune.bars[0].melody]


def test_a_melody_that_was_written_stays_as_it_is() -> None:
    assert simplified(blues()) == (blues(), 0)


def test_late_second_eighths_of_swing_are_eighths() -> None:
    # Two thirds and a third of a beat, then seven twelfths and five.
    line = ((60, F(2, 3)), (62, F(1, 3)), (64, F(7, 12)), (65, F(5, 12)), (67, 2))
    eighths = [(F(0), F(1, 2)), (F(1, 2), F(1, 2)), (F(1), F(1, 2)), (F(3, 2), F(1, 2))]
    assert written(solo(*line))[:4] == eighths
    assert written(solo(*line, feel="latin"))[1] == (F(2, 3), F(1, 3))


def test_a_triplet_and_sixteenths_stay_what_they_are() -> None:
    triplet = [(60, F(1, 3)), (62, F(1, 3)), (64, F(1, 3))]
    sixteenths = [(65, F(1, 4))] * 4
    tune = solo(*triplet, *sixteenths, (67, F(2)))
    assert written(tune) == [(note.onset, note.duration) for note in tune.bars[0].melody]


def test_five_notes_in_a_beat_are_written_without_thirty_seconds() -> None:
    # A sixteenth, two thirty-seconds and two sixteenths at a medium tempo.
    notes = [(60, F(1, 4)), (62, F(1, 8)), (64, F(1, 8)), (65, F(1, 4)), (67, F(1, 4)), (69, 3)]
    shortest = min(duration for _, duration in written(solo(*notes)))
    assert shortest == F(1, 6)


def test_thirty_seconds_are_written_where_a_beat_has_more_notes_than_six() -> None:
    run = [(60 + k, F(1, 8)) for k in range(8)]
    assert written(solo(*run, (72, 3)))[:8] == [(F(k, 8), F(1, 8)) for k in range(8)]


def test_a_note_shortly_before_the_beat_is_on_the_beat_even_in_the_next_bar() -> None:
    early = bar("C7", [(REST, 3), (60, F(11, 12)), (62, F(1, 12))])
    tune = Tune("", (early, bar("F7", [(62, 1), (64, 1)])), feel="swing", generated=True)
    # The second bar's first note is a new one and cannot give way: the early one stays before it.
    assert [len(each.melody) for each in simplified(tune).tune.bars] == [2, 2]
    held = replace(tune.bars[1], melody=(Note(62, F(0), F(1), tied=True),))
    moved = simplified(replace(tune, bars=(early, held))).tune
    assert [len(each.melody) for each in moved.bars] == [1, 1]
    assert moved.bars[1].melody == (Note(62, F(0), F(1)),)


@pytest.mark.parametrize(("bpm", "end"), [(120, F(1)), (60, F(3, 4))])
def test_a_short_silence_is_no_rest_but_at_a_slow_tempo(bpm: float, end: F) -> None:
    # An eighth, a sixteenth, a sixteenth of silence, then a new beat.
    notes = ((60, F(1, 2)), (62, F(1, 4)), (REST, F(1, 4)), (64, 3))
    tune = solo(*notes, bpm=bpm)
    [_, (onset, duration), _] = written(tune)
    assert onset + duration == end


def test_rests_begin_on_eighths() -> None:
    # Seven twelfths of a beat, and nothing until the third beat.
    assert written(solo((60, F(7, 12)), (REST, F(17, 12)), (62, 2))) == [
        (F(0), F(1, 2)),
        (F(2), F(2)),
    ]


@st.composite
def solos(draw: st.DrawFn) -> Tune:
    """Two bars of notes on the finest grid, in any common meter, at any tempo, or a pick-up and a
    bar."""
    meter = Meter(*draw(st.sampled_from([(4, 4), (3, 4), (5, 4), (6, 8), (7, 8), (2, 2)])))
    bars = []
    for length in (draw(st.sampled_from([meter.length, F(3, 2), F(1)])), meter.length):
        places = st.integers(0, int(length * GRID))
        points = [F(place, GRID) for place in sorted(draw(st.sets(places, max_size=12)))]
        melody = [Note(60, start, end - start) for start, end in pairwise(points)]
        silent = draw(st.sets(st.integers(0, 10), max_size=3))
        kept = tuple(note for number, note in enumerate(melody) if number not in silent)
        bars.append(Bar(meter, length, kept, bar("C", [], meter).changes))
    tempos = (Tempo(F(0), draw(st.sampled_from([45.0, 120.0, 300.0]))),)
    feel = draw(st.sampled_from(["swing", ""]))
    return Tune("", tuple(bars), tempos, feel=feel, generated=True)


@given(solos())
@settings(max_examples=25)
def test_no_note_is_dropped_or_moved_far_and_all_can_be_written(tune: Tune) -> None:
    result, changed = simplified(tune)
    before, after = tune.melody_notes(), result.melody_notes()
    assert len(before) == len(after)
    assert all(abs(old.onset - new.onset) < 1 for old, new in zip(before, after, strict=True))
    assert all(one.end <= other.onset for one, other in pairwise(after))
    assert sum(old != new for old, new in zip(before, after, strict=True)) == changed
    for each in result.bars:
        assert all(note.duration > 0 for note in each.melody)
        assert sum(piece.duration for piece in written_notes(each)) == each.length

"""A stored solo becomes a tune: places, written durations, changes, meters, form, loudness."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F

import pytest
from helpers.solo_databases import beats, solo
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs.wjazzd.melody import GRID, grid_step
from djmodel.inputs.wjazzd.names import feel_of, key_of
from djmodel.inputs.wjazzd.solo_to_tune import tune_of_solo
from djmodel.music.chord_symbol import chords_of_bar, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Tune
from seqmodel.errors import CorpusError

BAR_OF_C = "C6 . . ."


def line(tune: Tune) -> list[tuple[int, F, F]]:
    """Pitch, onset from the start of the tune, and duration of each note."""
    return [(note.pitch, note.onset, note.duration) for note in tune.melody_notes()]


def read(notes: Sequence[tuple[int, tuple[int, int, int, int], float]], chords: str = BAR_OF_C):
    return tune_of_solo(solo(beats(chords), notes))


# --- Places and durations ------------------------------------------------------------------------


def test_a_note_stands_on_a_tatum_of_its_beat():
    # the last triplet eighth of beat 2, the third sixteenth of beat 4
    made = read([(60, (1, 2, 3, 3), 0.3), (62, (1, 4, 3, 4), 0.25)])
    assert [onset for _, onset, _ in line(made.tune)] == [F(5, 3), F(7, 2)]
    assert made.placement.moved == 0


def test_short_notes_of_a_line_last_to_the_next_note():
    # four eighths, each of which sounds for half its length
    made = read([(60 + n, (1, 1 + n // 2, 1 + n % 2, 2), 0.25) for n in range(4)])
    assert [duration for _, _, duration in line(made.tune)][:3] == [F(1, 2)] * 3
    assert made.placement.legato == 3


def test_a_note_before_a_long_silence_keeps_its_own_length():
    # an eighth on beat 1, the next note on beat 3
    made = read([(60, (1, 1, 1, 2), 0.45), (62, (1, 3, 1, 1), 1.0)])
    assert line(made.tune) == [(60, 0, F(1, 2)), (62, 2, 1)]


def test_a_held_note_with_a_short_breath_lasts_to_the_next_note():
    # a half note that is released a third of a beat early
    made = read([(60, (1, 1, 1, 1), 1.67), (62, (1, 3, 1, 1), 1.0)])
    assert line(made.tune)[0] == (60, 0, 2)


@pytest.mark.parametrize(
    ("division", "tatum", "sounding", "duration"),
    [
        (2, 2, 0.2, F(1, 2)),  # an upbeat eighth, however short
        (3, 3, 0.2, F(1, 3)),  # the last of a triplet
        (4, 2, 0.2, F(1, 4)),  # a sixteenth
        (1, 1, 0.4, F(1, 2)),  # a short note on the beat
        (1, 1, 1.4, F(3, 2)),  # beyond its beat it ends on a half of a beat
        (5, 2, 0.3, F(7, 24)),  # the second of a quintuplet, up to the middle of the beat
        (24, 24, 0.0, F(13, 24)),  # no room in its beat
    ],
)
def test_a_note_before_a_rest_ends_where_a_written_one_would(division, tatum, sounding, duration):
    made = read([(60, (1, 1, tatum, division), sounding)], f"{BAR_OF_C} . . . .")
    assert line(made.tune)[0][2] == duration


def test_a_quintuplet_is_moved_to_the_grid_and_counted():
    made = read([(60 + n, (1, 1, 1 + n, 5), 0.2) for n in range(5)])
    assert [onset for _, onset, _ in line(made.tune)] == [
        F(step, 24) for step in (0, 5, 10, 14, 19)
    ]
    report = made.placement
    assert (report.moved, report.farthest) == (4, F(1, 60))
    # 1/120, 1/60, 1/60 and 1/120 of a beat
    assert report.total_move == F(1, 20)
    assert str(report).startswith("4 of 5 notes moved, by 0.013 beats on average and 0.017 at most")


@given(st.integers(1, 48), st.data())
def test_no_place_is_moved_by_more_than_half_a_grid_step(division, data):
    tatum = data.draw(st.integers(1, division))
    assert abs(F(tatum - 1, division) - F(grid_step(tatum, division), GRID)) <= F(1, 48)
    if GRID % division == 0:
        assert F(grid_step(tatum, division), GRID) == F(tatum - 1, division)


def test_two_notes_on_one_place_give_way_to_each_other():
    made = read([(60, (1, 1, 1, 1), 0.5), (62, (1, 2, 1, 1), 0.1), (64, (1, 2, 1, 1), 0.5)])
    assert [(pitch, onset) for pitch, onset, _ in line(made.tune)] == [
        (60, 0),
        (62, F(23, 24)),
        (64, 1),
    ]
    assert (made.placement.pushed, made.placement.dropped) == (1, 0)


def test_notes_that_find_no_place_are_dropped_and_counted():
    made = read([(60 + n, (1, 2, 1, 1), 0.1) for n in range(20)])
    assert made.placement.dropped == 20 - len(line(made.tune)) > 0
    assert made.placement.notes == 20


def test_notes_out_of_order_are_sorted_and_counted():
    made = read([(60, (1, 2, 1, 1), 0.5), (62, (1, 1, 1, 1), 0.5), (64, (1, 3, 1, 1), 0.5)])
    assert [pitch for pitch, _, _ in line(made.tune)] == [62, 60, 64]
    assert made.placement.reordered == 1


@given(
    st.lists(
        st.tuples(st.integers(1, 8), st.integers(1, 4), st.integers(1, 12), st.floats(0, 9)),
        min_size=1,
        max_size=40,
    )
)
def test_the_melody_of_any_solo_is_one_line_in_complete_bars(places):
    notes = [
        (60, (bar, beat, 1 + bar % division, division), sounding)
        for bar, beat, division, sounding in places
    ]
    made = read(notes, BAR_OF_C + " ." * 28)
    assert sum(len(bar.melody) - sum(n.tied for n in bar.melody) for bar in made.tune.bars) == (
        made.placement.notes - made.placement.dropped
    )
    for bar in made.tune.bars:
        ends = [F(0), *(note.end for note in bar.melody)]
        assert all(note.onset >= end for note, end in zip(bar.melody, ends, strict=False))
        assert all(note.duration > 0 for note in bar.melody)
        assert ends[-1] <= bar.length == 4


# --- Bars ----------------------------------------------------------------------------------------


def test_a_note_over_a_bar_line_is_tied():
    made = tune_of_solo(solo(beats("C . . . F . . ."), [(60, (1, 4, 1, 1), 2.0)]))
    first, second = made.tune.bars
    assert [(n.onset, n.duration, n.tied) for n in first.melody] == [(3, 1, False)]
    assert [(n.onset, n.duration, n.tied) for n in second.melody] == [(0, 1, True)]


def test_a_solo_that_begins_with_an_upbeat_has_a_pickup():
    # beats 3 and 4 of the bar before the first chorus, the first note on 4 and
    rows = beats("NC . C6 . . . F7 . . .", first=(0, 3))
    made = tune_of_solo(solo(rows, [(67, (0, 4, 2, 2), 0.5), (72, (1, 1, 1, 1), 1.0)])).tune
    assert made.has_pickup
    assert [bar.length for bar in made.bars] == [2, 4, 4]
    assert line(made)[0] == (67, F(3, 2), F(1, 2))
    assert made.choruses == (1,)
    assert made.sections == ((0, "I1"), (1, "A1"))


def test_empty_bars_before_the_first_chorus_are_left_out():
    rows = beats("NC . . . . . . . C6 . . .", first=(-1, 1))
    made = tune_of_solo(solo(rows, [(72, (1, 2, 1, 1), 1.0)])).tune
    assert len(made.bars) == 1
    assert made.choruses == (0,)
    assert line(made) == [(72, 1, 1)]


def test_rests_at_the_start_of_the_first_chorus_are_kept():
    made = tune_of_solo(solo(beats("C6 . . . F7 . . ."), [(72, (2, 1, 1, 1), 1.0)])).tune
    assert len(made.bars) == 2


def test_the_last_bar_is_complete_though_its_beats_are_not():
    made = tune_of_solo(solo(beats("C6 . . . F7"), [(72, (2, 1, 1, 1), 1.0)])).tune
    assert made.bars[-1].length == 4


def test_changes_of_meter():
    rows = beats("C . . G7", signature="4/4") + beats("C . . . .", first=(2, 1), signature="5/4")
    rows += beats("F . .", first=(3, 1), signature="3/4")
    made = tune_of_solo(solo(rows, [(60, (1, 1, 1, 1), 1.0), (62, (3, 3, 1, 1), 1.0)])).tune
    assert [bar.meter for bar in made.bars] == [Meter(4, 4), Meter(5, 4), Meter(3, 4)]
    assert line(made)[-1] == (62, 11, 1)


def test_beats_of_eighth_notes():
    # 6/8: the second note on the third eighth; the tempo counts eighths
    rows = beats("C . . . . .", signature="6/8")
    made = tune_of_solo(
        solo(rows, [(60, (1, 1, 1, 1), 1.0), (62, (1, 3, 1, 1), 1.0)], tempo=300.0)
    ).tune
    assert made.bars[0].length == 3
    assert line(made) == [(60, 0, F(1, 2)), (62, 1, F(1, 2))]
    assert made.tempos[0].bpm == 150


# --- Chords --------------------------------------------------------------------------------------


def test_chords_change_on_beats():
    rows = beats("C-7 . F7 . Bbj7 . . G79b")
    made = tune_of_solo(solo(rows, [(60, (1, 1, 1, 1), 1.0)], key="Bb-maj")).tune
    assert [chords_of_bar(bar, made.key) for bar in made.bars] == [
        "Cm7 / F7 /",
        "Bbmaj7 / / G7(b9)",
    ]


def test_a_note_without_a_chord_has_the_chord_before_which_does_not_sound():
    rows = beats("C7 . . . NC . . . F7 . . .")
    made = tune_of_solo(
        solo(rows, [(60, (bar, beat, 1, 1), 1.0) for bar in (1, 2, 3) for beat in (1, 2)])
    ).tune
    assert [(c.chord, c.sounding) for bar in made.bars for c in bar.changes] == [
        (parse_chord_symbol("C7"), True),
        (parse_chord_symbol("C7"), False),
        (parse_chord_symbol("F7"), True),
    ]


def test_an_upbeat_before_the_first_chord_has_the_chord_that_comes():
    rows = beats("NC . . . F7 . . .", first=(0, 1))
    made = tune_of_solo(
        solo(rows, [(60, (0, 4, 1, 1), 0.5), (60, (1, 1, 1, 1), 0.5), (60, (1, 2, 1, 1), 0.5)])
    ).tune
    assert [c.chord for bar in made.bars for c in bar.changes] == [parse_chord_symbol("F7")] * 2
    assert not made.bars[0].changes[0].sounding


def test_a_solo_without_chords_is_refused_unless_asked_for():
    free = solo(beats("NC . . ."), [(60, (1, 1, 1, 1), 1.0)], key="F-min")
    with pytest.raises(CorpusError, match="the solo has no chords"):
        tune_of_solo(free)
    made = tune_of_solo(free, without_chords=True).tune
    [change] = made.bars[0].changes
    assert not change.sounding
    assert change.chord.root == 5  # its tonic, F


def test_a_solo_with_few_chords_is_refused_with_their_number():
    rows = beats("C7 NC . . . . . .")
    free = solo(rows, [(60, (bar, beat, 1, 1), 1.0) for bar in (1, 2) for beat in (1, 2)])
    with pytest.raises(CorpusError, match="only 1 of 4 notes of the solo have a chord"):
        tune_of_solo(free)


# --- What is known of the performance ------------------------------------------------------------


def test_facts_of_the_performance():
    made = tune_of_solo(
        solo(
            beats(BAR_OF_C),
            [(60, (1, 1, 1, 1), 1.0)],
            performer="Paul Desmond",
            title="Alone Together",
            instrument="as",
            style="COOL",
            feel="LATIN/SWING",
            tempo=196.8,
            key="D-min",
        )
    ).tune
    assert (made.performer, made.title, made.style) == ("Paul Desmond", "Alone Together", "cool")
    assert (made.feel, made.key, made.tempos[0].bpm) == ("latin", -1, 196.8)
    assert (made.instrument.name, made.instrument.program) == ("Alto Sax", 65)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("C-maj", 0),
        ("Gb-maj", -6),
        ("F#-min", 3),
        ("Db-min", 4),  # C sharp minor
        ("D#-maj", -3),  # E flat major
        ("Ab-mix", -5),
        ("Bb-blues", -2),
        ("D-chrom", None),
        ("Ab", None),
        ("", None),
    ],
)
def test_keys(name, key):
    assert key_of(name) == key


@pytest.mark.parametrize(
    ("name", "feel"),
    [("SWING", "swing"), ("TWOBEAT", "twobeat"), ("FUNK/SWING", "funk"), ("", ""), ("ROCK", "")],
)
def test_feels(name, feel):
    assert feel_of(name) == feel


def test_phrases_begin_on_their_first_notes():
    notes = [(60, (bar, beat, 1, 1), 0.5) for bar in (1, 2) for beat in (2, 3)]
    rows = beats("NC C . . . F . . .", first=(0, 4))
    made = tune_of_solo(solo(rows, [(59, (0, 4, 2, 2), 0.5), *notes], phrases=(0, 3))).tune
    assert made.phrases == (F(1, 2), 6)


def test_choruses_and_the_form():
    # two choruses of two bars, A and B; then the same A again in a third chorus
    rows = [
        *beats("C . . .", form="A1"),
        *beats("F . . .", first=(2, 1), form="B1"),
        *beats("C . . .", first=(3, 1), form="A1", chorus=2),
        *beats("C . . .", first=(4, 1), form="A1", chorus=3),
    ]
    made = tune_of_solo(solo(rows, [(60, (1, 1, 1, 1), 1.0)])).tune
    assert made.choruses == (0, 2, 3)
    assert made.sections == ((0, "A1"), (1, "B1"), (2, "A1"), (3, "A1"))


def test_a_section_that_begins_with_an_upbeat_counts_from_the_next_bar():
    rows = beats("C . . . F . . .")
    rows[3] = rows[3]._replace(form="B1")
    rows[4:] = [row._replace(form="B1") for row in rows[4:]]
    made = tune_of_solo(solo(rows, [(60, (1, 1, 1, 1), 1.0)])).tune
    assert made.sections == ((0, "A1"), (1, "B1"))


def test_velocity_follows_loudness():
    # the median, 12 dB above and below it, silence in the recording, not measured
    notes = [(60, (1, 1 + n, 1, 1), 1.0) for n in range(4)] + [(60, (2, 1, 1, 1), 1.0)]
    rows = beats("C . . . C . . .")
    loudness = [680, 680 + 60, 680 - 120, -662, None]
    made = tune_of_solo(solo(rows, notes, loudness=loudness)).tune
    assert [note.velocity for note in made.melody_notes()] == [80, 113, 40, 80, 80]


# --- Damaged solos -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"beats": []}, "the solo has no beats"),
        ({"notes": []}, "the solo has no notes"),
        ({"beats": beats("C . . C", first=(1, 1))[::-1]}, "bar 1, beat 3 follows bar 1, beat 4"),
        ({"beats": beats("C . . .", signature="4/4") * 2}, "bar 1, beat 1 follows bar 1, beat 4"),
        ({"beats": beats("H7 . . .")}, "H7"),
        ({"beats": beats("C . . .", signature="4/0")}, "4/0"),
        ({"beats": beats("C . . .", signature="4/64")}, "4/64"),
        ({"beats": [r._replace(signature="3/4") for r in beats(BAR_OF_C)]}, "more beats than 3/4"),
        ({"phrases": [3]}, "phrases"),
        ({"beats": beats("C " * 10_001, signature="1/4")}, "more than 10,000 bars"),
    ],
)
def test_a_damaged_solo_is_refused_with_the_reason(change, reason):
    good = solo(beats(BAR_OF_C), [(60, (1, 1, 1, 1), 1.0)])
    with pytest.raises(CorpusError) as caught:
        tune_of_solo(replace(good, **change))
    assert reason in str(caught.value)

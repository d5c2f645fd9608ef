"""Charts and changes of tunes written as music of iReal Pro, and read back."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.charts.chart import Chart, chart_of
from djmodel.music.charts.forms import FORMS
from djmodel.music.charts.ireal.cells import cells_of_onsets, onsets_of_cells
from djmodel.music.charts.ireal.qualities import QUALITIES, parse_ireal_chord
from djmodel.music.charts.ireal.reader import read_music
from djmodel.music.charts.ireal.songs import chart_of_song, song_of_chart
from djmodel.music.charts.ireal.writer import write_music
from djmodel.music.charts.play_order import Marks
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.tune import Bar, Change

METERS = [parse_meter(meter) for meter in ("2/4", "3/4", "4/4", "5/4", "6/4", "7/4", "3/8", "5/8")]
METERS += [parse_meter(meter) for meter in ("6/8", "7/8", "9/8", "12/8", "2/2", "3/2")]


def roundtrip(chart: Chart) -> None:
    """The chart comes back with the same bars, marks, spelling and header."""
    written = song_of_chart(chart)
    assert written.remarks == ()
    read = chart_of_song(written.song)
    assert [bar.changes for bar in read.bars] == [bar.changes for bar in chart.bars]
    assert (read.bars, read.marks) == (chart.bars, chart.marks)
    assert read.last_chorus == chart.last_chorus
    assert (read.key, read.tempo, read.feel) == (chart.key, chart.tempo, chart.feel)


# --- beats and cells ---


@pytest.mark.parametrize("meter", METERS, ids=str)
def test_chords_on_any_beats_of_a_bar_have_cells(meter: Meter) -> None:
    """The first beat and any of the others; with few cells in a line, too."""
    beats = meter.beat_onsets(meter.length)
    for choice in range(2 ** (len(beats) - 1)):
        onsets = (beats[0], *(beat for n, beat in enumerate(beats[1:]) if choice >> n & 1))
        for few in (False, True):
            placed = cells_of_onsets(onsets, meter, few)
            assert placed is not None
            assert tuple(onsets_of_cells(*placed, meter)) == onsets


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8, 12, 16])
@pytest.mark.parametrize("meter", METERS, ids=str)
def test_chords_begin_in_their_bar_in_order(meter: Meter, count: int) -> None:
    for choice in range(2 ** min(count - 1, 7)):
        cells = [0, *(n + 1 for n in range(count - 1) if choice >> n & 1)]
        onsets = onsets_of_cells(cells, count, meter)
        assert onsets[0] == 0
        assert all(a < b for a, b in pairwise(onsets))
        assert onsets[-1] < meter.length


# --- charts ---


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Charts with any meters, chords of all qualities on beats, sections and repeats."""
    bars, marks = [], []
    roots, qualities = st.sampled_from(["C", "Db", "E", "F#", "Bb"]), st.sampled_from(QUALITIES)
    meter = draw(st.sampled_from(METERS))
    count = draw(st.integers(1, 12))
    repeat = draw(st.none() | st.tuples(st.integers(0, count - 1), st.integers(2, 4)))
    for number in range(count):
        if draw(st.integers(0, 5)) == 0:
            meter = draw(st.sampled_from(METERS))
        beats = meter.beat_onsets(meter.length)
        onsets = {beats[0], *draw(st.sets(st.sampled_from(beats), max_size=3))}
        chords = [f"{draw(roots)}{draw(qualities)}" for _ in onsets]
        changes = [
            Change(onset, parse_ireal_chord(chord, None))
            for onset, chord in zip(sorted(onsets), chords, strict=True)
        ]
        unlike = [c for n, c in enumerate(changes) if not n or c.chord != changes[n - 1].chord]
        bars.append(Bar(meter, meter.length, (), tuple(unlike)))
        section = draw(st.sampled_from(["", "", "", "A", "B", "Intro", "Bridge"]))
        starts = repeat is not None and repeat[0] == 0 == number
        ends = repeat is not None and number == repeat[0]
        marks.append(Marks(section, repeat_start=starts, times=repeat[1] if ends and repeat else 0))
    if repeat is not None and repeat[0]:
        marks[0] = replace(marks[0], repeat_start=True)
    return Chart(tuple(bars), tuple(marks), "T", 0, 120.0, "swing", minor=False)


@settings(max_examples=40)
@given(charts())
def test_any_chart_is_read_back(chart: Chart) -> None:
    read = read_music(write_music(chart).text)
    assert (read.bars, read.marks) == (chart.bars, chart.marks)


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_read_back_in_its_key(name: str) -> None:
    roundtrip(replace(read_chart(f"{name}-in-Bb"), tempo=140, feel="swing"))


@pytest.mark.parametrize(
    "changes",
    [
        "Key: F\n|: F7 | Bb7 :|3x C7 | F7",
        "Key: C\n[A] |: C | 1. G7 :| 2. C | [B] F | % | N.C. | G7",
        "Key: C\nC | Segno F | G7 To Coda | A7 | D.S. al Coda | Coda D7 | G7",
        "Key: C\nC | F Fine | G7 | A7 D.C. al Fine",
        "Key: C\n|: C | 1. D :| 2. E :| 3. F | [B] G | A D.C. al 2nd ending",
        "Key: Eb\nTime: 3/4\nEb | Bb7 / / | 4/4 Ab . Abm . | 6/8 Eb Bb7",
    ],
)
def test_marks_of_typed_charts_are_read_back(changes: str) -> None:
    roundtrip(replace(read_chart(changes), tempo=120, feel="swing"))


@pytest.mark.parametrize(
    "music",
    [
        "[C   |D   Q|E   |F   ][QG   Z",
        "[C   |F   ][QG7   Z",
        "[*AC   |F   |C6   U|D-7   Z",
        "[C^7(E-7)  (A7) |C,D-7(Ab7),E-7,F|C   (G7)Z",
    ],
)
def test_last_choruses_and_alternate_chords_are_read_back(music: str) -> None:
    chart = read_music(music)
    assert write_music(chart).text.replace("T44", "") == music


def test_a_long_tune_has_two_cells_a_bar_where_they_are_enough() -> None:
    """Sixty-four bars fill the lines of a page: C, then two chords, then four."""
    chart = read_chart("[C | Dm7 G7 | C Am Dm G] x22")
    text = write_music(chart).text
    assert text.startswith("[T44C |D-7,G7|C,A-,D-,G|C |")
    assert read_music(text).bars == chart.bars


@pytest.mark.parametrize(
    ("changes", "music"),
    [
        ("3/4 C G7 . | F . G7", "[T34C,G7  |F  G7Z"),  # on the second beat, on the third
        ("5/4 C G7", "[T54C G7 Z"),
        ("12/8 C F G7 C", "[T12C,F,G7,CZ"),
        ("6/8 C / G7 / / /", "[T68C,G7  Z"),
    ],
)
def test_chords_stand_in_the_cells_nearest_to_their_beats(changes: str, music: str) -> None:
    """Which other readers of the format go by."""
    assert write_music(read_chart(changes)).text == music


def test_a_chord_off_the_beat_moves_to_its_beat() -> None:
    chart = read_chart("C | F")
    push = Change(Fraction(7, 2), parse_chord_symbol("F"))
    bars = (replace(chart.bars[0], changes=(*chart.bars[0].changes, push)), chart.bars[1])
    written = write_music(replace(chart, bars=bars))
    assert written == ("[T44C  F|F   Z", ("F is on beat 4, not 4.5 in iReal Pro (bar 1)",))


def test_what_is_written_otherwise_is_said_once_with_its_bars() -> None:
    chart = read_chart("C(no5) | F7 | C(no5) | C / / G7 / Dm7 / /")
    assert write_music(chart).remarks == (
        "C(no5) is C in iReal Pro (bars 1, 3)",
        "G7 is on beat 2, not 2.5 in iReal Pro (bar 4)",
        "Dm7 is on beat 3, not 3.5 in iReal Pro (bar 4)",
    )
    eighths = write_music(read_chart("C D E F G A B C | C")).remarks
    assert eighths[0] == "C is left out beside the chord after it on beat 1 in iReal Pro (bar 1)"
    assert sum("left out" in remark for remark in eighths) == 4
    assert write_music(read_chart("C", "11/8")).remarks == ("11/8 is 4/4 in iReal Pro (bar 1)",)


def test_names_that_could_be_signs_do_not_change_the_chart() -> None:
    chart = read_chart("[A]  C | F")
    for name in ("Solo <3x> LZ XyQ Kcl", "=", "|: {N2} [*B]", "\N{GREEK SMALL LETTER ALPHA}"):
        named = replace(chart, marks=(replace(chart.marks[0], section=name), chart.marks[1]))
        song = replace(song_of_chart(named).song, title="T=T")
        assert chart_of_song(song).bars == chart.bars


# --- tunes ---


def test_equal_choruses_of_a_tune_are_one_chorus_of_the_song() -> None:
    tune = parse_changes("blues-in-F", choruses=3, tempo=180)
    chart = chart_of(tune)
    assert (len(chart.bars), chart.choruses) == (12, 3)
    song = song_of_chart(chart).song
    assert (song.key, song.tempo, song.choruses) == ("F", 180, 3)
    different = replace(tune, bars=(*tune.bars[:-1], tune.bars[0]))
    assert len(chart_of(different).bars) == 36


def test_a_pick_up_is_left_out_and_a_cut_bar_is_one_of_a_shorter_meter() -> None:
    tune = parse_changes("[A] C | F | G7 | C", pick_up=Fraction(1))
    chart = chart_of(tune)
    assert [str(bar.meter) for bar in chart.bars] == ["4/4", "4/4", "4/4", "3/4"]
    assert chart.marks[0].section == "A"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ("Key: Eb\nEb | Bb7 | Eb", "Eb"),
        ("Key: Cm\nCm | G7 | Cm", "C-"),
        ("Key: F#\nF# | C#7 | F#", "Gb"),  # the app has no F sharp major
        ("Dm | A7 | Dm", "D-"),
        ("G | D7 | G", "G"),
    ],
)
def test_the_key_is_one_that_the_app_has(changes: str, key: str) -> None:
    assert song_of_chart(read_chart(changes)).song.key == key

"""Charts that were written out, written with repeats."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.changes import read_chart
from djmodel.music.charts.chart import Chart
from djmodel.outputs.charts.repeats import with_repeats
from djmodel.outputs.charts.tables import marks_text


def shown(text: str) -> str:
    """The chart of some changes with repeats: a name, the marks and the number of bars of each
    stretch between marks."""
    words: list[str] = []
    for marks in with_repeats(read_chart(text)).marks:
        starts, ends = marks_text(marks)
        words += [*filter(None, [marks.section and f"[{marks.section}]", *starts.split()]), "1"]
        words += ends.split()
    bars = "".join(f" {word} " if word != "1" else "." for word in words)
    return " ".join(bars.split())


def test_rhythm_changes_have_first_and_second_endings() -> None:
    assert shown("rhythm-changes") == "[A] |: ...... 1. .. :| 2. .. [B] ........ [A] ........"


def test_equal_sections_are_repeated_as_often_as_they_come() -> None:
    assert shown("modal") == "[A] |: ........ :| [B] ........ [A] ........"
    assert shown("[A] C | F [A] C | F [A] C | F [B] G") == "[A] |: .. :| x3 [B] ."


def test_sections_of_a_chart_without_names_get_letters_if_one_comes_again() -> None:
    a, b = "Dm7 | G7 | C | % | Dm7 | G7 | C | %", "Fm7 | Bb7 | Eb | % | Am7 | D7 | G7 | %"
    assert shown(f"{a} | {b} | {a}") == "[A] ........ [B] ........ [A] ........"
    assert shown(f"{a} | {b}") == "................"


def test_a_form_that_comes_again_as_a_whole_is_written_once() -> None:
    chart = with_repeats(read_chart("[C7 | F7 | C7 | % | F7 | % | C7 | % | G7 | F7 | C7 | G7] x3"))
    assert (len(chart.bars), chart.choruses) == (12, 3)


def test_a_vamp_is_repeated() -> None:
    assert shown("[Dm7 | G7 | Cmaj7 | A7] x4") == "|: .... :| x4"


def test_a_chart_with_repeats_of_its_own_stays_as_it_is() -> None:
    chart = read_chart("[A] |: C | F :| [A] C | F | [A] C | F")
    assert with_repeats(chart) is chart


def test_a_chart_without_bars_stays_as_it_is() -> None:
    assert with_repeats(Chart((), ())) == Chart((), ())


def test_chords_that_are_written_differently_are_not_alike() -> None:
    assert shown("[A] F#7 | B | [A] Gb7 | B") == "[A] .. [A] .."


_BARS = st.lists(st.sampled_from(["C", "F", "G7"]), min_size=1, max_size=8)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Sections of a few kinds, some with another last bar; with names, or without any."""
    kinds = [" | ".join(draw(_BARS)) for _ in "AB"]
    named = draw(st.booleans())
    order = draw(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=1, max_size=6))
    sections = [
        (f"[{'AB'[kind]}] " if named else "")
        + kinds[kind]
        + (" | Am | Em" if other else " | F | C")
        for kind, other in order
    ]
    return read_chart(" | ".join(sections))


@given(charts())
@settings(max_examples=60)
def test_what_is_played_stays_the_same(chart: Chart) -> None:
    written = with_repeats(chart)
    assert written.played(written.choruses or 1).bars == chart.played().bars
    assert len(written.bars) <= len(chart.bars)

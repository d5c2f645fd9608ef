"""Repeats, endings and jumps of MusicXML, played as they are written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from helpers.sheets import (
    COMMON,
    ending,
    harmony,
    left,
    note,
    part,
    repeat,
    sheet,
    sign,
    words,
)

from djmodel.inputs.reader import read_score, read_tune, read_tunes, transcribe
from djmodel.music.chord_symbol import chord_symbol

F = Fraction
NAMES = "CDEFGAB"


def played(tmp_path: Path, *bars: str) -> tuple[str, tuple[str, ...]]:
    """The letters of the bars as they are played, each a whole note, and the remarks."""
    path = tmp_path / "tune.musicxml"
    path.write_text(sheet(part(*bars)))
    score = read_score(path)
    letters = {
        12 * 6 + step: name for step, name in zip((0, 2, 4, 5, 7, 9, 11), NAMES, strict=True)
    }
    assert [n.onset for n in score.parts[0].notes] == [4 * n for n in range(len(score.measures))]
    return "".join(letters[n.pitch] for n in score.parts[0].notes), score.remarks


C, D, E, G = (note(f"{name}5") for name in "CDEG")
FF, A, B = note("F5"), note("A5"), note("B5")


def test_a_repeat_is_played_twice_and_without_its_start_from_the_beginning(tmp_path):
    assert played(tmp_path, C, D + repeat("backward"), E) == ("CDCDE", ())
    assert played(tmp_path, C, repeat("forward") + D + repeat("backward"), E) == ("CDDE", ())


def test_a_syllable_is_not_a_jump(tmp_path):
    # A program has read the text of a madrigal from a printed page.
    assert played(tmp_path, C, D + words("gli DC"), E) == ("CDE", ())


def test_a_jump_whose_words_stand_before_the_last_bar_is_taken_behind_its_repeat(tmp_path):
    # Minuet and trio: the words D.C. need room, and begin a bar early.
    trio = repeat("forward") + D, E + words("D.C."), FF + repeat("backward")
    assert played(tmp_path, C, *trio) == ("CDEFDEFCDEF", ())


def test_a_repeat_is_played_as_often_as_it_says(tmp_path):
    bars = C, repeat("forward") + D + repeat("backward", times="3"), E
    assert played(tmp_path, *bars) == ("CDDDE", ())


def test_endings_are_played_by_their_numbers(tmp_path):
    first = left(ending("1")) + D + repeat("backward", ending("1", "stop"))
    second = left(ending("2")) + E + '<barline location="right">' + ending("2", "discontinue")
    assert played(tmp_path, C, first, second + "</barline>", FF) == ("CDCEF", ())
    # Two times the first ending, and its numbers printed rather than given.
    printed = left('<ending number="1" type="start">1., 2.</ending>') + D + repeat("backward")
    third = left('<ending number="1" type="start">3.</ending>') + E
    assert played(tmp_path, C, printed, third) == ("CDCDCE", ())


def test_endings_of_several_bars_are_played(tmp_path):
    first = left(ending("1")) + D, E + repeat("backward", ending("1", "stop"))
    second = left(ending("2")) + FF, G
    assert played(tmp_path, C, *first, *second) == ("CDECFG", ())


def test_a_repeat_without_its_start_begins_where_the_last_ending_is_over(tmp_path):
    first = left(ending("1")) + D + repeat("backward", ending("1", "stop"))
    second = left(ending("2")) + E, FF + left(ending("2", "discontinue"))
    bars = C, first, *second, G, left(ending("1")) + A + repeat("backward"), left(ending("2")) + B
    assert played(tmp_path, *bars) == ("CDCEFGAGB", ())


def test_an_ending_may_be_longer_than_its_bracket(tmp_path):
    first = left(ending("1")) + D + left(ending("1", "stop")), E + repeat("backward")
    assert played(tmp_path, C, *first, left(ending("2")) + FF) == ("CDECF", ())


@pytest.mark.parametrize(
    "jump",
    [
        words("D.S. al Coda"),
        words("DS al Coda", '<sound dalsegno="segno"/>'),
        words("Dal Segno alla Coda"),
        '<sound dalsegno="segno"/>',
    ],
)
@pytest.mark.parametrize(
    "leave", [words("To Coda"), '<sound tocoda="coda"/>', sign("coda") + words("To Coda")]
)
def test_from_the_segno_to_the_coda(tmp_path, jump, leave):
    bars = C, sign("segno") + D + leave, E + jump, sign("coda") + FF
    assert played(tmp_path, *bars) == ("CDEDF", ())


def test_of_two_codas_the_first_is_the_place_to_leave(tmp_path):
    # In the bar before the one that it stands above.
    bars = C, D, sign("coda") + E + words("D.C. al Coda"), sign("coda") + FF
    assert played(tmp_path, *bars) == ("CDECDF", ())


@pytest.mark.parametrize(
    "jump", [words("D.C. al Fine"), words("Da Capo al Fine"), '<sound dacapo="yes"/>']
)
@pytest.mark.parametrize("fine", [words("Fine"), '<sound fine="yes"/>'])
def test_from_the_beginning_to_fine(tmp_path, jump, fine):
    assert played(tmp_path, C, D + fine, E + jump) == ("CDECD", ())


def test_after_a_jump_nothing_is_repeated_and_the_last_ending_is_played(tmp_path):
    bars = (
        repeat("forward") + C,
        left(ending("1")) + D + repeat("backward", ending("1", "stop")),
        left(ending("2")) + E + words("Fine"),
        FF + words("D.C. al Fine"),
    )
    assert played(tmp_path, *bars) == ("CDCEFCE", ())


def test_repeats_of_a_lower_part_are_played_too(tmp_path):
    path = tmp_path / "two.musicxml"
    upper = part(C, D)
    lower = part(note("C3"), note("D3") + repeat("backward"), identity="P2")
    path.write_text(sheet(upper, lower))
    assert [len(p.grid_notes) for p in read_score(path).parts] == [4, 4]


def test_a_start_of_a_repeat_without_an_end_is_no_repeat(tmp_path):
    bars = repeat("forward") + C + repeat("backward"), repeat("forward") + D, E
    assert played(tmp_path, *bars) == ("CCDE", ())


def test_chords_are_played_with_the_melody_and_those_that_hold_hold_after_a_jump(tmp_path):
    path = tmp_path / "chords.musicxml"
    bars = (
        harmony("C", "major-seventh") + C,
        repeat("forward") + D,  # still the C major seventh
        harmony("G", "dominant") + E + repeat("backward"),
        harmony("C") + FF,
    )
    path.write_text(sheet(part(*bars)))
    tune = read_tune(path)
    symbols = [[chord_symbol(change.chord) for change in bar.changes] for bar in tune.bars]
    assert symbols == [["Cmaj7"], ["Cmaj7"], ["G7"], ["Cmaj7"], ["G7"], ["C"]]


def test_the_tempo_of_the_place_that_a_jump_leads_to_holds(tmp_path):
    path = tmp_path / "tempo.musicxml"
    path.write_text(
        sheet(part('<sound tempo="100"/>' + C, '<sound tempo="50"/>' + D + repeat("backward"), E))
    )
    assert [tuple(tempo) for tempo in read_score(path).tempos] == [
        (0, 100), (4, 50), (8, 100), (12, 50)]  # fmt: skip


def test_a_pick_up_is_played_again_where_the_repeat_begins_with_it(tmp_path):
    path = tmp_path / "pick-up.musicxml"
    bars = note("G4", 1), C, note("D5", 3) + repeat("backward"), note("E5", 4)
    path.write_text(sheet(part(*bars)))
    assert [m.length for m in read_score(path).measures] == [1, 4, 3, 1, 4, 3, 4]


def test_a_note_tied_into_both_endings_is_one_note_each_time(tmp_path):
    path = tmp_path / "ties.musicxml"
    held = note("D5", 4, '<tie type="start"/>'), note("D5", 4, '<tie type="stop"/>')
    first = left(ending("1")) + held[1] + repeat("backward", ending("1", "stop"))
    path.write_text(sheet(part(C, held[0], first, left(ending("2")) + held[1], E)))
    notes = read_tune(path).melody_notes()
    assert [(n.pitch, n.duration) for n in notes] == [(72, 4), (74, 8), (72, 4), (74, 8), (76, 4)]


def test_sections_are_those_of_the_bars_as_played(tmp_path):
    path = tmp_path / "form.musicxml"

    def letter(name):
        return (
            f"<direction><direction-type><rehearsal>{name}</rehearsal></direction-type></direction>"
        )

    path.write_text(sheet(part(letter("A") + C + repeat("backward"), letter("B") + D, E)))
    assert [tuple(section) for section in read_tune(path).sections] == [
        (0, "A"),
        (1, "A"),
        (2, "B"),
    ]


# --- what no player could follow -------------------------------------------------------------


@pytest.mark.parametrize(
    ("bars", "reason"),
    [
        ((C, left(ending("1")) + D, left(ending("2")) + E), "follows an ending without :|"),
        ((C, D + words("D.S. al Coda"), E), "has no Segno before it"),
        ((C, sign("segno") + D + words("D.S. al Coda"), E), "has no To Coda"),
        ((C + words("D.S. al Fine"), sign("segno") + D, E + words("Fine")), "no Segno before it"),
        ((C, left(ending("1")) + D + words("Fine") + repeat("backward"),
          left(ending("2")) + E + words("D.C. al Fine")), "D.C. al Fine never ends"),
        ((C + words("To Coda") + words("D.C. al Coda"), sign("coda") + D, sign("coda") + E),
         "several codas (bars 2 and 3)"),
        ((C, D, E + repeat("backward", times="99999999")), "more than 10,000 bars"),
        ((C, left(ending("1-99")) + D + repeat("backward"), E), ""),
        ((C, D.replace("<note>", '<barline location="middle"><repeat direction="backward"/>'
                       "</barline><note>"), E), "inside a bar"),
    ],
)  # fmt: skip
def test_marks_that_nobody_could_follow_are_left_out_and_said(tmp_path, bars, reason):
    order, remarks = played(tmp_path, *bars)
    if reason:
        assert order == "CDE"
        [remark] = remarks
        assert remark.startswith("each bar is read once: ")
        assert reason in remark


def test_the_reason_is_part_of_the_verdict_on_the_file(tmp_path):
    path = tmp_path / "overlap.musicxml"
    bars = harmony("C") + C, left(ending("1")) + D, left(ending("2")) + E
    path.write_text(sheet(part(*bars)))
    [result] = read_tunes([path], cached=False).results
    assert str(result) == (
        "used: 3 bars; each bar is read once: ending 2 follows an ending without :| (bar 3)"
    )


def test_repeats_cannot_multiply_notes_without_bounds(tmp_path):
    path = tmp_path / "many.musicxml"
    path.write_text(sheet(part(note("C5", 1 / 12) * 48 + repeat("backward", times="9999"))))
    [result] = read_tunes([path, tmp_path / "none.mid"], cached=False).results[:1]
    assert str(result) == "skipped: the file has more than 200,000 notes"


def test_thousands_of_jumps_are_refused_at_once(tmp_path):
    order, [remark] = played(tmp_path, *[C + words("D.C.")] * 2000)
    assert len(order) == 2000
    assert "more than 64 jumps" in remark


def test_music21_reads_what_the_reader_does_not_know_and_it_is_said(tmp_path):
    path = tmp_path / "inside.musicxml"
    change = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    path.write_text(sheet(part(C, note("D5", 2) + change + note("E5", 1), note("F5", 3))))
    made = transcribe(path)
    assert [n.pitch for n in made.tune.melody_notes()] == [72, 74, 76, 77]
    assert "read by music21, each bar once: the meter changes inside a bar" in made.note


def test_parts_with_bars_of_different_lengths_are_left_to_music21(tmp_path):
    path = tmp_path / "two.musicxml"
    three = COMMON.replace("<beats>4", "<beats>3")
    lower = part(*[note("C3", 3)] * 4, attributes=three, identity="P2")
    listed = '<score-part id="P1"/><score-part id="P2"/>'
    path.write_text(sheet(part(C, D, E), lower, part_list=listed))
    score = read_score(path)
    assert score.remarks == ("read by music21, each bar once: its parts have different meters",)
    assert [n.onset for n in score.parts[1].notes] == [0, 3, 6, 9]

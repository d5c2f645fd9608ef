"""Quantization: written notes on 24ths, played ones on fourths and thirds, and the report of
changes."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from helpers import midi_files as mf
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs.quantization import Grids, quantize, quantize_time
from djmodel.inputs.reader import read_score

F = Fraction


def only_part(score: Any) -> list[tuple[Fraction, Fraction, int]]:
    [part] = score.parts
    return [(note.onset, note.duration, note.pitch) for note in part.notes]


@given(st.fractions(0, 50, max_denominator=480))
def test_the_nearest_point_of_the_grid_is_a_24th(time: Fraction) -> None:
    assert (quantize_time(time) * 24).denominator == 1
    assert abs(quantize_time(time) - time) <= F(1, 48)


def test_notes_are_moved_to_the_grid_and_counted(tmp_path: Path) -> None:
    # Played by hand: a bit late, a swung quaver, one note cut short, one in time.
    played = [(0.04, 0.6, 60), (0.69, 0.3, 62), (1, 0.8, 64), (2, 1, 65)]
    score = read_score(mf.write(tmp_path / "played.mid", mf.Track(played)))
    assert only_part(score) == [
        (F(0), F(2, 3), 60),
        (F(2, 3), F(1, 3), 62),
        (F(1), F(3, 4), 64),
        (F(2), F(1), 65),
    ]
    assert (score.quantization.moved, score.quantization.resized) == (2, 1)


def test_two_notes_of_a_pitch_on_one_grid_point_are_merged(tmp_path: Path) -> None:
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track([(0, 0.05, 60), (0.06, 1, 60)])))
    assert only_part(score) == [(F(0), F(1), 60)]
    assert score.quantization.merged == 1


def places(notes: list[tuple[int, int, int, int]], ticks: int = 480) -> list[tuple[int, int]]:
    grid_notes, _ = quantize(notes, Grids(ticks))
    return [(note.start, note.end) for note in grid_notes]


def test_a_played_note_too_short_for_the_grid_keeps_a_fourth_or_third() -> None:
    # And not more than there is until the next note of the line.
    played = [(3, 7, 60, 80), (165, 166, 62, 80), (244, 250, 64, 80)]
    assert places(played) == [(0, 6), (8, 12), (12, 18)]


def figure(*lengths: Fraction) -> list[tuple[Fraction, Fraction, int]]:
    """A rising line of notes of these lengths."""
    onsets = [sum(lengths[:number], F(0)) for number in range(len(lengths))]
    return [
        (on, length, 60 + number)
        for number, (on, length) in enumerate(zip(onsets, lengths, strict=True))
    ]


FIGURES = {
    "sextuplets": (F(1, 6),) * 6,
    "thirty-seconds": (F(1, 8),) * 8,
    "a dotted sixteenth and a thirty-second": (F(3, 8), F(1, 8), F(1, 2)),
    "triplets of thirty-seconds": (F(1, 12),) * 12,
    "a turn before a beat": (F(19, 24), F(1, 24), F(1, 24), F(1, 8), F(1)),
}


@pytest.mark.parametrize("ticks", [96, 120, 192, 480, 960, 1024, 10080])
@pytest.mark.parametrize("lengths", FIGURES.values(), ids=FIGURES)
def test_fast_figures_of_a_written_part_are_kept(
    tmp_path: Path, lengths: tuple[Fraction, ...], ticks: int
) -> None:
    notes = figure(F(1, 2), F(1, 2), *lengths, F(1, 3), F(1, 3), F(1, 3), F(1))
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track(notes), ticks=ticks))
    assert only_part(score) == notes
    assert score.quantization.merged == 0


def test_ends_that_a_notation_program_cuts_short_are_written_out(tmp_path: Path) -> None:
    # MuseScore lets a note sound for 95 % of its length.
    notes = figure(F(1), F(1, 2), F(1, 4), F(1, 4), *(F(1, 6),) * 6, *(F(1, 8),) * 8)
    sounding = [(on, length * F(95, 100), pitch) for on, length, pitch in notes]
    assert only_part(read_score(mf.write(tmp_path / "x.mid", mf.Track(sounding)))) == notes


def test_septuplets_do_not_fall_together(tmp_path: Path) -> None:
    notes = figure(*(F(1),) * 15, *(F(1, 7),) * 7)
    starts = [
        on for on, _, _ in only_part(read_score(mf.write(tmp_path / "x.mid", mf.Track(notes))))
    ]
    assert len(set(starts)) == len(notes)


def test_played_notes_in_a_row_are_kept_apart(tmp_path: Path) -> None:
    # A run of eight in a beat by hand, between a late beat and a swung quaver; a chord that is not
    # struck together remains one.
    run = [1.02, 1.13, 1.26, 1.38, 1.49, 1.64, 1.74, 1.88]
    line = [(0.03, 0.9, 60), *[(on, 0.11, 62 + n) for n, on in enumerate(run)], (2.02, 0.6, 72)]
    chord = [(2.65, 1.2, 65), (2.69, 1.2, 72), (2.705, 1.2, 69)]
    found = only_part(read_score(mf.write(tmp_path / "x.mid", mf.Track([*line, *chord]))))
    starts = [on for on, _, _ in found]
    assert starts[:10] == [0, 1, F(9, 8), F(5, 4), F(4, 3), F(3, 2), F(5, 3), F(7, 4), F(15, 8), 2]
    assert starts[10:] == [F(8, 3)] * 3


@given(
    st.lists(st.tuples(st.integers(20, 700), st.integers(1, 700), st.integers(50, 70)), min_size=1),
    st.sampled_from([24, 96, 480, 1000]),
)
def test_the_order_of_a_line_is_kept(line: list[tuple[int, int, int]], ticks: int) -> None:
    # Notes at least a thirty-second apart, each of which ends by the next.
    notes, on = [], 0
    for gap, length, pitch in line:
        gap = max(gap, ticks // 8)
        notes.append((on, on + min(length, gap), pitch, 80))
        on += gap
    placed = places(notes, ticks)
    if ticks >= 96:
        assert len(placed) == len(notes)
        assert all(end <= start for (_, end), (start, _) in pairwise(placed))
    assert all(start < end for start, end in placed)


def test_places_in_two_grids_keep_their_order() -> None:
    # The first two notes lie a 24th apart; the others need no more than eighths and sixths.
    line = [(172, 196, 60, 80), (196, 206, 62, 80), (206, 260, 64, 80), (260, 300, 65, 80)]
    grid_notes, _ = quantize(line, Grids(480))
    assert [(n.start, n.pitch) for n in grid_notes] == [(9, 60), (10, 62), (10, 64), (12, 65)]


def test_notes_of_zero_length_are_dropped_and_counted(tmp_path: Path) -> None:
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track([(0, 1, 60), (1, 0, 62)])))
    assert [pitch for _, _, pitch in only_part(score)] == [60]
    assert score.quantization.dropped == 1


@pytest.mark.parametrize("ticks", [96, 120, 192, 384, 480, 960, 10080])
def test_a_quantized_file_is_not_changed(tmp_path: Path, ticks: int) -> None:
    notes = mf.line(*range(60, 68), length=F(1, 3)) + mf.line(72, 74, 76, length=F(1, 4), start=4)
    score = read_score(mf.write(tmp_path / "x.mid", mf.Track(notes), ticks=ticks))
    assert not any(
        (
            score.quantization.moved,
            score.quantization.merged,
            score.quantization.dropped,
            score.quantization.resized,
        )
    )
    assert only_part(score) == [(F(on), F(length), pitch) for on, length, pitch in notes]

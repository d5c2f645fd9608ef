"""Quantization: notes on the grid of fourths and thirds, and the report of changes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from helpers import midi_files as mf
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs.quantization import TickQuantizer, quantize, quantize_time
from djmodel.inputs.reader import read_score

F = Fraction


def only_part(score: Any) -> list[tuple[Fraction, Fraction, int]]:
    [part] = score.parts
    return [(note.onset, note.duration, note.pitch) for note in part.notes]


@given(st.fractions(0, 50, max_denominator=480))
def test_grid_points_are_the_nearest_fourths_and_thirds(time: Fraction) -> None:
    point = quantize_time(time)
    assert (point * 4).denominator == 1 or (point * 3).denominator == 1
    candidates = [F(round(time * n), n) for n in (3, 4)]
    assert abs(point - time) == min(abs(c - time) for c in candidates)


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


def test_a_note_too_short_for_the_grid_keeps_a_step() -> None:
    grid_notes, _ = quantize(
        [(0, 5, 60, 80), (160, 161, 62, 80), (240, 250, 64, 80)], TickQuantizer(480)
    )
    assert [(s.start, s.end) for s in grid_notes] == [(0, 3), (4, 8), (6, 9)]


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

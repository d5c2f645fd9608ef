"""Scores as tunes: melody, chords, bars."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from helpers import midi_files as mf

from djmodel.inputs.reader import read_tune, transcribe
from djmodel.inputs.score import Measure, Symbol
from djmodel.inputs.score_to_tune import changes_from_symbols
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Change, parse_bars
from seqmodel.errors import CorpusError, InputError

F = Fraction
C, G7 = (48, 52, 55), (43, 47, 50, 53)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return mf.write_song(tmp_path / "song.mid")


def test_a_song_becomes_a_tune(song: Path) -> None:
    tune = read_tune(song)
    assert tune.title == "Walking Song"
    assert tune.tempos[0].bpm == pytest.approx(90, abs=0.001)
    assert tune.instrument.name == "Flute"
    assert [chord_symbol(c.chord) for bar in tune.bars for c in bar.changes] == [
        "C", "Am", "Dm", "G7",
    ]  # fmt: skip
    assert [note.pitch for note in tune.bars[1].melody] == [79, 77, 76, 74]
    assert [part.instrument.name for part in tune.accompaniment] == ["Piano"]
    assert sum(len(part.notes) for part in tune.accompaniment) == 13


def test_a_note_held_over_a_bar_line_is_tied(tmp_path: Path) -> None:
    # The fourth note lasts for six quarters: one in bar 1, four in bar 2, one in bar 3.
    held = [*mf.MELODY[:3], (3, 6, 77), *mf.MELODY[9:]]
    bars = read_tune(mf.write_song(tmp_path / "x.mid", held)).bars
    assert [(n.onset, n.duration, n.tied) for n in bars[0].melody][-1] == (3, 1, False)
    assert [(n.onset, n.duration, n.tied) for n in bars[1].melody] == [(0, 4, True)]
    assert bars[2].melody[0].tied
    assert read_tune(mf.write_song(tmp_path / "x.mid", held)).melody_notes()[3].duration == 6


def test_a_range_of_bars_counts_from_one_and_includes_both_ends(song: Path) -> None:
    tune = read_tune(song, bars=(2, 3))
    assert [n.pitch for bar in tune.bars for n in bar.melody] == [79, 77, 76, 74, 72, 76, 74, 77]
    assert {note.onset for note in tune.accompaniment[0].notes} == {0, 4}


def test_the_excerpt_of_the_course(metheny: Path) -> None:
    # Quarter notes 476 to 548 of the guitar, over the piano.
    tune = read_tune(metheny, melody_part="Guitar", chord_part="Piano", bars=(120, 137))
    assert len(tune.bars) == 18
    assert tune.length == 548 - 476
    assert [part.instrument.name for part in tune.accompaniment] == ["Piano"]
    whole = read_tune(metheny, melody_part="Guitar", chord_part="Piano")
    first = next(n for n in whole.melody_notes() if n.onset >= 476)
    assert tune.melody_notes()[0].pitch == first.pitch


@pytest.mark.parametrize("bars", [(0, 2), (3, 2), (2, 5), (9, 9)])
def test_bars_outside_the_tune_are_refused(song: Path, bars: tuple[int, int]) -> None:
    with pytest.raises(CorpusError, match=f"bars {bars[0]}:{bars[1]} are not within bars 1 to 4"):
        read_tune(song, bars=bars)


def test_bars_in_which_the_melody_rests_are_refused(tmp_path: Path) -> None:
    path = mf.write_song(tmp_path / "x.mid", mf.MELODY[:4])
    with pytest.raises(CorpusError, match="rests only in bars 2:3"):
        read_tune(path, bars=(2, 3))


@pytest.mark.parametrize(
    ("text", "bars"),
    [("120:137", (120, 137)), ("5-8", (5, 8)), ("5", (1, 5)), (None, None)],
)
def test_a_range_of_bars_is_parsed(text: str | None, bars: tuple[int, int] | None) -> None:
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["", "five", "a:b", "1:2:3", ":", "-1:4", "9" * 5000])
def test_text_that_is_not_a_range_of_bars_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="FROM:TO"):
        parse_bars(text)


def test_the_chords_of_a_lone_melody_are_inferred_and_reported(tmp_path: Path) -> None:
    path = mf.write(tmp_path / "x.mid", mf.Track(mf.MELODY, "Flute", 73))
    made = transcribe(path)
    assert made.note == "chords inferred from the melody"
    assert len(made.tune.bars[0].changes) >= 1
    assert made.tune.accompaniment == ()


def test_after_the_accompaniment_stops_its_last_chord_holds(tmp_path: Path) -> None:
    path = mf.write(
        tmp_path / "x.mid",
        mf.Track(mf.MELODY, "Flute", 73, 0),
        mf.Track(mf.chords(C, G7), "Piano", 0, 1),
    )
    bars = read_tune(path).bars
    assert chord_symbol(bars[2].changes[0].chord) == "G7"
    assert not bars[2].changes[0].sounding


def test_written_chords_hold_until_the_next_and_under_nc() -> None:
    dm, g7 = parse_chord_symbol("Dm7"), parse_chord_symbol("G7")
    measures = [Measure(F(4 * n), F(4), Meter(4, 4)) for n in range(4)]
    symbols = [Symbol(F(4), dm), Symbol(F(6), g7), Symbol(F(8), None), Symbol(F(14), dm)]
    assert changes_from_symbols(symbols, measures) == (
        (Change(F(0), dm, sounding=False),),
        (Change(F(0), dm), Change(F(2), g7)),
        (Change(F(0), g7, sounding=False),),
        (Change(F(0), g7, sounding=False), Change(F(2), dm)),
    )

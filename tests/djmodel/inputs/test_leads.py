"""Which part leads in each bar: two that alternate, doubled melodies, a voice below the guitars."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import midi_files as mf

from djmodel.inputs.melody.selection import ChosenParts, choose_parts
from djmodel.inputs.quantization import STEPS_PER_QUARTER
from djmodel.inputs.reader import read_score, read_tune

# Ode to Joy, eight bars, and an answer to it a third lower: two tunes of one kind.
ODE = [
    *mf.line(64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64),
    *[(12, 1.5, 64), (13.5, 0.5, 62), (14, 2, 62)],
    *mf.line(64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, start=16),
    *[(28, 1.5, 62), (29.5, 0.5, 60), (30, 2, 60)],
]
ANSWER = [
    *mf.line(67, 65, 64, 62, 64, 65, 67, 60, 62, 64, 65, 62),
    *[(12, 1.5, 64), (13.5, 0.5, 65), (14, 2, 67)],
    *mf.line(69, 67, 65, 64, 65, 67, 69, 62, 64, 65, 67, 64, start=16),
    *[(28, 1.5, 62), (29.5, 0.5, 64), (30, 2, 60)],
]
C, F, G = (48, 52, 55), (48, 53, 57), (47, 50, 55)
CHORDS = [C, G, C, G, C, G, C, G]
BASS = [36, 43, 36, 43, 36, 43, 36, 43]
# A guitar that picks the chords in eighths, an octave above the voice.
PICKED = [
    (4 * bar + k / 2, 0.5, chord[k % 3] + 24) for bar, chord in enumerate(CHORDS) for k in range(8)
]


def shifted(notes: list[mf.Played], bars: int, up: int = 0) -> list[mf.Played]:
    return [(onset + 4 * bars, length, pitch + up) for onset, length, pitch in notes]


def within(notes: list[mf.Played], *bars: int) -> list[mf.Played]:
    """The notes that begin in some bars, counted from 0."""
    return [note for note in notes if note[0] // 4 in bars]


def chosen(path: Path, *tracks: list[mf.Played], times: int = 1) -> ChosenParts:
    """The parts of a file of unnamed tracks on one instrument, over chords and a bass."""
    chords = mf.chords(*CHORDS * times)
    bass = mf.line(*BASS * times, length=4)
    parts = [
        mf.Track(notes, channel=channel) for channel, notes in enumerate([chords, *tracks, bass])
    ]
    return choose_parts(read_score(mf.write(path / "band.mid", *parts)))


def sounded(choice: ChosenParts) -> list[tuple[float, int]]:
    return [(float(note.onset), note.pitch) for note in choice.melody]


def written(*notes: list[mf.Played]) -> list[tuple[float, int]]:
    return sorted((float(onset), pitch) for each in notes for onset, _, pitch in each)


def test_the_chorus_is_taken_from_the_instrument_that_leads_in_it(tmp_path: Path) -> None:
    # verse, chorus, verse, chorus: one instrument each, which rests while the other plays
    verse = [*ODE, *shifted(ODE, 16)]
    chorus = [*shifted(ANSWER, 8, up=5), *shifted(ANSWER, 24, up=5)]
    choice = chosen(tmp_path, verse, chorus, times=4)
    assert sounded(choice) == written(verse, chorus)
    assert [lead.part.number for lead in choice.leads] == [2, 3, 2, 3]
    assert [result.role for result in choice.roles] == ["harmony", "melody", "melody", "harmony"]


def test_long_tones_behind_the_other_lead_are_not_melody(tmp_path: Path) -> None:
    # the singer of the verse holds the roots in whole notes while the other leads
    behind = shifted(mf.line(*[pitch + 36 for pitch in BASS], length=4), 8)
    chorus = shifted(ANSWER, 8, up=5)
    choice = chosen(tmp_path, [*ODE, *behind], chorus, times=2)
    assert sounded(choice) == written(ODE, chorus)


def test_call_and_response_of_two_bars_each(tmp_path: Path) -> None:
    calls = within([*ODE, *shifted(ODE, 8)], 0, 1, 4, 5, 8, 9, 12, 13)
    answers = within([*ANSWER, *shifted(ANSWER, 8)], 2, 3, 6, 7, 10, 11, 14, 15)
    choice = chosen(tmp_path, calls, answers, times=2)
    assert sounded(choice) == written(calls, answers)
    assert len(choice.leads) == 8


def test_the_pickup_of_a_phrase_comes_with_the_part_that_takes_over(tmp_path: Path) -> None:
    # the verse ends on the second beat; the chorus begins with an upbeat of two eighths
    verse = [note for note in ODE if note[0] < 30]
    upbeat = [(31, 0.5, 65), (31.5, 0.5, 67)]
    chorus = [*upbeat, *shifted(ANSWER, 8, up=5)]
    choice = chosen(tmp_path, verse, chorus, times=2)
    assert sounded(choice) == written(verse, chorus)
    assert choice.leads[1].start == 31 * STEPS_PER_QUARTER


def test_short_fills_between_the_phrases_are_left_out(tmp_path: Path) -> None:
    # while the voice holds the last note of a line, a guitar runs up a chord above it
    tune = [*ODE, *shifted(ANSWER, 8)]
    run = mf.line(72, 76, 79, 84, length=0.5)
    fills = [note for bar in (3, 7, 11, 15) for note in shifted(run, bar) if note]
    fills = [(onset + 2, length, pitch) for onset, length, pitch in fills]
    choice = chosen(tmp_path, tune, fills, times=2)
    assert sounded(choice) == written(tune)
    assert len(choice.leads) == 1


@pytest.mark.parametrize("up", [-12, 0, 12])
def test_a_melody_that_is_doubled_in_the_chorus_is_taken_once(tmp_path: Path, up: int) -> None:
    tune = [*ODE, *shifted(ANSWER, 8)]
    choice = chosen(tmp_path, tune, shifted(ANSWER, 8, up), times=2)
    heard = [(onset, pitch % 12) for onset, pitch in sounded(choice)]
    assert heard == [(onset, pitch % 12) for onset, pitch in written(tune)]


def test_a_voice_below_the_guitars_is_the_melody(tmp_path: Path) -> None:
    choice = chosen(tmp_path, PICKED, [(on, length, pitch - 7) for on, length, pitch in ODE])
    assert [result.role for result in choice.roles] == ["harmony", "harmony", "melody", "harmony"]


def test_a_second_voice_does_not_lead_in_a_bar_in_which_the_melody_rests(tmp_path: Path) -> None:
    """The fifth of sixteen; an octave below, it plays in nine others beside the melody."""
    ode = [*within(ODE, 0, 1, 2, 3, 5, 6, 7), *shifted(ODE, 8)]
    second = within([*shifted(ANSWER, 0, -12), *shifted(ANSWER, 8, -12)],
                    *(0, 3, 4, 5, 6), *(8, 11, 12, 13, 14))  # fmt: skip
    assert sounded(chosen(tmp_path, ode, second, times=2)) == written(ode)


def test_a_riff_above_the_melody_is_not_the_melody(tmp_path: Path) -> None:
    # a figure of one bar over and over, of tones of the chords
    riff = [
        (4 * bar + at, length, chord[tone] + 24)
        for bar, chord in enumerate(CHORDS)
        for at, length, tone in [(0, 1.5, 0), (1.5, 0.5, 1), (2, 1, 2), (3, 0.5, 1), (3.5, 0.5, 0)]
    ]
    choice = chosen(tmp_path, riff, ODE)
    assert sounded(choice) == written(ODE)


def test_call_and_response_over_long_tones(tmp_path: Path) -> None:
    calls = within([*ODE, *shifted(ODE, 8)], 0, 1, 4, 5, 8, 9, 12, 13)
    answers = within([*ANSWER, *shifted(ANSWER, 8)], 2, 3, 6, 7, 10, 11, 14, 15)
    choice = chosen(tmp_path, calls, mf.line(*[72, 74] * 8, length=4), answers, times=2)
    assert sounded(choice) == written(calls, answers)


def test_the_margin_names_the_next_best_part(tmp_path: Path) -> None:
    choice = chosen(tmp_path, PICKED, ODE)
    [margin] = [result.margin for result in choice.roles if result.margin]
    assert margin.rival.number == 2  # the picked guitar, nearer to a melody than chords and bass
    assert 0 < margin.ahead < 1
    measures = read_score(tmp_path / "band.mid").measures
    points = round(100 * margin.ahead)
    assert choice.explanation(measures) == f"Track 3, {points} points ahead of Track 2"


def test_parts_that_lead_by_turns_are_explained_with_their_bars(tmp_path: Path) -> None:
    verse = [*ODE, *shifted(ODE, 16)]
    choice = chosen(tmp_path, verse, shifted(ANSWER, 8, up=5), times=3)
    measures = read_score(tmp_path / "band.mid").measures
    first, second = choice.explanation(measures).split("; ")
    assert first.startswith("Track 2 in bars 1-8, 17-24, ")
    assert second.startswith("Track 3 in bars 9-16, ")


def test_a_part_that_the_user_names_leads_throughout(tmp_path: Path) -> None:
    verse, chorus = [*ODE, *shifted(ODE, 16)], shifted(ANSWER, 8, up=5)
    chosen(tmp_path, verse, chorus, times=3)
    tune = read_tune(tmp_path / "band.mid", melody_part="2")
    assert len(tune.melody_notes()) == len(verse)

"""`POST /answer`: what a player played is understood as it was meant, and answered in time."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
from helpers.page_client import client

from djmodel.app.listening import listen
from djmodel.app.messages import Played, PlayedNote, exact
from djmodel.music.changes import parse_changes
from djmodel.music.tune import Tune

F = Fraction


@pytest.fixture(scope="module")
def page() -> Any:
    return client()


@pytest.fixture(scope="module")
def answer(page: Any) -> Any:
    def ask(changes: str = "blues-in-F", **request: Any) -> Any:
        reply = page.post("/answer", json={"changes": changes, **request})
        assert reply.status_code == 200, reply.text
        return reply.json()

    return ask


def bars(changes: str = "F7 x4", tempo: float = 120) -> Tune:
    return parse_changes(changes, tempo=tempo)


def played(*notes: tuple[float, float, int], **more: Any) -> Played:
    return Played([PlayedNote(start, pitch, end) for start, end, pitch in notes], **more)


def written(heard: Any) -> list[tuple[Fraction, Fraction, int]]:
    return [(n.written.onset, n.written.duration, n.written.pitch) for n in heard.notes]


def unsteady(
    notes: list[tuple[float, float, int]], seed: int, tempo: float = 120, spread: float = 0.015
) -> Played:
    """The notes as somebody plays them: `spread` seconds early or late, a tenth shorter."""
    rng = random.Random(seed)
    moved = []
    for start, end, pitch in notes:
        late = rng.gauss(0, spread) * tempo / 60
        moved.append((start + late, start + late + 0.9 * (end - start), pitch))
    return played(*moved)


SWUNG = 1.69 / 2.69  # of a beat: the off-beat eighth at moderate tempos


@pytest.mark.parametrize("seed", range(5))
def test_swung_eighths_are_heard_as_eighths(seed):
    line = [
        (beat + at, beat + to, 60 + 2 * beat + (at > 0))
        for beat in range(8)
        for at, to in ((0, SWUNG), (SWUNG, 1))
    ]
    heard = written(listen(unsteady(line, seed), bars(), "swing"))
    assert [note[:2] for note in heard] == [(F(k, 2), F(1, 2)) for k in range(16)]
    assert [note[2] for note in heard] == [pitch for _, _, pitch in line]


@pytest.mark.parametrize(("division", "feel"), [(3, "swing"), (4, "swing"), (2, "latin")])
def test_triplets_sixteenths_and_straight_eighths_are_heard_as_such(division, feel):
    line = [(k / division, (k + 1) / division, 60 + k % 5) for k in range(4 * division)]
    heard = written(listen(unsteady(line, 1, spread=0.008), bars(), feel))
    assert [note[0] for note in heard] == [F(k, division) for k in range(4 * division)]


def test_short_notes_in_a_line_are_joined_and_a_real_rest_stays():
    # eighths played staccato, a quarter rest, a long note
    heard = listen(played((0, 0.3, 60), (0.5, 0.8, 62), (2, 2.9, 64), (4, 7.8, 65)), bars(), "")
    eighths = [(F(0), F(1, 2), 60), (F(1, 2), F(1, 2), 62)]
    assert written(heard) == [*eighths, (F(2), F(1), 64), (F(4), F(4), 65)]


def test_of_a_chord_the_top_note_counts_and_the_others_are_counted():
    heard = listen(played((0, 1, 60), (0.02, 1, 64), (0.03, 1, 67), (1, 2, 65)), bars(), "")
    assert [note[2] for note in written(heard)] == [67, 65]
    assert heard.dropped == 2


def test_legato_notes_that_overlap_are_one_line():
    heard = listen(played((0, 1.1, 67), (1, 2.1, 65), (2, 3, 64)), bars(), "")
    assert written(heard)[:2] == [(F(0), F(1), 67), (F(1), F(1), 65)]


def test_seconds_and_latency_are_taken_into_account():
    late = Played(
        [PlayedNote(0.55, 60, 1.0), PlayedNote(1.05, 62, None)], unit="seconds", latency=0.05
    )
    heard = listen(late, bars(tempo=120), "")  # half a second is a quarter
    assert [note[0] for note in written(heard)] == [F(1), F(2)]
    assert heard.notes[0].start == pytest.approx(1.0)


def test_an_early_first_note_belongs_to_the_bars_and_one_long_before_does_not():
    heard = listen(
        played((-1.5, -1, 50), (-0.1, 0.9, 60), (15.9, 17, 62), (18, 19, 64)), bars(), ""
    )
    assert [note[0] for note in written(heard)] == [F(0)]
    assert heard.dropped == 3


def test_a_line_that_is_played_exactly_comes_back_whatever_it_is():
    rng = random.Random(4)
    eighths = sorted(rng.sample(range(32), 20))
    notes = [
        (start / 2, end / 2, rng.randint(55, 79))
        for start, end in zip(eighths, [*eighths[1:], 32], strict=True)
    ]
    heard = written(listen(played(*notes), bars(), "latin"))
    assert [(float(on), float(last), pitch) for on, last, pitch in heard] == [
        (start, end - start, pitch) for start, end, pitch in notes
    ]


def test_the_answer_covers_the_bars_after_those_that_were_played(answer):
    four = {
        "unit": "quarters",
        "notes": [{"start": k, "end": k + 0.9, "pitch": 65 + k} for k in range(8)],
    }
    reply = answer(bar=8, bars=4, played=four, settings={"seed": 3, "tempo": 120})
    assert (reply["understood"]["bar"], reply["answer"]["bar"]) == (8, 12)
    # bars 9 to 12 of the blues, then its first four once more
    symbols = [bar["chords"][0]["symbol"] for bar in reply["answer"]["bars"]]
    assert symbols == ["F7", "Bb7", "F7", "F7"]
    assert [n["pitch"] for n in reply["understood"]["notes"]] == list(range(65, 73))
    assert reply["answer"]["length"] == 16
    onsets = [onset for onset, _, _ in reply["answer"]["melody"]]
    assert onsets
    assert 0 <= min(onsets) <= max(onsets) < 16
    [melody] = reply["answer"]["parts"]
    assert all(note["start"] > -0.5 for note in melody["notes"])


def test_the_answer_continues_what_was_played_and_changes_with_it(answer):
    low = [{"start": k, "end": k + 1, "pitch": 50 + k % 2} for k in range(16)]
    high = [{**note, "pitch": note["pitch"] + 24} for note in low]
    settings = {"seed": 11, "temperature": 0.7}
    replies = [answer(bars=4, played={"notes": notes}, settings=settings) for notes in (low, high)]
    first = [reply["answer"]["melody"][0][2] for reply in replies]
    assert first[0] < first[1]
    again = answer(bars=4, played={"notes": low}, settings=settings)
    assert again == replies[0]


def test_the_values_understood_are_those_of_the_project_s_grammar(answer):
    notes = [{"start": 0, "end": 1, "pitch": 65}, {"start": 1, "end": 2, "pitch": 69}]
    reply = answer("F7 x4", bars=2, played={"notes": notes})
    first, second = reply["understood"]["values"]
    assert first[1:] == ["C,1.000,<M3>", "R,2.000"]
    assert second == ["R,4.000"]


def test_what_was_understood_can_be_asked_for_alone(answer):
    asked = {"bars": 2, "played": {"notes": [{"start": 0, "end": 1, "pitch": 65}]}}
    reply = answer(**asked)
    assert answer(**asked, answer=False) == {**reply, "answer": None}


def test_the_soloist_may_begin_and_a_conversation_goes_on(answer):
    opening = answer(bar=0, bars=2, settings={"seed": 1})
    assert opening["understood"] is None
    assert opening["answer"]["bar"] == 0
    before = {"bars": 2, "melody": opening["answer"]["melody"]}
    reply = answer(bar=2, bars=2, played={"notes": []}, before=before, settings={"seed": 2})
    assert reply["answer"]["bar"] == 4
    assert reply["understood"]["melody"] == []
    without = answer(bar=2, bars=2, played={"notes": []}, settings={"seed": 2})
    assert without["answer"]["melody"] != reply["answer"]["melody"]


@pytest.mark.parametrize("bars_of_turn", [2, 8, 12])
def test_turns_of_any_usual_length_are_answered_with_the_course_s_grammar_too(answer, bars_of_turn):
    notes = [{"start": 0, "end": 1, "pitch": 65}]
    reply = answer(bar=5, bars=bars_of_turn, played={"notes": notes}, settings={"model": "ragtime"})
    assert len(reply["answer"]["bars"]) == bars_of_turn
    assert sum(exact(d) for _, d, _ in reply["answer"]["melody"]) <= 4 * bars_of_turn

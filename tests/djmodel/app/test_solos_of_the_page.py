"""`POST /solo`: the choruses that the page plays are those that `djmodel generate` writes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from helpers.page_client import client

from djmodel.app.messages import exact
from djmodel.config import GenerationConfig
from djmodel.model.model_file import load, pretrained_model
from djmodel.model.solos import generate_solos, performance_of
from djmodel.music.tune import Tune
from seqmodel.settings import with_settings

FORM = "| Dm7 | G7 | C6 A7 | C6 |"


@pytest.fixture(scope="module")
def page() -> Any:
    return client()


@pytest.fixture(scope="module")
def solo(page: Any) -> Any:
    def ask(changes: str = FORM, **request: Any) -> Any:
        answer = page.post("/solo", json={"changes": changes, **request})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def config(changes: str = FORM, **settings: Any) -> GenerationConfig:
    return with_settings(GenerationConfig(changes=changes), **settings)


def score(melody: list[list[float]]) -> list[tuple[Fraction, Fraction, int]]:
    return [(exact(onset), exact(duration), int(pitch)) for onset, duration, pitch in melody]


def notes_of(tune: Tune) -> list[tuple[Fraction, Fraction, int]]:
    return [(note.onset, note.duration, note.pitch) for note in tune.melody_notes()]


def test_each_chorus_of_the_page_begins_with_the_introduction(solo):
    """The page plays choruses in a loop, and shows one chart for all of them."""
    asked = {"changes": "Intro: Dm7 | G7\nA: C | F", "settings": {"model": "ragtime", "seed": 1}}
    [first] = solo(**asked)["choruses"]
    [second] = solo(**asked, before={"melody": first["melody"]})["choruses"]
    assert [section["name"] for section in second["sections"]] == ["Intro", "A"]
    assert len(first["bars"]) == len(second["bars"]) == 4


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        ("jazz", {"seed": 7, "tempo": 140.0, "player": "Miles Davis", "max_copy": 12}),
        ("jazz", {"seed": 3, "temperature": 0.8, "top_p": 0.9, "style": "bossa", "choruses": 2}),
        ("ragtime", {"seed": 5, "style": "stride", "swing": "1.5", "humanize": 0.0}),
    ],
)
def test_the_same_seed_and_settings_give_the_notes_of_generate(solo, model, settings):
    asked = config(**settings)
    [written] = generate_solos(load(pretrained_model(model)), asked)
    played = performance_of(written.tune, asked)
    answer = solo(settings={"model": model, **settings})
    form = len(written.tune.bars) // len(answer["choruses"])
    for number, chorus in enumerate(answer["choruses"]):
        start, end = written.tune.starts[number * form], written.tune.starts[number * form + form]
        inside = [n for n in notes_of(written.tune) if start <= n[0] < end]
        assert score(chorus["melody"]) == [(on - start, last, pitch) for on, last, pitch in inside]
        values = [[str(v) for v in bar] for bar in written.values[number * form :][:form]]
        assert chorus["values"] == values
    # the same notes sound at the same time, as loud
    parts = zip(played.parts, *(chorus["parts"] for chorus in answer["choruses"]), strict=False)
    seconds = 60 / answer["tempo"]
    for part, *shown in parts:
        notes = [
            ((note["start"] + number * form * 4) * seconds, note["pitch"], note["velocity"])
            for number, each in enumerate(shown)
            for note in each["notes"]
        ]
        assert [n[1:] for n in notes] == [(n.pitch, n.velocity) for n in part.notes]
        assert [n[0] for n in notes] == pytest.approx([n.onset for n in part.notes], abs=1e-5)


def test_a_chorus_continues_the_one_before_as_generate_continues_a_primer(solo):
    first = solo(settings={"seed": 1})["choruses"][0]
    second = solo(settings={"seed": 2}, before={"melody": first["melody"]})["choruses"]
    primer = " ".join(value for bar in first["values"] for value in bar)
    asked = config(seed=2, choruses=2, primer_values=primer, with_primer=True)
    [written] = generate_solos(load(pretrained_model("jazz")), asked)
    both = [[str(value) for value in bar] for bar in written.values]
    assert both == first["values"] + second[0]["values"]
    assert len(second) == 1


def test_what_was_played_is_played_again_from_its_melody_alone(solo):
    first = solo(settings={"seed": 1})["choruses"][0]
    again = solo(settings={"seed": 1}, melody=first["melody"])["choruses"][0]
    assert again == first
    before = {"melody": first["melody"]}
    second = solo(settings={"seed": 2}, before=before)["choruses"][0]
    assert (
        solo(settings={"seed": 2}, before=before, melody=second["melody"])["choruses"][0] == second
    )


def test_the_band_plays_alone_for_trading(solo):
    parts = {part["name"]: part for part in solo(melody=[])["choruses"][0]["parts"]}
    assert parts["melody"]["notes"] == []
    assert parts["bass"]["notes"]
    assert parts["drums"]["drums"]


def test_a_count_in_comes_before_the_first_chorus_and_only_there(solo):
    first = solo(settings={"count_in": 1, "humanize": 0})
    assert first["count_in"]["length"] == 4
    assert [note["start"] for note in first["count_in"]["notes"]] == [0, 1, 2, 3]
    drums = next(p for p in first["choruses"][0]["parts"] if p["name"] == "drums")
    assert min(note["onset"] for note in drums["notes"]) >= 0
    before = {"melody": first["choruses"][0]["melody"]}
    assert solo(settings={"count_in": 1}, before=before)["count_in"] is None


def test_bars_show_chords_beats_and_sections(solo):
    [chorus] = solo("[A] 3/4 Fm7 | Bb7 Eb | [B] N.C.")["choruses"]
    first, second, third = chorus["bars"]
    assert first["meter"] == "3/4"
    assert first["beats"] == [0, 1, 2]
    assert [first["section"], second["section"], third["section"]] == ["A", "", "B"]
    assert [chord["engraved"] for chord in second["chords"]] == ["B♭7", "E♭"]
    assert third["chords"][0]["symbol"] == "N.C."
    assert not third["chords"][0]["sounding"]
    clicks = next(p for p in chorus["parts"] if p["name"] == "metronome")["notes"]
    assert [click["onset"] for click in clicks] == list(range(9))


def test_melody_notes_have_their_kind_over_the_chord(solo):
    [chorus] = solo("Cmaj7", melody=[[0, 1, 64], [1, 1, 62], [2, 1, 63], [3, 1, 66]])["choruses"]
    assert [note["kind"] for note in chorus["parts"][0]["notes"]] == ["C", "S", "A", "A"]


def test_a_note_that_is_held_into_a_chorus_begins_again_there(solo):
    before = {"melody": [[14, 2, 60]]}
    [chorus] = solo(before=before, melody=[[0, 1, 60]])["choruses"]
    assert chorus["melody"] == [[0, 1, 60]]


def test_a_long_chorus_is_followed_by_another(solo):
    """130 bars, and as many before them: only those that are played are counted."""
    reply = solo("C x130", settings={"style": "block"}, before={"melody": []}, melody=[])
    assert len(reply["choruses"][0]["bars"]) == 130


def test_more_bars_than_are_played_at_a_time_are_refused_before_they_are_generated(page):
    answer = page.post("/solo", json={"changes": "C x100", "settings": {"choruses": 3}})
    assert answer.status_code == 422
    assert "300 bars are more than the 256" in answer.json()["error"]["message"]

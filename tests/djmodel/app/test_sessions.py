"""`POST /export` and `POST /sheet`: a session as files, which hold what was played."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from fractions import Fraction
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from helpers.page_client import client

from djmodel.app import sessions
from djmodel.config import GenerationConfig
from djmodel.inputs.reader import read_tune
from djmodel.model.model_file import load, pretrained_model
from djmodel.model.solos import generate_solos, performance_of
from djmodel.outputs.midi import performance_bytes

F = Fraction
FORM = "Dm7 | G7 | C6 | A7"


@pytest.fixture(scope="module")
def page() -> Any:
    return client()


@pytest.fixture(scope="module")
def session(page: Any) -> dict[str, Any]:
    """Two choruses, the second of which continues the first; then one of trading, faster."""
    settings = {"tempo": 120, "humanize": 0.2}
    first = {"changes": FORM, "settings": {**settings, "seed": 1}}
    melody = page.post("/solo", json=first).json()["choruses"][0]["melody"]
    second = {"changes": FORM, "settings": {**settings, "seed": 2}, "before": {"melody": melody}}
    continued = page.post("/solo", json=second).json()["choruses"][0]["melody"]
    you = {
        "by": "you", "bar": 0, "bars": 2, "melody": [[0, 0.5, 65], [1, 2, 67]],
        "notes": [{"start": 0.05, "end": 0.4, "pitch": 65, "velocity": 70},
                  {"start": 0.98, "end": 2.9, "pitch": 67, "velocity": 99},
                  {"start": 0.99, "end": 2.9, "pitch": 64, "velocity": 60}],
    }  # fmt: skip
    model = {"by": "model", "bar": 2, "bars": 2, "seed": 4, "melody": [[0.5, 1, 72], [7, 2, 60]]}
    trading = {"changes": FORM, "settings": {"tempo": 180}, "melody": [], "trades": [you, model]}
    return {
        "title": "Tuesday",
        "choruses": [{**first, "melody": melody}, {**second, "melody": continued}, trading],
    }


def export(page: Any, session: Any, kind: str) -> bytes:
    answer = page.post(f"/export?format={kind}", json=session)
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


def test_a_session_of_one_chorus_is_the_midi_file_of_generate(page):
    asked = GenerationConfig(changes=FORM, seed=6)
    [solo] = generate_solos(load(pretrained_model("jazz")), asked)
    chorus = {"changes": FORM, "settings": {"seed": 6}}
    melody = page.post("/solo", json=chorus).json()["choruses"][0]["melody"]
    written = export(page, {"choruses": [{**chorus, "melody": melody}]}, "midi")
    assert written == performance_bytes(performance_of(solo.tune, asked))


def test_a_session_as_midi_has_its_choruses_and_trades_at_their_tempos(page, session, tmp_path):
    path = tmp_path / "session.mid"
    path.write_bytes(export(page, session, "midi"))
    tune = read_tune(path)
    assert tune.title == "Tuesday"
    assert len(tune.bars) == 12
    assert [(t.onset, round(t.bpm)) for t in tune.tempos] == [(0, 120), (32, 180)]
    notes = [(n.onset, n.duration, n.pitch) for n in tune.melody_notes() if n.onset >= 32]
    # two bars by the player, two by the model; the last note is cut at the end
    assert notes == [
        (F(32), F(1, 2), 65),
        (F(33), F(2), 67),
        (F(81, 2), F(1), 72),
        (F(47), F(1), 60),
    ]


def test_what_the_player_played_sounds_as_it_was_played(page, session):
    midi = mido.MidiFile(file=io.BytesIO(export(page, session, "midi")))
    ticks = midi.ticks_per_beat
    at, found = 0, []
    for message in midi.tracks[1]:
        at += message.time
        if message.type == "note_on" and message.velocity and at / ticks > 31.9:
            found.append((round(at / ticks - 32, 2), message.note, message.velocity))
    assert found[:3] == [(0.05, 65, 70), (0.98, 67, 99), (0.99, 64, 60)]


def test_a_session_as_music_xml_has_all_its_bars(page, session):
    score = ET.fromstring(export(page, session, "musicxml"))
    assert len(score.findall(".//measure")) == 12


def test_a_session_as_sound_and_as_a_page(page):
    settings = {"tempo": 240, "style": "block", "seed": 1}
    session = {"choruses": [{"changes": "C", "settings": settings, "melody": [[0, 4, 60]]}]}
    samples, rate = soundfile.read(io.BytesIO(export(page, session, "wav")))
    assert len(samples) / rate == pytest.approx(2, abs=0.1)  # a second, and its release
    assert np.abs(samples).max() > 0.5
    html = export(page, session, "html").decode()
    assert "<audio" in html
    assert "seed 1" in html
    assert "temperature" not in html  # only the settings that were asked for


def test_a_model_that_is_gone_loses_nothing_that_was_played(page, session):
    chorus = session["choruses"][0]
    lost = {**chorus, "settings": {**chorus["settings"], "model": "file-gone", "player": "X"}}
    content = export(page, {"choruses": [lost]}, "midi")
    assert content == export(page, {"choruses": [chorus]}, "midi")


@pytest.mark.parametrize(
    ("kind", "change", "status"),
    [
        ("flac", {}, 422),
        ("midi", {"choruses": []}, 422),
        ("midi", {"soundfont": "soundfont-gone"}, 404),
        ("midi", {"choruses": [{"changes": "H"}]}, 422),
        ("midi", {"choruses": [{"changes": "C x256", "melody": []}] * 16}, 422),
        (
            "wav",
            {"choruses": [{"changes": "N.C.\nC x64", "melody": [], "settings": {"tempo": 4}}]},
            422,
        ),
    ],
)
def test_a_session_that_cannot_be_written_is_refused(page, session, kind, change, status):
    answer = page.post(f"/export?format={kind}", json={**session, **change})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]


def test_a_session_of_more_notes_than_are_read_again_is_refused(page, session, monkeypatch):
    monkeypatch.setattr(sessions, "MAX_NOTES", 100)
    answer = page.post("/export?format=midi", json=session)
    assert "more than 100 notes" in answer.json()["error"]["message"]


def test_a_sheet_shows_the_times_of_its_notes(page):
    melody = [[0, 1, 64], [1, 0.5, 65], [3, 2, 67], [14, 2, 60]]
    asked = {"changes": FORM, "settings": {"tempo": 100}, "melody": melody}
    sheets = page.post("/sheet", json=asked).json()
    for name in ("wide", "narrow"):
        root = ET.fromstring(sheets[name])
        groups = [group for group in root.iter() if group.get("data-onset") is not None]
        notes = [g for g in groups if g.get("class") == "note"]
        assert {float(g.get("data-onset", "")) for g in notes} == {
            0,
            1,
            3,
            4,
            14,
        }  # one is tied over the bar line
        bars = [g.get("data-bar") for g in root.iter() if g.get("data-bar") is not None]
        assert bars == ["0", "1", "2", "3"]
    assert sheets["wide"] != sheets["narrow"]


def test_a_sheet_of_a_few_bars_begins_where_it_is_asked_to(page):
    asked = {"changes": FORM, "bar": 5, "bars": 2, "melody": [[0, 4, 60]]}
    answer = page.post("/sheet", json=asked)
    assert answer.status_code == 200
    assert answer.json()["wide"].count("data-bar") == 2

"""The page's server: what it offers, whom it refuses, and one line for everything it cannot do."""

from __future__ import annotations

import _thread
import asyncio
import json
import socket
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from helpers.made_models import Made
from helpers.page_client import ADDRESS, FILE, JSON, client

import djmodel
from djmodel.app.launch import Page, listen, play
from djmodel.app.models import MAX_FILES, Models
from djmodel.app.workers import Turns
from djmodel.model.model_file import load
from djmodel.music.changes import parse_changes
from djmodel.outputs.audio import default_soundfont
from seqmodel.errors import InputError
from seqmodel.settings import SettingError


@pytest.fixture(scope="module")
def page() -> Any:
    return client(changes="blues-in-F", settings={})


@pytest.fixture
def made(tmp_path: Path) -> bytes:
    """A small model that plays quarters and eighths of two-four time."""
    return Made.whole().write(tmp_path / "made.keras").read_bytes()


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """The error of an answer with this status: one line, in the form that the page shows."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["protocol"] == 1
    assert body["error"].keys() >= {"message", "hint", "field"}
    assert body["error"]["message"]
    assert "\n" not in body["error"]["message"] + body["error"]["hint"]
    return body["error"]


def keys(melody: list[list[float]]) -> list[dict[str, float]]:
    """The notes of a melody as they come from a keyboard."""
    return [{"start": onset, "end": onset + last, "pitch": p} for onset, last, p in melody]


def traded(**trade: Any) -> dict[str, Any]:
    """A session of one chorus of a bar, which is traded."""
    return {"choruses": [{"changes": "C", "melody": [], "trades": [{"bars": 1, **trade}]}]}


class TestWhatIsOffered:
    def test_the_models_come_with_players_forms_styles_and_settings(self, page):
        about = page.get("/models").json()
        assert [model["id"] for model in about["models"]] == ["jazz", "ragtime"]
        miles = next(p for p in about["models"][0]["players"] if p["name"] == "Miles Davis")
        assert (miles["instrument"], miles["program"]) == ("Trumpet", 56)
        assert about["default"] == "jazz"
        assert "blues" in about["forms"]
        assert "bossa" in about["styles"]
        assert about["settings"]["tempo"]["minimum"] == 4
        assert about["settings"]["temperature"]["type"] == "number"
        assert about["settings"]["max_copy"]["type"] == "integer"
        assert about["start"] == {"changes": "blues-in-F", "settings": {}}

    def test_the_page_its_files_and_the_soundfont_are_served(self, page):
        assert "<html" in page.get("/").text
        assert page.get("/static/index.html").status_code == 200
        assert page.get("/soundfont").content == default_soundfont().read_bytes()

    def test_models_of_runs_are_offered_and_those_that_are_none_are_named(self, tmp_path, made):
        for name, content in (("mine", made), ("broken", b"no model")):
            (tmp_path / "runs" / name).mkdir(parents=True)
            (tmp_path / "runs" / name / "model.keras").write_bytes(content)
        page = client(Models(folder=tmp_path))
        about = page.get("/models").json()
        assert about["models"][-1]["id"] == "runs/mine/model.keras"
        assert about["models"][-1]["name"] == "mine"
        [skipped] = about["skipped"]
        assert skipped["name"] == "broken"
        assert "not a model" in skipped["message"]
        settings = {"model": "runs/mine/model.keras", "meter": "2/4"}
        assert page.post("/solo", json={"changes": "C", "settings": settings}).status_code == 200

    def test_a_model_that_was_given_is_the_default_one(self, tmp_path, made):
        path = tmp_path / "given.keras"
        path.write_bytes(made)
        for given in (path, load(path)):
            about = client(Models(given)).get("/models").json()
            assert about["models"][0]["id"] == about["default"]
            assert about["models"][0]["source"] == "given"


class TestUploads:
    def test_a_model_that_is_sent_plays_and_has_the_same_id_again(self, page, made):
        sent = page.post("/models?name=my.keras", content=made, headers=FILE)
        assert sent.status_code == 200, sent.text
        model = sent.json()["model"]
        assert (model["name"], model["source"]) == ("my", "file")
        again = page.post("/models?name=other.keras", content=made, headers=FILE).json()["model"]
        assert again["id"] == model["id"]
        asked = {"changes": "C | F", "settings": {"model": model["id"], "meter": "2/4"}}
        assert page.post("/solo", json=asked).status_code == 200
        assert model["id"] in [each["id"] for each in page.get("/models").json()["models"]]

    def test_a_model_that_is_forgotten_is_asked_for_by_its_field(self, page):
        asked = {"changes": "C", "settings": {"model": "file-0123"}}
        assert error_of(page.post("/solo", json=asked), 404)["field"] == "model"

    def test_only_so_many_models_are_kept(self, made):
        models = Models()
        sources = [models.sent("a.keras", made + bytes([n])) for n in range(MAX_FILES + 2)]
        for source in sources:
            models.add(source)
        with pytest.raises(InputError, match="no model"):
            models.find(sources[0].id)
        assert models.find(sources[-1].id) == sources[-1]

    @pytest.mark.parametrize("path", ["/models?name=a.keras", "/soundfont?name=a.sf2"])
    def test_a_file_that_is_none_is_refused_and_not_kept(self, page, path):
        before = page.get("/models").json()["models"]
        error_of(page.post(path, content=b"PK\3\4 nothing", headers=FILE), 422)
        assert page.get("/models").json()["models"] == before


class TestRefusals:
    @pytest.mark.parametrize(
        "headers",
        [
            {"host": "evil.example"},
            {"host": "127.0.0.1:8001"},
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"origin": "https://127.0.0.1:8000"},
            {"host": "localhost:8000", "origin": f"http://{ADDRESS}"},
        ],
    )
    def test_another_host_or_origin_is_refused(self, page, headers):
        error_of(page.get("/models", headers=headers), 403)
        error_of(page.post("/chart", json={"changes": "C"}, headers=headers), 403)

    def test_the_page_itself_is_not_refused(self, page):
        own = {"host": "localhost:8000", "origin": "http://localhost:8000"}
        assert page.get("/models", headers=own).status_code == 200

    @pytest.mark.parametrize(
        "path",
        ["/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py",
         "/server.py", "/static//etc/passwd", "/runs/mine/model.keras"],
    )  # fmt: skip
    def test_no_other_file_can_be_read(self, page, path):
        error_of(page.get(path), 404)

    def test_changes_name_no_file(self, page, tmp_path):
        chart = tmp_path / "chart.txt"
        chart.write_text("Dm7 | G7")
        asked = {"changes": str(chart)}
        assert not page.post("/chart", json=asked).json()["ok"]

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[1, 2]", b"null", b'"C"', b"\xff\xfe", b"[" * 50_000,
         b'{"changes": ' + b"[" * 50_000, b'{"changes": "C", "settings": {"tempo": NaN}}'],
    )  # fmt: skip
    def test_what_is_not_a_request_is_refused(self, page, body):
        for path in ("/chart", "/solo", "/answer", "/sheet", "/export"):
            answer = page.post(path, content=body, headers=JSON)
            assert answer.status_code in (400, 422), (path, answer.text)
            error_of(answer, answer.status_code)

    @pytest.mark.parametrize(
        ("settings", "field"),
        [
            ({"tempo": 0}, "tempo"),
            ({"tempo": 1e300}, "tempo"),
            ({"tempo": "fast"}, "tempo"),
            ({"seed": -1}, "seed"),
            ({"seed": 10**30}, "seed"),
            ({"choruses": 10**6}, "choruses"),
            ({"style": "polka"}, "style"),
            ({"feel": "sad"}, "feel"),
            ({"meter": "4/0"}, None),
            ({"player": "Nobody"}, "player"),
            ({"over": "/etc/passwd"}, "settings"),
            ({"greedy": True, "temperature": 2}, "greedy"),
            ({"swing": "9"}, "swing"),
            ({"model": 3}, "model"),
        ],
    )
    def test_settings_out_of_bounds_are_named(self, page, settings, field):
        asked = {"changes": "C", "settings": settings}
        assert error_of(page.post("/solo", json=asked), 422)["field"] == field

    @pytest.mark.parametrize(
        "more",
        [
            {"melody": [[0, 0, 60]]},
            {"melody": [[-1, 1, 60]]},
            {"melody": [[0, 1, 128]]},
            {"melody": [[0, 1e9, 60]]},
            {"melody": [[0, 1]]},
            {"melody": "x"},
            {"before": {"melody": [[0, 1, 60.5]]}},
            {"changes": "C x256", "before": {"melody": [[0, 1, 60]] * 4_001}},
        ],
    )
    def test_melodies_that_nobody_plays_are_refused(self, page, more):
        error_of(page.post("/solo", json={"changes": "C", **more}), 422)

    @pytest.mark.parametrize(
        ("path", "field", "most", "request_of"),
        [
            ("/solo", "melody", 96, lambda full: {"melody": full}),
            ("/solo", "before", 96, lambda full: {"before": {"melody": full}}),
            ("/sheet", "melody", 96, lambda full: {"melody": full}),
            ("/answer", "before", 192, lambda full: {"bars": 2, "before": {"melody": full}}),
            ("/answer", "played", 960, lambda full: {"bars": 1, "played": {"notes": keys(full)}}),
            ("/export", "trades", 96, lambda full: traded(melody=full)),
            ("/export", "trades", 960, lambda full: traded(melody=[], notes=keys(full))),
        ],
    )
    def test_more_notes_than_the_bars_can_hold_are_refused(
        self, page, path, field, most, request_of
    ):
        """A bar of four quarters holds 24 notes of a line in each, or 24 handfuls of ten."""
        request = request_of([[number / 24, 1 / 24, 60] for number in range(most + 1)])
        error = error_of(page.post(path, json={"changes": "C", **request}), 422)
        assert f"{most + 1} notes are more than the {most}" in error["message"]
        assert error["field"] == field

    def test_a_bar_of_as_many_notes_as_it_holds_is_played(self, page):
        full = [[number / 24, 1 / 24, 60 + number % 12] for number in range(96)]
        reply = page.post("/solo", json={"changes": "C", "melody": full})
        assert len(reply.json()["choruses"][0]["melody"]) == 96

    def test_a_chart_with_mistakes_is_refused_with_their_places(self, page):
        error = error_of(page.post("/solo", json={"changes": "Dm7 | H7"}), 422)
        assert error["field"] == "changes"
        assert [(e["start"], e["length"]) for e in error["errors"]] == [(6, 2)]

    def test_requests_that_are_too_large_or_of_another_type_are_refused(self, page):
        huge = b'{"changes": "' + b"C " * (1 << 20) + b'"}'
        error_of(page.post("/solo", content=huge, headers=JSON), 413)
        error_of(page.post("/chart", content=b'{"changes": "C"}'), 415)
        error_of(page.post("/models", content=b"x", headers=JSON), 415)
        error_of(page.delete("/models"), 405)
        error_of(page.get("/solo"), 405)


class TestTheServer:
    def test_an_answer_passes_choruses_that_wait(self):
        """One job at a time; while the first runs, two choruses and then two answers come."""
        order = []

        async def job(turns: Turns, urgency: int, name: str) -> None:
            async with turns.of(urgency):
                order.append(name)
                await asyncio.sleep(0)

        async def all_of_them() -> None:
            turns = Turns(1)
            names = [(1, "first"), (1, "chorus"), (1, "later chorus"), (0, "answer"), (0, "next")]
            waiting = [asyncio.create_task(job(turns, *name)) for name in names]
            gone = asyncio.create_task(job(turns, 0, "gone"))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.gather(*waiting)
            await job(turns, 0, "alone")

        asyncio.run(all_of_them())
        assert order == ["first", "answer", "next", "chorus", "later chorus", "alone"]

    def test_a_port_that_is_taken_names_one_that_is_free(self):
        with listen(0) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(SettingError, match=f"port {port} is taken") as refused:
                listen(port)
        assert "is free" in refused.value.hint
        assert refused.value.fields == ("port",)

    def test_play_serves_a_page_on_the_loopback_address_until_it_is_closed(self, monkeypatch):
        monkeypatch.delitem(vars(djmodel), "play", raising=False)  # the command, if it was imported
        page = play("ragtime", parse_changes("Dm7 | G7"), browser=False)
        try:
            assert isinstance(page, Page)
            assert page.url == f"http://127.0.0.1:{page.port}/"
            with urllib.request.urlopen(f"{page.url}models", timeout=30) as answer:
                about = json.load(answer)
            assert about["default"] == "ragtime"
            assert "Dm7 | G7" in about["start"]["changes"]
            assert page.url in page._repr_html_()
        finally:
            page.close()
        with pytest.raises(OSError, match=r"refused|reset"):
            socket.create_connection(("127.0.0.1", page.port), timeout=5).close()

    def test_ctrl_c_ends_the_page_for_which_a_script_waits(self, monkeypatch):
        monkeypatch.delitem(vars(djmodel), "play", raising=False)
        page = play("ragtime", "C", browser=False)
        threading.Timer(0.1, _thread.interrupt_main).start()
        page.wait()
        with pytest.raises(OSError, match=r"refused|reset"):
            socket.create_connection(("127.0.0.1", page.port), timeout=5).close()

    def test_play_of_a_tune_is_still_its_sound(self, monkeypatch):
        monkeypatch.delitem(vars(djmodel), "play", raising=False)
        tune = djmodel.accompany(parse_changes("C"), "block")
        assert play(tune).seconds > 2

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            (("jazz", "H7"), "not a chord"),
            (("no-such-model", "C"), "neither a file nor a bundled model"),
            ((parse_changes("C"), "C"), "by a model"),
        ],
    )
    def test_play_refuses_what_it_cannot_play(self, monkeypatch, arguments, problem):
        monkeypatch.delitem(vars(djmodel), "play", raising=False)
        with pytest.raises(InputError, match=problem):
            play(*arguments)

    def test_a_missing_package_is_named_with_the_line_that_installs_it(self, monkeypatch, refuses):
        monkeypatch.setitem(sys.modules, "uvicorn", None)
        line = refuses("djmodel.play", "--no-browser")
        assert 'pip install "djmodel[play]"' in line

    def test_the_command_refuses_before_it_serves(self, refuses):
        assert "not a chord" in refuses("djmodel.play", "--changes", "H7")
        assert "no such file" in refuses("djmodel.play", "nothing.keras")
        with listen(0) as taken:
            port = taken.getsockname()[1]
            line = refuses("djmodel.play", "--port", port, "--no-browser")
        assert "--port" in line
        assert "is free" in line

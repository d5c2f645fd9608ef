"""`POST /chart` and `POST /tune`: changes while they are typed, moved, and read from files."""

from __future__ import annotations

from typing import Any

import pytest
from helpers.page_client import FILE, client
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.app.charts import written_out
from djmodel.app.launch import opening_changes
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.changes import parse_changes
from djmodel.music.charts.forms import FORMS
from djmodel.music.charts.parser import parse_chart
from djmodel.outputs.charts.ireal import ireal_link
from djmodel.outputs.midi import midi_bytes
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.written_part import written_part
from seqmodel.errors import InputError


@pytest.fixture(scope="module")
def page() -> Any:
    return client()


@pytest.fixture(scope="module")
def chart(page: Any) -> Any:
    def ask(changes: str, **request: Any) -> Any:
        answer = page.post("/chart", json={"changes": changes, **request})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


def marked(text: str, errors: list[dict[str, Any]]) -> list[str]:
    """What JavaScript's `text.slice(start, start + length)` gives for each mistake."""
    units = text.encode("utf-16-le")
    places = [(error["start"] * 2, (error["start"] + error["length"]) * 2) for error in errors]
    return [units[start:end].decode("utf-16-le") for start, end in places]


def test_a_chart_shows_its_bars_in_the_order_of_play(chart):
    read = chart("Key: F\nTempo: 140\n|: Dm7 | G7 :|\n[B] C7 / / F7")
    assert read["ok"]
    assert [bar["chords"][0]["symbol"] for bar in read["bars"]] == ["Dm7", "G7", "Dm7", "G7", "C7"]
    assert [chord["onset"] for chord in read["bars"][4]["chords"]] == [0, 3]
    assert (read["key_name"], read["tempo"], read["length"]) == ("F", 140, 20)
    assert read["sections"] == [{"bar": 4, "name": "B"}]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Dm7 | H7 | Cmaj7 | Q | G7", ["H7", "Q"]),  # two mistakes in one text
        ("Dm7 |\n G7 Hm7", ["Hm7"]),
        ("\U0001f3b7 Dm7 | G7 | X", ["\U0001f3b7", "X"]),  # a sign of two UTF-16 units
        ("[Dm7 | G7", ["["]),
        ("| % | C", ["%"]),
        ("blues-in-H", ["H"]),
        ("Key: H\nDm7 | G7", ["H"]),
    ],
)
def test_every_mistake_is_marked_where_it_stands(chart, text, places):
    read = chart(text)
    assert not read["ok"]
    assert marked(text, read["errors"]) == places
    for error in read["errors"]:
        assert error["message"]
        assert "\n" not in error["message"]
    first, line = read["errors"][0], text[: text.find(places[0])].rpartition("\n")
    assert (first["line"], first["column"]) == (
        line[0].count("\n") + bool(line[1]) + 1,
        len(line[2]) + 1,
    )


def test_an_empty_chart_has_a_mistake_without_a_place(chart):
    [error] = chart("")["errors"]
    assert (error["start"], error["length"]) == (0, 0)
    assert "no chord" in error["message"]


def test_a_chart_that_is_too_long_to_be_played_says_so(chart):
    [error] = chart("C x300")["errors"]
    assert "300 bars" in error["message"]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_moved_is_the_form_in_another_key(chart, name):
    for semitones in (-4, 1, 6):
        moved = chart(name, transpose=semitones)
        wanted = parse_changes(name).transposed(semitones)
        there = parse_changes(moved["text"])
        assert [bar.changes for bar in there.bars] == [bar.changes for bar in wanted.bars]
        assert moved["text"].startswith(f"{name}-in-")


@pytest.mark.parametrize("said", ["bb blues", "Blues-In-Bb", "blues in Bb"])
def test_a_form_that_is_named_as_players_say_it_has_its_new_key_in_the_title(chart, said):
    assert chart(said, transpose=2)["title"] == "Blues in C"


def test_a_typed_chart_keeps_its_layout_when_it_is_moved(chart):
    moved = chart("Title: Two\nKey: F\n|: Gm7 | C7 :|\n[B] F6 / / D7b9 | N.C.", transpose=2)
    assert moved["text"] == "Title: Two\nKey: G\n|: Am7 | D7 :|\n[B] G6 / / E7b9 | N.C."
    assert moved["key"] == 1


@given(
    st.lists(
        st.sampled_from(
            ["Dm7", "4/4 G7 / C /", "C6 A7", "N.C.", "F#m7b5/E", "3/4 Eb7", "%", "[B] Ab"]
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(-11, 11),
)
@settings(max_examples=20)
def test_a_chart_that_is_written_out_reads_as_the_same_changes(bars, semitones):
    tune = parse_changes(" | ".join(["Cm7", *bars])).transposed(semitones)
    again = parse_changes(written_out(tune))
    assert [bar.changes for bar in again.bars] == [bar.changes for bar in tune.bars]
    assert [bar.meter for bar in again.bars] == [bar.meter for bar in tune.bars]
    assert again.key == tune.key
    assert again.sections == tune.sections


@pytest.mark.parametrize("suffix", [".mid", ".musicxml"])
def test_the_changes_and_the_melody_of_a_file_come_back(page, suffix):
    rag = read_tune(rags()[7]).excerpt(5, 8)
    content = midi_bytes(rag) if suffix == ".mid" else musicxml(written_part(rag)).encode()
    answer = page.post(f"/tune?name=rag{suffix}", content=content, headers=FILE)
    assert answer.status_code == 200, answer.text
    read = answer.json()
    assert len(read["bars"]) == 4
    assert [pitch for _, _, pitch in read["melody"]] == [n.pitch for n in rag.melody_notes()]
    assert page.post("/chart", json={"changes": read["text"]}).json()["bars"] == read["bars"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.mid", b"", "empty"),
        ("a.mid", b"MThd nonsense", "MIDI"),
        ("../../etc/passwd", b"x", "the name must end in"),
        ("a.pdf", b"Dm7 | G7", "the name must end in"),
        ("a.txt", b"Dm7\0", "not a chart"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_line(page, name, content, problem):
    answer = page.post("/tune", params={"name": name}, content=content, headers=FILE)
    assert answer.status_code == 422
    assert problem in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Été.txt", "Title: Été\nDm7 | G7".encode("cp1252")),  # as old editors write it
        ("a.html", "Title: Été\nDm7 | G7".encode("utf-16")),
    ],
)
def test_a_file_of_changes_comes_back_as_text(page, name, content):
    answer = page.post("/tune", params={"name": name}, content=content, headers=FILE).json()
    assert answer["changes"] == "Title: Été\nDm7 | G7"
    assert answer["name"] == name


@pytest.mark.parametrize(
    ("text", "has_tempo", "tempo"),
    [
        ("Dm7 | G7", False, 120),
        ("blues-in-F", False, 120),
        ("Tempo: 120\nDm7 | G7", True, 120),
        ("irealbook://Slow=Nobody=Slow Swing=C=n=[T44D-7 |G7 |C^7 |x Z", True, 80),  # by its style
    ],
)
def test_a_chart_says_whether_it_names_a_tempo(chart, text, has_tempo, tempo):
    read = chart(text)
    assert (read["has_tempo"], read["tempo"]) == (has_tempo, tempo)
    assert chart(read["text"])["tempo"] == tempo


def test_a_chart_is_read_for_its_mistakes_and_once_more(chart, monkeypatch):
    read = []

    def counted(text, meter):
        read.append(text)
        return parse_chart(text, meter)

    monkeypatch.setattr("djmodel.music.changes.parse_chart", counted)
    assert chart("Tempo: 90\nDm7 | G7")["has_tempo"]
    assert len(read) == 2


def test_a_playlist_may_be_long_and_a_chart_may_not(chart):
    links = [ireal_link(parse_changes("Dm7 | G7", title=title)) for title in ("One", "Two")]
    page = "".join(f'<a href="{link}">{"la " * 300_000}</a>' for link in links)
    assert chart(page, song="Two")["title"] == "Two"
    [error] = chart("C " * 600_000)["errors"]
    assert "characters, more than" in error["message"]


def test_a_page_opens_with_a_song_or_with_a_playlist_to_choose_from():
    tunes = [parse_changes("Dm7 | G7", title=title) for title in ("One", "Two")]
    playlist = ireal_link(*tunes)
    assert opening_changes(playlist) == playlist
    assert opening_changes(playlist, "Two") == ireal_link(tunes[1])
    with pytest.raises(InputError, match="no song"):
        opening_changes(playlist, "Three")


def test_a_link_of_ireal_pro_becomes_a_chart_that_can_be_typed_on(chart):
    first = parse_changes("[A] Dm7 | G7 | [B] C6 | N.C.", title="One", tempo=150)
    second = parse_changes("Fm7 | Bb7", title="Two")
    read = chart(ireal_link(first, second, name="Both"))
    assert read["ok"], read
    assert read["songs"] == ["One", "Two"]
    assert read["title"] == "One"
    again = parse_changes(read["text"])
    assert [bar.changes for bar in again.bars] == [bar.changes for bar in first.bars]
    assert chart(ireal_link(first, second), song="Two")["title"] == "Two"
    missing = chart(ireal_link(first, second), song="Three")
    assert "no song" in missing["errors"][0]["message"]
    assert not chart("irealb://nothing")["ok"]


def test_a_chart_says_which_style_its_feel_asks_for(page, chart):
    text = "Feel: bossa\nDm7 | G7"
    assert chart(text)["style"] == "latin"
    assert page.post("/solo", json={"changes": text, "melody": []}).json()["style"] == "latin"
    link = ireal_link(parse_changes("Dm7 | G7"))
    refused = page.post("/solo", json={"changes": link})
    assert refused.status_code == 422
    assert "/chart" in refused.json()["error"]["hint"]

"""Text from outside in every place that shows it: titles, files, models, lists."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from unicodedata import category

import pytest
from bs4 import BeautifulSoup
from helpers.made_models import TUNE, Made

from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.tune import Instrument, Part, Section
from djmodel.outputs.midi import write_midi
from djmodel.outputs.notation.lead_sheet import lead_sheet
from djmodel.outputs.notation.musicxml import musicxml
from djmodel.outputs.notation.sheet import sheet
from djmodel.outputs.notation.written_part import written_part
from djmodel.outputs.page import PageItem, page
from djmodel.outputs.piano_roll import piano_roll
from seqmodel.errors import InputError
from seqmodel.text import printable, visible

NASTY = {
    "closing tag": "[/x] rag",
    "opening tag": "[bold red]x",
    "formula": r"$\frac{1}{0}$ $$ $_^$",
    "window title": "a\x1b]0;gone\x07b",
    "colours": "a\x1b[31mb\x9b31mc",
    "backwards": "a\u202eb\u2066c",
    "lines": "a\nb\rc\u2028d",
    "HTML": "</title><script>alert(1)</script>&amp;'\"",
    "undecodable": "a\udce9b",
    "no character": "a\ufffeb\x00c",
    "long": "la " * 70_000,
}


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=NASTY)
def text(request) -> str:
    return NASTY[request.param]


def is_plain(shown: str) -> bool:
    """True if nothing in the text controls a terminal."""
    return not {category(sign) for sign in shown.replace("\n", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def tune_named(text: str):
    tune = read_tune(rags()[0]).excerpt(1, 2)
    part = Part(Instrument(text, 0), tune.melody_notes())
    return replace(tune, title=text, instrument=Instrument(text, 5), accompaniment=(part,))


def test_titles_and_part_names_in_drawings_scores_and_pages(text):
    tune = tune_named(text)
    for svg in (piano_roll(tune).svg, lead_sheet(tune).svg):
        assert ET.fromstring(svg).tag.endswith("svg")
    assert piano_roll(tune).png()[:4] == lead_sheet(tune).png()[:4] == b"\x89PNG"


def test_texts_on_sheets_to_play_from(text, tmp_path):
    sections = (Section(0, text), Section(1, text))
    tune = replace(tune_named(text), performer=text, feel=text, sections=sections)
    part = written_part(tune, "Eb")
    assert ET.fromstring(musicxml(part)).tag == "score-partwise"
    printed = sheet(part)
    assert ET.fromstring(printed.svg().svg).tag.endswith("svg")
    printed.save(tmp_path / "part.pdf")
    assert (tmp_path / "part.pdf").read_bytes()[:5] == b"%PDF-"


def test_titles_and_facts_on_a_page():
    text = " ".join(NASTY.values())
    html = page([PageItem(tune_named(text), text, [[text]], {text: text})], {text: text})
    html.encode("utf-8")
    found = BeautifulSoup(html, "html.parser")
    assert len(found.find_all("script")) == 1
    assert "alert" not in str(found.script)


def test_titles_and_part_names_in_tables(command, text):
    write_midi(tune_named(text), "a.mid")
    outcome = command("djmodel.inspect", "a.mid")
    assert outcome.status == 0, outcome.err
    assert is_plain(outcome.out)
    assert "should not happen" not in outcome.err


def test_names_of_files_and_folders_in_what_commands_say(command, text):
    name = text.replace("/", "").replace("\x00", "")[:60]
    write_midi(tune_named("a rag"), f"{name}/{name}.mid")
    solo, model = f"{name}/solo.mid", f"{name}/model.keras"
    Made.whole().write(Path(model))
    options = ("--over", f"{name}/{name}.mid", "--bars", 2, "--out", solo)
    made = command("djmodel.generate", model, *options)
    assert made.status == 0, made.err
    assert " ".join(visible(solo).split()) in " ".join(made.out.split())
    again = command("djmodel.generate", model, "--like", solo)
    assert again.status == 0, again.err
    missing = command("djmodel.inspect", f"{name}/missing.mid")
    assert missing.status == 2
    for outcome in (made, again, missing):
        assert is_plain(outcome.out + outcome.err)


@pytest.mark.parametrize("entry", ["kind", "format", "versions", "title"])
def test_a_model_from_a_stranger(command, tmp_path, entry, text):
    text = text.replace("\udce9", "\u009b")  # JSON has no lone surrogates
    made = Made.whole()
    if entry == "kind":
        made.entry["kind"] = text
    elif entry == "title":
        made.entry["content"]["tunes"][0] = {**TUNE, "title": text}
    else:
        made.entry["versions"]["djmodel"] = text
        made.entry["format"] += entry == "format"
    made.write(tmp_path / "model.keras")
    outcome = command("djmodel.generate", "model.keras", "--bars", 2)
    assert outcome.status in (0, 2)
    assert is_plain(outcome.out + outcome.err)
    assert max(map(len, outcome.err.splitlines())) <= 4_000


def test_an_error_is_one_short_line_that_ends_with_its_hint(text):
    line = str(InputError(text, path=text, hint="choose another file"))
    assert is_plain(line)
    assert "\n" not in line
    assert len(line) < 2_000
    assert line.endswith("; choose another file")


def test_a_title_that_a_file_can_hold_is_read_back(text, tmp_path):
    write_midi(tune_named(text), tmp_path / "a.mid")
    title = read_tune(tmp_path / "a.mid").title
    assert is_plain(title)
    if is_plain(text) and len(text) < 100:
        assert title == printable(text)


def test_names_in_a_list(command, tmp_path):
    names = {" ".join(visible(text[:50]).split()) for text in NASTY.values()}
    names |= {"a\u202eb", *"abcdefgh"}
    (tmp_path / "names.txt").write_text("\n".join(sorted(names)), encoding="utf-8")
    options = ("--epochs", 1, "--made-up", 0, "--n-a", 4, "--out", "[/runs]")
    trained = command("dinos.train", "names.txt", *options)
    assert trained.status == 0, trained.err
    assert "[/runs]/model.keras" in trained.out
    named = command("dinos.generate", "[/runs]/model.keras", "--count", 20, "--json")
    assert named.status == 0, named.err
    assert is_plain(trained.err + trained.out + named.out + named.err)
    assert all(json.loads(line)["name"] for line in named.out.splitlines())

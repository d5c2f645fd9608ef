"""The page: its content, read by a parser, and its behaviour in a real browser."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import pytest
from bs4 import BeautifulSoup
from helpers.browser import NoBrowserError, open_browser, resize, until
from helpers.handmade_tunes import bar, blues

from djmodel.music.tune import Tune
from djmodel.outputs.notation.simplified import SimplifiedTune, simplified
from djmodel.outputs.page import PageItem, notebook_player, page, player, write_page
from seqmodel.errors import FileError

SETTINGS = {"model": "rags.keras", "seed": "7", "temperature": "0.9"}


@pytest.fixture(scope="module")
def text() -> str:
    return page([PageItem(blues(), "Solo 1"), PageItem(blues().transposed(2), "Solo 2")], SETTINGS)


def tree_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def facts(parent: Any) -> dict[str, str]:
    names, values = parent.select("dt"), parent.select("dd")
    return {n.get_text(): v.get_text() for n, v in zip(names, values, strict=True)}


class TestText:
    def test_the_page_fetches_nothing(self, text: str) -> None:
        # Every address is the content itself or a place in the page.
        addresses = [
            element[name]
            for element in tree_of(text).find_all(True)
            for name in ("src", "href", "action", "data", "xlink:href")
            if element.get(name)
        ]
        assert addresses
        assert all(address.startswith(("data:", "#")) for address in addresses)
        assert not re.findall(r"@import|url\(|fetch\(|XMLHttpRequest", text)

    def test_the_midi_file_to_download_has_the_notes_of_the_tune(self, text: str) -> None:
        links = tree_of(text).select("a[download]")
        assert [link["download"] for link in links] == ["solo-1.mid", "solo-2.mid"]
        content = base64.b64decode(str(links[0]["href"]).split(",")[1])
        midi = mido.MidiFile(file=io.BytesIO(content))
        pitches = [m.note for m in midi.tracks[1] if m.type == "note_on" and m.velocity]
        assert pitches == [note.pitch for note in blues().melody_notes()]

    def test_the_footer_has_the_settings(self, text: str) -> None:
        assert facts(tree_of(text).footer) == SETTINGS
        alone = tree_of(page([PageItem(blues().excerpt(2, 2))], {}))
        assert alone.footer is None
        assert [link["download"] for link in alone.select("a[download]")] == ["solo.mid"]

    def test_the_lead_sheet_is_that_of_the_instrument_and_says_so(self) -> None:
        tune = Tune("", (bar("C7", [(64, 4)]),))
        tree = tree_of(page([PageItem(tune)], {}, part_key="Bb"))
        assert tree.select_one(".reader").get_text() == "B♭ part"
        assert "D7" in tree.select_one(".sheet").get_text()
        assert tree_of(page([PageItem(tune)], {})).select_one(".reader") is None

    def test_the_part_of_a_tune_is_written_once_for_both_widths(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = []

        def counted(tune: Tune) -> SimplifiedTune:
            written.append(tune)
            return simplified(tune)

        monkeypatch.setattr("djmodel.outputs.notation.written_part.simplified", counted)
        tune = Tune("", (bar("C7", [(64, 4)]),))
        assert len(tree_of(page([PageItem(tune)], {})).select(".sheet > div")) == 2
        assert written == [tune]

    def test_values_are_listed_for_each_bar_with_its_chords(self) -> None:
        # A bar of C7 and G7: the third of C, a quarter of rest, the fifth of G.
        tune = Tune("", (bar("C7 G7", [(64, 2), (None, 1), (62, 1)]),))
        item = PageItem(tune, values=[["C,2.000", "R,1.000", "C,1.000,<m2,P-4>"]])
        [row] = tree_of(page([item], {})).select(".bars li")
        assert row.select_one(".symbols").get_text() == "C7 / G7 /"
        values = row.select(".value")
        assert [value.get_text() for value in values] == list(item.values[0])
        assert [value["class"][1] for value in values] == ["vC", "vR", "vC"]

    def test_a_title_is_never_markup(self) -> None:
        title = '<script>alert(1)</script> & "more"'
        item = PageItem(replace(blues().excerpt(2, 3), title=title))
        tree = tree_of(page([item], {"<b>": "<i>"}))
        assert tree.h1.get_text() == title
        assert facts(tree.footer) == {"<b>": "<i>"}
        assert len(tree.select("script")) == 1

    def test_a_tune_has_its_heading_and_facts(self) -> None:
        item = PageItem(blues().excerpt(2, 3), "Take two", facts={"perplexity": "3.1"})
        section = tree_of(page([item], {})).section
        assert section.h2.get_text() == "Take two"
        assert facts(section) == {"perplexity": "3.1"}

    def test_a_failed_page_leaves_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match=r"none\.sf2"):
            write_page(
                [PageItem(blues())], tmp_path / "a.html", {}, soundfont=tmp_path / "none.sf2"
            )
        assert list(tmp_path.iterdir()) == []


class TestPlayer:
    def test_each_note_has_a_box_at_its_place(self) -> None:
        # Four quarters: each begins a quarter of the row further right, 380 units in all.
        tune = Tune("", (bar("C", [(60, 1), (64, 1), (67, 1), (72, 1)]),))
        tree = tree_of(player(tune, sound=False))
        lefts = [float(box["x"]) for box in tree.select(".roll .note.C rect")]
        assert lefts == pytest.approx([18, 113, 208, 303])

    def test_a_tune_without_notes_has_no_sound(self) -> None:
        text = player(Tune("", (bar("Dm7 G7", []),)))
        assert "<audio" not in text
        assert "Dm7" in text

    def test_the_notebook_player_contains_its_sound_style_and_script(self) -> None:
        text = notebook_player(blues().excerpt(2, 3))
        assert text.count("<audio") == text.count("<style>") == text.count("<script>") == 1
        assert "<svg" not in text  # which is taken out of a notebook that is not trusted


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    try:
        opened = open_browser(tmp_path_factory.mktemp("profile"))
    except NoBrowserError as error:
        pytest.skip(str(error))
    try:
        yield opened
    finally:
        opened.quit()


@pytest.fixture(scope="module")
def address(text: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "solos.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


class TestInABrowser:
    def test_the_page_loads_and_draws_without_an_error(self, browser: Any, address: str) -> None:
        resize(browser, 1280, 900)
        browser.get(address)
        script = "return document.querySelectorAll('.djm-player .roll .note rect').length"
        # A note that is held over the end of a row is drawn in both.
        assert browser.execute_script(script) == 2 * (len(blues().melody_notes()) + 1)
        assert browser.get_log("browser") == []
        requested = browser.execute_script("return performance.getEntriesByType('resource')")
        assert all(entry["name"].startswith("data:") for entry in requested)

    @pytest.mark.parametrize("trusted", [True, False])
    def test_the_roll_is_visible_in_a_trusted_and_an_untrusted_notebook(
        self, browser: Any, tmp_path: Path, trusted: bool
    ) -> None:
        shown = notebook_player(blues())
        if not trusted:  # what is left: no style, no script
            shown = re.sub("<(style|script)>.*?</\\1>", "", shown, flags=re.DOTALL)
        (tmp_path / "cell.html").write_text(f'<meta charset="utf-8">{shown}', encoding="utf-8")
        browser.get((tmp_path / "cell.html").as_uri())
        loaded = (
            "const all = [...document.querySelectorAll('.roll img')];"
            "return all.every(i => i.complete) && all.map(i => i.naturalWidth)"
        )
        script = "return document.querySelectorAll('.roll svg .note rect').length"
        boxes = browser.execute_script(script)
        if trusted:
            assert boxes == len(blues().melody_notes()) + 1
            assert browser.execute_script("return document.querySelector('img')") is None
        else:
            assert boxes == 0
            widths = until(browser, loaded)
            assert len(widths) > 1
            assert set(widths) == {800}
        assert browser.get_log("browser") == []

    def test_the_playhead_moves_with_the_sound(self, browser: Any, address: str) -> None:
        resize(browser, 1280, 900)
        browser.get(address)
        first = "document.querySelector('audio')"
        browser.execute_script(f"{first}.play()")
        assert until(browser, f"return {first}.currentTime > 0.3")
        duration = browser.execute_script(f"return {first}.duration")
        assert duration == pytest.approx(49 * 60 / 132 + 1, abs=0.1)
        script = "return [...document.querySelectorAll('.head')].filter(h => h.style.visibility"
        script += " === 'visible').map(h => Number(h.getAttribute('x1')))"
        before = until(browser, script)
        assert len(before) == 1
        assert until(browser, f"return {first}.currentTime > 0.8")
        assert browser.execute_script(script)[0] > before[0]
        # The second one silences the first.
        browser.execute_script("document.querySelectorAll('audio')[1].play()")
        assert until(browser, f"return {first}.paused")
        assert browser.get_log("browser") == []

    def test_a_click_on_the_roll_moves_the_sound_there(self, browser: Any, address: str) -> None:
        resize(browser, 1280, 900)
        browser.get(address)
        until(browser, "return document.querySelector('audio').readyState > 0")
        # The second row begins with bar 5, seventeen quarters in.
        browser.execute_script(
            "const svg = document.querySelectorAll('.roll svg')[1];"
            "const box = svg.getBoundingClientRect();"
            "svg.dispatchEvent(new MouseEvent('click', {bubbles: true,"
            " clientX: box.left + box.width * 18 / 400, clientY: box.top + 5}));"
        )
        now = until(browser, "return document.querySelector('audio').currentTime")
        assert now == pytest.approx(17 * 60 / 132, abs=1.0)

    @pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
    def test_the_page_fits_screens_of_any_width(
        self, browser: Any, address: str, width: int
    ) -> None:
        resize(browser, width, 800)
        browser.get(address)
        browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        room, letters, shown = browser.execute_script(
            "const shown = ['wide', 'narrow'].filter(name =>"
            " getComputedStyle(document.querySelector('.' + name)).display !== 'none');"
            "const sheet = document.querySelector(`.${shown[0]} svg`);"
            "const scale = sheet.getBoundingClientRect().width / sheet.viewBox.baseVal.width;"
            "return [document.querySelector('.sheet').clientWidth, 15 * scale, shown]"
        )
        # The two solos stand side by side on a wide screen: each sheet fits the room it has.
        assert shown == (["narrow"] if room <= 640 else ["wide"])
        assert letters > 8  # CSS pixels, the smaller ones of a chord symbol

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_light_and_dark_scheme_have_enough_contrast(
        self, browser: Any, address: str, scheme: str
    ) -> None:
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )
        browser.get(address)
        paper, ink, staff = browser.execute_script(
            "const style = (name) => getComputedStyle(document.querySelector(name));"
            "return [style('.page').backgroundColor, style('.page').color,"
            " style('.sheet svg').fill]"
        )
        assert contrast(paper, ink) > 7
        assert contrast(paper, staff) > 7
        assert (brightness(paper) > 0.5) == (scheme == "light")


def brightness(colour: str) -> float:
    """The relative luminance of rgb(...), 0 to 1, as in the WCAG guidelines."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((brightness(one), brightness(other)))
    return (high + 0.05) / (low + 0.05)

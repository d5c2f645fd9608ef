"""The page in a real browser: one server and one browser for all tests, which follow each other
as a user would go through the page."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.browser import NoBrowserError, open_browser, resize
from helpers.playing_page import PlayingPage

from djmodel.app.launch import Page
from djmodel.app.models import Models
from djmodel.model.model_file import pretrained_model
from djmodel.music.changes import parse_changes
from djmodel.outputs.audio import default_soundfont
from djmodel.outputs.charts.ireal import ireal_link

EXACT = 0.010  # seconds from the beat
FOUR_BARS = "Dm7 | G7 | Cmaj7 | A7"
HELD_UP = 0.6  # seconds; longer than any machine that has time for a page
SLOW = 0.7  # seconds of an answer and of what held the page up, likewise
FAST = 320  # quarter notes per minute: a chorus of four bars takes three seconds

# The longest time between two ticks of the player, in seconds, by the clocks of the system and of
# the sound, when it is asked.
HELD = """
  const heldUp = player => {
    const now = () => [performance.now() / 1000, player.transport.position];
    let [last, longest] = [now(), 0];
    player.addEventListener("tick", () => {
      const times = now();
      longest = Math.max(longest, ...times.map((time, index) => time - last[index]));
      last = times;
    });
    player.addEventListener("state", () => { last = now(); });
    return () => longest;
  };
"""


@pytest.fixture(scope="module")
def served() -> Iterator[Page]:
    page = Page(Models(), 0, {}).begin()
    yield page
    page.close()


@pytest.fixture(scope="module")
def page(served: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlayingPage]:
    try:
        browser = open_browser(tmp_path_factory.mktemp("profile"))
    except NoBrowserError as error:
        pytest.skip(str(error))
    try:
        opened = PlayingPage(browser, served.url)
        resize(browser, 1280, 900)
        opened.open()
        opened.js("document.getElementById('sheet-box').open = false; return null")
        yield opened
    finally:
        browser.quit()


@pytest.fixture
def stopped(page: PlayingPage) -> Iterator[PlayingPage]:
    """The page, which stops to play when the test is over."""
    yield page
    page.stop()


def waited(found: Callable[[], list[Path]], seconds: float = 60.0) -> list[Path]:
    """What is found as soon as it is there."""
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.02)
    return found()


class TestChart:
    def test_typed_changes_are_shown_as_bars(self, page: PlayingPage) -> None:
        page.type("[A] Dm7 | G7 | Cmaj7 | % | [B] F#m7b5 B7b9 | Em7")
        assert page.until("document.querySelectorAll('#grid .box').length === 6")
        shown = page.js(
            "const boxes = [...document.querySelectorAll('#grid .box')];"
            "return boxes.map(box => box.getAttribute('aria-label'))"
        )
        assert shown[0] == "Section A, bar 1: Dm7"
        assert shown[4] == "Section B, bar 5: F#m7b5, B7b9"
        assert page.js("document.querySelectorAll('#grid .symbol')[4].textContent") == "F♯m7♭5"

    def test_the_bar_that_is_played_is_seen_in_a_long_chart(self, page: PlayingPage) -> None:
        assert page.js("""
          const {ChartGrid} = await import("/static/views/chart_grid.js");
          const place = document.getElementById("grid");
          const grid = new ChartGrid(place);
          grid.draw(Array.from({length: 200}, () => page.editor.chart.bars[0]));
          grid.follow(150, 0);
          const [seen, bar] = [place, place.querySelector(".now")].map(
            each => each.getBoundingClientRect());
          return seen.top <= bar.top && bar.bottom <= seen.bottom && seen.height < 700;
        """)

    def test_mistakes_are_marked_where_they_stand(self, page: PlayingPage) -> None:
        page.type("Dm7 | H7 | Cmaj7")
        assert page.until("document.querySelector('#marks mark')?.textContent === 'H7'")
        assert page.js("document.getElementById('changes').getAttribute('aria-invalid')") == "true"
        assert "H7" in page.text("mistakes")
        # A click on the message goes to the place.
        page.js("document.querySelector('#mistakes button').click(); return null")
        assert page.js("document.getElementById('changes').selectionStart") == len("Dm7 | ")
        assert page.js("page.settings.get('changes').includes('H7')") is False
        assert page.text("mistake") == "Mistake in bar 2"

    def test_a_chart_with_a_mistake_is_not_played_in_its_old_form(self, page: PlayingPage) -> None:
        page.type("Dm7 | G7 | Q7")  # and Play at once, before the server has read it
        page.click("play")
        assert page.until("document.getElementById('status').textContent.includes('Q7')")
        assert page.js("page.player.state") == "stopped"
        assert page.js("document.getElementById('changes').selectionStart") == len("Dm7 | G7 | ")

    def test_a_form_is_chosen_and_transposed(self, page: PlayingPage) -> None:
        page.js(
            "const form = document.getElementById('form'); form.value = 'ii-V-I';"
            "form.dispatchEvent(new Event('change')); return null"
        )
        assert page.until("page.editor.chart?.bars[0].chords[0].symbol === 'Dm7'")
        page.click("up")
        assert page.until("page.editor.chart.bars[0].chords[0].symbol === 'Ebm7'")
        page.click("down")
        assert page.until("page.editor.chart.bars[0].chords[0].symbol === 'Dm7'")

    def test_a_link_of_ireal_pro_becomes_a_chart(self, page: PlayingPage) -> None:
        page.type("irealbook://Short=Nobody=Medium Swing=C=n=[T44D-7 |G7 |C^7 |x Z")
        assert page.until("page.settings.get('changes').includes('D-7 | G7 | C^7')")
        assert page.js("document.getElementById('changes').value.startsWith('Title: Short')")
        assert page.text("chart-about").startswith("Short")

    def test_a_song_of_a_playlist_is_chosen(self, page: PlayingPage) -> None:
        tunes = [parse_changes("Dm7 | G7", title=title, tempo=90) for title in ("One", "Two")]
        page.set(tempo=200)
        page.type(ireal_link(*tunes))
        assert page.until("page.editor.chart?.title === 'One'")
        assert page.js("document.getElementById('tempo').value") == "90"
        page.set(tempo=100)
        page.js(
            "const song = document.getElementById('song'); song.value = 'Two';"
            "song.dispatchEvent(new Event('change')); return null"
        )
        assert page.until("page.editor.chart.title === 'Two'")
        # It names the same tempo, so that the one that was set stays until it is emptied.
        assert page.js("document.getElementById('tempo').value") == "100"
        page.set(tempo=None)
        assert page.js("document.getElementById('tempo').value") == "90"

    def test_files_are_dropped_with_the_mouse(
        self, page: PlayingPage, rags: Any, tmp_path: Path
    ) -> None:
        page.drop(rags[0])
        assert page.until("page.editor.chart.bars.length > 20")
        assert "is open" in page.text("status")
        playlist = tmp_path / "list.html"
        playlist.write_text(f'<a href="{ireal_link(parse_changes("Dm7 | G7", title="Mine"))}">')
        page.drop(playlist)
        assert page.until("page.editor.chart.title === 'Mine'")
        page.drop(pretrained_model("ragtime"))
        assert page.until(
            "document.getElementById('model').selectedOptions[0].text === 'ragtime (file)'"
        )
        page.set(model="jazz")
        page.drop(default_soundfont())
        assert page.until("document.getElementById('instruments').textContent.endsWith('.sf3')")
        page.drop(tmp_path)  # a folder
        assert page.until("document.getElementById('alert').textContent.includes('not a folder')")
        page.js("document.querySelector('#alert button').click(); return null")

    def test_taps_set_the_tempo(self, page: PlayingPage) -> None:
        page.js(
            "const tap = document.getElementById('tap');"
            "for (const at of [0, 400, 800, 1200]) {"
            " const event = new PointerEvent('pointerdown');"
            " Object.defineProperty(event, 'timeStamp', {value: 1e6 + at});"
            " tap.dispatchEvent(event);"
            "} return null"
        )
        assert page.js("page.settings.get('tempo')") == 150


@pytest.fixture(scope="module")
def listened(page: PlayingPage) -> dict[str, Any]:
    """What was asked for, scheduled and heard in one and a half choruses, the clicks alone."""
    page.js("document.getElementById('meter').value = '4/4'; return null")
    page.type(FOUR_BARS)
    assert page.until("page.editor.chart?.text.startsWith('Dm7 | G7 | C')")
    page.set(tempo=FAST, count_in=0, seed=5, temperature=1)
    page.alone("metronome")
    page.play()  # wakes the instruments
    page.stop()
    page.record()
    page.js("page.session.clear(); return null")
    found = page.js(
        HELD
        + """
      const {player, session, settings, instruments} = page;
      const {transport, timeline} = player;
      let loudest = 0;
      const skippedBefore = player.scheduler.skipped;
      const held = heldUp(player);
      const heard = new Promise(resolve => player.addEventListener("tick", () => {
        const {choruses: [first, second]} = player.timeline;
        loudest = Math.max(loudest, instruments.level());
        if (transport.heard > first.start + 1) settings.set({temperature: 0.5});
        if (second && transport.heard > second.start + 1) resolve();
      }));
      const begun = page.clock.now;
      document.getElementById("play").click();
      await heard;
      const found = {
        choruses: player.timeline.choruses.map(({start, end, request}) => ({start, end, request})),
        beats: player.timeline.choruses.flatMap(({start, tempo, bars}) => bars.flatMap(
          ({onset, beats}) => beats.map(beat =>
            transport.audioTime(start + (onset + beat) * 60 / tempo)))),
        onsets: window.onsets,
        clicks: player.scheduler.log.filter(({channel, time}) => channel === 10 && time > begun),
        log: player.log, skipped: player.scheduler.skipped - skippedBefore,
        session: session.choruses, loudest,
        place: document.getElementById("place-bar").textContent,
        notes: document.querySelectorAll("#roll rect:is(.C, .S, .A, .X)").length,
        held: held(), latency: page.server.latency.solo,
      };
      player.stop();
      return found
    """
    )
    return dict(found)


def skip_if_held_up(found: dict[str, Any]) -> None:
    """Skips a test about time where the machine gave the page none."""
    if found["held"] > HELD_UP:
        pytest.skip(f"the machine is too busy: it held the page up for {found['held']:.1f} s")


def skip_if_slow(found: dict[str, Any]) -> None:
    """Skips a test about time where the machine gave the page or its server none."""
    skip_if_held_up(found)
    if found["latency"] + found["held"] > SLOW:
        pytest.skip(f"the machine is too busy: an answer takes {found['latency']:.1f} s")


class TestListening:
    def test_what_is_heard_is_on_the_beat(self, listened: dict[str, Any]) -> None:
        skip_if_held_up(listened)
        heard, beats = listened["onsets"], listened["beats"]
        assert listened["loudest"] > 0.01
        assert len(heard) > 12  # of the sixteen of the first chorus, and those of the next
        assert abs(heard[0] - beats[0]) < EXACT
        errors = [min(abs(onset - beat) for beat in beats) for onset in heard[:18]]
        # A machine without time holds up the audio thread for a note or two; a clock that lags or
        # drifts is late with all.
        assert sorted(errors)[-3] < EXACT, errors

    def test_notes_are_sent_before_they_sound(self, listened: dict[str, Any]) -> None:
        skip_if_held_up(listened)
        assert listened["skipped"] == 0
        clicks = listened["clicks"]
        assert all(click["sent"] < click["time"] for click in clicks[4:])  # after the start
        # The first ones sound as soon as they can, which may be after their beat.
        errors = [min(abs(c["time"] - beat) for beat in listened["beats"]) for c in clicks[6:]]
        assert max(errors) < EXACT

    def test_choruses_follow_each_other_without_a_gap(self, listened: dict[str, Any]) -> None:
        skip_if_held_up(listened)
        first, second = listened["choruses"][:2]
        assert second["start"] == first["end"] == pytest.approx(3.0)
        gaps = [b["time"] - a["time"] for a, b in itertools.pairwise(listened["clicks"])]
        assert max(gaps) == pytest.approx(60 / FAST, abs=0.001)

    def test_a_chorus_is_there_two_beats_before_it_begins(self, listened: dict[str, Any]) -> None:
        skip_if_slow(listened)
        second = listened["log"][1]
        assert not second["repeated"]
        assert second["came"] <= second["start"] - 2 * 60 / FAST

    def test_changes_of_the_soloist_take_effect_at_the_next_chorus(
        self, listened: dict[str, Any]
    ) -> None:
        skip_if_slow(listened)
        settings = [chorus["request"]["settings"] for chorus in listened["choruses"][:2]]
        assert [each["temperature"] for each in settings] == [1, 0.5]
        assert [each["seed"] for each in settings] == [5, 6]

    def test_the_views_follow_and_the_session_keeps_what_was_played(
        self, listened: dict[str, Any]
    ) -> None:
        assert listened["place"].startswith("Bar ")
        assert listened["notes"] > 0
        assert len(listened["session"]) == 2
        assert all(chorus["melody"] for chorus in listened["session"])


FAKE_MIDI = """
window.fakeInput = {name: "Test keys", state: "connected", onmidimessage: null};
navigator.requestMIDIAccess = async () => {
  if (window.refuseMidi) throw new DOMException("refused", "SecurityError");
  return {inputs: new Map([["1", window.fakeInput]]), onstatechange: null};
};
return null
"""


class TestTrading:
    def test_midi_that_is_refused_is_explained(self, page: PlayingPage) -> None:
        page.js("window.refuseMidi = true;" + FAKE_MIDI)
        page.set(mode="trade")
        page.click("midi")
        assert page.until("document.getElementById('alert').textContent.includes('MIDI')")
        assert "letters" in page.text("alert").lower()
        page.js("window.refuseMidi = false; return null")
        page.click("midi")
        assert page.until("document.getElementById('midi').textContent === 'Connected'")
        assert page.text("alert") == ""

    def test_a_letter_of_the_keyboard_is_heard(self, page: PlayingPage) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        page.alone("you")
        page.js("document.activeElement.blur(); window.lit = [];"
                "page.recorder.addEventListener('note', ({detail}) =>"
                " window.lit.push([detail.pitch, detail.on])); return null")  # fmt: skip
        keys = ActionChains(page.browser, duration=0)
        keys.key_down("z").perform()  # the lowest C
        assert page.until("page.instruments.level() > 0.005")
        keys.key_up("z").perform()
        assert page.until("window.lit.length === 2")
        assert page.js("window.lit") == [[60, True], [60, False]]

    def test_letters_play_after_the_bars_of_a_turn_were_chosen(self, page: PlayingPage) -> None:
        page.js(
            "window.lit = []; for (const name of ['keydown', 'keyup'])"
            " document.getElementById('trade-bars').dispatchEvent("
            "new KeyboardEvent(name, {code: 'KeyX', bubbles: true})); return null"
        )
        assert page.js("window.lit") == [[62, True], [62, False]]

    def test_what_is_played_is_answered_in_time(self, stopped: PlayingPage) -> None:
        """C, E and G on the letters; in the second turn C and D on a MIDI keyboard."""
        page = stopped
        page.alone("you", "melody")
        page.set(mode="trade", trade_bars=2, begins="you", tempo=240, latency=0)
        found = page.js(
            HELD
            + """
          const {player, trader, recorder, session} = page;
          const held = heldUp(player);
          const wait = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));
          const turn = by => new Promise(resolve => trader.addEventListener(
            "turn", ({detail}) => detail?.by === by && resolve(detail)));
          const key = (name, code) =>
            document.body.dispatchEvent(new KeyboardEvent(name, {code, bubbles: true}));
          const send = (...data) => window.fakeInput.onmidimessage(
            {data: Uint8Array.from(data), timeStamp: performance.now()});
          const text = () => document.getElementById("turn").textContent;
          const said = [];

          const first = turn("you");
          document.getElementById("play").click();
          const mine = await first;
          said.push(text());
          for (const code of ["KeyZ", "KeyC", "KeyB"]) {
            key("keydown", code);
            await wait(120);
            key("keyup", code);
          }
          await turn("model");
          said.push(text());
          await turn("you");
          const answered = document.querySelectorAll("#roll rect:is(.C, .S, .A, .X)").length;
          for (const pitch of [72, 74]) {
            send(0x90, pitch, 100);
            await wait(120);
            send(0x90, pitch, 0);
          }
          const log = trader.log;
          player.stop();
          for (let i = 0; i < 100 && !(mine.understood?.melody.length > 2); i++) await wait(20);
          const trades = session.choruses.flatMap(({trades}) => trades ?? []);
          return {said, log, answered, trades, melody: mine.understood?.melody,
            held: held(), latency: page.server.latency.answer};
        """
        )
        assert [text.split(" ·")[0] for text in found["said"]] == ["Your turn", "The answer"]
        skip_if_slow(found)
        trades = found["trades"]
        assert [trade["by"] for trade in trades][:3] == ["you", "model", "you"]
        mine = [[note["pitch"] for note in trade["notes"]] for trade in trades[::2]]
        assert mine == [[60, 64, 67], [72, 74]]
        assert found["answered"] > 0
        [answer] = found["log"]
        assert answer["came"] < answer["begins"]
        assert [pitch for _, _, pitch in found["melody"]] == [60, 64, 67]

    def test_a_finger_plays_the_keys_on_the_screen(self, page: PlayingPage) -> None:
        key = page.browser.find_element("css selector", "#keys [data-pitch='62']")
        page.js("window.lit.length = 0; return null")
        key.click()
        assert page.until("window.lit.length === 2")
        assert page.js("window.lit") == [[62, True], [62, False]]

    def test_the_latency_is_the_median_distance_from_the_clicks(self, page: PlayingPage) -> None:
        # Taps 40 ms late, one of them far off, and one that is with no click.
        measured = page.js(
            "const {latency} = await import('/static/input/calibration.js');"
            "return [latency([1.04, 2.04, 3.2, 4.04, 5.04, 9], [1, 2, 3, 4, 5, 6]),"
            " latency([1.04], [1, 2])]"
        )
        assert measured[0] == pytest.approx(0.04)
        assert measured[1] is None

    def test_what_is_played_outside_music_is_heard_and_not_written_down(
        self, page: PlayingPage
    ) -> None:
        assert page.js("page.recorder.notes.every(note => note.end !== null)") is True
        assert page.js("page.player.state") == "stopped"


class TestSchedulerAfterSleep:
    def test_notes_of_the_time_that_was_slept_are_skipped(self, page: PlayingPage) -> None:
        """A clock that jumps by ten seconds: nothing of what lies between is sent, and the note
        that sounded is ended."""
        result = page.js("""
          const {Scheduler} = await import("/static/audio/scheduler.js");
          const transport = {playing: true, position: 0, audioTime: at => at};
          const sent = [];
          const synth = {
            noteOn: (channel, pitch, velocity, time) => sent.push(["on", pitch, time]),
            noteOff: (channel, pitch, time) => sent.push(["off", pitch, time]),
          };
          const scheduler = new Scheduler(transport);
          scheduler.connect(synth);
          const notes = Array.from({length: 24}, (_, index) => (
            {channel: 0, pitch: 60 + index, velocity: 80, start: index / 2, end: index / 2 + 0.4}));
          scheduler.add(0, notes);
          scheduler.tick();
          transport.position = 10;
          scheduler.tick();
          return {sent, skipped: scheduler.skipped};
        """)
        begun = [(pitch, time) for kind, pitch, time in result["sent"] if kind == "on"]
        assert begun == [(60, 0), (61, 0.5), (80, 10), (81, 10.5)]
        assert result["skipped"] == 18
        assert ["off", 61, 0.9] in result["sent"]

    def test_a_clock_that_was_stopped_runs_again(self, page: PlayingPage) -> None:
        page.js("await page.clock.context.suspend(); return null")
        assert page.until("page.clock.running", 3)


class TestKeeping:
    def test_a_link_restores_the_session(self, page: PlayingPage) -> None:
        before = page.js("page.session.choruses")
        fragment = page.js(
            "const {toFragment} = await import('/static/core/session.js');"
            "return toFragment(page.session.toObject(page.settings.all()))"
        )
        page.set(tempo=99)
        page.open(f"#session={fragment}")
        assert page.js("page.session.choruses") == before
        assert page.js("page.settings.get('tempo')") == 240

    def test_what_was_played_is_there_after_the_page_was_closed(self, page: PlayingPage) -> None:
        before = page.js("page.session.choruses.length")
        page.open()
        assert page.js("page.session.choruses.length") == 0
        assert page.until("document.querySelectorAll('#earlier option').length > 1")
        page.js(
            "const earlier = document.getElementById('earlier');"
            "earlier.selectedIndex = 1; earlier.dispatchEvent(new Event('change')); return null"
        )
        assert page.until(f"page.session.choruses.length === {before}", 3)

    def test_the_session_is_kept_in_files(self, page: PlayingPage, tmp_path: Path) -> None:
        command = "Browser.setDownloadBehavior"
        where = {"behavior": "allow", "downloadPath": str(tmp_path)}
        page.browser.execute_cdp_cmd(command, where)
        page.js("page.session.choruses.splice(1); return null")  # less sound to compute
        begins = {
            ".mid": b"MThd",
            ".musicxml": b"<?xml",
            ".wav": b"RIFF",
            ".html": b"<!DOCTYPE html>",
        }
        for format_name, suffix in zip(("midi", "musicxml", "wav", "html"), begins, strict=True):
            page.js(f"document.querySelector('[data-format={format_name}]').click(); return null")
            [file] = waited(lambda suffix=suffix: [*tmp_path.glob(f"djmodel-*{suffix}")])
            assert file.read_bytes().startswith(begins[suffix])
        page.click("save")
        [saved] = waited(lambda: [*tmp_path.glob("*.json")])
        assert json.loads(saved.read_text())["djmodel session"] == 1

    def test_a_file_that_is_no_session_is_refused(self, page: PlayingPage, tmp_path: Any) -> None:
        path = tmp_path / "other.json"
        path.write_text(json.dumps({"choruses": 3}), encoding="utf-8")
        page.browser.find_element("id", "open").send_keys(str(path))
        assert page.until("document.getElementById('alert').textContent.includes('not a saved')")
        page.js("document.querySelector('#alert button').click(); return null")

    def test_what_was_traded_is_played_again(self, page: PlayingPage) -> None:
        """Two bars: a middle C of the player, then a G of the model; kept once."""
        trades = [
            {"by": "you", "bar": 0, "bars": 1, "melody": [[3, 1, 60]],
             "notes": [{"start": 3.02, "end": 3.9, "pitch": 60, "velocity": 90}]},
            {"by": "model", "bar": 1, "bars": 1, "melody": [[0, 2, 67]],
             "notes": [{"start": 0, "end": 1.9, "pitch": 67, "velocity": 90}]},
        ]  # fmt: skip
        chorus = {"changes": "C | F", "settings": {"tempo": 200}, "melody": [], "trades": trades}
        page.js(
            "page.session.restore(saved); return null",
            saved={"djmodel session": 1, "choruses": [chorus]},
        )
        page.set(count_in=0)
        page.click("replay")
        heard = page.until(
            "(log => log.length === 2 && log.map(({channel, pitch}) => [channel, pitch]))"
            "(page.player.scheduler.log.filter(({channel}) => channel in {0: 1, 3: 1}).slice(-2))",
            10,
        )
        assert heard == [[3, 60], [0, 67]]
        assert page.js("page.player.timeline.last.melody") == [[3, 1, 60], [4, 2, 67]]
        assert page.js("page.session.choruses.length") == 1
        page.stop()

    def test_what_the_browser_keeps_may_be_broken(self, page: PlayingPage) -> None:
        before = page.js("({...localStorage})")
        broken = {"djmodel.playlist": '{"songs": 3', "djmodel.settings": json.dumps({
            "mode": "sing", "trade_bars": 0, "octave": 99, "changes": "Dm7", "tempo": "fast",
        })}  # fmt: skip
        page.js("Object.assign(localStorage, broken); return null", broken=broken)
        page.open()
        kept = page.js("page.settings.all()")
        assert [kept[name] for name in ("mode", "trade_bars", "octave", "changes", "tempo")] == [
            "listen", 4, 0, "Dm7", None,
        ]  # fmt: skip
        page.js("Object.assign(localStorage, before); return null", before=before)
        page.open()


class TestEveryScreen:
    @pytest.mark.parametrize("mode", ["listen", "trade"])
    @pytest.mark.parametrize("width", [320, 390, 768, 1280])
    def test_the_page_is_no_wider_than_the_screen(
        self, page: PlayingPage, width: int, mode: str
    ) -> None:
        resize(page.browser, width, 800)
        page.set(mode=mode)
        assert page.js("document.documentElement.scrollWidth") <= width
        widths = page.js(
            "[...document.querySelectorAll('button, .button, select, input, textarea')]"
            ".map(each => each.getBoundingClientRect()).filter(box => box.width > 1)"
            ".map(box => box.right)"
        )
        assert max(widths) <= width

    def test_every_control_has_a_name(self, page: PlayingPage) -> None:
        nodes = page.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        roles = {"button", "textbox", "combobox", "slider", "spinbutton", "checkbox", "radio"}
        named = [
            (node["role"]["value"], node.get("name", {}).get("value", ""))
            for node in nodes
            if not node.get("ignored") and node["role"]["value"] in roles
        ]
        assert len(named) > 30
        assert [role for role, name in named if not name.strip()] == []
        assert page.js("document.getElementById('turn').getAttribute('role')") == "status"


class TestTabs:
    def test_a_tab_that_begins_to_play_pauses_the_other(self, stopped: PlayingPage) -> None:
        page = stopped
        page.set(mode="listen")
        page.play()
        assert page.until("page.player.transport.heard > 1")
        page.js(
            "const other = new BroadcastChannel('djmodel'); other.postMessage('plays'); return null"
        )
        assert page.until("page.player.state === 'paused'", 3)
        assert "another tab" in page.text("alert")
        before = page.js("page.player.transport.position")
        page.click("play")
        assert page.until("page.player.state === 'playing'")
        assert page.js("page.player.transport.heard") > before - 0.5  # it goes on from there
        assert page.text("alert") == ""


class TestNothingLeavesTheMachine:
    def test_the_console_is_empty(self, page: PlayingPage) -> None:
        assert page.problems() == []

    def test_every_request_went_to_the_server_of_the_page(self, page: PlayingPage) -> None:
        addresses = page.js("performance.getEntriesByType('resource').map(entry => entry.name)")
        assert len(addresses) > 30
        assert {a for a in addresses if not a.startswith((page.url, "blob:"))} == set()


class TestTrouble:
    def test_a_soundfont_that_cannot_be_read_leaves_a_plain_synthesizer(
        self, page: PlayingPage
    ) -> None:
        bytes_of_none = (
            "const fetched = window.fetch; window.fetch = (address, options) =>"
            " address === '/soundfont' ? Promise.resolve(new Response('no SoundFont'))"
            " : fetched(address, options)"
        )
        command = "Page.addScriptToEvaluateOnNewDocument"
        page.browser.execute_cdp_cmd(command, {"source": bytes_of_none})
        page.open()
        page.type("Dm7 | G7")
        assert page.until("page.editor.chart?.bars.length === 2")
        page.set(mode="listen", tempo=FAST)
        page.alone("melody", "bass", "drums")
        page.play()
        assert "plain synthesizer" in page.text("alert")
        assert page.until("page.instruments.level() > 0.005", 3)
        assert page.until("page.player.transport.heard > 1")

    def test_the_music_goes_on_when_the_server_is_gone(
        self, page: PlayingPage, served: Page
    ) -> None:
        served.close()
        assert page.until("document.getElementById('alert').textContent.includes('not answer')")
        assert page.until("page.player.timeline.last.repeated", 5)
        kept = page.js("page.session.choruses.length")
        assert page.until(f"page.session.choruses.length > {kept}", 6)
        assert page.js("page.player.state") == "playing"
        page.stop()
        page.click("play")
        assert page.until("document.getElementById('alert').textContent.includes('Nothing can')")
        page.type("Em7 | A7")
        again = Page(Models(), served.port, {}).begin()
        try:
            assert page.until("page.settings.get('changes') === 'Em7 | A7'")
            assert "not answer" not in page.text("alert")
        finally:
            again.close()

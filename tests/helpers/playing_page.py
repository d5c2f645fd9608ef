"""The page of `djmodel play` in a browser: what its tests and its benchmark do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.browser import until

# What is heard, by a worklet that knows the frame of each sample: the times at which sound follows
# 100 ms of quiet.
_RECORDER = """
class Recorder extends AudioWorkletProcessor {
  last = -1e9;
  process([input]) {
    const samples = input[0] ?? [];
    for (let i = 0; i < samples.length; i++) {
      if (Math.abs(samples[i]) < 0.05) continue;
      const frame = currentFrame + i;
      if (frame - this.last > 0.1 * sampleRate) this.port.postMessage(frame / sampleRate);
      this.last = frame;
    }
    return true;
  }
}
registerProcessor("recorder", Recorder);
"""
_RECORD = """
const {page, source} = arguments[0];
const {clock, instruments} = page;
window.onsets = [];
if (!window.recorder) {
  const address = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  await clock.context.audioWorklet.addModule(address);
  window.recorder = new AudioWorkletNode(clock.context, "recorder");
  window.recorder.port.onmessage = ({data}) => window.onsets.push(data);
  instruments.analyser.connect(window.recorder);
}
"""


class PlayingPage:
    """The page at `url`."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url

    def open(self, fragment: str = "") -> None:
        self.browser.get("about:blank")
        self.browser.get(self.url + fragment)
        assert until(self.browser, "return document.documentElement.dataset.ready", 60)

    def js(self, code: str, **names: Any) -> Any:
        """The result of an expression or of statements with `return`; `page` holds the parts of the
        page, and `await` may be used."""
        body = code if "return " in code or ";" in code else f"return {code}"
        script = (
            "const done = arguments[arguments.length - 1];"
            "import('/static/main.js').then(async ({page}) => {"
            f"const {{{', '.join(names)}}} = arguments[0]; {body}"
            "}).then(value => done([value]), error => done(String(error?.stack ?? error)))"
        )
        answer = self.browser.execute_async_script(script, names)
        assert isinstance(answer, list), answer
        return answer[0]

    def until(self, expression: str, seconds: float = 60.0) -> Any:
        """The value of an expression about `page` as soon as it is true."""
        script = (
            f"const end = Date.now() + {seconds * 1000};"
            f"let value; while (!(value = {expression}) && Date.now() < end)"
            " await new Promise(resolve => setTimeout(resolve, 20)); return value"
        )
        return self.js(script)

    def set(self, **settings: Any) -> None:
        self.js("page.settings.set(settings); return null", settings=settings)

    def type(self, text: str) -> None:
        """Types into the changes, in place of what is there."""
        self.js(
            "const field = document.getElementById('changes'); field.value = text;"
            "field.dispatchEvent(new Event('input', {bubbles: true})); return null",
            text=text,
        )

    def click(self, name: str) -> None:
        self.js("document.getElementById(name).click(); return null", name=name)

    def drop(self, path: Path) -> None:
        """Drags a file into the page with the mouse, and drops it."""
        data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for event in ("dragEnter", "dragOver", "drop"):
            place = {"type": event, "x": 200, "y": 200, "data": data}
            self.browser.execute_cdp_cmd("Input.dispatchDragEvent", place)

    def text(self, name: str) -> str:
        return str(self.js("document.getElementById(name).textContent", name=name))

    def alone(self, strip: str, *strips: str) -> None:
        """Mutes all strips of the mixer but these."""
        self.js(
            "for (const name of Object.keys(page.mixer.strips))"
            " page.mixer.set(name, {muted: !names.includes(name), gain: 1}); return null",
            names=[strip, *strips],
        )

    def record(self) -> None:
        """Begins to write down the audio times at which sound begins, in `window.onsets`; the page
        has played before."""
        self.js(
            _RECORD.replace("const {page, source} = arguments[0];", "") + "return null",
            source=_RECORDER,
        )

    def play(self) -> None:
        self.click("play")
        assert self.until("page.player.state === 'playing'")

    def stop(self) -> None:
        self.js("page.player.stop(); return null")

    def problems(self) -> list[str]:
        """What the browser's console has said since it was asked last."""
        return [entry["message"] for entry in self.browser.get_log("browser")]

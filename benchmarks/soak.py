"""`python -m benchmarks.soak --minutes 15`: the page plays in a headless Chromium, and each minute
says whether what is heard stays on the beat and whether memory grows.

For the first seconds of each minute the metronome plays alone, and a worklet writes down when each
click is heard; then the whole band plays. Memory is that of the page's JavaScript after garbage
collection, and that of the server's processes.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from helpers.browser import open_browser, resize
from helpers.playing_page import PlayingPage

MEASURED = 10.0  # seconds of clicks in each minute
CLICKS = """
const {timeline, transport, scheduler} = page.player;
const beats = timeline.choruses.flatMap(({start, tempo, bars}) => bars.flatMap(({onset, beats}) =>
  beats.map(beat => transport.audioTime(start + (onset + beat) * 60 / tempo))));
return {
  errors: window.onsets.map(heard => beats.map(beat => heard - beat)
    .reduce((a, b) => Math.abs(b) < Math.abs(a) ? b : a)),
  audio: page.clock.now, system: performance.now() / 1000, skipped: scheduler.skipped,
  number: timeline.last.number, played: page.session.choruses.length,
  repeated: page.player.log.filter(({repeated}) => repeated).length,
};
"""


def memory(browser: Any) -> tuple[float, float]:
    """Megabytes of the page's JavaScript and the number of its nodes, after garbage collection."""
    browser.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    values = {metric["name"]: metric["value"] for metric in metrics}
    return values["JSHeapUsedSize"] / 1e6, values["Nodes"]


def resident(pid: int) -> float:
    """Megabytes of memory of a process and its children."""
    found, total = [pid], 0.0
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += map(int, task.read_text().split())
        status = Path(f"/proc/{each}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0]) / 1e3
    return total


def soak(page: PlayingPage, server: int, minutes: float) -> None:
    page.set(changes="blues-in-F", tempo=160, count_in=0, loop=True, mode="listen", seed=1)
    page.alone("metronome")
    page.play()
    page.record()
    page.browser.execute_cdp_cmd("Performance.enable", {})
    print(
        "minute  clicks  off the beat (median, 95 %)  audio - system  skipped  repeated  chorus"
        "   heap MB   nodes  server MB  load"
    )
    first: dict[str, Any] = {}
    begun = time.monotonic()
    for minute in range(int(minutes) + 1):
        time.sleep(max(begun + 60 * minute - time.monotonic(), 0))
        page.alone("metronome")
        page.js("window.onsets.length = 0; return null")
        time.sleep(MEASURED)
        now = page.js(CLICKS)
        page.alone("melody", "chords", "bass", "drums")
        first = first or now
        errors = sorted(abs(error) for error in now["errors"][1:])
        heap, nodes = memory(page.browser)
        drift = (now["audio"] - first["audio"]) - (now["system"] - first["system"])
        print(
            f"{minute:6}  {len(errors):6}"
            f"  {statistics.median(errors) * 1000:12.1f} ms"
            f"  {errors[int(0.95 * len(errors))] * 1000:8.1f} ms"
            f"  {drift * 1000:11.0f} ms  {now['skipped']:7}  {now['repeated']:8}  {now['number']:6}"
            f"  {heap:8.2f}  {nodes:6.0f}  {resident(server):9.0f}  {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    page.stop()


def main(
    minutes: Annotated[float, typer.Option(help="How long the page plays.", min=1)] = 15.0,
) -> None:
    command = [sys.executable, "-m", "djmodel.play", "--no-browser", "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as profile,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            browser = open_browser(profile)
            try:
                resize(browser, 1280, 900)
                page = PlayingPage(browser, url)
                page.open()
                soak(page, server.pid, minutes)
            finally:
                browser.quit()
        finally:
            server.terminate()


if __name__ == "__main__":
    typer.run(main)

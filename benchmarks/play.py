"""`python -m benchmarks.play`: the time until a page has its answer, with many pages at once.

It starts `djmodel play` as a user does, and asks over HTTP as the page does. All pages of a burst
ask at the same moment, which is the worst case; pages that play trade fours, or play choruses, at
their own times. A player who trades waits at most a beat, half a second at 120 quarter notes per
minute. `processor` is the time that the work of one request takes on an idle core.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import numpy as np

from djmodel.app.jobs import Job
from djmodel.app.jobs import run as run_job
from djmodel.app.models import Models
from seqmodel.command_line.runner import print_line, run
from seqmodel.parallel.threads import cpu_count
from seqmodel.settings import Setting

TEMPO = 120
BEAT = 60 / TEMPO  # seconds
FORM, FORM_BARS = "blues-in-F", 12


def command(
    pages: Annotated[int, Setting("Pages at once.", minimum=1)] = 20,
    seconds: Annotated[float, Setting("Time for which the pages play.", minimum=1)] = 60.0,
    seed: Annotated[int, Setting("Seed of what is played.", minimum=0)] = 0,
) -> None:
    """Measure the time until each of many pages has its answer."""
    rng = random.Random(seed)
    requests: dict[str, Callable[[int], Request]] = {
        f"answers of {bars} bars": partial(answer, bars, rng) for bars in (2, 4, 8, 12)
    }
    requests |= {"charts": lambda _: ("/chart", {"changes": FORM}), "choruses": solo}
    print_line(f"{pages} pages, {cpu_count()} cores; a beat at {TEMPO} is {BEAT * 1000:.0f} ms")
    print_line(f"{'':30} {'processor':>10} {'median':>8} {'95 %':>8} {'longest':>8}  within a beat")
    with served() as ask:
        for name, request in requests.items():
            took = burst(pages, lambda number, request=request: ask(*request(number)))
            report(f"burst: {name}", processor_time(request), took)
        for name, bars, request in (
            ("playing: trading fours", 8, requests["answers of 4 bars"]),
            ("playing: choruses", FORM_BARS, solo),
        ):
            took = playing(pages, seconds, bars * 4 * BEAT, ask, request, rng)
            report(name, processor_time(request), took)


Request = tuple[str, dict[str, Any]]
"""An address and what is sent to it."""
Ask = Callable[[str, Any], float]


@contextmanager
def served() -> Iterator[Ask]:
    """A server of its own; gives a function that sends a request and returns the seconds until its
    answer is there."""
    program = [sys.executable, "-m", "djmodel.play", "--no-browser", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip().rstrip("/")

        def ask(path: str, body: Any) -> float:
            content = json.dumps(body).encode()
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(address + path, content, headers)
            began = time.perf_counter()
            with urllib.request.urlopen(request, timeout=120) as reply:
                reply.read()
            return time.perf_counter() - began

        try:
            for _ in range(2 * cpu_count()):  # every process has loaded the model
                burst(2 * cpu_count(), lambda number: ask(*solo(number)))
            yield ask
        finally:
            server.terminate()


def solo(number: int) -> Request:
    return "/solo", {"changes": FORM, "settings": {"tempo": TEMPO, "seed": number}}


def answer(bars: int, rng: random.Random, number: int) -> Request:
    """A request for an answer to `bars` bars of swung eighths, as somebody plays them."""
    notes = []
    pitch = 65
    for eighth in range(8 * bars):
        if rng.random() < 0.2:
            continue
        pitch = min(max(pitch + rng.choice((-4, -2, -1, 1, 2, 3)), 55), 84)
        start = (eighth // 2 + (0.63 if eighth % 2 else 0) + rng.gauss(0, 0.03)) * BEAT
        notes.append({"start": start, "end": start + 0.2, "pitch": pitch, "velocity": 80})
    played = {"unit": "seconds", "notes": notes}
    return "/answer", {**solo(number)[1], "bar": 0, "bars": bars, "played": played}


def processor_time(request: Callable[[int], Request], times: int = 8) -> float:
    """The seconds of processor that the work of a request takes, whatever else the machine does:
    the median of several."""
    [source] = (source for source in Models().sources() if source.id == "jazz")
    took = []
    for number in range(times + 1):
        address, body = request(number)
        job = Job(address.strip("/"), json.dumps(body).encode(), models={source.id: source})
        began = time.process_time()
        run_job(job)
        took.append(time.process_time() - began)
    return float(np.median(took[1:]))  # the first loads the model


def burst(pages: int, request: Callable[[int], float]) -> list[float]:
    """The seconds of requests that are all sent at one moment."""
    together = threading.Barrier(pages)

    def send(number: int) -> float:
        together.wait()
        return request(number)

    with ThreadPoolExecutor(pages) as pool:
        return [*pool.map(send, range(pages))]


def playing(
    pages: int,
    seconds: float,
    period: float,
    ask: Ask,
    request: Callable[[int], Request],
    rng: random.Random,
) -> list[float]:
    """The seconds of the requests of pages that play at their own times, one in each `period`."""
    seconds = max(seconds, period)  # each page asks at least once
    starts = [rng.uniform(0, period) for _ in range(pages)]
    began = time.monotonic()

    def play(number: int) -> list[float]:
        took = []
        due = began + starts[number]
        while due < began + seconds:
            time.sleep(max(due - time.monotonic(), 0))
            took.append(ask(*request(number)))
            due += period
        return took

    with ThreadPoolExecutor(pages) as pool:
        return [seconds for took in pool.map(play, range(pages)) for seconds in took]


def report(name: str, processor: float, took: list[float]) -> None:
    middle, most = np.percentile(took, (50, 95)) * 1000
    within = sum(seconds <= BEAT for seconds in took)
    print_line(
        f"{name:30} {processor * 1000:7.0f} ms {middle:5.0f} ms {most:5.0f} ms"
        f" {max(took) * 1000:5.0f} ms  {within} of {len(took)}"
    )


if __name__ == "__main__":
    run(command)

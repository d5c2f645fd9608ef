"""Work shared among the processors of one machine, by threads: NumPy lets go of Python's lock."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

SWITCH_SECONDS = 1e-5


class ThreadPool:
    """As many threads as there are processors to use, the caller's among them; None: all."""

    def __init__(self, processors: int | None = None) -> None:
        self.size = processors or cpu_count()
        self._others: ThreadPoolExecutor | None = None

    def map_chunks(
        self, job: Callable[[int, slice], Result], length: int, n_parts: int
    ) -> list[Result]:
        """`job(part, edges)` for `n_parts` equal parts of `length`: the first by this thread, which
        then does what no other one has begun."""
        edges = [length * k // n_parts for k in range(n_parts + 1)]
        first, *parts = (slice(*pair) for pair in pairwise(edges))
        started = [self._threads().submit(job, k + 1, part) for k, part in enumerate(parts)]
        done = {0: job(0, first)}
        for number in range(n_parts - 1, 0, -1):
            if started[number - 1].cancel():
                done[number] = job(number, parts[number - 1])
        return [done[k] if k in done else started[k - 1].result() for k in range(n_parts)]

    def _threads(self) -> ThreadPoolExecutor:
        if self._others is None:
            # What overflows is found by its result, not by a warning from a thread.
            quietly = partial(np.seterr, over="ignore", invalid="ignore")
            self._others = ThreadPoolExecutor(max(self.size - 1, 1), initializer=quietly)
        return self._others


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """NumPy's library for products splits none of them among the processors meanwhile (products as
    small as ours lose by it, and lose much on a machine that does something else at the time), and
    a thread that waits for Python's lock gets it at once."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with _libraries().limit(limits=1, user_api="blas"):
            yield
    finally:
        sys.setswitchinterval(interval)


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def cpu_count() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

"""Threads that share the work of one call, and the cores of this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


class ThreadPool:
    """`size` threads, the caller's among them; by default one per core. NumPy releases Python's
    lock while it computes."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size or cpu_count()
        self._executor: ThreadPoolExecutor | None = None

    def map_chunks(
        self, job: Callable[[int, slice], Result], length: int, n_chunks: int
    ) -> list[Result]:
        """`job(number, chunk)` for `n_chunks` equal slices of `range(length)`, in order. The caller
        does the first one, then those that no other thread has begun.

        >>> ThreadPool(2).map_chunks(lambda number, chunk: (number, chunk.stop), 10, 3)
        [(0, 3), (1, 6), (2, 10)]
        """
        edges = [length * k // n_chunks for k in range(n_chunks + 1)]
        first, *chunks = (slice(*pair) for pair in pairwise(edges))
        with _quick_switches():
            futures = [self._threads().submit(job, k, chunk) for k, chunk in enumerate(chunks, 1)]
            try:
                done = {0: job(0, first)}
                for number in range(n_chunks - 1, 0, -1):
                    if futures[number - 1].cancel():
                        done[number] = job(number, chunks[number - 1])
                return [done[k] if k in done else futures[k - 1].result() for k in range(n_chunks)]
            finally:
                for future in futures:  # after an interrupt, those that nobody has begun
                    future.cancel()

    def _threads(self) -> ThreadPoolExecutor:
        if self._executor is None:
            # Overflows are found in the result; NumPy's settings are per thread.
            ignore_overflow = partial(np.seterr, over="ignore", invalid="ignore")
            self._executor = ThreadPoolExecutor(max(self.size - 1, 1), initializer=ignore_overflow)
        return self._executor


@contextmanager
def _quick_switches() -> Iterator[None]:
    """Hands Python's lock to a waiting thread at once. Threads that compute with NumPy hold it only
    for microseconds between two products, so a thousand sequences are sampled faster."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Keeps NumPy's matrix products on the calling thread: products as small as ours take longer
    when they are split, far longer on a busy machine, and are rounded by the number of threads."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@cache
def _blas() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def cpu_count() -> int:
    """The number of cores that this process may use."""
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

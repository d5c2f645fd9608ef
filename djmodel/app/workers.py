"""Workers that do the jobs of the page's server, and the order in which they do them."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import count
from typing import Protocol

from djmodel.app.jobs import Job, Reply, run
from djmodel.app.models import Source
from seqmodel.parallel.pool import Processes


class Turns:
    """Turns of jobs, of which `free` can be done at once: the most urgent of those that wait is
    next, and of equally urgent ones the first."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._numbers = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @asynccontextmanager
    async def of(self, urgency: int) -> AsyncIterator[None]:
        """A turn, once it is there; 0 is most urgent."""
        if self._free:
            self._free -= 1
        else:
            turn = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (urgency, next(self._numbers), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():  # it was given the turn at this moment
                    self._pass_on()
                raise
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        while self._waiting:
            *_, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Workers(Protocol):
    """Workers for jobs: quick ones, of which `quick` run at once, apart from long ones."""

    quick: int

    def submit(self, job: Job, *, long: bool) -> Future[Reply]:
        """Begins a job."""

    def close(self) -> None:
        """Ends all of them."""


class ThreadWorkers:
    """Threads of this process, for one user and for models that are in memory."""

    quick = 2

    def __init__(self) -> None:
        self._quick, self._long = ThreadPoolExecutor(self.quick), ThreadPoolExecutor(1)

    def submit(self, job: Job, *, long: bool) -> Future[Reply]:
        return (self._long if long else self._quick).submit(run, job)

    def close(self) -> None:
        for pool in (self._quick, self._long):
            pool.shutdown(cancel_futures=True)


class ProcessWorkers:
    """Processes of this machine: `count` for what a player waits for, one for the rest. Each has
    loaded the model `source` when it begins."""

    def __init__(self, count: int, source: Source) -> None:
        self.quick = count
        self._quick = Processes(count, _prepare, source)
        self._long = Processes(1, _prepare, source)
        for long in (False, True):  # they start now, not with the first request
            self.submit(Job("chart", b'{"changes": "C"}'), long=long)

    def submit(self, job: Job, *, long: bool) -> Future[Reply]:
        future: Future[Reply] = (self._long if long else self._quick).submit(run, job)
        return future

    def close(self) -> None:
        for pool in (self._quick, self._long):
            pool.close()


def _prepare(source: Source) -> None:
    """Loads what the first request would wait for."""
    job = Job("solo", b'{"changes": "C"}', models={source.id: source})
    run(job)

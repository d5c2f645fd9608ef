"""The parts of a batch, each computed by a process of its own.

A pass through a part is thousands of calls of some microseconds, and threads would wait for
Python's lock at most of them. Processes do not: they read the weights from memory that is shared,
and leave the gradients there; only indices go through pipes. While a process is still starting, or
when it has died, this one does its part as well, with the same result to the last bit.
"""

from __future__ import annotations

import mmap
import pickle
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any
from weakref import finalize

import numpy as np

from seqmodel.network.backward import BatchShard, ShardMetrics, ShardWorker
from seqmodel.network.parameters import NetworkShape, Parameters
from seqmodel.parallel import processes

# What comes of talking to a process that is no more.
_GONE = (OSError, EOFError, ValueError, pickle.UnpicklingError)
# A folder in memory, where the system has one.
_IN_MEMORY = Path("/dev/shm")
# Products as small as ours lose by being split among processors.
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP")}


class GradientWorkers:
    """Computes the gradients of a batch in at most `n_parts` parts at once.

    `weights` are what all parts read; part k leaves its gradients in `gradients[k]`.
    """

    def __init__(self, shape: NetworkShape, n_parts: int) -> None:
        self.n_parts = n_parts
        n_bytes = 4 * (n_parts + 1) * Parameters.size(shape)
        memory: Any = None
        self._others: list[_Worker] = []
        if n_parts > 1:
            # Without memory to share, or another process to be had, all is done here.
            with suppress(OSError), _shared(n_bytes) as (memory, name, handles):
                for number in range(1, n_parts):
                    self._others.append(_Worker((shape, number, name, n_bytes), handles))
        self.weights, *self.gradients = _laid_out(shape, memory or bytearray(n_bytes))
        self._part = ShardWorker(self.weights)

    def run(self, tasks: Sequence[BatchShard]) -> list[ShardMetrics]:
        """A task for each part, or for the first ones -> what each of them finds."""
        try:
            asked = {k: other for k, other in enumerate(self._others, 1) if other.ask(tasks[k:])}
            own = (k for k in range(len(tasks)) if k not in asked)
            found = {k: self._part.run(tasks[k], self.gradients[k]) for k in own}
            for k, other in asked.items():
                found[k] = other.answer() or self._part.run(tasks[k], self.gradients[k])
        except BaseException:  # after an interruption there are answers that nobody has read
            for other in self._others:
                other.end()
            raise
        return [found[k] for k in range(len(tasks))]

    def wait(self) -> int:
        """Until the other processes have started, which no work has to wait for; how many did."""
        return sum(other.met() for other in self._others)


class _Worker:
    """A process that computes one part; `hello` tells it which, and where."""

    def __init__(self, hello: tuple[Any, ...], handles: Sequence[int]) -> None:
        self._process = processes.start(
            "seqmodel.training.gradient_workers", handles, **_ONE_THREAD
        )
        self._is_ready = False
        self.end = finalize(self, processes.end, self._process)
        self._meeting = Thread(target=self._meet, args=(hello,), daemon=True)
        self._meeting.start()

    def _meet(self, hello: tuple[Any, ...]) -> None:
        try:
            processes.send(self._process.stdin, hello)
            self._is_ready = processes.receive(self._process.stdout)
        except _GONE:
            self.end()

    def met(self) -> bool:
        self._meeting.join()
        return self._is_ready

    def ask(self, tasks: Sequence[BatchShard]) -> bool:
        """Whether it begins with the first of `tasks`, if there is one."""
        if not tasks or not self._is_ready:
            return False
        try:
            processes.send(self._process.stdin, tasks[0])
        except _GONE:
            self._is_ready = False
        return self._is_ready

    def answer(self) -> ShardMetrics | None:
        """What it found; None: nothing, for it has died."""
        try:
            return processes.receive(self._process.stdout)
        except _GONE:
            self._is_ready = False
            return None


@contextmanager
def _shared(n_bytes: int) -> Iterator[tuple[mmap.mmap, int | str, Sequence[int]]]:
    """New memory, the name by which processes that are started meanwhile find it, and the files
    that they need for it. Raises OSError where there is not so much."""
    if sys.platform == "win32":  # not tried
        name = f"seqmodel-{uuid.uuid4()}"
        yield _found(name, n_bytes), name, ()
    else:
        folder = _IN_MEMORY if _IN_MEMORY.is_dir() else None
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(n_bytes))  # where there is no room, it shows now
            file.flush()
            yield _found(file.fileno(), n_bytes), file.fileno(), (file.fileno(),)


def _found(name: Any, n_bytes: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, n_bytes, tagname=name)
    return mmap.mmap(name, n_bytes)


def _laid_out(shape: NetworkShape, memory: Any) -> list[Parameters]:
    """The weights, then the gradients of each part."""
    vectors = np.frombuffer(memory, dtype=np.float32).reshape(-1, Parameters.size(shape))
    return [Parameters(shape, vector) for vector in vectors]


def serve() -> None:
    """In a process that was started: answers as long as it is asked."""
    with processes.serving() as (requests, answers):
        shape, number, *where = next(requests)
        weights, *gradients = _laid_out(shape, _found(*where))
        part = ShardWorker(weights)
        processes.send(answers, True)
        # What overflows is found by its result.
        with np.errstate(over="ignore", invalid="ignore"):
            for task in requests:
                processes.send(answers, part.run(task, gradients[number]))

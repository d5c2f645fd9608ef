"""Processes that compute the gradients of the shards of a batch.

A pass through a shard is thousands of calls of some microseconds each, for most of which threads
would wait for Python's lock. Processes read the weights from shared memory and leave the gradients
there; only indices go through pipes. A shard has the same gradients bit for bit whichever process
computes it; the trainer's own process does while another is still starting, or after it has died.
"""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
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

# Errors of the communication with a process that has ended.
_ENDED = (OSError, EOFError, ValueError, pickle.UnpicklingError)
# A folder in memory, where the system has one.
_MEMORY_FOLDER = Path("/dev/shm")
# Products as small as these take longer when they are split among threads.
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP")}


class GradientWorkers:
    """Computes the gradients of at most `n_shards` shards of a batch, in at most `n_processes`
    processes, this one among them.

    All shards read `weights`; the gradients of shard k are left in `gradients[k]`.
    """

    def __init__(self, shape: NetworkShape, n_shards: int, n_processes: int) -> None:
        self.n_shards, self.n_processes = n_shards, max(1, min(n_processes, n_shards))
        n_bytes = 4 * (n_shards + 1) * Parameters.size(shape)
        memory: Any = None
        self._workers: list[_Worker] = []
        if self.n_processes > 1 and os.name == "posix":
            # Without shared memory or further processes, this process computes all shards.
            with suppress(OSError), _shared_memory(n_bytes) as (memory, file):
                for number in range(1, self.n_processes):
                    setup = (shape, number, self.n_processes, file, n_bytes)
                    self._workers.append(_Worker(setup, file))
        self.weights, *self.gradients = _parameters_in(memory or bytearray(n_bytes), shape)
        self._own = ShardWorker(self.weights)

    @property
    def pids(self) -> list[int]:
        """The process IDs of the workers."""
        return [worker.pid for worker in self._workers]

    def run(self, shards: Sequence[BatchShard]) -> list[ShardMetrics]:
        """The metrics of each shard. Process k computes every shard `k + i * n_processes`."""
        n, metrics = self.n_processes, {}
        try:
            busy = {k: w for k, w in enumerate(self._workers, 1) if w.begin(shards[k::n])}
            for k, shard in enumerate(shards):
                if k % n not in busy:
                    metrics[k] = self._own.run(shard, self.gradients[k])
            for k, worker in busy.items():
                results = worker.result() or [
                    self._own.run(shards[i], self.gradients[i]) for i in range(k, len(shards), n)
                ]
                metrics |= zip(range(k, len(shards), n), results, strict=True)
        except BaseException:  # after an interruption there are results that nobody has read
            for worker in self._workers:
                worker.end()
            raise
        return [metrics[k] for k in range(len(shards))]

    def wait(self) -> int:
        """Waits until all workers have started, which `run` does not need; returns how many did."""
        return sum(worker.wait() for worker in self._workers)


class _Worker:
    """A process that computes shards; `setup` says which, and where its memory is."""

    def __init__(self, setup: tuple[Any, ...], file: int) -> None:
        self._process = processes.start(
            "seqmodel.training.gradient_workers", (file,), **_ONE_THREAD
        )
        self.pid = self._process.pid
        self._is_ready = False
        self.end = finalize(self, processes.end, self._process)
        self._starting = Thread(target=self._start, args=(setup,), daemon=True)
        self._starting.start()

    def _start(self, setup: tuple[Any, ...]) -> None:
        try:
            processes.send(self._process.stdin, setup)
            self._is_ready = processes.receive(self._process.stdout)
        except _ENDED:
            self.end()

    def wait(self) -> bool:
        self._starting.join()
        return self._is_ready

    def begin(self, shards: Sequence[BatchShard]) -> bool:
        """Begins with `shards`, if there are any; False if it cannot."""
        if not shards or not self._is_ready:
            return False
        try:
            processes.send(self._process.stdin, shards)
        except _ENDED:
            self._is_ready = False
        return self._is_ready

    def result(self) -> list[ShardMetrics] | None:
        """The metrics of the shards; None if the process has died."""
        try:
            return processes.receive(self._process.stdout)
        except _ENDED:
            self._is_ready = False
            return None


@contextmanager
def _shared_memory(n_bytes: int) -> Iterator[tuple[mmap.mmap, int]]:
    """New memory, and the open file by which processes that are started meanwhile share it. It has
    no name, so that nothing is left behind however the processes end. Raises OSError where there is
    not enough room."""
    folder = _MEMORY_FOLDER if _MEMORY_FOLDER.is_dir() else None
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(n_bytes))  # reserves the room
        file.flush()
        yield mmap.mmap(file.fileno(), n_bytes), file.fileno()


def _parameters_in(memory: Any, shape: NetworkShape) -> list[Parameters]:
    """The weights, then the gradients of each shard."""
    vectors = np.frombuffer(memory, dtype=np.float32).reshape(-1, Parameters.size(shape))
    return [Parameters(shape, vector) for vector in vectors]


def serve() -> None:
    """Computes shards in a worker process, as long as there are requests."""
    with processes.serving() as (requests, answers):
        shape, number, n_processes, file, n_bytes = next(requests)
        weights, *gradients = _parameters_in(mmap.mmap(file, n_bytes), shape)
        worker, own = ShardWorker(weights), gradients[number::n_processes]
        processes.send(answers, True)
        # Overflow is noticed by the loss, which is not finite then.
        with np.errstate(over="ignore", invalid="ignore"):
            for shards in requests:
                # A batch may have fewer shards than there is memory for.
                metrics = [worker.run(*each) for each in zip(shards, own, strict=False)]
                processes.send(answers, metrics)

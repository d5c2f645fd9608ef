"""The same job for many items: in this process, in loky's processes of this machine, or on Dask's
workers of a cluster."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from platform import python_version_tuple
from typing import Annotated, Any, TypeVar

from seqmodel.errors import InputError
from seqmodel.extras import require_package
from seqmodel.interrupts import own_interrupt
from seqmodel.parallel import processes
from seqmodel.parallel.threads import cpu_count
from seqmodel.settings import Setting, SettingError, check_settings

Item = TypeVar("Item")
Result = TypeVar("Result")
Job = Callable[[Item], Result]
Versions = Callable[[], Mapping[str, str]]

CONNECT_SECONDS = 4.0  # for the scheduler to answer, and again for its first worker
MAX_IDLE_SECONDS = 30.0  # that a cluster may be without workers, or its scheduler silent
ITEMS_PER_WORKER = 16  # that are submitted before the first of them is done
_START = "start `dask scheduler` there, and `dask worker` for it"
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "MKL", "OMP")}


class ClusterError(InputError):
    """A cluster that does not answer, has no workers, or has workers with different versions."""


@dataclass(frozen=True)
class PoolConfig:
    """The workers: `jobs` processes of this machine (1: this process; None: one per core), or those
    of the Dask scheduler at the address `cluster`, such as `tcp://host:8786`.

    `versions` is an importable function that gives what has to be equal on every worker, by name.
    """

    jobs: Annotated[
        int | None,
        Setting(
            "Processes on this machine.",
            "Processes",
            minimum=1,
            maximum=1_000,
            default="one per core",
        ),
    ] = None
    cluster: Annotated[
        str | None,
        Setting(
            "Dask scheduler, such as tcp://host:8786; its workers read the files, which they must "
            "have under the same paths.",
            "Processes",
            metavar="ADDRESS",
        ),
    ] = None
    versions: Versions = dict

    def __post_init__(self) -> None:
        check_settings(self)
        if self.jobs is not None and self.cluster is not None:
            message = "the work is done by processes of this machine or by a cluster"
            raise SettingError(message, "jobs", "cluster", hint="leave one out")


def parallel_map(
    job: Job[Item, Result],
    items: Sequence[Item],
    pool: PoolConfig,
    on_crash: Callable[[Item], Result],
) -> Iterator[Result]:
    """`job(item)` of each item, in the order of `items`.

    An item that was unfinished when a worker died is done once more in a separate process of this
    machine; an item that ends this one, too, gives `on_crash(item)`. Raises what `job` raises,
    ClusterError, and MissingPackageError without Dask.
    """
    n_processes = min(pool.jobs or cpu_count(), len(items))
    if pool.cluster is None and n_processes < 2:
        yield from map(job, items)
        return
    with ExitStack() as stack:
        workers: Processes | _Cluster
        if pool.cluster is not None:
            client = stack.enter_context(_connected(pool.cluster, pool.versions))
            workers = _Cluster(client, pool.cluster)
        else:
            workers = stack.enter_context(Processes(n_processes))
        retries = stack.enter_context(Processes(1))
        submitted: deque[tuple[Item, Any]] = deque()
        remaining = iter(items)
        while True:
            for item in islice(remaining, workers.capacity - len(submitted)):
                submitted.append((item, workers.submit(job, item)))
            if not submitted:
                return
            item, future = submitted.popleft()
            try:
                yield workers.result(future)
            except workers.died:
                try:
                    result = retries.result(retries.submit(job, item))
                except retries.died:
                    result = on_crash(item)
                yield result


class Processes:
    """Processes of this machine, started when they are first needed and replaced when one dies;
    `capacity` items are submitted at a time. `died`: the exception of items that were unfinished
    when a worker died. `prepare(argument)` is called in each process before its first job. Where
    processes cannot share memory, submitting raises SettingError."""

    died: type[Exception] = BrokenExecutor

    def __init__(
        self, n: int, prepare: Callable[[Any], object] | None = None, argument: object = None
    ) -> None:
        self.n, self.capacity = n, n * ITEMS_PER_WORKER
        self.prepare, self.argument = prepare, argument
        self._executor: Any = None

    def submit(self, job: Job[Any, Any], item: Any) -> Any:
        if self._executor is not None:
            with suppress(BrokenExecutor):
                return self._executor.submit(job, item)
        from loky import ProcessPoolExecutor

        self.close()
        try:
            self._executor = ProcessPoolExecutor(
                self.n,
                initializer=_start_worker,
                initargs=(os.getpid(), self.prepare, self.argument),
                env=_ONE_THREAD,
            )
            with own_interrupt():  # starts the processes, and the thread that replaces them
                return self._executor.submit(job, item)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            message = f"processes cannot share memory on this machine ({reason})"
            raise SettingError(message, "jobs", hint="make room in /dev/shm, or take 1") from error

    def result(self, future: Any) -> Any:
        return future.result()

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes."""
        if self._executor is not None:
            self._executor.shutdown(kill_workers=True)
            self._executor = None


def _start_worker(parent: int, prepare: Callable[[Any], object] | None, argument: object) -> None:
    """Leaves Ctrl-C, which a terminal sends to all processes, to the one that the user started,
    ends the worker with that one, and prepares it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    processes.end_with(parent)
    if prepare is not None:
        prepare(argument)


class _Cluster:
    """The workers of a Dask scheduler; as `Processes`."""

    def __init__(self, client: Any, address: str) -> None:
        from distributed import KilledWorker

        self.died: type[Exception] = KilledWorker
        self.client, self.address = client, address
        self.capacity = max(sum(client.nthreads().values()), 1) * ITEMS_PER_WORKER
        self._executor = client.get_executor(pure=False)

    def submit(self, job: Job[Any, Any], item: Any) -> Any:
        return self._executor.submit(job, item)

    def result(self, future: Any) -> Any:
        last_seen = time.monotonic()
        while not wait([future], timeout=1).done:
            with suppress(OSError, TimeoutError):
                last_seen = time.monotonic() if self.client.nthreads() else last_seen
            if time.monotonic() - last_seen > MAX_IDLE_SECONDS:
                raise self._lost(f"had no workers for {MAX_IDLE_SECONDS:.0f} seconds")
        try:
            return future.result()
        except CancelledError as error:
            raise self._lost("lost its scheduler") from error

    def _lost(self, how: str) -> ClusterError:
        hint = "start it and the command again: finished files are kept"
        return ClusterError(f"the cluster {how}", path=self.address, hint=hint)


@contextmanager
def _connected(address: str, versions: Versions) -> Iterator[Any]:
    """A client of the scheduler at `address`, which has workers with the versions of this machine.
    Raises ClusterError."""
    distributed = require_package("distributed", "to connect to a cluster")
    log = logging.getLogger("distributed.client")  # the errors say what it would say in many lines
    level = log.level
    log.setLevel(logging.CRITICAL)
    client = None
    try:
        _check_scheduler(distributed, address)
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError as error:
            raise ClusterError("the scheduler has no workers", path=address, hint=_START) from error
        _check_versions(client, versions, address)
        yield client
    finally:
        with suppress(OSError, TimeoutError):
            if client is not None:
                client.close(timeout=CONNECT_SECONDS)
        log.setLevel(level)


def _check_scheduler(distributed: Any, address: str) -> None:
    """Raises ClusterError unless a Dask scheduler answers. (A synchronous client waits for ever for
    a server that accepts its connection and says nothing.)"""

    import asyncio

    async def connect() -> None:
        client = distributed.Client(address, asynchronous=True, set_as_default=False)
        try:
            await asyncio.wait_for(client, CONNECT_SECONDS)
        finally:
            await client.close(timeout=1)

    try:
        asyncio.run(connect())
    except (OSError, TimeoutError) as error:
        message = f"no Dask scheduler answers within {CONNECT_SECONDS:g} seconds"
        raise ClusterError(message, path=address, hint=_START) from error
    except Exception as error:  # anything that Dask makes of a strange address or answer
        message = f"this is not a Dask scheduler ({error})"
        raise ClusterError(message, path=address, hint=_START) from error


def _check_versions(client: Any, versions: Versions, address: str) -> None:
    """Raises ClusterError that names a worker with different versions."""
    here = _all_versions(versions)
    for worker, there in client.run(_all_versions, versions, on_error="return").items():
        if isinstance(there, BaseException):
            difference = f"cannot run this project ({there})"
        elif names := [name for name, known in here.items() if there.get(name) != known]:
            difference = " and ".join(f"has {n} {there.get(n)} (here {here[n]})" for n in names)
        else:
            continue
        hint = "install the same versions on all workers"
        raise ClusterError(f"the worker {worker} {difference}", path=address, hint=hint)


def _all_versions(versions: Versions) -> dict[str, str]:
    """`versions` and those that the exchange of jobs and results depends on."""
    packages = {name: version(name) for name in ("distributed", "cloudpickle")}
    return {"Python": ".".join(python_version_tuple()[:2]), **packages, **versions()}

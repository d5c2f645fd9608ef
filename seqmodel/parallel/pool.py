"""The same job for many items: one after the other, by processes of this machine, or by a cluster.

joblib shares the items out, to its own processes or to Dask; what is here is what it leaves open:
which item a worker died of, workers that know another version, a cluster that cannot be reached.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from seqmodel.errors import InputError
from seqmodel.optional import require_package

Item = TypeVar("Item")
Result = TypeVar("Result")
Job = Callable[[Item], Result]
Versions = Callable[[], Mapping[str, str]]

REACHED_WITHIN = 5.0  # seconds, for the scheduler, and again for its first worker
PATIENCE = 30.0  # seconds that a cluster may be without any worker, or out of reach
_LOOK = 1.0  # seconds between two looks at the cluster's health
_START = "start `dask scheduler` there, and `dask worker` for it"


class ClusterError(InputError):
    """A cluster that cannot be reached, has no workers, or workers of another version."""


@dataclass(frozen=True)
class PoolConfig:
    """Who works: `jobs` processes of this machine (1: this one; None: one a processor), or the
    workers of the Dask scheduler at `cluster`, such as `tcp://host:8786`.

    `versions` says what must be the same on every worker; a function of a module that is installed
    there.
    """

    jobs: int | None = None
    cluster: str | None = None
    versions: Versions = dict


class _WorkerCrashed(Exception):
    """A worker ended in the midst of its work."""


def parallel_map(
    job: Job[Item, Result],
    items: Sequence[Item],
    workers: PoolConfig,
    lost: Callable[[Item], Result],
) -> Iterator[Result]:
    """`job(item)` for each item, in the order of `items`.

    When a worker dies, what it may have been at is done again, each item by a process of its own;
    an item that ends this one, too, gives `lost(item)`, and the rest goes on. Raises ClusterError,
    and MissingPackageError where there is no Dask.
    """
    if workers.cluster is not None:
        with _client(workers.cluster, workers.versions) as client:
            yield from _in_order(_surviving(job, items, lost, _Cluster(client)))
    elif workers.jobs == 1 or len(items) < 2:
        yield from map(job, items)
    else:
        yield from _in_order(
            _surviving(job, items, lost, _Processes(_processes(workers.jobs, len(items))))
        )


def _processes(jobs: int | None, n_items: int) -> int:
    """No more than there are items; -1: one a processor."""
    return -1 if jobs is None else min(jobs, n_items)


Numbered = tuple[int, Result]


def _in_order(results: Iterable[Numbered[Result]]) -> Iterator[Result]:
    early: dict[int, Result] = {}
    due = 0
    for number, result in results:
        early[number] = result
        while due in early:
            yield early.pop(due)
            due += 1


@dataclass(frozen=True)
class _Numbered:
    """The job, so that its result tells which item it is of."""

    job: Callable[[Any], Any]

    def __call__(self, number: int, item: Any) -> Numbered[Any]:
        return number, self.job(item)


def _surviving(
    job: Job[Item, Result],
    items: Sequence[Item],
    lost: Callable[[Item], Result],
    pool: _Processes | _Cluster,
) -> Iterator[Numbered[Result]]:
    numbered = _Numbered(job)
    waiting = dict(enumerate(items))
    begun: set[int] = set()

    def given() -> Iterator[tuple[int, Item]]:
        for number, item in list(waiting.items()):
            begun.add(number)
            yield number, item

    while waiting:
        begun.clear()
        try:
            for number, result in pool.run(numbered, given()):
                del waiting[number]
                yield number, result
        except _WorkerCrashed:
            # Alone in a process on this machine, an item that ends it has given itself away.
            for number in sorted(begun & waiting.keys()):
                item = waiting.pop(number)
                try:
                    [(_, result)] = _Processes(2, at_once=1).run(numbered, [(number, item)])
                except _WorkerCrashed:
                    result = lost(item)
                yield number, result


@dataclass(frozen=True)
class _Processes:
    """Processes of this machine, `at_once` items given to them at a time."""

    n: int
    at_once: int | str = "2*n_jobs"

    def run(self, job: _Numbered, items: Iterable[tuple[int, Any]]) -> Iterator[Numbered[Any]]:
        from joblib import Parallel, delayed
        from joblib.externals.loky.process_executor import BrokenProcessPool

        pool = Parallel(
            n_jobs=self.n,
            backend="loky",
            batch_size=1,
            pre_dispatch=self.at_once,
            return_as="generator_unordered",
        )
        try:
            yield from pool(delayed(job)(*item) for item in items)
        except BrokenProcessPool as error:
            raise _WorkerCrashed from error


@dataclass(frozen=True)
class _Cluster:
    """The workers of a Dask cluster."""

    client: Any

    def run(self, job: _Numbered, items: Iterable[tuple[int, Any]]) -> Iterator[Numbered[Any]]:
        """joblib waits for ever for a cluster that is gone: it does so in a thread, and this one
        looks after the cluster."""
        from distributed import KilledWorker

        results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        end = object()

        def work() -> None:
            try:
                for result in self._parallel()(job, items):
                    results.put(result)
                results.put(end)
            except BaseException as error:
                results.put(error)

        threading.Thread(target=work, daemon=True).start()
        well = time.monotonic()
        while True:
            try:
                result = results.get(timeout=_LOOK)
            except queue.Empty:
                now = time.monotonic()
                well = now if self._healthy() else well
                if now - well > PATIENCE:
                    raise ClusterError(
                        "workers that go on",
                        f"none for {PATIENCE:.0f} seconds",
                        path=self.client.scheduler.address,
                        hint="start it and the command again: what is done is kept",
                    ) from None
                continue
            if result is end:
                return
            if isinstance(result, KilledWorker):
                raise _WorkerCrashed from result
            if isinstance(result, BaseException):
                raise result
            yield result

    def _parallel(self) -> Callable[[_Numbered, Iterable[tuple[int, Any]]], Iterator[Any]]:
        from joblib import Parallel, delayed
        from joblib._dask import DaskDistributedBackend

        class Backend(DaskDistributedBackend):
            """joblib's, which tells of a task that ended in an error of Dask's own (its worker is
            dead) only when it is asked for its result, and joblib waits to be told before it asks.
            """

            def submit(self, func: Any, callback: Any = None) -> Any:
                def tell(future: Any) -> None:
                    if callback is not None and (error := future.exception()) is not None:
                        callback(_Failed(error))

                future = super().submit(func, callback)
                future.add_done_callback(tell)
                return future

            def retrieve_result_callback(self, out: Any) -> Any:
                if isinstance(out, _Failed):
                    raise out.error
                return super().retrieve_result_callback(out)

            def effective_n_jobs(self, n_jobs: int) -> int:
                # Of one, joblib would do the work in this process.
                return max(2, super().effective_n_jobs(n_jobs))

        pool = Parallel(
            n_jobs=-1,
            backend=Backend(client=self.client),
            return_as="generator_unordered",
        )
        return lambda job, items: pool(delayed(job)(*item) for item in items)

    def _healthy(self) -> bool:
        """Whether the scheduler answers, and has workers."""
        try:
            return bool(self.client.sync(self.client.scheduler.ncores, callback_timeout=_LOOK))
        except (OSError, TimeoutError):
            return False


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


# ---------------------------------------------------------------------------------------------
# The cluster
# ---------------------------------------------------------------------------------------------


@contextmanager
def _client(address: str, versions: Versions) -> Iterator[Any]:
    """A connection to a Dask scheduler whose workers have our versions. Meanwhile the death of one
    worker is enough for the scheduler to give a task up, so that one item does not end four."""
    distributed = require_package("distributed", "to connect to a cluster")
    # What goes wrong is told by errors; the lines of its own log would stand between ours.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    _knock(distributed, address)
    client = distributed.Client(address, timeout=REACHED_WITHIN, set_as_default=False)
    try:
        try:
            client.wait_for_workers(1, timeout=REACHED_WITHIN / 2)
        except TimeoutError as error:
            raise ClusterError("a worker", "none", path=address, hint=_START) from error
        _same_versions(client, versions, address)
        allowed = _allow_failures(client, 0)
        try:
            yield client
        finally:
            if allowed is not None:
                _allow_failures(client, allowed)
    finally:
        with suppress(OSError, TimeoutError):
            client.close(timeout=REACHED_WITHIN)


def _knock(distributed: Any, address: str) -> None:
    """Raises ClusterError unless a scheduler answers. (A client that does not find one takes much
    longer, and complains when it is thrown away.)"""

    async def ask() -> str:
        async with distributed.rpc(address, timeout=REACHED_WITHIN) as there:
            return str((await there.identity())["type"])

    async def ask_in_time() -> str:
        return await asyncio.wait_for(ask(), REACHED_WITHIN)

    try:
        found = f"a {asyncio.run(ask_in_time())}"
    except (OSError, TimeoutError):
        found = f"none that answers within {REACHED_WITHIN:.0f} seconds"
    except Exception as error:  # whatever Dask makes of an address, or of an answer, that is wrong
        found = f"something else ({error})"
    if found != "a Scheduler":
        raise ClusterError("a Dask scheduler", found, path=address, hint=_START)


def _allow_failures(client: Any, number: int) -> int | None:
    """How many workers may die of a task; the number it was before, None if that is refused."""
    try:
        before: int = client.run_on_scheduler(_set_allowed_failures, number)
    except (OSError, TimeoutError, ValueError):
        return None
    return before


def _set_allowed_failures(number: int, dask_scheduler: Any = None) -> int:
    before: int = dask_scheduler.allowed_failures
    dask_scheduler.allowed_failures = number
    return before


def _same_versions(client: Any, versions: Versions, address: str) -> None:
    """Raises ClusterError that says which worker has another version of what."""
    told = client.get_versions()
    ours = {"Python": _python(told["client"]), **_packages(told["client"]), **versions()}
    differing = []
    for worker, theirs in told["workers"].items():
        differing += _differing(ours, worker, {"Python": _python(theirs), **_packages(theirs)})
    if not differing:
        for worker, answer in client.run(_ask, versions, on_error="return").items():
            if isinstance(answer, BaseException):
                differing.append(f"{worker} cannot run this project ({answer})")
            else:
                differing += _differing(ours, worker, answer)
    if differing:
        raise ClusterError(
            "the versions of this machine on every worker",
            "; ".join(differing[:3]) + (f"; and {len(differing) - 3} more" * (len(differing) > 3)),
            path=address,
            hint="install the same on all of them",
        )


def _ask(versions: Versions) -> dict[str, str]:
    return dict(versions())


def _python(told: Mapping[str, Any]) -> str:
    """Without the last number, which changes nothing that is sent."""
    return ".".join(told["host"]["python"].split(".")[:2])


def _packages(told: Mapping[str, Any]) -> dict[str, str]:
    """Of what Dask itself needs to be the same."""
    return {name: told["packages"].get(name) for name in ("distributed", "cloudpickle")}


def _differing(ours: Mapping[str, str], worker: str, theirs: Mapping[str, str]) -> list[str]:
    return [
        f"{worker} has {name} {theirs[name]} (here {ours[name]})"
        for name in theirs
        if theirs[name] != ours.get(name)
    ]

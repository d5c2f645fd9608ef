"""One job for many items, by processes and by a Dask cluster: order, dead workers, versions."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from seqmodel.parallel.pool import ClusterError, PoolConfig, parallel_map

ITEMS = list(range(24))
LOST = -1


@pytest.fixture(params=["processes", "cluster"])
def workers(request: pytest.FixtureRequest) -> PoolConfig:
    if request.param == "processes":
        return PoolConfig(jobs=2)
    return PoolConfig(cluster=request.getfixturevalue("cluster"))


def lost(item: int) -> int:  # noqa: ARG001
    return LOST


def test_results_come_in_the_order_of_the_items(workers: PoolConfig) -> None:
    def job(item: int) -> int:
        time.sleep(0.05 if item % 5 == 0 else 0)  # later ones are ready first
        return item * item

    assert list(parallel_map(job, ITEMS, workers, lost)) == [item * item for item in ITEMS]


def test_a_worker_that_is_killed_midway_costs_nothing(workers: PoolConfig) -> None:
    def job(item: int) -> tuple[int, int]:
        time.sleep(0.05)
        return item, os.getpid()

    done = []
    for item, process in parallel_map(job, ITEMS, workers, lambda item: (item, LOST)):
        if not done:
            os.kill(process, signal.SIGKILL)
        done.append((item, process))
    assert [item for item, _ in done] == ITEMS
    assert LOST not in [process for _, process in done]


def test_an_item_that_kills_its_worker_twice_is_lost_and_no_other(
    workers: PoolConfig, tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"

    def job(item: int) -> int:
        time.sleep(0.02)
        if item == 5:
            with deaths.open("a") as stream:
                stream.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    found = list(parallel_map(job, ITEMS, workers, lost))
    assert found == [LOST if item == 5 else item for item in ITEMS]
    assert deaths.read_text() == "xx"


def test_an_error_of_the_job_is_its_own(workers: PoolConfig) -> None:
    def job(item: int) -> float:
        return 1 / (item - 3)

    with pytest.raises(ZeroDivisionError):
        list(parallel_map(job, ITEMS, workers, lambda _: 0.0))


def test_workers_of_another_version_are_named(cluster: str) -> None:
    here = os.getpid()

    def versions() -> dict[str, str]:
        return {"the reader": "new" if os.getpid() == here else "old", "numpy": "1"}

    workers = PoolConfig(cluster=cluster, versions=versions)
    with pytest.raises(
        ClusterError, match=r"tcp://127\.0\.0\.1:\d+ has the reader old \(here new\)"
    ):
        list(parallel_map(abs, ITEMS, workers, lost))


def test_no_scheduler_is_said_within_ten_seconds() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(ClusterError, match="a Dask scheduler, found none that answers"):
            list(parallel_map(abs, ITEMS, PoolConfig(cluster=address), lost))
        assert time.monotonic() - began < 10


def test_whoever_answers_in_another_language_is_no_scheduler() -> None:
    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="a Dask scheduler, found"):
            list(parallel_map(abs, ITEMS, PoolConfig(cluster=address), lost))

"""One job for many items, in processes and on a Dask cluster: order, dead workers, versions."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from helpers.ended import is_gone

from seqmodel.parallel import pool
from seqmodel.parallel.pool import ClusterError, PoolConfig, parallel_map
from seqmodel.settings import SettingError

ITEMS = list(range(24))
CRASHED = -1


@pytest.fixture(params=["processes", "cluster"])
def workers(request: pytest.FixtureRequest) -> PoolConfig:
    if request.param == "processes":
        return PoolConfig(jobs=2)
    return PoolConfig(cluster=request.getfixturevalue("cluster"))


def crashed(item: int) -> int:  # noqa: ARG001
    return CRASHED


def test_results_are_in_the_order_of_the_items(workers: PoolConfig) -> None:
    def job(item: int) -> int:
        time.sleep(0.05 if item % 5 == 0 else 0)  # later ones are ready first
        return item * item

    assert list(parallel_map(job, ITEMS, workers, crashed)) == [item * item for item in ITEMS]


def test_a_worker_that_is_starting_does_not_get_the_ctrl_c_of_the_terminal() -> None:
    def job(_: int) -> bool:
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

    assert all(parallel_map(job, ITEMS[:4], PoolConfig(jobs=2), crashed))


def test_a_machine_without_shared_memory_is_told_to_take_one_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("loky.ProcessPoolExecutor", no_room)
    with pytest.raises(SettingError, match=r"no space left on device\); make room in /dev/shm"):
        list(parallel_map(str, ITEMS, PoolConfig(jobs=2), str))


def test_items_of_a_killed_worker_are_done_by_another(workers: PoolConfig) -> None:
    def job(item: int) -> tuple[int, int]:
        time.sleep(0.05)
        return item, os.getpid()

    done = []
    for item, process in parallel_map(job, ITEMS, workers, lambda item: (item, CRASHED)):
        if not done:
            os.kill(process, signal.SIGKILL)
        done.append((item, process))
    assert [item for item, _ in done] == ITEMS
    assert CRASHED not in [process for _, process in done]


def test_only_an_item_that_crashes_its_workers_repeatedly_is_reported(
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

    found = list(parallel_map(job, ITEMS, workers, crashed))
    assert found == [CRASHED if item == 5 else item for item in ITEMS]
    assert len(deaths.read_text()) >= 2


def test_workers_end_soon_after_the_process_that_started_them_is_killed() -> None:
    program = """
import os, time
from seqmodel.parallel.pool import PoolConfig, parallel_map
def job(item):
    print(os.getpid(), flush=True)
    time.sleep(60)
list(parallel_map(job, range(2), PoolConfig(jobs=2), print))
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as owner:
        pids = [int(owner.stdout.readline()) for _ in range(2)]
        owner.kill()
    assert all(map(is_gone, pids))


def test_an_error_of_the_job_is_raised(workers: PoolConfig) -> None:
    def job(item: int) -> float:
        return 1 / (item - 3)

    with pytest.raises(ZeroDivisionError):
        list(parallel_map(job, ITEMS, workers, lambda _: 0.0))


def test_workers_with_different_versions_are_named(cluster: str) -> None:
    here = os.getpid()

    def versions() -> dict[str, str]:
        return {"the reader": "new" if os.getpid() == here else "old", "numpy": "1"}

    workers = PoolConfig(cluster=cluster, versions=versions)
    with pytest.raises(
        ClusterError, match=r"tcp://127\.0\.0\.1:\d+ has the reader old \(here new\)"
    ):
        list(parallel_map(abs, ITEMS, workers, crashed))


def test_a_scheduler_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(pool, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ClusterError, match=r"no Dask scheduler answers within 0\.2 seconds"):
            list(parallel_map(abs, ITEMS, PoolConfig(cluster=address), crashed))


def test_the_time_to_connect_is_below_ten_seconds() -> None:
    assert 2 * pool.CONNECT_SECONDS < 10  # the scheduler, then its first worker


def test_a_server_that_is_not_a_scheduler_is_refused() -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ClusterError, match="this is not a Dask scheduler"):
            list(parallel_map(abs, ITEMS, PoolConfig(cluster=address), crashed))

"""Shards of a batch in several processes: equal results, even if a process dies."""

import os
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from helpers.ended import is_gone

from seqmodel.network.backward import BatchShard, ShardWorker
from seqmodel.network.parameters import NetworkShape
from seqmodel.parallel import processes
from seqmodel.training.gradient_workers import GradientWorkers

T, B, K = 6, 5, 2
SHAPE = NetworkShape("lstm", units=7, n_values=11, n_inputs=14)


def random_shards(n, seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    return [
        BatchShard(
            rng.integers(0, shape.n_inputs + 1, (T, 1 + K, B)),
            rng.integers(-1, shape.n_values, (T, B)),
            0.1,
        )
        for _ in range(n)
    ]


def started_workers(n_shards, n_processes=None, shape=SHAPE):
    workers = GradientWorkers(shape, n_shards, n_processes or n_shards)
    workers.weights.vector[:] = np.random.default_rng(1).normal(size=len(workers.weights.vector))
    return workers


def in_one_process(shards, weights):
    """The metrics and the gradients of each shard."""
    worker, results = ShardWorker(weights), []
    for shard in shards:
        gradients = weights.like()
        results.append((worker.run(shard, gradients), gradients.vector))
    return results


def check(workers, shards):
    expected = in_one_process(shards, workers.weights)
    assert workers.run(shards) == [metrics for metrics, _ in expected]
    for gradients, (_, vector) in zip(workers.gradients, expected, strict=False):
        assert np.array_equal(gradients.vector, vector)
        assert np.abs(vector).max() > 0.01


@pytest.fixture
def own_shards(monkeypatch):
    """The shards that this process computes from now on."""
    shards = []
    run = ShardWorker.run
    monkeypatch.setattr(
        ShardWorker,
        "run",
        lambda self, shard, out: (shards.append(shard), run(self, shard, out))[1],
    )
    return shards


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_each_shard_is_bit_for_bit_the_same_in_any_process(cell):
    shape = SHAPE._replace(cell=cell)
    workers, shards = started_workers(3, shape=shape), random_shards(3, shape=shape)
    check(workers, shards)  # the workers may still be starting
    assert workers.wait() == 2
    check(workers, shards)
    check(workers, shards[:2])  # fewer shards than workers
    before = workers.run(shards)
    workers.weights.vector *= 0.5  # workers see new weights
    assert workers.run(shards)[2] != before[2]


def test_workers_compute_all_shards_but_the_first(own_shards):
    workers, shards = started_workers(3), random_shards(3)
    workers.wait()
    workers.run(shards)
    assert [shard is shards[0] for shard in own_shards] == [True]


@pytest.mark.parametrize("n_processes", [1, 2, 3, 8])
def test_there_may_be_more_shards_than_processes(n_processes):
    workers = started_workers(5, n_processes)
    assert workers.wait() == min(n_processes, 5) - 1
    for n_used in (1, 4, 5):
        check(workers, random_shards(n_used, seed=n_used))


def test_the_shard_of_a_worker_that_dies_before_a_batch_is_computed():
    workers = started_workers(4, n_processes=2)
    workers.wait()
    os.kill(workers.pids[0], signal.SIGKILL)
    for seed in range(2):
        check(workers, random_shards(4, seed))


def test_the_shard_of_a_worker_that_dies_during_a_batch_is_computed(monkeypatch):
    workers, shards = started_workers(2), random_shards(2)
    workers.wait()
    expected = in_one_process(shards, workers.weights)
    os.kill(workers.pids[0], signal.SIGSTOP)  # it receives the shard, and computes nothing
    run = ShardWorker.run

    def kill_and_run(self, shard, gradients):
        os.kill(workers.pids[0], signal.SIGKILL)
        return run(self, shard, gradients)

    with monkeypatch.context() as patched:
        patched.setattr(ShardWorker, "run", kill_and_run)
        assert workers.run(shards) == [metrics for metrics, _ in expected]
    assert np.array_equal(workers.gradients[1].vector, expected[1][1])
    check(workers, random_shards(2, seed=1))


def test_after_an_interruption_results_of_the_old_batch_are_discarded(monkeypatch):
    workers = started_workers(2)
    workers.wait()

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ShardWorker, "run", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workers.run(random_shards(2, seed=0))
    check(workers, random_shards(2, seed=1))


@pytest.mark.parametrize("missing", ["shared memory", "processes"])
def test_without_shared_memory_or_processes_this_process_computes_all(missing, monkeypatch):
    def fail(*_, **__):
        raise OSError(f"no {missing}")

    module, name = {
        "shared memory": (tempfile, "TemporaryFile"),
        "processes": (processes, "start"),
    }[missing]
    monkeypatch.setattr(module, name, fail)
    workers = started_workers(2)
    assert workers.wait() == 0
    check(workers, random_shards(2))


def test_workers_end_with_their_owner():
    workers = started_workers(2)
    workers.wait()
    [pid] = workers.pids
    del workers
    assert is_gone(pid)


def test_workers_end_when_the_process_of_their_owner_is_killed():
    program = """
import time
from seqmodel.network.parameters import NetworkShape
from seqmodel.training.gradient_workers import GradientWorkers
workers = GradientWorkers(NetworkShape("lstm", 7, 11, 14), 2, 2)
workers.wait()
print(*workers.pids, flush=True)
time.sleep(60)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert is_gone(pid)


def test_workers_do_not_import_modules_of_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ImportError('not NumPy')")
    monkeypatch.chdir(tmp_path)
    assert started_workers(2).wait() == 1

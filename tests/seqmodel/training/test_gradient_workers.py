"""Parts of a batch by processes side by side: what they find, and what befalls them."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from seqmodel.network.backward import BatchShard, ShardWorker
from seqmodel.network.parameters import NetworkShape
from seqmodel.parallel import processes
from seqmodel.training import gradient_workers as workers
from seqmodel.training.gradient_workers import GradientWorkers

T, B, K = 6, 5, 2
SHAPE = NetworkShape("lstm", units=7, n_values=11, n_inputs=14)


def some_tasks(n, seed=0, shape=SHAPE):
    rng = np.random.default_rng(seed)
    return [
        BatchShard(
            rng.integers(0, shape.n_inputs + 1, (T, 1 + K, B)),
            rng.integers(-1, shape.n_values, (T, B)),
            0.1,
            tuple(rng.normal(size=(2, shape.units, B)).astype(np.float32)),
        )
        for _ in range(n)
    ]


def some(n_parts, shape=SHAPE):
    made = GradientWorkers(shape, n_parts)
    made.weights.vector[:] = np.random.default_rng(1).normal(size=len(made.weights.vector))
    return made


def alone(tasks, shape=SHAPE):
    """What one process finds, and the gradients of each part."""
    one = some(1, shape)
    found = []
    for task in tasks:
        gradients = one.weights.like()
        found.append((ShardWorker(one.weights).run(task, gradients), gradients.vector))
    return found


def check(made, tasks):
    for found, gradients, (expected, vector) in zip(
        made.run(tasks), made.gradients, alone(tasks, made.weights.shape), strict=False
    ):
        assert found == expected
        assert np.array_equal(gradients.vector, vector)
        assert np.abs(vector).max() > 0.01


def pids(made):
    return [other._process.pid for other in made._others]


@pytest.mark.parametrize("cell", ["lstm", "rnn"])
def test_each_part_is_the_same_to_the_last_bit_whoever_computes_it(cell):
    shape = SHAPE._replace(cell=cell)
    made = some(3, shape)
    tasks = [task._replace(state=task.state[: 2 if cell == "lstm" else 1])
             for task in some_tasks(3, shape=shape)]  # fmt: skip
    check(made, tasks)  # perhaps nobody else is there yet
    assert made.wait() == 2
    check(made, tasks)
    check(made, tasks[:2])  # fewer parts than there are processes
    made.weights.vector *= 0.5  # they see what is written
    assert made.run(tasks)[2] != alone(tasks, shape)[2][0]


def test_the_others_do_the_work_when_they_are_there(monkeypatch):
    made = some(2)
    made.wait()
    tasks = some_tasks(2)
    expected = alone(tasks)
    done = []
    here = made._part.run
    monkeypatch.setattr(made._part, "run", lambda *what: (done.append(what), here(*what))[1])
    assert made.run(tasks) == [found for found, _ in expected]
    assert [gradients for _, gradients in done] == made.gradients[:1]


@pytest.mark.parametrize("when", ["before it is asked", "while it computes"])
def test_the_part_of_a_process_that_dies_is_done_all_the_same(when, monkeypatch):
    made = some(2)
    made.wait()
    (pid,) = pids(made)
    if when == "while it computes":
        os.kill(pid, signal.SIGSTOP)  # it takes the task, and no step
        here = made._part.run

        def run(task, gradients):
            os.kill(pid, signal.SIGKILL)
            return here(task, gradients)

        monkeypatch.setattr(made._part, "run", run)
    else:
        os.kill(pid, signal.SIGKILL)
        made._others[0]._process.wait()
    for seed in range(2):
        check(made, some_tasks(2, seed))
        monkeypatch.undo()


def test_an_interruption_leaves_no_answer_that_is_taken_for_another(monkeypatch):
    made = some(2)
    made.wait()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(made._part, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made.run(some_tasks(2, seed=0))
    monkeypatch.undo()
    check(made, some_tasks(2, seed=1))


@pytest.mark.parametrize("lacking", ["memory", "processes"])
def test_without_memory_to_share_or_processes_one_does_all(lacking, monkeypatch):
    def nothing(*_, **__):
        raise OSError("there is none")

    if lacking == "memory":
        monkeypatch.setattr(workers, "_shared", nothing)
    else:
        monkeypatch.setattr(processes, "start", nothing)
    made = some(2)
    assert made.wait() == 0
    check(made, some_tasks(2))


def is_gone(pid):
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_the_processes_end_with_whom_they_work_for():
    made = some(2)
    made.wait()
    (pid,) = pids(made)
    del made
    assert is_gone(pid)


def test_the_processes_end_when_whom_they_work_for_is_killed():
    code = (
        "import time; from tests.seqmodel.test_partners import *\n"
        "made = some(2); made.wait(); print(*pids(made), flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    pid = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert is_gone(pid)


def test_a_module_of_the_folder_one_is_in_is_not_taken_for_ours(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise ImportError('not NumPy')")
    monkeypatch.chdir(tmp_path)
    assert some(2).wait() == 1

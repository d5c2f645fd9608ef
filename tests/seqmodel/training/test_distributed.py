"""Training on several devices and hosts: the losses of one device, and the loss of a host."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from seqmodel.data.windows import PADDING, Windows
from seqmodel.errors import InputError
from seqmodel.network.weights import Weights
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.config import DeviceConfig, TrainerConfig
from seqmodel.training.distributed import training_devices
from seqmodel.training.hosts import HostsError, wait_for_hosts
from seqmodel.training.loop import run_epochs
from seqmodel.training.numpy_trainer import NumpyTrainer

pytestmark = pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed")

N_VALUES, N_A, TX = 5, 4, 4
CONFIG = TrainerConfig(epochs=4, batch_size=4, learning_rate=0.05)

# The environment of the programs below, which compile in haste.
ON_JAX = os.environ | {
    "KERAS_BACKEND": "jax",
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
}
# Keras on JAX is imported once: the hosts are copies of the process, each with its own output.
HOSTS = """
import json, os, signal, sys, time
sys.modules["tensorflow"] = None  # Keras on JAX would import it to set a seed, if it could
import numpy as np
from seqmodel.errors import InputError
from seqmodel.network.keras_layers import load_keras, set_weights
from seqmodel.training import hosts
from seqmodel.training.config import DeviceConfig
from seqmodel.training.distributed import training_devices, training_on_all
from seqmodel.training.loop import train_network

load_keras()
hosts.PATIENCE = 0.3
given = json.loads(sys.argv[1])

def is_host(rank):
    pids[rank] = os.fork()
    if not pids[rank]:
        said = os.open(f"{given['folder']}/said-{rank}", os.O_CREAT | os.O_WRONLY)
        os.dup2(said, 1)  # where Gloo prints
        os.dup2(said, 2)
    return not pids[rank]

def ended(rank):
    return os.waitstatus_to_exitcode(os.waitpid(pids[rank], 0)[1])

pids = {}
"""
# A small training on two hosts, of which host 1 kills itself after two epochs; then on two devices.
TRAINING = """
sys.path.insert(0, given["tests"])
from test_distributed import CONFIG, N_A, N_VALUES, TX, batches, weights

def train(folder, devices, hosts, rank, resume):
    def progress(epoch, trainer):
        if rank == 1 and epoch.number == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    with training_devices(DeviceConfig(devices, hosts, rank)):
        keras = load_keras()
        X = keras.Input((TX, N_VALUES), name="X")
        a = keras.layers.LSTM(N_A, return_sequences=True)(X)
        graph = keras.Model(X, keras.layers.Dense(N_VALUES, activation="softmax")(a))
        set_weights(graph, weights())
        with training_on_all(folder, resume=resume) as checkpoints:
            return train_network(graph, batches(), CONFIG, progress, checkpoints=checkpoints)

folders = f"{given['folder']}/training", f"{given['folder']}/not written"
try:
    for rank in (0, 1):
        if is_host(rank):
            train(folders[rank], None, given["addresses"], rank, False)
            sys.exit()
    print(json.dumps([ended(0), ended(1), *sorted(os.listdir(given["folder"]))]), flush=True)
    print(os.listdir(folders[0]), flush=True)
    result = train(folders[0], 2, None, None, True)
    print(json.dumps([epoch.loss for epoch in result.history]))
except InputError as error:
    sys.exit(f"error: {error}")
"""
# Host 1 does not come to the exchange; host 0, which waits for it, is ended.
WAITING = """
def take_part(rank):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with training_devices(DeviceConfig(hosts=given["addresses"], rank=rank)):
        from jax.experimental import multihost_utils

        open(f"{given['folder']}/waiting-{rank}", "w").close()
        time.sleep(60 * rank)
        multihost_utils.process_allgather(np.zeros(3))

for rank in (0, 1):
    if is_host(rank):
        take_part(rank)
        sys.exit()
while not os.path.exists(f"{given['folder']}/waiting-0"):
    time.sleep(0.05)
time.sleep(1)  # until Python has called JAX
os.kill(pids[0], signal.SIGTERM)
print(ended(0))
os.kill(pids[1], signal.SIGKILL)
ended(1)
"""


def run_hosts(program: str, folder: Path) -> list[str]:
    """The lines that a program prints which begins with HOSTS; `folder` is for its files."""
    given = {
        "tests": str(Path(__file__).parent),
        "folder": str(folder),
        "addresses": free_addresses(2),
    }
    done = subprocess.run(
        [sys.executable, "-c", HOSTS + program, json.dumps(given)],
        env=ON_JAX,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def weights() -> Weights:
    rng = np.random.default_rng(0)
    shapes = (N_VALUES, 4 * N_A), (N_A, 4 * N_A), 4 * N_A, (N_A, N_VALUES), N_VALUES
    return Weights("lstm", *(rng.normal(0, 0.3, shape).astype("f4") for shape in shapes))


def batches() -> InMemoryBatches:
    """Seven windows: a batch of four and one of three, which two devices share, too."""

    def draw(epoch: int) -> Windows:
        labels = np.random.default_rng(epoch).integers(0, N_VALUES, (7, TX)).astype("i4")
        return Windows(np.hstack([np.full((7, 1), PADDING, "i4"), labels[:, :-1]]), labels)

    return InMemoryBatches(draw, CONFIG.batch_size, seed=0)


def free_addresses(n: int) -> str:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return addresses


def test_a_training_that_lost_a_host_is_resumed_elsewhere_with_the_losses_of_one_device(
    tmp_path: Path,
) -> None:
    ends, kept, losses = run_hosts(TRAINING, tmp_path)
    assert json.loads(ends) == [2, -signal.SIGKILL, "said-0", "said-1", "training"]
    assert kept == "['checkpoint.npz']"
    message = (tmp_path / "said-0").read_text()
    assert message.splitlines()[-1].startswith("error: training on several hosts has failed")
    history = run_epochs(NumpyTrainer(weights()), batches(), CONFIG).history
    np.testing.assert_allclose(json.loads(losses), [epoch.loss for epoch in history], atol=1e-5)


def test_tensorflow_cannot_train_on_several_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with (
        pytest.raises(InputError, match=r"Keras runs on tensorflow; set .* KERAS_BACKEND=jax"),
        training_devices(DeviceConfig(devices=2)),
    ):
        pass


@pytest.mark.parametrize(
    ("hosts", "rank", "message"),
    [
        (None, 0, "a rank needs the addresses of all hosts"),
        ("a:1", 0, "two addresses or more, not 'a:1'"),
        ("a:1,b", 0, "two addresses or more, not 'a:1,b'"),
        ("a:1,b:2", None, "rank must be from 0 to 1, but is missing"),
        ("a:1,b:2", 2, "rank must be from 0 to 1, but is 2"),
    ],
)
def test_contradictory_hosts_and_rank_are_refused(
    hosts: str | None, rank: int | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        DeviceConfig(None, hosts, rank)


def test_a_host_that_does_not_arrive_is_named() -> None:
    addresses = free_addresses(3).split(",")
    late = f"{addresses[2]} .rank 2. did not arrive within 1 second; start the same command on all"
    with ThreadPoolExecutor() as hosts:
        second = hosts.submit(wait_for_hosts, addresses, 1, 2)
        with pytest.raises(HostsError, match=late):
            wait_for_hosts(addresses, 0, 1)
        with pytest.raises(HostsError, match=f"{addresses[0]} .rank 0. did not arrive within 2"):
            second.result()


def test_hosts_go_on_when_all_have_arrived() -> None:
    addresses = free_addresses(3).split(",")
    with (
        ThreadPoolExecutor() as hosts,
        socket.create_server(("127.0.0.1", 0)) as taken,
    ):
        others = [hosts.submit(wait_for_hosts, addresses, rank, 20) for rank in (2, 1)]
        wait_for_hosts(addresses, 0, 20)
        assert [other.result() for other in others] == [None, None]
        addresses[0] = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(HostsError, match=r"cannot be used .*; choose another port"):
            wait_for_hosts(addresses, 0, 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_a_wait_that_python_cannot_leave(number: int) -> None:
    # JAX waits in C; a mutex that is locked twice keeps the thread there, too.
    program = """
import ctypes, signal
from seqmodel.training import hosts
hosts.PATIENCE = 0.2
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: None)
library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(128)
with hosts.signals_end_waits():
    print("waiting", flush=True)
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as host:
        host.stdout.readline()
        while host.poll() is None:  # Python handles those that come before the wait
            host.send_signal(number)
            time.sleep(0.1)
        message = host.stderr.read()
    assert message == "interrupted: the hosts were waiting for each other\n"
    assert host.returncode == 128 + number


def test_sigterm_ends_a_host_that_waits_for_another_in_jax(tmp_path: Path) -> None:
    assert run_hosts(WAITING, tmp_path) == [str(128 + signal.SIGTERM)]
    assert (tmp_path / "said-0").read_text().splitlines()[-1] in (
        "interrupted: the hosts were waiting for each other",
        "KeyboardInterrupt",  # Python had not called JAX yet, or JAX took it for an error
    )


def test_hosts_from_the_environment_without_a_launcher_are_refused() -> None:
    program = """
import sys
from seqmodel.training.config import DeviceConfig
from seqmodel.training.distributed import HostsError, training_devices
try:
    with training_devices(DeviceConfig(hosts="auto")):
        pass
except HostsError as error:
    sys.exit(str(error))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=ON_JAX,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "no launcher that JAX knows, such as Slurm or Open MPI, has started this program; start it "
        "with srun or mpirun, or give the addresses of all hosts and a rank"
    )


def test_hosts_from_the_environment_need_no_rank() -> None:
    assert DeviceConfig(2, "auto", None).addresses == []

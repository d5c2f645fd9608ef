"""Training on several devices and hosts: the losses of one, and what becomes of a lost host."""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from seqmodel.errors import InputError
from seqmodel.training.distributed import Hosts

EPOCHS = 60
# 100 windows are three batches of 32 and one of 4; two devices share all of them.
SMALL = ["--m", "100", "--n-a", "8", "--tx", "8", "--n-values", "30"]
TRAINING = [sys.executable, "-m", "djmodel.train", *SMALL, "--epochs", str(EPOCHS)]


def start(*arguments: object, backend: str = "jax") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*TRAINING, *map(str, arguments)],
        env={**os.environ, "KERAS_BACKEND": backend},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def losses(folder: Path) -> list[float]:
    with (folder / "history.csv").open() as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def free_addresses(n: int) -> str:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = ",".join(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return addresses


def test_a_lost_host_ends_the_other_and_one_device_goes_on_to_the_same_losses(
    tmp_path: Path,
) -> None:
    rag = Path(__file__).parents[3] / "data" / "rags" / "solace.mid"
    together, alone = tmp_path / "together", tmp_path / "alone"
    addresses = free_addresses(2)
    hosts = [
        start(rag, "--out", tmp_path / name, "--hosts", addresses, "--rank", rank)
        for rank, name in enumerate(("together", "not written"))
    ]
    try:
        while not (together / "checkpoint.npz").exists():
            assert hosts[0].poll() is None, hosts[0].stderr and hosts[0].stderr.read()
            time.sleep(0.05)
        hosts[1].send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        _, said = hosts[0].communicate(timeout=300)
        assert time.monotonic() - killed_at < 30
    finally:
        for host in hosts:
            host.kill()
            host.communicate()
    lines = said.strip().splitlines()
    assert hosts[0].returncode == 2
    assert lines[-1].startswith("error: expected all hosts to go on to the end, found that one")
    assert "--resume" in lines[-1]
    assert [line for line in lines[:-1] if not line.startswith("epoch ")] == []
    assert not (tmp_path / "not written").exists()
    assert not (together / "model.keras").exists()

    whole = start(rag, "--out", alone, "--devices", 2)
    rest = start(rag, "--out", together, "--resume")
    for training in (rest, whole):
        _, said = training.communicate(timeout=300)
        assert training.returncode == 0, said
    assert len(losses(together)) == EPOCHS
    np.testing.assert_allclose(losses(together), losses(alone), atol=1e-5)
    assert losses(alone)[-1] < losses(alone)[0] - 0.3


def test_tensorflow_says_how_to_switch() -> None:
    training = start("--devices", 2, backend="tensorflow")
    _, said = training.communicate(timeout=300)
    assert training.returncode == 2
    assert said == (
        "error: expected Keras on JAX for --devices and --hosts, found Keras on tensorflow; "
        "write KERAS_BACKEND=jax before the command\n"
    )


@pytest.mark.parametrize(
    ("hosts", "rank", "expected"),
    [
        (None, 0, "--hosts with --rank, found none"),
        ("a:1", 0, "two addresses or more, .*, found a:1"),
        ("a:1,b", 0, "two addresses or more, .*, found a:1,b"),
        ("a:1,b:2", None, "--rank from 0 to 1, found none"),
        ("a:1,b:2", 2, "--rank from 0 to 1, found 2"),
    ],
)
def test_hosts_that_make_no_sense(hosts: str | None, rank: int | None, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        Hosts.parse(None, hosts, rank)


def test_hosts_from_the_environment_need_no_rank() -> None:
    assert Hosts.parse(2, "auto", None).several

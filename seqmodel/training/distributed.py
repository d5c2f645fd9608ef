"""Training spread over several devices and several hosts, by Keras on JAX.

Every host runs the same command and goes through the same batches, of which it takes its own rows;
the gradients are those of the whole batch. Host 0 alone writes.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import InputError, Interrupted
from seqmodel.network.keras_backend import load_keras, stderr_held_back
from seqmodel.optional import require_package
from seqmodel.text import pluralize
from seqmodel.training.checkpoints import SECONDS, Checkpoint, Checkpoints, training_in

START_SECONDS = 120  # in which all hosts have to start
SILENT_SECONDS = 10  # after which a host is lost that says nothing
FROM_ENVIRONMENT = "auto"
# Errors by which JAX and what it sends by say that a host is not there, of several Python types.
LOST_WORDS = ("Gloo", "NCCL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "oordination")


class HostsError(InputError):
    """Devices or hosts that are not there, or are there no more."""


@dataclass(frozen=True)
class Hosts:
    """What `--devices`, `--hosts` and `--rank` say: how many devices of this host train (None: all
    that it has); the addresses `host:port` of all hosts, or FROM_ENVIRONMENT, what a launcher that
    JAX knows (Slurm, Open MPI, Kubernetes) has set; and which of them this one is.

    Raises InputError for what does not go together.
    """

    devices: int | None = None
    addresses: tuple[str, ...] = ()
    rank: int | None = None

    @classmethod
    def parse(cls, devices: int | None, hosts: str | None, rank: int | None) -> Hosts:
        addresses = tuple(filter(None, (hosts or "").replace(" ", "").split(",")))
        return cls(devices, addresses, rank)

    def __post_init__(self) -> None:
        if not self.addresses and self.rank is not None:
            raise InputError("--hosts with --rank", "none", hint="name all hosts: --hosts A:1,B:1")
        if not self.several or self.addresses == (FROM_ENVIRONMENT,):
            return
        if len(self.addresses) < 2 or not all(map(_is_address, self.addresses)):
            found = ",".join(self.addresses)
            raise InputError(
                "--hosts with two addresses or more, such as a.net:4000,b.net:4000", found
            )
        if self.rank is None or not 0 <= self.rank < len(self.addresses):
            found = "none" if self.rank is None else f"{self.rank}"
            raise InputError(f"--rank from 0 to {len(self.addresses) - 1}", found)

    @property
    def several(self) -> bool:
        return bool(self.addresses)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal()


def launch(hosts: Hosts, work: Callable[[], None]) -> None:
    """Does `work`, in which Keras trains on all devices and hosts that are meant.

    With several hosts it is done by a process of its own, which JAX may end when another host is
    lost; this one then raises HostsError, and otherwise what the other one raises. Raises
    InputError where Keras does not run on JAX, HostsError for devices that are not there.
    """
    _require_jax()
    if hosts.several:
        with _reported_to(_parent_of_a_child()):
            _start(hosts)
            work()
    else:
        _start(hosts)
        try:
            work()
        finally:
            load_keras().distribution.set_distribution(None)


def _require_jax() -> None:
    chosen = os.environ.get("KERAS_BACKEND") or load_keras().backend.backend()
    if chosen != "jax":
        raise InputError(
            "Keras on JAX for --devices and --hosts",
            f"Keras on {chosen}",
            hint="write KERAS_BACKEND=jax before the command",
        )
    require_package("jax", "to train on several devices")


def _start(hosts: Hosts) -> None:
    """Sets JAX and Keras up."""
    if hosts.devices is not None:
        # Processors count as one device unless JAX is told otherwise before it starts.
        flag = f"--xla_force_host_platform_device_count={hosts.devices}"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    jax, keras = _jax(), load_keras()
    if hosts.several:
        known = hosts.addresses != (FROM_ENVIRONMENT,)
        # As `keras.distribution.initialize`, which leaves a lost host a hundred seconds.
        jax.distributed.initialize(
            *((hosts.addresses[0], len(hosts.addresses), hosts.rank) if known else ()),
            initialization_timeout=START_SECONDS,
            heartbeat_timeout_seconds=SILENT_SECONDS,
        )
    local = jax.local_devices()
    wanted = hosts.devices or len(local)
    if len(local) < wanted:
        raise HostsError(pluralize(wanted, "device"), f"{len(local)} ({local[0].platform})")
    mine = {device for process in range(jax.process_count()) for device in _first(process, wanted)}
    chosen = [device for device in jax.devices() if device in mine]
    with stderr_held_back():
        keras.utils.set_random_seed(0)  # the same everywhere; the layers have seeds of their own
    names = [f"{device.platform}:{device.id}" for device in chosen]
    parallel = keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
    keras.distribution.set_distribution(parallel)


def _first(process: int, n: int) -> list[Any]:
    return [device for device in _jax().devices() if device.process_index == process][:n]


# ---------------------------------------------------------------------------------------------
# What each host does
# ---------------------------------------------------------------------------------------------


def is_distributed() -> bool:
    """Whether Keras trains on devices or hosts that were asked for."""
    return load_keras().distribution.distribution() is not None


def is_coordinator() -> bool:
    """Whether this is the host that talks and writes; where there is only one, it is."""
    return not _several() or _jax().process_index() == 0


def _several() -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


def _jax() -> Any:
    import jax

    return jax


@contextmanager
def training_on_all(
    folder: str | Path, *, resume: bool = False, seconds: float = SECONDS
) -> Iterator[Checkpoints]:
    """As `checkpoints.training_in`, on all hosts: the folder is that of the first one."""
    if not is_coordinator():
        yield DistributedCheckpoints(None)
        return
    with training_in(folder, resume=resume, seconds=seconds) as checkpoints:
        yield DistributedCheckpoints(checkpoints) if _several() else checkpoints


def local_shard(array: NDArray[Any], fill: float) -> NDArray[Any]:
    """Of a batch `(B, ...)` the rows that this host computes; rows of `fill` are added until every
    device of every host has equally many."""
    spread_over = load_keras().distribution.distribution()
    if spread_over is None:
        return array
    jax = _jax()
    devices = spread_over.device_mesh.devices.size
    missing = -len(array) % devices
    rest = np.full((missing, *array.shape[1:]), fill, dtype=array.dtype)
    size, rank = (len(array) + missing) // jax.process_count(), jax.process_index()
    return np.concatenate([array, rest])[rank * size : (rank + 1) * size]


class DistributedCheckpoints(Checkpoints):
    """The checkpoints of a training on several hosts: the first one's are on its disk; the others
    get from it what there is to go on from, and write nothing."""

    def __init__(self, first: Checkpoints | None) -> None:
        self.first = first
        if first is not None:
            first.seconds = 0  # a host that is lost may take this one with it

    @property
    def path(self) -> Path:
        return self.first.path if self.first else Path("the checkpoint of host 0")

    @property
    def resume_note(self) -> str:
        return self.first.resume_note if self.first else ""

    def engine(self) -> None:
        """Keras computes on several hosts, whatever is gone on from."""

    def start(self, fingerprint: Mapping[str, Any]) -> Checkpoint | None:
        """As of one host. Raises HostsError if the hosts train on different things."""
        from jax.experimental import multihost_utils

        text = json.dumps(fingerprint, sort_keys=True).encode()
        ours = np.frombuffer(hashlib.sha256(text).digest(), dtype=np.uint8)
        if len({bytes(each) for each in multihost_utils.process_allgather(ours)}) > 1:
            raise HostsError(
                "the same training on every host",
                "other music or other settings on one of them",
                hint="give all of them the same command, but for --rank, and the same files",
            )
        found, error = None, None
        if self.first is not None:
            try:
                found = self.first.start(fingerprint)
            except InputError as raised:
                error = raised
        found, error = _told_by_first((found, error))
        if error is not None:
            raise error
        return found

    def due(self) -> bool:
        return self.first is not None

    def write(self, checkpoint: Checkpoint, fingerprint: Mapping[str, Any]) -> None:
        if self.first is not None:
            self.first.write(checkpoint, fingerprint)

    def check_folder(self) -> None:
        if self.first is not None:
            self.first.check_folder()

    def remove(self) -> None:
        if self.first is not None:
            self.first.remove()


def _told_by_first(mine: Any) -> Any:
    """What the first host has here."""
    from jax.experimental import multihost_utils

    content = np.frombuffer(pickle.dumps(mine), dtype=np.uint8)
    length = int(multihost_utils.broadcast_one_to_all(np.array(len(content))))
    padded = np.zeros(length, dtype=np.uint8)
    padded[: min(len(content), length)] = content[:length]
    return pickle.loads(bytes(multihost_utils.broadcast_one_to_all(padded).astype(np.uint8)))


# ---------------------------------------------------------------------------------------------
# Two processes: one that JAX may end at any time, and one that says so
# ---------------------------------------------------------------------------------------------


def _parent_of_a_child() -> int:
    """Returns in a new process, with the place to write to what it raises. This one waits for it,
    and ends as it does."""
    reading, report = os.pipe()
    alive, end = os.pipe()  # `end` is open in the parent as long as it lives
    sys.stdout.flush()
    sys.stderr.flush()
    if child := os.fork():
        os.close(report)
        os.close(alive)
        _wait_for(child, reading)
    os.close(reading)
    os.close(end)
    _end_with(alive)
    return report


def _end_with(alive: int) -> None:
    """Ends this process when its parent has ended, in whatever way."""
    import threading

    def wait() -> None:
        os.read(alive, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _wait_for(child: int, reading: int) -> NoReturn:
    """Raises what the child raises, or SystemExit."""
    import signal

    before = signal.getsignal(signal.SIGTERM)

    def pass_on(number: int, frame: FrameType | None) -> None:
        os.kill(child, number)
        with suppress(KeyboardInterrupt):  # it is the child that ends in order, as for Ctrl-C
            if callable(before):
                before(number, frame)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child gets it, too, and ends in order
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if told:
        raise pickle.loads(told)
    if status == 0:
        raise SystemExit(0)
    raise _lost("JAX ended this one")


def _lost(how: str) -> HostsError:
    return HostsError(
        "all hosts to go on to the end",
        f"that one of them is lost ({how})",
        hint="start the command again with --resume, on as many hosts as there are",
    )


@contextmanager
def _reported_to(report: int) -> Iterator[None]:
    """Writes to `report` what is raised, and ends this process at once, as an orderly end would
    wait for hosts that are lost. What JAX's own code prints is thrown away without `--debug`."""
    debug = "--debug" in sys.argv
    if not debug:
        for stream, name in ((1, "stdout"), (2, "stderr")):
            setattr(sys, name, os.fdopen(os.dup(stream), "w", buffering=1))
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    told: BaseException | None = None
    try:
        yield
        _jax().distributed.shutdown()  # when all have come as far as this
    except (InputError, Interrupted, KeyboardInterrupt) as error:
        told = error
    except BaseException as error:
        if any(word in repr(error) for word in LOST_WORDS):
            told = _lost(str(error).splitlines()[0])
        else:
            told = RuntimeError(traceback.format_exc() if debug else repr(error))
    sys.stdout.flush()
    sys.stderr.flush()
    if told is not None:
        os.write(report, pickle.dumps(told))
    os._exit(0)

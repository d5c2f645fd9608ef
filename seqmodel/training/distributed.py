"""Training on several devices or hosts, by Keras on JAX.

Every host runs the same program on the same batches and computes its own rows of each; the
gradients are those of the whole batch. One host, the coordinator, writes files. When a host is
lost, the others end with an error, by JAX's heartbeat at the latest; the training is resumed from
the coordinator's checkpoint, on any number of hosts.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import math
import os
import pickle
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import InputError, Interrupted
from seqmodel.extras import require_package
from seqmodel.folder_lock import FolderLock
from seqmodel.network.keras_layers import load_keras, without_tensorflow_logs
from seqmodel.text import pluralize
from seqmodel.training.checkpoints import SECONDS, Checkpoint, Checkpoints, training_in
from seqmodel.training.config import DeviceConfig
from seqmodel.training.hosts import HostsError, signals_end_waits, wait_for_hosts

START_SECONDS = 120  # in which all hosts have to start
HEARTBEAT_SECONDS = 10  # after which a silent host is lost


@contextmanager
def training_devices(config: DeviceConfig) -> Iterator[None]:
    """Lets Keras train on the devices of `config` in the block, which comes before anything else
    that JAX computes in this process; the default configuration changes nothing.

    Raises InputError where Keras does not run on JAX, and HostsError for missing devices and hosts.
    """
    if config == DeviceConfig():
        yield
        return
    backend = os.environ.get("KERAS_BACKEND") or load_keras().backend.backend()
    if backend != "jax":
        raise InputError(
            f"several devices or hosts need Keras on JAX, and Keras runs on {backend}",
            hint="set the environment variable KERAS_BACKEND=jax",
        )
    jax = require_package("jax", "to train on several devices")
    if config.devices is not None:
        # The cores of a CPU are one device unless JAX is asked for more before it starts.
        with suppress(RuntimeError):
            jax.config.update("jax_num_cpu_devices", config.devices)
    with ExitStack() as stack:
        signals: list[int] = []
        if config.hosts:
            jax.config.update("jax_enable_preemption_service", False)  # it would take SIGTERM
            signals = stack.enter_context(signals_end_waits())
            _connect(jax, config)
        keras = load_keras()
        with without_tensorflow_logs():  # this imports TensorFlow
            keras.utils.set_random_seed(0)  # of what has no seed: equal on all hosts
        names = [f"{device.platform}:{device.id}" for device in _devices(jax, config.devices)]
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(devices=names, auto_shard_dataset=False)
        )
        try:
            yield
            if config.hosts and not signals:
                jax.distributed.shutdown()  # when all hosts have come to their end
        except BaseException as error:
            if not config.hosts:
                raise
            interrupted = isinstance(error, KeyboardInterrupt | Interrupted)
            # At its end JAX would wait for all hosts, and abort when one of them is lost.
            atexit.register(_exit_at_once, 128 + signals[0] if signals else 2)
            if interrupted or isinstance(error, InputError):
                raise
            if signals:  # JAX took the interruption for an error of its own
                raise KeyboardInterrupt from error
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise HostsError(
                f"training on several hosts has failed; is one of them lost? ({reason})",
                hint="resume the training, on as many hosts as there are",
            ) from error
        else:
            if signals:  # this host was interrupted, and the others do not know
                atexit.register(_exit_at_once, 128 + signals[0])
        finally:
            keras.distribution.set_distribution(None)


def _connect(jax: Any, config: DeviceConfig) -> None:
    """Connects this host with the others. Raises HostsError."""
    addresses, rank = config.addresses, config.rank
    place: tuple[Any, ...] = ()
    if addresses and rank is not None:
        wait_for_hosts(addresses, rank, START_SECONDS)
        place = addresses[0], len(addresses), rank
    try:
        jax.distributed.initialize(
            *place,
            initialization_timeout=START_SECONDS,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
            shutdown_timeout_seconds=HEARTBEAT_SECONDS,
        )
    except ValueError as error:
        raise HostsError(
            "no launcher that JAX knows, such as Slurm or Open MPI, has started this program",
            hint="start it with srun or mpirun, or give the addresses of all hosts and a rank",
        ) from error


def _exit_at_once(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _devices(jax: Any, n: int | None) -> list[Any]:
    """The first `n` devices of each host, None: all."""
    for_each = [jax.local_devices(process_index=k)[:n] for k in range(jax.process_count())]
    if n is not None and len(min(for_each, key=len)) < n:
        found = min(for_each, key=len)
        raise HostsError(
            f"{pluralize(n, 'device')} cannot train: a host has {len(found)} ({found[0].platform})"
        )
    return [device for devices in for_each for device in devices]


# ---------------------------------------------------------------------------------------------
# On each host
# ---------------------------------------------------------------------------------------------


def is_distributed() -> bool:
    """True within `training_devices`."""
    return load_keras().distribution.distribution() is not None


def is_coordinator() -> bool:
    """True on the host that prints and writes files; a single host does."""
    return not _has_hosts() or sys.modules["jax"].process_index() == 0


def _has_hosts() -> bool:
    return "jax" in sys.modules and sys.modules["jax"].distributed.is_initialized()


def local_shard(array: NDArray[Any], fill: float) -> NDArray[Any]:
    """The rows of a batch `(B, ...)` that this host computes; rows of `fill` are added to the batch
    until all devices have equally many."""
    distribution = load_keras().distribution.distribution()
    if distribution is None:
        return array
    import jax

    missing = -len(array) % math.prod(distribution.device_mesh.shape)
    rest = np.full((missing, *array.shape[1:]), fill, dtype=array.dtype)
    size, rank = (len(array) + missing) // jax.process_count(), jax.process_index()
    return np.concatenate([array, rest])[rank * size : (rank + 1) * size]


# ---------------------------------------------------------------------------------------------
# Checkpoints
# ---------------------------------------------------------------------------------------------


@contextmanager
def training_on_all(
    folder: str | Path, *, resume: bool = False, seconds: float = SECONDS
) -> Iterator[Checkpoints]:
    """As `checkpoints.training_in`, on all hosts: `folder` is one of the coordinator's disk. With
    several hosts it gets a checkpoint after each epoch, as any of them may be lost."""
    if not is_coordinator():
        yield DistributedCheckpoints(FolderLock(Path("the coordinator's folder")))
        return
    with training_in(folder, resume=resume, seconds=seconds) as checkpoints:
        if _has_hosts():
            checkpoints = DistributedCheckpoints(checkpoints.lock, resume=resume, seconds=0)
        yield checkpoints


class DistributedCheckpoints(Checkpoints):
    """The checkpoints of a training on several hosts: the coordinator writes and reads them, and
    sends the state to resume from to the others."""

    def start(self, fingerprint: Mapping[str, Any]) -> Checkpoint | None:
        """As on one host. Raises HostsError if the hosts train on different data."""
        from jax.experimental import multihost_utils

        text = json.dumps(fingerprint, sort_keys=True).encode()
        digest = np.frombuffer(hashlib.sha256(text).digest(), dtype=np.uint8)
        if np.ptp(multihost_utils.process_allgather(digest), axis=0).any():
            raise HostsError(
                "the hosts have different music or settings",
                hint="start the same command with the same files on each of them",
            )
        checkpoint, error = None, None
        if is_coordinator():
            try:
                checkpoint = super().start(fingerprint)
            except InputError as raised:
                error = raised
        checkpoint, error = _from_coordinator((checkpoint, error))
        if error is not None:
            raise error
        return checkpoint

    def due(self) -> bool:
        return is_coordinator()

    def write(self, checkpoint: Checkpoint, fingerprint: Mapping[str, Any]) -> None:
        if is_coordinator():
            super().write(checkpoint, fingerprint)


def _from_coordinator(value: Any) -> Any:
    """The value of the coordinator, on every host."""
    from jax.experimental import multihost_utils

    content = np.frombuffer(pickle.dumps(value), dtype=np.uint8)
    length = int(multihost_utils.broadcast_one_to_all(np.array(len(content))))
    padded = np.zeros(length, dtype=np.uint8)
    padded[: min(len(content), length)] = content[:length]
    return pickle.loads(bytes(multihost_utils.broadcast_one_to_all(padded).astype(np.uint8)))

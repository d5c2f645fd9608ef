"""Waiting for the other hosts of a training: until all have arrived, and with an end to it.

JAX waits in code that no signal reaches, and ends the process where a host does not arrive in time.
"""

from __future__ import annotations

import math
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from seqmodel.errors import InputError
from seqmodel.text import pluralize

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 1.0  # seconds in which Python handles a signal, unless it waits in JAX
_AT_ONCE = 0.1  # seconds in which one handler may be called for several signals
_RETRY_SECONDS = 0.2
_GO = b"go\n"


class HostsError(InputError):
    """Devices or hosts that do not exist, do not arrive, or are lost."""


def wait_for_hosts(addresses: Sequence[str], rank: int, seconds: float) -> None:
    """Returns when all hosts have called this, each with its `rank` in `addresses`. They meet at
    the address of the first one. Raises HostsError for hosts that do not arrive in time."""
    due = time.monotonic() + seconds
    if rank == 0:
        _welcome(addresses, due, seconds)
        return
    host, _, port = addresses[0].rpartition(":")
    while (left := due - time.monotonic()) > 0:
        with suppress(OSError), socket.create_connection((host, int(port)), left) as connection:
            connection.sendall(f"{rank}\n".encode())
            connection.settimeout(max(due - time.monotonic(), _RETRY_SECONDS))
            if connection.recv(len(_GO)) == _GO:
                return
        time.sleep(_RETRY_SECONDS)
    raise _missing([0], addresses, seconds)


def _welcome(addresses: Sequence[str], due: float, seconds: float) -> None:
    """The part of the first host: it lets the others go when all are here."""
    port = int(addresses[0].rpartition(":")[2])
    arrived: dict[int, socket.socket] = {}
    with ExitStack() as stack:
        try:
            server = stack.enter_context(socket.create_server(("", port)))
        except OSError as error:
            message = f"port {port} cannot be used ({(error.strerror or str(error)).lower()})"
            raise HostsError(message, hint="choose another port in the addresses") from error
        while missing := [rank for rank in range(1, len(addresses)) if rank not in arrived]:
            # A host that was ended and started again arrives anew; a closed connection is readable.
            sockets = [server, *arrived.values()]
            readable = select.select(sockets, [], [], max(due - time.monotonic(), 0))[0]
            if not readable:
                raise _missing(missing, addresses, seconds)
            arrived = {rank: each for rank, each in arrived.items() if each not in readable}
            if server in readable:
                connection = stack.enter_context(server.accept()[0])
                connection.settimeout(_RETRY_SECONDS)
                with suppress(OSError, ValueError):
                    arrived[int(connection.recv(16))] = connection
        for connection in arrived.values():
            connection.sendall(_GO)


def _missing(ranks: Sequence[int], addresses: Sequence[str], seconds: float) -> HostsError:
    names = " and ".join(f"{addresses[rank]} (rank {rank})" for rank in ranks)
    return HostsError(
        f"{names} did not arrive within {pluralize(round(seconds), 'second')}",
        hint="start the same command on all hosts, each with its rank",
    )


@contextmanager
def signals_end_waits() -> Iterator[list[int]]:
    """Lets Ctrl-C and SIGTERM end the process, with one line, where it waits in JAX for other
    hosts; elsewhere they are handled as before. The list that it yields holds the signals that were
    handled."""
    handled: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield handled  # only the main thread receives signals
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    last_handled = -math.inf

    def watch() -> None:
        while received := reader.recv(1):  # written by Python as soon as there is a signal
            received_at = time.monotonic()
            time.sleep(PATIENCE)
            if received[0] in SIGNALS and last_handled < received_at - _AT_ONCE:
                with suppress(OSError):
                    os.write(2, b"interrupted: the hosts were waiting for each other\n")
                os._exit(128 + received[0])

    def handling(previous: Any) -> Any:
        def handle(number: int, frame: Any) -> None:
            nonlocal last_handled
            last_handled = time.monotonic()
            handled.append(number)
            previous(number, frame)

        return handle

    previous = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in previous.items():
        if callable(handler):
            signal.signal(number, handling(handler))
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield handled
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in previous.items():
            signal.signal(number, handler)
        writer.close()

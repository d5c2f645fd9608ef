"""Subprocesses that get pickled requests on their stdin and answer on their stdout."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any

SECONDS_BETWEEN_LOOKS = 0.5


def start(module: str, handles: Sequence[int] = (), **environment: str) -> subprocess.Popen[bytes]:
    """Starts a process that calls the function `serve` of a module, with the import path of this
    process; the file descriptors `handles` stay open in it, except on Windows. Raises OSError."""
    path = {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    program = (
        f"from {__name__} import end_with; end_with({os.getpid()}); "
        f"from {module} import serve; serve()"
    )
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | path | environment,
        pass_fds=handles,
    )


def send(stream: IO[bytes] | None, message: Any) -> None:
    assert stream
    pickle.dump(message, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


def receive(stream: IO[bytes] | None) -> Any:
    """The next message. Raises EOFError or UnpicklingError if the other end is gone."""
    assert stream
    return pickle.load(stream)


def end(process: subprocess.Popen[bytes], patience: float = 0) -> int:
    """The exit status of the process, which is killed if it has not ended in `patience` seconds."""
    try:
        return process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def end_with(parent: int) -> None:
    """Ends this process soon after its parent, the process with that ID, however that ends, and
    whatever this one does. (On Windows a process does not learn of it.)"""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def serving() -> Iterator[tuple[Iterator[Any], IO[bytes]]]:
    """In the subprocess: its requests, until the other end is gone, and the stream for answers."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that uses this one
    with os.fdopen(os.dup(1), "wb") as answers, Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # libraries may print; that is not an answer
        yield _requests(), answers


def _requests() -> Iterator[Any]:
    with suppress(EOFError):
        while True:
            yield receive(sys.stdin.buffer)

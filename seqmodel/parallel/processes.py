"""Processes that work for this one: they are asked on their stdin, and answer on their stdout."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any


def start(module: str, handles: Sequence[int] = (), **environment: str) -> subprocess.Popen[bytes]:
    """Starts a process that calls the function `serve` of a module; `handles` are files that stay
    open in it, except on Windows. Raises OSError."""
    # It finds the same modules as this process, however that came to find them.
    path = {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {module} import serve; serve()"],
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
    """Raises EOFError or UnpicklingError if the other end is gone."""
    assert stream
    return pickle.load(stream)


def end(process: subprocess.Popen[bytes], patience: float = 0) -> int:
    """Ends the process, which may take so many seconds to do it by itself; its exit status."""
    try:
        return process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextmanager
def serving() -> Iterator[tuple[Iterator[Any], IO[bytes]]]:
    """In a process that was started: what it is asked, as long as it is, and where answers go."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the process that uses this
    with os.fdopen(os.dup(1), "wb") as answers, Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # what a library prints is no answer
        yield _requests(), answers


def _requests() -> Iterator[Any]:
    with suppress(EOFError):
        while True:
            yield receive(sys.stdin.buffer)

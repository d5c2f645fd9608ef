"""Calls of a library that may take for ever, or all memory: in a process of their own, within
limits of both.

The process is started when it is first needed and serves one call after the other; one that goes
beyond its limits is ended, and the next call starts another. It ends with the process that uses it.
"""

from __future__ import annotations

import faulthandler
import os
import pickle
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from seqmodel.parallel import processes

_MEGABYTE = 1 << 20


class OutOfTimeError(Exception):
    """A call that was ended because its time was over."""


class OutOfMemoryError(Exception):
    """A call that asked for more memory than it may have."""


class CrashedError(Exception):
    """A call with which its process ended; the message gives its exit status."""


class _Request(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    imports: tuple[str, ...]
    seconds: float
    megabytes: int


class SandboxedProcess:
    """A process that calls functions for this one, one at a time."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = Lock()

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        seconds: float,
        megabytes: int,
        imports: Sequence[str] = (),
    ) -> Any:
        """What `function(*arguments)` gives or raises. The function is one that can be imported;
        arguments and result can be pickled. The time for `imports`, modules that it will need, does
        not count; memory is what the call takes beyond them, and is limited on Linux only.

        Raises OutOfTimeError, OutOfMemoryError or CrashedError.
        """
        request = _Request(function, arguments, tuple(imports), seconds, megabytes)
        with self.lock:
            process = self.process = self._running()
            began = monotonic()
            try:
                processes.send(process.stdin, request)
                began = processes.receive(process.stdout)  # the imports are done
                succeeded, result = processes.receive(process.stdout)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                status = processes.end(process, patience=5)
                if monotonic() - began >= seconds:
                    raise OutOfTimeError from error
                raise CrashedError(f"exit status {status}") from error
            except BaseException:
                processes.end(process)  # interrupted: what it is at is not wanted any more
                raise
        if succeeded:
            return result
        if isinstance(result, MemoryError):
            raise OutOfMemoryError from result
        raise result

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is not None and self.process.poll() is None:
            return self.process
        return processes.start("seqmodel.parallel.sandbox")


def helper() -> SandboxedProcess:
    """The helper of this process."""
    return _helper(os.getpid())


@cache
def _helper(_: int) -> SandboxedProcess:
    """One for each process: one that was forked must not share its parent's."""
    return SandboxedProcess()


# ---------------------------------------------------------------------------------------------
# In the helping process
# ---------------------------------------------------------------------------------------------


def serve() -> None:
    """Answers the requests on stdin, on stdout, until there are no more."""
    with processes.serving() as (requests, answers), Path(os.devnull).open("w") as nowhere:
        request: _Request
        for request in requests:
            for module in request.imports:
                import_module(module)
            processes.send(answers, monotonic())  # of the system: the same for all processes
            # Ends this process even in the midst of a call that never returns to Python.
            faulthandler.dump_traceback_later(request.seconds, exit=True, file=nowhere)
            _limit_memory(request.megabytes)
            succeeded, result = _answer(request)
            faulthandler.cancel_dump_traceback_later()
            _limit_memory(None)
            try:
                processes.send(answers, (succeeded, result))
            except BrokenPipeError:
                return


def _answer(request: _Request) -> tuple[bool, Any]:
    try:
        return True, request.function(*request.arguments)
    except MemoryError:  # a new one: there may be too little for anything else
        return False, MemoryError()
    except Exception as error:
        error.__cause__ = error.__context__ = error.__traceback__ = None
        try:
            return False, pickle.loads(pickle.dumps(error))
        except Exception:  # it does not survive the way, whatever its class does on it
            return False, RuntimeError(f"{type(error).__name__}: {error}")


def _limit_memory(megabytes: int | None) -> None:
    """From now on this process gets so much more memory, and no more; None: any amount. Only where
    the system says how much it has (Linux)."""
    statistics = Path("/proc/self/statm")
    if not statistics.exists():
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = hard
    if megabytes is not None:
        pages = int(statistics.read_text().split()[0])
        soft = pages * resource.getpagesize() + megabytes * _MEGABYTE
        soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

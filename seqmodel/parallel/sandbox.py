"""Calls of libraries that may not return, or may take all memory: in a separate process, with
limits of time and memory.

The first call starts the process, which ends with the one that uses it; after one that exceeds a
limit, the next call starts another. (multiprocessing would run the user's script again in it.)
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any, Generic, NamedTuple, TypeVar

from seqmodel.parallel import processes

BYTES_PER_MEGABYTE = 1 << 20
# Limits of a prepared call, far above what it needs.
_SECONDS, _MEGABYTES = 120, 4_000

Result = TypeVar("Result")


class OutOfTimeError(Exception):
    """A call that was ended because it took longer than it may."""


class OutOfMemoryError(Exception):
    """A call that asked for more memory than it may have."""


class CrashedError(Exception):
    """A call that ended its process; the message gives the exit status."""


class _Request(NamedTuple):
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    imports: tuple[str, ...]
    seconds: float
    megabytes: int


class Sandbox:
    """A process that makes calls for this one, one at a time."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def call(
        self,
        function: Callable[..., Any],
        *arguments: Any,
        seconds: float,
        megabytes: int,
        imports: Sequence[str] = (),
    ) -> Any:
        """Returns or raises as `function(*arguments)`. `function` can be imported; arguments and
        result can be pickled. The time for importing `imports`, the modules that it needs, does not
        count; `megabytes` are those beyond the memory they take, and are limited on Linux only.

        Raises OutOfTimeError, OutOfMemoryError or CrashedError.
        """
        request = _Request(function, arguments, tuple(imports), seconds, megabytes)
        with self._lock:
            if self.process is None or self.process.poll() is not None:
                self.process = processes.start("seqmodel.parallel.sandbox")
            process, due = self.process, float("inf")
            timer = Timer(seconds, process.kill)
            timer.daemon = True
            try:
                processes.send(process.stdin, request)
                processes.receive(process.stdout)  # the imports are done
                due = time.monotonic() + seconds
                timer.start()
                succeeded, result = processes.receive(process.stdout)
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                status = processes.end(process, patience=5)
                if time.monotonic() >= due:
                    raise OutOfTimeError from error
                raise CrashedError(f"exit status {status}") from error
            except BaseException:  # interrupted: nobody waits for the result any more
                processes.end(process)
                raise
            finally:
                timer.cancel()
        if succeeded:
            return result
        if isinstance(result, MemoryError):
            raise OutOfMemoryError from result
        raise result


def sandbox() -> Sandbox:
    """The sandbox that all callers in this process share."""
    return _sandbox(os.getpid())


@cache
def _sandbox(_: int) -> Sandbox:
    """One for each process: a forked one must not use the pipes of its parent."""
    return Sandbox()


class Prepared(Generic[Result]):
    """A function in a process of its own, which imports the `modules` that the function needs while
    this process does something else. The process ends with this one."""

    def __init__(self, function: Callable[..., Result], *modules: str) -> None:
        self._function, self._sandbox = function, Sandbox()
        self._imports = Thread(target=self._import, args=(modules,), daemon=True)
        self._imports.start()

    @property
    def is_starting(self) -> bool:
        """True while the other process imports the modules, which keeps a core busy."""
        return self._imports.is_alive()

    def _import(self, modules: Sequence[str]) -> None:
        with suppress(CrashedError, OutOfTimeError, OutOfMemoryError, OSError):
            self._sandbox.call(len, (), seconds=60, megabytes=_MEGABYTES, imports=modules)

    def __call__(self, *arguments: Any) -> Result:
        """Returns or raises as `function(*arguments)`, which this process calls if the other one
        crashes."""
        self._imports.join()
        try:
            result: Result = self._sandbox.call(
                self._function, *arguments, seconds=_SECONDS, megabytes=_MEGABYTES
            )
        except (CrashedError, OutOfTimeError, OutOfMemoryError, OSError):
            result = self._function(*arguments)
        return result


# ---------------------------------------------------------------------------------------------
# In the sandboxed process
# ---------------------------------------------------------------------------------------------


def serve() -> None:
    """Answers the requests on stdin, on stdout, until there are no more."""
    with processes.serving() as (requests, answers):
        request: _Request
        for request in requests:
            for module in request.imports:
                import_module(module)
            processes.send(answers, None)
            with _limits(request):
                answer = _answer(request)
            try:
                processes.send(answers, answer)
            except BrokenPipeError:
                return


def _answer(request: _Request) -> tuple[bool, Any]:
    """True and the result of the call, or False and its exception."""
    try:
        return True, request.function(*request.arguments)
    except MemoryError:  # a new one: there may be too little memory for anything else
        return False, MemoryError()
    except Exception as error:
        error.__cause__ = error.__context__ = error.__traceback__ = None
        try:
            return False, pickle.loads(pickle.dumps(error))
        except Exception:  # many a library's exception cannot be pickled
            return False, RuntimeError(f"{type(error).__name__}: {error}")


@contextmanager
def _limits(request: _Request) -> Iterator[None]:
    """Limits the memory of this process to what it has and `megabytes`; and its CPU time, so that
    it ends even where the process that would kill it is gone. On Linux only."""
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + request.megabytes * BYTES_PER_MEGABYTE
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_seconds = used.ru_utime + used.ru_stime + (os.cpu_count() or 1) * request.seconds + 10
    limited = {resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: int(cpu_seconds)}
    before = {kind: resource.getrlimit(kind) for kind in limited}
    for kind, limit in limited.items():
        hard = before[kind][1]
        resource.setrlimit(kind, (limit if hard < 0 else min(limit, hard), hard))
    try:
        yield
    finally:
        for kind, limits in before.items():
            resource.setrlimit(kind, limits)

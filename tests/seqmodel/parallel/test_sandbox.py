"""Calls in a separate process, with limits of time and memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.ended import is_gone

from seqmodel.parallel.sandbox import (
    CrashedError,
    OutOfMemoryError,
    OutOfTimeError,
    Prepared,
    Sandbox,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    own = Sandbox()
    yield own
    if own.process:
        own.process.kill()
        own.process.wait()


def call(sandbox: Sandbox, function, *arguments, seconds: float = 30, megabytes: int = 300):  # type: ignore[no-untyped-def]
    return sandbox.call(function, *arguments, seconds=seconds, megabytes=megabytes)


def test_a_call_returns_what_the_function_returns_and_raises_what_it_raises(
    sandbox: Sandbox,
) -> None:
    assert call(sandbox, divmod, 17, 5) == (3, 2)
    with pytest.raises(ZeroDivisionError, match="division"):
        call(sandbox, divmod, 17, 0)


def test_calls_share_one_separate_process(sandbox: Sandbox) -> None:
    first = call(sandbox, os.getpid)
    assert first != os.getpid()
    assert call(sandbox, os.getpid) == first


def test_printing_does_not_disturb_the_result(sandbox: Sandbox) -> None:
    assert call(sandbox, print, "hello") is None
    assert call(sandbox, os.write, 1, b"hello") == 5
    assert call(sandbox, abs, -1) == 1


def test_a_call_that_never_returns_is_stopped_and_the_next_call_works(
    sandbox: Sandbox,
) -> None:
    # Exponential time in the C code of regular expressions, where Python handles no signals.
    with pytest.raises(OutOfTimeError):
        call(sandbox, re.match, "(a+)+$", "a" * 60 + "b", seconds=0.3)
    assert call(sandbox, abs, -1) == 1


def test_a_call_that_ends_its_process_is_an_error_and_the_next_call_works(sandbox: Sandbox) -> None:
    with pytest.raises(CrashedError, match="exit status 3"):
        call(sandbox, os._exit, 3)
    assert call(sandbox, abs, -1) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_call_that_needs_too_much_memory_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(OutOfMemoryError):
        call(sandbox, bytearray, 400 << 20, megabytes=300)
    assert len(call(sandbox, bytes, 20 << 20, megabytes=300)) == 20 << 20


class StubbornError(Exception):
    """An exception that cannot be unpickled, because its arguments are not those of `__init__`."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def stubborn() -> None:
    raise StubbornError("salt", "pepper")


def test_an_exception_that_cannot_be_pickled_is_raised_as_its_text(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="StubbornError: salt and pepper"):
        call(sandbox, stubborn)


def test_time_for_imports_does_not_count_towards_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time; time.sleep(0.5)")
    monkeypatch.syspath_prepend(tmp_path)
    own = Sandbox()
    assert own.call(abs, -1, seconds=0.4, megabytes=300, imports=["slow_to_import"]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="CPU time is limited on Linux only")
def test_a_call_has_a_limit_of_cpu_time(sandbox: Sandbox) -> None:
    soft, _ = call(sandbox, resource_limit, seconds=1)
    assert 0 < soft < 1000


def resource_limit() -> tuple[int, int]:
    import resource

    return resource.getrlimit(resource.RLIMIT_CPU)


def test_the_sandbox_ends_with_the_process_that_uses_it() -> None:
    own = Sandbox()
    call(own, abs, -1)
    assert own.process
    assert own.process.stdin
    own.process.stdin.close()
    assert own.process.wait(timeout=20) == 0


def test_a_call_ends_soon_after_the_process_that_waits_for_it_is_killed() -> None:
    program = """
import time
from threading import Thread
from seqmodel.parallel.sandbox import Sandbox
own = Sandbox()
Thread(target=own.call, args=(time.sleep, 60), kwargs={"seconds": 60, "megabytes": 99}).start()
while own.process is None:
    time.sleep(0.01)
time.sleep(0.3)
print(own.process.pid, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as owner:
        pid = int(owner.stdout.readline())
        owner.kill()
    assert is_gone(pid)


def test_a_prepared_function_runs_in_another_process_which_has_imported_its_modules() -> None:
    prepared = Prepared(imported, "colorsys", "os")
    has_module, pid = prepared("colorsys")
    assert has_module
    assert pid != os.getpid()
    assert prepared("colorsys") == (True, pid)
    with pytest.raises(TypeError):
        prepared()


def test_a_prepared_function_runs_here_where_the_other_process_crashes() -> None:
    assert Prepared(crash_unless_in, "no_such_module")(os.getpid()) == "here"


def crash_unless_in(pid: int) -> str:
    if os.getpid() != pid:
        os._exit(3)
    return "here"


def imported(module: str) -> tuple[bool, int]:
    return module in sys.modules, os.getpid()

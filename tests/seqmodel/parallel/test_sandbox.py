"""Calls in a process of their own, within limits of time and memory."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator

import pytest

from seqmodel.parallel.sandbox import (
    CrashedError,
    OutOfMemoryError,
    OutOfTimeError,
    SandboxedProcess,
)


@pytest.fixture(scope="module")
def helper() -> Iterator[SandboxedProcess]:
    own = SandboxedProcess()
    yield own
    if own.process:
        own.process.kill()
        own.process.wait()


def call(helper: SandboxedProcess, function, *arguments, seconds: float = 30, megabytes: int = 300):  # type: ignore[no-untyped-def]
    return helper.call(function, *arguments, seconds=seconds, megabytes=megabytes)


def test_it_gives_what_the_function_gives_and_raises_what_it_raises(
    helper: SandboxedProcess,
) -> None:
    assert call(helper, divmod, 17, 5) == (3, 2)
    with pytest.raises(ZeroDivisionError, match="division"):
        call(helper, divmod, 17, 0)


def test_it_is_another_process_and_the_same_one_again(helper: SandboxedProcess) -> None:
    first = call(helper, os.getpid)
    assert first != os.getpid()
    assert call(helper, os.getpid) == first


def test_what_a_function_prints_is_no_answer(helper: SandboxedProcess) -> None:
    assert call(helper, print, "hello") is None
    assert call(helper, os.write, 1, b"hello") == 5
    assert call(helper, abs, -1) == 1


def test_a_call_that_never_returns_is_ended_and_the_next_one_works(
    helper: SandboxedProcess,
) -> None:
    # Exponential time inside the C code of the regular expressions, where no signal is heard.
    began = time.monotonic()
    with pytest.raises(OutOfTimeError):
        call(helper, re.match, "(a+)+$", "a" * 60 + "b", seconds=0.3)
    assert time.monotonic() - began < 20
    assert call(helper, abs, -1) == 1


def test_a_call_may_end_its_process_and_the_next_one_works(helper: SandboxedProcess) -> None:
    with pytest.raises(CrashedError, match="exit status 3"):
        call(helper, os._exit, 3)
    assert call(helper, abs, -1) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_a_call_that_wants_too_much_memory_is_refused_it(helper: SandboxedProcess) -> None:
    with pytest.raises(OutOfMemoryError):
        call(helper, bytearray, 400 << 20, megabytes=300)
    assert len(call(helper, bytes, 20 << 20, megabytes=300)) == 20 << 20


class StubbornError(Exception):
    """Cannot be made again from its arguments, as many a library's exception."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} and {two}")


def stubborn() -> None:
    raise StubbornError("salt", "pepper")


def test_an_exception_that_cannot_travel_comes_as_its_text(helper: SandboxedProcess) -> None:
    with pytest.raises(RuntimeError, match="StubbornError: salt and pepper"):
        call(helper, stubborn)


def test_it_ends_with_the_process_that_uses_it() -> None:
    own = SandboxedProcess()
    call(own, abs, -1)
    assert own.process
    assert own.process.stdin
    own.process.stdin.close()
    assert own.process.wait(timeout=20) == 0

"""Ctrl-C and SIGTERM: once, whatever the moment, and never in the middle of a file."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from seqmodel.interrupts import SIGNALS, one_interrupt, own_interrupt, uninterrupted


def ended(script, tmp_path):
    """The exit status, stdout and stderr of a command whose body is `script`."""
    program = f"""
import gc, os, signal, sys, time
from pathlib import Path
from seqmodel.command_line.runner import run
from seqmodel.interrupts import uninterrupted

def command() -> None:
    "It works."
{textwrap.indent(textwrap.dedent(script), "    ")}

sys.argv = ["it"]
run(command)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def test_an_interrupt_that_a_callback_of_the_garbage_collector_drops_is_raised_again(tmp_path):
    """As JAX's callback does when Ctrl-C comes while the collector runs."""
    script = """
    times = []
    def callback(phase, info):
        if len(times) < 3:
            times.append(phase)
            signal.raise_signal(signal.SIGINT)
    gc.callbacks.append(callback)
    gc.collect()
    time.sleep(30)
    """
    assert ended(script, tmp_path) == (130, "", "interrupted\n")


def test_an_interrupt_in_a_destructor_is_raised_again(tmp_path):
    script = """
    class Last:
        def __del__(self):
            signal.raise_signal(signal.SIGTERM)
    Last()
    time.sleep(30)
    """
    assert ended(script, tmp_path) == (143, "", "interrupted\n")


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 0), ("SIGTERM", 143)])
def test_a_server_that_ends_by_ctrl_c_ends_well(number, status, tmp_path):
    script = f"""
    try:
        signal.raise_signal(signal.{number})
    except KeyboardInterrupt:
        pass
    """
    assert ended(script, tmp_path) == (status, "", "")


@pytest.mark.parametrize("second", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("first", ["SIGINT", "SIGTERM"])
def test_a_second_signal_does_not_interrupt_what_the_first_has_begun(first, second, tmp_path):
    script = f"""
    try:
        signal.raise_signal(signal.{first})
    finally:
        signal.raise_signal(signal.{second})
        Path("kept").write_text("all of it")
    """
    status = 130 if first == "SIGINT" else 143
    assert ended(script, tmp_path) == (status, "", "interrupted\n")
    assert (tmp_path / "kept").read_text() == "all of it"


def test_a_signal_while_the_interpreter_exits_prints_nothing(tmp_path):
    script = """
    import atexit
    atexit.register(signal.raise_signal, signal.SIGINT)
    atexit.register(signal.raise_signal, signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    """
    assert ended(script, tmp_path) == (143, "", "interrupted\n")


def test_a_signal_in_a_string_of_code_gives_its_own_exit_status(tmp_path):
    """There Python notes a Ctrl-C that would end the process by its own signal."""
    script = """
    print("buffered")
    exec("signal.raise_signal(signal.SIGTERM)")
    """
    assert ended(script, tmp_path) == (143, "buffered\n", "interrupted\n")


@pytest.fixture
def _handlers():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("program", ["djmodel", "dinos"])
def test_an_interrupt_while_a_program_is_imported_prints_nothing(program, tmp_path):
    # the first module that the runner imports stands for a Ctrl-C at this moment
    (tmp_path / "typer.py").write_text("import signal; signal.raise_signal(signal.SIGINT)")
    found = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    command = [sys.executable, "-m", program]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": found}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_process_that_is_started_does_not_get_the_interrupt_of_its_parent():
    held = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with pytest.raises(KeyboardInterrupt), own_interrupt():
        started = subprocess.run([sys.executable, "-c", held], capture_output=True, check=True)
        signal.raise_signal(signal.SIGINT)
        assert started.stdout.strip() == b"True"
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_file_is_written_to_its_end_before_the_interrupt(number, tmp_path):
    with pytest.raises(KeyboardInterrupt), one_interrupt() as received:
        with uninterrupted():
            signal.raise_signal(number)
            signal.raise_signal(number)
            (tmp_path / "model").write_text("whole")
        raise AssertionError("the interrupt is lost")
    assert received == [number]
    assert (tmp_path / "model").read_text() == "whole"
    assert signal.getsignal(number) == signal.SIG_IGN


def test_without_a_signal_nothing_changes():
    before = [*map(signal.getsignal, SIGNALS), sys.unraisablehook]
    with one_interrupt() as received, uninterrupted():
        pass
    assert received == []
    assert [*map(signal.getsignal, SIGNALS), sys.unraisablehook] == before


@pytest.mark.usefixtures("_handlers")
def test_a_repeated_signal_says_nothing_new_however_long_a_file_takes(monkeypatch):
    monkeypatch.setattr("seqmodel.interrupts.IMPATIENCE_SECONDS", 0.05)
    with one_interrupt() as received:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            time.sleep(0.1)
    assert received == [signal.SIGTERM]

"""Fixtures that several tests use: bundled music, command lines, a cluster."""

from __future__ import annotations

import gc
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

# The time that an example takes depends on the machine more than on the code. Each run draws new
# examples: many runs of few examples find as much as few runs of many.
settings.register_profile("project", deadline=None, max_examples=40)
settings.load_profile("project")

ROOT = Path(__file__).parent.parent

# Tests of the page need the packages of the extra `play`.
collect_ignore = [] if find_spec("starlette") else ["djmodel/app"]


def pytest_configure() -> None:
    """Lets Ctrl-C interrupt the commands that tests start: a shell starts background jobs with
    SIGINT ignored, and their children inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


# Files that take long, the longest first: the short ones fill the end, so that no process waits
# for another. `--no-loadscope-reorder` keeps this order.
LONG_FILES = (
    "tests/test_notebooks.py",
    "tests/djmodel/app/test_page_in_a_browser.py",
    "tests/seqmodel/training/test_distributed.py",
    "tests/test_documentation.py",
    "tests/djmodel/commands/test_commands.py",
    "tests/dinos/test_resume_after_interrupt.py",
    "tests/seqmodel/parallel/test_pool.py",
    "tests/djmodel/course/test_notebooks.py",
    "tests/test_fuzz.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests of the longest files first."""
    order = {str(ROOT / name): number for number, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


def pytest_collection_finish() -> None:
    """Spares the garbage collector all that has been imported by now: hundreds of thousands of
    objects that stay."""
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Ids that show lists, settings and fractions, where pytest would number them."""
    if isinstance(val, dict):
        text = " ".join(f"{key}={value}" for key, value in val.items())
    elif isinstance(val, (list, tuple)):
        text = " ".join(map(str, val))
    elif isinstance(val, Fraction):
        text = str(val)
    else:
        return None
    return (text or "none")[:60].encode("unicode_escape").decode("ascii")


@pytest.fixture(scope="session")
def rags() -> list[Path]:
    return sorted((ROOT / "data" / "rags").glob("*.mid"))


@pytest.fixture(scope="session")
def metheny() -> Path:
    """The course's MIDI file, which may not be redistributed: a user's own copy."""
    for folder in (ROOT / "data", ROOT.parent / "shared" / "data"):
        if (folder / "original_metheny.mid").exists():
            return folder / "original_metheny.mid"
    pytest.skip("data/original_metheny.mid is not here")


@pytest.fixture
def uncompiled_keras() -> Iterator[None]:
    """Lets Keras on TensorFlow compute step by step: for a few batches it takes less time than to
    compile them."""
    from seqmodel.network.keras_layers import load_keras

    if load_keras().backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Runs a command line in this process: `command("djmodel.train", "music", "--seed", 1)`."""

    def call(module: str, *arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [module, *map(str, arguments)])
        try:
            import_module(module).main()
        except SystemExit as end:
            status = int(end.code or 0)
        else:
            status = 0
        return Outcome(status, *capsys.readouterr())

    return call


@pytest.fixture
def refuses(command) -> Callable[..., str]:
    """Runs a command line that must be refused, with one line on stderr, status 2 and nothing on
    stdout; gives the line. A training may have said before which preset or names it takes."""

    def call(module: str, *arguments: object) -> str:
        outcome = command(module, *arguments)
        assert outcome.status == 2, outcome.err
        assert outcome.out == ""
        last = re.sub(r"\A(preset |[\d,]+ names: ).*\n", "", outcome.err).strip()
        assert last.startswith("error: "), outcome.err
        assert "\n" not in last
        return last

    return call


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache for each test, in place of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJMODEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def cluster(dask_scheduler: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a Dask scheduler with two workers of one thread, and time to connect to them
    on a busy machine."""
    monkeypatch.setattr("seqmodel.parallel.pool.CONNECT_SECONDS", 60)
    return dask_scheduler


@pytest.fixture(scope="module")
def dask_scheduler() -> Iterator[str]:
    """The address of a Dask scheduler and two workers that the tests of a file start: they take
    time when they are idle, too. They end with the process of the tests, however that ends."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    program = (
        "import runpy; from seqmodel.parallel.processes import end_with; "
        f"end_with({os.getpid()}); runpy.run_module('dask', run_name='__main__')"
    )
    dask = [sys.executable, "-c", program]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    listening = ["--host", "127.0.0.1", "--port", address.split(":")[1], "--no-dashboard"]
    workers = [f"tcp://{address}", "--nworkers", "2", "--nthreads", "1", "--no-dashboard"]
    started = [
        subprocess.Popen([*dask, "scheduler", *listening], **quiet),
        subprocess.Popen([*dask, "worker", *workers], **quiet),
    ]
    try:
        from distributed import Client

        with Client(f"tcp://{address}", timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
        yield f"tcp://{address}"
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

"""The habits that all command lines share: errors, consoles, progress, quiet libraries."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from seqmodel.errors import InputError, Interrupted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

# Typer has Click in it, or beside it: this is its class for bad words in a command line.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
INTERRUPTED, TERMINATED = 130, 143  # statuses of a program that Ctrl-C, or SIGTERM, has ended

Devices = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Train on N devices of this host, by JAX.")
]
Hosts = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS,...",
        help="All hosts that train together, by JAX, such as a.net:4000,b.net:4000: the same "
        "command on each. auto: what Slurm or MPI has set.",
    ),
]
Rank = Annotated[
    int | None, typer.Option(min=0, help="Which of --hosts this one is, counted from 0.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Temperature = Annotated[float, typer.Option(help="Above 0; below 1 safer, above 1 wilder.")]
TopK = Annotated[
    int | None, typer.Option(metavar="K", help="Only the K likeliest, 1 or more; all if fewer.")
]
TopP = Annotated[
    float | None,
    typer.Option(metavar="P", help="Only the likeliest that make up P, above 0 and up to 1."),
]
Greedy = Annotated[
    bool, typer.Option("--greedy", help="Always the likeliest; without the three above.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of any size; equal seeds give equal results.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")]
CheckpointSeconds = Annotated[
    float,
    typer.Option(min=0, metavar="SECONDS", help="Between two checkpoints; 0: one each epoch."),
]


def run(*commands: Callable[..., None]) -> None:
    """Runs a function as the program that it is: options from its signature, help from its
    docstring; of several, the one whose name comes first on the command line. Bad input ends in one
    line on stderr and exit status 2; Ctrl-C and SIGTERM in one line, too."""
    quiet_libraries()
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # a file's name may be no text; the terminal plain
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    for command in commands:
        app.command(context_settings={"help_option_names": ["-h", "--help"]})(command)
    with _terminated_like_interrupted() as terminated:
        _run(app, lambda: TERMINATED if terminated else INTERRUPTED)


def _open_closed_streams() -> None:
    """What a job without a terminal may have closed leads nowhere; else the next file that is
    opened would be taken for it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115


@contextmanager
def _terminated_like_interrupted() -> Iterator[list[int]]:
    """SIGTERM, by which systems and schedulers of jobs end a program, raises KeyboardInterrupt as
    Ctrl-C does; the list then holds it."""
    received: list[int] = []

    def interrupt(number: int, _: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield received  # no other thread gets signals
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(app: typer.Typer, interrupted: Callable[[], int]) -> NoReturn:
    """Runs the app to its end; `interrupted` gives the status of one that was interrupted."""
    try:
        status = app(standalone_mode=False)
        if status == INTERRUPTED:  # what some versions of Typer make of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(status)
    except _UsageError as error:
        _end(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted", interrupted())
    except Interrupted as error:
        _end(f"interrupted: {error}", interrupted())
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        if isinstance(error, InputError):
            _end(f"error: {error}", 2)
        if isinstance(error, MemoryError):
            _end(f"error: expected enough memory, found {error or 'too little'}; ask for less", 2)
        if isinstance(error, BrokenPipeError):
            # Who read us has read enough (`| head`); nothing more can be said to them.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        if isinstance(error, OSError):
            place = f"{error.filename}: " if error.filename else ""
            _end(f"error: {place}{(error.strerror or str(error)).lower()}", 2)
        name = type(error).__name__
        _end(f"error: {name}: {error}; this should not happen: --debug shows where", 1)


@contextmanager
def interruptible_training() -> Iterator[None]:
    """Ctrl-C before there is anything to keep of a training raises Interrupted, which says so."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted("no epoch was whole, no model is written") from None


def distributed_command(command: Callable[..., None]) -> Callable[..., None]:
    """The command line that trains on all that its options `devices`, `hosts` and `rank` name."""

    @wraps(command)
    def launch(*arguments: Any, **options: Any) -> None:
        named = [options[name] for name in ("devices", "hosts", "rank")]
        if named == [None, None, None]:
            command(*arguments, **options)
            return
        from seqmodel.training.distributed import DeviceConfig, training_devices

        with training_devices(DeviceConfig.parse(*named)):
            command(*arguments, **options)

    return launch


def _usage(error: Any) -> str:
    """What is wrong with the words of a command line."""
    context = getattr(error, "ctx", None)
    hint = f"; see `{context.command_path} --help`" if context else ""
    return f"error: {error.format_message().rstrip('.')}{hint}"


def resume_command(module: str, option: str) -> str:
    """What a user types to run this command line again, with one option more."""
    words = [word for word in sys.argv[1:] if word != option]
    return f"{python()} -m {module} {shlex.join([*words, option])}"


def quiet_libraries() -> None:
    """Keeps TensorFlow's start-up chatter from the user; what they have set themselves stays."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def stderr_console() -> Console:
    """Where a command talks: progress, summaries, notes. stdout is for results."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def python() -> str:
    """What a user types to run the Python that runs now: `python` where that is it, else its path,
    from the current folder where it is below."""
    found = shutil.which("python")
    if found and Path(found).absolute() == Path(sys.executable).absolute():
        return "python"
    executable = Path(sys.executable)
    below = executable.is_relative_to(Path.cwd())
    return str(executable.relative_to(Path.cwd()) if below else executable)


def summary_table(title: str, rows: dict[str, str]) -> Table:
    """A table of two columns: what, and how much."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False, box=box.SIMPLE)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    return table


class Progress:
    """Tells how a long job goes: a live bar on a terminal; elsewhere a line every `every` steps,
    or none (0).

    Use as a context manager; call it after each step.
    """

    def __init__(self, console: Console, job: str, unit: str, every: int = 0) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        self.console, self.unit, self.every = console, unit, every
        self.bars = Bars(
            TextColumn(job),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[report]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.task = self.bars.add_task(job, total=None, report="")

    def __enter__(self) -> Progress:
        self.bars.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.bars.stop()

    def __call__(self, step: int, total: int, reached: Mapping[str, float] | None = None) -> None:
        """`step` of `total`, counted from 1, is done; `reached` holds numbers to show, by name."""
        report = "  ".join(f"{name} {value:.3f}" for name, value in (reached or {}).items())
        self.bars.update(self.task, completed=step, total=total, report=report)
        due = bool(self.every) and (step in (1, total) or step % self.every == 0)
        if due and not self.console.is_terminal:
            self.console.print(f"{self.unit} {step}/{total}  {report}", soft_wrap=True)


def _end(message: str, status: int) -> NoReturn:
    with suppress(OSError):  # nobody may be there to read it; the status says it, too
        print(" ".join(message.split()), file=sys.stderr)
    sys.exit(status)

"""Functions that all commands share: one-line errors, consoles, progress, quiet libraries."""

from __future__ import annotations

import atexit
import io
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from inspect import getdoc, signature
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.markup import escape
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.exceptions import TyperException

from seqmodel.command_line.options import Command, keyword, set_signature, with_options
from seqmodel.errors import InputError, Interrupted, InterruptedTraining
from seqmodel.interrupts import one_interrupt
from seqmodel.text import printable, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

INTERRUPTED, TERMINATED = 130, 143  # exit statuses after Ctrl-C and after SIGTERM
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}
_NO_MEMORY = "ResourceExhaustedError"  # TensorFlow's MemoryError
_EXAMPLES = "Examples:\n"  # heading in the docstring of a command
Debug = Annotated[bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")]


def run(*commands: Command) -> NoReturn:
    """Runs a command as the program and exits; with several, the first word selects the command.

    The docstring is its help, with the examples at the end; its options are those of `with_options`
    and `--debug`. Bad input ends in one line on stderr and exit status 2; Ctrl-C and SIGTERM also
    end in one line.
    """
    run_app(lambda received: app_of(commands, received), _program_name())


def run_app(app_for: Callable[[Sequence[int]], Callable[..., Any]], name: str) -> NoReturn:
    """Runs the program `name` and exits. `app_for` makes Typer's command from the list of the
    signals received, which grows while the program runs."""
    quiet_libraries()
    _replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # a file name may not be decodable
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with one_interrupt() as received:
        atexit.register(_end_with_status, received)  # the first to register is the last to run
        app = app_for(received)
        try:
            sys.exit(app(sys.argv[1:], prog_name=name, standalone_mode=False))
        except (KeyboardInterrupt, typer.Abort):
            _exit_interrupted("interrupted", received)
        except TyperException as error:
            context = getattr(error, "ctx", None)
            problem = printable(error.format_message()).rstrip(".")
            hint = f"see `{context.command_path} --help`" if context else ""
            _exit(f"error: {join_hint(problem, hint)}", 2)
        except OSError as error:  # the help cannot be written
            _exit_after(error)


def app_of(
    commands: Sequence[Command],
    received: Sequence[int],
    name: str | None = None,
    summary: str | None = None,
) -> Any:
    """Typer's command that runs one of the `commands`, or the only one.

    `received`: the signals received so far. `name`: its name within another program. `summary` of
    several commands, for their help.
    """
    app = typer.Typer(
        cls=PlainGroup, add_completion=False, help=summary, context_settings=HELP_OPTIONS
    )
    for command in commands:
        program = _with_one_line_errors(with_options(command), received)
        text, examples = _help_and_examples(command)
        only = name if len(commands) == 1 else None
        settings: Any = {"help": text, "epilog": examples, "context_settings": HELP_OPTIONS}
        app.command(only, cls=_PlainCommand, **settings)(program)
    return typer.main.get_command(app)


class _PlainCommand(TyperCommand):
    """A command whose help has no names of Python's types, which say nothing to its users."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = [*super().get_params(ctx)]
        for param in params:
            if isinstance(param, TyperArgument) or "--help" in param.opts:
                param.display_type_rich = _no_type
        return params


class PlainGroup(TyperGroup):
    """Several commands, whose help lists nothing else."""

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.hidden = True
        return option


def _no_type(**_: Any) -> None:
    """The type of a parameter that the help does not show."""


def join_hint(problem: str, hint: str) -> str:
    """A problem and what to do about it, in one line."""
    if not hint:
        return problem
    if problem.endswith("?"):
        return f"{problem} {hint[:1].upper()}{hint[1:]}"
    return f"{problem}; {hint}"


def _program_name() -> str:
    """The words that start the program, as a user types them."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return Path(sys.argv[0]).name
    return f"python -m {spec.name.removesuffix('.__main__')}"


def _help_and_examples(command: Command) -> tuple[str, str]:
    """The docstring of a command as help, a line for each paragraph, to be wrapped anew; and the
    command lines below its heading `Examples:`, as they are."""
    text, _, examples = (getdoc(command) or "").partition(_EXAMPLES)
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    return "\n\n".join(paragraphs), epilog(dedent(examples).splitlines())


def epilog(lines: Sequence[str]) -> str:
    """Lines for the end of a help, as they are: rich would take brackets for markup."""
    return escape("\n".join(lines).strip("\n"))


def _with_one_line_errors(command: Command, received: Sequence[int]) -> Command:
    """The command with an option `--debug`; without it an error ends the program with one line.

    `received`: the signals received so far.
    """

    @wraps(command)
    def program(typer_context: typer.Context, debug: bool, **arguments: Any) -> None:
        try:
            command(**arguments)
            if received and _status(received) == INTERRUPTED:  # as a server is told to end
                atexit.unregister(_end_with_status)
        except InterruptedTraining as error:
            kept = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
            name = typer_context.find_root().info_name
            resume = f"{name} {shlex.join([*kept, '--resume'])}"
            _exit_interrupted(f"interrupted: {error}; resume: {resume}", received)
        except Interrupted as error:
            _exit_interrupted(f"interrupted: {error}", received)
        except (KeyboardInterrupt, typer.Abort):
            _exit_interrupted("interrupted", received)
        except Exception as error:
            if debug:
                raise
            _exit_after(error)

    extra = [keyword("typer_context", typer.Context), keyword("debug", Debug, False)]
    set_signature(program, [*signature(command).parameters.values(), *extra])
    return program


def _exit_interrupted(message: str, received: Sequence[int]) -> NoReturn:
    """Ends the program after a signal: the first of those `received`, Ctrl-C if there is none."""
    _exit(message, _status(received))


def _status(received: Sequence[int]) -> int:
    return TERMINATED if signal.SIGTERM in received[:1] else INTERRUPTED


def _end_with_status(received: Sequence[int]) -> None:
    """Ends the process after a signal. Python itself would end it as if by Ctrl-C, whatever its
    exit status, if the signal came while a string of code ran, as in the import of many packages.
    """
    if received:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(_status(received))


def _exit_after(error: Exception) -> NoReturn:
    """Ends the program with the message and exit status of an error."""
    if isinstance(error, InputError):
        _exit(f"error: {error}", 2)
    if isinstance(error, MemoryError) or type(error).__name__ == _NO_MEMORY:
        why = printable(str(error)) or "no more is left"
        _exit(f"error: there is not enough memory ({why}); ask for less", 2)
    if isinstance(error, BrokenPipeError):
        # The reader of the output has closed it (`| head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    if isinstance(error, OSError):
        place = f"{printable(str(error.filename))}: " if error.filename else ""
        _exit(f"error: {place}{(error.strerror or str(error)).lower()}", 2)
    name = type(error).__name__
    _exit(f"error: {name}: {printable(str(error))}; this should not happen: --debug shows where", 1)


def _exit(message: str, status: int) -> NoReturn:
    with suppress(OSError):  # stderr may be full or closed; the status remains
        print(visible(" ".join(message.split())), file=sys.stderr)
    sys.exit(status)


def _replace_closed_streams() -> None:
    """Opens the null device for each closed standard stream, as in a job without a terminal.

    Otherwise the next file opened would get its number, and the text meant for the stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def new_seed() -> int:
    """A seed for a command that is given none: short, to be typed again."""
    return secrets.randbelow(1_000_000)


def quiet_libraries() -> None:
    """Silences TensorFlow's start-up messages, unless the user has set these variables."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")


def stderr_console() -> Console:
    """The console for progress, summaries and notes; results go to stdout."""
    from seqmodel.command_line.console import PlainConsole

    return PlainConsole(stderr=True)


def stdout_console(columns: int | None = None) -> Console:
    """The console for results shown as tables; `columns` is its width, by default the terminal's,
    without a terminal 80."""
    from seqmodel.command_line.console import PlainConsole

    return PlainConsole(width=columns)


def print_line(text: str) -> None:
    """Prints a line of results to stdout, as it is, whatever it holds."""
    print(visible(text))


def print_files(paths: Iterable[str | Path]) -> None:
    """Prints the names of files that a command has written to stdout, one per line, for the next
    command of a script; all that is said of them goes to stderr."""
    for path in paths:
        print_line(str(path))


def summary_table(title: str, rows: dict[str, str]) -> Table:
    """A table of two columns: names and values."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=False, box=box.SIMPLE)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    return table


class Progress:
    """Progress of a long job: a bar on a terminal, otherwise a line every `every` steps (0: none).

    A context manager; call it after each step.
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
            TextColumn(job, markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[report]}", markup=False),
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

    def __call__(self, step: int, total: int, metrics: Mapping[str, float] | None = None) -> None:
        """Shows that `step` of `total`, counted from 1, is done, with its `metrics`."""
        report = "  ".join(f"{name} {value:.3f}" for name, value in (metrics or {}).items())
        self.bars.update(self.task, completed=step, total=total, report=report)
        due = bool(self.every) and (step in (1, total) or step % self.every == 0)
        if due and not self.console.is_terminal:
            self.console.print(f"{self.unit} {step}/{total}  {report}", soft_wrap=True)

"""Programs of several commands: each command is a module, imported when the command is used."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

import typer

from seqmodel.command_line.about import Program
from seqmodel.command_line.runner import (
    HELP_OPTIONS,
    PlainGroup,
    app_of,
    epilog,
    print_line,
    run_app,
)

# The packages whose versions decide what a model learns and plays.
_VERSIONS = ("Keras", "TensorFlow", "JAX", "NumPy", "music21")


class _ModuleGroup(PlainGroup):
    """A group whose commands stand for modules: the help lists them, and only the command that is
    used is imported. Its callback makes the command itself."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and command.callback is not None:
            command = command.callback()
        return name, command, rest


def run_program(program: Program) -> NoReturn:
    """Runs one of the commands of a program, and exits. Without a command it says what to type
    first; a misspelled one ends in a line that names the closest."""
    run_app(lambda received: _app(program, received), program.name)


def _app(program: Program, received: Sequence[int]) -> Any:
    app = typer.Typer(
        cls=_ModuleGroup,
        help=program.summary,
        epilog=epilog([*program.examples, _also(program.name)]),
        context_settings=HELP_OPTIONS,
    )

    @app.callback(invoke_without_command=True)
    def start(
        context: typer.Context,
        version: bool = typer.Option(False, "--version", metavar="", hidden=True),
    ) -> None:
        if version:
            lines = versions(program.name)
        elif context.invoked_subcommand is None:
            lines = _first_lines(program)
        else:
            return
        for line in lines:
            print_line(line)
        raise typer.Exit

    for heading, commands in program.commands.items():
        for name, summary in commands.items():
            load = _loader(program.name, name, summary, received)
            app.command(name, help=summary, rich_help_panel=heading)(load)
    made: Any = typer.main.get_command(app)
    for parameter in made.params:
        parameter.hidden = True
    return made


def _also(name: str) -> str:
    """The options of the program, in one line so that its help fits a screen."""
    return f"Also: {name} COMMAND --help, {name} --version, {name} --install-completion"


def _first_lines(program: Program) -> list[str]:
    line, result = program.first
    return [
        f"{program.summary} Type first:",
        "",
        f"    {line}",
        "",
        f"{result} All commands: {program.name} --help",
    ]


def _loader(package: str, name: str, summary: str, received: Sequence[int]) -> Callable[[], Any]:
    def load() -> Any:
        commands = import_module(f"{package}.{name}").COMMANDS
        return app_of(commands, received, name, summary)

    return load


def versions(program: str) -> list[str]:
    """Lines with the versions of a program, of Python and of the packages that matter to results.
    Their metadata are read; no package is imported."""
    lines = [
        f"{program} {_version('djmodel')}",
        f"Python {platform.python_version()} ({platform.system()} {platform.machine()})",
    ]
    return lines + [f"{package} {_version(package)}" for package in _VERSIONS]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

"""The description of a program of several commands, which is imported before all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """A program and its commands.

    Attributes:
        name: name of the program, and of the package whose modules are the commands. A module
            has its functions in `COMMANDS`; several are commands of a command.
        summary: one sentence on what the program does.
        commands: for each heading of the help, the commands below it with a summary of each.
        first: the command line to type first, and a sentence on what it does.
        examples: command lines for the end of the help.
    """

    name: str
    summary: str
    commands: Mapping[str, Mapping[str, str]]
    first: tuple[str, str]
    examples: Sequence[str]

"""The programs `djmodel` and `dinos`: one entry point each, with a command for each task."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from ast import literal_eval
from functools import wraps
from importlib import import_module
from pathlib import Path

import pytest
from helpers.command_lines import command_lines

from dinos.__main__ import PROGRAM as DINOS
from djmodel.__main__ import PROGRAM as DJMODEL
from seqmodel.command_line.program import versions
from seqmodel.errors import InterruptedTraining

ROOT = Path(__file__).parents[3]
PROGRAMS = {"djmodel": DJMODEL, "dinos": DINOS}
COMMANDS = [
    (program, name)
    for program, about in PROGRAMS.items()
    for commands in about.commands.values()
    for name in commands
]
HEAVY = ("tensorflow", "keras", "jax", "torch", "music21", "matplotlib", "scipy", "numpy")
# Runs a program and prints which packages and command modules it has imported.
LOOK = """
import atexit, json, sys
from importlib import import_module
name, sys.argv = sys.argv[1], sys.argv[1:]
known = json.loads(sys.stdin.read())
atexit.register(lambda: print(json.dumps([m for m in known if m in sys.modules]), file=sys.stderr))
import_module(f"{name}.__main__").main()
"""


def imports(*words: str, cwd: Path | None = None) -> list[str]:
    """The heavy packages and the modules of commands that a command line imports."""
    known = [*HEAVY, *(f"{program}.{name}" for program, name in COMMANDS)]
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *words],
        input=json.dumps(known),
        capture_output=True,
        text=True,
        cwd=cwd,
        check=True,
    )
    return json.loads(done.stderr.splitlines()[-1])


@pytest.fixture
def understood(command, monkeypatch):
    """Whether a command line has a command, and only options of it; the command does not run."""

    def check(line: str) -> bool:
        words = shlex.split(re.sub(r"^python -m (djmodel|dinos)\.", r"\1 ", line))
        if len(words) == 1 or words[1].startswith("-"):
            return command(f"{words[0]}.__main__", *words[1:]).status == 0
        module = import_module(f"{words[0]}.{words[1]}")
        called = []

        def recorded(function):
            return wraps(function)(lambda **given: called.append(given))

        with monkeypatch.context() as patch:
            patch.setattr(module, "COMMANDS", tuple(map(recorded, module.COMMANDS)))
            done = command(f"{words[0]}.__main__", *words[1:])
        return done.status == 0 and len(called) == 1

    return check


def in_docstrings(program: str, name: str) -> list[str]:
    """The command lines below `Examples:` in the docstrings of a module of commands."""
    functions = import_module(f"{program}.{name}").COMMANDS
    texts = [function.__doc__.partition("Examples:")[2] for function in functions]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_help_of_a_program_fits_a_screen_and_names_every_command(command, program, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    shown = command(f"{program}.__main__", "--help").out
    assert len(shown.splitlines()) <= 24
    for commands in PROGRAMS[program].commands.values():
        for name, summary in commands.items():
            assert f"{name} " in shown
            assert summary in shown
    *_, last = shown.strip().splitlines()
    assert "--version" in last


def test_the_help_imports_no_command_and_no_heavy_package():
    assert imports("djmodel", "--help") == []


def test_every_module_with_commands_is_in_the_help():
    for program, about in PROGRAMS.items():
        folder = Path(import_module(program).__path__[0])
        names = {name for commands in about.commands.values() for name in commands}
        texts = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
        assert {name for name, text in texts.items() if "\nCOMMANDS = " in text} == names


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_alone_says_what_to_type_first(command, program):
    said = command(f"{program}.__main__")
    assert said.status == 0
    assert PROGRAMS[program].first[0] in said.out
    assert f"{program} --help" in said.out


def test_what_to_type_first_works_and_imports_neither_tensorflow_nor_music21(tmp_path):
    for words in (
        shlex.split(DJMODEL.first[0]),
        ["djmodel", "inspect", "solo.mid"],
        ["djmodel", "render", "solo.mid"],
        shlex.split(DINOS.first[0]),
    ):
        found = imports(*words, cwd=tmp_path)
        assert f"{words[0]}.{words[1]}" in found
        heavy = {"tensorflow", "keras", "jax", "torch", "music21", "matplotlib"}
        assert not heavy & set(found), words
    assert {path.name for path in tmp_path.iterdir()} == {"solo.mid", "solo.html", "solo.wav"}


def test_the_server_of_the_page_imports_no_tensorflow():
    pytest.importorskip("starlette", reason="starlette is not installed")
    modules = "djmodel.app.launch, djmodel.app.server, djmodel.app.solos"
    look = f"import sys, {modules}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "keras", "jax", "torch"} & set(literal_eval(done.stdout))


def test_a_misspelled_command_names_the_closest(refuses):
    said = refuses("djmodel.__main__", "generat")
    assert "No such command 'generat'. Did you mean 'generate'" in said
    assert "See `djmodel --help`" in said


def test_the_versions_are_those_of_the_packages_that_matter(command):
    import numpy

    shown = command("djmodel.__main__", "--version")
    assert shown.status == 0
    assert shown.out.splitlines() == versions("djmodel")
    names = ["djmodel", "Python", "Keras", "TensorFlow", "JAX", "NumPy", "music21"]
    assert [line.split()[0] for line in shown.out.splitlines()] == names
    assert f"NumPy {numpy.__version__}" in shown.out
    assert f"Python {sys.version.split()[0]} " in shown.out


@pytest.mark.parametrize(("program", "name"), COMMANDS)
def test_every_example_in_a_help_is_a_command_line_that_is_understood(
    command, understood, program, name
):
    lines = in_docstrings(program, name)
    assert lines
    shown = command(f"{program}.{name}", *(["build"] if name == "corpus" else []), "--help").out
    assert lines[0] in shown
    assert not re.search(r"<(bool|str|path|list)", shown)  # types of Python
    for line in (*lines, *PROGRAMS[program].examples):
        assert understood(line), line


def test_every_command_line_of_the_texts_is_understood(understood):
    texts = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    for text in texts:
        for line in command_lines(text.read_text(encoding="utf-8")):
            assert understood(line.partition("  #")[0]), f"{text.name}: {line}"


def test_an_interrupted_training_says_how_it_is_resumed(command, monkeypatch):
    def train() -> None:
        raise InterruptedTraining("checkpoint.npz has the epochs so far")

    monkeypatch.setattr("djmodel.train.COMMANDS", (train,))
    said = command("djmodel.__main__", "train")
    assert said.status == 130
    assert said.err.rstrip().endswith("resume: djmodel train --resume")


@pytest.fixture
def bash(tmp_path):
    """Runs lines of bash in which `djmodel` is a program on the PATH."""
    program = tmp_path / "djmodel"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m djmodel "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    def run(lines: str) -> str:
        done = subprocess.run(
            ["bash", "--norc", "-c", lines],
            env=os.environ | {"PATH": path, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    return run


@pytest.mark.skipif(os.name == "nt", reason="completion of PowerShell is another one")
def test_bash_completes_commands_options_and_choices(bash):
    complete = """
        eval "$(_DJMODEL_COMPLETE=source_bash djmodel)"
        COMP_WORDS=(djmodel ge); COMP_CWORD=1; _djmodel_completion djmodel; echo "${COMPREPLY[@]}"
        COMP_WORDS=(djmodel render --so); COMP_CWORD=2; _djmodel_completion djmodel
        echo "${COMPREPLY[@]}"
        COMP_WORDS=(djmodel render --feel sw); COMP_CWORD=3; _djmodel_completion djmodel
        echo "${COMPREPLY[@]}"
    """
    assert bash(complete).splitlines() == ["generate", "--soundfont", "swing"]

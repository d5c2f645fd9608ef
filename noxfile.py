"""Sessions for nox: the tests with each Python and with other versions of the libraries.

`nox` runs all of them with the Pythons that are installed; `nox -s tests-3.12` runs one. Words
after `--` go to pytest: `nox -s lowest -- tests/djmodel/music`.
"""

from __future__ import annotations

from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13"]
# packages of the extras that the tests use
EXTRAS = ["pyarrow", "distributed", "jax", "starlette", "uvicorn"]
# texts with command lines to copy
GUIDES = ["README.md", *(f"docs/{name}.md" for name in ("start", "jazz-player", "names"))]
GUIDES += ["docs/how-to/own-music.md", "docs/how-to/changes.md"]
nox.needs_version = ">=2024.4"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """The checks of the pre-commit hooks."""
    session.install("--editable", ".[test]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests with the newest versions of the libraries."""
    session.install("--editable", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.11", venv_backend="uv")
def lowest(session: nox.Session) -> None:
    """The tests with the lowest versions that setup.cfg allows; these need uv."""
    session.install("--resolution", "lowest-direct", "--editable", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.13", venv_backend="uv")
def without_extras(session: nox.Session) -> None:
    """The tests without the packages of the extras; those that need one are skipped."""
    session.install("--editable", ".[test]")
    session.run("uv", "pip", "uninstall", *EXTRAS, external=True)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python=PYTHONS)
def wheel(session: nox.Session) -> None:
    """The command lines of the guides and the notebooks, in empty folders, with the wheel alone."""
    folder = Path(session.create_tmp())
    session.install("build")
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    [built] = sorted(folder.glob("*.whl"))[-1:]
    session.install(str(built), "nbclient", "nbformat", "ipykernel")
    session.run("python", "tests/helpers/command_lines.py", *(session.posargs or GUIDES))
    session.run("python", "tests/helpers/notebooks.py", "check")

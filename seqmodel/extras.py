"""Packages that an installation may lack, or that do not start with its settings."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

from seqmodel.errors import InputError


class MissingPackageError(InputError):
    """A package that is not installed; the message gives the one line that installs it."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(
            f"the package {package}, needed {purpose}, is not installed",
            hint=f"pip install {package}",
        )


class BackendError(InputError):
    """A package of the installation that does not start: a setting of the environment that names
    what is not there, or too little memory."""

    def __init__(self, package: str, reason: Exception, hint: str) -> None:
        lines = str(reason).split("\n")
        super().__init__(f"{package} does not start ({lines[0][:200]})", hint=hint)


def load_matplotlib() -> ModuleType:
    """The module `matplotlib`. Raises BackendError if it does not start."""
    try:
        return import_module("matplotlib")
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        hint = "check that matplotlib is installed whole"
        if "MPLBACKEND" in os.environ:
            hint = "unset the environment variable MPLBACKEND, which is not needed"
        raise BackendError("matplotlib", error, hint) from error


def require_package(module: str, purpose: str, package: str | None = None) -> ModuleType:
    """The imported `module`. `purpose` begins with a verb: "to connect to a cluster"; `package` is
    the name for pip where it differs. Raises MissingPackageError if it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingPackageError(package or module, purpose) from error

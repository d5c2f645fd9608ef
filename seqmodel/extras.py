"""Packages of the extras, which an installation may lack."""

from __future__ import annotations

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


def require_package(module: str, purpose: str, package: str | None = None) -> ModuleType:
    """The imported `module`. `purpose` begins with a verb: "to connect to a cluster"; `package` is
    the name for pip where it differs. Raises MissingPackageError if it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingPackageError(package or module, purpose) from error

"""Packages that a part of the project needs and that may be missing from an installation."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from seqmodel.errors import InputError


class MissingPackageError(InputError):
    """A package that is not installed; the message gives the one line that installs it."""

    def __init__(self, package: str, purpose: str) -> None:
        super().__init__(
            f"the package {package} {purpose}",
            "that it is not installed",
            hint=f"pip install {package}",
        )


def needed(module: str, purpose: str, package: str | None = None) -> ModuleType:
    """The imported `module`. `purpose` completes "the package X ..." ("to write MP3"); `package`
    is its name for pip where that differs. Raises MissingPackageError if it is not installed."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingPackageError(package or module, purpose) from error


def require(module: str, purpose: str, package: str | None = None) -> None:
    """Raises what `needed` would raise, without importing anything: to say it before a long job."""
    if find_spec(module.split(".")[0]) is None:
        raise MissingPackageError(package or module, purpose)

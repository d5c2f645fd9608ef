"""Music files by name: suffixes, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from seqmodel.errors import InputError

MIDI_SUFFIXES = (".mid", ".midi", ".smf", ".kar", ".rmi")
SHEET_SUFFIXES = (".xml", ".musicxml", ".mxl", ".abc", ".krn")
SUFFIXES = MIDI_SUFFIXES + SHEET_SUFFIXES
SOLO_DATABASE = "wjazzd.db"  # the name of the only database that is searched for in folders


def rags() -> list[Path]:
    """The eight bundled piano rags."""
    folder = resources.files("djmodel.data") / "rags"
    return sorted(Path(str(file)) for file in folder.iterdir() if file.name.endswith(".mid"))


def find_music(music: Iterable[str | Path]) -> Iterable[Path]:
    """The files meant by names, folders and patterns, each once; a name that matches none as it
    is, so that it gets a result that says why. Raises InputError for an empty name."""
    seen: set[str] = set()
    for name in music:
        if not str(name):
            hint = "leave it out, or name a file, a folder or a pattern"
            raise InputError("the name of a music file is empty", hint=hint)
        path = Path(name).expanduser()
        if os.path.isdir(path):  # not path.is_dir(), which raises for a name that is too long
            found = [file for file in sorted(path.rglob("*")) if _is_music(file)] or [path]
        elif os.path.exists(path) or not glob.has_magic(str(path)):
            found = [path]
        else:
            matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))
            found = [match for match in matches if match.is_file()] or [path]
        for file in found:
            real = real_path(file)
            if real not in seen:
                seen.add(real)
                yield file


def real_path(path: str | Path) -> str:
    """The absolute name, without links. `Path.resolve` raises where links form a circle."""
    try:
        return os.path.realpath(path)
    except ValueError:  # a name that no file can have
        return str(path)


def _is_music(path: Path) -> bool:
    hidden = path.name.startswith(".")
    music = path.suffix.lower() in SUFFIXES or path.name.lower() == SOLO_DATABASE
    return music and not hidden and path.is_file()

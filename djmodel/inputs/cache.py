"""Cache of results of reading: one JSON file for each music file and way of reading it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path

from seqmodel.errors import FileError
from seqmodel.files import atomic_write, check_input_file, sha256_of_file

Made = TypeVar("Made")


def cache_folder() -> Path:
    """The folder of the cache: the user's cache folder, or the one that the environment variable
    DJMODEL_CACHE names."""
    chosen = os.environ.get("DJMODEL_CACHE")
    return Path(chosen) if chosen else user_cache_path("djmodel", appauthor=False) / "tunes"


def clear_cache() -> int:
    """Deletes the cached results and returns the number of deleted files."""
    files = list(cache_folder().glob("*.json"))
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


@cache
def reader_version() -> str:
    """A hash of the code that reads and encodes music."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for folder in ("music", "inputs", "values"):
        for file in sorted((root / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def reader_versions() -> dict[str, str]:
    """Versions, by name, that must be equal wherever files are read together."""
    versions = {name: version(name) for name in ("music21", "numpy")}
    return {"djmodel's reader": reader_version(), **versions}


def cached_by_content(
    path: Path,
    folder: Path,
    settings: Iterable[object],
    make: Callable[[], Made],
    to_json: Callable[[Made], Any],
    from_json: Callable[[Any], Made],
) -> Made:
    """The cached result for a file of this name and content, read with these `settings` by this
    version of the code; else `make()`, which is then cached unless `to_json` gives None.

    Raises FileError, and what `make` raises.
    """
    check_input_file(path, "a music file")
    content = sha256_of_file(path)
    # The name counts because a score without a title is named after its file.
    key = "\n".join([content, path.name, reader_version(), *map(repr, settings)])
    file = folder / f"{hashlib.sha256(os.fsencode(key)).hexdigest()}.json"
    try:
        return from_json(json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # missing or corrupted: it is made again
    made = make()
    cached = to_json(made)
    if cached is None or sha256_of_file(path) != content:
        return made  # not to be cached, or of a file that was rewritten meanwhile
    try:
        with atomic_write(file) as temporary:
            temporary.write_text(json.dumps(cached), encoding="utf-8")
    except FileError:
        pass  # reading works without a cache
    return made

"""Output files of commands: none replaces a file that is there already, unless the user says so."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from seqmodel.settings import Setting, SettingError

Overwrite = Annotated[bool, Setting("Replace files that are there already.", "Output")]


def check_free(paths: Iterable[Path | None], *, overwrite: bool) -> None:
    """Raises SettingError if one of the paths exists and may not be replaced."""
    for path in paths:
        if path is not None and not overwrite and os.path.lexists(path):
            hint = "choose another name, or replace it"
            raise SettingError(f"{path} is there already", "overwrite", hint=hint)


def free_name(path: Path, outputs: Callable[[Path], Iterable[Path]]) -> Path:
    """The default name `path`, or the first of `solo-2.mid`, `solo-3.mid`, ... under which none of
    its `outputs` exists."""
    others = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    names = itertools.chain([path], others)
    return next(name for name in names if not any(map(os.path.lexists, outputs(name))))

"""Figures that are kept as they come, so that a long run can be continued."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqmodel.files import atomic_write

FOLDER = Path(__file__).parent


class Results:
    """The figures of a benchmark, by name, in a JSON file."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}.json"
        known = self.path.is_file()
        self.figures: dict[str, Any] = json.loads(self.path.read_text()) if known else {}

    def has(self, name: str) -> bool:
        return name in self.figures

    def add(self, name: str, figures: Mapping[str, Any]) -> None:
        """Keeps the figures, and writes the file."""
        self.figures[name] = dict(figures)
        with atomic_write(self.path) as temporary:
            temporary.write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")

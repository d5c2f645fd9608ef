"""Execution of the notebooks. As a command, `make notebooks`, it runs each of them in an empty
folder and stores it with its outputs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path, folder: Path) -> Any:
    """The notebook with its outputs, from a clean kernel in `folder`. Raises CellExecutionError,
    which shows the cell that fails."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.pop("outputs", None)
        if cell.cell_type == "code":
            cell.outputs = []
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        coalesce_streams=True,  # lines printed one by one are one output, whatever the timing
        resources={"metadata": {"path": folder}},
    )
    client.execute()
    return notebook


def main() -> None:
    for path in NOTEBOOKS:
        with TemporaryDirectory() as folder:
            notebook = executed(path, Path(folder))
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times of day
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main()

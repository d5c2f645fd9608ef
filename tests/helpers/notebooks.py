"""Execution of the notebooks. As a command, `make notebooks`, it runs each of them in an empty
folder and stores it with its outputs; with the word `check` it stores nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


# Shorter work, which gives outputs of the same types: for each notebook, what is replaced.
_PRESET = (
    '__import__("seqmodel.settings").settings.with_settings(training_preset("ragtime"), epochs=2)'
)
_UNCOMPILED = """
import warnings
from seqmodel.network.keras_layers import load_keras
load_keras()
import tensorflow
tensorflow.config.run_functions_eagerly(True)
warnings.filterwarnings("ignore", "Even though the `tf.config")  # on tf.data
"""
SHORTER = {
    "1_dinosaur_names": {"range(4001)": "range(501)", "epochs=10,": "epochs=2,"},
    "2_jazz_solo": {"epochs=60,": "epochs=2,"},
    "3_your_own_music": {
        'config = training_preset("ragtime")': f"config = {_PRESET}",
    },
    "4_how_good_is_it": {
        "EPOCHS = 50": "EPOCHS = 3",
        "temperatures = [0.2, 0.4, 0.7, 1.0, 1.3]": "temperatures = [0.4, 1.0]",
        "shares = [0.3, 0.5, 0.7, 0.9, 1.0]": "shares = [0.5, 1.0]",
        'djmodel.fit(training, training_preset("ragtime"))': f"djmodel.fit(training, {_PRESET})",
    },
}


def executed(path: Path, folder: Path) -> Any:
    """The notebook with its outputs, from a clean kernel in `folder`. Raises CellExecutionError,
    which shows the cell that fails."""
    return _run(nbformat.read(path, as_version=4), folder)


def executed_shorter(folder: Path) -> dict[str, Any]:
    """The notebooks by name with their outputs, shortened as SHORTER says: one after the other
    in one kernel, which starts once and forgets all names in between, each in an empty folder below
    `folder`. TensorFlow computes step by step, which takes less time than to compile a few batches.
    Raises CellExecutionError."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
    together = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(_UNCOMPILED)])
    for name, notebook in notebooks.items():
        for old, new in SHORTER[name].items():
            [cell] = [cell for cell in notebook.cells if old in cell.source]
            cell.source = cell.source.replace(old, new)
        (folder / name).mkdir()
        begin = f"%reset -f\n%cd -q {folder / name}"
        together.cells += [nbformat.v4.new_code_cell(begin), *notebook.cells]
    _run(together, folder)
    return notebooks


def _run(notebook: Any, folder: Path) -> Any:
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
        if "check" not in sys.argv[1:]:
            nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main()

"""The notebooks run in empty folders, and are stored as they ran. (`make notebooks` and `nox -s
wheel` give each a kernel of its own.)"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from helpers.notebooks import FOLDER, NOTEBOOKS, executed_shorter

MAX_BYTES = 1_500_000

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook: Any) -> list[tuple[str, Any]]:
    """Every output with the id of its cell."""
    return [(cell.id, output) for cell in notebook.cells for output in cell.get("outputs", ())]


def output_types(notebook: Any) -> list[tuple[str, str, list[str]]]:
    """For each output: the id of its cell, its type, its MIME types."""
    return [
        (cell, output.output_type, sorted(output.get("data", {})))
        for cell, output in outputs(notebook)
    ]


def output_text(notebook: Any) -> str:
    """The text of all outputs, without the bytes of pictures and sounds."""
    text = json.dumps([output for _, output in outputs(notebook)])
    return re.sub(r"[A-Za-z0-9+/=]{200,}", "", text)


def test_the_notebooks_are_numbered_in_order():
    assert [path.stem for path in NOTEBOOKS] == [
        "1_dinosaur_names",
        "2_jazz_solo",
        "3_your_own_music",
        "4_how_good_is_it",
    ]


def test_the_notebooks_run_without_names_of_others_with_the_stored_types_of_output(tmp_path):
    for name, notebook in executed_shorter(tmp_path).items():
        stored = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
        assert output_types(notebook) == output_types(stored), name


@each_notebook
def test_each_notebook_is_stored_as_run_without_errors_or_warnings(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert outputs(notebook)
    for cell, output in outputs(notebook):
        assert output.output_type != "error", cell
        assert output.get("name") != "stderr", f"{cell}: {output.text}"
        assert "WARNING" not in output.get("text", ""), f"{cell}: {output.text}"
    assert path.stat().st_size < MAX_BYTES


@each_notebook
def test_notebooks_hold_no_paths_or_names_of_the_machine(path):
    notebook = nbformat.read(path, as_version=4)
    text = output_text(notebook)
    places = (str(Path.home()), str(FOLDER.parent), "/tmp", "/home/", "/root", "/Users/", "C:\\\\")
    for private in (*places, "site-packages", "ipykernel", "oneDNN"):
        assert private not in text
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert all("execution" not in cell.metadata for cell in notebook.cells)  # times of day


@each_notebook
def test_the_music_of_the_course_is_not_stored(path):
    """The course's music may not be redistributed: only the line on the missing file names it."""
    text = output_text(nbformat.read(path, as_version=4)).lower()
    assert "metheny" not in text.replace("data/original_metheny.mid is missing", "")


@each_notebook
def test_links_of_each_notebook_lead_to_notebooks(path):
    notebook = nbformat.read(path, as_version=4)
    text = "".join(cell.source for cell in notebook.cells)
    for target in re.findall(r"\]\((\w+\.ipynb)\)", text):
        assert (FOLDER / target).exists()

"""The notebooks: they run from a clean kernel in an empty folder, and are stored as they ran."""

from __future__ import annotations

import json
import re
import resource
from pathlib import Path
from typing import Any

import nbformat
import pytest
from helpers.notebooks import FOLDER, NOTEBOOKS, executed

CORE_SECONDS = 2 * 60  # a minute on two cores, whatever else the machine does meanwhile
MOST_BYTES = 1_500_000

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook: Any) -> list[tuple[str, Any]]:
    """Every output with the id of its cell."""
    return [(cell.id, output) for cell in notebook.cells for output in cell.get("outputs", ())]


def kinds(notebook: Any) -> list[tuple[str, str, list[str]]]:
    """What kinds of output each cell has: text, Markdown, picture, HTML."""
    return [
        (cell, output.output_type, sorted(output.get("data", {})))
        for cell, output in outputs(notebook)
    ]


def words(notebook: Any) -> str:
    """All that can be read in the outputs, without the bytes of pictures and sounds."""
    text = json.dumps([output for _, output in outputs(notebook)])
    return re.sub(r"[A-Za-z0-9+/=]{200,}", "", text)


def core_seconds() -> float:
    """What the processes have computed that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_the_tour_is_whole_and_in_order():
    assert [path.stem for path in NOTEBOOKS] == [
        "1_dinosaur_names",
        "2_jazz_solo",
        "3_your_own_music",
        "4_how_good_is_it",
    ]


@each_notebook
def test_it_runs_from_a_clean_kernel_and_shows_what_is_stored(path, tmp_path):
    stored = nbformat.read(path, as_version=4)
    before = core_seconds()
    notebook = executed(path, tmp_path)
    assert core_seconds() - before < CORE_SECONDS
    assert kinds(notebook) == kinds(stored)


@each_notebook
def test_it_is_stored_as_it_ran(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert outputs(notebook)
    for cell, output in outputs(notebook):
        assert output.output_type != "error", cell
        assert output.get("name") != "stderr", f"{cell}: {output.text}"
    assert path.stat().st_size < MOST_BYTES


@each_notebook
def test_nothing_of_the_machine_is_stored(path):
    notebook = nbformat.read(path, as_version=4)
    text = words(notebook)
    places = (str(Path.home()), str(FOLDER.parent), "/tmp", "/home/", "/root", "/Users/", "C:\\\\")
    for private in (*places, "site-packages", "ipykernel", "oneDNN"):
        assert private not in text
    # not even by accident the music that may not be passed on
    assert "metheny" not in text.lower()
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert all("execution" not in cell.metadata for cell in notebook.cells)  # no times of day


@each_notebook
def test_its_links_lead_somewhere(path):
    notebook = nbformat.read(path, as_version=4)
    text = "".join(cell.source for cell in notebook.cells)
    for target in re.findall(r"\]\((\w+\.ipynb)\)", text):
        assert (FOLDER / target).exists()

"""The project as a package: every folder is installed, every example in a docstring is true."""

import configparser
import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("djmodel", "dinos", "seqmodel")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_every_folder_of_the_packages_is_installed():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = set(setup["options"]["packages"].split())
    found = {name_of(path) for path in MODULES if path.name == "__init__.py"}
    assert listed == found | {"djmodel.data", "dinos.data"}


@pytest.mark.parametrize("name", [name_of(p) for p in MODULES if ">>> " in p.read_text("utf-8")])
def test_examples_in_docstrings_run_and_give_their_results(name):
    failed, tried = doctest.testmod(import_module(name))
    assert tried
    assert not failed


def test_the_design_names_every_folder():
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in MODULES if path.name == "__init__.py"}
    assert {
        folder for folder in folders if f"{folder}/" not in design and f"{folder}." not in design
    } <= {"data"}

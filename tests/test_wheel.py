"""The wheel, built from the source distribution, stands alone: it holds all that is needed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("djmodel", "dinos", "seqmodel")
NOT_OURS = "original_metheny.mid"  # the course's file, which may not be redistributed
BUILD = "from setuptools import build_meta as b; import sys; getattr(b, sys.argv[1])(sys.argv[2])"
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache", ".ipynb_checkpoints", "*.egg-info")


def build(kind: str, source: Path, out: Path) -> Path:
    """Builds a wheel or a source distribution without isolation, and so without network."""
    before = set(out.iterdir())
    words = [sys.executable, "-c", BUILD, f"build_{kind}", str(out)]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [made] = set(out.iterdir()) - before
    return made


@pytest.fixture(scope="session")
def sdist(tmp_path_factory) -> Path:
    """The source distribution of a copy of the checkout in which the course's file lies."""
    source, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("dist")
    for entry in ROOT.iterdir():
        if entry.is_file():
            shutil.copy(entry, source)
    for folder in (*PACKAGES, "data", "docs", "notebooks", "tests", "benchmarks"):
        shutil.copytree(ROOT / folder, source / folder, ignore=CACHES, symlinks=True)
    for link in (source / package / "data" for package in PACKAGES):
        if link.is_symlink():  # in an editable installation
            link.unlink()
    (source / "data" / NOT_OURS).write_bytes(b"MThd")
    return build("sdist", source, out)


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [source] = folder.iterdir()
    return zipfile.ZipFile(build("wheel", source, sdist.parent))


@pytest.fixture(scope="session")
def files(wheel) -> dict[str, bytes]:
    """The contents of the wheel's files by name, without those of the build."""
    return {name: wheel.read(name) for name in wheel.namelist()}


def metadata(files: dict[str, bytes], name: str) -> bytes:
    [found] = [key for key in files if key.endswith(f".dist-info/{name}")]
    return files[found]


def sources() -> dict[str, Path]:
    """Every file that the packages need, by its name in the wheel."""
    found = {
        str(path.relative_to(ROOT).as_posix()): path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    in_data = [path for path in (ROOT / "data").rglob("*") if path.is_file()]
    for path in in_data:
        if path.name != NOT_OURS and "__pycache__" not in path.parts:
            owner = "dinos" if path.name.startswith("dinos.") else "djmodel"
            found[f"{owner}/data/{path.relative_to(ROOT / 'data').as_posix()}"] = path
    return found


def test_the_wheel_has_three_packages_and_nothing_beside_them(files):
    first = {name.partition("/")[0] for name in files}
    assert {name for name in first if not name.endswith(".dist-info")} == set(PACKAGES)
    assert not [name for name in files if name.endswith((".pyc", NOT_OURS))]
    assert {f"{package}/py.typed" for package in PACKAGES} <= {*files}  # for type checkers


def test_every_file_of_the_packages_and_of_the_data_is_in_the_wheel(files):
    for name, path in sources().items():
        assert files.get(name) == path.read_bytes(), f"{name} is not in setup.cfg's package_data"


def test_the_licence_of_everything_vendored_is_among_the_licences(files):
    licences = [path for path in sources().values() if "LICENSE" in path.name.upper()]
    assert len(licences) >= 4
    for path in (ROOT / "LICENSE", *licences):
        name = f"licenses/{path.relative_to(ROOT).as_posix()}"
        assert metadata(files, name) == path.read_bytes()


def test_the_wheel_has_two_programs(files):
    entries = ConfigParser()
    entries.read_string(metadata(files, "entry_points.txt").decode())
    assert {name: dict(entries[name]) for name in entries.sections()} == {
        "console_scripts": {"djmodel": "djmodel.__main__:main", "dinos": "dinos.__main__:main"}
    }


def test_the_metadata_is_complete_and_no_version_has_an_upper_bound(files):
    about = message_from_bytes(metadata(files, "METADATA"))
    for field in ("Summary", "Author", "License-Expression", "Keywords", "Requires-Python"):
        assert about[field], field
    assert about["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in about.get_all("Classifier")
    extras = {"test", "corpus", "cluster", "devices", "notebook", "bench"}
    assert extras <= set(about.get_all("Provides-Extra"))
    for requirement in about.get_all("Requires-Dist"):
        version = requirement.partition(";")[0]
        assert ">=" in version
        assert not any(bound in version for bound in ("<", "==", "~=")), requirement


def test_the_source_distribution_has_what_the_tests_need(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in ("tests/conftest.py", "tests/helpers/bars.py", "docs/design.md", "noxfile.py"):
        assert needed in names
    notebooks = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert notebooks <= names
    assert not [name for name in names if name.endswith((".pyc", NOT_OURS))]

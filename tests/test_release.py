"""The last checks of a release, and the command lines that are found in texts."""

import zipfile
from pathlib import Path

import pytest
from helpers.command_lines import command_lines
from helpers.release import contents, problems

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path):
    """A checkout whose version 1.2.0 is ready."""
    (tmp_path / "setup.cfg").write_text("[metadata]\nversion = 1.2.0\n")
    (tmp_path / "CITATION.cff").write_text("title: djmodel\nversion: 1.2.0\n")
    (tmp_path / "CHANGELOG.md").write_text("## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n")
    return tmp_path


def test_a_version_that_is_the_same_everywhere_and_dated_is_ready(checkout):
    assert problems(checkout) == []


def test_a_version_without_a_dated_section_or_that_differs_is_not_ready(checkout):
    (checkout / "CHANGELOG.md").write_text("## [Unreleased]\n")
    (checkout / "CITATION.cff").write_text("title: djmodel\nversion: 1.1.0\n")
    assert problems(checkout) == [
        "CITATION.cff does not have the version 1.2.0 of setup.cfg",
        "CHANGELOG.md has no heading `## [1.2.0] - YEAR-MONTH-DAY`",
    ]


def test_the_version_of_this_checkout_is_the_same_everywhere():
    assert not [problem for problem in problems(ROOT) if "CITATION" in problem]


def test_the_files_of_a_wheel_are_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as archive:
        archive.writestr("djmodel/data/README.md", "x")
    assert contents(tmp_path / "a.whl") == {"djmodel/data/README.md": b"x"}


def test_command_lines_are_those_of_shell_blocks_that_start_the_programs():
    text = """
```sh
pip install djmodel
$ djmodel generate --changes C7   # a solo
djmodel train --preset jazz
dinos generate
```
```python
djmodel = 1
```
"""
    assert command_lines(text) == [
        "djmodel generate --changes C7   # a solo",
        "djmodel train --preset jazz",
        "dinos generate",
    ]

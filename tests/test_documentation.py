"""The documentation: built with warnings as errors, and true to the programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the pages."""
    folder = tmp_path_factory.mktemp("docs")
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    done = subprocess.run(
        [*build, "-d", folder / "doctrees", "docs", folder / "html"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "html"


def page(built, name):
    return BeautifulSoup((built / name).read_text(encoding="utf-8"), "html.parser")


def test_every_option_of_a_command_is_on_the_page_of_commands(built):
    text = page(built, "commands.html").get_text(" ")
    for option in ("--changes", "--max-copy", "--humanize", "--held-out", "--leave-one-out"):
        assert option in text
    titles = {heading.get_text().rstrip("¶#") for heading in page(built, "commands.html")("h2")}
    assert {"djmodel generate", "djmodel corpus build", "djmodel play", "dinos train"} <= titles


def test_the_public_names_are_on_the_page_of_the_api(built):
    text = page(built, "api.html").get_text(" ")
    for name in (
        "read_tune",
        "parse_changes",
        "accompany",
        "fit",
        "improvise",
        "predict_and_sample",
    ):
        assert name in text


def test_no_link_within_the_documentation_is_broken(built):
    for path in built.rglob("*.html"):
        for link in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")("a", href=True):
            target = link["href"].partition("#")[0]
            if target and ":" not in target and path.name not in {"search.html", "genindex.html"}:
                assert (path.parent / target).exists(), f"{path.name}: {target}"

"""The documentation: built with warnings as errors, and true to the programs."""

import io
import re
import runpy
import shlex
import shutil
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, SoupStrainer
from helpers.command_lines import LEFT_OUT, command_lines
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

import djmodel

ROOT = Path(__file__).parents[1]
# Lines that train or render sound, and those that need a model trained before.
SLOW = re.compile(r"train|runs/|--wav|djmodel render")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of the pages."""
    folder, warnings = tmp_path_factory.mktemp("docs"), io.StringIO()
    places = (ROOT / "docs", ROOT / "docs", folder / "html", folder / "doctrees")
    with patch_docutils(), docutils_namespace():
        Sphinx(*places, "html", status=None, warning=warnings).build()
    assert warnings.getvalue() == ""
    return folder / "html"


@cache
def page(built, name):
    """A page, parsed once."""
    return BeautifulSoup((built / name).read_text(encoding="utf-8"), "html.parser")


def test_every_option_of_a_command_is_on_the_page_of_commands(built):
    text = page(built, "commands.html").get_text(" ")
    for option in ("--changes", "--max-copy", "--humanize", "--held-out", "--leave-one-out"):
        assert option in text
    titles = {heading.get_text().rstrip("¶#") for heading in page(built, "commands.html")("h2")}
    assert {"djmodel generate", "djmodel corpus build", "djmodel play", "dinos train"} <= titles


def test_the_public_names_are_on_the_page_of_the_api(built):
    pages = [page(built, f"api/{path.name}") for path in (built / "api").glob("*.html")]
    named = {sign["id"].rpartition(".")[2] for shown in pages for sign in shown("dt", id=True)}
    aliases = {"generate", "InputError", "Adam"}  # of others' names
    documented = {name for name in djmodel.__all__ if not name.endswith("_initializer")}
    assert documented - aliases <= named


def test_signatures_are_shown_without_the_declarations_of_options_and_arrays(built):
    for path in (built / "api").glob("*.html"):
        for sign in page(built, f"api/{path.name}")("dt", class_="sig"):
            for noise in ("Setting(", "Annotated", "dtype[", "<function", " object at "):
                assert noise not in sign.get_text(), f"{path.name}: {sign.get_text()}"


def test_a_configuration_says_what_its_settings_mean(built):
    shown = page(built, "api/model.html").find(id="djmodel.config.TrainingConfig").parent
    assert "the size of the hidden state" in shown.get_text(" ")


def test_examples_of_commands_are_shown_as_they_are_typed(built):
    for block in page(built, "commands.html")("pre"):
        assert "\\" not in block.get_text()


def test_the_first_page_works_word_for_word(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(djmodel.rags()[0], "my.mid")
    for line in command_lines((ROOT / "docs" / "start.md").read_text(encoding="utf-8")):
        if not (LEFT_OUT.search(line) or SLOW.search(line)):
            program, *words = shlex.split(line, comments=True)
            done = command(f"{program}.__main__", *words)
            assert done.status == 0, f"{line}: {done.err}"
    written = {path.name for path in tmp_path.iterdir()}
    assert {"solo.mid", "solo.html", "blues.svg", "blues.html", "tenor.pdf"} <= written


def test_no_page_names_a_file_that_another_has_written_already():
    names = ("start", "jazz-player", "names", "how-to/own-music", "how-to/changes")
    written = [
        (file, name)
        for name in names
        for line in command_lines((ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"))
        for file in re.findall(r"--(?:out|html|score|ireal|picture) (\S+)", line)
    ]
    files = [file for file, _ in written]
    assert len(set(files)) == len(files), sorted(written)


@pytest.mark.parametrize("name", ["developer.md", "names.md", "values.md", "how-to/python.md"])
def test_examples_in_python_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shutil.copy(djmodel.rags()[0], "my.mid")
    (tmp_path / "data").symlink_to(ROOT / "data")
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        Path("example.py").write_text(example, encoding="utf-8")
        runpy.run_path("example.py")
    if name == "developer.md":
        assert len(djmodel.read_tune("solo.mid").bars) == 4
    else:
        assert capsys.readouterr().out


def test_tables_that_notebooks_print_are_tables(built):
    jazz = page(built, "notebooks/2_jazz_solo.html")
    printed = [table.get_text(" ") for table in jazz.select(".cell_output table")]
    assert any("quarter notes" in text for text in printed)
    assert not jazz.find("source", src=re.compile("^output/"))


def test_no_link_within_the_documentation_is_broken(built):
    links = SoupStrainer("a", href=True)
    for path in built.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for link in BeautifulSoup(text, "html.parser", parse_only=links)("a"):
            target, _, anchor = link["href"].partition("#")
            if anchor and not target:
                assert f'id="{anchor}"' in text, f"{path.name}: #{anchor}"
            if target and ":" not in target and path.name not in {"search.html", "genindex.html"}:
                assert (path.parent / target).exists(), f"{path.name}: {target}"

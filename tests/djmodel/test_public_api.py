"""The public names of `djmodel`, and a tune displayed in a notebook."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from helpers.handmade_tunes import blues

import djmodel


def run(code: str) -> str:
    """The output of Python in a fresh process."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("name", djmodel.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(djmodel, name) is not None


def test_importing_djmodel_imports_no_heavy_package() -> None:
    code = "import sys, djmodel; print({'numpy', 'music21', 'keras', 'IPython'} & {*sys.modules})"
    assert run(code) == "set()\n"


def test_evaluate_is_the_function_not_the_command() -> None:
    assert run("from djmodel import evaluate; print(evaluate.__module__)") == (
        "djmodel.evaluation.perplexity\n"
    )


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lern'"):
        _ = djmodel.lern  # type: ignore[attr-defined]


class TestInANotebook:
    @pytest.fixture
    def shown(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """The forms in which IPython shows an object, with `djmodel` imported while it runs."""
        interactive = pytest.importorskip("IPython.core.interactiveshell")
        shell = interactive.InteractiveShell.instance()
        try:
            monkeypatch.delitem(sys.modules, "djmodel")
            __import__("djmodel")
            yield lambda value: shell.display_formatter.format(value)[0]
        finally:
            interactive.InteractiveShell.clear_instance()

    def test_a_tune_is_displayed_as_a_player_with_its_sound(self, shown: Any) -> None:
        forms = shown(blues().excerpt(2, 3))
        assert "<audio" in forms["text/html"]
        assert forms["text/plain"] == "Tune('Blues in A flat', 2 bars)"

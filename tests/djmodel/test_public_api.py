"""The public names of `djmodel`, and a tune displayed in a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import numpy as np
import pytest
from helpers.handmade_tunes import blues

import djmodel
from djmodel.model.improvise import Solo
from seqmodel.errors import InputError


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


COMMANDS = "import djmodel.play, djmodel.generate, djmodel.evaluate; "
NAMES = "from djmodel import play, generate, evaluate; "


@pytest.mark.parametrize("imports", [COMMANDS + NAMES, NAMES + COMMANDS])
def test_names_that_are_commands_too_are_functions_in_any_order_of_imports(imports: str) -> None:
    both = "play is djmodel.play, generate is djmodel.generate, evaluate is djmodel.evaluate"
    modules = "djmodel.app.launch djmodel.model.solos djmodel.evaluation.perplexity\n"
    shown = "print(play.__module__, generate.__module__, evaluate.__module__)"
    command = "from djmodel.play import COMMANDS"
    assert run(f"{imports}assert all([{both}]); {command}; {shown}") == modules


# Those of the course have arguments of Keras's types, which Keras checks.
OF_KERAS = {"djmodel", "music_inference_model", "predict_and_sample", "generate_music", "one_hot"}
FUNCTIONS = [
    *(f"djmodel:{name}" for name in djmodel.__all__ if name.islower() and name not in OF_KERAS),
    "dinos.generation:load",
    "dinos.generation:generate",
    "dinos.training:fit",
    "seqmodel.sampling.sampler:sample",
]


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if "initializer" not in name])
def test_an_argument_of_another_type_is_refused_in_a_sentence_that_names_it(name: str) -> None:
    function = resolve_name(name)
    for argument, parameter in signature(function).parameters.items():
        if parameter.annotation != "Any":
            subject = argument.replace("_", " ")
            with pytest.raises(
                InputError, match=rf"^{subject} must be .*, not an object(;.*)?$"
            ) as told:
                function(**{argument: object()})
            assert isinstance(told.value, TypeError)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: djmodel.load(None), "path must be text or a Path, not None"),
        (lambda: djmodel.load("ragtime").save(5), "path must be text or a Path, not 5"),
        (lambda: djmodel.read_tune("a.mid", bars=4), "bars must be a tuple of 2 whole numbers"),
        (lambda: djmodel.parse_changes("C", tempo="fast"), "tempo must be a number or None, not"),
        (lambda: djmodel.parse_changes("C", tempo=-3), "tempo must be at least 1 and at most 60,0"),
        (lambda: djmodel.parse_changes("C", choruses=0), "choruses must be at least 1, not 0"),
        (lambda: djmodel.fit([blues(), "b.mid"]), "tunes must be a list of Tunes, not a list with"),
        (lambda: djmodel.fit("b.mid"), "tunes must be a list of Tunes, not 'b.mid'; djmodel.read_"),
        (lambda: djmodel.generate("jazz"), "model must be a DjModel, not 'jazz'; djmodel.load re"),
        (lambda: djmodel.plot(Solo(blues(), (), 0.0)), "tune must be a Tune, not a Solo; its tune"),
        (lambda: djmodel.parse_changes("chart.txt"), "this is the name of a file, not changes"),
        (lambda: djmodel.load("blues-in-F"), "'blues-in-F' is not a model but changes"),
        (lambda: djmodel.TrainingConfig(n_a="64"), "n a must be a whole number, not '64'"),
        (lambda: djmodel.GenerationConfig(changes=5), "changes must be text or None, not 5"),
        (lambda: djmodel.TrainerConfig(epochs=True), "epochs must be a whole number, not True"),
        (lambda: djmodel.training_preset("rag"), "preset must be course, small, ragtime or jazz"),
        (lambda: djmodel.play("jazz", "C", port=70_000), "port must be at least 0 and at most 65"),
        (lambda: blues().excerpt(1, 99), "bars 1 to 99 are not in a tune of 13 bars"),
        (lambda: djmodel.save(blues(), Path("none.xyz")), "none.xyz"),
        (lambda: djmodel.read_tune(Path("none.mid")), "none.mid: there is no such file"),
    ],
)
def test_what_is_given_in_error_is_said_in_a_sentence(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError) as told:
        call()
    assert str(told.value).startswith(said)


def test_numbers_of_numpy_are_numbers() -> None:
    config = djmodel.training_preset("course", epochs=np.int64(3), learning_rate=np.float32(0.5))
    assert (config.trainer.epochs, config.trainer.learning_rate) == (3, 0.5)
    assert type(config.trainer.epochs) is int
    assert len(djmodel.parse_changes("C", choruses=np.int64(2)).bars) == 2


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

"""Packages that do not start: one line that says what to do."""

import subprocess
import sys

import pytest


def refusal(work, tmp_path, environment=(), before=""):
    """The line in which a command that does `work` ends."""
    program = f"""
import os, sys
os.environ |= {dict(environment)!r}
{before}
from seqmodel.command_line.runner import run

def command() -> None:
    "It works."
    {work}

sys.argv = ["it"]
run(command)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


KERAS = "from seqmodel.network.keras_layers import load_keras; load_keras()"
FIGURE = "from seqmodel.plots import new_figure; new_figure(1)"


def test_an_unknown_backend_of_keras_is_one_line(tmp_path):
    line = refusal(KERAS, tmp_path, {"KERAS_BACKEND": "bogus"})
    assert line.startswith("error: Keras on bogus does not start (")
    assert "unset the environment variable KERAS_BACKEND, or name an installed one" in line


def test_an_unknown_backend_of_matplotlib_is_one_line(tmp_path):
    line = refusal(FIGURE, tmp_path, {"MPLBACKEND": "bogus"})
    assert "matplotlib does not start" in line
    assert "unset the environment variable MPLBACKEND" in line


def test_a_package_that_is_left_half_imported_is_one_line(tmp_path):
    (tmp_path / "keras.py").write_text("import json; json.version")
    line = refusal(KERAS, tmp_path, {"KERAS_BACKEND": "tensorflow"})
    assert line.startswith("error: Keras on tensorflow does not start (module 'json' has no")
    assert "memory" in line


def test_without_tensorflow_a_training_says_what_installs_it(tmp_path):
    missing = "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')"
    (tmp_path / "tensorflow.py").write_text(missing)
    assert refusal(KERAS, tmp_path).endswith("; pip install keras tensorflow\n")


@pytest.mark.skipif(sys.platform != "linux", reason="a limit of Linux")
def test_too_little_memory_for_tensorflow_is_one_line(tmp_path):
    limit = "import resource, numpy; resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))"
    line = refusal(KERAS, tmp_path, {"OPENBLAS_NUM_THREADS": "1"}, before=limit)
    assert "TensorFlow" in line
    assert "memory" in line

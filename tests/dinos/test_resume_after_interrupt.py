"""Training that ends early, by Ctrl-C, a full disk or an error, and is resumed."""

import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dinos.generation import load

LIST = "\n".join(f"{a}{b}saur" for a in "tybndr" for b in "aeiou")


@pytest.fixture
def names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "names.txt"
    path.write_text(LIST)
    return path


def arguments(names, out, epochs):
    sizes = ["--epochs", str(epochs), "--n-a", "8", "--made-up", "0", "--batch-size", "4"]
    return [str(names), "--out", str(out), *sizes]


def start(*words, **settings):
    command = [sys.executable, "-m", "dinos.train", *words]
    # A model that is not for Keras is written at once: its start takes seconds.
    environment = os.environ | {"KERAS_BACKEND": "none"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, **settings)


def same_weights(one, other):
    pairs = zip(load(one).weights.arrays, load(other).weights.arrays, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


# A signal, and the exit status of a command that it interrupts.
SIGNALS = ((signal.SIGINT, 130), (signal.SIGTERM, 143))


def test_an_interrupted_training_keeps_the_model_and_prints_how_to_resume(names, command):
    assert command("dinos.train", *arguments(names, "whole", 200)).status == 0
    for number, status in SIGNALS:
        out = Path(f"run-{status}")
        with start(*arguments(names, out, 200)) as training:
            for line in training.stderr:
                if line.startswith("epoch 1/"):
                    break
            training.send_signal(number)
            time.sleep(0.05)
            training.send_signal(number)  # pressed twice: the model is kept all the same
            said = training.stderr.read().splitlines()
        assert training.returncode == status
        assert not any("Traceback" in line for line in said)
        assert said[-1].startswith(f"interrupted: {out}/model.keras is the model of epoch ")
        again = said[-1].split("resume: ")[1]
        assert load(out / "model.keras").weights.n_parameters > 0
        words = shlex.split(again)
        assert words[1:3] == ["-m", "dinos.train"]
        assert command("dinos.train", *words[3:]).status == 0
        assert not (out / "checkpoint.npz").exists()
        assert same_weights(out / "model.keras", "whole/model.keras")


@pytest.mark.parametrize(("number", "status"), SIGNALS, ids=["Ctrl-C", "SIGTERM"])
def test_a_training_interrupted_before_its_first_epoch_ends_in_one_line(names, number, status):
    with start(*arguments(names, "run", 200), "--made-up", "200000") as training:
        while not Path("run", ".lock").exists():
            assert training.poll() is None, training.stderr.read()
            time.sleep(0.02)
        time.sleep(0.1)  # an epoch of 200,000 names takes seconds
        training.send_signal(number)
        said = training.stderr.read().splitlines()
    assert said[0].startswith("30 names: 200 epochs, each with 200,000 more that are made up")
    assert said[1:] == ["interrupted: no epoch is complete, and no model is written"]
    assert training.returncode == status
    assert not Path("run").exists()


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_leaves_the_earlier_model(names, command):
    assert command("dinos.train", *arguments(names, "run", 2)).status == 0
    before = {path.name: path.read_bytes() for path in (names.parent / "run").iterdir()}
    words = [*arguments(names, "run", 3), "--overwrite"]
    with start(*words, preexec_fn=limit_files(1000)) as training:
        said = training.stderr.read()
    assert training.returncode == 2, said
    assert "the file cannot be written (file too large)" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert {p.name: p.read_bytes() for p in (names.parent / "run").iterdir()} == before


def test_a_disk_that_is_full_at_a_checkpoint_leaves_a_training_to_resume(names, command):
    whole = [*arguments(names, "run", 4), "--checkpoint", "0"]
    with start(*whole) as training:
        for line in training.stderr:
            if line.startswith("epoch 2 "):
                break
        resource.prlimit(training.pid, resource.RLIMIT_FSIZE, (4000, 4000))
        said = training.stderr.read()
    assert training.returncode == 2, said
    assert said.splitlines()[-1].endswith(
        "the file cannot be written (file too large); make room, then resume the training: "
        "it continues from its last checkpoint"
    )
    assert command("dinos.train", *whole, "--resume").status == 0


def test_a_training_is_resumed_with_the_same_settings_only(names, command, refuses, monkeypatch):
    words = [*arguments(names, "run", 4), "--checkpoint", "0"]
    with monkeypatch.context() as patch:
        replace, times = Path.replace, []

        def at_the_third(self, target):
            times.append(target)
            if len(times) == 3:
                raise RuntimeError("the end")
            return replace(self, target)

        patch.setattr(Path, "replace", at_the_third)
        assert command("dinos.train", *words).status == 1
    other = [*arguments(names, "run", 5), "--resume"]
    assert "is of a training with epochs 4, not epochs 5" in refuses("dinos.train", *other)
    went_on = command("dinos.train", *words, "--resume")
    assert went_on.status == 0
    assert "epoch 1/4" not in went_on.err
    model = Path("run/model.keras").read_bytes()
    again = command("dinos.train", *words, "--resume")
    assert again.status == 0
    assert "run/model.keras is finished, after 4 epochs; nothing is left to resume" in again.err
    longer = [*arguments(names, "run", 5), "--resume"]
    assert "cannot be continued to 5, because its learning rate" in refuses("dinos.train", *longer)
    assert "run/model.keras is there already" in refuses("dinos.train", *words)
    assert Path("run/model.keras").read_bytes() == model
    assert command("dinos.train", *arguments(names, "run", 1), "--overwrite").status == 0
    assert Path("run/model.keras").read_bytes() != model
    assert command("dinos.train", *words, "--overwrite").status == 0
    assert command("dinos.train", *arguments(names, "whole", 4)).status == 0
    assert same_weights("run/model.keras", "whole/model.keras")

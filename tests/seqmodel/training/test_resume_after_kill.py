"""A training that is killed at any moment resumes from its last checkpoint, to the same weights."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

KILLS = 5  # `make kills` kills more often

# Small enough that most of its time goes into writing: a checkpoint after each epoch.
TRAINING = """
import sys
from pathlib import Path
import numpy as np
from seqmodel.data.windows import PADDING, Windows
from seqmodel.files import atomic_write
from seqmodel.network.weights import Weights
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.checkpoints import training_in
from seqmodel.training.config import TrainerConfig
from seqmodel.training.loop import run_epochs
from seqmodel.training.numpy_trainer import NumpyTrainer

rng = np.random.default_rng(0)
arrays = [rng.normal(0, 0.3, shape).astype("f4") for shape in ((9, 48), (12, 48), 48, (12, 9), 9)]

def draw(epoch):
    labels = np.random.default_rng(epoch).integers(0, 9, (12, 5)).astype("i4")
    return Windows(np.hstack([np.full((12, 1), PADDING, "i4"), labels[:, :-1]]), labels)

folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
with training_in(folder, resume=True, seconds=0) as checkpoints:
    trainer = NumpyTrainer(Weights("lstm", *arrays))
    show = lambda epoch, _: print(epoch.number, flush=True)
    batches = InMemoryBatches(draw, 4, 0)
    run_epochs(trainer, batches, TrainerConfig(epochs), show, checkpoints=checkpoints)
    with atomic_write(folder / "weights.npy", durable=True) as path:
        np.save(path, trainer.parameters.vector)
    checkpoints.remove()
"""


def start(folder: Path, epochs: int) -> subprocess.Popen:
    command = [sys.executable, "-c", TRAINING, folder, str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def trained_here(folder: Path, epochs: int, monkeypatch) -> bytes:
    """The weights of a training in this process, or of what is left of one."""
    monkeypatch.setattr(sys, "argv", ["it", str(folder), str(epochs)])
    exec(TRAINING, {})
    return weights(folder)


def weights(folder: Path) -> bytes:
    return np.load(folder / "weights.npy").tobytes()


def test_a_training_killed_at_random_moments_resumes_to_the_same_weights(tmp_path, monkeypatch):
    epochs = 120
    rng = random.Random(0)
    folder = tmp_path / "killed"
    resumed_at = []
    for _ in range(KILLS):
        with start(folder, epochs) as training:
            first = training.stdout.readline()
            resumed_at.append(int(first))
            time.sleep(rng.uniform(0, 0.03))
            training.kill()
        assert not (folder / "weights.npy").exists()
    with start(folder, epochs) as last:
        _, stderr = last.communicate()
    assert last.returncode == 0, stderr
    assert weights(folder) == trained_here(tmp_path / "whole", epochs, monkeypatch)
    assert sorted(path.name for path in folder.iterdir()) == ["weights.npy"]
    assert resumed_at == sorted(resumed_at)  # no checkpoint is lost
    assert resumed_at[-1] > resumed_at[0]


@pytest.mark.parametrize("moment", ["checkpoint.npz", "weights.npy"])
def test_a_training_killed_before_a_file_is_renamed_resumes_to_the_same_weights(
    moment, tmp_path, monkeypatch
):
    # at this moment a file that was written in place would be incomplete
    kill = f"""
import os, signal
from pathlib import Path
replace, times = Path.replace, []
def die(self, target):
    times.append(target)
    if Path(target).name == {moment!r} and len(times) > 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = die
"""
    folder = tmp_path / "run"
    done = subprocess.run([sys.executable, "-c", kill + TRAINING, folder, "4"])
    assert done.returncode == -9
    files = {path.name for path in folder.iterdir()}
    assert "checkpoint.npz" in files
    assert any(name.startswith(".unfinished") for name in files)
    resumed, whole = (trained_here(each, 4, monkeypatch) for each in (folder, tmp_path / "whole"))
    assert resumed == whole
    assert sorted(path.name for path in folder.iterdir()) == ["weights.npy"]

"""A training that is killed anywhere goes on from its last checkpoint, to the same weights."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

KILLS = 20

# Small enough that most of its time goes into writing: a checkpoint after each epoch.
TRAINING = """
import sys
from pathlib import Path
import numpy as np
from seqmodel.training.numpy_trainer import Learner
from seqmodel.training.checkpoints import training_in
from seqmodel.files import writing
from seqmodel.network.weights import Weights
from seqmodel.training.loop import Schedule, Shuffled, train
from seqmodel.data.windows import PADDING, Windows

rng = np.random.default_rng(0)
arrays = [rng.normal(0, 0.3, shape).astype("f4") for shape in ((9, 48), (12, 48), 48, (12, 9), 9)]

def draw(epoch):
    labels = np.random.default_rng(epoch).integers(0, 9, (12, 5)).astype("i4")
    return Windows(np.hstack([np.full((12, 1), PADDING, "i4"), labels[:, :-1]]), labels)

folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
with training_in(folder, resume=True, seconds=0) as checkpoints:
    learner = Learner(Weights("lstm", *arrays))
    show = lambda epoch, _: print(epoch.number, flush=True)
    train(learner, Shuffled(draw, 4, 0), Schedule(epochs), show, checkpoints=checkpoints)
    with writing(folder / "weights.npy", durable=True) as path:
        np.save(path, learner.parameters.vector)
    checkpoints.remove()
"""


def start(folder: Path, epochs: int) -> subprocess.Popen:
    command = [sys.executable, "-c", TRAINING, folder, str(epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def weights(folder: Path) -> bytes:
    return np.load(folder / "weights.npy").tobytes()


def test_killed_at_twenty_random_moments_and_resumed_to_the_same_weights(tmp_path):
    epochs = 300
    with start(tmp_path / "whole", epochs) as whole:
        _, said = whole.communicate()
    assert whole.returncode == 0, said
    rng = random.Random(0)
    folder = tmp_path / "killed"
    gone_on_from = []
    for _ in range(KILLS):
        with start(folder, epochs) as training:
            first = training.stdout.readline()
            gone_on_from.append(int(first))
            time.sleep(rng.uniform(0, 0.03))
            training.kill()
        assert not (folder / "weights.npy").exists()
    with start(folder, epochs) as last:
        _, said = last.communicate()
    assert last.returncode == 0, said
    assert weights(folder) == weights(tmp_path / "whole")
    assert sorted(path.name for path in folder.iterdir()) == ["weights.npy"]
    assert gone_on_from == sorted(gone_on_from)  # nothing that was written is lost
    assert gone_on_from[-1] > gone_on_from[0]


@pytest.mark.parametrize("moment", ["checkpoint.npz", "weights.npy"])
def test_killed_between_writing_and_renaming(moment, tmp_path):
    """The moment at which a file that is written in place would be half a file."""
    deadly = f"""
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
    done = subprocess.run([sys.executable, "-c", deadly + TRAINING, folder, "4"])
    assert done.returncode == -9
    left = {path.name for path in folder.iterdir()}
    assert "checkpoint.npz" in left
    assert any(name.startswith(".unfinished") for name in left)
    for where in (folder, tmp_path / "whole"):
        with start(where, 4) as last:
            _, said = last.communicate()
        assert last.returncode == 0, said
    assert weights(folder) == weights(tmp_path / "whole")
    assert sorted(path.name for path in folder.iterdir()) == ["weights.npy"]

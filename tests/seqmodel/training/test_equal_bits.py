"""Equal data, settings and seed give equal weights, whatever processors and threads there are."""

import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import reference_network

from seqmodel.data.windows import PADDING
from seqmodel.training.numpy_trainer import NumpyTrainer

# For each cell two epochs of a network whose batches are worth several processes, with all that a
# trainer does.
TRAINING = """
import os, sys
if processors := sys.argv[1]:
    os.sched_setaffinity(0, {int(processors)})
import hashlib
import numpy as np
from helpers.reference_network import random_weights
from seqmodel.data.windows import PADDING, Windows
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.config import Dropout, TrainerConfig
from seqmodel.training.loop import run_epochs
from seqmodel.training.numpy_trainer import NumpyTrainer

V, H, m, T = 90, 64, 150, 8

def draw(epoch):
    labels = np.random.default_rng(epoch).integers(0, V, (m, T)).astype("i4")
    return Windows(np.hstack([np.full((m, 1), PADDING, "i4"), labels[:, :-1]]), labels)

features = np.random.default_rng(0).integers(0, 2, (V, 20)).astype("f4")
for cell in ("lstm", "gru", "rnn"):
    trainer = NumpyTrainer(
        random_weights(cell, V, H, scale=0.1),
        dropout=Dropout(0.2, 0.5, 0.5),
        feature_table=features,
        batch_size=64,
    )
    trainer.workers.wait()
    result = run_epochs(trainer, InMemoryBatches(draw, 64, seed=0), TrainerConfig(2))
    losses = [repr(e.loss) for e in result.history]
    print(cell, hashlib.sha256(trainer.vector).hexdigest(), losses)
"""
THREADS = [f"{library}_NUM_THREADS" for library in ("OPENBLAS", "OMP", "MKL")]


def trained(processors="", threads=None):
    """The hash of the weights and the losses of the trainings on these processors."""
    environment = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment |= dict.fromkeys(THREADS, threads) if threads else {}
    command = [sys.executable, "-c", TRAINING, processors]
    return subprocess.run(
        command,
        env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux chooses the processors")
def test_weights_do_not_depend_on_processors_and_threads():
    expected = trained()
    assert expected.count("\n") == 3
    assert trained(processors="0") == expected
    assert trained(threads="1") == trained(threads="8") == expected


@pytest.mark.parametrize(("batch", "units"), [(64, 64), (150, 20), (600, 60)])
def test_a_training_resumes_on_another_number_of_processors_to_the_same_weights(batch, units):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 11, (2, batch, 5)).astype(np.int32)
    inputs = np.concatenate([np.full((2, batch, 1), PADDING, np.int32), labels[..., :-1]], axis=2)
    weights = reference_network.random_weights("lstm", 11, units, scale=0.1)
    one, two, three = (NumpyTrainer(weights, n_processes=n, batch_size=batch) for n in (1, 2, 3))
    for trainer in (one, two, three):
        trainer.workers.wait()
        trainer.step(inputs[0], labels[0], 0.01)
    two.restore(one.state())
    one.step(inputs[1], labels[1], 0.01)
    for trainer in (two, three):
        trainer.step(inputs[1], labels[1], 0.01)
        assert np.array_equal(trainer.vector, one.vector)

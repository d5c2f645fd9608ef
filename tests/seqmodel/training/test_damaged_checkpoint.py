"""A damaged checkpoint is refused in one line, or is as good as a whole one."""

import errno
import json

import numpy as np
import pytest
from helpers.mutation import mutated
from helpers.reference_network import random_weights
from helpers.small_training import some_windows

from seqmodel.errors import CheckpointError, FileError
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.checkpoints import NAME, training_in
from seqmodel.training.config import TrainerConfig
from seqmodel.training.loop import run_epochs
from seqmodel.training.numpy_trainer import NumpyTrainer

BATCHES = InMemoryBatches(lambda epoch: some_windows(4, epoch), batch_size=4, seed=0)


def new_trainer():
    return NumpyTrainer(random_weights(n_values=11, units=3))


def resume(folder, epochs, trainer=None):
    trainer = trainer or new_trainer()
    with training_in(folder, resume=True, seconds=0) as checkpoints:
        assert checkpoints.engine() in (None, "numpy")
        return run_epochs(
            trainer,
            BATCHES,
            TrainerConfig(epochs),
            checkpoints=checkpoints,
            fingerprint={"engine": "numpy"},
        )


@pytest.fixture
def checkpoint(tmp_path):
    """The path of the checkpoint of a training that had one epoch."""
    resume(tmp_path, 1)
    return tmp_path / NAME


def test_no_damage_is_an_internal_fault(checkpoint):
    whole = checkpoint.read_bytes()
    refused = 0
    for seed in range(400):
        checkpoint.write_bytes(mutated(whole, seed))
        try:
            resume(checkpoint.parent, 1)
        except CheckpointError:
            refused += 1
    assert refused > 300


def rewritten(path, **changes):
    """Changes entries of a checkpoint; those of "about" are values of its JSON."""
    with np.load(path) as stored:
        arrays = dict(stored)
    about = json.loads(bytes(arrays["about"])) | changes.pop("about", {})
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    arrays |= {name.replace("_", "/"): array for name, array in changes.items()}
    with path.open("wb") as stream:
        np.savez(stream, **arrays)


@pytest.mark.parametrize(
    "changes",
    [
        {"about": {"best_epoch": 9}},
        {"about": {"best_epoch": -1}},
        {"about": {"best_epoch": "1"}},
        {"about": {"history": [{"number": 1}]}},
        {"about": {"history": 3}},
        {"about": {"fingerprint": [1]}},
        {"last_steps": np.zeros(0)},
        {"last_steps": np.array(["one"])},
        {"last_parameters": np.zeros(1, np.float32)},
        {"last_momentum": np.array(["x"])},
        {"best_velocity": np.zeros((2, 2), np.float32)},
    ],
    ids=str,
)
def test_content_that_is_no_training_is_refused(checkpoint, changes):
    rewritten(checkpoint, **changes)
    with pytest.raises(CheckpointError, match="the checkpoint is corrupted"):
        resume(checkpoint.parent, 3)


def test_a_disk_that_is_full_at_a_later_checkpoint_leaves_the_one_before_to_resume_from(
    tmp_path, monkeypatch
):
    expected = new_trainer()
    run_epochs(expected, BATCHES, TrainerConfig(3))

    class Disk:  # on which two checkpoints have room
        left = 2

        def savez(self, stream, **arrays):
            if not self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.left -= 1
            real_savez(stream, **arrays)

    real_savez = np.savez
    monkeypatch.setattr(np, "savez", Disk().savez)
    with pytest.raises(FileError, match=r"no space left.*make room, then resume the training"):
        resume(tmp_path, 3)
    monkeypatch.setattr(np, "savez", real_savez)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    trainer = new_trainer()
    result = resume(tmp_path, 3, trainer)
    assert [epoch.number for epoch in result.history] == [1, 2, 3]
    for array, other in zip(trainer.weights().arrays, expected.weights().arrays, strict=True):
        assert array.tobytes() == other.tobytes()

"""The training loop: resuming, interruption, early stopping, divergence, damaged checkpoints."""

import json
import subprocess
import sys

import numpy as np
import pytest
from helpers.small_training import BATCHES, bits, new_graph, some_windows

from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import PADDING, Windows
from seqmodel.errors import CheckpointError, FileError, TrainingError
from seqmodel.network.keras_layers import extract_weights
from seqmodel.training import loop
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.checkpoints import training_in
from seqmodel.training.config import Dropout, TrainerConfig
from seqmodel.training.loop import train_network

pytestmark = pytest.mark.usefixtures("uncompiled_keras")


class Stop(Exception):
    """An exception in place of the end of the process at any moment."""


def stop_after(number):
    def progress(epoch, _):
        if epoch.number == number:
            raise Stop

    return progress


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_a_resumed_training_ends_with_the_same_weights_bit_for_bit(engine, tmp_path):
    trainer = TrainerConfig(epochs=6, seed=3)
    whole = new_graph()
    expected = train_network(whole, BATCHES, trainer, engine=engine).history
    with training_in(tmp_path, seconds=0) as kept, pytest.raises(Stop):
        train_network(new_graph(), BATCHES, trainer, stop_after(4), engine=engine, checkpoints=kept)
    epochs = []
    graph = new_graph()
    with training_in(tmp_path, resume=True) as kept:
        history = train_network(
            graph,
            BATCHES,
            trainer,
            lambda epoch, _: epochs.append(epoch.number),
            engine=engine,
            checkpoints=kept,
        ).history
    assert epochs == [4, 5, 6]  # the checkpoint of the fourth was not yet written
    assert bits(graph) == bits(whole)
    assert [e.loss for e in history] == [e.loss for e in expected]


def test_an_interrupted_training_keeps_the_weights_of_the_last_complete_epoch(tmp_path):
    trainer = TrainerConfig(epochs=6)
    drawn = []

    def draw(epoch):
        drawn.append(epoch)
        if drawn.count(3) == 1 and epoch == 3:
            drawn.append(3)
            raise KeyboardInterrupt
        return some_windows(10, epoch)

    graph, as_far, whole = new_graph(), new_graph(), new_graph()
    with training_in(tmp_path) as kept:
        fit_result = train_network(graph, InMemoryBatches(draw, 4, 0), trainer, checkpoints=kept)
    assert (fit_result.stop_reason, fit_result.best_epoch, len(fit_result.history)) == (
        "interrupted",
        3,
        3,
    )
    train_network(as_far, BATCHES, TrainerConfig(epochs=3))
    assert bits(graph) == bits(as_far)
    with training_in(tmp_path, resume=True) as kept:
        assert (
            train_network(graph, InMemoryBatches(draw, 4, 0), trainer, checkpoints=kept).stop_reason
            == "completed"
        )
    train_network(whole, BATCHES, trainer)
    assert bits(graph) == bits(whole)


def test_early_stopping_keeps_the_weights_of_the_best_epoch(tmp_path):
    losses = [5.0, 4.0, 4.5, 3.0, 3.5, 3.2, 1.0]
    trainer = TrainerConfig(epochs=7, patience=2)
    graph, fourth = new_graph(), new_graph()
    measured = iter(losses)
    with training_in(tmp_path, seconds=0) as kept, pytest.raises(Stop):
        train_network(
            graph,
            BATCHES,
            trainer,
            stop_after(6),
            validation_loss=lambda _: next(measured),
            checkpoints=kept,
        )
    measured = iter(losses[5:])  # the best epoch comes from the checkpoint
    with training_in(tmp_path, resume=True) as kept:
        fit_result = train_network(
            graph, BATCHES, trainer, validation_loss=lambda _: next(measured), checkpoints=kept
        )
    assert (fit_result.stop_reason, fit_result.best_epoch) == ("early_stopping", 4)
    assert [epoch.validation_loss for epoch in fit_result.history] == losses[:6]
    train_network(fourth, BATCHES, TrainerConfig(epochs=4))
    assert bits(graph) == bits(fourth)


def test_early_stopping_needs_validation_data():
    with pytest.raises(TrainingError, match="needs validation data"):
        train_network(new_graph(), BATCHES, TrainerConfig(patience=1))


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_a_diverging_training_keeps_the_weights_of_the_epoch_before(engine):
    def exploding_from(first_step):
        class Exploding(TrainerConfig):
            def learning_rate_at(self, step, n_steps):
                return np.inf if step >= first_step else super().learning_rate_at(step, n_steps)

        return Exploding(epochs=9)

    graph, good = new_graph(), new_graph()
    fit_result = train_network(graph, BATCHES, exploding_from(7), engine=engine)
    # step 7 is in the third epoch
    assert (fit_result.stop_reason, fit_result.best_epoch) == ("diverged", 2)
    train_network(good, BATCHES, TrainerConfig(epochs=2), engine=engine)
    assert bits(graph) == bits(good)
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train_network(graph, BATCHES, exploding_from(0), engine=engine)


def trained(seed, dropout=Dropout(), batches=BATCHES):
    graph = new_graph()
    train_network(graph, batches, TrainerConfig(epochs=2, seed=seed, dropout=dropout))
    return bits(graph)


def test_the_seed_of_a_training_decides_its_dropout():
    dropout = Dropout(0.2, 0.5, 0.5)
    assert trained(1, dropout) == trained(1, dropout)
    assert trained(1, dropout) != trained(2, dropout)


def test_the_order_of_batches_is_independent_of_the_draw_of_windows():
    drawn = random_stream(0, Stream.WINDOWS, 3).permutation(10)
    marked = Windows(np.arange(10)[:, None], np.zeros((10, 1), np.int32))
    batches = InMemoryBatches(lambda _: marked, batch_size=4, seed=0)
    order = np.concatenate([batch.inputs[:, 0] for batch in batches.epoch(3)])
    assert sorted(order) == sorted(drawn)
    assert order.tolist() != drawn.tolist()


def test_the_training_loop_can_be_imported_without_the_numpy_trainer():
    program = """
import sys
for module in ("network.backward", "training.numpy_trainer", "training.gradient_workers"):
    sys.modules[f"seqmodel.{module}"] = None  # as if it were deleted
from seqmodel.training import loop
assert not loop.HAS_NUMPY_TRAINER
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_the_numpy_trainer_keras_trains(monkeypatch):
    monkeypatch.setattr(loop, "HAS_NUMPY_TRAINER", False)
    monkeypatch.delattr(loop, "NumpyTrainer")
    graph = new_graph()
    assert train_network(graph, BATCHES, TrainerConfig(epochs=1)).stop_reason == "completed"
    assert bits(graph) != bits(new_graph())


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_padding_affects_neither_loss_nor_weights(engine):
    full = some_windows(8)
    full.labels[:, 3:] = PADDING
    other = Windows(full.inputs.copy(), full.labels)
    other.inputs[:, 3:] = 1
    graphs = new_graph(), new_graph()
    reached = [
        train_network(
            graph,
            InMemoryBatches(lambda _, w=windows: w, 4, 0),
            TrainerConfig(epochs=2),
            engine=engine,
        )
        for graph, windows in zip(graphs, (full, other), strict=True)
    ]
    assert reached[0].history[-1].loss == pytest.approx(reached[1].history[-1].loss, abs=1e-6)
    for one, two in zip(
        extract_weights(graphs[0]).arrays, extract_weights(graphs[1]).arrays, strict=True
    ):
        assert np.abs(one - two).max() < 1e-6


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    with training_in(tmp_path, seconds=0) as kept, pytest.raises(Stop):
        fingerprint = {"music": "abc", "schedule": {"epochs": 9, "seed": 1}}
        train_network(
            new_graph(),
            BATCHES,
            TrainerConfig(),
            stop_after(2),
            checkpoints=kept,
            fingerprint=fingerprint,
        )
    fingerprint = {"music": "abd", "schedule": {"epochs": 10, "seed": 1}}
    with (
        training_in(tmp_path, resume=True) as kept,
        pytest.raises(CheckpointError) as refused,
    ):
        train_network(
            new_graph(), BATCHES, TrainerConfig(), checkpoints=kept, fingerprint=fingerprint
        )
    assert (
        "is of a training with music abc, schedule.epochs 9, not music abd, schedule.epochs 10"
        in str(refused.value)
    )


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "pickle", "other arrays", "no about"])
def test_a_corrupted_checkpoint_is_refused(damage, tmp_path):
    with training_in(tmp_path, seconds=0) as kept, pytest.raises(Stop):
        train_network(new_graph(), BATCHES, TrainerConfig(), stop_after(2), checkpoints=kept)
    path = tmp_path / "checkpoint.npz"
    whole = path.read_bytes()
    with np.load(path) as stored:
        arrays = dict(stored)
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage in ("text", "empty"):
        path.write_bytes(b"text" if damage == "text" else b"")
    elif damage == "pickle":
        arrays["last/momentum"] = np.array([{"an": "object"}], dtype=object)
        np.savez(path, **arrays)
    elif damage == "other arrays":
        arrays["last/momentum"] = np.zeros(3, np.float32)
        np.savez(path, **arrays)
    else:
        arrays["about"] = np.frombuffer(json.dumps([1]).encode(), np.uint8)
        np.savez(path, **arrays)
    with training_in(tmp_path, resume=True) as kept, pytest.raises(CheckpointError) as refused:
        train_network(new_graph(), BATCHES, TrainerConfig(), checkpoints=kept)
    assert "do not resume that training" in str(refused.value)


def test_a_folder_is_locked_until_the_process_of_its_training_ends(tmp_path):
    folder = tmp_path / "run"
    script = (
        "import sys, time\n"
        "from seqmodel.training.checkpoints import training_in\n"
        "with training_in(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, folder], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(FileError, match="another training is writing in this folder"),
            training_in(folder),
        ):
            pass
        other.kill()
    with training_in(folder):
        assert folder.is_dir()
    assert not any(folder.iterdir())


def test_a_folder_that_is_removed_during_training_is_an_error(tmp_path):
    folder = tmp_path / "run"

    def vanish(*_):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    with (
        training_in(folder, seconds=0) as kept,
        pytest.raises(FileError, match="was removed while it ran"),
    ):
        train_network(new_graph(), BATCHES, TrainerConfig(), vanish, checkpoints=kept)
    assert not folder.exists()

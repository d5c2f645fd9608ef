"""The loop over epochs: it can be stopped anywhere and gone on with, and ends where it should."""

import json
import subprocess
import sys

import numpy as np
import pytest

from djmodel.model.layers import shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import PADDING, Windows
from seqmodel.errors import CheckpointError, FileError, TrainingError
from seqmodel.network.keras_layers import extract_weights
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.checkpoints import training_in
from seqmodel.training.config import TrainerConfig
from seqmodel.training.loop import train_network

N_VALUES, UNITS, TX = 11, 8, 5


def some_windows(m, seed=0):
    labels = np.random.default_rng(seed).integers(0, N_VALUES, (m, TX)).astype(np.int32)
    inputs = np.concatenate([np.full((m, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    return Windows(inputs, labels)


BATCHES = InMemoryBatches(lambda epoch: some_windows(10, epoch), batch_size=4, seed=0)


def new_graph():
    layers = shared_layers(N_VALUES, UNITS, seed=0)
    return scanning_model(layers.LSTM_cell, layers.densor)


def bits(graph):
    return b"".join(array.tobytes() for array in extract_weights(graph).arrays)


class Stop(Exception):
    """A process that ends in the middle of things."""


def stop_after(number):
    def progress(epoch, _):
        if epoch.number == number:
            raise Stop

    return progress


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_a_resumed_training_ends_with_the_same_bits(engine, tmp_path):
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
    assert epochs == [4, 5, 6]  # the fourth was not yet written
    assert bits(graph) == bits(whole)
    assert [e.loss for e in history] == [e.loss for e in expected]


def test_an_interrupted_training_keeps_the_last_whole_epoch(tmp_path):
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


def test_patience_keeps_the_weights_of_the_best_epoch(tmp_path):
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


def test_patience_wants_held_out_data():
    with pytest.raises(TrainingError, match="needs validation data"):
        train_network(new_graph(), BATCHES, TrainerConfig(patience=1))


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_a_loss_that_is_no_number_leaves_the_last_good_weights(engine):
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


@pytest.mark.parametrize("engine", ["numpy", "keras"])
def test_labels_that_are_none_count_for_nothing(engine):
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
    assert "with music abd, schedule.epochs 10, found one with music abc" in str(refused.value)


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "pickle", "other arrays", "no about"])
def test_a_damaged_checkpoint_is_refused_in_one_line(damage, tmp_path):
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
    assert "leave out --resume" in str(refused.value)


def test_a_folder_is_for_one_training_until_its_process_ends(tmp_path):
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
        with pytest.raises(FileError, match="another one is writing there"), training_in(folder):
            pass
        other.kill()
    with training_in(folder):
        assert folder.is_dir()
    assert not folder.exists()  # nothing was made in it


def test_a_folder_that_vanishes_is_noticed(tmp_path):
    folder = tmp_path / "run"

    def vanish(*_):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    with (
        training_in(folder, seconds=0) as kept,
        pytest.raises(FileError, match="it was removed meanwhile"),
    ):
        train_network(new_graph(), BATCHES, TrainerConfig(), vanish, checkpoints=kept)
    assert not folder.exists()

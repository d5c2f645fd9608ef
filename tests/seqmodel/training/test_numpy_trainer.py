"""Training by arrays: gradients against differences, every step against Keras."""

import os

import numpy as np
import pytest
from helpers.reference_network import random_weights, reference_log_probabilities

from djmodel.model.layers import djmodel, shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import PADDING, Windows, multi_hot, one_hot, with_conditioning
from seqmodel.network import backward
from seqmodel.network.forward import log_distributions
from seqmodel.network.keras_layers import extract_weights, load_keras, weight_variables
from seqmodel.network.parameters import Parameters
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import single_threaded_blas
from seqmodel.training import numpy_trainer
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.config import Dropout, TrainerConfig
from seqmodel.training.loop import train_network
from seqmodel.training.numpy_trainer import NumpyTrainer, dropout_factors

N_VALUES, UNITS, TX = 11, 8, 7
N_CUES = 5
by_tensorflow = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow",
    reason="TensorFlow takes the gradients",
)
DROPOUT = Dropout(0.3, 0.4, 0.4)


def some_weights(seed=0, scale=0.5, cell="lstm", n_conditioning=0):
    return random_weights(cell, N_VALUES, UNITS, n_conditioning, seed, scale)


def some_windows(m, seed=0, n_conditioning=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_VALUES, (m, TX)).astype(np.int32)
    inputs = np.concatenate([np.full((m, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    if not n_conditioning:
        return Windows(inputs, labels)
    conditioning = N_VALUES + np.stack(
        [rng.integers(0, 2, (m, TX)), rng.integers(2, n_conditioning, (m, TX))], -1
    )
    conditioning[0, :2, 0] = PADDING  # here there is one cue only
    return Windows(with_conditioning(inputs, conditioning.astype(np.int32)), labels)


def mean_loss(weights, windows):
    """Of the labels that are not padding, in double precision."""
    X = multi_hot(windows.inputs, weights.n_inputs)
    log_probabilities = reference_log_probabilities(weights, X)
    rows, steps = np.nonzero(windows.labels != PADDING)
    return -log_probabilities[rows, steps, windows.labels[rows, steps]].mean()


def scanning(weights):
    layers = shared_layers(N_VALUES, UNITS, seed=0)
    graph = scanning_model(layers.LSTM_cell, layers.densor, weights.n_inputs - N_VALUES)
    for variable, array in zip(weight_variables(graph), weights.arrays, strict=True):
        variable.assign(array)
    return graph


def unrolled(seed=0):
    layers = shared_layers(N_VALUES, UNITS, seed=seed)
    return djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)


def greatest_difference(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one.arrays, other.arrays, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("n_conditioning", [0, N_CUES], ids=["plain", "cues"])
@pytest.mark.parametrize("dropout", [Dropout(), DROPOUT], ids=["all", "dropped"])
def test_every_gradient_is_the_slope_of_the_loss(cell, padded, n_conditioning, dropout):
    weights, windows = (
        some_weights(cell=cell, n_conditioning=n_conditioning),
        some_windows(5, n_conditioning=n_conditioning),
    )
    if padded:  # sequences of 7, 3, 5, 1 and 7 steps
        beyond = np.arange(TX) >= np.array([7, 3, 5, 1, 7])[:, None]
        windows.inputs[beyond] = windows.labels[beyond] = PADDING
    gradients = NumpyTrainer(weights, dropout=dropout, seed=1).gradients(*windows)
    kept = kept_by(dropout, weights, 0)
    rng = np.random.default_rng(1)
    for array, gradient in zip(weights.arrays, gradients.arrays, strict=True):
        for _ in range(12):
            place = tuple(int(rng.integers(n)) for n in array.shape)
            losses = []
            for change in (1e-3, -1e-3):
                moved = array.copy()
                moved[place] += change
                arrays = [moved if other is array else other for other in weights.arrays]
                arrays = [factor * other for factor, other in zip(kept, arrays, strict=True)]
                losses.append(mean_loss(Weights(cell, *arrays), windows))
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-3, abs=2e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_inputs_of_many_kinds_have_the_same_gradients(cell, monkeypatch):
    weights, windows = (
        some_weights(cell=cell, n_conditioning=N_CUES),
        some_windows(5, n_conditioning=N_CUES),
    )
    few = NumpyTrainer(weights).gradients(*windows)
    monkeypatch.setattr(backward, "MIN_SPARSE_ROWS", 0)
    many = NumpyTrainer(weights, n_processes=1).gradients(*windows)
    assert greatest_difference(few, many) < 1e-6


def kept_by(dropout, weights, step):
    """What each weight is multiplied with in a step, in the order of `Weights.arrays`."""
    factors = dropout_factors(dropout, Parameters.of(weights), 1, step)
    return (1, 1, 1, 1, 1) if factors is None else factors.weights().arrays


def test_dropout_drops_such_shares_and_keeps_the_sums():
    weights = Weights(
        "lstm",
        *(np.ones(s, np.float32) for s in ((400, 800), (200, 800), (800,), (200, 90), (90,))),
    )
    kernel, recurrent, bias, dense, dense_bias = kept_by(Dropout(0.1, 0.5, 0.4), weights, 3)
    # values and units are dropped as wholes, recurrent weights one by one; cues and biases never
    assert (kernel[:90] == kernel[:90, :1]).all()
    assert (dense == dense[:, :1]).all()
    assert {round(float(x), 4) for x in kernel[:90, 0]} == {0.0, 1.1111}
    assert (recurrent == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert recurrent.mean() == pytest.approx(1, abs=0.02)
    assert (dense[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.1)
    assert (kernel[90:] == 1).all()
    assert (bias == 1).all()
    assert (dense_bias == 1).all()
    again, other = (kept_by(Dropout(0.1, 0.5, 0.4), weights, step) for step in (3, 4))
    assert (again[1] == recurrent).all()
    assert (other[1] != recurrent).any()


@by_tensorflow
def test_steps_with_cues_and_dropout_equal_keras_with_the_same_weights_left_out():
    import tensorflow as tf

    keras = load_keras()
    graph = scanning(some_weights(n_conditioning=N_CUES))
    optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy()
    learner = NumpyTrainer(some_weights(n_conditioning=N_CUES), dropout=DROPOUT, seed=1)
    variables = weight_variables(graph)
    for step in range(4):
        inputs, labels = some_windows(6, seed=step, n_conditioning=N_CUES)
        X, zeros = multi_hot(inputs, N_VALUES + N_CUES), np.zeros((6, UNITS), np.float32)
        whole = [np.array(variable) for variable in variables]
        kept = kept_by(DROPOUT, some_weights(n_conditioning=N_CUES), step)
        for variable, factor in zip(variables, kept, strict=True):
            variable.assign(variable * factor)
        with tf.GradientTape() as tape:
            loss = loss_of(one_hot(labels, N_VALUES), graph([X, zeros, zeros], training=True))
        gradients = tape.gradient(loss, variables)
        for variable, array in zip(variables, whole, strict=True):
            variable.assign(array)
        optimizer.apply([g * f for g, f in zip(gradients, kept, strict=True)], variables)
        reached = learner.step(inputs, labels, 0.01)
        assert reached.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
        assert greatest_difference(learner.parameters.weights(), extract_weights(graph)) < 1e-5


def some_traits():
    """Odd or even, and which third a value is in; the last one has nothing in common with any."""
    values = np.arange(N_VALUES)
    table = np.stack([values % 2, values % 2 == 0, values < 4, values // 4 == 1, values > 7], 1)
    table[-1] = False
    return table.astype(np.float32)


@by_tensorflow
def test_steps_with_traits_equal_keras_with_columns_that_add_up():
    import tensorflow as tf

    keras = load_keras()
    graph, feature_table = scanning(some_weights(n_conditioning=N_CUES)), some_traits()
    n, n_inputs = feature_table.shape[1], N_VALUES + N_CUES
    variables = weight_variables(graph)
    own = [tf.Variable(np.array(variable)) for variable in variables]
    kernel, dense = (
        tf.Variable(np.zeros((n, 4 * UNITS), "f4")),
        tf.Variable(np.zeros((UNITS, n), "f4")),
    )
    bias = tf.Variable(np.zeros(n, "f4"))
    of_inputs = np.concatenate([feature_table, np.zeros((N_CUES, n), "f4")])
    optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy()
    learner = NumpyTrainer(
        some_weights(n_conditioning=N_CUES), dropout=DROPOUT, seed=1, feature_table=feature_table
    )
    assert greatest_difference(learner.weights(), extract_weights(graph)) == 0
    for step in range(4):
        inputs, labels = some_windows(6, seed=step, n_conditioning=N_CUES)
        X, zeros = multi_hot(inputs, n_inputs), np.zeros((6, UNITS), np.float32)
        kept = kept_by(DROPOUT, some_weights(n_conditioning=N_CUES), step)
        sums = [
            own[0] + of_inputs @ kernel, own[1], own[2],
            own[3] + dense @ feature_table.T, own[4] + tf.linalg.matvec(feature_table, bias),
        ]  # fmt: skip
        for variable, array, factor in zip(variables, sums, kept, strict=True):
            variable.assign(array * factor)
        with tf.GradientTape() as tape:
            loss = loss_of(one_hot(labels, N_VALUES), graph([X, zeros, zeros], training=True))
        found = [g * f for g, f in zip(tape.gradient(loss, variables), kept, strict=True)]
        shared = [
            of_inputs.T @ found[0],
            found[3] @ feature_table,
            tf.linalg.matvec(feature_table.T, found[4]),
        ]
        optimizer.apply([*found, *shared], [*own, kernel, dense, bias])
        reached = learner.step(inputs, labels, 0.01)
        assert reached.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
    expected = Weights(
        "lstm",
        *(np.array(array) for array in (
            own[0] + of_inputs @ kernel, own[1], own[2],
            own[3] + dense @ feature_table.T, own[4] + tf.linalg.matvec(feature_table, bias),
        )),
    )  # fmt: skip
    assert greatest_difference(learner.weights(), expected) < 1e-5
    # and a training that is interrupted goes on with them
    again = NumpyTrainer(
        some_weights(n_conditioning=N_CUES), dropout=DROPOUT, seed=1, feature_table=feature_table
    )
    again.restore(learner.state())
    for each in (learner, again):
        each.step(*some_windows(6, seed=9, n_conditioning=N_CUES), 0.01)
    assert greatest_difference(learner.weights(), again.weights()) == 0


def test_a_value_learns_from_others_that_share_a_trait():
    # 9 and 10 are never heard; 9 has a trait of 1 and 5, which come again and again
    labels = np.tile(np.array([1, 5] * 4, np.int32)[:TX], (4, 1))
    inputs = np.concatenate([np.full((4, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    feature_table = np.zeros((N_VALUES, 1), np.float32)
    feature_table[[1, 5, 9]] = 1
    alone, sharing = (
        NumpyTrainer(some_weights()),
        NumpyTrainer(some_weights(), feature_table=feature_table),
    )
    for learner in (alone, sharing):
        for _ in range(20):
            learner.step(inputs, labels, 0.01)
    found = (log_distributions(one.weights(), labels[0]) for one in (alone, sharing))
    without, together = ((each[:, 9] - each[:, 10]).mean() for each in found)
    assert together > without + 0.3


@pytest.mark.parametrize("min_shard", [1, 10**9], ids=["processes", "one process"])
def test_each_step_equals_keras_on_the_same_batches(min_shard, monkeypatch):
    monkeypatch.setattr(numpy_trainer, "MIN_SHARD_SEQUENCES", min_shard)
    monkeypatch.setattr(numpy_trainer, "MIN_SHARD_STATE", min_shard)
    keras = load_keras()
    graph = scanning(some_weights())
    trainer = keras.optimizers.schedules.InverseTimeDecay(0.01, 1, 0.01)
    graph.compile(
        keras.optimizers.Adam(trainer), loss="categorical_crossentropy", metrics=["accuracy"]
    )
    learner = NumpyTrainer(some_weights(), n_processes=2)
    rng = np.random.default_rng(2)
    with single_threaded_blas():
        for step, m in enumerate([6, 6, 4, 6, 4]):  # the last batch of an epoch may be smaller
            inputs, labels = some_windows(m, seed=step)
            a0, c0 = rng.normal(size=(2, m, UNITS)).astype(np.float32)
            loss, accuracy = graph.train_on_batch(
                [one_hot(inputs, N_VALUES), a0, c0], one_hot(labels, N_VALUES)
            )
            reached = learner.step(inputs, labels, 0.01 / (1 + 0.01 * step), start=(a0, c0))
            assert learner.workers.wait() == (1 if min_shard == 1 else 0)
            graph.reset_metrics()
            assert reached.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
            assert reached.n_correct / labels.size == pytest.approx(float(accuracy), abs=1e-6)
            trained = learner.parameters.weights()
            assert greatest_difference(trained, extract_weights(graph)) < 1e-5
    assert greatest_difference(trained, some_weights()) > 0.01


def test_all_engines_and_graphs_train_to_the_same_weights():
    trainer = TrainerConfig(epochs=3)
    trained, losses = [], []
    for engine, graph in (
        ("numpy", scanning(extract_weights(unrolled()))),
        ("keras", scanning(extract_weights(unrolled()))),
        ("keras", unrolled()),
    ):
        batches = InMemoryBatches(lambda epoch: some_windows(10, epoch), batch_size=4, seed=0)
        history = train_network(graph, batches, trainer, engine=engine).history
        assert [epoch.number for epoch in history] == [1, 2, 3]
        trained.append(extract_weights(graph))
        losses.append([(epoch.loss, epoch.accuracy) for epoch in history])
    for weights, reached in zip(trained[1:], losses[1:], strict=True):
        assert greatest_difference(weights, trained[0]) < 1e-5
        assert np.array(reached) == pytest.approx(np.array(losses[0]), abs=1e-5)


def test_both_engines_learn_the_same_with_cues_along_a_cosine():
    trainer = TrainerConfig(epochs=3, batch_size=4, lr_schedule="cosine")
    trained = []
    for engine in ("numpy", "keras"):
        graph = scanning(some_weights(n_conditioning=N_CUES))
        batches = InMemoryBatches(lambda epoch: some_windows(10, epoch, N_CUES), 4, seed=0)
        fit_result = train_network(graph, batches, trainer, engine=engine)
        trained.append((extract_weights(graph), [epoch.loss for epoch in fit_result.history]))
    assert greatest_difference(trained[0][0], trained[1][0]) < 1e-5
    assert trained[0][1] == pytest.approx(trained[1][1], abs=1e-5)
    assert [round(trainer.learning_rate_at(step, 8), 5) for step in (0, 4, 8)] == [0.01, 0.005, 0]

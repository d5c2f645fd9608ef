"""The NumPy trainer: gradients beside finite differences, every step beside Keras."""

import os

import numpy as np
import pytest
from helpers import reference_network

from djmodel.model.layers import djmodel, shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import PADDING, Windows, multi_hot, one_hot, with_conditioning
from seqmodel.network import backward
from seqmodel.network.backward import StepDropout
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

N_VALUES, UNITS, TX = 11, 8, 5
K = 5  # conditioning features
by_tensorflow = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow",
    reason="TensorFlow takes the gradients",
)
DROPOUT = Dropout(0.3, 0.4, 0.4)


def random_weights(seed=0, cell="lstm", n_conditioning=0):
    return reference_network.random_weights(cell, N_VALUES, UNITS, n_conditioning, seed, 0.5)


def random_windows(m, seed=0, n_conditioning=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_VALUES, (m, TX)).astype(np.int32)
    inputs = np.concatenate([np.full((m, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    if not n_conditioning:
        return Windows(inputs, labels)
    conditioning = N_VALUES + np.stack(
        [rng.integers(0, 2, (m, TX)), rng.integers(2, n_conditioning, (m, TX))], -1
    )
    conditioning[0, :2, 0] = PADDING  # here there is one feature only
    return Windows(with_conditioning(inputs, conditioning.astype(np.int32)), labels)


def mean_loss(weights, windows):
    """The mean loss of the labels that are not padding, in double precision."""
    X = multi_hot(windows.inputs, weights.n_inputs)
    log_probabilities = reference_network.reference_log_probabilities(weights, X)
    rows, steps = np.nonzero(windows.labels != PADDING)
    return -log_probabilities[rows, steps, windows.labels[rows, steps]].mean()


def scanning(weights):
    layers = shared_layers(N_VALUES, UNITS, seed=0)
    graph = scanning_model(layers.LSTM_cell, layers.densor, weights.n_inputs - N_VALUES)
    for variable, array in zip(weight_variables(graph), weights.arrays, strict=True):
        variable.assign(array)
    return graph


def greatest_difference(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one.arrays, other.arrays, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("n_conditioning", [0, K], ids=["plain", "conditioned"])
@pytest.mark.parametrize("dropout", [Dropout(), DROPOUT], ids=["no dropout", "dropout"])
def test_every_gradient_equals_the_finite_difference_of_the_loss(
    cell, padded, n_conditioning, dropout
):
    weights, windows = (
        random_weights(cell=cell, n_conditioning=n_conditioning),
        random_windows(5, n_conditioning=n_conditioning),
    )
    if padded:  # sequences of 5, 3, 4, 1 and 5 steps
        beyond = np.arange(TX) >= np.array([5, 3, 4, 1, 5])[:, None]
        windows.inputs[beyond] = windows.labels[beyond] = PADDING
    gradients = NumpyTrainer(weights, dropout=dropout, seed=1).gradients(*windows)
    factors = factors_of(dropout, weights, 0)
    rng = np.random.default_rng(1)
    for array, gradient in zip(weights.arrays, gradients.arrays, strict=True):
        for _ in range(12):
            place = tuple(int(rng.integers(n)) for n in array.shape)
            losses = []
            for change in (1e-3, -1e-3):
                moved = array.copy()
                moved[place] += change
                arrays = [moved if other is array else other for other in weights.arrays]
                arrays = [factor * other for factor, other in zip(factors, arrays, strict=True)]
                losses.append(mean_loss(Weights(cell, *arrays), windows))
            assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-3, abs=2e-5)


def test_gradients_with_dropout_of_steps_equal_the_finite_difference_of_the_loss():
    weights, windows = random_weights(), random_windows(5)
    dropout = Dropout(step=0.5)

    def loss(arrays):
        trainer = NumpyTrainer(Weights("lstm", *arrays), dropout=dropout, seed=1)
        metrics = trainer.step(*windows, 0.0)
        return metrics.loss / metrics.n_labels

    gradients = NumpyTrainer(weights, dropout=dropout, seed=1).gradients(*windows)
    rng = np.random.default_rng(1)
    for array, gradient in zip(weights.arrays, gradients.arrays, strict=True):
        place = tuple(int(rng.integers(n)) for n in array.shape)
        losses = []
        for change in (1e-2, -1e-2):
            moved = array.copy()
            moved[place] += change
            losses.append(loss([moved if other is array else other for other in weights.arrays]))
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-2, abs=2e-4)


def test_dropout_of_steps_drops_other_units_at_each_step_and_keeps_the_sums():
    factors = StepDropout(0.4, seed=1, step=3).factors(200, 50, 4)
    assert (factors == 0).mean() == pytest.approx(0.4, abs=0.01)
    assert factors.mean() == pytest.approx(1, abs=0.02)
    assert (factors[:, 0] != factors[:, 1]).any()
    assert (StepDropout(0.4, seed=1, step=3).factors(200, 50, 4) == factors).all()
    for other in (StepDropout(0.4, 1, 4), StepDropout(0.4, 1, 3, 1), StepDropout(0.4, 2, 3)):
        assert (other.factors(200, 50, 4) != factors).any()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_sparse_and_dense_sums_give_the_same_gradients(cell, monkeypatch):
    weights, windows = (
        random_weights(cell=cell, n_conditioning=K),
        random_windows(5, n_conditioning=K),
    )
    dense = NumpyTrainer(weights).gradients(*windows)
    monkeypatch.setattr(backward, "MIN_SPARSE_ROWS", 0)
    sparse = NumpyTrainer(weights, n_processes=1).gradients(*windows)
    assert greatest_difference(dense, sparse) < 1e-6


def factors_of(dropout, weights, step):
    """The factors of the weights in a step, in the order of `Weights.arrays`."""
    factors = dropout_factors(dropout, Parameters.of(weights), 1, step)
    return (1, 1, 1, 1, 1) if factors is None else factors.weights().arrays


def test_dropout_drops_the_given_shares_and_keeps_the_sums():
    weights = Weights(
        "lstm",
        *(np.ones(s, np.float32) for s in ((400, 800), (200, 800), (800,), (200, 90), (90,))),
    )
    kernel, recurrent, bias, dense, dense_bias = factors_of(Dropout(0.1, 0.5, 0.4), weights, 3)
    # values and units are dropped as a whole, recurrent weights one by one, conditioning features
    # and biases never
    assert (kernel[:90] == kernel[:90, :1]).all()
    assert (dense == dense[:, :1]).all()
    assert {round(float(x), 4) for x in kernel[:90, 0]} == {0.0, 1.1111}
    assert (recurrent == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert recurrent.mean() == pytest.approx(1, abs=0.02)
    assert (dense[:, 0] == 0).mean() == pytest.approx(0.4, abs=0.1)
    assert (kernel[90:] == 1).all()
    assert (bias == 1).all()
    assert (dense_bias == 1).all()
    again, other = (factors_of(Dropout(0.1, 0.5, 0.4), weights, step) for step in (3, 4))
    assert (again[1] == recurrent).all()
    assert (other[1] != recurrent).any()


@by_tensorflow
def test_steps_with_dropout_equal_keras_with_the_same_weights_dropped():
    import tensorflow as tf

    keras = load_keras()
    graph = scanning(random_weights(n_conditioning=K))
    optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy()
    trainer = NumpyTrainer(random_weights(n_conditioning=K), dropout=DROPOUT, seed=1)
    variables = weight_variables(graph)
    for step in range(4):
        inputs, labels = random_windows(6, seed=step, n_conditioning=K)
        X, zeros = multi_hot(inputs, N_VALUES + K), np.zeros((6, UNITS), np.float32)
        whole = [np.array(variable) for variable in variables]
        factors = factors_of(DROPOUT, random_weights(n_conditioning=K), step)
        for variable, factor in zip(variables, factors, strict=True):
            variable.assign(variable * factor)
        with tf.GradientTape() as tape:
            loss = loss_of(one_hot(labels, N_VALUES), graph([X, zeros, zeros], training=True))
        gradients = tape.gradient(loss, variables)
        for variable, array in zip(variables, whole, strict=True):
            variable.assign(array)
        optimizer.apply([g * f for g, f in zip(gradients, factors, strict=True)], variables)
        reached = trainer.step(inputs, labels, 0.01)
        assert reached.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
        assert greatest_difference(trainer.parameters.weights(), extract_weights(graph)) < 1e-5


def feature_table_of_values():
    """Features: odd or even, and the third that a value is in; the last value has none."""
    values = np.arange(N_VALUES)
    table = np.stack([values % 2, values % 2 == 0, values < 4, values // 4 == 1, values > 7], 1)
    table[-1] = False
    return table.astype(np.float32)


@by_tensorflow
def test_steps_with_tied_features_equal_keras_with_summed_columns():
    import tensorflow as tf

    keras = load_keras()
    graph, feature_table = scanning(random_weights(n_conditioning=K)), feature_table_of_values()
    n, n_inputs = feature_table.shape[1], N_VALUES + K
    variables = weight_variables(graph)
    own = [tf.Variable(np.array(variable)) for variable in variables]
    kernel, dense = (
        tf.Variable(np.zeros((n, 4 * UNITS), "f4")),
        tf.Variable(np.zeros((UNITS, n), "f4")),
    )
    bias = tf.Variable(np.zeros(n, "f4"))
    of_inputs = np.concatenate([feature_table, np.zeros((K, n), "f4")])
    optimizer, loss_of = keras.optimizers.Adam(0.01), keras.losses.CategoricalCrossentropy()
    trainer = NumpyTrainer(
        random_weights(n_conditioning=K), dropout=DROPOUT, seed=1, feature_table=feature_table
    )
    assert greatest_difference(trainer.weights(), extract_weights(graph)) == 0
    for step in range(4):
        inputs, labels = random_windows(6, seed=step, n_conditioning=K)
        X, zeros = multi_hot(inputs, n_inputs), np.zeros((6, UNITS), np.float32)
        factors = factors_of(DROPOUT, random_weights(n_conditioning=K), step)
        sums = [
            own[0] + of_inputs @ kernel, own[1], own[2],
            own[3] + dense @ feature_table.T, own[4] + tf.linalg.matvec(feature_table, bias),
        ]  # fmt: skip
        for variable, array, factor in zip(variables, sums, factors, strict=True):
            variable.assign(array * factor)
        with tf.GradientTape() as tape:
            loss = loss_of(one_hot(labels, N_VALUES), graph([X, zeros, zeros], training=True))
        found = [g * f for g, f in zip(tape.gradient(loss, variables), factors, strict=True)]
        shared = [
            of_inputs.T @ found[0],
            found[3] @ feature_table,
            tf.linalg.matvec(feature_table.T, found[4]),
        ]
        optimizer.apply([*found, *shared], [*own, kernel, dense, bias])
        reached = trainer.step(inputs, labels, 0.01)
        assert reached.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
    expected = Weights(
        "lstm",
        *(np.array(array) for array in (
            own[0] + of_inputs @ kernel, own[1], own[2],
            own[3] + dense @ feature_table.T, own[4] + tf.linalg.matvec(feature_table, bias),
        )),
    )  # fmt: skip
    assert greatest_difference(trainer.weights(), expected) < 1e-5
    # and a training that is interrupted resumes with them
    again = NumpyTrainer(
        random_weights(n_conditioning=K), dropout=DROPOUT, seed=1, feature_table=feature_table
    )
    again.restore(trainer.state())
    for each in (trainer, again):
        each.step(*random_windows(6, seed=9, n_conditioning=K), 0.01)
    assert greatest_difference(trainer.weights(), again.weights()) == 0


def test_a_rare_value_is_predicted_better_with_tied_features():
    # 9 and 10 do not occur in training; 9 shares a feature with 1 and 5, which occur often
    labels = np.tile(np.array([1, 5] * 4, np.int32)[:TX], (4, 1))
    inputs = np.concatenate([np.full((4, 1), PADDING, np.int32), labels[:, :-1]], axis=1)
    feature_table = np.zeros((N_VALUES, 1), np.float32)
    feature_table[[1, 5, 9]] = 1
    alone, sharing = (
        NumpyTrainer(random_weights()),
        NumpyTrainer(random_weights(), feature_table=feature_table),
    )
    for trainer in (alone, sharing):
        for _ in range(20):
            trainer.step(inputs, labels, 0.01)
    found = (log_distributions(one.weights(), labels[0]) for one in (alone, sharing))
    without, together = ((each[:, 9] - each[:, 10]).mean() for each in found)
    assert together > without + 0.3


def test_each_step_equals_keras_on_the_same_batches_in_one_process_and_in_two(monkeypatch):
    monkeypatch.setattr(numpy_trainer, "MIN_SHARD_SEQUENCES", 1)
    monkeypatch.setattr(numpy_trainer, "MIN_SHARD_STATE", 1)
    keras = load_keras()
    graph = scanning(random_weights())
    rate = keras.optimizers.schedules.InverseTimeDecay(0.01, 1, 0.01)
    graph.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    trainers = [NumpyTrainer(random_weights(), n_processes=n) for n in (1, 2)]
    with single_threaded_blas():
        for step, m in enumerate([6, 6, 4]):  # the last batch of an epoch may be smaller
            inputs, labels = random_windows(m, seed=step)
            zeros = np.zeros((m, UNITS), np.float32)
            loss, accuracy = graph.train_on_batch(
                [one_hot(inputs, N_VALUES), zeros, zeros], one_hot(labels, N_VALUES)
            )
            graph.reset_metrics()
            for n_workers, trainer in enumerate(trainers):
                metrics = trainer.step(inputs, labels, 0.01 / (1 + 0.01 * step))
                assert trainer.workers.wait() == n_workers
                assert metrics.loss / labels.size == pytest.approx(float(loss), abs=1e-5)
                assert metrics.n_correct / labels.size == pytest.approx(float(accuracy), abs=1e-6)
                assert greatest_difference(trainer.weights(), extract_weights(graph)) < 1e-5
    assert greatest_difference(trainers[0].weights(), random_weights()) > 0.01


def test_more_processes_start_when_cores_become_free_and_change_no_bit():
    cores = [1]
    growing = NumpyTrainer(random_weights(), n_processes=lambda: cores[0], batch_size=256)
    alone = NumpyTrainer(random_weights(), n_processes=1, batch_size=256)
    for step, (cores[0], n_workers) in enumerate([(1, 0), (2, 1), (2, 1), (1, 1)]):
        windows = random_windows(256, seed=step)
        assert growing.step(*windows, 0.01) == alone.step(*windows, 0.01)
        assert growing.workers.wait() == n_workers
    assert np.array_equal(growing.vector, alone.vector)


def train(graph, engine, n_conditioning=0, **settings):
    """The weights, and the loss and accuracy of each epoch."""
    config = TrainerConfig(epochs=3, batch_size=4, **settings)
    batches = InMemoryBatches(lambda epoch: random_windows(10, epoch, n_conditioning), 4, seed=0)
    history = train_network(graph, batches, config, engine=engine).history
    return extract_weights(graph), [(epoch.loss, epoch.accuracy) for epoch in history]


def test_numpy_and_keras_train_to_the_same_weights():
    trained = [
        train(scanning(random_weights(n_conditioning=K)), engine, K, lr_schedule="cosine")
        for engine in ("numpy", "keras")
    ]
    assert greatest_difference(trained[0][0], trained[1][0]) < 1e-5
    assert np.array(trained[0][1]) == pytest.approx(np.array(trained[1][1]), abs=1e-5)


@pytest.mark.usefixtures("uncompiled_keras")
def test_the_courses_graph_with_an_output_for_each_step_trains_to_the_same_weights():
    layers = shared_layers(N_VALUES, UNITS, seed=0)
    unrolled = djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)
    scan = scanning(extract_weights(unrolled))
    (expected, losses), (weights, metrics) = train(scan, "numpy"), train(unrolled, "keras")
    assert greatest_difference(weights, expected) < 1e-5
    assert np.array(metrics) == pytest.approx(np.array(losses), abs=1e-5)

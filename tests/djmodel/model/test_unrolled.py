"""The course's graph with an output per step: trained as a scan, with the results of Keras."""

import numpy as np
import pytest

from djmodel.model.layers import djmodel, shared_layers
from seqmodel.network.keras_layers import load_keras

N_VALUES, UNITS, TX, M = 7, 5, 4, 6


def windows():
    rng = np.random.default_rng(0)
    eye = np.eye(N_VALUES, dtype=np.float32)
    values = rng.integers(N_VALUES, size=(M, TX + 1))
    zeros = np.zeros((M, UNITS), dtype=np.float32)
    return [eye[values[:, :-1]], zeros, zeros], list(eye[values[:, 1:]].swapaxes(0, 1))


def unrolled(seed=0):
    layers = shared_layers(N_VALUES, UNITS, seed=seed)
    return djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)


def trained(graph, epochs=3, **settings):
    optimizer = load_keras().optimizers.Adam(0.02)
    graph.compile(
        optimizer, "categorical_crossentropy", metrics=["accuracy"], run_eagerly=True
    )  # eagerly: for a few batches nothing is compiled
    return fit(graph, epochs, **settings)


def fit(graph, epochs, **settings):
    x, y = windows()
    return graph.fit(x, y, epochs=epochs, shuffle=False, verbose=0, **settings)


def weights(graph):
    return np.concatenate([array.ravel() for array in graph.get_weights()])


def test_losses_and_weights_are_those_of_keras_with_an_output_per_step():
    ours, built = unrolled(), unrolled()
    history = trained(ours)
    theirs = load_keras().Model(built.inputs, built.outputs)
    losses = ["categorical_crossentropy"] * TX
    theirs.compile(load_keras().optimizers.Adam(0.02), loss=losses, run_eagerly=True)
    expected = fit(theirs, 3)
    assert history.history["loss"] == pytest.approx(expected.history["loss"], abs=1e-4)
    assert weights(ours) == pytest.approx(weights(theirs), abs=1e-5)


def test_callbacks_see_the_weights_of_each_epoch():
    graph, seen = unrolled(), []
    look = load_keras().callbacks.LambdaCallback(
        on_epoch_end=lambda *_: seen.append(weights(graph))
    )
    trained(graph, callbacks=[look])
    assert len(seen) == 3
    assert (seen[0] != seen[1]).any()
    assert (seen[-1] == weights(graph)).all()


def test_fit_called_again_continues_with_the_same_optimizer():
    once, twice = unrolled(), unrolled()
    whole = trained(once, epochs=4)
    trained(twice, epochs=2)
    again = fit(twice, epochs=2)
    assert again.history["loss"] == pytest.approx(whole.history["loss"][2:], abs=1e-4)
    assert int(twice.optimizer.iterations) == 4


def test_loss_and_accuracy_are_evaluated_over_all_steps():
    graph = unrolled()
    history = trained(graph)
    loss, accuracy = graph.evaluate(*windows(), verbose=0)
    assert loss < history.history["loss"][-1] < history.history["loss"][0]
    assert 0 <= accuracy <= 1


def test_the_unrolled_model_is_saved_as_a_plain_keras_model(tmp_path):
    graph = unrolled()
    graph.save(tmp_path / "graph.keras")
    loaded = load_keras().models.load_model(tmp_path / "graph.keras")
    assert type(loaded).__module__.startswith("keras")
    x, _ = windows()
    for one, other in zip(loaded(x), graph(x), strict=True):
        assert np.asarray(one) == pytest.approx(np.asarray(other), abs=1e-6)


def two_dense_layers():
    x = load_keras().Input((N_VALUES,))
    hidden = load_keras().layers.Dense(4)(x)
    return [x], [
        load_keras().layers.Dense(N_VALUES, activation="softmax")(hidden) for _ in range(2)
    ]


def last_state_only():
    """A graph with a mistake that students make: every output reads the state after the first
    step."""
    lstm = load_keras().layers.LSTM(UNITS, return_state=True)
    dense = load_keras().layers.Dense(N_VALUES, activation="softmax")
    X, a0, c0 = (
        load_keras().Input((TX, N_VALUES)),
        load_keras().Input((UNITS,)),
        load_keras().Input((UNITS,)),
    )
    a, _, _ = lstm(X[:, :1], initial_state=[a0, c0])
    return [X, a0, c0], [dense(a) for _ in range(TX)]


@pytest.mark.parametrize("build", [two_dense_layers, last_state_only])
def test_a_graph_that_is_not_an_unrolled_lstm_is_trained_by_keras(build):
    from djmodel.model.unrolled import UnrolledModel, as_scan

    graph = UnrolledModel(*build())
    assert as_scan(graph) is None
    graph.compile("adam", "categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    x = [np.ones((M, *tensor.shape[1:]), dtype=np.float32) for tensor in graph.inputs]
    y = [np.eye(N_VALUES, dtype=np.float32)[:M] for _ in graph.outputs]
    before = weights(graph)
    history = graph.fit(x, y, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    assert (weights(graph) != before).any()


def test_batches_validation_data_and_callbacks_are_as_in_keras():
    ours, built = unrolled(), unrolled()
    theirs = load_keras().Model(built.inputs, built.outputs)
    losses = ["categorical_crossentropy"] * TX
    theirs.compile(load_keras().optimizers.Adam(0.02), loss=losses, run_eagerly=True)
    stop = load_keras().callbacks.EarlyStopping(monitor="loss", min_delta=1e9, patience=2)
    settings = {"batch_size": 4, "validation_data": windows(), "callbacks": [stop]}
    history = trained(ours, epochs=9, **settings).history
    expected = fit(theirs, 9, **settings).history
    assert len(history["loss"]) == len(expected["loss"]) == 3
    for name in ("loss", "val_loss"):
        assert history[name] == pytest.approx(expected[name], rel=1e-4)


def test_batches_are_shuffled_anew_each_epoch_and_a_seed_repeats_them():
    x, y = windows()

    def shuffled():
        load_keras().utils.set_random_seed(3)
        graph = unrolled()
        trained(graph, epochs=0)
        return graph.fit(x, y, epochs=2, batch_size=2, verbose=0).history["loss"], weights(graph)

    (one, first), (two, second) = shuffled(), shuffled()
    assert one == two
    assert (first == second).all()

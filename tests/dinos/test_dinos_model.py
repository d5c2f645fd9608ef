"""The Keras graphs: equal to the network by hand, blind to padding, on shared layers."""

import os

import numpy as np
import pytest

from dinos import minimal
from dinos.lesson import (
    Lesson,
    learn,
    log_probabilities,
    mean_loss,
)
from dinos.model import one_step_graph, padded, shared_layers, training_graph
from dinos.names import Names
from seqmodel.backend import load_keras
from seqmodel.errors import InputError
from seqmodel.graphlearner import GraphLearner
from seqmodel.layers import weights_of
from seqmodel.windows import NOTHING

by_tensorflow = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow",
    reason="TensorFlow takes the gradients",
)
N_VALUES = 5
N_A = 7
# Lengths 3, 1, 5, each with its newline, 0.
ROWS = [np.array(row, dtype=np.int32) for row in ([1, 2, 3, 0], [4, 0], [2, 2, 4, 1, 3, 0])]


def far_from_zero(layers):
    rng = np.random.default_rng(0)
    for weight in (*layers.cell.weights, *layers.densor.weights):
        weight.assign(rng.normal(size=weight.shape, scale=0.7))


def built(cell, dtype="float32"):
    layers = shared_layers(N_VALUES, N_A, cell, seed=1, dtype=dtype)
    graph = training_graph(layers)
    far_from_zero(layers)
    return layers, graph


def one_hot(inputs, dtype="float32"):
    return (inputs[..., None] == np.arange(N_VALUES)).astype(dtype)


def batch(rows):
    inputs, labels, mask = padded(rows)
    return inputs, np.where(mask, labels, NOTHING)


def outputs_of(graph, rows):
    inputs, _, mask = padded(rows)
    return [np.array(output) for output in graph([one_hot(inputs), mask])]


def test_inputs_are_the_labels_one_step_behind():
    inputs, labels, mask = padded(ROWS[:2])
    assert inputs.tolist() == [[-1, 1, 2, 3], [-1, 4, -1, -1]]  # -1: the zero vector
    assert labels.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0]]
    assert mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert one_hot(inputs)[0, 0].tolist() == [0] * N_VALUES


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_padded_batch_is_the_names_one_by_one(cell):
    layers, graph = built(cell)
    together = outputs_of(graph, ROWS)
    one_by_one = []
    for number, row in enumerate(ROWS):
        alone = outputs_of(graph, [row])
        assert np.abs(together[0][number, : len(row)] - alone[0][0]).max() < 1e-6
        for state, state_alone in zip(together[1:], alone[1:], strict=True):
            assert np.abs(state[number] - state_alone[0]).max() < 1e-6
        one_by_one += list(-np.log(alone[0][0, np.arange(len(row)), row]))
    weights = weights_of(layers.cell, layers.densor)
    assert mean_loss(weights, ROWS) == pytest.approx(np.mean(one_by_one), rel=1e-5)
    reached = GraphLearner(graph).step(*batch(ROWS), learning_rate=0.1)
    assert reached.loss == pytest.approx(np.sum(one_by_one), rel=1e-5)
    assert reached.labels == len(one_by_one)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_step_by_step_is_the_training_graph(cell):
    layers, graph = built(cell)
    step = one_step_graph(layers)
    probabilities, *last = outputs_of(graph, ROWS[2:])
    inputs, _, _ = padded(ROWS[2:])
    state = [np.zeros((1, N_A), dtype=np.float32)] * len(last)
    for t in range(inputs.shape[1]):
        now, *state = (np.array(o) for o in step([one_hot(inputs[:, t : t + 1]), *state]))
        assert np.abs(now - probabilities[:, t]).max() < 1e-6
    for one, other in zip(state, last, strict=True):
        assert np.abs(one - other).max() < 1e-6


def test_what_the_training_graph_learns_the_one_step_graph_knows():
    layers, graph = built("rnn")
    step = one_step_graph(layers)
    x, a0 = np.zeros((1, 1, N_VALUES), np.float32), np.zeros((1, N_A), np.float32)
    before = np.array(step([x, a0])[0])
    GraphLearner(graph).step(*batch(ROWS), learning_rate=0.1)
    assert np.abs(np.array(step([x, a0])[0]) - before).max() > 1e-5
    assert {id(layer) for layer in (layers.cell, layers.densor)} <= {
        id(layer) for layer in step.layers
    }


@pytest.mark.parametrize("row", ROWS, ids=len)
@by_tensorflow
def test_loss_and_gradients_are_those_of_the_network_by_hand(row):
    """One name, equal weights, float64."""
    tf = pytest.importorskip("tensorflow")
    layers, graph = built("rnn", "float64")
    kernel, recurrent, bias = (w.numpy() for w in layers.cell.weights)
    dense, dense_bias = (w.numpy() for w in layers.densor.weights)
    parameters = {
        "Wax": kernel.T.copy(),
        "Waa": recurrent.T.copy(),
        "Wya": dense.T.copy(),
        "b": bias[:, None].copy(),
        "by": dense_bias[:, None].copy(),
    }
    X, Y = [None, *row[:-1].tolist()], row.tolist()
    loss, cache = minimal.rnn_forward(X, Y, np.zeros((N_A, 1)), parameters)
    gradients, a = minimal.rnn_backward(X, Y, parameters, cache)

    inputs, labels, mask = padded([row])
    sums = load_keras().losses.SparseCategoricalCrossentropy(reduction="sum", dtype="float64")
    with tf.GradientTape() as tape:
        probabilities, state = graph([one_hot(inputs, "float64"), mask])
        keras_loss = sums(labels, probabilities, sample_weight=mask.astype("float64"))
    variables = [*layers.cell.weights, *layers.densor.weights]
    slopes = [g.numpy() for g in tape.gradient(keras_loss, [v.value for v in variables])]

    assert float(keras_loss) == pytest.approx(loss, abs=1e-5)
    assert np.abs(np.array(state).T - a[len(X) - 1]).max() < 1e-5
    by_hand = [gradients[name] for name in ("dWax", "dWaa", "db", "dWya", "dby")]
    for slope, expected in zip(slopes, by_hand, strict=True):
        assert np.abs(slope.reshape(expected.T.shape) - expected.T).max() < 1e-5
        assert np.abs(expected).max() > 1e-3  # there is something to compare


def test_numpy_gives_the_probabilities_of_keras():
    layers, graph = built("gru")
    probabilities = outputs_of(graph, ROWS)[0]
    found = log_probabilities(weights_of(layers.cell, layers.densor), ROWS)
    for number, row in enumerate(ROWS):
        expected = np.log(probabilities[number, np.arange(len(row)), row])
        assert np.abs(found[number] - expected).max() < 1e-5


def test_the_default_has_fifty_units_and_tanh():
    layers = shared_layers(27)
    graph = training_graph(layers)
    # kernel 27 * 50, recurrent 50 * 50, bias 50; Dense 50 * 27 + 27
    assert graph.count_params() == 27 * 50 + 50 * 50 + 50 + 50 * 27 + 27
    assert layers.cell.cell.activation.__name__ == "tanh"


def test_learning_lowers_the_loss_repeats_with_the_seed_and_reports():
    names = Names(tuple(f"{a}{b}saur" for a in "abcdef" for b in "aeiou"))
    seen = []
    lesson = Lesson(n_a=10, epochs=15, batch_size=8, learning_rate=0.02, made_up=8)
    trained = learn(names, lesson, progress=lambda epoch, model: seen.append((epoch, model)))
    assert [epoch.number for epoch, _ in seen] == list(range(1, 16))
    assert trained.history[-1].loss < trained.history[0].loss / 2
    assert trained.history[-1].held_out < np.log(9)  # better than guessing among 9 characters
    assert len(trained.split.held_out) == 3
    assert set(trained.model.extra["training"]) == set(trained.split.training)
    again = learn(names, lesson)
    assert again.model.settings["held_out_loss"] == trained.model.settings["held_out_loss"]


def test_an_unknown_cell():
    with pytest.raises(InputError, match="expected --cell rnn, gru or lstm, found `gnu`"):
        Lesson(cell="gnu")


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_arrays_and_keras_learn_the_same_from_the_same_names(cell):
    names = Names(("ab", "abaab", "b", "babba", "aaab", "bb", "abab", "ba", "bbbba", "aba"))
    lesson = Lesson(cell=cell, n_a=6, batch_size=4, made_up=3, epochs=3)
    one, other = (learn(names, lesson, engine=engine) for engine in ("arrays", "keras"))
    assert [e.loss for e in one.history] == pytest.approx([e.loss for e in other.history], abs=1e-5)
    for ours, theirs in zip(one.model.weights.arrays, other.model.weights.arrays, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5
    assert one.history[-1].loss < one.history[0].loss

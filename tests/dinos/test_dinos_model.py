"""The Keras graphs: equal to the NumPy network, independent of padding, on shared layers."""

import os

import numpy as np
import pytest
from helpers.one_step_graph import one_step_graph

from dinos import minimal
from dinos.model import padded, shared_layers, training_graph
from dinos.names import END, Names
from dinos.ngram_features import n_inputs, name_automaton, with_ngrams
from dinos.training import (
    TrainingConfig,
    fit,
    log_probabilities,
    mean_loss,
)
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING, multi_hot
from seqmodel.errors import InputError
from seqmodel.network.keras_layers import extract_weights, load_keras
from seqmodel.training.keras_trainer import KerasTrainer

pytestmark = pytest.mark.usefixtures("uncompiled_keras")
by_tensorflow = pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow",
    reason="TensorFlow takes the gradients",
)
N_VALUES = 5
N_A = 7
# Lengths 3, 1, 5, each with its newline, 0.
ROWS = [np.array(row, dtype=np.int32) for row in ([1, 2, 3, 0], [4, 0], [2, 2, 4, 1, 3, 0])]
KNOWN = Vocabulary((END, *"abcd"), N_VALUES)
# The inputs of a cell: characters alone, as in the course, or with the n-grams of a list.
READS = {
    "characters": name_automaton(KNOWN),
    "n-grams": name_automaton(KNOWN, [*ROWS, *ROWS[1:], np.array([2, 3, 4, 1, 3, 0])], 3),
}


def far_from_zero(layers):
    rng = np.random.default_rng(0)
    for weight in (*layers.cell.weights, *layers.densor.weights):
        weight.assign(rng.normal(size=weight.shape, scale=0.7))


def built(cell, dtype="float32", reads="characters"):
    layers = shared_layers(N_VALUES, N_A, cell, seed=1, dtype=dtype)
    graph = training_graph(layers, n_inputs(READS[reads]) - N_VALUES)
    far_from_zero(layers)
    return layers, graph


def one_hot(inputs, dtype="float32"):
    return (inputs[..., None] == np.arange(N_VALUES)).astype(dtype)


def vectors(inputs, reads):
    """`inputs (m, T)` as the graphs read them."""
    automaton = READS[reads]
    return multi_hot(with_ngrams(automaton, inputs), n_inputs(automaton))


def batch(rows, reads="characters"):
    inputs, labels, mask = padded(rows)
    return with_ngrams(READS[reads], inputs), np.where(mask, labels, PADDING)


def outputs_of(graph, rows, reads="characters"):
    inputs, _, mask = padded(rows)
    return [np.array(output) for output in graph([vectors(inputs, reads), mask])]


def test_inputs_are_the_labels_one_step_behind():
    inputs, labels, mask = padded(ROWS[:2])
    assert inputs.tolist() == [[-1, 1, 2, 3], [-1, 4, -1, -1]]  # -1: the zero vector
    assert labels.tolist() == [[1, 2, 3, 0], [4, 0, 0, 0]]
    assert mask.tolist() == [[True] * 4, [True, True, False, False]]
    assert one_hot(inputs)[0, 0].tolist() == [0] * N_VALUES


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_padded_batch_is_the_names_one_by_one(cell, reads):
    layers, graph = built(cell, reads=reads)
    together = outputs_of(graph, ROWS, reads)
    one_by_one = []
    for number, row in enumerate(ROWS):
        alone = outputs_of(graph, [row], reads)
        assert np.abs(together[0][number, : len(row)] - alone[0][0]).max() < 1e-6
        for state, state_alone in zip(together[1:], alone[1:], strict=True):
            assert np.abs(state[number] - state_alone[0]).max() < 1e-6
        one_by_one += list(-np.log(alone[0][0, np.arange(len(row)), row]))
    weights = extract_weights([layers.cell, layers.densor])
    assert mean_loss(weights, ROWS, READS[reads]) == pytest.approx(np.mean(one_by_one), rel=1e-5)
    reached = KerasTrainer(graph).step(*batch(ROWS, reads), learning_rate=0.1)
    assert reached.loss == pytest.approx(np.sum(one_by_one), rel=1e-5)
    assert reached.n_labels == len(one_by_one)


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_one_step_graph_equals_the_training_graph(cell, reads):
    layers, graph = built(cell, reads=reads)
    step = one_step_graph(layers, n_inputs(READS[reads]) - N_VALUES)
    probabilities, *last = outputs_of(graph, ROWS[2:], reads)
    inputs, _, _ = padded(ROWS[2:])
    state = [np.zeros((1, N_A), dtype=np.float32)] * len(last)
    read = vectors(inputs, reads)
    for t in range(inputs.shape[1]):
        now, *state = (np.array(o) for o in step([read[:, t : t + 1], *state]))
        assert np.abs(now - probabilities[:, t]).max() < 1e-6
    for one, other in zip(state, last, strict=True):
        assert np.abs(one - other).max() < 1e-6


def test_the_one_step_graph_shares_the_trained_weights():
    layers, graph = built("rnn")
    step = one_step_graph(layers)
    x, a0 = np.zeros((1, 1, N_VALUES), np.float32), np.zeros((1, N_A), np.float32)
    before = np.array(step([x, a0])[0])
    KerasTrainer(graph).step(*batch(ROWS), learning_rate=0.1)
    assert np.abs(np.array(step([x, a0])[0]) - before).max() > 1e-5
    assert {id(layer) for layer in (layers.cell, layers.densor)} <= {
        id(layer) for layer in step.layers
    }


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("row", ROWS, ids=len)
@by_tensorflow
def test_loss_and_gradients_equal_those_of_the_numpy_network(row, reads):
    """One name, equal weights, float64. By hand a character with its n-grams is a column of several
    ones."""
    tf = pytest.importorskip("tensorflow")
    layers, graph = built("rnn", "float64", reads)
    kernel, recurrent, bias = (w.numpy() for w in layers.cell.weights)
    dense, dense_bias = (w.numpy() for w in layers.densor.weights)
    parameters = {
        "Wax": kernel.T.copy(),
        "Waa": recurrent.T.copy(),
        "Wya": dense.T.copy(),
        "b": bias[:, None].copy(),
        "by": dense_bias[:, None].copy(),
    }
    inputs, labels, mask = padded([row])
    read = with_ngrams(READS[reads], inputs).reshape(len(row), -1)
    X, Y = [[int(i) for i in ones if i != PADDING] or None for ones in read], row.tolist()
    loss, cache = minimal.rnn_forward(X, Y, np.zeros((N_A, 1)), parameters)
    gradients, a = minimal.rnn_backward(X, Y, parameters, cache)

    sums = load_keras().losses.SparseCategoricalCrossentropy(reduction="sum", dtype="float64")
    with tf.GradientTape() as tape:
        probabilities, state = graph([vectors(inputs, reads).astype("float64"), mask])
        keras_loss = sums(labels, probabilities, sample_weight=mask.astype("float64"))
    variables = [*layers.cell.weights, *layers.densor.weights]
    slopes = [g.numpy() for g in tape.gradient(keras_loss, [v.value for v in variables])]

    assert float(keras_loss) == pytest.approx(loss, abs=1e-5)
    assert np.abs(np.array(state).T - a[len(X) - 1]).max() < 1e-5
    by_hand = [gradients[name] for name in ("dWax", "dWaa", "db", "dWya", "dby")]
    for slope, expected in zip(slopes, by_hand, strict=True):
        assert np.abs(slope.reshape(expected.T.shape) - expected.T).max() < 1e-5
        assert np.abs(expected).max() > 1e-3  # there is something to compare


@pytest.mark.parametrize("reads", READS)
def test_numpy_gives_the_probabilities_of_keras(reads):
    layers, graph = built("gru", reads=reads)
    probabilities = outputs_of(graph, ROWS, reads)[0]
    found = log_probabilities(extract_weights([layers.cell, layers.densor]), ROWS, READS[reads])
    for number, row in enumerate(ROWS):
        expected = np.log(probabilities[number, np.arange(len(row)), row])
        assert np.abs(found[number] - expected).max() < 1e-5


def test_weights_trained_with_ngram_features_need_their_automaton():
    layers, _ = built("rnn", reads="n-grams")
    with pytest.raises(ValueError, match="automaton"):
        mean_loss(extract_weights([layers.cell, layers.densor]), ROWS)


def test_the_test_names_contain_known_ngrams():
    """The tests above do compare n-gram features."""
    assert n_inputs(READS["n-grams"]) > N_VALUES
    read = with_ngrams(READS["n-grams"], padded(ROWS)[0])
    assert (read[..., 1] >= N_VALUES).any()
    assert (read[..., 2] >= N_VALUES).any()


def test_the_default_has_fifty_units_and_tanh():
    layers = shared_layers(27)
    graph = training_graph(layers)
    # kernel 27 * 50, recurrent 50 * 50, bias 50; Dense 50 * 27 + 27
    assert graph.count_params() == 27 * 50 + 50 * 50 + 50 + 50 * 27 + 27
    assert layers.cell.cell.activation.__name__ == "tanh"


def test_training_lowers_the_loss_repeats_with_the_seed_and_reports_progress():
    names = Names(tuple(f"{a}{b}saur" for a in "abcdef" for b in "aeiou"))
    seen = []
    config = TrainingConfig(n_a=10, epochs=15, batch_size=8, learning_rate=0.02, n_augmented=8)
    trained = fit(names, config, progress=lambda epoch, model: seen.append((epoch, model)))
    assert [epoch.number for epoch, _ in seen] == list(range(1, 16))
    assert trained.history[-1].loss < trained.history[0].loss / 2
    assert trained.history[-1].validation_loss < np.log(
        9
    )  # better than guessing among 9 characters
    assert len(trained.split.held_out) == 3
    assert set(trained.model.content.training) == set(trained.split.training)
    again = fit(names, config)
    assert again.model.content.held_out_loss == trained.model.content.held_out_loss


def test_a_context_of_one_has_the_courses_parameters_and_a_longer_one_a_lower_loss():
    names = Names(tuple(f"{a}{b}saur{c}" for a in "abcdef" for b in "aeiou" for c in ("", "us")))
    settings = {"n_a": 4, "epochs": 8, "batch_size": 8, "n_augmented": 0}
    one, four = (fit(names, TrainingConfig(context=context, **settings)) for context in (1, 4))
    V = one.model.vocabulary.size
    assert one.model.weights.n_parameters == V * 4 + 4 * 4 + 4 + 4 * V + V
    assert four.model.weights.n_inputs > V
    assert four.history[-1].validation_loss < one.history[-1].validation_loss - 0.1
    assert (one.model.content.config.context, four.model.content.config.context) == (1, 4)


@pytest.mark.parametrize(
    "settings", [{}, {"n_augmented": 0}, {"n_augmented": 500}, {"cell": "lstm"}]
)
def test_the_default_number_of_epochs_bounds_the_characters_trained_on(settings):
    """About 2 million characters by default."""
    names = [
        f"{a}{b}{c}saur" for a in "abcdefghij" for b in "aeiou" for c in "abcdefghijklmnopqrst"
    ]
    epochs, n_augmented = TrainingConfig(**settings).resolve_defaults(names)
    characters = epochs * (len(names) + n_augmented) * 8
    assert 1.9e6 < characters <= 2.4e6
    assert TrainingConfig(**settings).n_augmented in (None, n_augmented)
    assert TrainingConfig(epochs=7, **settings).resolve_defaults(names) == (7, n_augmented)


def test_a_context_of_zero_characters_is_refused():
    with pytest.raises(InputError, match="context must be at least 1 and at most 20, not 0"):
        TrainingConfig(context=0)


def test_an_unknown_cell_is_refused():
    with pytest.raises(InputError, match="cell must be rnn, gru or lstm, not 'gnu'"):
        TrainingConfig(cell="gnu")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_numpy_and_keras_train_to_the_same_weights(cell):
    names = Names(("ab", "abaab", "b", "babba", "aaab", "bb", "abab", "ba", "bbbba", "aba"))
    config = TrainingConfig(cell=cell, n_a=6, batch_size=4, n_augmented=3, epochs=3)
    one, other = (fit(names, config, engine=engine) for engine in ("numpy", "keras"))
    assert [e.loss for e in one.history] == pytest.approx([e.loss for e in other.history], abs=1e-5)
    for ours, theirs in zip(one.model.weights.arrays, other.model.weights.arrays, strict=True):
        assert np.abs(ours - theirs).max() < 1e-5
    assert one.history[-1].loss < one.history[0].loss

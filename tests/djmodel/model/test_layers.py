"""Three graphs on the same layers."""

import numpy as np
import pytest
from helpers.reference_network import reference_log_probabilities

from djmodel.model.layers import djmodel, music_inference_model, shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.network.keras_layers import extract_weights, load_keras
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.sampler import sample

TX = 6


@pytest.fixture(scope="module")
def layers():
    """Layers with weights that are far from zero and from each other."""
    made = shared_layers(seed=1)
    scanning_model(made.LSTM_cell, made.densor)
    rng = np.random.default_rng(0)
    for weight in (*made.LSTM_cell.weights, *made.densor.weights):
        weight.assign(rng.normal(size=weight.shape, scale=0.7))
    return made


@pytest.fixture(scope="module")
def inputs():
    """X with a zero vector first, and states that are not zero."""
    rng = np.random.default_rng(1)
    X = np.eye(90, dtype=np.float32)[rng.integers(0, 90, (3, TX))]
    X[:, 0] = 0
    a0, c0 = rng.normal(size=(2, 3, 64)).astype(np.float32)
    return [X, a0, c0]


def outputs_of(graph, inputs):
    """The outputs of a graph, called once: `predict` would compile it first."""
    outputs = graph([np.asarray(array, dtype=np.float32) for array in inputs])
    return [np.asarray(o) for o in outputs] if isinstance(outputs, list) else np.asarray(outputs)


def test_the_courses_number_of_parameters(layers):
    # LSTM 4 * ((90 + 64) * 64 + 64) = 39,680; Dense 64 * 90 + 90 = 5,850
    for graph in (
        djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper),
        scanning_model(layers.LSTM_cell, layers.densor),
        music_inference_model(layers.LSTM_cell, layers.densor, Ty=3),
    ):
        assert graph.count_params() == 45_530


def test_unrolled_and_scanning_graphs_are_equal(layers, inputs):
    unrolled = djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)
    scan = scanning_model(layers.LSTM_cell, layers.densor)
    outputs = outputs_of(unrolled, inputs)
    assert [output.shape for output in outputs] == [(3, 90)] * TX
    scanned = outputs_of(scan, inputs)
    assert np.abs(np.stack(outputs, axis=1) - scanned).max() < 1e-5
    assert np.ptp(scanned) > 0.1  # not all the same


def test_the_inference_graph_feeds_back_its_most_likely_value(layers, inputs):
    X, a0, c0 = inputs
    scan = scanning_model(layers.LSTM_cell, layers.densor)
    inference = music_inference_model(layers.LSTM_cell, layers.densor, Ty=TX)
    outputs = np.stack(outputs_of(inference, [X[:, :1], a0, c0]), axis=1)
    # teacher forcing with the graph's own choices must give the same probabilities
    fed = np.zeros_like(X)
    fed[:, 0] = X[:, 0]
    fed[:, 1:] = np.eye(90)[outputs.argmax(axis=-1)[:, :-1]]
    assert np.abs(outputs_of(scan, [fed, a0, c0]) - outputs).max() < 1e-5


def test_the_numpy_forward_pass_equals_the_graph(layers, inputs):
    X, a0, c0 = inputs
    weights = extract_weights([layers.LSTM_cell, layers.densor])
    scanned = outputs_of(scanning_model(layers.LSTM_cell, layers.densor), inputs)
    expected = np.exp(reference_log_probabilities(weights, X, (a0, c0)))
    assert np.abs(expected - scanned).max() < 1e-5


def test_greedy_sampling_equals_the_inference_graph_value_by_value(layers):
    inference = music_inference_model(layers.LSTM_cell, layers.densor, Ty=20)
    zeros = [np.zeros((1, 1, 90)), np.zeros((1, 64)), np.zeros((1, 64))]
    graphs = [int(output.argmax()) for output in outputs_of(inference, zeros)]
    drawn = sample(
        extract_weights([layers.LSTM_cell, layers.densor]),
        Automaton.free(90, 90),
        SamplingConfig(greedy=True),
        np.random.default_rng(0),
        max_length=20,
    )
    assert drawn.symbols[0].tolist() == graphs
    assert len(set(graphs)) > 1


def test_a_step_of_training_changes_what_the_inference_graph_gives(inputs):
    keras = load_keras()
    layers = shared_layers(seed=2)
    unrolled = djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)
    inference = music_inference_model(layers.LSTM_cell, layers.densor, Ty=3)
    first = [inputs[0][:, :1], *inputs[1:]]
    before = outputs_of(inference, first)
    unrolled.compile(keras.optimizers.Adam(0.01), loss="categorical_crossentropy", run_eagerly=True)
    labels = list(np.eye(90)[np.zeros((TX, 3), dtype=int)])
    unrolled.fit(inputs, labels, epochs=1, verbose=0)
    after = outputs_of(inference, first)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(after, before, strict=True))


def test_the_seed_decides_the_initial_weights():
    def kernel(seed):
        made = shared_layers(n_values=5, n_a=4, seed=seed)
        scanning_model(made.LSTM_cell, made.densor)
        return made.LSTM_cell.get_weights()[0]

    assert (kernel(1) == kernel(1)).all()
    assert (kernel(1) != kernel(2)).any()

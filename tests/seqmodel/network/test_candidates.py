"""Candidate features: what symbols share by context, in NumPy and in Keras."""

import numpy as np
import pytest

from djmodel.model.layers import shared_layers
from djmodel.model.scan import scanning_model
from seqmodel.data.windows import PADDING, windows_of_labels
from seqmodel.network.candidates import CandidateViews, View
from seqmodel.network.forward import batch_log_probabilities, log_distributions
from seqmodel.network.keras_layers import extract_weights, load_keras
from seqmodel.training.keras_trainer import KerasTrainer
from seqmodel.training.numpy_trainer import NumpyTrainer

# Seven symbols, steps of a scale; 0 is a rest. The context of the first view is the degree of the
# last note (3 of them), that of the second one of 2 registers, in which no symbol, or two, count.
V = 7
DEGREES = View(0, V, np.array([[-1, 0, 1, 2, 0, 1, 2], [-1, 1, 2, 0, 1, 2, 0], [-1] * 7], np.int32))
REGISTERS = View(1, V + 3, np.array([[0, 0, -1, 1, -1, -1, -1], [-1] * 6 + [0]], np.int32))
VIEWS = CandidateViews([DEGREES, REGISTERS], V)
N_CONDITIONING = 5


def graph(seed=1):
    layers = shared_layers(V, 6, seed, VIEWS)
    return scanning_model(layers.LSTM_cell, layers.densor, N_CONDITIONING, VIEWS)


def batch(m=4, T=5, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, V, (m, T)).astype(np.int32)
    features = np.stack([rng.integers(V, V + 3, (m, T)), rng.integers(V + 3, V + 5, (m, T))], -1)
    features[0, 2, 1] = PADDING  # a step at which the register is not known
    return windows_of_labels(labels, features.astype(np.int32))


def test_symbols_that_lead_to_one_degree_share_its_score():
    scores = np.arange(V + 5 + 1, dtype=np.float32)[:, None]
    scores[-1] = 0
    # From the second degree (context 1), symbol 3 leads to degree 0, symbol 1 to degree 1.
    logits = VIEWS.logits(scores, np.array([[V + 1], [PADDING]]))[:, 0]
    degree = scores[V : V + 3, 0]
    assert logits[0] == 0  # a rest has no degree
    assert logits[3] == 3 + degree[0]
    assert logits[1] == 1 + degree[1]
    assert logits[6] - logits[3] == 3  # both lead to degree 0


def test_the_gradient_of_a_score_is_the_sum_over_its_symbols():
    d_logits = np.arange(V, dtype=np.float32)[:, None]
    out = np.empty((V + 5, 1), np.float32)
    VIEWS.gradients(d_logits, np.array([[V], [V + 4]]), out)
    assert out[:, 0].tolist() == [0, 1, 2, 3, 4, 5, 6, 1 + 4, 2 + 5, 3 + 6, 6, 0]


@pytest.mark.usefixtures("uncompiled_keras")
def test_numpy_and_keras_train_views_to_the_same_weights():
    ours = NumpyTrainer(extract_weights(graph(), VIEWS))
    keras = KerasTrainer(graph(), views=VIEWS)
    for step in range(5):
        losses = [trainer.step(*batch(seed=step), 0.01).loss for trainer in (ours, keras)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    for found, expected in zip(ours.weights().arrays, keras.weights().arrays, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_one_sequence_and_many_have_the_same_probabilities():
    weights = extract_weights(graph(), VIEWS)
    inputs, labels = batch()
    together = batch_log_probabilities(weights, inputs, labels)
    for row, (features, sequence) in enumerate(zip(inputs[..., 1:], labels, strict=True)):
        distributions = log_distributions(weights, sequence.tolist(), features)
        np.testing.assert_allclose(np.exp(distributions).sum(axis=1), 1, atol=1e-5)
        alone = distributions[np.arange(len(sequence)), sequence]
        np.testing.assert_allclose(alone, together[row], atol=1e-5)


def test_a_keras_file_with_views_is_read_by_keras_alone(tmp_path):
    model = graph()
    model.save(tmp_path / "views.keras")
    loaded = load_keras().models.load_model(tmp_path / "views.keras")
    X = np.zeros((2, 3, V + N_CONDITIONING), np.float32)
    X[:, :, [2, V + 1, V + 3]] = 1
    inputs = [X, *np.zeros((2, 2, 6), np.float32)]
    np.testing.assert_allclose(loaded(inputs), model(inputs), atol=1e-6)

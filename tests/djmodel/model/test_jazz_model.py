"""A model in the grammar of jazz, trained for a moment on a written-out blues."""

from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pytest
from helpers.handmade_tunes import blues

from djmodel.evaluation.copying import VALUES, CopyDetector
from djmodel.evaluation.perplexity import evaluate
from djmodel.model.improvise import improvise
from djmodel.model.model_file import load
from djmodel.model.training import fit
from djmodel.model.training_data import TrainingData
from djmodel.presets import PRESETS
from djmodel.values import views
from seqmodel.data.windows import PADDING
from seqmodel.errors import ModelFileError
from seqmodel.network.keras_layers import extract_weights, load_keras
from seqmodel.settings import with_settings

CONFIG = with_settings(PRESETS["jazz"], n_a=8, n_values=64, tx=32, epochs=2, batch_size=8, m=8)


def another_blues():
    return replace(blues().transposed(2), title="another", performer="Ida", feel="swing")


@pytest.fixture(scope="module")
def trained():
    return fit([blues(), another_blues()], CONFIG, held_out=[replace(blues(), performer="Eve")])


def test_a_model_file_keeps_all_that_its_solos_depend_on(trained, tmp_path):
    trained.save(tmp_path / "jazz.keras")
    loaded = load(tmp_path / "jazz.keras")
    assert loaded.config == trained.model.config
    assert loaded.registers == trained.model.registers
    for kept, array in zip(loaded.weights.arrays, trained.model.weights.arrays, strict=True):
        assert np.array_equal(kept, array)
        assert np.array_equal(array.astype(np.float16), array)  # stored in 16 bits
    here, there = (improvise(m, m.changes[1], seed=4, count=2) for m in (trained.model, loaded))
    assert here == there


def test_a_model_of_an_earlier_version_with_fewer_views_is_refused(trained, tmp_path, monkeypatch):
    trained.save(tmp_path / "jazz.keras")
    monkeypatch.setattr(views, "VIEWS", views.VIEWS[:3])
    with pytest.raises(ModelFileError, match="trained by an earlier one; train it again"):
        load(tmp_path / "jazz.keras")


def test_keras_opens_a_file_that_is_not_compact_with_the_same_weights(tmp_path):
    trained = fit([blues(), another_blues()], with_settings(CONFIG, epochs=1, compact=False))
    trained.save(tmp_path / "jazz.keras")
    graph = load_keras().models.load_model(tmp_path / "jazz.keras")
    weights = extract_weights(graph, trained.model.weights.views)
    for kept, array in zip(weights.arrays, trained.model.weights.arrays, strict=True):
        assert np.array_equal(kept, array)


def test_a_compact_file_has_no_copy_for_keras(trained, tmp_path):
    trained.save(tmp_path / "jazz.keras")
    with ZipFile(tmp_path / "jazz.keras") as file:
        assert "config.json" not in file.namelist()


def test_perplexity_is_given_per_value_and_per_note(trained):
    found = evaluate(trained.model, [blues()])
    assert found.model.notes == len(blues().melody_notes()) < found.model.values
    nats = found.model.values * found.model.cross_entropy
    assert found.model.nats_per_note == pytest.approx(nats / found.model.notes)
    assert set(found.ngrams) == {1, 2, 3, 4, 5, 6}


def test_a_short_tune_is_a_window_filled_up_with_padding():
    long = with_settings(CONFIG, tx=500, m=2)
    [(_, labels)] = TrainingData.of_tunes([blues(), another_blues()], long, {}).batches.epoch(0)
    n = sum(len(bar) for bar in TrainingData.of_tunes([blues()], long, {}).encoded.bars[0])
    assert labels.shape == (2, 1000)
    assert (np.count_nonzero(labels >= 0, axis=1) == 2 * n).all()


def test_what_is_known_of_the_performance_is_hidden_from_some_windows():
    windows = {
        share: TrainingData.of_tunes(
            [another_blues()], with_settings(CONFIG, unknown=share, m=200, batch_size=200), {}
        )
        for share in (0.0, 0.3)
    }
    hidden = {}
    for share, data in windows.items():
        [(inputs, _)] = data.batches.epoch(0)
        player = data.conditioning.place("player")
        unknown = 64 + data.conditioning.offset("player")
        hidden[share] = float((inputs[:, :, 1 + player] == unknown).mean())
    assert hidden[0.0] == 0
    assert hidden[0.3] == pytest.approx(0.3, abs=0.1)


def test_copies_are_counted_in_values(trained):
    detector = CopyDetector.of(trained.model)
    copied = detector.copied(blues(), VALUES).longest
    assert copied.length == sum(len(bar) for bar in trained.model.encode_tune(blues()))
    for solo in improvise(trained.model, trained.model.changes[0], count=5, max_copy=3):
        assert detector.copied(solo, VALUES).longest.length <= 3


def test_a_share_of_the_features_is_hidden_in_training_and_they_count_less_after_it():
    config = replace(CONFIG, hidden=0.25, unknown=0.0, transpose=False)
    data = TrainingData.of_tunes([blues()], config, {})
    [(inputs, labels)] = data.batches.epoch(0)
    features = inputs[..., 1:][labels >= 0]
    assert np.mean(features == PADDING) == pytest.approx(0.25, abs=0.02)
    # While a quarter is hidden, the others are a third too loud for the whole.
    still = with_settings(config, learning_rate=1e-9, epochs=1, compact=False)
    shown, hidden = (fit([blues()], replace(still, hidden=p)).model.weights for p in (0.0, 0.25))
    V = shown.n_values
    np.testing.assert_allclose(hidden.kernel[:V], shown.kernel[:V], atol=1e-6)
    np.testing.assert_allclose(hidden.kernel[V:], 0.75 * shown.kernel[V:], atol=1e-6)

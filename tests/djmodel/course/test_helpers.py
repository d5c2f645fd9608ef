"""The helper functions of the course's notebook, with the project's own graphs."""

import numpy as np
import pytest
from music21 import converter

from djmodel.course import (
    Adam,
    a_initializer,
    c_initializer,
    djmodel,
    generate_music,
    load_music_utils,
    mid2wav,
    music_inference_model,
    one_hot,
    predict_and_sample,
    x_initializer,
)
from djmodel.course.helpers import Chords
from djmodel.model.layers import shared_layers
from seqmodel.network.keras_layers import load_keras


@pytest.fixture(scope="module")
def layers():
    reshaper, LSTM_cell, densor = shared_layers(90, 64, seed=1)
    return LSTM_cell, densor, reshaper


def test_windows_start_with_the_zero_vector_and_labels_are_one_step_ahead(rags):
    X, Y, n_values, indices_values, chords = load_music_utils(rags[3])
    assert (X.shape, Y.shape, n_values) == ((60, 30, 90), (30, 60, 90), 90)
    assert not X[:, 0].any()
    assert (Y[:-1].swapaxes(0, 1) == X[:, 1:]).all()
    assert (Y.sum(axis=-1) == 1).all()
    assert sorted(indices_values) == list(range(len(indices_values)))
    assert len(chords) == len(chords.tune.bars)


def test_the_courses_excerpt_has_its_eighteen_bars_and_the_chord_after_them(metheny):
    _, _, _, indices_values, chords = load_music_utils(metheny)
    assert len(chords) == 19
    assert 70 < len(indices_values) <= 90


def test_an_untrained_model_predicts_evenly_and_a_trained_one_almost_perfectly(metheny, layers):
    keras = load_keras()
    LSTM_cell, densor, reshaper = layers
    X, Y, *_ = load_music_utils(metheny)
    model = djmodel(Tx=30, LSTM_cell=LSTM_cell, densor=densor, reshaper=reshaper)
    assert model.count_params() == 45_530
    opt = Adam(lr=0.01, beta_1=0.9, beta_2=0.999, decay=0.01)
    model.compile(optimizer=opt, loss="categorical_crossentropy", metrics=["accuracy"])
    zeros = np.zeros((60, 64))
    history = model.fit([X, zeros, zeros], list(Y), epochs=60, verbose=0)
    losses = history.history["loss"]
    assert isinstance(model, keras.Model)
    assert losses[0] == pytest.approx(30 * np.log(90), rel=0.15)  # nats, over 30 steps
    assert losses[-1] < 30  # a nat per step; after 100 epochs about 8


def test_a_solo_is_written_as_midi_and_rendered(rags, layers, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    LSTM_cell, densor, _ = layers
    _, _, _, indices_values, chords = load_music_utils(rags[3])
    inference_model = music_inference_model(LSTM_cell, densor, Ty=3)
    results, indices = predict_and_sample(
        inference_model, x_initializer, a_initializer, c_initializer
    )
    assert (results.shape, indices.shape) == ((3, 90), (3, 1))
    assert (results.argmax(axis=1) == indices[:, 0]).all()
    opening = Chords(chords.tune.excerpt(1, 8))
    stream = generate_music(inference_model, indices_values, opening, seed=0)
    assert len(stream.recurse().notes) > 10
    midi = tmp_path / "output" / "my_music.midi"
    assert len(converter.parse(midi).parts) == 2
    mid2wav(str(midi))
    assert (tmp_path / "output" / "rendered.wav").stat().st_size > 1_000_000


def test_one_hot_of_a_prediction_is_the_next_input():
    x = np.array([[0.1, 0.7, 0.2]])
    assert np.asarray(one_hot(x)).tolist() == [[[0, 1, 0]]]

"""The notebook of the course, call by call."""

import mido
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
from seqmodel.network.keras_layers import load_keras


def play_the_notebook(file, epochs):
    """What a student's notebook does, with its own names and numbers; gives what it looks at."""
    keras = load_keras()
    X, Y, n_values, indices_values, chords = load_music_utils(file)
    n_a = 64
    LSTM_cell = keras.layers.LSTM(n_a, return_state=True)
    densor = keras.layers.Dense(n_values, activation="softmax")
    reshaper = keras.layers.Reshape((1, n_values))
    model = djmodel(Tx=30, LSTM_cell=LSTM_cell, densor=densor, reshaper=reshaper)
    opt = Adam(lr=0.01, beta_1=0.9, beta_2=0.999, decay=0.01)
    model.compile(optimizer=opt, loss="categorical_crossentropy", metrics=["accuracy"])
    m = 60
    a0 = np.zeros((m, n_a))
    c0 = np.zeros((m, n_a))
    history = model.fit([X, a0, c0], list(Y), epochs=epochs, verbose=0)
    inference_model = music_inference_model(LSTM_cell, densor, Ty=50)
    results, indices = predict_and_sample(
        inference_model, x_initializer, a_initializer, c_initializer
    )
    stream = generate_music(inference_model, indices_values, chords, seed=0)
    return X, Y, n_values, model, history, inference_model, results, indices, stream


def check(played):
    X, Y, n_values, model, history, inference_model, results, indices, stream = played
    assert X.shape == (60, 30, 90)
    assert Y.shape == (30, 60, 90)
    assert n_values == 90
    assert model.count_params() == inference_model.count_params() == 45_530
    # X begins with the zero vector; each label is the next input; every step is labelled
    assert not X[:, 0].any()
    assert (Y[:-1].swapaxes(0, 1) == X[:, 1:]).all()
    assert (Y.sum(axis=-1) == 1).all()
    losses = history.history["loss"]
    assert results.shape == (50, 90)
    assert indices.shape == (50, 1)
    assert (results.sum(axis=1) == 1).all()
    assert (results.argmax(axis=1) == indices[:, 0]).all()
    assert len(stream.recurse().notes) > 10
    return losses


def test_the_notebook_runs_on_the_courses_own_file(metheny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    losses = check(play_the_notebook(metheny, epochs=100))
    # an untrained model guesses among 90 values at each of 30 steps; in the end it nearly knows
    assert losses[0] == pytest.approx(30 * np.log(90), rel=0.15)
    assert losses[-1] < 30 * 0.5
    assert len(losses) == 100
    midi = tmp_path / "output" / "my_music.midi"
    assert mido.MidiFile(midi).length > 20
    assert len(converter.parse(midi).parts) == 2


def test_the_notebook_runs_on_a_rag(rags, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(play_the_notebook(rags[3], epochs=1))
    midi = tmp_path / "output" / "my_music.midi"
    notes = [m for m in mido.MidiFile(midi) if m.type == "note_on" and m.velocity]
    assert len(notes) > 100
    mid2wav(str(midi))
    assert (tmp_path / "output" / "rendered.wav").stat().st_size > 1_000_000


def test_one_hot_of_a_prediction_is_the_next_input():
    x = np.array([[0.1, 0.7, 0.2]])
    assert np.asarray(one_hot(x)).tolist() == [[[0, 1, 0]]]


def test_an_untrained_model_guesses_evenly(rags):
    # cross-entropy close to log(90) = 4.5 nats at each step
    keras = load_keras()
    X, Y, n_values, _, _ = load_music_utils(rags[0])
    model = djmodel(
        30,
        keras.layers.LSTM(64, return_state=True),
        keras.layers.Dense(n_values, activation="softmax"),
        keras.layers.Reshape((1, n_values)),
    )
    zeros = np.zeros((60, 64))
    predicted = np.stack(model.predict([X, zeros, zeros], verbose=0))
    entropy = -np.log((predicted * Y).sum(axis=-1)).mean()
    assert entropy == pytest.approx(np.log(90), rel=0.05)

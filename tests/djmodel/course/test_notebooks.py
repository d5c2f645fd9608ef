"""The course's jazz notebook, cell by cell, as students fill it in."""

import shutil
import sys

import matplotlib as mpl
import numpy as np
import pytest
from helpers.course_notebooks import (
    SLICED,
    V4_INFERENCE,
    WITH_LAMBDA,
    current_edition,
    older_edition,
    run,
)

mpl.use("agg")


@pytest.fixture
def notebook_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def with_the_courses_file(notebook_folder, metheny):
    (notebook_folder / "data").mkdir()
    shutil.copy(metheny, notebook_folder / "data" / "original_metheny.mid")
    return notebook_folder


def check(seen, folder, width=90, steps=50):
    losses = seen["history"].history["loss"]
    # an untrained model guesses among all values at each of 30 steps
    assert losses[0] == pytest.approx(30 * np.log(width), rel=0.2)
    assert losses[-1] < losses[0]
    assert seen["results"].shape == (steps, width)
    assert np.shape(seen["indices"]) == (steps, 1)
    assert (folder / "output" / "my_music.midi").stat().st_size > 500
    assert len(list(seen["out_stream"].recurse().notes)) > 10


def test_every_cell_of_the_current_edition_runs(with_the_courses_file, capsys):
    argmax, one_hot = "tf.math.argmax(out, axis=-1)", "tf.one_hot(x, depth=n_values)"
    seen = run(current_edition(SLICED, argmax, one_hot, epochs=2))
    check(seen, with_the_courses_file)
    said = capsys.readouterr().out
    assert "Number of chords 19" in said
    assert said.count("All tests passed!") == 2
    assert "data/30s_seq.wav is missing" in said
    assert seen["model"].count_params() == seen["inference_model"].count_params() == 45_530
    assert (with_the_courses_file / "output" / "rendered.wav").stat().st_size > 100_000


def test_graphs_with_lambda_layers_pass_the_unit_tests_of_the_current_edition(capsys):
    argmax, one_hot = "Lambda(lambda o: tf.argmax(o, -1))(out)", "tf.one_hot(x, n_values)"
    cells = current_edition(WITH_LAMBDA, argmax, one_hot, epochs=2)
    run([*cells[:1], *cells[3:8], *cells[13:16]])  # those that build and check the two graphs
    assert capsys.readouterr().out.count("All tests passed!") == 2


@pytest.mark.parametrize(
    ("argmax", "one_hot"),
    [
        ("tf.keras.backend.argmax(out)", "tf.keras.backend.one_hot(x, n_values)"),
        ("tf.argmax(input=out, axis=1)", "tf.one_hot(indices=x, depth=n_values)"),
        ("Lambda(lambda o: tf.argmax(o, -1))(out)", "Lambda(lambda i: tf.one_hot(i, 6))(x)"),
        ("Lambda(lambda o: tf.argmax(out, -1))(out)", "Lambda(lambda z: tf.one_hot(x, 6))(x)"),
    ],
    ids=["backend", "by name", "Lambda", "Lambda of the variable outside"],
)
def test_the_most_likely_value_is_fed_back_however_a_student_writes_it(argmax, one_hot):
    from djmodel.model.layers import music_inference_model

    cells = [
        "from djmodel.course import *",
        V4_INFERENCE.replace("ARGMAX", argmax).replace("ONE_HOT", one_hot),
        "LSTM_cell, densor = LSTM(4, return_state=True), Dense(6, activation='softmax')",
        "model = music_inference_model(LSTM_cell, densor, Ty=5)",
    ]
    seen = run(cells)
    expected = music_inference_model(seen["LSTM_cell"], seen["densor"], Ty=5)
    states = np.float32([[[0.3] * 4], [[-0.5] * 4]])
    x = [np.eye(6, dtype=np.float32)[None, :1], *states]
    for one, other in zip(seen["model"].predict(x), expected(x), strict=True):
        assert one == pytest.approx(np.asarray(other), abs=1e-6)


@pytest.mark.parametrize("width", [78, 90])
def test_every_cell_of_the_older_editions_runs(with_the_courses_file, capsys, width):
    seen = run(older_edition(width, epochs=2, steps=20))
    check(seen, with_the_courses_file, width, steps=20)
    assert "30s_trained_model.mp3 is missing" in capsys.readouterr().out


@pytest.mark.usefixtures("notebook_folder")
def test_without_the_courses_file_its_path_is_printed_and_a_rag_is_loaded(capsys):
    from djmodel.course import load_music_utils

    X, _, n_values, _, chords = load_music_utils("data/original_metheny.mid")
    said = capsys.readouterr().out
    assert said.startswith("data/original_metheny.mid is missing: copy the course's file there")
    assert said.count("\n") == 1
    assert X.shape == (60, 30, n_values)
    assert len(chords) > 100


SMALL_LAYERS = """
LSTM_cell, densor = LSTM(4, return_state=True), Dense(6, activation='softmax')
reshaper = Reshape((1, 6))
"""


def test_a_graph_with_a_different_number_of_units_is_named():
    from djmodel.course import comparator, djmodel_out, summary
    from djmodel.model.layers import djmodel, shared_layers

    layers = shared_layers(90, 32)  # the assignment has 64 units
    wrong = djmodel(30, layers.LSTM_cell, layers.densor, layers.reshaper)
    with pytest.raises(AssertionError, match=r"expected .*64.* but your model has .*32"):
        comparator(summary(wrong), djmodel_out)


@pytest.mark.parametrize(
    ("x", "verdict"),
    [
        ("tf.reshape(tf.one_hot(tf.argmax(out, -1), 6), [-1, 1, 6])", "as in the assignment"),
        ("x0", "different"),
    ],
    ids=["without RepeatVector", "never fed back"],
)
def test_the_unit_test_checks_the_outputs_whatever_layers_students_choose(x, verdict):
    inference = V4_INFERENCE.replace("ARGMAX", "x").replace("ONE_HOT", x)
    inference = inference.replace("x = RepeatVector(1)(x)", "")
    build = "rows = summary(music_inference_model(LSTM_cell, densor, Ty=5))"
    seen = run(["from djmodel.course import *", inference, SMALL_LAYERS, build])
    assert seen["rows"][-1] == ("First outputs", verdict)


def test_a_failed_unit_test_is_one_line_in_a_notebook():
    from djmodel.course import comparator

    with pytest.raises(AssertionError) as caught:
        comparator([("Dense", 78)], [("Dense", 90)])
    [line] = caught.value._render_traceback_()
    assert line == "GraphError: expected ('Dense', 90), but your model has ('Dense', 78)"


@pytest.mark.parametrize(
    "student",
    [
        SLICED,
        WITH_LAMBDA,
        SLICED.replace("X[:, t, :]", "Lambda(lambda z, t: z[:, t, :], arguments={'t': t})(X)"),
    ],
    ids=["slices", "Lambda, inputs by name", "Lambda with arguments"],
)
def test_a_students_own_unrolled_model_trains_as_a_scan(student):
    from djmodel.model.unrolled import as_scan

    build = "model = djmodel(5, LSTM_cell, densor, reshaper)"
    seen = run(["from djmodel.course import *", student, SMALL_LAYERS, build])
    assert as_scan(seen["model"]) is not None


def test_saving_a_graph_of_tensorflow_functions_is_refused_with_an_alternative(tmp_path):
    from seqmodel.errors import InputError

    student = SLICED.replace("X[:, t, :]", "tf.gather(X, t, axis=1)")
    build = "model = djmodel(2, LSTM_cell, densor, reshaper)"
    model = run(["from djmodel.course import *", student, SMALL_LAYERS, build])["model"]
    with pytest.raises(InputError, match="save its weights"):
        model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.weights.h5")


def test_without_ipython_the_path_of_the_sound_is_printed(monkeypatch, tmp_path, capsys):
    from djmodel.course import keras2

    monkeypatch.setitem(sys.modules, "IPython", None)  # its import fails
    sound = tmp_path / "rendered.wav"
    sound.touch()
    keras2.ipython().display.Audio(str(sound))
    assert capsys.readouterr().out == f"The sound is in {sound}; a notebook plays it.\n"


@pytest.mark.parametrize(
    "settings",
    [
        "metrics='accuracy', loss_weights=None",
        "metrics=['accuracy'], loss_weights=[1.0, 1.0]",
        "metrics=[['accuracy'], ['accuracy']]",
    ],
)
def test_loss_weights_and_metrics_are_accepted_in_students_spellings(settings):
    optimizer = "tf.keras.optimizers.legacy.Adam(lr=0.01, epsilon=None, decay=0.01)"
    seen = run([
        "from djmodel.course import *",
        SLICED,
        SMALL_LAYERS,
        "model = djmodel(2, LSTM_cell, densor, reshaper)",
        f"model.compile({optimizer}, 'categorical_crossentropy', run_eagerly=True, {settings})",
        "one_hot = np.eye(6)[np.zeros((2, 8), int)]",
        "X, Y, a0 = one_hot.swapaxes(0, 1), one_hot, np.zeros((8, 4))",
        "history = model.fit([X, a0, a0], list(Y), verbose=0)",
    ])  # fmt: skip
    assert seen["history"].history["loss"] == [pytest.approx(2 * np.log(6), rel=0.3)]

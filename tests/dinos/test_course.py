"""The course's dinosaur notebook: its unit tests' numbers, and its cells."""

import numpy as np
import pytest

from dinos import course

NAMES = ["aardonyx", "brontosaurus", "coelophysis", "dracorex", "zuul"]


def random_parameters(n_a=100, vocab_size=27):
    """Parameters drawn from NumPy's global state, as in the course's unit tests."""
    shapes = {"Wax": (n_a, vocab_size), "Waa": (n_a, n_a), "Wya": (vocab_size, n_a)}
    shapes |= {"b": (n_a, 1), "by": (vocab_size, 1)}
    return {name: np.random.randn(*shape) for name, shape in shapes.items()}  # noqa: NPY002


def letters():
    characters = ["\n", *"abcdefghijklmnopqrstuvwxyz"]
    return dict(enumerate(characters)), {c: i for i, c in enumerate(characters)}


def test_sampling_gives_the_courses_indices():
    np.random.seed(24)  # noqa: NPY002
    indices = course.sample(random_parameters(), letters()[1], 0)
    assert indices[:6] == [23, 16, 26, 26, 24, 3]
    assert indices[-1] == 0


def test_one_step_of_training_has_the_courses_loss():
    np.random.seed(1)  # noqa: NPY002
    a_prev = np.random.randn(100, 1)  # noqa: NPY002
    X, Y = [12, 3, 5, 11, 22, 3], [4, 14, 11, 22, 25, 26]
    loss, gradients, _ = course.optimize(X, Y, a_prev, random_parameters(), learning_rate=0.01)
    assert loss == pytest.approx(126.503975722, abs=1e-9)
    assert max(np.abs(gradient).max() for gradient in gradients.values()) <= 5


def test_a_name_without_a_newline_is_cut_after_fifty_characters():
    ix_to_char, char_to_ix = letters()
    parameters = course.initialize_parameters(4, 27, 27)
    parameters["by"][char_to_ix["\n"]] = -100  # the newline is never drawn
    indices = course.sample(parameters, char_to_ix, 0)
    assert len(indices) == 51
    assert course.get_sample(indices, ix_to_char).endswith("\n")


def test_every_cell_of_both_editions_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    seen = {}
    for cell in (
        "from dinos.course import *",
        "data = open('dinos.txt', 'r').read()\ndata = data.lower()\nchars = list(set(data))",
        "chars = sorted(chars)\nchar_to_ix = {ch: i for i, ch in enumerate(chars)}",
        "ix_to_char = {i: ch for i, ch in enumerate(chars)}\n"
        "pprint.PrettyPrinter(indent=4).pprint(ix_to_char)",
        "parameters, last_name = model(data.split('\\n'), ix_to_char, char_to_ix, 2001, "
        "verbose=True)",
        "older = model(data, ix_to_char, char_to_ix, num_iterations=1)",
        "print_sample(sample(parameters, char_to_ix, 3), ix_to_char)",
    ):
        exec(cell, seen)
    said = capsys.readouterr().out
    assert "dinos.txt is missing: copy the course's list here" in said
    assert "Iteration: 2000" in said
    assert seen["last_name"].endswith("\n")
    assert seen["older"].keys() == seen["parameters"].keys()


def test_a_list_of_names_beside_the_notebook_is_read(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dinos.txt").write_text("\n".join(NAMES))
    with course.open("dinos.txt") as file:
        assert file.read().split() == NAMES
    assert capsys.readouterr().out == ""

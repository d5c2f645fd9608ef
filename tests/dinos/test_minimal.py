"""The NumPy network: its gradients, its training, and the calls of the course's notebook."""

import numpy as np
import pytest

from dinos import minimal
from dinos.minimal import clip, initialize_parameters, model, optimize, rnn_backward, rnn_forward

NAMES = "ab\nabba\nbab\n"
CHAR_TO_IX = {"\n": 0, "a": 1, "b": 2}
IX_TO_CHAR = {0: "\n", 1: "a", 2: "b"}


def random_parameters(n_a=4, n_x=3, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_x, n_a), "b": (n_a, 1)}
    shapes["by"] = (n_x, 1)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def test_parameters_are_columns_of_the_courses_shapes():
    parameters = initialize_parameters(n_a=50, n_x=27, n_y=27)
    shapes = {name: value.shape for name, value in parameters.items()}
    assert shapes == {
        "Wax": (50, 27),
        "Waa": (50, 50),
        "Wya": (27, 50),
        "b": (50, 1),
        "by": (27, 1),
    }


@pytest.mark.parametrize("name", ["Wax", "Waa", "Wya", "b", "by"])
def test_gradients_are_finite_differences_of_the_loss(name):
    parameters = random_parameters()
    X, Y = [None, 1, 2, 2], [1, 2, 2, 0]
    a0 = np.random.default_rng(1).normal(size=(4, 1))
    _, cache = rnn_forward(X, Y, a0, parameters)
    gradients, _ = rnn_backward(X, Y, parameters, cache)
    step = 1e-6
    for place in np.ndindex(parameters[name].shape):
        losses = []
        for sign in (1, -1):
            moved = {key: value.copy() for key, value in parameters.items()}
            moved[name][place] += sign * step
            losses.append(rnn_forward(X, Y, a0, moved)[0])
        difference = (losses[0] - losses[1]) / (2 * step)
        assert gradients["d" + name][place] == pytest.approx(difference, abs=1e-7)


def test_an_untrained_network_predicts_all_characters_equally():
    X, Y = [None, 1, 2], [1, 2, 0]
    loss, _ = rnn_forward(X, Y, np.zeros((5, 1)), initialize_parameters(5, 3, 3))
    assert loss == pytest.approx(3 * np.log(3), rel=0.01)


def test_clipping_changes_only_large_gradients_and_in_place():
    gradients = {"db": np.array([[-7.0], [0.5], [12.0]]), "dby": np.array([[5.0]])}
    clipped = clip(gradients, 5)
    assert clipped["db"].tolist() == [[-5.0], [0.5], [5.0]]
    assert clipped["dby"].tolist() == [[5.0]]
    assert gradients["db"].max() == 5


def test_optimize_gives_loss_clipped_gradients_and_last_state():
    parameters = random_parameters(n_a=6)
    before = {name: value.copy() for name, value in parameters.items()}
    X, Y = [None, 1, 2], [1, 2, 0]
    a_prev = np.zeros((6, 1))
    expected_loss, (_, a, _) = rnn_forward(X, Y, a_prev, before)
    last = a[2].copy()
    loss, gradients, a_last = optimize(X, Y, a_prev, parameters, learning_rate=0.1)
    assert loss == expected_loss
    np.testing.assert_array_equal(a_last, last)
    assert set(gradients) == {"dWax", "dWaa", "dWya", "db", "dby"}
    for name in parameters:
        np.testing.assert_allclose(
            parameters[name], before[name] - 0.1 * gradients["d" + name], atol=1e-12
        )
    assert rnn_forward(X, Y, a_prev, parameters)[0] < loss


def test_samples_end_with_a_newline_and_repeat_with_the_seed():
    parameters = random_parameters(n_a=6)
    first = minimal.sample(parameters, CHAR_TO_IX, 3)
    assert first == minimal.sample(parameters, CHAR_TO_IX, 3)
    assert first[-1] == 0
    assert 0 not in first[:-1]
    assert len({tuple(minimal.sample(parameters, CHAR_TO_IX, seed)) for seed in range(20)}) > 5


def test_a_generator_given_as_seed_continues_from_name_to_name():
    parameters = random_parameters(n_a=6)
    rng = np.random.default_rng(3)
    names = [minimal.sample(parameters, CHAR_TO_IX, rng) for _ in range(2)]
    assert names[0] == minimal.sample(parameters, CHAR_TO_IX, 3)
    assert names[1] != names[0]


def test_a_name_that_never_ends_is_cut_at_fifty_characters():
    parameters = random_parameters()
    parameters["by"][0] = -1e9  # no newline, ever
    indices = minimal.sample(parameters, CHAR_TO_IX, 0)
    assert len(indices) == 51
    assert indices[-1] == 0
    assert 0 not in indices[:-1]


def test_training_lowers_the_loss_and_prints_sampled_names(capsys):
    names = NAMES.splitlines()
    parameters, last_name = model(
        names, IX_TO_CHAR, CHAR_TO_IX, num_iterations=2001, n_a=8, vocab_size=3
    )
    printed = capsys.readouterr().out
    assert [line.split(",")[0] for line in printed.splitlines() if "Loss" in line] == [
        "Iteration: 0",
        "Iteration: 2000",
    ]
    assert printed.endswith(last_name + "\n")
    assert last_name == last_name.capitalize()
    X, Y = [None, 1, 2, 2, 1], [1, 2, 2, 1, 0]  # abba
    a0 = np.zeros((8, 1))
    before, _ = rnn_forward(X, Y, a0, initialize_parameters(8, 3, 3))
    after, _ = rnn_forward(X, Y, a0, parameters)
    assert after < before / 2


def test_equal_seeds_give_equal_parameters():
    def trained(names):
        return model(names, IX_TO_CHAR, CHAR_TO_IX, 50, 4, vocab_size=3, verbose=False)[0]

    one, two = trained(["ab", "abba", "bab"]), trained(["Ab ", "abba", "", "bab"])
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])

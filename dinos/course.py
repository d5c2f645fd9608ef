"""The names of the course's dinosaur notebook: `from dinos.course import *` replaces its import
cell.

The graded functions `clip`, `sample`, `optimize` and `model` are here as well. They draw from
NumPy's global random numbers, seeded as the course seeds them, so that its printed results come
out."""

from __future__ import annotations

import builtins
import copy
import pprint
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dinos.minimal import (
    clip,
    optimize,
    rnn_backward,
    rnn_forward,
    rnn_step_forward,
    softmax,
    update_parameters,
)
from dinos.names import dinosaurs

__all__ = [
    "clip",
    "copy",
    "get_initial_loss",
    "get_sample",
    "initialize_parameters",
    "model",
    "np",
    "open",
    "optimize",
    "pprint",
    "print_sample",
    "random",
    "rnn_backward",
    "rnn_forward",
    "rnn_step_forward",
    "sample",
    "smooth",
    "softmax",
    "update_parameters",
]

LIST = "dinos.txt"
MAX_LENGTH = 50  # of a sampled name, in characters
EVERY = 2000  # iterations between two reports

Parameters = dict[str, np.ndarray]


def open(file: Any, *args: Any, **settings: Any) -> Any:
    """Python's `open`; where the notebook's `dinos.txt` is missing, the bundled list is opened."""
    if str(file) == LIST and not Path(file).exists():
        print(
            f"{LIST} is missing: copy the course's list here. Until then this is the bundled one, "
            "which gives a last name of its own."
        )
        file = dinosaurs()
    return builtins.open(file, *args, **settings)


def initialize_parameters(n_a: int, n_x: int, n_y: int) -> Parameters:
    """Small random weights and zero biases: `Wax (n_a, n_x)`, `Waa (n_a, n_a)`, `Wya (n_y, n_a)`,
    `b (n_a, 1)`, `by (n_y, 1)`."""
    np.random.seed(1)  # noqa: NPY002 - the course's numbers
    shapes = {"Wax": (n_a, n_x), "Waa": (n_a, n_a), "Wya": (n_y, n_a)}
    weights = {name: 0.01 * np.random.randn(*shape) for name, shape in shapes.items()}  # noqa: NPY002
    return weights | {"b": np.zeros((n_a, 1)), "by": np.zeros((n_y, 1))}


def smooth(loss: float, cur_loss: float) -> float:
    """The running mean of the loss, one step on."""
    return loss * 0.999 + cur_loss * 0.001


def get_initial_loss(vocab_size: int, seq_length: int) -> float:
    """The loss of a guess among all characters, for `seq_length` characters."""
    return float(-np.log(1.0 / vocab_size) * seq_length)


def get_sample(sample_ix: Sequence[int], ix_to_char: Mapping[int, str]) -> str:
    """The sampled indices as text, the first letter upper-case."""
    text = "".join(ix_to_char[index] for index in sample_ix)
    return text[:1].upper() + text[1:]


def print_sample(sample_ix: Sequence[int], ix_to_char: Mapping[int, str]) -> None:
    """Prints the sampled indices as text, the first letter upper-case."""
    print(get_sample(sample_ix, ix_to_char), end="")


def sample(parameters: Parameters, char_to_ix: Mapping[str, int], seed: int) -> list[int]:
    """Indices of a sampled name, up to and with the newline.

    Character number k is drawn after `np.random.seed(seed + 2 k)`.
    """
    vocab_size, n_a = parameters["by"].shape[0], parameters["Waa"].shape[0]
    newline = char_to_ix["\n"]
    x, a = np.zeros((vocab_size, 1)), np.zeros((n_a, 1))
    indices: list[int] = []
    while len(indices) < MAX_LENGTH and newline not in indices[-1:]:
        a, y = rnn_step_forward(parameters, a, x)
        np.random.seed(seed + 2 * len(indices))  # noqa: NPY002 - the course's numbers
        index = int(np.random.choice(range(vocab_size), p=y.ravel()))  # noqa: NPY002
        indices.append(index)
        x = np.zeros((vocab_size, 1))
        x[index] = 1
    return indices if len(indices) < MAX_LENGTH else [*indices, newline]


def model(
    data_x: Sequence[str] | str,
    ix_to_char: Mapping[int, str],
    char_to_ix: Mapping[str, int],
    num_iterations: int = 35000,
    n_a: int = 50,
    dino_names: int = 7,
    vocab_size: int = 27,
    verbose: bool = False,
) -> Any:
    """Trains on one name per iteration, and prints the smoothed loss and `dino_names` names every
    2,000 iterations.

    For a list of names, as in the current edition, gives the parameters and the last printed name;
    for the text of the older edition, which reads `dinos.txt` itself, the parameters.
    """
    older_edition = isinstance(data_x, str)
    if older_edition:
        with open(LIST, encoding="utf-8") as lines:
            data_x = [line.lower() for line in lines]
    parameters = initialize_parameters(n_a, vocab_size, vocab_size)
    loss = get_initial_loss(vocab_size, dino_names)
    examples = [name.strip() for name in data_x]
    np.random.seed(0)  # noqa: NPY002 - the course's order of the names
    np.random.shuffle(examples)  # noqa: NPY002
    a_prev, last_name = np.zeros((n_a, 1)), ""
    for iteration in range(num_iterations):
        name = [char_to_ix[character] for character in examples[iteration % len(examples)]]
        X, Y = [None, *name], [*name, char_to_ix["\n"]]
        cur_loss, _, a_prev = optimize(X, Y, a_prev, parameters, learning_rate=0.01)
        loss = smooth(loss, cur_loss)
        if verbose and iteration < 1:
            print(f"first name = {examples[0]}\nX = {X}\nY = {Y}\n")
        if iteration % EVERY == 0:
            print(f"Iteration: {iteration}, Loss: {loss:f}\n")
            for seed in range(dino_names):
                last_name = get_sample(sample(parameters, char_to_ix, seed), ix_to_char)
                print(last_name.replace("\n", ""))
            print("\n")
    return parameters if older_edition else (parameters, last_name)

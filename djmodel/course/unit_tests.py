"""The course's checks of a student's graphs: `summary` describes a graph, `comparator` compares.

What is expected comes from this project's own graphs on the Keras that is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from djmodel.config import N_A, N_VALUES
from djmodel.model.layers import djmodel, music_inference_model, shared_layers
from seqmodel.errors import InputError
from seqmodel.network.keras_layers import load_keras

Row = tuple[Any, ...]

keras = load_keras()

TX, TY = 30, 50  # of the graphs that the notebook builds
_COMPARED_STEPS, _COMPARED_SEQUENCES = 3, 16
_KINDS = (keras.layers.InputLayer, keras.layers.LSTM, keras.layers.Dense)


class GraphError(InputError, AssertionError):
    """A student's graph differs from the one that the assignment asks for."""


def summary(model: Any) -> list[Row]:
    """A row for each input, LSTM and Dense layer: its kind, its shape or units, its number of
    parameters and its activation; then a row for the outputs, and one that says whether the first
    of them are those of this project's graph with the same layers.

    Slices, reshaping, argmax and one-hot operations have no row: there are many ways to write them.
    """
    rows: list[Row] = []
    for kind in _KINDS:
        layers = [layer for layer in model.layers if isinstance(layer, kind)]
        rows += sorted([(kind.__name__, *_described(layer)) for layer in layers], key=str)
    shapes = sorted(set(_shapes(model.outputs)), key=str)
    rows.append(("Outputs", len(model.outputs), *shapes))
    return [*rows, ("First outputs", "as in the assignment" if _as_asked(model) else "different")]


def _described(layer: Any) -> Row:
    if isinstance(layer, keras.layers.InputLayer):
        return (tuple(layer.output.shape), 0)
    return (layer.units, layer.count_params(), keras.activations.serialize(layer.activation))


def _as_asked(model: Any) -> bool:
    """Compares the first outputs with those of this project's graph on the same layers."""
    lstm = [layer for layer in model.layers if isinstance(layer, keras.layers.LSTM)]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    if len(lstm) != 1 or len(dense) != 1:
        return False
    (LSTM_cell,), (densor,) = lstm, dense
    Tx, n_a, n_values = model.inputs[0].shape[1], LSTM_cell.units, densor.units
    if Tx == 1:
        asked = music_inference_model(LSTM_cell, densor, Ty=len(model.outputs[:_COMPARED_STEPS]))
    else:
        asked = djmodel(Tx, LSTM_cell, densor, keras.layers.Reshape((1, n_values)))
    first = [graph.outputs[:_COMPARED_STEPS] for graph in (asked, model)]
    if _shapes(asked.inputs) != _shapes(model.inputs) or _shapes(first[0]) != _shapes(first[1]):
        return False
    rng, m = np.random.default_rng(0), _COMPARED_SEQUENCES
    x = np.eye(n_values, dtype=np.float32)[rng.integers(n_values, size=(m, Tx))]
    values = [x, *rng.standard_normal((2, m, n_a), dtype=np.float32)]
    ours = keras.Model(asked.inputs, first[0])(values)
    theirs = keras.Model(model.inputs, first[1])(values)
    return np.allclose(np.asarray(ours), np.asarray(theirs), atol=1e-5)


def _shapes(tensors: Sequence[Any]) -> list[Row]:
    return [tuple(tensor.shape) for tensor in tensors]


def comparator(learner: Sequence[Row], expected: Sequence[Row]) -> None:
    """Compares a summary with the one that is expected, row by row, and prints that all tests
    passed. Raises GraphError, which names the first difference."""
    learner, expected = list(learner), list(expected)
    for number in range(max(len(learner), len(expected))):
        ours = expected[number] if number < len(expected) else "no more rows"
        theirs = learner[number] if number < len(learner) else "no more rows"
        if ours != theirs:
            raise GraphError(f"expected {ours}, but your model has {theirs}")
    print("\033[92mAll tests passed!\033[0m")


class _Expected(Sequence[Row]):
    """The summary of a graph that is built when it is first looked at."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build

    @cached_property
    def rows(self) -> list[Row]:
        return summary(self._build())

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return repr(self.rows)


def _training_graph() -> Any:
    layers = shared_layers(N_VALUES, N_A)
    return djmodel(TX, layers.LSTM_cell, layers.densor, layers.reshaper)


def _inference_graph() -> Any:
    layers = shared_layers(N_VALUES, N_A)
    return music_inference_model(layers.LSTM_cell, layers.densor, Ty=TY)


djmodel_out = _Expected(_training_graph)
music_inference_model_out = _Expected(_inference_graph)

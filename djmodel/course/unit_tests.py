"""The course's checks of a student's graphs: `summary` describes a graph, `comparator` compares.

What is expected comes from this project's own graphs on the Keras that is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from djmodel.config import N_A, N_VALUES
from djmodel.model.layers import djmodel, music_inference_model, shared_layers
from seqmodel.network.keras_layers import load_keras

Row = tuple[Any, ...]

keras = load_keras()

TX, TY = 30, 50  # of the graphs that the notebook builds
_KINDS = (
    keras.layers.InputLayer,
    keras.layers.Reshape,
    keras.layers.LSTM,
    keras.layers.Dense,
    keras.layers.RepeatVector,
)


def summary(model: Any) -> list[Row]:
    """A row for each layer: its kind, the shape of its output, its number of parameters, and its
    units and activation where it has them; then a row for the outputs.

    Slices, argmax and one-hot operations are left out: there are many ways to write them.
    """
    rows: list[Row] = []
    for kind in _KINDS:
        layers = [layer for layer in model.layers if isinstance(layer, kind)]
        found = [(kind.__name__, *_described(layer)) for layer in layers]
        if kind is keras.layers.RepeatVector:
            found = list(set(found))  # one for all steps, or a new one for each: both are right
        rows += sorted(found, key=str)
    shapes = {tuple(output.shape) for output in model.outputs}
    return [*rows, ("Outputs", len(model.outputs), *sorted(shapes, key=str))]


def _described(layer: Any) -> Row:
    """Output shape, parameters, units, activation, as far as there are such."""
    if isinstance(layer, keras.layers.InputLayer):
        return (tuple(layer.output.shape), 0)
    if isinstance(layer, keras.layers.Reshape):
        return (tuple(layer.target_shape), 0)
    if isinstance(layer, keras.layers.RepeatVector):
        return (layer.n, 0)
    return (layer.units, layer.count_params(), keras.activations.serialize(layer.activation))


def comparator(learner: Sequence[Row], expected: Sequence[Row]) -> None:
    """Compares a summary with the one that is expected, row by row, and prints that all tests
    passed. Raises AssertionError, which names the first difference."""
    learner, expected = list(learner), list(expected)
    for number in range(max(len(learner), len(expected))):
        ours = expected[number] if number < len(expected) else "no more layers"
        theirs = learner[number] if number < len(learner) else "no more layers"
        if ours != theirs:
            raise AssertionError(f"expected {ours}, but your model has {theirs}")
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

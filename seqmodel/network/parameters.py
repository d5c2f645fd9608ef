"""Weights in the layout of the NumPy computation: two matrices and a bias in one vector.

In shapes: H units, V values, S scores of the Dense layer (V without views), I inputs (values and
conditioning features), g gates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqmodel.network.candidates import CandidateViews
from seqmodel.network.weights import LAYOUTS, Floats, Weights


class NetworkShape(NamedTuple):
    """The sizes of a network."""

    cell: str
    units: int
    n_values: int
    n_inputs: int
    views: CandidateViews | None = None

    @property
    def n_scores(self) -> int:
        return self.views.n_scores if self.views else self.n_values


class Parameters:
    """Weights, or one number for each weight, in one vector.

    `recurrent (gH, H + I + 1)`: the factors of the state, then a column for each input, then the
    bias; gates in the order of `CellLayout`. `dense (S, H + 1)`: kernel and bias. `state_bias
    (gH,)`: the second bias of a GRU, which is added to the product of state and weights; `(0,)` for
    other cells.
    """

    def __init__(self, shape: NetworkShape, vector: Floats | None = None) -> None:
        """`vector`: the memory to use; None: new zeros."""
        self.shape = shape
        self.cell, self.units, self.n_values, self.n_inputs, self.views = shape
        self.layout = LAYOUTS[self.cell]
        columns = self.units + self.n_inputs + 1
        split = self.layout.n_gates * self.units * columns
        end = split + shape.n_scores * (self.units + 1)
        self.vector = np.zeros(self.size(shape), np.float32) if vector is None else vector
        self.recurrent = self.vector[:split].reshape(-1, columns)
        self.dense = self.vector[split:end].reshape(shape.n_scores, self.units + 1)
        self.state_bias = self.vector[end:]

    @staticmethod
    def size(shape: NetworkShape) -> int:
        """The length of the vector."""
        columns = shape.units + shape.n_inputs + (2 if shape.cell == "gru" else 1)
        recurrent = LAYOUTS[shape.cell].n_gates * shape.units * columns
        return recurrent + shape.n_scores * (shape.units + 1)

    @classmethod
    def of(cls, weights: Weights) -> Parameters:
        """Copies of `weights`."""
        shape = NetworkShape(
            weights.cell, weights.units, weights.n_values, weights.n_inputs, weights.views
        )
        parameters = cls(shape)
        parameters.set(weights)
        return parameters

    def like(self) -> Parameters:
        """Zeros in the same layout."""
        return Parameters(self.shape)

    def set(self, weights: Weights) -> None:
        """Copies `weights` into the vector."""
        bias, *state_bias = np.atleast_2d(weights.bias)
        columns = np.concatenate(
            (weights.recurrent, weights.kernel, bias[None], *(row[None] for row in state_bias))
        )
        columns = self.layout.by_gate(columns).reshape(columns.shape)
        n = self.recurrent.shape[1]
        self.recurrent[:] = columns[:n].T
        self.state_bias[:] = columns[n:].ravel()
        self.dense[:] = np.concatenate((weights.dense_kernel, weights.dense_bias[None])).T

    def weights(self) -> Weights:
        """Copies in Keras' layout."""
        H = self.units
        recurrent = self.layout.to_keras(self.recurrent.T)
        bias = recurrent[-1]
        if self.state_bias.size:
            bias = np.stack([bias, self.layout.to_keras(self.state_bias[None])[0]])
        arrays = (recurrent[H:-1], recurrent[:H], bias, self.dense.T[:H], self.dense.T[-1])
        return Weights(self.cell, *(array.copy() for array in arrays), views=self.views)

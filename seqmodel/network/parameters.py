"""Weights in the layout of the NumPy computation: two matrices and a bias in one vector.

In shapes: H units, V values, I inputs (values and conditioning features), g gates.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.network.weights import LAYOUTS, Floats, Weights


class NetworkShape(NamedTuple):
    """The sizes of a network."""

    cell: str
    units: int
    n_values: int
    n_inputs: int


class Parameters:
    """Weights, or one number for each weight, in one vector.

    `recurrent (gH, H + I + 1)`: the factors of the state, then a column for each input, then the
    bias; gates in the order of `CellLayout`. `dense (V, H + 1)`: kernel and bias. `state_bias
    (gH,)`: the second bias of a GRU, which is added to the product of state and weights; `(0,)` for
    other cells.
    """

    def __init__(self, shape: NetworkShape, vector: Floats | None = None) -> None:
        """`vector`: the memory to use; None: new zeros."""
        self.shape = shape
        self.cell, self.units, self.n_values, self.n_inputs = shape
        columns = self.units + self.n_inputs + 1
        split = LAYOUTS[self.cell].n_gates * self.units * columns
        end = split + self.n_values * (self.units + 1)
        self.vector = np.zeros(self.size(shape), np.float32) if vector is None else vector
        self.recurrent = self.vector[:split].reshape(-1, columns)
        self.dense = self.vector[split:end].reshape(self.n_values, self.units + 1)
        self.state_bias = self.vector[end:]

    @staticmethod
    def size(shape: NetworkShape) -> int:
        """The length of the vector."""
        cell, units, n_values, n_inputs = shape
        columns = units + n_inputs + (2 if cell == "gru" else 1)
        return LAYOUTS[cell].n_gates * units * columns + n_values * (units + 1)

    @classmethod
    def of(cls, weights: Weights) -> Parameters:
        """Copies of `weights`."""
        shape = NetworkShape(weights.cell, weights.units, weights.n_values, weights.n_inputs)
        parameters = cls(shape)
        parameters.set(weights)
        return parameters

    def like(self) -> Parameters:
        """Zeros in the same layout."""
        return Parameters(self.shape)

    def set(self, weights: Weights) -> None:
        """Copies `weights` into the vector."""
        bias, *state_bias = np.atleast_2d(weights.bias)
        rows = self._keras_columns()
        kernels = (weights.recurrent, weights.kernel, bias[None])
        self.recurrent[:] = np.concatenate(kernels).T[rows]
        if state_bias:
            self.state_bias[:] = state_bias[0][rows]
        self.dense[:] = np.concatenate((weights.dense_kernel, weights.dense_bias[None])).T

    def weights(self) -> Weights:
        """Copies in Keras' layout."""
        H, columns = self.units, self._keras_columns()
        recurrent = np.empty_like(self.recurrent.T)
        recurrent[:, columns] = self.recurrent.T
        bias = recurrent[-1]
        if self.state_bias.size:
            state_bias = np.empty_like(bias)
            state_bias[columns] = self.state_bias
            bias = np.stack([bias, state_bias])
        arrays = (recurrent[H:-1], recurrent[:H], bias, self.dense.T[:H], self.dense.T[-1])
        return Weights(self.cell, *(array.copy() for array in arrays))

    def gate_scale(self) -> Floats:
        """Factors of the gates' weights, `(gH, 1)`: 1/2 for a sigmoid, which is computed as
        sigmoid(x) = (1 + tanh(x / 2)) / 2, so that one tanh serves all gates."""
        layout = LAYOUTS[self.cell]
        scale = np.ones((layout.n_gates, self.units), np.float32)
        scale[: layout.n_sigmoids] = 0.5
        return scale.reshape(-1, 1)

    def _keras_columns(self) -> NDArray[np.intp]:
        """The column of Keras' kernels for each row of `recurrent`."""
        gates = np.arange(len(self.recurrent)).reshape(-1, self.units)
        return gates[list(LAYOUTS[self.cell].gate_order)].ravel()

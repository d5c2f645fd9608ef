"""The weights of a recurrent layer and a softmax layer as NumPy arrays, without Keras."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from seqmodel.network.candidates import CandidateViews, Floats


@dataclass(frozen=True)
class CellLayout:
    """The gates of a recurrent cell. `gate_order`: the gates in the order in which this project
    computes them, those with a sigmoid first, as positions in Keras' kernels."""

    gate_order: tuple[int, ...]
    n_sigmoids: int

    @property
    def n_gates(self) -> int:
        return len(self.gate_order)

    @property
    def gate_scale(self) -> Floats:
        """Factors of the gates' weights, `(g, 1)`: 1/2 for a sigmoid, which is computed as
        sigmoid(x) = (1 + tanh(x / 2)) / 2, so that one tanh serves all gates."""
        scale = np.ones((self.n_gates, 1), np.float32)
        scale[: self.n_sigmoids] = 0.5
        return scale

    def by_gate(self, columns: Floats) -> Floats:
        """Columns in Keras' order, `(n, gH)`, in this project's order: `(n, g, H)`."""
        n, width = columns.shape
        return columns.reshape(n, self.n_gates, width // self.n_gates)[:, list(self.gate_order)]

    def to_keras(self, columns: Floats) -> Floats:
        """Columns in this project's order, `(n, gH)`, in Keras' order."""
        n, width = columns.shape
        in_keras_order = np.argsort(self.gate_order)
        by_gate = columns.reshape(n, self.n_gates, width // self.n_gates)
        return by_gate[:, in_keras_order].reshape(n, width)


LAYOUTS = {
    "rnn": CellLayout(gate_order=(0,), n_sigmoids=0),
    # update, reset, candidate
    "gru": CellLayout(gate_order=(0, 1, 2), n_sigmoids=2),
    # output, input, forget, candidate; in Keras input, forget, candidate, output
    "lstm": CellLayout(gate_order=(3, 0, 1, 2), n_sigmoids=3),
}


@dataclass(frozen=True)
class Weights:
    """Weights in Keras' layout; `cell` is "rnn" (Keras' SimpleRNN with tanh), "gru" (with
    `reset_after`) or "lstm".

    Shapes, with g gates: `kernel (n_inputs, g * units)`, `recurrent (units, g * units)`, `bias
    (g * units,)`, for a GRU `(2, g * units)`; `dense_kernel (units, n_values)`, `dense_bias
    (n_values,)`. The first `n_values` inputs are the values; further ones are conditioning features
    (see `windows.with_conditioning`). With `views` the Dense layer has a column for each of their
    scores, the first of which are the values' (see `candidates`).
    """

    cell: str
    kernel: Floats
    recurrent: Floats
    bias: Floats
    dense_kernel: Floats
    dense_bias: Floats
    views: CandidateViews | None = field(default=None, kw_only=True)

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[0])

    @property
    def n_values(self) -> int:
        return self.views.n_symbols if self.views else self.n_scores

    @property
    def n_scores(self) -> int:
        return int(self.dense_kernel.shape[1])

    @property
    def n_inputs(self) -> int:
        return int(self.kernel.shape[0])

    @property
    def arrays(self) -> tuple[Floats, ...]:
        """The arrays in the order of Keras' layers."""
        return self.kernel, self.recurrent, self.bias, self.dense_kernel, self.dense_bias

    @property
    def n_parameters(self) -> int:
        return sum(array.size for array in self.arrays)

    def with_conditioning_scaled(self, factor: float) -> Weights:
        """The weights with what the conditioning features contribute scaled. After a training in
        which a share p of them was hidden, `1 - p` keeps the sums as large as they were."""
        kernel = self.kernel.copy()
        kernel[self.n_values :] *= np.float32(factor)
        return replace(self, kernel=kernel)

    def rounded(self) -> Weights:
        """The weights rounded to 16-bit floating-point numbers, which a model file stores in half
        the space."""
        arrays = (array.astype(np.float16).astype(np.float32) for array in self.arrays)
        return Weights(self.cell, *arrays, views=self.views)


def initial_weights(
    cell: str, n_inputs: int, units: int, n_values: int, rng: np.random.Generator
) -> Weights:
    """Weights to begin a training with, drawn as Keras draws them: uniform kernels (Glorot and
    Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010), an
    orthogonal recurrent kernel (Saxe, McClelland and Ganguli, *Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks*, 2014), biases of 0, of 1 for the forget
    gate of an LSTM."""
    columns = LAYOUTS[cell].n_gates * units

    def glorot(rows: int, columns: int) -> Floats:
        limit = np.sqrt(6 / (rows + columns))
        return rng.uniform(-limit, limit, (rows, columns)).astype(np.float32)

    kernel = glorot(n_inputs, columns)
    orthogonal, triangle = np.linalg.qr(rng.normal(size=(columns, units)))
    recurrent = (orthogonal * np.sign(np.diag(triangle))).T.astype(np.float32)
    bias = np.zeros((2, columns) if cell == "gru" else columns, np.float32)
    if cell == "lstm":
        bias[units : 2 * units] = 1  # the second gate in Keras' order
    return Weights(
        cell, kernel, recurrent, bias, glorot(units, n_values), np.zeros(n_values, np.float32)
    )

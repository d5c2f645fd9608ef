"""The formulas of Keras' layers written out in double precision, as an oracle; random networks."""

import numpy as np

from seqmodel.network.weights import LAYOUTS, Weights


def random_weights(cell="lstm", n_values=7, units=5, n_conditioning=0, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    columns = LAYOUTS[cell].n_gates * units
    bias = (2, columns) if cell == "gru" else (columns,)
    inputs = n_values + n_conditioning
    shapes = ((inputs, columns), (units, columns), bias, (units, n_values), (n_values,))
    return Weights(cell, *((scale * rng.normal(size=s)).astype(np.float32) for s in shapes))


def reference_logits(weights, X, state=None):
    """The logits `(m, T, n_values)` for input vectors `X (m, T, n_inputs)`, from the initial
    `state`, arrays `(m, units)`; None: zeros."""
    kernel, recurrent, bias, dense_kernel, dense_bias = (a.astype(float) for a in weights.arrays)
    zeros = np.zeros((len(X), weights.units))
    h, c = (*(state or ()), zeros, zeros)[:2]
    logits = []
    for x in X.astype(float).swapaxes(0, 1):
        if weights.cell == "rnn":
            h = np.tanh(x @ kernel + h @ recurrent + bias)
        elif weights.cell == "gru":
            x_z, x_r, x_h = np.split(x @ kernel + bias[0], 3, axis=-1)
            h_z, h_r, h_h = np.split(h @ recurrent + bias[1], 3, axis=-1)
            z, r = _sigmoid(x_z + h_z), _sigmoid(x_r + h_r)
            h = z * h + (1 - z) * np.tanh(x_h + r * h_h)
        else:
            i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
            c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
            h = _sigmoid(o) * np.tanh(c)
        logits.append(h @ dense_kernel + dense_bias)
    return np.stack(logits, axis=1)


def reference_log_probabilities(weights, X, state=None):
    logits = reference_logits(weights, X, state)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))

"""Keras: its import, and the weights of a recurrent and a Dense layer."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from seqmodel.extras import BackendError
from seqmodel.network.candidates import CandidateViews
from seqmodel.network.weights import Weights

if TYPE_CHECKING:
    import keras

CELLS = {"SimpleRNNCell": "rnn", "GRUCell": "gru", "LSTMCell": "lstm"}
# Settings that change nothing in what a built layer computes.
_IRRELEVANT = {
    "name", "units", "seed", "unit_forget_bias",
    "kernel_initializer", "recurrent_initializer", "bias_initializer",
}  # fmt: skip
_LOG_LINE = re.compile(
    rb"WARNING: All log messages before absl|[IWEF]\d{4} |\d{4}-\d\d-\d\d .*: [IWEF] "
)


def load_keras() -> ModuleType:
    """The module `keras`, imported without the log lines of TensorFlow. Raises BackendError if the
    package behind it is missing or does not start."""
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    failure: Exception | None = None
    with without_tensorflow_logs():
        try:
            return import_module("keras")
        except Exception as error:  # any: an import that lacks memory is left half done
            failure = error
    backend = os.environ.get("KERAS_BACKEND")
    if backend in (None, "tensorflow"):
        hint = "check that TensorFlow is installed whole, and that 2 GB of memory are free"
        if isinstance(failure, ModuleNotFoundError) and failure.name in ("keras", "tensorflow"):
            hint = "pip install keras tensorflow"
    else:
        hint = "unset the environment variable KERAS_BACKEND, or name an installed one of "
        hint += "tensorflow, jax and torch"
    raise BackendError(f"Keras on {backend or 'TensorFlow'}", failure, hint) from failure


@contextmanager
def without_tensorflow_logs() -> Iterator[None]:
    """A context for the first import of TensorFlow, which Keras makes on JAX, too, to set a seed or
    to save a model. TensorFlow's log lines are removed from stderr, which is held back until the
    end of the block, unless the block fails. Does nothing if TensorFlow has been imported."""
    if "tensorflow" in sys.modules:
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        failed = False
        try:
            yield
        except Exception:
            failed = True
            raise
        finally:
            sys.stderr.flush()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if failed or not _LOG_LINE.match(line):
                    os.write(2, line)


def initializers(seed: int | None) -> tuple[Any, Any, Any]:
    """Keras' default initializers of the two kernels of a recurrent layer and of the kernel of a
    Dense layer; equal seeds give equal weights."""
    keras_initializers = load_keras().initializers
    glorot, orthogonal = keras_initializers.GlorotUniform, keras_initializers.Orthogonal
    # A seed for each, of 32 bits: an initializer with a seed repeats its numbers.
    first = 3 * ((seed or 0) % 2**30)
    seeds = (None, None, None) if seed is None else (first, first + 1, first + 2)
    return glorot(seeds[0]), orthogonal(seed=seeds[1]), glorot(seeds[2])


def weight_variables(network: keras.Model | Sequence[Any]) -> list[Any]:
    """Kernel, recurrent kernel and bias of the recurrent layer, kernel and bias of the Dense layer
    of a model, or of a sequence of layers. Raises ValueError if there is not one of each."""
    recurrent, dense = _two_layers(network)
    return [*recurrent.cell.weights, *dense.weights]


def extract_weights(
    network: keras.Model | Sequence[Any], views: CandidateViews | None = None
) -> Weights:
    """Copies of the weights of a model, or of built layers: a recurrent and a Dense one, which
    gives the scores of `views` if there are any."""
    cell = CELLS[type(_two_layers(network)[0].cell).__name__]
    arrays = [np.array(variable) for variable in weight_variables(network)]
    return Weights(cell, *arrays, views=views)


def probabilities_of_candidates(views: CandidateViews, X: Any, scores: Any) -> Any:
    """The softmax of the logits of `views` as a Keras computation: multi-hot inputs `X (m, T,
    n_inputs)` and the Dense layer's `scores (m, T, n_scores)` -> probabilities `(m, T,
    n_values)`."""
    ops = load_keras().ops
    padded = ops.pad(scores, ((0, 0), (0, 0), (0, 1)))  # a zero for symbols without a score
    logits = scores[..., : views.n_symbols]
    for view, indices in zip(views.views, views.score_indices, strict=True):
        n = len(view.rows)
        one_hot = X[..., view.first_input : view.first_input + n]
        # The number of the context; n, the last line of `indices`, where there is none.
        contexts = n + ops.sum(one_hot * np.arange(-n, 0, dtype=np.float32), axis=-1)
        chosen = ops.take(indices, ops.cast(contexts, "int32"), axis=0)  # (m, T, n_values)
        logits = logits + ops.take_along_axis(padded, chosen, axis=-1)
    return ops.softmax(logits)


def set_weights(network: keras.Model | Sequence[Any], weights: Weights) -> None:
    """Copies `weights` into the recurrent and the Dense layer."""
    for variable, array in zip(weight_variables(network), weights.arrays, strict=True):
        variable.assign(array)


def _two_layers(network: keras.Model | Sequence[Any]) -> tuple[Any, Any]:
    layers = load_keras().layers
    all_layers = network if isinstance(network, Sequence) else network.layers
    recurrent = [layer for layer in all_layers if isinstance(layer, layers.RNN)]
    dense = [layer for layer in all_layers if isinstance(layer, layers.Dense)]
    if len(recurrent) != 1 or len(dense) != 1:
        raise ValueError(f"expected one recurrent and one Dense layer, found {all_layers}")
    return recurrent[0], dense[0]


def supported_by_numpy(model: keras.Model) -> bool:
    """True if `NumpyTrainer` can train the model as Keras would: its layers are a recurrent one and
    a softmax with Keras' defaults, all of it trained, in float32, on a CPU."""
    layers = load_keras().layers
    with_weights = [layer for layer in model.layers if layer.weights]
    if len(with_weights) != 2 or not isinstance(with_weights[0], layers.RNN):
        return False
    recurrent, dense = with_weights
    cell: Any = getattr(recurrent, "cell", None)
    return (
        type(cell).__name__ in CELLS
        and type(dense) is layers.Dense
        and _has_settings_of(cell, type(cell)(1))
        and _has_settings_of(dense, layers.Dense(1, activation="softmax"))
        and not (recurrent.go_backwards or recurrent.stateful)
        and not _on_accelerator()
    )


def _has_settings_of(layer: Any, default: Any) -> bool:
    """True if all settings are equal that change what the layer computes or how it is trained."""
    ours, theirs = layer.get_config(), default.get_config()
    differing = {name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)}
    return differing <= _IRRELEVANT and layer.trainable and layer.dtype_policy.name == "float32"


def _on_accelerator() -> bool:
    """True if the backend has more than CPUs to compute on, or the CPUs of several hosts."""
    keras = load_keras()
    if keras.distribution.distribution() is not None:
        return True
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    return True  # an unknown backend

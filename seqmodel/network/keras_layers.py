"""The two layers of a Keras graph that hold its weights; whether arrays compute what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from seqmodel.network.keras_backend import load_keras
from seqmodel.network.weights import Weights

if TYPE_CHECKING:
    import keras

CELLS = {"SimpleRNNCell": "rnn", "GRUCell": "gru", "LSTMCell": "lstm"}
# What the layers that arrays compute are made with, where Keras' defaults are ours, too.
PLAIN_RNN = {"use_bias": True, "activation": "tanh", "dropout": 0.0, "recurrent_dropout": 0.0}
PLAIN_LSTM = {**PLAIN_RNN, "recurrent_activation": "sigmoid"}
PLAIN = {"rnn": PLAIN_RNN, "lstm": PLAIN_LSTM, "gru": {**PLAIN_LSTM, "reset_after": True}}
PLAIN_DENSE = {"use_bias": True, "activation": "softmax"}
PENALTIES = ("regularizer", "constraint", "lora_rank", "quantization_config")


def weight_variables(model: keras.Model) -> list[Any]:
    """Kernel, recurrent kernel and bias of the recurrent layer, kernel and bias of the Dense layer;
    raises ValueError if there is not one of each."""
    recurrent, dense = _two_layers(model)
    return [*recurrent.cell.weights, *dense.weights]


def _two_layers(model: keras.Model) -> tuple[Any, Any]:
    layers = load_keras().layers
    recurrent = [layer for layer in model.layers if isinstance(layer, layers.RNN)]
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    if len(recurrent) != 1 or len(dense) != 1:
        raise ValueError(f"expected one recurrent and one Dense layer, found {model.layers}")
    return recurrent[0], dense[0]


def layer_weights(recurrent: Any, dense: Any) -> Weights:
    """Copies of the weights of two built layers, a recurrent and a Dense one."""
    variables = (*recurrent.cell.weights, *dense.weights)
    return Weights(CELLS[type(recurrent.cell).__name__], *(np.array(v) for v in variables))


def extract_weights(model: keras.Model) -> Weights:
    """Copies of the weights of the recurrent and the Dense layer of a graph."""
    return layer_weights(*_two_layers(model))


def set_weights(model: keras.Model, weights: Weights) -> None:
    """Puts them into the recurrent and the Dense layer."""
    for variable, array in zip(weight_variables(model), weights.arrays, strict=True):
        variable.assign(array)


def supported_by_numpy(model: keras.Model) -> bool:
    """Whether the model's layers are a recurrent one and a softmax as they come, all of it trained,
    in float32, on a processor; then `backprop.Learner` computes the same, faster."""
    layers = load_keras().layers
    holding = [layer for layer in model.layers if layer.weights]
    if len(holding) != 2 or not isinstance(holding[0], layers.RNN):
        return False
    cell, dense = getattr(holding[0], "cell", None), holding[1]
    name = CELLS.get(type(cell).__name__)
    return (
        name in PLAIN
        and type(dense) is layers.Dense
        and _is_plain(cell, PLAIN[name])
        and _is_plain(dense, PLAIN_DENSE)
        and not (holding[0].go_backwards or holding[0].stateful)
        and not _on_accelerator()
    )


def _is_plain(layer: Any, expected: dict[str, Any]) -> bool:
    config = layer.get_config()
    penalties = (value for key, value in config.items() if key.endswith(PENALTIES))
    return (
        all(config[key] == value for key, value in expected.items())
        and not any(penalties)
        and layer.trainable
        and layer.dtype_policy.name == "float32"
    )


def _on_accelerator() -> bool:
    """Whether the backend has more than processors to compute on, or several hosts' processors."""
    keras = load_keras()
    if keras.distribution.distribution() is not None:
        return True
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())
    if keras.backend.backend() == "jax":
        import jax

        return jax.default_backend() != "cpu"
    return True  # a backend that we know nothing of

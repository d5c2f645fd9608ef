"""Differences between the Keras of the course (2) and Keras 3, one function or class for each.

Importing this module imports Keras and TensorFlow.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from djmodel.model.unrolled import UnrolledModel
from seqmodel.errors import InputError
from seqmodel.network.keras_layers import load_keras

keras = load_keras()


class Model(UnrolledModel):
    """Keras 2 took one metric for many outputs, and so does this: `metrics=["accuracy"]`.

    X and Y may be narrower than the model, which older notebooks build with a width of their own:
    they are filled up with zeros.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.run_eagerly = True  # tracing 50 steps takes longer than one prediction; see compile

    def fit(self, x: Any = None, y: Any = None, **settings: Any) -> Any:
        if isinstance(x, list | tuple) and y is not None and len(self.outputs) > 1:
            X, *states = x
            x = [_widened(X, self.inputs[0].shape[-1]), *states]
            y = [_widened(step, self.outputs[0].shape[-1]) for step in y]
        return super().fit(x, y, **settings)


class LSTM(keras.layers.LSTM):  # type: ignore[name-defined]
    """Keras 2 called the argument of a layer `inputs`; Keras 3 calls the LSTM's `sequences`."""

    def __call__(self, sequences: Any = None, *args: Any, inputs: Any = None, **named: Any) -> Any:
        return super().__call__(sequences if inputs is None else inputs, *args, **named)


class Lambda(keras.layers.Lambda):  # type: ignore[name-defined]
    """Keras 2 ran the function once, where the layer was called; Keras 3 runs it with every batch.

    So `Lambda(lambda z: z[:, t, :])(X)` in a loop must keep the `t` of its turn, and
    `Lambda(lambda z: X[:, t, :])(X)`, which reads the symbolic X, must read the batch instead.
    """

    def __init__(self, function: Callable[..., Any], **settings: Any) -> None:
        super().__init__(_with_closure(function, lambda value: value), **settings)

    def __call__(self, inputs: Any, *args: Any, **named: Any) -> Any:
        self.function: Any = _with_argument_for(inputs, self.function)
        return super().__call__(inputs, *args, **named)

    def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
        """Shape and dtype of what the function gives; Keras 3 takes every dtype for float32."""
        return _output_spec(functools.partial(self.function, **self.arguments), inputs)


class _TensorFlowFunction(keras.Operation):  # type: ignore[name-defined]
    """A TensorFlow function in a Keras graph."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, tensors: Any) -> Any:
        return self.function(tensors)

    def compute_output_spec(self, tensors: Any) -> Any:
        return _output_spec(self.function, tensors)

    def get_config(self) -> dict[str, Any]:
        raise InputError(
            "a graph with TensorFlow functions cannot be saved",
            hint="save its weights with model.save_weights('model.weights.h5')",
        )


def _output_spec(function: Callable[..., Any], inputs: Any) -> Any:
    """Symbolic tensors of the shapes and dtypes that a function gives for symbolic `inputs`."""
    import tensorflow as tf

    specs = keras.tree.map_structure(lambda t: tf.TensorSpec(t.shape, t.dtype), inputs)
    traced = tf.function(function, autograph=False).get_concrete_function(specs)
    return keras.tree.map_structure(
        lambda t: keras.KerasTensor(tuple(t.shape), t.dtype.name), traced.structured_outputs
    )


def Adam(
    lr: float | None = None, *, decay: float = 0.0, learning_rate: float = 0.001, **settings: Any
) -> Any:
    """Keras 2 had `lr` and `decay`: the learning rate of a step is `lr / (1 + decay * step)`. It
    took None for the default of a setting."""
    settings = {name: value for name, value in settings.items() if value is not None}
    rate: Any = learning_rate if lr is None else lr
    if decay:
        schedules = keras.optimizers.schedules
        rate = schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    return keras.optimizers.Adam(rate, **settings)


def to_categorical(y: Any, num_classes: int | None = None, **settings: Any) -> np.ndarray:
    """Keras 2 called the first argument `y`; Keras 3 calls it `x`."""
    return np.asarray(keras.utils.to_categorical(y, num_classes, **settings))


class Module:
    """A module of which some attributes are replaced, in its submodules, too."""

    def __init__(self, module: types.ModuleType, replace: Callable[[str, Any], Any]) -> None:
        self._module, self._replace = module, replace

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        if inspect.ismodule(value):
            return Module(value, self._replace)
        return self._replace(name, value)

    def __dir__(self) -> list[str]:
        return dir(self._module)


def tensorflow() -> Module:
    """TensorFlow whose functions take symbolic tensors: `tf.math.argmax(out, axis=-1)`.

    Keras 3 refuses those; here the function becomes an operation of the graph. `tf.keras` has the
    classes and functions of this module in place of its own."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # no warning where cells that compile are run again
    ours = {each.__name__: each for each in (Model, LSTM, Lambda, Adam, to_categorical)}

    def replace(name: str, value: Any) -> Any:
        if name in ours:
            return ours[name]
        if inspect.isclass(value) or not callable(value):
            return value
        return _on_symbolic_tensors(value)

    return Module(tf, replace)


def ipython() -> Any:
    """IPython whose `display.Audio` says in a line which of the course's recordings is missing.
    Where IPython is not installed, outside a notebook, `display.Audio` says where the sound is."""
    try:
        import IPython
    except ImportError:
        display = types.SimpleNamespace(Audio=functools.partial(_audio, _named))
        return types.SimpleNamespace(display=display)

    def replace(name: str, value: Any) -> Any:
        return functools.partial(_audio, value) if name == "Audio" else value

    return Module(IPython, replace)


def _audio(audio: Any, data: Any = None, *args: Any, **settings: Any) -> Any:
    if isinstance(data, str | Path) and "://" not in str(data) and not Path(data).exists():
        print(f"{data} is missing. If it is one of the course's recordings, copy it there.")
        return None
    return audio(str(data) if isinstance(data, Path) else data, *args, **settings)


def _named(data: Any, **_: Any) -> None:
    print(f"The sound is in {data}; a notebook plays it.")


def _on_symbolic_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        given = (args, named)
        symbolic = [each for each in keras.tree.flatten(given) if keras.utils.is_keras_tensor(each)]
        if not symbolic:
            return function(*args, **named)

        def with_tensors(tensors: Any) -> Any:
            left = iter(tensors)
            args, named = keras.tree.map_structure(
                lambda each: next(left) if keras.utils.is_keras_tensor(each) else each, given
            )
            return function(*args, **named)

        return _TensorFlowFunction(with_tensors)(symbolic)

    return call


def _with_argument_for(symbolic: Any, function: Any) -> Any:
    """A function that reads its argument wherever `function` reads the variable `symbolic`."""
    if not any(cell.cell_contents is symbolic for cell in _closure(function)):
        return function

    def call(batch: Any, *args: Any, **named: Any) -> Any:
        kept = _with_closure(function, lambda value: batch if value is symbolic else value)
        return kept(batch, *args, **named)

    return call


def _closure(function: Any) -> tuple[Any, ...]:
    return getattr(function, "__closure__", None) or ()


def _with_closure(function: Any, value_of: Callable[[Any], Any]) -> Any:
    """A copy of the function that keeps the present values of the variables around it, each
    replaced by `value_of` it."""
    if not inspect.isfunction(function):
        return function
    closure = tuple(types.CellType(value_of(cell.cell_contents)) for cell in _closure(function))
    kept = types.FunctionType(
        function.__code__,
        dict(function.__globals__),
        function.__name__,
        function.__defaults__,
        closure or None,
    )
    kept.__kwdefaults__ = function.__kwdefaults__
    return kept


def _widened(one_hot: Any, width: int) -> np.ndarray:
    """One-hot vectors `(..., n)` with zeros up to `width`."""
    array = np.asarray(one_hot)
    missing = width - array.shape[-1]
    if missing <= 0:
        return array
    return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, missing)])

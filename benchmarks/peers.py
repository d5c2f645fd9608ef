"""Peers: the same work, done by this project and by other libraries.

A peer is a function `Work -> job` that does the imports and prepares the data. Calling the job does
the work, including all building and compiling, and is timed. A training job returns the trained
`Weights`, a sampling job the symbols `(n_sequences, length)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Windows, one_hot
from seqmodel.network.weights import Weights

RATE, DECAY, EPSILON = 0.01, 0.01, 1e-7  # of Adam; rate / (1 + decay * step), as in the course
SEED = 0


@dataclass(frozen=True)
class Work:
    """Training: `epochs` passes over the windows, in order and in batches, starting from `weights`.
    Sampling: `n_sequences` sequences of `length` symbols with `weights`."""

    windows: Windows
    weights: Weights
    epochs: int
    batch_size: int
    n_sequences: int = 1
    length: int = 100

    @property
    def batches(self) -> list[slice]:
        m, size = len(self.windows.inputs), self.batch_size
        return [slice(start, start + size) for start in range(0, m, size)]

    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """X and Y one-hot, both `(m, Tx, n_values)`."""
        n_values = self.weights.n_values
        return one_hot(self.windows.inputs, n_values), one_hot(self.windows.labels, n_values)


Job = Callable[[], Any]
Peer = Callable[[Work], Job]


# Training


def _fit(work: Work, graph: str, engine: str) -> Job:
    """This project's own training."""
    from djmodel.model.layers import djmodel, shared_layers
    from djmodel.model.scan import scanning_model
    from seqmodel.data.random_streams import Stream, random_stream
    from seqmodel.network.keras_layers import extract_weights, load_keras, set_weights
    from seqmodel.training.batches import InMemoryBatches
    from seqmodel.training.config import TrainerConfig
    from seqmodel.training.loop import train_network

    load_keras()
    trainer = TrainerConfig(work.epochs, work.batch_size, RATE, DECAY, SEED)
    m, Tx = work.windows.inputs.shape
    # `InMemoryBatches` shuffles with these; undoing it gives all peers the same order
    shuffles = (random_stream(SEED, Stream.BATCH_ORDER, epoch) for epoch in range(work.epochs))
    orders = [np.argsort(rng.permutation(m)) for rng in shuffles]

    def job() -> Weights:
        layers = shared_layers(work.weights.n_values, work.weights.units, SEED)
        cell, densor = layers.LSTM_cell, layers.densor
        unrolled = graph == "unrolled"
        model = djmodel(Tx, *layers[1:], layers[0]) if unrolled else scanning_model(cell, densor)
        set_weights(model, work.weights)
        batches = InMemoryBatches(
            lambda epoch: Windows(*(array[orders[epoch]] for array in work.windows)),
            work.batch_size,
            SEED,
        )
        train_network(model, batches, trainer, engine=engine)  # type: ignore[arg-type]
        return extract_weights([cell, densor])

    return job


def _course_calls(work: Work, plain: bool) -> Job:
    """The calls of the course's notebook on this project's graph or, if `plain`, on the published
    one: a plain model with Tx outputs, Tx losses and Tx metrics."""
    from djmodel.course import Adam
    from djmodel.model.layers import djmodel, shared_layers
    from seqmodel.network.keras_layers import extract_weights, load_keras, set_weights

    keras = load_keras()
    X, Y = work.arrays()
    m, Tx, _ = X.shape

    def job() -> Weights:
        layers = shared_layers(work.weights.n_values, work.weights.units, SEED)
        model = djmodel(Tx, layers.LSTM_cell, layers.densor, layers.reshaper)
        set_weights(model, work.weights)
        metrics: list[Any] = ["accuracy"]
        if plain:
            model = keras.Model(model.inputs, model.outputs)
            metrics = [["accuracy"] for _ in range(Tx)]
        model.compile(Adam(lr=RATE, decay=DECAY), "categorical_crossentropy", metrics=metrics)
        zeros = np.zeros((m, work.weights.units), dtype=np.float32)
        settings = {"epochs": work.epochs, "batch_size": work.batch_size}
        model.fit([X, zeros, zeros], list(Y.swapaxes(0, 1)), shuffle=False, verbose=0, **settings)
        return extract_weights([layers.LSTM_cell, layers.densor])

    return job


def _torch(work: Work, threads: int | None = None) -> Job:
    """PyTorch, eager: nn.LSTM, nn.Linear and torch.optim.Adam."""
    import torch
    import torch._dynamo  # otherwise imported by the first optimizer, within the measured time
    from torch import nn

    torch.set_num_threads(threads or torch.get_num_threads())

    X, _ = work.arrays()
    x, y = torch.from_numpy(X), torch.from_numpy(work.windows.labels.astype(np.int64))
    weights = work.weights

    def job() -> Weights:
        lstm, dense = _torch_layers(
            nn.LSTM(weights.n_values, weights.units, batch_first=True), work
        )
        lstm.bias_hh_l0.requires_grad_(False)  # Keras has one bias
        parameters = [*lstm.parameters(), *dense.parameters()]
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        adam = torch.optim.Adam(trained, lr=RATE, eps=EPSILON)
        rate = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 / (1 + DECAY * step))
        loss_of = nn.CrossEntropyLoss()
        for _ in range(work.epochs):
            for batch in work.batches:
                # Keras adds epsilon before it corrects the bias of the second moment.
                correction = 1 - 0.999 ** (rate.last_epoch + 1)
                adam.param_groups[0]["eps"] = EPSILON / correction**0.5
                adam.zero_grad()
                a, _state = lstm(x[batch])  # (batch, Tx, n_a)
                loss_of(dense(a).flatten(0, 1), y[batch].flatten()).backward()
                adam.step()
                rate.step()
        arrays = (lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, dense.weight, dense.bias)
        return Weights("lstm", *(parameter.detach().numpy().T for parameter in arrays))

    return job


def _torch_layers(lstm: Any, work: Work) -> tuple[Any, Any]:
    """An nn.LSTM or nn.LSTMCell and an nn.Linear, with the weights of `work`."""
    import torch
    from torch import nn

    dense = nn.Linear(work.weights.units, work.weights.n_values)
    kernel, recurrent, bias, dense_kernel, dense_bias = (
        torch.from_numpy(array.T.copy()) for array in work.weights.arrays
    )
    names = [
        name for name, _ in lstm.named_parameters()
    ]  # input kernel, recurrent kernel, two biases
    arrays = (kernel, recurrent, bias, torch.zeros_like(bias))
    lstm.load_state_dict(dict(zip(names, arrays, strict=True)))
    dense.load_state_dict({"weight": dense_kernel, "bias": dense_bias})
    return lstm, dense


def _jax(work: Work) -> Job:
    """JAX by hand: a compiled training step around `lax.scan`, with Adam written out."""
    import jax
    import jax.numpy as jnp

    X, Y = work.arrays()
    units = work.weights.units

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        kernel, recurrent, bias, dense_kernel, dense_bias = parameters

        def step(state: Any, x_t: Any) -> Any:
            h, c = state
            i, f, g, o = jnp.split(x_t + h @ recurrent, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((len(x), units))
        _, a = jax.lax.scan(step, (zeros, zeros), (x @ kernel + bias).swapaxes(0, 1))
        logits = a.swapaxes(0, 1) @ dense_kernel + dense_bias  # (batch, Tx, n_values)
        return -(jax.nn.log_softmax(logits) * y).sum(-1).mean()

    @jax.jit
    def update(parameters: Any, first: Any, second: Any, step: Any, x: Any, y: Any) -> Any:
        gradients = jax.grad(loss_of)(parameters, x, y)
        first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
        second = [0.999 * v + 0.001 * g**2 for v, g in zip(second, gradients, strict=True)]
        rate = RATE / (1 + DECAY * step)
        rate *= jnp.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
        parameters = [
            p - rate * m / (jnp.sqrt(v) + EPSILON)
            for p, m, v in zip(parameters, first, second, strict=True)
        ]
        return parameters, first, second, step + 1

    def job() -> Weights:
        parameters = [jnp.asarray(array) for array in work.weights.arrays]
        zeros = [jnp.zeros_like(array) for array in parameters]
        state = (parameters, zeros, zeros, jnp.float32(0))
        for _ in range(work.epochs):
            for batch in work.batches:
                state = update(*state, X[batch], Y[batch])
        return Weights("lstm", *map(np.asarray, state[0]))

    return job


# Sampling


def _sampler(work: Work) -> Job:
    """This project's sampler."""
    from seqmodel.sampling.config import SamplingConfig
    from seqmodel.sampling.constraints import Automaton
    from seqmodel.sampling.sampler import sample

    n_values = work.weights.n_values
    shape: dict[str, Any] = {"n_sequences": work.n_sequences, "max_length": work.length}
    rng = np.random.default_rng(SEED)
    free = Automaton.free(n_values, n_values)
    return lambda: sample(work.weights, free, SamplingConfig(), rng, **shape).symbols


def _course_inference(work: Work) -> Job:
    """The course's inference graph, unrolled `length` times, through `predict`; the first call
    builds it."""
    from djmodel.model.layers import music_inference_model, shared_layers
    from seqmodel.network.keras_layers import load_keras

    keras = load_keras()
    n_values, units = work.weights.n_values, work.weights.units
    first = [np.zeros(shape, np.float32) for shape in ((1, 1, n_values), (1, units), (1, units))]
    built: list[Any] = []

    def job() -> NDArray[np.intp]:
        if not built:
            layers = shared_layers(n_values, units)
            model = music_inference_model(layers.LSTM_cell, layers.densor, work.length)
            layers.LSTM_cell.set_weights(work.weights.arrays[:3])
            layers.densor.set_weights(work.weights.arrays[3:])
            built.append(keras.Model(model.inputs, model.outputs))
        return np.argmax(np.stack(built[0].predict(first, verbose=0), axis=1), axis=-1)

    return job


def _torch_cell(work: Work, threads: int | None = None) -> Job:
    """PyTorch, eager: nn.LSTMCell step by step."""
    import torch
    from torch import nn

    torch.set_num_threads(threads or torch.get_num_threads())

    weights = work.weights
    generator = torch.Generator().manual_seed(SEED)
    cell, dense = _torch_layers(nn.LSTMCell(weights.n_values, weights.units), work)

    @torch.inference_mode()
    def job() -> NDArray[np.int64]:
        x = torch.zeros(work.n_sequences, weights.n_values)
        a = c = torch.zeros(work.n_sequences, weights.units)
        drawn = []
        for _ in range(work.length):
            a, c = cell(x, (a, c))
            probabilities = torch.softmax(dense(a), dim=-1)
            symbols = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
            x = nn.functional.one_hot(symbols, weights.n_values).float()
            drawn.append(symbols)
        return torch.stack(drawn, dim=1).numpy()

    return job


def _numpy(work: Work) -> Job:
    """NumPy by hand: the formulas of the LSTM, one step at a time."""
    weights = work.weights
    rng = np.random.default_rng(SEED)

    def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return 1 / (1 + np.exp(-x))

    def job() -> NDArray[np.intp]:
        x = np.zeros((work.n_sequences, weights.n_values), np.float32)
        a = c = np.zeros((work.n_sequences, weights.units), np.float32)
        drawn = []
        for _ in range(work.length):
            gates = x @ weights.kernel + a @ weights.recurrent + weights.bias
            i, f, g, o = np.split(gates, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            a = sigmoid(o) * np.tanh(c)
            logits = a @ weights.dense_kernel + weights.dense_bias
            cumulative = np.exp(logits - logits.max(axis=1, keepdims=True)).cumsum(axis=1)
            uniforms = rng.random((work.n_sequences, 1), np.float32) * cumulative[:, -1:]
            symbols = (cumulative <= uniforms).sum(axis=1)
            x = one_hot(symbols, weights.n_values)
            drawn.append(symbols)
        return np.stack(drawn, axis=1)

    return job


def _jax_sampler(work: Work) -> Job:
    """JAX by hand: all steps in one compiled `lax.scan`; the first call compiles it."""
    import jax
    import jax.numpy as jnp

    kernel, recurrent, bias, dense_kernel, dense_bias = map(jnp.asarray, work.weights.arrays)
    key, calls = jax.random.key(SEED), count()

    @jax.jit
    def draw(call: Any) -> Any:
        def step(state: Any, key_t: Any) -> Any:
            x_t, a, c = state
            i, f, g, o = jnp.split(x_t + a @ recurrent + bias, 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            a = jax.nn.sigmoid(o) * jnp.tanh(c)
            symbols = jax.random.categorical(key_t, a @ dense_kernel + dense_bias)
            return (kernel[symbols], a, c), symbols

        zeros = jnp.zeros((work.n_sequences, work.weights.units))
        first = (jnp.zeros((work.n_sequences, 4 * work.weights.units)), zeros, zeros)
        _, symbols = jax.lax.scan(
            step, first, jax.random.split(jax.random.fold_in(key, call), work.length)
        )
        return symbols.T  # (n_sequences, length)

    return lambda: np.asarray(draw(next(calls)))


def _nudged(work: Work) -> Job:
    """This project's training from initial weights that are one part in a million off. The
    difference of its final loss shows how much the losses of equivalent trainings may differ."""
    rng = np.random.default_rng(SEED)
    factors = (1 + 1e-6 * rng.normal(size=array.shape) for array in work.weights.arrays)
    arrays = (a * f.astype(np.float32) for a, f in zip(work.weights.arrays, factors, strict=True))
    return TRAINING[HERE](replace(work, weights=Weights(work.weights.cell, *arrays)))


HERE = "this project, default"
COURSE = "course as published"
ON_JAX = "this project, scan in Keras on JAX"
NUDGED = "this project, initial weights 1e-6 off"

TRAINING: dict[str, Peer] = {
    HERE: partial(_fit, graph="scan", engine="auto"),
    NUDGED: _nudged,
    "this project, course's calls": partial(_course_calls, plain=False),
    "this project, scan in Keras": partial(_fit, graph="scan", engine="keras"),
    "this project, unrolled in Keras": partial(_fit, graph="unrolled", engine="keras"),
    ON_JAX: partial(_fit, graph="scan", engine="keras"),
    COURSE: partial(_course_calls, plain=True),
    "PyTorch nn.LSTM": _torch,
    "PyTorch nn.LSTM, 1 thread": partial(_torch, threads=1),
    "JAX scan by hand": _jax,
}
# Peers whose Keras runs on another backend than TensorFlow.
BACKENDS = {ON_JAX: "jax"}

SAMPLING: dict[str, Peer] = {
    HERE: _sampler,
    COURSE: _course_inference,
    "PyTorch nn.LSTMCell": _torch_cell,
    "PyTorch nn.LSTMCell, 1 thread": partial(_torch_cell, threads=1),
    "NumPy by hand": _numpy,
    "JAX scan by hand": _jax_sampler,
}

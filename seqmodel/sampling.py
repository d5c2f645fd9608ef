"""Weights + an automaton of what may come next + a seed -> new sequences.

The sampler knows nothing of what the symbols mean. What is possible is said by an `Automaton`:
what it does not allow is masked, so that nothing is drawn twice and nothing is thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import SamplingError
from seqmodel.network import Weights, start_state

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Choice:
    """How a symbol is chosen. `temperature` divides the logits; then only the `top_k` likeliest
    symbols stay, and of those the fewest that together have at least the probability `top_p`.
    `greedy` takes the likeliest."""

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    greedy: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise SamplingError(
                "a temperature above 0", str(self.temperature), todo="use --greedy for none at all"
            )
        if self.top_k is not None and self.top_k < 1:
            raise SamplingError("a top-k of at least 1", str(self.top_k))
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SamplingError("a top-p above 0 and at most 1", str(self.top_p))


@dataclass(frozen=True)
class Automaton:
    """What may come next. A stream begins in state `start` and moves from state `s` to
    `next_state[s, symbol]`; in `s` only symbols with `allowed[s, symbol]` can be drawn. A state
    that allows nothing is an end.

    `allowed` is bool, `next_state` int32, both `(n_states, n_symbols)`.
    """

    allowed: NDArray[np.bool_]
    next_state: Indices
    start: int = 0

    @classmethod
    def free(cls, n_symbols: int, size: int) -> Automaton:
        """One state that allows the first `n_symbols` of `size`, for ever."""
        allowed = np.zeros((1, size), dtype=bool)
        allowed[:, :n_symbols] = True
        return cls(allowed, np.zeros((1, size), dtype=np.int32))


@dataclass(frozen=True)
class Samples:
    """`symbols`, int32, `(streams, longest)`, each row followed by -1 after its end; `log_probs`,
    float32, same shape: the natural log-probability that the model gives the symbol at temperature
    1 with nothing masked (0 after the end); `ended`, `(streams,)`: reached an end of the automaton.
    """

    symbols: Indices
    log_probs: Floats
    ended: NDArray[np.bool_]

    def rows(self) -> list[Indices]:
        """The symbols of each stream without the padding."""
        return [row[row >= 0] for row in self.symbols]


def sample(
    weights: Weights,
    automaton: Automaton,
    choice: Choice,
    rng: np.random.Generator,
    *,
    streams: int = 1,
    max_length: int,
    primer: Sequence[int] = (),
) -> Samples:
    """Draws `streams` sequences of at most `max_length` symbols.

    The model first reads the zero vector, then `primer` (which is not in the result and does not
    move the automaton). Each stream has its own generator, spawned from `rng`: the first of eight
    streams is the same as the only one of one.
    """
    uniforms = np.stack([child.random(max_length) for child in rng.spawn(streams)])
    inputs_table, step = weights.stepper()
    state = start_state(weights, streams)
    nothing = np.zeros((streams, inputs_table.shape[1]), dtype=np.float32)
    logits, state = step(nothing, state)
    for index in primer:
        logits, state = step(np.repeat(inputs_table[index][None], streams, axis=0), state)

    symbols = np.full((streams, max_length), -1, dtype=np.int32)
    log_probs = np.zeros((streams, max_length), dtype=np.float32)
    places = np.full(streams, automaton.start)
    ends = np.logical_not(automaton.allowed.any(axis=1))
    for t in range(max_length):
        going = ~ends[places]
        if not going.any():
            break
        drawn = choose(logits, automaton.allowed[places], choice, uniforms[:, t])
        plain = logits - logits.max(axis=1, keepdims=True)
        plain -= np.log(np.exp(plain).sum(axis=1, keepdims=True))
        rows = np.arange(streams)
        symbols[:, t] = np.where(going, drawn, -1)
        log_probs[:, t] = np.where(going, plain[rows, drawn], 0)
        places = np.where(going, automaton.next_state[places, drawn], places)
        logits, state = step(inputs_table[drawn], state)
    longest = int((symbols >= 0).sum(axis=1).max(initial=0))
    return Samples(symbols[:, :longest], log_probs[:, :longest], ends[places])


def choose(
    logits: Floats, allowed: NDArray[np.bool_], choice: Choice, uniforms: NDArray[np.float64]
) -> NDArray[np.intp]:
    """One symbol a row: `logits` and `allowed` are `(streams, n_symbols)`, `uniforms` `(streams,)`
    in [0, 1). The symbol is where the cumulative probability passes the uniform number. A row that
    allows nothing gives some symbol, which the caller does not use."""
    masked = np.where(allowed, logits, -np.inf)
    if choice.greedy:
        return masked.argmax(axis=1)
    masked = masked / np.float32(choice.temperature)
    with np.errstate(invalid="ignore"):  # rows that allow nothing
        probabilities = np.exp(masked - masked.max(axis=1, keepdims=True))
    probabilities = np.nan_to_num(probabilities)
    if choice.top_k is not None and choice.top_k < probabilities.shape[1]:
        order = np.argsort(-probabilities, axis=1, kind="stable")
        np.put_along_axis(probabilities, order[:, choice.top_k :], 0, axis=1)
    if choice.top_p is not None:
        order = np.argsort(-probabilities, axis=1, kind="stable")
        ranked = np.take_along_axis(probabilities, order, axis=1)
        before = np.cumsum(ranked, axis=1) - ranked
        ranked[before >= choice.top_p * ranked.sum(axis=1, keepdims=True)] = 0
        np.put_along_axis(probabilities, order, ranked, axis=1)
    cumulative = np.cumsum(probabilities, axis=1, dtype=np.float64)
    thresholds = uniforms[:, None] * cumulative[:, -1:]
    # The first place beyond the threshold always has a probability above zero.
    return (cumulative > thresholds).argmax(axis=1)

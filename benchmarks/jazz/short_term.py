"""Short-term memory: counts of the sequence so far, which change the prediction of what follows.

A network knows what is played in general; a player also repeats what has just been played. The
memory counts, in the sequence that is being read or drawn, which symbol followed in which context.
Its distributions and the network's are combined log-linearly,

    log p(s) = scale * log p_network(s) + sum_k weight_k * log p_k(s) + constant,

with weights that are fitted to validation music. After the short-term models of Pearce, *The
Construction and Evaluation of Statistical Models of Melodic Structure in Music Perception and
Composition* (2005), chapter 7.

In shapes: V symbols, K contexts, n steps, k conditioning features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices
from seqmodel.network.weights import Floats

# A quadratic penalty of the weights, so that few steps do not give extreme ones.
PENALTY = 1e-4


class Context(NamedTuple):
    """The situation by which following symbols are counted: the symbols `lags` steps before them,
    and the conditioning features of these numbers. Without either, all symbols are counted."""

    lags: tuple[int, ...] = ()
    features: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """The memory of every n-th step: its contexts, of which the first is the distribution that the
    others fall back on; `scale` and `weights (K,)` as in the formula."""

    contexts: tuple[Context, ...]
    scale: float = 1.0
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class ShortTermMemory:
    """A memory for sequences in which `parts` alternate: step t is predicted by part `t % n`.

    Of two symbols that spell a value, one part remembers the first, the other one the second.
    """

    parts: tuple[Part, ...]
    n_symbols: int

    def begin(self) -> MemoryState:
        """The memory of a sequence that begins."""
        return MemoryState(self)

    def combine(
        self, log_probs: Floats, sequence: Sequence[int], conditioning: Indices | None
    ) -> Floats:
        """The log-probabilities `(n, V)` of a sequence by network and memory, from those of the
        network; `conditioning (n, k)`."""
        state = self.begin()
        combined = np.empty_like(log_probs)
        for t, symbol in enumerate(sequence):
            features = () if conditioning is None else conditioning[t]
            combined[t] = state.combine(log_probs[t], features)
            state.add(symbol, features)
        combined -= combined.max(axis=1, keepdims=True)
        return combined - np.log(np.exp(combined).sum(axis=1, keepdims=True))

    def fitted(
        self, examples: Sequence[tuple[Floats, Sequence[int], Indices | None]]
    ) -> ShortTermMemory:
        """The memory with the scales and weights that predict `examples` best: the network's
        log-probabilities `(n, V)` of each sequence, the sequence, and its conditioning."""
        collected: list[list[tuple[Floats, Floats, int]]] = [[] for _ in self.parts]
        for log_probs, sequence, conditioning in examples:
            state = self.begin()
            for t, symbol in enumerate(sequence):
                features = () if conditioning is None else conditioning[t]
                part = collected[t % len(self.parts)]
                part.append((log_probs[t], state.distributions(features), symbol))
                state.add(symbol, features)
        parts = [_fit(part, steps) for part, steps in zip(self.parts, collected, strict=True)]
        return replace(self, parts=tuple(parts))


class MemoryState:
    """The counts of one sequence."""

    def __init__(self, memory: ShortTermMemory) -> None:
        self.memory = memory
        self.symbols: list[int] = []
        # By part and context: what followed (symbol -> count) in each situation.
        self.counts: list[list[dict[tuple[int, ...], dict[int, int]]]] = [
            [{} for _ in part.contexts] for part in memory.parts
        ]
        # By part, the logarithm of the distribution that the contexts fall back on.
        uniform = np.full(memory.n_symbols, 1 / memory.n_symbols)
        self._fallbacks = [uniform.copy() for _ in memory.parts]

    def combine(self, log_probs: Floats, features: Sequence[int] | NDArray[np.integer]) -> Floats:
        """Logits of the next symbol `(V,)`, from the network's log-probabilities or logits."""
        number = len(self.symbols) % len(self.memory.parts)
        part, fallback = self.memory.parts[number], self._fallbacks[number]
        logits = (part.scale * log_probs + sum(part.weights) * np.log(fallback)).astype(np.float32)
        changes: dict[int, float] = {}
        situations = self._situations(number, features)
        for weight, followed in zip(part.weights[1:], situations[1:], strict=True):
            for symbol, count in followed.items():
                gain = math.log1p(count / (len(followed) * fallback[symbol]))
                changes[symbol] = changes.get(symbol, 0.0) + weight * gain
        if changes:
            logits[list(changes)] += np.fromiter(changes.values(), np.float32, len(changes))
        return logits

    def distributions(self, features: Sequence[int] | NDArray[np.integer]) -> Floats:
        """The log-probabilities of the next symbol by each context, `(K, V)`, up to a constant for
        each: counts by Witten and Bell's method, falling back on the first context."""
        number = len(self.symbols) % len(self.memory.parts)
        fallback = self._fallbacks[number]
        logs = np.tile(np.log(fallback), (len(self.memory.parts[number].contexts), 1))
        for row, followed in zip(logs[1:], self._situations(number, features)[1:], strict=True):
            for symbol, count in followed.items():
                row[symbol] += math.log1p(count / (len(followed) * fallback[symbol]))
        return logs.astype(np.float32)

    def add(self, symbol: int, features: Sequence[int] | NDArray[np.integer]) -> None:
        """Remembers the symbol that followed."""
        number = len(self.symbols) % len(self.memory.parts)
        keys = self._keys(number, features)
        for counts, key in zip(self.counts[number], keys, strict=True):
            followed = counts.setdefault(key, {})
            followed[symbol] = followed.get(symbol, 0) + 1
        first = next(iter(self.counts[number][0].values()))
        total, kinds, V = sum(first.values()), len(first) + 1, self.memory.n_symbols
        fallback = np.full(V, kinds / V / (total + kinds))
        fallback[list(first)] += np.fromiter(first.values(), float, len(first)) / (total + kinds)
        self._fallbacks[number] = fallback
        self.symbols.append(symbol)

    def _keys(
        self, number: int, features: Sequence[int] | NDArray[np.integer]
    ) -> list[tuple[int, ...]]:
        """The situation of the next symbol in each context of a part."""
        symbols, n = self.symbols, len(self.symbols)
        return [
            (
                *(symbols[n - lag] if lag <= n else -1 for lag in context.lags),
                *(int(features[feature]) for feature in context.features),
            )
            for context in self.memory.parts[number].contexts
        ]

    def _situations(
        self, number: int, features: Sequence[int] | NDArray[np.integer]
    ) -> list[dict[int, int]]:
        """The symbols that followed so far in the situation of the next one, with counts, by
        context."""
        keys = self._keys(number, features)
        counts = self.counts[number]
        return [found.get(key, {}) for found, key in zip(counts, keys, strict=True)]


def _fit(part: Part, steps: Sequence[tuple[Floats, Floats, int]]) -> Part:
    """The part with the scale and weights of the lowest mean cross-entropy over `steps`: of each
    the log-probabilities of the network `(V,)`, those of the contexts `(K, V)`, the symbol."""
    from scipy.optimize import minimize

    # (n, 1 + K, V): the network first
    logs = np.stack([np.vstack([network[None], contexts]) for network, contexts, _ in steps])
    symbols = np.array([symbol for _, _, symbol in steps])
    rows = np.arange(len(symbols))
    neutral = np.zeros(logs.shape[1])
    neutral[0] = 1

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The mean cross-entropy, with the penalty, and its gradient."""
        logits = np.einsum("k,nkv->nv", weights.astype(np.float32), logs)
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits)
        totals = probabilities.sum(axis=1, keepdims=True)
        cross_entropy = float((np.log(totals[:, 0]) - logits[rows, symbols]).mean())
        probabilities /= totals
        probabilities[rows, symbols] -= 1
        gradient = np.einsum("nv,nkv->k", probabilities, logs) / len(rows)
        penalty = weights - neutral
        return cross_entropy + PENALTY * float(penalty @ penalty), gradient + 2 * PENALTY * penalty

    found = minimize(loss, neutral, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    return replace(part, scale=float(found[0]), weights=tuple(map(float, found[1:])))

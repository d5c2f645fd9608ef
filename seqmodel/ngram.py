"""Interpolated n-grams: the yardstick that a recurrent network has to beat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import CorpusError
from seqmodel.windows import NOTHING

Context = tuple[int, ...]


class Smoothing(NamedTuple):
    """How much an order trusts the next lower one.

    "dirichlet": `strength` symbols are added to each context, spread as the lower order says
    (MacKay and Peto, *A hierarchical Dirichlet language model*, 1995). "kneser-ney": `strength`, 0
    to 1, is taken from each count, and lower orders count contexts instead of occurrences (Kneser
    and Ney, *Improved backing-off for m-gram language modeling*, 1995, interpolated).
    """

    kind: Literal["dirichlet", "kneser-ney"]
    strength: float


@dataclass(frozen=True)
class NGram:
    """A model of what comes after the `order - 1` symbols before. `counts[k]` are those of the
    contexts of k symbols. A sequence begins after nothing."""

    order: int
    n_symbols: int
    smoothing: Smoothing
    counts: tuple[dict[Context, Counter[int]], ...]

    @classmethod
    def fit(
        cls, sequences: Sequence[Sequence[int]], n_symbols: int, order: int, smoothing: Smoothing
    ) -> NGram:
        """Counts `sequences` of indices from 0 to `n_symbols - 1`."""
        counts: list[dict[Context, Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
        for sequence in sequences:
            for context, symbol in _contexts(sequence, order):
                for k in range(order):
                    counts[k][context[len(context) - k :]][symbol] += 1
        if smoothing.kind == "kneser-ney":
            for k in range(order - 1):  # a lower order counts in how many contexts a symbol stands
                counts[k] = defaultdict(Counter)
                for context, symbols in counts[k + 1].items():
                    for symbol in symbols:
                        counts[k][context[1:]][symbol] += 1
        return cls(order, n_symbols, smoothing, tuple(dict(table) for table in counts))

    @classmethod
    def tuned(
        cls,
        sequences: Sequence[Sequence[int]],
        n_symbols: int,
        rng: np.random.Generator,
        orders: Sequence[int] = (1, 2, 3, 4, 5),
    ) -> NGram:
        """The best order and smoothing, measured on a tenth of `sequences` that the others are
        fitted to; then fitted to all. Raises CorpusError for fewer than two sequences."""
        if len(sequences) < 2:
            raise CorpusError("at least two sequences", str(len(sequences)))
        order_of_trial = rng.permutation(len(sequences))
        n_tuning = max(1, len(sequences) // 10)
        tuning = [sequences[i] for i in order_of_trial[:n_tuning]]
        fitted = [sequences[i] for i in order_of_trial[n_tuning:]]
        candidates = [Smoothing("dirichlet", s) for s in (0.5, 1, 2, 4, 8, 16, 32)]
        candidates += [Smoothing("kneser-ney", s) for s in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)]
        trials = [(order, smoothing) for order in orders for smoothing in candidates]

        def cost(trial: tuple[int, Smoothing]) -> float:
            return cls.fit(fitted, n_symbols, *trial).cross_entropy(tuning)

        return cls.fit(sequences, n_symbols, *min(trials, key=cost))

    def probabilities(self, context: Sequence[int]) -> NDArray[np.float64]:
        """What comes after `context` (NOTHING stands before a sequence): `(n_symbols,)`."""
        mixture = np.full(self.n_symbols, 1 / self.n_symbols)
        strength = self.smoothing.strength
        for k in range(self.order):
            symbols = self.counts[k].get(tuple(context[len(context) - k :]))
            if symbols is None:
                break
            counts = np.zeros(self.n_symbols)
            counts[list(symbols)] = list(symbols.values())
            total = counts.sum()
            if self.smoothing.kind == "dirichlet":
                mixture = (counts + strength * mixture) / (total + strength)
            else:
                left = strength * len(symbols)
                mixture = (np.maximum(counts - strength, 0) + left * mixture) / total
        return mixture

    def log_probabilities(self, sequence: Sequence[int]) -> NDArray[np.float64]:
        """The natural log-probability of each symbol of a sequence: `(len(sequence),)`."""
        return np.log(
            [self.probabilities(context)[s] for context, s in _contexts(sequence, self.order)]
        )

    def cross_entropy(self, sequences: Sequence[Sequence[int]]) -> float:
        """Nats a symbol, over all symbols of all sequences; its exponential is the perplexity."""
        return -float(np.concatenate([self.log_probabilities(s) for s in sequences]).mean())


def _contexts(sequence: Sequence[int], order: int) -> list[tuple[Context, int]]:
    """Each symbol with the `order - 1` before it."""
    padded = [NOTHING] * (order - 1) + [int(symbol) for symbol in sequence]
    return [
        (tuple(padded[place : place + order - 1]), padded[place + order - 1])
        for place in range(len(sequence))
    ]

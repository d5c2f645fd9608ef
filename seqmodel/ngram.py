"""Interpolated n-grams: the yardstick that a recurrent network has to beat."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING
from seqmodel.errors import CorpusError

Context = tuple[int, ...]


class Smoothing(NamedTuple):
    """How much an order trusts the next lower one.

    "dirichlet": `strength` symbols are added to each context, spread as the lower order says
    (MacKay and Peto, *A hierarchical Dirichlet language model*, 1995). "witten-bell": as many as
    the context has had different symbols, times `strength` (Witten and Bell, *The zero-frequency
    problem*, 1991, method C, where it is 1). "kneser-ney": `strength`, 0 to 1, is taken from each
    count, and lower orders count contexts instead of occurrences (Kneser and Ney, *Improved
    backing-off for m-gram language modeling*, 1995, interpolated); with `added` symbols on top, as
    in the first, it is the rule of Teh, *A hierarchical Bayesian language model based on Pitman-Yor
    processes*, 2006, with one table for each symbol.
    """

    kind: Literal["dirichlet", "witten-bell", "kneser-ney"]
    strength: float
    added: float = 0.0

    @property
    def discount(self) -> float:
        """What is taken from each count."""
        return self.strength if self.kind == "kneser-ney" else 0.0

    def extra(self, types: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many symbols are added to contexts that have had so many different ones."""
        if self.kind == "witten-bell":
            return self.strength * types
        return np.full(types.shape, self.strength if self.kind == "dirichlet" else self.added)


CANDIDATES = (
    *(Smoothing("dirichlet", strength) for strength in (0.5, 1, 2, 4, 8, 16, 32, 64, 128)),
    *(Smoothing("witten-bell", strength) for strength in (1, 2, 4, 8, 16)),
    *(
        Smoothing("kneser-ney", discount, added)
        for discount in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
        for added in (0, 1, 4, 8, 16, 32)
    ),
)
# Up to so many sequences, each is left out in turn to tune on; of more, a tenth once.
LEFT_OUT_IN_TURN = 20

Counts = tuple[dict[Context, Counter[int]], ...]


@dataclass(frozen=True)
class NGram:
    """A model of what comes after the `order - 1` symbols before. `counts[k]` are those of the
    contexts of k symbols. A sequence begins after nothing."""

    order: int
    n_symbols: int
    smoothing: Smoothing
    counts: Counts

    @classmethod
    def fit(
        cls, sequences: Sequence[Sequence[int]], n_symbols: int, order: int, smoothing: Smoothing
    ) -> NGram:
        """Counts `sequences` of indices from 0 to `n_symbols - 1`."""
        counts = _counts(sequences, order)
        if smoothing.kind == "kneser-ney":
            counts = _contexts_counted(counts)
        return cls(order, n_symbols, smoothing, counts)

    @classmethod
    def tuned(
        cls,
        sequences: Sequence[Sequence[int]],
        n_symbols: int,
        rng: np.random.Generator,
        orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
    ) -> NGram:
        """The best order and smoothing for sequences that are left out of `sequences` while the
        others are counted; then fitted to all. Raises CorpusError for fewer than two sequences."""
        order, smoothing = min(cls._tuning(sequences, n_symbols, rng, orders).items(), key=_cost)[0]
        return cls.fit(sequences, n_symbols, order, smoothing)

    @classmethod
    def tuned_orders(
        cls,
        sequences: Sequence[Sequence[int]],
        n_symbols: int,
        rng: np.random.Generator,
        orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
    ) -> dict[int, NGram]:
        """For each of `orders` the best smoothing, as in `tuned`; the order that was the best comes
        first."""
        costs = cls._tuning(sequences, n_symbols, rng, orders)
        best = {
            order: min((cost, s) for (its, s), cost in costs.items() if its == order)
            for order in orders
        }
        return {
            order: cls.fit(sequences, n_symbols, order, best[order][1])
            for order in sorted(orders, key=lambda order: best[order][0])
        }

    @classmethod
    def _tuning(
        cls,
        sequences: Sequence[Sequence[int]],
        n_symbols: int,
        rng: np.random.Generator,
        orders: Sequence[int],
    ) -> dict[tuple[int, Smoothing], float]:
        """The nats that each order and smoothing need for what is left out."""
        if len(sequences) < 2:
            raise CorpusError("at least two sequences", str(len(sequences)))
        trial = rng.permutation(len(sequences))
        n_apart = 1 if len(sequences) <= LEFT_OUT_IN_TURN else len(sequences) // 10
        n_turns = len(sequences) if len(sequences) <= LEFT_OUT_IN_TURN else 1
        costs = {(order, smoothing): 0.0 for order in orders for smoothing in CANDIDATES}
        for turn in range(n_turns):
            apart = set(trial[turn * n_apart : (turn + 1) * n_apart].tolist())
            left_out = [sequences[index] for index in apart]
            rest = [s for index, s in enumerate(sequences) if index not in apart]
            occurrences = _counts(rest, max(orders))
            for order in orders:
                its = occurrences[:order]
                seen = {
                    False: _seen(its, left_out),
                    True: _seen(_contexts_counted(its), left_out),
                }
                for smoothing in CANDIDATES:
                    known = seen[smoothing.kind == "kneser-ney"]
                    costs[order, smoothing] -= float(
                        np.log(_interpolated(smoothing, known, n_symbols)).sum()
                    )
        return costs

    def probabilities(self, context: Sequence[int]) -> NDArray[np.float64]:
        """What comes after `context` (PADDING stands before a sequence): `(n_symbols,)`."""
        mixture = np.full(self.n_symbols, 1 / self.n_symbols)
        for k in range(self.order):
            symbols = self.counts[k].get(tuple(context[len(context) - k :]))
            if symbols is None:
                break
            counts = np.zeros(self.n_symbols)
            counts[list(symbols)] = list(symbols.values())
            mixture = _interpolate(
                self.smoothing, counts, counts.sum(), np.float64(len(symbols)), mixture
            )
        return mixture

    def log_probabilities(self, sequence: Sequence[int]) -> NDArray[np.float64]:
        """The natural log-probability of each symbol of a sequence: `(len(sequence),)`."""
        seen = _seen(self.counts, [sequence])
        return np.log(_interpolated(self.smoothing, seen, self.n_symbols))

    def accuracy(self, sequences: Sequence[Sequence[int]]) -> float:
        """How large a share of all symbols is the likeliest one at its place."""
        right = [
            int(self.probabilities(context).argmax()) == symbol
            for sequence in sequences
            for context, symbol in _contexts(sequence, self.order)
        ]
        return sum(right) / len(right)

    def cross_entropy(self, sequences: Sequence[Sequence[int]]) -> float:
        """Nats a symbol, over all symbols of all sequences; its exponential is the perplexity."""
        return -float(np.concatenate([self.log_probabilities(s) for s in sequences]).mean())


class _Seen(NamedTuple):
    """What is known of each symbol of some sequences after the last 0, 1, 2 ... before it: how
    often it has been there, how often any has, and how many different ones; all `(n, order)`."""

    counts: NDArray[np.float64]
    totals: NDArray[np.float64]
    types: NDArray[np.float64]


def _seen(counts: Counts, sequences: Sequence[Sequence[int]]) -> _Seen:
    order = len(counts)
    totals = [{context: symbols.total() for context, symbols in c.items()} for c in counts]
    rows = []
    for sequence in sequences:
        for context, symbol in _contexts(sequence, order):
            row = []
            for k in range(order):
                its = context[len(context) - k :]
                symbols = counts[k].get(its)
                row.append(
                    (symbols[symbol], totals[k][its], len(symbols)) if symbols else (0, 0, 0)
                )
            rows.append(row)
    return _Seen(*np.array(rows, dtype=np.float64).reshape(-1, order, 3).transpose(2, 0, 1))


def _interpolated(smoothing: Smoothing, seen: _Seen, n_symbols: int) -> NDArray[np.float64]:
    """The probability of each symbol, `(n,)`; a context that has never been says nothing."""
    mixture = np.full(len(seen.counts), 1 / n_symbols)
    for counts, totals, types in zip(*(array.T for array in seen), strict=True):
        known = totals > 0
        mixture[known] = _interpolate(
            smoothing, counts[known], totals[known], types[known], mixture[known]
        )
    return mixture


def _interpolate(smoothing: Smoothing, counts: Any, totals: Any, types: Any, lower: Any) -> Any:
    """`(max(count - discount, 0) + left * lower) / (total + extra)`, where `left` is what has been
    taken from the counts and what is added to them."""
    discount, extra = smoothing.discount, smoothing.extra(types)
    left = discount * types + extra
    return (np.maximum(counts - discount, 0) + left * lower) / (totals + extra)


def _cost(trial: tuple[tuple[int, Smoothing], float]) -> float:
    return trial[1]


def _counts(sequences: Sequence[Sequence[int]], order: int) -> Counts:
    """How often each symbol has stood after each context of 0, 1, ... `order - 1` symbols."""
    counts: list[dict[Context, Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
    for sequence in sequences:
        for context, symbol in _contexts(sequence, order):
            for k in range(order):
                counts[k][context[len(context) - k :]][symbol] += 1
    return tuple(dict(table) for table in counts)


def _contexts_counted(counts: Counts) -> Counts:
    """The same, but below the highest order in how many longer contexts a symbol stands."""
    lower: list[dict[Context, Counter[int]]] = []
    for longer in counts[1:]:
        table: dict[Context, Counter[int]] = defaultdict(Counter)
        for context, symbols in longer.items():
            for symbol in symbols:
                table[context[1:]][symbol] += 1
        lower.append(dict(table))
    return (*lower, counts[-1])


def _contexts(sequence: Sequence[int], order: int) -> list[tuple[Context, int]]:
    """Each symbol with the `order - 1` before it."""
    padded = [PADDING] * (order - 1) + [int(symbol) for symbol in sequence]
    return [
        (tuple(padded[place : place + order - 1]), padded[place + order - 1])
        for place in range(len(sequence))
    ]

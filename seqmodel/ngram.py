"""Interpolated n-gram models: the baseline that a network has to beat, and a source of new
sequences.

Counts stand in sorted arrays, so that many symbols are scored at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING
from seqmodel.errors import CorpusError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Sequences = Sequence[Sequence[int] | NDArray[np.integer]]


class Smoothing(NamedTuple):
    """The trust of an order in its own counts over the next lower order.

    "dirichlet": `strength` symbols are added to each context, distributed as in the lower order
    (MacKay and Peto, *A hierarchical Dirichlet language model*, 1995). "witten-bell": as many as
    the context has different followers, times `strength` (Witten and Bell, *The zero-frequency
    problem*, 1991, method C, where it is 1). "kneser-ney": `strength`, 0 to 1, is subtracted from
    each count, and lower orders count contexts instead of occurrences (Kneser and Ney, *Improved
    backing-off for m-gram language modeling*, 1995, interpolated); with `added` symbols on top, as
    for "dirichlet", it is the rule of Teh, *A hierarchical Bayesian language model based on
    Pitman-Yor processes*, 2006, with one table for each symbol.
    """

    kind: Literal["dirichlet", "witten-bell", "kneser-ney"]
    strength: float
    added: float = 0.0

    @property
    def discount(self) -> float:
        """The amount subtracted from each count."""
        return self.strength if self.kind == "kneser-ney" else 0.0

    def extra(self, types: Floats) -> Floats:
        """The number of symbols added to contexts with `types` different followers."""
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
# Tuning leaves out each sequence in turn if there are at most this many; else a tenth of them,
# once.
MAX_LEFT_OUT_IN_TURN = 20


class _Level(NamedTuple):
    """Counts of what follows the contexts of one length, which are numbered.

    `keys` `(contexts,)`, ascending: the number of the context one symbol shorter, times
    `n_symbols + 1`, plus the oldest symbol plus 1 (0: before the sequence). `pairs`, ascending: the
    number of a context times `n_symbols`, plus a follower; `counts`: of each pair. `first`
    `(contexts + 1,)`: the index of each context's first pair.
    """

    keys: Ints
    pairs: Ints
    counts: Ints
    first: Ints

    @property
    def totals(self) -> Ints:
        """The sum of the counts of each context."""
        return np.diff(np.concatenate([[0], self.counts.cumsum()])[self.first])

    @property
    def types(self) -> Ints:
        """The number of different followers of each context."""
        return np.diff(self.first)


Levels = tuple[_Level, ...]


@dataclass(frozen=True, eq=False)
class NGram:
    """A model of the next symbol given the `order - 1` symbols before it. A symbol is an index from
    0 to `n_symbols - 1`; PADDING stands before the first one."""

    order: int
    n_symbols: int
    smoothing: Smoothing
    levels: Levels

    @classmethod
    def fit(cls, sequences: Sequences, n_symbols: int, order: int, smoothing: Smoothing) -> NGram:
        """Counts `sequences` of indices."""
        levels = _count(sequences, n_symbols, order)
        if smoothing.kind == "kneser-ney":
            levels = _count_contexts(levels, n_symbols)
        return cls(order, n_symbols, smoothing, levels)

    @classmethod
    def tuned_orders(
        cls,
        sequences: Sequences,
        n_symbols: int,
        rng: np.random.Generator,
        orders: Sequence[int] = (1, 2, 3, 4, 5, 6),
    ) -> dict[int, NGram]:
        """The model of each order with the smoothing that predicts left-out sequences best, fitted
        to all of them; the best order comes first. Raises CorpusError for fewer than two."""
        costs = _tune(sequences, n_symbols, rng, orders)
        best = {
            order: min(
                (cost, smoothing) for (its, smoothing), cost in costs.items() if its == order
            )
            for order in orders
        }
        return {
            order: cls.fit(sequences, n_symbols, order, best[order][1])
            for order in sorted(orders, key=lambda order: best[order][0])
        }

    def probabilities(self, context: Sequence[int] | Ints) -> Floats:
        """The distribution of the next symbol after `context`: `(n_symbols,)`."""
        mixture = np.full(self.n_symbols, 1 / self.n_symbols)
        before = np.array([context], dtype=np.int64)
        contexts = _contexts(self.levels, before, self.n_symbols)
        for level, found in zip(self.levels, contexts, strict=True):
            number = int(found[0])
            its = slice(level.first[number], level.first[number + 1])
            if number < 0 or its.start == its.stop:
                break
            counts = np.zeros(self.n_symbols)
            counts[level.pairs[its] % self.n_symbols] = level.counts[its]
            types = np.float64(its.stop - its.start)
            mixture = _interpolate(self.smoothing, counts, counts.sum(), types, mixture)
        return mixture

    def log_probabilities(self, *sequences: Sequence[int] | NDArray[np.integer]) -> Floats:
        """The natural log-probability of each symbol of some sequences, in a row: `(n,)`."""
        seen = _seen(self.levels, sequences, self.n_symbols)
        return np.log(_interpolated(self.smoothing, seen, self.n_symbols))

    def accuracy(self, sequences: Sequences, together: int = 1) -> float:
        """The share of symbols that are the most likely one at their place; or, of sequences that
        consist of words of `together` symbols, the share of words of which all symbols are."""
        text, places = _text(sequences, self.order)
        hits = [
            int(self.probabilities(text[place - self.order + 1 : place]).argmax()) == text[place]
            for place in places
        ]
        return float(np.reshape(hits, (-1, together)).all(axis=1).mean())

    def cross_entropy(self, sequences: Sequences) -> float:
        """Nats per symbol, over all symbols; its exponential is the perplexity."""
        return -float(self.log_probabilities(*sequences).mean())

    @property
    def table_size(self) -> int:
        """The number of entries of each array of `table`."""
        return self.n_symbols * sum(len(level.keys) for level in self.levels)

    def table(self) -> NGramTable:
        """The distributions after all known contexts, to sample from."""
        n, order = self.n_symbols, len(self.levels)
        mixture, follower = np.full((1, n), 1 / n), np.zeros((1, n), dtype=np.int64)
        # Of each context of one length: its number without its newest symbol, and that symbol.
        stem, newest = np.zeros((2, 1), dtype=np.int64)
        mixtures, followers = [], []
        firsts = np.cumsum([0, *(len(level.keys) for level in self.levels)])
        for k, level in enumerate(self.levels):
            if k:
                shorter, oldest = np.divmod(level.keys, n + 1)
                if k == 1:
                    stem, newest = shorter, oldest - 1
                else:
                    stem = _find(self.levels[k - 1].keys, stem[shorter] * (n + 1) + oldest)
                    newest = newest[shorter]
                drawn = np.flatnonzero(newest != PADDING)
                follower[stem[drawn], newest[drawn]] = firsts[k] + drawn
                mixture, follower = mixture[shorter], follower[shorter]
            counts = np.zeros((len(level.keys), n))
            counts[np.divmod(level.pairs, n)] = level.counts
            totals, types = level.totals[:, None], level.types[:, None].astype(float)
            known = np.maximum(totals, 1), types, mixture
            mixture = np.where(totals, _interpolate(self.smoothing, counts, *known), mixture)
            mixtures.append(mixture)
            followers.append(follower)
        before = _contexts(self.levels, np.full((1, order - 1), PADDING), n)
        start = max(firsts[k] + found[0] for k, found in enumerate(before) if found[0] >= 0)
        cumulated = np.concatenate(mixtures).cumsum(axis=1).astype(np.float32)
        return NGramTable(cumulated, np.concatenate(followers).astype(np.int32), int(start))


class NGramTable(NamedTuple):
    """The distributions after the known contexts of an n-gram model, and the longest known context
    at the end of each of them and a symbol more. A context is a row: `cumulated (contexts,
    n_symbols)`, `followers (contexts, n_symbols)`; a sequence begins at `start`."""

    cumulated: NDArray[np.float32]
    followers: NDArray[np.int32]
    start: int

    def sample(
        self, contexts: NDArray[np.int32], rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Draws a symbol after each of `contexts (m,)`: the symbols and the contexts after them."""
        passed = rng.random((len(contexts), 1), np.float32) >= self.cumulated[contexts, :-1]
        symbols = np.count_nonzero(passed, axis=1)
        return symbols, self.followers[contexts, symbols]


def _text(sequences: Sequences, order: int) -> tuple[Ints, Ints]:
    """All sequences in a row, each after `order - 1` times PADDING, and the places of symbols."""
    padding = np.full(order - 1, PADDING)
    parts = [part for sequence in sequences for part in (padding, np.asarray(sequence))]
    text = np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, dtype=np.int64)
    return text, np.flatnonzero(text != PADDING)


def _count(sequences: Sequences, n_symbols: int, order: int) -> Levels:
    """Counts of each symbol after each context of 0, 1, ... `order - 1` symbols."""
    text, places = _text(sequences, order)
    contexts = np.zeros(len(places), dtype=np.int64)
    keys = np.zeros(1, dtype=np.int64)
    levels = []
    for k in range(order):
        if k:
            longer = contexts * (n_symbols + 1) + text[places - k] + 1
            keys, contexts = np.unique(longer, return_inverse=True)
        levels.append(_level(keys, contexts * n_symbols + text[places], n_symbols))
    return tuple(levels)


def _count_contexts(levels: Levels, n_symbols: int) -> Levels:
    """The same, but below the highest order the number of longer contexts that a symbol follows."""
    lower = []
    for level, longer in pairwise(levels):
        context, follower = np.divmod(longer.pairs, n_symbols)
        shorter = longer.keys[context] // (n_symbols + 1)
        lower.append(_level(level.keys, shorter * n_symbols + follower, n_symbols))
    return (*lower, levels[-1])


def _level(keys: Ints, occurrences: Ints, n_symbols: int) -> _Level:
    """A level from all its occurrences: the number of a context times `n_symbols`, plus a
    follower."""
    pairs, counts = np.unique(occurrences, return_counts=True)
    first = np.searchsorted(pairs, n_symbols * np.arange(len(keys) + 1))
    return _Level(keys, pairs, counts, first)


def _contexts(levels: Levels, before: Ints, n_symbols: int) -> list[Ints]:
    """The number of the context of 0, 1, ... `order - 1` symbols at the end of each row of
    `before`, -1 for one that was never seen."""
    numbers = [np.zeros(len(before), dtype=np.int64)]
    for k, level in enumerate(levels[1:], 1):
        keys = numbers[-1] * (n_symbols + 1) + before[:, -k] + 1
        numbers.append(np.where(numbers[-1] < 0, -1, _find(level.keys, keys)))
    return numbers


def _find(ascending: Ints, wanted: Ints) -> Ints:
    """The index of each of `wanted`, -1 where it is missing."""
    if not len(ascending):
        return np.full(len(wanted), -1, dtype=np.int64)
    index = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[index] == wanted, index, -1)


def _seen(levels: Levels, sequences: Sequences, n_symbols: int) -> Floats:
    """Counts of each symbol of some sequences after its contexts of 0, 1, ... symbols, their
    totals, and the number of different followers: `(3, order, n)`, 0 for unseen contexts."""
    order = len(levels)
    text, places = _text(sequences, order)
    before = text[places[:, None] - np.arange(order - 1, 0, -1)]  # (n, order - 1)
    rows = []
    for level, contexts in zip(levels, _contexts(levels, before, n_symbols), strict=True):
        seen = contexts >= 0
        pair = _find(level.pairs, contexts * n_symbols + text[places])
        counts = np.append(level.counts, 0)[pair]  # -1 finds the 0
        rows.append([
            np.where(seen, counts, 0),
            np.where(seen, np.append(level.totals, 0)[contexts], 0),
            np.where(seen, np.append(level.types, 0)[contexts], 0),
        ])  # fmt: skip
    return np.array(rows, dtype=np.float64).swapaxes(0, 1)


def _interpolated(smoothing: Smoothing, seen: Floats, n_symbols: int) -> Floats:
    """The probability of each symbol, `(n,)`; an unseen context leaves the lower order's."""
    mixture = np.full(seen.shape[2], 1 / n_symbols)
    for counts, totals, types in zip(*seen, strict=True):
        known = totals > 0
        mixture[known] = _interpolate(
            smoothing, counts[known], totals[known], types[known], mixture[known]
        )
    return mixture


def _interpolate(smoothing: Smoothing, counts: Any, totals: Any, types: Any, lower: Any) -> Any:
    """`(max(count - discount, 0) + left * lower) / (total + extra)`, where `left` is what the
    discount frees plus what is added."""
    discount, extra = smoothing.discount, smoothing.extra(types)
    left = discount * types + extra
    return (np.maximum(counts - discount, 0) + left * lower) / (totals + extra)


def _tune(
    sequences: Sequences,
    n_symbols: int,
    rng: np.random.Generator,
    orders: Sequence[int],
) -> dict[tuple[int, Smoothing], float]:
    """The nats that each order and smoothing need for sequences that are left out."""
    if len(sequences) < 2:
        raise CorpusError(f"tuning needs at least two sequences, and there are {len(sequences)}")
    trial = rng.permutation(len(sequences))
    in_turn = len(sequences) <= MAX_LEFT_OUT_IN_TURN
    n_left_out = 1 if in_turn else len(sequences) // 10
    costs = {(order, smoothing): 0.0 for order in orders for smoothing in CANDIDATES}
    for turn in range(len(sequences) if in_turn else 1):
        chosen = set(trial[turn * n_left_out : (turn + 1) * n_left_out].tolist())
        left_out = [sequences[index] for index in chosen]
        occurrences = _count(
            [s for index, s in enumerate(sequences) if index not in chosen], n_symbols, max(orders)
        )
        for order in orders:
            levels = occurrences[:order]
            seen = _seen(levels, left_out, n_symbols)
            seen_contexts = _seen(_count_contexts(levels, n_symbols), left_out, n_symbols)
            for smoothing in CANDIDATES:
                its = seen_contexts if smoothing.kind == "kneser-ney" else seen
                probabilities = _interpolated(smoothing, its, n_symbols)
                costs[order, smoothing] -= float(np.log(probabilities).sum())
    return costs

"""Additional training names, drawn from an n-gram model of the list."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices
from seqmodel.ngram import NGram, Smoothing
from seqmodel.parallel.threads import ThreadPool

ORDER = 6
SMOOTHING = Smoothing("kneser-ney", 0.9)
NAMES_PER_THREAD = 8192
MIN_TRIES = 64
OVERSAMPLING = 3  # times as many names are found as are taken
PATIENCE = 10  # times as many are drawn, at most
MAX_TABLE = 2**24  # entries of the n-gram model's table; the order is lower for long lists
LENGTH_SMOOTHING = 20  # names of the drawn lengths, added to the list's before lengths are matched


class NGramSampler:
    """Draws names from an n-gram model of `names` (sequences of indices that end with 0).

    A few hundred names are too few for a network: it memorizes them before it has learned what they
    are made of. Names drawn from an n-gram model give it as much practice as it needs (n-gram
    smoothing as noise in the training data: Xie et al., *Data noising as smoothing in neural
    network language models*, 2017). Names of the list are never drawn, so the network does not see
    them more often than the list has them."""

    def __init__(self, names: Sequence[Indices], n_symbols: int) -> None:
        self.lengths = np.bincount([len(name) for name in names])
        self.names = rows_of(names)
        order, ngram = ORDER, NGram.fit(names, n_symbols, ORDER, SMOOTHING)
        while ngram.table_size > MAX_TABLE and order > 1:
            order -= 1
            ngram = NGram.fit(names, n_symbols, order, SMOOTHING)
        self.table = ngram.table()
        self.pool = ThreadPool()
        # Names are compared by a sum that differs for any two of them, but for one in 2**64.
        rng = np.random.default_rng(0)
        self.factors = rng.integers(0, 2**64, self.names.shape[1], dtype=np.uint64)
        self.listed = np.unique(self._identities(self.names))

    def draw(self, count: int, rng: Generator) -> Indices:
        """`count` names that are not in the list, with the list's distribution of lengths: `(count,
        longest)`, padded with PADDING.

        An n-gram model does not know how long its name is already, and makes too many short and too
        many long ones; so more are drawn, and as many of each length are taken as there should be.
        If too few names can be drawn that are not in the list, names of the list fill up.
        """
        found = [self.names[:0]]
        wanted, left = OVERSAMPLING * count, PATIENCE * OVERSAMPLING * count
        while (missing := wanted - sum(map(len, found))) > 0 and left > 0:
            tries = max(missing, MIN_TRIES)
            found += self._draw_new(tries, rng)
            left -= tries
        missing = max(count - sum(map(len, found)), 0)
        found.append(self.names[rng.integers(len(self.names), size=missing)])
        names = np.concatenate(found)
        return names[self._matching_lengths(np.count_nonzero(names != PADDING, axis=1), count)]

    def _draw_new(self, tries: int, rng: Generator) -> list[Indices]:
        """The names of `tries` draws that are not in the list."""
        n_parts = math.ceil(tries / NAMES_PER_THREAD)
        generators = rng.spawn(n_parts)

        def draw(part: int, edges: slice) -> Indices:
            names = self._draw(edges.stop - edges.start, generators[part])
            return names[~np.isin(self._identities(names), self.listed)]

        return self.pool.map_chunks(draw, tries, n_parts)

    def _draw(self, n_names: int, rng: Generator) -> Indices:
        """The names of `n_names` draws that end in time and are not empty."""
        names = np.full((self.names.shape[1], n_names), PADDING, dtype=np.int32)
        unfinished = np.arange(n_names)
        contexts = np.full(n_names, self.table.start, dtype=np.int32)
        for symbols in names:
            symbols[unfinished], contexts = self.table.sample(contexts, rng)
            goes_on = symbols[unfinished] > 0
            unfinished, contexts = unfinished[goes_on], contexts[goes_on]
        is_name = names[0] > 0
        is_name[unfinished] = False
        return names.T[is_name]

    def _identities(self, names: Indices) -> NDArray[np.uint64]:
        return (names.astype(np.uint64) * self.factors).sum(axis=1)

    def _matching_lengths(self, lengths: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """The indices of `count` names, of those with these lengths, whose lengths are distributed
        as the list's."""
        found = np.bincount(lengths, minlength=len(self.lengths))
        # Lengths that the list happens not to have are allowed, too, if rarely.
        wanted = self.lengths + LENGTH_SMOOTHING * found / max(found.sum(), 1)
        wanted = np.diff(np.rint(count * wanted.cumsum() / wanted.sum()), prepend=0)
        # The number of names of the same length before each.
        order = np.argsort(lengths, kind="stable")
        before = np.empty_like(lengths)
        before[order] = np.arange(len(lengths)) - (found.cumsum() - found)[lengths[order]]
        # Where too few of a length were found, the first of the remaining ones fill up.
        return np.sort(np.argsort(before >= wanted[lengths], kind="stable")[:count])


def rows_of(names: Sequence[Indices]) -> Indices:
    """Names as the rows of one array, padded with PADDING."""
    lengths = np.array([len(name) for name in names])
    rows = np.full((len(names), lengths.max()), PADDING, dtype=np.int32)
    rows[np.arange(rows.shape[1]) < lengths[:, None]] = np.concatenate(names)
    return rows

"""Additional training names, drawn from an n-gram model of the list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

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
LENGTH_SMOOTHING = 20  # names of the drawn lengths, added to the list's before lengths are matched


class NGramSampler:
    """Draws names from an n-gram model of `names` (sequences of indices that end with 0).

    A few hundred names are too few for a network: it memorizes them before it has learned what they
    are made of. Names drawn from an n-gram model give it as much practice as it needs (n-gram
    smoothing as noise in the training data: Xie et al., *Data noising as smoothing in neural
    network language models*, 2017). Names of the list are never drawn, so the network does not see
    them more often than the list has them."""

    def __init__(self, names: Sequence[Indices], n_symbols: int) -> None:
        self.names = names
        self.listed = {name.tobytes() for name in names}
        self.lengths = np.bincount([len(name) for name in names])
        self.ngram = NGram.fit(names, n_symbols, ORDER, SMOOTHING)
        self.pool = ThreadPool()

    def draw(self, count: int, rng: Generator) -> list[Indices]:
        """`count` names that are not in the list, with the list's distribution of lengths.

        An n-gram model does not know how long its name is already, and makes too many short and too
        many long ones; so more are drawn, and as many of each length are taken as there should be.
        If too few names can be drawn that are not in the list, names of the list fill up.
        """
        found: list[Indices] = []
        wanted, left = OVERSAMPLING * count, PATIENCE * OVERSAMPLING * count
        while len(found) < wanted and left > 0:
            tries = max(wanted - len(found), MIN_TRIES)
            found += self._draw_new(tries, rng)
            left -= tries
        while len(found) < count:
            found.append(self.names[int(rng.integers(len(self.names)))])
        return [found[i] for i in self._matching_lengths([len(name) for name in found], count)]

    def _draw_new(self, tries: int, rng: Generator) -> list[Indices]:
        """The names of `tries` draws that are not in the list."""
        n_parts = math.ceil(tries / NAMES_PER_THREAD)
        generators = rng.spawn(n_parts)

        def draw(part: int, edges: slice) -> list[Indices]:
            return self._draw(edges.stop - edges.start, generators[part])

        drawn = chain(*self.pool.map_chunks(draw, tries, n_parts))
        return [name for name in drawn if name.tobytes() not in self.listed]

    def _draw(self, n_names: int, rng: Generator) -> list[Indices]:
        """The names of `n_names` draws that end in time and are not empty."""
        drawn = np.full((n_names, ORDER - 1 + len(self.lengths) - 1), PADDING, dtype=np.int64)
        unfinished = np.arange(n_names)
        for place in range(ORDER - 1, drawn.shape[1]):
            symbols = self.ngram.sample(drawn[unfinished, place - ORDER + 1 : place], rng)
            drawn[unfinished, place] = symbols
            unfinished = unfinished[symbols > 0]
        rows = np.delete(drawn[:, ORDER - 1 :], unfinished, axis=0).astype(np.int32)
        lengths = (rows == 0).argmax(axis=1) + 1
        return [row[:length] for row, length in zip(rows, lengths, strict=True) if length > 1]

    def _matching_lengths(self, lengths_found: Sequence[int], count: int) -> NDArray[np.int64]:
        """The indices of `count` of the names found whose lengths are distributed as the list's."""
        lengths = np.array(lengths_found, dtype=np.int64)
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

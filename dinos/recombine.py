"""Names made up of pieces of the names of a list, to learn from beside them."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from seqmodel.ngram import NGram, Smoothing
from seqmodel.windows import NOTHING, Indices

ORDER = 5
SMOOTHING = Smoothing("kneser-ney", 0.9)


class Recombination:
    """Draws names from an n-gram fitted to `names` (sequences of indices that end with 0).

    A few hundred names are too few for a network: it learns them by heart before it has learned
    what they are made of. An n-gram knows little more than that: which pieces there are, and what
    follows what. Names drawn from it give the network as much practice as it needs. For n-gram
    smoothing as noise in the data of a network, see Xie et al., *Data noising as smoothing in
    neural network language models* (2017).
    """

    def __init__(self, names: Sequence[Indices], n_symbols: int) -> None:
        self.ngram = NGram.fit([name.tolist() for name in names], n_symbols, ORDER, SMOOTHING)
        self.longest = max(len(name) for name in names)
        self.cumulative: dict[tuple[int, ...], list[float]] = {}

    def draw(self, count: int, rng: np.random.Generator) -> list[Indices]:
        """`count` names, none longer than the longest of the list."""
        names: list[Indices] = []
        while len(names) < count:
            name = self._name(rng.random(self.longest).tolist())
            if name[-1] == 0:
                names.append(np.array(name, dtype=np.int32))
        return names

    def _name(self, uniforms: list[float]) -> list[int]:
        context: tuple[int, ...] = (NOTHING,) * (ORDER - 1)
        name: list[int] = []
        for uniform in uniforms:
            if context not in self.cumulative:
                self.cumulative[context] = list(accumulate(self.ngram.probabilities(context)))
            cumulative = self.cumulative[context]
            # Rounding may leave the last sum a little below 1.
            symbol = min(bisect(cumulative, uniform * cumulative[-1]), len(cumulative) - 1)
            name.append(symbol)
            if symbol == 0:
                break
            context = (*context[1:], symbol)
        return name

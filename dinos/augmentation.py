"""Names made up of pieces of the names of a list, to learn from beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seqmodel.data.windows import Indices
from seqmodel.parallel.threads import ThreadPool

ORDER = 6  # how long a piece is, with the character that follows
DISCOUNT = 0.9  # of each count, what goes to the shorter pieces
STREAMS = 8192  # names that a thread draws at once
FEWEST = 64
CHOICE = 3  # times as many are found as are taken
PATIENCE = 10  # times as many are drawn, at most
SPREAD = 20  # names of any length that are added to the list before its lengths are counted

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class _Level:
    """What follows the pieces of one length. A piece is known by its number among those; its key is
    made of the number of the piece without its first character, and of that character.

    `keys`, ascending: of each piece. `begins`, `kept`, `totals`: of each piece, where its followers
    begin in `upto`, what their counts add up to once each is discounted, and before that.
    `followers`, `upto`: of all pieces one after the other, each follower, and the discounted counts
    up to and with it.
    """

    keys: Ids
    begins: NDArray[np.float64]
    kept: NDArray[np.float64]
    totals: NDArray[np.float64]
    followers: Ids
    upto: NDArray[np.float64]


class NGramSampler:
    """Draws names from an n-gram fitted to `names` (sequences of indices that end with 0).

    A few hundred names are too few for a network: it learns them by heart before it has learned
    what they are made of. An n-gram knows little more than that: which pieces there are, and what
    follows what. Names drawn from it give the network as much practice as it needs. For n-gram
    smoothing as noise in the data of a network, see Xie et al., *Data noising as smoothing in
    neural network language models* (2017).

    The names of the list are not among those drawn: a network that meets them no oftener than as
    themselves learns what names there might be, and not these by heart.

    It is the interpolated n-gram of Kneser and Ney in `seqmodel.ngram`, in arrays, as many names
    are drawn. What follows a piece of k characters is drawn from its discounted counts, or else,
    with the probability that the discounts leave, from those of the last k - 1 of them.
    """

    def __init__(self, names: Sequence[Indices], n_symbols: int) -> None:
        self.n_symbols = n_symbols
        self.names = names
        self.listed = {name.tobytes() for name in names}
        self.lengths = np.bincount([len(name) for name in names])
        self.longest = len(self.lengths) - 1
        self.levels = _levels(names, n_symbols)
        self.team = ThreadPool()

    def draw(self, count: int, rng: Generator) -> list[Indices]:
        """`count` names, none of them empty or in the list, as long as those of the list are.

        An n-gram forgets how long its name is already, and makes too many short and too many long
        ones. Of CHOICE times as many, as many of each length are taken as there should be. Where
        next to no others can be made of the pieces, names of the list fill up.
        """
        found: list[Indices] = []
        wanted, left = CHOICE * count, PATIENCE * CHOICE * count
        while len(found) < wanted and left > 0:
            tries = max(wanted - len(found), FEWEST)
            found += self._others(tries, rng)
            left -= tries
        while len(found) < count:
            found.append(self.names[int(rng.integers(len(self.names)))])
        return [found[i] for i in self._chosen([len(name) for name in found], count)]

    def _others(self, tries: int, rng: Generator) -> list[Indices]:
        """What of so many draws is a name that the list does not have."""
        n_parts = math.ceil(tries / STREAMS)
        generators = rng.spawn(n_parts)

        def draw(part: int, edges: slice) -> list[Indices]:
            return self._names(edges.stop - edges.start, generators[part])

        drawn = chain(*self.team.map_chunks(draw, tries, n_parts))
        return [name for name in drawn if name.tobytes() not in self.listed]

    def _chosen(self, of_length: Sequence[int], count: int) -> Ids:
        """The places of `count` names, given how long each of those drawn is."""
        lengths = np.array(of_length, dtype=np.int64)
        found = np.bincount(lengths, minlength=len(self.lengths))
        # Lengths that the list happens not to have may be there, too, if seldom.
        wanted = self.lengths + SPREAD * found / max(found.sum(), 1)
        wanted = np.diff(np.rint(count * wanted.cumsum() / wanted.sum()), prepend=0)
        # How many names of the same length come before each.
        order = np.argsort(lengths, kind="stable")
        before = np.empty_like(lengths)
        before[order] = np.arange(len(lengths)) - (found.cumsum() - found)[lengths[order]]
        # Where a length is not to be had so often, the first of the others fill up.
        return np.sort(np.argsort(before >= wanted[lengths], kind="stable")[:count])

    def _names(self, streams: int, rng: Generator) -> list[Indices]:
        # As `next` wants them.
        drawn = np.zeros((streams, ORDER - 1 + self.longest), dtype=np.int64)
        going = np.arange(streams)
        for place in range(ORDER - 1, drawn.shape[1]):
            symbols = self.next(drawn[going, place - ORDER + 1 : place], rng)
            drawn[going, place] = symbols + 1
            going = going[symbols > 0]
        rows = np.delete(drawn[:, ORDER - 1 :] - 1, going, axis=0).astype(np.int32)
        lengths = (rows == 0).argmax(axis=1) + 1
        return [row[:length] for row, length in zip(rows, lengths, strict=True) if length > 1]

    def next(self, before: Ids, rng: Generator) -> Ids:
        """Draws what follows each row of `before (m, ORDER - 1)`, where 0 stands before a name and
        each symbol is one more than it is: `(m,)`."""
        # From short to long: the number of each piece, -1 where the list does not have it.
        pieces = [np.zeros(len(before), dtype=np.int64)]
        for k, level in enumerate(self.levels[1:], 1):
            keys = pieces[-1] * (self.n_symbols + 1) + before[:, -k]
            found = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
            pieces.append(np.where(level.keys[found] == keys, found, -1))
        symbols = rng.integers(0, self.n_symbols, len(before))  # where all levels leave it open
        undecided = np.ones(len(before), dtype=bool)
        for level, piece in zip(reversed(self.levels), reversed(pieces), strict=True):
            rows = np.flatnonzero(undecided & (piece >= 0))
            piece = piece[rows]
            mass = rng.random(len(rows)) * level.totals[piece]
            decided = mass < level.kept[piece]
            rows, reached = rows[decided], (level.begins[piece] + mass)[decided]
            chosen = np.searchsorted(level.upto, reached, side="right")
            symbols[rows] = level.followers[np.minimum(chosen, len(level.followers) - 1)]
            undecided[rows] = False
        return symbols


def _levels(names: Sequence[Indices], n_symbols: int) -> list[_Level]:
    """The levels for pieces of 0 to ORDER - 1 characters."""
    start = np.full(ORDER - 1, -1)
    text = np.concatenate([np.concatenate((start, name)) for name in names]).astype(np.int64) + 1
    places = np.flatnonzero(text)  # of the characters and ends of names
    followers = text[places] - 1
    pieces = np.zeros(len(places), dtype=np.int64)
    keys = [np.zeros(1, dtype=np.int64)]
    pluralize = []  # of each level: every piece with a follower, in one number, and how often
    for k in range(ORDER):
        if k:
            longer = pieces * (n_symbols + 1) + text[places - k]
            found, pieces = np.unique(longer, return_inverse=True)
            keys.append(found)
        pluralize.append(np.unique(pieces * n_symbols + followers, return_counts=True))
    levels = []
    for k in range(ORDER):
        pairs, counts = pluralize[k]
        if k < ORDER - 1:  # counts are the characters before which a piece and its follower stand
            piece, follower = np.divmod(pluralize[k + 1][0], n_symbols)
            shorter = keys[k + 1][piece] // (n_symbols + 1)
            pairs, counts = np.unique(shorter * n_symbols + follower, return_counts=True)
        levels.append(_level(keys[k], pairs, counts, n_symbols))
    return levels


def _level(keys: Ids, pairs: Ids, counts: Ids, n_symbols: int) -> _Level:
    """`pairs`, ascending: the number of a piece times `n_symbols`, plus one of its followers."""
    piece, followers = np.divmod(pairs, n_symbols)
    first = np.searchsorted(piece, np.arange(len(keys)))
    discounted = np.maximum(counts - DISCOUNT, 0)
    upto = np.cumsum(discounted)
    kept, totals = np.add.reduceat(discounted, first), np.add.reduceat(counts, first)
    return _Level(keys, (upto - discounted)[first], kept, totals.astype(float), followers, upto)

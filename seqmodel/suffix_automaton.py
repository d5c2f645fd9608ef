"""Passages that a new sequence has in common with the sequences that a model was trained on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Match(NamedTuple):
    """`length` symbols from `place` in the new sequence on are those from `source_place` on in
    known sequence number `source`."""

    length: int
    place: int
    source: int
    source_place: int


class SuffixMatch(NamedTuple):
    """The longest passage that ends at a symbol and is known: its length, and where its first
    occurrence ends (counted through all known sequences, one place between two of them)."""

    length: int
    end: int


class SuffixAutomaton:
    """Sequences in which passages are looked for, in a time that does not depend on how long they
    are: a suffix automaton of all of them.

    A state stands for passages that end at the same places; the construction is that of Blumer et
    al., *The smallest automaton recognizing the subwords of a text* (1985). Time and memory grow
    with the number of symbols. Symbols are anything that can be a key.
    """

    def __init__(self, sequences: Iterable[Sequence[Hashable]]) -> None:
        self._next: list[dict[Hashable, int]] = [{}]
        self._shorter = [-1]  # the state of the longest suffix that ends at more places
        self._length = [0]  # of the longest passage of a state
        self._end = [-1]  # where it first ends
        self._starts: list[int] = []
        last = place = 0
        for sequence in sequences:
            self._starts.append(place)
            for symbol in sequence:
                last = self._append(last, symbol, place)
                place += 1
            last = self._append(last, object(), place)  # a symbol that no sequence has
            place += 1

    def _append(self, last: int, symbol: Hashable, place: int) -> int:
        """The state of all that has been read, one symbol longer than `last`."""
        new = self._state({}, self._length[last] + 1, place)
        before = last
        while before >= 0 and symbol not in self._next[before]:
            self._next[before][symbol] = new
            before = self._shorter[before]
        self._shorter[new] = 0 if before < 0 else self._split(before, symbol)
        return new

    def _split(self, before: int, symbol: Hashable) -> int:
        """The state of the longest passage of `before` with `symbol` after it; where it shares one
        with longer passages, it gets its own."""
        after = self._next[before][symbol]
        if self._length[after] == self._length[before] + 1:
            return after
        copy = self._state(dict(self._next[after]), self._length[before] + 1, self._end[after])
        self._shorter[copy], self._shorter[after] = self._shorter[after], copy
        while before >= 0 and self._next[before].get(symbol) == after:
            self._next[before][symbol] = copy
            before = self._shorter[before]
        return copy

    def _state(self, following: dict[Hashable, int], length: int, end: int) -> int:
        self._next.append(following)
        self._shorter.append(0)
        self._length.append(length)
        self._end.append(end)
        return len(self._next) - 1

    def runs(self, new: Iterable[Hashable]) -> list[SuffixMatch]:
        """For each symbol of `new` the longest known passage that ends with it."""
        state = length = 0
        found = []
        for symbol in new:
            while state and symbol not in self._next[state]:
                state = self._shorter[state]
                length = self._length[state]
            if symbol in self._next[state]:
                state, length = self._next[state][symbol], length + 1
            found.append(SuffixMatch(length, self._end[state]))
        return found

    def longest_copy(self, new: Sequence[Hashable]) -> Match:
        """The longest run of `new` that stands in one of the known sequences, of equally long ones
        the first; length 0 if not even one symbol does."""
        runs = self.runs(new)
        if not any(run.length for run in runs):
            return Match(0, 0, 0, 0)
        last = max(range(len(runs)), key=lambda place: runs[place].length)
        length, end = runs[last]
        source = int(np.searchsorted(self._starts, end, side="right")) - 1
        return Match(length, last - length + 1, source, end - length + 1 - self._starts[source])

    def overlap(self, new: Sequence[Hashable], longest: int = 12) -> NDArray[np.float64]:
        """The share of the n-grams of `new`, repeated ones counted again, that are known, for n
        from 1 to `longest`: `(longest,)`; nan where `new` is shorter than n."""
        lengths = np.array([run.length for run in self.runs(new)], dtype=np.intp)
        shares = np.full(longest, np.nan)
        for n in range(1, min(longest, len(lengths)) + 1):
            shares[n - 1] = np.mean(lengths[n - 1 :] >= n)
        return shares

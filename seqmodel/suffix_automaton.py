"""Passages that a new sequence has in common with the sequences that a model was trained on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property
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

    Passages can be looked for in all sequences but number `without`, which finds what an automaton
    of the others would.
    """

    def __init__(self, sequences: Iterable[Sequence[Hashable]]) -> None:
        self._next: list[dict[Hashable, int]] = [{}]
        self._shorter = [-1]  # the state of the longest suffix that ends at more places
        self._length = [0]  # of the longest passage of a state
        self._end = [-1]  # where it first ends
        self._starts: list[int] = []
        self._sources: list[int] = []  # the number of the sequence at each place
        last = 0
        for number, sequence in enumerate(sequences):
            self._starts.append(len(self._sources))
            for symbol in (*sequence, object()):  # at the end a symbol that no sequence has
                last = self._append(last, symbol, len(self._sources))
                self._sources.append(number)

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

    @cached_property
    def _elsewhere(self) -> list[int]:
        """The places at which the passages of each state first end in another sequence than the one
        in which they first end at all; -1 if they are in one sequence only."""
        found = [-1] * len(self._next)
        # The passages of a state end where those of the states that are longer by a prefix end.
        for state in sorted(range(1, len(found)), key=self._length.__getitem__, reverse=True):
            shorter = self._shorter[state]
            first = self._sources[self._end[shorter]]
            for end in (self._end[state], found[state]):
                if end >= 0 and self._sources[end] != first:
                    found[shorter] = end if found[shorter] < 0 else min(found[shorter], end)
        return found

    def _first_end(self, state: int, without: int | None) -> int:
        """The place at which the passages of a state first end in the sequences but `without`, or
        -1."""
        end = self._end[state]
        if without is None or end < 0 or self._sources[end] != without:
            return end
        return self._elsewhere[state]

    def runs(self, new: Iterable[Hashable], without: int | None = None) -> list[SuffixMatch]:
        """For each symbol of `new` the longest known passage that ends with it."""
        following, shorter, ends = self._next, self._shorter, self._end
        state = length = 0
        found = []
        for symbol in new:
            while True:
                after = following[state].get(symbol)
                if after is None:
                    end = -1
                else:
                    end = ends[after] if without is None else self._first_end(after, without)
                if end >= 0 or not state:
                    break
                state = shorter[state]
                length = self._length[state]
            if after is not None and end >= 0:
                state, length = after, length + 1
            found.append(SuffixMatch(length, end))
        return found

    def longest_copy(self, new: Sequence[Hashable], without: int | None = None) -> Match:
        """The longest run of `new` that stands in one of the known sequences, of equally long ones
        the first; length 0 if not even one symbol does."""
        runs = self.runs(new, without)
        if not any(run.length for run in runs):
            return Match(0, 0, 0, 0)
        last = max(range(len(runs)), key=lambda place: runs[place].length)
        length, end = runs[last]
        source = self._sources[end]
        return Match(length, last - length + 1, source, end - length + 1 - self._starts[source])

    def longest_copy_from(self, known: Iterable[Sequence[Hashable]]) -> tuple[int, Match]:
        """The longest run of a sequence of this automaton that stands in one of `known`: the number
        of the sequence and the match, as `longest_copy` of an automaton of `known` finds it. This
        is the quicker way where the sequences of this automaton are the shorter ones."""
        following, shorter, lengths, ends = self._next, self._shorter, self._length, self._end
        longest = first = source = last = 0  # the match: its length and where it ends on both sides
        for number, sequence in enumerate(known):
            state = length = 0  # as in `runs`
            for place, symbol in enumerate(sequence):
                while state and symbol not in following[state]:
                    state = shorter[state]
                    length = lengths[state]
                if symbol not in following[state]:
                    continue
                state, length = following[state][symbol], length + 1
                if length > longest or (length == longest and ends[state] < first):
                    longest, first, source, last = length, ends[state], number, place
        if not longest:
            return 0, Match(0, 0, 0, 0)
        new, begin = self._sources[first], first - longest + 1
        return new, Match(longest, begin - self._starts[new], source, last - longest + 1)

    def overlap(
        self, new: Sequence[Hashable], longest: int = 12, without: int | None = None
    ) -> NDArray[np.float64]:
        """The share of the n-grams of `new`, repeated ones counted again, that are known, for n
        from 1 to `longest`: `(longest,)`; nan where `new` is shorter than n."""
        lengths = np.array([run.length for run in self.runs(new, without)], dtype=np.intp)
        shares = np.full(longest, np.nan)
        for n in range(1, min(longest, len(lengths)) + 1):
            shares[n - 1] = np.mean(lengths[n - 1 :] >= n)
        return shares

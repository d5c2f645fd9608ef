"""A limit to copying, kept while symbols are drawn: what makes a copied run too long is masked.

A run of more than N known symbols is N known ones and one that follows them somewhere, so that
after each known passage of N symbols some are banned. Where an automaton allows few symbols, all of
them may be banned: such a place is dead, and so what leads there is banned as well, after the
shorter passages and in the states from which it would; and so on, until nothing changes. Then
whoever keeps to the bans never comes to a place from which there is no way on.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import SamplingError
from seqmodel.sampling.constraints import Automaton

Passage = tuple[int, ...]
Symbols = int
"""A set of symbols: bit k stands for symbol k."""

Hashes = NDArray[np.uint64]
_BASE, _STATE, _LENGTH = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9  # odd, random


@dataclass(frozen=True, eq=False)
class CopyLimit:
    """No run of more than `longest` symbols that stands in one of the `known` sequences. What is
    drawn goes on from `begun`, which counts."""

    longest: int
    known: Sequence[Sequence[int]]
    begun: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.longest < 1:
            raise SamplingError("copies of at least 1 symbol", str(self.longest), hint="raise it")

    @cached_property
    def followers(self) -> dict[Passage, Symbols]:
        """What follows each known passage of `longest` symbols."""
        followers: dict[Passage, Symbols] = defaultdict(int)
        for sequence in self.known:
            symbols = tuple(map(int, sequence))
            for place in range(len(symbols) - self.longest):
                end = place + self.longest
                followers[symbols[place:end]] |= 1 << symbols[end]
        return dict(followers)


class BannedTransitions:
    """What must not be drawn in which state after which passage. Made once for an automaton and a
    limit; a `CopyConstraint` keeps to it.

    Raises SamplingError if there is no way at all from the start.
    """

    def __init__(self, automaton: Automaton, limit: CopyLimit) -> None:
        self.size = automaton.allowed.shape[1]
        self.limit = limit
        closure = _Closure(automaton, limit)
        begun = tuple(map(int, limit.begun))[-limit.longest :]
        if closure.is_dead(automaton.start, begun):
            raise SamplingError(
                "a way on without long copies",
                f"none with at most {limit.longest} symbols in a row",
                hint="raise --max-copy",
            )
        in_states = dict[int | None, dict[Passage, Symbols]](closure.bans.items())
        self.lengths = sorted({len(p) for bans in in_states.values() for p in bans})
        # One row of penalties for each set of symbols.
        self.sets: dict[Symbols, int] = {}
        self.after, self.after_rows = self._table({None: limit.followers})
        self.there, self.there_rows = self._table(in_states)
        self.penalties = np.zeros((len(self.sets), self.size), dtype=np.float32)
        for symbols, row in self.sets.items():
            self.penalties[row, list(_members(symbols))] = -np.inf

    def _table(
        self, bans: Mapping[int | None, Mapping[Passage, Symbols]]
    ) -> tuple[Hashes, NDArray[np.intp]]:
        """Sorted keys of passages (in a state), and the row of penalties of each."""
        entries = {
            _key(passage, state): self.sets.setdefault(symbols, len(self.sets))
            for state, of_state in bans.items()
            for passage, symbols in of_state.items()
        }
        keys = np.array(sorted(entries), dtype=np.uint64)
        return keys, np.array([entries[key] for key in keys.tolist()], dtype=np.intp)


class CopyConstraint:
    """Remembers the last symbols of S streams and bans what would make a run too long."""

    def __init__(self, bans: BannedTransitions, streams: int) -> None:
        N = bans.limit.longest
        self.bans = bans
        # The last N symbols of each stream plus 1, the latest first; 0 before the first.
        self.recent = np.zeros((N, streams), dtype=np.uint64)
        for place, symbol in enumerate(reversed(list(bans.limit.begun)[-N:])):
            self.recent[place] = symbol + 1
        self.powers = np.array([pow(_BASE, k, 2**64) for k in range(N)], dtype=np.uint64)[:, None]
        self.lengths = np.array(bans.lengths, dtype=np.intp)
        self.length_keys = np.array([_length_key(n) for n in bans.lengths], dtype=np.uint64)[
            :, None
        ]

    def mask(
        self, logits: NDArray[np.float32], places: NDArray[np.intp], ended: NDArray[np.bool_]
    ) -> None:
        """Puts minus infinity into `logits (n_symbols, S)` where a symbol is banned; `places (S,)`
        are the states of the streams. Those that have `ended` are left alone."""
        bans = self.bans
        hashes = np.zeros((len(self.recent) + 1, len(places)), dtype=np.uint64)  # by length
        np.cumsum(self.recent * self.powers, axis=0, dtype=np.uint64, out=hashes[1:])
        self._apply(logits, hashes[-1:], bans.after, bans.after_rows, ended)
        if len(bans.there):
            states = (places.astype(np.uint64) + np.uint64(1)) * np.uint64(_STATE)
            keys = hashes[self.lengths] + self.length_keys + states
            self._apply(logits, keys, bans.there, bans.there_rows, ended)

    def update(self, symbols: NDArray[np.intp] | tuple[int]) -> None:
        """One more symbol a stream: `(S,)`."""
        self.recent[1:] = self.recent[:-1]
        self.recent[0] = np.asarray(symbols) + 1

    def _apply(
        self,
        logits: NDArray[np.float32],
        keys: Hashes,
        known: Hashes,
        rows: NDArray[np.intp],
        ended: NDArray[np.bool_],
    ) -> None:
        """`keys (n, S)`: of each stream n that may be among the `known` ones."""
        if not len(known):
            return
        found = np.minimum(known.searchsorted(keys), len(known) - 1)
        for places, hits in zip(found, (known[found] == keys) & ~ended, strict=True):
            streams = np.flatnonzero(hits)
            logits[:, streams] += self.bans.penalties[rows[places[streams]]].T


def _key(passage: Passage, state: int | None) -> int:
    key = sum((symbol + 1) * pow(_BASE, k, 2**64) for k, symbol in enumerate(reversed(passage)))
    if state is not None:
        key += _length_key(len(passage)) + (state + 1) * _STATE
    return key % 2**64


def _length_key(length: int) -> int:
    return (length + 1) * _LENGTH % 2**64


def _members(symbols: Symbols) -> Iterator[int]:
    while symbols:
        lowest = symbols & -symbols
        yield lowest.bit_length() - 1
        symbols ^= lowest


class _Closure:
    """The bans in the states of an automaton that keep out of dead places. `bans[state][passage]`:
    what is banned in a state after a passage, of at most N - 1 symbols, that the limit alone would
    not ban there."""

    def __init__(self, automaton: Automaton, limit: CopyLimit) -> None:
        self.followers = limit.followers
        self.longest = limit.longest
        self.bans: dict[int, dict[Passage, Symbols]] = defaultdict(dict)
        self.dead: dict[int, set[Passage]] = defaultdict(set)
        self.waiting: list[tuple[int, Passage]] = []
        self.most_followers = max(map(int.bit_count, self.followers.values()), default=0)
        self.backwards = sorted(passage[::-1] for passage in self.followers)
        states = _reachable(automaton)
        sets, which = np.unique(automaton.allowed[states], axis=0, return_inverse=True)
        as_numbers = [_as_symbols(row) for row in sets]
        which = which.reshape(-1)
        self.allowed = {int(s): as_numbers[k] for s, k in zip(states, which, strict=True)}
        by_followers: dict[Symbols, list[Passage]] = defaultdict(list)
        for passage, symbols in self.followers.items():
            by_followers[symbols].append(passage)
        for k, allowed in enumerate(as_numbers):
            if 0 < allowed.bit_count() <= self.most_followers:
                for symbols, passages in by_followers.items():
                    if not allowed & ~symbols:
                        for state in states[which == k]:
                            for passage in passages:
                                self._kill(int(state), passage)
        self.arrows = _arrows(automaton, states) if self.waiting else {}
        while self.waiting:
            self._spread(*self.waiting.pop())

    def is_dead(self, state: int, passage: Passage) -> bool:
        """No way on from `state` after what ends with `passage`."""
        dead = self.dead.get(state, set())
        return any(passage[k:] in dead for k in range(len(passage) + 1))

    def _kill(self, state: int, passage: Passage) -> None:
        if not self.is_dead(state, passage):
            self.dead[state].add(passage)
            self.waiting.append((state, passage))

    def _spread(self, state: int, passage: Passage) -> None:
        """Bans what leads into a dead place."""
        if passage:
            for before in self.arrows.get((state, passage[-1]), ()):
                self._ban(before, passage[:-1], 1 << passage[-1])
            return
        for (after, symbol), befores in self.arrows.items():
            if after == state:
                for before in befores:
                    self._ban(before, (), 1 << symbol)

    def _ban(self, state: int, passage: Passage, symbol: Symbols) -> None:
        bans = self.bans[state]
        if bans.get(passage, 0) & symbol or self.is_dead(state, passage):
            return
        bans[passage] = bans.get(passage, 0) | symbol
        allowed = self.allowed[state]
        for longer in [p for p in bans if p[len(p) - len(passage) :] == passage]:
            if not allowed & ~self._banned(state, longer):
                self._kill(state, longer)
        at_most = self._banned(state, passage).bit_count() + self.most_followers
        if allowed.bit_count() <= at_most + sum(map(int.bit_count, bans.values())):
            for longer in self._known_after(passage):
                if not allowed & ~self._banned(state, longer):
                    self._kill(state, longer)

    def _banned(self, state: int, passage: Passage) -> Symbols:
        banned = self.followers.get(passage, 0)
        bans = self.bans[state]
        for k in range(len(passage) + 1):
            banned |= bans.get(passage[k:], 0)
        return banned

    def _known_after(self, passage: Passage) -> Iterator[Passage]:
        """The known passages of N symbols that end with `passage`."""
        ending = passage[::-1]
        at = bisect_left(self.backwards, ending)
        while at < len(self.backwards) and self.backwards[at][: len(ending)] == ending:
            yield self.backwards[at][::-1]
            at += 1


def _as_symbols(row: NDArray[np.bool_]) -> Symbols:
    return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")


def _reachable(automaton: Automaton) -> NDArray[np.intp]:
    """The states that can be reached from the start, sorted."""
    seen = np.zeros(len(automaton.allowed), dtype=bool)
    fresh = np.array([automaton.start])
    while len(fresh):
        seen[fresh] = True
        after = np.unique(automaton.next_state[fresh][automaton.allowed[fresh]])
        fresh = after[~seen[after]]
    return np.flatnonzero(seen)


def _arrows(automaton: Automaton, states: Iterable[int]) -> dict[tuple[int, int], list[int]]:
    """For a state and the symbol that leads there, from where."""
    arrows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for state in states:
        symbols = np.flatnonzero(automaton.allowed[state])
        after = automaton.next_state[state, symbols]
        for symbol, target in zip(symbols.tolist(), after.tolist(), strict=True):
            arrows[target, symbol].append(int(state))
    return dict(arrows)

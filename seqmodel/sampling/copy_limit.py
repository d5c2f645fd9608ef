"""A limit on the length of copied passages, kept while sampling by masking.

A run of more than N symbols of a known sequence is N of its symbols and the one that follows them,
so that after each known passage of N symbols some symbols are banned. In a state of an automaton
that allows few symbols, all of them may be banned: a dead end. So transitions into a dead end are
banned as well, for each state and shorter passage from which they lead there, repeatedly, until
nothing changes. A sequence that keeps to all bans never comes to a dead end, even a greedy one,
for which drawing again would not help.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from seqmodel.errors import SamplingError
from seqmodel.sampling.constraints import Automaton, Constraint

Passage = tuple[int, ...]
SymbolSet = int
"""A set of symbols: bit k stands for symbol k."""

_BASE, _STATE, _LENGTH = 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9  # odd, random


@dataclass(frozen=True, eq=False)
class CopyLimit:
    """At most `max_run` symbols in a row that occur in one of the `known` sequences. Sampled
    sequences continue `prefix`, which counts."""

    max_run: int
    known: Sequence[Sequence[int]]
    prefix: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.max_run < 1:
            raise SamplingError(f"the longest copy must be at least 1 symbol, not {self.max_run}")

    @cached_property
    def reach(self) -> int:
        """The number of last symbols that decide which ones may follow: no known sequence has
        more."""
        return min(self.max_run, max([1, *map(len, self.known)]))

    @cached_property
    def followers(self) -> dict[Passage, SymbolSet]:
        """The symbols that follow each known passage of `max_run` symbols."""
        followers: dict[Passage, SymbolSet] = defaultdict(int)
        for sequence in self.known:
            symbols = tuple(map(int, sequence))
            for start in range(len(symbols) - self.max_run):
                end = start + self.max_run
                followers[symbols[start:end]] |= 1 << symbols[end]
        return dict(followers)


class BannedTransitions:
    """The symbols that are banned in each state after each passage, made once for a constraint and
    a limit. Raises SamplingError if no sequence of an automaton keeps to the limit. The dead ends
    of any other constraint are not known beforehand."""

    def __init__(self, constraint: Constraint, limit: CopyLimit) -> None:
        self.limit = limit
        known = _bans_of_known(limit.max_run, tuple(map(tuple, limit.known)))
        # The keys of passages (in a state), sorted; the row of penalties of each, one for each set
        # of symbols.
        self.keys, self.rows, sets = known.keys, known.rows, dict(known.sets)
        self.lengths: list[int] = []
        if isinstance(constraint, Automaton):
            dead_ends = _DeadEnds(constraint, limit)
            prefix = tuple(map(int, limit.prefix))[-limit.max_run :]
            if dead_ends.is_dead(constraint.start, prefix):
                raise self.error()
            entries = {
                _key(passage, state): sets.setdefault(symbols, len(sets))
                for state, of_state in dead_ends.bans.items()
                for passage, symbols in of_state.items()
            }
            self.lengths = sorted({len(p) for of in dead_ends.bans.values() for p in of})
            keys = np.concatenate([self.keys, np.array([*entries], dtype=np.uint64)])
            rows = np.concatenate([self.rows, np.array([*entries.values()], dtype=np.intp)])
            order = keys.argsort(kind="stable")
            self.keys, self.rows = keys[order], rows[order]
        self.members = [list(_members(symbols)) for symbols in sets]

    @cached_property
    def penalties(self) -> NDArray[np.float32]:
        """Minus infinity for each symbol of a set of banned symbols: `(n_sets, highest + 1)`."""
        highest = max((symbols[-1] for symbols in self.members), default=-1)
        penalties = np.zeros((len(self.members), highest + 1), dtype=np.float32)
        for row, symbols in zip(penalties, self.members, strict=True):
            row[symbols] = -np.inf
        return penalties

    def error(self) -> SamplingError:
        """The error of a dead end."""
        return SamplingError(
            "every possible sequence copies more than"
            f" {self.limit.max_run} symbols in a row from the training data",
            hint="allow longer copies",
        )


class CopyConstraint:
    """The last symbols of B sequences, and a mask of the symbols that would make a copy too
    long."""

    def __init__(self, bans: BannedTransitions, batch: int) -> None:
        N = bans.limit.reach
        self.bans = bans
        # The last N symbols of each sequence plus 1, the latest first; 0 before the first.
        self.recent = np.zeros((N, batch), dtype=np.uint64)
        for place, symbol in enumerate(reversed(list(bans.limit.prefix)[-N:])):
            self.recent[place] = symbol + 1
        self.powers = np.array([pow(_BASE, k, 2**64) for k in range(N)], dtype=np.uint64)[:, None]
        self.lengths = np.array(bans.lengths, dtype=np.intp)
        keys = np.array([_length_key(n) for n in bans.lengths], dtype=np.uint64)
        self.length_keys = keys[:, None]

    def mask(
        self,
        logits: NDArray[np.float32],
        states: NDArray[np.intp],
        ended: NDArray[np.bool_],
        wanted: slice,
    ) -> None:
        """Sets `logits (n_symbols, B)` of banned symbols to minus infinity, given the `states (B,)`
        of the automaton; sequences that have `ended` are left alone. Raises SamplingError if one of
        those `wanted` comes to a dead end."""
        bans = self.bans
        hashes = np.zeros((len(self.recent) + 1, len(states)), dtype=np.uint64)  # by length
        np.cumsum(self.recent * self.powers, axis=0, dtype=np.uint64, out=hashes[1:])
        if not len(bans.keys):
            return
        keys = hashes[-1:]
        if len(self.lengths):
            state_keys = (states.astype(np.uint64) + np.uint64(1)) * np.uint64(_STATE)
            in_states = hashes[self.lengths] + self.length_keys + state_keys
            keys = np.concatenate([keys, in_states])
        found = np.minimum(bans.keys.searchsorted(keys), len(bans.keys) - 1)
        for entries, hits in zip(found, (bans.keys[found] == keys) & ~ended, strict=True):
            sequences = np.flatnonzero(hits)
            if not len(sequences):
                continue
            penalties = bans.penalties[bans.rows[entries[sequences]]].T
            before = logits[:, sequences]
            logits[: len(penalties), sequences] += penalties
            dead = np.isneginf(logits[:, sequences].max(axis=0))
            lost = sequences[dead]
            if ((wanted.start <= lost) & (lost < wanted.stop)).any():
                raise bans.error()
            logits[:, lost] = before[:, dead]

    def update(self, symbols: NDArray[np.intp] | tuple[int]) -> None:
        """Appends a symbol to each sequence: `(B,)`."""
        self.recent[1:] = self.recent[:-1]
        self.recent[0] = np.asarray(symbols) + 1


class _KnownBans(NamedTuple):
    """The `keys (n,)` of known passages, sorted, the number of the set of symbols that follow each,
    `rows (n,)`, and these `sets` with their numbers."""

    keys: NDArray[np.uint64]
    rows: NDArray[np.intp]
    sets: Mapping[SymbolSet, int]


@lru_cache(maxsize=4)
def _bans_of_known(max_run: int, known: tuple[Passage, ...]) -> _KnownBans:
    """The symbols that follow each passage of `max_run` symbols, made once for all samples of a
    model."""
    keys, after = [np.zeros(0, np.uint64)], [np.zeros(0, np.intp)]
    longer = [sequence for sequence in known if len(sequence) > max_run]
    powers = [pow(_BASE, k, 2**64) for k in range(max_run if longer else 0)]
    for sequence in longer:
        symbols = np.array(sequence, dtype=np.uint64)
        passages = sliding_window_view(symbols[:-1] + np.uint64(1), max_run)
        keys.append((passages * np.array(powers[::-1], dtype=np.uint64)).sum(axis=1))
        after.append(symbols[max_run:].astype(np.intp))
    of_place, following = np.concatenate(keys), np.concatenate(after)
    order = of_place.argsort(kind="stable")
    unique, starts = np.unique(of_place[order], return_index=True)
    symbols_in_order = following[order].tolist()
    sets: dict[SymbolSet, int] = {}
    rows = []
    for start, end in pairwise([*starts.tolist(), len(symbols_in_order)]):
        symbols_after = 0
        for symbol in symbols_in_order[start:end]:
            symbols_after |= 1 << symbol
        rows.append(sets.setdefault(symbols_after, len(sets)))
    return _KnownBans(unique, np.array(rows, dtype=np.intp), sets)


def _key(passage: Passage, state: int) -> int:
    """The key of a passage in a state of the automaton."""
    key = sum((symbol + 1) * pow(_BASE, k, 2**64) for k, symbol in enumerate(reversed(passage)))
    key += _length_key(len(passage)) + (state + 1) * _STATE
    return key % 2**64


def _length_key(length: int) -> int:
    return (length + 1) * _LENGTH % 2**64


def _members(symbols: SymbolSet) -> Iterator[int]:
    while symbols:
        lowest = symbols & -symbols
        yield lowest.bit_length() - 1
        symbols ^= lowest


class _DeadEnds:
    """The bans that keep out of dead ends. `bans[state][passage]`: the symbols that are banned in a
    state after a passage of at most N - 1 symbols, beyond those that the limit bans everywhere."""

    def __init__(self, automaton: Automaton, limit: CopyLimit) -> None:
        self.followers = limit.followers
        self.bans: dict[int, dict[Passage, SymbolSet]] = defaultdict(dict)
        self.dead: dict[int, set[Passage]] = defaultdict(set)
        self.waiting: list[tuple[int, Passage]] = []
        self.most_followers = max(map(int.bit_count, self.followers.values()), default=0)
        states = _reachable(automaton)
        rows, row_of_state = np.unique(automaton.allowed[states], axis=0, return_inverse=True)
        packed = np.packbits(rows, axis=1, bitorder="little")
        sets = [int.from_bytes(row.tobytes(), "little") for row in packed]
        row_of_state = row_of_state.reshape(-1)
        self.allowed = {int(s): sets[k] for s, k in zip(states, row_of_state, strict=True)}
        for k, allowed in enumerate(sets):
            if 0 < allowed.bit_count() <= self.most_followers:
                banned = [p for p, symbols in self.followers.items() if not allowed & ~symbols]
                for state in states[row_of_state == k].tolist():
                    for passage in banned:
                        self._kill(state, passage)
        self.origins = _origins(automaton, states) if self.waiting else {}
        while self.waiting:
            self._spread(*self.waiting.pop())

    def is_dead(self, state: int, passage: Passage) -> bool:
        """True if every symbol is banned in `state` after any sequence that ends with `passage`."""
        dead = self.dead.get(state, set())
        return any(passage[k:] in dead for k in range(len(passage) + 1))

    def _kill(self, state: int, passage: Passage) -> None:
        if not self.is_dead(state, passage):
            self.dead[state].add(passage)
            self.waiting.append((state, passage))

    def _spread(self, state: int, passage: Passage) -> None:
        """Bans what leads into a dead end."""
        if passage:
            for before in self.origins.get((state, passage[-1]), ()):
                self._ban(before, passage[:-1], 1 << passage[-1])
            return
        for (after, symbol), befores in self.origins.items():
            if after == state:
                for before in befores:
                    self._ban(before, (), 1 << symbol)

    def _ban(self, state: int, passage: Passage, symbol: SymbolSet) -> None:
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
            for longer in self._by_ending[passage]:
                if not allowed & ~self._banned(state, longer):
                    self._kill(state, longer)

    def _banned(self, state: int, passage: Passage) -> SymbolSet:
        banned = self.followers.get(passage, 0)
        bans = self.bans[state]
        for k in range(len(passage) + 1):
            banned |= bans.get(passage[k:], 0)
        return banned

    @cached_property
    def _by_ending(self) -> Mapping[Passage, list[Passage]]:
        """The known passages of N symbols with each ending."""
        by_ending: dict[Passage, list[Passage]] = defaultdict(list)
        for passage in self.followers:
            for k in range(len(passage) + 1):
                by_ending[passage[k:]].append(passage)
        return by_ending


def _reachable(automaton: Automaton) -> NDArray[np.intp]:
    """The states that can be reached from the start, sorted."""
    seen = np.zeros(len(automaton.allowed), dtype=bool)
    fresh = np.array([automaton.start])
    while len(fresh):
        seen[fresh] = True
        after = np.unique(automaton.next_state[fresh][automaton.allowed[fresh]])
        fresh = after[~seen[after]]
    return np.flatnonzero(seen)


def _origins(automaton: Automaton, states: Iterable[int]) -> dict[tuple[int, int], list[int]]:
    """For each state and symbol that leads to it, the states in which it does."""
    origins: dict[tuple[int, int], list[int]] = defaultdict(list)
    for state in states:
        symbols = np.flatnonzero(automaton.allowed[state])
        after = automaton.next_state[state, symbols]
        for symbol, target in zip(symbols.tolist(), after.tolist(), strict=True):
            origins[target, symbol].append(int(state))
    return dict(origins)

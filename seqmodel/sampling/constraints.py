"""Constraints of sampling: which symbols may come next, step by step.

A `Constraint` begins a `Tracker`, which follows the symbols that are drawn. An `Automaton` is the
constraint whose state is one of finitely many; others may keep any state.

In shapes: B sequences, n symbols, k conditioning features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices
from seqmodel.network.weights import Floats

Drawn = NDArray[np.intp] | tuple[int]
"""A symbol for each of B sequences; a tuple for one."""


class Tracker(Protocol):
    """The states of B sequences while their symbols are drawn."""

    @property
    def ended(self) -> NDArray[np.bool_]:
        """The sequences that have reached an end: `(B,)`."""

    @property
    def conditioning(self) -> Indices | None:
        """The features that condition the symbols drawn next, `(k, B)`; see
        `windows.with_conditioning`."""

    @property
    def states(self) -> NDArray[np.intp]:
        """The states of an automaton, `(B,)`; zeros for any other constraint."""

    def mask(self, logits: Floats, out: Floats) -> Floats:
        """The logits `(n, B)`, with minus infinity for each symbol that cannot come next: in
        `out`, or `logits` itself where every symbol can."""

    def advance(self, drawn: Drawn) -> None:
        """Follows the symbols that were drawn, `(B,)`; those of ended sequences mean nothing."""


@runtime_checkable
class Constraint(Protocol):
    """The set of sequences that may be sampled. In every state that is not an end, some symbol is
    possible."""

    def begin(self, batch: int) -> Tracker:
        """A tracker of `batch` new sequences."""


@dataclass(frozen=True)
class Automaton:
    """A deterministic finite automaton that constrains sampling. A sequence begins in state `start`
    and moves from state `s` to `next_state[s, symbol]`; in `s` only symbols with `allowed[s,
    symbol]` can be drawn. A state that allows nothing is a final state.

    `allowed` is bool, `next_state` int32, both `(n_states, n_symbols)`. `conditioning (n_states,
    k)` are the features that condition the symbol drawn in a state (see
    `windows.with_conditioning`).

    >>> allowed = np.array([[True, True], [True, True], [False, False]])
    >>> two_bits = Automaton(allowed, np.array([[1, 1], [2, 2], [2, 2]], dtype=np.int32))
    >>> two_bits.is_end
    array([False, False,  True])
    """

    allowed: NDArray[np.bool_]
    next_state: Indices
    start: int = 0
    conditioning: Indices | None = None

    @property
    def is_end(self) -> NDArray[np.bool_]:
        """True for each state that is final: `(n_states,)`."""
        return np.logical_not(self.allowed.any(axis=1))

    def begin(self, batch: int) -> Tracker:
        return _SingleTracker(self) if batch == 1 else _AutomatonTracker(self, batch)

    @classmethod
    def free(cls, n_symbols: int, size: int) -> Automaton:
        """One state that always allows the first `n_symbols` of `size`."""
        allowed = np.zeros((1, size), dtype=bool)
        allowed[:, :n_symbols] = True
        return cls(allowed, np.zeros((1, size), dtype=np.int32))


class _AutomatonTracker:
    """The states of B sequences."""

    def __init__(self, automaton: Automaton, batch: int) -> None:
        self.automaton = automaton
        self.is_end = automaton.is_end
        n_states, self.n_symbols = automaton.allowed.shape
        # Finished sequences still draw a symbol, which is ignored.
        penalties = np.where(automaton.allowed | self.is_end[:, None], 0, -np.inf)
        self.penalties = np.ascontiguousarray(penalties.T, dtype=np.float32)
        stay = np.arange(n_states)[:, None]
        self.next_state = np.where(self.is_end[:, None], stay, automaton.next_state).ravel()
        self.states = np.full(batch, automaton.start)
        self.has_one_state = n_states == 1
        self.allows_all = bool(automaton.allowed.all())

    @property
    def ended(self) -> NDArray[np.bool_]:
        return self.is_end[self.states]

    @property
    def conditioning(self) -> Indices | None:
        features = self.automaton.conditioning
        return None if features is None else features[self.states].T

    def mask(self, logits: Floats, out: Floats) -> Floats:
        if self.allows_all:
            return logits
        if self.has_one_state:
            return np.add(logits, self.penalties, out=out)
        np.take(self.penalties, self.states, axis=1, out=out, mode="clip")
        return np.add(logits, out, out=out)

    def advance(self, drawn: Drawn) -> None:
        if not self.has_one_state:
            self.states = self.next_state.take(self.states * self.n_symbols + drawn)


class _SingleTracker(_AutomatonTracker):
    """The state of one sequence, in fewer calls on vectors."""

    def __init__(self, automaton: Automaton) -> None:
        super().__init__(automaton, 1)
        self.state = automaton.start
        # None where everything is allowed
        self.columns = [c[:, None] if c.any() else None for c in self.penalties.T]

    def mask(self, logits: Floats, out: Floats) -> Floats:
        penalties = self.columns[self.state]
        return logits if penalties is None else np.add(logits, penalties, out=out)

    def advance(self, drawn: Drawn) -> None:
        if not self.has_one_state:
            self.state = int(self.next_state[self.state * self.n_symbols + drawn[0]])
            self.states[0] = self.state

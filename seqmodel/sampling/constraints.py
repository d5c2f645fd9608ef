"""An automaton of the symbols that may come next, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices


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
        """`(n_states,)`."""
        return np.logical_not(self.allowed.any(axis=1))

    @classmethod
    def free(cls, n_symbols: int, size: int) -> Automaton:
        """One state that always allows the first `n_symbols` of `size`."""
        allowed = np.zeros((1, size), dtype=bool)
        allowed[:, :n_symbols] = True
        return cls(allowed, np.zeros((1, size), dtype=np.int32))

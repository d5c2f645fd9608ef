"""What a sequence may go on with, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import Indices


@dataclass(frozen=True)
class Automaton:
    """What may come next. A stream begins in state `start` and moves from state `s` to
    `next_state[s, symbol]`; in `s` only symbols with `allowed[s, symbol]` can be drawn. A state
    that allows nothing is an end.

    `allowed` is bool, `next_state` int32, both `(n_states, n_symbols)`. `conditioning`, `(n_states, k)`,
    are what the model is told of the symbol that a state draws (see `windows.with_conditioning`).
    """

    allowed: NDArray[np.bool_]
    next_state: Indices
    start: int = 0
    conditioning: Indices | None = None

    @classmethod
    def free(cls, n_symbols: int, size: int) -> Automaton:
        """One state that allows the first `n_symbols` of `size`, for ever."""
        allowed = np.zeros((1, size), dtype=bool)
        allowed[:, :n_symbols] = True
        return cls(allowed, np.zeros((1, size), dtype=np.int32))

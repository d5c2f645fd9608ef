"""Candidate features: parts of a symbol's logit that it shares with other symbols, by context.

The logit of a symbol is the product of the state and the symbol's own row of the Dense layer. A
view adds the product with one of the view's rows; which one depends on the symbol and on a
conditioning feature of the step, the context of the view. In music, the same interval leads to
another degree of the chord from another note: the context is the degree of the last note, and the
row of an interval is that of the degree to which it leads. (After the multiple viewpoints of
Conklin and Witten, *Multiple viewpoint systems for music prediction*, 1995.)

In shapes: V symbols, R rows of all views, N steps (of any sequences), k conditioning features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class View:
    """One kind of candidate features.

    `feature`: which conditioning feature is the context, from 0; `first_input`: the input index of
    its first value. `rows (n_contexts, V)`: the row of each symbol in each context, from 0, or
    PADDING for a symbol without one.
    """

    feature: int
    first_input: int
    rows: Indices

    def __reduce__(self) -> tuple[type[View], tuple[int, int, Indices]]:
        """Pickled without what is cached, which another thread may be adding to."""
        return View, (self.feature, self.first_input, self.rows)

    @property
    def n_rows(self) -> int:
        return int(self.rows.max(initial=PADDING)) + 1

    @cached_property
    def with_no_context(self) -> Indices:
        """`rows`, and one line more for steps without a context."""
        return np.concatenate([self.rows, np.full_like(self.rows[:1], PADDING)])

    def contexts(self, conditioning: Indices | NDArray[np.intp]) -> NDArray[np.intp]:
        """The lines of `with_no_context` that hold at steps with `conditioning (k, N)`."""
        contexts = conditioning[self.feature].astype(np.intp) - self.first_input
        none = len(self.rows)
        return np.where((contexts < 0) | (contexts > none), none, contexts)


class CandidateViews:
    """The views of a network: the Dense layer gives `scores (V + R, N)`, of which they make the
    `logits (V, N)`."""

    def __init__(self, views: Sequence[View], n_symbols: int) -> None:
        self.views, self.n_symbols = tuple(views), n_symbols
        self.n_scores = n_symbols + sum(view.n_rows for view in views)

    def __reduce__(self) -> tuple[type[CandidateViews], tuple[tuple[View, ...], int]]:
        """Pickled without what is cached, which another thread may be adding to."""
        return CandidateViews, (self.views, self.n_symbols)

    @cached_property
    def score_indices(self) -> list[NDArray[np.intp]]:
        """The index of each symbol's score in each context of each view, and in none of them:
        `(n_contexts + 1, V)`. A symbol without a score has that of the zero behind the scores."""
        tables, first = [], self.n_symbols
        for view in self.views:
            rows = view.with_no_context.astype(np.intp)
            tables.append(np.where(rows < 0, self.n_scores, rows + first))
            first += view.n_rows
        return tables

    @cached_property
    def _is_active(self) -> list[NDArray[np.bool_]]:
        """The contexts in which any symbol has a row."""
        return [np.any(view.with_no_context >= 0, axis=1) for view in self.views]

    def logits(self, scores: Floats, conditioning: Indices | NDArray[np.intp]) -> Floats:
        """The logits `(V, N)`. `scores (V + R + 1, N)` end with a row of zeros; `conditioning (k,
        N)` are the features as input indices."""
        logits = scores[: self.n_symbols].copy()
        if scores.shape[1] == 1:  # a step of one sequence: the same in fewer calls
            self._add_to_step(logits[:, 0], scores[:, 0], conditioning)
            return logits
        for view, rows, active in zip(self.views, self.score_indices, self._is_active, strict=True):
            contexts = view.contexts(conditioning)
            steps = np.flatnonzero(active[contexts])
            if len(steps) == scores.shape[1]:
                logits += np.take_along_axis(scores, rows[contexts].T, axis=0)
            elif len(steps):
                chosen = rows[contexts[steps]].T  # (V, n)
                logits[:, steps] += scores[chosen, steps]
        return logits

    def _add_to_step(
        self, logits: Floats, scores: Floats, conditioning: Indices | NDArray[np.intp]
    ) -> None:
        """Adds to the `logits (V,)` of a step what the views make of its `scores (V + R + 1,)`."""
        for view, rows, active in zip(self.views, self.score_indices, self._is_active, strict=True):
            none = len(view.rows)
            context = int(conditioning[view.feature, 0]) - view.first_input
            context = context if 0 <= context <= none else none
            if active[context]:
                logits += scores[rows[context]]

    def gradients(self, d_logits: Floats, conditioning: NDArray[np.intp], out: Floats) -> None:
        """Leaves in `out (V + R, N)` the gradients of the scores, from those of the logits `(V,
        N)`: a score's is the sum over the symbols that have it."""
        out[: self.n_symbols] = d_logits
        out[self.n_symbols :] = 0
        first = self.n_symbols
        for view, sums, active in zip(self.views, self._sums, self._is_active, strict=True):
            contexts = view.contexts(conditioning)
            part = out[first : first + view.n_rows]
            for context in set(contexts[active[contexts]].tolist()):
                steps = np.flatnonzero(contexts == context)
                part[:, steps] = sums[context] @ d_logits[:, steps]
            first += view.n_rows

    @cached_property
    def _sums(self) -> list[Floats]:
        """The matrix of each context of each view that adds up the symbols of a row, `(n_contexts,
        n_rows, V)`."""
        return [
            (np.arange(view.n_rows)[:, None] == view.rows[:, None]).astype(np.float32)
            for view in self.views
        ]

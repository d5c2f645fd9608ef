"""Adaptation: the Dense layer follows the sequence that is being read.

After every few symbols the Dense layer moves down the gradient of their cross-entropy, so that what
a player prefers in this solo is expected more of its rest. The recurrent layer stays as it was
trained, and each sequence has a change of its own. Of what a model draws itself there is nothing to
learn: a layer that follows it draws it again and again. After Krause, Kahembwe, Murray and Renals,
*Dynamic Evaluation of Neural Sequence Models* (2018), who move all weights.

In shapes: H units, V values, S scores of the Dense layer (V without views), k conditioning
features.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from seqmodel.network.weights import Floats, Weights

# Symbols between two changes; fewer cost time and predict no better.
SYMBOLS_PER_CHANGE = 8


class AdaptedLayer:
    """The Dense layer of one sequence; `rate`: the learning rate of its gradient descent."""

    def __init__(self, weights: Weights, rate: float) -> None:
        H, S, n = weights.units, weights.n_scores, SYMBOLS_PER_CHANGE
        self.views, self.rate = weights.views, np.float32(rate)
        self.change = np.zeros((S, H + 1), dtype=np.float32)  # kernel and bias
        self._scores = np.zeros((S + 1, 1), dtype=np.float32)  # the last one for views
        # Of the symbols since the last change: the states, with a 1 for the bias, the probabilities
        # less 1 for what came, and the conditioning.
        self._states = np.zeros((n, H + 1), dtype=np.float32)
        self._errors = np.zeros((weights.n_values, n), dtype=np.float32)
        self._conditioning: list[NDArray[np.intp]] = []
        self._pending = 0

    def logits(
        self, logits: Floats, state: Floats, conditioning: NDArray[np.integer] | tuple[()]
    ) -> Floats:
        """The logits of the next symbol `(V,)`, from those of the network, its `state (H + 1,)`,
        which ends with a 1, and the features of the symbol `(k,)`."""
        t = self._pending
        self._states[t] = state
        self._conditioning[t:] = [np.asarray(conditioning, dtype=np.intp)]
        np.dot(self.change, self._states[t], out=self._scores[:-1, 0])
        changes = self._scores[:-1]
        if self.views:
            changes = self.views.logits(self._scores, self._conditioning[t][:, None])
        adapted = logits + changes[:, 0]
        np.exp(adapted - adapted.max(), out=self._errors[:, t])
        self._errors[:, t] /= self._errors[:, t].sum()
        return adapted

    def follow(self, symbol: int) -> None:
        """Takes in the symbol that came after the last call of `logits`."""
        self._errors[symbol, self._pending] -= 1
        self._pending += 1
        if self._pending < SYMBOLS_PER_CHANGE:
            return
        self._pending = 0
        gradients = self._errors
        if self.views:
            gradients = np.empty((len(self.change), SYMBOLS_PER_CHANGE), dtype=np.float32)
            conditioning = np.stack(self._conditioning, axis=1)
            self.views.gradients(self._errors, conditioning, out=gradients)
        self.change -= self.rate * (gradients @ self._states)

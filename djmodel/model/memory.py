"""The short-term memory of a jazz model: what is counted, and how it is fitted."""

from __future__ import annotations

from collections.abc import Sequence

from djmodel.values.features import Conditioning
from seqmodel.data.windows import Indices
from seqmodel.network.forward import log_distributions
from seqmodel.network.weights import Weights
from seqmodel.short_term import Context, Part, ShortTermMemory

# Symbols alternate: a duration, its tone. Before a duration stand the last tone (1), its duration
# (2), the tone before (3); before a tone its own duration (1), the last tone (2), ...
_DURATION_LAGS = ((), (2,), (2, 4), (2, 4, 6), (1, 2))
_TONE_LAGS = ((), (2,), (2, 4), (2, 4, 6), (2, 4, 6, 8), (1, 2))
_DURATION_FEATURES = ("beat_onset",)
_TONE_FEATURES = ("pitch", "chord_degree")


def jazz_memory(conditioning: Conditioning | None, n_symbols: int) -> ShortTermMemory:
    """A memory of the durations and of the tones of a solo that has not been fitted."""

    def part(lags: Sequence[tuple[int, ...]], features: Sequence[str]) -> Part:
        known = [feature.name for feature in conditioning.features] if conditioning else []
        numbers = [known.index(name) for name in features if name in known]
        contexts = [Context(lag) for lag in lags]
        contexts += [Context(lag, (number,)) for number in numbers for lag in ((), (2,))]
        return Part(tuple(contexts))

    parts = part(_DURATION_LAGS, _DURATION_FEATURES), part(_TONE_LAGS, _TONE_FEATURES)
    return ShortTermMemory(parts, n_symbols)


def fit_memory(
    weights: Weights,
    conditioning: Conditioning | None,
    held_out: Sequence[tuple[list[int], Indices | None]],
    adaptation: float = 0.0,
) -> ShortTermMemory:
    """The memory that predicts held-out solos best together with the network: the symbols of each
    and their conditioning inputs; `adaptation` as in `log_distributions`."""
    memory = jazz_memory(conditioning, weights.n_values)
    return memory.fitted(
        [
            (log_distributions(weights, symbols, inputs, adaptation), symbols, inputs)
            for symbols, inputs in held_out
        ]
    )

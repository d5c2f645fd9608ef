"""Bar positions as conditioning features: when in its bar each value begins.

They are known before a value is drawn. Times are counted in ticks, so that the values of a tune in
memory and of a corpus on disk go through the same NumPy code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from djmodel.music.tune import Bar, Tune
from djmodel.music.tune_json import MAX_BAR_LENGTH
from djmodel.values.grammar import encode
from djmodel.values.value import Value
from seqmodel.data.windows import Indices

# 2^5 * 3^2 * 5 * 7: whole for every duration that a reader gives; others are rounded to it.
TICKS_PER_QUARTER = 10_080
MAX_BAR_POSITIONS = 256  # of each feature; others are encoded as the nearest of them

Ticks = NDArray[np.int64]


def to_ticks(times: Iterable[Fraction]) -> Ticks:
    """Times in quarter lengths -> ticks `(n,)`, rounded to even."""
    pairs = (
        (time.denominator, divmod(time.numerator * TICKS_PER_QUARTER, time.denominator))
        for time in times
    )  # several times faster than the product of fractions
    return np.array([q + (2 * r + q % 2 > d) for d, (q, r) in pairs], dtype=np.int64)


def ticks_in_bars(durations: Ticks, bar_starts: Indices, bar_lengths: Ticks) -> Ticks:
    """The onset of each value in its bar, and the time from there to the end of the bar: `(n, 2)`.

    Values of `durations (n,)` fill bars of `bar_lengths (b,)`; `bar_starts (b,)` are the indices of
    the first value of each bar.
    """
    onsets = np.cumsum(durations) - durations
    sizes = np.diff(np.append(bar_starts, len(durations)))  # values per bar
    bar_onsets = np.append(onsets, durations.sum())[bar_starts]
    onsets -= np.repeat(bar_onsets, sizes)
    return np.stack([onsets, np.repeat(bar_lengths, sizes) - onsets], axis=-1)


@dataclass(frozen=True)
class BarPositions:
    """The bar positions that a model distinguishes, both sorted and in quarter lengths: times from
    the bar line to a value (`onsets`), and times from there to the next bar line (`to_bar_end`).

    One feature of each is an input of the model, so `len` is the number of inputs.
    """

    onsets: tuple[Fraction, ...]
    to_bar_end: tuple[Fraction, ...]

    @classmethod
    def of(cls, tunes: Iterable[Tune]) -> BarPositions:
        """The positions of the values of `tunes`."""
        return cls.from_ticks(_ticks_of(encode(tune), tune.bars) for tune in tunes)

    @classmethod
    def from_ticks(cls, ticks: Iterable[Ticks]) -> BarPositions:
        """The positions in arrays `(n, 2)` of `ticks_in_bars`: the MAX_BAR_POSITIONS most common of
        each feature."""
        counters: tuple[Counter[int], Counter[int]] = Counter(), Counter()
        for array in ticks:
            for counter, times in zip(counters, array.T.tolist(), strict=True):
                counter.update(times)
        common = (sorted(t for t, _ in c.most_common(MAX_BAR_POSITIONS)) for c in counters)
        return cls(*(tuple(Fraction(t, TICKS_PER_QUARTER) for t in times) for times in common))

    def to_json(self) -> list[list[str]]:
        """The positions as JSON values."""
        return [[str(time) for time in times] for times in (self.onsets, self.to_bar_end)]

    @classmethod
    def from_json(cls, data: Sequence[Sequence[str]]) -> BarPositions:
        """The inverse of `to_json`. Raises TypeError, ValueError or ArithmeticError for anything
        else."""
        onsets, to_bar_end = (tuple(map(Fraction, times)) for times in data)
        if not onsets or not to_bar_end:
            raise ValueError("no bar positions")
        if min(*onsets, *to_bar_end) < 0 or max(*onsets, *to_bar_end) > MAX_BAR_LENGTH:
            raise ValueError("bar positions outside a bar")
        return cls(onsets, to_bar_end)

    def __len__(self) -> int:
        return len(self.onsets) + len(self.to_bar_end)

    def conditioning(
        self, values: Iterable[Sequence[Value]], bars: Sequence[Bar], offset: int
    ) -> Indices:
        """The features of all values of `bars`, given as a sequence per bar: `(n, 2)`, see
        `encode`."""
        return self.encode(_ticks_of(values, bars), offset)

    def encode(self, ticks: Ticks, offset: int) -> Indices:
        """Positions `(..., 2)` of `ticks_in_bars` -> input indices `(..., 2)`, those of `onsets`
        from `offset` on, then those of `to_bar_end`. An unknown position is encoded as the nearest
        one."""
        onsets, to_bar_end = self._ticks
        first = nearest_time(ticks[..., 0], onsets)
        second = len(onsets) + nearest_time(ticks[..., 1], to_bar_end)
        features = np.stack([first, second], axis=-1)
        return (offset + features).astype(np.int32)

    @cached_property
    def _ticks(self) -> tuple[Ticks, Ticks]:
        return to_ticks(self.onsets), to_ticks(self.to_bar_end)


def _ticks_of(values: Iterable[Sequence[Value]], bars: Sequence[Bar]) -> Ticks:
    filled = [(v, bar.length) for v, bar in zip(values, bars, strict=False) if v]
    durations = to_ticks(value.duration for bar_values, _ in filled for value in bar_values)
    starts = np.cumsum([0, *(len(bar_values) for bar_values, _ in filled)])[:-1]
    return ticks_in_bars(durations, starts.astype(np.int32), to_ticks(n for _, n in filled))


def nearest_time(times: Ticks, known: Ticks) -> NDArray[np.intp]:
    """The indices of the times in `known`, sorted, that are nearest; of two, the earlier."""
    above = np.searchsorted(known, times).clip(max=len(known) - 1)
    below = (above - 1).clip(min=0)
    return np.where(times - known[below] <= np.abs(known[above] - times), below, above)


def feature_table(values: Sequence[Value], size: int) -> NDArray[np.float32]:
    """The features of each value, `(size, n_features)`: 1 where a value has a kind, a duration, a
    leap, or no leap. Rows from `len(values)` on, spare indices of a vocabulary, are zero."""
    return table_of(
        [
            (("kind", v.kind), ("duration", v.duration), ("leap", "rest" if v.is_rest else v.leap))
            for v in values
        ],
        size,
    )


def table_of(
    features_of: Sequence[Sequence[tuple[str, Hashable]]], size: int
) -> NDArray[np.float32]:
    """The table of what each symbol has in common with others, see `feature_table`."""
    features = list(dict.fromkeys(feature for row in features_of for feature in row))
    table = np.zeros((size, len(features)), dtype=np.float32)
    for row, present in zip(table, features_of, strict=False):
        row[[features.index(feature) for feature in present]] = 1
    return table

"""Automata of the values that may come next: whole bars, or a given rhythm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np

from djmodel.music.tune import Bar
from djmodel.values.conditioning import TICKS_PER_QUARTER, BarPositions
from djmodel.values.grammar import split_into_bars
from djmodel.values.value import Value
from seqmodel.data.windows import Indices
from seqmodel.errors import SamplingError
from seqmodel.sampling.constraints import Automaton

_MAX_TICKS_PER_BAR = 16_000  # times at which notes may begin; most bars have 48


def bar_automaton(
    values: Sequence[Value],
    bars: Sequence[Bar],
    size: int,
    begun: Sequence[Value] = (),
    positions: BarPositions | None = None,
) -> Automaton:
    """An automaton of the sequences that fill each of `bars` exactly, in which the first note of a
    bar has no leap and every later one has.

    `values` are those of a vocabulary, in its order; indices from `len(values)` to `size - 1` are
    never allowed. `begun` fills the first bars already. `positions` are the bar positions that the
    model is conditioned on, as input indices from `size` on. A state is a time in a bar, with or
    without a note before it in that bar; the last state is the end. Where no values fill the rest
    of a bar exactly, the last one may be longer, to end at the bar line.

    Raises SamplingError if no values can fill a bar, or a bar has too many times.
    """
    lengths = [bar.length for bar in bars]
    times = (*lengths, *(v.duration for v in values), *(v.duration for v in begun))
    per_quarter = math.lcm(*(time.denominator for time in times))
    if max(lengths) * per_quarter > _MAX_TICKS_PER_BAR:
        raise SamplingError(
            f"a bar of {float(max(lengths)):g} quarters, each divided into {per_quarter}, has more "
            f"than {_MAX_TICKS_PER_BAR:,} times at which a note may begin",
            hint="take shorter bars, or another model",
        )
    durations = np.array([int(v.duration * per_quarter) for v in values], dtype=np.int64)
    rests = np.array([v.is_rest for v in values])
    firsts = np.array([not v.is_rest and v.leap is None for v in values])

    tables = {
        length: _bar_tables(int(length * per_quarter), durations, rests, firsts, size)
        for length in set(lengths)
    }
    starts = np.concatenate([[0], np.cumsum([len(tables[length][0]) for length in lengths])])
    end = np.zeros((1, size), dtype=bool)
    allowed = np.concatenate([*(tables[length][0] for length in lengths), end])
    moves = [tables[n][1] + start for n, start in zip(lengths, starts, strict=False)]
    next_state = np.concatenate([*moves, np.full((1, size), starts[-1])]).astype(np.int32)

    filled = split_into_bars(begun, bars)
    current = next((i for i, n in enumerate(lengths) if _duration(filled[i]) < n), len(lengths))
    state = int(starts[current])
    if current < len(lengths):
        has_note = any(not value.is_rest for value in filled[current])
        state += 2 * int(_duration(filled[current]) * per_quarter) + has_note
        if not allowed[state].any():
            raise SamplingError(
                f"none of the model's {len(values)} values can fill a bar", hint="train on more"
            )
    conditioning = None
    if positions is not None:
        features = {n: _state_conditioning(n, per_quarter, positions, size) for n in tables}
        end_features = np.full((1, 2), size, dtype=np.int32)  # the end draws nothing
        conditioning = np.concatenate([*(features[length] for length in lengths), end_features])
    return Automaton(allowed, next_state, state, conditioning)


def _state_conditioning(
    length: Fraction, per_quarter: int, positions: BarPositions, offset: int
) -> Indices:
    """The input indices of each state of a bar: `(2 * ticks, 2)`."""
    ticks = int(length * per_quarter)
    onsets = np.arange(ticks, dtype=np.int64) * TICKS_PER_QUARTER // per_quarter
    to_bar_end = round(length * TICKS_PER_QUARTER) - onsets
    features = positions.encode(np.stack([onsets, to_bar_end], axis=-1), offset)
    return np.repeat(features, 2, axis=0)


def _bar_tables(
    ticks: int, durations: np.ndarray, rests: np.ndarray, firsts: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """`allowed` and `next_state` of one bar, both `(2 * ticks, size)`: state `2 * t + has_note` at
    tick t; `2 * ticks`, the first state of the next bar, when it is full."""
    n = len(durations)
    allowed = np.zeros((2 * ticks, size), dtype=bool)
    next_state = np.full((2 * ticks, size), 2 * ticks, dtype=np.int64)
    can_fill = np.zeros((ticks + 1, 2), dtype=bool)  # the rest of the bar, exactly
    can_fill[ticks] = True
    for t in range(ticks - 1, -1, -1):
        after = t + durations
        target = np.minimum(after, ticks)
        for has_note in (0, 1):
            state = 2 * t + has_note
            then = np.where(rests, has_note, 1)
            possible = rests | (firsts != bool(has_note))
            filling = possible & (after <= ticks) & can_fill[target, then]
            can_fill[t, has_note] = filling.any()
            allowed[state, :n] = filling if filling.any() else possible
            next_state[state, :n] = np.where(target == ticks, 2 * ticks, 2 * target + then)
    return allowed, next_state


def _duration(values: Iterable[Value]) -> Fraction:
    return sum((value.duration for value in values), Fraction(0))


def rhythm_automaton(
    values: Sequence[Value],
    rhythm: Sequence[Value],
    size: int,
    conditioning: Indices | None = None,
) -> Automaton:
    """An automaton of the sequences with the rhythm of `rhythm`: notes where it has notes, rests
    where it has rests; one state for each of its values, and the end. `conditioning (n, k)` are the
    input indices of each value of `rhythm`.

    Where no value has the duration asked for, those with the nearest one are allowed. Raises
    SamplingError if there is neither.
    """
    allowed = np.zeros((len(rhythm) + 1, size), dtype=bool)
    for state, asked in enumerate(rhythm):
        fitting = [
            index
            for index, value in enumerate(values)
            if value.is_rest == asked.is_rest and (value.leap is None) == (asked.leap is None)
        ]
        if not fitting:
            raise SamplingError(f"the model's vocabulary has no value like `{asked}`")
        nearest = min(abs(values[index].duration - asked.duration) for index in fitting)
        for index in fitting:
            allowed[state, index] = abs(values[index].duration - asked.duration) == nearest
    after = np.minimum(np.arange(1, len(rhythm) + 2), len(rhythm))
    next_state = np.repeat(after[:, None], size, axis=1).astype(np.int32)
    if conditioning is not None:
        conditioning = np.concatenate([conditioning, conditioning[-1:]])  # the end draws nothing
    return Automaton(allowed, next_state, conditioning=conditioning)

"""Conditioning features of the grammar of jazz: facts known before a value is drawn.

Each feature is a number from 0 to its size - 1 for each moment of a chart, computed by the same
vectorized function for the values of a training tune and for sequences that are being sampled.
Where a name is not known, or there is no note before, a feature has an index of its own for that.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.music.tune import Tune
from djmodel.music.tune_json import MAX_BAR_LENGTH
from djmodel.values.chart import NAMES, QUALITIES, Chart, Ints, Moments
from djmodel.values.conditioning import (
    TICKS_PER_QUARTER,
    BarPositions,
    Ticks,
    nearest_time,
    to_ticks,
)
from djmodel.values.grammar import Register
from djmodel.values.value import Value
from seqmodel.data.windows import Indices

PITCH_CLASSES = 12
MAX_TIMES = 48  # of a feature; others are encoded as the nearest of them
MAX_NAMES = 256
_BEATS = 8
_FORM = 16
_PARTS = 8  # of a solo
_REGISTER_STEP, _REGISTER_STEPS = 2, 12  # semitones a step, steps on either side of the middle
LOWEST, HIGHEST = 34, 101  # MIDI pitches that are distinguished
WIDEST = 24  # semitones of a leap that are distinguished
_SLOWEST, _TEMPOS_PER_OCTAVE, _TEMPOS = 45, 6, 19  # quarter notes per minute, classes
_TWELFTHS = 36  # of a quarter, of a time that is distinguished
_NEXT = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # half quarters until the next chord
_NOTES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 26, 34, 44)  # in a phrase
_QUARTERS = (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24)  # of a phrase


class Formula(NamedTuple):
    """A feature of a fixed size; `of` gives its indices `(n,)` at n moments."""

    size: int
    of: Callable[[Chart, Moments], Ints]


class Clock(NamedTuple):
    """A feature that is a time in ticks, `(n,)`, encoded as the nearest of those that the training
    tunes have."""

    of: Callable[[Chart, Moments], Ticks]


def _degree(pitches: Ints, tonics: Ints | int) -> Ints:
    """Semitones above a root or a tonic; PITCH_CLASSES where there is no pitch."""
    return np.where(pitches < 0, PITCH_CLASSES, (pitches - tonics) % PITCH_CLASSES)


def _in_bar(chart: Chart, at: Moments) -> Ticks:
    return at.now - chart.bar_onsets[at.bar]


def _next(chart: Chart, at: Moments) -> Ints:
    """The index of the next change; the last one has itself."""
    return np.minimum(at.change + 1, len(chart.roots) - 1)


def _next_quality(chart: Chart, at: Moments) -> Ints:
    after = _next(chart, at)
    return np.where(after > at.change, chart.qualities[after], len(QUALITIES))


def _next_root(chart: Chart, at: Moments) -> Ints:
    after = _next(chart, at)
    distance = (chart.roots[after] - chart.roots[at.change]) % PITCH_CLASSES
    return np.where(after > at.change, distance, PITCH_CLASSES)


def _until_next(chart: Chart, at: Moments) -> Ints:
    ticks = chart.change_onsets[at.change + 1] - at.now
    return _class_of(ticks, np.array(_NEXT) * (TICKS_PER_QUARTER // 2) + 1)


def _register(chart: Chart, at: Moments) -> Ints:
    steps = (at.pitch - chart.middle + _REGISTER_STEP * _REGISTER_STEPS) // _REGISTER_STEP
    return np.where(at.pitch < 0, 2 * _REGISTER_STEPS, steps.clip(0, 2 * _REGISTER_STEPS - 1))


def _phrase_time(_: Chart, at: Moments) -> Ints:
    return _class_of(at.now - at.phrase_onset, np.array(_QUARTERS) * TICKS_PER_QUARTER)


def _class_of(numbers: Ints, edges: Sequence[float] | np.ndarray) -> Ints:
    """The number of `edges`, ascending, that each number reaches."""
    return np.searchsorted(edges, numbers, side="right")


def _tempo(chart: Chart, at: Moments) -> Ints:
    octaves = math.log2(max(chart.tempo, _SLOWEST) / _SLOWEST)
    return np.full(len(at.now), 1 + min(round(octaves * _TEMPOS_PER_OCTAVE), _TEMPOS - 1))


def _pitch(_: Chart, at: Moments) -> Ints:
    return np.where(at.pitch < 0, HIGHEST + 1, at.pitch.clip(LOWEST, HIGHEST)) - LOWEST


def _leap(_: Chart, at: Moments) -> Ints:
    leaps = (at.pitch - at.pitch_before).clip(-WIDEST, WIDEST) + WIDEST
    return np.where(at.pitch_before < 0, 2 * WIDEST + 1, leaps)


def _last_phase(chart: Chart, at: Moments) -> Ints:
    """The place of the last note in its quarter. Bars begin on a quarter of the tune, but for those
    after a bar of another length."""
    twelfths = in_parts((at.onset - chart.bar_onsets[at.bar]) % TICKS_PER_QUARTER, 12)
    return np.where(at.onset < 0, 12, twelfths % 12)


def in_parts(ticks: Ticks, n: int) -> Ints:
    """Times in n-ths of a quarter, rounded."""
    return (n * ticks + TICKS_PER_QUARTER // 2) // TICKS_PER_QUARTER


def _twelfths(ticks: Ticks, known: NDArray[np.bool_]) -> Ints:
    """A time in twelfths of a quarter, at most _TWELFTHS; _TWELFTHS + 1 where it is not known."""
    twelfths = in_parts(ticks, 12)
    return np.where(known, twelfths.clip(0, _TWELFTHS), _TWELFTHS + 1)


def _of_both(first: Callable[[Chart, Moments], Ints], second: Formula) -> Formula:
    """The combinations of a chord's quality and another feature."""
    size = len(QUALITIES) * second.size
    return Formula(size, lambda c, at: first(c, at) * second.size + second.of(c, at))


def _part(chart: Chart, at: Moments) -> Ints:
    """The eighth of the solo, from its first bar to its last."""
    return (_PARTS * at.now // max(int(chart.bar_onsets[-1]), 1)).clip(0, _PARTS - 1)


def _quality(chart: Chart, at: Moments) -> Ints:
    return chart.qualities[at.change]


_DEGREE = Formula(PITCH_CLASSES + 1, lambda c, at: _degree(at.pitch, c.roots[at.change]))

# A name that stands in NAMES, too, is a feature: whose players, for example, the model knows.
FEATURES: dict[str, Formula | Clock] = {
    "bar_onset": Clock(_in_bar),
    "bar_end": Clock(lambda c, at: c.bar_onsets[at.bar + 1] - at.now),
    "beat": Formula(
        _BEATS, lambda c, at: (_in_bar(c, at) // TICKS_PER_QUARTER).clip(max=_BEATS - 1)
    ),
    "beat_onset": Clock(lambda c, at: _in_bar(c, at) % TICKS_PER_QUARTER),
    "form": Formula(_FORM, lambda c, at: c.form[at.bar]),
    "part": Formula(_PARTS, _part),
    "chord": Formula(len(QUALITIES), _quality),
    "degree": _DEGREE,
    "chord_degree": _of_both(_quality, _DEGREE),
    "chord_in_key": Formula(
        PITCH_CLASSES, lambda c, at: (c.roots[at.change] - c.tonic) % PITCH_CLASSES
    ),
    "key_degree": Formula(PITCH_CLASSES + 1, lambda c, at: _degree(at.pitch, c.tonic)),
    "next_chord": Formula(len(QUALITIES) + 1, _next_quality),
    "next_root": Formula(PITCH_CLASSES + 1, _next_root),
    "next_degree": Formula(
        PITCH_CLASSES + 1, lambda c, at: _degree(at.pitch, c.roots[_next(c, at)])
    ),
    "until_next": Formula(len(_NEXT) + 1, _until_next),
    "register": Formula(2 * _REGISTER_STEPS + 1, _register),
    "phrase_notes": Formula(len(_NOTES) + 1, lambda _, at: _class_of(at.phrase_notes, _NOTES)),
    "phrase_time": Formula(len(_QUARTERS) + 1, _phrase_time),
    "pitch": Formula(HIGHEST - LOWEST + 2, _pitch),
    "leap": Formula(2 * WIDEST + 2, _leap),
    "last_phase": Formula(12 + 1, _last_phase),
    "last_gap": Formula(
        _TWELFTHS + 2, lambda _, at: _twelfths(at.onset - at.onset_before, at.onset_before >= 0)
    ),
    "since_onset": Formula(
        _TWELFTHS + 2, lambda _, at: _twelfths(at.now - at.onset, at.onset >= 0)
    ),
    "mode": Formula(2, lambda c, at: np.full(len(at.now), int(c.minor))),
    "tempo": Formula(_TEMPOS + 1, _tempo),  # 0: unknown
}
FEATURE_NAMES = (*FEATURES, *NAMES)
# Features of the performance, whose index 0 says that they are not known.
MAY_BE_UNKNOWN = frozenset({"tempo", *NAMES})


# Features of absolute pitches: semitones a step, and the highest index that is a pitch.
_ABSOLUTE = {
    "pitch": (1, HIGHEST - LOWEST),
    "register": (_REGISTER_STEP, 2 * _REGISTER_STEPS - 1),
}


@dataclass(frozen=True)
class Feature:
    """A feature with what it knows from the training tunes: names (sorted), times in quarter
    lengths (sorted), or nothing."""

    name: str
    known: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """The number of its indices."""
        formula = FEATURES.get(self.name)
        if isinstance(formula, Formula):
            return formula.size
        return len(self.known) + (formula is None)

    def indices(self, chart: Chart, at: Moments) -> Ints:
        """Its index at n moments: `(n,)`."""
        formula = FEATURES.get(self.name)
        if isinstance(formula, Formula):
            return formula.of(chart, at)
        if isinstance(formula, Clock):
            return nearest_time(formula.of(chart, at), self.times)
        name = chart.names[self.name]
        index = 1 + self.known.index(name) if name in self.known else 0
        return np.full(len(at.now), index)

    def check(self) -> None:
        """Raises ValueError if it cannot be what `Conditioning.of` makes."""
        if self.name not in FEATURE_NAMES:
            raise ValueError(f"the conditioning feature {self.name!r:.40} is unknown")
        formula = FEATURES.get(self.name)
        if isinstance(formula, Formula) == bool(self.known) and formula is not None:
            raise ValueError(f"the feature {self.name} has too many or too few known values")
        if isinstance(formula, Clock):
            times = [Fraction(time) for time in self.known]
            if times != sorted(set(times)) or not 0 <= times[0] <= times[-1] <= MAX_BAR_LENGTH:
                raise ValueError(f"the times of {self.name} are not those of a bar")
        if len(self.known) > MAX_NAMES:
            raise ValueError(f"the feature {self.name} has too many known values")

    @cached_property
    def times(self) -> Ticks:
        """The known times of a clock."""
        return to_ticks(map(Fraction, self.known))


@dataclass(frozen=True)
class Conditioning:
    """The features that a model is conditioned on. They are one-hot inputs, one after the other."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, names: Iterable[str], charts: Sequence[tuple[Chart, Moments]]) -> Conditioning:
        """The features `names`, with what the charts and moments of the training tunes have."""
        return cls(tuple(_feature(name, charts) for name in names))

    def __len__(self) -> int:
        """The number of inputs."""
        return sum(self.sizes)

    @property
    def sizes(self) -> list[int]:
        return [feature.size for feature in self.features]

    def inputs(self, chart: Chart, at: Moments, offset: int) -> Indices:
        """The inputs at n moments, counted from `offset`: `(n, k)` for k features."""
        columns = np.empty((len(self.features), len(at.now)), dtype=np.int64)
        for column, feature in zip(columns, self.features, strict=True):
            column[:] = feature.indices(chart, at)
        return (columns.T + self.starts + offset).astype(np.int32)

    @cached_property
    def starts(self) -> Ints:
        """The first input of each feature: `(k,)`."""
        return np.cumsum([0, *self.sizes])[:-1]

    def offset(self, name: str) -> int:
        """The first input of a feature. Raises ValueError if it is not one of them."""
        return int(self.starts[self.place(name)])

    def size(self, name: str) -> int:
        """The number of inputs of a feature. Raises ValueError if it is not one of them."""
        return self.features[self.place(name)].size

    def place(self, name: str) -> int:
        """The number of a feature, from 0. Raises ValueError if it is not one of them."""
        return [feature.name for feature in self.features].index(name)

    def transposed(self, inputs: Indices, semitones: NDArray[np.integer], offset: int) -> Indices:
        """Inputs `(m, n, k)`, counted from `offset`, with absolute pitches moved by `semitones
        (m,)`, as far as they are distinguished."""
        moved = inputs.copy()
        for k, feature in enumerate(self.features):
            if feature.name in _ABSOLUTE:
                step, highest = _ABSOLUTE[feature.name]
                first = int(self.starts[k]) + offset
                indices = inputs[..., k] - first
                higher = (indices + semitones[:, None] // step).clip(0, highest)
                moved[..., k] = np.where(indices <= highest, higher, indices) + first
        return moved

    def unknown(self, offset: int) -> tuple[list[int], Indices]:
        """The positions of the features that may be unknown, and the input of each that says so,
        counted from `offset`."""
        places = [k for k, feature in enumerate(self.features) if feature.name in MAY_BE_UNKNOWN]
        return places, (self.starts[places] + offset).astype(np.int32)


def inputs_of_values(
    known: BarPositions | Conditioning | None,
    bars: Sequence[Sequence[Value]],
    tune: Tune,
    register: Register,
    offset: int,
) -> Indices | None:
    """The inputs of the values of a melody over `tune`, a sequence per bar, counted from `offset`:
    `(n, k)`; None if nothing is known."""
    if known is None:
        return None
    if isinstance(known, BarPositions):
        return known.conditioning(bars, tune.bars, offset)
    chart = Chart.of(tune, register)
    return known.inputs(chart, Moments.of_values(chart, bars), offset)


def _feature(name: str, charts: Sequence[tuple[Chart, Moments]]) -> Feature:
    formula = FEATURES.get(name)
    if isinstance(formula, Formula):
        return Feature(name)
    if formula is None:
        names = Counter(chart.names[name] for chart, _ in charts)
        del names[""]
        return Feature(name, tuple(sorted(text for text, _ in names.most_common(MAX_NAMES - 1))))
    times: Counter[int] = Counter()
    for chart, at in charts:
        times.update(formula.of(chart, at).tolist())
    common = sorted(ticks for ticks, _ in times.most_common(MAX_TIMES))
    return Feature(name, tuple(str(Fraction(ticks, TICKS_PER_QUARTER)) for ticks in common))

"""Feel: the time map that swings eighths, and the seconds of a tune.

In a beat of a quarter note that one part divides in two, the second eighth begins at
`ratio / (1 + ratio)` of the beat, and time is stretched evenly before and after it: a monotone map,
linear in both halves, that leaves the beat itself where it is. Beats with triplets or sixteenths
are played as written, and so are meters counted in eighths.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction

from djmodel.music.tune import Tempo, Tune
from djmodel.outputs.performance.constants import (
    MAX_SWING_RATIO,
    SWING_RATIO_AT_ZERO,
    SWING_RATIO_PER_BPM,
)

SWINGING = frozenset({"swing", "ballad", "twobeat"})
"""The feels with swung eighths."""

_HALF = Fraction(1, 2)
_DEFAULT_BPM = 120.0  # of a tune without a tempo


def swing_ratio(feel: str, bpm: float) -> float:
    """The measured ratio of two swung eighths at a tempo; 1 for feels that are played straight.

    >>> [round(swing_ratio("swing", bpm), 2) for bpm in (100, 200, 300, 400)]
    [1.69, 1.59, 1.2, 1.0]
    >>> swing_ratio("latin", 160)
    1.0
    """
    if feel not in SWINGING:
        return 1.0
    return max(1.0, min(MAX_SWING_RATIO, SWING_RATIO_AT_ZERO + SWING_RATIO_PER_BPM * bpm))


class Clock:
    """The seconds of a tune, at its tempos. Beyond its end the last tempo holds."""

    def __init__(self, tempos: Iterable[Tempo]) -> None:
        self.tempos = sorted(tempos) or [Tempo(Fraction(0), _DEFAULT_BPM)]
        self._seconds = [0.0]
        for before, after in zip(self.tempos, self.tempos[1:], strict=False):
            length = float(after.onset - before.onset) * 60 / before.bpm
            self._seconds.append(self._seconds[-1] + length)
        self._onsets = [float(tempo.onset) for tempo in self.tempos]

    def bpm(self, quarter: Fraction | float) -> float:
        """The tempo at a time in quarter lengths from the start of the tune."""
        return self.tempos[max(bisect_right(self._onsets, float(quarter)) - 1, 0)].bpm

    def seconds(self, quarter: Fraction | float) -> float:
        """Seconds from the start of the tune until a time in quarter lengths."""
        index = max(bisect_right(self._onsets, float(quarter)) - 1, 0)
        tempo = self.tempos[index]
        return self._seconds[index] + float(quarter - tempo.onset) * 60 / tempo.bpm

    def quarters(self, seconds: float) -> float:
        """The inverse of `seconds`."""
        index = max(bisect_right(self._seconds, seconds) - 1, 0)
        tempo = self.tempos[index]
        return float(tempo.onset) + (seconds - self._seconds[index]) * tempo.bpm / 60


class TimeMap:
    """Times of one part as written -> as played, both in quarter lengths from the start of the
    tune. `onsets` are those of the notes of the part: they decide which beats swing."""

    def __init__(
        self, tune: Tune, onsets: Iterable[Fraction], feel: str, ratio: float | None = None
    ) -> None:
        self._beats = beats_of(tune)
        self._beat_times = [float(beat) for beat in self._beats]
        self._clock, self._feel, self._ratio = Clock(tune.tempos), feel, ratio
        self._straight: set[Fraction] = set()
        for onset in onsets:
            beat = self._beat(onset)
            if beat is not None and onset - beat not in (0, _HALF):
                self._straight.add(beat)

    def ratio(self, quarter: Fraction) -> float:
        """The swing ratio at a time."""
        if self._ratio is not None:
            return self._ratio
        return swing_ratio(self._feel, self._clock.bpm(quarter))

    def __call__(self, quarter: Fraction) -> float:
        """The time at which something written at `quarter` is played."""
        beat = self._beat(quarter)
        if beat is None or beat in self._straight or quarter == beat:
            return float(quarter)
        ratio = self.ratio(beat)
        middle = ratio / (1 + ratio)
        inside = float(quarter - beat)
        if inside <= 0.5:
            return float(beat) + inside * 2 * middle
        return float(beat) + middle + (inside - 0.5) * 2 * (1 - middle)

    def _beat(self, quarter: Fraction) -> Fraction | None:
        """The beat of a quarter note in which a time lies."""
        index = bisect_right(self._beat_times, float(quarter)) - 1
        if index < 0 or quarter - self._beats[index] >= 1:
            return None
        return self._beats[index]


def beats_of(tune: Tune) -> list[Fraction]:
    """The onsets of all beats that last a quarter note. A pick-up may begin within its first one,
    which then began before the tune."""
    beats = []
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        if bar.meter.beat != 1:
            continue
        first = bar.length % 1
        if first and not start:
            beats.append(first - 1)
        beats += [start + first + number for number in range(int(bar.length))]
    return beats

"""The theory of one chord: its tones, its scale, its approach tones.

Everything is pitch classes (0 = C ... 11 = B) and depends only on distances from the root, so that
transposing a tune changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

MAJOR_SCALE = frozenset({0, 2, 4, 5, 7, 9, 11})
DORIAN_SCALE = frozenset({0, 2, 3, 5, 7, 9, 10})


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: `root` (pitch class), `intervals` (semitones above it, sorted, 0 to 11, with or
    without 0 itself) and `bass` (pitch class; the root unless it is a slash chord)."""

    root: int
    intervals: tuple[int, ...]
    bass: int

    @classmethod
    def of(cls, root: int, intervals: tuple[int, ...] | list[int], bass: int | None = None) -> Chord:
        """A chord with everything folded into one octave and sorted."""
        root %= 12
        folded = tuple(sorted({interval % 12 for interval in intervals}))
        return cls(root, folded, root if bass is None else bass % 12)

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset((self.root + interval) % 12 for interval in self.intervals)

    def transposed(self, semitones: int) -> Chord:
        return Chord(
            (self.root + semitones) % 12, self.intervals, (self.bass + semitones) % 12
        )

"""The theory of one chord: its tones, its scale, its approach tones.

Everything is pitch classes (0 = C ... 11 = B) and depends only on distances from the root, so that
transposing a tune changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

from djmodel.music.pitch import MAJOR_SCALE

DORIAN_SCALE = frozenset({0, 2, 3, 5, 7, 9, 10})

# Semitones above the root, in the order in which they define a chord: root, thirds, fifth,
# sevenths. Decides between scales that hold equally many tones.
_DEFINING_INTERVALS = (0, 4, 3, 7, 10, 11)

_C_SHARP_KEY = 5  # sharps of a key in which C sharp is the root of a major chord

Kind = Literal["C", "S", "A", "X"]
"""The role of a pitch over a chord."""

KIND_NAMES: dict[Kind, str] = {
    "C": "chord tone",
    "S": "scale tone",
    "A": "approach tone",
    "X": "other tone",
}
ALL_KINDS: tuple[Kind, ...] = tuple(KIND_NAMES)


class Written(NamedTuple):
    """A chord symbol as it was written: `root` and `bass` as places on the circle of fifths (see
    `pitch`), None where the key decides, and the `suffix` between them, such as `m7b5`."""

    root: int | None
    suffix: str
    bass: int | None = None


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: `root` (pitch class), `intervals` (semitones above it, sorted, 0 to 11, with or
    without 0 itself) and `bass` (pitch class; the root unless it is a slash chord).

    `written` is its symbol, None where nobody wrote one. Chords that sound alike are equal, however
    they are written."""

    root: int
    intervals: tuple[int, ...]
    bass: int
    written: Written | None = field(default=None, compare=False)

    @classmethod
    def of(cls, root: int, intervals: Iterable[int], bass: int | None = None) -> Chord:
        """A chord whose intervals are reduced modulo 12 and sorted."""
        root %= 12
        folded = tuple(sorted({interval % 12 for interval in intervals}))
        return cls(root, folded, root if bass is None else bass % 12)

    @property
    def pitch_classes(self) -> frozenset[int]:
        return frozenset((self.root + interval) % 12 for interval in self.intervals)

    @property
    def is_major(self) -> bool:
        """True for a major quality: a major third, and a perfect fifth where it has a fifth.

        As music21's `Chord.quality`, except that a chord with both thirds (7#9) is major, and a
        chord with a perfect fifth keeps it beside a 6 or an 8 (which are then #11 and b13).
        """
        tones = set(self.intervals)
        return 4 in tones and (7 in tones or not tones & {6, 8})

    def transposed(
        self, semitones: int, fifths: int | None = None, key: int | None = None
    ) -> Chord:
        """The chord `semitones` higher. Its suffix stays as written. Root and bass move by `fifths`
        on the circle of fifths; without them, and where that ends in C flat or beyond, or E sharp
        or beyond, the new `key` spells them, as it does a G, D or A sharp that is far from it, and
        a C sharp that is no dominant."""
        highest = 10 if key is None else min(max(7, key + 6), 10)
        if key is not None and key < _C_SHARP_KEY and self.is_major and 10 not in self.intervals:
            highest = 6

        def moved(place: int | None) -> int | None:
            if place is None or fifths is None or not -6 <= place + fifths <= highest:
                return None
            return place + fifths

        written = self.written
        if written is not None:
            root_place = moved(written.root)
            bass_place = None if root_place is None else moved(written.bass)
            written = Written(root_place, written.suffix, bass_place)
        root, bass = (self.root + semitones) % 12, (self.bass + semitones) % 12
        return Chord(root, self.intervals, bass, written)


@lru_cache(maxsize=4096)
def scale(chord: Chord) -> frozenset[int]:
    """The scale that goes with a chord, as seven pitch classes.

    A major scale over a chord of major quality, a Dorian one over any other: the one that holds
    most of the chord's tones. Among equals the one on the chord's root; then the one that keeps
    the tones that define the chord (root, third, fifth, seventh, in that order); then the one
    whose tonic is fewest fifths from the root, downwards first. Depends only on distances from the
    root. Over C7 and C7#9 it is F major, over Cm7b5 it is Eb Dorian.
    """
    return frozenset((chord.root + step) % 12 for step in _scale_of(chord.intervals))


@lru_cache(maxsize=4096)
def _scale_of(intervals: tuple[int, ...]) -> frozenset[int]:
    """The scale of a chord on C."""
    chord = Chord(0, intervals, 0)
    pattern = MAJOR_SCALE if chord.is_major else DORIAN_SCALE

    def rank(tonic: int) -> tuple[int, bool, tuple[bool, ...], int]:
        steps = {(tonic + step) % 12 for step in pattern}
        held = chord.pitch_classes & steps
        defined = tuple(interval in held for interval in _DEFINING_INTERVALS)
        fifths_down = tonic * 5 % 12  # 0 to 11; 11 is one fifth up
        distance = 2 * min(fifths_down, 12 - fifths_down) + (fifths_down > 6)
        return (len(held), tonic == 0, defined, -distance)

    best = max(range(12), key=rank)
    return frozenset((best + step) % 12 for step in pattern)


def kind_of(pitch: int, chord: Chord) -> Kind:
    """The role of a pitch (MIDI number or pitch class) over a chord, the first that applies: `C`
    chord tone, `S` tone of its `scale`, `A` approach tone (a semitone from a chord tone), `X`
    other.

    >>> [kind_of(pitch, Chord.of(0, (0, 4, 7))) for pitch in (60, 62, 63, 70)]
    ['C', 'S', 'A', 'X']
    """
    return _kinds(chord.intervals)[(pitch - chord.root) % 12]


def pitch_classes_of_kind(kind: Kind, chord: Chord) -> frozenset[int]:
    """The pitch classes of this kind over a chord; empty if there are none."""
    return frozenset(
        (chord.root + interval) % 12
        for interval, its_kind in enumerate(_kinds(chord.intervals))
        if its_kind == kind
    )


@lru_cache(maxsize=4096)
def _kinds(intervals: tuple[int, ...]) -> tuple[Kind, ...]:
    """The kind of each of the twelve semitones above the root."""
    tones = frozenset(interval % 12 for interval in intervals)
    steps = _scale_of(intervals)

    def kind(interval: int) -> Kind:
        if interval in tones:
            return "C"
        if interval in steps:
            return "S"
        if {(interval - 1) % 12, (interval + 1) % 12} & tones:
            return "A"
        return "X"

    return tuple(kind(interval) for interval in range(12))

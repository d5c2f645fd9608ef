"""The kinds of chords that MusicXML names, and the degrees by which a chord differs from one."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from djmodel.music.chord import Chord
from djmodel.music.chord_suffix import MAJOR_DEGREES, Tones, suffix_tones
from djmodel.music.chord_symbol import chord_tones


class Degree(NamedTuple):
    """A tone that is added to a kind, altered or left out: its number, and its alteration in
    semitones, from the major scale for `add`, from the kind for `alter`."""

    change: Literal["add", "alter", "subtract"]
    number: int
    alter: int = 0


# The kinds, with suffixes of the same tones. Of equally near ones the first is
# taken.
_KINDS = {
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13", "dominant-ninth": "9",
    "major-ninth": "maj9", "minor-ninth": "m9", "dominant-11th": "11", "minor-11th": "m11",
    "dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7", "major-minor": "mMaj7",
    "half-diminished": "m7b5", "diminished-seventh": "dim7", "augmented-seventh": "7#5",
    "major-sixth": "6", "minor-sixth": "m6", "major": "", "minor": "m", "diminished": "dim",
    "augmented": "aug", "suspended-fourth": "sus4", "suspended-second": "sus2", "power": "5",
}  # fmt: skip
_COSTS = {"add": 1.0, "alter": 1.2, "subtract": 1.5}
# Cost of adding a third, fifth or seventh, or a degree that is also altered, and of a minor kind
# for a chord without a third.
_AWKWARD = 3.0


def chord_kind(chord: Chord) -> tuple[str, tuple[Degree, ...]]:
    """The kind of a chord, as MusicXML names it, and the degrees by which the chord differs.

    >>> from djmodel.music.chord_symbol import parse_chord_symbol
    >>> kind, degrees = chord_kind(parse_chord_symbol("C7#11"))
    >>> kind, [tuple(degree) for degree in degrees]
    ('dominant', [('add', 11, 1)])
    """
    return _kind_of(chord_tones(chord))


@lru_cache(maxsize=4096)
def _kind_of(tones: Tones) -> tuple[str, tuple[Degree, ...]]:
    thirdless = not any(degree == 3 for degree, _ in tones)

    def cost(kind: str) -> float:
        degrees = _differences(suffix_tones(_KINDS[kind]), tones)
        altered = {degree.number for degree in degrees if degree.change == "alter"}
        minor = _AWKWARD * (thirdless and (3, 3) in suffix_tones(_KINDS[kind]))
        return minor + sum(
            _AWKWARD if change == "add" and number in {3, 5, 7, *altered} else _COSTS[change]
            for change, number, _ in degrees
        )

    kind = min(_KINDS, key=cost)
    base = suffix_tones(_KINDS[kind])
    if kind.endswith("13th") and 11 not in dict(base):
        base = tuple(sorted((*base, (11, MAJOR_DEGREES[11]))))  # unlike a C13, the kind has it
    return kind, _differences(base, tones)


def _differences(kind: Tones, chord: Tones) -> tuple[Degree, ...]:
    """The degrees that lead from a kind to a chord."""
    has_third = any(degree == 3 for degree, _ in chord)
    degrees = []
    for number in sorted({degree for degree, _ in (*kind, *chord)}):
        before = {interval for degree, interval in kind if degree == number}
        after = {interval for degree, interval in chord if degree == number}
        written = 4 if number == 11 and not has_third else number
        gone, come = sorted(before - after), sorted(after - before)
        if gone and come:
            [old], new = gone, come.pop(0)
            degrees.append(Degree("alter", written, (new - old + 6) % 12 - 6))
        elif gone:
            degrees.append(Degree("subtract", written))
        for interval in come:
            alteration = (interval - MAJOR_DEGREES[number] + 6) % 12 - 6
            degrees.append(Degree("add", written, alteration))
    return tuple(degrees)

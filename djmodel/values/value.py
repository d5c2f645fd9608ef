"""Values, the symbols of the model: one note or rest relative to the chord, and its text.

After Gillick, Tang and Keller, *Learning Jazz Grammars* (2009), as deepjazz and the course use it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from seqmodel.errors import InputError

REST, TIE = "R", "T"
N_VALUES = 90  # size of the course's vocabulary
MINOR_THIRD = 3  # semitones from the middle of a value's range to either end

# One name for each distance in an octave; a tritone is always a diminished fifth.
_NAMES = ("P1", "m2", "M2", "m3", "M3", "P4", "d5", "P5", "m6", "M6", "m7", "M7")
_MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)
_PERFECT = {0, 3, 4}
_INTERVAL = re.compile(r"(P|M|m|A+|d+)(-?)(\d+)")
_VALUE = re.compile(r"([CSAXRT]),(\d+(?:\.\d+)?|\d+/\d+)(?:,<([^,<>]+)(?:,([^,<>]+))?>)?")

_MAX_LENGTH = 100  # characters of a value
_MAX_DENOMINATOR = 24  # of durations in decimals, of which three distinguish all such fractions


class ValueTextError(InputError):
    """Text that is not a value, or not the name of an interval."""


@dataclass(frozen=True, slots=True)
class Value:
    """One note or rest, relative to the chord and to the previous note.

    `kind`: the kind of tone over the chord (C chord tone, S scale tone, A approach tone, X other),
    R for a rest, or T for a note that is tied to the one before. `duration`: in quarter lengths.
    `leap`: semitones from the previous note; None for a note that has none, for rests and ties. It
    is the middle of a range, as in the course's grammar, or `exact`, as in that of jazz.

    >>> str(Value("A", Fraction(1, 4), -2)), str(Value("A", Fraction(1, 4), -2, exact=True))
    ('A,0.250,<m2,P-4>', 'A,0.250,<M-2>')
    """

    kind: str
    duration: Fraction
    leap: int | None = None
    exact: bool = False

    def __str__(self) -> str:
        """The text as in the course, `kind,duration[,<up,down>]`: the leap is printed as the range
        from a minor third above it to a minor third below it; an exact one as one interval."""
        text = f"{self.kind},{duration_text(self.duration)}"
        if self.leap is None:
            return text
        if self.exact:
            return f"{text},<{interval_name(self.leap)}>"
        up = interval_name(self.leap + MINOR_THIRD)
        down = interval_name(self.leap - MINOR_THIRD)
        return f"{text},<{up},{down}>"

    @classmethod
    def parse(cls, text: str) -> Value:
        """The inverse of `str`; intervals may have any spelling. Raises ValueTextError.

        >>> Value.parse("A,0.250,<m2,P-4>")
        Value(kind='A', duration=Fraction(1, 4), leap=-2, exact=False)
        """
        match = _VALUE.fullmatch(text.strip())
        if not match or len(text) > _MAX_LENGTH:
            raise _not_a_value(text)
        kind, duration_text, up, down = match.groups()
        duration = parse_duration(duration_text)
        if not duration:
            raise _not_a_value(text)
        if up is None:
            return cls(kind, duration)
        leap = Fraction(semitones(up) + semitones(down or up), 2)
        if kind in (REST, TIE) or leap.denominator != 1:
            raise _not_a_value(text)
        return cls(kind, duration, int(leap), exact=down is None)

    @property
    def is_rest(self) -> bool:
        return self.kind == REST

    @property
    def is_tie(self) -> bool:
        return self.kind == TIE


def _not_a_value(text: str) -> ValueTextError:
    return ValueTextError(f"`{text:.40}` is not a value such as `C,0.250` or `A,0.500,<m2,P-4>`")


def duration_text(duration: Fraction) -> str:
    """A duration in quarter lengths with three decimals, or as a fraction where these would not
    give it back.

    >>> duration_text(Fraction(1, 3)), duration_text(Fraction(11, 30))
    ('0.333', '11/30')
    """
    text = f"{float(duration):.3f}"
    return text if parse_duration(text) == duration else str(duration)


@lru_cache(maxsize=4096)  # the durations of a vocabulary come again and again
def parse_duration(text: str) -> Fraction:
    """The inverse of `duration_text`; 0 for a text that is not above 0. Raises ValueError for one
    that is not a number."""
    if "/" in text:
        numerator, denominator = map(int, text.split("/"))
        return Fraction(numerator, denominator) if denominator else Fraction(0)
    return Fraction(text).limit_denominator(_MAX_DENOMINATOR)


def interval_name(distance: int) -> str:
    """The one name of a distance in semitones.

    >>> [interval_name(distance) for distance in (4, -5, 12, 13)]
    ['M3', 'P-4', 'P8', 'm9']
    """
    octaves, rest = divmod(abs(distance), 12)
    name = _NAMES[rest]
    return f"{name[0]}{'-' if distance < 0 else ''}{int(name[1:]) + 7 * octaves}"


def semitones(name: str) -> int:
    """The distance in semitones that an interval's name means, in any spelling.

    Raises ValueTextError.

    >>> semitones("A4"), semitones("d5"), semitones("P-4")
    (6, 6, -5)
    """
    match = _INTERVAL.fullmatch(name.strip())
    error = ValueTextError(f"`{name:.40}` is not an interval such as `m3`, `P-4` or `d5`")
    if not match or len(name) > _MAX_LENGTH or int(match[3]) == 0:
        raise error
    quality, minus, number = match[1], match[2], int(match[3])
    octaves, step = divmod(number - 1, 7)
    size = 12 * octaves + _MAJOR_STEPS[step]
    perfect = step in _PERFECT
    if (quality == "P" and not perfect) or (quality in "Mm" and perfect):
        raise error
    if quality == "m":
        size -= 1
    elif quality[0] == "A":
        size += len(quality)
    elif quality[0] == "d":
        size -= len(quality) + (0 if perfect else 1)
    return -size if minus else size


def nearest_value(text: str, candidates: Sequence[str]) -> str:
    """The candidate most like a value that is not in the vocabulary: the same kind first, with a
    leap or without as it is; then the nearest duration; then the nearest leap.

    >>> nearest_value("C,1.500,<P8,m6>", ["C,0.500,<m3,m-3>", "C,1.000,<P5,m2>", "R,0.250"])
    'C,1.000,<P5,m2>'
    """
    value = Value.parse(text)

    def distance(candidate: str) -> tuple[bool, bool, Fraction, int]:
        other = Value.parse(candidate)
        return (
            other.kind != value.kind,
            (other.leap is None) != (value.leap is None),
            abs(other.duration - value.duration),
            abs((other.leap or 0) - (value.leap or 0)),
        )

    return min(candidates, key=distance)

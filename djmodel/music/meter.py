"""Time signatures: bars, beats and the way they are counted."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from seqmodel.errors import InputError

MAX_LENGTH = 16  # quarter notes of a bar


class Meter(NamedTuple):
    """A time signature: `Meter(6, 8)`.

    Everything that counts beats counts these: slashes in changes, chord recognition, measures,
    written rhythm, piano rolls, tempo marks and accompaniments.

    >>> Meter(6, 8).beat, Meter(6, 8).groups(Fraction(3))
    (Fraction(3, 2), (3, 3))
    """

    numerator: int
    denominator: int

    @property
    def length(self) -> Fraction:
        """Length of a full bar, in quarter lengths."""
        return Fraction(4 * self.numerator, self.denominator)

    @property
    def pulse(self) -> Fraction:
        """Length of the denominator's note, in quarter lengths, but at most a quarter: cut time
        (2/2) is counted in quarters, in which its chords change and its basses walk."""
        return Fraction(4, max(self.denominator, 4))

    @property
    def is_compound(self) -> bool:
        """Beats of three pulses: 6/8, 9/8, 12/8. 3/8 is not: it is counted in three, as 3/4."""
        return self.denominator >= 8 and self.numerator > 3 and self.numerator % 3 == 0

    @property
    def beat(self) -> Fraction:
        """Length of a beat, in quarter lengths: a pulse, or three in a compound meter. All beats of
        a meter are equal; those of 7/8 are eighths, which `groups` puts together."""
        return self.pulse * (3 if self.is_compound else 1)

    def beat_onsets(self, length: Fraction) -> tuple[Fraction, ...]:
        """Onsets of the beats in a bar of `length`, from its start, which is always one. A short
        bar counts from its end: a pick-up leads into the next bar.

        >>> [str(onset) for onset in Meter(4, 4).beat_onsets(Fraction(5, 2))]
        ['0', '1/2', '3/2']
        """
        return _beat_onsets(self.beat, length)

    def groups(self, length: Fraction) -> tuple[int, ...]:
        """Numbers of pulses that belong together in a bar of `length`: twos and threes. 4/4 is
        2 + 2, 3/4 is 3, 6/8 is 3 + 3. In odd meters a three stands first where pulses are quarters
        (5/4 is 3 + 2) and last where they are shorter (7/8 is 2 + 2 + 3)."""
        pulses = int(length // self.pulse)
        if pulses < 3:
            return (pulses,)
        threes = pulses // 3 if pulses % 3 == 0 else pulses % 2
        sizes = [3] * threes + [2] * ((pulses - 3 * threes) // 2)
        return tuple(sizes if self.pulse == 1 else reversed(sizes))

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@lru_cache(maxsize=256)
def _beat_onsets(beat: Fraction, length: Fraction) -> tuple[Fraction, ...]:
    count, first = divmod(length, beat)
    whole = tuple(first + beat * number for number in range(int(count)))
    return (Fraction(0), *whole) if first else whole


COMMON_TIME = Meter(4, 4)
_MAX_BEATS, _MAX_UNIT = 255, 64  # of a time signature in a file


def meter_of(beats: int, unit: int) -> Meter | None:
    """The meter of two numbers in a file; None if they are not those of a time signature.

    >>> meter_of(7, 8), meter_of(3, 5)
    (Meter(numerator=7, denominator=8), None)
    """
    is_note_value = 1 <= unit <= _MAX_UNIT and unit & (unit - 1) == 0
    return Meter(beats, unit) if 1 <= beats <= _MAX_BEATS and is_note_value else None


def parse_meter(text: str) -> Meter:
    """The meter that a text such as `3/4` names. Raises InputError for other text.

    >>> parse_meter("6/8")
    Meter(numerator=6, denominator=8)
    """
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    meter = Meter(int(match[1]), int(match[2])) if match else Meter(0, 4)
    if meter.numerator < 1 or meter.denominator not in {1, 2, 4, 8, 16, 32}:
        hint = "the second number is a note value: 2, 4, 8 or 16"
        raise InputError(f"`{text}` is not a meter such as 4/4, 3/4 or 6/8", hint=hint)
    if meter.length > MAX_LENGTH:
        problem = f"a bar of {text} has {meter.length} quarter notes, more than {MAX_LENGTH}"
        raise InputError(problem)
    return meter

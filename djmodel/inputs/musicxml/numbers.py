"""Numbers of MusicXML, which anybody may have written."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

MAX_NUMBER = 10**9
_MAX_DENOMINATOR = 10080


def exact_number(text: str | None) -> int | Fraction:
    """A number such as 4 or 0.5; 0 for any other text, and for one beyond `MAX_NUMBER`.

    >>> exact_number(" 12 "), exact_number("0.5"), exact_number("many")
    (12, Fraction(1, 2), 0)
    """
    try:
        number: int | float = int(text or 0)
    except ValueError:
        try:
            number = float(text or 0)
        except ValueError:
            return 0
    if not isfinite(number) or abs(number) > MAX_NUMBER:
        return 0
    return number if isinstance(number, int) else _simple(number)


def _simple(number: float) -> int | Fraction:
    exact = Fraction(number).limit_denominator(_MAX_DENOMINATOR)
    return exact.numerator if exact.denominator == 1 else exact


def whole_number(text: str | None) -> int:
    """The whole number nearest to that of a text; 0 for any other text."""
    return round(exact_number(text))

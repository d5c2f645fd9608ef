"""Numbers of MusicXML, which anybody may have written."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

MAX_NUMBER = 10**9
_MAX_DENOMINATOR = 10080
_MAX_LENGTH = 100  # characters of a number


def exact_number(text: str | None) -> int | Fraction:
    """A number such as 4 or 0.5; 0 for any other text, and for one beyond `MAX_NUMBER`.

    >>> exact_number(" 12 "), exact_number("0.5"), exact_number("nan"), exact_number("9" * 400)
    (12, Fraction(1, 2), 0, 0)
    """
    return 0 if text is None or len(text) > _MAX_LENGTH else _number(text)


@lru_cache(maxsize=4096)
def _number(text: str) -> int | Fraction:
    try:
        number: int | float = int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            return 0
    if not abs(number) <= MAX_NUMBER:  # nor is NaN
        return 0
    if isinstance(number, int):
        return number
    exact = Fraction(number).limit_denominator(_MAX_DENOMINATOR)
    return exact.numerator if exact.denominator == 1 else exact


def whole_number(text: str | None) -> int:
    """The whole number nearest to that of a text; 0 for any other text."""
    return 0 if text is None or len(text) > _MAX_LENGTH else _whole(text)


@lru_cache(maxsize=4096)
def _whole(text: str) -> int:
    return round(_number(text))

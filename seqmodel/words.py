"""Numbers with what they count, as a sentence has them."""

from __future__ import annotations


def pluralize(number: int | float, one: str, several: str = "", form: str = ",") -> str:
    """`1 bar`, `2 bars`, `1,000 bars`. `several` is the word for any number but 1, where that is
    not `one` with an s; `form` is how the number is written."""
    word = one if number == 1 else several or f"{one}s"
    return f"{number:{form}} {word}"

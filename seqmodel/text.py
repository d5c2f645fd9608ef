"""Text for people: plurals, and text from outside in a form that a terminal can show."""

from __future__ import annotations

from pathlib import Path

MAX_PRINTED_LENGTH = 500
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def pluralize(number: int | float, one: str, several: str = "", form: str = ",") -> str:
    """A number and the word for that many. `several` is the plural, by default `one` with an s;
    `form` is the format of the number.

    >>> pluralize(1, "bar"), pluralize(1000, "bar"), pluralize(1.5, "quarter note", form="g")
    ('1 bar', '1,000 bars', '1.5 quarter notes')
    """
    word = one if number == 1 else several or f"{one}s"
    return f"{number:{form}} {word}"


def printable(text: str | Path, max_length: int = MAX_PRINTED_LENGTH) -> str:
    """One line that a terminal shows as it is, for text from outside: the name of a file, the
    title of a tune. Undecodable bytes, control characters and the start of an escape sequence each
    become `UNPRINTABLE`, white space a single space; what is too long ends in an ellipsis.

    >>> printable("Maple\\nLeaf\\x1b[31m Rag"), printable("Maple Leaf Rag", max_length=6)
    ('Maple Leaf\N{REPLACEMENT CHARACTER}[31m Rag', 'Maple…')
    """
    words = " ".join(str(text)[: 4 * max_length].split())
    line = "".join(sign if sign.isprintable() else UNPRINTABLE for sign in words)
    return line if len(line) <= max_length else f"{line[: max_length - 1]}…"

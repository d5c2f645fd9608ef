"""The signs of a chart of iReal Pro, in plain (unscrambled) text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Sign(NamedTuple):
    """A sign of the music: `kind` is the name of its group in `_SIGN`."""

    kind: str
    text: str
    position: int


_QUALITY = (
    r"(?:[\^△∆Δ+\-−–hoø°]|maj|min|mi|ma|dim|aug|sus|alt|add|omit|no(?=\d)|m|M|[b♭\#♯]?\d{1,2}|/9"
    r"|\*[^*\s|\[\]{}<>,]{1,12}\*)*"
)
_SIGN = re.compile(
    rf"""
      (?P<bar>\|)
    | (?P<double>\[)             # a double bar line, which begins a bar
    | (?P<double_end>[\]Z])      # a double or final bar line, which ends one
    | (?P<open>\{{)
    | (?P<close>\}})
    | (?P<section>\*[A-Za-z])
    | (?P<meter>T(?:128|\d\d))
    | (?P<ending>N\d)
    | (?P<segno>S)
    | (?P<coda>Q)
    | (?P<end>U)
    | (?P<text><[^>]*>)
    | (?P<chord>(?:[A-G][b♭\#♯]?|W){_QUALITY}(?:/[A-G][b♭\#♯]?)?)
    | (?P<rest>n)
    | (?P<slash>p)
    | (?P<same>x)
    | (?P<two_bars>r)
    | (?P<alternate>\([^()]*\))
    | (?P<space>[ ])
    | (?P<layout>[Yslf,.;:"'!\s*])   # sizes, fermatas, separators
    | (?P<unknown>.)
    """,
    re.VERBOSE,
)


def signs_of(music: str) -> Iterator[Sign]:
    """The signs of the music in order, without those that say nothing about what is played: sizes,
    spacers and fermatas. What is not a sign is one of the kind `unknown`."""
    for match in _SIGN.finditer(music):
        if match.lastgroup != "layout":
            yield Sign(str(match.lastgroup), match[0], match.start())

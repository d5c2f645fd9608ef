"""Words of a chart that are chords, with the signs that Band-in-a-Box has before and behind them.

There, `C7...` is held, `C7..` is a shot, a rest follows `C7.`, and `^C7` is pushed, which says how
the band plays them and is left out here; `J` is a major seventh, `H` a half-diminished chord.
"""

from __future__ import annotations

import re
from functools import lru_cache

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol

_DECORATED = re.compile(
    r"\^{0,2}(?P<root>[A-G][b♭#♯]?)(?P<suffix>[^/.]*)(?P<bass>/[A-G][b♭#♯]?)?(?:\.{1,3}[a-z]*)?"
)
# At the start of a suffix.
_SHORT = (
    (r"(m?)J(?=9|13)", r"\1maj"),
    (r"(m?)J7?(?=[b#♭♯(]|$)", r"\1maj7"),
    (r"H(?=7?$)", "h"),
    (r"5b$", "(b5)"),
    (r"4$", "sus4"),
)


def plain_chord(word: str) -> str:
    """A chord without the signs of Band-in-a-Box, and with the usual name for its short ones.

    >>> [plain_chord(word) for word in ("^^Fm7", "C7...bd", "CJ", "DmJ7", "BH", "C5b", "G4/F")]
    ['Fm7', 'C7', 'Cmaj7', 'Dmmaj7', 'Bh', 'C(b5)', 'Gsus4/F']
    """
    match = _DECORATED.fullmatch(word)
    if match is None:
        return word
    suffix = match["suffix"]
    for short, usual in _SHORT:
        suffix = re.sub(f"^{short}", usual, suffix)
    return match["root"] + suffix + (match["bass"] or "")


def parse_chord_word(word: str) -> Chord:
    """The chord of a word. Raises ChordSymbolError, which points into the word."""
    try:
        return parse_chord_symbol(plain_chord(word))
    except ChordSymbolError:
        return parse_chord_symbol(word)  # for the place of the error


@lru_cache(maxsize=4096)
def is_chord(word: str) -> bool:
    """True if a word is a chord symbol."""
    try:
        parse_chord_word(word)
    except ChordSymbolError:
        return False
    return True

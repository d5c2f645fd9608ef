"""Chord symbols of the Weimar Jazz Database: `Bb79b`, `F-7`, `Ebj7911#/G`."""

from __future__ import annotations

import re

from djmodel.music.chord import Chord
from djmodel.music.chord_suffix import chord_suffix
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol

_SYMBOL = re.compile(
    r"(?P<root>[A-G][b#]?)(?P<triad>m7b5|-|o|\+|sus|)(?P<seventh>7alt|j7|[67]|)"
    r"(?P<tensions>(?:(?:9|11|13)[b#]?)*)(?P<bass>/[A-G][b#]?|)"
)
_TRIADS = {"m7b5": "m7b5", "-": "m", "o": "dim", "+": "aug", "sus": "sus4", "": ""}
_TENSION = re.compile(r"(9|11|13)([b#]?)")


def parse_weimar_chord(text: str) -> Chord | None:
    """The chord of a symbol of the Weimar Jazz Database, with its usual jazz symbol; None for `NC`,
    no chord. Raises ChordSymbolError.

    A symbol is a root, a triad (none: major, `-` minor, `o` diminished, `+` augmented, `sus`,
    `m7b5`), a seventh (`6`, `7`, `j7`), tensions with their accidentals behind them (`79b13b`),
    and a bass. A tension adds its own tone only: `-7913` has no eleventh.

    >>> from djmodel.music.chord_symbol import chord_symbol
    >>> [chord_symbol(parse_weimar_chord(text)) for text in ("Bb79b", "F-7", "Ebj7911#/G")]
    ['Bb7(b9)', 'Fm7', 'Ebmaj9(#11)/G']
    """
    if text == "NC":
        return None
    match = _SYMBOL.fullmatch(text)
    if match is None:
        raise ChordSymbolError(text, 0, hint="expected a symbol such as F-7 or Bb79b13b")
    seventh = match["seventh"].replace("j7", "maj7")
    triad = _TRIADS[match["triad"]]
    base = seventh + triad if triad == "sus4" else triad + seventh
    tensions = ",".join(
        f"{sign}{degree}" if sign else f"add{degree}"
        for degree, sign in _TENSION.findall(match["tensions"])
    )
    literal = parse_chord_symbol(f"{match['root']}{base}({tensions}){match['bass']}")
    suffix = chord_suffix(literal.intervals)
    return parse_chord_symbol(f"{match['root']}{suffix}{match['bass']}")

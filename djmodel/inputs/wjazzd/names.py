"""Names of the Weimar Jazz Database for instruments, feels and keys, and what they mean here."""

from __future__ import annotations

import re

from djmodel.music.instruments import SOLOISTS
from djmodel.music.pitch import LETTER_PITCH_CLASSES
from djmodel.music.tune import Instrument

FEELS = ("swing", "latin", "funk", "ballad", "twobeat")

_TONIC = re.compile(r"([A-G])([b#]?)")
_KEY = re.compile(_TONIC.pattern + r"-(maj|min|dor|mix|blues)")
# Fifths of a tonic of each mode from the tonic of the major key with the same signature.
_MODES = {"maj": 0, "mix": -1, "blues": 0, "dor": -2, "min": -3}


def instrument_of(code: str) -> Instrument:
    """The instrument of a code such as `as`; one that is not known plays as a tenor saxophone."""
    if code in SOLOISTS:
        return SOLOISTS[code].instrument
    return Instrument(code.capitalize() or "Solo", SOLOISTS["ts"].instrument.program)


def feel_of(name: str) -> str:
    """The feel of a tune; of a mixed one the first, "" if it is none of `FEELS`.

    >>> feel_of("A:LATIN/B:SWING"), feel_of("FREE")
    ('latin', '')
    """
    first = name.split("/")[0].rpartition(":")[2].strip().lower()
    return first if first in FEELS else ""


def key_of(name: str) -> int | None:
    """The sharps (positive) or flats (negative) of a key, at most six; None for a key without a
    signature of its own (`D-chrom`) and for other text.

    >>> [key_of(name) for name in ("Bb-maj", "F-min", "D-dor", "D#-maj", "D-chrom")]
    [-2, -4, 0, -3, None]
    """
    match = _KEY.fullmatch(name)
    if match is None:
        return None
    fifths = (tonic_of(name) * 7 + _MODES[match[3]]) % 12  # above C
    return fifths - 12 if fifths > 6 or (fifths == 6 and match[2] == "b") else fifths


def tonic_of(name: str) -> int:
    """The pitch class of the tonic of a key such as `Ab-maj` or `D-chrom`; C if there is none."""
    match = _TONIC.match(name)
    if match is None:
        return 0
    return (LETTER_PITCH_CLASSES[match[1]] + {"b": -1, "#": 1, "": 0}[match[2]]) % 12

"""Styles of accompaniment: who plays, and which rhythms in a group of one, two or three pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from djmodel.music.tune import Instrument

DEFAULT_STYLE = "swing"

PIANO = Instrument("Piano", 0)
BASS = Instrument("Bass", 32)
GUITAR = Instrument("Guitar", 24)


class Hit(NamedTuple):
    """A stroke within a group: its onset and its length, in pulses. `other`, in the bass: the fifth
    rather than the bass of the chord (and the reverse in every other group)."""

    onset: Fraction
    length: Fraction
    other: bool = False


def _hits(*hits: tuple[Any, ...]) -> tuple[Hit, ...]:
    return tuple(Hit(Fraction(onset), Fraction(length), *other) for onset, length, *other in hits)


_HALF, _SWUNG = Fraction(1, 2), Fraction(2, 3)
_LATE = 1 + _SWUNG  # the off-beat after the second pulse


@dataclass(frozen=True)
class Style:
    """A way to play changes.

    `rhythms`: the rhythms from which the chords of a group of 1, 2 or 3 pulses are drawn (None:
    chords are held). `bass_line`: held under the chord, walking, or a rhythm for each size of
    group. `broken`: chords are played note by note. `bass`: the instrument of the bass (None: the
    left hand). `voices`: notes of a chord above the bass, at most.
    """

    instrument: Instrument = PIANO
    bass: Instrument | None = None
    voices: int = 4
    rhythms: Mapping[int, Sequence[Sequence[Hit]]] | None = None
    bass_line: Literal["held", "walking"] | Mapping[int, Sequence[Hit]] = "held"
    broken: bool = False


STYLES: Mapping[str, Style] = {
    "block": Style(),
    "stride": Style(
        voices=3,
        rhythms={1: [()], 2: [_hits((1, 1))], 3: [_hits((1, 1), (2, 1))]},
        bass_line={size: _hits((0, 1)) for size in (1, 2, 3)},
    ),
    "swing": Style(
        bass=BASS,
        voices=3,
        rhythms={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (_LATE, 2 - _LATE)),
                _hits((_SWUNG, 2 - _SWUNG)),
                _hits((1, _SWUNG)),
                _hits((_LATE, 2 - _LATE)),
                (),
            ],
            3: [
                _hits((0, 1), (_LATE, 3 - _LATE)),
                _hits((1, _SWUNG), (2, _SWUNG)),
                _hits((_SWUNG, 1)),
            ],
        },
        bass_line="walking",
    ),
    "bossa": Style(
        instrument=GUITAR,
        bass=BASS,
        voices=4,
        rhythms={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (1 + _HALF, _HALF)),
                _hits((1, 1)),
                _hits((_HALF, _HALF), (1 + _HALF, _HALF)),
                _hits((_HALF, 1 + _HALF)),
            ],
            3: [
                _hits((0, 1), (1 + _HALF, 1 + _HALF)),
                _hits((_HALF, _HALF), (1 + _HALF, _HALF), (2 + _HALF, _HALF)),
            ],
        },
        bass_line={
            1: _hits((0, 1)),
            2: _hits((0, 1 + _HALF), (1 + _HALF, _HALF, True)),
            3: _hits((0, 2), (2, 1, True)),
        },
    ),
    "arpeggio": Style(broken=True),
}

"""Styles of accompaniment: who plays, and which rhythms in a group of one, two or three pulses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from djmodel.music.accompaniment import drum_patterns
from djmodel.music.accompaniment.drum_patterns import DrumPattern
from djmodel.music.meter import Meter
from djmodel.music.tune import Instrument, Tune
from seqmodel.settings import checked

DEFAULT_STYLE = "swing"

PIANO = Instrument("Piano", 0)
BASS = Instrument("Bass", 32)
GUITAR = Instrument("Guitar", 24)
ELECTRIC_BASS = Instrument("Bass", 33)
ELECTRIC_PIANO = Instrument("Electric Piano", 4)


class Hit(NamedTuple):
    """A stroke within a group: its onset and its length, in pulses. `other`, in the bass: the fifth
    rather than the bass of the chord (and the reverse in every other group)."""

    onset: Fraction
    length: Fraction
    other: bool = False


def _hits(*hits: tuple[Any, ...]) -> tuple[Hit, ...]:
    return tuple(Hit(Fraction(onset), Fraction(length), *other) for onset, length, *other in hits)


_HALF, _QUARTER = Fraction(1, 2), Fraction(1, 4)
_LATE = 1 + _HALF  # the off-beat after the second pulse


@dataclass(frozen=True)
class Style:
    """A way to play changes. Off-beats are written straight; `feel` says how they are played.

    `rhythms`: the rhythms from which the chords of a group of 1, 2 or 3 pulses are drawn (None:
    chords are held). `bass_line`: held under the chord, walking, or rhythms for each size of group,
    which take turns; `first_bass_line`, where it is given, is that of the first of several
    choruses. `broken`: chords are played note by note. `bass`: the instrument of the bass (None:
    the left hand). `voices`: notes of a chord above the bass, at most; `colours`: the root of a
    seventh chord, which the bass has, makes room for its ninth.
    """

    drums: DrumPattern
    feel: str = ""
    instrument: Instrument = PIANO
    bass: Instrument | None = None
    voices: int = 4
    colours: bool = False
    rhythms: Mapping[int, Sequence[Sequence[Hit]]] | None = None
    bass_line: BassLine = "held"
    first_bass_line: BassLine | None = None
    broken: bool = False


BassLine = Literal["held", "walking"] | Mapping[int, Sequence[Sequence[Hit]]]

# In two: a note for every two pulses, the root and the fifth in turns; in three, one and three.
_TWO_FEEL: BassLine = {1: [_hits((0, 1))], 2: [_hits((0, 2))], 3: [_hits((0, 2), (2, 1, True))]}

_SWING_CELLS: Mapping[int, Sequence[Sequence[Hit]]] = {
    1: [_hits((0, _HALF))],
    2: [
        _hits((0, 1), (_LATE, _HALF)),  # the Charleston
        _hits((_HALF, 1)),
        _hits((1, _HALF)),
        _hits((_LATE, _HALF)),
        _hits((_HALF, _HALF), (_LATE, _HALF)),
        (),
    ],
    3: [
        _hits((0, 1), (_LATE, 1)),
        _hits((1, _HALF), (2, _HALF)),
        _hits((_HALF, 1)),
        _hits((_LATE, 1 + _HALF)),
        (),
    ],
}

STYLES: Mapping[str, Style] = {
    "block": Style(drum_patterns.LIGHT),
    "stride": Style(
        drum_patterns.TWO_BEAT,
        voices=3,
        rhythms={1: [()], 2: [_hits((1, 1))], 3: [_hits((1, 1), (2, 1))]},
        bass_line={size: [_hits((0, 1))] for size in (1, 2, 3)},
    ),
    "swing": Style(
        drum_patterns.SWING,
        feel="swing",
        bass=BASS,
        voices=4,
        colours=True,
        rhythms=_SWING_CELLS,
        bass_line="walking",
        first_bass_line=_TWO_FEEL,
    ),
    "ballad": Style(
        drum_patterns.BALLAD,
        feel="ballad",
        bass=BASS,
        voices=4,
        colours=True,
        rhythms={
            1: [_hits((0, 1))],
            2: [_hits((0, 2)), _hits((0, 1 + _HALF)), _hits((_HALF, 1 + _HALF)), ()],
            3: [_hits((0, 3)), _hits((1, 2)), ()],
        },
        bass_line=_TWO_FEEL,
    ),
    "waltz": Style(
        drum_patterns.WALTZ,
        feel="swing",
        bass=BASS,
        voices=4,
        colours=True,
        rhythms=_SWING_CELLS,
        bass_line="walking",
        first_bass_line=_TWO_FEEL,
    ),
    "bossa": Style(
        drum_patterns.BOSSA,
        feel="latin",
        instrument=GUITAR,
        bass=BASS,
        voices=4,
        colours=True,
        rhythms={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (_LATE, _HALF)),
                _hits((1, 1)),
                _hits((_HALF, _HALF), (_LATE, _HALF)),
                _hits((_HALF, 1 + _HALF)),
            ],
            3: [
                _hits((0, 1), (_LATE, 1 + _HALF)),
                _hits((_HALF, _HALF), (_LATE, _HALF), (2 + _HALF, _HALF)),
            ],
        },
        bass_line={
            1: [_hits((0, 1))],
            2: [_hits((0, 1 + _HALF), (_LATE, _HALF, True))],
            3: [_hits((0, 2), (2, 1, True))],
        },
    ),
    "latin": Style(
        drum_patterns.LATIN,
        feel="latin",
        bass=BASS,
        voices=4,
        rhythms={
            1: [_hits((0, _HALF))],
            2: [
                _hits((0, _HALF), (1, _HALF), (_LATE, _HALF)),
                _hits((_HALF, _HALF), (_LATE, _HALF)),
                _hits((_HALF, _HALF), (1, _HALF)),
                _hits((_LATE, _HALF)),
            ],
            3: [
                _hits((0, _HALF), (1, _HALF), (_LATE, _HALF), (2 + _HALF, _HALF)),
                _hits((_HALF, _HALF), (_LATE, _HALF), (2 + _HALF, _HALF)),
            ],
        },
        bass_line={  # tumbao: on the off-beat after two, and on four
            1: [_hits((0, 1))],
            2: [_hits((0, 1 + _HALF), (_LATE, _HALF, True)), _hits((0, 1, True), (1, 1))],
            3: [_hits((0, 1 + _HALF), (_LATE, 1 + _HALF, True))],
        },
    ),
    "funk": Style(
        drum_patterns.FUNK,
        feel="funk",
        instrument=ELECTRIC_PIANO,
        bass=ELECTRIC_BASS,
        voices=4,
        colours=True,
        rhythms={
            1: [_hits((0, _HALF))],
            2: [
                _hits((_HALF, _HALF), (_LATE, _QUARTER)),
                _hits((0, _HALF), (3 * _QUARTER, _QUARTER)),
                _hits((1, _QUARTER), (_LATE, _HALF)),
                _hits((_HALF, _QUARTER)),
                (),
            ],
            3: [
                _hits((0, _HALF), (_LATE, _HALF)),
                _hits((_HALF, _HALF), (2, _QUARTER), (2 + _HALF, _QUARTER)),
                (),
            ],
        },
        bass_line={
            1: [_hits((0, 1))],
            2: [
                _hits((0, 1), (_LATE, _HALF)),
                _hits((0, _HALF, True), (_HALF, 1, True), (_LATE, _HALF, True)),
            ],
            3: [_hits((0, 1), (_LATE, _HALF), (2, _HALF, True), (2 + _HALF, _HALF))],
        },
    ),
    "arpeggio": Style(drum_patterns.LIGHT, broken=True),
}

_OF_FEEL = {"latin": "latin", "funk": "funk", "ballad": "ballad"}


@checked
def default_style(tune: Tune) -> str:
    """The style in which a tune is accompanied: that of its feel; in three, a jazz waltz."""
    style = _OF_FEEL.get(tune.feel, DEFAULT_STYLE)
    is_waltz = style == DEFAULT_STYLE and tune.bars and tune.bars[-1].meter == Meter(3, 4)
    return "waltz" if is_waltz else style

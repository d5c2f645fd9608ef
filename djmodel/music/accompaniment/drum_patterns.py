"""Drum patterns, written out: what each sound of a kit plays in a group of two or three pulses.

A line has one character per half pulse: `x` a stroke, `X` an accent, `o` a ghost note, `.` a rest.
Several groups in one line take turns: `X.x. .xX.` is two groups, and four groups of two pulses are
two bars of 4/4. A group of one pulse plays the first pulse of a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.instruments import BRUSHES, JAZZ_KIT, STANDARD_KIT
from djmodel.music.tune import Instrument


class DrumLine(NamedTuple):
    """The strokes of one sound in groups of two and of three pulses, at a velocity; each is played
    with a probability of `chance`."""

    sound: str
    twos: str
    threes: str
    velocity: int
    chance: float = 1.0


Fill = Sequence[tuple[str, Fraction]]
"""Sounds and their onsets in pulses, within the last two pulses of a section."""


@dataclass(frozen=True)
class DrumPattern:
    """A way to keep time. One of `fills` ends each section, at `fill_velocity`; after it the next
    one begins with `landing` (no sound: none)."""

    kit: Instrument
    lines: tuple[DrumLine, ...]
    fills: tuple[Fill, ...]
    fill_velocity: int = 84
    landing: str = "crash"


def _fill(*strokes: tuple[str, str]) -> Fill:
    return tuple((sound, Fraction(onset)) for sound, onset in strokes)


_SWUNG_FILLS = (
    _fill(("snare", "0"), ("snare", "1/2"), ("high tom", "1"), ("low tom", "3/2")),
    _fill(("kick", "0"), ("snare", "1/2"), ("snare", "3/2")),
    _fill(
        *(("snare", "0"), ("snare", "1/3"), ("high tom", "2/3")),
        *(("high tom", "1"), ("mid tom", "4/3"), ("low tom", "5/3")),
    ),
)
_STRAIGHT_FILLS = (
    _fill(("snare", "0"), ("snare", "1/2"), ("high tom", "1"), ("mid tom", "3/2")),
    _fill(
        *(("snare", "0"), ("snare", "1/4"), ("snare", "1/2"), ("high tom", "3/4")),
        *(("high tom", "1"), ("mid tom", "5/4"), ("low tom", "3/2")),
    ),
)
_SOFT_FILLS = (
    _fill(("snare", "0"), ("snare", "1/2"), ("snare", "1"), ("snare", "3/2")),
    _fill(("snare", "1"), ("snare", "4/3"), ("snare", "5/3")),
)

# The ride says "ding, ding-a", the hi-hat closes on 2 and 4 under a foot, the kick is felt rather
# than heard; now and then the left hand answers on the snare.
SWING = DrumPattern(
    JAZZ_KIT,
    (
        DrumLine("ride", "x.Xx", "x.Xxx.", 84),
        DrumLine("pedal hi-hat", "..x.", "..x.x.", 78),
        DrumLine("kick", "x.x.", "x.....", 49),
        DrumLine("snare", ".o.. ...o", ".o...o", 59, chance=0.35),
        DrumLine("kick", ".... ...x", "...x..", 70, chance=0.15),
    ),
    _SWUNG_FILLS,
)

# One in the bar: the ride leads through it, the hi-hat lifts the second beat.
WALTZ = DrumPattern(
    JAZZ_KIT,
    (
        DrumLine("ride", "x.Xx", "X.xxx.", 81),
        DrumLine("pedal hi-hat", "..x.", "..x...", 78),
        DrumLine("kick", "x...", "x.....", 59),
        DrumLine("snare", "...o", "...o.o", 59, chance=0.35),
    ),
    _SWUNG_FILLS,
)

# Brushes: one hand sweeps, the other taps 2 and 4.
BALLAD = DrumPattern(
    BRUSHES,
    (
        DrumLine("swirl", "x...", "x.....", 81),
        DrumLine("snare", "..x.", "..x.x.", 64),
        DrumLine("pedal hi-hat", "..x.", "..x...", 67),
        DrumLine("kick", "x...", "x.....", 48),
    ),
    _SOFT_FILLS,
    fill_velocity=70,
    landing="",
)

# Two beats to the bar, on brushes.
TWO_BEAT = DrumPattern(
    BRUSHES,
    (
        DrumLine("kick", "x...", "x.....", 51),
        DrumLine("snare", "..xo", "..x.x.", 57),
        DrumLine("pedal hi-hat", "..x.", "..x.x.", 57),
    ),
    _SOFT_FILLS,
    fill_velocity=62,
    landing="",
)

# The rim plays the clave of bossa nova over two bars: 1, 2 and, 4; 2, 3 and.
BOSSA = DrumPattern(
    STANDARD_KIT,
    (
        DrumLine("closed hi-hat", "xoxo", "xoxoxo", 50),
        DrumLine("side stick", "x..x ..x. ..x. .x..", "x..x.. ..x.x.", 58),
        DrumLine("kick", "x..x", "x....x", 52),
        DrumLine("pedal hi-hat", "..x.", "..x...", 46),
    ),
    _STRAIGHT_FILLS,
    fill_velocity=60,
    landing="",
)

# The shell pattern (cascara) on the bell of the ride over two bars; rim and toms as congas.
LATIN = DrumPattern(
    STANDARD_KIT,
    (
        DrumLine("bell", "X.x. xx.x x.xx .x.x", "X.xx.x", 54),
        DrumLine("side stick", "..x. ....", "..x...", 56),
        DrumLine("high tom", ".... ..xx", "....xx", 54),
        DrumLine("kick", "...x ..x.", "x..x..", 54),
        DrumLine("pedal hi-hat", "..x.", "..x...", 48),
    ),
    _STRAIGHT_FILLS,
    fill_velocity=72,
)

# Straight eighths: the backbeat on the snare, kicks that lean on the third beat.
FUNK = DrumPattern(
    STANDARD_KIT,
    (
        DrumLine("closed hi-hat", "Xoxo", "Xoxoxo", 46),
        DrumLine("snare", "..X.", "..X...", 68),
        DrumLine("kick", "X..x .x..", "X..x..", 66),
        DrumLine("snare", "...o .o.o", ".....o", 34, chance=0.5),
    ),
    _STRAIGHT_FILLS,
    fill_velocity=71,
)

# Quiet time under held or broken chords.
LIGHT = DrumPattern(
    STANDARD_KIT,
    (
        DrumLine("closed hi-hat", "x.x.", "x.x.x.", 44),
        DrumLine("side stick", "..x.", "....x.", 46),
        DrumLine("kick", "x...", "x.....", 48),
    ),
    _STRAIGHT_FILLS,
    fill_velocity=54,
    landing="",
)

"""The words above the music: tempo, feel, soloist, rhythm, and the instrument of a part."""

from __future__ import annotations

import re
from collections.abc import Container
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.charts.chord_words import is_chord
from djmodel.music.chord_symbol import engraved
from djmodel.music.instruments import instrument_name
from djmodel.music.tune import Tune
from djmodel.outputs.notation.written_part import WrittenPart
from seqmodel.text import printable

MAX_TITLE_LENGTH, MAX_NAME_LENGTH = 200, 40  # characters
_LONGEST_PERFORMER = 60  # characters
LETTER_SHARE = 0.7  # width of a bold letter as a share of its size

# Note signs that any font has, by their length in quarter lengths.
_BEAT_SIGNS = {
    Fraction(1, 2): "♪", Fraction(3, 4): "♪.", Fraction(1): "♩", Fraction(3, 2): "♩.",
}  # fmt: skip
_FEELS = {"twobeat": "Two-Beat"}


class BeatMark(NamedTuple):
    """A metronome mark: `number` notes of a `value` in quarter lengths a minute."""

    value: Fraction
    number: int


def beat_mark(tune: Tune, values: Container[Fraction] | None = None) -> BeatMark | None:
    """The first tempo of a tune in its beats, or in quarters if these are none of `values`; None
    without a tempo."""
    if not (tune.tempos and tune.bars):
        return None
    beat = tune.bars[0].meter.beat
    value = beat if values is None or beat in values else Fraction(1)
    return BeatMark(value, round(tune.tempos[0].bpm / value))


def title_of(tune: Tune) -> str:
    """The title of a tune for a sheet; "" where it is the text of its chart, of which the sheet has
    the chords."""
    words = re.split(r"[\s|]+", tune.title.strip("| "))
    is_chart = "|" in tune.title or all(map(is_chord, words))
    return "" if is_chart else tune.title


def tempo_text(tune: Tune) -> str:
    """The first tempo of a tune in plain letters: `♩ = 132`; "" without one."""
    mark = beat_mark(tune, _BEAT_SIGNS)
    return f"{_BEAT_SIGNS[mark.value]} = {mark.number}" if mark else ""


def feel_name(tune: Tune) -> str:
    """The feel of a tune as a sheet says it: `Swing`, `Two-Beat`; "" where it is not known."""
    return _FEELS.get(tune.feel, printable(tune.feel, MAX_NAME_LENGTH).title())


def soloist_text(tune: Tune) -> str:
    """The line on the player of a solo, "" where nobody is known. A solo that a model improvised is
    in the manner of the player."""
    performer = printable(tune.performer, _LONGEST_PERFORMER)
    if not (performer and tune.melody_notes()):
        return ""
    return f"Solo in the manner of {performer}" if tune.generated else f"Solo by {performer}"


def rhythm_text(part: WrittenPart) -> str:
    """The line on the rhythm of a part, "" where it is that of the tune."""
    return "rhythm simplified for reading" if part.simplified else ""


def instrument_label(part: WrittenPart) -> str:
    """The reader of a part: `B♭ Tenor Sax`; the key alone where it is not that of the tune's own
    instrument, or where there is no melody."""
    instrument = part.tune.instrument
    key = "" if part.key == "C" else engraved(part.key)
    if part.is_own and part.tune.melody_notes():
        return f"{key} {instrument_name(instrument.name, instrument.program)}".strip()
    return f"{key} part" if key else ""

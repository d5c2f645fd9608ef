"""Tunes written out by hand, for tests of notation, sound and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Instrument, Note, Part, Tempo, Tune

QUAVER, SEMIQUAVER, TRIPLET = Fraction(1, 2), Fraction(1, 4), Fraction(1, 3)
REST = None
COMMON_TIME = Meter(4, 4)
TIED = True

Written = tuple[int | None, Fraction | int] | tuple[int | None, Fraction | int, bool]


def bar(
    chords: str,
    notes: Sequence[Written],
    meter: Meter = COMMON_TIME,
    length: Fraction | int | None = None,
) -> Bar:
    """Chords evenly over the bar; notes one after the other as (pitch or REST, quarters, tied)."""
    whole = meter.length if length is None else Fraction(length)
    onset, melody = Fraction(0), []
    for pitch, quarters, *tied in notes:
        if pitch is not None:
            melody.append(Note(pitch, onset, Fraction(quarters), tied=bool(tied)))
        onset += quarters
    assert onset <= whole
    names = chords.split()
    changes = tuple(
        Change(whole / len(names) * i, parse_chord_symbol(name)) for i, name in enumerate(names)
    )
    return Bar(meter, whole, tuple(melody), changes)


def blues() -> Tune:
    """Twelve bars and a pick-up in A flat, at 132: triplets, semiquavers, a note held over a bar
    line, two chords in some bars, piano and bass behind."""
    q, s, t = QUAVER, SEMIQUAVER, TRIPLET
    bars = (
        bar("Ab7", [(72, q), (73, q)], length=1),
        bar("Ab7", [(72, 1), (68, q), (70, q), (71, q), (72, q), (75, 1)]),
        bar("Db7", [(77, t), (75, t), (73, t), (71, q), (69, q), (68, 1), (REST, 1)]),
        bar(
            "Ab7", [(63, q), (66, q), (68, q), (69, q), (70, s), (71, s), (72, s), (75, s), (74, 1)]
        ),
        bar("Ebm7 Ab7", [(73, 1 + q), (72, q), (70, q), (66, q), (67, 1)]),
        bar("Db7", [(67, 1, TIED), (68, q + s), (65, s), (63, 2)]),
        bar("Ddim7", [(62, t), (65, t), (68, t), (71, 1), (74, 1), (73, 1)]),
        bar("Ab7", [(72, 2), (REST, 1), (68, q), (70, q)]),
        bar("Cm7b5 F7", [(p, q) for p in (72, 75, 78, 77, 76, 75, 72, 69)]),
        bar("Bbm7", [(70, 1 + q), (73, q), (77, 1), (80, 1)]),
        bar(
            "Eb7",
            [(79, s), (78, s), (77, s), (76, s), (75, 1), (REST, q), (73, q), (70, q), (67, q)],
        ),
        bar("Ab7 F7", [(68, 2 * t), (70, t), (72, 1), (69, 1), (75, 1)]),
        bar("Bbm7 Eb7", [(73, q), (72, q), (70, 1), (68, 2)]),
    )
    tune = Tune(
        "Blues in A flat", bars, (Tempo(Fraction(0), 132.0),), Instrument("Guitar", 26), (), -4
    )
    comping, bass = [], []
    for this, start in zip(bars[1:], tune.starts[1:], strict=False):
        ends = [change.onset for change in this.changes[1:]] + [this.length]
        for change, end in zip(this.changes, ends, strict=True):
            onset, held = start + change.onset, end - change.onset - q
            root = change.chord.root
            bass.append(Note(36 + root, onset, Fraction(1), 90))
            comping += [
                Note(48 + (root + interval) % 12, onset + q, held, 60)
                for interval in change.chord.intervals
            ]
    parts = (
        Part(Instrument("Piano", 0), tuple(comping)),
        Part(Instrument("Bass", 32), tuple(bass)),
    )
    return replace(tune, accompaniment=parts)

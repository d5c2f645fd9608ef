"""A melody over the bars of a tune: notes from its start on, divided at the bar lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from djmodel.music.tune import Bar, Note, Tune


def with_melody(tune: Tune, notes: Sequence[Note]) -> Tune:
    """The tune with another melody: `notes` in the order of onsets, which count from its start and
    do not overlap. What lasts beyond its end is cut; a note held over a bar line is tied.

    >>> from fractions import Fraction
    >>> from djmodel.music.changes import parse_changes
    >>> long = [Note(60, Fraction(3), Fraction(2))]
    >>> [len(bar.melody) for bar in with_melody(parse_changes("C | G7"), long).bars]
    [1, 1]
    """
    bars: list[Bar] = []
    waiting = 0
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        end, melody = start + bar.length, []
        while waiting < len(notes) and notes[waiting].onset < end:
            note = notes[waiting]
            onset = max(note.onset, start)
            if note.end > onset:
                duration, tied = min(note.end, end) - onset, note.onset < start
                melody.append(replace(note, onset=onset - start, duration=duration, tied=tied))
            if note.end > end:
                break
            waiting += 1
        bars.append(replace(bar, melody=tuple(melody)))
    return replace(tune, bars=tuple(bars))


def shifted(notes: Sequence[Note], tune: Tune, bar: int) -> list[Note]:
    """The notes, which count from the start of a bar of `tune`, from the start of the tune."""
    start = tune.starts[bar]
    return [replace(note, onset=note.onset + start) for note in notes]

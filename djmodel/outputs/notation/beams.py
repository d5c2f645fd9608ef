"""Beams: which short notes of a bar are joined, and by how many lines."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from djmodel.music.tune import Bar
from djmodel.outputs.notation.rhythm import WrittenNote

BEGIN, CONTINUE, END = "begin", "continue", "end"
FORWARD, BACKWARD = "forward hook", "backward hook"


def beams(bar: Bar, written: Sequence[WrittenNote]) -> list[tuple[str, ...]]:
    """The state of each beam of each written note, the longest beam first, in MusicXML's words;
    empty for a note without beams. Beams join notes within a beat, or within a group of pulses
    where a beat is a single eighth."""
    lines = [_flags(piece) for piece in written]
    states: list[list[str]] = [[] for _ in written]
    for group in _groups(bar, written, lines):
        for level in range(1, max(lines[i] for i in group) + 1):
            for place, index in enumerate(group):
                if lines[index] >= level:
                    before = place > 0 and lines[group[place - 1]] >= level
                    after = place + 1 < len(group) and lines[group[place + 1]] >= level
                    states[index].append(_state(before, after, is_first=place == 0))
    return [tuple(each) for each in states]


def _flags(piece: WrittenNote) -> int:
    """The flags of a note value: one for an eighth, two for a sixteenth; none for a rest."""
    if piece.note is None:
        return 0
    return next(n for n in range(5) if piece.value >= Fraction(1, 2**n))


def _state(before: bool, after: bool, *, is_first: bool) -> str:
    if before:
        return CONTINUE if after else END
    if after:
        return BEGIN
    return FORWARD if is_first else BACKWARD


def _groups(bar: Bar, written: Sequence[WrittenNote], lines: Sequence[int]) -> list[list[int]]:
    """Indices of the notes of each beam: at least two neighbours in a group of pulses."""
    offset = max(bar.meter.length - bar.length, Fraction(0))
    edges = _edges(bar)
    groups: list[list[int]] = [[]]
    at = 0  # index of the group of pulses
    for index, piece in enumerate(written):
        onset, before = piece.onset + offset, at
        while at + 1 < len(edges) and edges[at + 1] <= onset:
            at += 1
        if not lines[index] or at != before:
            groups.append([])
        if lines[index]:
            groups[-1].append(index)
    return [group for group in groups if len(group) > 1]


def _edges(bar: Bar) -> list[Fraction]:
    """The times in a full bar at which a new beam begins."""
    meter = bar.meter
    if meter.beat >= Fraction(3, 4):  # quarters, or the dotted beats of a compound meter
        whole = max(meter.length, bar.length)
        return [meter.beat * number for number in range(int(whole / meter.beat) + 1)]
    pulses = accumulate(meter.groups(meter.length), initial=0)
    return [meter.pulse * count for count in pulses]

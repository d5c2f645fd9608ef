"""Melody lines: one line from the notes of a part, and the division of a part into a melody and its
accompaniment."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from djmodel.inputs.quantization import GRID_DIVISIONS, STEPS_PER_QUARTER, GridNote
from djmodel.inputs.score import ScorePart

_SHORTEST_REST = STEPS_PER_QUARTER // max(GRID_DIVISIONS)
_MIN_DOUBLED = 0.8  # share of common notes from which one part doubles another
_STRAY = 0.05  # share of notes that are an exception: in a single line, those that overlap the next


def skyline(notes: Iterable[GridNote]) -> tuple[GridNote, ...]:
    """One line: the highest note where there are several. Of those that begin together only the
    highest counts; one that begins below a held note enters when that ends, if at least half of it
    is left."""
    # Waiting notes: start, pitch and end (negative, so that the higher and longer comes first),
    # velocity, whole length.
    waiting = [(s.start, -s.pitch, -s.end, s.velocity, s.end - s.start) for s in notes]
    heapq.heapify(waiting)
    line: list[GridNote] = []
    before = GridNote(0, 0, -1, 0)
    while waiting:
        start, pitch, end, velocity, length = heapq.heappop(waiting)
        pitch, end = -pitch, -end
        if before.end <= start or pitch > before.pitch:
            if before.end > start:
                line[-1] = before._replace(end=start)
            before = GridNote(start, end, pitch, velocity)
            line.append(before)
        elif pitch == before.pitch:
            before = before._replace(end=max(end, before.end))
            line[-1] = before
        elif before.start < start and (end - before.end) * 2 >= length and end > before.end:
            heapq.heappush(waiting, (before.end, -pitch, -end, velocity, length))
    return tuple(line)


def legato(line: Sequence[GridNote], *, is_exact: bool = False) -> tuple[GridNote, ...]:
    """The line without gaps too short for any rest, which come from fourths beside thirds, or from
    notes that a program ends early. `is_exact`: no note was moved to the grid; then a few of them
    are rests that somebody wrote."""
    gaps = [after.start - note.end for note, after in pairwise(line)]
    short = sum(0 < gap < _SHORTEST_REST for gap in gaps)
    if not short or (is_exact and short <= _STRAY * len(line)):
        return tuple(line)
    joined = [
        note._replace(end=note.end + gap) if 0 < gap < _SHORTEST_REST else note
        for note, gap in zip(line, gaps, strict=False)
    ]
    return (*joined, *line[-1:])


def divide(notes: Sequence[GridNote]) -> tuple[tuple[GridNote, ...], tuple[GridNote, ...]]:
    """The melody in the notes of one part, and the rest, which accompanies it. Where hardly any
    notes overlap, it is one line, else the skyline of the notes from `split_pitch` on."""
    overlaps = sum(after.start < before.end for before, after in pairwise(notes))
    if not overlaps:
        return tuple(notes), ()
    if overlaps <= _STRAY * len(notes):
        line = _highest(notes)
    else:
        split = split_pitch(notes)
        line = skyline(note for note in notes if note.pitch >= split)
    kept = {(note.start, note.pitch) for note in line}
    return line, tuple(note for note in notes if (note.start, note.pitch) not in kept)


def _highest(notes: Iterable[GridNote]) -> tuple[GridNote, ...]:
    """The highest note at each onset, up to the next one."""
    tops = [max(together, key=itemgetter(2)) for _, together in groupby(notes, key=itemgetter(0))]
    ends = [*(after.start for after in tops[1:]), tops[-1].end]
    return tuple(
        note._replace(end=min(note.end, end)) for note, end in zip(tops, ends, strict=True)
    )


def split_pitch(notes: Iterable[GridNote]) -> int:
    """The lowest pitch of the upper of two groups, chosen for the greatest variance between
    them (Otsu's method)."""
    counts = Counter(note.pitch for note in notes)
    total, whole = sum(counts.values()), sum(pitch * n for pitch, n in counts.items())
    best, split = -1.0, min(counts)
    below = low = 0
    for pitch in sorted(counts)[:-1]:
        below += counts[pitch]
        low += pitch * counts[pitch]
        between = (whole * below - low * total) ** 2 / (below * (total - below))
        if between > best:
            best, split = between, pitch + 1
    return split


def doubles(part: ScorePart, line: Sequence[GridNote]) -> bool:
    """True if most notes of a part are those of the line, at the unison or in octaves."""
    there = {(note.start, note.pitch % 12) for note in line}
    same = sum((note.start, note.pitch % 12) in there for note in part.grid_notes)
    return same >= _MIN_DOUBLED * len(part.grid_notes)

"""How a bar of notes and rests is written: values that exist, ties, triplets in whole groups.

A note that does not fit one written value, or that would hide a beat, becomes several tied ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from djmodel.music.tune import Bar, Meter, Note

# Written values in quarter lengths, the longest first: whole to sixty-fourth, plain and dotted.
_PLAIN = tuple(Fraction(numerator, 16) for numerator in (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1))
_TRIPLET = Fraction(2, 3)  # what a written value lasts in a triplet


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """One written note, or rest (`note` None). `value` is what it looks like, in quarter lengths;
    in a triplet it lasts two thirds of that. `begins`, `ends`: first and last of its triplet.
    `tied`: the next one goes on with the same note."""

    note: Note | None
    onset: Fraction
    value: Fraction
    triplet: bool = False
    begins: bool = False
    ends: bool = False
    tied: bool = False

    @property
    def duration(self) -> Fraction:
        return self.value * _TRIPLET if self.triplet else self.value


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of the bar that is written alike: a beat or two in triplets, or all between."""

    start: Fraction
    end: Fraction
    triplet: bool


def written_notes(bar: Bar, tied_on: bool = False) -> list[WrittenNote]:
    """The written notes and rests of a bar, which last as long as it does, exactly. `tied_on`: its
    last note goes on in the next bar.

    A short bar is written as the end of a whole one.
    """
    offset = max(bar.meter.length - bar.length, Fraction(0))
    events = list(_events(bar))
    spans = list(_spans(bar, offset, events))
    starts = [span.start for span in spans]
    pieces: list[WrittenNote] = []
    for index, (note, onset, end) in enumerate(events):
        first = len(pieces)
        while onset < end:
            span = spans[bisect_right(starts, onset) - 1]
            stop = min(end, span.end)
            if span.triplet:
                pieces += _in_triplet(note, onset, stop, span)
            else:
                pieces += _in_plain(note, onset, stop, bar.meter, offset)
            onset = stop
        goes_on = note is not None and tied_on and index == len(events) - 1
        for position in range(first, len(pieces)):
            last = position == len(pieces) - 1
            tied = note is not None and (not last or goes_on)
            pieces[position] = _with_tie(pieces[position], tied)
    return pieces


def _with_tie(piece: WrittenNote, tied: bool) -> WrittenNote:
    return WrittenNote(
        piece.note, piece.onset, piece.value, piece.triplet, piece.begins, piece.ends, tied
    )


def _events(bar: Bar) -> Iterator[tuple[Note | None, Fraction, Fraction]]:
    """Notes and the rests between them: (note, from, to)."""
    now = Fraction(0)
    for note in bar.melody:
        if note.onset > now:
            yield None, now, note.onset
        yield note, note.onset, min(note.end, bar.length)
        now = note.end
    if now < bar.length:
        yield None, now, bar.length


def _spans(
    bar: Bar, offset: Fraction, events: Sequence[tuple[Note | None, Fraction, Fraction]]
) -> Iterator[_Span]:
    """Beats in which something falls on a third become triplets; two beats whose points all fall on
    thirds of a half become one; what is between is plain. Where beats are not quarters a triplet
    begins at the eighth before what is not on a plain place."""
    points = sorted({point for _, start, end in events for point in (start, end)})
    in_eighths = bar.meter.beat != 1
    edges = list(_eighths(bar, offset, points) if in_eighths else _quarters(bar, offset))
    plain_from = Fraction(0)
    index = 0
    while index < len(edges) - 1:
        start, end = edges[index], edges[index + 1]
        inside = [point - start for point in points if start < point < end]
        if all((point * 16).denominator == 1 for point in inside):
            index += 1
            continue
        on_half = (start + offset) % 2 == 0 and index + 2 < len(edges)
        if on_half and edges[index + 2] - start == 2:
            both = [point - start for point in points if start < point < edges[index + 2]]
            if all((point * 3 / 2).denominator == 1 for point in both):
                end, index = edges[index + 2], index + 1
        if plain_from < start:
            yield _Span(plain_from, start, False)
        yield _Span(start, end, True)
        plain_from = end
        index += 1
    if plain_from < bar.length:
        yield _Span(plain_from, bar.length, False)


def _quarters(bar: Bar, offset: Fraction) -> Iterator[Fraction]:
    """The start of the bar, each quarter in it, and its end."""
    yield Fraction(0)
    beat = -offset % 1 or Fraction(1)
    while beat < bar.length:
        yield beat
        beat += 1
    yield bar.length


def _eighths(bar: Bar, offset: Fraction, points: Sequence[Fraction]) -> Iterator[Fraction]:
    """The same by eighths; from one in which a point is on no plain place, a quarter."""
    half = Fraction(1, 2)
    yield Fraction(0)
    now = -offset % half or Fraction(0)
    while now < bar.length:
        if now > 0:
            yield now
        inside = (point for point in points if now < point < now + half)
        now += half if all((point * 16).denominator == 1 for point in inside) else 1
    yield bar.length


def _in_triplet(
    note: Note | None, onset: Fraction, end: Fraction, span: _Span
) -> list[WrittenNote]:
    """Within a triplet group; a note that fills the group is not a triplet after all."""
    if onset == span.start and end == span.end and end - onset in _PLAIN:
        return [WrittenNote(note, onset, end - onset)]
    pieces = []
    while onset < end:
        left = end - onset
        value = next((v for v in _PLAIN if v * _TRIPLET <= left), None)
        if value is None:
            raise ValueError(f"no written value lasts {left} quarters or less")
        piece = WrittenNote(
            note,
            onset,
            value,
            triplet=True,
            begins=onset == span.start,
            ends=onset + value * _TRIPLET == span.end,
        )
        pieces.append(piece)
        onset += piece.duration
    return pieces


def _in_plain(
    note: Note | None, onset: Fraction, end: Fraction, meter: Meter, offset: Fraction
) -> list[WrittenNote]:
    """In duple values, cut where a beat would be hidden."""
    pieces = []
    cuts = [onset, *_cuts(onset + offset, end + offset, meter, note is None, -offset), end]
    for start, stop in pairwise(cuts):
        while start < stop:
            value = next((v for v in _PLAIN if v <= stop - start), None)
            if value is None:
                raise ValueError(f"no written value lasts {stop - start} quarters or less")
            pieces.append(WrittenNote(note, start, value))
            start += value
    return pieces


def _cuts(
    start: Fraction, end: Fraction, meter: Meter, rest: bool, shift: Fraction
) -> list[Fraction]:
    """Where a note from `start` to `end`, counted from the start of a whole bar, must be cut."""
    if _readable(start, end - start, meter, rest):
        return []
    beat = meter.beat
    half = meter.length / 2
    if meter.numerator % 2 == 0 and half % beat == 0 and start < half < end:
        cut = half
    else:
        cut = (start // beat + 1) * beat
        if start % beat == 0 and end - start > beat:  # keep as many whole beats together as can be
            cut = max(
                (
                    start + beat * count
                    for count in range(1, int((end - start) / beat) + 1)
                    if _readable(start, beat * count, meter, rest)
                ),
                default=cut,
            )
        if not start < cut < end:
            return []
    return [
        *_cuts(start, cut, meter, rest, shift),
        cut + shift,
        *_cuts(cut, end, meter, rest, shift),
    ]


def _readable(start: Fraction, duration: Fraction, meter: Meter, rest: bool) -> bool:
    """Whether one written value from `start` on shows where the beats are."""
    if duration not in _PLAIN:
        return False
    beat, half, end = meter.beat, meter.length / 2, start + duration
    place = start % beat
    within = place + duration <= beat
    in_halves = meter.numerator % 2 == 0 and half % beat == 0
    crosses_half = in_halves and start < half < end
    if start == 0 and end == meter.length:
        return True
    if meter.is_compound:  # dotted beats, whole ones together only from the first
        return within or (place == 0 and duration % beat == 0 and not crosses_half)
    if within:
        return True
    if rest:  # rests show every beat, but for those of two beats on the halves
        return place == 0 and duration == 2 * beat and start % duration == 0 and not crosses_half
    if crosses_half and not (start == 0 or (place == 0 and duration == 2 * beat)):
        return False
    if place == 0:
        return True
    return place == beat / 2 and duration in ((beat, beat * 3 / 2) if in_halves else (beat,))

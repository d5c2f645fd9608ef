"""Written rhythm of a bar: note values, ties, triplets in complete groups, and beams.

A note whose duration is not one note value, or that would hide a beat, becomes several tied notes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise

from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Note

# Note values in quarter lengths, the longest first: whole to sixty-fourth, plain and dotted.
_VALUES = tuple(Fraction(numerator, 16) for numerator in (64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1))
_TRIPLET = Fraction(2, 3)  # of its value, the duration of a note in a triplet

# The states of a beam, in MusicXML's words.
BEGIN, CONTINUE, END = "begin", "continue", "end"
FORWARD, BACKWARD = "forward hook", "backward hook"

Event = tuple[Note | None, Fraction, Fraction]
"""A note, or None for a rest; its onset and its end."""


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A written note, or a rest (`note` None). `value` is its note value in quarter lengths, of
    which a note in a triplet lasts two thirds. `begins` and `ends` mark the first and the last note
    of a triplet, `tied` a tie to the next written note."""

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
    """A stretch of a bar: one or two beats of a triplet, or plain note values between triplets."""

    start: Fraction
    end: Fraction
    triplet: bool


def written_notes(bar: Bar, tied_on: bool = False) -> list[WrittenNote]:
    """The written notes and rests of a bar; their durations add up to its length exactly. `tied_on`
    ties the last note to the next bar. A short bar is written as the end of a full one.

    Raises ValueError for a duration that is not a sum of note values.
    """
    offset = max(bar.meter.length - bar.length, Fraction(0))
    events = list(_events(bar))
    spans = list(_spans(bar, offset, events))
    starts = [span.start for span in spans]
    written: list[WrittenNote] = []
    for note, onset, end in events:
        pieces: list[WrittenNote] = []
        while onset < end:
            span = spans[bisect_right(starts, onset) - 1]
            stop = min(end, span.end)
            if span.triplet:
                pieces += _in_triplet(note, onset, stop, span)
            else:
                pieces += _in_plain_values(note, onset, stop, bar.meter, offset)
            onset = stop
        if note is not None:
            tied_after = tied_on and end == bar.length
            last = replace(pieces[-1], tied=tied_after)
            pieces = [*(replace(piece, tied=True) for piece in pieces[:-1]), last]
        written += pieces
    return written


def _events(bar: Bar) -> Iterator[Event]:
    """Notes and the rests between them."""
    now = Fraction(0)
    for note in bar.melody:
        if note.onset > now:
            yield None, now, note.onset
        yield note, note.onset, min(note.end, bar.length)
        now = note.end
    if now < bar.length:
        yield None, now, bar.length


def _spans(bar: Bar, offset: Fraction, events: Sequence[Event]) -> Iterator[_Span]:
    """The spans of a bar. A beat in which an onset or end falls on a third is a triplet, and so are
    two beats in which all of them fall on thirds of a half note; the rest is plain. Where beats are
    not quarters, a triplet begins at the eighth before the first point off the grid. A quarter
    whose halves can be written by themselves has triplets of sixteenths in one or both."""
    points = sorted({point for _, start, end in events for point in (start, end)})
    edges = list(_edges(bar, offset, points))
    plain_from = Fraction(0)
    index = 0
    while index < len(edges) - 1:
        start, end = edges[index], edges[index + 1]
        inside = [point - start for point in points if start < point < end]
        if all(map(_is_duple, inside)):
            index += 1
            continue
        on_half = (start + offset) % 2 == 0 and index + 2 < len(edges)
        if on_half and edges[index + 2] - start == 2:
            both = [point - start for point in points if start < point < edges[index + 2]]
            if all((point * 3 / 2).denominator == 1 for point in both):
                end, index = edges[index + 2], index + 1
        for begin, stop in _triplets(start, end, inside):
            if plain_from < begin:
                yield _Span(plain_from, begin, False)
            yield _Span(begin, stop, True)
            plain_from = stop
        index += 1
    if plain_from < bar.length:
        yield _Span(plain_from, bar.length, False)


def _triplets(
    start: Fraction, end: Fraction, inside: Sequence[Fraction]
) -> Iterator[tuple[Fraction, Fraction]]:
    """The triplets of a stretch with points `inside`, counted from its start: one, or those in the
    halves of a quarter if a note begins or ends in its middle."""
    half = Fraction(1, 2)
    if end - start != 1 or half not in inside:
        yield start, end
        return
    for place in (Fraction(0), half):
        if not all(_is_duple(point) for point in inside if place < point < place + half):
            yield start + place, start + place + half


def _is_duple(time: Fraction) -> bool:
    """True on the grid of sixty-fourth notes."""
    return (16 * time).denominator == 1


def _edges(bar: Bar, offset: Fraction, points: Sequence[Fraction]) -> Iterator[Fraction]:
    """The start of the bar, the beats at which a triplet may begin, and its end: quarters or, where
    these are not the beats, eighths; from an eighth with a point off the grid, a quarter."""
    step = Fraction(1) if bar.meter.beat == 1 else Fraction(1, 2)
    yield Fraction(0)
    now = -offset % step
    while now < bar.length:
        if now > 0:
            yield now
        inside = (point for point in points if now < point < now + step)
        now += step if all(map(_is_duple, inside)) else 1
    yield bar.length


def _in_triplet(
    note: Note | None, onset: Fraction, end: Fraction, span: _Span
) -> list[WrittenNote]:
    """A note or rest within a triplet. One that fills it becomes a plain note value."""
    if onset == span.start and end == span.end and end - onset in _VALUES:
        return [WrittenNote(note, onset, end - onset)]
    pieces = []
    while onset < end:
        value = _longest_value(end - onset, _TRIPLET)
        ends = onset + value * _TRIPLET == span.end
        piece = WrittenNote(note, onset, value, True, begins=onset == span.start, ends=ends)
        pieces.append(piece)
        onset += piece.duration
    return pieces


def _in_plain_values(
    note: Note | None, onset: Fraction, end: Fraction, meter: Meter, offset: Fraction
) -> list[WrittenNote]:
    """A note or rest in plain note values, cut where a beat would be hidden."""
    pieces = []
    cuts = [onset, *_cuts(onset + offset, end + offset, meter, note is None, -offset), end]
    for start, stop in pairwise(cuts):
        while start < stop:
            value = _longest_value(stop - start)
            pieces.append(WrittenNote(note, start, value))
            start += value
    return pieces


def _longest_value(duration: Fraction, scale: Fraction = Fraction(1)) -> Fraction:
    """The longest note value that, times `scale`, fits into a duration. Raises ValueError."""
    for value in _VALUES:
        if value * scale <= duration:
            return value
    raise ValueError(f"no note value is as short as {duration} of a quarter note")


def _cuts(
    start: Fraction, end: Fraction, meter: Meter, rest: bool, shift: Fraction
) -> list[Fraction]:
    """The times at which a note must be cut, shifted by `shift`; `start` and `end` count from the
    start of a full bar."""
    if _readable(start, end - start, meter, rest):
        return []
    beat, middle = meter.beat, _middle(meter)
    if middle is not None and start < middle < end:
        cut = middle
    else:
        cut = (start // beat + 1) * beat
        if start % beat == 0 and end - start > beat:  # keep whole beats together
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
    first, last = _cuts(start, cut, meter, rest, shift), _cuts(cut, end, meter, rest, shift)
    return [*first, cut + shift, *last]


def _middle(meter: Meter) -> Fraction | None:
    """The beat that a player looks for: the middle of a bar, or the fourth of five or seven
    quarters; None in other meters."""
    if meter.numerator % 2 == 0:
        half = meter.length / 2
        return half if half % meter.beat == 0 else None
    return Fraction(3) if meter.beat == 1 and meter.numerator in {5, 7} else None


def _readable(start: Fraction, duration: Fraction, meter: Meter, rest: bool) -> bool:
    """True if one note value at `start` shows the beats."""
    if duration not in _VALUES:
        return False
    beat, middle, end = meter.beat, _middle(meter), start + duration
    place = start % beat
    within = place + duration <= beat
    in_halves = middle is not None and meter.numerator % 2 == 0
    crosses_half = middle is not None and start < middle < end
    if start == 0 and end == meter.length:
        return True
    if meter.is_compound:  # dotted beats, whole ones together only from the first
        return within or (place == 0 and duration % beat == 0 and not crosses_half)
    if within:
        return True
    if rest:  # rests show every beat, but for those of two beats on the halves
        since = start - (middle if middle is not None and start >= middle else 0)
        return place == 0 and duration == 2 * beat and since % duration == 0 and not crosses_half
    if crosses_half and not (start == 0 or (place == 0 and duration == 2 * beat)):
        return False
    if place == 0:
        return True
    return place == beat / 2 and duration in ((beat, beat * 3 / 2) if in_halves else (beat,))


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
    edges = _beam_starts(bar)
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


def _beam_starts(bar: Bar) -> list[Fraction]:
    """The times in a full bar at which a new beam begins."""
    meter = bar.meter
    if meter.beat >= Fraction(3, 4):  # quarters, or the dotted beats of a compound meter
        whole = max(meter.length, bar.length)
        return [meter.beat * number for number in range(int(whole / meter.beat) + 1)]
    pulses = accumulate(meter.groups(meter.length), initial=0)
    return [meter.pulse * count for count in pulses]

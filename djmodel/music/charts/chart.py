"""A written chart: bars with marks, and the tune that players make of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.charts.play_order import MAX_BARS, Marks, PlayOrderError, play_order
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import bass_place, root_place
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Section, Tempo, Tune
from seqmodel.errors import InputError

DEFAULT_TEMPO = 120.0  # quarter notes per minute


class LastChorus(NamedTuple):
    """The difference of the last chorus from those before it: it ends behind the bar `leave` (None:
    with the form), and the bars from `coda` on (None: no bars), which do not belong to the form,
    follow. Both are indices of written bars."""

    leave: int | None = None
    coda: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars as written, each with its marks. `key` counts sharps (positive) or flats (negative);
    None, "" where the chart does not say, as with `minor`, the `composer`, the `style` in the
    chart's own words and the number of `choruses` that it asks for. `alternates` are chords that
    may be played instead, for each bar (empty: for none)."""

    bars: tuple[Bar, ...]
    marks: tuple[Marks, ...]
    title: str = ""
    key: int | None = None
    tempo: float | None = None
    feel: str = ""
    minor: bool | None = None
    composer: str = ""
    style: str = ""
    choruses: int | None = None
    last_chorus: LastChorus = LastChorus()
    alternates: tuple[tuple[Change, ...], ...] = ()

    def order(self, choruses: int = 1, *, last: bool = True) -> tuple[tuple[int, ...], ...]:
        """The indices of the bars of each chorus, in the order in which they are played. An
        introduction is played once. With `last`, the last chorus ends the performance. Raises
        PlayOrderError for marks that no player could follow, InputError for more than MAX_BARS
        bars."""
        leave, coda = self.last_chorus
        form = play_order(self.marks[:coda])
        end = form
        if leave is not None:
            if leave not in form:
                raise PlayOrderError("the last chorus ends in a bar that is not played", leave)
            end = form[: len(form) - form[::-1].index(leave)]
        if coda is not None:
            try:
                end += tuple(coda + bar for bar in play_order(self.marks[coda:]))
            except PlayOrderError as error:
                raise PlayOrderError(error.problem, error.bar + coda, error.hint) from error
        _check_length(len(form) * (choruses - 1) + len(end), choruses)
        first, *others = (form,) * (choruses - last) + (end,) * last
        return (first, *(bars[self._intro(bars) :] for bars in others))

    def _intro(self, order: Sequence[int]) -> int:
        """The number of bars, as played, of the introduction that a chorus begins with."""
        marks = self.marks[: self.last_chorus.coda]
        named = [bar for bar, mark in enumerate(marks) if mark.section and not mark.coda]
        if named[:1] != [0] or len(named) == 1:
            return 0
        if not re.fullmatch(r"intro(?:duction)?", marks[0].section, re.IGNORECASE):
            return 0
        return next((n for n, bar in enumerate(order) if bar >= named[1]), 0)

    def played(self, choruses: int = 1, *, last: bool = True) -> Tune:
        """The bars in the order in which they are played, as a tune with its sections and choruses.
        Raises as `order`."""
        return self._tune(self.order(choruses, last=last))

    def as_written(self, choruses: int = 1) -> Tune:
        """The bars as written, each once in a chorus, as a tune. Raises InputError for more than
        MAX_BARS bars."""
        _check_length(len(self.bars) * choruses, choruses)
        return self._tune((tuple(range(len(self.bars))),) * choruses)

    def transposed(self, semitones: int, key: int | None = None) -> Chart:
        """The chart `semitones` higher, in `key`; without it in that of two equal keys which has
        fewer accidentals. Chord symbols move along with the key; the roots of a ii V are spelled
        alike, as in F#m7 B7."""
        moved = self.as_written().transposed(semitones, key)
        fifths = None if moved.key is None or self.key is None else moved.key - self.key
        alternates = tuple(
            tuple(replace(c, chord=c.chord.transposed(semitones, fifths)) for c in changes)
            for changes in self.alternates
        )
        bars = tuple(_with_paired_roots(moved.bars, moved.key))
        return replace(self, bars=bars, key=moved.key, alternates=alternates)

    def with_alternates(self) -> Chart:
        """The chart with its alternate chords in place of the others."""
        bars = []
        for bar, changes in zip(self.bars, self.alternates or ((),) * len(self.bars), strict=True):
            at = {change.onset: change for change in (*bar.changes, *changes)}
            bars.append(replace(bar, changes=tuple(at[onset] for onset in sorted(at))))
        return replace(self, bars=tuple(bars), alternates=())

    def _tune(self, choruses: tuple[tuple[int, ...], ...]) -> Tune:
        order = [bar for chorus in choruses for bar in chorus]
        starts = [sum(map(len, choruses[:number])) for number in range(len(choruses))]
        sections = [
            Section(at, self.marks[bar].section)
            for at, bar in enumerate(order)
            if self.marks[bar].section
        ]
        return Tune(
            title=self.title,
            bars=tuple(self.bars[bar] for bar in order),
            tempos=(Tempo(Fraction(0), self.tempo or DEFAULT_TEMPO),),
            key=self.key,
            feel=self.feel,
            sections=tuple(sections),
            choruses=tuple(starts),
            composer=self.composer,
        )


def _check_length(bars: int, choruses: int) -> None:
    if bars > MAX_BARS:
        problem = f"{choruses:,} choruses have {bars:,} bars, more than {MAX_BARS:,}"
        raise InputError(problem, hint="choose fewer choruses")


def chart_of(tune: Tune) -> Chart:
    """The changes of a tune as a chart, without its melody and a pick-up. Of several equal choruses
    there is one."""
    pickup = int(tune.has_pickup)
    bars = tuple(_whole(replace(bar, melody=())) for bar in tune.bars[pickup:])
    sections = {section.bar - pickup: section.name for section in tune.sections}
    marks = tuple(Marks(section=sections.get(number, "")) for number in range(len(bars)))
    starts = [max(bar - pickup, 0) for bar in tune.choruses] or [0]
    length = starts[1] if len(starts) > 1 else len(bars)
    equal = [*range(0, len(bars), length)] == starts and len(bars) == length * len(starts)
    if not (equal and all(bars[at : at + length] == bars[:length] for at in starts)):
        starts, length = [0], len(bars)
    return Chart(
        bars=bars[:length],
        marks=marks[:length],
        title=tune.title,
        key=tune.key,
        tempo=tune.tempos[0].bpm,
        feel=tune.feel,
        composer=tune.composer,
        choruses=len(starts) if len(starts) > 1 else None,
    )


def _with_paired_roots(bars: Sequence[Bar], key: int | None) -> Iterator[Bar]:
    """The bars, in which each ii is spelled a fifth above its V."""
    after = [change.chord for bar in bars for change in bar.changes][1:]
    following = iter([*after, None])
    for bar in bars:
        changes = (
            replace(change, chord=_paired(change.chord, next(following), key))
            for change in bar.changes
        )
        yield replace(bar, changes=tuple(changes))


def _paired(chord: Chord, after: Chord | None, key: int | None) -> Chord:
    """A chord with its root a fifth above that of the next chord, if they are a ii and a V."""
    if after is None or chord.written is None or (chord.root - after.root) % 12 != 7:
        return chord
    is_ii_v = 3 in chord.intervals and 4 not in chord.intervals and {4, 10} <= {*after.intervals}
    place = root_place(after, key) + 1
    if not is_ii_v or root_place(chord, key) == place:
        return chord
    bass = None if chord.written.bass is None else bass_place(chord, key)
    return replace(chord, written=chord.written._replace(root=place, bass=bass))


def _whole(bar: Bar) -> Bar:
    """A bar that is cut, as a bar of a shorter meter."""
    pulses = bar.length * bar.meter.denominator / 4
    whole = pulses.denominator == 1 and 0 < pulses < 16
    meter = Meter(int(pulses), bar.meter.denominator) if whole else bar.meter
    return bar if bar.length == bar.meter.length else replace(bar, meter=meter, length=meter.length)

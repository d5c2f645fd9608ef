"""Rhythm of an accompaniment: groups of pulses, and the strokes that a style plays in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from djmodel.music.accompaniment.styles import Hit
from djmodel.music.tune import ChordSpan, Tune

_KEEP_PROBABILITY = 0.75  # that a group sounds as it did two bars before
_RESTRAINT = 1.2  # under a busy soloist each stroke makes a rhythm exp(1.2) times less probable
_ACCENT, _VARIATION = 6, 4  # of velocities

Stroke = tuple[Fraction, Fraction]
"""Onset and end, in quarter lengths from the start of the tune."""


class Group(NamedTuple):
    """`size` pulses that belong together, from `onset` (quarter lengths from the start of the
    tune); `number` counts the groups of a bar from 0."""

    onset: Fraction
    length: Fraction
    pulse: Fraction
    size: int
    number: int


def groups_of(tune: Tune) -> Iterator[Group]:
    """The groups of pulses of all bars. The rest of a division by pulses lengthens the last group
    of a bar; a bar shorter than a pulse is one group."""
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        pulse = min(bar.meter.pulse, bar.length)
        sizes = bar.meter.groups(bar.length) if pulse < bar.length else (1,)
        at = start
        for number, size in enumerate(sizes):
            last = number == len(sizes) - 1
            length = start + bar.length - at if last else size * pulse
            yield Group(at, length, pulse, size, number)
            at += length


def busy_groups(tune: Tune, groups: Iterable[Group]) -> set[Fraction]:
    """The onsets of the groups in which the soloist plays more than a note per pulse."""
    onsets = [note.onset for note in tune.melody_notes()]
    return {
        group.onset
        for group in groups
        if bisect_left(onsets, group.onset + group.length) - bisect_left(onsets, group.onset)
        > group.length / group.pulse
    }


def velocity(base: int, accent: bool, rng: Generator) -> int:
    """A velocity near `base`, higher on an accent."""
    return base + _ACCENT * accent + int(rng.integers(-_VARIATION, _VARIATION + 1))


def draw_strokes(
    groups: Iterable[Group],
    rhythms: Mapping[int, Sequence[Sequence[Hit]]],
    first: Fraction | None,
    rng: Generator,
    busy: Collection[Fraction] = (),
) -> Iterator[Stroke]:
    """Strokes of a drawn rhythm for each group: few where its onset is in `busy`, for there the
    soloist plays. Most groups repeat that of two bars before; the group at `first`, where the music
    begins, starts with its chord if the style has such a rhythm."""
    last: dict[tuple[int, int, int, bool], Sequence[Hit]] = {}
    bar = 0
    for group in groups:
        bar += group.number == 0
        place = (bar % 2, group.number, group.size, group.onset in busy)
        if group.onset == first or place not in last or rng.random() > _KEEP_PROBABILITY:
            choices = rhythms[group.size]
            if group.onset == first:
                choices = [hits for hits in choices if hits and hits[0].onset == 0] or choices
            restraint = _RESTRAINT if group.onset in busy else 0.0
            weights = np.exp([-restraint * len(hits) for hits in choices])
            last[place] = choices[int(rng.choice(len(choices), p=weights / weights.sum()))]
        yield from _one_at_a_time([stroke_of(hit, group) for hit in last[place]])


def _one_at_a_time(strokes: Sequence[Stroke]) -> Iterator[Stroke]:
    """Strokes that end where the next one begins at the latest. The grid may put two on one onset:
    then the second one sounds."""
    for (onset, end), after in zip_longest(strokes, strokes[1:]):
        end = min(end, after[0]) if after else end
        if onset < end:
            yield onset, end


def stroke_of(hit: Hit, group: Group) -> Stroke:
    """The stroke of a hit. One that lasts to the end of the last pulse lasts to the end of the
    group."""
    end = hit.onset + hit.length
    length = group.length if end == group.size else _on_grid(end, group.pulse)
    return group.onset + _on_grid(hit.onset, group.pulse), group.onset + length


def _on_grid(pulses: Fraction, pulse: Fraction) -> Fraction:
    """Pulses in quarter lengths; rounded down to whole pulses if that is not on the grid of
    quarters in four and in three (swing with eighths as pulses)."""
    time = pulses * pulse
    return time if 1 in {(time * 4).denominator, (time * 3).denominator} else pulses // 1 * pulse


def share_out(spans: Sequence[ChordSpan], strokes: Iterable[Stroke]) -> Iterator[list[Stroke]]:
    """The strokes that begin in each span, cut at its end."""
    waiting = sorted(strokes)
    at = 0
    for span in spans:
        while at < len(waiting) and waiting[at][0] < span.onset:
            at += 1
        played = []
        while at < len(waiting) and waiting[at][0] < span.end:
            onset, end = waiting[at]
            played.append((onset, min(end, span.end)))
            at += 1
        yield played

"""Pickup detection: the first bar line of music whose file does not declare a pickup."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from djmodel.inputs.chords.observations import beat_grid, gather_evidence, observe
from djmodel.inputs.chords.templates import chord_scores
from djmodel.music.score import Measure
from djmodel.music.tune import Note

_STEP = Fraction(1, 2)  # quarter lengths between the pickups that are tried
BARS_TRIED = 20  # from the start
_WELL_EXPLAINED = -0.2  # score per beat from which bar lines are taken as they are
_STRUCK = 0.3  # worth of a bar line with a note on it
_BETTER_BY = 0.5  # bar lines are moved if at most this share of what is unexplained remains


def find_pick_up(notes: Sequence[Note], measures: Sequence[Measure]) -> Fraction:
    """The length of a pickup, in quarter lengths, that the file does not declare: 0 where its own
    bar lines fit.

    Many files begin a pickup at the start of a full bar, and every later bar line is off by it.
    Harmony changes at bar lines, so that with the true ones a chord per bar leaves far less
    unexplained. Only music in one meter that begins at onset 0 is considered. `notes`: of the
    accompaniment.
    """
    tried = list(measures[:BARS_TRIED])
    if not notes or not tried or any(measure[1:] != tried[0][1:] for measure in measures):
        return Fraction(0)
    end = tried[-1].onset + tried[-1].length
    early = [note for note in notes if note.onset < end]
    struck = {note.onset for note in early}
    if Fraction(0) not in struck or tried[0].onset != 0:
        return Fraction(0)

    def explained(pick_up: Fraction) -> float:
        bars = with_pick_up(tried, pick_up)
        grid = beat_grid(bars)
        evidence = gather_evidence(observe(early, grid, early_belongs_to_next=False))
        fit = float(chord_scores(evidence, list(pairwise(grid.first))).max(axis=1).sum())
        return fit + _STRUCK * sum(bar.onset in struck for bar in bars)

    as_it_stands = explained(Fraction(0))
    if as_it_stands >= _WELL_EXPLAINED * len(beat_grid(tried).cost):
        return Fraction(0)
    steps = range(1, int(tried[0].length / _STEP))
    totals = {number * _STEP: explained(number * _STEP) for number in steps}
    best = max(totals, key=lambda pick_up: totals[pick_up], default=Fraction(0))
    return best if best and totals[best] > _BETTER_BY * as_it_stands else Fraction(0)


def with_pick_up(measures: Sequence[Measure], pick_up: Fraction) -> tuple[Measure, ...]:
    """The bars of a piece in one meter, with the first bar line after `pick_up` quarter lengths."""
    if not pick_up:
        return tuple(measures)
    full = measures[0].length
    first = measures[0]._replace(length=pick_up)
    later = [m._replace(onset=m.onset + pick_up) for m in measures]
    end = measures[-1].onset + full
    last = later[-1]._replace(length=end - later[-1].onset)
    return (first, *later[:-1], last)

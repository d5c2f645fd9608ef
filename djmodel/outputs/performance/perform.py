"""Tune -> performance: the notes as they sound, in seconds, with their velocities.

The one implementation behind sound, pages and the MIDI files of solos. The melody gets its
loudness and articulation from the measured models of `expression`, unless it has velocities of its
own; every part swings by the time map of `feel`; `humanize` adds random deviations.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from djmodel.music.tune import Instrument, Note, Part, Tune
from djmodel.outputs.performance.config import PerformanceConfig
from djmodel.outputs.performance.constants import LOUDNESS_SPREAD, SHARE_SPREAD, TIMING_SPREAD
from djmodel.outputs.performance.count_in import with_count_in
from djmodel.outputs.performance.expression import (
    Line,
    loudness,
    scaled_velocity,
    sounding_share,
)
from djmodel.outputs.performance.feel import Clock, TimeMap

MELODY_VELOCITY = 100  # the mean of a melody without velocities of its own
_PHRASE_REST = Fraction(1, 2)  # quarter lengths; a rest as long begins a new phrase
_BAND_STEADINESS = 0.3  # spread of a band's timing and loudness, as a share of a soloist's
_BAND_SHARE = 0.95  # of the written duration that an accompanying note sounds
_ACCENTS = (1.5, 0.5, -1.0)  # decibels on downbeats, other beats and between beats
_SHORTEST = 0.02  # seconds


class PerformedNote(NamedTuple):
    """A note from `onset` to `end`, in seconds from the start of the performance."""

    onset: float
    end: float
    pitch: int
    velocity: int


class PerformedPart(NamedTuple):
    """The notes of one instrument in the order of onsets; `drums` as of a `Part`."""

    instrument: Instrument
    notes: tuple[PerformedNote, ...]
    drums: bool = False


@dataclass(frozen=True)
class Performance:
    """A tune as it is played: `score` as written, `played` with its count-in before it, and the
    parts of `played`, the melody first."""

    score: Tune
    played: Tune
    parts: tuple[PerformedPart, ...]

    @property
    def written(self) -> tuple[tuple[Note, ...], ...]:
        """The notes of `played`, part by part, in the order of those of `parts`: each as it is
        written. Onsets count from the start of `played`."""
        accompaniment = (_in_order(part.notes) for part in self.played.accompaniment)
        return (self.played.melody_notes(), *map(tuple, accompaniment))

    @property
    def count_in_seconds(self) -> float:
        """The time from the start of the performance to that of the score."""
        return Clock(self.played.tempos).seconds(self.played.length - self.score.length)


def perform(
    tune: Tune,
    config: PerformanceConfig = PerformanceConfig(),
    rng: np.random.Generator | int = 0,
) -> Performance:
    """The performance of a tune. `rng`, a generator or a seed, draws the deviations of `humanize`;
    without them a performance is that of the rules alone.

    >>> from djmodel.music.changes import parse_changes
    >>> from djmodel.music.accompaniment import accompany
    >>> band = perform(accompany(parse_changes("C6 | G7"), "swing"))
    >>> [part.instrument.name for part in band.parts]
    ['Piano', 'Piano', 'Bass', 'Drums']
    """
    rng = np.random.default_rng(rng)
    played = with_count_in(tune, config.count_in)
    melody = played.melody_notes()
    parts = [_melody(played, melody, config, rng)]
    parts += [_accompaniment(played, part, config, rng) for part in played.accompaniment]
    return Performance(tune, played, tuple(parts))


def as_performance(music: Tune | Performance) -> Performance:
    """A performance as it is; that of a tune by default settings."""
    return music if isinstance(music, Performance) else perform(music)


def _melody(
    tune: Tune, notes: Sequence[Note], config: PerformanceConfig, rng: Generator
) -> PerformedPart:
    if not notes:
        return PerformedPart(tune.instrument, ())
    line = line_of(tune, notes)
    clock = Clock(tune.tempos)
    bpm = np.array([clock.bpm(note.onset) for note in notes])
    share = sounding_share(line, bpm)
    share += config.humanize * SHARE_SPREAD / 2 * rng.standard_normal(len(notes))
    if len({note.velocity for note in notes}) > 1:
        velocities, decibels = [note.velocity for note in notes], np.zeros(len(notes))
    else:
        velocities, decibels = [MELODY_VELOCITY] * len(notes), loudness(line)
        decibels += config.humanize * LOUDNESS_SPREAD * rng.standard_normal(len(notes))
    times = _times(tune, notes, config, config.humanize * TIMING_SPREAD, rng)
    performed = [
        PerformedNote(
            onset,
            onset + max((end - onset) * min(max(float(part), 0.2), 1.0), _SHORTEST),
            note.pitch,
            scaled_velocity(velocity, float(louder)),
        )
        for note, (onset, end), part, velocity, louder in zip(
            notes, times, share, velocities, decibels, strict=True
        )
    ]
    cut = [
        note._replace(end=min(note.end, following.onset)) for note, following in pairwise(performed)
    ]
    return PerformedPart(tune.instrument, (*cut, performed[-1]))


def line_of(tune: Tune, notes: Sequence[Note]) -> Line:
    """The melody of a tune as arrays; onsets of `notes` count from the start of the tune. A phrase
    begins where the tune says so or, if it says nothing, after a rest of half a quarter."""
    starts = tune.starts
    bars = [min(bisect_right(starts, note.onset), len(tune.bars)) - 1 for note in notes]
    position = [note.onset - starts[bar] for note, bar in zip(notes, bars, strict=True)]
    strong = [_is_strong(tune, bar, at) for bar, at in zip(bars, position, strict=True)]
    if tune.phrases:
        begins = set(tune.phrases)
        first = [note.onset in begins for note in notes]
    else:
        first = [after.onset - before.end >= _PHRASE_REST for before, after in pairwise(notes)]
        first.insert(0, True)
    first[0] = True
    return Line(
        pitch=np.array([note.pitch for note in notes]),
        position=np.array(position, float),
        length=np.array([note.duration for note in notes], float),
        strong=np.array(strong),
        first=np.array(first),
        last=np.array([*first[1:], True]),
    )


def _is_strong(tune: Tune, bar: int, position: Fraction) -> bool:
    """True where a group of beats begins, other than the first of the bar."""
    meter, length = tune.bars[bar].meter, tune.bars[bar].length
    pulses = position / meter.pulse
    begun = 0
    for size in meter.groups(length):
        begun += size
        if pulses == begun:
            return True
    return False


def _accompaniment(
    tune: Tune, part: Part, config: PerformanceConfig, rng: Generator
) -> PerformedPart:
    """Notes with one onset, such as those of a chord, deviate together."""
    notes = _in_order(part.notes)
    spread = config.humanize * _BAND_STEADINESS
    onsets = sorted({note.onset for note in notes}, key=float)
    number = {onset: index for index, onset in enumerate(onsets)}
    louder = spread * LOUDNESS_SPREAD * rng.standard_normal(len(onsets))
    if len({note.velocity for note in notes}) == 1 < len(notes):
        starts = tune.starts
        louder += [_accent(onset, starts) for onset in onsets]
    times = _times(tune, notes, config, spread * TIMING_SPREAD, rng)
    share = 1.0 if part.drums else _BAND_SHARE
    performed = [
        PerformedNote(
            onset,
            onset + max((end - onset) * share, _SHORTEST),
            note.pitch,
            scaled_velocity(note.velocity, float(louder[number[note.onset]])),
        )
        for note, (onset, end) in zip(notes, times, strict=True)
    ]
    return PerformedPart(part.instrument, tuple(performed), part.drums)


def _in_order(notes: Sequence[Note]) -> list[Note]:
    """The notes of an accompanying part in the order in which they are performed."""
    return sorted(notes, key=lambda note: (float(note.onset), note.pitch))  # faster than fractions


def _accent(onset: Fraction, starts: Sequence[Fraction]) -> float:
    """Decibels of a note in a part that has no velocities of its own."""
    inside = onset - starts[max(bisect_right(starts, onset) - 1, 0)]
    return _ACCENTS[0] if inside == 0 else _ACCENTS[1 if inside % 1 == 0 else 2]


def _times(
    tune: Tune, notes: Sequence[Note], config: PerformanceConfig, spread: float, rng: Generator
) -> list[tuple[float, float]]:
    """Onset and end of each note in seconds. Onsets deviate with a standard deviation of `spread`
    seconds, by no more than a third of the time to the onsets around."""
    onsets = sorted({note.onset for note in notes}, key=float)
    feel = config.feel or tune.feel
    warped, clock = TimeMap(tune, onsets, feel, config.swing_ratio), Clock(tune.tempos)
    seconds = {onset: clock.seconds(warped(onset)) for onset in onsets}
    deviations = spread * rng.standard_normal(len(onsets))
    gaps = [later - earlier for earlier, later in pairwise(seconds.values())]
    room = [min(pair) / 3 for pair in pairwise([seconds[onsets[0]], *gaps, 1.0])] if onsets else []
    moved = {
        onset: seconds[onset] + float(np.clip(deviation, -free, free))
        for onset, deviation, free in zip(onsets, deviations, room, strict=True)
    }
    return [
        (moved[note.onset], moved.get(note.end, clock.seconds(warped(note.end)))) for note in notes
    ]

"""Drums: time kept in the pattern of a style, fills at the ends of sections."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from numpy.random import Generator

from djmodel.music.accompaniment.drum_patterns import DrumLine, DrumPattern
from djmodel.music.accompaniment.form import section_starts
from djmodel.music.accompaniment.strokes import Group
from djmodel.music.instruments import DRUMS
from djmodel.music.tune import ChordSpan, Note, Tune

_LOUDER = {"x": 0, "X": 10, "o": -14}  # of velocities
_VARIATION = 3  # of velocities
_LENGTH = Fraction(1, 4)  # quarter lengths of a stroke, at most


def drum_notes(
    tune: Tune, groups: Sequence[Group], pattern: DrumPattern, rng: Generator
) -> list[Note]:
    """The notes of the drums: General MIDI sounds, which rest where the chords do."""
    starts = tune.starts
    beginnings = {starts[bar] for bar in section_starts(tune)}
    pickup = 1 if tune.has_pickup else 0
    notes: list[Note] = []
    after_fill = False
    for group, following in zip(groups, [*groups[1:], None], strict=True):
        bar = bisect_right(starts, group.onset) - 1 - pickup
        if following is not None and following.onset in beginnings and group.pulse == 1:
            notes += _filled(group, pattern, rng)
            after_fill = True
            continue
        strokes = dict(_strokes(pattern.lines, bar, group, rng))
        if after_fill and pattern.landing:
            strokes[DRUMS[pattern.landing], group.onset] = pattern.fill_velocity
            strokes[DRUMS["kick"], group.onset] = pattern.fill_velocity
        after_fill = False
        notes += _played(strokes, group, rng)
    spans = tune.chord_spans()
    sounding = (note for note in notes if _sounds(note.onset, spans))
    return sorted(sounding, key=lambda note: (float(note.onset), note.pitch))


Strokes = dict[tuple[int, Fraction], int]
"""Velocities by sound and onset."""


def _strokes(
    lines: Iterable[DrumLine], bar: int, group: Group, rng: Generator
) -> Iterator[tuple[tuple[int, Fraction], int]]:
    """The strokes of a group of pulses. Between pulses shorter than a quarter there are none."""
    for line in lines:
        size = 2 * group.size if group.size > 1 else 2
        turns = (line.threes if group.size == 3 else line.twos).split()
        played = turns[(2 * bar + group.number) % len(turns)][:size]
        for half, stroke in enumerate(played):
            if stroke == "." or (half % 2 and group.pulse < 1):
                continue
            onset = group.onset + half * group.pulse / 2
            if onset >= group.onset + group.length:
                continue
            if line.chance == 1 or rng.random() < line.chance:
                yield (DRUMS[line.sound], onset), line.velocity + _LOUDER[stroke]


def _filled(group: Group, pattern: DrumPattern, rng: Generator) -> list[Note]:
    """A fill in the last two pulses of a group, growing louder; the foot keeps time."""
    fill = pattern.fills[int(rng.integers(len(pattern.fills)))]
    before = max(group.size - 2, 0)
    strokes = {
        (DRUMS[sound], group.onset + before + at): pattern.fill_velocity + round(6 * float(at))
        for sound, at in fill
        if before + at < group.size
    }
    feet = [line for line in pattern.lines if line.sound == "pedal hi-hat"]
    return _played(strokes | dict(_strokes(feet, 0, group, rng)), group, rng)


def _played(strokes: Strokes, group: Group, rng: Generator) -> list[Note]:
    """The notes of strokes, each of a velocity near its own."""
    length = min(_LENGTH, group.pulse / 2)
    varied = rng.integers(-_VARIATION, _VARIATION + 1, len(strokes))
    return [
        Note(sound, onset, length, velocity + int(change))
        for ((sound, onset), velocity), change in zip(sorted(strokes.items()), varied, strict=True)
    ]


def _sounds(onset: Fraction, spans: Sequence[ChordSpan]) -> bool:
    index = bisect_right(spans, onset, key=lambda span: span.onset) - 1
    return index >= 0 and onset < spans[index].end

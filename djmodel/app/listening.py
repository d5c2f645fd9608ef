"""Notes as they were played -> the line that was meant, on the grid, over the bars of a tune.

Players swing, hurry and overlap. Onsets that were meant together are put together; of a chord the
top note counts. In each quarter the division (swung or straight eighths, triplets, sixteenths) that
explains the onsets best, given deviations as large as those of recorded solos, moves them to the
project's grid. A note is written up to the next onset unless it ends clearly before it, as in solos
of the jazz database (`inputs/wjazzd/melody`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from djmodel.app.messages import Played, PlayedNote
from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote, as_notes, steps_to_quarters
from djmodel.music.tune import Note, Tune
from djmodel.outputs.performance.constants import TIMING_SPREAD
from djmodel.outputs.performance.feel import TimeMap

_TOGETHER = 0.035  # seconds within which onsets belong to one chord
_EARLY = 0.25  # quarter lengths before the first bar in which a note belongs to it
_HALF, _QUARTER, _THIRD = STEPS_PER_QUARTER // 2, STEPS_PER_QUARTER // 4, STEPS_PER_QUARTER // 3
_OCTAVE = 12  # semitones
_COLLISION = 9.0  # cost of two onsets on one place
# Divisions of a quarter, with what a finer one costs: it needs onsets that the coarser one misses.
_EIGHTHS, _TRIPLETS, _SIXTEENTHS = (_HALF, 0.0), (_THIRD, 1.5), (_QUARTER, 1.5)
# As in the jazz database:
_SHORT_GAP = 2 * STEPS_PER_QUARTER // 3  # between onsets: up to it there is no rest
_LEGATO_SHARE, _LEGATO_SILENCE = 0.25, STEPS_PER_QUARTER // 2


@dataclass(frozen=True)
class HeardNote:
    """A note of the line as it is written, from the start of the tune, and as it was played: start
    and end in quarter lengths, velocity."""

    written: Note
    start: float
    end: float
    velocity: int


@dataclass(frozen=True)
class Heard:
    """The line of a player; `dropped` counts notes that are not part of it."""

    notes: tuple[HeardNote, ...]
    dropped: int = 0


def listen(played: Played, tune: Tune, feel: str, ratio: float | None = None) -> Heard:
    """The line that was played over `tune`, at its first tempo and in a feel; `ratio` is that of
    swung eighths if it is not that of the feel."""
    length, bpm = float(tune.length), tune.tempos[0].bpm
    notes = _timed(played, bpm, length)
    inside = [note for note in notes if -_EARLY <= note.start < length]
    swing = TimeMap(tune, (), feel, ratio)
    chords = _chords(inside, _TOGETHER * bpm / 60)
    steps = _onset_steps([_mean(chord) for chord in chords], swing, TIMING_SPREAD * bpm / 60)
    end = int(tune.length * STEPS_PER_QUARTER)
    places: defaultdict[int, list[PlayedNote]] = defaultdict(list)
    for chord, step in zip(chords, steps, strict=True):
        if step < end:
            places[step] += chord
    line = [(step, max(places[step], key=lambda note: note.pitch)) for step in sorted(places)]
    line = _without_held_below(line)
    heard = []
    for (step, note), (following, _) in pairwise([*line, (end, None)]):
        assert note is not None
        stop = _end_step(step, note, following, following < end)
        [written] = as_notes([GridNote(step, stop, note.pitch, note.velocity)])
        heard.append(HeardNote(written, note.start, _end(note), note.velocity))
    return Heard(tuple(heard), len(notes) - len(heard))


def _timed(played: Played, bpm: float, length: float) -> list[PlayedNote]:
    """The notes in quarter lengths, without latency, in the order of onsets; one that still sounds
    ends with the tune."""
    factor = bpm / 60 if played.unit == "seconds" else 1.0
    late = played.latency * bpm / 60
    timed = []
    for note in played.notes:
        start = note.start * factor - late
        end = length if note.end is None else note.end * factor - late
        timed.append(PlayedNote(start, note.pitch, max(end, start), note.velocity))
    return sorted(timed, key=lambda note: (note.start, note.pitch))


def _end(note: PlayedNote) -> float:
    return note.start if note.end is None else note.end


def _chords(notes: Sequence[PlayedNote], together: float) -> list[list[PlayedNote]]:
    """Notes that begin together, at most `together` after the first of them; none twice the same
    pitch."""
    chords: list[list[PlayedNote]] = []
    for note in notes:
        last = chords[-1] if chords else []
        again = any(other.pitch == note.pitch for other in last)
        if last and note.start - last[0].start <= together and not again:
            last.append(note)
        else:
            chords.append([note])
    return chords


def _mean(chord: Sequence[PlayedNote]) -> float:
    return sum(note.start for note in chord) / len(chord)


def _onset_steps(onsets: Sequence[float], swing: TimeMap, spread: float) -> list[int]:
    """The grid step of each onset, quarter by quarter. An onset shortly before a beat belongs to
    it."""
    quarters: defaultdict[int, list[float]] = defaultdict(list)
    for onset in onsets:
        quarters[math.floor(onset)].append(onset)
    steps = []
    for quarter in sorted(quarters):
        inside = [onset - quarter for onset in quarters[quarter]]
        middle = swing(steps_to_quarters(quarter * STEPS_PER_QUARTER + _HALF)) - quarter
        _, placed = min(
            _placed(inside, division, middle, spread)
            for division in (_EIGHTHS, _TRIPLETS, _SIXTEENTHS)
        )
        steps += [max(quarter * STEPS_PER_QUARTER + step, 0) for step in placed]
    return steps


def _placed(
    onsets: Sequence[float], division: tuple[int, float], middle: float, spread: float
) -> tuple[float, list[int]]:
    """The cost of a division of a quarter, and the step of each onset in it. `middle` is where the
    second of two eighths is played."""
    size, cost = division
    points = {step: step / STEPS_PER_QUARTER for step in range(0, STEPS_PER_QUARTER + 1, size)}
    if size == _HALF:
        points[_HALF] = middle
    steps = []
    for onset in onsets:
        step = min(points, key=lambda step: abs(points[step] - onset))
        cost += ((points[step] - onset) / spread) ** 2 / 2
        steps.append(step)
    return cost + _COLLISION * (len(steps) - len(set(steps))), steps


def _without_held_below(line: list[tuple[int, PlayedNote]]) -> list[tuple[int, PlayedNote]]:
    """The line without notes far below one that is held: those of a left hand under a melody."""
    kept: list[tuple[int, PlayedNote]] = []
    for step, note in line:
        before = kept[-1][1] if kept else None
        held = before is not None and _end(before) >= _end(note) > note.start
        if before is None or not (held and before.pitch - note.pitch >= _OCTAVE):
            kept.append((step, note))
    return kept


def _end_step(step: int, note: PlayedNote, following: int, is_onset: bool) -> int:
    """The step at which a note is written to end; `following` is the next onset, or the end of the
    bars."""
    sounding = (_end(note) - note.start) * STEPS_PER_QUARTER
    gap = following - step
    is_legato = gap - sounding <= min(_LEGATO_SHARE * gap, _LEGATO_SILENCE)
    if is_legato or (is_onset and gap <= _SHORT_GAP):
        return following
    part = _HALF if step % _HALF == 0 else _THIRD if step % _THIRD == 0 else _QUARTER
    end = step + max(round(sounding / part), 1) * part
    if end - step > STEPS_PER_QUARTER:  # later ends are written on halves of a quarter
        end = max(round((step + sounding) / _HALF), 1) * _HALF
    return min(end, following)

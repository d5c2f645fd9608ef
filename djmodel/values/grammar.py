"""Bars of melody over their chords <-> values: `encode` and `decode`, and the course's tidying."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import Chord, kind_of, pitch_classes_of_kind
from djmodel.music.tune import Bar, Note, Tune
from djmodel.values.value import MINOR_THIRD, REST, Value
from seqmodel.settings import checked


class Register(NamedTuple):
    """The lowest and the highest pitch of a melody, both included (MIDI numbers)."""

    low: int = 57
    high: int = 86

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @classmethod
    def of(cls, tunes: Iterable[Tune]) -> Register:
        """The register of the melodies of `tunes`: their 1st to 99th percentile, at least an octave
        and a half."""
        pitches = [note.pitch for tune in tunes for bar in tune.bars for note in bar.melody]
        return cls.of_counts(np.bincount(np.array(pitches, dtype=np.intp), minlength=128))

    @classmethod
    def of_counts(cls, counts: NDArray[np.intp]) -> Register:
        """The same, given how often each pitch occurs: `counts (128,)`."""
        if not counts.any():
            return cls()
        ends = np.cumsum(counts)

        def percentile(q: float) -> int:
            """As `np.percentile`: interpolated between the two nearest."""
            position = q / 100 * (int(ends[-1]) - 1)
            below, above = np.searchsorted(ends, [int(position), math.ceil(position)], side="right")
            return round(float(below + (above - below) * (position - int(position))))

        low, high = percentile(1), percentile(99)
        # Less than an octave and a half leaves some values without a pitch.
        missing = max(0, 18 - (high - low))
        return cls(max(low - (missing + 1) // 2, 0), min(high + missing // 2, 127))


# ---------------------------------------------------------------------------------------------
# A tune or a bar, encoded and decoded
# ---------------------------------------------------------------------------------------------


@checked
def encode(tune: Tune) -> tuple[tuple[Value, ...], ...]:
    """The values of each bar of a tune, in the course's grammar. Transposing the tune changes none.

    >>> from djmodel.inputs.music_files import rags
    >>> from djmodel.inputs.reader import read_tune
    >>> [bar] = encode(read_tune(rags()[0], bars=(7, 7)))
    >>> sum(value.duration for value in bar)
    Fraction(3, 1)
    """
    return tuple(encode_bar(bar) for bar in tune.bars)


@checked
def decode(
    values: Sequence[Sequence[Value]],
    changes: Tune,
    rng: np.random.Generator,
    *,
    register: Register = Register(),
) -> Tune:
    """The tune `changes` with a melody that has `values`, one sequence per bar (see `decode_bar`).
    The melody of `changes` is ignored."""
    bars = []
    previous: int | None = None
    for bar_values, bar in zip(values, changes.bars, strict=True):
        melody = decode_bar(bar_values, bar, rng, previous_bar_pitch=previous, register=register)
        bars.append(replace(bar, melody=melody))
        previous = melody[-1].pitch if melody else previous
    return replace(changes, bars=tuple(bars))


def encode_bar(bar: Bar) -> tuple[Value, ...]:
    """The values of a bar; their durations add up to its length exactly.

    A note tied over from the bar before counts as a note of this bar.
    """
    values = []
    now = Fraction(0)
    previous: int | None = None
    for note in bar.melody:
        if note.onset != now:
            values.append(Value(REST, note.onset - now))
        leap = None if previous is None else note.pitch - previous
        values.append(Value(kind_of(note.pitch, bar.chord_at(note.onset)), note.duration, leap))
        previous, now = note.pitch, note.end
    if now != bar.length:
        values.append(Value(REST, bar.length - now))
    return tuple(values)


def decode_bar(
    values: Sequence[Value],
    bar: Bar,
    rng: np.random.Generator,
    *,
    previous_bar_pitch: int | None = None,
    register: Register = Register(),
) -> tuple[Note, ...]:
    """Notes that have `values` over the chords of `bar`, whose own melody is ignored.

    Each pitch is of the value's kind, inside the register, and as near as possible to the middle of
    the value's range; `rng` draws between two that are equally near. A value with a leap does not
    repeat the previous pitch if the range holds another of its kind. The first note of a bar has no
    range: it is drawn near `previous_bar_pitch`, the last pitch of the bar before, and towards the
    middle of the register. If the range holds no pitch of the kind, the nearest outside is taken;
    if the register has none at all, the next kind. Durations end at the bar line.
    """
    notes: list[Note] = []
    now = Fraction(0)
    previous: int | None = None
    for value in values:
        duration = min(value.duration, bar.length - now)
        if duration <= 0:
            break
        if not value.is_rest:
            pitches = _pitches(value.kind, bar.chord_at(now), register)
            if previous is None:
                pitch = _first_pitch(pitches, previous_bar_pitch, register, rng)
            else:
                pitch = _next_pitch(pitches, previous, value.leap or 0, register, rng)
            notes.append(Note(pitch, now, duration))
            previous = pitch
        now += duration
    return tuple(notes)


def _pitches(kind: str, chord: Chord, register: Register) -> list[int]:
    """All pitches of a kind in the register; of the nearest other kind if there are none."""
    fallbacks = {"C": "CSAX", "S": "SCAX", "A": "ASXC", "X": "XASC"}
    for candidate in fallbacks[kind]:
        classes = pitch_classes_of_kind(candidate, chord)  # type: ignore[arg-type]
        pitches = [p for p in range(register.low, register.high + 1) if p % 12 in classes]
        if pitches:
            return pitches
    return list(range(register.low, register.high + 1))


def _first_pitch(
    pitches: list[int], previous_bar_pitch: int | None, register: Register, rng: np.random.Generator
) -> int:
    """A pitch drawn with a probability that halves every two semitones away from the anchor."""
    anchor = register.middle
    if previous_bar_pitch is not None:
        anchor = 0.75 * previous_bar_pitch + 0.25 * register.middle
    weights = np.array([0.5 ** (abs(pitch - anchor) / 2) for pitch in pitches])
    return pitches[int(rng.choice(len(pitches), p=weights / weights.sum()))]


def _next_pitch(
    pitches: list[int], previous: int, leap: int, register: Register, rng: np.random.Generator
) -> int:
    """The pitch nearest to `leap` semitones from the previous one."""
    target = previous + leap
    if not any(abs(pitch - target) <= MINOR_THIRD for pitch in pitches):
        # Outside the register: the same pitch class in the octave that is inside.
        while target > register.high + MINOR_THIRD:
            target -= 12
        while target < register.low - MINOR_THIRD:
            target += 12
    moving = [p for p in pitches if p != previous and abs(p - target) <= MINOR_THIRD]
    candidates = moving if leap and moving else pitches
    nearest = min(abs(pitch - target) for pitch in candidates)
    best = [pitch for pitch in candidates if abs(pitch - target) == nearest]
    return best[int(rng.integers(len(best)))]


def split_into_bars(values: Iterable[Value], bars: Sequence[Bar]) -> list[tuple[Value, ...]]:
    """The values of each bar, taken from one sequence; a value that crosses a bar line ends there.
    Bars after the end of the sequence are empty."""
    remaining = iter(values)
    result = []
    for bar in bars:
        now, filled = Fraction(0), []
        while now < bar.length and (value := next(remaining, None)) is not None:
            value = replace(value, duration=min(value.duration, bar.length - now))
            filled.append(value)
            now += value.duration
        result.append(tuple(filled))
    return result


# ---------------------------------------------------------------------------------------------
# The course's tidying
# ---------------------------------------------------------------------------------------------


def tidy_values(values: Sequence[Value]) -> tuple[Value, ...]:
    """The values with approach tones and other tones played as chord tones."""
    return tuple(replace(v, kind="C") if v.kind in ("A", "X") else v for v in values)


def tidy_bar(bar: Bar, shortest: Fraction = Fraction(1, 4)) -> Bar:
    """The bar without notes that repeat the one directly before or last less than `shortest`
    quarter lengths; the note before each of them is held instead."""
    notes: list[Note] = []
    for note in bar.melody:
        joins = bool(notes) and notes[-1].end == note.onset
        if joins and (note.pitch == notes[-1].pitch or note.duration < shortest):
            notes[-1] = replace(notes[-1], duration=notes[-1].duration + note.duration)
        else:
            notes.append(note)
    return replace(bar, melody=tuple(notes))

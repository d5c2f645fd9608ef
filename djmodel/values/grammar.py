"""A bar of melody over its changes <-> a few values that say the same, relative to the chord.

After Gillick, Tang and Keller, *Learning Jazz Grammars* (2009), as deepjazz and the course use it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import ALL_KINDS, Chord, kind_of, pitch_classes_of_kind
from djmodel.music.tune import Bar, Note, Tune
from seqmodel.data.windows import Indices
from seqmodel.errors import InputError, SamplingError
from seqmodel.sampling.constraints import Automaton

REST = "R"
KINDS = (*ALL_KINDS, REST)

# The range of a value reaches a minor third above and below the interval that was played.
REACH = 3

# One name for each distance in an octave; a tritone is always a diminished fifth.
_NAMES = ("P1", "m2", "M2", "m3", "M3", "P4", "d5", "P5", "m6", "M6", "m7", "M7")
_MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)
_PERFECT = {0, 3, 4}
_INTERVAL = re.compile(r"(P|M|m|A+|d+)(-?)(\d+)")
_VALUE = re.compile(r"([CSAXR]),(\d+(?:\.\d+)?|\d+/\d+)(?:,<([^,<>]+),([^,<>]+)>)?")

# Three decimals tell fractions apart whose denominators are at most this.
_FINEST = 24
_MOST_PLACES = 16_000  # in a bar, for notes to begin; a usual one has 48


class ValueTextError(InputError):
    """Text that is not a value."""


@dataclass(frozen=True, slots=True)
class Value:
    """One note or rest: what `kind` of tone over the chord (C, S, A, X; R for a rest), how long
    (quarter lengths), and how far from the last note of the bar (`leap`, in semitones; None for the
    first note of a bar and for rests)."""

    kind: str
    duration: Fraction
    leap: int | None = None

    def __str__(self) -> str:
        """As printed in the course: `A,0.250,<m2,P-4>`, the leap plus and minus a minor third."""
        text = f"{self.kind},{float(self.duration):.3f}"
        if self.leap is None:
            return text
        up, down = interval_name(self.leap + REACH), interval_name(self.leap - REACH)
        return f"{text},<{up},{down}>"

    @classmethod
    def parse(cls, text: str) -> Value:
        """The inverse of `str`; takes intervals in any spelling. Raises ValueTextError."""
        match = _VALUE.fullmatch(text.strip())
        expected = "a value such as `C,0.250` or `A,0.500,<m2,P-4>`"
        if not match:
            raise ValueTextError(expected, f"`{text}`")
        kind, duration, up, down = match.groups()
        length = Fraction(duration).limit_denominator(_FINEST)
        if length == 0:
            raise ValueTextError(expected, f"no duration in `{text}`")
        if up is None:
            return cls(kind, length)
        middle = Fraction(semitones(up) + semitones(down), 2)
        if kind == REST or middle.denominator != 1:
            raise ValueTextError(expected, f"`{text}`")
        return cls(kind, length, int(middle))

    @property
    def is_rest(self) -> bool:
        return self.kind == REST


def interval_name(distance: int) -> str:
    """The one name of a distance in semitones: 4 is `M3`, -5 is `P-4`, 13 is `m9`, 12 is `P8`."""
    octaves, rest = divmod(abs(distance), 12)
    name = _NAMES[rest]
    return f"{name[0]}{'-' if distance < 0 else ''}{int(name[1:]) + 7 * octaves}"


def semitones(name: str) -> int:
    """The distance that an interval's name stands for, whatever its spelling: `A4` is 6, as `d5`.

    Raises ValueTextError.
    """
    match = _INTERVAL.fullmatch(name.strip())
    if not match or int(match[3]) == 0:
        raise ValueTextError("an interval such as `m3`, `P-4`, `d5`", f"`{name}`")
    quality, minus, number = match[1], match[2], int(match[3])
    octaves, step = divmod(number - 1, 7)
    size = 12 * octaves + _MAJOR_STEPS[step]
    perfect = step in _PERFECT
    if (quality == "P" and not perfect) or (quality in "Mm" and perfect):
        raise ValueTextError("an interval such as `m3`, `P-4`, `d5`", f"`{name}`")
    if quality == "m":
        size -= 1
    elif quality[0] == "A":
        size += len(quality)
    elif quality[0] == "d":
        size -= len(quality) + (0 if perfect else 1)
    return -size if minus else size


# --- notes -> values -------------------------------------------------------------------------


def encode_bar(bar: Bar) -> tuple[Value, ...]:
    """The values of a bar; their durations add up to its length, exactly.

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


def encode(tune: Tune) -> tuple[tuple[Value, ...], ...]:
    """The values of each bar of a tune."""
    return tuple(encode_bar(bar) for bar in tune.bars)


# --- values -> notes -------------------------------------------------------------------------


class Register(NamedTuple):
    """The pitches that a melody keeps to, both included (MIDI numbers)."""

    low: int = 57
    high: int = 86

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @classmethod
    def of(cls, tunes: Iterable[Tune]) -> Register:
        """Where the melodies of `tunes` are, but for the most extreme hundredths."""
        pitches = [note.pitch for tune in tunes for bar in tune.bars for note in bar.melody]
        return cls.of_counts(np.bincount(np.array(pitches, dtype=np.intp), minlength=128))

    @classmethod
    def of_counts(cls, counts: NDArray[np.intp]) -> Register:
        """The same from how often each pitch comes: `counts (128,)`."""
        if not counts.any():
            return cls()
        ends = np.cumsum(counts)

        def percentile(q: float) -> int:
            """As `np.percentile` has it: between the two nearest."""
            place = q / 100 * (int(ends[-1]) - 1)
            below, above = np.searchsorted(ends, [int(place), math.ceil(place)], side="right")
            return round(float(below + (above - below) * (place - int(place))))

        low, high = percentile(1), percentile(99)
        # Less than an octave and a half leaves some values without a pitch.
        missing = max(0, 18 - (high - low))
        return cls(max(low - (missing + 1) // 2, 0), min(high + missing // 2, 127))


def decode_bar(
    values: Sequence[Value],
    bar: Bar,
    rng: np.random.Generator,
    *,
    before: int | None = None,
    register: Register = Register(),
) -> tuple[Note, ...]:
    """The notes that `values` ask for over the chords of `bar`; its own melody is not looked at.

    Each pitch is, among those of the value's kind inside its range and the register, the one
    nearest to the middle of the range; `rng` draws between two that are equally near. A value that
    moves does not repeat the last pitch while another one fits. The first note of a bar has no
    range: it is drawn near `before`, the last pitch of the bar before, and towards the middle of
    the register. Where no pitch of the kind is inside the range, the nearest outside is taken;
    where the chord has none of that kind at all, the next kind. What goes beyond the bar is cut.
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
                pitch = _first_pitch(pitches, before, register, rng)
            else:
                pitch = _next_pitch(pitches, previous, value.leap or 0, register, rng)
            notes.append(Note(pitch, now, duration))
            previous = pitch
        now += duration
    return tuple(notes)


def decode(
    values: Sequence[Sequence[Value]],
    changes: Tune,
    rng: np.random.Generator,
    *,
    register: Register = Register(),
) -> Tune:
    """`changes` with the melody that `values` (one sequence a bar) ask for."""
    bars = []
    before: int | None = None
    for bar_values, bar in zip(values, changes.bars, strict=True):
        melody = decode_bar(bar_values, bar, rng, before=before, register=register)
        bars.append(replace(bar, melody=melody))
        before = melody[-1].pitch if melody else before
    return replace(changes, bars=tuple(bars))


def tidied(bar: Bar, shortest: Fraction = Fraction(1, 4)) -> Bar:
    """The course's tidying of a bar: a note that repeats the one right before it, or that lasts
    less than `shortest`, is left out, and the note before it goes on instead."""
    notes: list[Note] = []
    for note in bar.melody:
        joins = bool(notes) and notes[-1].end == note.onset
        if joins and (note.pitch == notes[-1].pitch or note.duration < shortest):
            notes[-1] = replace(notes[-1], duration=notes[-1].duration + note.duration)
        else:
            notes.append(note)
    return replace(bar, melody=tuple(notes))


def plain(values: Sequence[Value]) -> tuple[Value, ...]:
    """The course's other tidying: approach tones and other tones played as chord tones."""
    return tuple(replace(v, kind="C") if v.kind in ("A", "X") else v for v in values)


def _pitches(kind: str, chord: Chord, register: Register) -> list[int]:
    """All pitches of a kind in the register; of the next likely kind if there are none."""
    fallbacks = {"C": "CSAX", "S": "SCAX", "A": "ASXC", "X": "XASC"}
    for candidate in fallbacks[kind]:
        classes = pitch_classes_of_kind(candidate, chord)  # type: ignore[arg-type]
        pitches = [p for p in range(register.low, register.high + 1) if p % 12 in classes]
        if pitches:
            return pitches
    return list(range(register.low, register.high + 1))


def _first_pitch(
    pitches: list[int], before: int | None, register: Register, rng: np.random.Generator
) -> int:
    """Drawn with a probability that halves every two semitones away from the anchor."""
    anchor = register.middle if before is None else 0.75 * before + 0.25 * register.middle
    weights = np.array([0.5 ** (abs(pitch - anchor) / 2) for pitch in pitches])
    return pitches[int(rng.choice(len(pitches), p=weights / weights.sum()))]


def _next_pitch(
    pitches: list[int], previous: int, leap: int, register: Register, rng: np.random.Generator
) -> int:
    target = previous + leap
    if not any(abs(pitch - target) <= REACH for pitch in pitches):
        # Out of the register: the same step in the octave that is inside.
        while target > register.high + REACH:
            target -= 12
        while target < register.low - REACH:
            target += 12
    moving = [p for p in pitches if p != previous and abs(p - target) <= REACH]
    candidates = moving if leap and moving else pitches
    nearest = min(abs(pitch - target) for pitch in candidates)
    best = [pitch for pitch in candidates if abs(pitch - target) == nearest]
    return best[int(rng.integers(len(best)))]


# --- places in a bar -------------------------------------------------------------------------


@dataclass(frozen=True)
class BarPositions:
    """Where a value may begin, as what a model can be told of it before it comes: how long after
    the bar line (`onsets`), and how long before the next one (`rests`), in quarter lengths, sorted.
    """

    onsets: tuple[Fraction, ...]
    rests: tuple[Fraction, ...]

    @classmethod
    def of(cls, tunes: Iterable[Tune]) -> BarPositions:
        """The places that the values of `tunes` have."""
        places = [place for tune in tunes for place in _places(encode(tune), tune.bars)]
        return cls(
            tuple(sorted({onset for onset, _ in places})),
            tuple(sorted({length - onset for onset, length in places})),
        )

    def to_json(self) -> list[list[str]]:
        """As JSON values."""
        return [[str(time) for time in times] for times in (self.onsets, self.rests)]

    @classmethod
    def from_json(cls, data: Sequence[Sequence[str]]) -> BarPositions:
        """The inverse of `to_json`. Raises TypeError, ValueError or ArithmeticError for anything
        else."""
        onsets, rests = (tuple(map(Fraction, times)) for times in data)
        if not onsets or not rests or min(*onsets, *rests) < 0:
            raise ValueError("no places in a bar")
        return cls(onsets, rests)

    def __len__(self) -> int:
        return len(self.onsets) + len(self.rests)

    def conditioning(
        self, bars: Iterable[Sequence[Value]], lengths: Sequence[Bar], first: int
    ) -> Indices:
        """Of each value of `bars`, which fill the bars `lengths`: `(n, 2)`, as indices from `first`
        on, those of `onsets`, then those of `rests`."""
        places = [self.position_features(onset, length) for onset, length in _places(bars, lengths)]
        return np.array(places, dtype=np.int32).reshape(-1, 2) + first

    def position_features(self, onset: Fraction, length: Fraction) -> tuple[int, int]:
        """Of what begins at `onset` in a bar of `length`; a place that is not known is heard as the
        nearest one."""
        rest = _nearest(length - onset, self.rests)
        return _nearest(onset, self.onsets), len(self.onsets) + rest


def _places(
    bars: Iterable[Sequence[Value]], lengths: Iterable[Bar]
) -> Iterator[tuple[Fraction, Fraction]]:
    """The onset of each value in its bar, and the length of that bar."""
    for values, bar in zip(bars, lengths, strict=False):
        now = Fraction(0)
        for value in values:
            yield now, bar.length
            now += value.duration


def _nearest(time: Fraction, known: Sequence[Fraction]) -> int:
    return min(range(len(known)), key=lambda index: abs(known[index] - time))


# --- bars as an automaton --------------------------------------------------------------------


def bar_automaton(
    values: Sequence[Value],
    bars: Sequence[Bar],
    size: int,
    begun: Sequence[Value] = (),
    places: BarPositions | None = None,
) -> Automaton:
    """What may come next so that each of `bars` is filled exactly, the first note of a bar has no
    leap and each later one has.

    `values` are those of the vocabulary in its order; indices from `len(values)` to `size - 1` are
    never allowed. `begun` already stands in the first bars. With `places` the model is told where
    in the bar it is, by the indices from `size` on. A state is a place in a bar and whether a note
    has been played in it; the last state is the end. Where the values' durations cannot fill the
    rest of a bar exactly, the last one may be longer, to be cut at the bar line.

    Raises SamplingError if not even that can fill a bar, or a bar has too many places.
    """
    lengths = [bar.length for bar in bars]
    times = (*lengths, *(v.duration for v in values), *(v.duration for v in begun))
    per_quarter = math.lcm(*(time.denominator for time in times))
    if max(lengths) * per_quarter > _MOST_PLACES:
        raise SamplingError(
            "values and bars on one grid",
            f"{per_quarter} places in a quarter note, {float(max(lengths)):g} quarters in a bar",
            hint="take shorter bars, or another model",
        )
    durations = np.array([int(v.duration * per_quarter) for v in values], dtype=np.int64)
    rests = np.array([v.is_rest for v in values])
    firsts = np.array([not v.is_rest and v.leap is None for v in values])

    tables = {
        length: _bar_tables(int(length * per_quarter), durations, rests, firsts, size)
        for length in set(lengths)
    }
    starts = np.concatenate([[0], np.cumsum([len(tables[length][0]) for length in lengths])])
    end = np.zeros((1, size), dtype=bool)
    allowed = np.concatenate([*(tables[length][0] for length in lengths), end])
    moves = [tables[n][1] + start for n, start in zip(lengths, starts, strict=False)]
    next_state = np.concatenate([*moves, np.full((1, size), starts[-1])]).astype(np.int32)

    full = split_into_bars(begun, bars)
    place = next((i for i, n in enumerate(lengths) if _duration(full[i]) < n), len(lengths))
    state = int(starts[place])
    if place < len(lengths):
        played = any(not value.is_rest for value in full[place])
        state += 2 * int(_duration(full[place]) * per_quarter) + played
        if not allowed[state].any():
            raise SamplingError(
                "values that can fill a bar", f"none among {len(values)}", hint="train on more"
            )
    conditioning = None
    if places is not None:
        told = {n: _bar_conditioning(int(n * per_quarter), per_quarter, places) for n in tables}
        conditioning = np.concatenate([*(told[length] for length in lengths), np.zeros((1, 2))])
        conditioning = size + conditioning.astype(np.int32)
    return Automaton(allowed, next_state, state, conditioning)


def _bar_conditioning(ticks: int, per_quarter: int, places: BarPositions) -> np.ndarray:
    """What is told of each state of a bar: `(2 * ticks, 2)`."""
    length = Fraction(ticks, per_quarter)
    told = [places.position_features(Fraction(t, per_quarter), length) for t in range(ticks)]
    return np.repeat(told, 2, axis=0)


def _bar_tables(
    ticks: int, durations: np.ndarray, rests: np.ndarray, firsts: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """`allowed` and `next_state` of one bar: state `2 * t + played` at tick t; `2 * ticks`, the
    first state of the next bar, when it is full."""
    n = len(durations)
    allowed = np.zeros((2 * ticks, size), dtype=bool)
    next_state = np.full((2 * ticks, size), 2 * ticks, dtype=np.int64)
    exact = np.zeros((ticks + 1, 2), dtype=bool)  # can be filled exactly from here
    exact[ticks] = True
    for t in range(ticks - 1, -1, -1):
        after = t + durations
        target = np.minimum(after, ticks)
        for played in (0, 1):
            state = 2 * t + played
            becomes = np.where(rests, played, 1)
            possible = rests | (firsts != bool(played))
            filling = possible & (after <= ticks) & exact[target, becomes]
            exact[t, played] = filling.any()
            allowed[state, :n] = filling if filling.any() else possible
            next_state[state, :n] = np.where(target == ticks, 2 * ticks, 2 * target + becomes)
    return allowed, next_state


def _duration(values: Iterable[Value]) -> Fraction:
    return sum((value.duration for value in values), Fraction(0))


def rhythm_automaton(
    values: Sequence[Value],
    rhythm: Sequence[Value],
    size: int,
    conditioning: Indices | None = None,
) -> Automaton:
    """What may come next so that the values have the rhythm of `rhythm`: notes where it has notes,
    rests where it has rests, one state for each, and the end. `conditioning`: of each value of `rhythm`.

    Where no value has the duration asked for, those with the nearest one are allowed. Raises
    SamplingError if there is no value for a place.
    """
    allowed = np.zeros((len(rhythm) + 1, size), dtype=bool)
    for place, asked in enumerate(rhythm):
        fitting = [
            index
            for index, value in enumerate(values)
            if value.is_rest == asked.is_rest and (value.leap is None) == (asked.leap is None)
        ]
        if not fitting:
            raise SamplingError(f"a value like `{asked}`", "none in the model's vocabulary")
        nearest = min(abs(values[index].duration - asked.duration) for index in fitting)
        for index in fitting:
            allowed[place, index] = abs(values[index].duration - asked.duration) == nearest
    after = np.minimum(np.arange(1, len(rhythm) + 2), len(rhythm))
    next_state = np.repeat(after[:, None], size, axis=1).astype(np.int32)
    if conditioning is not None:
        conditioning = np.concatenate([conditioning, conditioning[-1:]])  # the end draws nothing
    return Automaton(allowed, next_state, conditioning=conditioning)


def split_into_bars(values: Iterable[Value], bars: Sequence[Bar]) -> list[tuple[Value, ...]]:
    """Hands a stream of values out to bars, as many as each one holds; what crosses a bar line is
    cut there. Bars after the stream's end get none."""
    stream = iter(values)
    result = []
    for bar in bars:
        now, filled = Fraction(0), []
        while now < bar.length and (value := next(stream, None)) is not None:
            value = replace(value, duration=min(value.duration, bar.length - now))
            filled.append(value)
            now += value.duration
        result.append(tuple(filled))
    return result


# --- vocabulary ------------------------------------------------------------------------------


def feature_table(values: Sequence[Value], size: int) -> NDArray[np.float32]:
    """What values have in common: `(size, n)`, 1 where a value has a kind, a duration, a leap or
    the lack of one. Spare indices have none."""
    found = [
        (("kind", v.kind), ("duration", v.duration), ("leap", "rest" if v.is_rest else v.leap))
        for v in values
    ]
    known = list(dict.fromkeys(trait for its in found for trait in its))
    table = np.zeros((size, len(known)), dtype=np.float32)
    for row, its in zip(table, found, strict=False):
        row[[known.index(trait) for trait in its]] = 1
    return table


def nearest_value(text: str, kept: Sequence[str]) -> str:
    """The value among `kept` that may stand for one that has no place in the vocabulary: the same
    kind first, with a leap or without as it is; then the nearest duration; then the nearest leap.
    """
    value = Value.parse(text)

    def distance(other_text: str) -> tuple[bool, bool, Fraction, int]:
        other = Value.parse(other_text)
        return (
            other.kind != value.kind,
            (other.leap is None) != (value.leap is None),
            abs(other.duration - value.duration),
            abs((other.leap or 0) - (value.leap or 0)),
        )

    return min(kept, key=distance)

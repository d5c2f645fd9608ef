"""The grammar of jazz: every note by its exact interval from the note before, across bar lines.

It stands beside the course's grammar (`values/grammar.py`) and differs in three ways:

- The leap of a note is exact, `C,0.500,<M3>`, and counted from the previous note wherever that is.
  The first note counts from the middle of the register.
- A note held over a bar line is a note up to the bar line and a tie (`T,1.000`) from there on, so
  that the values of a bar still add up to it.
- A value is spelled by two symbols, its duration and its tone, of which the second is predicted
  given the first. 40 durations and 90 tones spell what as single symbols would be thousands.

Decoding is the inverse of encoding: every onset, duration and pitch comes back.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from fractions import Fraction

from djmodel.music.chord import kind_of
from djmodel.music.tune import Bar, Note, Tune
from djmodel.values.grammar import Register
from djmodel.values.value import REST, TIE, Value, duration_text, parse_duration

HIGHEST_PITCH = 127  # of MIDI


def encode(tune: Tune, register: Register = Register()) -> tuple[tuple[Value, ...], ...]:
    """The values of each bar of a tune, the first of them relative to the middle of `register`."""
    bars = []
    previous, sounding = first_pitch(register), False
    for bar in tune.bars:
        values = _encode_bar(bar, previous, sounding)
        previous = bar.melody[-1].pitch if bar.melody else previous
        sounding = bool(values) and not values[-1].is_rest
        bars.append(values)
    return tuple(bars)


def decode(
    values: Sequence[Sequence[Value]], changes: Tune, register: Register = Register()
) -> Tune:
    """The tune `changes` with a melody that has `values`, one sequence per bar. The melody of
    `changes` is ignored.

    A pitch is as far from the one before as the value says, whatever its kind; only what leaves the
    range of MIDI is moved by octaves. Durations end at the bar line. A tie without a note before it
    is silent.
    """
    bars = []
    previous, sounding = first_pitch(register), False
    for bar_values, bar in zip(values, changes.bars, strict=True):
        melody = _decode_bar(bar_values, bar, previous, sounding)
        previous = melody[-1].pitch if melody else previous
        sounding = bool(melody) and melody[-1].end == bar.length
        bars.append(replace(bar, melody=melody))
    return replace(changes, bars=tuple(bars))


def first_pitch(register: Register) -> int:
    """The pitch from which the first note of a solo counts."""
    return int(register.middle)


def _encode_bar(bar: Bar, previous: int, sounding: bool) -> tuple[Value, ...]:
    """The values of a bar, given the last pitch before it and whether that sounds up to the bar
    line."""
    values = []
    now = Fraction(0)
    for note in bar.melody:
        if note.onset != now:
            values.append(Value(REST, note.onset - now))
        if note.tied and note.onset == 0 and sounding and note.pitch == previous:
            values.append(Value(TIE, note.duration))
        else:
            kind = kind_of(note.pitch, bar.chord_at(note.onset))
            values.append(Value(kind, note.duration, note.pitch - previous, exact=True))
        previous, now = note.pitch, note.end
    if now != bar.length:
        values.append(Value(REST, bar.length - now))
    return tuple(values)


def _decode_bar(
    values: Sequence[Value], bar: Bar, previous: int, sounding: bool
) -> tuple[Note, ...]:
    notes: list[Note] = []
    now = Fraction(0)
    for value in values:
        duration = min(value.duration, bar.length - now)
        if duration <= 0:
            break
        if value.is_tie and sounding and notes:
            notes[-1] = replace(notes[-1], duration=notes[-1].duration + duration)
        elif value.is_tie and sounding:
            notes.append(Note(previous, now, duration, tied=True))
        elif not (value.is_rest or value.is_tie):
            previous = _within_midi(previous + (value.leap or 0))
            notes.append(Note(previous, now, duration))
        sounding = not value.is_rest and (sounding or not value.is_tie)
        now += duration
    return tuple(notes)


def _within_midi(pitch: int) -> int:
    """The pitch, or the same pitch class in the nearest octave that MIDI has."""
    while pitch < 0:
        pitch += 12
    while pitch > HIGHEST_PITCH:
        pitch -= 12
    return pitch


# ---------------------------------------------------------------------------------------------
# Symbols
# ---------------------------------------------------------------------------------------------


def symbols_of(value: Value) -> tuple[str, str]:
    """The two symbols of a value: its duration, and its tone (kind and leap).

    >>> symbols_of(Value.parse("C,0.500,<M3>"))
    ('0.500', 'C,<M3>')
    """
    duration = duration_text(value.duration)
    return duration, str(value).replace(f",{duration}", "", 1)


def value_of(duration: str, tone: str) -> Value:
    """The inverse of `symbols_of`. Raises ValueTextError.

    >>> str(value_of("0.500", "R"))
    'R,0.500'
    """
    kind, _, leap = tone.partition(",")
    return Value.parse(f"{kind},{duration},{leap}".rstrip(","))


def is_duration(symbol: str) -> bool:
    """True for the symbol of a duration, False for that of a tone."""
    return symbol[:1].isdecimal()


def features_of(symbol: str) -> tuple[tuple[str, Hashable], ...]:
    """The features that a symbol shares with others: the division of the quarter in which a
    duration is counted; a tone's kind, leap, direction and change of pitch class.

    >>> features_of("0.333")
    (('division', 3),)
    """
    if is_duration(symbol):
        return (("division", parse_duration(symbol).denominator),)
    value = value_of("1.000", symbol)
    kind = ("kind", value.kind)
    if value.leap is None:
        return (kind,)
    up = (value.leap > 0) - (value.leap < 0)
    return kind, ("leap", value.leap), ("up", up), ("pitch class", value.leap % 12)


def nearest_symbol(symbol: str, candidates: Sequence[str]) -> str:
    """The candidate most like a symbol that is not in the vocabulary: the nearest duration; the
    same leap as another kind of tone, else the nearest leap, of the same direction first.

    >>> nearest_symbol("0.455", ["0.333", "0.500", "C,<M3>"])
    '0.500'
    >>> nearest_symbol("X,<P-15>", ["C,<P-8>", "X,<P8>", "X,<m-9>", "R"])
    'X,<m-9>'
    """
    if is_duration(symbol):
        durations = [candidate for candidate in candidates if is_duration(candidate)]
        wanted = parse_duration(symbol)
        return min(durations, key=lambda text: abs(parse_duration(text) - wanted))
    value = value_of("1.000", symbol)

    def distance(candidate: str) -> tuple[bool, bool, int, bool]:
        other = value_of("1.000", candidate)
        leap, its_leap = value.leap or 0, other.leap or 0
        return (
            (other.leap is None) != (value.leap is None) or other.is_rest != value.is_rest,
            (leap > 0) != (its_leap > 0) or (leap < 0) != (its_leap < 0),
            abs(leap - its_leap),
            other.kind != value.kind,
        )

    return min((text for text in candidates if not is_duration(text)), key=distance)

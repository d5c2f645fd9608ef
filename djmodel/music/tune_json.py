"""A tune as JSON values and back, for model files and caches.

Times are text (`3/2`); notes, chords, tempos and instruments are arrays, which keeps files small.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from djmodel.music import chord_symbol
from djmodel.music.chord import Chord, Written
from djmodel.music.chord_symbol import is_symbol_of
from djmodel.music.meter import Meter
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import (
    MAX_BARS,
    MAX_TEMPO,
    MIN_TEMPO,
    Bar,
    Change,
    Instrument,
    Note,
    Part,
    Section,
    Tempo,
    Tune,
)

Json = Any

MAX_BAR_LENGTH = 1024  # quarter lengths
MAX_DENOMINATOR = 10_080  # of a time: the finest grid that is read
MAX_NAME_LENGTH = 500  # characters of the name of a performer, style, feel or section
_TIME = re.compile(r"-?[0-9]{1,12}(/0*[1-9][0-9]{0,11})?")

_Name = Annotated[str, Meta(max_length=MAX_NAME_LENGTH)]
_BarIndex = Annotated[int, Meta(ge=0, le=1_000_000)]
_Midi = Annotated[int, Meta(ge=0, le=127)]
_PitchClass = Annotated[int, Meta(ge=0, le=11)]
_Instrument = tuple[str, _Midi]
_Tempo = tuple[Fraction, Annotated[float, Meta(ge=MIN_TEMPO, le=MAX_TEMPO)]]
_Note = tuple[_Midi, Fraction, Fraction, _Midi, Annotated[int, Meta(ge=0, le=1)]]
_Place = Annotated[int, Meta(ge=-15, le=19)]
_Suffix = Annotated[str, Meta(max_length=chord_symbol.MAX_LENGTH)]


class _Change(msgspec.Struct, array_like=True):
    onset: Fraction
    root: _PitchClass
    intervals: tuple[_PitchClass, ...]
    bass: _PitchClass
    sounding: bool
    written: tuple[_Place | None, _Suffix, _Place | None] | None = None


@dataclass(frozen=True, slots=True)
class _Bar:
    meter: tuple[Annotated[int, Meta(ge=1, le=255)], Annotated[int, Meta(ge=1, le=256)]]
    length: Fraction
    melody: tuple[_Note, ...]
    changes: Annotated[tuple[_Change, ...], Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class _Part:
    instrument: _Instrument
    notes: tuple[_Note, ...]
    drums: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """The facts known of a performance, as a `Tune` has them."""

    performer: _Name = ""
    style: _Name = ""
    feel: _Name = ""
    phrases: tuple[Fraction, ...] = ()
    sections: tuple[tuple[_BarIndex, _Name], ...] = ()
    choruses: tuple[_BarIndex, ...] = ()
    composer: _Name = ""
    generated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tune(_Facts):
    """The stored form of a `Tune`, with the bounds of its numbers."""

    title: str
    key: Annotated[int, Meta(ge=-MAX_KEY_ACCIDENTALS, le=MAX_KEY_ACCIDENTALS)] | None
    instrument: _Instrument
    tempos: tuple[_Tempo, ...]
    bars: Annotated[tuple[_Bar, ...], Meta(min_length=1, max_length=MAX_BARS)]
    accompaniment: tuple[_Part, ...]


def facts_to_json(tune: Tune) -> bytes:
    """The facts known of a performance, beside its music, as JSON; empty if there are none."""
    facts = _Facts(**_facts_of(tune))
    return b"" if facts == _Facts() else msgspec.json.encode(facts, enc_hook=str)


def with_facts(tune: Tune, content: bytes) -> Tune:
    """The tune with what `facts_to_json` stored of a performance, but for places behind its end, as
    reading leaves out silent last bars; as it is, where that is damaged."""
    try:
        facts = msgspec.json.decode(content, type=_Facts, dec_hook=_read_time)
        within = replace(
            facts,
            phrases=tuple(onset for onset in facts.phrases if onset < tune.length),
            sections=tuple(section for section in facts.sections if section[0] < len(tune.bars)),
            choruses=tuple(bar for bar in facts.choruses if bar < len(tune.bars)),
        )
        return _with_facts(tune, within)
    except (msgspec.MsgspecError, RecursionError):
        return tune


def _facts_of(tune: Tune | _Facts) -> dict[str, Any]:
    return {field.name: getattr(tune, field.name) for field in fields(_Facts)}


def _with_facts(tune: Tune, facts: _Facts) -> Tune:
    """Raises msgspec.ValidationError for facts of another tune."""
    _check_rising(facts.phrases, tune.length)
    _check_rising([bar for bar, _ in facts.sections], len(tune.bars))
    _check_rising(facts.choruses, len(tune.bars))
    sections = tuple(Section(*section) for section in facts.sections)
    return replace(tune, **{**_facts_of(facts), "sections": sections})


def tune_to_json(tune: Tune) -> dict[str, Json]:
    """The content of a tune as values that `json` can write; arrays are tuples."""

    def notes(notes: tuple[Note, ...]) -> tuple[_Note, ...]:
        return tuple((n.pitch, n.onset, n.duration, n.velocity, int(n.tied)) for n in notes)

    def change(change: Change) -> _Change:
        chord = change.chord
        tones = chord.root, chord.intervals, chord.bass
        return _Change(change.onset, *tones, change.sounding, chord.written)

    stored = _Tune(
        title=tune.title,
        key=tune.key,
        instrument=(tune.instrument.name, tune.instrument.program),
        tempos=tuple(tune.tempos),
        bars=tuple(
            _Bar(bar.meter, bar.length, notes(bar.melody), tuple(map(change, bar.changes)))
            for bar in tune.bars
        ),
        accompaniment=tuple(
            _Part((part.instrument.name, part.instrument.program), notes(part.notes), part.drums)
            for part in tune.accompaniment
        ),
        **_facts_of(tune),
    )
    return msgspec.to_builtins(stored, enc_hook=str)


def tune_from_json(data: Json) -> Tune:
    """The inverse. Raises msgspec.ValidationError, a ValueError, for anything else."""
    stored = msgspec.convert(data, _Tune, dec_hook=_read_time)
    bars = tuple(map(_restored_bar, stored.bars))
    length = sum((bar.length for bar in bars), Fraction(0))
    if any(onset < 0 for onset, _ in stored.tempos):
        raise msgspec.ValidationError("a tempo does not begin before the tune")
    for part in stored.accompaniment:
        if not all(0 <= onset < length and duration > 0 for _, onset, duration, *_ in part.notes):
            raise msgspec.ValidationError("a note of the accompaniment is not within the tune")
    tune = Tune(
        title=stored.title,
        bars=bars,
        tempos=tuple(Tempo(*tempo) for tempo in stored.tempos),
        instrument=Instrument(*stored.instrument),
        accompaniment=tuple(
            Part(Instrument(*part.instrument), _restored_notes(part.notes), part.drums)
            for part in stored.accompaniment
        ),
        key=stored.key,
    )
    return _with_facts(tune, stored)


def _check_rising(places: Sequence[Fraction | int], end: Fraction | int) -> None:
    """Raises msgspec.ValidationError unless `places` rise from 0 or later and end before `end`."""
    rising = all(before < place for before, place in pairwise(places))
    if places and not (rising and places[0] >= 0 and places[-1] < end):
        raise msgspec.ValidationError("chords, phrases, sections and choruses are not in order")


def _restored_bar(bar: _Bar) -> Bar:
    if not 0 < bar.length <= MAX_BAR_LENGTH or bar.changes[0].onset != 0:
        problem = f"a bar has a chord at its start and at most {MAX_BAR_LENGTH} quarters"
        raise msgspec.ValidationError(problem)
    _check_rising([change.onset for change in bar.changes], bar.length)
    end = Fraction(0)
    for _, onset, duration, *_ in bar.melody:
        if onset < end or duration <= 0 or onset + duration > bar.length:
            raise msgspec.ValidationError("the melody of a bar is one line within the bar")
        end = onset + duration
    changes = (Change(c.onset, _restored_chord(c), c.sounding) for c in bar.changes)
    return Bar(Meter(*bar.meter), bar.length, _restored_notes(bar.melody), tuple(changes))


def _restored_chord(change: _Change) -> Chord:
    chord = Chord(change.root, change.intervals, change.bass)
    if change.written is None:
        return chord
    written = Written(*change.written)
    if not is_symbol_of(written, chord):
        raise msgspec.ValidationError(f"{change.written!r:.80} is not the symbol of its chord")
    return replace(chord, written=written)


def _restored_notes(notes: tuple[_Note, ...]) -> tuple[Note, ...]:
    return tuple(Note(*note[:4], tied=bool(note[4])) for note in notes)


def _read_time(kind: type, text: Json) -> Fraction:
    """A time from text, for msgspec."""
    if kind is not Fraction or not isinstance(text, str):
        raise ValueError(f"{text!r:.40} is not a time such as 3/2")
    return _time(text)


@lru_cache(maxsize=4096)
def _time(text: str) -> Fraction:
    """`3` or `3/2`; `Fraction` itself would make a number of a billion digits of a short text."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r:.40} is not a time such as 3/2")
    time = Fraction(text)
    if time.denominator > MAX_DENOMINATOR:
        raise ValueError(f"{text!r:.40} is finer than any time that is read")
    return time

"""A tune <-> JSON values, for model files and caches. Fractions are written as text: `3/2`."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache
from typing import Any

from djmodel.music.chord import Chord
from djmodel.music.tune import Bar, Change, Instrument, Meter, Note, Part, Tempo, Tune

Json = Any

LONGEST_BAR = 1024  # quarter lengths
_TIME = re.compile(r"-?[0-9]{1,12}(/0*[1-9][0-9]{0,11})?")


def tune_to_json(tune: Tune) -> dict[str, Json]:
    """Everything that a tune holds, as what `json` can write."""
    return {
        "title": tune.title,
        "key": tune.key,
        "instrument": [tune.instrument.name, tune.instrument.program],
        "tempos": [[str(tempo.onset), tempo.bpm] for tempo in tune.tempos],
        "bars": [
            {
                "meter": list(bar.meter),
                "length": str(bar.length),
                "melody": [_note_to_json(note) for note in bar.melody],
                "changes": [
                    [str(c.onset), c.chord.root, list(c.chord.intervals), c.chord.bass, c.sounding]
                    for c in bar.changes
                ],
            }
            for bar in tune.bars
        ],
        "accompaniment": [
            {
                "instrument": [part.instrument.name, part.instrument.program],
                "notes": [_note_to_json(note) for note in part.notes],
            }
            for part in tune.accompaniment
        ],
    }


def tune_from_json(data: dict[str, Json]) -> Tune:
    """The inverse. Raises KeyError, TypeError or ValueError for anything else."""
    key = data["key"]
    if not data["bars"]:
        raise ValueError("a tune without bars")
    return Tune(
        title=_text(data["title"]),
        key=None if key is None else _number(key, -127, 127),
        instrument=_instrument_from_json(data["instrument"]),
        tempos=tuple(_tempo_from_json(tempo) for tempo in data["tempos"]),
        bars=tuple(_bar_from_json(bar) for bar in data["bars"]),
        accompaniment=tuple(
            Part(
                _instrument_from_json(part["instrument"]),
                tuple(_note_from_json(note) for note in part["notes"]),
            )
            for part in data["accompaniment"]
        ),
    )


def _bar_from_json(data: dict[str, Json]) -> Bar:
    beats, unit = data["meter"]
    meter, length = Meter(_number(beats, 1, 255), _number(unit, 1, 256)), _time(data["length"])
    changes = tuple(_change_from_json(change) for change in data["changes"])
    if not 0 < length <= LONGEST_BAR or not changes or changes[0].onset != 0:
        raise ValueError(f"a bar of {length} quarters with {len(changes)} chords")
    return Bar(meter, length, tuple(_note_from_json(note) for note in data["melody"]), changes)


def _change_from_json(data: list[Json]) -> Change:
    onset, root, intervals, bass, sounding = data
    tones = tuple(_number(interval, 0, 11) for interval in intervals)
    return Change(
        _time(onset), Chord(_number(root, 0, 11), tones, _number(bass, 0, 11)), bool(sounding)
    )


def _tempo_from_json(data: list[Json]) -> Tempo:
    onset, bpm = data
    if not 0 < bpm < math.inf:
        raise ValueError(f"a tempo of {bpm}")
    return Tempo(_time(onset), bpm)


def _instrument_from_json(data: list[Json]) -> Instrument:
    name, program = data
    return Instrument(_text(name), _number(program, 0, 127))


def _note_to_json(note: Note) -> list[Json]:
    return [note.pitch, str(note.onset), str(note.duration), note.velocity, int(note.tied)]


def _note_from_json(data: list[Json]) -> Note:
    pitch, onset, duration, velocity, tied = data
    return Note(
        _number(pitch, 0, 127), _time(onset), _time(duration), _number(velocity, 0, 127), bool(tied)
    )


@lru_cache(maxsize=4096)
def _time(text: str) -> Fraction:
    """`3` or `3/2`; `Fraction` itself would make a number of a billion digits of a short text."""
    if not _TIME.fullmatch(text):
        raise ValueError(f"{text!r:.40} for a time")
    return Fraction(text)


def _number(value: Json, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{value!r:.40} for a number from {least} to {most}")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} for a text")
    return value

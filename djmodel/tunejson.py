"""A tune <-> JSON values, for model files and caches. Fractions are written as text: `3/2`."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from djmodel.harmony import Chord
from djmodel.tune import Bar, Change, Instrument, Meter, Note, Part, Tempo, Tune

Json = Any


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
    return Tune(
        title=data["title"],
        key=data["key"],
        instrument=Instrument(*data["instrument"]),
        tempos=tuple(Tempo(Fraction(onset), bpm) for onset, bpm in data["tempos"]),
        bars=tuple(
            Bar(
                Meter(*bar["meter"]),
                Fraction(bar["length"]),
                tuple(_note_from_json(note) for note in bar["melody"]),
                tuple(
                    Change(Fraction(onset), Chord(root, tuple(intervals), bass), sounding)
                    for onset, root, intervals, bass, sounding in bar["changes"]
                ),
            )
            for bar in data["bars"]
        ),
        accompaniment=tuple(
            Part(
                Instrument(*part["instrument"]),
                tuple(_note_from_json(note) for note in part["notes"]),
            )
            for part in data["accompaniment"]
        ),
    )


def _note_to_json(note: Note) -> list[Json]:
    return [note.pitch, str(note.onset), str(note.duration), note.velocity, int(note.tied)]


def _note_from_json(data: list[Json]) -> Note:
    pitch, onset, duration, velocity, tied = data
    return Note(pitch, Fraction(onset), Fraction(duration), velocity, bool(tied))

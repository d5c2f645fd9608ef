"""Tunes and performances as the events of the protocol: bars, notes, parts, choruses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from djmodel.app.messages import number
from djmodel.music.chord import Kind, kind_of
from djmodel.music.chord_symbol import chord_symbol, engraved
from djmodel.music.instruments import DRUMS, JAZZ_KIT, family
from djmodel.music.key import key_signature
from djmodel.music.tune import Bar, Note, Tune
from djmodel.outputs.performance.feel import Clock
from djmodel.outputs.performance.perform import Performance, PerformedNote
from djmodel.values.value import Value

Json = dict[str, Any]
_CLICK, _CLICK_VELOCITY, _ACCENT = Fraction(1, 4), 84, 8


def bars_json(tune: Tune) -> list[Json]:
    """The bars of a tune, their beats, chords and sections."""
    key = key_signature(tune)
    sections = {section.bar: section.name for section in tune.sections}
    return [
        {
            "meter": str(bar.meter),
            "onset": number(start),
            "length": number(bar.length),
            "beats": [number(beat) for beat in bar.meter.beat_onsets(bar.length)],
            "section": sections.get(index, ""),
            "chords": list(_chords_json(bar, key)),
        }
        for index, (bar, start) in enumerate(zip(tune.bars, tune.starts, strict=False))
    ]


def _chords_json(bar: Bar, key: int) -> Iterator[Json]:
    for change in bar.changes:
        symbol = chord_symbol(change.chord, key) if change.sounding else "N.C."
        yield {
            "onset": number(change.onset),
            "symbol": symbol,
            "engraved": engraved(symbol),
            "sounding": change.sounding,
        }


def sections_json(tune: Tune) -> list[Json]:
    """The sections of a tune."""
    return [{"bar": section.bar, "name": section.name} for section in tune.sections]


def melody_json(notes: Iterable[Note], start: Fraction = Fraction(0)) -> list[list[float]]:
    """Notes of a melody as a request has them; times from `start` on."""
    return [[number(note.onset - start), number(note.duration), note.pitch] for note in notes]


def values_json(values: Iterable[Sequence[Value]]) -> list[list[str]]:
    """The values of each bar as text."""
    return [[str(value) for value in bar] for bar in values]


def kind_at(tune: Tune, note: Note) -> Kind:
    """The kind of tone that a melody note is when it begins; its onset counts from the start of
    the tune."""
    index = min(bisect_right(tune.starts, note.onset), len(tune.bars)) - 1
    return kind_of(note.pitch, tune.bars[index].chord_at(note.onset - tune.starts[index]))


class Events:
    """The events of a performance, cut where its choruses or turns begin. Times of the score count
    from its start, without the count-in."""

    def __init__(self, performance: Performance) -> None:
        self.performance = performance
        self.score, self.clock = performance.score, Clock(performance.played.tempos)
        self.wait = performance.played.length - performance.score.length

    def count_in(self) -> Json | None:
        """The clicks before the score."""
        if not self.wait:
            return None
        clicks = [
            {
                "start": number(self._quarters(performed.onset) + self.wait),
                "end": number(self._quarters(performed.end) + self.wait),
                "pitch": performed.pitch,
                "velocity": performed.velocity,
            }
            for number_, part in enumerate(self.performance.parts)
            if part.drums
            for written, performed in self.pairs(number_)
            if written.onset < 0
        ]
        return {"length": number(self.wait), "notes": clicks}

    def section(self, first: int, last: int, *, band: bool = True) -> Json:
        """Bars `first` up to `last`, exclusive: bars, parts, and the melody as it is written."""
        tune = replace(self.score, accompaniment=()).excerpt(first + 1, last)
        start, end = self.score.starts[first], self.score.starts[last]
        parts = [self._part(0, "melody", start, end)]
        if band:
            for index, part in enumerate(self.performance.parts[1:], start=1):
                is_bass = family(part.instrument.program) == "bass"
                name = "drums" if part.drums else "bass" if is_bass else "chords"
                parts.append(self._part(index, name, start, end))
            parts.append(_metronome(tune))
        return {
            "length": number(end - start),
            "bars": bars_json(tune),
            "sections": sections_json(tune),
            "parts": parts,
            "melody": [[n["onset"], n["duration"], n["pitch"]] for n in parts[0]["notes"]],
        }

    def _part(self, index: int, name: str, start: Fraction, end: Fraction) -> Json:
        part = self.performance.parts[index]
        notes = []
        for written, performed in self.pairs(index):
            if index == 0 and written.onset < start < written.end:  # it is held: it begins again
                duration = written.end - start
                written = replace(written, onset=start, duration=duration)
                held = self.clock.seconds(start + self.wait)
                performed = performed._replace(onset=held, end=max(performed.end, held + 0.02))
            if not start <= written.onset < end:
                continue
            note = self.note(written, performed, start)
            if index == 0:
                note["kind"] = kind_at(self.score, written)
            notes.append(note)
        return {
            "name": name,
            "instrument": part.instrument.name,
            "program": part.instrument.program,
            "drums": part.drums,
            "notes": notes,
        }

    def note(self, written: Note, performed: PerformedNote, start: Fraction) -> Json:
        """A note with its times from `start` on."""
        return {
            "onset": number(written.onset - start),
            "duration": number(written.duration),
            "start": number(self._quarters(performed.onset) - float(start)),
            "end": number(self._quarters(performed.end) - float(start)),
            "pitch": performed.pitch,
            "velocity": performed.velocity,
        }

    def pairs(self, index: int) -> Iterator[tuple[Note, PerformedNote]]:
        """The notes of a part as written, with times of the score, and as performed."""
        written, performed = self.performance.written[index], self.performance.parts[index].notes
        for note, sounding in zip(written, performed, strict=True):
            yield (replace(note, onset=note.onset - self.wait) if self.wait else note), sounding

    def _quarters(self, seconds: float) -> float:
        return self.clock.quarters(seconds) - float(self.wait)


def _metronome(tune: Tune) -> Json:
    """A click on each beat."""
    clicks = [
        {
            "onset": number(start + beat),
            "duration": number(_CLICK),
            "start": number(start + beat),
            "end": number(start + beat + _CLICK),
            "pitch": DRUMS["side stick"],
            "velocity": _CLICK_VELOCITY + _ACCENT * (beat == 0),
        }
        for bar, start in zip(tune.bars, tune.starts, strict=False)
        for beat in bar.meter.beat_onsets(bar.length)
    ]
    program = JAZZ_KIT.program
    return {
        "name": "metronome",
        "instrument": "Metronome",
        "program": program,
        "drums": True,
        "notes": clicks,
    }

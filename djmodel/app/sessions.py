"""A session as files: its choruses and trades on one timeline, as they sounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import msgspec

from djmodel.app.events import Events
from djmodel.app.melodies import FINGERS, check_notes, with_melody
from djmodel.app.messages import (
    ExportRequest,
    RequestError,
    SessionChorus,
    Trade,
    config_of,
    exact,
    melody_notes,
)
from djmodel.app.solos import chorus, looped_changes
from djmodel.inputs.limits import DEFAULT
from djmodel.model.model_file import DjModel
from djmodel.music.tune import Bar, Note, Part, Section, Tempo, Tune
from djmodel.outputs.performance.feel import Clock
from djmodel.outputs.performance.perform import (
    Performance,
    PerformedNote,
    PerformedPart,
    perform,
)

MAX_BARS = 4_000  # of a session that is written
MAX_NOTES = DEFAULT.max_notes  # that are read again
_SHORTEST = 0.02  # seconds of a note that was played
MEDIA_TYPES: Mapping[str, tuple[str, str]] = {
    "midi": ("audio/midi", ".mid"),
    "musicxml": ("application/vnd.recordare.musicxml+xml", ".musicxml"),
    "wav": ("audio/wav", ".wav"),
    "html": ("text/html; charset=utf-8", ".html"),
}
"""By format, the media type and the suffix."""

Timed = tuple[Note, PerformedNote]


def export(
    request: ExportRequest, models: Callable[[SessionChorus], DjModel], kind: str, font: Path | None
) -> bytes:
    """The content of the file of a session. Raises InputError."""
    if kind not in MEDIA_TYPES:
        message = f"format must be {', '.join(MEDIA_TYPES)}, not '{kind:.20}'"
        raise RequestError(message, field="format")
    performance = joined(request, models)
    tune = performance.score
    if kind == "midi":
        from djmodel.outputs.midi import performance_bytes

        return performance_bytes(performance)
    if kind == "musicxml":
        from djmodel.outputs.notation.musicxml import musicxml
        from djmodel.outputs.notation.written_part import written_part

        return musicxml(written_part(tune)).encode("utf-8")
    if kind == "wav":
        from djmodel.outputs.audio import render

        return render(performance, font).wav()
    from djmodel.outputs.page import PageItem, page

    item = PageItem(tune, performance=performance)
    return page([item], _facts(request), title=tune.title, soundfont=font).encode("utf-8")


def _facts(request: ExportRequest) -> dict[str, str]:
    """The settings of each chorus that it does not share with the one before."""
    facts: dict[str, str] = {}
    before: dict[str, str] = {}
    for number, played in enumerate(request.choruses, start=1):
        asked = msgspec.structs.asdict(played.settings)
        settings = {name: str(value) for name, value in asked.items() if value is not None}
        changed = {name: value for name, value in settings.items() if before.get(name) != value}
        facts[f"chorus {number}"] = ", ".join(f"{name} {value}" for name, value in changed.items())
        before = settings
    return {name: text for name, text in facts.items() if text}


@dataclass
class _Timeline:
    """The bars of a session and all notes on them, with times from its start: those of the melody
    as `written` and as `sounding`, and both of the band, by instrument."""

    bars: list[Bar] = field(default_factory=list)
    tempos: list[Tempo] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    choruses: list[int] = field(default_factory=list)
    written: list[Note] = field(default_factory=list)
    sounding: list[PerformedNote] = field(default_factory=list)
    parts: dict[PerformedPart, list[Timed]] = field(default_factory=dict)
    length: Fraction = Fraction(0)
    seconds: float = 0.0

    @property
    def n_notes(self) -> int:
        """Of all that sounds."""
        return len(self.sounding) + sum(map(len, self.parts.values()))


def joined(request: ExportRequest, models: Callable[[SessionChorus], DjModel]) -> Performance:
    """The performance of a whole session. Raises InputError."""
    n_bars = 0
    for played in request.choruses:
        bars = looped_changes(models(played), config_of(played)).bars
        _check_trades(played.trades, max(bar.length for bar in bars))
        n_bars += len(bars)
    if n_bars > MAX_BARS:
        message = f"the session has {n_bars:,} bars, more than {MAX_BARS:,}"
        raise RequestError(message, field="choruses", hint="write a part of it")
    line = _Timeline()
    first: Tune | None = None
    for played in request.choruses:
        asked = played if played.melody is not None else msgspec.structs.replace(played, melody=[])
        performance, _, form = chorus(models(played), asked)
        start = form if played.before is not None else 0
        first = first or performance.score
        _append(line, performance, start, played)
        if line.n_notes > MAX_NOTES:
            message = f"the session has more than {MAX_NOTES:,} notes"
            raise RequestError(message, field="choruses", hint="write a part of it")
    assert first is not None
    tune = replace(
        first,
        title=request.title or first.title,
        bars=tuple(line.bars),
        tempos=tuple(line.tempos),
        sections=tuple(line.sections),
        choruses=tuple(line.choruses),
        accompaniment=tuple(
            Part(key.instrument, tuple(note for note, _ in notes), key.drums)
            for key, notes in line.parts.items()
        ),
    )
    tune = with_melody(tune, _one_line(line.written, line.length))
    sounding = sorted(note for note in line.sounding if note.onset < line.seconds)
    parts = [PerformedPart(tune.instrument, tuple(sounding))]
    parts += [
        key._replace(notes=tuple(note for _, note in notes)) for key, notes in line.parts.items()
    ]
    return Performance(tune, tune, tuple(parts))


def _check_trades(trades: Sequence[Trade], bar: Fraction) -> None:
    """Raises RequestError for more notes than a trade over bars of at most the length `bar` has."""
    for trade in trades:
        check_notes(trade.melody, trade.bars * bar, "trades")
        check_notes(trade.notes or (), trade.bars * bar, "trades", together=FINGERS)


def _append(line: _Timeline, performance: Performance, start: int, played: SessionChorus) -> None:
    """Adds the bars of a performance from `start` on, and what sounds in them."""
    score = performance.score
    begin, clock = score.starts[start], Clock(score.tempos)
    at = line.length - begin
    later = line.seconds - clock.seconds(begin)
    wait = performance.count_in_seconds

    def moved(note: PerformedNote, wait: float = 0.0) -> PerformedNote:
        """A note, performed after a count-in of `wait` seconds, on the timeline."""
        shift = later - wait
        return note._replace(onset=note.onset + shift, end=note.end + shift)

    for index, part in enumerate(performance.parts):
        notes = [
            (replace(note, onset=note.onset + at), moved(sounding, wait))
            for note, sounding in Events(performance).pairs(index)
            if note.onset >= begin
        ]
        if index == 0:
            line.written += [note for note, _ in notes]
            line.sounding += [sounding for _, sounding in notes]
        elif notes:
            line.parts.setdefault(part._replace(notes=()), []).extend(notes)
    for trade in played.trades:
        bar = start + trade.bar
        if bar < len(score.bars):
            shift = line.length + score.starts[bar] - begin
            melody = melody_notes(trade.melody)
            line.written += [replace(note, onset=note.onset + shift) for note in melody]
            line.sounding += map(moved, _traded(trade, melody, score, bar))
    bars, bpm = len(line.bars), score.tempos[0].bpm
    if not line.tempos or line.tempos[-1].bpm != bpm:
        line.tempos.append(Tempo(line.length, bpm))
    line.choruses.append(bars)
    line.sections += [
        Section(section.bar - start + bars, section.name)
        for section in score.sections
        if section.bar >= start
    ]
    line.bars += [replace(bar, melody=()) for bar in score.bars[start:]]
    line.length += score.length - begin
    line.seconds += clock.seconds(score.length) - clock.seconds(begin)


def _traded(trade: Trade, melody: Sequence[Note], score: Tune, bar: int) -> list[PerformedNote]:
    """The notes of a trade from the bar with index `bar` on, in seconds from the start of `score`:
    as they were played, chords and all, or else its melody by rule."""
    begin, clock = score.starts[bar], Clock(score.tempos)
    if trade.notes is None:
        placed = [replace(note, onset=note.onset + begin) for note in melody]
        alone = with_melody(replace(score, accompaniment=()), placed)
        return [*perform(alone, rng=trade.seed).parts[0].notes]
    performed = []
    for note in trade.notes:
        onset = max(clock.seconds(begin + exact(note.start)), 0.0)
        end = onset if note.end is None else clock.seconds(begin + exact(note.end))
        end = max(end, onset + _SHORTEST)
        performed.append(PerformedNote(onset, end, note.pitch, note.velocity))
    return performed


def _one_line(melody: Sequence[Note], length: Fraction) -> list[Note]:
    """The notes in the order of onsets, each cut where the next begins; one for each onset."""
    by_onset = {note.onset: note for note in melody if note.onset < length}
    line = [by_onset[onset] for onset in sorted(by_onset)]
    cut = [
        replace(note, duration=min(note.end, following.onset) - note.onset)
        for note, following in pairwise(line)
    ]
    return [*cut, *line[-1:]]

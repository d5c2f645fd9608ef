"""A tune: one line of melody over chord changes, bar by bar, with the accompaniment it came with.

Plain data that every other stage reads or makes. Time is in quarter lengths, as `Fraction`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, ClassVar, NamedTuple

from djmodel.music.chord import Chord
from djmodel.music.meter import Meter
from seqmodel.settings import Count, Setting, SettingError, checked
from seqmodel.text import pluralize

MAX_BARS = 10_000  # of a tune: several hours
BarRange = tuple[int, int]
"""The first and the last bar, counted from 1, both included."""
DEFAULT_VELOCITY = 80  # MIDI: of a note whose loudness is not known
MIN_TEMPO, MAX_TEMPO = 1, 60_000_000  # quarter notes per minute; MIDI has none that is faster
Bpm = Annotated[float, Setting("Quarter notes per minute.", minimum=MIN_TEMPO, maximum=MAX_TEMPO)]


class Tempo(NamedTuple):
    """Quarter notes per minute, from `onset` on (quarter lengths from the start of the tune)."""

    onset: Fraction
    bpm: float


@dataclass(frozen=True, slots=True)
class Note:
    """A note. `onset` counts from the start of what holds it: the bar for a melody note, the tune
    for a note of a part. `tied`: it continues the last note of the bar before."""

    pitch: int  # MIDI number, 0 to 127
    onset: Fraction
    duration: Fraction
    velocity: int = DEFAULT_VELOCITY
    tied: bool = False

    @property
    def end(self) -> Fraction:
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Change:
    """From `onset` in the bar on, `chord` is the harmony. Not `sounding`: the accompaniment rests
    (N.C.), while the melody is still over the chord that held."""

    onset: Fraction
    chord: Chord
    sounding: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `length` differs from the meter's only for a pick-up or a cut bar. `melody` is one
    line, sorted, without overlap; `changes` is sorted and begins at onset 0."""

    meter: Meter
    length: Fraction
    melody: tuple[Note, ...]
    changes: tuple[Change, ...]

    def chord_at(self, onset: Fraction) -> Chord:
        """The chord that holds at `onset`, in quarter lengths from the start of the bar."""
        later = (c.chord for c in reversed(self.changes[1:]) if c.onset <= onset)
        return next(later, self.changes[0].chord)


class ChordSpan(NamedTuple):
    """A sounding chord from `onset` to `end`, in quarter lengths from the start of the tune."""

    onset: Fraction
    end: Fraction
    chord: Chord


@dataclass(frozen=True, slots=True)
class Instrument:
    """A name and a General MIDI program number, 0 to 127."""

    name: str = "Piano"
    program: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Notes played on one instrument; their onsets count from the start of the tune. Of `drums`,
    pitches are the sounds of General MIDI percussion, and the program is the drum kit."""

    instrument: Instrument
    notes: tuple[Note, ...]
    drums: bool = False


class Section(NamedTuple):
    """A section of the form, such as `A1`, that begins at the bar with index `bar`, from 0."""

    bar: int
    name: str


@dataclass(frozen=True)
class Tune:
    """A melody over changes, and the `accompaniment` that plays them (none: the changes are to be
    played as written). `key` counts sharps (positive) or flats (negative); None where not known.

    What is known of a performance, else empty: `performer`, `style` (bebop), `feel` (swing, latin,
    funk, ballad, twobeat), `phrases` (onsets of the first notes of phrases, quarter lengths from
    the start of the tune), `sections` of the form, and `choruses` (indices, from 0, of the bars at
    which choruses begin). All three are in rising order. `composer` is that of the tune. A solo
    that a model improvised is `generated`: in the manner of the `performer`, not by them."""

    MADE_BY: ClassVar[str] = (
        "djmodel.read_tune reads one, djmodel.parse_changes makes one of changes"
    )

    title: str
    bars: tuple[Bar, ...]
    tempos: tuple[Tempo, ...] = (Tempo(Fraction(0), 120.0),)
    instrument: Instrument = field(default_factory=Instrument)
    accompaniment: tuple[Part, ...] = ()
    key: int | None = None
    performer: str = ""
    style: str = ""
    feel: str = ""
    phrases: tuple[Fraction, ...] = ()
    sections: tuple[Section, ...] = ()
    choruses: tuple[int, ...] = ()
    composer: str = ""
    generated: bool = False

    @cached_property
    def starts(self) -> tuple[Fraction, ...]:
        """Onsets of the bars, and the end of the last one: `len(bars) + 1` numbers."""
        starts = [Fraction(0)]
        for bar in self.bars:
            starts.append(starts[-1] + bar.length)
        return tuple(starts)

    @property
    def length(self) -> Fraction:
        return sum((bar.length for bar in self.bars), Fraction(0))

    @property
    def has_pickup(self) -> bool:
        """True if the first bar is shorter than its meter, and others follow."""
        return len(self.bars) > 1 and self.bars[0].length < self.bars[0].meter.length

    def melody_notes(self) -> tuple[Note, ...]:
        """The melody from the start of the tune, tied notes joined."""
        return self._melody_notes

    @cached_property
    def _melody_notes(self) -> tuple[Note, ...]:
        notes: list[Note] = []
        for bar, start in zip(self.bars, self.starts, strict=False):
            for note in bar.melody:
                before = notes[-1] if notes else None
                onset = start + note.onset
                if note.tied and before and before.pitch == note.pitch and before.end == onset:
                    notes[-1] = replace(before, duration=before.duration + note.duration)
                else:
                    notes.append(Note(note.pitch, onset, note.duration, note.velocity))
        return tuple(notes)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 (IPython's protocol)
        """One line, where IPython would print every note."""
        printer.text(f"Tune({self.title!r}, {pluralize(len(self.bars), 'bar')})")

    def chord_spans(self) -> tuple[ChordSpan, ...]:
        """The sounding chords, each within its bar."""
        spans = []
        for bar, start in zip(self.bars, self.starts, strict=False):
            ends = [change.onset for change in bar.changes[1:]] + [bar.length]
            for change, end in zip(bar.changes, ends, strict=True):
                if change.sounding and end > change.onset:
                    spans.append(ChordSpan(start + change.onset, start + end, change.chord))
        return tuple(spans)

    @checked
    def excerpt(self, first: int, last: int) -> Tune:
        """Bars `first` to `last`, counted from 1, both included. Accompaniment notes are kept if
        they begin in the excerpt, and cut at its end; phrases and choruses are kept if they begin
        in it. The section that holds at its start begins with it. Raises SettingError for bars that
        are not there."""
        if not 1 <= first <= last <= len(self.bars):
            n_bars = pluralize(len(self.bars), "bar")
            raise SettingError(f"bars {first} to {last} are not in a tune of {n_bars}", "bars")
        start, end = self.starts[first - 1], self.starts[last]

        def within(notes: tuple[Note, ...]) -> tuple[Note, ...]:
            return tuple(
                replace(n, onset=n.onset - start, duration=min(n.end, end) - n.onset)
                for n in notes
                if start <= n.onset < end
            )

        before = [tempo for tempo in self.tempos if tempo.onset <= start][-1:]
        later = [tempo for tempo in self.tempos if start < tempo.onset < end]
        tempos = [Tempo(max(t.onset - start, Fraction(0)), t.bpm) for t in before + later]
        held = [section for section in self.sections if section.bar < first][-1:]
        begun = [section for section in self.sections if first <= section.bar < last]
        return replace(
            self,
            bars=self.bars[first - 1 : last],
            accompaniment=tuple(replace(p, notes=within(p.notes)) for p in self.accompaniment),
            tempos=tuple(tempos) or self.tempos[:1],
            phrases=tuple(onset - start for onset in self.phrases if start <= onset < end),
            sections=tuple(Section(max(s.bar - first + 1, 0), s.name) for s in held + begun),
            choruses=tuple(bar - first + 1 for bar in self.choruses if first <= bar + 1 <= last),
        )

    @checked
    def at_tempo(self, bpm: Bpm | None) -> Tune:
        """The tune at one tempo throughout; None leaves it as it is."""
        return self if bpm is None else replace(self, tempos=(Tempo(Fraction(0), bpm),))

    @checked
    def repeated(self, times: Count) -> Tune:
        """The tune `times` times, one after the other."""
        turns = [turn * self.length for turn in range(times)]
        parts = (
            replace(p, notes=tuple(replace(n, onset=n.onset + t) for t in turns for n in p.notes))
            for p in self.accompaniment
        )
        bars = [turn * len(self.bars) for turn in range(times)]
        return replace(
            self,
            bars=self.bars * times,
            accompaniment=tuple(parts),
            tempos=tuple(Tempo(t.onset + turn, t.bpm) for turn in turns for t in self.tempos),
            phrases=tuple(onset + turn for turn in turns for onset in self.phrases),
            sections=tuple(Section(s.bar + bar, s.name) for bar in bars for s in self.sections),
            choruses=tuple(chorus + bar for bar in bars for chorus in self.choruses),
        )

    @checked
    def with_melody(self, notes: Sequence[Note]) -> Tune:
        """The tune with another melody: `notes` in the order of onsets, which count from its start
        and do not overlap. What lasts beyond its end is cut; a note held over a bar line is tied.

        >>> from djmodel.music.changes import parse_changes
        >>> long = [Note(60, Fraction(3), Fraction(2))]
        >>> [len(bar.melody) for bar in parse_changes("C | G7").with_melody(long).bars]
        [1, 1]
        """
        bars: list[Bar] = []
        waiting = 0
        for bar, start in zip(self.bars, self.starts, strict=False):
            end, melody = start + bar.length, []
            while waiting < len(notes) and notes[waiting].onset < end:
                note = notes[waiting]
                onset = max(note.onset, start)
                if note.end > onset:
                    duration, tied = min(note.end, end) - onset, note.onset < start
                    melody.append(replace(note, onset=onset - start, duration=duration, tied=tied))
                if note.end > end:
                    break
                waiting += 1
            bars.append(replace(bar, melody=tuple(melody)))
        return replace(self, bars=tuple(bars))

    def transposed(self, semitones: int, key: int | None = None) -> Tune:
        """The same tune `semitones` higher, in `key` (a number of sharps or flats), if its own is
        known; without it in that of two equal keys which has fewer accidentals. Chord symbols move
        along with the key."""
        fifths: int | None = None
        if self.key is not None:
            key = (self.key + 7 * semitones + 6) % 12 - 6 if key is None else key
            fifths = key - self.key

        def moved(notes: tuple[Note, ...]) -> tuple[Note, ...]:
            return tuple(replace(n, pitch=n.pitch + semitones) for n in notes)

        def moved_bar(bar: Bar) -> Bar:
            changes = tuple(
                replace(c, chord=c.chord.transposed(semitones, fifths, key)) for c in bar.changes
            )
            return replace(bar, melody=moved(bar.melody), changes=changes)

        parts = tuple(
            part if part.drums else replace(part, notes=moved(part.notes))
            for part in self.accompaniment
        )
        return replace(self, bars=tuple(map(moved_bar, self.bars)), accompaniment=parts, key=key)


def parse_bars(text: str | int | None) -> BarRange | None:
    """Bars written as `FROM:TO`, or as a number N for the first N. Raises SettingError for any
    other text.

    >>> parse_bars("120:137"), parse_bars("16"), parse_bars(16)
    ((120, 137), (1, 16), (1, 16))
    """
    if text is None:
        return None
    first, colon, last = str(text).replace("-", ":").partition(":")
    numbers = (first, last) if colon else ("1", first)
    if not all(re.fullmatch(r"\s*\d{1,9}\s*", number) for number in numbers):
        message = f"bars must be a number, or FROM:TO such as 9:16, not '{text:.40}'"
        raise SettingError(message, "bars")
    return int(numbers[0]), int(numbers[1])

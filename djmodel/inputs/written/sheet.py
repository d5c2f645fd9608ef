"""Written sheet music: parts with their bars, as they stand in the text. Repeats are marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from djmodel.inputs.written.marks import BarMarks
from djmodel.music.chord import Chord
from djmodel.music.meter import Meter

TICKS_PER_QUARTER = 10080  # divisible by almost every written duration
MAX_SEMITONES = 48  # of a transposition


class UncoveredError(Exception):
    """Notation that this reader does not know; the message says which."""


class WrittenNote(NamedTuple):
    """A note that sounds. `onset` counts ticks from the start of the bar; `pitch` is the MIDI
    number as it sounds."""

    onset: int
    duration: int
    pitch: int
    velocity: int
    tie_stops: bool
    tie_starts: bool
    staff: int = 1


@dataclass(slots=True)
class WrittenBar:
    """A bar of one part. `length`: ticks of its notes and rests; `has_notes`: not only rests, of
    which a bar may have one of any length; `meter` and `key`: those that begin with it, the key as
    it sounds; `symbols`, `tempos`: pairs of onset and value; `syllables`: onsets of a sung text;
    `marks`: None for a bar without any; `dropped`: number of notes without length, or beyond all
    instruments; `unread`: number of chord symbols that name no chord."""

    length: int = 0
    has_notes: bool = False
    meter: Meter | None = None
    key: int | None = None
    notes: list[WrittenNote] = field(default_factory=list)
    symbols: list[tuple[int, Chord | None]] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    syllables: list[int] = field(default_factory=list)
    marks: BarMarks | None = None
    dropped: int = 0
    unread: int = 0

    def marked(self) -> BarMarks:
        """The marks of the bar, to be added to."""
        self.marks = self.marks or BarMarks()
        return self.marks

    @property
    def size(self) -> int:
        """The number of events that are played."""
        return len(self.notes) + len(self.symbols) + len(self.tempos)


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A part as the list of parts describes it. `program`: of General MIDI; `drums`: ids of
    instruments without pitch, with their MIDI numbers."""

    name: str = ""
    program: int = 0
    is_drum_kit: bool = False
    drums: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class WrittenPart:
    """A part. `drum_staves`: the numbers of its staves with notes of a drum kit."""

    facts: PartFacts
    bars: list[WrittenBar] = field(default_factory=list)
    drum_staves: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Sheet:
    title: str = ""
    composer: str = ""
    parts: list[WrittenPart] = field(default_factory=list)

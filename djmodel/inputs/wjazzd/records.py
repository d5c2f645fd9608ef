"""A solo of the Weimar Jazz Database as it is stored: what is known of it, its beats and its notes.

The database (Pfleiderer, Frieler, Abeßer, Zaddach and Burkhart, *Inside the Jazzomat*, 2017) places
each note in its bar, on its beat and on one of the equal divisions of that beat.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from seqmodel.errors import CorpusError

# The database's licence asks for it wherever a work made from it is shown.
NOTICE = (
    "Contains information from the Weimar Jazz Database (WJazzD), which is made available here "
    "under the Open Database License (ODbL)."
)
SOUNDING_UNITS = 100  # of a beat, in which sounding durations are counted
LOUDNESS_UNITS = 10  # of a decibel
MAX_BEATS, MAX_DIVISION = 100_000, 96
_MAX_SOUNDING = 100_000  # a thousand beats

Text = Annotated[str, Meta(max_length=200)]
_Count = Annotated[int, Meta(ge=1, le=MAX_DIVISION)]
_BarNumber = Annotated[int, Meta(ge=-100_000, le=100_000)]
_Seconds = Annotated[float, Meta(ge=0, le=100_000)]
Row = TypeVar("Row")


class SoloInfo(NamedTuple):
    """`id` is the player and the title (`CharlieParker_DonnaLee`), `tempo` in beats per minute.
    `instrument` (`as`), `style` (`BEBOP`), `feel` (`SWING`) and `key` (`Ab-maj`) are the names of
    the database."""

    id: Text
    performer: Text
    title: Text
    instrument: Text
    style: Text
    tempo: Annotated[float, Meta(ge=4, le=1000)]
    feel: Text
    key: Text


class BeatRow(NamedTuple):
    """A beat. Bars up to 0 come before the first chorus, beats count from 1. `chord`, `form` and
    `signature` are those that hold on the beat; `chord` is `NC` where there is none. `chorus`
    counts from 1; lower numbers are not a chorus."""

    bar: _BarNumber
    beat: _Count
    signature: Text
    chord: Text
    form: Text
    chorus: _BarNumber


class NoteRow(NamedTuple):
    """A note that begins at `tatum`, from 1, of `division` equal parts of the beat with the index
    `beat`. `sounding`: how long it sounds, in hundredths of the beat. `loudness`: the median of the
    note, in tenths of a decibel; None if not measured."""

    beat: Annotated[int, Meta(ge=0, lt=MAX_BEATS)]
    tatum: _Count
    division: _Count
    pitch: Annotated[int, Meta(ge=0, le=127)]
    sounding: Annotated[int, Meta(ge=0, le=_MAX_SOUNDING)]
    loudness: Annotated[int, Meta(ge=-10_000, le=10_000)] | None


class TableNote(NamedTuple):
    """A note as the tables of the database have it; `duration` and `beat_duration` in seconds,
    `loudness` in decibels. `pitch` is a whole number, stored as a float."""

    bar: _BarNumber
    beat: _Count
    tatum: _Count
    division: _Count
    pitch: Annotated[float, Meta(ge=0, le=127, multiple_of=1)]
    duration: _Seconds
    beat_duration: Annotated[float, Meta(gt=0, le=100_000)]
    loudness: Annotated[float, Meta(ge=-1_000, le=1_000)] | None


@dataclass(frozen=True, slots=True)
class Solo:
    """A stored solo. `phrases`: indices of the notes at which phrases begin, rising."""

    info: SoloInfo
    beats: Sequence[BeatRow]
    notes: Sequence[NoteRow]
    phrases: Sequence[int]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A solo whose rows cannot be used, and the reason."""

    info: SoloInfo
    reason: str


def rows_of(kind: type[Row], rows: Sequence[Sequence[object]], what: str) -> list[Row]:
    """Rows of a table, checked; numbers may be text. Raises CorpusError, which names the column.
    `what`: the rows, in the plural."""
    try:
        return msgspec.convert(rows, list[kind], strict=False)  # type: ignore[valid-type]
    except msgspec.ValidationError as error:
        raise CorpusError(f"the {what} of the solo are damaged ({error})") from error


def placed_notes(table: Iterable[TableNote], beats: Sequence[BeatRow]) -> list[NoteRow]:
    """Notes of the tables with the indices of their beats, and their durations in beats. Raises
    CorpusError for a note on a beat that the solo does not have."""
    index = {(row.bar, row.beat): number for number, row in enumerate(beats)}
    notes = []
    for note in table:
        beat = index.get((note.bar, note.beat))
        if beat is None:
            raise CorpusError(f"a note stands on beat {note.beat} of bar {note.bar}, not in beats")
        sounding = note.duration / note.beat_duration * SOUNDING_UNITS
        loudness = None if note.loudness is None else round(note.loudness * LOUDNESS_UNITS)
        notes.append(
            NoteRow(
                beat,
                note.tatum,
                note.division,
                int(note.pitch),
                round(min(sounding, _MAX_SOUNDING)),
                loudness,
            )
        )
    return notes


def check_solo(solo: Solo) -> None:
    """Raises CorpusError for a solo without notes or beats, for beats out of order, and for notes
    outside their beat."""
    if not solo.notes or not solo.beats:
        missing = "notes" if solo.beats else "beats"
        raise CorpusError(f"the solo has no {missing}")
    for before, row in pairwise(solo.beats):
        follows = (row.bar, row.beat) == (before.bar, before.beat + 1)
        if not follows and (row.bar, row.beat) != (before.bar + 1, 1):
            place = f"bar {row.bar}, beat {row.beat}"
            raise CorpusError(f"{place} follows bar {before.bar}, beat {before.beat}")
    for note in solo.notes:
        if note.tatum > note.division or note.beat >= len(solo.beats):
            raise CorpusError(f"a note stands on tatum {note.tatum} of {note.division}")
    if any(not before < start for before, start in pairwise([-1, *solo.phrases])) or (
        solo.phrases and solo.phrases[-1] >= len(solo.notes)
    ):
        raise CorpusError("the phrases of the solo are out of order")

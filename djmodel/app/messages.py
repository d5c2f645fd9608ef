"""Requests of the page: their fields and bounds, decoded and checked before anything is done.

All of docs/protocol.md that is sent to the server is here. Times are quarter lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

import msgspec

from djmodel.config import MAX_PRIMER, GenerationConfig
from djmodel.music.accompaniment.styles import STYLES
from djmodel.music.charts.ireal.links import has_link
from djmodel.music.tune import DEFAULT_VELOCITY, Note
from djmodel.values.conditioning import TICKS_PER_QUARTER
from seqmodel.errors import InputError
from seqmodel.settings import SettingError, fields_of, with_settings

PROTOCOL = 1
MAX_BARS = 256  # that one request plays
MAX_TRADE = 16  # bars that a player or the soloist plays in one turn
MAX_QUARTERS = 20_000  # of a time: more than any request plays
MAX_NOTES = 20_000  # of a list
MAX_LINK = 16_000_000  # characters of changes that may be a playlist of iReal Pro
MAX_CHORUSES = 500  # of a session
MAX_SEED = 2**63 - 1
SETTINGS = (
    "title", "meter", "choruses", "style", "temperature", "top_k", "top_p", "greedy", "max_copy",
    "tidy", "seed", "player", "tempo", "feel", "swing", "humanize", "count_in",
)  # fmt: skip
"""The settings of a solo that a request may have, by name; no file is read for any of them."""

Request = TypeVar("Request", bound=msgspec.Struct)
_Time = Annotated[float, msgspec.Meta(ge=0, le=MAX_QUARTERS)]
_PerformedTime = Annotated[float, msgspec.Meta(ge=-MAX_QUARTERS, le=MAX_QUARTERS)]
_Length = Annotated[float, msgspec.Meta(gt=0, le=MAX_QUARTERS)]
_Midi = Annotated[int, msgspec.Meta(ge=0, le=127)]
_Bars = Annotated[int, msgspec.Meta(ge=1, le=MAX_TRADE)]


class RequestError(InputError):
    """A request that cannot be answered. `status` is that of the answer, `field` the name of the
    field that is wrong, if it is one."""

    def __init__(self, message: str, status: int = 422, *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status, self.field = status, field


class MelodyNote(NamedTuple):
    """A note of the score."""

    onset: _Time
    duration: _Length
    pitch: _Midi


Melody = Annotated[list[MelodyNote], msgspec.Meta(max_length=MAX_NOTES)]
Changes = Annotated[str, msgspec.Meta(max_length=1_000_000)]


class PlayedNote(msgspec.Struct):
    """A note as it was played; `end` None: it still sounds."""

    start: _PerformedTime
    pitch: _Midi
    end: _PerformedTime | None = None
    velocity: Annotated[int, msgspec.Meta(ge=1, le=127)] = DEFAULT_VELOCITY


PlayedNotes = Annotated[list[PlayedNote], msgspec.Meta(max_length=MAX_NOTES)]


class Played(msgspec.Struct):
    """Notes as they came from the player's keyboard; `latency` in seconds."""

    notes: PlayedNotes
    unit: Literal["seconds", "quarters"] = "quarters"
    latency: Annotated[float, msgspec.Meta(ge=-2, le=2)] = 0.0


Settings = msgspec.defstruct(
    "Settings",
    [("model", str | None, None)]
    + [
        (field.name, field.type | None, None)
        for field in fields_of(GenerationConfig)
        if field.name in SETTINGS
    ],
    forbid_unknown_fields=True,
)


class ModelOf(msgspec.Struct):
    """The part of a request that says which model it needs."""

    class _Named(msgspec.Struct):
        model: str | None = None

    settings: _Named | None = None


class ChartRequest(msgspec.Struct):
    """Changes to be read; `song` is that of a playlist of iReal Pro."""

    changes: Annotated[str, msgspec.Meta(max_length=MAX_LINK)]
    meter: str = "4/4"
    song: str | None = None
    transpose: Annotated[int, msgspec.Meta(ge=-11, le=11)] = 0


class Before(msgspec.Struct):
    """The music before, which primes the model: a chorus, or `bars` bars."""

    melody: Annotated[list[MelodyNote], msgspec.Meta(max_length=MAX_PRIMER)]
    bars: _Bars | None = None


class SoloRequest(msgspec.Struct):
    """A solo over changes, or the melody that is given."""

    changes: Changes
    settings: Settings = msgspec.field(default_factory=Settings)  # type: ignore[valid-type]
    before: Before | None = None
    melody: Melody | None = None


class AnswerRequest(msgspec.Struct):
    """An answer to what was played in the `bars` bars from `bar` on; without `answer`, what was
    understood of it alone."""

    changes: Changes
    settings: Settings = msgspec.field(default_factory=Settings)  # type: ignore[valid-type]
    bar: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    bars: _Bars = 4
    played: Played | None = None
    before: Before | None = None
    answer: bool = True


class SheetRequest(msgspec.Struct):
    """A lead sheet of a melody over `bars` bars from `bar` on (None: the whole chorus)."""

    changes: Changes
    settings: Settings = msgspec.field(default_factory=Settings)  # type: ignore[valid-type]
    melody: Melody = []
    bar: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    bars: Annotated[int, msgspec.Meta(ge=1, le=MAX_BARS)] | None = None


class Trade(msgspec.Struct):
    """Notes of the player or the soloist in the `bars` bars from `bar` of a chorus on. Without
    `notes` it is performed by rule, with `seed`."""

    melody: Melody
    bar: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    bars: _Bars = 4
    by: Literal["you", "model"] = "model"
    notes: PlayedNotes | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] = 0


class SessionChorus(SoloRequest):
    """A chorus that was played."""

    trades: Annotated[list[Trade], msgspec.Meta(max_length=MAX_BARS)] = []


class ExportRequest(msgspec.Struct):
    """A session to be written as a file."""

    choruses: Annotated[list[SessionChorus], msgspec.Meta(min_length=1, max_length=MAX_CHORUSES)]
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    soundfont: str | None = None


def decoded(body: bytes, kind: type[Request]) -> Request:
    """The request in `body`. Raises RequestError if it is not JSON, or not of this kind."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        field = path.strip("`").removeprefix("$").strip(".").split(".")[-1]
        message = message.replace("`", "").rstrip(".")
        where = f"{field}: " if field else ""
        raise RequestError(
            f"{where}{message[:1].lower()}{message[1:]}", field=field.split("[")[0]
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error).replace("JSON is malformed: ", "") or "too deeply nested"
        raise RequestError(f"the request is not valid JSON ({reason:.80})", 400) from None


def config_of(request: Any) -> GenerationConfig:
    """The configuration of the solo that a request asks for. Raises RequestError for a link, which
    only a chart may be, and SettingError."""
    if has_link(request.changes):
        hint = "send the text that /chart answers"
        raise RequestError("a link is not changes to play over", field="changes", hint=hint)
    settings = msgspec.structs.asdict(request.settings)
    del settings["model"]
    seed, style = settings["seed"], settings["style"]
    if seed is not None and seed > MAX_SEED:
        raise SettingError(f"seed must be at most {MAX_SEED:,}", "seed")
    if style is not None and style.strip().casefold() not in STYLES:
        raise SettingError(f"`{style:.40}` is not a style: {', '.join(STYLES)}", "style")
    return with_settings(replace(GenerationConfig(), changes=request.changes), **settings)


def melody_notes(melody: Sequence[MelodyNote]) -> list[Note]:
    """The notes of a melody with exact times, in the order of onsets. Of those that begin at one
    time the last counts; one that begins before another ends cuts it."""
    by_onset: dict[Fraction, Note] = {}
    for onset, duration, pitch in melody:
        at = exact(onset)
        by_onset[at] = Note(pitch, at, max(exact(duration), Fraction(1, TICKS_PER_QUARTER)))
    notes = [by_onset[onset] for onset in sorted(by_onset)]
    for index, after in enumerate(notes[1:]):
        if notes[index].end > after.onset:
            notes[index] = replace(notes[index], duration=after.onset - notes[index].onset)
    return notes


def exact(time: float) -> Fraction:
    """The time that a number with six decimals stands for."""
    return Fraction(round(time * TICKS_PER_QUARTER), TICKS_PER_QUARTER)


def number(time: Fraction | float) -> float:
    """A time as it is sent."""
    return round(float(time), 6)

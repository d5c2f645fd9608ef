"""The melody of a solo over the bars of a tune, its notes from the start on, and how many these can
be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from djmodel.app.messages import RequestError
from djmodel.inputs.quantization import STEPS_PER_QUARTER
from djmodel.music.tune import Note, Tune
from seqmodel.text import pluralize

FINGERS = 10  # notes of a player that begin together


def with_melody(tune: Tune, notes: Sequence[Note]) -> Tune:
    """The tune with the melody of a solo (see `Tune.with_melody`)."""
    return replace(tune.with_melody(notes), generated=True)


def shifted(notes: Sequence[Note], tune: Tune, bar: int) -> list[Note]:
    """The notes, which count from the start of a bar of `tune`, from the start of the tune."""
    start = tune.starts[bar]
    return [replace(note, onset=note.onset + start) for note in notes]


def check_notes(notes: Sequence[Any], quarters: Fraction, field: str, *, together: int = 1) -> None:
    """Raises RequestError for more notes than `quarters` quarter lengths can hold: on each place of
    the grid one, or `together`."""
    most = int(quarters * STEPS_PER_QUARTER) * together
    if len(notes) > most:
        length = pluralize(float(quarters), "quarter note", form=",g")
        message = f"{len(notes):,} notes are more than the {most:,} that {length} can hold"
        raise RequestError(message, field=field, hint="send the notes of these bars alone")

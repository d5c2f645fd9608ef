"""The melody of a solo over the bars of a tune, its notes from the start on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from djmodel.music.tune import Note, Tune


def with_melody(tune: Tune, notes: Sequence[Note]) -> Tune:
    """The tune with the melody of a solo (see `Tune.with_melody`)."""
    return replace(tune.with_melody(notes), generated=True)


def shifted(notes: Sequence[Note], tune: Tune, bar: int) -> list[Note]:
    """The notes, which count from the start of a bar of `tune`, from the start of the tune."""
    start = tune.starts[bar]
    return [replace(note, onset=note.onset + start) for note in notes]

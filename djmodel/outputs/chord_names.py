"""Chord symbols as a reader sees them on a lead sheet, a piano roll, a page or a terminal."""

from __future__ import annotations

import re

from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.tune import Bar, Change


def engraved(symbol: str) -> str:
    """A chord symbol with typographic flats and sharps.

    >>> engraved("Ebm7b5")
    'E♭m7♭5'
    """
    return re.sub(r"(?<=[A-G])b|b(?=\d)", "♭", symbol).replace("#", "♯")


def change_name(change: Change, key: int | None) -> str:
    """The engraved symbol of a change; "N.C." (no chord) where the accompaniment rests."""
    return engraved(chord_symbol(change.chord, key)) if change.sounding else "N.C."


def chords_of_bar(bar: Bar, key: int | None) -> str:
    """The changes of a bar in plain letters, with a slash for each further beat of a chord:
    `F / C7 /`. A chord whose accompaniment rests is in parentheses. Changes off the beat are
    written with their onsets: `F  3/2:C7`."""

    def symbol(change: Change) -> str:
        name = chord_symbol(change.chord, key)
        return name if change.sounding else f"({name})"

    if len(bar.changes) == 1:
        return symbol(bar.changes[0])
    at = {change.onset: symbol(change) for change in bar.changes}
    beats = bar.meter.beat_onsets(bar.length)
    if not set(at) <= set(beats):
        return "  ".join(f"{onset}:{name}" if onset else name for onset, name in at.items())
    return " ".join(at.get(beat, "/") for beat in beats)

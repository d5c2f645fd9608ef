"""Chords of iReal Pro: its symbols to chords, and chords to the nearest of its qualities."""

from __future__ import annotations

import re
from functools import lru_cache

from djmodel.music.chord import Chord
from djmodel.music.chord_suffix import intervals_of, suffix_tones
from djmodel.music.chord_symbol import (
    ChordSymbolError,
    bass_place,
    parse_chord_symbol,
    root_place,
    symbol_suffix,
)
from djmodel.music.pitch import note_name, pitch_class

# The qualities that the app offers; of equal ones the first is written.
QUALITIES = (
    *("", "^7", "-7", "7", "7sus", "h7", "o7", "-", "^", "sus", "6", "-6", "7alt", "o", "h", "+"),
    *("5", "2", "add9", "69", "-69", "9", "^9", "-9", "9sus", "^13", "-11", "11", "13", "13sus"),
    *("-^7", "-^9", "^7#11", "^9#11", "^7#5", "-b6", "-#5", "-7b5", "h9", "7b9", "7#9", "7b5"),
    *("7#5", "7b13", "7#11", "9#11", "9b5", "9#5", "13#11", "13b9", "13#9", "7b9sus", "7b13sus"),
    *("7susadd3", "7b9b13", "7b9#5", "7b9b5", "7b9#9", "7b9#11", "7#9#5", "7#9b5", "7#9#11"),
)
# Costs of a tone that only one of chord and quality has, by semitones above the root: the third and
# the seventh say most about a chord, the root and the fifth least.
_COSTS = {0: 1.0, 3: 6.0, 4: 6.0, 7: 1.0, 10: 5.0, 11: 5.0}
_MISSING, _ADDED = 2.0, 1.8  # of other tones
_SHARPS_AND_FLATS = (-7, 10)  # places of Cb to A#, the roots that the app has


def parse_ireal_chord(text: str, holding: Chord | None) -> Chord:
    """The chord of a symbol such as `C^7/E`, `Bh7` or `D*m9*`; `W` is the chord before (`holding`),
    with another bass in `W/G`. Raises ChordSymbolError.

    >>> parse_ireal_chord("Bb-7/Eb", None).written
    Written(root=-2, suffix='-7', bass=-3)
    """
    plain = text.replace("*", "").replace("add3sus", "susadd3")
    if not plain.startswith("W"):
        return parse_chord_symbol(plain)
    if holding is None:
        hint = "write the chord that it repeats before it"
        raise ChordSymbolError(text, 0, hint=hint)
    bass = re.search(r"/([A-G][b#]?)$", plain)
    if bass is None:
        return holding
    return with_bass(holding, parse_chord_symbol(bass[1]))


def with_bass(chord: Chord, note: Chord) -> Chord:
    """The chord over the root of another one, with both as they are written."""
    written = chord.written
    place = None if note.written is None else note.written.root
    return Chord(
        chord.root,
        chord.intervals,
        note.root,
        None if written is None else written._replace(bass=place),
    )


@lru_cache(maxsize=1)
def _intervals() -> dict[str, tuple[int, ...]]:
    """The semitones above the root of each quality."""
    return {quality: intervals_of(suffix_tones(quality)) for quality in QUALITIES}


def quality_of(chord: Chord) -> tuple[str, bool]:
    """The quality of a chord, and True if it has exactly the tones of the chord: as it is written,
    if the app has that, else the nearest."""
    table = _intervals()
    written = symbol_suffix(chord)
    if table.get(written) == chord.intervals:
        return written, True
    nearest = _nearest(chord.intervals)
    return nearest, table[nearest] == chord.intervals


@lru_cache(maxsize=4096)
def _nearest(intervals: tuple[int, ...]) -> str:
    wanted = set(intervals)

    def cost(quality: str) -> float:
        tones = set(_intervals()[quality])
        missing = sum(_COSTS.get(tone, _MISSING) for tone in wanted - tones)
        return missing + sum(_COSTS.get(tone, _ADDED) for tone in tones - wanted)

    return min(QUALITIES, key=cost)


def ireal_chord(chord: Chord, key: int | None) -> tuple[str, bool]:
    """The symbol of a chord, and True if it has exactly its tones. Roots that the app does not
    have, such as E sharp, are written by the name of the same key.

    >>> ireal_chord(parse_chord_symbol("F#m7b5/C"), None)
    ('F#h7/C', True)
    """
    quality, exact = quality_of(chord)
    symbol = _name(root_place(chord, key)) + quality
    if chord.bass != chord.root:
        symbol += f"/{_name(bass_place(chord, key))}"
    return symbol, exact


def _name(place: int) -> str:
    lowest, highest = _SHARPS_AND_FLATS
    if lowest <= place <= highest:
        return note_name(place)
    return note_name((pitch_class(place) * 7 + 5) % 12 - 5)

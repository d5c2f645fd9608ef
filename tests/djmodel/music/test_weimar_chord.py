"""Chord symbols of the Weimar Jazz Database."""

from __future__ import annotations

import pytest

from djmodel.music.chord_symbol import ChordSymbolError, chord_symbol
from djmodel.music.weimar_chord import parse_weimar_chord

# Every suffix of the database, in order of frequency: its tones, in semitones above the root, and
# the symbol that a jazz player writes.
SUFFIXES = {
    "7": ((0, 4, 7, 10), "C7"),
    "-7": ((0, 3, 7, 10), "Cm7"),
    "j7": ((0, 4, 7, 11), "Cmaj7"),
    "": ((0, 4, 7), "C"),
    "m7b5": ((0, 3, 6, 10), "Cm7b5"),
    "-": ((0, 3, 7), "Cm"),
    "6": ((0, 4, 7, 9), "C6"),
    "79b": ((0, 1, 4, 7, 10), "C7(b9)"),
    "-6": ((0, 3, 7, 9), "Cm6"),
    "sus7": ((0, 5, 7, 10), "C7sus4"),
    "o": ((0, 3, 6), "Cdim"),
    "sus": ((0, 5, 7), "Csus4"),
    "+7": ((0, 4, 8, 10), "C7(#5)"),
    "79": ((0, 2, 4, 7, 10), "C9"),
    "o7": ((0, 3, 6, 9), "Cdim7"),
    "j7911#": ((0, 2, 4, 6, 7, 11), "Cmaj9(#11)"),
    "7alt": ((0, 1, 3, 4, 6, 8, 10), "C7alt"),
    "79#": ((0, 3, 4, 7, 10), "C7(#9)"),
    "sus7913": ((0, 2, 5, 7, 9, 10), "C13sus4"),
    "7911#": ((0, 2, 4, 6, 7, 10), "C9(#11)"),
    "-79": ((0, 2, 3, 7, 10), "Cm9"),
    "7913": ((0, 2, 4, 7, 9, 10), "C13"),
    "-7911": ((0, 2, 3, 5, 7, 10), "Cm11"),
    "69": ((0, 2, 4, 7, 9), "C6/9"),
    "-69": ((0, 2, 3, 7, 9), "Cm6/9"),
    "+": ((0, 4, 8), "Caug"),
    "-j7": ((0, 3, 7, 11), "CmMaj7"),
    "j79": ((0, 2, 4, 7, 11), "Cmaj9"),
    "sus79": ((0, 2, 5, 7, 10), "C9sus4"),
    "+79#": ((0, 3, 4, 8, 10), "C7(#5#9)"),
    "79b13b": ((0, 1, 4, 7, 8, 10), "C7(b9b13)"),
    "7913b": ((0, 2, 4, 7, 8, 10), "C9(b13)"),
    "79#11#": ((0, 3, 4, 6, 7, 10), "C7(#9#11)"),
    "-j7913": ((0, 2, 3, 7, 9, 11), "CmMaj9(13)"),
    "-j7911#": ((0, 2, 3, 6, 7, 11), "CmMaj9(#11)"),
    "-7913": ((0, 2, 3, 7, 9, 10), "Cm9(13)"),
    "79b13": ((0, 1, 4, 7, 9, 10), "C13(b9)"),
    "+j7": ((0, 4, 8, 11), "Cmaj7(#5)"),
    "6911#": ((0, 2, 4, 6, 7, 9), "C6/9(#11)"),
    "+79": ((0, 2, 4, 8, 10), "C9(#5)"),
    "+7911#": ((0, 2, 4, 6, 8, 10), "C9(#5#11)"),
    "79#13": ((0, 3, 4, 7, 9, 10), "C13(#9)"),
    "j79#": ((0, 3, 4, 7, 11), "Cmaj7(#9)"),
    "-79b": ((0, 1, 3, 7, 10), "Cm7(b9)"),
    "+79b": ((0, 1, 4, 8, 10), "C7(#5b9)"),
    "j79#11#": ((0, 3, 4, 6, 7, 11), "Cmaj7(#9#11)"),
    "7911": ((0, 2, 4, 5, 7, 10), "C11"),
}


def test_the_database_has_47_suffixes() -> None:
    assert len(SUFFIXES) == 47


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_has_its_tones_and_its_usual_symbol(suffix: str) -> None:
    chord = parse_weimar_chord("C" + suffix)
    assert chord is not None
    intervals, symbol = SUFFIXES[suffix]
    assert chord.intervals == intervals
    assert chord_symbol(chord) == symbol


def test_root_and_bass_keep_their_spelling() -> None:
    chord = parse_weimar_chord("F#-7/C#")
    assert chord is not None
    assert (chord.root, chord.bass) == (6, 1)
    assert chord_symbol(chord, key=-3) == "F#m7/C#"


def test_nc_is_no_chord() -> None:
    assert parse_weimar_chord("NC") is None


@pytest.mark.parametrize("text", ["", "H7", "C7x", "C79bb", "c7", "C-7/H"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ChordSymbolError):
        parse_weimar_chord(text)

"""Chord symbols, read and written."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import (
    ChordSymbolError,
    chord_symbol,
    engraved,
    parse_chord_symbol,
)

chords = st.builds(
    Chord.of,
    st.integers(0, 11),
    st.lists(st.integers(0, 11), max_size=12),
    st.integers(0, 11),
)


@pytest.mark.parametrize(
    ("symbols", "intervals"),
    [
        ("C Cmaj CM Cmajor", (0, 4, 7)),
        ("Cm C- Cmin Cmi C−", (0, 3, 7)),
        ("Cdim Co C° Cmb5 Cm(b5)", (0, 3, 6)),
        ("Caug C+ C(#5)", (0, 4, 8)),
        ("C5", (0, 7)),
        ("C7 Cdom7", (0, 4, 7, 10)),
        ("Cmaj7 CM7 Cma7 CMA7 CMAJ7 CMAJOR7 C△7 C△ CΔ C▲⁷ C^7 C^ Cj7 C7M Cmj7", (0, 4, 7, 11)),
        ("Cm7 C-7 C‑7 Cmin7 Cmi7 CMI7 CMIN7 CMINOR7 Cm⁷", (0, 3, 7, 10)),
        ("CmMaj7 Cm(maj7) C-△7 CmM7 Cm△ CminMaj7 C-^7 Cmmaj7 Cm7M", (0, 3, 7, 11)),
        ("Cm7b5 C-7b5 CMI7B5 C⌀ C∅7 Cø Cø7 Cm7(b5) Cm7-5 Cm7♭5 Chdim Ch7", (0, 3, 6, 10)),
        ("Cdim7 Co7 CO7 CDIM7 C°7 C˚7", (0, 3, 6, 9)),
        ("CdimMaj7 CoM7", (0, 3, 6, 11)),
        ("Caug7 C+7 C7#5 C7+ C7+5 C7aug", (0, 4, 8, 10)),
        ("Cmaj7#5 C+maj7 CaugM7 CM7+5", (0, 4, 8, 11)),
        ("C7b5 C7-5", (0, 4, 6, 10)),
        ("C6 Cadd6 Cadd13 CM6", (0, 4, 7, 9)),
        ("Cm6 C-6", (0, 3, 7, 9)),
        ("C6/9 C69 C6(9) C6add9", (0, 2, 4, 7, 9)),
        ("Cm6/9 C-69", (0, 2, 3, 7, 9)),
        ("Cadd9 Cadd2 C2 C(add9) C(9) C/9", (0, 2, 4, 7)),
        ("Cmadd9 Cm(add9)", (0, 2, 3, 7)),
        ("Csus Csus4 CSUS", (0, 5, 7)),
        ("Csus2", (0, 2, 7)),
        ("Csus24 Csus2sus4", (0, 2, 5, 7)),
        ("C7sus C7sus4 C7(sus4) Csus7 C7SUS4", (0, 5, 7, 10)),
        ("C9sus C9sus4 Csus9", (0, 2, 5, 7, 10)),
        ("C13sus4 C13sus", (0, 2, 5, 7, 9, 10)),
        ("C7sus4b9 C7sus4(b9)", (0, 1, 5, 7, 10)),
        ("C9 C7(9) C7add9 C7/9", (0, 2, 4, 7, 10)),
        ("Cmaj9 C△9 CM9", (0, 2, 4, 7, 11)),
        ("Cm9 C-9", (0, 2, 3, 7, 10)),
        ("CmMaj9 Cm(maj9)", (0, 2, 3, 7, 11)),
        ("C7b9 C7-9 C7(b9) C7♭9 C7B9", (0, 1, 4, 7, 10)),
        ("C7#9 C7+9 C7(♯9)", (0, 3, 4, 7, 10)),
        ("C7b9#9", (0, 1, 3, 4, 7, 10)),
        ("C7#11 C7#4 C7+11", (0, 4, 6, 7, 10)),
        ("C9#11", (0, 2, 4, 6, 7, 10)),
        ("Cmaj7#11 CM7(#11) CMA7#11 Cmaj7#4", (0, 4, 6, 7, 11)),
        ("C7b13", (0, 4, 7, 8, 10)),
        ("C7#5#9 C7(#5,#9) C7(#5 #9) C+7#9", (0, 3, 4, 8, 10)),
        ("C7alt Calt", (0, 1, 3, 4, 6, 8, 10)),
        ("C11", (0, 2, 4, 5, 7, 10)),
        ("Cm11", (0, 2, 3, 5, 7, 10)),
        ("C13", (0, 2, 4, 7, 9, 10)),  # with a major third the 11 is left out
        ("Cm13", (0, 2, 3, 5, 7, 9, 10)),
        ("C13b9", (0, 1, 4, 7, 9, 10)),
        ("C13#11", (0, 2, 4, 6, 7, 9, 10)),
        ("C(no5)", (0, 4)),
        ("C7no5 C7omit5", (0, 4, 10)),
        ("Cno3", (0, 7)),
    ],
)
def test_different_spellings_of_a_chord_symbol_are_read(
    symbols: str, intervals: tuple[int, ...]
) -> None:
    for symbol in re.findall(r"C(?:\([^)]*\)|[^\s(])*", symbols):
        assert parse_chord_symbol(symbol) == Chord(0, intervals, 0), symbol
        # the same on F#, whose root has two characters
        assert parse_chord_symbol("F#" + symbol[1:]) == Chord(6, intervals, 6), symbol


@pytest.mark.parametrize(
    ("symbol", "root", "bass"),
    [
        ("B♭m7", 10, 10),
        ("EBMA7/BB", 3, 10),  # all in capital letters
        ("Bbb", 9, 9),
        ("F##m", 7, 7),
        ("Cb", 11, 11),
        ("B#7", 0, 0),
        ("Eb7/G", 3, 7),
        ("C6/9/E", 0, 4),
        ("C7(b9)/Bb", 0, 10),
        ("  F/A ", 5, 9),
    ],
)
def test_root_and_bass_of_a_chord_symbol_are_read(symbol: str, root: int, bass: int) -> None:
    chord = parse_chord_symbol(symbol)
    assert (chord.root, chord.bass) == (root, bass)


@pytest.mark.parametrize(
    ("symbol", "position", "hint"),
    [
        ("Dm7x", 3, "understood after a root"),
        ("dm7", 0, "capital"),
        ("H7", 0, "A to G"),
        ("C/H", 2, "bass note"),
        ("C7#8", 2, "understood"),
        ("Cm5", 2, "understood"),
        ("C7(b9", 2, "bracket"),
        ("C/", 2, "bass note"),
        ("", 0, "empty"),
        ("C/E/G", 1 + 1, "bass note"),
    ],
)
def test_an_unknown_symbol_is_refused_with_its_position(
    symbol: str, position: int, hint: str
) -> None:
    with pytest.raises(ChordSymbolError) as caught:
        parse_chord_symbol(symbol)
    assert caught.value.position == position
    assert hint in str(caught.value)
    assert "\n" not in str(caught.value)
    if symbol:
        assert f"{symbol[:position]}>>" in str(caught.value)


@given(st.text(alphabet="CGb#m-aj7913(/,)sudioø△+ 6", max_size=8))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        chord = parse_chord_symbol(text)
    except ChordSymbolError as error:
        position = error.position
    else:
        position = 0
        assert chord.root in chord.pitch_classes or "no1" in text
    assert 0 <= position <= len(text)


@given(chords, st.none() | st.integers(-7, 7))
@example(Chord.of(0, []), None)
@example(Chord.of(0, range(12)), None)  # type: ignore[arg-type]
def test_every_chord_has_a_name_that_reads_back(chord: Chord, key: int | None) -> None:
    assert parse_chord_symbol(chord_symbol(chord, key)) == chord


@pytest.mark.parametrize(
    ("chord", "key", "name"),
    [
        (Chord.of(8, [0, 4, 7]), None, "Ab"),
        (Chord.of(3, [0, 4, 7, 10], 7), None, "Eb7/G"),
        (Chord.of(5, [0, 3, 6, 10]), None, "Fm7b5"),
        (Chord.of(6, [0, 3, 6, 9]), None, "F#dim7"),
        (Chord.of(1, [0, 3, 7]), None, "C#m"),
        (Chord.of(1, [0, 3, 7]), -4, "Dbm"),
        # the same black key in a key with sharps and in one with flats
        (Chord.of(6, [0, 4, 7]), 5, "F#"),
        (Chord.of(6, [0, 4, 7]), -5, "Gb"),
        # F# major has an E#, C major has none
        (Chord.of(5, [0, 3, 6]), 6, "E#dim"),
        (Chord.of(11, [0, 4, 7]), -6, "Cb"),
        (Chord.of(11, [0, 4, 7]), 0, "B"),
        # the bass is a tone of the chord and spelled as one
        (Chord.of(4, [0, 4, 7], 8), -1, "E/G#"),
        (Chord.of(0, [0, 3, 7], 3), -3, "Cm/Eb"),
        (Chord.of(2, [0, 4, 7, 10], 6), -3, "D7/F#"),
        # a sharp eleventh in the bass is an F sharp over C, as it is engraved
        (Chord.of(0, [0, 4, 6, 7, 11], 6), -3, "Cmaj7(#11)/F#"),
        (Chord.of(0, [0, 3, 6, 10], 6), None, "Cm7b5/Gb"),
        (Chord.of(0, [0, 4]), None, "C(no5)"),
        (Chord.of(0, [0, 4, 7, 8]), None, "C(addb13)"),
    ],
)
def test_a_chord_is_named_by_its_usual_symbol(chord: Chord, key: int | None, name: str) -> None:
    assert chord_symbol(chord, key) == name


def music21_spelling(symbol: str) -> str:
    """music21 writes a flat note with a minus, and a flat degree with a b."""
    return re.sub("(^|/)([A-G])b", r"\1\2-", symbol)


@pytest.mark.parametrize(
    "symbol",
    [
        *("C", "Cm", "C7", "Cmaj7", "Cm7", "C6", "Cm6", "Cdim", "C+", "Cdim7", "Cm7b5", "CmM7"),
        *("C9", "CM9", "Cm9", "C11", "Cm11", "Cm13", "Csus4", "Csus2", "C7sus4", "Cadd9"),
        *("C7b9", "C7#9", "C7b5", "C/E", "C7/Bb", "Am/G", "F#m7", "Bm7b5", "Ebmaj7", "Ab7/C"),
    ],
)
def test_music21_reads_the_same_tones(symbol: str) -> None:
    from music21.harmony import ChordSymbol

    oracle = ChordSymbol(music21_spelling(symbol))
    chord = parse_chord_symbol(symbol)
    assert oracle.root().pitchClass == chord.root
    assert oracle.bass().pitchClass == chord.bass
    assert {pitch.pitchClass for pitch in oracle.pitches} == chord.pitch_classes | {chord.bass}


@pytest.mark.parametrize(
    "symbol",
    ["F#7", "Gb7", "Ebdim7", "D#dim7", "Cb", "E#m7b5", "C-7", "Cmin7", "C△7", "Cø", "C°7", "C7(b9)",
     "C7b9", "C7alt", "C+7", "C7#5", "Csus", "C69", "F#7/A#", "Gb7/Bb", "C/F#", "C/Gb", "C/C"],
)  # fmt: skip
@pytest.mark.parametrize("key", [None, -6, 0, 6])
def test_a_symbol_is_printed_as_it_was_typed_whatever_the_key(symbol: str, key: int | None) -> None:
    assert chord_symbol(parse_chord_symbol(symbol), key) == symbol


def test_typographic_signs_are_plain_in_text_and_typographic_in_print() -> None:
    chord = parse_chord_symbol("B♭−7(♭5, ♯9)/D♭")
    assert chord_symbol(chord) == "Bb-7(b5,#9)/Db"
    assert engraved(chord_symbol(chord)) == "B♭-7(♭5,♯9)/D♭"


def test_chords_that_sound_alike_are_equal_however_they_are_written() -> None:
    assert parse_chord_symbol("F#-7") == parse_chord_symbol("Gbm7") == Chord.of(6, (0, 3, 7, 10))


def test_a_typed_suffix_is_kept_in_another_key_and_its_root_moves_with_the_key() -> None:
    raised = parse_chord_symbol("F#-7b5")  # the raised fourth degree of C, in E flat
    assert chord_symbol(raised.transposed(3, fifths=-3)) == "A-7b5"
    assert chord_symbol(parse_chord_symbol("Bb7/D").transposed(2, fifths=2)) == "C7/E"
    # without a key there is nothing to move along
    assert chord_symbol(raised.transposed(-5), key=-5) == "Db-7b5"
    # B major 7 in a part for B flat: the tonic of few sharps is a flat, a dominant may be sharp.
    assert chord_symbol(parse_chord_symbol("Bmaj7").transposed(2, 2, key=-1), key=-1) == "Dbmaj7"
    assert chord_symbol(parse_chord_symbol("B7").transposed(2, 2, key=2), key=2) == "C#7"


def test_a_very_long_symbol_is_refused() -> None:
    with pytest.raises(ChordSymbolError, match="is shorter"):
        parse_chord_symbol("C" + "(9)" * 100_000)

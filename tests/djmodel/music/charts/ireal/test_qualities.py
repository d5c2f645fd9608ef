"""Chords of iReal Pro, in and out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.charts.ireal.qualities import QUALITIES, ireal_chord, parse_ireal_chord
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol

ROOTS = (
    *("Cb", "C", "C#", "Db", "D", "D#", "Eb", "E", "F"),
    *("F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B"),
)
# The published list of qualities.
PUBLISHED = (
    "5 2 add9 + o h sus ^ - ^7 -7 7 7sus h7 o7 ^9 ^13 6 69 ^7#11 ^9#11 ^7#5 -6 -69 -^7 -^9 -9 -11 "
    "-7b5 h9 -b6 -#5 9 7b9 7#9 7#11 7b5 7#5 9#11 9b5 9#5 7b13 7#9#5 7#9b5 7#9#11 7b9#11 7b9b5 "
    "7b9#5 7b9#9 7b9b13 7alt 13 13#11 13b9 13#9 7b9sus 7susadd3 9sus 13sus 7b13sus 11"
)


def test_all_published_qualities_are_known() -> None:
    assert {*PUBLISHED.split(), ""} == {*QUALITIES}


@pytest.mark.parametrize("quality", QUALITIES)
def test_every_quality_is_read_and_written_back(quality: str) -> None:
    for symbol in (f"Eb{quality}", f"F#{quality}/C"):
        chord = parse_ireal_chord(symbol, None)
        assert ireal_chord(chord, None) == (symbol, True)
        unwritten = Chord.of(chord.root, chord.intervals, chord.bass)
        text, exact = ireal_chord(unwritten, None)
        assert exact
        assert parse_ireal_chord(text, None) == chord


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_and_bass_keeps_its_spelling(root: str) -> None:
    assert ireal_chord(parse_chord_symbol(f"{root}m7/{root}"), None)[0] == f"{root}-7"
    assert ireal_chord(parse_chord_symbol(f"Em/{root}"), None)[0] == f"E-/{root}".removesuffix("/E")


@settings(max_examples=50)
@given(
    root=st.integers(0, 11),
    tones=st.sets(st.integers(1, 11), min_size=1),
    bass=st.integers(0, 11),
    key=st.one_of(st.none(), st.integers(-7, 7)),
)
def test_any_chord_becomes_one_that_the_app_has(
    root: int, tones: set[int], bass: int, key: int | None
) -> None:
    chord = Chord.of(root, {0, *tones}, bass)
    text, exact = ireal_chord(chord, key)
    read = parse_ireal_chord(text, None)
    assert (read.root, read.bass) == (root, bass)
    assert exact == (read.intervals == chord.intervals)


@pytest.mark.parametrize(
    ("symbol", "nearest"),
    [
        ("C7(b9,#11,13)", "C13b9"),  # the thirteenth and the flat ninth
        ("Cmaj13#11", "C^13"),
        ("Dm7(add11)", "D-11"),
        ("E#m7", "F-7"),  # the app has no E sharp
    ],
)
def test_a_chord_that_the_app_lacks_keeps_its_third_and_seventh(symbol: str, nearest: str) -> None:
    assert ireal_chord(parse_chord_symbol(symbol), None)[0] == nearest


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("D*m9*", "Dm9"), ("C7add3sus", "C7susadd3"), ("C6/9", "C6/9"), ("Bø7", "Bm7b5")],
)
def test_other_spellings_of_qualities_are_read(text: str, symbol: str) -> None:
    assert parse_ireal_chord(text, None) == parse_chord_symbol(symbol)


def test_an_invisible_root_is_the_chord_before_over_another_bass() -> None:
    """D-7, then its walk down: D-7 over C, over B."""
    chord = parse_ireal_chord("D-7", None)
    assert parse_ireal_chord("W/C", chord) == parse_chord_symbol("Dm7/C")
    assert parse_ireal_chord("W", chord) == chord
    with pytest.raises(ChordSymbolError):
        parse_ireal_chord("W/C", None)

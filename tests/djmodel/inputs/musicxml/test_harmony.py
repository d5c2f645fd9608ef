"""Chord symbols of MusicXML: kinds, degrees, basses."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest
from helpers.sheets import degree, harmony
from hypothesis import given
from hypothesis import strategies as st

from djmodel.inputs.musicxml.harmony import HarmonyError, read_harmony
from djmodel.music.chord_kind import chord_kind
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol

BASS = "<bass><bass-step>{}</bass-step></bass>"


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        (harmony("C"), "C"),
        (harmony("Bb", "minor-seventh"), "Bbm7"),
        (harmony("F#", "half-diminished"), "F#m7b5"),
        (harmony("Eb", "major-minor"), "EbmMaj7"),
        (harmony("G", "dominant-13th"), "G13"),  # as players play it, without the eleventh
        (harmony("G", "dominant", BASS.format("B")), "G7/B"),
        (harmony("C", "major", "<inversion>1</inversion>"), "C/E"),
        (harmony("G", "dominant", degree(9, -1, "add")), "G7(b9)"),
        (harmony("G", "dominant", degree(9, -1, "add") + degree(9, 1, "add")), "G7(b9#9)"),
        (harmony("G", "dominant", degree(5, -1, "alter")), "G7(b5)"),
        (harmony("G", "dominant", degree(5, 1, "add")), "G7(#5)"),  # beside no plain fifth
        (harmony("G", "dominant-ninth", degree(9, -1, "alter")), "G7(b9)"),
        (harmony("G", "minor-seventh", degree(5, -1, "alter")), "Gm7b5"),
        (harmony("G", "diminished", degree(7, 1, "add")), "GdimMaj7"),
        (harmony("G", "minor", degree(7, 0, "add")), "Gm7"),  # as in a dominant chord
        (harmony("G", "minor", degree(7, 0, "add"), text="m(maj7)"), "Gm(maj7)"),
        (harmony("C", "major", degree(9, 0, "add")), "Cadd9"),
        (harmony("C", "major", degree(2, 0, "add")), "Cadd9"),
        (harmony("C", "suspended-fourth", degree(7, -1, "add")), "C7sus4"),
        (harmony("C", "suspended-fourth", degree(4, 1, "alter")), "C5(add#11)"),
        (harmony("C", "major", degree(3, 0, "subtract")), "C5"),
        (harmony("C", "dominant-13th", degree(11, 0, "subtract")), "C13"),
        (harmony("C", "other", text="7alt"), "C7alt"),
        (harmony("C", "other", degree(3, -1, "add") + degree(5, 0, "add")), "Cm"),
        (harmony("C", "dominant", degree(11, 1, "add"), text="7(#11)"), "C7(#11)"),
        (harmony("C", "", text="m9"), "Cm9"),
    ],
)
def test_kinds_with_their_degrees_are_read_as_a_player_reads_them(text, symbol):
    assert chord_symbol(read_harmony(fromstring(text))) == symbol


@pytest.mark.parametrize("text", [harmony("C", "none"), harmony("C", "major", text="N.C.")])
def test_no_chord_is_none(text):
    assert read_harmony(fromstring(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "<harmony><function>V</function><kind>major</kind></harmony>",
        harmony("C", "unheard-of"),
        harmony("C", "major", degree(99, 0, "add")),
        harmony("C", "major", degree(5, 0, "add") * 50),
        harmony("C").replace("<root-alter>0", "<root-alter>9"),
    ],
)
def test_a_symbol_without_a_meaning_is_refused(text):
    with pytest.raises(HarmonyError):
        read_harmony(fromstring(text))


@given(
    symbol=st.sampled_from(
        ["C", "Cm7", "C7alt", "C13", "C7(b9#9)", "Cm7b5", "C6/9", "Cmaj7(#11)", "C9sus4", "Csus2",
         "Cm11", "Cmaj13", "C(no5)", "C7(b5b9)", "Cm(add9)", "C5", "C7(#9b13)", "Cdim7", "C9(#5)"]
    )
)  # fmt: skip
def test_kind_and_degrees_of_any_chord_give_it_back(symbol):
    chord = parse_chord_symbol(symbol)
    kind, degrees = chord_kind(chord)
    more = "".join(degree(each.number, each.alter, each.change) for each in degrees)
    assert read_harmony(fromstring(harmony("C", kind, more))) == chord

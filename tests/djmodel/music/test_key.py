"""Keys, and the spelling of pitches in them as a musician writes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.handmade_tunes import QUAVER, bar, blues
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes
from djmodel.music.charts.forms import FORMS
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.key import Key, Spelling, estimate_key, key_signature, spell
from djmodel.music.pitch import step_and_alter
from djmodel.music.tune import Tune
from djmodel.outputs.musicxml import to_music21

SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def names(pitches: list[int], chord: str, key: int) -> str:
    spelled = spell(pitches, [parse_chord_symbol(chord)] * len(pitches), key)
    return " ".join(f"{s.step}{SIGNS[s.alter]}{s.octave}" for s in spelled)


def number(spelling: Spelling) -> int:
    return 12 * (spelling.octave + 1) + SEMITONES[spelling.step] + spelling.alter


@pytest.mark.parametrize(
    ("pitches", "chord", "key", "expected"),
    [
        # The scale of A flat major has four flats and no sharp.
        ([68, 70, 72, 73, 75, 77, 79, 80], "Ab", -4, "Ab4 Bb4 C5 Db5 Eb5 F5 G5 Ab5"),
        # That of E major four sharps.
        ([64, 66, 68, 69, 71, 73, 75, 76], "E", 4, "E4 F#4 G#4 A4 B4 C#5 D#5 E5"),
        # A chromatic line in C: sharps on the way up, flats on the way down.
        ([67, 68, 69], "C", 0, "G4 G#4 A4"),
        ([69, 68, 67], "C", 0, "A4 Ab4 G4"),
        # The third of E7 in C is G sharp, the seventh of D flat 7 in A flat C flat.
        ([68, 64], "E7", 0, "G#4 E4"),
        ([71, 68], "Db7", -4, "Cb5 Ab4"),
        # B sharp, the leading tone of C sharp, in seven sharps as in four.
        ([72, 73], "G#7", 7, "B#4 C#5"),
        ([72, 73], "G#7", 4, "B#4 C#5"),
        # Between F and E flat it is an E, not an F flat.
        ([77, 76, 75], "F7", -4, "F5 E5 Eb5"),
        # Below C 5 it is B 4; C flat 5 is the same key of the piano.
        ([72, 71, 72], "C", 0, "C5 B4 C5"),
    ],
)
def test_pitches_are_spelled_in_key_and_chord(
    pitches: list[int], chord: str, key: int, expected: str
) -> None:
    assert names(pitches, chord, key) == expected


@given(
    st.lists(st.integers(30, 100), max_size=12),
    st.integers(-7, 7),
    st.sampled_from(
        ["C", "Dm7", "Eb7b9", "F#m7b5", "Abmaj7", "Bdim7", "G7sus4", "Caug", "E7#9/G#"]
    ),
)
def test_a_spelled_note_has_the_pitch_that_was_spelled(
    pitches: list[int], key: int, chord: str
) -> None:
    spelled = spell(pitches, [parse_chord_symbol(chord)] * len(pitches), key)
    assert [number(spelling) for spelling in spelled] == pitches
    assert all(abs(spelling.alter) < 2 or abs(key) > 5 for spelling in spelled)


@given(st.integers(-6, 6), st.lists(st.integers(0, 6), min_size=1, max_size=8))
def test_tones_of_the_key_need_no_accidental(key: int, degrees: list[int]) -> None:
    # Over no chord in particular: the degrees of the major scale with `key` sharps.
    scale = [(key - 1 + i) * 7 % 12 for i in range(7)]
    own = {step_and_alter(key - 1 + i) for i in range(7)}
    pitches = [60 + scale[degree] for degree in degrees]
    tonic = parse_chord_symbol("C").transposed(key * 7 % 12)
    spelled = spell(pitches, [tonic] * len(pitches), key)
    assert {(s.step, s.alter) for s in spelled} <= own


class TestKey:
    @pytest.mark.parametrize(("semitones", "key"), [(0, -4), (1, 3), (4, 0), (6, 2), (11, 1)])
    def test_key_of_a_blues_in_any_key(self, semitones: int, key: int) -> None:
        assert key_signature(blues().transposed(semitones)) == key

    def test_key_of_a_minor_tune(self) -> None:
        # A harmonic minor has the signature of C.
        line = bar("Am", [(p, QUAVER) for p in (69, 71, 72, 74, 76, 72, 68, 69)])
        assert (
            key_signature(Tune("", (line, bar("E7", [(68, 2), (71, 2)]), bar("Am", [(69, 4)]))))
            == 0
        )

    @pytest.mark.parametrize(
        ("changes", "key"),
        [
            ("Am7 | D7 | Gmaj7 | Cmaj7", Key(7, False)),
            # A chain of fifths, of which the last one arrives.
            ("E7 | A7 | D7 | Gmaj7", Key(7, False)),
            # In minor, with a dominant of the fourth degree.
            ("Dm7 | D7 | Gm7 | A7 | Dm6", Key(2, True)),
        ],
    )
    def test_key_of_chords_without_a_melody(self, changes: str, key: Key) -> None:
        assert estimate_key((), parse_changes(changes).chord_spans()) == key

    def test_key_of_a_transposed_tune_is_transposed(self) -> None:
        for semitones in range(12):
            blues = parse_changes("blues-in-C").transposed(semitones)
            assert estimate_key((), blues.chord_spans()) == Key(semitones, False)

    def test_a_key_read_from_a_file_is_kept(self) -> None:
        assert key_signature(Tune("", (bar("C", [(60, 4)]),), key=-1)) == -1

    def test_key_of_silence_is_c(self) -> None:
        assert key_signature(Tune("", ())) == 0


TONICS = ["C", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_has_one_key_by_name_typed_out_estimated_and_engraved(name: str) -> None:
    """The key by its name, by its changes typed out, from its chords, and on its lead sheet."""
    for tonic in TONICS:
        tune = parse_changes(f"{name}-in-{tonic}")
        typed = " | ".join(
            " ".join(chord_symbol(change.chord, tune.key) for change in bar.changes)
            for bar in tune.bars
        )
        assert parse_changes(typed).key == tune.key, tonic
        assert tune.key is not None
        assert (key_signature(replace(tune, key=None)) - tune.key) % 12 == 0, tonic
        [signature] = to_music21(tune.excerpt(1, 1)).recurse().getElementsByClass("KeySignature")
        assert signature.sharps == tune.key, tonic


# Blues in C as different players type them, and the signature of C or C minor.
BLUES = {
    "G7 | F7 | C7 | G7 at the end": ("C7 | F7 | C7 | % | F7 | % | C7 | % | G7 | F7 | C7 | G7", 0),
    "without a turnaround": ("C7 x4 | F7 | F7 | C7 | C7 | G7 | F7 | C7 | C7", 0),
    "ninths": ("C9 | F9 | C9 | % | F9 | % | C9 | % | G9 | F9 | C9 | G7#9", 0),
    "jazz": ("C7 | F7 | C7 | Gm7 C7 | F7 | F#dim7 | C7 | A7 | Dm7 | G7 | C7 A7 | Dm7 G7", 0),
    "parker": (
        "Cmaj7 | Bm7b5 E7 | Am7 D7 | Gm7 C7 | F7 | Fm7 Bb7 | Em7 A7 | Ebm7 Ab7 |"
        "Dm7 | G7 | Cmaj7 A7 | Dm7 G7",
        0,
    ),
    "eight bars": ("C7 | G7 | F7 | % | C7 | G7 | C7 | G7", 0),
    "suspended": ("C7sus4 | F7sus4 | C7sus4 | % | F7sus4 | % | C7sus4 | G7sus4 | C7sus4", 0),
    "a vamp of two chords": ("C7 | F7", 0),
    "a vamp over the seventh": ("C7 Bb7 | C7 Bb7 | C7 Bb7 | C7 Bb7", 0),
    "minor": ("Cm7 | Fm7 | Cm7 | % | Fm7 | % | Cm7 | % | Ab7 | G7 | Cm7 | G7", -3),
    "minor triads": ("Cm x4 | Fm | Fm | Cm | Cm | G7 | Fm | Cm | G7", -3),
    "minor with ii V": (
        "Cm6 | Fm6 | Cm6 | C7alt | Fm7 | % | Cm7 | % | Dm7b5 | G7b9 | Cm6 | G7",
        -3,
    ),
}


@pytest.mark.parametrize("name", BLUES)
def test_a_blues_is_in_the_key_of_its_tonic(name: str) -> None:
    text, in_c = BLUES[name]
    typed = replace(parse_changes(text), key=in_c)
    for semitones in range(12):
        spans = typed.transposed(semitones).chord_spans()
        assert (estimate_key((), spans).signature - in_c - 7 * semitones) % 12 == 0, semitones


@pytest.mark.parametrize(
    ("text", "key"),
    [
        # a tritone substitute leads home: Db7 C
        ("Dm7 G7 | % | Em7 A7 | % | Am7 D7 | Abm7 Db7 | C | A7 | Gm7 | C7 | F | % | D7 | G7", 0),
        # ii V in many keys, home at the start and the end
        ("Cmaj7 | % | Fm7 | Bb7 | Cmaj7 | % | Bbm7 | Eb7 | Abmaj7 | % | Am7 | D7 | Dm7 | G7", 0),
        ("Bb7 | % | Eb7 | % | Bb7 | % | Ab7 | % | F7 | Eb7 | Bb7 | Ab7", -2),
        ("G7 x4 | C7 | C7 | G7 | G7 | D7#9 | Eb7#9 D7#9 | G7 | G7", 1),
        ("Am6 E7 | % | Am6 | Dm7 | F7 | E7 B7 | E7 | Am6 | C Am | D7 E7 | Am6", 0),
        ("Cm | % | Gm7 | C7 | Fmaj7 | % | Fm7 | Bb7 | Ebmaj7 | Ebm7 Ab7 | Dbmaj7 | Dm7b5 G7", -3),
    ],
)
def test_the_key_of_well_known_changes(text: str, key: int) -> None:
    assert parse_changes(text).key == key

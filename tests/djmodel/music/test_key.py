"""Keys: given, estimated and engraved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from helpers.handmade_tunes import QUAVER, bar, blues

from djmodel.music.changes import parse_changes
from djmodel.music.charts.forms import FORMS
from djmodel.music.chord_symbol import chord_symbol
from djmodel.music.key import Key, estimate_key, key_signature
from djmodel.music.tune import Tune
from djmodel.outputs.notation.musicxml import score_tree
from djmodel.outputs.notation.written_part import written_part


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
        [signature] = score_tree(written_part(tune.excerpt(1, 1))).iter("fifths")
        assert signature.text == f"{tune.key}", tonic


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

"""Chord tones, scales, approach tones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.chord import (
    ALL_KINDS,
    DORIAN_SCALE,
    Chord,
    kind_of,
    pitch_classes_of_kind,
    scale,
)
from djmodel.music.pitch import MAJOR_SCALE

C, D, E, F, G, A, B = 0, 2, 4, 5, 7, 9, 11

chords = st.builds(
    Chord.of,
    st.integers(0, 11),
    st.lists(st.integers(0, 11), max_size=7),
    st.integers(0, 11),
)


def on(tonic: int, pattern: frozenset[int]) -> frozenset[int]:
    return frozenset((tonic + step) % 12 for step in pattern)


@pytest.mark.parametrize(
    ("chord", "expected"),
    [
        # C, F and G major all hold C-E-G: the one on the root.
        (Chord.of(C, [0, 4, 7]), on(C, MAJOR_SCALE)),
        (Chord.of(A, [0, 4, 7]), on(A, MAJOR_SCALE)),
        # a dominant seventh is in one major scale only, a fourth up
        (Chord.of(G, [0, 4, 7, 10]), on(C, MAJOR_SCALE)),
        (Chord.of(G, [0, 4, 10]), on(C, MAJOR_SCALE)),
        (Chord.of(D, [0, 3, 7, 10]), on(D, DORIAN_SCALE)),
        # Bm7b5 is ii of A minor and vii of C major, which is D Dorian
        (Chord.of(B, [0, 3, 6, 10]), on(D, DORIAN_SCALE)),
        # no third, no major quality
        (Chord.of(C, [0, 5, 7, 10]), on(C, DORIAN_SCALE)),
        # no Dorian holds more than three tones of a diminished seventh: its own is among those
        (Chord.of(C, [0, 3, 6, 9]), on(C, DORIAN_SCALE)),
        # G7#9 is a dominant with a blue note, not a minor chord
        (Chord.of(G, [0, 3, 4, 7, 10]), on(C, MAJOR_SCALE)),
    ],
)
def test_the_scale_of_a_chord(chord: Chord, expected: frozenset[int]) -> None:
    assert scale(chord) == expected


@given(chords)
def test_the_scale_holds_as_many_tones_as_any_of_its_pattern(chord: Chord) -> None:
    pattern = MAJOR_SCALE if chord.is_major else DORIAN_SCALE
    most = max(len(chord.pitch_classes & on(tonic, pattern)) for tonic in range(12))
    assert len(chord.pitch_classes & scale(chord)) == most
    if len(chord.pitch_classes & on(chord.root, pattern)) == most:
        assert scale(chord) == on(chord.root, pattern)


@given(chords, st.integers(-30, 30), st.integers(0, 127))
def test_transposing_changes_neither_scale_nor_kind(chord: Chord, by: int, pitch: int) -> None:
    assert scale(chord.transposed(by)) == on(by, scale(chord))
    assert kind_of(pitch + by, chord.transposed(by)) == kind_of(pitch, chord)


@given(chords)
def test_each_pitch_class_has_one_kind(chord: Chord) -> None:
    shares = [pitch_classes_of_kind(kind, chord) for kind in ALL_KINDS]
    assert sorted(pitch_class for share in shares for pitch_class in share) == list(range(12))
    for kind, share in zip(ALL_KINDS, shares, strict=True):
        assert {kind_of(pitch_class, chord) for pitch_class in share} <= {kind}
    assert shares[0] == chord.pitch_classes


def test_kinds_over_a_c_major_triad() -> None:
    # C E G | D F A B in the scale | C#, D#, F#, G# lean on a chord tone | Bb leans on nothing
    kinds = "".join(kind_of(pitch, Chord.of(C, [0, 4, 7])) for pitch in range(60, 72))
    assert kinds == "CASACSACASXS"


def test_quality_agrees_with_music21_on_chords_in_thirds() -> None:
    from music21.chord import Chord as Oracle

    for spelled in (["C", "E", "G"], ["C", "E", "G", "B-"], ["C", "E"], ["C", "E-", "G"]):
        spelled_chord = Oracle(spelled)
        ours = Chord.of(C, [p.pitchClass for p in spelled_chord.pitches])
        assert ours.is_major == (spelled_chord.quality == "major")
    for spelled in (["C", "E", "G#"], ["C", "E-", "G-"], ["C", "F", "G"], ["C", "E-", "G-", "B--"]):
        spelled_chord = Oracle(spelled)
        ours = Chord.of(C, [p.pitchClass for p in spelled_chord.pitches])
        assert not ours.is_major
        assert spelled_chord.quality != "major"

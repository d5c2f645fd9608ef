"""The spelling of melodies, beside examples that were spelled by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.pitch import LETTER_PITCH_CLASSES, step_and_alter
from djmodel.music.spelling import Spelling, spell

SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


def number(name: str) -> int:
    """The MIDI number of a note by its name and octave: `Cb5` is 71."""
    alter = name.count("#") - name[1:].count("b")
    return 12 * (int(name[-1]) + 1) + LETTER_PITCH_CLASSES[name[0]] + alter


def name(spelling: Spelling) -> str:
    return f"{spelling.step}{SIGNS[spelling.alter]}{spelling.octave}"


def assert_spelled_as(key: int, music: str) -> None:
    """`music` is chords and the notes over them, as a copyist wrote them: `C7: G4 Gb4 | F: F4`."""
    written, chords = [], []
    for stretch in music.split("|"):
        chord, notes = stretch.split(":")
        written += notes.split()
        chords += [parse_chord_symbol(chord.strip())] * len(notes.split())
    spelled = spell([number(note) for note in written], chords, key)
    assert " ".join(map(name, spelled)) == " ".join(written)


# Keys as sharps (positive) or flats; chords, and the notes over them as a copyist writes them.
BY_HAND = {
    "the scale of A flat major": (-4, "Ab: Ab4 Bb4 C5 Db5 Eb5 F5 G5 Ab5"),
    "the scale of E major": (4, "E: E4 F#4 G#4 A4 B4 C#5 D#5 E5"),
    "up by semitones": (0, "C: C4 C#4 D4 D#4 E4 F4 F#4 G4 G#4 A4 A#4 B4 C5"),
    "down by semitones": (0, "C: C5 B4 Bb4 A4 Ab4 G4 Gb4 F4 E4 Eb4 D4 Db4 C4"),
    "up by semitones in F": (-1, "F: F4 F#4 G4 G#4 A4 Bb4 B4 C5"),
    "down by semitones in D": (2, "D: D5 C#5 C5 B4 Bb4 A4"),
    "the third of a secondary dominant": (0, "E7: G#4 E4 | A7: C#5 A4 | D7: F#4 A4"),
    "the seventh of D flat 7 in A flat": (-4, "Db7: Cb5 Ab4"),
    "B sharp leads to C sharp in seven sharps": (7, "G#7: B#4 C#5"),
    "B sharp leads to C sharp in four sharps": (4, "G#7: B#4 C#5"),
    "an E, not an F flat": (-4, "F7: F5 E5 Eb5"),
    "B 4 below C 5": (0, "C: C5 B4 C5"),
    "a chord far from the key has its tones": (4, "Fm: F4 Ab4 C5 Ab4 F4"),
    "a tone of the key has its name in six flats": (-6, "Bbm7: Eb5 D5 Db5 A4 F4"),
    "a lower neighbour": (0, "C: G4 F#4 G4 E4 D#4 E4"),
    "an upper neighbour": (0, "C: G4 Ab4 G4 C5 Db5 C5"),
    "an enclosure from above": (0, "Cmaj7: F4 D#4 E4 A4 F#4 G4"),
    "an enclosure in B flat": (-2, "Bbmaj7: Eb4 C#4 D4 G4 E4 F4"),
    "a bebop line with a passing tone": (0, "G7: G5 Gb5 F5 E5 D5 C5 B4 A4"),
    "altered tones on the way down": (0, "G7alt: Bb4 Ab4 G4 F4 Eb4 Db4 | Cmaj7: C4"),
    "altered tones on the way up": (0, "G7alt: A#4 B4 | C: G#4 A4"),
    "b9 and #9 in F": (-1, "C7b9: E4 G4 Bb4 Db5 C5 | C7#9: Eb5 Db5 C5 Bb4"),
    "a sharp ninth that rises to the third": (-1, "C7#9: D#5 E5 C5"),
    "a blue third that falls": (-1, "F7: Ab4 F4 | Bb7: Ab4 G4 F4"),
    "blue notes in G": (1, "G7: A#4 B4 D5 F5 D5 Bb4 G4"),
    "a sharp eleventh": (-2, "Bbmaj7#11: D5 E5 F5 | C7#11: F#5 G5"),
    "a tritone substitute": (0, "Db7: F4 Ab4 B4 Ab4 | Cmaj7: G4"),
    "harmonic minor": (-3, "G7b9: B4 D5 F5 Ab5 G5 | Cm: Eb5 C5"),
    "melodic minor upwards": (-3, "Cm: G4 A4 B4 C5"),
    "the leading tone of G minor": (-2, "D7: F#4 A4 C5 Eb5 D5 | Gm: Bb4 G4 F#4 G4"),
    "the leading tone of C sharp minor": (4, "G#7: B#4 D#5 F#5 | C#m: E5 C#5 B#4 C#5"),
    "the leading tone of A minor": (0, "E7b9: G#4 B4 D5 F5 E5 | Am: C5 A4 G#4 A4"),
    "a minor fourth chord": (0, "Fm6: F4 Ab4 C5 D5 | C: C5 G4"),
    "a diminished chord in passing": (0, "C#dim7: C#4 E4 G4 Bb4 | Dm7: A4 F4"),
    "a half-diminished chord and its dominant": (-3, "Dm7b5: D4 F4 Ab4 C5 | G7: B4 G4"),
    "a half-diminished chord in D": (2, "Em7b5: Bb4 G4 E4 | A7b9: C#5 E5 G5 Bb5 A5"),
    "a C flat in six flats": (-6, "Abm7: Cb5 Eb5 Gb5 | Gb: Bb4"),
    "an augmented fifth": (0, "Caug: E4 G#4 C5 | F: A4"),
    "a repeated note has one name": (0, "C: Eb5 Eb5 D5 C#5 C#5 D5"),
    "a natural between two flats of the key": (-4, "Ab7: Bb4 B4 C5 Eb5 | Db7: Cb5 Bb4 Ab4"),
    "a ninth over E7 sharp nine": (4, "E7#9: G4 E4 G4 G#4 B4"),
    # Over a dominant from another key its leading tone has one name; a blue third is flat.
    "a neighbour of E7, up and down": (0, "E7: E4 D#4 E4 D#4 D4 B3"),
    "a leap to the leading tone of E7": (0, "E7: B4 D#5 D5 B4 G#4"),
    "a leap from the leading tone of E7": (0, "E7: D#4 B3 G#3 E3"),
    "a line around E7": (0, "E7: F#4 D#4 E4 G#4 C#5 B4"),
    "a bebop line over E7": (0, "E7: E5 D#5 D5 C#5 B4"),
    "one name in a bar over E7": (0, "E7: D#4 D4 D#4 E4 D#4 D4 C4 B3"),
    "a leading tone of A7": (0, "A7: E4 C#4 A3 G#3 A3 | Dm7: F4"),
    "a leading tone of E7 behind B7": (0, "B7: D#4 F#4 A4 C5 | E7: B4 D#4 E4"),
    "the blue third of C7": (0, "C7: G4 Eb4 C4 E4 G4"),
    "a blues lick over C7": (0, "C7: C5 Bb4 G4 Eb4 D4 C4"),
    "the blue third of C7, seventh of F7": (0, "C7: Eb4 D4 C4 Bb3 C4 | F7: Eb4 C4 A3"),
    "the blue third of F7": (0, "F7: F4 Ab4 C5 Ab4 G4 F4"),
}


@pytest.mark.parametrize("key_and_music", BY_HAND.values(), ids=BY_HAND)
def test_a_melody_is_spelled_as_by_hand(key_and_music: tuple[int, str]) -> None:
    assert_spelled_as(*key_and_music)


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
    assert [number(name(spelling)) for spelling in spelled] == pitches
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

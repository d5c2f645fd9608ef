"""Chords recognized in accompaniments of every texture, and inferred from a melody."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.inputs.chords.harmonize import harmonize
from djmodel.inputs.chords.observations import hold_anticipations
from djmodel.inputs.chords.recognition import find_pick_up, recognize_chords, with_pick_up
from djmodel.inputs.score import Measure
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol
from djmodel.music.key import Key, estimate_key
from djmodel.music.meter import Meter
from djmodel.music.tune import Change, Note

FOUR, THREE, TWO, SIX = Meter(4, 4), Meter(3, 4), Meter(2, 4), Meter(6, 8)
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def notes_of(bars: list[str], meter: Meter) -> list[Note]:
    """Bars as `onset pitches duration; ...`: `0 C2 1; 1 E3,G3,C4 1`. C4 is MIDI 60."""
    notes = []
    for number, bar in enumerate(bars):
        for event in filter(None, (event.strip() for event in bar.split(";"))):
            onset, pitches, duration = event.split()
            for letter, sign, octave in re.findall(r"([A-G])([b#]?)(\d)", pitches):
                pitch = _LETTERS[letter] + {"b": -1, "#": 1, "": 0}[sign] + 12 * int(octave) + 12
                start = number * meter.length + Fraction(onset)
                notes.append(Note(pitch, start, Fraction(duration)))
    return notes


def measures_of(count: int, meter: Meter) -> list[Measure]:
    return [Measure(number * meter.length, meter.length, meter) for number in range(count)]


def named(changes: tuple[tuple[Change, ...], ...]) -> list[str]:
    """`C G7@2`: a chord, and where it begins unless that is the start of the bar."""
    return [
        " ".join(
            chord_symbol(change.chord) + (f"@{change.onset}" if change.onset else "")
            for change in bar
        )
        for bar in changes
    ]


def recognized(bars: list[str], meter: Meter = FOUR, *, band: bool = False) -> list[str]:
    notes, measures = notes_of(bars, meter), measures_of(len(bars), meter)
    return named(recognize_chords(notes, measures, band=band))


def test_block_chords() -> None:
    assert recognized(["0 C3,E3,G3 4", "0 F3,A3,C4 4", "0 G3,B3,D4,F4 4", "0 A3,C4,E4 4"]) == [
        *("C", "F", "G7", "Am"),
    ]


def test_two_chords_in_a_bar_and_one_on_the_last_beat() -> None:
    bars = ["0 D3,F3,A3,C4 2; 2 G3,B3,D4,F4 2", "0 C3,E3,G3,B3 3; 3 A3,C#4,E4,G4 1"]
    assert recognized(bars) == ["Dm7 G7@2", "Cmaj7 A7@3"]


def test_inversions_are_slash_chords() -> None:
    assert recognized(["0 E3,G3,C4 4", "0 G2,C4,E4,G4 4", "0 G3,Db4,Eb4,Bb4 4"]) == [
        *("C/E", "C/G", "Eb7/G"),
    ]


def test_a_bass_held_under_a_chord_that_lacks_it_is_a_slash_chord() -> None:
    # Bb over C; F over its own bass again
    assert recognized(["0 C2 4; 0 Bb3,D4,F4 4", "0 F2 4; 0 A3,C4,F4 4"])[0] in {"Bb/C", "C9sus4"}


@pytest.mark.parametrize(
    ("voicing", "name"),
    [
        ("C3,E3,G3", "C"),
        ("C3,Eb3,G3", "Cm"),
        ("C3,Eb3,Gb3", "Cdim"),
        ("C3,E3,G#3", "Caug"),
        ("C3,E3,G3,Bb3", "C7"),
        ("C3,E3,G3,B3", "Cmaj7"),
        ("C3,Eb3,G3,Bb3", "Cm7"),
        ("C3,Eb3,Gb3,Bb3", "Cm7b5"),
        ("C3,Eb3,Gb3,A3", "Cdim7"),
        ("C3,E3,G3,A3", "C6"),
        ("C3,Eb3,G3,A3", "Cm6"),
        ("C3,Eb3,G3,B3", "CmMaj7"),
        ("C3,F3,G3", "Csus4"),
        ("C3,F3,G3,Bb3", "C7sus4"),
        ("C3,E3,G#3,Bb3", "C7#5"),
        ("C2,E3,Bb3,D4,G4", "C9"),
        ("C2,E3,Bb3,Db4,G4", "C7b9"),
        ("C2,E3,Bb3,D#4,G4", "C7#9"),
        ("C2,E3,G3,B3,D4", "Cmaj9"),
        ("C2,Eb3,G3,Bb3,D4", "Cm9"),
        ("C2,E3,G3,A3,D4", "C6/9"),
        ("C2,E3,Bb3,A4", "C7(add13)"),
    ],
)
@pytest.mark.parametrize("up", [0, 3, 6])
def test_every_kind_of_chord_held_for_a_bar(voicing: str, name: str, up: int) -> None:
    notes = [
        Note(note.pitch + up, note.onset, note.duration)
        for note in notes_of([f"0 {voicing} 4"], FOUR)
    ]
    [[change]] = recognize_chords(notes, measures_of(1, FOUR))
    assert change.chord == parse_chord_symbol(name).transposed(up)


def test_rootless_voicings_over_the_root() -> None:
    # third and seventh in the piano, root in the bass: ii V I
    bars = ["0 D2 4; 0 F3,C4,E4 4", "0 G2 4; 0 F3,B3,E4 4", "0 C2 4; 0 E3,B3,D4 4"]
    assert [name[:2] for name in recognized(bars)] == ["Dm", "G7", "Cm"]
    assert recognized(bars)[0] in {"Dm7", "Dm9"}
    assert recognized(bars)[2] in {"Cmaj7", "Cmaj9"}


def test_chords_of_stride_with_the_bass_on_one_and_three() -> None:
    # root and fifth alternate in the bass, and the chord stays the same
    bars = [
        "0 C2 1; 1 E3,G3,C4 1; 2 G2 1; 3 E3,G3,C4 1",
        "0 G2 1; 1 F3,G3,B3 1; 2 D2 1; 3 F3,G3,B3 1",
        "0 F2 1; 1 F3,A3,C4 1; 2 C2 1; 3 F3,A3,C4 1",
        "0 C2 1; 1 E3,G3,C4 1; 2 G2 1; 3 E3,G3,Bb3 1",
    ]
    assert recognized(bars) == ["C", "G7", "F", "C7"]


def test_chords_of_ragtime_in_two() -> None:
    # octaves in the bass on the beats, chords off them; F C/E in one bar, a cadence in the next
    bars = [
        "0 C2,C3 1/2; 1/2 E3,G3,C4 1/2; 1 G2,G3 1/2; 3/2 G3,Bb3,C4 1/2",
        "0 F2,F3 1/2; 1/2 A3,C4 1/2; 1 E2,E3 1/2; 3/2 G3,C4 1/2",
        "0 G2 1/2; 1/2 E3,G3,C4 1/2; 1 G2 1/2; 3/2 F3,G3,B3 1/2",
        "0 C2 1/2; 1/2 E3,G3,C4 1/2; 1 C2 1/2; 3/2 E3,G3,C4 1/2",
    ]
    assert recognized(bars, TWO) == ["C7", "F C/E@1", "C/G G7@1", "C"]


def test_a_bass_that_walks_in_octaves_is_passing() -> None:
    # F F/C, then the bass alone goes F E Eb on its way to D7
    bars = [
        "0 F2,F3 1/2; 1/2 A3,C4 1/2; 1 E2,E3 1/2; 3/2 Eb2,Eb3 1/2",
        "0 D2,D3 1/2; 1/2 F#3,A3,C4 1/2; 1 D2 1/2; 3/2 F#3,A3,C4 1/2",
    ]
    first, second = recognized(bars, TWO)
    assert first.split()[0][0] == "F"
    assert second == "D7"


def test_a_bass_that_moves_under_a_chord_is_not_a_change() -> None:
    # from the third to the root, with an accent on each: as in a marching bass
    assert recognized(["0 F2,F3 1/2; 1/2 Ab3,Db4 1/2; 1 Db2,Db3 1/2; 3/2 Ab3,Db4,F4 1/2"], TWO) == [
        "Db/F",
    ]


def test_chords_of_a_waltz() -> None:
    bars = [
        "0 G2 1; 1 G3,B3,D4 1; 2 G3,B3,D4 1",
        "0 D2 1; 1 F#3,A3,C4 1; 2 F#3,A3,C4 1",
        "0 G2 1; 1 G3,B3,D4 1; 2 G3,B3,D4 1",
    ]
    assert recognized(bars, THREE) == ["G", "D7", "G"]


def test_chords_of_an_alberti_bass() -> None:
    # low high middle high, as in K. 545
    bars = [
        "0 C4 1/2; 1/2 G4 1/2; 1 E4 1/2; 3/2 G4 1/2; 2 C4 1/2; 5/2 G4 1/2; 3 E4 1/2; 7/2 G4 1/2",
        "0 D4 1/2; 1/2 G4 1/2; 1 F4 1/2; 3/2 G4 1/2; 2 C4 1/2; 5/2 G4 1/2; 3 E4 1/2; 7/2 G4 1/2",
        "0 C4 1/2; 1/2 A4 1/2; 1 F4 1/2; 3/2 A4 1/2; 2 C4 1/2; 5/2 G4 1/2; 3 E4 1/2; 7/2 G4 1/2",
        "0 B3 1/2; 1/2 G4 1/2; 1 D4 1/2; 3/2 G4 1/2; 2 C4 1/2; 5/2 G4 1/2; 3 E4 1/2; 7/2 G4 1/2",
    ]
    first, second, third, fourth = recognized(bars)
    assert first == "C"
    assert second == "G7/D C@2"
    assert third == "F/C C@2"
    assert fourth == "G/B C@2"


def test_chords_of_arpeggios_in_compound_time() -> None:
    # six eighths up and down a chord, one chord in each bar, then two
    bars = [
        "0 A2 1/2; 1/2 E3 1/2; 1 A3 1/2; 3/2 C4 1/2; 2 A3 1/2; 5/2 E3 1/2",
        "0 E2 1/2; 1/2 B2 1/2; 1 E3 1/2; 3/2 G#3 1/2; 2 D4 1/2; 5/2 B3 1/2",
        "0 A2 1/2; 1/2 C3 1/2; 1 E3 1/2; 3/2 D3 1/2; 2 F3 1/2; 5/2 A3 1/2",
    ]
    assert recognized(bars, SIX) == ["Am", "E7", "Am Dm@3/2"]


def test_walking_bass_under_shell_voicings() -> None:
    # Charleston rhythm above, quarter notes below, passing notes on the way to each next root
    bars = [
        "0 D2 1; 1 E2 1; 2 F2 1; 3 F#2 1; 0 F3,C4 3/2; 3/2 F3,C4 5/2",
        "0 G2 1; 1 F2 1; 2 D2 1; 3 Db2 1; 0 F3,B3 3/2; 3/2 F3,B3 5/2",
        "0 C2 1; 1 D2 1; 2 E2 1; 3 Bb2 1; 0 E3,B3 3/2; 3/2 E3,B3 5/2",
        "0 A2 1; 1 G2 1; 2 E2 1; 3 Eb2 1; 0 G3,C#4 3/2; 3/2 G3,C#4 5/2",
    ]
    assert recognized(bars) == ["Dm7", "G7", "Cmaj7", "A7"]


def test_chords_of_a_walking_bass_alone() -> None:
    # arpeggios with a leading note: enough to tell Dm from G from C
    bars = [
        "0 D2 1; 1 F2 1; 2 A2 1; 3 Ab2 1",
        "0 G2 1; 1 B2 1; 2 D3 1; 3 Db3 1",
        "0 C3 1; 1 E2 1; 2 G2 1; 3 C3 1",
    ]
    assert [name.split("m")[0][0] for name in recognized(bars)] == ["D", "G", "C"]


def test_anticipated_chords_belong_to_the_beat_they_anticipate() -> None:
    # the F chord is struck an eighth before the bar line and tied over
    bars = ["0 C3,E3,G3 7/2; 7/2 F3,A3,C4 9/2", ""]
    assert recognized(bars) == ["C", "F"]


# --- a band ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        ("A2 A3,C4,E4", "E2 G3,C4,E4", "Am C/E@2"),  # together they are Am7
        ("C2 G3,C4,E4", "B1 G3,B3,E4", "C Em/B@2"),  # Cmaj7
        ("C2 E3,G3,C4", "E2 E3,G3,B3", "C Em@2"),
    ],
)
def test_two_chords_of_a_band_in_one_bar_are_not_one_chord_of_all_their_tones(
    first: str, second: str, names: str
) -> None:
    (low, high), (then_low, then_high) = first.split(), second.split()
    bar = f"0 {low} 2; 0 {high} 2; 2 {then_low} 2; 2 {then_high} 2"
    assert recognized([bar, "0 F2 4; 0 F3,A3,C4 4"], band=True) == [names, "F"]


def test_a_suspension_resolves_on_the_next_beat() -> None:
    # Cmaj7, then G with its fourth, which falls to the third
    bar = "0 C2 2; 0 G3,B3,C4,E4 2; 2 G2 1; 2 G3,C4,D4 1; 3 G2 1; 3 G3,B3,D4 1"
    assert recognized([bar], band=True) == ["Cmaj7 Gsus4@2 G@3"]
    assert recognized(["0 G2 4; 0 F3,G3,C4,D4 2; 2 F3,G3,B3,D4 2"], band=True) == ["G7sus4 G7@2"]


def test_an_added_ninth_over_its_third_or_fifth_is_a_slash_chord() -> None:
    bars = ["0 E2 4; 0 G3,C4,D4,E4 4", "0 G2 4; 0 G3,C4,D4,E4 4", "0 F2 4; 0 F3,A3,C4 4"]
    assert recognized(bars, band=True)[0] == "Cadd9/E"
    assert recognized(["0 F2 4; 0 F3,A3,C4 4", *bars[1:]], band=True)[1] == "Cadd9/G"


def test_the_fifth_in_the_bass_in_turn_with_the_root_makes_no_slash_chord() -> None:
    # root and fifth in turn, across the bar line; a fifth that is held for the bar stays
    c, in_two, f = "0 C2 4; 0 E3,G3,C4 4", "0 G2 2; 2 C2 2; 0 E3,G3,C4 4", "0 F2 4; 0 F3,A3,C4 4"
    over_g, over_g_7 = "0 G2 4; 0 E3,G3,C4 4", "0 G2 4; 0 E3,G3,B3,C4 4"
    assert recognized([c, in_two, f], band=True) == ["C", "C", "F"]
    assert recognized([c, over_g, f], band=True) == ["C", "C/G", "F"]
    assert recognized([c, over_g_7, f], band=True) == ["C", "Cmaj7/G", "F"]


def test_strokes_of_a_band_an_eighth_before_the_bar_belong_to_the_next_chord() -> None:
    # all strike eighths, and go to the next chord on the last one of each bar
    chords = [("C2", "E3,G3,C4"), ("A2", "E3,A3,C4"), ("F2", "F3,A3,C4"), ("G2", "D3,G3,B3")]
    bars = []
    for chord, following in zip(chords, [*chords[1:], chords[-1]], strict=True):
        played = [chord] * 7 + [following]
        strokes = [f"{k}/2 {low} 1/2; {k}/2 {high} 1/2" for k, (low, high) in enumerate(played)]
        bars.append("; ".join(strokes))
    assert recognized(bars, band=True) == ["C", "Am", "F", "G"]


def test_common_tones_of_two_strokes_anticipate_nothing() -> None:
    # a short Dm7 on the last eighth, then G7 on the bar line, which keeps D and F
    notes = notes_of(["7/2 D4,F4,A4,C5 1/2", "0 D4,F4,G4,B4 1/2"], FOUR)
    edges = np.arange(17) / 2
    assert hold_anticipations(notes, edges) == notes
    early = notes_of(["7/2 D4,F4,G4,B4 1/2", "0 D4,F4,G4,B4 1/2"], FOUR)
    assert [note.end > 4 for note in hold_anticipations(early, edges)] == [True] * 8


def test_held_anticipations_and_short_ones_are_heard_alike() -> None:
    # the guitar strikes F early and again on the beat, the organ holds it over
    bars = [
        "0 C2 4; 0 C3,E3,G3 7/2; 0 E4,G4,C5 7/2; 7/2 F3,A3,C4 1/2; 7/2 F4,A4,C5 9/2",
        "0 F2 4; 0 F3,A3,C4 4",
    ]
    assert recognized(bars, band=True) == ["C", "F"]


def test_passing_and_neighbour_notes_are_left_out() -> None:
    # the tune above the chord goes C D E F, and a neighbour B decorates C
    bars = [
        "0 C3,E3,G3 4; 0 C5 1; 1 D5 1/2; 3/2 E5 1/2; 2 F5 1/4; 9/4 E5 7/4",
        "0 F3,A3,C4 4; 0 C5 3/2; 3/2 B4 1/4; 7/4 C5 9/4",
    ]
    assert recognized(bars) == ["C", "F"]


def test_during_silence_the_last_chord_holds_and_before_it_the_first() -> None:
    bars = ["", "0 C3,E3,G3 4", "", "0 G3,B3,D4,F4 1", ""]
    changes = recognize_chords(notes_of(bars, FOUR), measures_of(5, FOUR))
    assert named(changes) == ["C", "C", "C", "G7", "G7"]
    assert [bar[0].sounding for bar in changes] == [False, True, False, True, False]


@pytest.mark.parametrize("rests", [1, 2, 3])
def test_during_bars_of_rest_a_chord_holds_until_the_bar_of_the_next(rests: int) -> None:
    # the F comes on the third beat of its bar, after bars of rest: C holds up to that bar
    bars = ["0 C3,E3,G3 4", *[""] * rests, "2 F3,A3,C4 1"]
    assert recognized(bars) == ["C", *["C"] * rests, "F"]


def test_a_few_bass_notes_are_not_a_chord() -> None:
    # a break in octaves, C B Bb C: no chord but C7, and none on the second beat alone
    bars = [
        "0 C3,C4 1/2; 1/2 E3,G3,C4 1/2; 1 C3,C4 1/2; 3/2 E3,G3,C4 1/2",
        "0 C3,C4 1/2; 1/2 B2,B3 1/2; 1 Bb2,Bb3 1/2; 3/2 C2,C3 1/2",
    ]
    assert recognized(bars, TWO) == ["C", "C7"]


def test_chords_of_a_pick_up_bar_and_after_a_change_of_meter() -> None:
    # one beat of G7 leads into two bars of C, the second a waltz bar
    notes = notes_of(["0 G3,B3,D4,F4 1; 1 C3,E3,G3 4; 5 C3,E3,G3 3"], FOUR)
    measures = [
        Measure(Fraction(0), Fraction(1), FOUR),
        Measure(Fraction(1), Fraction(4), FOUR),
        Measure(Fraction(5), Fraction(3), THREE),
    ]
    assert named(recognize_chords(notes, measures)) == ["G7", "C", "C"]


STRIDE = [
    "0 C2 1; 1 E3,G3,C4 1; 2 G2 1; 3 E3,G3,C4 1",
    "0 D2 1; 1 F3,A3,C4 1; 2 A2 1; 3 F3,A3,C4 1",
    "0 G2 1; 1 F3,G3,B3 1; 2 D2 1; 3 F3,G3,B3 1",
    "0 C2 1; 1 E3,G3,C4 1; 2 G2 1; 3 E3,G3,C4 1",
    "0 A2 1; 1 G3,A3,C#4 1; 2 E2 1; 3 G3,A3,C#4 1",
    "0 F2 1; 1 F3,A3,C4 1; 2 C2 1; 3 F3,A3,C4 1",
] * 2


@pytest.mark.parametrize("pick_up", [Fraction(1, 2), Fraction(1), Fraction(2)])
def test_an_undeclared_pickup_is_found(pick_up: Fraction) -> None:
    # a bass note leads in, and the file counts its bars from there
    lead_in = Note(43, Fraction(0), pick_up)
    stride = [replace(n, onset=n.onset + pick_up) for n in notes_of(STRIDE, FOUR)]
    measures = measures_of(13, FOUR)
    assert find_pick_up([lead_in, *stride], measures) == pick_up
    bars = with_pick_up(measures, pick_up)
    assert [bar.length for bar in bars] == [pick_up, *[4] * 12, 4 - pick_up]
    assert named(recognize_chords([lead_in, *stride], bars))[1:7] == [
        "C",
        "Dm7",
        "G7",
        "C",
        "A7",
        "F",
    ]


def test_correct_bar_lines_are_kept() -> None:
    assert find_pick_up(notes_of(STRIDE, FOUR), measures_of(12, FOUR)) == 0
    # one chord throughout says nothing about them
    assert find_pick_up(notes_of([STRIDE[0]] * 4, FOUR), measures_of(4, FOUR)) == 0
    # nor does music that enters later, or that changes its meter
    later = [replace(n, onset=n.onset + Fraction(1, 2)) for n in notes_of(STRIDE, FOUR)]
    assert find_pick_up(later, measures_of(13, FOUR)) == 0
    mixed = [*measures_of(6, FOUR), Measure(Fraction(24), Fraction(3), THREE)]
    assert find_pick_up(notes_of(STRIDE, FOUR), mixed) == 0


def test_without_notes_there_are_no_chords() -> None:
    assert recognize_chords([], measures_of(3, FOUR)) == ()
    assert harmonize([], measures_of(3, FOUR)) == ()


meters = st.sampled_from([FOUR, THREE, TWO, SIX, Meter(5, 4), Meter(7, 8), Meter(12, 8)])
pieces = st.lists(
    st.builds(
        Note,
        st.integers(30, 90),
        st.fractions(0, 15, max_denominator=4),
        st.fractions(Fraction(1, 4), 4, max_denominator=4),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(pieces, meters, st.integers(-12, 12), st.booleans())
def test_in_any_meter_bars_begin_with_a_chord_and_transposed_notes_give_transposed_chords(
    notes: list[Note], meter: Meter, by: int, band: bool
) -> None:
    count = int(19 // meter.length) + 1
    measures = measures_of(count, meter)
    moved = [Note(note.pitch + by, note.onset, note.duration) for note in notes]
    changes = recognize_chords(notes, measures, band=band)
    assert len(changes) == count
    for bar in changes:
        onsets = [change.onset for change in bar]
        assert onsets[0] == 0
        assert sorted(set(onsets)) == onsets
        assert onsets[-1] < meter.length
    transposed = [
        [replace(change, chord=change.chord.transposed(by)) for change in bar] for bar in changes
    ]
    assert [list(bar) for bar in recognize_chords(moved, measures, band=band)] == transposed


@pytest.mark.parametrize(
    ("line", "key", "sharps"),
    [
        ("0 C4 1; 1 D4 1; 2 E4 1; 3 F4 1; 4 G4 2; 6 G4 1; 7 E4 1; 8 C4 4", Key(0, False), 0),
        ("0 A4 1; 1 G4 1; 2 F4 1; 3 Bb4 1; 4 C5 2; 6 A4 1; 7 G4 1; 8 F4 4", Key(5, False), -1),
        ("0 E4 1; 1 A4 1; 2 B4 1; 3 C5 1; 4 B4 2; 6 E4 1; 7 G#4 1; 8 A4 4", Key(9, True), 0),
    ],
)
def test_the_key_of_a_melody(line: str, key: Key, sharps: int) -> None:
    assert estimate_key(notes_of([line], FOUR)) == key
    assert key.signature == sharps


def test_harmony_for_a_lone_melody() -> None:
    # a nursery song in C: home, subdominant for the A's, dominant before the end, home
    bars = [
        "0 C4 1; 1 C4 1; 2 G4 1; 3 G4 1",
        "0 A4 1; 1 A4 1; 2 F4 2",
        "0 G4 1; 1 F4 1; 2 D4 1; 3 B3 1",
        "0 C4 4",
    ]
    changes = harmonize(notes_of(bars, FOUR), measures_of(4, FOUR))
    assert named(changes) == ["C", "F", "G7", "C"]
    in_d = [Note(n.pitch + 2, n.onset, n.duration) for n in notes_of(bars, FOUR)]
    assert named(harmonize(in_d, measures_of(4, FOUR))) == ["D", "G", "A7", "D"]

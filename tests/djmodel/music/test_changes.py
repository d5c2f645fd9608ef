"""Changes written as text, and forms by name."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.forms import FORMS
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import chord_symbol, parse_chord_symbol, root_place
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.pitch import place_of
from djmodel.music.tune import Change, Tune
from seqmodel.errors import InputError

F = Fraction


def written(tune: Tune) -> str:
    """`Dm7 G7@2 | C`: a chord, and where it begins unless that is the start of the bar."""
    return " | ".join(
        " ".join(
            (chord_symbol(change.chord, tune.key) if change.sounding else "N.C.")
            + (f"@{change.onset}" if change.onset else "")
            for change in bar.changes
        )
        for bar in tune.bars
    )


@pytest.mark.parametrize(
    ("text", "bars"),
    [
        ("Dm7 | G7 | Cmaj7 | %", "Dm7 | G7 | Cmaj7 | Cmaj7"),
        ("| Dm7 | G7 |", "Dm7 | G7"),
        ("Dm7 || G7\nC\n\nF |\n", "Dm7 | G7 | C | F"),
        # chords share the bar, on beats; three in four beats: the first has two
        ("C F", "C F@2"),
        ("C F G", "C F@2 G@3"),
        ("C F G Am", "C F@1 G@2 Am@3"),
        # more than the bar has beats
        ("C F G Am Dm G C F | C", "C F@1/2 G@1 Am@3/2 Dm@2 G@5/2 C@3 F@7/2 | C"),
        ("C / / G7", "C G7@3"),
        ("C | / / G7 /", "C | C G7@2"),
        ("C C F", "C F@3"),
        ("C | % F", "C | C F@2"),
        ("C x3 | F", "C | C | C | F"),
        ("C7x3 | F", "C7 | C7 | C7 | F"),
        ("C | D |]", "C | D"),
        ("C F x2", "C F@2 | C F@2"),
        ("[C | F] x2 | G", "C | F | C | F | G"),
        ("[C | F] G", "C | F | G"),
        ("|: C | F :| G", "C | F | C | F | G"),
        ("||: C :|| G", "C | C | G"),
        ("C | F :| G", "C | F | C | F | G"),
        ("|: C :| x3", "C | C | C"),
        ("|: [C] x2 | F :|", "C | C | F | C | C | F"),
        ("[C] x 2 | [F]×2 | [G] *2", "C | C | F | F | G | G"),
        # % looks at the bar that was played, also over a repeat
        ("[C | %] x2 | F | %", "C | C | C | C | F | F"),
        # under N.C. the harmony is remembered
        ("N.C. | C N.C. | G NC", "N.C. | C N.C.@2 | G N.C.@2"),
        ("C7(b9, #11) F6/9/A", "C7(b9,#11) F6/9/A@2"),
        ("B♭△7 | E♭ø", "Bb△7 | Ebø"),
    ],
)
def test_written_changes_are_parsed(text: str, bars: str) -> None:
    tune = parse_changes(text)
    assert written(tune) == bars
    assert all(not bar.melody and bar.length == 4 for bar in tune.bars)
    assert tune.accompaniment == ()


@pytest.mark.parametrize(
    ("meter", "text", "bars"),
    [
        ("3/4", "C F | G", "C F@2 | G"),
        ("3/4", "C / G", "C G@2"),
        ("2/4", "C F", "C F@1"),
        ("6/8", "C F", "C F@3/2"),
        ("6/8", "C F G", "C F@1 G@2"),
        ("12/8", "C / G /", "C G@3"),
        ("5/4", "C F", "C F@3"),
        ("7/8", "C F", "C F@2"),
    ],
)
def test_changes_in_other_meters_are_parsed(meter: str, text: str, bars: str) -> None:
    tune = parse_changes(text, parse_meter(meter))
    assert written(tune) == bars
    assert tune.bars[0].length == tune.bars[0].meter.length


def test_under_no_chord_the_last_chord_holds_for_the_melody() -> None:
    [first, second, third] = parse_changes("N.C. | G7 | N.C.").bars
    g7 = parse_chord_symbol("G7")
    assert first.changes == (Change(Fraction(0), g7, sounding=False),)
    assert second.changes == (Change(Fraction(0), g7),)
    assert third.changes == first.changes


def test_choruses_are_repeated_and_a_pick_up_precedes_them() -> None:
    tune = parse_changes("C | F G7", Meter(3, 4), choruses=2, pick_up=Fraction(1))
    assert written(tune) == "N.C. | C | F G7@2 | C | F"
    assert [bar.length for bar in tune.bars] == [1, 3, 3, 3, 2]
    assert tune.length == 12


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("Dm7 | G7x | C", "x", "such as Dm7"),
        ("Dm7 | g7", "g7", "capital letters"),
        ("C | | D", "|", "%"),
        ("C [D | E", "[", "]"),
        ("C | D]", "]", "["),
        ("|: C ]", "]", "["),
        ("% | C", "%", "no bar before it"),
        ("C / G", "C / G", "3 signs instead of 4"),
        ("x3", "x3", "no bar before it"),
        ("C x0", "x0", "a number of times"),
        ("C x3 D", "D", "a bar line"),
        ("C : D", ":", "repeated"),
        ("", "", "contain no chord"),
        ("N.C. | N.C.", "", "contain no chord"),
        ("[[C] x1000] x1000", "]", "bars"),
        ("blus-in-F", "blus", "rhythm-changes"),
        ("waltz", "waltz", "blues"),
        ("blues-in-H", "H", "a key"),
        ("blues-in-", "", "a key"),
        ("blues-in-Fm", "Fm", "write minor-blues-in-F"),
        ("minor-blues-in-Amaj", "Amaj", "in minor, not major"),
    ],
)
def test_an_error_points_at_its_position_in_the_text(text: str, at: str, hint: str) -> None:
    with pytest.raises(ChangesError) as caught:
        parse_changes(text)
    error = caught.value
    assert text[error.position : error.position + error.length] == at
    assert f">>{at or 'the end'}<<" in str(error)
    assert hint in str(error)
    assert "\n" not in str(error)


def test_a_long_text_is_shown_around_the_error_only() -> None:
    with pytest.raises(ChangesError) as caught:
        parse_changes("C | " * 40 + "Q | " + "F | " * 40)
    assert "...C | C | C | C | C | C | >>Q<< | F | F | F | F | F | F..." in str(caught.value)


@pytest.mark.parametrize("text", ["", "4", "4/5", "0/4", "4/4/4", "three", "100/4"])
def test_a_text_that_is_not_a_meter_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not a meter such as 4/4"):
        parse_meter(text)


@pytest.mark.parametrize("text", ["64/1", "17/4", "99/8"])
def test_a_meter_of_more_than_16_quarters_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"quarter notes, more than 16"):
        parse_meter(text)
    assert parse_meter("4/1").length == 16


def test_changes_that_are_not_text_are_refused() -> None:
    with pytest.raises(InputError, match="changes must be text, not None"):
        parse_changes(None)  # type: ignore[arg-type]


def test_a_meter_can_be_given_as_text() -> None:
    assert parse_changes("C | G", "3/4").length == 6


def test_forms_are_found_by_name() -> None:
    blues = parse_changes("blues-in-F")
    assert len(blues.bars) == 12
    assert written(blues).startswith("F7 | Bb7 | F7 | F7 | Bb7")
    assert (blues.title, blues.key) == ("Blues in F", -1)
    rhythm = parse_changes("rhythm-changes")
    assert len(rhythm.bars) == 32
    assert rhythm.title == "Rhythm changes in B♭"
    # the bridge goes round the circle of fifths, two bars each
    assert written(rhythm).split(" | ")[16:24] == [
        *("D7", "D7", "G7", "G7", "C7", "C7", "F7", "F7"),
    ]
    assert written(parse_changes("rhythm-changes-in-Eb")).startswith("Ebmaj7 C7@2 | Fm7 Bb7@2")
    assert written(parse_changes("ii-V-I")) == "Dm7 | G7 | Cmaj7 | Cmaj7"
    assert written(parse_changes("II-v-i-in-d")) == "Em7 | A7 | Dmaj7 | Dmaj7"
    assert written(parse_changes("ii-V-I-in-F#")).startswith("G#m7 | C#7 | F#maj7")
    assert written(parse_changes("ii-V-I-in-Gb")).startswith("Abm7 | Db7 | Gbmaj7")
    assert parse_changes("minor-blues-in-Am").title == "Minor blues in A"
    assert parse_changes("minor-blues-in-A").key == 0


FLAT_KEYS = ("F", "Bb", "Eb", "Ab", "Db", "Gb", "Cb")
SHARP_KEYS = ("C", "G", "D", "A", "E", "B", "F#", "C#", "G#")


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_form_in_any_key_is_the_same_form_spelled_as_a_musician_does(name: str) -> None:
    in_c = parse_changes(f"{name}-in-C")
    assert len(in_c.bars) in {2, 4, 8, 12, 16, 32}
    for key in FLAT_KEYS + SHARP_KEYS:
        tune = parse_changes(f"{name}-in-{key}")
        assert tune.bars == in_c.transposed(parse_chord_symbol(key).root).bars
        tonic = place_of(key) - 3 * FORMS[name].minor
        assert tune.key is not None
        assert tune.key == tonic or abs(tonic) > 7, (name, key)
        chords = [change.chord for bar in tune.bars for change in bar.changes]
        places = [root_place(chord, tune.key) for chord in chords]
        assert -7 <= min(places) <= max(places) <= 12, (name, key)  # C flat to B sharp
        for (ii, place), (v, next_place) in pairwise(zip(chords, places, strict=True)):
            if (ii.root - v.root) % 12 == 7 and {3, 10} <= {*ii.intervals} and 4 in v.intervals:
                assert place == next_place + 1, (name, key)


def test_a_blues_in_a_flat_minor_has_flats() -> None:
    tune = parse_changes("minor-blues-in-Ab")
    assert tune.title == "Minor blues in A♭"
    assert written(tune).split(" | ")[::4] == ["Abm7", "Dbm7", "E7"]
    assert written(parse_changes("bird-blues-in-Gb")).split(" | ")[5] == "Bm7 E7@2"


def test_the_key_signature_of_changes_is_estimated() -> None:
    assert parse_changes("Dm7 | G7 | Cmaj7").key == 0
    assert parse_changes("Fm7 | Bb7 | Ebmaj7").key == -3
    assert parse_changes("F#m7b5 | B7 | Em").key == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("F#maj7 | D#m7 | G#m7 | C#7", 6),
        ("Gbmaj7 | Ebm7 | Abm7 | Db7", -6),
        ("C#maj7 | A#m7 | D#m7 | G#7", 7),
        ("Cbmaj7 | Abm7 | Dbm7 | Gb7", -7),
        ("Fm7 | A#7 | D#maj7", -3),  # nine sharps would be more than there are
    ],
)
def test_a_key_with_two_names_is_named_as_the_changes_are_written(text: str, key: int) -> None:
    assert parse_changes(text).key == key


chords = st.builds(
    Chord.of, st.integers(0, 11), st.lists(st.integers(0, 11), min_size=1), st.integers(0, 11)
)


@settings(max_examples=50)
@given(
    st.lists(st.lists(chords, min_size=1, max_size=5), min_size=1, max_size=8),
    st.sampled_from([Meter(4, 4), Meter(3, 4), Meter(6, 8), Meter(5, 4)]),
)
def test_any_chords_in_any_meter_fill_their_bars(bars: list[list[Chord]], meter: Meter) -> None:
    beats = len(meter.beat_onsets(meter.length))
    bars = [bar[:beats] for bar in bars]
    text = " | ".join(" ".join(chord_symbol(chord) for chord in bar) for bar in bars)
    tune = parse_changes(text, meter)
    assert [bar.length for bar in tune.bars] == [meter.length] * len(bars)
    for bar, given_chords in zip(tune.bars, bars, strict=True):
        onsets = [change.onset for change in bar.changes]
        assert onsets == sorted(set(onsets))
        assert onsets[0] == 0
        assert onsets[-1] < meter.length
        assert [change.chord for change in bar.changes] == [c for c, _ in groupby(given_chords)]


@pytest.mark.parametrize(
    ("bar", "meter", "place"),
    [
        ("C A7 Dm7 G7 C", "4/4", "5 chords, more than its 4 beats"),
        ("C F G C", "3/4", "4 chords, more than its 3 beats"),
        ("C F G C", "6/8", "4 chords, more than its 2 beats"),
    ],
)
def test_more_chords_than_beats_are_a_forgotten_bar_line(bar: str, meter: str, place: str) -> None:
    with pytest.raises(ChangesError, match="more than its 4 beats"):
        parse_changes("Dm7 G7 Cmaj7 A7 Dm7 G7 Cmaj7 C6")  # eight bars on a line
    with pytest.raises(ChangesError, match=place) as caught:
        parse_changes(f"F | {bar} | F", meter)
    assert (caught.value.bar, caught.value.position, caught.value.length) == (2, 4, len(bar))
    assert "bar line" in caught.value.hint


@pytest.mark.parametrize(
    ("bar", "meter", "onsets"),
    [
        ("C D E F G A B C", "4/4", [F(n, 2) for n in range(8)]),
        ("C F G", "6/8", [0, 1, 2]),
        ("C / / F / / G /", "4/4", [0, F(3, 2), 3]),  # dotted quarters
        ("C / / F / G", "3/4", [0, F(3, 2), F(5, 2)]),
    ],
)
def test_chords_on_eighths(bar: str, meter: str, onsets: list[Fraction]) -> None:
    found = parse_changes(f"{bar} | C", meter).bars[0]
    assert [change.onset for change in found.changes] == onsets


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ii7 | V7 | Imaj7", "ii-V-I-in-C"),
        ("bVII7 | iv", "by their names"),
        ("H7 | E7", "the German B is Bb"),
        ("1 | 4 | 5", "names such as Dm7"),
        ("Dm7 - G7 - Cmaj7 - A7", "between bars"),
        ("dm7 | g7", "capital"),
    ],
)
def test_what_is_no_chart_here_is_refused_with_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ChangesError, match=hint):
        parse_changes(text)


@given(st.text(alphabet="CGm7|:[]%x2/ N.\n", max_size=20))
def test_any_text_is_parsed_or_refused_with_a_position(text: str) -> None:
    position = 0
    try:
        tune = parse_changes(text)
        assert tune.bars
    except ChangesError as error:
        position = error.position
    assert 0 <= position <= len(text)

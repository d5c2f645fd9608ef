"""Accompaniment in styles: chord tones, voice leading, full bars, silence under N.C."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from djmodel.music.accompaniment import accompany
from djmodel.music.accompaniment.bass import BASS_REGISTER
from djmodel.music.accompaniment.comping import CHORD_REGISTER, movement, upper_tones
from djmodel.music.accompaniment.styles import STYLES, default_style
from djmodel.music.changes import parse_changes
from djmodel.music.charts.forms import FORMS
from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.tune import Note, Tune
from seqmodel.errors import InputError

METERS = ["4/4", "3/4", "2/4", "6/8", "5/4", "7/8", "12/8", "3/8", "2/2", "9/8", "5/16", "1/4"]


def played(text: str, style: str, meter: str = "4/4", seed: int = 0) -> Tune:
    return accompany(parse_changes(text, parse_meter(meter)), style, np.random.default_rng(seed))


def notes_of(tune: Tune) -> list[Note]:
    """The notes of bass and chords."""
    return [note for part in tune.accompaniment if not part.drums for note in part.notes]


def spans_of(
    tune: Tune, colours: bool = False
) -> list[tuple[Fraction, Fraction, frozenset[int], bool]]:
    """Each change: from, to, its pitch classes with the bass (and the ninth that a style with
    `colours` adds), whether it sounds."""
    spans = []
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        onsets = [change.onset for change in bar.changes] + [bar.length]
        for change, (onset, end) in zip(bar.changes, pairwise(onsets), strict=True):
            tones = change.chord.pitch_classes | {change.chord.bass}
            tones |= set(upper_tones(change.chord, 4, colours))
            spans.append((start + onset, start + end, tones, change.sounding))
    return spans


roots = st.sampled_from(["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"])
suffixes = st.sampled_from(
    [
        *("", "m", "7", "maj7", "m7", "m7b5", "dim7", "6", "m6", "9", "13", "7b9", "7alt", "7#9"),
        *("+", "sus4", "7sus4", "maj9", "m9", "m11", "6/9", "maj7#11", "mMaj7", "dim", "add9"),
    ]
)
basses = st.sampled_from(["", "", "", "/E", "/Bb", "/D"])
symbols = st.builds(lambda *parts: "".join(parts), roots, suffixes, basses) | st.just("N.C.")
bars = st.lists(symbols, min_size=1, max_size=3).map(" ".join)
changes = st.lists(bars, min_size=1, max_size=6).map(lambda texts: "C | " + " | ".join(texts))


@st.composite
def charts(draw: st.DrawFn) -> tuple[str, str]:
    """Changes, with no more chords in a bar than the meter has beats, and the meter."""
    meter = draw(st.sampled_from(METERS))
    beats = len(parse_meter(meter).beat_onsets(parse_meter(meter).length))
    of_bars = st.lists(symbols, min_size=1, max_size=min(3, beats)).map(" ".join)
    return "C | " + " | ".join(draw(st.lists(of_bars, min_size=1, max_size=6))), meter


@settings(max_examples=80, deadline=None)
@given(charts(), st.sampled_from(sorted(STYLES)), st.integers(0, 3))
def test_every_note_belongs_to_its_chord(chart: tuple[str, str], style: str, seed: int) -> None:
    text, meter = chart
    tune = played(text, style, meter, seed)
    spans = spans_of(tune, STYLES[style].colours)
    for note in notes_of(tune):
        [number] = [n for n, (onset, end, *_) in enumerate(spans) if onset <= note.onset < end]
        _, end, tones, sounding = spans[number]
        assert sounding
        assert note.duration > 0
        assert note.end <= end
        if note.pitch % 12 in tones:
            continue
        # the one exception: a walking bass steps to the next bass note
        assert STYLES[style].bass_line == "walking"
        assert note.end == end
        target = min(n.pitch for n in notes_of(tune) if n.onset == end)
        assert 1 <= abs(note.pitch - target) <= 2


@settings(max_examples=40, deadline=None)
@given(charts(), st.sampled_from(sorted(STYLES)))
def test_each_sounding_chord_begins_with_its_bass_and_nc_is_silent(
    chart: tuple[str, str], style: str
) -> None:
    text, meter = chart
    tune = played(text, style, meter)
    changes = [change for bar in tune.bars for change in bar.changes]
    for (onset, end, _, sounding), change in zip(spans_of(tune), changes, strict=True):
        beginning = [n.pitch for n in notes_of(tune) if n.onset == onset]
        if sounding:
            assert min(beginning) % 12 == change.chord.bass
            assert BASS_REGISTER[0] <= min(beginning) <= BASS_REGISTER[1]
        else:
            assert not [n for n in notes_of(tune) if n.onset < end and n.end > onset]


@settings(max_examples=40, deadline=None)
@given(changes, st.sampled_from(["block", "stride", "swing", "bossa"]))
def test_the_hands_move_little_and_stay_in_reach(text: str, style: str) -> None:
    tune = played(text, style)
    upper: dict[Fraction, list[int]] = {}
    for note in notes_of(tune):
        if note.pitch > BASS_REGISTER[1]:
            upper.setdefault(note.onset, []).append(note.pitch)
    voicings = [tuple(sorted(pitches)) for _, pitches in sorted(upper.items())]
    for voicing in voicings:
        assert CHORD_REGISTER[0] <= voicing[0] <= voicing[-1] <= CHORD_REGISTER[1]
        assert voicing[-1] - voicing[0] <= 12
    for before, after in pairwise(voicings):
        for one, other in ((before, after), (after, before)):
            assert max(min(abs(p - q) for q in other) for p in one) <= 7


def test_voices_move_by_a_whole_tone_at_most_in_two_five_one() -> None:
    # ii V I: no voice moves by more than a whole tone
    tune = played("Dm7 | G7 | Cmaj7", "block")
    voicings = [
        tuple(n.pitch for n in notes_of(tune) if n.onset == 4 * bar and n.pitch > 48)
        for bar in range(3)
    ]
    for before, after in pairwise(voicings):
        assert all(abs(p - q) <= 2 for p, q in zip(before, after, strict=True))
        assert movement(before, after) <= 6


def test_voices_move_by_a_whole_tone_at_most_through_rhythm_changes() -> None:
    # thirty-two bars, two chords in most: no voice ever moves by more than a whole tone
    strokes: dict[Fraction, list[int]] = {}
    for note in notes_of(played("rhythm-changes", "block")):
        if note.pitch > BASS_REGISTER[1]:
            strokes.setdefault(note.onset, []).append(note.pitch)
    for before, after in pairwise(pitches for _, pitches in sorted(strokes.items())):
        assert all(min(abs(p - q) for q in before) <= 2 for p in after)


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", ["block", "stride", "bossa", "swing", "arpeggio"])
def test_bars_are_filled_exactly(style: str, meter: str) -> None:
    tune = played("Dm7 | G7 C | C", style, meter)
    assert max(note.end for note in notes_of(tune)) == tune.length
    assert min(note.onset for note in notes_of(tune)) == 0
    # the bass never stops, except between the beats of stride
    if style != "stride":
        bass = [note for note in notes_of(tune) if note.pitch <= BASS_REGISTER[1]]
        assert sum(note.duration for note in bass) == tune.length
        assert all(one.end == other.onset for one, other in pairwise(bass))


def test_stride_alternates_bass_and_chord_and_a_waltz_has_two_chords() -> None:
    def beats(tune: Tune) -> list[str]:
        by_onset: dict[Fraction, int] = {}
        for note in notes_of(tune):
            by_onset[note.onset] = by_onset.get(note.onset, 0) + 1
        return ["bass" if count == 1 else "chord" for _, count in sorted(by_onset.items())]

    assert beats(played("C | G7", "stride")) == ["bass", "chord"] * 4
    assert beats(played("C | G7", "stride", "3/4")) == ["bass", "chord", "chord"] * 2
    # six eighths: two waltz groups
    assert beats(played("C", "stride", "6/8")) == ["bass", "chord", "chord"] * 2
    # root, then fifth
    bass = [n.pitch % 12 for n in notes_of(played("C", "stride")) if n.pitch <= 48]
    assert bass == [0, 7]


def test_a_walking_bass_has_a_note_on_every_beat_and_no_leap_above_an_octave() -> None:
    tune = played("blues-in-F", "swing", seed=3)
    [bass] = [part for part in tune.accompaniment if part.instrument.name == "Bass"]
    assert [note.onset for note in bass.notes] == list(range(48))
    pitches = [note.pitch for note in bass.notes]
    assert all(abs(a - b) <= 12 for a, b in pairwise(pitches))
    assert len(set(pitches)) > 8
    lowest, highest = BASS_REGISTER
    assert all(lowest <= pitch <= highest for pitch in pitches)


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", ["swing", "bossa"])
def test_the_first_chord_has_chord_notes_above_its_bass(style: str, meter: str) -> None:
    for seed in range(6):
        for tune in (
            played("Dm7 | G7 | C", style, meter, seed=seed),
            played("N.C. | N.C. | Dm7 | G7", style, meter, seed=seed),
        ):
            chords, bass, _ = tune.accompaniment
            assert chords.notes[0].onset == bass.notes[0].onset
            assert len({n.pitch for n in chords.notes if n.onset == bass.notes[0].onset}) >= 3


def test_equal_seeds_play_equal_notes() -> None:
    one, same, other = (played("rhythm-changes", "swing", seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.accompaniment != other.accompaniment


def test_an_accompaniment_leaves_the_melody_and_changes_as_they_are() -> None:
    tune = parse_changes("Cm7 | F7")
    accompanied = accompany(tune, "bossa", np.random.default_rng(0))
    assert accompanied.bars == tune.bars
    names = [part.instrument.name for part in accompanied.accompaniment]
    assert names == ["Guitar", "Bass", "Drums"]


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(InputError, match="swing"):
        played("C", "polka")


def test_a_chord_of_many_tones_loses_its_root_and_fifth_first() -> None:
    # C13 in four voices: third, seventh, thirteenth, ninth; the bass has the root
    assert set(upper_tones(parse_chord_symbol("C13"), 4)) == {4, 10, 9, 2}
    assert set(upper_tones(parse_chord_symbol("Dm7"), 3)) == {5, 0, 9}
    assert set(upper_tones(parse_chord_symbol("C"), 4)) == {0, 4, 7}


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_form_is_played_in_every_style(style: str) -> None:
    for form in FORMS:
        assert notes_of(played(form, style))


def test_a_last_bar_shortened_by_a_pick_up_is_accompanied_to_its_end() -> None:
    tune = parse_changes("C | G7", Meter(4, 4), pick_up=Fraction(3, 2))
    for style in STYLES:
        accompanied = accompany(tune, style, np.random.default_rng(0))
        assert max(note.end for note in notes_of(accompanied)) == tune.length
        assert min(note.onset for note in notes_of(accompanied)) >= Fraction(3, 2)


@settings(max_examples=30, deadline=None)
@example(("C | N.C.", "7/8"), "funk")
@given(charts(), st.sampled_from(sorted(STYLES)))
def test_no_instrument_plays_a_pitch_twice_at_once(chart: tuple[str, str], style: str) -> None:
    text, meter = chart
    for part in played(text, style, meter).accompaniment:
        by_pitch: dict[int, list[Note]] = {}
        for note in part.notes:
            by_pitch.setdefault(note.pitch, []).append(note)
        for notes in by_pitch.values():
            assert all(one.end <= other.onset for one, other in pairwise(notes))


def test_a_seventh_chord_is_voiced_with_its_ninth_where_the_scale_has_it() -> None:
    # Dm7: F A C E over the bass's D; G7b9 and G7sus4 keep their own colours
    assert set(upper_tones(parse_chord_symbol("Dm7"), 4, colours=True)) == {5, 9, 0, 4}
    for name in ("G7b9", "G7sus4", "C", "Bm7b5", "C6"):
        chord = parse_chord_symbol(name)
        assert upper_tones(chord, 4, colours=True) == upper_tones(chord, 4)


def test_the_first_of_several_choruses_of_swing_is_in_two_and_then_the_bass_walks() -> None:
    bass = next(
        part
        for part in accompany(parse_changes("blues-in-F").repeated(2), "swing").accompaniment
        if part.instrument.name == "Bass"
    )
    assert [note.onset for note in bass.notes] == [*range(0, 48, 2), *range(48, 96)]
    # root and fifth of F7
    assert [note.pitch % 12 for note in bass.notes[:2]] == [5, 0]


def test_chords_are_fewer_while_the_soloist_plays() -> None:
    def strokes(melody: tuple[Note, ...]) -> int:
        total = 0
        for seed in range(8):
            tune = parse_changes("rhythm-changes")
            bars = tuple(replace(bar, melody=melody) for bar in tune.bars)
            piano = accompany(replace(tune, bars=bars), "swing", seed).accompaniment[0]
            total += len({note.onset for note in piano.notes})
        return total

    busy = tuple(Note(70 + k % 3, Fraction(k, 2), Fraction(1, 2)) for k in range(8))
    assert strokes(busy) < 0.8 * strokes(())


def test_a_tune_without_a_feel_gets_that_of_the_style() -> None:
    changes = parse_changes("C6 | G7")
    assert accompany(changes, "bossa").feel == "latin"
    assert accompany(replace(changes, feel="funk"), "bossa").feel == "funk"
    assert default_style(changes) == "swing"
    assert default_style(replace(changes, feel="ballad")) == "ballad"
    assert default_style(parse_changes("C6 | G7", parse_meter("3/4"))) == "waltz"


@pytest.mark.parametrize("style", STYLES)
def test_bars_without_a_chord_are_silent_from_the_first_to_the_last(style):
    tune = accompany(parse_changes("N.C. | C"), style).excerpt(1, 1)
    assert accompany(tune, style).accompaniment == ()


@pytest.mark.parametrize("meter", ["4/16", "5/16", "6/16"])
def test_a_bass_line_in_sixteenths_has_no_note_without_length(meter: str) -> None:
    tune = played("C | Dm7 G7", "funk", meter)
    assert all(note.duration > 0 for note in notes_of(tune))

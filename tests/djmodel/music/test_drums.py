"""Drums: what a drummer plays on each beat of a bar, fills, meters, silence."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise

import pytest

from djmodel.music.accompaniment import accompany
from djmodel.music.accompaniment.form import chorus_length, section_starts
from djmodel.music.accompaniment.styles import STYLES
from djmodel.music.changes import parse_changes
from djmodel.music.instruments import DRUMS
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.tune import Section, Tune

METERS = ["4/4", "3/4", "2/4", "6/8", "5/4", "7/8", "12/8", "3/8", "2/2", "9/8", "5/16", "1/4"]
NAMES = {number: name for name, number in DRUMS.items()}


def drums(tune: Tune, style: str, seed: int = 0) -> dict[str, list[F]]:
    """Beats, counted from 1 at the start of the tune, on which each sound is played."""
    [part] = [part for part in accompany(tune, style, seed).accompaniment if part.drums]
    beats: dict[str, list[F]] = defaultdict(list)
    for note in part.notes:
        beats[NAMES[note.pitch]].append(note.onset + 1)
    return beats


def bar_1(played: dict[str, list[F]]) -> dict[str, list[float]]:
    return {sound: [float(beat) for beat in beats if beat < 5] for sound, beats in played.items()}


class TestPatterns:
    def test_swing_rides_and_closes_the_hi_hat_on_two_and_four(self) -> None:
        played = bar_1(drums(parse_changes("Dm7 | G7"), "swing"))
        assert played["ride"] == [1, 2, 2.5, 3, 4, 4.5]  # ding, ding-a, ding, ding-a
        assert played["pedal hi-hat"] == [2, 4]
        assert set(played["kick"]) >= {1, 3}

    def test_a_ballad_is_swept_with_brushes(self) -> None:
        ballad = accompany(parse_changes("Dm7 | G7"), "ballad")
        assert ballad.accompaniment[-1].instrument.name == "Brushes"
        played = bar_1(drums(ballad, "ballad"))
        assert played["swirl"] == [1, 3]
        assert played["snare"] == played["pedal hi-hat"] == [2, 4]
        assert "ride" not in played

    def test_bossa_has_the_clave_on_the_rim_over_two_bars(self) -> None:
        played = drums(parse_changes("Dm7 | G7 | C6 | A7"), "bossa")
        # 1, and of 2, 4; 2, and of 3; and again
        clave = [1, 2.5, 4, 6, 7.5]
        assert [float(beat) for beat in played["side stick"]] == [*clave, *(b + 8 for b in clave)]
        assert bar_1(played)["kick"] == [1, 2.5, 3, 4.5]

    def test_funk_has_straight_eighths_and_the_backbeat(self) -> None:
        played = bar_1(drums(parse_changes("C7 | C7"), "funk"))
        assert played["closed hi-hat"] == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]
        assert {2, 4} <= set(played["snare"])
        assert played["kick"] == [1, 2.5, 3.5]

    def test_a_jazz_waltz_rides_in_three(self) -> None:
        played = drums(parse_changes("Gm7 | C7 | Fmaj7", Meter(3, 4)), "waltz")
        assert [float(beat) for beat in played["ride"][:8]] == [1, 2, 2.5, 3, 4, 5, 5.5, 6]
        assert [float(beat) for beat in played["pedal hi-hat"]] == [2, 5, 8]
        assert {1, 4, 7} <= set(played["kick"])

    @pytest.mark.parametrize("style", sorted(STYLES))
    def test_every_style_has_drums_of_varied_loudness(self, style: str) -> None:
        [part] = [p for p in accompany(parse_changes("blues-in-F"), style).accompaniment if p.drums]
        assert len({note.velocity for note in part.notes}) > 5

    @pytest.mark.parametrize("meter", METERS)
    @pytest.mark.parametrize("style", sorted(STYLES))
    def test_every_meter_is_played_within_its_bars(self, style: str, meter: str) -> None:
        tune = parse_changes("C | Dm7 G7 | C", parse_meter(meter))
        [part] = [part for part in accompany(tune, style).accompaniment if part.drums]
        assert part.notes[0].onset == 0
        assert all(note.end <= tune.length for note in part.notes)
        by_sound = defaultdict(list)
        for note in part.notes:
            by_sound[note.pitch].append(note)
        for notes in by_sound.values():
            assert all(one.end <= other.onset for one, other in pairwise(notes))


class TestForm:
    def test_eight_bars_end_with_a_fill_and_the_next_begin_with_a_crash(self) -> None:
        played = drums(parse_changes("rhythm-changes"), "swing")
        assert [float(beat) for beat in played["crash"]] == [33, 65, 97]
        # bar 8: no ride on its last two beats, the hi-hat goes on
        assert not [beat for beat in played["ride"] if 31 <= beat < 33]
        assert F(32) in played["pedal hi-hat"]

    def test_a_blues_has_a_fill_after_twelve_bars(self) -> None:
        played = drums(parse_changes("blues-in-F").repeated(3), "swing")
        assert [float(beat) for beat in played["crash"]] == [49, 97]

    def test_sections_of_the_tune_go_before_a_count_of_bars(self) -> None:
        tune = parse_changes("Dm7 | G7 | C6 | A7 | Dm7 | G7 | C6 | C6")
        tune = replace(tune, sections=(Section(0, "A"), Section(4, "B")))
        assert section_starts(tune) == [4]
        assert [float(beat) for beat in drums(tune, "swing")["crash"]] == [17]

    def test_choruses_are_found_in_the_changes(self) -> None:
        assert chorus_length(parse_changes("blues-in-F").repeated(4)) == 12
        assert chorus_length(parse_changes("Dm7 | G7 | C6 | A7 | Dm7")) == 5
        assert section_starts(parse_changes("blues-in-F")) == []

    def test_the_drums_rest_under_no_chord(self) -> None:
        # a break of one bar in the middle
        [part] = [
            p for p in accompany(parse_changes("C6 | N.C. | G7"), "swing").accompaniment if p.drums
        ]
        assert not [note for note in part.notes if 4 <= note.onset < 8]
        assert [note for note in part.notes if note.onset >= 8]

"""Performances: swing, loudness, articulation, deviations and count-ins, on small scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest
from helpers.bars import bars
from helpers.handmade_tunes import bar, blues
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.inputs import midi_parser
from djmodel.inputs.embedded_score import embed
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.accompaniment import accompany
from djmodel.music.accompaniment.styles import STYLES
from djmodel.music.changes import parse_changes
from djmodel.music.instruments import DRUMS
from djmodel.music.meter import Meter
from djmodel.music.tune import Tempo, Tune
from djmodel.outputs.midi import midi_bytes, performance_bytes
from djmodel.outputs.performance.config import PerformanceConfig
from djmodel.outputs.performance.constants import MAX_SWING_RATIO
from djmodel.outputs.performance.feel import TimeMap, swing_ratio
from djmodel.outputs.performance.perform import perform
from seqmodel.settings import SettingError

RULES = PerformanceConfig(humanize=0)
EIGHTH = F(1, 2)


def tune_of(*notes: tuple[int | None, F | int], feel: str = "swing", bpm: float = 60) -> Tune:
    """One bar of C; at 60 beats a minute a quarter note lasts a second."""
    return Tune("Test", (bar("C", notes),), (Tempo(F(0), bpm),), feel=feel)


def melody_onsets(tune: Tune, config: PerformanceConfig = RULES) -> list[float]:
    return [round(note.onset, 4) for note in perform(tune, config).parts[0].notes]


class TestSwing:
    def test_the_second_of_two_eighths_is_late_by_the_ratio(self) -> None:
        # 2 to 1: the off-beat falls on the last third of the beat, the beats stay
        tune = tune_of(*[(60, EIGHTH)] * 8)
        played = melody_onsets(tune, PerformanceConfig(humanize=0, swing="2"))
        assert played == [0, 0.6667, 1, 1.6667, 2, 2.6667, 3, 3.6667]

    def test_straight_eighths_stay_where_they_are(self) -> None:
        tune = tune_of(*[(60, EIGHTH)] * 4)
        straight = PerformanceConfig(humanize=0, swing="straight")
        assert melody_onsets(tune, straight) == [0, 0.5, 1, 1.5]
        for feel in ("latin", "funk", ""):
            assert melody_onsets(replace(tune, feel=feel)) == [0, 0.5, 1, 1.5]

    def test_a_setting_of_feel_goes_before_the_feel_of_the_tune(self) -> None:
        tune = tune_of((60, EIGHTH), (62, EIGHTH))
        assert melody_onsets(tune, PerformanceConfig(humanize=0, feel="funk")) == [0, 0.5]

    def test_triplets_and_sixteenths_are_played_as_written(self) -> None:
        third, quarter = F(1, 3), F(1, 4)
        tune = tune_of(*[(60, third)] * 3, *[(62, quarter)] * 4, (64, EIGHTH), (65, EIGHTH))
        played = melody_onsets(tune, PerformanceConfig(humanize=0, swing="2"))
        assert played == [0, 0.3333, 0.6667, 1, 1.25, 1.5, 1.75, 2, 2.6667]

    def test_eighths_of_six_eight_do_not_swing(self) -> None:
        tune = Tune("", (bar("C", [(60, EIGHTH)] * 6, Meter(6, 8)),), feel="swing")
        onsets = melody_onsets(replace(tune, tempos=(Tempo(F(0), 60),)))
        assert onsets == [0, 0.5, 1, 1.5, 2, 2.5]

    def test_an_eighth_before_the_first_bar_line_swings_into_it(self) -> None:
        # a pick-up of an eighth: at 2 to 1 it is a third of a beat long
        bars = (bar("C", [(60, EIGHTH)], length=EIGHTH), bar("C", [(64, 4)]))
        tune = Tune("", bars, (Tempo(F(0), 60),), feel="swing")
        first, second = melody_onsets(tune, PerformanceConfig(humanize=0, swing="2"))
        assert second - first == pytest.approx(1 / 3, abs=1e-3)

    def test_the_ratio_falls_with_the_tempo_to_straight_eighths(self) -> None:
        ratios = [swing_ratio("swing", bpm) for bpm in range(40, 420, 20)]
        assert ratios == sorted(ratios, reverse=True)
        assert ratios[0] == MAX_SWING_RATIO
        assert ratios[-1] == 1
        slow = tune_of((60, EIGHTH), (62, EIGHTH), bpm=120)
        fast = slow.at_tempo(280)
        assert melody_onsets(slow)[1] * 120 > melody_onsets(fast)[1] * 280

    @settings(max_examples=60)
    @given(
        st.lists(bars(), min_size=1, max_size=3),
        st.floats(1, 4),
        st.lists(st.fractions(0, 12, max_denominator=24), min_size=2, max_size=20),
    )
    def test_time_never_runs_backwards(
        self, some: Sequence, ratio: float, times: Sequence[F]
    ) -> None:
        tune = Tune("", tuple(some), feel="swing")
        onsets = [note.onset for note in tune.melody_notes()]
        warped = TimeMap(tune, onsets, "swing", ratio)
        played = [warped(time) for time in sorted(times)]
        assert all(one <= other for one, other in pairwise(played))
        assert all(abs(a - b) < 0.5 for a, b in zip(played, sorted(times), strict=True))

    @pytest.mark.parametrize("swing", ["0.5", "5", "nan", "shuffle"])
    def test_a_ratio_that_is_none_is_refused(self, swing: str) -> None:
        with pytest.raises(SettingError, match="ratio from 1 to 4 or straight"):
            PerformanceConfig(swing=swing)


class TestDynamics:
    def test_peaks_are_louder_than_valleys_and_last_notes_are_soft(self) -> None:
        tune = tune_of(*[(pitch, EIGHTH) for pitch in (60, 67, 62, 67, 60, 64, 62, 60)])
        loud = [note.velocity for note in perform(tune, RULES).parts[0].notes]
        assert min(loud[1], loud[3]) > max(loud[2], loud[4])
        assert loud[7] == min(loud)
        assert loud[0] > loud[4]  # the first note of the phrase, of equal pitch

    def test_no_part_is_equally_loud_throughout(self) -> None:
        for part in perform(blues()).parts:
            assert len({note.velocity for note in part.notes}) > 1

    def test_a_melody_with_velocities_of_its_own_keeps_them(self) -> None:
        tune = tune_of((60, 1), (62, 1), (64, 1))
        [only] = tune.bars
        melody = tuple(replace(n, velocity=50 + 5 * k) for k, n in enumerate(only.melody))
        tune = replace(tune, bars=(replace(only, melody=melody),))
        assert [note.velocity for note in perform(tune, RULES).parts[0].notes] == [50, 55, 60]


class TestArticulation:
    def test_notes_sound_for_most_of_their_time_and_never_into_the_next(self) -> None:
        notes = perform(blues(), PerformanceConfig(humanize=1), 3).parts[0].notes
        assert all(one.end <= other.onset for one, other in pairwise(notes))
        lengths = [note.end - note.onset for note in perform(blues(), RULES).parts[0].notes]
        written = [float(note.duration) * 60 / 132 for note in blues().melody_notes()]
        share = sum(lengths) / sum(written)
        assert 0.6 < share < 0.95

    def test_a_short_last_note_is_cut_off_and_a_long_one_is_held(self) -> None:
        short = perform(tune_of((60, EIGHTH), (62, EIGHTH), feel=""), RULES).parts[0].notes
        long = perform(tune_of((60, EIGHTH), (62, 3), feel=""), RULES).parts[0].notes
        assert short[1].end - short[1].onset < 0.6 * (short[0].end - short[0].onset)
        assert long[1].end - long[1].onset > 0.6 * 3

    def test_phrases_of_the_tune_go_before_rests(self) -> None:
        tune = tune_of(*[(60, EIGHTH)] * 4, feel="")
        two = replace(tune, phrases=(F(0), F(1)))
        assert [n.velocity for n in perform(two, RULES).parts[0].notes][1] < 100
        lengths = [n.end - n.onset for n in perform(two, RULES).parts[0].notes]
        assert lengths[1] == pytest.approx(lengths[3])
        assert lengths[1] < lengths[0]


class TestHumanize:
    def test_equal_seeds_play_equal_notes_and_0_plays_the_rules(self) -> None:
        human = PerformanceConfig(humanize=0.5)
        assert perform(blues(), human, 1) == perform(blues(), human, 1)
        assert perform(blues(), human, 1).parts != perform(blues(), human, 2).parts
        assert perform(blues(), RULES, 1).parts == perform(blues(), RULES, 2).parts

    def test_deviations_grow_with_the_setting_and_keep_the_order_of_notes(self) -> None:
        exact = melody_onsets(blues())
        spreads = []
        for share in (0.25, 1):
            played = melody_onsets(blues(), PerformanceConfig(humanize=share))
            assert played == sorted(played)
            spreads.append(float(np.std(np.subtract(played, exact))))
        assert 0 < spreads[0] < spreads[1] < 0.05  # seconds

    def test_the_notes_of_a_chord_stay_together(self) -> None:
        piano = perform(blues(), PerformanceConfig(humanize=1)).parts[1].notes
        written = [note.onset for note in blues().accompaniment[0].notes]
        assert len({note.onset for note in piano}) == len(set(written))


class TestCountIn:
    def test_two_bars_are_counted_in_halves_and_then_in_quarters(self) -> None:
        tune = tune_of((60, 4), feel="")
        played = perform(tune, PerformanceConfig(humanize=0, count_in=2))
        melody, drums = played.parts
        assert [note.onset for note in melody.notes] == [8]
        assert [note.onset for note in drums.notes] == [0, 2, 4, 5, 6, 7]
        assert {note.pitch for note in drums.notes} == {DRUMS["side stick"]}
        assert played.count_in_seconds == 8
        assert played.score == tune

    def test_a_pick_up_sounds_in_the_last_bar_of_the_count_in(self) -> None:
        played = perform(blues(), PerformanceConfig(humanize=0, count_in=1))
        quarter = 60 / 132
        assert played.parts[0].notes[0].onset == pytest.approx(3 * quarter)
        clicks = played.parts[-1].notes
        assert [note.onset / quarter for note in clicks] == pytest.approx([0, 1, 2])
        assert [part.instrument.name for part in played.parts][-1] == "Drums"


class TestMidi:
    @pytest.mark.parametrize(
        "config", [RULES, PerformanceConfig(humanize=1, swing="3", count_in=2)]
    )
    def test_a_performance_is_read_back_as_its_straight_score(
        self, config: PerformanceConfig, tmp_path: Path
    ) -> None:
        score, played = tmp_path / "score.mid", tmp_path / "played.mid"
        for tune in (replace(blues(), feel="swing"), read_tune(rags()[0]).excerpt(1, 8)):
            score.write_bytes(midi_bytes(tune))
            played.write_bytes(performance_bytes(perform(tune, config)))
            assert read_tune(played) == read_tune(score)

    @pytest.mark.parametrize("style", sorted(STYLES))
    def test_changes_are_read_back_whatever_colours_the_band_adds(
        self, style: str, tmp_path: Path
    ) -> None:
        tune = parse_changes("N.C. | Dm7 G7b9 | Cmaj7 | N.C. | F/A | Bm7b5 E7#9 | A6 | Bb13sus4")
        melody = bar("C", [(72, EIGHTH), (74, EIGHTH), (76, 1), (72, 2)]).melody
        tune = replace(tune, bars=tuple(replace(each, melody=melody) for each in tune.bars))
        path = tmp_path / "band.mid"
        path.write_bytes(performance_bytes(perform(accompany(tune, style))))
        read = read_tune(path)
        assert [each.changes for each in read.bars] == [each.changes for each in tune.bars]
        assert [part.drums for part in read.accompaniment][-1]

    def test_a_performance_that_was_edited_is_read_as_it_is(self, tmp_path: Path) -> None:
        # the first note moved to another pitch: the score in the file no longer counts
        path = tmp_path / "edited.mid"
        path.write_bytes(performance_bytes(perform(blues(), RULES)))
        file = mido.MidiFile(path)
        edited = [m for m in file.tracks[1] if m.type in ("note_on", "note_off")][:2]
        for message in edited:
            message.note = 60
        file.save(path)
        assert read_tune(path).melody_notes()[0].pitch == 60

    def test_other_programs_play_the_performed_times(self, tmp_path: Path) -> None:
        path = tmp_path / "played.mid"
        performance = perform(replace(blues(), feel="swing"), PerformanceConfig(humanize=1))
        path.write_bytes(performance_bytes(performance))
        read = pretty_midi.PrettyMIDI(str(path)).instruments
        for part, heard in zip(performance.parts, read, strict=True):
            expected = sorted((note.onset, note.end, note.pitch) for note in part.notes)
            found = sorted((note.start, note.end, note.pitch) for note in heard.notes)
            assert np.allclose(expected, found, atol=2e-3)

    def test_a_score_too_long_for_one_event_is_read_by_this_and_by_other_programs(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("djmodel.inputs.embedded_score._MAX_BYTES", 100)
        path, whole = tmp_path / "played.mid", tmp_path / "score.mid"
        path.write_bytes(performance_bytes(perform(blues(), RULES)))
        whole.write_bytes(midi_bytes(blues()))
        events = [m for m in mido.MidiFile(path).tracks[0] if m.type == "sequencer_specific"]
        assert len(events) == -(-whole.stat().st_size // 100)
        assert read_tune(path) == read_tune(whole)

    def test_events_are_as_small_as_other_programs_need_them(self) -> None:
        # mido refuses messages of more than a million bytes
        parts = embed(bytes(2_000_000), midi_parser.parse(performance_bytes(perform(blues()))))
        assert max(map(len, parts)) < 1_000_000
        assert sum(map(len, parts)) > 2_000_000

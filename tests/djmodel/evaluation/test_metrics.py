"""Measures of music, each against numbers worked out by hand."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from helpers.handmade_tunes import QUAVER, REST, SEMIQUAVER, TIED, bar, blues

from djmodel.evaluation import metrics
from djmodel.inputs.reader import read_tune
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Tune

WALTZ = Meter(3, 4)


def tune(*bars):
    return Tune("by hand", bars)


# C E G C | D (two quarters, held over the line) D rest
FOUR_AND_TWO = tune(
    bar("C", [(60, 1), (64, 1), (67, 1), (72, 1)]),
    bar("G7", [(62, 2), (65, 2)]),
)
EMPTY = tune(bar("C", []), bar("F", []))
NO_BARS = tune()


# --- pitch -----------------------------------------------------------------------------------


def test_pitches_an_octave_apart_are_one_pitch_class():
    # C E G C D F: C twice
    expected = np.zeros(12)
    expected[[0, 4, 7, 2, 5]] = [2 / 6, 1 / 6, 1 / 6, 1 / 6, 1 / 6]
    assert metrics.pitch_class_histogram(FOUR_AND_TWO) == pytest.approx(expected)
    # -(1/3 log2 1/3 + 4 * 1/6 log2 1/6)
    assert metrics.pitch_class_entropy(FOUR_AND_TWO) == pytest.approx(2.2516, abs=1e-4)


def test_entropy_is_zero_for_one_pitch_class_and_log2_of_12_for_all():
    same = tune(bar("C", [(60, 1), (72, 1), (48, 2)]))
    assert metrics.pitch_class_entropy(same) == 0
    chromatic = tune(bar("C", [(60 + n, F(1, 3)) for n in range(12)]))
    assert metrics.pitch_class_entropy(chromatic) == pytest.approx(math.log2(12))


def test_the_range_is_an_octave():
    assert metrics.pitch_range(FOUR_AND_TWO) == 12


def test_different_pitches_and_the_mean_interval():
    # C E G C' D F: six pitches; 4 + 3 + 5 + 10 + 3 semitones in five steps
    assert metrics.used_pitches(FOUR_AND_TWO) == 6
    assert metrics.average_interval(FOUR_AND_TWO) == 25 / 5
    # C D C D: two pitches, a whole tone up and down
    trill = tune(bar("C", [(60, 1), (62, 1), (60, 1), (62, 1)]))
    assert metrics.used_pitches(trill) == 2
    assert metrics.average_interval(trill) == 2


def test_a_motif_that_comes_again_a_fifth_higher_is_repeated():
    # C D E, G A B: the leap between them makes motifs of its own
    q = QUAVER
    notes = [(60, q), (62, q), (64, q), (67, q), (69, q), (71, q)]
    sequence = tune(bar("C", notes))
    # steps 2 2 3 2 2: of the four motifs of three notes the first and the last are alike
    assert metrics.motif_repetition(sequence, 3) == 2 / 4
    assert metrics.motif_repetition(sequence, 4) == 0
    assert math.isnan(metrics.motif_repetition(sequence, 7))
    # the second time in quarters: the same intervals in another rhythm are another motif
    slower = tune(bar("C", [*notes[:4], (69, 1), (71, 1)]))
    assert metrics.motif_repetition(slower, 3) == 0


def test_a_tone_outside_every_scale_lowers_scale_consistency():
    assert metrics.scale_consistency(FOUR_AND_TWO) == 1
    # C D E F G, then C#: five of six are in C or F major, no scale has all
    with_c_sharp = tune(bar("C", [(p, QUAVER) for p in (60, 62, 64, 65, 67, 61)]))
    assert metrics.scale_consistency(with_c_sharp) == pytest.approx(5 / 6)
    # A harmonic minor: only G# is outside A natural minor
    minor = tune(bar("Am", [(p, QUAVER) for p in (69, 71, 72, 74, 76, 77, 80)]))
    assert metrics.scale_consistency(minor) == pytest.approx(6 / 7)


def test_a_tied_note_is_one_note():
    held = tune(bar("C", [(60, 2), (62, 2)]), bar("C", [(62, 1, TIED), (64, 1)]))
    assert metrics.pitch_class_histogram(held)[[0, 2, 4]] == pytest.approx([1 / 3] * 3)
    assert metrics.note_length_histogram(held)[[1, 5, 2]] == pytest.approx([1 / 3] * 3)


def test_transitions_of_pitch_classes():
    # C E G C D F: five, one each
    matrix = metrics.pitch_class_transition_matrix(FOUR_AND_TWO)
    assert matrix.sum() == pytest.approx(1)
    for before, after in ((0, 4), (4, 7), (7, 0), (0, 2), (2, 5)):
        assert matrix[before, after] == pytest.approx(1 / 5)


def test_entropy_bar_by_bar_and_by_four():
    # C E G C: 1.5 bits; D F: 1 bit
    assert metrics.barwise_pitch_class_entropy(FOUR_AND_TWO) == pytest.approx(1.25)
    two = metrics.barwise_pitch_class_entropy(FOUR_AND_TWO, 2)
    assert two == pytest.approx(metrics.pitch_class_entropy(FOUR_AND_TWO))
    assert math.isnan(metrics.barwise_pitch_class_entropy(FOUR_AND_TWO, 4))
    # three windows of two bars: 2.25, 1, none
    longer = tune(*FOUR_AND_TWO.bars, *EMPTY.bars)
    assert metrics.barwise_pitch_class_entropy(longer, 2) == pytest.approx((2.2516 + 1) / 2, 1e-4)


# --- rhythm ----------------------------------------------------------------------------------


def test_the_mean_interval_between_onsets():
    # onsets 0 1 2 3 4 6
    assert metrics.average_inter_onset_interval(FOUR_AND_TWO) == pytest.approx(6 / 5)
    # rests belong to the interval: onsets 1/2 and 3
    rests = tune(bar("C", [(REST, QUAVER), (60, QUAVER), (REST, 2), (62, 1)]))
    assert metrics.average_inter_onset_interval(rests) == 2.5


def test_note_lengths_are_those_of_the_list_or_the_nearest():
    lengths = [4, 2, 1, F(1, 2), F(1, 4), 3, F(3, 2), F(3, 4), F(3, 8), F(4, 3), F(2, 3), F(1, 3)]
    for index, length in enumerate(lengths):
        one = tune(bar("C", [(60, length)]))
        assert metrics.note_length_histogram(one).argmax() == index
    # 5/4 is nearer to 4/3 than to 1; 7/2 is between a whole and a dotted half: the whole is first
    odd = tune(bar("C", [(60, F(5, 4))]), bar("C", [(62, F(7, 2))]))
    histogram = metrics.note_length_histogram(odd)
    assert histogram[[9, 0]].tolist() == [0.5, 0.5]


def test_transitions_of_note_lengths():
    # four quarters and two halves: quarter-quarter three times, quarter-half, half-half
    matrix = metrics.note_length_transition_matrix(FOUR_AND_TWO)
    assert [matrix[2, 2], matrix[2, 1], matrix[1, 1]] == pytest.approx([0.6, 0.2, 0.2])


def test_empty_beats():
    # beats 2 and 4 of the first bar, all of the second
    sparse = tune(bar("C", [(60, 1), (REST, 1), (62, QUAVER)]), bar("C", []))
    assert metrics.empty_beat_rate(sparse) == 6 / 8
    assert metrics.empty_beat_rate(FOUR_AND_TWO) == 0
    assert metrics.empty_beat_rate(EMPTY) == 1
    # 6/8 has two beats of a dotted quarter
    jig = tune(bar("C", [(60, F(3, 2))], Meter(6, 8)))
    assert metrics.empty_beat_rate(jig) == 1 / 2


def test_the_share_of_rests():
    # two and a half of four quarters; a bar of rest
    sparse = tune(bar("C", [(60, 1), (REST, 1), (62, QUAVER), (REST, QUAVER), (64, 1)]))
    assert metrics.rest_share(sparse) == pytest.approx(1 - 2.5 / 4)
    assert metrics.rest_share(tune(*sparse.bars, bar("C", []))) == pytest.approx(1 - 2.5 / 8)
    assert metrics.rest_share(FOUR_AND_TWO) == 0


def test_a_phrase_ends_at_a_rest_of_a_quarter():
    # C D, a rest of an eighth, E held over the bar line; a quarter's rest; G A
    line = tune(
        bar("C", [(60, QUAVER), (62, QUAVER), (REST, QUAVER), (64, 2 + QUAVER)]),
        bar("G7", [(64, 1, TIED), (REST, 1), (67, 1), (69, QUAVER)]),
    )
    assert metrics.phrase_lengths(line).tolist() == [[3, 5], [2, 1.5]]
    assert metrics.MEASURES["notes of a phrase"](line) == 2.5
    assert metrics.MEASURES["quarters of a phrase"](line) == 3.25
    assert metrics.phrase_lengths(EMPTY).shape == (0, 2)


def test_groove_similarity_of_neighbouring_bars_and_of_all_pairs():
    # onsets at 0 1 2 3; 0 2; 0 2: of 16 positions two differ, then none
    grooves = tune(*FOUR_AND_TWO.bars, bar("G7", [(67, 2), (65, 2)]))
    assert metrics.groove_consistency(grooves, 4) == pytest.approx(1 - (2 / 16 + 0) / 2)
    assert metrics.groove_similarity(grooves, 4) == pytest.approx(1 - (2 / 16 + 2 / 16 + 0) / 3)
    # the third positions of a beat need a finer grid
    thirds = tune(bar("C", [(60, F(1, 3)), (62, F(1, 3))]), bar("C", [(60, F(1, 3))]))
    assert metrics.groove_consistency(thirds) == pytest.approx(1 - 1 / 48)


def test_bars_of_unequal_length_are_not_compared():
    mixed = tune(bar("C", [(60, 1)]), bar("C", [(60, 1)], WALTZ), bar("C", [(60, 1), (62, 1)]))
    assert math.isnan(metrics.groove_consistency(mixed))
    assert metrics.groove_similarity(mixed, 4) == pytest.approx(1 - 1 / 16)


def test_a_held_note_is_not_an_onset():
    held = tune(bar("C", [(60, 4)]), bar("C", [(60, 4, TIED)]))
    assert metrics.groove_consistency(held, 4) == pytest.approx(1 - 1 / 16)


# --- harmony ---------------------------------------------------------------------------------


def test_chord_trigrams():
    # C F G C F G C: five trigrams, three different; the C that is held is not counted again
    names = ["C", "F", "G", "C", "C", "F", "G", "C"]
    progression = tune(*(bar(name, []) for name in names))
    assert metrics.chord_progression_irregularity(progression) == 3 / 5
    assert math.isnan(metrics.chord_progression_irregularity(tune(bar("C F", []))))


def test_kinds_of_tones_on_and_off_the_beat():
    # over C: on the beat C and D; off the beat D# (approach) and F#
    # (a semitone from G, an approach too); B, a scale tone, on the third beat
    notes = [(60, QUAVER), (63, QUAVER), (62, QUAVER), (66, QUAVER), (71, 1)]
    on, off = metrics.tone_shares(tune(bar("C", notes)))
    assert on == pytest.approx([1 / 3, 2 / 3, 0, 0])
    assert off.tolist() == [0, 0, 1, 0]
    # Bb over C is no tone of C major, and a whole tone from the nearest chord tone
    assert metrics.tone_shares(tune(bar("C", [(70, 1)])))[0].tolist() == [0, 0, 0, 1]


def test_chord_tones_and_scale_tones():
    # over C: C E, D B of its scale, D# beside E, Bb; over G7 the B is a chord tone
    notes = [(p, QUAVER) for p in (60, 64, 62, 71, 63, 70)]
    line = tune(bar("C", notes), bar("G7", [(71, 1)]))
    assert metrics.tone_counts(line).sum(axis=0).tolist() == [3, 2, 1, 1]
    assert metrics.chord_tone_share(line) == 3 / 7
    assert metrics.scale_tone_share(line) == pytest.approx(5 / 7)


def test_features_of_mgeval_are_counted_and_in_seconds():
    # C E G C D F, onsets 0 1 2 3 4 6, at 90 quarters a minute
    features = {name: of(FOUR_AND_TWO.at_tempo(90)) for name, of in metrics.MGEVAL.items()}
    assert len(features) == 9
    names = ("used pitches", "notes", "inter-onset interval", "pitch shift", "pitch range")
    numbers = np.concatenate([features[name] for name in names])
    assert numbers == pytest.approx([6, 6, 0.8, 5, 12])
    # three times from a quarter to a quarter
    assert features["note-length transitions"][2, 2] == 3
    assert features["note-length transitions"].sum() == 5
    assert features["pitch-class transitions"][0, 4] == 1
    assert features["note lengths"].sum() == 1


def test_a_measure_without_data_is_nan():
    for name, measure in metrics.MEASURES.items():
        assert math.isnan(measure(NO_BARS)), name
        if "groove" not in name and name not in {"empty-beat rate", "rests"}:
            assert math.isnan(measure(EMPTY)), name
    for name, measure in metrics.DISTRIBUTIONS.items():
        assert np.isnan(measure(EMPTY)).all(), name
    one_note = tune(bar("C", [(60, 1)]))
    assert math.isnan(metrics.average_inter_onset_interval(one_note))
    assert np.isnan(metrics.pitch_class_transition_matrix(one_note)).all()
    assert metrics.pitch_range(one_note) == 0


@pytest.mark.parametrize("semitones", [-5, 3])
def test_a_transposed_tune_measures_the_same(semitones):
    source, moved = blues(), blues().transposed(semitones)
    for name, measure in metrics.MEASURES.items():
        assert measure(moved) == pytest.approx(measure(source)), name
    assert metrics.tone_shares(moved) == pytest.approx(metrics.tone_shares(source))


def test_every_measure_of_every_rag_is_a_number_in_its_bounds(rags):
    for path in rags:
        rag = read_tune(path)
        found = {name: measure(rag) for name, measure in metrics.MEASURES.items()}
        assert all(math.isfinite(number) for number in found.values()), found
        entropies = [number for name, number in found.items() if "entropy" in name]
        assert all(0 <= number <= math.log2(12) for number in entropies)
        rates = [found[name] for name in found if "rate" in name or "groove" in name]
        assert all(0 <= number <= 1 for number in rates)
        # bits of one bar, of four, of the whole: the more notes, the more pitch classes
        assert entropies[1] < entropies[2] < entropies[0]


def test_a_bar_shorter_than_a_position_has_one_position():
    tiny = Bar(Meter(1, 64), SEMIQUAVER / 4, (), FOUR_AND_TWO.bars[0].changes)
    assert metrics.groove_similarity(tune(tiny, tiny)) == 1

"""Views of tones: which candidates lead to the same degree, pitch or note."""

import numpy as np

from djmodel.values.chart import QUALITIES
from djmodel.values.features import LOWEST, WIDEST, Conditioning, Feature
from djmodel.values.views import Candidate, candidate_views, vocabulary_views
from seqmodel.data.vocabulary import Vocabulary

# A duration, a rest, then leaps: up a major third, up a minor third, down a fourth.
SYMBOLS = ("0.500", "C,<M3>", "R", "S,<m3>", "X,<P-4>")
M3, REST, MINOR_3, FOURTH_DOWN = 1, 2, 3, 4


def rows(name, context):
    conditioning = Conditioning((Feature("chord"), Feature(name)))
    views = vocabulary_views(conditioning, Vocabulary(SYMBOLS, 6))
    [view] = views.views
    assert view.feature == 1
    assert view.first_input == 6 + conditioning.offset(name)
    return view.rows[context]


def test_from_the_root_a_third_leads_to_the_third_and_from_the_third_to_the_sharp_fifth():
    assert rows("degree", 0)[M3] == 4
    assert rows("degree", 4)[M3] == 8
    assert rows("degree", 5)[FOURTH_DOWN] == 0
    # The fifth of the chord, reached from the third by a minor third and from the root by a fourth
    assert rows("degree", 4)[MINOR_3] == rows("degree", 0)[FOURTH_DOWN] == 7


def test_rests_durations_and_spare_symbols_have_no_degree():
    assert (rows("degree", 3)[[0, REST, 5]] == -1).all()


def test_over_a_seventh_chord_the_third_is_a_chord_tone_and_the_fourth_none():
    # From the root of a seventh chord, up a minor third (an approach tone, here called a scale
    # tone) and up a major third; from the fifth, down a fourth to the second (here "other").
    root, fifth = (13 * QUALITIES.index("7") + degree for degree in (0, 7))
    assert rows("chord_degree", root)[M3] == 1
    assert rows("chord_degree", root)[MINOR_3] == 0
    assert rows("chord_degree", fifth)[FOURTH_DOWN] == 0


def test_without_a_chord_no_tone_has_a_kind():
    silent = 13 * QUALITIES.index("silent")
    assert (rows("chord_degree", silent) == -1).all()


def test_before_the_first_note_no_candidate_has_a_degree():
    assert (rows("degree", 12) == -1).all()


def test_a_leap_back_leads_to_the_note_before_the_last():
    # A fourth up, then a fourth down.
    assert rows("leap", WIDEST + 5)[FOURTH_DOWN] == WIDEST


def test_pitches_are_told_apart_an_octave_beyond_the_known_ones():
    lowest = rows("pitch", 0)
    assert lowest[FOURTH_DOWN] == 7
    assert rows("pitch", 60 - LOWEST)[M3] == rows("pitch", 61 - LOWEST)[MINOR_3]


def test_without_a_context_there_are_no_views():
    assert (
        candidate_views(Conditioning((Feature("chord"),)), [Candidate(0), Candidate()], 2) is None
    )


def test_every_context_gives_a_row_of_its_view():
    names = ("degree", "chord_degree", "key_degree", "next_degree", "pitch", "leap")
    views = vocabulary_views(Conditioning(tuple(map(Feature, names))), Vocabulary(SYMBOLS, 5))
    assert len(views.views) == len(names)
    scores = np.zeros((views.n_scores + 1, 1), np.float32)
    for view in views.views:
        for context in range(len(view.rows)):
            conditioning = np.full((len(names), 1), -1)
            conditioning[view.feature] = view.first_input + context
            assert np.isfinite(views.logits(scores, conditioning)).all()


def rows_of_durations(name, times, symbols):
    views = vocabulary_views(Conditioning((Feature(name, times),)), Vocabulary(symbols, 5))
    [view] = views.views
    return view.rows


def test_an_eighth_from_the_beat_ends_off_it_and_from_the_upbeat_on_it():
    eighth, dotted = 0, 1
    rows = rows_of_durations("beat_onset", ("0", "1/2"), ("0.500", "1.500", "C,<M3>"))
    # in 24ths of a quarter
    assert rows[:, eighth].tolist() == [12, 0]
    assert rows[:, dotted].tolist() == [12, 0]
    assert (rows[:, 2:] == -1).all()  # the note and the spare symbols


def test_durations_that_end_with_the_bar_are_alike_and_those_beyond_it():
    rows = rows_of_durations("bar_end", ("1/2", "1"), ("0.500", "1.000", "1.500"))
    too_long, ends_it = 0, 1
    assert rows[:, :3].tolist() == [[ends_it, too_long, too_long], [13, ends_it, too_long]]

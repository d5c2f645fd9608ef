"""Views of tones: which candidates lead to the same degree, pitch or note."""

import numpy as np

from djmodel.values.features import LOWEST, WIDEST, Conditioning, Feature
from djmodel.values.views import tone_views, vocabulary_views
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
    assert tone_views(Conditioning((Feature("chord"),)), [0, None], 2) is None


def test_every_context_gives_a_row_of_its_view():
    names = ("degree", "key_degree", "next_degree", "pitch", "leap")
    views = vocabulary_views(Conditioning(tuple(map(Feature, names))), Vocabulary(SYMBOLS, 5))
    assert len(views.views) == len(names)
    scores = np.zeros((views.n_scores + 1, 1), np.float32)
    for view in views.views:
        for context in range(len(view.rows)):
            conditioning = np.full((len(names), 1), -1)
            conditioning[view.feature] = view.first_input + context
            assert np.isfinite(views.logits(scores, conditioning)).all()

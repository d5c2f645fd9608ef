"""Solos in the grammar of jazz from networks that know nothing: only the constraint speaks."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import groupby, pairwise

import numpy as np
import pytest
from helpers.bars import bar_of, bars
from helpers.handmade_tunes import blues
from helpers.reference_network import random_weights
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.config import TrainingConfig
from djmodel.model.improvise import improvise
from djmodel.model.model_file import DjModel
from djmodel.music.chord import Chord, kind_of
from djmodel.music.tune import Tune
from djmodel.values.chart import Chart, Moments
from djmodel.values.encoded_corpus import encode_corpus
from djmodel.values.features import FEATURE_NAMES, Conditioning
from djmodel.values.solo_constraint import LONGEST_RUN, SoloConstraint, Symbols
from djmodel.values.value import Value
from seqmodel.errors import InputError, SamplingError
from seqmodel.network.forward import log_distributions
from seqmodel.sampling.config import SamplingConfig


def model_of(tune, seed=0, scale=0.3):
    """A model of the symbols of `tune`, conditioned on everything, with random weights."""
    encoded = encode_corpus([tune], 400, "jazz")
    size = len(encoded.vocabulary)
    chart = Chart.of(tune, encoded.registers.of_solo(tune))
    moments = [(chart, Moments.of_values(chart, encoded.bars[0]))]
    conditioning = Conditioning.of(FEATURE_NAMES, moments)
    return DjModel(
        random_weights("lstm", size, 12, len(conditioning), seed, scale),
        replace(encoded.vocabulary, size=size),
        TrainingConfig(n_a=12, n_values=size, grammar="jazz", conditioning=FEATURE_NAMES),
        encoded.registers,
        (tune,),
        tuple(tuple(sequence.tolist()) for sequence in encoded.sequences),
        conditioning=conditioning,
    )


@pytest.fixture(scope="module")
def model():
    return model_of(blues())


@pytest.fixture(scope="module")
def solos(model):
    return improvise(model, model.changes[0], seed=3, count=12)


# --- what is followed while sampling is what is computed for training -------------------------


@settings(max_examples=30)
@given(st.lists(bars(), min_size=1, max_size=4), st.integers(0, 5))
def test_a_tracker_follows_the_moments_of_the_values_it_draws(some_bars, begun):
    tune = Tune("", tuple(some_bars))
    made = model_of(tune)
    chart, values = made.chart(tune), [v for bar in made.encode_tune(tune) for v in bar]
    begun = min(begun, len(values))
    tracker = SoloConstraint(
        Symbols.of(made.vocabulary.symbols, made.vocabulary.size),
        chart, made.registers.all, made.conditioning, values[:begun],
    ).begin(2)  # fmt: skip
    expected = made.inputs(made.encode_tune(tune), tune)
    for place, symbol in enumerate(made.encode(values[begun:]), start=2 * begun):
        assert tracker.conditioning.T.tolist() == [expected[place].tolist()] * 2
        tracker.advance(np.array([symbol, symbol]))
    assert tracker.ended.all()


# --- solos -----------------------------------------------------------------------------------


def test_each_pitch_has_the_kind_of_its_value_and_is_in_the_register(model, solos):
    for solo in solos:
        for bar, values in zip(solo.tune.bars, solo.values, strict=True):
            notes = [n for n in bar.melody if not n.tied]
            kinds = [kind_of(note.pitch, bar.chord_at(note.onset)) for note in notes]
            assert kinds == [v.kind for v in values if v.leap is not None]
        low, high = model.registers.all
        assert all(low <= note.pitch <= high for note in solo.tune.melody_notes())


def test_a_solo_is_what_encoding_its_notes_gives(model, solos):
    for solo in solos:
        assert [sum(v.duration for v in bar) for bar in solo.values] == [
            bar.length for bar in solo.tune.bars
        ]
        # the last rest may be written as several
        assert model.encode_tune(solo.tune)[:-1] == solo.values[:-1]


def test_a_solo_ends_with_a_chord_tone_in_the_first_half_of_the_last_bar(solos):
    # or with a rest, in a bar without notes
    assert any(solo.values[-1][-1].is_rest for solo in solos)
    for solo in solos:
        for note in solo.tune.bars[-1].melody:
            assert note.onset < 2
        [*_, last] = [v for bar in solo.values for v in bar if v.leap is not None]
        if solo.tune.bars[-1].melody:
            assert last.kind == "C" or solo.tune.melody_notes()[-1].end < solo.tune.length - 2


def test_in_the_last_bar_the_line_comes_down(model, solos):
    middle, steps = model.chart(model.changes[0]).middle, []
    for solo in solos:
        notes = solo.tune.melody_notes()
        last_bar = solo.tune.length - 4
        steps += [(b.pitch, b.pitch - a.pitch) for a, b in pairwise(notes) if b.onset >= last_bar]
    assert any(step > 0 for _, step in steps)  # below the middle it may rise
    assert all(step < 0 for pitch, step in steps if pitch > middle)


def test_a_solo_does_not_stay_on_one_pitch():
    """Not even one of a network that prefers repeated notes to everything else."""
    scale = [(pitch, F(n, 2), F(1, 2)) for n, pitch in enumerate((60, 60, 62, 64, 64, 65, 64, 62))]
    model = model_of(Tune("", (bar_of(scale),) * 4))
    symbols = Symbols.of(model.vocabulary.symbols, model.vocabulary.size)
    repeats = 20 * (symbols.is_note & (symbols.leap == 0)).astype(np.float32)
    weights = replace(model.weights, dense_bias=model.weights.dense_bias + repeats)
    for solo in improvise(replace(model, weights=weights), model.changes[0], seed=1, count=4):
        pitches = [note.pitch for note in solo.tune.melody_notes()]
        assert max(len([*run]) for _, run in groupby(pitches)) == LONGEST_RUN


def test_solo_k_of_a_seed_is_the_same_for_any_count(model, solos):
    assert improvise(model, model.changes[0], seed=3)[0] == solos[0]
    assert improvise(model, model.changes[0], seed=3, count=3) == solos[:3]
    assert len({solo.values for solo in solos}) == len(solos)


def test_its_probability_is_that_of_its_symbols_given_the_moments(model, solos):
    solo, tune = solos[0], model.changes[0]
    symbols = model.encode(v for bar in solo.values for v in bar)
    distributions = log_distributions(model.weights, symbols, model.inputs(solo.values, tune))
    of_symbols = distributions[np.arange(len(symbols)), symbols]
    assert solo.log_probability == pytest.approx(2 * of_symbols.mean(), abs=1e-4)


def test_greedy_takes_the_most_likely_of_the_possible_symbols(model):
    [solo] = improvise(model, model.changes[0], sampling=SamplingConfig(greedy=True))
    symbols = model.encode(v for bar in solo.values for v in bar)
    distributions = log_distributions(
        model.weights, symbols, model.inputs(solo.values, model.changes[0])
    )
    table = Symbols.of(model.vocabulary.symbols, model.vocabulary.size)
    tracker = SoloConstraint(
        table, model.chart(model.changes[0]), model.registers.all, model.conditioning
    ).begin(1)
    for symbol, logits in zip(symbols, distributions, strict=True):
        possible = tracker.mask(logits[:, None], np.empty((len(logits), 1), np.float32))
        assert possible.argmax() == symbol
        tracker.advance((symbol,))


def test_a_solo_may_begin_with_its_primer(model):
    primer = [v for bar in model.encode_tune(blues())[:3] for v in bar]
    [solo] = improvise(model, model.changes[0], primer=primer, with_primer=True)
    begun = [note for note in blues().melody_notes() if note.onset < 9]
    assert [n.pitch for n in solo.tune.melody_notes()][: len(begun)] == [n.pitch for n in begun]


def test_a_solo_may_keep_the_rhythm_of_a_tune(model):
    [solo] = improvise(model, model.changes[0], rhythm=blues(), seed=5)

    def rhythm(tune):
        return [(note.onset, note.duration) for note in tune.melody_notes()]

    assert rhythm(solo.tune) == rhythm(blues())
    assert solo.tune.melody_notes() != blues().melody_notes()


def test_no_longer_passage_than_allowed_is_copied():
    memorized = model_of(blues(), scale=0.0)
    changes, known = memorized.changes[0], memorized.encode_tune(blues())
    written = [str(v) for bar in known for v in bar]
    known_passages = {tuple(written[k : k + 3]) for k in range(len(written))}
    for solo in improvise(memorized, changes, count=20, max_copy=2):
        played = [str(v) for bar in solo.values for v in bar]
        passages = {tuple(played[k : k + 3]) for k in range(len(played) - 2)}
        assert not passages & known_passages


def test_where_every_way_on_is_a_copy_sampling_says_so():
    # whole bars: a rest or a C after a rest, a rest or a C after a C
    rest, note = bar_of([]), bar_of([(71, 0, 4)], chords=((0, Chord.of(11, (0, 4, 7))),))
    rest = replace(rest, changes=note.changes)
    tune = Tune("", (rest, rest, note, note, rest))
    with pytest.raises(SamplingError, match="copies more than"):
        improvise(model_of(tune), tune, max_copy=1)


@pytest.mark.parametrize("text", ["C,0.500,<P5,m2>", "S,1.000,<m3,m-3>"])
def test_a_primer_in_the_grammar_of_the_course_is_refused(model, text):
    with pytest.raises(InputError, match="not one of the model's grammar"):
        improvise(model, model.changes[0], primer=[Value.parse(text)])


def test_odd_bars_and_a_pickup_are_filled(model):
    # a pick-up of a third, a bar of 7/8, and one chord over both
    from djmodel.music.meter import Meter

    first, second = bar_of([]), bar_of([], Meter(7, 8))
    tune = Tune("", (replace(first, length=F(1, 3)), second, first))
    for solo in improvise(model, tune, count=10):
        lengths = [sum(v.duration for v in bar) for bar in solo.values]
        assert lengths == [F(1, 3), F(7, 2), 4]


def test_durations_that_no_tick_counts_exactly_keep_their_place():
    # eleven notes in a quarter, then a note on the second beat of each bar
    elevenths = [(60 + k % 3, F(k, 11), F(1, 11)) for k in range(11)]
    tune = Tune("", tuple(bar_of([*elevenths, (64, 1, 3)]) for _ in range(3)))
    made = model_of(tune)
    [solo] = improvise(made, tune, rhythm=tune)
    assert [n.onset for n in solo.tune.melody_notes()] == [n.onset for n in tune.melody_notes()]

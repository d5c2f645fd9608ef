"""Perplexity of a model beside that of n-grams."""

import math
from fractions import Fraction

import pytest

from djmodel.config import TrainingConfig
from djmodel.evaluation.perplexity import ORDERS, Evaluation, Metrics, evaluate, leave_one_out
from djmodel.model.training import fit
from djmodel.music.chord import Chord
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Note, Tune
from djmodel.presets import PRESETS
from djmodel.values.encoded_corpus import flat_values
from seqmodel.ngram import NGram, Smoothing
from seqmodel.settings import with_settings
from seqmodel.training.config import TrainerConfig

C_MAJOR = (Change(Fraction(0), Chord.of(0, (0, 4, 7))),)


def tune_of(title, bars):
    """Quarter notes over C major, four a bar."""
    return Tune(
        title,
        tuple(
            Bar(
                Meter(4, 4),
                Fraction(4),
                tuple(Note(pitch, Fraction(beat), Fraction(1)) for beat, pitch in enumerate(bar)),
                C_MAJOR,
            )
            for bar in bars
        ),
    )


def test_ngrams_are_tuned_on_held_out_tunes_even_if_tunes_repeat_themselves():
    # Each tune repeats a different bar: within a tune the last value predicts the next one, but not
    # in an unknown tune.
    up, down = [60, 62, 64, 65], [67, 64, 60, 62]
    leaps, mixed = [60, 67, 62, 69], [65, 60, 69, 64]
    tunes = [tune_of(name, [bar] * 30) for name, bar in zip("abc", (up, down, leaps), strict=True)]
    unknown = tune_of("d", [mixed] * 30)
    trained = fit(tunes, TrainingConfig(n_a=4, tx=8, trainer=TrainerConfig(epochs=1)))
    ngrams = evaluate(trained.model, [unknown]).ngrams
    held_out = trained.model.encode(flat_values(unknown))
    sequences = [sequence.tolist() for sequence in trained.encoded_corpus.sequences]
    trusting = NGram.fit(sequences, len(trained.model.vocabulary), 5, Smoothing("kneser-ney", 0.3))
    best = min(score.cross_entropy for score in ngrams.values())
    assert best < trusting.cross_entropy([held_out])


def test_n_grams_of_a_single_tune_are_tuned_on_its_phrases():
    tune = tune_of("a", [[60, 62, 64, 65], [67, 65, 64, 62]] * 20)
    trained = fit([tune], TrainingConfig(n_a=4, tx=8, trainer=TrainerConfig(epochs=1)))
    found = evaluate(trained.model, [tune])
    assert found.ngrams[found.best_order].cross_entropy < found.model.cross_entropy
    assert found.best_order > 1


def test_the_held_out_loss_of_training_is_that_of_evaluate():
    tune = tune_of("a", [[60, 62, 64, 65], [67, 65, 64, 62]] * 20)
    other = tune_of("b", [[67, 65, 64, 62], [60, 64, 67, 64]] * 10)
    for graph in ("scan", "unrolled"):
        config = TrainingConfig(n_a=4, tx=2, graph=graph, trainer=TrainerConfig(epochs=2))
        trained = fit([tune], config, held_out=[other])
        measured = evaluate(trained.model, [other]).model.cross_entropy
        assert trained.history[-1].validation_loss == pytest.approx(measured, abs=1e-5)
        assert trained.history[0].validation_loss != trained.history[1].validation_loss


def test_the_perplexity_of_a_fair_die_is_six():
    six = Metrics(30, math.log(6), 1 / 6)
    assert six.perplexity == pytest.approx(6)
    mean = Metrics.mean([Metrics(30, 1.0, 0.5), Metrics(10, 3.0, 0.1)])
    assert mean == Metrics(40, pytest.approx(1.5), pytest.approx(0.4))


def test_a_model_that_has_memorized_a_tune_predicts_it():
    tune = tune_of("a", [[60, 62, 64, 65], [67, 65, 64, 62]] * 20)
    config = TrainingConfig(n_a=24, tx=16, trainer=TrainerConfig(epochs=200, decay=0.001))
    found = evaluate(fit([tune], config).model, [tune])
    assert found.model.values == 160
    assert found.model.cross_entropy < 0.2
    assert found.model.accuracy > 0.95
    assert set(found.ngrams) == set(ORDERS)
    assert found.ngrams[1].cross_entropy > 1
    assert found.ngrams[found.best_order].cross_entropy < 0.2


def test_the_tune_that_is_left_out_has_no_influence():
    up, down = [60, 62, 64, 65], [67, 64, 60, 62]
    leaps, mixed = [60, 67, 62, 69], [65, 60, 69, 64]
    bars = {"a": (up, down), "b": (down, leaps), "c": (leaps, up), "d": (mixed, down)}
    tunes = [tune_of(name, [*its] * 10) for name, its in bars.items()]
    config = with_settings(PRESETS["ragtime"], n_a=8, tx=8, epochs=2)
    seen = []
    found = leave_one_out(tunes, config, seen.append)
    assert [one.title for one in found] == list("abcd")
    assert seen == found
    alone = evaluate(fit([tunes[0], tunes[1], tunes[3]], config).model, [tunes[2]])
    assert found[2] == alone
    total = Evaluation.mean(found)
    assert total.model.cross_entropy == pytest.approx(
        sum(one.model.cross_entropy for one in found) / 4
    )
    assert total.ngrams[2].cross_entropy == pytest.approx(
        sum(one.ngrams[2].cross_entropy for one in found) / 4
    )

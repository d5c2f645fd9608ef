"""The yardstick that a model is measured with."""

from fractions import Fraction

import pytest

from djmodel import encode
from djmodel.evaluate import held_out_fit
from djmodel.harmony import Chord
from djmodel.lesson import Lesson, learn
from djmodel.solo import indices_of
from djmodel.tune import Bar, Change, Meter, Note, Tune
from seqmodel.ngram import NGram, Smoothing
from seqmodel.training import Schedule

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


def test_the_ngram_is_not_fooled_by_tunes_that_repeat_themselves():
    # Each tune is one bar of its own, over and over: within a tune all is foretold by the last
    # value, but a tune that is not known goes another way.
    up, down = [60, 62, 64, 65], [67, 64, 60, 62]
    leaps, mixed = [60, 67, 62, 69], [65, 60, 69, 64]
    tunes = [tune_of(name, [bar] * 30) for name, bar in zip("abc", (up, down, leaps), strict=True)]
    unknown = tune_of("d", [mixed] * 30)
    trained = learn(tunes, Lesson(n_a=4, tx=8, schedule=Schedule(epochs=1)))
    fit = held_out_fit(trained.model, [unknown])
    heard = indices_of(trained.model, [value for bar in encode(unknown) for value in bar])
    sequences = [sequence.tolist() for sequence in trained.material.sequences]
    trusting = NGram.fit(sequences, len(trained.model.vocabulary), 5, Smoothing("kneser-ney", 0.3))
    assert fit.ngram < trusting.cross_entropy([heard])


def test_a_model_of_one_tune_has_a_yardstick_too():
    tune = tune_of("a", [[60, 62, 64, 65], [67, 65, 64, 62]] * 20)
    trained = learn([tune], Lesson(n_a=4, tx=8, schedule=Schedule(epochs=1)))
    fit = held_out_fit(trained.model, [tune])
    assert fit.ngram < fit.model
    assert fit.order > 1


def test_what_is_measured_while_learning_is_what_evaluate_measures():
    tune = tune_of("a", [[60, 62, 64, 65], [67, 65, 64, 62]] * 20)
    other = tune_of("b", [[67, 65, 64, 62], [60, 64, 67, 64]] * 10)
    for graph in ("scan", "unrolled"):
        lesson = Lesson(n_a=4, tx=8, graph=graph, schedule=Schedule(epochs=2))
        trained = learn([tune], lesson, held_out=[other])
        measured = held_out_fit(trained.model, [other]).model
        assert trained.history[-1].held_out == pytest.approx(measured, abs=1e-5)
        assert trained.history[0].held_out != trained.history[1].held_out

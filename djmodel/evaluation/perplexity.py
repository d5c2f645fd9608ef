"""How well a model foretells tunes that it was not trained on, beside n-grams of each order.

All are measured on the same values: those of the tune, in the vocabulary of the training tunes; one
that is not in it is heard as its nearest. What the n-grams are fitted to, and what their smoothing
is tuned on, is the training music alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from djmodel.model.improvise import cues_of, indices_of
from djmodel.model.training import Lesson, learn
from djmodel.music.tune import Tune
from djmodel.values import grammar
from seqmodel.model_file import ModelFile
from seqmodel.network.weights import log_distributions
from seqmodel.ngram import NGram

ORDERS = (1, 2, 3, 4, 5, 6)
# An n-gram is tuned on pieces of so many values where there is only one tune.
PHRASE = 60


@dataclass(frozen=True)
class Score:
    """What foretelling `values` values cost, `nats` each (mean cross-entropy), and how large a
    share of them was the likeliest value (`accuracy`)."""

    values: int
    nats: float
    accuracy: float

    @property
    def perplexity(self) -> float:
        return math.exp(self.nats)

    @classmethod
    def mean(cls, scores: Sequence[Score]) -> Score:
        """Over all values of all of them."""
        values = sum(score.values for score in scores)
        return cls(
            values,
            sum(score.values * score.nats for score in scores) / values,
            sum(score.values * score.accuracy for score in scores) / values,
        )


@dataclass(frozen=True)
class Prediction:
    """How well `model` and n-grams of each order, `ngrams`, foretell the same tunes; `chosen` is
    the order that did best for training music that was left out."""

    title: str
    model: Score
    ngrams: dict[int, Score]
    chosen: int

    @property
    def best_order(self) -> int:
        """The order that foretells these tunes best: the hardest to beat, known only afterwards."""
        return min(self.ngrams, key=lambda order: self.ngrams[order].nats)

    @classmethod
    def mean(cls, predictions: Sequence[Prediction]) -> Prediction:
        """Over all values of all of them; `chosen` is the order that was chosen most often."""
        chosen = [prediction.chosen for prediction in predictions]
        return cls(
            "all",
            Score.mean([prediction.model for prediction in predictions]),
            {
                order: Score.mean([prediction.ngrams[order] for prediction in predictions])
                for order in predictions[0].ngrams
            },
            max(sorted(set(chosen)), key=chosen.count),
        )


def predict(model: ModelFile, tunes: Sequence[Tune], seed: int = 0) -> Prediction:
    """How well the model and n-grams that have learned from the same music foretell `tunes`; `seed`
    is for the order in which training music is left out."""
    sequences = [indices_of(model, _values(tune)) for tune in tunes]
    training = model.extra["sequences"]
    if len(training) == 1:
        training = list(_phrases(training[0]))
    rng = np.random.default_rng(seed)
    ngrams = NGram.tuned_orders(training, len(model.vocabulary), rng, ORDERS)
    n_values = sum(map(len, sequences))
    return Prediction(
        ", ".join(tune.title for tune in tunes),
        model_score(model, tunes),
        {
            order: Score(n_values, ngram.cross_entropy(sequences), ngram.accuracy(sequences))
            for order, ngram in sorted(ngrams.items())
        },
        next(iter(ngrams)),
    )


def model_score(model: ModelFile, tunes: Sequence[Tune]) -> Score:
    """How well the model foretells `tunes`, each from its beginning."""
    scores = []
    for tune in tunes:
        sequence = np.array(indices_of(model, _values(tune)))
        cues = cues_of(model, grammar.encode(tune), tune.bars)
        foretold = log_distributions(model.weights, sequence.tolist(), cues)  # (n, n_values)
        nats = -float(foretold[np.arange(len(sequence)), sequence].mean())
        accuracy = float((foretold.argmax(axis=1) == sequence).mean())
        scores.append(Score(len(sequence), nats, accuracy))
    return Score.mean(scores)


def leave_one_out(
    tunes: Sequence[Tune],
    lesson: Lesson,
    progress: Callable[[Prediction], None] | None = None,
) -> list[Prediction]:
    """For each of `tunes` a model that has learned from the others, and how well it foretells that
    one. How long to train is the lesson's to say: the tune that is left out decides nothing."""
    predictions = []
    for left_out in range(len(tunes)):
        others = [tune for index, tune in enumerate(tunes) if index != left_out]
        trained = learn(others, lesson)
        predictions.append(predict(trained.model, [tunes[left_out]]))
        if progress:
            progress(predictions[-1])
    return predictions


def _values(tune: Tune) -> list[grammar.Value]:
    return [value for bar in grammar.encode(tune) for value in bar]


def _phrases(sequence: Sequence[int]) -> Iterator[Sequence[int]]:
    return (sequence[place : place + PHRASE] for place in range(0, len(sequence), PHRASE))

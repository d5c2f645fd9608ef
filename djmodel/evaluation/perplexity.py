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

from djmodel.config import TrainingConfig
from djmodel.model.improvise import conditioning_of
from djmodel.model.training import fit
from djmodel.music.tune import Tune
from djmodel.values.encoded import encode_values, flat_values
from djmodel.values.grammar import encode
from seqmodel.model_file import ModelFile
from seqmodel.network.forward import log_distributions
from seqmodel.ngram import NGram

ORDERS = (1, 2, 3, 4, 5, 6)
# An n-gram is tuned on pieces of so many values where there is only one tune.
PHRASE = 60


@dataclass(frozen=True)
class Metrics:
    """What foretelling `values` values cost, `cross_entropy` each (mean cross-entropy), and how large a
    share of them was the likeliest value (`accuracy`)."""

    values: int
    cross_entropy: float
    accuracy: float

    @property
    def perplexity(self) -> float:
        return math.exp(self.cross_entropy)

    @classmethod
    def mean(cls, scores: Sequence[Metrics]) -> Metrics:
        """Over all values of all of them."""
        values = sum(score.values for score in scores)
        return cls(
            values,
            sum(score.values * score.cross_entropy for score in scores) / values,
            sum(score.values * score.accuracy for score in scores) / values,
        )


@dataclass(frozen=True)
class Evaluation:
    """How well `model` and n-grams of each order, `ngrams`, foretell the same tunes; `selected_order` is
    the order that did best for training music that was left out."""

    title: str
    model: Metrics
    ngrams: dict[int, Metrics]
    selected_order: int

    @property
    def best_order(self) -> int:
        """The order that foretells these tunes best: the hardest to beat, known only afterwards."""
        return min(self.ngrams, key=lambda order: self.ngrams[order].cross_entropy)

    @classmethod
    def mean(cls, predictions: Sequence[Evaluation]) -> Evaluation:
        """Over all values of all of them; `selected_order` is the order that was chosen most often."""
        selected_order = [prediction.selected_order for prediction in predictions]
        return cls(
            "all",
            Metrics.mean([prediction.model for prediction in predictions]),
            {
                order: Metrics.mean([prediction.ngrams[order] for prediction in predictions])
                for order in predictions[0].ngrams
            },
            max(sorted(set(selected_order)), key=selected_order.count),
        )


def evaluate(model: ModelFile, tunes: Sequence[Tune], seed: int = 0) -> Evaluation:
    """How well the model and n-grams that have learned from the same music foretell `tunes`; `seed`
    is for the order in which training music is left out."""
    sequences = [encode_values(flat_values(tune), model.vocabulary) for tune in tunes]
    training = model.extra["sequences"]
    if len(training) == 1:
        training = list(_phrases(training[0]))
    rng = np.random.default_rng(seed)
    ngrams = NGram.tuned_orders(training, len(model.vocabulary), rng, ORDERS)
    n_values = sum(map(len, sequences))
    return Evaluation(
        ", ".join(tune.title for tune in tunes),
        evaluate_model(model, tunes),
        {
            order: Metrics(n_values, ngram.cross_entropy(sequences), ngram.accuracy(sequences))
            for order, ngram in sorted(ngrams.items())
        },
        next(iter(ngrams)),
    )


def evaluate_model(model: ModelFile, tunes: Sequence[Tune]) -> Metrics:
    """How well the model foretells `tunes`, each from its beginning."""
    scores = []
    for tune in tunes:
        sequence = np.array(encode_values(flat_values(tune), model.vocabulary))
        conditioning = conditioning_of(model, encode(tune), tune.bars)
        foretold = log_distributions(
            model.weights, sequence.tolist(), conditioning
        )  # (n, n_values)
        cross_entropy = -float(foretold[np.arange(len(sequence)), sequence].mean())
        accuracy = float((foretold.argmax(axis=1) == sequence).mean())
        scores.append(Metrics(len(sequence), cross_entropy, accuracy))
    return Metrics.mean(scores)


def leave_one_out(
    tunes: Sequence[Tune],
    config: TrainingConfig,
    progress: Callable[[Evaluation], None] | None = None,
) -> list[Evaluation]:
    """For each of `tunes` a model that has learned from the others, and how well it foretells that
    one. How long to train is the lesson's to say: the tune that is left out decides nothing."""
    predictions = []
    for left_out in range(len(tunes)):
        others = [tune for index, tune in enumerate(tunes) if index != left_out]
        trained = fit(others, config)
        predictions.append(evaluate(trained.model, [tunes[left_out]]))
        if progress:
            progress(predictions[-1])
    return predictions


def _phrases(sequence: Sequence[int]) -> Iterator[Sequence[int]]:
    return (sequence[place : place + PHRASE] for place in range(0, len(sequence), PHRASE))

"""Perplexity of a model on music that it was not trained on, beside n-grams of each order.

All are measured on the same values: those of the music, in the vocabulary of the training music; a
value outside it counts as its nearest. The n-grams are fitted to the training music alone, and so
is their smoothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from djmodel.config import TrainingConfig
from djmodel.model.model_file import DjModel
from djmodel.model.training import fit
from djmodel.music.tune import Tune
from djmodel.values.value import Value
from seqmodel.ngram import NGram
from seqmodel.settings import Seed, checked

ORDERS = (1, 2, 3, 4, 5, 6)
# A single training tune is cut into pieces of this many values, to tune the n-grams on.
VALUES_PER_PHRASE = 60


@dataclass(frozen=True)
class Metrics:
    """Mean cross-entropy per value, in nats, and accuracy (the share of values that were the most
    likely one), over `values` values, `notes` of them notes."""

    values: int
    cross_entropy: float
    accuracy: float
    notes: int = 0

    @property
    def perplexity(self) -> float:
        """Per value: the exponential of the cross-entropy."""
        return math.exp(self.cross_entropy)

    @property
    def nats_per_note(self) -> float:
        """All nats, those of rests and ties among them, by the number of notes; NaN without."""
        return self.values * self.cross_entropy / self.notes if self.notes else math.nan

    @classmethod
    def mean(cls, metrics: Sequence[Metrics]) -> Metrics:
        """The mean over all values.

        >>> Metrics.mean([Metrics(30, 1.0, 0.5, 20), Metrics(10, 3.0, 0.1, 10)])
        Metrics(values=40, cross_entropy=1.5, accuracy=0.4, notes=30)
        """
        values = sum(one.values for one in metrics)
        return cls(
            values,
            sum(one.values * one.cross_entropy for one in metrics) / values,
            sum(one.values * one.accuracy for one in metrics) / values,
            sum(one.notes for one in metrics),
        )


@dataclass(frozen=True)
class Evaluation:
    """Metrics of a model and of n-grams, by order, on the same tunes. `selected_order` is the order
    with the lowest cross-entropy on training music that was left out."""

    title: str
    model: Metrics
    ngrams: dict[int, Metrics]
    selected_order: int

    @property
    def best_order(self) -> int:
        """The order with the lowest cross-entropy on these tunes, known only afterwards."""
        return min(self.ngrams, key=lambda order: self.ngrams[order].cross_entropy)

    @property
    def best_ngram(self) -> Metrics:
        """The metrics of the n-gram of `best_order`."""
        return self.ngrams[self.best_order]

    @property
    def perplexity_reduction(self) -> float:
        """The share by which the model's perplexity is lower than that of the best n-gram."""
        return 1 - self.model.perplexity / self.best_ngram.perplexity

    @classmethod
    def mean(cls, evaluations: Sequence[Evaluation]) -> Evaluation:
        """The mean over all values; `selected_order` is the order selected most often."""
        selected = [one.selected_order for one in evaluations]
        return cls(
            "all",
            Metrics.mean([one.model for one in evaluations]),
            {
                order: Metrics.mean([one.ngrams[order] for one in evaluations])
                for order in evaluations[0].ngrams
            },
            max(sorted(set(selected)), key=selected.count),
        )


@checked
def evaluate(model: DjModel, tunes: Sequence[Tune], seed: Seed = 0) -> Evaluation:
    """The metrics of the model, and of n-grams with the same training music, on `tunes`, which
    should be none of those that it was trained on. `seed` decides in which order training music is
    left out to tune the n-grams."""
    bars = [model.encode_tune(tune) for tune in tunes]
    values = [[value for bar in of_tune for value in bar] for of_tune in bars]
    sequences = [model.encode(of_tune) for of_tune in values]
    training: Sequence[Sequence[int]] = model.sequences
    per_value = model.grammar.symbols_per_value
    if len(training) == 1:
        [tune] = training
        starts = range(0, len(tune), VALUES_PER_PHRASE * per_value)
        training = [tune[start : start + VALUES_PER_PHRASE * per_value] for start in starts]
    rng = np.random.default_rng(seed)
    orders = [order * per_value for order in ORDERS]  # in symbols
    ngrams = NGram.tuned_orders(training, len(model.vocabulary), rng, orders)
    n_values, n_notes = sum(map(len, values)), _n_notes(values)
    return Evaluation(
        ", ".join(tune.title for tune in tunes),
        evaluate_model(model, tunes),
        {
            order // per_value: Metrics(
                n_values,
                per_value * ngram.cross_entropy(sequences),
                ngram.accuracy(sequences, per_value),
                n_notes,
            )
            for order, ngram in sorted(ngrams.items())
        },
        next(iter(ngrams)) // per_value,
    )


def _n_notes(values: Iterable[Sequence[Value]]) -> int:
    """The number of values that are notes, a tied one with the note that it continues."""
    return sum(not (value.is_rest or value.is_tie) for of_tune in values for value in of_tune)


def evaluate_model(model: DjModel, tunes: Sequence[Tune]) -> Metrics:
    """The metrics of the model on `tunes`, each from its first value."""
    metrics = []
    per_value = model.grammar.symbols_per_value
    for tune in tunes:
        bars = model.encode_tune(tune)
        values = [value for bar in bars for value in bar]
        sequence = np.array(model.encode(values))
        log_probabilities = model.log_distributions(sequence.tolist(), model.inputs(bars, tune))
        of_symbols = log_probabilities[np.arange(len(sequence)), sequence]
        right = (log_probabilities.argmax(axis=1) == sequence).reshape(-1, per_value).all(axis=1)
        cross_entropy = -per_value * float(of_symbols.mean())
        metrics.append(Metrics(len(values), cross_entropy, float(right.mean()), _n_notes([values])))
    return Metrics.mean(metrics)


@checked
def leave_one_out(
    tunes: Sequence[Tune],
    config: TrainingConfig,
    progress: Callable[[Evaluation], None] | None = None,
) -> list[Evaluation]:
    """The evaluation of each tune by a model that was trained on all others. The tune that is left
    out does not decide how long to train."""
    evaluations = []
    for left_out, tune in enumerate(tunes):
        others = [other for index, other in enumerate(tunes) if index != left_out]
        evaluations.append(evaluate(fit(others, config).model, [tune]))
        if progress:
            progress(evaluations[-1])
    return evaluations

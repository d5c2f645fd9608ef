"""Predicting MINGUS's tokens: the project's network, its ablations, n-grams and a plain LSTM.

    python -m benchmarks.jazz.mingus

Every network is trained on the training solos of the split `mingus_sorted`, has its settings from
the validation solos, and is measured once on the test solos. What is finished is kept in
benchmarks/jazz/mingus.json; a figure that is there is not computed again.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.special import expit, softmax

from benchmarks.jazz.results import Results
from benchmarks.jazz.short_term import Context, Part, ShortTermMemory
from benchmarks.jazz.tokens import (
    CLASS_TICKS,
    DURATIONS,
    REST,
    TokenSolo,
    charts_of,
    moments,
    segments,
    token_solos,
)
from djmodel.inputs.wjazzd.solos import bundled_split
from djmodel.model.layers import shared_layers
from djmodel.model.scan import scanning_model
from djmodel.presets import PRESETS
from djmodel.values.chart import Chart
from djmodel.values.conditioning import TICKS_PER_QUARTER
from djmodel.values.features import Conditioning
from djmodel.values.views import Candidate, candidate_views
from seqmodel.command_line.runner import stderr_console
from seqmodel.data.random_streams import Stream, random_stream
from seqmodel.data.windows import PADDING, Indices, Windows, windows_of_labels
from seqmodel.network.forward import log_distributions
from seqmodel.network.keras_layers import extract_weights
from seqmodel.network.weights import Floats, Weights
from seqmodel.ngram import NGram
from seqmodel.training.batches import InMemoryBatches
from seqmodel.training.config import TrainerConfig
from seqmodel.training.loop import train_network
from seqmodel.training.trainer import EpochMetrics

# Symbols: the durations, then a rest, then the leaps from -WIDEST to WIDEST semitones.
WIDEST = 60
N_DURATIONS = len(DURATIONS)
REST_SYMBOL = N_DURATIONS
FIRST_LEAP = REST_SYMBOL + 1
N_SYMBOLS = FIRST_LEAP + 2 * WIDEST + 1
CANDIDATES = [
    *[Candidate(duration=Fraction(int(ticks), TICKS_PER_QUARTER)) for ticks in CLASS_TICKS],
    Candidate(),
    *[Candidate(leap) for leap in range(-WIDEST, WIDEST + 1)],
]

TOKENS_PER_WINDOW = 192
SHIFTS = range(-5, 7)  # semitones by which a window's pitches are moved
CHORDS = (
    "chord", "degree", "chord_degree", "chord_in_key", "key_degree", "mode",
    "next_chord", "next_root", "next_degree", "until_next",
)  # fmt: skip
NEXT = ("next_chord", "next_root", "next_degree", "until_next")
POSITION = ("bar_end", "beat_onset", "form", "last_phase")
PERFORMANCE = ("tempo", "player", "instrument", "style", "feel")
FEATURES = (
    *POSITION, *CHORDS, "pitch", "leap", "phrase_notes", "phrase_time", "since_onset", "last_gap",
    *PERFORMANCE,
)  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """A network: its conditioning features, whether it has views, its units and its training."""

    features: tuple[str, ...] = FEATURES
    views: bool = True
    n_a: int = 212
    hidden: float = PRESETS["jazz"].hidden
    adaptation: float = PRESETS["jazz"].adaptation
    trainer: TrainerConfig = PRESETS["jazz"].trainer

    def without(self, *features: str) -> Setup:
        return replace(self, features=tuple(f for f in self.features if f not in features))

    def shorter(self, epochs: int) -> Setup:
        return replace(self, trainer=replace(self.trainer, epochs=epochs))


FULL = Setup()
PLAIN = Setup(
    ("pitch", "leap"),
    views=False,
    hidden=0.0,
    adaptation=0.0,
    trainer=replace(PRESETS["jazz"].trainer, epochs=28),  # it needs no more
)
ABLATION_EPOCHS = 8
ABLATIONS = {
    "all": FULL,
    "without chords": FULL.without(*CHORDS),
    "without next chord": FULL.without(*NEXT),
    "without position": FULL.without(*POSITION),
    "without player, feel and tempo": FULL.without(*PERFORMANCE),
    "without views": replace(FULL, views=False),
}
# The memory of durations (first) and of tones. Lag 1 is the symbol before, lag 2 the one of the
# same kind; features are numbered as in FEATURES.
_F = {name: number for number, name in enumerate(FEATURES)}
MEMORY = ShortTermMemory(
    (
        Part(
            (
                Context(),
                Context((2,)),
                Context((), (_F["beat_onset"],)),
                Context((2,), (_F["beat_onset"],)),
                Context((2, 4)),
                Context((2, 4, 6)),
                Context((2,), (_F["last_gap"],)),
                Context((2, 4), (_F["beat_onset"], _F["last_gap"])),
            )
        ),
        Part(
            (
                Context(),
                Context((2,)),
                Context((2, 4)),
                Context((2, 4, 6)),
                Context((2, 4, 6, 8)),
                Context((), (_F["pitch"],)),
                Context((2,), (_F["pitch"],)),
                Context((2, 1)),
            )
        ),
    ),
    N_SYMBOLS,
)


@dataclass(frozen=True, eq=False)
class Example:
    """The symbols of a solo, two for each token, `(n, 2)`; the inputs of each token `(n, k)`."""

    symbols: Indices
    inputs: Indices

    @property
    def sequence(self) -> list[int]:
        """The symbols one after the other."""
        return self.symbols.ravel().tolist()

    @property
    def step_inputs(self) -> Indices:
        """The inputs of each symbol, `(2 * n, k)`."""
        return np.repeat(self.inputs, 2, axis=0)


@dataclass(frozen=True)
class Scores:
    """Perplexities, and the sums of the cross-entropies behind them in nats."""

    duration: float
    pitch: float

    @property
    def joint(self) -> float:
        return self.duration * self.pitch

    def __str__(self) -> str:
        return f"duration {self.duration:.2f} pitch {self.pitch:.2f} joint {self.joint:.2f}"


def symbols_of(solo: TokenSolo, first: int, last: int, middle: int) -> Indices:
    """The symbols of tokens; the first note leaps from `middle`."""
    pitches = solo.pitches[first:last]
    is_note = pitches != REST
    notes = pitches[is_note]
    leaps = np.diff(notes, prepend=middle)
    tones = np.full(len(pitches), REST_SYMBOL)
    tones[is_note] = FIRST_LEAP + leaps + WIDEST
    return np.stack([solo.durations[first:last], tones], axis=-1).astype(np.int32)


class Data:
    """The solos of each part of the split as examples, for some conditioning features."""

    def __init__(self, solos: dict[str, TokenSolo], features: Sequence[str]) -> None:
        split = bundled_split("mingus_sorted")
        self.parts = {
            part: [solos[name] for name in names if name in solos] for part, names in split.items()
        }
        training = self.parts["train"]
        self.charts = {part: charts_of(of_part, training) for part, of_part in self.parts.items()}
        known = [
            (chart, moments(s, chart))
            for s, chart in zip(training, self.charts["train"], strict=True)
        ]
        self.conditioning = Conditioning.of(features, known)

    def examples(self, part: str) -> list[Example]:
        """Whole solos."""
        return [
            self._example(solo, chart, 0, len(solo))
            for solo, chart in zip(self.parts[part], self.charts[part], strict=True)
        ]

    def segments(self, part: str) -> list[Example]:
        """MINGUS's segments, each without what came before it."""
        return [
            self._example(solo, chart, *span)
            for solo, chart in zip(self.parts[part], self.charts[part], strict=True)
            for span in segments(solo)
        ]

    def _example(self, solo: TokenSolo, chart: Chart, first: int, last: int) -> Example:
        at = moments(solo, chart, first, last)
        inputs = self.conditioning.inputs(chart, at, N_SYMBOLS)
        return Example(symbols_of(solo, first, last, chart.middle), inputs)


def window_source(data: Data, examples: Sequence[Example], setup: Setup):
    """The windows of an epoch: from random places of the solos, each moved by some semitones; in a
    third of them the features of the performance are unknown, and at each token some of all
    features. Short solos are padded."""
    T = TOKENS_PER_WINDOW
    lengths = np.array([len(example.symbols) for example in examples])
    chances = lengths / lengths.sum()
    m = int(lengths.sum() // T)
    places, unknown = data.conditioning.unknown(N_SYMBOLS)

    def draw(epoch: int) -> Windows:
        rng = random_stream(setup.trainer.seed, Stream.WINDOWS, epoch)
        labels = np.full((m, T, 2), PADDING, dtype=np.int32)
        features = np.full((m, T, len(data.conditioning.features)), PADDING, dtype=np.int32)
        for row, solo in enumerate(rng.choice(len(examples), size=m, p=chances)):
            example = examples[solo]
            start = rng.integers(max(lengths[solo] - T, 0) + 1)
            span = slice(start, start + T)
            n = len(example.symbols[span])
            labels[row, :n] = example.symbols[span]
            shift = np.array([rng.choice(SHIFTS)])
            inputs = example.inputs[None, span]
            features[row, :n] = data.conditioning.transposed(inputs, shift, N_SYMBOLS)[0]
            if places and rng.random() < PRESETS["jazz"].unknown:
                features[row, :n, places] = unknown[:, None]
        features[rng.random(features.shape) < setup.hidden] = PADDING
        return windows_of_labels(labels.reshape(m, -1), np.repeat(features, 2, axis=1))

    return draw


def train(data: Data, setup: Setup, progress=None) -> Weights:
    """The weights of a network trained on the training solos."""
    views = candidate_views(data.conditioning, CANDIDATES, N_SYMBOLS) if setup.views else None
    layers = shared_layers(N_SYMBOLS, setup.n_a, setup.trainer.seed, views)
    graph = scanning_model(layers.LSTM_cell, layers.densor, len(data.conditioning), views)
    draw = window_source(data, data.examples("train"), setup)
    batches = InMemoryBatches(draw, setup.trainer.batch_size, setup.trainer.seed)
    train_network(graph, batches, setup.trainer, progress, engine="numpy", views=views)
    return extract_weights(graph, views).with_conditioning_scaled(1 - setup.hidden)


def distributions(
    weights: Weights, examples: Sequence[Example], adaptation: float = 0.0
) -> list[Floats]:
    """The log-probabilities of all symbols at each step of each example: `(2 * n, N_SYMBOLS)`;
    `adaptation` as in `log_distributions`."""
    return [
        log_distributions(weights, one.sequence, one.step_inputs, adaptation) for one in examples
    ]


def without_durations(weights: Weights, example: Example) -> Floats:
    """The log-probabilities `(n,)` of the pitches of n tokens without their durations: the sum over
    all durations of the probability of the duration and of the pitch given it."""
    views, symbols = weights.views, example.symbols.tolist()
    kernel, recurrent, bias, dense, dense_bias = weights.arrays
    a, c = np.zeros((2, 1, weights.units), np.float32)

    def step(a: Floats, c: Floats, x: Floats) -> tuple[Floats, Floats]:
        """Keras' formulas of an LSTM, for inputs `x (B, 4 * units)`."""
        i, f, g, o = np.split(x + a @ recurrent + bias, 4, axis=1)
        c = expit(f) * c + expit(i) * np.tanh(g)
        return expit(o) * np.tanh(c), c

    def probabilities(a: Floats, features: Indices) -> Floats:
        """Of all symbols, `(V, B)`, from states `a (B, units)`."""
        scores = np.pad((a @ dense + dense_bias).T, ((0, 1), (0, 0)))
        logits = views.logits(scores, np.repeat(features[:, None], len(a), 1)) if views else scores
        return softmax(logits[: weights.n_values], axis=0)

    found, last = np.empty(len(symbols)), np.zeros_like(kernel[0])
    for t, (features, (duration, tone)) in enumerate(zip(example.inputs, symbols, strict=True)):
        known = kernel[features[features >= 0]].sum(axis=0)
        a, c = step(a, c, (last + known)[None])
        of_durations = probabilities(a, features)[:N_DURATIONS, 0]
        # A state for each duration, of which the true one goes on.
        after = step(
            np.repeat(a, N_DURATIONS, 0), np.repeat(c, N_DURATIONS, 0), kernel[:N_DURATIONS] + known
        )
        found[t] = np.log(of_durations @ probabilities(after[0], features)[tone])
        a, c = (state[duration : duration + 1] for state in after)
        last = kernel[tone]
    return found


def scores(log_probs: Sequence[Floats], examples: Sequence[Example], skip: int = 0) -> Scores:
    """The perplexities of durations, and of pitches given their durations; the first `skip` tokens
    of each example are not counted."""
    nats = np.concatenate(
        [
            found[np.arange(len(found)), example.symbols.ravel()].reshape(-1, 2)[skip:]
            for found, example in zip(log_probs, examples, strict=True)
        ]
    )
    duration, pitch = np.exp(-nats.mean(axis=0, dtype=np.float64))
    return Scores(float(duration), float(pitch))


def remembered(
    memory: ShortTermMemory, log_probs: Sequence[Floats], examples: Sequence[Example]
) -> list[Floats]:
    """The log-probabilities by network and short-term memory."""
    return [
        memory.combine(found, example.sequence, example.step_inputs)
        for found, example in zip(log_probs, examples, strict=True)
    ]


def fitted_memory(log_probs: Sequence[Floats], examples: Sequence[Example]) -> ShortTermMemory:
    """The memory with weights fitted to validation solos."""
    return MEMORY.fitted(
        [
            (found, example.sequence, example.step_inputs)
            for found, example in zip(log_probs, examples, strict=True)
        ]
    )


def ngrams(solos: dict[str, TokenSolo]) -> dict[str, float]:
    """The lowest perplexities of n-grams on the test solos, by what they predict."""
    data = {
        part: [solos[n] for n in names if n in solos]
        for part, names in bundled_split("mingus_sorted").items()
    }
    rng = np.random.default_rng(0)
    found = {}
    for what in ("duration", "pitch"):
        sequences = {
            part: [(s.durations if what == "duration" else s.pitches + 1).tolist() for s in of_part]
            for part, of_part in data.items()
        }
        size = N_DURATIONS if what == "duration" else 129
        by_order = NGram.tuned_orders(sequences["train"], size, rng, range(1, 6))
        best = min(by_order, key=lambda n: by_order[n].cross_entropy(sequences["validation"]))
        found[what] = math.exp(by_order[best].cross_entropy(sequences["test"]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="networks to train, such as 'all' or 'plain'")
    parser.add_argument("--epochs", type=int, help="instead of those of the table (to try it out)")
    arguments = parser.parse_args()
    console, results = stderr_console(), Results("mingus")
    solos = token_solos()

    def run(name: str, setup: Setup, *, final: bool = False) -> None:
        if (arguments.only and name not in arguments.only) or results.has(name):
            return
        if arguments.epochs:
            setup = setup.shorter(arguments.epochs)
        began = time.perf_counter()
        data = Data(solos, setup.features)

        def progress(epoch: EpochMetrics, _: object) -> None:
            console.print(
                f"{name}: epoch {epoch.number}, loss {epoch.loss:.4f}, {epoch.seconds:.0f} s"
            )

        weights = train(data, setup, progress)
        seconds = time.perf_counter() - began
        row: dict[str, object] = {
            "parameters": weights.n_parameters,
            "epochs": setup.trainer.epochs,
            "minutes": round(seconds / 60, 1),
        }
        examples = {part: data.examples(part) for part in ("validation", "test")[: 1 + final]}
        memory = None
        for part, of_part in examples.items():
            log_probs = distributions(weights, of_part)
            row[part] = vars(scores(log_probs, of_part))
            if not setup.adaptation:
                continue
            log_probs = distributions(weights, of_part, setup.adaptation)
            row[f"{part}, adapted"] = vars(scores(log_probs, of_part))
            if setup.features != FEATURES or not setup.views:
                continue
            memory = memory or fitted_memory(log_probs, of_part)  # to the validation solos
            log_probs = remembered(memory, log_probs, of_part)
            row[f"{part}, adapted, with memory"] = vars(scores(log_probs, of_part))
        if memory:
            row["memory"] = [{"scale": p.scale, "weights": p.weights} for p in memory.parts]
        if final:
            pieces = data.segments("test")
            row["test, segments of 35"] = vars(
                scores(distributions(weights, pieces), pieces, skip=1)
            )
            nats = np.concatenate([without_durations(weights, one) for one in examples["test"]])
            row["test, pitch without its duration"] = math.exp(-nats.mean())
        results.add(name, row)
        console.print(f"{name}: {row}")

    run("full", FULL, final=True)
    run("plain", PLAIN, final=True)
    if not results.has("n-grams"):
        results.add("n-grams", ngrams(solos))
    for name, setup in ABLATIONS.items():
        run(name, setup.shorter(ABLATION_EPOCHS))


if __name__ == "__main__":
    main()

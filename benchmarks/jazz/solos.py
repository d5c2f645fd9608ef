"""Solos over the charts of held-out compositions, beside the human solos over the same charts.

    python -m benchmarks.jazz.solos MODEL --part validation --temperature 0.8 0.9 1 --top-p 0.95 1
    python -m benchmarks.jazz.solos MODEL --temperature 0.9

The charts (chords, form, tempo, feel, player, length) are those of the solos that the split
`by_composition` holds out: `validation` to choose the settings, `test` for the figures. Solo k is
played over chart k, from the first again after the last one. All solos are measured by one code:

- Chord tones: notes that are tones of the chord at their onset, as its symbol has them; scale
  tones: these, and the tones of the major or Dorian scale that goes with the chord
  (`djmodel.music.chord`). Shares of all notes. MINGUS's code compares spelled names (D sharp is not
  E flat) and adds other steps to the chord, so that its figures are near, not the same.
  Beside them stand limits of 95 % (`confidence`): the solos over one chart differ so much that
  those over some thirty charts give a share to within a few points only.
- Repeated pitches: where a soloist stays on one pitch, or on two.
- The nine overlaps of MGEval (`evaluation.comparison.mgeval_overlaps`), with the human solos as the
  reference; of whole solos, as MINGUS measures MIDI files, and of pieces of eight bars, which do
  not profit from solos being as long as the human ones. The column of training solos compares
  human with human: as many of them, over other compositions, in the place of the model's solos.
- How a solo builds: notes per bar and mean pitch of each quarter of its bars, the mean over solos.
- Rests, pitches and motifs (`evaluation.metrics`): the mean over solos. Phrases, between rests of a
  quarter or longer: over all phrases.
- The longest passages, in notes, that occur in the training solos, by melody (intervals and rhythm)
  and by intervals alone (`evaluation.copying`).

What is finished is kept in benchmarks/jazz/solos.json and not computed again, unless `--again` asks
for it, because solos are drawn or measured in another way than then.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.table import Table

from benchmarks.jazz.results import Results
from djmodel.evaluation.comparison import mgeval_features, mgeval_overlaps
from djmodel.evaluation.copying import INTERVALS, MELODY, CopyDetector, pieces
from djmodel.evaluation.metrics import (
    MEASURES,
    MGEVAL,
    melodic_steps,
    motif_repetition,
    phrase_lengths,
    tone_counts,
)
from djmodel.evaluation.statistics import mean_of
from djmodel.inputs.wjazzd.solos import bundled_solos
from djmodel.model.improvise import improvise
from djmodel.model.model_file import DjModel, load
from djmodel.music.tune import Bar, Tune
from djmodel.outputs.midi import write_midi
from seqmodel.command_line.runner import Progress, stderr_console, stdout_console
from seqmodel.files import sha256_of_file
from seqmodel.sampling.config import SamplingConfig

Figures = Mapping[str, Any]

BARS = 8  # of the shorter pieces
DRAWS, SEED = 10, 0  # of training solos, for the overlaps of human solos with each other
MOTIFS = (3, 4, 6)  # notes
SHARES = ("chord tones", "scale tones")  # of all notes of all solos
RESAMPLES = 10_000  # of the charts
LIMITS, DIFFERENCE = "95 %", "95 %, difference from human"
QUARTERS = ("first", "second", "third", "last")  # of a solo


def quarter_of(tune: Tune, quarter: int) -> Sequence[Bar]:
    """The bars of a quarter of a tune, from 0."""
    n = len(tune.bars)
    return tune.bars[quarter * n // 4 : (quarter + 1) * n // 4]


def notes_per_bar(tune: Tune, quarter: int | None = None) -> float:
    """The notes per bar of a tune, or of a quarter of it, from 0."""
    bars = tune.bars if quarter is None else quarter_of(tune, quarter)
    return len(_pitches(bars)) / max(len(bars), 1)


def height(tune: Tune, quarter: int) -> float:
    """The mean pitch of a quarter of a tune, in semitones above that of the whole; 0 where nothing
    is played."""
    within = _pitches(quarter_of(tune, quarter))
    return float(np.mean(within) - np.mean(_pitches(tune.bars))) if within else 0.0


def _pitches(bars: Iterable[Bar]) -> list[int]:
    return [note.pitch for bar in bars for note in bar.melody if not note.tied]


def repeated_pitches(tune: Tune) -> float:
    """The share of notes that have the pitch of the note before; nan without notes."""
    return mean_of(float(semitones == 0) for semitones, _ in melodic_steps(tune))


def longest_passage(tune: Tune, n_pitches: int) -> float:
    """The number of notes of the longest passage that has at most `n_pitches` pitches."""
    pitches, first, longest = _pitches(tune.bars), 0, 0
    for last in range(1, len(pitches) + 1):
        while len({*pitches[first:last]}) > n_pitches:
            first += 1
        longest = max(longest, last - first)
    return float(longest)


MEANS: dict[str, Callable[[Tune], float]] = {
    "notes per bar": notes_per_bar,
    **{
        name: MEASURES[name]
        for name in (
            *("rests", "inter-onset interval", "pitch range", "different pitches", "interval"),
            "pitch-class entropy per bar",
        )
    },
    "repeated pitches": repeated_pitches,
    "notes of the longest passage on one pitch": partial(longest_passage, n_pitches=1),
    "notes of the longest passage on two pitches": partial(longest_passage, n_pitches=2),
    **{f"repeated motifs of {n} notes": partial(motif_repetition, notes=n) for n in MOTIFS},
    **{
        f"notes per bar, {name} quarter": partial(notes_per_bar, quarter=number)
        for number, name in enumerate(QUARTERS)
    },
    **{
        f"semitones above the mean, {name} quarter": partial(height, quarter=number)
        for number, name in enumerate(QUARTERS)
    },
}
PHRASES = ("notes of a phrase", "quarters of a phrase")  # median and mean over all phrases
COPIES = {"melody": MELODY, "intervals": INTERVALS}
COLUMNS = 160  # of the table, in characters
WHOLE, SHORT = "whole solos", f"{BARS} bars"

# MINGUS (ISMIR 2021), tables 3 and 4; below it, its figures for human solos.
MINGUS: Figures = {
    "chord tones": 0.518,
    "scale tones": 0.775,
    WHOLE: dict(
        zip(
            MGEVAL,
            (0.796, 0.678, 0.625, 0.821, 0.507, 0.864, 0.695, 0.836, 0.844),
            strict=True,
        )
    ),
}
MINGUS_HUMAN: Figures = {"chord tones": 0.492, "scale tones": 0.722}


def chart_of(solo: Tune, *, player: bool = True) -> Tune:
    """The facts known of a solo before it is played."""
    bars = tuple(replace(bar, melody=()) for bar in solo.bars)
    performer = solo.performer if player else ""
    return replace(solo, bars=bars, accompaniment=(), phrases=(), performer=performer)


def play(
    model: DjModel,
    charts: Sequence[Tune],
    count: int,
    sampling: SamplingConfig,
    progress: Callable[[int, int], None],
) -> list[Tune]:
    """`count` solos over the charts in turn."""
    solos = []
    for number, chart in enumerate(itertools.islice(itertools.cycle(charts), count)):
        [solo] = improvise(model, chart, seed=SEED + number, sampling=sampling)
        solos.append(solo.tune)
        progress(number + 1, count)
    return solos


def measured(solos: Sequence[Tune]) -> dict[str, Any]:
    """The figures of solos by themselves."""
    shares = _shares(_kinds(solos, 1).sum(axis=0))
    figures: dict[str, Any] = dict(zip(SHARES, shares.tolist(), strict=True))
    for name, measure in MEANS.items():
        figures[name] = mean_of(map(measure, solos))
    phrases = np.concatenate([phrase_lengths(solo) for solo in solos])
    for name, lengths in zip(PHRASES, phrases.T, strict=True):
        figures[f"{name}, median"] = float(np.median(lengths))
        figures[f"{name}, mean"] = float(lengths.mean())
    return figures


def _kinds(solos: Sequence[Tune], n_charts: int) -> NDArray[np.float64]:
    """The notes of each kind over each chart, `(n_charts, 4)`, of solos as `play` gives them."""
    counts = [tone_counts(solo).sum(axis=0) for solo in solos]
    return np.array([np.sum(counts[chart::n_charts], axis=0) for chart in range(n_charts)])


def _shares(kinds: NDArray[np.float64]) -> NDArray[np.float64]:
    """SHARES `(..., 2)` of the notes of each kind `(..., 4)`."""
    return np.cumsum(kinds, axis=-1)[..., : len(SHARES)] / kinds.sum(axis=-1, keepdims=True)


def confidence(human: Sequence[Tune], solos: Sequence[Tune]) -> dict[str, Any]:
    """What the shares are worth: their limits of 95 %, and those of the difference from the human
    solos over the same charts, where charts are drawn anew, each with its solos (Efron's
    bootstrap, percentiles of RESAMPLES draws)."""
    n = min(len(human), len(solos))
    drawn = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    model = _shares(drawn @ _kinds(solos, n))
    difference = model - _shares(drawn @ _kinds(human[:n], n))
    found = {LIMITS: model, DIFFERENCE: difference}
    return {
        row: dict(zip(SHARES, np.quantile(each, (0.025, 0.975), axis=0).T.tolist(), strict=True))
        for row, each in found.items()
    }


def copied(solos: Sequence[Tune], detector: CopyDetector) -> dict[str, Any]:
    """The lengths of the longest copies in solos."""
    figures: dict[str, Any] = {}
    for name, representation in COPIES.items():
        lengths = [detector.copied(solo, representation).longest.length for solo in solos]
        figures[f"longest copy, {name}, mean"] = float(np.mean(lengths))
        figures[f"longest copy, {name}, longest"] = max(lengths)
    return figures


class Reference:
    """The features of the human solos, which others are compared with."""

    def __init__(self, solos: Sequence[Tune]) -> None:
        self.features = {unit: _features(solos, unit) for unit in (WHOLE, SHORT)}

    def overlaps(self, solos: Sequence[Tune]) -> dict[str, dict[str, float]]:
        return {
            unit: mgeval_overlaps(known, _features(solos, unit))
            for unit, known in self.features.items()
        }


def _features(solos: Iterable[Tune], unit: str) -> list[dict[str, Any]]:
    bars = None if unit == WHOLE else BARS
    return [mgeval_features(piece) for solo in solos for piece in pieces(solo, bars)]


def human_overlaps(reference: Reference, training: Sequence[Tune], count: int) -> dict[str, Any]:
    """The mean overlaps of `count` training solos, over DRAWS draws."""
    rng = np.random.default_rng(SEED)
    drawn = [
        reference.overlaps([training[i] for i in rng.permutation(len(training))[:count]])
        for _ in range(DRAWS)
    ]
    return {
        unit: {name: mean_of(one[unit][name] for one in drawn) for name in MGEVAL}
        for unit in (WHOLE, SHORT)
    }


# --- the table -------------------------------------------------------------------------------


def table_of(columns: Mapping[str, Figures]) -> Table:
    """A row for each figure, a column for each set of solos."""
    table = Table(box=box.SIMPLE)
    table.add_column(no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")

    def add(row: str, found: Iterable[float | None], form: str) -> None:
        table.add_row(row, *("" if figure is None else format(figure, form) for figure in found))

    def add_known(row: str, form: str) -> None:
        add(row, [one.get(row) for one in columns.values()], form)

    for name in SHARES:
        add_known(name, ".1%")
        for row in (LIMITS, DIFFERENCE):
            limits = [one.get(row, {}).get(name) for one in columns.values()]
            cells = (f"{each[0]:.1%} to {each[1]:.1%}" if each else "" for each in limits)
            table.add_row(f"  {row}", *cells)
    for name, kind in itertools.product(PHRASES, ("median", "mean")):
        add_known(f"{name}, {kind}", ".1f")
    for name in MEANS:
        add_known(name, ".3g")
    for name, kind in itertools.product(COPIES, ("mean", "longest")):
        add_known(f"longest copy, {name}, {kind}", ".1f")
    for unit in (WHOLE, SHORT):
        table.add_section()
        table.add_row(f"MGEval, {unit}:")
        overlaps = [one.get(unit, {}) for one in columns.values()]
        for name in MGEVAL:
            add(f"  {name}", [one.get(name) for one in overlaps], ".3f")
        reached = [
            sum(one[name] >= MINGUS[WHOLE][name] for name in MGEVAL) if one else None
            for one in overlaps
        ]
        add("  as high as MINGUS's", reached, "d")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", type=Path, help="a model; without it, humans only")
    parser.add_argument("--part", choices=("validation", "test"), default="test")
    parser.add_argument("--solos", type=int, default=64)
    parser.add_argument("--temperature", type=float, nargs="+", default=[1.0])
    parser.add_argument("--top-p", type=float, nargs="+", default=[1.0])
    parser.add_argument("--no-player", action="store_true", help="do not name the players")
    parser.add_argument("--again", action="store_true", help="compute what is kept once more")
    parser.add_argument("--keep", type=Path, help="a folder for the solos, as MIDI files")
    arguments = parser.parse_args()
    console, results = stderr_console(), Results("solos")
    if arguments.again:
        kept = {k: v for k, v in results.figures.items() if not k.startswith(arguments.part)}
        results.figures = kept
    console.print("reading the solos of the database")
    human, training = bundled_solos(arguments.part), bundled_solos("train")
    reference, detector = Reference(human), CopyDetector(training)

    of_humans = f"{arguments.part}: human"
    if not results.has(of_humans):
        console.print(f"measuring {len(human)} human solos")
        spread = {LIMITS: confidence(human, human)[LIMITS]}
        results.add(of_humans, {**measured(human), **spread, **copied(human, detector)})
    of_training = f"{arguments.part}: training solos, {arguments.solos} at a time"
    if not results.has(of_training):
        console.print(f"comparing them with training solos, {DRAWS} draws")
        overlaps = human_overlaps(reference, training, arguments.solos)
        results.add(of_training, {**measured(training), **overlaps})
    columns = {
        "human": results.figures[of_humans],
        "training solos": results.figures[of_training],
    }
    if arguments.model:
        model, sha = load(arguments.model), sha256_of_file(arguments.model)[:8]
        charts = [chart_of(solo, player=not arguments.no_player) for solo in human]
        for temperature, top_p in itertools.product(arguments.temperature, arguments.top_p):
            column = f"{arguments.model.stem}, T {temperature:g}, top-p {top_p:g}"
            column += ", no player" if arguments.no_player else ""
            name = f"{arguments.part}: {column}, {arguments.solos} solos, {sha}"
            if not results.has(name):
                sampling = SamplingConfig(temperature, top_p=top_p)
                with Progress(console, column, "solo", every=8) as show:
                    solos = play(model, charts, arguments.solos, sampling, show)
                if arguments.keep:
                    arguments.keep.mkdir(parents=True, exist_ok=True)
                    for number, solo in enumerate(solos, start=1):
                        write_midi(solo, arguments.keep / f"{column} {number}.mid")
                console.print("measuring the solos")
                spread = confidence(human, solos)
                figures = {**measured(solos), **spread, **copied(solos, detector)}
                results.add(name, {**figures, **reference.overlaps(solos)})
            columns[column] = results.figures[name]
    table = table_of({**columns, "MINGUS": MINGUS, "its humans": MINGUS_HUMAN})
    stdout_console(COLUMNS).print(table)


if __name__ == "__main__":
    main()

"""Charts of a comparison: training music and generated solos side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.comparison import Comparison, Distributed, Measured
from djmodel.evaluation.metrics import CATEGORIES
from djmodel.evaluation.statistics import mean_array
from djmodel.music.chord import KIND_NAMES
from djmodel.outputs.piano_roll import ACCOMPANIMENT_COLOUR, KIND_COLOURS
from seqmodel.picture import LIGHT, Picture
from seqmodel.plots import (
    BLUE,
    GREEN,
    ORANGE,
    VERMILLION,
    Margins,
    count_chart,
    new_figure,
    style_axes,
)
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING, GENERATED = "training", "generated"
_LOOKS: dict[str, dict[str, Any]] = {
    TRAINING: {"color": BLUE, "alpha": 0.45},
    GENERATED: {"color": VERMILLION, "histtype": "step", "linewidth": 2, "linestyle": "--"},
}
_COLUMNS = 3
_BINS = 24


def measures_chart(measures: Mapping[str, Measured]) -> Picture:
    """A histogram of each measure over training and generated pieces, in shares of the pieces."""
    rows = -(-len(measures) // _COLUMNS)
    figure = new_figure(1.9 * rows, margins=Margins(rows, _COLUMNS, 0.12, 0.12, 0.3, 0.3))
    every = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, (name, measured) in zip(every, measures.items(), strict=False):
        style_axes(axes)
        samples = {TRAINING: measured.training, GENERATED: measured.generated}
        together = np.concatenate([sample[~np.isnan(sample)] for sample in samples.values()])
        axes.set_title(name, loc="left", fontsize=10, color=LIGHT.ink)
        axes.set_yticks([])
        if len(together):
            bins = np.histogram_bin_edges(together, _BINS)
            for label, sample in samples.items():
                known = sample[~np.isnan(sample)]
                weights = np.full(len(known), 1 / max(len(known), 1))
                axes.hist(known, bins, weights=weights, label=label, **_LOOKS[label])
    for axes in every[len(measures) :]:
        axes.set_visible(False)
    every[0].legend(frameon=False, fontsize=9, labelcolor=LIGHT.ink)
    return Picture(figure)


def distributions_chart(distributions: Mapping[str, Distributed]) -> Picture:
    """The mean distributions: vectors as bars side by side, transition matrices as two grids."""
    margins = Margins(len(distributions), 2, 1.0, 0.1, 0.35, 1.05)
    figure = new_figure(3.5 * len(distributions), margins=margins)
    grid = figure.add_gridspec(len(distributions), 2)
    for row, (name, found) in enumerate(distributions.items()):
        names = CATEGORIES[name]
        if found.training.shape == (len(names), len(names)):
            top = max(np.nanmax(found.training, initial=0), np.nanmax(found.generated, initial=0))
            for column, label in enumerate((TRAINING, GENERATED)):
                axes = figure.add_subplot(grid[row, column])
                array = found.training if label == TRAINING else found.generated
                _transitions(axes, array, names, top)
                axes.set_title(f"{name}, {label}", loc="left", fontsize=10, color=LIGHT.ink)
        else:
            axes = figure.add_subplot(grid[row, :])
            _bars(axes, found, names)
            axes.set_title(name, loc="left", fontsize=10, color=LIGHT.ink)
    return Picture(figure)


def overlap_chart(comparison: Comparison) -> Picture:
    """The share of n-grams that occur in the training music, by n: those of solos, and those of
    training tunes in the other tunes."""
    n_plots = len(comparison.copying)
    figure = new_figure(3.2, margins=Margins(1, n_plots, 0.4, 0.1, 0.35, 0.55))
    every = figure.subplots(1, n_plots, sharey=True, squeeze=False)[0]
    for axes, (representation, copying) in zip(every, comparison.copying.items(), strict=True):
        style_axes(axes)
        curves = {"solos": (copying.generated, VERMILLION, "o--")}
        if copying.human:
            curves["tunes against the others"] = (copying.human, BLUE, "s-")
        for label, (found, colour, look) in curves.items():
            curve = mean_array(copied.overlap for copied in found)
            axes.plot(range(1, len(curve) + 1), curve, look, color=colour, label=label)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("n in a row", color=LIGHT.ink)
        axes.set_title(f"known {representation}", loc="left", fontsize=10, color=LIGHT.ink)
        axes.grid(axis="y", color=LIGHT.grid)
    every[0].legend(frameon=False, fontsize=9, labelcolor=LIGHT.ink)
    return Picture(figure)


def perplexity_chart(perplexities: Mapping[str, float]) -> Picture:
    """A bar for the perplexity of each model."""
    figure = new_figure(0.7 + 0.42 * len(perplexities), 8.0)
    axes = figure.add_subplot()
    style_axes(axes)
    names = list(perplexities)[::-1]
    numbers = [perplexities[name] for name in names]
    colours = [GREEN if name == "model" else ORANGE for name in names]
    axes.bar_label(axes.barh(names, numbers, color=colours), fmt="{:.1f}", padding=4, fontsize=9)
    axes.set_xlabel("perplexity on held-out music", color=LIGHT.ink)
    return Picture(figure)


def vocabulary_chart(values: Iterable[str] | Mapping[str, int], *, title: str = "") -> Picture:
    """The frequency of each value, the most frequent first, coloured by its kind.

    `values` are the values of a corpus as text, or their counts.
    """
    counts = Counter(values)
    names = {str(kind): name for kind, name in KIND_NAMES.items()} | {"R": "rest"}
    colours = {KIND_NAMES[kind]: fill for kind, (fill, _) in KIND_COLOURS.items()}
    colours |= {KIND_NAMES["X"]: "#5B6470", "rest": ACCOMPANIMENT_COLOUR}
    total = pluralize(counts.total(), "note or rest", "notes and rests")
    return count_chart(
        dict(counts.most_common()),
        title=title or f"{pluralize(len(counts), 'different value')} in {total}",
        group_of={value: names.get(value[:1], "") for value in counts},
        colours=colours,
        hatches={KIND_NAMES["A"]: "////", KIND_NAMES["X"]: "....", "rest": "----"},
    )


def _bars(axes: Axes, found: Distributed, names: Sequence[str]) -> None:
    style_axes(axes)
    places = np.arange(len(names))
    axes.bar(places - 0.2, found.training.ravel(), 0.4, color=BLUE, label=TRAINING)
    axes.bar(
        places + 0.2, found.generated.ravel(), 0.4, color=VERMILLION, hatch="///",
        edgecolor=LIGHT.paper, label=GENERATED,
    )  # fmt: skip
    axes.set_xticks(places, names, rotation=20 if max(map(len, names)) > 4 else 0)
    axes.legend(frameon=False, fontsize=9, labelcolor=LIGHT.ink)


def _transitions(axes: Axes, array: NDArray[np.float64], names: Sequence[str], top: float) -> None:
    axes.imshow(array, cmap="Blues", vmin=0, vmax=top or 1, aspect="auto")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.tick_params(length=0, colors=LIGHT.ink)
    axes.set_xlabel("to", color=LIGHT.ink)
    axes.set_ylabel("from", color=LIGHT.ink)

"""Charts of any model: loss curves, counts, heat maps, lines and tables.

Each function returns a `Picture`, which shows itself in a notebook and saves itself as PNG or SVG.
Nothing here touches the global state of matplotlib's pyplot.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from seqmodel.extras import load_matplotlib, require_package
from seqmodel.picture import LIGHT, Picture
from seqmodel.text import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from seqmodel.training.trainer import EpochMetrics

# Colours that the colour-blind can distinguish (Okabe and Ito, Color Universal Design, 2008).
# Dashes, markers or hatching repeat every distinction that colour makes.
BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SERIES = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")

_LEGEND: dict[str, Any] = {"frameon": False, "labelcolor": LIGHT.ink, "fontsize": 9}

WIDTH_INCHES = 11.0
MAX_BARS = 90  # of a count chart
_DRAWING_INTERVAL = 10  # seconds between two drawings of a live curve, per second of drawing
_BARS_PER_COLUMN = 30
_INCHES_PER_BAR = 0.21
_INCHES_PER_ROW, _MAX_HEAT_MAP_INCHES = 0.17, 7.0


@dataclass(frozen=True)
class Margins:
    """Inches around each plot of a grid of `rows` and `columns`."""

    rows: int
    columns: int
    left: float
    right: float
    top: float
    bottom: float


def new_figure(
    height: float, width: float = WIDTH_INCHES, margins: Margins | None = None
) -> Figure:
    """An empty figure, in inches, that any thread may draw on. `margins` leave room for labels
    around each plot; None: as much as they need, which takes as long again as drawing them. Raises
    BackendError if matplotlib does not start."""
    load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=None if margins else "constrained")
    FigureCanvasAgg(figure)
    if margins:
        rows, columns = margins.rows, margins.columns
        across, up = margins.left + margins.right, margins.top + margins.bottom
        figure.subplots_adjust(
            left=margins.left / width,
            right=1 - margins.right / width,
            top=1 - margins.top / height,
            bottom=margins.bottom / height,
            wspace=across / (width / columns - across),
            hspace=up / (height / rows - up),
        )
    return figure


def style_axes(axes: Axes, title: str = "", x_label: str = "", y_label: str = "") -> None:
    """Gives axes the project's style: no box, faint lines, no ticks, a title at the left."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LIGHT.line)
    axes.tick_params(colors=LIGHT.ink, length=0, labelsize=9)
    axes.set_axisbelow(True)
    if title:
        axes.set_title(label(title), loc="left", color=LIGHT.ink, fontweight="bold")
    axes.set_xlabel(label(x_label), color=LIGHT.ink)
    axes.set_ylabel(label(y_label), color=LIGHT.ink)


def loss_curve(
    curves: Mapping[str, Sequence[float]],
    *,
    title: str = "Training",
    unit: str = "cross-entropy in nats per value",
    chance: float | None = None,
) -> Picture:
    """Losses by epoch, one curve per name, with its last loss in the legend. Epochs count from 1.

    `chance` is the loss of a uniform guess, drawn as a horizontal line.
    """
    from matplotlib.ticker import MaxNLocator

    drawn = {name: list(losses) for name, losses in curves.items() if len(losses)}
    longest = max((len(losses) for losses in drawn.values()), default=0)
    figure = new_figure(4.2, 8.0)
    axes = figure.add_subplot()
    style_axes(axes, title, "epoch", unit)
    axes.grid(axis="y", color=LIGHT.grid)
    for index, (name, losses) in enumerate(drawn.items()):
        marker = "o" if longest < 2 else None
        epochs = range(1, len(losses) + 1)
        _draw_curve(axes, index, epochs, losses, marker, f"{name} {losses[-1]:.3g}")
    if chance is not None:
        axes.axhline(chance, color=LIGHT.line, lw=1, label=f"uniform guess {chance:.3g}")
    if drawn or chance is not None:
        axes.legend(**_LEGEND)
    axes.set_xlim((1, longest) if longest > 1 else (0.5, 1.5))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return Picture(figure)


def _draw_curve(
    axes: Axes, index: int, x: Sequence[float], y: Sequence[float], marker: str | None, name: str
) -> None:
    colour, dash = SERIES[index % len(SERIES)], _DASHES[index % len(_DASHES)]
    axes.plot(x, y, dash, color=colour, lw=2, marker=marker, markersize=5, label=label(name))


def count_chart(
    counts: Mapping[str, int],
    *,
    title: str,
    group_of: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    hatches: Mapping[str, str] | None = None,
) -> Picture:
    """A horizontal bar for each name, in the order given, in columns of 30. Names beyond MAX_BARS
    are summed in the title.

    `group_of` gives the group of each name; `colours` and `hatches` are by group, in the order of
    the legend.
    """
    from matplotlib.patches import Patch

    group_of, hatches, colours = group_of or {}, hatches or {}, colours or {}
    names = list(counts)[:MAX_BARS]
    n_columns = max(-(-len(names) // _BARS_PER_COLUMN), 1)
    rows = min(max(len(names), 1), _BARS_PER_COLUMN)
    figure = new_figure(0.8 + _INCHES_PER_BAR * rows)
    top = max(counts.values(), default=1)
    for column, axes in enumerate(figure.subplots(1, n_columns, squeeze=False)[0]):
        here = names[column * _BARS_PER_COLUMN :][:_BARS_PER_COLUMN]
        style_axes(axes)
        axes.spines["bottom"].set_visible(False)
        bars = axes.barh(range(len(here)), [counts[name] for name in here], 0.78, linewidth=0)
        for bar, name in zip(bars, here, strict=True):
            group = group_of.get(name, "")
            colour = colours.get(group, BLUE)
            bar.set(facecolor=colour, hatch=hatches.get(group), edgecolor=LIGHT.paper)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=9, color=LIGHT.ink)
        axes.set_yticks(range(len(here)), [*map(label, here)], fontsize=10)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_xlim(0, top * 1.2)
        axes.set_xticks([])
    if hidden := list(counts.values())[MAX_BARS:]:
        title += f" ({len(hidden)} more, {sum(hidden):,} times)"
    figure.suptitle(label(title), x=0.008, ha="left", color=LIGHT.ink, fontweight="bold")
    shown = {group_of.get(name) for name in names}
    legend = [
        Patch(facecolor=colour, hatch=hatches.get(group), edgecolor=LIGHT.paper, label=label(group))
        for group, colour in colours.items()
        if group in shown
    ]
    if legend:
        n = len(legend)
        figure.legend(handles=legend, loc="outside lower left", ncols=n, **_LEGEND)
    return Picture(figure)


def heat_map(
    numbers: ArrayLike,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    marks: Iterable[tuple[int, int]] = (),
    mark_label: str = "",
    top: float | None = None,
) -> Picture:
    """`numbers (rows, columns)` as cells from white (0) to blue (`top`, by default the largest),
    the first row on top. `marks` are the (row, column) of cells with a ring around them, explained
    by `mark_label` in the legend."""
    from matplotlib.colors import LinearSegmentedColormap

    cells = np.asarray(numbers, dtype=float)
    figure = new_figure(1.1 + min(_INCHES_PER_ROW * len(rows), _MAX_HEAT_MAP_INCHES))
    axes = figure.add_subplot()
    style_axes(axes, title, x_label, y_label)
    shades = LinearSegmentedColormap.from_list("shades", [LIGHT.paper, BLUE])
    vmax = top if top is not None else max(float(cells.max(initial=0)), 1e-12)
    axes.pcolormesh(cells, cmap=shades, vmin=0, vmax=vmax, edgecolors=LIGHT.grid, lw=0.3)
    axes.set_ylim(len(rows), 0)
    size = 9 if len(rows) <= 40 else 6
    axes.set_yticks(np.arange(len(rows)) + 0.5, [*map(label, rows)], fontsize=size)
    crowded = max((len(str(name)) for name in columns), default=0) * len(columns) > 130
    angle = 90 if crowded else 0
    axes.set_xticks(np.arange(len(columns)) + 0.5, [*map(label, columns)], rotation=angle)
    ringed = np.array(list(marks), dtype=float).reshape(-1, 2) + 0.5
    if len(ringed):
        axes.scatter(
            ringed[:, 1],
            ringed[:, 0],
            s=26,
            facecolors="none",
            edgecolors=VERMILLION,
            linewidths=1.6,
            label=label(mark_label),
            clip_on=False,
            zorder=3,
        )
        if mark_label:
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.2, **_LEGEND)
    return Picture(figure)


def line_chart(
    x: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    levels: Mapping[str, float] | None = None,
    level_side: Literal["left", "right"] = "right",
    percent: bool = False,
) -> Picture:
    """Curves over `x`, distinguished by colour, dash and marker. `levels` are horizontal lines,
    each with its name at `level_side`. The vertical axis begins at 0; `percent` labels it in
    percent."""
    from matplotlib.ticker import PercentFormatter

    figure = new_figure(3.8, 8.0)
    axes = figure.add_subplot()
    style_axes(axes, title, x_label, y_label)
    axes.grid(axis="y", color=LIGHT.grid)
    for index, (name, heights) in enumerate(curves.items()):
        marker = _MARKERS[index % len(_MARKERS)] if len(x) <= 20 else None
        _draw_curve(axes, index, x, heights, marker, name)
    for name, height in (levels or {}).items():
        axes.axhline(height, color=LIGHT.ink, linewidth=1, linestyle=(0, (2, 2)))
        axes.annotate(
            label(name),
            (1 if level_side == "right" else 0, height),
            xycoords=("axes fraction", "data"),
            xytext=(-2 if level_side == "right" else 3, 3),
            textcoords="offset points",
            ha=level_side,
            fontsize=9,
            color=LIGHT.ink,
        )
    axes.set_ylim(bottom=0)
    if percent:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if len(curves) > 1:
        axes.legend(**_LEGEND)
    return Picture(figure)


@dataclass(frozen=True)
class Table:
    """Rows under headings, shown by a notebook as Markdown. Numbers are right-aligned."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def _repr_markdown_(self) -> str:
        numeric = [
            all(isinstance(row[column], int | float | np.number) for row in self.rows)
            for column in range(len(self.headings))
        ]
        lines = [self.headings, ["---:" if right else ":---" for right in numeric], *self.rows]
        return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table. Cells may hold Markdown; integers get commas between thousands."""
    return Table(tuple(headings), tuple(map(tuple, rows)))


def _cell(content: Any) -> str:
    if isinstance(content, int | np.integer) and not isinstance(content, bool):
        return f"{content:,}"
    return str(content).replace("|", "\\|").replace("\n", " ")


class LiveCurve:
    """A loss curve under a notebook's cell, redrawn after an epoch at most every `min_seconds`; by
    default every half second, or less often where drawing would take over a tenth of the time.

    `epochs` is the number of epochs to come, so that the last one is drawn; `chance` is the loss of
    a uniform guess. Raises MissingPackageError without IPython.
    """

    def __init__(
        self,
        epochs: int | None = None,
        *,
        chance: float | None = None,
        min_seconds: float | None = None,
    ) -> None:
        self.losses: list[float] = []
        self.epochs, self.chance, self.min_seconds = epochs, chance, min_seconds
        self._display: Any = require_package("IPython.display", "to draw in a notebook", "ipython")
        self._shown: Any = None
        self._drawn_at = -float("inf")
        self._drawing_seconds = 0.0

    def __call__(self, epoch: EpochMetrics) -> None:
        self.add(epoch.loss)

    def add(self, loss: float) -> None:
        """Adds the loss of one more epoch."""
        self.losses.append(loss)
        is_last = len(self.losses) == self.epochs
        wait = self.min_seconds
        if wait is None:
            wait = max(0.5, _DRAWING_INTERVAL * self._drawing_seconds)
        if is_last or time.monotonic() - self._drawn_at >= wait:
            self.draw()

    def draw(self) -> None:
        """Shows all losses up to now in place of the curve shown before."""
        begun = time.monotonic()
        picture = loss_curve({"training": self.losses}, chance=self.chance)
        if self._shown is None:
            self._shown = self._display.display(picture, display_id=True)
        else:
            self._shown.update(picture)
        self._drawn_at = time.monotonic()
        self._drawing_seconds = self._drawn_at - begun

    def callback(self) -> Any:
        """A Keras callback that does the same, for `Model.fit(..., callbacks=[...])`."""
        import keras

        return keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: self.add(float(logs["loss"])),  # noqa: ARG005
            on_train_end=lambda logs: self.draw(),  # noqa: ARG005
        )

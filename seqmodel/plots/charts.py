"""Charts and tables of numbers, as a notebook shows them beside its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from seqmodel.plots.palette import BLUE, LIGHT, SERIES, VERMILLION
from seqmodel.plots.picture import Picture, new_figure, style_axes

_DASHES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D")
_INCHES_PER_ROW = 0.17
_MOST_INCHES = 7.0


@dataclass(frozen=True)
class Table:
    """Rows under headings; shows itself in a notebook. Numbers stand to the right."""

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
    """A table; what is in it may be Markdown, integers get commas between thousands."""
    return Table(tuple(headings), tuple(map(tuple, rows)))


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
    most: float | None = None,
) -> Picture:
    """`numbers (rows, columns)` as cells from white (0) to blue (`most`, or the largest), the first
    row on top. `marks` are the (row, column) of cells to be ringed, `mark_label` says why."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patheffects import withStroke

    cells = np.asarray(numbers, dtype=float)
    figure = new_figure(1.1 + min(_INCHES_PER_ROW * len(rows), _MOST_INCHES))
    axes = figure.add_subplot()
    style_axes(axes)
    shades = LinearSegmentedColormap.from_list("shades", [LIGHT.paper, BLUE])
    top = most if most is not None else max(float(cells.max(initial=0)), 1e-12)
    mesh = axes.pcolormesh(cells, cmap=shades, vmin=0, vmax=top, edgecolors=LIGHT.fainter, lw=0.3)
    mesh.set_antialiased(True)
    axes.set_ylim(len(rows), 0)
    size = 9 if len(rows) <= 40 else 6
    axes.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=size)
    upright = max((len(str(name)) for name in columns), default=0) * len(columns) > 130
    axes.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=9, rotation=90 * upright)
    ringed = np.array(list(marks), dtype=float).reshape(-1, 2)
    if len(ringed):
        axes.scatter(
            ringed[:, 1] + 0.5,
            ringed[:, 0] + 0.5,
            s=26,
            facecolors="none",
            edgecolors=VERMILLION,
            linewidths=1.6,
            label=mark_label,
            clip_on=False,
            zorder=3,
            path_effects=[withStroke(linewidth=3.2, foreground=LIGHT.paper)],
        )
    if len(ringed) and mark_label:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1, 1),
            borderaxespad=0.2,
            frameon=False,
            labelcolor=LIGHT.ink,
            fontsize=9,
        )
    axes.set_xlabel(x_label, color=LIGHT.ink)
    axes.set_ylabel(y_label, color=LIGHT.ink)
    axes.set_title(title, loc="left", color=LIGHT.ink, fontweight="bold")
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
    """Curves over `x`, told apart by colour, dash and marker; `levels` are lines across, each with
    its name at `level_side`. The vertical axis begins at 0; `percent` writes shares as such."""
    from matplotlib.ticker import PercentFormatter

    figure = new_figure(3.8, 8.0)
    axes = figure.add_subplot()
    style_axes(axes)
    axes.grid(axis="y", color=LIGHT.fainter)
    few = len(x) <= 20
    for index, (name, heights) in enumerate(curves.items()):
        axes.plot(
            x,
            heights,
            linestyle=_DASHES[index % len(_DASHES)],
            marker=_MARKERS[index % len(_MARKERS)] if few else None,
            color=SERIES[index % len(SERIES)],
            linewidth=2,
            markersize=5,
            label=name,
        )
    for name, height in (levels or {}).items():
        axes.axhline(height, color=LIGHT.ink, linewidth=1, linestyle=(0, (2, 2)))
        axes.annotate(
            name,
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
        axes.legend(frameon=False, labelcolor=LIGHT.ink, fontsize=9)
    axes.set_xlabel(x_label, color=LIGHT.ink)
    axes.set_ylabel(y_label, color=LIGHT.ink)
    axes.set_title(title, loc="left", color=LIGHT.ink, fontweight="bold")
    return Picture(figure)


def _cell(content: Any) -> str:
    if isinstance(content, int | np.integer) and not isinstance(content, bool):
        return f"{content:,}"
    return str(content).replace("|", "\\|").replace("\n", " ")

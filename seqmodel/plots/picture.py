"""Pictures that any model needs: what they share, bars of counts, curves of a training.

Each function gives a `Picture`, which shows itself in a notebook and saves itself as PNG or SVG.
Nothing here touches the global state of matplotlib's pyplot.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqmodel.files import atomic_write, check_suffix
from seqmodel.plots.palette import BLUE, LIGHT, SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure

WIDTH_INCHES = 11.0
DOTS_PER_INCH = 144
_MOST_DOTS = 65_000  # in height: matplotlib draws no more
MOST_BARS = 90  # more names than this cannot be read side by side
ENDINGS = (".png", ".svg")

# A chart of counts: more letters than this do not stand side by side, so that the bars lie.
_LETTERS_ABREAST = 90
_ROWS = 30  # lying bars in a column
_ROW_INCHES, _HEADING_INCHES = 0.21, 0.8  # title and legend


@dataclass(frozen=True, eq=False)
class Picture:
    """A finished figure."""

    figure: Figure = field(repr=False)

    def png(self) -> bytes:
        return of_few_colours(self._bytes("png"))

    def svg(self) -> str:
        return self._bytes("svg").decode()

    def save(self, path: str | Path) -> None:
        """Writes a .png or .svg file. Raises InputError for another ending, FileError if it cannot
        be written."""
        content = self.png() if check_suffix(path, ENDINGS) == ".png" else self._bytes("svg")
        with atomic_write(path) as temporary:
            temporary.write_bytes(content)

    def _bytes(self, kind: str) -> bytes:
        import matplotlib

        # Equal figures give equal files: no date, no random names.
        stream = io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "picture", "svg.fonttype": "path"}):
            self.figure.savefig(
                stream,
                format=kind,
                dpi=min(DOTS_PER_INCH, _MOST_DOTS / self.figure.get_size_inches()[1]),
                facecolor=LIGHT.paper,
                metadata={"Date": None} if kind == "svg" else None,
            )
        return stream.getvalue()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = self.figure.get_size_inches()
        return self.png(), {"width": round(width * 90), "height": round(height * 90)}


def of_few_colours(png: bytes) -> bytes:
    """The same picture, opaque, with a palette of 256 colours: a drawing has hardly more, and takes
    a third of the bytes. A notebook keeps all that it shows."""
    from PIL import Image

    stream = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    plain = picture.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    plain.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def new_figure(height: float, width: float = WIDTH_INCHES) -> Figure:
    """An empty figure, in inches, that any thread may draw on."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def style_axes(axes: Axes) -> None:
    """Axes in the project's dress: no box, faint lines, small ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LIGHT.faint)
    axes.tick_params(colors=LIGHT.ink, length=0, labelsize=9)
    axes.set_axisbelow(True)


def loss_curve(
    curves: Mapping[str, Sequence[float]],
    *,
    title: str = "Training",
    unit: str = "cross-entropy in nats a value",
    chance: float | None = None,
) -> Picture:
    """Losses by epoch, one curve a name, told apart by colour, dash and a label at its end.

    `chance` draws the loss of guessing evenly. Epochs count from 1.
    """
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(4.2, 8.0)
    axes = figure.add_subplot()
    style_axes(axes)
    axes.grid(axis="y", color=LIGHT.fainter)
    dashes = ("-", "--", "-.", ":")
    drawn = [(name, list(losses)) for name, losses in curves.items() if len(losses)]
    longest = max((len(losses) for _, losses in drawn), default=0)
    top = max([chance or 0.0, *(max(losses) for _, losses in drawn)])
    ends = _spread([losses[-1] for _, losses in drawn], top / 18)
    for index, ((name, losses), end) in enumerate(zip(drawn, ends, strict=True)):
        colour = SERIES[index % len(SERIES)]
        epochs = range(1, len(losses) + 1)
        dash = dashes[index % len(dashes)]
        axes.plot(
            epochs, losses, dash, color=colour, linewidth=2, marker="o" if longest < 2 else None
        )
        axes.annotate(
            f"{name} {losses[-1]:.3g}",
            (longest, end),
            xytext=(8, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            fontsize=10,
            annotation_clip=False,
        )
    if chance is not None:
        axes.axhline(chance, color=LIGHT.faint, linewidth=1)
        axes.annotate(
            f"guessing evenly {chance:.3g}",
            (0, chance),
            xycoords=("axes fraction", "data"),
            xytext=(4, 4),
            textcoords="offset points",
            color=LIGHT.ink,
            fontsize=9,
        )
    axes.set_xlim((1, longest) if longest > 1 else (0.5, 1.5))
    axes.set_ylim(0, top * 1.12 or 1)  # room for what is written on the line of chance
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch", color=LIGHT.ink)
    axes.set_ylabel(unit, color=LIGHT.ink)
    axes.set_title(title, loc="left", color=LIGHT.ink, fontweight="bold")
    return Picture(figure)


def count_chart(
    counts: Mapping[str, int],
    *,
    title: str,
    group_of: Mapping[str, str] | None = None,
    colours: Mapping[str, str] | None = None,
    hatches: Mapping[str, str] | None = None,
) -> Picture:
    """A bar a name, in the order given, at most MOST_BARS of them: the rest are summed in the
    title.

    `group_of` names the group of each name; `colours` and `hatches` are by group, in the order of
    the legend.
    """
    from matplotlib.patches import Patch

    group_of, hatches = group_of or {}, hatches or {}
    colours = colours or {"": BLUE}
    shown = dict(list(counts.items())[:MOST_BARS])
    lying = sum(map(len, shown)) > _LETTERS_ABREAST
    columns = -(-len(shown) // _ROWS) if lying else 1
    figure = new_figure(_HEADING_INCHES + _ROW_INCHES * min(len(shown), _ROWS) if lying else 4.6)
    every = figure.subplots(1, columns, squeeze=False)[0]
    names = list(shown)
    for column, axes in enumerate(every):
        here = names[column * _ROWS : (column + 1) * _ROWS] if lying else names
        bars = _horizontal_bars(axes, shown, here) if lying else _vertical_bars(axes, shown)
        for bar, name in zip(bars, here, strict=True):
            group = group_of.get(name, "")
            bar.set(
                facecolor=colours.get(group, BLUE), hatch=hatches.get(group), edgecolor=LIGHT.paper
            )
    hidden = sum(counts.values()) - sum(shown.values())
    rest = (
        f" ({len(counts) - len(shown)} more, {hidden:,} times)" if len(counts) > len(shown) else ""
    )
    groups = {group_of.get(name, "") for name in shown}
    legend = [
        Patch(facecolor=colour, hatch=hatches.get(group), edgecolor=LIGHT.paper, label=group)
        for group, colour in colours.items()
        if group and group in groups
    ]
    look: dict[str, Any] = {"handles": legend, "frameon": False, "labelcolor": LIGHT.ink}
    if lying:
        figure.suptitle(title + rest, x=0.008, ha="left", color=LIGHT.ink, fontweight="bold")
    else:
        every[0].set_title(title + rest, loc="left", color=LIGHT.ink, fontweight="bold")
    if legend and lying:
        figure.legend(**look, loc="outside lower left", ncols=len(legend), fontsize=10)
    elif legend:
        every[0].legend(**look, fontsize=9)
    return Picture(figure)


def _vertical_bars(axes: Axes, counts: Mapping[str, int]) -> BarContainer:
    """Short names, side by side under their bars."""
    from matplotlib.ticker import MaxNLocator

    style_axes(axes)
    axes.grid(axis="y", color=LIGHT.fainter)
    bars = axes.bar(range(len(counts)), list(counts.values()), width=0.78, linewidth=0)
    axes.set_xticks(range(len(counts)), list(counts))
    axes.set_xlim(-0.8, max(len(counts), 1) - 0.2)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    return bars


def _horizontal_bars(axes: Axes, counts: Mapping[str, int], names: Sequence[str]) -> BarContainer:
    """A column of long names with their bars beside them, from the top; all columns to one scale,
    each number behind its bar."""
    style_axes(axes)
    axes.spines["bottom"].set_visible(False)
    bars = axes.barh(range(len(names)), [counts[name] for name in names], height=0.78, linewidth=0)
    axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=9, color=LIGHT.ink)
    axes.set_yticks(range(len(names)), names, fontsize=10)
    axes.set_ylim(_ROWS - 0.4 if len(counts) > _ROWS else len(names) - 0.4, -0.6)
    axes.set_xlim(0, max(counts.values()) * 1.2)
    axes.set_xticks([])
    return bars


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """The same heights, the upper ones moved up until neighbours are `gap` apart."""
    spread = list(heights)
    order = sorted(range(len(spread)), key=lambda index: spread[index])
    for lower, upper in pairwise(order):
        spread[upper] = max(spread[upper], spread[lower] + gap)
    return spread

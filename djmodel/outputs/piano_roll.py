"""Pictures of music: the piano roll of a tune, the values of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from djmodel.music.chord import Kind
from djmodel.music.tune import Tune
from djmodel.outputs.roll import KIND_NAMES, Roll, RollNote, roll
from seqmodel.plots import (
    BLUE,
    LIGHT,
    SKY,
    VERMILLION,
    WIDTH_INCHES,
    Picture,
    count_chart,
    new_figure,
)
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACCOMPANIMENT_COLOUR = "#EBC46C"  # the palette's orange, lighter: it stands behind the melody
# How each kind is told from the others: fill, edge, hatching.
KIND_LOOKS: dict[Kind, tuple[str, str, str]] = {
    "C": (BLUE, BLUE, ""),
    "S": (SKY, BLUE, ""),
    "A": (VERMILLION, LIGHT.paper, "////"),
    "X": (LIGHT.paper, LIGHT.ink, "...."),
}

_BARS_A_ROW = (8, 6, 4, 3, 2, 1)
_ROW_LENGTHS = (32, 16, 8)  # quarters: eight bars of 4/4, or fewer where chord names are dense
_INCHES_A_LETTER = 0.105  # of a chord name
_INCHES_A_SEMITONE = 0.07
_MOST_TITLE, _TITLE_BESIDE_LEGEND = 90, 44  # letters
_LOWEST_ROW_INCHES, _HIGHEST_ROW_INCHES = 1.7, 3.3


def piano_roll(tune: Tune) -> Picture:
    """The melody of a tune over its accompaniment: bars and beats as a grid, the chords above,
    the kinds of tones told apart; up to eight bars of 4/4 a row."""
    drawing = roll(tune)
    rows = list(_rows(drawing))
    height = min(len(drawing.pitches) * _INCHES_A_SEMITONE, _HIGHEST_ROW_INCHES)
    height = max(height, _LOWEST_ROW_INCHES)
    figure = new_figure(0.75 + (height + 0.42) * len(rows))
    all_axes = figure.subplots(len(rows), 1, squeeze=False, sharey=True)[:, 0]
    longest = max((end - start for start, end in rows), default=1.0)
    for axes, (start, end) in zip(all_axes, rows, strict=True):
        _draw_grid(axes, drawing, start, end)
        _draw_notes(axes, drawing, start, end)
        axes.set_xlim(start, start + longest)
    title = shorten(tune.title, _MOST_TITLE, placeholder=" …")
    figure.suptitle(title, x=0.008, ha="left", fontsize=13, fontweight="bold", color=LIGHT.ink)
    _draw_legend(all_axes[0], drawing, below=len(title) > _TITLE_BESIDE_LEGEND)
    return Picture(figure)


def vocabulary_chart(values: Iterable[str] | Mapping[str, int], *, title: str = "") -> Picture:
    """How often each value comes, the most frequent first, coloured by its kind.

    `values` are the values of a corpus as text, or how often each comes.
    """
    counts = Counter(values)
    names: dict[str, str] = {str(kind): name for kind, name in KIND_NAMES.items()} | {"R": "rest"}
    fills: dict[str, str] = {KIND_NAMES[kind]: look[0] for kind, look in KIND_LOOKS.items()}
    fills |= {KIND_NAMES["X"]: "#5B6470", "rest": ACCOMPANIMENT_COLOUR}
    everything = pluralize(counts.total(), "note or rest", "notes and rests")
    default = f"{pluralize(len(counts), 'different value')} in {everything}"
    return count_chart(
        dict(counts.most_common()),
        title=title or default,
        group_of={value: names.get(value[:1], "") for value in counts},
        colours=fills,
        hatches={KIND_NAMES["A"]: "////", KIND_NAMES["X"]: "....", "rest": "----"},
    )


def _rows(drawing: Roll) -> Iterator[tuple[float, float]]:
    """Where each row begins and ends: whole bars, equally many a row where that comes out even; a
    pick-up is extra."""
    bars = len(drawing.bars) - 1
    if bars < 1:
        yield 0.0, 4.0
        return
    pickup = 1 if drawing.numbers[0] == 0 else 0
    whole = bars - pickup
    longest = max(end - start for start, end in pairwise(drawing.bars))
    fitting = [n for n in _BARS_A_ROW if n * longest <= _row_length(drawing)] or [1]
    even = [n for n in fitting if whole % n == 0 and n > 2]
    a_row = whole if whole <= fitting[0] else (even or fitting)[0]
    first = 0
    while first < bars:
        last = min(first + a_row + (pickup if first == 0 else 0), bars)
        yield drawing.bars[first], drawing.bars[last]
        first = last


def _row_length(drawing: Roll) -> int:
    """How many quarters of music a row can hold so that chord names do not touch each other."""
    needed = max(
        (
            len(this.text) * _INCHES_A_LETTER / (following.start - this.start)
            for this, following in pairwise(drawing.chords)
        ),
        default=0.0,
    )  # inches a quarter
    fitting = [length for length in _ROW_LENGTHS if needed * length <= WIDTH_INCHES]
    return fitting[0] if fitting else _ROW_LENGTHS[-1]


def _draw_grid(axes: Axes, drawing: Roll, start: float, end: float) -> None:
    pitches = drawing.pitches
    low, high = pitches.start - 0.5, pitches.stop - 0.5
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_ylim(low, high)
    octaves = [pitch for pitch in pitches if pitch % 12 == 0]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    axes.tick_params(length=0, labelsize=8, colors=LIGHT.ink)
    axes.hlines([p for p in pitches if p % 12 in (0, 5)], start, end, LIGHT.grid, linewidth=0.8)
    beats = [beat for beat in drawing.beats if start < beat < end]
    axes.vlines(beats, low, high, LIGHT.grid, linewidth=0.8)
    bars = [bar for bar in drawing.bars if start <= bar <= end]
    axes.vlines(bars, low, high, LIGHT.line, linewidth=1.1)
    numbered = [
        (b, n) for b, n in zip(drawing.bars, drawing.numbers, strict=False) if start <= b < end
    ]
    axes.set_xticks([b for b, _ in numbered], [str(n) if n else "" for _, n in numbered], ha="left")
    for chord in drawing.chords_between(start, end):
        axes.annotate(
            chord.text,
            (chord.start, high),
            xytext=(2, 3),
            textcoords="offset points",
            fontsize=10,
            fontweight="bold",
            color=LIGHT.ink,
            annotation_clip=False,
        )


def _draw_notes(axes: Axes, drawing: Roll, start: float, end: float) -> None:
    behind = [n for n in drawing.accompaniment if n.start < end and n.end > start]
    _add_boxes(
        axes, behind, start, end, height=0.62, facecolor=ACCOMPANIMENT_COLOUR, linewidth=0, zorder=2
    )
    for kind, (fill, edge, hatch) in KIND_LOOKS.items():
        notes = [n for n in drawing.melody if n.kind == kind and n.start < end and n.end > start]
        _add_boxes(
            axes,
            notes,
            start,
            end,
            height=1.0,
            facecolor=fill,
            edgecolor=edge,
            hatch=hatch or None,
            linewidth=0.8,
            zorder=3,
        )
        if kind == "A":  # the hatching is cut out of the fill; the outline is the fill's again
            _add_boxes(
                axes, notes, start, end, height=1.0, facecolor="none", edgecolor=fill, zorder=4
            )


def _add_boxes(
    axes: Axes, notes: list[RollNote], start: float, end: float, height: float, **look: Any
) -> None:
    """A box a note, cut to the row, a hair shorter than it lasts so that repeated notes show."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    boxes = []
    for note in notes:
        left, right = max(note.start, start), min(note.end, end)
        width = max(right - left - 0.05, (right - left) * 0.6)
        boxes.append(Rectangle((left, note.pitch - height / 2), width, height))
    axes.add_collection(PatchCollection(boxes, match_original=False, **look))


def _draw_legend(axes: Axes, drawing: Roll, below: bool) -> None:
    from matplotlib.patches import Patch

    handles = []
    for kind in drawing.kinds:
        fill, edge, hatch = KIND_LOOKS[kind]
        handles.append(Patch(facecolor=fill, edgecolor=edge, hatch=hatch, label=KIND_NAMES[kind]))
    if drawing.accompaniment:
        handles.append(Patch(facecolor=ACCOMPANIMENT_COLOUR, label="accompaniment"))
    if handles:
        figure = axes.figure
        figure.legend(
            handles=handles,
            loc="outside lower left" if below else "outside upper right",
            ncols=len(handles),
            frameon=False,
            fontsize=9,
            labelcolor=LIGHT.ink,
            handlelength=1.8,
        )

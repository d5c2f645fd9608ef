"""A piano roll of the melody in a terminal, or in a log: letters and blocks, colour as an extra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from djmodel.music.chord import Kind
from djmodel.music.tune import Tune
from djmodel.outputs.roll import KIND_NAMES, Roll, roll
from seqmodel.plots import BLUE, SKY, VERMILLION

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

_COLOURS: dict[Kind, str] = {"C": BLUE, "S": SKY, "A": VERMILLION, "X": ""}
_CELLS_A_QUARTER = (4, 2, 1)  # the finest that lets a bar fit the window
_LABEL = 4  # columns for the names of the octaves
_PITCH_NAMES = ("C", "", "D", "", "E", "F", "", "G", "", "A", "", "B")


@dataclass(frozen=True)
class _Signs:
    """What is drawn with: one character for each kind of tone, bar lines, places on a C."""

    kinds: dict[Kind, str]
    bar: str
    octave: str


_BLOCKS = _Signs({"C": "█", "S": "▓", "A": "▒", "X": "░"}, "│", "·")
_LETTERS = _Signs({"C": "#", "S": "=", "A": "+", "X": "o"}, "|", ".")


@dataclass(frozen=True)
class Preview:
    """What rich prints: as many bars in a line as the window holds, chord names above. Without
    Unicode it is drawn in ASCII; without colour the characters tell the tones apart."""

    tune: Tune

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        signs = _LETTERS if options.ascii_only else _BLOCKS
        drawing = roll(self.tune)
        yield Text(self.tune.title, style="bold", overflow="fold")
        for start, end, cells in _systems(drawing, options.max_width - _LABEL - 1):
            for line in _system(drawing, start, end, cells, signs):
                line.truncate(options.max_width)
                yield _in_ascii(line) if options.ascii_only else line
        legend = [f"{signs.kinds[kind]} {KIND_NAMES[kind]}" for kind in drawing.kinds]
        between = "   " if len("   ".join(legend)) <= options.max_width else "\n"
        yield Text(between.join(legend), style="dim", overflow="fold")


def preview(tune: Tune) -> Preview:
    """The melody of a tune for rich's `Console.print`."""
    return Preview(tune)


def _systems(drawing: Roll, columns: int) -> Iterator[tuple[int, int, int]]:
    """First bar, end bar and cells a quarter of each line of music."""
    lengths = [end - start for start, end in pairwise(drawing.bars)]
    if not lengths:
        return
    longest = max(lengths)
    cells = next((c for c in _CELLS_A_QUARTER if longest * c + 1 <= columns), _CELLS_A_QUARTER[-1])
    a_line = max(int(columns // (longest * cells + 1)), 1)
    a_line = max((n for n in (8, 4, 2, 1) if n <= a_line), default=1)
    first = 0
    while first < len(lengths):
        extra = 1 if first == 0 and drawing.numbers[0] == 0 else 0
        end = min(first + a_line + extra, len(lengths))
        width = sum(lengths[first:end]) * cells + (end - first)
        if extra and width > columns:
            end -= 1
        yield first, max(end, first + 1), cells
        first = max(end, first + 1)


def _system(drawing: Roll, first: int, end: int, cells: int, signs: _Signs) -> Iterator[Text]:
    """Chord names, a line a pitch from the highest to the lowest that sounds, bar numbers."""
    from rich.text import Text

    start, stop = drawing.bars[first], drawing.bars[end]
    bars = drawing.bars[first:end]

    def column(quarter: float) -> int:
        """Where a moment stands: its cell, and a bar line for each bar begun."""
        begun = sum(1 for bar in bars if bar <= quarter + 1e-9)
        return round((quarter - start) * cells) + begun

    width = round((stop - start) * cells) + len(bars) + 1
    lines = [column(bar) - 1 for bar in bars] + [width - 1]
    names = [(column(chord.start), chord.text) for chord in drawing.chords_between(start, stop)]
    yield _labelled("", _placed(names, width), "bold")
    melody = [note for note in drawing.melody if note.start < stop and note.end > start]
    pitches = [note.pitch for note in melody] or [72]
    for pitch in range(max(pitches), min(pitches) - 1, -1):
        background = signs.octave if pitch % 12 == 0 else " "
        row = Text(background * width, style="dim")
        for line in lines:
            row = _put(row, line, signs.bar, "dim")
        for note in melody:
            if note.pitch != pitch or note.kind is None:
                continue
            left = column(max(note.start, start))
            right = column(note.end) if note.end < stop else width - 1
            again = any(n.pitch == pitch and n.start == note.end for n in melody)
            right = max(right - (1 if again else 0), left + 1)
            for place in range(left, right):
                if place not in lines:
                    row = _put(row, place, signs.kinds[note.kind], _COLOURS[note.kind])
        name = _PITCH_NAMES[pitch % 12]
        yield Text(f"{name + str(pitch // 12 - 1) if name else '':<{_LABEL}}", style="dim") + row
    numbers = zip(bars, drawing.numbers[first:end], strict=True)
    places = [(column(bar), str(number)) for bar, number in numbers if number]
    yield _labelled("", _placed(places, width), "dim")


def _labelled(label: str, content: str, style: str) -> Text:
    from rich.text import Text

    return Text(f"{label:<{_LABEL}}{content}".rstrip(), style=style)


def _placed(words: list[tuple[int, str]], width: int) -> str:
    """Words in a line at their columns, each cut where the next begins, which is seen."""
    line = [" "] * width
    for (place, word), (following, _) in pairwise([*words, (width + 1, "")]):
        room = max(following - place - 1, 1)
        shown = word if len(word) <= room else word[: room - 1] + "…"
        line[place : place + len(shown)] = shown
    return "".join(line[:width])


def _put(row: Text, place: int, sign: str, style: str) -> Text:
    """The row with one character replaced."""
    from rich.text import Text

    return row[:place] + Text(sign, style=style) + row[place + 1 :]


def _in_ascii(line: Text) -> Text:
    """Flats and sharps as letters again."""
    line.plain = line.plain.replace("♭", "b").replace("♯", "#")
    return line

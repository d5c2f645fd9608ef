"""A written chart: bars with marks, and the tune that players make of it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from djmodel.music.charts.play_order import Marks, play_order
from djmodel.music.tune import Bar, Section, Tempo, Tune

DEFAULT_TEMPO = 120.0  # quarter notes per minute


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars as written, each with its marks. `key` counts sharps (positive) or flats (negative);
    None, "" where the chart does not say."""

    bars: tuple[Bar, ...]
    marks: tuple[Marks, ...]
    title: str = ""
    key: int | None = None
    tempo: float | None = None
    feel: str = ""

    def played(self) -> Tune:
        """The bars in the order in which they are played, with their sections, as a tune of one
        chorus. Raises PlayOrderError for marks that no player
        could follow."""
        order = play_order(self.marks)
        sections = [
            Section(at, self.marks[bar].section)
            for at, bar in enumerate(order)
            if self.marks[bar].section
        ]
        return Tune(
            title=self.title,
            bars=tuple(self.bars[bar] for bar in order),
            tempos=(Tempo(Fraction(0), self.tempo or DEFAULT_TEMPO),),
            key=self.key,
            feel=self.feel,
            sections=tuple(sections),
            choruses=(0,),
        )

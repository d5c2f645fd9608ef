"""Repeats and endings of a chart of iReal Pro whose signs lack their counterparts.

The app plays such a chart all the same, so that many shared ones have them: a repeat that is not
closed is played once, one that is not opened begins behind the last, an ending ends where the next
one begins, and endings without a first one are part of the form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def complete_repeats(marks: Sequence[dict[str, Any]]) -> None:
    """Completes the marks of bars (fields of `Marks`) so that each repeat and ending has its
    counterpart."""
    reader = _Repeats(marks)
    for bar in range(len(marks)):
        reader.read(bar)
    reader.end(len(marks))


class _Repeats:
    """Reads the marks bar by bar. `start` is the first bar of the repeat that is open; `endings`
    are its endings so far, as pairs of first bar and number; `free` is where a repeat begins that
    is not opened."""

    def __init__(self, marks: Sequence[dict[str, Any]]) -> None:
        self.marks = marks
        self.start: int | None = None
        self.endings: list[tuple[int, int]] = []
        self.free = 0

    def read(self, bar: int) -> None:
        marks = self.marks[bar]
        if marks.get("repeat_start"):
            self.end(bar)
            self.start = bar
        if "ending" in marks:
            self.read_ending(bar)
        if "times" in marks:
            self.close(bar)

    def read_ending(self, bar: int) -> None:
        [number] = self.marks[bar]["ending"]
        last = self.endings[-1][1] if self.endings else 0
        number = number or last + 1  # N0 has no number
        if number == 1:
            if self.endings:
                self.end(bar)
            self.open()
        elif not 0 < last < number:
            del self.marks[bar]["ending"]
            return
        elif not self.is_closed(bar):
            self.marks[bar - 1]["times"] = 2
        self.marks[bar]["ending"] = (number,)
        self.endings.append((bar, number))

    def close(self, bar: int) -> None:
        """Reads a repeat sign at the end of a bar."""
        if self.endings:
            first, _ = self.endings[-1]
            parts = [n for n in range(first + 1, bar + 1) if "section" in self.marks[n]]
            if parts:  # it closes the part that began behind the endings
                self.end(parts[0])
                self.free = parts[0]
        if not self.endings:
            self.open()
        follows = self.marks[bar + 1] if bar + 1 < len(self.marks) else {}
        if not self.endings or "ending" not in follows or "repeat_start" in follows:
            self.start, self.endings, self.free = None, [], bar + 1

    def open(self) -> None:
        """Begins a repeat that is not opened."""
        if self.start is None:
            self.start = self.free
            self.marks[self.free]["repeat_start"] = True

    def is_closed(self, end: int) -> bool:
        """True if the last ending has a repeat sign before the bar `end`."""
        return any("times" in marks for marks in self.marks[self.endings[-1][0] : end])

    def end(self, bar: int) -> None:
        """Ends the open repeat before a bar; it was not closed."""
        alone = len(self.endings) == 1
        if alone:
            del self.marks[self.endings[0][0]]["ending"]
        if self.start is not None and (alone or not self.endings):
            del self.marks[self.start]["repeat_start"]
        if self.endings:
            self.free = bar
        self.start, self.endings = None, []

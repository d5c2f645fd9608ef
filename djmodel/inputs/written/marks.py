"""Repeats, endings and jumps as they are written -> the order in which the bars are played."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from djmodel.music.charts.play_order import MAX_ENDINGS, Jump, Marks, PlayOrderError, play_order

_MAX_JUMPS = 64
_MAX_ENDING_TEXT = 200  # characters
_NUMBER = r"\d{1,3}"
_NUMBERS = re.compile(rf"\W*{_NUMBER}(?:\s*[.,;&+\s\-–]+\s*{_NUMBER})*\W*")
_RANGE = re.compile(rf"({_NUMBER})(?:\s*[-–]\s*({_NUMBER}))?")
# `DC` without dots or a goal only by itself: it may be a syllable that was read from print.
_JUMP = re.compile(
    r"(?:^\W*d[.\s]{0,2}|\bd\.\s?|\bd(?=[cs]\s+al))([cs])\b|\bda\s+(c)apo\b|\bdal\s+(s)egno\b",
    re.IGNORECASE,
)
_GOAL = re.compile(r"\bal(?:la|\s+the)?\W+(fine|coda|(\d)\w*\.?\s*(?:ending|time)?)", re.IGNORECASE)
_TO_CODA = re.compile(r"\bto\s+(?:the\s+)?(?:coda|⊕|𝄌)|^\W*al?\s+coda\W*$", re.IGNORECASE)
_CODA = re.compile(r"\W*(?:coda|⊕|𝄌)\W*\d?", re.IGNORECASE)
_SEGNO = re.compile(r"\W*segno\W*", re.IGNORECASE)
_FINE = re.compile(r"\W*fine\W*", re.IGNORECASE)


@dataclass(slots=True)
class BarMarks:
    """The marks of a bar while it is read; see `Marks`. `ending_stops`: an ending is over at its
    end; `coda_at_start`: the sign of the coda stands above its first note; `problem`: notation that
    cannot be followed."""

    section: str = ""
    repeat_start: bool = False
    ending: tuple[int, ...] = ()
    ending_stops: bool = False
    segno: bool = False
    coda: bool = False
    coda_at_start: bool = False
    times: int = 0
    to_coda: bool = False
    fine: bool = False
    jump: Jump | None = None
    problem: str = ""

    def merge(self, other: BarMarks) -> None:
        """Takes the marks of the same bar in another part, where this one has none."""
        for name in self.__slots__:
            if not getattr(self, name):
                setattr(self, name, getattr(other, name))

    def read_words(self, words: str, has_coda: bool, is_at_start: bool) -> None:
        """Reads the text of a direction, such as `D.S. al Coda`; `has_coda`: with the sign."""
        if jump := _JUMP.search(words):
            sign = next(letter for letter in jump.groups() if letter)
            goal = _GOAL.search(words, jump.end())
            until: str | int = "end"
            if goal:
                until = int(goal[2]) if goal[2] else goal[1].capitalize()
            self.jump = Jump("D.C." if sign in "cC" else "D.S.", until)  # type: ignore[arg-type]
        elif _TO_CODA.search(words) or (has_coda and re.search(r"\bto\b", words, re.IGNORECASE)):
            self.to_coda = True
        elif has_coda or _CODA.fullmatch(words):
            self.coda, self.coda_at_start = True, is_at_start
        self.segno |= _SEGNO.fullmatch(words) is not None
        self.fine |= _FINE.fullmatch(words) is not None


def numbers_of_ending(text: str) -> tuple[int, ...]:
    """The numbers in the text of an ending, such as `1.-3.`; none if it is no such text.

    >>> numbers_of_ending("1., 2."), numbers_of_ending("1-3"), numbers_of_ending("last")
    ((1, 2), (1, 2, 3), ())
    """
    if len(text) > _MAX_ENDING_TEXT or not _NUMBERS.fullmatch(text):
        return ()
    numbers: list[int] = []
    for first, last in _RANGE.findall(text):
        numbers += range(int(first), int(last or first) + 1)
    possible = all(0 < number <= MAX_ENDINGS for number in numbers)
    return tuple(dict.fromkeys(numbers)) if possible else ()


class PlayedBars(NamedTuple):
    """Indices of bars in the order in which they are played; `reason`: why that is the written
    order although there are repeats, or ""."""

    order: tuple[int, ...]
    reason: str = ""


def played_bars(bars: Sequence[BarMarks]) -> PlayedBars:
    """The order in which bars with these marks are played. Where no player could follow the marks,
    each bar is played once."""
    once = tuple(range(len(bars)))
    problem = next((f"{m.problem} (bar {n})" for n, m in enumerate(bars, 1) if m.problem), "")
    if sum(mark.jump is not None for mark in bars) > _MAX_JUMPS:
        problem = f"there are more than {_MAX_JUMPS} jumps"
    marks = _usual(bars)
    codas = [number for number, mark in enumerate(marks, 1) if mark.coda]
    if len(codas) > 1 and any(mark.jump for mark in marks):
        problem = f"there are several codas (bars {codas[0]} and {codas[1]})"
    if not problem:
        try:
            return PlayedBars(play_order(marks))
        except PlayOrderError as error:
            problem = error.message
    return PlayedBars(once, f"each bar is read once: {problem}")


def _usual(bars: Sequence[BarMarks]) -> list[Marks]:
    """The marks as `play_order` expects them. Of two codas without To Coda the first is the place
    to leave; what no jump leads to is left out; a jump whose words stand before the last bar, which
    ends a repeat, belongs there; where the last ending is over, the next repeat begins; and |: that
    another |: or the end follows is left out."""
    found = [replace(mark) for mark in bars]
    for mark in found:
        mark.coda &= not mark.to_coda  # the sign beside the words To Coda
    if len(found) > 1 and found[-1].times and found[-2].jump and not found[-1].jump:
        found[-1].jump, found[-2].jump = found[-2].jump, None
    codas = [index for index, mark in enumerate(found) if mark.coda]
    has_jump = any(mark.jump for mark in found)
    if has_jump and len(codas) == 2 and not any(mark.to_coda for mark in found):
        first = codas[0]
        found[first].coda = False
        found[max(first - found[first].coda_at_start, 0)].to_coda = True
    next_ending: tuple[int, ...] = (1,)
    for after, mark in pairwise(reversed(found)):
        next_ending = after.ending or next_ending
        is_last = mark.ending_stops and not mark.times and not after.ending and 1 in next_ending
        after.repeat_start |= is_last
    closes = False
    for mark in reversed(found):
        closes = closes or mark.times > 0 or bool(mark.ending)
        if mark.repeat_start:
            mark.repeat_start, closes = closes, False
        mark.to_coda &= has_jump
    return [
        Marks(
            repeat_start=mark.repeat_start,
            ending=mark.ending,
            segno=mark.segno,
            coda=mark.coda,
            times=mark.times,
            to_coda=mark.to_coda,
            fine=mark.fine,
            jump=mark.jump,
        )
        for mark in found
    ]

"""The order in which the bars of written music are played: repeats, endings and jumps.

`play_order` knows marks only, not what the bars hold, so that it serves chord charts and scores
alike. As players read them:

- |: ... :| is played twice, or as often as it says; :| alone goes back to the last :| or the start;
- a bar with an ending is skipped unless the ending has the number of the turn;
- D.C. and D.S. are taken once, on the last turn of a repeat; after them nothing is repeated, of the
  endings only the last is played, or the one with To Coda, and Fine and To Coda hold;
- D.C. and D.S. al an ending end behind it, or at the Fine that follows it;
- D.C. and D.S. without al Fine or al Coda have it if there is a Fine or a To Coda.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from seqmodel.errors import InputError

MAX_BARS = 10_000  # bars as played
MAX_ENDINGS = 64


class Jump(NamedTuple):
    """D.C. or D.S., and how far to play from there: to the `end`, to Fine, to the Coda by way of To
    Coda, or to the end of an ending by its number."""

    sign: Literal["D.C.", "D.S."]
    until: Literal["end", "Fine", "Coda"] | int = "end"

    def __str__(self) -> str:
        if isinstance(self.until, int):
            return f"{self.sign} al ending {self.until}"
        return self.sign if self.until == "end" else f"{self.sign} al {self.until}"


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one bar. At its start: the name of a `section`, `repeat_start` (|:), the numbers
    of an `ending`, `segno`, `coda`. At its end: `times` (:|, and how often the repeat is played in
    all; 0: no :|), `to_coda`, `fine`, `jump`."""

    section: str = ""
    repeat_start: bool = False
    ending: tuple[int, ...] = ()
    segno: bool = False
    coda: bool = False
    times: int = 0
    to_coda: bool = False
    fine: bool = False
    jump: Jump | None = None


class PlayOrderError(InputError):
    """Marks that no player could follow. `problem` and `hint` say why, `bar` is the index, from 0,
    of the bar that has the mark."""

    def __init__(self, problem: str, bar: int, hint: str = "") -> None:
        self.problem, self.bar = problem, bar
        super().__init__(f"{problem} (bar {bar + 1})", hint=hint)


@dataclass
class _Repeat:
    """Bars `start` to `end`, both included, and the endings among them as pairs of first bar and
    numbers. `turns`: how often it is played; `turn`: which one is played, from 1."""

    start: int
    end: int = -1
    endings: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)
    turns: int = 2
    turn: int = 1

    @property
    def numbers(self) -> set[int]:
        """The numbers of its endings."""
        return {number for _, numbers in self.endings for number in numbers}

    def ending_after(self, jump: Jump, marks: Sequence[Marks]) -> int:
        """The number of the ending that is played after a jump: the one it asks for, the one that
        To Coda is in, or the last."""
        if isinstance(jump.until, int) and jump.until in self.numbers:
            return jump.until
        if jump.until == "Coda":
            ends = [*(bar for bar, _ in self.endings[1:]), self.end + 1]
            for (first, numbers), end in [*zip(self.endings, ends, strict=True)][::-1]:
                if any(mark.to_coda for mark in marks[first:end]):
                    return max(numbers)
        return self.turns


def play_order(marks: Sequence[Marks]) -> tuple[int, ...]:
    """The indices of the bars in the order in which they are played. Raises PlayOrderError for
    marks without their counterparts, jumps that never end and more than MAX_BARS bars.

    >>> play_order([Marks(), Marks(ending=(1,), times=2), Marks(ending=(2,))])
    (0, 1, 0, 2)
    """
    repeats = _RepeatReader(marks).read()
    _check_jumps(marks)
    order: list[int] = []
    for bar in _played(marks, repeats):
        if len(order) == MAX_BARS:
            hint = "write fewer repeats"
            raise PlayOrderError(f"the chart has more than {MAX_BARS:,} bars", bar, hint)
        order.append(bar)
    return tuple(order)


def _played(marks: Sequence[Marks], repeats: list[_Repeat]) -> Iterator[int]:
    """The bars as played, without end where a repeat has no bounds."""
    repeat_of = {bar: r for r in repeats for bar in range(r.start, r.end + 1)}
    ending_at = {bar: repeat for repeat in repeats for bar, _ in repeat.endings}
    taken: set[int] = set()
    jump: Jump | None = None
    jumped_from = stop = -1
    at = 0
    while at < len(marks):
        mark = marks[at]
        if (repeat := ending_at.get(at)) is not None:
            turn = repeat.turn if jump is None else repeat.ending_after(jump, marks)
            if turn not in dict(repeat.endings)[at]:
                at = next((bar for bar, _ in repeat.endings if bar > at), repeat.end + 1)
                continue
        yield at
        if jump is not None:
            if jump.until == "Fine" and mark.fine:
                return
            if jump.until == "Coda" and mark.to_coda:
                at, jump = _index(marks, "coda"), None
                continue
            if at == stop:
                return
        repeat = None if jump else repeat_of.get(at)
        last_turn = repeat is None or repeat.turn == repeat.turns
        if repeat is not None and mark.times and not last_turn:
            repeat.turn += 1
            at = repeat.start
            continue
        if mark.jump is not None and at not in taken and last_turn:
            taken.add(at)
            jump, jumped_from = _resolved(mark.jump, marks, at), at
            if isinstance(jump.until, int):
                ending = _end_of_ending(marks, repeats, jump.until)
                fines = (bar for bar in range(ending, at + 1) if marks[bar].fine)
                stop = next(fines, ending)
            at = 0 if jump.sign == "D.C." else _last_segno(marks, at)
            continue
        at += 1
    if jump is not None and jump.until != "end":
        goal = {"Coda": "To Coda", "Fine": "Fine"}.get(str(jump.until), str(jump))
        hint = f"write {goal} between the bar that it leads to and its own"
        raise PlayOrderError(f"{jump} never ends", jumped_from, hint)


class _RepeatReader:
    """Finds the repeats and endings of marks, bar by bar."""

    def __init__(self, marks: Sequence[Marks]) -> None:
        self.marks = marks
        self.found: list[_Repeat] = []
        self.open: _Repeat | None = None  # not yet complete
        self.free = 0  # where :| leads that has no |:
        self.closed = False  # the last ending of the open repeat has its :|

    def read(self) -> list[_Repeat]:
        for bar, mark in enumerate(self.marks):
            if self.closed and not mark.ending:
                self.complete(bar)
            if mark.repeat_start:
                self.complete(bar)
                self.open = _Repeat(bar)
            if mark.ending:
                self.begin_ending(bar, mark.ending)
            if mark.times:
                self.close(bar, mark.times)
        self.complete(len(self.marks))
        return self.found

    def begin_ending(self, bar: int, numbers: tuple[int, ...]) -> None:
        name = _ending_name(numbers)
        repeat = self.open or self.implied(bar, name)
        if repeat.endings and not self.closed:
            hint = "end each ending but the last with :|"
            raise PlayOrderError(f"{name} follows an ending without :|", bar, hint)
        if not repeat.endings and 1 not in numbers:
            raise PlayOrderError(f"{name} has no first ending before it", bar)
        if set(numbers) & repeat.numbers or not 0 < min(numbers) <= max(numbers) <= MAX_ENDINGS:
            raise PlayOrderError(f"{name} is there twice or has too high a number", bar)
        repeat.endings.append((bar, numbers))
        self.open, self.closed = repeat, False

    def close(self, bar: int, times: int) -> None:
        """Reads :|, which ends a repeat, or one of its endings."""
        repeat = self.open or self.implied(bar, ":|")
        if repeat.endings:
            self.check_no_section(repeat.endings[-1][0], bar, ":|")
            self.open, self.closed = repeat, True
        else:
            repeat.end, repeat.turns = bar, times
            self.found.append(repeat)
            self.open, self.free = None, bar + 1

    def complete(self, bar: int) -> None:
        """Adds the open repeat, which ends before `bar` at the latest, if there is one."""
        repeat, self.open = self.open, None
        if repeat is None:
            return
        if not repeat.endings:
            raise PlayOrderError("|: has no :| after it", repeat.start, "write :| where it ends")
        first, numbers = repeat.endings[-1]
        alone = len(repeat.endings) == 1
        if alone and not self.closed:
            hint = "write :| at the end of each ending but the last"
            raise PlayOrderError(f"{_ending_name(numbers)} has no :| at its end", first, hint)
        # What follows a lone first ending is the second, without its number.
        repeat.turns = max(repeat.numbers) + alone
        repeat.end = bar - 1 if self.closed else first
        self.free, self.closed = repeat.end + 1, False
        self.found.append(repeat)

    def implied(self, bar: int, sign: str) -> _Repeat:
        """A repeat without |:, from the last one on, or from the start."""
        self.check_no_section(self.free, bar, sign)
        return _Repeat(self.free)

    def check_no_section(self, start: int, bar: int, sign: str) -> None:
        if any(mark.section for mark in self.marks[start + 1 : bar + 1]):
            hint = "write |: where the repeat begins"
            raise PlayOrderError(f"{sign} has no |: before it", bar, hint)


def _ending_name(numbers: tuple[int, ...]) -> str:
    return f"ending {', '.join(map(str, numbers))}"


def _end_of_ending(marks: Sequence[Marks], repeats: list[_Repeat], number: int) -> int:
    """The index of the last bar of the first ending that has this number; -1 if there is none."""
    first = next((bar for r in repeats for bar, numbers in r.endings if number in numbers), None)
    if first is None:
        return -1
    for bar in range(first, len(marks) - 1):
        after = marks[bar + 1]
        if marks[bar].times or after.section or after.repeat_start or after.coda:
            return bar
    return len(marks) - 1


def _check_jumps(marks: Sequence[Marks]) -> None:
    """Raises PlayOrderError for a jump without its counterpart, or To Coda without a jump."""
    jumps = []
    for bar, mark in enumerate(marks):
        if mark.jump is None:
            continue
        jump = _resolved(mark.jump, marks, bar)
        jumps.append(jump)
        if jump.sign == "D.S.":
            _last_segno(marks, bar)
        if isinstance(jump.until, int) and not any(jump.until in mark.ending for mark in marks):
            raise PlayOrderError(f"{jump} has no such ending", bar)
        if jump.until == "Fine" and not any(mark.fine for mark in marks):
            raise PlayOrderError(f"{jump} has no Fine", bar, "write Fine where it ends")
        if jump.until == "Coda":
            away, coda = _index(marks, "to_coda"), _index(marks, "coda")
            if away < 0:
                raise PlayOrderError(f"{jump} has no To Coda", bar, "write To Coda in its bar")
            if coda < 0:
                raise PlayOrderError(f"{jump} has no Coda", bar, "write Coda where it begins")
            if coda <= away:
                raise PlayOrderError("the Coda begins before To Coda", coda)
    away = _index(marks, "to_coda")
    if away >= 0 and not any(jump.until == "Coda" for jump in jumps):
        raise PlayOrderError("To Coda has no D.C. or D.S. al Coda after it", away)


def _resolved(jump: Jump, marks: Sequence[Marks], bar: int) -> Jump:
    """The jump with its goal: of one that names none, Fine or the Coda if there is one."""
    if jump.until != "end":
        return jump
    if any(mark.fine for mark in marks[: bar + 1]):
        return jump._replace(until="Fine")
    if any(mark.to_coda for mark in marks[: bar + 1]):
        return jump._replace(until="Coda")
    return jump


def _last_segno(marks: Sequence[Marks], bar: int) -> int:
    for at in range(bar, -1, -1):
        if marks[at].segno:
            return at
    raise PlayOrderError("D.S. has no Segno before it", bar, "write Segno where it leads to")


def _index(marks: Sequence[Marks], name: Literal["coda", "to_coda"]) -> int:
    """The index of the first bar with a mark; -1 if there is none."""
    return next((bar for bar, mark in enumerate(marks) if getattr(mark, name)), -1)

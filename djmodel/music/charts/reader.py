"""The signs of a chart to written bars: bar lines, repeats, brackets, marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.play_order import MAX_BARS, Jump
from djmodel.music.charts.tokens import Token, label_name
from djmodel.music.meter import Meter, parse_meter
from seqmodel.errors import InputError

MAX_SIGNS = 64  # chords, rests and slashes of a bar
_CONTENT = {"chord", "rest", "hold", "commas", "same", "two_bars"}
_ENDING_WORDS = {"first": 1, "second": 2, "third": 3}


@dataclass
class WrittenBar:
    """A bar while it is read: its signs, the fields of its marks, and the meter. `number` counts
    the bars as typed, from 1."""

    meter: Meter
    content: list[Token] = field(default_factory=list)
    marks: dict[str, Any] = field(default_factory=dict)
    signs: list[Token] = field(default_factory=list)  # of the marks
    number: int = 0


class _Group(NamedTuple):
    """Bars in brackets: the token that is shown if they are too many, the number of bars before
    them, and the names of the marks of the first bar that stand before the bracket."""

    token: Token
    start: int
    marks: frozenset[str]


class ChartReader:
    """Reads tokens in order into written bars."""

    def __init__(self, text: str, meter: Meter) -> None:
        self.text = text
        self.meter = meter
        self.bars: list[WrittenBar] = []
        self.bar = WrittenBar(meter)
        self.groups: list[_Group] = []  # that are open
        self.closed: _Group | None = None  # its ] was just read
        self.line_start = 0  # number of bars before this line
        self.bar_line: Token | None = None  # since which nothing was written
        self.late: list[tuple[Token, str, Any]] = []  # marks of bar ends, without a bar so far
        self.multiplied = False  # x4 was read: the bar is over
        self.braces = 0
        self.brackets = 0  # of endings
        self.typed = 0

    def error(self, token: Token, problem: str, hint: str = "") -> ChangesError:
        number = self.bar.number or self.typed + 1
        length = len(token.text)
        return ChangesError(problem, self.text, token.position, length, bar=number, hint=hint)

    def read(self, token: Token) -> None:
        """Reads the next token. Raises ChangesError."""
        if token.kind != "times":
            self.closed = None
        if self.multiplied and token.kind in _CONTENT | {"ending", "section", "meter", "stray"}:
            raise self.error(token, f"{token.text} needs a bar line before it")
        if token.kind in _CONTENT:
            if len(self.bar.content) == MAX_SIGNS:
                raise self.error(token, f"a bar has more than {MAX_SIGNS} signs")
            self.bar.content.append(token)
            self.bar_line = None
        else:
            getattr(self, f"read_{token.kind}")(token)

    def read_bar(self, token: Token) -> None:
        if not self.bar.content and self.bar_line is not None:
            hint = "write % to repeat the bar before, or N.C. for no chord"
            raise self.error(token, "a bar is empty", hint)
        self.end_bar()
        self.bar_line = token

    def read_line(self, _: Token) -> None:
        self.end_bar()
        self.bar_line = None
        self.line_start = len(self.bars)

    def read_open(self, token: Token) -> None:
        self.end_bar()
        self.mark(token, "repeat_start", True)

    def read_close(self, token: Token) -> None:
        numbers = re.search(r"\d+", token.text)
        self.mark_end(token, "times", self.count(token) if numbers else 2)
        if re.match(r":\|+:", token.text):
            self.mark(token, "repeat_start", True)

    def read_brace(self, token: Token) -> None:
        if token.text.endswith("{"):
            self.braces += 1
            self.read_open(token)
        elif self.braces:
            self.braces -= 1
            self.read_close(token)
        else:
            self.read_bar(token)

    def read_group(self, token: Token) -> None:
        self.end_bar()
        self.groups.append(_Group(token, len(self.bars), frozenset(self.bar.marks)))

    def read_close_group(self, token: Token) -> None:
        self.end_bar()
        if self.groups:
            self.closed = self.groups.pop()._replace(token=token)
            if len(self.bars) == self.closed.start:
                raise self.error(token, "there is no bar between [ and ]")
        elif self.brackets:
            self.brackets -= 1
        else:
            raise self.error(token, "] has no [ before it")

    def read_times(self, token: Token) -> None:
        """Reads x4: of the bars in brackets just read, of the bar, or of the line."""
        times = self.count(token)
        if self.closed is not None:
            self.multiply(self.closed, times)
        elif self.bar.content:
            group = _Group(token, len(self.bars), frozenset(self.bar.marks))
            self.end_bar()
            self.multiply(group, times)
        elif self.bar_line is not None and len(self.bars) > self.line_start:
            marks = frozenset(self.bars[self.line_start].marks)
            self.multiply(_Group(token, self.line_start, marks), times)
        else:
            raise self.error(token, f"{token.text} has no bar before it, as in C7 x4")
        self.closed, self.multiplied = None, True

    def read_section(self, token: Token) -> None:
        self.mark(token, "section", label_name(token.text))

    def read_ending(self, token: Token) -> None:
        self.brackets += token.text.startswith("[") and not token.text.endswith("]")
        self.mark(token, "ending", _ending_numbers(token.text))

    def read_segno(self, token: Token) -> None:
        self.mark(token, "segno", True)

    def read_coda(self, token: Token) -> None:
        self.mark(token, "coda", True)

    def read_to_coda(self, token: Token) -> None:
        self.mark_end(token, "to_coda", True)

    def read_fine(self, token: Token) -> None:
        self.mark_end(token, "fine", True)

    def read_jump(self, token: Token) -> None:
        sign = "D.S." if re.search(r"s", token.text.split("al")[0], re.I) else "D.C."
        ending = re.search(r"[1-9]", token.text)
        goals = {"fine": "Fine", "coda": "Coda", "𝄌": "Coda"}
        found = next((goals[g] for g in goals if g in token.text.casefold()), "end")
        self.mark_end(token, "jump", Jump(sign, int(ending[0]) if ending else found))  # type: ignore[arg-type]

    def read_meter(self, token: Token) -> None:
        try:
            self.meter = self.bar.meter = parse_meter(token.text.strip("()[] "))
        except InputError as error:
            raise self.error(token, error.message, error.hint) from error
        self.bar_line = None

    def read_stray(self, token: Token) -> None:
        hint = "write |: and :| around the bars that are repeated"
        raise self.error(token, "a colon stands alone", hint)

    def mark(self, token: Token, name: str, value: Any) -> None:
        """Marks the bar that is being read, or the next one."""
        self.bar.marks[name] = value
        self.bar.signs.append(token)
        self.bar_line = None

    def mark_end(self, token: Token, name: str, value: Any) -> None:
        """Marks the end of the bar that is being read; of the last one if it has no chord."""
        self.bar_line = None
        self.late.append((token, name, value))
        if name == "times":
            self.end_bar()

    def put(self, bar: WrittenBar, token: Token, name: str, value: Any) -> None:
        if name in bar.marks:
            raise self.error(token, f"{token.text.strip()} is there twice in one bar")
        bar.marks[name] = value
        bar.signs.append(token)

    def end_bar(self) -> None:
        """Ends the bar that is being read, if it has signs."""
        self.multiplied = False
        contents = self.resolved(self.bar)
        for content in contents:
            if len(self.bars) == MAX_BARS:
                raise self.error(content[0], f"the changes have more than {MAX_BARS:,} bars")
            self.bars.append(replace(self.bar, content=content, number=self.typed + 1))
            self.bar = WrittenBar(self.meter)
        self.typed += bool(contents)
        late, self.late = self.late, []
        for token, name, value in late:
            if not self.bars:
                raise self.error(token, f"{token.text.strip()} has no bar before it")
            self.put(self.bars[-1], token, name, value)

    def resolved(self, bar: WrittenBar) -> list[list[Token]]:
        """The signs of the bar, or of the bars that % and %% stand for; nothing for no signs."""
        kinds = [token.kind for token in bar.content]
        if kinds == ["same"]:
            if not self.bars:
                raise self.error(bar.content[0], "the first % has no bar before it")
            return [self.bars[-1].content]
        if "two_bars" in kinds:
            [sign] = [token for token in bar.content if token.kind == "two_bars"][:1]
            if len(kinds) > 1:
                raise self.error(
                    sign, f"{sign.text} stands for two bars and needs a bar of its own"
                )
            if len(self.bars) < 2:
                raise self.error(sign, f"{sign.text} has no two bars before it")
            return [before.content for before in self.bars[-2:]]
        return [bar.content] if bar.content else []

    def multiply(self, group: _Group, times: int) -> None:
        """Writes the bars of a group out `times` times; marks before it are there only once."""
        first, *others = self.bars[group.start :]
        if group.start + (1 + len(others)) * times > MAX_BARS:
            raise self.error(group.token, f"the changes have more than {MAX_BARS:,} bars")
        inner = {name: mark for name, mark in first.marks.items() if name not in group.marks}
        for _ in range(times - 1):
            again = [replace(first, marks=inner), *others]
            self.bars += (replace(bar, marks=dict(bar.marks)) for bar in again)

    def count(self, token: Token) -> int:
        times = int(re.sub(r"\D", "", token.text)[:9])
        if not 1 <= times <= MAX_BARS:
            problem = f"{token.text.strip()} is not a number of times from 1 to {MAX_BARS}"
            raise self.error(token, problem)
        return times

    def finished(self) -> list[WrittenBar]:
        """All bars. Raises ChangesError for signs that lack their counterparts."""
        self.end_bar()
        if self.groups:
            raise self.error(self.groups[-1].token, "[ has no ] after it")
        if self.bar.signs:
            sign = self.bar.signs[0]
            hint = "chords have names such as Dm7" if "ending" in self.bar.marks else ""
            raise self.error(sign, f"{sign.text:.40} has no bar after it", hint)
        if not any(token.kind == "chord" for bar in self.bars for token in bar.content):
            hint = "write at least one, as in Dm7 | G7 | C"
            end = len(self.text)
            raise ChangesError("the changes contain no chord", self.text, end, 0, hint=hint)
        _read_first_coda(self.bars)
        return self.bars


def _read_first_coda(bars: list[WrittenBar]) -> None:
    """Reads the first of two Codas without a To Coda as the place to leave, as players write it."""
    codas = [index for index, bar in enumerate(bars) if "coda" in bar.marks]
    if len(codas) == 2 and not any("to_coda" in bar.marks for bar in bars):
        first = bars[codas[0]]
        [sign] = [token for token in first.signs if token.kind == "coda"]
        del first.marks["coda"]
        follows = first.content[0].position < sign.position
        (first if follows else bars[max(codas[0] - 1, 0)]).marks["to_coda"] = True
    for bar in bars:
        if "coda" in bar.marks:
            bar.marks.setdefault("section", "Coda")


def _ending_numbers(text: str) -> tuple[int, ...]:
    """The numbers of an ending: `1.`, `[1,2`, `1-3.`, `First ending:`."""
    if word := re.search("first|second|third", text, re.IGNORECASE):
        return (_ENDING_WORDS[word[0].casefold()],)
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?:\s?[-–]\s?(\d+))?", text):
        numbers += range(int(first), int(last or first) + 1)
    return tuple(numbers)

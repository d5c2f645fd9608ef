"""The music of a song of iReal Pro to a written chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from djmodel.music.charts.chart import Chart, LastChorus
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.ireal.cells import CELLS, onsets_of_cells
from djmodel.music.charts.ireal.qualities import parse_ireal_chord
from djmodel.music.charts.ireal.repeats import complete_repeats
from djmodel.music.charts.ireal.signs import Sign, signs_of
from djmodel.music.charts.lines import MAX_CHARACTERS, SECTION_NAMES
from djmodel.music.charts.play_order import MAX_BARS, Jump, Marks, PlayOrderError
from djmodel.music.charts.reader import MAX_SIGNS
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError
from djmodel.music.meter import COMMON_TIME, Meter, parse_meter
from djmodel.music.tune import Bar, Change
from seqmodel.errors import InputError

_CONTENT = {"chord", "rest", "slash", "same", "two_bars"}
_CELLS = _CONTENT | {"space"}
_SECTIONS = {"i": "Intro", "v": "Verse"}
_SECTION_TEXT = rf"(?:{SECTION_NAMES})(?:\s+\d)?"
_HEIGHT = re.compile(r"\*\d\d")  # before a text
_JUMP = re.compile(
    r"(?<!\w)(?:D\.\s?(?P<sign>[CS])\b|D(?P<plain>[CS])\b|da (?P<capo>c)apo|dal (?P<segno>s)egno)"
    r"(?P<goal>.*)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[\s,]+|(?<=[^/\s,])(?=[A-GW])")  # the alternate chords of a bracket
_TIMES = re.compile(r"\b(?:x\s?([2-9]|1\d)|([2-9]|1\d)\s?(?:x|times))\b", re.IGNORECASE)


@dataclass
class _Bar:
    """A bar while it is read: its cells, the fields of its marks, signs whose place in the bar
    counts, each with whether chords stand before it, and alternate chords with their cells."""

    meter: Meter
    cells: list[Sign] = field(default_factory=list)
    marks: dict[str, Any] = field(default_factory=dict)
    placed: list[tuple[Sign, bool]] = field(default_factory=list)
    alternates: list[tuple[Sign, int]] = field(default_factory=list)

    @property
    def has_content(self) -> bool:
        return any(cell.kind in _CONTENT for cell in self.cells)


def read_music(music: str) -> Chart:
    """The chart that the plain signs of a song stand for, without its header. Raises ChangesError,
    which points at the sign that cannot be read."""
    if len(music) > MAX_CHARACTERS:
        problem = f"a song has {len(music):,} characters, more than {MAX_CHARACTERS:,}"
        raise InputError(problem, hint="split it into several songs")
    reader = _MusicReader(music)
    for sign in signs_of(music):
        reader.read(sign)
    return reader.finished()


class _MusicReader:
    """Reads signs in order into written bars."""

    def __init__(self, music: str) -> None:
        self.music = music
        self.meter = COMMON_TIME
        self.bars: list[_Bar] = []
        self.bar = _Bar(COMMON_TIME)
        self.after_end = True  # a bar line that ends a part of the chart was read, and no other
        self.owed = False  # r has filled a bar that is still to come, and blank
        self.times: int | None = None  # how often the repeat is played, as a text says
        self.codas: list[tuple[int, bool]] = []  # bars, and whether chords stand before the sign
        self.leave: int | None = None
        self.part_ends: set[int] = set()  # bars before a double bar line or a repeat sign

    def error(self, sign: Sign, problem: str, hint: str = "") -> ChangesError:
        number, length = len(self.bars) + 1, len(sign.text)
        return ChangesError(problem, self.music, sign.position, length, bar=number, hint=hint)

    def read(self, sign: Sign) -> None:
        """Reads the next sign. Raises ChangesError."""
        bar = self.bar
        if sign.kind in _CELLS:
            if len(bar.cells) < MAX_SIGNS:
                bar.cells.append(sign)
            elif sign.kind != "space":
                raise self.error(sign, f"a bar has more than {MAX_SIGNS} cells")
        elif sign.kind == "alternate":
            if len(bar.alternates) < MAX_SIGNS:
                bar.alternates.append((sign, max(len(bar.cells) - 1, 0)))
        elif sign.kind in {"coda", "end", "text"}:
            bar.placed.append((sign, bar.has_content))
        elif sign.kind == "section":
            letter = sign.text[1:]
            bar.marks["section"] = _SECTIONS.get(letter.lower(), letter.upper())
        elif sign.kind == "meter":
            self.meter = bar.meter = self.meter_of(sign)
        elif sign.kind == "ending":
            bar.marks["ending"] = (int(sign.text[1:]),)
        elif sign.kind == "segno":
            bar.marks["segno"] = True
        elif sign.kind == "unknown":
            what = "not closed" if sign.text in "<(" else "not a sign of a chart of iReal Pro"
            hint = "copy the link or export the song from iReal Pro again"
            raise self.error(sign, f"`{sign.text}` is {what}", hint)
        else:
            self.end_bar(begins_part=sign.kind in {"double", "open"})
            self.after_end = sign.kind in {"double_end", "close"}
            if sign.kind != "bar":
                self.part_ends.add(len(self.bars) - 1)
            if sign.kind == "open":
                self.bar.marks["repeat_start"] = True
            elif sign.kind == "close" and self.bars:
                self.bars[-1].marks["times"] = self.times or 2
                self.times = None

    def meter_of(self, sign: Sign) -> Meter:
        digits = sign.text[1:]
        text = "12/8" if digits.startswith("12") else f"{digits[0]}/{digits[1]}"
        try:
            return parse_meter(text)
        except InputError as error:
            raise self.error(sign, error.message, error.hint) from error

    def end_bar(self, *, begins_part: bool) -> None:
        """Ends the bar that is being read. Blank cells between bar lines are a bar in which the
        chord is held; behind the end of a part, or before a new one, they only fill the line."""
        bar, index = self.bar, len(self.bars)
        fills = self.after_end or begins_part or not self.bars or self.owed
        if not bar.has_content and (not bar.cells or fills):
            self.owed = self.owed and not bar.cells
            bar.cells.clear()
            texts = [place for place in bar.placed if place[0].kind == "text"]
            if self.bars and texts:  # they belong to the bar before
                bar.placed = [place for place in bar.placed if place not in texts]
                for sign, _ in texts:
                    self.read_text(sign)
            return
        self.owed = any(cell.kind == "two_bars" for cell in bar.cells)
        blank = next((n for n, cell in enumerate(bar.cells) if cell.kind in _CONTENT), 0)
        for cells in self.resolved(bar, blank):
            if len(self.bars) == MAX_BARS:
                raise self.error(cells[0], f"the song has more than {MAX_BARS:,} bars")
            self.bars.append(_Bar(bar.meter, cells))
        self.bars[index].marks = bar.marks
        self.bars[index].alternates = [
            (sign, max(cell - blank, 0)) for sign, cell in bar.alternates
        ]
        for sign, follows in bar.placed:
            if sign.kind == "coda":
                self.codas.append((index, follows))
            elif sign.kind == "end":
                self.leave = len(self.bars) - 1
            else:
                self.read_text(sign)
        self.bar = _Bar(self.meter)

    def resolved(self, bar: _Bar, blank: int) -> list[list[Sign]]:
        """The cells of the bar, or of the bars that x and r stand for, without the `blank` ones
        before the first chord."""
        repeats = {cell.kind: cell for cell in bar.cells if cell.kind in {"same", "two_bars"}}
        if not repeats:
            return [bar.cells[blank:]]
        count, sign = (2, repeats["two_bars"]) if "two_bars" in repeats else (1, repeats["same"])
        if len(self.bars) < count:
            before = "two bars" if count == 2 else "bar"
            raise self.error(sign, f"{sign.text} has no {before} before it")
        return [before.cells for before in self.bars[-count:]]

    def read_text(self, sign: Sign) -> None:
        """Reads a text at the end of the last bar: jumps, Fine and numbers of times have a meaning,
        other texts have none."""
        marks = self.bars[-1].marks
        text = _HEIGHT.sub("", sign.text[1:-1]).strip()
        if jump := _JUMP.search(text):
            goal = jump["goal"].casefold()
            ending = re.search(r"[1-9]", goal)
            until = "Fine" if "fine" in goal else "Coda" if "coda" in goal else "end"
            letter = next(filter(None, jump.group("sign", "plain", "capo", "segno")))
            dot = f"D.{letter.upper()}."
            marks["jump"] = Jump(dot, int(ending[0]) if ending else until)  # type: ignore[arg-type]
        elif re.search(r"\bto coda\b", text, re.IGNORECASE):
            self.codas.append((len(self.bars) - 1, True))
        elif re.search(r"\bfine\b", text, re.IGNORECASE):
            marks["fine"] = True
        elif times := _TIMES.search(text):
            if "times" in marks:
                marks["times"] = int(times[1] or times[2])
            else:
                self.times = int(times[1] or times[2])
        elif re.fullmatch(_SECTION_TEXT, text, re.IGNORECASE):
            marks.setdefault("section", text)

    def finished(self) -> Chart:
        """The chart. Raises ChangesError for music without chords, chords that cannot be read, and
        marks that no player could follow."""
        self.end_bar(begins_part=False)
        if not any(cell.kind == "chord" for bar in self.bars for cell in bar.cells):
            end = len(self.music)
            raise ChangesError("the song contains no chord", self.music, end, 0)
        self.move_jumps()
        complete_repeats([bar.marks for bar in self.bars])
        last_chorus = self.read_codas()
        bars, alternates = self.music_bars()
        chart = Chart(
            bars=bars,
            marks=tuple(Marks(**bar.marks) for bar in self.bars),
            last_chorus=last_chorus,
            alternates=alternates if any(alternates) else (),
        )
        try:
            chart.order()
        except PlayOrderError as error:
            cells = self.bars[error.bar].cells
            at, end = cells[0].position, cells[-1].position + len(cells[-1].text)
            raise ChangesError(
                error.problem, self.music, at, end - at, bar=error.bar + 1, hint=error.hint
            ) from error
        return chart

    def move_jumps(self) -> None:
        """Moves each jump to the end of its part: the text stands where there is space for it, in
        one of the last bars."""
        starts = {bar + follows for bar, follows in self.codas[-1:]}
        starts |= {n for n, bar in enumerate(self.bars) if "section" in bar.marks}
        ends = self.part_ends | {start - 1 for start in starts}
        for number in reversed([n for n, bar in enumerate(self.bars) if "jump" in bar.marks]):
            line = range(number, min(number + CELLS, len(self.bars)))
            end = next((n for n in line if n in ends), number)
            if "jump" not in self.bars[end].marks:
                self.bars[end].marks["jump"] = self.bars[number].marks.pop("jump")

    def add_coda(self) -> None:
        """Adds the Coda of a chart in which a jump leads to one, and no sign stands behind it: it
        begins behind the jump."""
        while len(self.codas) > 1 and sum(self.codas[-1]) >= len(self.bars):
            self.codas.pop()  # a sign behind the last bar
        goals = [bar.marks["jump"].until if "jump" in bar.marks else "" for bar in self.bars]
        if self.codas and "Coda" in goals[sum(self.codas[-1]) : -1]:
            last = max(n for n, goal in enumerate(goals[:-1]) if goal == "Coda")
            self.codas.append((last + 1, False))

    def read_codas(self) -> LastChorus:
        """Marks To Coda and Coda where a jump leads there; else the last chorus does. The last sign
        is the Coda, those before it are where it is left for."""
        self.add_coda()
        *leaving, (coda, follows) = self.codas or [(-1, False)]
        coda += follows
        leaves = [bar if after else bar - 1 for bar, after in leaving if after or bar]
        jumps = [bar.marks["jump"] for bar in self.bars if "jump" in bar.marks]
        if self.leave is not None and any(jump.until == "Fine" for jump in jumps):
            self.bars[self.leave].marks["fine"] = True  # END is the Fine that a jump leads to
            self.leave = None
        has_fine = any("fine" in bar.marks for bar in self.bars)
        goals = {"Fine" if jump.until == "end" and has_fine else jump.until for jump in jumps}
        if self.leave is None and has_fine and not goals & {"Fine"}:
            self.leave = max(n for n, bar in enumerate(self.bars) if "fine" in bar.marks)
        if not 0 < coda < len(self.bars):
            return LastChorus(self.leave)
        self.bars[coda].marks.setdefault("section", "Coda")
        if "Coda" in goals or ("end" in goals and leaves):
            # Without a sign to leave at, the Coda follows the bar of the jump.
            for bar in leaves or [n for n, bar in enumerate(self.bars) if "jump" in bar.marks]:
                self.bars[bar].marks["to_coda"] = True
            self.bars[coda].marks["coda"] = True
            return LastChorus(self.leave)
        leave = leaves[0] if leaves else self.leave
        return LastChorus(leave if leave is None or leave < coda else None, coda)

    def music_bars(self) -> tuple[tuple[Bar, ...], tuple[tuple[Change, ...], ...]]:
        """The bars, and the alternate chords of each."""
        numbered = [(cell, n) for n, bar in enumerate(self.bars, start=1) for cell in bar.cells]
        first, number = next((cell, n) for cell, n in numbered if cell.kind == "chord")
        holding, sounding = self.chord(first, None, number), True
        bars, alternates = [], []
        for number, bar in enumerate(self.bars, start=1):
            starts = [n for n, cell in enumerate(bar.cells) if cell.kind in {"chord", "rest"}]
            starts = starts if starts[:1] == [0] else [0, *starts]
            onsets = onsets_of_cells(starts, max(len(bar.cells), 1), bar.meter)
            changes: list[Change] = []
            for start, onset in zip(starts, onsets, strict=True):
                cell = bar.cells[start] if bar.cells else None
                if cell is not None and cell.kind == "chord":
                    holding, sounding = self.chord(cell, holding, number), True
                elif cell is not None and cell.kind == "rest":
                    sounding = False
                change = Change(onset, holding, sounding)
                if not changes or change != replace(changes[-1], onset=onset):
                    changes.append(change)
            bars.append(Bar(bar.meter, bar.meter.length, (), tuple(changes)))
            onset_of = dict(zip(starts, onsets, strict=True))
            alternates.append(tuple(self.alternates(bar, onset_of, holding)))
        return tuple(bars), tuple(alternates)

    def alternates(
        self, bar: _Bar, onset_of: dict[int, Fraction], holding: Chord
    ) -> Iterator[Change]:
        """The alternate chords of a bar that are chords, on the beats of their cells. Several above
        a cell share the time until the next chord."""
        beats = bar.meter.beat_onsets(bar.meter.length)
        chords_at: dict[Fraction, list[Chord]] = {}
        for sign, cell in bar.alternates:
            place = min(cell * len(beats) // max(len(bar.cells), 1), len(beats) - 1)
            with suppress(ChordSymbolError):
                words = _BETWEEN.split(sign.text[1:-1].strip(), MAX_SIGNS)
                chords = [parse_ireal_chord(word, holding) for word in words]
                chords_at.setdefault(onset_of.get(cell, beats[place]), []).extend(chords)
        ends = {*onset_of.values(), *chords_at, bar.meter.length}
        for onset, chords in chords_at.items():
            end = min(end for end in ends if end > onset)
            shared = [beat for beat in beats if onset <= beat < end]
            for number, chord in enumerate(chords):
                if len(shared) < len(chords):
                    yield Change(onset + (end - onset) * number / len(chords), chord)
                else:
                    yield Change(shared[number * len(shared) // len(chords)], chord)

    def chord(self, sign: Sign, holding: Chord | None, number: int) -> Chord:
        try:
            return parse_ireal_chord(sign.text, holding)
        except ChordSymbolError as error:
            problem = f"`{sign.text:.64}` is not a chord of iReal Pro such as D-7, G7b9 or C^7/E"
            at, length = sign.position, len(sign.text)
            raise ChangesError(
                problem, self.music, at, length, bar=number, hint=error.hint
            ) from error

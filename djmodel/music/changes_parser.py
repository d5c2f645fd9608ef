"""Parser of changes as text, which `changes` describes: signs, sections and repeats, then bars."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change
from seqmodel.errors import InputError
from seqmodel.text import pluralize

MAX_BARS = 10_000

_CONTEXT = 24  # characters shown before and after the place of an error


class ChangesError(InputError):
    """Changes that cannot be read. `text` is all of them; the error is in `length` characters from
    `position`."""

    def __init__(
        self, problem: str, text: str, position: int, length: int, *, hint: str = ""
    ) -> None:
        self.text, self.position, self.length = text, position, length
        end = position + length
        before, after = text[:position][-_CONTEXT:], text[end:][:_CONTEXT]
        before = "..." * (position > _CONTEXT) + before
        after = after + "..." * (len(text) > end + _CONTEXT)
        shown = f"{before}>>{text[position:end] or 'the end'}<<{after}"
        super().__init__(f"{problem}: {shown} (character {position + 1})", hint=hint)


class _Token(NamedTuple):
    """A sign of the text: `kind` is the name of its group in `_TOKEN`."""

    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<open>\|:|\[)|(?P<bar>\|\]|\|+(?!:))|(?P<close>:\||\])|(?P<line>\n)|(?P<space>[^\S\n]+)"
    r"|(?P<times>[x×*]\s*\d+)(?=[\s|\]:]|$)|(?P<same>%)"
    r"|(?P<rest>N\.?\s?C\.?)(?=[\s|\]:]|$)|(?P<hold>/)(?=[\s|\]:]|$)"
    r"|(?P<chord>(?:\([^)|\n]*\)|(?![x×]\d+(?:[\s|\]:]|$))[^\s|\[\]:])+)|(?P<stray>:)"
)

_Content = tuple[_Token, ...]
"""The signs of one bar, as written."""


class _Reader:
    """Reads signs in order; `at` is the number of the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = (_Token(str(m.lastgroup), m[0], m.start()) for m in _TOKEN.finditer(text))
        self.tokens = [token for token in found if token.kind != "space"]
        self.at = 0

    def error(self, token: _Token, problem: str, hint: str = "") -> ChangesError:
        return ChangesError(problem, self.text, token.position, len(token.text), hint=hint)

    def section(self, opened: _Token | None = None) -> list[_Content]:
        """Bars up to the sign that closes what `opened`, or up to the end."""
        bars: list[_Content] = []
        content: list[_Token] = []
        hard_line: _Token | None = None  # a bar line since which nothing was written

        def end_bar() -> None:
            if content:
                bars.append(tuple(content))
                content.clear()

        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "bar":
                if not content and hard_line is not None:
                    hint = "write % to repeat the bar before, or N.C. for no chord"
                    raise self.error(token, "a bar is empty", hint)
                end_bar()
                hard_line = token
                continue
            if token.kind == "line":
                end_bar()
                continue
            hard_line = None
            if token.kind == "open":
                end_bar()
                bars += self.section(token)
            elif token.kind == "close":
                if opened is None or (opened.text, token.text) not in {("[", "]"), ("|:", ":|")}:
                    opening = {"]": "[", ":|": "|:"}[token.text]
                    raise self.error(token, f"{token.text} has no {opening} before it")
                end_bar()
                times = 2 if token.text == ":|" else 1
                if self.at < len(self.tokens) and self.tokens[self.at].kind == "times":
                    times = self.count(self.tokens[self.at])
                    self.at += 1
                return self.multiplied(bars, times, token)
            elif token.kind == "times":
                if not content:
                    raise self.error(token, f"{token.text} has no bar before it, as in C7 x4")
                times = self.count(token)
                bars += self.multiplied([tuple(content)], times, token)
                content.clear()
                after = self.tokens[self.at] if self.at < len(self.tokens) else None
                if after is not None and after.kind not in {"bar", "line", "close", "open"}:
                    raise self.error(after, f"{after.text} needs a bar line after {token.text}")
            elif token.kind == "stray":
                hint = "write |: and :| around the bars that are repeated"
                raise self.error(token, "a colon stands alone", hint)
            else:
                content.append(token)
        if opened is not None:
            closing = "]" if opened.text == "[" else ":|"
            raise self.error(opened, f"{opened.text} has no {closing} after it")
        end_bar()
        return bars

    def count(self, token: _Token) -> int:
        times = int(re.sub(r"\D", "", token.text))
        if not 1 <= times <= MAX_BARS:
            raise self.error(token, f"{token.text} is not a number of times from 1 to {MAX_BARS}")
        return times

    def multiplied(self, bars: list[_Content], times: int, token: _Token) -> list[_Content]:
        if len(bars) * times > MAX_BARS:
            raise self.error(token, f"the changes have more than {MAX_BARS:,} bars")
        return bars * times


def parse_bars(text: str, meter: Meter) -> tuple[Bar, ...]:
    """The bars of changes as text. Raises ChangesError."""
    reader = _Reader(text)
    contents = _spelled_out(reader, reader.section())
    tokens = [token for content in contents for token in content]
    chords = {token: _chord(reader, token) for token in tokens if token.kind == "chord"}
    if not chords:
        hint = "write at least one, as in Dm7 | G7 | C"
        raise ChangesError("the changes contain no chord", text, len(text), 0, hint=hint)
    bars = []
    holding, sounding = next(iter(chords.values())), True
    for content in contents:
        changes: list[Change] = []
        for token, onset in zip(content, _onsets(reader, content, meter), strict=True):
            if token.kind in {"chord", "rest"}:
                holding, sounding = chords.get(token, holding), token.kind == "chord"
            change = Change(onset, holding, sounding)
            if not changes or change != replace(changes[-1], onset=onset):
                changes.append(change)
        bars.append(Bar(meter, meter.length, (), tuple(changes)))
    return tuple(bars)


def _spelled_out(reader: _Reader, contents: list[_Content]) -> list[_Content]:
    """The bars with `%` replaced by the bar before."""
    spelled: list[_Content] = []
    for content in contents:
        if [token.kind for token in content] == ["same"]:
            if not spelled:
                raise reader.error(content[0], "the first % has no bar before it")
            content = spelled[-1]
        spelled.append(content)
    return spelled


def _chord(reader: _Reader, token: _Token) -> Chord:
    try:
        return parse_chord_symbol(token.text)
    except ChordSymbolError as error:
        at, length = token.position + error.position, len(token.text) - error.position
        problem = f"`{token.text}` is not a chord symbol such as Dm7, G7b9 or C6/9"
        raise ChangesError(problem, reader.text, at, length, hint=error.hint) from error


def _onsets(reader: _Reader, content: _Content, meter: Meter) -> list[Fraction]:
    """Onsets of the signs of a bar: each on its beat if there are slashes, else the bar is shared
    out."""
    beats = meter.beat_onsets(meter.length)
    if not any(token.kind == "hold" for token in content):
        return _shares(len(content), meter)
    if len(content) != len(beats):
        last = content[-1]
        start = content[0].position
        found = pluralize(len(content), "sign")
        problem = f"a bar of {meter} with slashes has {found} instead of {len(beats)}, one per beat"
        length = last.position + len(last.text) - start
        raise ChangesError(problem, reader.text, start, length)
    return list(beats)


def _shares(count: int, meter: Meter) -> list[Fraction]:
    """Onsets of `count` chords that share a bar: on beats, the first ones longer where the beats do
    not divide (three in 4/4: two beats, one, one), and off the beats only if they are too many.
    """
    beats = meter.beat_onsets(meter.length)
    if count > len(beats):
        return [meter.length * number / count for number in range(count)]
    each, over = divmod(len(beats), count)
    return [beats[each * number + min(number, over)] for number in range(count)]

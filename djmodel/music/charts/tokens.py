"""The signs of a chart: lines of text to tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from djmodel.music.charts.chord_words import is_chord
from djmodel.music.charts.lines import LETTER_LABEL, SECTION_NAMES, Line


class Token(NamedTuple):
    """A sign of the text: `kind` is the name of its group in `_START` or `_SIGN`."""

    kind: str
    text: str
    position: int


_AFTER = r"(?=[\s|:,;()\[\]{}]|$)"
_COUNT = r"(?:[x×*]\s*\d+|\d+\s*(?:[x×]|times|bars?))"
_TIMES = rf"(?:{_COUNT}|\(\s*{_COUNT}\s*\))"
_NAMES = SECTION_NAMES.replace(" ", r"\s")
_NUMBERS = r"[1-9]\d?(?:\s?[.,&+\-–]\s?[1-9]\d?)*"

# What may stand at the start of a bar only.
_START = re.compile(
    rf"""
      (?P<meter>[(\[]?\d{{1,2}}/\d{{1,2}}[)\]]?{_AFTER})
    | (?P<ending>\[?(?:{_NUMBERS})(?:st|nd|rd|th)?(?:\s?(?:ending|time|end)\b)?[.:)]*
        (?:\]|(?=[\s|A-GN(/%])|$)
      |\[?(?:first|second|third)\s(?:ending|time)\b[.:]?\]?|\[?ending\s[1-9]\b[.:]?\]?)
    | (?P<section>\[\s*(?:{LETTER_LABEL}|[^\[\]|\n]*)\s*\]:?(?!\s*{_TIMES})
      |\*(?:[A-Z]\d?|[ivIV])(?=[\s|{{\[A-GN]|$)
      |(?:(?:section|part)\s+{LETTER_LABEL}|{LETTER_LABEL}\s+(?:section|part))\b:?
      |(?:{_NAMES})(?:\s+\d+)?(?::(?!\|)|{_AFTER})
      |[^\W\d_][\w'’ \-]{{0,40}}(?<!\s):(?![|:]))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ROOT = r"(?-i:[A-G](?!ug|lt|dd))"  # of a chord in brackets, which stands by itself
_GOAL = r"fine|end|coda|𝄌|(?:1st|2nd|3rd|[1-9])\.?\s?(?:ending\b|end\b\.?)"
_JUMP = rf"(?:D\.\s?[CS]\b\.?|D[CS](?=\s+al\b)|D[CS]{_AFTER}|da\s?capo|dal\s?segno)"
_SIGN = re.compile(
    rf"""
      (?P<close>(?::\|+:?\|?\]?|𝄇)(?:\s*{_TIMES}{_AFTER})?)
    | (?P<open>\|+:|𝄆)
    | (?P<brace>\|?[{{}}])
    | (?P<bar>\|+\]|\|+|[𝄀𝄁𝄂])
    | (?P<jump>["'(\[<]?{_JUMP}(?:\s+(?:alla|al|to\s+the|to)\s+(?:{_GOAL}))?["')\]>]?)
    | (?P<to_coda>["'(\[<]?to\s(?:the\s)?(?:coda|𝄌|⊕)["')\]>]?)
    | (?P<coda>["'(\[<]?(?:coda|𝄌|⊕)[:"')\]>]*{_AFTER})
    | (?P<segno>["'(\[<]?(?:segno|𝄋)[:"')\]>]*{_AFTER})
    | (?P<fine>["'(\[<]?fine[."')\]>]*{_AFTER})
    | (?P<times>{_TIMES}{_AFTER})
    | (?P<two_bars>(?:%%|[./]//[./]|𝄏){_AFTER})
    | (?P<same>(?:%|\./\.|𝄎|sim(?:ile)?\.?|["″〃]){_AFTER})
    | (?P<rest>(?-i:N\.?\s?C\.?|n\.\s?c\.|nc|N/C){_AFTER})
    | (?P<hold>(?:/+|[.\-–_]+){_AFTER}|/+)
    | (?P<group>\[)
    | (?P<close_group>\])
    | (?P<commas>,[ ]*,[,\ ]*)   # beats of Band-in-a-Box
    | (?P<separator>(?:(?!,[ ]*,)[,;\s()])+)
    | (?P<stray>:)
    | (?P<chord>(?:\((?!{_ROOT})[^()|\n]*\)|(?![x×]\d+{_AFTER})[^\s|,;()\[\]{{}}:/]
        |/(?![\s|/:,)\]]|$))+(?:\s\((?!\d+\s*bars?\))(?:[b♭\#♯+\-]?\d|add|no|omit|maj|sus|alt)[^()|\n]*\))?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LABEL = re.compile(rf"(?<=\s)\[{LETTER_LABEL}\](?!\s*{_TIMES})")
_STARTS_BAR = {"bar", "open", "close", "brace", "ending", "section", "meter", "segno", "coda",
               "group", "line"}  # fmt: skip


def tokens_of(lines: list[Line]) -> Iterator[Token]:
    """The signs of the lines in order, with a token of the kind `line` behind each line."""
    for line in lines:
        if line.is_label:
            yield Token("section", line.text.strip(), _first(line))
        else:
            yield from _tokens_of_line(line)
        yield Token("line", "", line.position + len(line.text))


def _first(line: Line) -> int:
    return line.position + len(line.text) - len(line.text.lstrip())


def _tokens_of_line(line: Line) -> Iterator[Token]:
    at, fresh = 0, True
    text = line.text
    while at < len(text):
        if not fresh and _LABEL.match(text, at):  # a section begins a bar
            fresh = True
            yield Token("bar", "|", line.position + at)
        match = (_START.match(text, at) if fresh else None) or _SIGN.match(text, at)
        if match is not None and match.lastgroup == "section" and not is_label(match[0]):
            match = _SIGN.match(text, at)
        assert match is not None  # _SIGN matches any character
        kind = str(match.lastgroup)
        if kind != "separator":
            fresh = kind in _STARTS_BAR
            yield Token(kind, match[0], line.position + at)
        at = match.end()


def label_name(text: str) -> str:
    """The name in a label such as `[A]`, `*A`, `Bridge:` or `-- Verse 2 --`."""
    name = text.strip('[](){}<>*:=-_~."“” \n')
    if text.startswith("*"):  # as in iReal Pro and Band-in-a-Box
        return {"i": "Intro", "v": "Verse"}.get(name.casefold(), name.upper())
    return name


def is_label(text: str) -> bool:
    """True if a text such as `[A]` or `Last time:` names a section: a letter, or words that are
    neither chords nor the signs of jumps."""
    name = label_name(text)
    if re.fullmatch(LETTER_LABEL, name, re.IGNORECASE):
        return True
    if re.search(r"\b(?:coda|segno|fine|capo|D\.?[CS]\b)", name, re.IGNORECASE):
        return False
    return bool(re.search(r"[^\W\d_]{2}", name)) and not any(map(is_chord, name.split()))

"""Chords as text for Band-in-a-Box: bars that only spaces divide, and numbers of bars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from djmodel.music.charts.chord_words import is_chord
from djmodel.music.charts.lines import Line

_BAR_NUMBER = re.compile(r"\s*(\d{1,4})[.:)]?(?=\s|\|)\s*\|?")
_COMMAS = re.compile(r"[^\s,|]+(?:,+[^\s,|]+)+,*|[^\s,|]+,{2,}|,{2,}[^\s,|]+,*")


def with_bar_lines(lines: Sequence[Line]) -> list[Line]:
    """Lines of music with a bar line behind each bar where only spaces divide bars, and without the
    numbers of the first bars of lines. Every sign stays in its place, so that an error points at
    it."""
    music = [line for line in lines if not line.is_label]
    by_words = not any("|" in line.text for line in music) and any(
        _is_typed(line) for line in music
    )
    numbers = [_BAR_NUMBER.match(line.text) for line in music]
    counted = [
        len(line.text[match.end() :].split()) if by_words else line.text[match.end() :].count("|")
        for line, match in zip(music, numbers, strict=True)
        if match
    ]
    firsts = [int(match[1]) for match in numbers if match]
    is_numbered = len(firsts) == len(music) > 0 and firsts[0] == 1 and _follow(firsts, counted)
    changed = {}
    for line, match in zip(music, numbers, strict=True):
        text = line.text
        if is_numbered and match:
            text = " " * match.end() + text[match.end() :]
        if by_words:
            text = re.sub(r"(?<=\S)\s(\s*)(?=\S)", r"|\1", text)
            text = re.sub(r"(\*[A-Za-z]\d?)\|", r"\1 ", text)
        changed[line] = line._replace(text=text)
    return [changed.get(line, line) for line in lines]


def _follow(firsts: Sequence[int], counted: Sequence[int]) -> bool:
    """True if each line begins with the bar behind the last one of the line before, with or without
    a bar line at its end."""
    return all(
        after - first in {count, count + 1}
        for (first, after), count in zip(pairwise(firsts), counted, strict=False)
    )


def _is_typed(line: Line) -> bool:
    """True for a line of which a word is a bar of several chords, divided by commas, or a label
    such as `*a`, with two other words behind it at least."""
    words = line.text.split()
    joined = [word for word in words if _COMMAS.fullmatch(word)]
    if any(all(map(is_chord, filter(None, word.split(",")))) for word in joined):
        return len(words) > 1
    return len(words) > 2 and re.fullmatch(r"\*[a-h]", words[0]) is not None

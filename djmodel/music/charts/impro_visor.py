"""Lead sheets of Impro-Visor (.ls) as chart text: expressions such as `(meter 4 4)`, and lines of
chords and melody; the melody is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LEAD_SHEET = re.compile(r"^[^\S\n]*\((?:title\s|meter\s+\d+\s+\d+\s*\)|part\s*$)", re.MULTILINE)
_SECTION = re.compile(r"\(\s*(?:section|phrase)\s+\(\s*style\b")
_BEGIN = re.compile(r"\(\s*(?:[a-z?][\w-]*(?=[\s(]|$)|layout\))", re.MULTILINE)  # no C7(b9)
_FIELD = re.compile(r"\(\s*(title|tempo|meter|key)\s+(.*)\)", re.DOTALL)
_STYLE = re.compile(r"\(\s*(?:(?:section|phrase)\s+\(\s*)?style\s+([\w'-]+)")
# Chords of its vocabulary that have no usual symbol, a chord over another one, of which only the
# bass is kept, and its second sign for a bar line.
_CHORDS = (
    (re.compile(r"(?<=[A-G])phryg\b|(?<=[A-G][b#])phryg\b"), "7sus4(b9)"),
    (re.compile(r"(?<=[A-G])[Bb]lues\b|(?<=[A-G][b#])[Bb]lues\b"), "7(#9)"),
    (re.compile(r"(?<=[A-G])Bass\b|(?<=[A-G][b#])Bass\b"), "5"),
    (re.compile(r"\\(?=[A-G])"), "/"),
    (re.compile(r"(?<=[\w#+])_(?=\s|$)"), ""),  # another voicing
    (re.compile(r","), "|"),
)
_TYPE = re.compile(r"\(\s*type\s+(chords|melody)\b")  # of a part, not of a brick in a roadmap
_NOTE = re.compile(r"[a-gr][#b]?[+\-]*\d[\d+./]*")  # c4, bb+8.


def is_lead_sheet(text: str) -> bool:
    """True for the text of a lead sheet of Impro-Visor, also for one that has only lines of chords
    and of notes."""
    if _LEAD_SHEET.search(text) is not None or _SECTION.search(text) is not None:
        return True
    return any(_is_melody(line) for line in text.split("\n"))


def _is_melody(line: str) -> bool:
    """True for a line of two notes or more."""
    words = line.split()
    return len(words) > 1 and all(map(_NOTE.fullmatch, words))


def without_expressions(text: str) -> str:
    """The lead sheet as the text of a chart: its title, tempo, meter and key as a heading, then its
    lines of chords. Every line stays in its place, so that an error counts as the file does."""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    depth, expression, is_melody, has_style = 0, "", False, False
    for line in text.split("\n"):
        heading, music = [], ""
        for at, sign in enumerate(line + "\n"):
            if depth == 0 and not _BEGIN.match(line, at):
                music += sign
                continue
            expression += sign
            depth += (sign == "(") - (sign == ")")
            if depth == 0:
                if kind := _TYPE.search(expression):
                    is_melody = kind[1] != "chords"
                elif field := _FIELD.fullmatch(expression):
                    heading.append(_heading(field[1], field[2].strip()))
                elif not has_style and (style := _STYLE.match(expression)):
                    heading.append(f"Feel: {style[1]}")
                    has_style = True
                expression = ""
        is_notes = all(map(_NOTE.fullmatch, music.split()))
        chords = "" if is_melody or is_notes else _usual_chords(music.rstrip("\n"))
        # A title ends with its line, so that it stands behind the other fields of one.
        heading.sort(key=lambda field: field.startswith("Title"))
        yield "\n".join(filter(None, ["  ".join(heading), chords]))


def _usual_chords(line: str) -> str:
    for sign, usual in _CHORDS:
        line = sign.sub(usual, line)
    return line


def _heading(name: str, value: str) -> str:
    """A field as charts have it; the key of Impro-Visor is a number of sharps, flats below 0."""
    if not value:
        return ""
    if name == "meter":
        return f"Time: {'/'.join(value.split()[:2])}"
    if name == "key":
        majors = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
        is_known = re.fullmatch(r"-?[0-7]", value) is not None
        return f"Key: {majors[int(value) + 7]}" if is_known else ""
    return f"{name.title()}: {value}"

"""Lead sheets of Impro-Visor (.ls) as chart text: expressions such as `(meter 4 4)`, and lines of
chords and melody; the melody is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LEAD_SHEET = re.compile(r"^[^\S\n]*\((?:title\s|meter\s+\d+\s+\d+\s*\)|part\s*$)", re.MULTILINE)
_FIELD = re.compile(r"\(\s*(title|tempo|meter|key)\s+([^()]*)\)")
_TYPE = re.compile(r"\(\s*type\s+(\w+)")
_NOTE = re.compile(r"[a-gr][#b]?[+\-]*\d[\d+./]*")  # c4, bb+8.


def is_lead_sheet(text: str) -> bool:
    """True for the text of a lead sheet of Impro-Visor."""
    return _LEAD_SHEET.search(text) is not None


def without_expressions(text: str) -> str:
    """The lead sheet as the text of a chart: its title, tempo, meter and key as a heading, then its
    lines of chords. Every line stays in its place, so that an error counts as the file does."""
    return "\n".join(_lines(text))


def _lines(text: str) -> Iterator[str]:
    depth, is_melody = 0, False
    for line in text.split("\n"):
        content = line.strip()
        starts_in_expression = depth > 0
        depth = max(depth + content.count("(") - content.count(")"), 0)
        if content.startswith("(") or starts_in_expression:
            if kind := _TYPE.search(content):
                is_melody = kind[1] != "chords"
            field = None if starts_in_expression else _FIELD.fullmatch(content)
            yield _heading(field[1], field[2].strip()) if field else ""
        else:
            is_notes = bool(content) and all(map(_NOTE.fullmatch, content.split()))
            yield "" if is_melody or is_notes else line


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

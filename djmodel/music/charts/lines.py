"""The lines of a chart: its heading (title, key, tempo), its labels, and those with chords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from djmodel.music.charts.chord_words import is_chord
from djmodel.music.charts.errors import ChangesError
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS, place_of
from seqmodel.errors import InputError

MAX_CHARACTERS = 200_000  # of a chart: more than MAX_BARS bars of music need
MIN_TEMPO, MAX_TEMPO = 4, 1000
_MAX_HEADING = 200  # characters of a line of the heading

SECTION_NAMES = (
    r"intro(?:duction)?|pre-?chorus|verse|chorus|refrain|bridge|middle (?:8|eight)|interlude|vamp"
    r"|tag|outro|ending|turnaround|head(?: in| out)?|solos?|solo changes|break|shout(?: chorus)?"
    r"|channel|release|theme|montuno|trio"
)
LETTER_LABEL = r"[A-Z](?:[1-4]|['′’]{1,3})?"

_FIELDS = {
    "title": r"title|song|tune|name",
    "key": r"key(?: signature)?",
    "tempo": r"tempo|bpm",
    "meter": r"time(?: signature)?|met(?:er|re)|signature",
    "feel": r"feel|style|groove|rhythm",
    "composer": r"composers?|composed by|music(?: by)?|by",
    "other": r"(?:words|lyrics)(?: by)?|artist|form|year|album"
    r"|copyright|source",
}
_FIELD = re.compile(
    r"(?:^|(?<=[\s,;|(]))"
    + f"(?:{'|'.join(f'(?P<{name}>{words})' for name, words in _FIELDS.items())})"
    + r"\s*[:=]",
    re.IGNORECASE,
)
_KEY_OF = re.compile(r"\s*key of\s+(?P<key>.+)", re.IGNORECASE)
_TEMPO = re.compile(
    r"\W*(?:(?:[♩♪𝅘𝅥]|q|mm?)\s*[.]?\s*=\s*)?(?:c(?:a|irca)?\.?\s*)?(\d+(?:\.\d+)?)\s*(?:bpm)?\W*",
    re.IGNORECASE,
)
_TEMPO_LINE = re.compile(r"[^|]*(?:[♩♪𝅘𝅥]|\bq|\bmm?)\s*[.]?\s*=\s*\d|[^|]*\d\s*bpm\b", re.IGNORECASE)
_KEY = re.compile(
    r"(?P<tonic>[A-G][b♭#♯]?)\s*-?\s*(?P<mode>[a-z]*)\.?(?:\s*(?:scale|mode))?", re.IGNORECASE
)
_MODES = {
    "": 0, "major": 0, "maj": 0, "ionian": 0, "minor": -3, "min": -3, "m": -3, "mi": -3,
    "aeolian": -3, "dorian": -2, "dor": -2, "phrygian": -4, "lydian": 1, "mixolydian": -1,
    "mix": -1, "locrian": -5, "blues": 0,
}  # fmt: skip
# Words of a line on how to play, such as `Jazz waltz, 3/4, q=160`, and what stands between them.
_SAID = re.compile(
    r"(?:in )?(?P<meter>\d{1,2}/\d{1,2})(?: time)?"
    r"|(?P<sign>(?:tempo|bpm|[♩♪𝅘𝅥]|q|mm?)\s*[.:]?\s*=?\s*)?(?P<tempo>\d{2,3}(?:\.\d+)?)"
    r"(?P<bpm>\s*bpm)?"
    r"|(?:in|(?P<of>key(?: of)?))\s+(?P<key>[A-G][b♭#♯]?(?:m\b|[ -]?(?:major|minor|maj|min)\b)?)"
    r"|(?P<word>medium|med|moderate(?:ly)?|slow(?:ly)?|fast|bright|brisk|easy|relaxed|up|tempo|time"
    r"|feel|groove|jazz|straight|even|swung|swing|shuffle|waltz|ballad|be-?bop|8ths|eighths"
    r"|bossa|nova|samba|rumba|cha-?cha|mambo|afro-?cuban|latin|bolero|funk|rock|soul|two-?beat)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"(?:[\s,;()–—-]|\band\b)*")
_METER_LINE = re.compile(r"\s*\d{1,2}/\d{1,2}\s*")
_LABELLED = re.compile(r"\s*\[[^\[\]]*\]\s*(?P<chords>\S.*)")
_WORD = re.compile(r"(?![A-G][b#♭♯]?\S*\d)['’‘]?[^\W_][\w'’.,!?&/+=-]*|&|-|–|—|'n'")
_FEELS = {
    "latin": r"latin|bossa|samba|rumba|cha-?cha|mambo|afro|montuno|calypso|tango|songo|bolero",
    "funk": r"funk|rock|soul|boogaloo|hip-?hop|even (?:8|eighth)s?",
    "ballad": r"ballad",
    "twobeat": r"two-?beat|2-?beat",
    "swing": r"swing|shuffle|bop",
}
_LABEL_LINE = re.compile(
    rf"(?P<lone>{LETTER_LABEL})"
    rf"|[-=*_~<\"“(\[]{{1,12}}\s*(?:{LETTER_LABEL}|{SECTION_NAMES})(?:\s+\d+)?\s*[-=*_~>\"”)\]:.]*"
    rf"|(?:{LETTER_LABEL})[.):]",
    re.IGNORECASE,
)
_ALIKE = str.maketrans({
    "\r": "\n", "\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n",
    "\t": " ", "\xa0": " ", "\u2007": " ", "\u202f": " ", "\ufeff": " ", "\u200b": " ",
    "→": "|", "│": "|", "┃": "|", "¦": "|", "｜": "|", "‖": "|", "∥": "|",
})  # fmt: skip

_MARKDOWN = re.compile(
    r"\*\*([A-Z][1-4]?)\*\*|^[ ]{0,3}>(?=[ ])|^[ ]{0,3}```\w*[ ]*$", re.MULTILINE
)
_LYRICS = 3  # words at least of a line of text between lines of chords


class Line(NamedTuple):
    """A line with chords, or with a label (`is_label`), without its comment. `position` is that of
    its first character in the text."""

    text: str
    position: int
    is_label: bool = False


@dataclass
class Heading:
    """The fields before the music; None where there is none."""

    title: str = ""
    composer: str = ""
    key: int | None = None
    tempo: float | None = None
    meter: Meter | None = None
    feel: str = ""


def plain(text: str) -> str:
    """The text with one kind of line end, of space and of bar line, without marks of Markdown."""
    text = text.replace("\r\n", "\n").translate(_ALIKE)
    text = re.sub(r"[-=]>", " |", text)
    return _MARKDOWN.sub(lambda mark: f"[ {mark[1]} ]" if mark[1] else " " * len(mark[0]), text)


def split_lines(text: str) -> tuple[Heading, list[Line]]:
    """The heading of a `plain` text and its lines of music. Raises ChangesError for a field with a
    value that it cannot have."""
    heading = Heading()
    lines: list[Line] = []
    position = 0
    for raw in text.split("\n"):
        content = raw[: _comment_start(raw)].rstrip()
        if content.strip():
            lines.append(Line(content, position))
        position += len(raw) + 1
    last_chords = max((n for n, line in enumerate(lines) if _has_chords(line.text)), default=0)
    music: list[Line] = []
    for index, line in enumerate(lines):
        is_short = len(line.text) <= _MAX_HEADING
        if is_short and not music and _read_said(heading, line, 0, text):
            continue
        if is_short and _read_fields(heading, line, text):
            continue
        if not music and heading.meter is None and _METER_LINE.fullmatch(line.text):
            _set(heading, "meter", line.text.strip(), line, 0, text)
            continue
        if is_short and not music and index < last_chords and _is_prose(line.text):
            end = _title_end(heading, line, text)
            heading.title = heading.title or line.text[:end].strip()
            heading.feel = heading.feel or feel_of(line.text)
        elif not (is_short and music and _is_lyric(line.text)):
            music.append(line)
    return heading, _with_labels(music)


def _comment_start(line: str) -> int:
    """The index at which the comment of a line begins; its length if it has none. `#` and `//`
    begin a comment at the start of a line, or between spaces where no music follows; `;` always."""
    end = line.find(";")
    line = line if end < 0 else line[:end]
    if re.match(r"\s*(?:#|//(?!/|[\s/]*(?:\||$)))", line):
        return 0
    if sign := re.search(r"(?<=\s)#(?=\s|$)", line):
        line = line[: sign.start()]
    sign = re.search(r"(?<=\s)//(?=\s|[^\W\d])", line[line.rfind("|") + 1 :])
    if sign:
        start = line.rfind("|") + 1 + sign.start()
        words = re.findall(r"\w+", line[start:])
        if any(len(word) > 1 and not is_chord(word) for word in words):
            return start
    return len(line)


def _has_chords(line: str) -> bool:
    """True for a line with a chord symbol, and for one that is too long for a heading."""
    return len(line) > _MAX_HEADING or any(
        is_chord(word.strip("()[]:,")) for word in re.split(r"[\s|]+", line) if word
    )


def _is_prose(line: str) -> bool:
    """True for a line of words, such as a title: no bar line, and at most as many chords as other
    words."""
    if re.search(r"\||\(\d+ bars?\)", line) or _LABEL_LINE.fullmatch(line.strip()):
        return False
    if re.fullmatch(r"\W*segno\W*|𝄋", line.strip(), re.IGNORECASE):
        return False
    if re.fullmatch(rf"(?:{SECTION_NAMES})(?:\s+\d+)?\s*:?", line.strip(), re.IGNORECASE):
        return False
    labelled = _LABELLED.fullmatch(line)
    if labelled and all(map(is_chord, labelled["chords"].split())):
        return False
    words, others = _words(line)
    chords = len(words) - len(others)
    return len(others) >= max(chords, 1) and all(_WORD.fullmatch(word) for word in others)


def _words(line: str) -> tuple[list[str], list[str]]:
    """The words of a line, and those of them that are not chords."""
    words = [word for word in re.split(r"[\s()\"“”\[\]]+", line) if word]
    return words, [word for word in words if not is_chord(word)]


def _is_lyric(line: str) -> bool:
    """True for a line of the text that is sung: words, hardly any of which could be a chord."""
    words, others = _words(line)
    lower = [word for word in others if re.fullmatch(r"[^\W\d_A-Z][^\W\d_]+[,.!?;:'’]*", word)]
    return len(lower) >= _LYRICS and len(lower) * 2 >= len(words) and _is_prose(line)


def _read_fields(heading: Heading, line: Line, text: str) -> bool:
    """Reads a line such as `Key: F  Tempo: 140`; False for any other line."""
    content = line.text
    if match := _KEY_OF.fullmatch(content):
        _set(heading, "key", match["key"], line, match.start("key"), text)
        return True
    found = list(_FIELD.finditer(content))
    if found and not content[: found[0].start()].strip(" ("):
        if found[0].lastgroup in {"title", "composer", "other"}:
            del found[1:]
        ends = [match.start() for match in found[1:]] + [len(content)]
        for match, end in zip(found, ends, strict=True):
            value = content[match.end() : end]
            _set(heading, str(match.lastgroup), value, line, match.end(), text)
        return True
    if _TEMPO_LINE.match(content) and not _has_chords(content):
        number = re.search(r"(\d+(?:\.\d+)?)\s*(?:bpm|\W*$)", content, re.IGNORECASE)
        if number:
            _set(heading, "tempo", number[1], line, number.start(1), text)
            heading.feel = heading.feel or feel_of(content)
            return True
    return False


def _said(text: str, start: int = 0) -> list[re.Match[str]]:
    """The words on how to play, meters, tempos and keys that a text consists of from `start` on;
    none where it has any other words."""
    found: list[re.Match[str]] = []
    at = _end_of_gap(text, start)
    while at < len(text):
        match = _SAID.match(text, at)
        if match is None:
            return []
        found.append(match)
        at = _end_of_gap(text, match.end())
        if at == match.end() < len(text):
            return []
    return found


def _end_of_gap(text: str, start: int) -> int:
    gap = _BETWEEN.match(text, start)
    return gap.end() if gap else start


def _read_said(heading: Heading, line: Line, start: int, text: str) -> bool:
    """Reads how to play from `start` to the end of a line; False for any other text. Below a title
    words alone say it, and numbers alone; elsewhere they may be a title."""
    found = _said(line.text, start)
    has_words = any(match["word"] for match in found)
    is_certain = any(
        match["meter"] or match["sign"] or match["bpm"] or match["of"] for match in found
    ) or (has_words and any(match["tempo"] for match in found))
    if not found or not (is_certain or heading.title):
        return False
    for match in found:
        for name in ("meter", "tempo", "key"):
            if match[name]:
                _set(heading, name, match[name], line, match.start(name), text)
    if has_words:
        _set(heading, "feel", line.text[start:], line, start, text)
    return True


def _title_end(heading: Heading, line: Line, text: str) -> int:
    """The end of the title in a line that goes on with how to play: `Home (Medium swing, 140)`."""
    for sign in re.finditer(r",|\(|(?<=\s)[–—-](?=\s)", line.text):
        if sign.start() and _read_said(heading, line, sign.start(), text):
            return sign.start()
    return len(line.text)


def _set(heading: Heading, name: str, value: str, line: Line, at: int, text: str) -> None:
    """Sets a field of the heading. Raises ChangesError for a value that it cannot have."""
    stripped = value.strip(" ,;|()")
    try:
        if name == "title":
            heading.title = value.strip()
        elif name == "composer":
            heading.composer = stripped
        elif name == "key":
            heading.key = parse_key(stripped)
        elif name == "tempo" and feel_of(stripped) and not re.search(r"\d", stripped):
            heading.feel = heading.feel or feel_of(stripped)
        elif name == "tempo":
            heading.tempo = _tempo(stripped)
        elif name == "meter":
            heading.meter = parse_meter({"c": "4/4", "¢": "2/2"}.get(stripped.lower(), stripped))
        elif name == "feel":
            heading.feel = feel_of(stripped)
            for word in _said(stripped):
                if word["tempo"]:
                    heading.tempo = heading.tempo or _tempo(word["tempo"])
                elif word["meter"] or word[0].lower() == "waltz":
                    heading.meter = heading.meter or parse_meter(word["meter"] or "3/4")
    except InputError as error:
        start = line.position + at + len(value) - len(value.lstrip())
        raise ChangesError(
            error.message, text, start, len(value.strip()), hint=error.hint
        ) from error


def parse_key(text: str) -> int:
    """The number of sharps (positive) or flats (negative) of a key such as `F`, `Bbm`, `C# minor`
    or `D dorian`. Raises InputError.

    >>> parse_key("F"), parse_key("C minor"), parse_key("D dorian"), parse_key("F#")
    (-1, -3, 0, 6)
    """
    match = _KEY.fullmatch(text.strip())
    mode = match["mode"] if match else ""
    offset = _MODES.get("major" if mode == "M" else mode.lower())
    if match is None or offset is None:
        raise InputError(f"`{text}` is not a key such as F, Bb minor or D dorian")
    key = place_of(match["tonic"].capitalize()) + offset + (-3 if text.strip().endswith("-") else 0)
    if abs(key) > MAX_KEY_ACCIDENTALS:
        raise InputError(f"the key {text} has more than {MAX_KEY_ACCIDENTALS} accidentals")
    return key


def feel_of(text: str) -> str:
    """The feel that a text names: latin, funk, ballad, twobeat or swing; else nothing.

    >>> feel_of("Medium Bossa Nova")
    'latin'
    """
    words = text.casefold()
    return next((feel for feel, names in _FEELS.items() if re.search(names, words)), "")


def _tempo(text: str) -> float:
    match = _TEMPO.fullmatch(text) or re.fullmatch(r"\D*(\d+(?:\.\d+)?)\s*(?:bpm)?\W*", text)
    if match is None or not MIN_TEMPO <= float(match[1]) <= MAX_TEMPO:
        found = f"from {MIN_TEMPO} to {MAX_TEMPO} quarter notes per minute"
        raise InputError(f"`{text}` is not a tempo {found}")
    return float(match[1])


def _with_labels(lines: list[Line]) -> list[Line]:
    """The lines with those marked that are labels: `(A)`, `-- Bridge --`. A letter alone is a label
    only if no line but such ones is without bar lines, and A is the first: else it is a chord."""
    matches = [_LABEL_LINE.fullmatch(line.text.strip()) for line in lines]
    lone = [line.text.strip() for line, match in zip(lines, matches, strict=True)
            if match and match["lone"]]  # fmt: skip
    others = [line for line, match in zip(lines, matches, strict=True) if not match]
    by_letter = bool(lone) and lone[0] in {"A", "A1"} and len(others) > 0
    by_letter = by_letter and all("|" in line.text for line in others)
    return [
        line._replace(is_label=bool(match) and (by_letter or not (match and match["lone"])))
        for line, match in zip(lines, matches, strict=True)
    ]

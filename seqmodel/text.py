"""Text for people: plurals, and text from outside made safe for the place where it is shown.

Titles, names, paths and messages of libraries may hold anything. They are kept as they are and made
safe where they leave the program, by one function for each language that they are written into:
`visible` and `printable` for a terminal, `json_line` for JSON on a terminal, `xml_text` for XML
(SVG, MusicXML), `html_text` for HTML, `label` for matplotlib, `utf8_text` for MIDI.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

MAX_PRINTED_LENGTH = 500
UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # part of words in many scripts
# All that XML 1.0 cannot contain, and C1 controls, which it discourages.
_NOT_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_LIKE = 0.6  # of two names, from 0 to 1: less is another name
_COMPARED = 200  # characters of a name whose words are compared
_NOT_UTF8 = re.compile("[\ud800-\udfff]")


def pluralize(number: int | float, one: str, several: str = "", form: str = ",") -> str:
    """A number and the word for that many. `several` is the plural, by default `one` with an s;
    `form` is the format of the number.

    >>> pluralize(1, "bar"), pluralize(1000, "bar"), pluralize(1.5, "quarter note", form="g")
    ('1 bar', '1,000 bars', '1.5 quarter notes')
    """
    word = one if number == 1 else several or f"{one}s"
    return f"{number:{form}} {word}"


def any_of(choices: Sequence[str]) -> str:
    """Choices as a sentence names them: `a, b or c`."""
    return " or ".join([", ".join(choices[:-1]), choices[-1]]) if choices[1:] else choices[0]


def first_of(items: Sequence[str], most: int) -> str:
    """At most `most` items as a sentence lists them, and the number of the others.

    >>> first_of(["Piano", "Bass", "Drums"], 3), first_of(["Piano", "Bass", "Drums"], 1)
    ('Piano, Bass, Drums', 'Piano and 2 more')
    """
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def name_key(name: str) -> str:
    """A name without what does not matter when it is typed: case, spaces and signs."""
    return re.sub(r"[\W_]+", "", name).casefold()


def names_meant(typed: str, names: Iterable[str]) -> list[str]:
    """The names that someone may mean who types a name, or only a word of it: those that are equal
    but for case, spaces and signs (only this one, if it is spelled so), else those that have these
    words in a row.

    >>> players = ["Miles Davis", "Don Byas", "J.J. Johnson"]
    >>> names_meant("davis", players), names_meant("jj johnson", players)
    (['Miles Davis'], ['J.J. Johnson'])
    """
    wanted, known = name_key(typed), list(names)
    if typed in known or not wanted:
        return [typed] if typed in known else []
    equal = [name for name in known if name_key(name) == wanted]
    return equal or [name for name in known if wanted in _runs_of_words(name)]


def _runs_of_words(name: str) -> set[str]:
    words = [name_key(word) for word in name[:_COMPARED].split()]
    starts = range(len(words))
    return {"".join(words[start : end + 1]) for start in starts for end in starts[start:]}


def nearest_names(typed: str, names: Iterable[str], most: int = 3) -> list[str]:
    """The names, or at least words of them, that are spelled most like what someone typed.

    >>> nearest_names("Coltrain", ["Chet Baker", "John Coltrane"])
    ['John Coltrane']
    """
    wanted = name_key(typed[:_COMPARED])
    likeness = {
        name: max(SequenceMatcher(None, wanted, run).ratio() for run in _runs_of_words(name) | {""})
        for name in names
    }
    near = [name for name, ratio in likeness.items() if ratio >= _LIKE]
    return sorted(near, key=lambda name: -likeness[name])[:most]


def visible(text: object) -> str:
    """`text` as one line that a terminal shows and never obeys: white space becomes spaces, and
    undecodable bytes, control characters, the start of an escape sequence and marks that reverse
    the direction of writing become `UNPRINTABLE`.

    >>> visible("Maple  Leaf\\x1b[31m\\nRag")
    'Maple  Leaf\N{REPLACEMENT CHARACTER}[31m Rag'
    """
    line = str(text)
    return line if line.isprintable() else "".join(map(_visible_sign, line))


def _visible_sign(sign: str) -> str:
    if sign.isprintable() or sign in _JOINERS:
        return sign
    return " " if sign.isspace() else UNPRINTABLE


def printable(text: str | Path, max_length: int = MAX_PRINTED_LENGTH) -> str:
    """`visible` text with single spaces, and an ellipsis where it is longer than `max_length`.

    >>> printable("Maple\\nLeaf\\x1b[31m Rag"), printable("Maple Leaf Rag", max_length=6)
    ('Maple Leaf\N{REPLACEMENT CHARACTER}[31m Rag', 'Maple…')
    """
    line = " ".join(visible(str(text)[: 4 * max_length]).split())
    return line if len(line) <= max_length else f"{line[: max_length - 1]}…"


def json_line(value: Any) -> str:
    """`value` as one line of JSON in which every character that `visible` would replace is escaped.

    >>> json_line({"name": "Noël\\x9b"})
    '{"name": "Noël\\\\u009b"}'
    """
    line = json.dumps(value, ensure_ascii=False)
    return line if line.isprintable() else "".join(map(_json_sign, line))


def _json_sign(sign: str) -> str:
    if sign.isprintable() or sign in _JOINERS:
        return sign
    return json.dumps(sign)[1:-1]


def xml_text(text: str) -> str:
    """`text` with `UNPRINTABLE` for each character that XML cannot contain; a writer of XML escapes
    the others."""
    return _NOT_XML.sub(UNPRINTABLE, text)


def html_text(text: object) -> str:
    """`text` as content or quoted attribute of HTML.

    >>> html_text('<b> & "\\x1b"')
    '&lt;b&gt; &amp; &quot;\N{REPLACEMENT CHARACTER}&quot;'
    """
    return html.escape(xml_text(str(text)))


def utf8_text(text: str) -> str:
    """`text` with `UNPRINTABLE` for undecodable bytes, which UTF-8 cannot hold."""
    return _NOT_UTF8.sub(UNPRINTABLE, text)


def label(text: object) -> str:
    """`printable` text as a matplotlib label, in which a dollar sign does not begin a formula.

    >>> label("$1 or $2")
    '\\\\$1 or \\\\$2'
    """
    return printable(str(text)).replace("$", r"\$")

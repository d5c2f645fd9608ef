"""Information fields of ABC: keys, meters, tempos, the order of parts, properties of voices."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from djmodel.inputs.written.sheet import MAX_SEMITONES
from djmodel.music.meter import Meter, meter_of
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS, place_of, step_and_alter

ALTERATIONS = {"^^": 2, "^": 1, "=": 0, "_": -1, "__": -2}
# Places on the circle of fifths from the major key of the same tonic.
_MODES = {
    "maj": 0, "ion": 0, "mix": -1, "dor": -2, "min": -3, "aeo": -3, "m": -3, "phr": -4, "loc": -5,
    "lyd": 1,
}  # fmt: skip
_KEY = re.compile(
    r"([A-G][#b♯♭]?)\s*(?:(maj|ion|mix|dor|min|aeo|phr|loc|lyd)[a-z]*|(m)(?![a-z])|(?=\W|$))",
    re.IGNORECASE,
)
_BAGPIPES = re.compile(r"\s*H[Pp]\b")
_ACCIDENTAL = re.compile(r"(?<!\S)(\^\^?|__?|=)([A-Ga-g])(?!\S)")
_PROPERTY = re.compile(r"""(\w+)\s*=\s*(?:"([^"]*)"|(\S+))""")
_OCTAVE_CLEF = re.compile(
    r"\b(?:treble|alto|tenor|bass|soprano|mezzo|baritone|none)\d?([+-])(8|15)"
)
_MAX_PARTS = 1000  # in the order in which they are played


@dataclass(frozen=True, slots=True)
class KeyField:
    """A key: the number of its sharps (positive) or flats, and the alterations of letters."""

    signature: int | None = None
    alterations: dict[str, int] = field(default_factory=dict)


def read_key(text: str) -> KeyField:
    """The key of a K: field: `G`, `F#m`, `Ador`, `D mix ^c`, `D exp _b`, `HP`, `none`.

    >>> read_key("Ador").signature, read_key("Bb").alterations["E"]
    (1, -1)
    """
    signature = None
    if _BAGPIPES.match(text):
        signature = 2
    elif (key := _KEY.match(text.strip())) and key[1][0].isupper():
        signature = place_of(key[1]) + _MODES[(key[2] or key[3] or "maj").lower()]
    explicit = re.search(r"\bexp\b", text) is not None
    written = 0 if explicit else signature or 0
    alterations = dict(map(step_and_alter, range(written - 1, written + 6)))
    for sign, letter in _ACCIDENTAL.findall(text):
        alterations[letter.upper()] = ALTERATIONS[sign]
    if signature is not None and (explicit or abs(signature) > MAX_KEY_ACCIDENTALS):
        signature = None
    return KeyField(signature, alterations)


def read_properties(text: str) -> dict[str, str]:
    """The properties of a K: or V: field, such as `name="Tenor sax" clef=treble-8`."""
    return {name.lower(): quoted or plain for name, quoted, plain in _PROPERTY.findall(text)}


def read_transposition(text: str) -> int | None:
    """Semitones from the written to the sounding pitch, as the clef and the properties `octave` and
    `transpose` of a K: or V: field say; None if they say nothing."""
    properties = read_properties(text)
    given = [12 * _integer(properties["octave"])] if "octave" in properties else []
    if "transpose" in properties:
        given.append(_integer(properties["transpose"]))
    if clef := _OCTAVE_CLEF.search(text):
        given.append((-12 if clef[1] == "-" else 12) * (1 if clef[2] == "8" else 2))
    return sum(given) if given and abs(sum(given)) <= MAX_SEMITONES else None


def _integer(text: str) -> int:
    return int(text) if re.fullmatch(r"[+-]?\d{1,3}", text) else 0


def read_meter(text: str) -> Meter | None:
    """The meter of an M: field: `4/4`, `C|`, `(2+3)/8`; None for `none` and other texts."""
    text = text.strip()
    if text in {"C", "C|"}:
        return Meter(4, 4) if text == "C" else Meter(2, 2)
    found = re.match(r"\(?\s*(\d{1,3}(?:\s*\+\s*\d{1,3})*)\s*\)?\s*/\s*(\d{1,3})", text)
    return meter_of(sum(map(int, found[1].split("+"))), int(found[2])) if found else None


def read_length(text: str) -> Fraction | None:
    """The quarter length of an L: field: `1/8` is half a quarter."""
    found = re.match(r"\s*(\d{1,3})\s*(?:/\s*(\d{1,3}))?\s*$", text)
    if not found or not int(found[1]) or (found[2] and not int(found[2])):
        return None
    return Fraction(4 * int(found[1]), int(found[2] or 1))


def read_tempo(text: str, unit: Fraction) -> float | None:
    """Quarter notes per minute of a Q: field: `1/4=120`, `"Slow" 3/8=50`, `120` (of the `unit`, a
    quarter length)."""
    text = re.sub(r'"[^"]*"', " ", text)
    beats, _, number = text.rpartition("=")
    found = re.match(r"\s*(\d{1,4}(?:\.\d{1,4})?)", number)
    if not found:
        return None
    lengths = [Fraction(4 * int(a), int(b) or 1) for a, b in
               re.findall(r"(\d{1,3})\s*/\s*(\d{1,3})", beats)]  # fmt: skip
    return float(found[1]) * float(sum(lengths) or unit)


def read_order(text: str) -> str:
    """The letters of a P: field in the order in which the parts are played.

    >>> read_order("A2(BC)2D")
    'AABCBCD'
    """
    stack = [""]
    last = ""  # the letter or the group that a number repeats
    for token in re.findall(r"[A-Z()]|\d{1,3}", text):
        if token == "(":
            stack, last = [*stack, ""], ""
        elif token.isdigit():
            stack[-1] += last * (int(token) - 1)
        else:
            last = stack.pop() if token == ")" and len(stack) > 1 else token.strip(")")
            stack[-1] += last
        if len(stack[-1]) > _MAX_PARTS or len(stack) > _MAX_PARTS:
            return ""
    return "".join(stack)

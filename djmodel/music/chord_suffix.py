"""Suffixes of chord symbols, the part between root and bass (`m7b5`): text to tones by degree, and
the usual name of any tones."""

from __future__ import annotations

import re
from functools import lru_cache


class SuffixError(ValueError):
    """A suffix that cannot be read from the character with index `position` on."""

    def __init__(self, position: int, hint: str = "") -> None:
        super().__init__(position, hint)
        self.position, self.hint = position, hint


Tones = tuple[tuple[int, int], ...]
"""Pairs of degree and semitones above the root."""

# Semitones of the degrees of the major scale above the root.
MAJOR_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11, 8: 0, 9: 2, 10: 4, 11: 5, 12: 7, 13: 9}
ACCIDENTALS = {"b": -1, "♭": -1, "-": -1, "#": 1, "♯": 1, "+": 1, "": 0}

_MAJOR = r"(?:major|Major|MAJOR|maj|Maj|MAJ|ma(?!dd)|Ma|MA(?!DD)|M(?![Ii])|△|Δ|∆|\^|m?j(?=\d))"
_MINOR = r"(?:minor|Minor|MINOR|min|Min|MIN|mi|Mi|MI|m|-|−|–)"
_QUALITY = re.compile(
    rf"(?P<major>{_MAJOR})|(?P<minor>{_MINOR})|(?P<half>half-?dim|hdim|ø|Ø|h)"
    r"|(?P<dim>dim|DIM|Dim|°|º|o|O)|(?P<aug>aug|AUG|Aug|\+)|(?P<dominant>dom)"
)
_TONES_OF_QUALITY = {
    "minor": [(3, 3)],
    "half": [(3, 3), (5, 6)],
    "dim": [(3, 3), (5, 6)],
    "aug": [(5, 8)],
}
_STACK = re.compile(r"(?P<power>5)|(?P<sixth>6/?9|6)|(?P<stack>13|11|9|7)(?P<late_major>M?)|2")
_MODIFIER = re.compile(
    r"(?:sus|SUS|Sus)(?P<sus>24|2|4)?(?P<sus_stack>13|9|7)?|(?P<alt>alt|ALT|Alt)"
    rf"|(?P<major>{_MAJOR}(?P<stack>13|11|9|7)|[△Δ∆^])"
    r"|(?:add|ADD|Add)(?P<add_by>[b♭#♯]?)(?P<add>1[0-3]|[1-9])|(?:no|omit)(?P<omit>1[0-3]|[1-9])"
    r"|(?P<by>[b♭#♯+\-])(?P<degree>13|11|9|6|5)|[#♯+](?P<fourth>4)|(?P<sharp_five>\+|aug)"
)
_SEPARATORS = re.compile(r"[(),\s]+|/")
_LOOSE_NUMBER = re.compile(r"13|11|9|7|6")


class _Tones:
    """The tones of a chord while its suffix is read: the intervals of each degree (1, 3, 5, 7, 9,
    11, 13; a second is a 9, a fourth an 11, a sixth a 13)."""

    def __init__(self) -> None:
        self.by_degree: dict[int, set[int]] = {1: {0}, 3: {4}, 5: {7}}
        self.seventh = 10

    def put(self, degree: int, *intervals: int) -> None:
        self.by_degree[degree] = set(intervals)

    def alter(self, degree: int, interval: int) -> None:
        """An altered degree beside others of the same degree (b9 and #9), not beside the plain."""
        tones = self.by_degree.setdefault(degree, set())
        tones.discard(MAJOR_DEGREES[degree])
        tones.add(interval % 12)

    def add(self, degree: int, interval: int) -> None:
        self.by_degree.setdefault(degree, set()).add(interval % 12)

    def stack(self, top: int) -> None:
        """Thirds up to `top`. A thirteenth over a major third is played without the eleventh."""
        self.put(7, self.seventh)
        for degree in (9, 11, 13):
            clash = degree == 11 and top == 13 and 4 in self.by_degree[3]
            if degree <= top and not clash:
                self.put(degree, MAJOR_DEGREES[degree])

    @property
    def pairs(self) -> Tones:
        tones = {(d, interval) for d, tones in self.by_degree.items() for interval in tones}
        return tuple(sorted(tones))


@lru_cache(maxsize=4096)
def suffix_tones(suffix: str) -> Tones:
    """The tones of a suffix as pairs of degree and semitones above the root; a second is a ninth, a
    fourth an eleventh and a sixth a thirteenth. Raises SuffixError.

    >>> suffix_tones("7(b9)")
    ((1, 0), (3, 4), (5, 7), (7, 10), (9, 1))
    """
    if suffix.count("(") != suffix.count(")"):
        bracket = max(suffix.rfind("("), suffix.rfind(")"))
        raise SuffixError(bracket, "close each bracket that is opened")
    tones = _Tones()
    at = _read_quality(suffix, 0, tones)
    while at < len(suffix):
        at = _read_modifier(suffix, at, tones)
    return tones.pairs


def _read_quality(suffix: str, at: int, tones: _Tones) -> int:
    """Reads quality and number (`m7`, `maj9`, `6/9`) into `tones`; returns where they end."""
    quality = _QUALITY.match(suffix, at)
    if quality:
        at = quality.end()
        for degree, interval in _TONES_OF_QUALITY.get(quality.lastgroup or "", ()):
            tones.put(degree, interval)
        tones.seventh = {"major": 11, "dim": 9}.get(quality.lastgroup or "", 10)
    number = _STACK.match(suffix, at)
    if number is None:
        if quality and (quality["half"] or quality[0] in {"△", "Δ", "∆", "^"}):
            tones.stack(7)
        return at
    if number["stack"]:
        if number["late_major"]:
            tones.seventh = 11
        tones.stack(int(number["stack"]))
    elif number["sixth"]:
        tones.put(13, 9)
        if "9" in number["sixth"]:
            tones.put(9, 2)
        if quality and quality["half"]:
            raise SuffixError(at)
    elif number["power"]:
        if quality:
            raise SuffixError(at)
        tones.put(3)
    else:
        tones.put(9, 2)
    return number.end()


def _read_modifier(suffix: str, at: int, tones: _Tones) -> int:
    """Reads one alteration or addition into `tones`; returns where it ends."""
    separator = _SEPARATORS.match(suffix, at)
    if separator:
        number = _LOOSE_NUMBER.match(suffix, separator.end())
        if number is None:
            if separator[0] == "/":
                hint = "write a bass note after /, as in C/E"
                raise SuffixError(separator.end(), hint)
            return separator.end()
        degree = int(number[0])
        if degree == 7:
            tones.put(7, tones.seventh)
        else:
            tones.add(13 if degree == 6 else degree, MAJOR_DEGREES[degree])
        return number.end()
    modifier = _MODIFIER.match(suffix, at)
    if modifier is None:
        raise SuffixError(at)
    if modifier["alt"]:
        tones.stack(7)
        tones.put(5)
        for degree, interval in ((9, 1), (9, 3), (11, 6), (13, 8)):
            tones.alter(degree, interval)
    elif modifier["major"]:
        tones.seventh = 11
        tones.stack(int(modifier["stack"] or 7))
    elif modifier["add"]:
        degree = int(modifier["add"])
        interval = MAJOR_DEGREES[degree] + ACCIDENTALS[modifier["add_by"]]
        tones.add(_odd_degree(degree), interval)
    elif modifier["omit"]:
        tones.put(_odd_degree(int(modifier["omit"])))
    elif modifier["degree"]:
        degree = int(modifier["degree"])
        tones.alter(_odd_degree(degree), MAJOR_DEGREES[degree] + ACCIDENTALS[modifier["by"]])
    elif modifier["fourth"]:
        tones.alter(11, 6)
    elif modifier["sharp_five"]:
        tones.alter(5, 8)
    else:
        tones.put(3)
        if modifier["sus"] in {"2", "24"}:
            tones.add(9, 2)
        if modifier["sus"] != "2":
            tones.add(11, 5)
        if modifier["sus_stack"]:  # C sus 7, C 7 sus
            tones.stack(int(modifier["sus_stack"]))
    return modifier.end()


def _odd_degree(degree: int) -> int:
    """The degree as chords count it, in thirds: a second is a ninth, a tenth a third."""
    return degree + 7 if degree in {2, 4, 6} else {8: 1, 10: 3, 12: 5}.get(degree, degree)


# The names given to chords, the plainest first; of two with equal tones the first is used.
_SUFFIXES = (
    *("", "m", "7", "maj7", "m7", "6", "m6", "dim", "m7b5", "dim7", "aug", "5", "sus4", "sus2"),
    *("7sus4", "mMaj7", "9", "maj9", "m9", "6/9", "m6/9", "add9", "madd9", "7(#5)", "7(b5)"),
    *("maj7(#5)", "maj7(b5)", "dimMaj7", "mMaj9", "9sus4", "13sus4", "7sus4(b9)", "13sus4(b9)"),
    *("13", "m11", "m13", "maj13", "11", "m9b5", "7alt", "7(13)", "m9(13)", "mMaj9(13)"),
    *("maj9(13)", "maj7(13)", "m7(11)", "m11b5"),
    *(
        f"{number}({alterations})"
        for number in ("7", "9", "13")
        for fifth in ("", "#5", "b5")
        for ninth in ("", "b9", "#9", "b9#9")
        for top in ("", "#11", "b13", "#11b13")
        if (alterations := fifth + ninth + top)
    ),
    *(
        f"{number}({alterations})"
        for number in ("maj7", "maj9", "maj13", "6", "6/9", "m7", "m9", "mMaj7", "mMaj9", "m6")
        for alterations in ("#11", "b9", "#9", "#9#11", "b13", "#5#11")
        if not (number in {"6", "6/9", "m6"} and "13" in alterations)  # their 6 is the 13
    ),
)

# How a tone that belongs to no such name is added, by semitones above the root.
_ADDED = ("1", "b9", "9", "#9", "3", "11", "#11", "5", "b13", "13", "b7", "7")


@lru_cache(maxsize=1)
def _suffix_table() -> dict[tuple[int, ...], str]:
    """The suffix of every chord that has a name, by its intervals."""
    table: dict[tuple[int, ...], str] = {}
    for suffix in _SUFFIXES:
        table.setdefault(intervals_of(suffix_tones(suffix)), suffix)
    return table


def intervals_of(tones: Tones) -> tuple[int, ...]:
    """The semitones above the root of tones by degree, sorted."""
    return tuple(sorted({interval for _, interval in tones}))


@lru_cache(maxsize=4096)
def chord_suffix(intervals: tuple[int, ...]) -> str:
    """The usual suffix of a chord with these semitones above its root, or the one that needs the
    fewest tones left out (`no5`) and added (`add#11`). `suffix_tones` gives the same intervals.

    >>> chord_suffix((0, 1, 4, 7, 10)), chord_suffix((0, 4, 6, 7, 11)), chord_suffix((0, 4))
    ('7(b9)', 'maj7(#11)', '(no5)')
    """
    table = _suffix_table()
    if intervals in table:
        return table[intervals]
    wanted = set(intervals)
    best: tuple[int, str] | None = None
    for tones, name in table.items():
        missing, extra = set(tones) - wanted, sorted(wanted - set(tones))
        degrees = {0: 1, 3: 3, 4: 3, 7: 5}
        if not missing <= degrees.keys() or name.startswith("dim"):
            continue
        omitted = [f"no{degrees[tone]}" for tone in sorted(missing)]
        edits = [*omitted, *(f"add{_ADDED[tone]}" for tone in extra)]
        cost = 3 * len(omitted) + 2 * len(extra)
        if best is None or cost < best[0]:
            opened = f"{name[:-1]}," if name.endswith(")") else f"{name}("
            best = (cost, f"{opened}{','.join(edits)})")
    assert best is not None  # "5" can lose its two tones and take any others
    return best[1]

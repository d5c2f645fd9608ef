"""Chord symbols of MusicXML: `<harmony>` -> Chord."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from djmodel.inputs.musicxml.numbers import whole_number
from djmodel.music.chord import Chord, Written
from djmodel.music.chord_suffix import (
    MAJOR_DEGREES,
    SuffixError,
    Tones,
    chord_suffix,
    intervals_of,
    suffix_tones,
)
from djmodel.music.chord_symbol import MAX_LENGTH, is_symbol_of
from djmodel.music.pitch import LETTER_PITCH_CLASSES, pitch_class, place_of

# Kinds of MusicXML, a few of them also by music21's names, as suffixes with the same tones. A
# thirteenth over a major third is played without the eleventh, as in any chord symbol.
_KINDS = {
    "": "", "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7",
    "augmented-seventh": "7#5", "half-diminished": "m7b5", "major-minor": "mMaj7",
    "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11",
    "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13", "suspended-second": "sus2",
    "suspended-fourth": "sus4", "power": "5", "pedal": "(no3,no5)",
    "dominant-seventh": "7", "half-diminished-seventh": "m7b5", "minor-major-seventh": "mMaj7",
}  # fmt: skip
_RARE_KINDS: dict[str, Tones] = {
    "neapolitan": ((1, 0), (3, 4), (5, 6), (9, 1)),
    "italian": ((1, 0), (11, 6), (13, 8)),
    "french": ((1, 0), (9, 2), (11, 6), (13, 8)),
    "german": ((1, 0), (3, 3), (11, 6), (13, 8)),
    "tristan": ((1, 0), (9, 3), (11, 6), (13, 10)),
}
_NO_CHORD = re.compile(r"\W*n\W*c\W*", re.IGNORECASE)
_SIGNS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
_MINOR_SEVENTH, _MAJOR_SEVENTH = 10, 11
_MAX_DEGREES = 20


class HarmonyError(ValueError):
    """A chord symbol that names no chord, such as a function (V) without a root."""


def read_harmony(harmony: Element) -> Chord | None:
    """The chord of a `<harmony>` as it is written, before any transposition; None for N.C. Raises
    HarmonyError."""
    kind = harmony.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    text = "".join(kind.get("text", "").split()) if kind is not None else ""
    if name == "none" or _NO_CHORD.fullmatch(text):
        return None
    root = _place(harmony.find("root"), "root")
    if root is None:
        raise HarmonyError("no root")
    tones = _with_degrees(_tones(name, text), harmony.findall("degree"), text)
    bass = _place(harmony.find("bass"), "bass")
    lowest = pitch_class(root if bass is None else bass)
    turn = whole_number(harmony.findtext("inversion"))
    if bass is None and 0 < turn < len(tones):
        lowest += sorted(tones)[turn][1]
    chord = Chord.of(pitch_class(root), intervals_of(tuple(tones)), lowest)
    return Chord(chord.root, chord.intervals, chord.bass, _written(chord, root, bass, text))


def _place(element: Element | None, name: str) -> int | None:
    """The place on the circle of fifths of a root or a bass; None if there is none."""
    step = element.findtext(f"{name}-step", "").strip().upper() if element is not None else ""
    if element is None or step not in LETTER_PITCH_CLASSES:
        return None
    alter = whole_number(element.findtext(f"{name}-alter"))
    if alter not in _SIGNS:
        raise HarmonyError(f"{step} altered by {alter}")
    return place_of(step + _SIGNS[alter])


def _tones(kind: str, text: str) -> set[tuple[int, int]]:
    """The tones of a kind as pairs of degree and semitones above the root; those of the printed
    text where MusicXML has no such kind."""
    if rare := _RARE_KINDS.get(kind.casefold()):
        return set(rare)
    if kind in _KINDS and (kind or not text):
        return set(suffix_tones(_KINDS[kind]))
    if printed := _printed_tones(text):
        return set(printed)
    if kind in {"other", ""}:
        return {(1, 0)} if kind else set(suffix_tones(""))
    raise HarmonyError(f"the kind {kind} is not known")


def _printed_tones(text: str) -> Tones:
    """The tones of a suffix as it is printed; none if it is not one."""
    try:
        return suffix_tones(text) if 0 < len(text) <= MAX_LENGTH else ()
    except SuffixError:
        return ()


def _with_degrees(
    tones: set[tuple[int, int]], degrees: list[Element], text: str
) -> set[tuple[int, int]]:
    """The tones after some were added, altered and left out."""
    if len(degrees) > _MAX_DEGREES:
        raise HarmonyError(f"more than {_MAX_DEGREES} degrees")
    for element in degrees:
        number = whole_number(element.findtext("degree-value"))
        alter = whole_number(element.findtext("degree-alter"))
        change = element.findtext("degree-type", "").strip()
        if not 1 <= number <= 13 or not -2 <= alter <= 2:
            raise HarmonyError(f"degree {number} altered by {alter}")
        degree = {2: 9, 4: 11, 6: 13, 8: 1, 10: 3, 12: 5}.get(number, number)
        present = sorted(tone for tone in tones if tone[0] == degree)
        if change == "subtract":
            tones -= set(present)
        elif change == "alter" and present:
            tones.discard(present[0])
            tones.add((degree, (present[0][1] + alter) % 12))
        else:
            if alter:  # an altered tone takes the place of the plain one
                tones.discard((degree, MAJOR_DEGREES[degree]))
            tones.add((degree, _added(degree, alter, text)))
    return tones


def _added(degree: int, alter: int, text: str) -> int:
    """The semitones above the root of a tone that is added. By the standard a seventh is added as a
    dominant chord has it, a minor one; writers that mean a major one without altering it print it,
    and -1 means a minor one to all of them."""
    if degree != 7:
        return (MAJOR_DEGREES[degree] + alter) % 12
    printed = {tone for _, tone in _printed_tones(text)}
    if alter == 0:
        return _MAJOR_SEVENTH if _MAJOR_SEVENTH in printed else _MINOR_SEVENTH
    return _MAJOR_SEVENTH if alter > 0 else _MINOR_SEVENTH + alter + 1


def _written(chord: Chord, root: int, bass: int | None, text: str) -> Written:
    """The symbol as it is printed, if it names the chord; else the usual one."""
    printed = Written(root, text, bass)
    if _printed_tones(text) and text.isprintable() and is_symbol_of(printed, chord):
        return printed
    return Written(root, chord_suffix(chord.intervals), bass)

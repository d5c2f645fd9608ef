"""Chord symbols: text to chords, chords to text, and the changes of a bar as text."""

from __future__ import annotations

import re
from functools import lru_cache

from djmodel.music.chord import Chord
from djmodel.music.pitch import LETTER_PITCH_CLASSES, note_name, place_in_key
from djmodel.music.tune import Bar, Change
from seqmodel.errors import InputError


class ChordSymbolError(InputError):
    """A chord symbol that cannot be read. `text` is the symbol, `position` the index of the
    character at which reading stopped."""

    def __init__(self, text: str, position: int, *, hint: str = ""):
        self.text, self.position = text, position
        marked = f"{text[:position]}>>{text[position:] or 'the end'}<<"
        super().__init__(
            f"{marked} is not a chord symbol such as Dm7, G7b9 or C6/9 (character {position + 1})"
            if text.strip()
            else "a chord symbol is empty",
            hint=hint or _KNOWN_SYMBOLS,
        )


_KNOWN_SYMBOLS = (
    "understood after a root A to G with b or #: m - maj M △ dim o ø aug +, 5 6 7 9 11 13 6/9, "
    "sus2 sus4 alt, b5 #5 b9 #9 #11 b13, add9 no3, /bass"
)

# Semitones of the degrees of the major scale above the root.
_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11, 8: 0, 9: 2, 10: 4, 11: 5, 12: 7, 13: 9}
_ACCIDENTALS = {"b": -1, "♭": -1, "-": -1, "#": 1, "♯": 1, "+": 1, "x": 2, "𝄪": 2, "𝄫": -2, "": 0}

_NOTE = re.compile(r"([A-G])([b♭#♯x𝄪𝄫]*)")
_MAJOR = r"(?:major|Major|maj|Maj|MAJ|ma(?!dd)|Ma|M|△|Δ|∆|\^|m?j(?=\d))"
_MINOR = r"(?:minor|Minor|min|Min|MIN|mi|m|-|−|–)"
_QUALITY = re.compile(
    rf"(?P<major>{_MAJOR})|(?P<minor>{_MINOR})|(?P<half>half-?dim|hdim|ø|Ø|h)"
    r"|(?P<dim>dim|°|º|o)|(?P<aug>aug|\+)|(?P<dominant>dom)"
)
_TONES_OF_QUALITY = {
    "minor": [(3, 3)],
    "half": [(3, 3), (5, 6)],
    "dim": [(3, 3), (5, 6)],
    "aug": [(5, 8)],
}
_STACK = re.compile(r"(?P<power>5)|(?P<sixth>6/?9|6)|(?P<stack>13|11|9|7)(?P<late_major>M?)|2")
_MODIFIER = re.compile(
    rf"sus(?P<sus>24|2|4)?|(?P<alt>alt)|(?P<major>{_MAJOR}(?P<stack>13|11|9|7)|[△Δ∆^])"
    r"|add(?P<add_by>[b♭#♯]?)(?P<add>1[0-3]|[1-9])|(?:no|omit)(?P<omit>1[0-3]|[1-9])"
    r"|(?P<by>[b♭#♯+\-])(?P<degree>13|11|9|6|5)|(?P<sharp_five>\+|aug)"
)
_SEPARATORS = re.compile(r"[(),\s]+|/")
_LOOSE_NUMBER = re.compile(r"13|11|9|7|6")


class _Tones:
    """The tones of a chord while its symbol is read: the intervals of each degree (1, 3, 5, 7, 9,
    11, 13; a second is a 9, a fourth an 11, a sixth a 13)."""

    def __init__(self) -> None:
        self.by_degree: dict[int, set[int]] = {1: {0}, 3: {4}, 5: {7}}
        self.seventh = 10

    def put(self, degree: int, *intervals: int) -> None:
        self.by_degree[degree] = set(intervals)

    def alter(self, degree: int, interval: int) -> None:
        """An altered degree beside others of the same degree (b9 and #9), not beside the plain."""
        tones = self.by_degree.setdefault(degree, set())
        tones.discard(_DEGREES[degree])
        tones.add(interval % 12)

    def add(self, degree: int, interval: int) -> None:
        self.by_degree.setdefault(degree, set()).add(interval % 12)

    def stack(self, top: int) -> None:
        """Thirds up to `top`. A thirteenth over a major third is played without the eleventh."""
        self.put(7, self.seventh)
        for degree in (9, 11, 13):
            clash = degree == 11 and top == 13 and 4 in self.by_degree[3]
            if degree <= top and not clash:
                self.put(degree, _DEGREES[degree])

    @property
    def intervals(self) -> tuple[int, ...]:
        return tuple(sorted(set().union(*self.by_degree.values())))


def parse_chord_symbol(text: str) -> Chord:
    """The chord of a jazz or pop chord symbol: `Dm7`, `G7b9`, `F#ø`, `Bb△7/D`.

    >>> parse_chord_symbol("Dm7/G")
    Chord(root=2, intervals=(0, 3, 7, 10), bass=7)

    After the root: a quality (`m min - maj M △ ^ dim o ° ø aug +`), a number (`5 6 6/9 7 9 11 13`)
    and any of `sus2 sus4 alt add9 no3 b5 #5 b9 #9 #11 b13 (maj7)`, with or without brackets; then
    `/` and a bass note. `△` alone is a major seventh, `ø` alone a half-diminished one, `2` is
    `add9`, `7M` is `maj7`. `alt` is a dominant with b9, #9, #11 and b13 and no plain fifth. Raises
    `ChordSymbolError`, which points at the character that it cannot read.
    """
    symbol = text.strip()
    root_match = _NOTE.match(symbol)
    if not root_match:
        hint = "write roots as capital letters" if _NOTE.match(symbol.capitalize()) else ""
        raise ChordSymbolError(symbol, 0, hint=hint)
    root = _pitch_class(root_match)
    if symbol.count("(") != symbol.count(")"):
        bracket = max(symbol.rfind("("), symbol.rfind(")"))
        raise ChordSymbolError(symbol, bracket, hint="close each bracket that is opened")
    tones = _Tones()
    at = _read_quality(symbol, root_match.end(), tones)
    bass = root
    while at < len(symbol):
        if symbol[at] == "/" and (bass_match := _NOTE.fullmatch(symbol, at + 1)):
            bass, at = _pitch_class(bass_match), len(symbol)
        else:
            at = _read_modifier(symbol, at, tones)
    return Chord.of(root, tones.intervals, bass)


def _pitch_class(note: re.Match[str]) -> int:
    return (LETTER_PITCH_CLASSES[note[1]] + sum(_ACCIDENTALS[sign] for sign in note[2])) % 12


def _read_quality(symbol: str, at: int, tones: _Tones) -> int:
    """Reads quality and number (`m7`, `maj9`, `6/9`) into `tones`; returns where they end."""
    quality = _QUALITY.match(symbol, at)
    if quality:
        at = quality.end()
        for degree, interval in _TONES_OF_QUALITY.get(quality.lastgroup or "", ()):
            tones.put(degree, interval)
        tones.seventh = {"major": 11, "dim": 9}.get(quality.lastgroup or "", 10)
    number = _STACK.match(symbol, at)
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
            raise ChordSymbolError(symbol, at)
    elif number["power"]:
        if quality:
            raise ChordSymbolError(symbol, at)
        tones.put(3)
    else:
        tones.put(9, 2)
    return number.end()


def _read_modifier(symbol: str, at: int, tones: _Tones) -> int:
    """Reads one alteration or addition into `tones`; returns where it ends."""
    separator = _SEPARATORS.match(symbol, at)
    if separator:
        number = _LOOSE_NUMBER.match(symbol, separator.end())
        if number is None:
            if separator[0] == "/":
                hint = "write a bass note after /, as in C/E"
                raise ChordSymbolError(symbol, separator.end(), hint=hint)
            return separator.end()
        degree = int(number[0])
        if degree == 7:
            tones.put(7, tones.seventh)
        else:
            tones.add(13 if degree == 6 else degree, _DEGREES[degree])
        return number.end()
    modifier = _MODIFIER.match(symbol, at)
    if modifier is None:
        raise ChordSymbolError(symbol, at)
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
        interval = _DEGREES[degree] + _ACCIDENTALS[modifier["add_by"]]
        tones.add(_odd_degree(degree), interval)
    elif modifier["omit"]:
        tones.put(_odd_degree(int(modifier["omit"])))
    elif modifier["degree"]:
        degree = int(modifier["degree"])
        tones.alter(_odd_degree(degree), _DEGREES[degree] + _ACCIDENTALS[modifier["by"]])
    elif modifier["sharp_five"]:
        tones.alter(5, 8)
    else:
        tones.put(3)
        if modifier["sus"] in {"2", "24"}:
            tones.add(9, 2)
        if modifier["sus"] != "2":
            tones.add(11, 5)
    return modifier.end()


def _odd_degree(degree: int) -> int:
    """The degree as chords count it, in thirds: a second is a ninth, a tenth a third."""
    return degree + 7 if degree in {2, 4, 6} else {8: 1, 10: 3, 12: 5}.get(degree, degree)


# The names given to chords, the plainest first; of two with equal tones the first is used.
_SUFFIXES = (
    *("", "m", "7", "maj7", "m7", "6", "m6", "dim", "m7b5", "dim7", "aug", "5", "sus4", "sus2"),
    *("7sus4", "mMaj7", "9", "maj9", "m9", "6/9", "m6/9", "add9", "madd9", "7#5", "7b5"),
    *("maj7#5", "maj7b5", "dimMaj7", "mMaj9", "9sus4", "13sus4", "7sus4b9", "13", "m11", "m13"),
    *("maj13", "11", "maj7#11", "maj9#11", "maj13#11", "m9b5", "9#5", "9b5", "7alt"),
    *(
        f"{number}{fifth}{ninth}{top}"
        for number in ("7", "9", "13")
        for fifth in ("", "b5", "#5")
        for ninth in ("", "b9", "#9", "b9#9")
        for top in ("", "#11", "b13", "#11b13")
    ),
)

# How a tone that belongs to no such name is added, by semitones above the root.
_ADDED = ("1", "b9", "9", "#9", "3", "11", "#11", "5", "b13", "13", "b7", "7")


@lru_cache(maxsize=1)
def _suffix_table() -> dict[tuple[int, ...], str]:
    """The suffix of every chord that has a name, by its intervals."""
    table: dict[tuple[int, ...], str] = {}
    for suffix in _SUFFIXES:
        table.setdefault(parse_chord_symbol("C" + suffix).intervals, suffix)
    return table


@lru_cache(maxsize=4096)
def chord_suffix(intervals: tuple[int, ...]) -> str:
    """The part of a symbol between root and bass (`m7b5`): a name of the table, or the one that
    needs the fewest tones left out (`no5`) and added (`add#11`)."""
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
            best = (cost, f"{name}({','.join(edits)})")
    assert best is not None  # "5" can lose its two tones and take any others
    return best[1]


# Places of the intervals above a root, as a chord spells them: b9 9 b3 3 11 b5 5 b13 13 b7 7.
_INTERVAL_PLACES = (0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5)


def root_place(chord: Chord, key: int | None = None) -> int:
    """The place of the root on the circle of fifths, as a chord symbol in `key` spells it."""
    centre = -1 if key is None else key
    tones = set(chord.intervals)
    reach = 2 if {3, 6} <= tones else 3 if 3 in tones and 4 not in tones else 5
    return place_in_key(chord.root, centre - reach, centre)


def chord_tone_places(chord: Chord, key: int | None = None) -> dict[int, int]:
    """The place of each tone of a chord and of its bass, by pitch class, spelled upwards from its
    root: the third of Abm is a C flat, the fifth of Caug a G sharp."""
    tones = {*chord.intervals, (chord.bass - chord.root) % 12}
    steps = list(_INTERVAL_PLACES)
    if 6 in tones and 7 in tones:
        steps[6] = 6  # #11
    if 8 in tones and 4 in tones and 7 not in tones:
        steps[8] = 8  # #5
    root = root_place(chord, key)
    return {(chord.root + interval) % 12: root + steps[interval] for interval in tones}


def bass_place(chord: Chord, key: int | None = None) -> int:
    """The place of the bass: spelled as a tone of the chord, but without double accidentals."""
    place = chord_tone_places(chord, key)[chord.bass]
    centre = -1 if key is None else key
    return place if -8 <= place <= 12 else place_in_key(chord.bass, centre - 5, centre)


def chord_symbol(chord: Chord, key: int | None = None) -> str:
    """The name of a chord as text: `Ab`, `Eb7/G`, `Fm7b5`. `parse_chord_symbol` reads it back to
    an equal chord, whatever the chord.

    `key` counts sharps (positive) or flats (negative) and decides the spelling of the root; without
    it flats are preferred, except for minor and diminished chords on C# and F#. The bass is spelled
    as a tone of the chord.

    >>> chord_symbol(Chord.of(6, (0, 4, 7, 10), bass=10)), chord_symbol(Chord.of(6, (0, 4, 7)), 5)
    ('Gb7/Bb', 'F#')
    """
    symbol = note_name(root_place(chord, key)) + chord_suffix(chord.intervals)
    return symbol if chord.bass == chord.root else f"{symbol}/{note_name(bass_place(chord, key))}"


def engraved(symbol: str) -> str:
    """A chord symbol with typographic flats and sharps.

    >>> engraved("Ebm7b5")
    'E♭m7♭5'
    """
    return re.sub(r"(?<=[A-G])b|b(?=\d)", "♭", symbol).replace("#", "♯")


def chords_of_bar(bar: Bar, key: int | None) -> str:
    """The changes of a bar in plain letters, with a slash for each further beat of a chord:
    `F / C7 /`. A chord whose accompaniment rests is in parentheses. Changes off the beat are
    written with their onsets: `F  3/2:C7`."""

    def symbol(change: Change) -> str:
        name = chord_symbol(change.chord, key)
        return name if change.sounding else f"({name})"

    if len(bar.changes) == 1:
        return symbol(bar.changes[0])
    at = {change.onset: symbol(change) for change in bar.changes}
    beats = bar.meter.beat_onsets(bar.length)
    if not set(at) <= set(beats):
        return "  ".join(f"{onset}:{name}" if onset else name for onset, name in at.items())
    return " ".join(at.get(beat, "/") for beat in beats)

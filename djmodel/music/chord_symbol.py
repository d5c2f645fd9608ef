"""Chord symbols: text to chords, chords to text, and the changes of a bar as text."""

from __future__ import annotations

import re

from djmodel.music.chord import Chord, Written
from djmodel.music.chord_suffix import (
    MAJOR_DEGREES,
    SuffixError,
    Tones,
    chord_suffix,
    intervals_of,
    suffix_tones,
)
from djmodel.music.pitch import note_name, pitch_class, place_in_key, place_of
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

_F_FLAT = -8
MAX_LENGTH = 64  # characters of a chord symbol
_NOTE = r"[A-G](?:[b♭]{1,2}|B(?=$|[A-Z\d/(+-])|[#♯]{1,2}|[x𝄪𝄫])?"
_SYMBOL = re.compile(rf"(?P<root>{_NOTE})(?P<suffix>.*?)(?:/(?P<bass>{_NOTE}))?", re.DOTALL)
_PLAIN_SIGNS = str.maketrans(
    {
        "♭": "b",
        "♯": "#",
        "＃": "#",
        "º": "°",
        "˚": "°",
        "⁰": "°",
        "⌀": "ø",
        "∅": "ø",
        "⁺": "+",
        "⁽": "(",
        "⁾": ")",
    }
    | dict.fromkeys("∆Δ▵▲", "△")
    | dict.fromkeys("−–‐‑⁻", "-")
    | dict(zip("¹²³⁴⁵⁶⁷⁸⁹", "123456789", strict=True))
)


def parse_chord_symbol(text: str) -> Chord:
    """The chord of a jazz or pop chord symbol: `Dm7`, `G7b9`, `F#ø`, `Bb△7/D`.

    >>> chord = parse_chord_symbol("Dm7/G")
    >>> chord.root, chord.intervals, chord.bass
    (2, (0, 3, 7, 10), 7)

    After the root: a quality (`m min - maj M △ ^ dim o ° ø aug +`), a number (`5 6 6/9 7 9 11 13`)
    and any of `sus2 sus4 alt add9 no3 b5 #5 b9 #9 #11 b13 (maj7)`, with or without brackets; then
    `/` and a bass note. `△` alone is a major seventh, `ø` alone a half-diminished one, `2` is
    `add9`, `7M` is `maj7`. `alt` is a dominant with b9, #9, #11 and b13 and no plain fifth. The
    chord keeps the spelling of its symbol, with plain b and # for typographic signs.

    Raises `ChordSymbolError`, which points at the character that it cannot read.
    """
    symbol = text.strip()
    if len(symbol) > MAX_LENGTH:
        raise ChordSymbolError(symbol[:MAX_LENGTH], MAX_LENGTH, hint="a chord symbol is shorter")
    match = _SYMBOL.fullmatch(symbol)
    if not match:
        hint = "write roots as capital letters" if re.match(_NOTE, symbol.capitalize()) else ""
        raise ChordSymbolError(symbol, 0, hint=hint)
    suffix = re.sub(r"B(?=\d)", "b", match["suffix"].translate(_PLAIN_SIGNS))
    try:
        intervals = intervals_of(suffix_tones(suffix))
    except SuffixError as error:
        position = match.end("root") + error.position
        raise ChordSymbolError(symbol, position, hint=error.hint) from error
    root = place_of(match["root"])
    bass = place_of(match["bass"]) if match["bass"] else None
    written = Written(root, "".join(suffix.split()), bass)
    lowest = root if bass is None else bass
    return Chord(pitch_class(root), intervals, pitch_class(lowest), written)


def is_symbol_of(written: Written, chord: Chord) -> bool:
    """True if `written` names the root, the tones and the bass of `chord`."""
    try:
        intervals = intervals_of(suffix_tones(written.suffix))
    except SuffixError:
        return False
    places = ((written.root, chord.root), (written.bass, chord.bass))
    named = all(place is None or pitch_class(place) == tone for place, tone in places)
    return named and intervals == chord.intervals and not re.search(r"\s", written.suffix)


def root_place(chord: Chord, key: int | None = None) -> int:
    """The place of the root on the circle of fifths: as it was written, else as a chord symbol in
    `key` spells it, which never is an F flat."""
    if chord.written is not None and chord.written.root is not None:
        return chord.written.root
    centre = -1 if key is None else key
    tones = set(chord.intervals)
    reach = 2 if {3, 6} <= tones else 3 if 3 in tones and 4 not in tones else 5
    place = place_in_key(chord.root, centre - reach, centre)
    return place + 12 if place == _F_FLAT else place


def symbol_suffix(chord: Chord) -> str:
    """The part of a symbol between root and bass: as it was written, else the usual one."""
    return chord_suffix(chord.intervals) if chord.written is None else chord.written.suffix


def chord_tones(chord: Chord) -> Tones:
    """The tones of a chord as pairs of degree and semitones above the root, as its symbol names
    them: the tone 8 semitones above is a 5 in C7(#5) and a 13 in C7(b13)."""
    return suffix_tones(symbol_suffix(chord))


def chord_tone_places(chord: Chord, key: int | None = None) -> dict[int, int]:
    """The place of each tone of a chord and of its bass, by pitch class, spelled upwards from its
    root: the third of Abm is a C flat, the fifth of Caug a G sharp."""
    root = root_place(chord, key)
    places = {}
    for degree, interval in chord_tones(chord):
        natural = MAJOR_DEGREES[degree]
        above = (natural * 7 + 1) % 12 - 1  # of the plain degree: -1 (a fourth) to 5 (a seventh)
        alteration = (interval - natural + 6) % 12 - 6
        places[(chord.root + interval) % 12] = root + above + 7 * alteration
    places.setdefault(chord.bass, root + _BASS_PLACES[(chord.bass - chord.root) % 12])
    return places


# Places above the root of a bass that is not a tone of the chord: b9 9 b3 3 11 b5 5 b13 13 b7 7.
_BASS_PLACES = (0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5)


def bass_place(chord: Chord, key: int | None = None) -> int:
    """The place of the bass: as it was written, else as a tone of the chord, but without double
    accidentals."""
    if chord.written is not None and chord.written.bass is not None:
        return chord.written.bass
    place = chord_tone_places(chord, key)[chord.bass]
    centre = -1 if key is None else key
    return place if -8 <= place <= 12 else place_in_key(chord.bass, centre - 5, centre)


def chord_symbol(chord: Chord, key: int | None = None) -> str:
    """The symbol of a chord as text: `Ab`, `Eb7/G`, `Fm7b5`. `parse_chord_symbol` reads it back to
    an equal chord, whatever the chord.

    A chord keeps the symbol that it was written with. Else it has the usual one; `key` counts
    sharps (positive) or flats (negative) and decides the spelling of the root; without it flats are
    preferred, except for minor and diminished chords on C# and F#. The bass is spelled as a tone of
    the chord.

    >>> chord_symbol(Chord.of(6, (0, 4, 7, 10), bass=10)), chord_symbol(Chord.of(6, (0, 4, 7)), 5)
    ('Gb7/Bb', 'F#')
    >>> chord_symbol(parse_chord_symbol("F#-7"), key=-1)
    'F#-7'
    """
    symbol = note_name(root_place(chord, key)) + symbol_suffix(chord)
    if chord.bass == chord.root and (chord.written is None or chord.written.bass is None):
        return symbol
    return f"{symbol}/{note_name(bass_place(chord, key))}"


def engraved(symbol: str) -> str:
    """A chord symbol with typographic flats and sharps.

    >>> engraved("Ebm7b5")
    'E♭m7♭5'
    """
    return re.sub(r"(?<=[A-G])b+|b(?=\d)", lambda flats: "♭" * len(flats[0]), symbol).replace(
        "#", "♯"
    )


def chords_of_bar(bar: Bar, key: int | None) -> str:
    """The changes of a bar in plain letters, with a slash for each further beat of a chord:
    `F / C7 /`. Where the accompaniment rests it is `N.C.`. Changes off the beat are written with
    their onsets: `F  3/2:C7`."""

    def symbol(change: Change) -> str:
        return chord_symbol(change.chord, key) if change.sounding else "N.C."

    if len(bar.changes) == 1:
        return symbol(bar.changes[0])
    at = {change.onset: symbol(change) for change in bar.changes}
    beats = bar.meter.beat_onsets(bar.length)
    if not set(at) <= set(beats):
        return "  ".join(f"{onset}:{name}" if onset else name for onset, name in at.items())
    return " ".join(at.get(beat, "/") for beat in beats)

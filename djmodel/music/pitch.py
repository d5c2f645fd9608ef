"""Names of pitches, as places on the circle of fifths: ... -2 B flat, -1 F, 0 C, 1 G, 2 D ...

A place says more than a pitch class (0 = C ... 11 = B): F sharp is at 6, G flat at -6. The seven
tones of a major key with `key` sharps (flats are negative) stand at `key - 1` to `key + 5`.
"""

from __future__ import annotations

MAJOR_SCALE = frozenset({0, 2, 4, 5, 7, 9, 11})

LETTER_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

MAX_KEY_ACCIDENTALS = 7  # sharps or flats of a key signature

_LETTERS_BY_FIFTHS = "FCGDAEB"
_ACCIDENTALS = {"b": -1, "B": -1, "♭": -1, "#": 1, "♯": 1, "x": 2, "𝄪": 2, "𝄫": -2}


def step_and_alter(place: int) -> tuple[str, int]:
    """The letter and its alteration (-1 flat, 1 sharp) at a place.

    >>> step_and_alter(-3)
    ('E', -1)
    """
    return _LETTERS_BY_FIFTHS[(place + 1) % 7], (place + 1) // 7


def note_name(place: int) -> str:
    """The name of the note at a place.

    >>> note_name(-3), note_name(6)
    ('Eb', 'F#')
    """
    step, alter = step_and_alter(place)
    return step + ("#" * alter if alter > 0 else "b" * -alter)


def place_in_key(pitch_class: int, lowest: int, key: int) -> int:
    """The place of a pitch class among the twelve from `lowest` on; white keys have no accidental
    (no E sharp, no C flat) unless they belong to `key`."""
    place = lowest + (pitch_class * 7 - lowest) % 12
    in_key = key - 1 <= place <= key + 5
    if in_key or -6 <= place <= 10:
        return place
    return place - 12 if place > 10 else place + 12


def place_of(name: str) -> int:
    """The place of a note by its name, the inverse of `note_name`; typographic signs are read too.

    >>> place_of("Eb"), place_of("F♯")
    (-3, 6)
    """
    return _LETTERS_BY_FIFTHS.index(name[0]) - 1 + 7 * sum(_ACCIDENTALS[sign] for sign in name[1:])


def pitch_class(place: int) -> int:
    """The pitch class at a place.

    >>> pitch_class(-3)
    3
    """
    return place * 7 % 12


def fifths_of(semitones: int) -> int:
    """The number of places by which a transposition moves a name, -6 to 5: of two ways of six the
    flat one.

    >>> fifths_of(2), fifths_of(-2), fifths_of(6)
    (2, -2, -6)
    """
    return (7 * semitones + 6) % 12 - 6


def usual_key(key: int) -> int:
    """The signature of the same key with at most seven accidentals.

    >>> usual_key(9), usual_key(-7)
    (-3, -7)
    """
    if abs(key) <= MAX_KEY_ACCIDENTALS:
        return key
    return key - 12 if key > 0 else key + 12

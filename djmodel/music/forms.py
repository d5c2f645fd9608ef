"""Well-known forms: chord progressions that nobody owns, written out in C."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """A form in C (major or minor). `home` is its usual tonic (pitch class)."""

    changes: str
    home: int = 0
    minor: bool = False


_RHYTHM_A = "Cmaj7 A7 | Dm7 G7 | Em7 A7 | Dm7 G7 | C7 | F7 F#dim7 | "

FORMS = {
    "ii-V-I": Form("Dm7 | G7 | Cmaj7 | %"),
    "minor-ii-V-i": Form("Dm7b5 | G7b9 | Cm6 | %", minor=True),
    "turnaround": Form("Cmaj7 A7 | Dm7 G7"),
    "blues": Form("C7 | F7 | C7 | % | F7 | % | C7 | % | G7 | F7 | C7 | G7", home=5),
    "jazz-blues": Form(
        "C7 | F7 | C7 | Gm7 C7 | F7 | F#dim7 | C7 | Em7b5 A7b9 | Dm7 | G7 | C7 A7 | Dm7 G7",
        home=5,
    ),
    "bird-blues": Form(
        "Cmaj7 | Bm7b5 E7b9 | Am7 D7 | Gm7 C7 | F7 | Fm7 Bb7 | Em7 A7 | Ebm7 Ab7 |"
        "Dm7 | G7 | Cmaj7 A7 | Dm7 G7",
        home=5,
    ),
    "minor-blues": Form(
        "Cm7 | Fm7 | Cm7 | % | Fm7 | % | Cm7 | % | Ab7 | G7 | Cm7 | G7", minor=True
    ),
    "rhythm-changes": Form(
        f"{_RHYTHM_A} Em7 A7 | Dm7 G7 | {_RHYTHM_A} Dm7 G7 | Cmaj7 |"
        f"E7 | % | A7 | % | D7 | % | G7 | % | {_RHYTHM_A} Dm7 G7 | Cmaj7",
        home=10,
    ),
    "modal": Form("Cm7 x16 | Dbm7 x8 | Cm7 x8", home=2, minor=True),
    "ragtime": Form("A7 | % | D7 | % | G7 | % | C | G7"),
    "doo-wop": Form("C | Am | F | G7"),
    "pop": Form("C | G | Am | F"),
    "canon": Form("C G | Am Em | F C | F G", home=2),
    "andalusian": Form("Cm | Bb | Ab | G", home=9, minor=True),
}

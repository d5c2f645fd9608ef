"""Well-known forms by name, in any key: `blues-in-F`, `rhythm-changes`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from djmodel.music.charts.chart import Chart
from djmodel.music.charts.chord_words import is_chord
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.parser import parse_chart
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import chord_symbol, engraved, parse_chord_symbol
from djmodel.music.key import Key
from djmodel.music.meter import Meter
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS


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
        "C7 | F7 | C7 | Gm7 C7 | F7 | F#dim7 | C7 | Em7b5 A7b9 | Dm7 | G7 | C7 A7 | Dm7 G7", home=5
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
        f"[A] {_RHYTHM_A} Em7 A7 | Dm7 G7 | [A] {_RHYTHM_A} Dm7 G7 | Cmaj7 |"
        f"[B] E7 | % | A7 | % | D7 | % | G7 | % | [A] {_RHYTHM_A} Dm7 G7 | Cmaj7",
        home=10,
    ),
    "modal": Form("[A] Cm7 x8 | [A] Cm7 x8 | [B] Dbm7 x8 | [A] Cm7 x8", home=2, minor=True),
    "ragtime": Form("A7 | % | D7 | % | G7 | % | C | G7"),
    "doo-wop": Form("C | Am | F | G7"),
    "pop": Form("C | G | Am | F"),
    "canon": Form("C G | Am Em | F C | F G", home=2),
    "andalusian": Form("Cm | Bb | Ab | G", home=9, minor=True),
}


_NAME = "|".join(sorted(map(re.escape, FORMS), key=len, reverse=True))
_KEY = "[A-Ga-g][b♭#♯]?"
# In either order: `blues in F`, `Blues-In-F`, `blues F`; `F blues`.
_SPOKEN = re.compile(
    rf"(?:(?P<before>{_KEY})-)?(?P<name>{_NAME})(?P<after>-in-.*|-{_KEY})?", re.IGNORECASE
)


def hyphenated(text: str) -> str:
    """A form and its key, as players say them, as `blues-in-F`; any other text as it is."""
    said = _SPOKEN.fullmatch(re.sub(" +", "-", text)) if "\n" not in text else None
    if said is None or (said["before"] and said["after"]):
        return text
    key = said["before"] or re.sub("^-(in-)?", "", said["after"] or "", flags=re.IGNORECASE)
    return f"{said['name']}-in-{key}" if said["before"] or said["after"] else said["name"]


def _title(name: str, form: Form, tonic: int, key: int) -> str:
    """The title of a form as musicians write it: `Rhythm changes in B♭`, `Minor blues in A`."""
    is_said = name.startswith("minor")
    triad = (0, 3, 7) if form.minor and not is_said else (0, 4, 7)
    home = engraved(chord_symbol(Chord.of(tonic, triad), key))
    words = name.replace("-", " ").replace("ii V ", "ii-V-")
    return f"{words if words.startswith('ii') else words[0].upper() + words[1:]} in {home}"


def form_of(text: str, meter: Meter) -> Chart | None:
    """The form that a text names, in the key of the text; None for changes."""
    known = {known.casefold(): known for known in FORMS}
    text = hyphenated(text.strip())
    name, _, key_name = text.partition("-in-")
    if name.casefold() not in known:
        if re.fullmatch(r"[A-Za-z#-]{3,40}", text) and not is_chord(text):
            problem = "the text is neither changes such as Dm7 | G7 | C nor the name of a form"
            hint = f"the forms are {', '.join(FORMS)}"
            raise ChangesError(problem, text, 0, len(name), hint=hint)
        return None
    name = known[name.casefold()]
    form = FORMS[name]
    tonic = form.home
    if "-in-" in text:
        match = re.fullmatch(r"([A-Ga-g][b♭#♯]?)(?:-?(m|min|minor|maj|major))?", key_name)
        if match is None:
            problem = f"the form {name} needs a key after -in-, such as F, Bb or F#"
            raise ChangesError(problem, text, len(text) - len(key_name), len(key_name))
        if match[2] and form.minor == match[2].startswith("maj"):
            mode = "minor, not major" if form.minor else "major, not minor"
            problem = f"the form {name} is in {mode}"
            hint = f"write minor-{name}-in-{match[1]}" if f"minor-{name}" in FORMS else ""
            at = len(text) - len(key_name)
            raise ChangesError(problem, text, at, len(key_name), hint=hint)
        tonic = parse_chord_symbol(match[1].capitalize()).root
    key = Key(tonic, form.minor).signature
    if {"#", "♯"} & set(key_name[1:]) and key + 12 <= MAX_KEY_ACCIDENTALS:
        key += 12  # F# as asked, not Gb
    elif {"b", "♭"} & set(key_name[1:]) and key > 0 and key - 12 >= -MAX_KEY_ACCIDENTALS:
        key -= 12  # A flat minor as asked, not G sharp
    in_c = replace(
        parse_chart(form.changes, meter),
        title=_title(name, form, tonic, key),
        key=Key(0, form.minor).signature,
        minor=form.minor,
    )
    return in_c.transposed(tonic, key)

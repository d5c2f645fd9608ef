"""Chord changes as text: `Dm7 | G7 | Cmaj7 | %`, or a well-known form by name: `blues-in-F`.

Dm7 G7 | C              bars, divided by | or by ends of lines; chords in a bar share its beats
C / / G7                a slash holds the chord for a beat; then every sign is one beat
%                       the bar before once more
N.C.                    no chord: the accompaniment rests
C7 x4                   the bar four times
[Dm7 | G7] x2           the bars twice; brackets may be nested
|: Dm7 | G7 :|          twice, too; :| x3 is three times
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.changes_parser import MAX_BARS, ChangesError, parse_bars
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, chord_symbol, parse_chord_symbol
from djmodel.music.key import Key, key_signature
from djmodel.music.meter import COMMON_TIME, Meter, parse_meter
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import Bar, Change, Tempo, Tune
from seqmodel.errors import InputError


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


def parse_changes(
    text: str,
    meter: Meter | str = COMMON_TIME,
    *,
    choruses: int = 1,
    pick_up: Fraction = Fraction(0),
    tempo: float = 120.0,
    title: str = "",
) -> Tune:
    """A tune without melody or accompaniment, from changes as text or from the name of a form.

    The name of a form may have a key: `rhythm-changes`, `blues-in-F`, `minor-blues-in-A`. The key
    of other changes is estimated. A `pick_up` (quarter lengths) makes a silent first bar of that
    length, and shortens the last by as much. Raises ChangesError, which points at the place that
    cannot be read.

    >>> tune = parse_changes("Dm7 | G7 | Cmaj7 | %", tempo=140)
    >>> len(tune.bars), tune.key
    (4, 0)
    """
    if not isinstance(text, str):
        raise InputError(f"changes are text such as Dm7 | G7 | C, not {text!r}")
    if isinstance(meter, str):
        meter = parse_meter(meter)
    form = _form(text.strip(), meter)
    bars = form.bars if form else parse_bars(text, meter)
    bars = bars * max(choruses, 1)
    if len(bars) > MAX_BARS:
        problem = f"{choruses:,} choruses have {len(bars):,} bars, more than {MAX_BARS:,}"
        raise InputError(problem, hint="choose fewer choruses")
    if pick_up:
        bars = _with_pick_up(bars, pick_up)
    tune = Tune(
        title=title or (form.title if form else " ".join(text.split())),
        bars=bars,
        tempos=(Tempo(Fraction(0), tempo),),
    )
    return replace(tune, key=form.key if form else _as_written(key_signature(tune), text))


def _form(text: str, meter: Meter) -> Tune | None:
    """The form that a text names, as a tune in the key of the text; None for changes."""
    name, _, key_name = text.partition("-in-")
    known = {known.casefold(): known for known in FORMS}
    if name.casefold() not in known:
        if re.fullmatch(r"[A-Za-z#-]{3,}", text) and not _is_chord(text):
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
    if {"#", "♯"} & set(key_name) and key + 12 <= MAX_KEY_ACCIDENTALS:
        key += 12  # F# as asked, not Gb
    tonic_name = chord_symbol(Chord.of(tonic, (0, 3, 7) if form.minor else (0, 4, 7)), key)
    title, in_c = f"{name} in {tonic_name}", Key(0, form.minor).signature
    return Tune(title, parse_bars(form.changes, meter), key=in_c).transposed(tonic, key)


def _is_chord(text: str) -> bool:
    try:
        parse_chord_symbol(text)
    except ChordSymbolError:
        return False
    return True


def _as_written(signature: int, text: str) -> int:
    """The signature with sharps instead of flats, or the reverse, if the roots in the text are
    mostly written so and it has seven at most: F# for Gb."""
    signs = re.findall(r"\b[A-G]([b♭#♯])", text)
    more_sharps = sum(1 if sign in "#♯" else -1 for sign in signs)
    if more_sharps * signature >= 0:  # as it is, or undecided
        return signature
    other = signature + (12 if more_sharps > 0 else -12)
    return other if abs(other) <= MAX_KEY_ACCIDENTALS else signature


def _with_pick_up(bars: tuple[Bar, ...], pick_up: Fraction) -> tuple[Bar, ...]:
    first, last = bars[0], bars[-1]
    if not 0 < pick_up < last.length:
        problem = f"a pick-up of {pick_up} quarters does not fit a bar of {last.length}"
        raise InputError(problem, hint="a pick-up is shorter than a bar")
    silent = Change(Fraction(0), first.changes[0].chord, sounding=False)
    rest = last.length - pick_up
    changes = tuple(change for change in last.changes if change.onset < rest)
    pick_up_bar = Bar(first.meter, pick_up, (), (silent,))
    return (pick_up_bar, *bars[:-1], replace(last, length=rest, changes=changes))

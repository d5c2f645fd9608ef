"""Chord changes as text: `Dm7 | G7 | Cmaj7 | %`, or a well-known form by name: `blues-in-F`.

    Dm7 G7 | C              bars, divided by | or by ends of lines; chords in a bar share its beats
    C / / G7                a slash holds the chord for a beat; then every sign is one beat
    %                       the bar before once more
    N.C.                    no chord: the accompaniment rests
    C7 x4                   the bar four times
    [Dm7 | G7] x2           the bars twice; brackets may be nested
    |: Dm7 | G7 :|          twice, too; :| x3 is three times

The forms are chord progressions that nobody owns, written out in C.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, chord_symbol, parse_chord_symbol
from djmodel.music.key import Key, key_signature
from djmodel.music.pitch import MAX_KEY_ACCIDENTALS
from djmodel.music.tune import Bar, Change, Meter, Tempo, Tune
from seqmodel.errors import InputError

COMMON_TIME = Meter(4, 4)
MOST_BARS = 10_000
LONGEST_BAR = 16  # quarter notes that a meter may have

_AROUND = 24  # characters shown before and after the place of an error


class ChangesError(InputError):
    """Changes that cannot be read. `text` is what was given, `position` where reading stopped (0
    is the first character), `length` how many characters are meant."""

    def __init__(
        self, text: str, position: int, length: int, *, expected: str, hint: str = ""
    ) -> None:
        self.text, self.position, self.length = text, position, length
        end = position + length
        before, after = text[:position][-_AROUND:], text[end:][:_AROUND]
        before = "..." * (position > _AROUND) + before
        after = after + "..." * (len(text) > end + _AROUND)
        shown = f"{before}>>{text[position:end] or 'the end'}<<{after}"
        super().__init__(expected, f"{shown} (character {position + 1})", hint=hint)


class Form(NamedTuple):
    """A well-known form, in C (major or minor). `home`: the key it is usually played in, in
    semitones above C."""

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

    The form's name may say a key: `rhythm-changes`, `blues-in-F`, `minor-blues-in-A`. A `pick_up`
    (quarter lengths) makes a first bar of that length, in which nothing sounds, and cuts as much
    from the last. Raises ChangesError, which points at the place that cannot be read.
    """
    if not isinstance(text, str):
        raise InputError("changes as text, such as Dm7 | G7 | C", f"{text!r}")
    if isinstance(meter, str):
        meter = parse_meter(meter)
    form = _form(text.strip(), meter)
    bars = form.bars if form else _read(text, meter)
    bars = bars * max(choruses, 1)
    if len(bars) > MOST_BARS:
        raise InputError(f"at most {MOST_BARS} bars", f"{len(bars)}", hint="ask for fewer choruses")
    if pick_up:
        bars = _with_pick_up(bars, pick_up)
    tune = Tune(
        title=title or (form.title if form else " ".join(text.split())),
        bars=bars,
        tempos=(Tempo(Fraction(0), tempo),),
    )
    return replace(tune, key=form.key if form else _as_written(key_signature(tune), text))


def parse_meter(text: str) -> Meter:
    """`3/4` as a meter. Raises InputError for what is none."""
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    beats, unit = (int(match[1]), int(match[2])) if match else (0, 0)
    if beats < 1 or unit not in {1, 2, 4, 8, 16, 32}:
        hint = "the second number is a note value: 2, 4, 8 or 16"
        raise InputError("a meter such as 4/4, 3/4 or 6/8", f"`{text}`", hint=hint)
    meter = Meter(beats, unit)
    if meter.length > LONGEST_BAR:
        found = f"`{text}`, {meter.length} of them"
        raise InputError(f"a bar of at most {LONGEST_BAR} quarter notes", found)
    return meter


# ---------------------------------------------------------------------------------------------
# Forms
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _PlayedForm:
    title: str
    bars: tuple[Bar, ...]
    key: int


def _form(text: str, meter: Meter) -> _PlayedForm | None:
    """The form of that name in the key that the name says; None if no form is meant."""
    name, _, key_name = text.partition("-in-")
    known = {known.casefold(): known for known in FORMS}
    if name.casefold() not in known:
        if re.fullmatch(r"[A-Za-z#-]{3,}", text) and not _is_chord(text):
            known_forms = ", ".join(FORMS)
            expected = f"changes such as Dm7 | G7 | C, or a form ({known_forms})"
            raise ChangesError(text, 0, len(name), expected=expected)
        return None
    name = known[name.casefold()]
    form = FORMS[name]
    tonic = form.home
    if "-in-" in text:
        match = re.fullmatch(r"([A-Ga-g][b♭#♯]?)(?:-?(m|min|minor|maj|major))?", key_name)
        if match is None:
            at = len(text) - len(key_name)
            expected = "a key after -in-, such as F, Bb or F#"
            raise ChangesError(text, at, len(key_name), expected=expected)
        if match[2] and form.minor == match[2].startswith("maj"):
            at = len(text) - len(key_name)
            mode, other = ("minor", "major") if form.minor else ("major", "minor")
            expected = f"a key of {name}, which is in {mode}, not {other}"
            scan_model = f"minor-{name}-in-{match[1]}"
            hint = f"write {scan_model}" if f"minor-{name}" in FORMS else ""
            raise ChangesError(text, at, len(key_name), expected=expected, hint=hint)
        tonic = parse_chord_symbol(match[1].capitalize()).root
    key = Key(tonic, form.minor).signature
    if {"#", "♯"} & set(key_name) and key + 12 <= MAX_KEY_ACCIDENTALS:
        key += 12  # F# as asked, not Gb
    bars = Tune("", _read(form.changes, meter)).transposed(tonic).bars
    tonic_name = chord_symbol(Chord.of(tonic, (0, 3, 7) if form.minor else (0, 4, 7)), key)
    return _PlayedForm(f"{name} in {tonic_name}", bars, key)


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
    sharps = sum(sign in "#♯" for sign in signs)
    flats = len(signs) - sharps
    if sharps > flats and signature < 0:
        other = signature + 12
    elif flats > sharps and signature > 0:
        other = signature - 12
    else:
        return signature
    return other if abs(other) <= MAX_KEY_ACCIDENTALS else signature


# ---------------------------------------------------------------------------------------------
# Text -> bars
# ---------------------------------------------------------------------------------------------


class _Token(NamedTuple):
    """A sign of the text: `kind` is the name of its group in `_TOKEN`."""

    kind: str
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<open>\|:|\[)|(?P<bar>\|\]|\|+(?!:))|(?P<close>:\||\])|(?P<line>\n)|(?P<space>[^\S\n]+)"
    r"|(?P<times>[x×*]\s*(?P<count>\d+))(?=[\s|\]:]|$)|(?P<same>%)"
    r"|(?P<rest>N\.?\s?C\.?)(?=[\s|\]:]|$)|(?P<hold>/)(?=[\s|\]:]|$)"
    r"|(?P<chord>(?:\([^)|\n]*\)|(?![x×]\d+(?:[\s|\]:]|$))[^\s|\[\]:])+)|(?P<stray>:)"
)

_Content = tuple[_Token, ...]
"""The signs of one bar, as written."""


def _tokens(text: str) -> list[_Token]:
    return [
        _Token(match.lastgroup if match.lastgroup != "count" else "times", match[0], match.start())
        for match in _TOKEN.finditer(text)
        if match.lastgroup and match.lastgroup != "space"
    ]


class _Reader:
    """Reads signs in order; remembers how far it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0

    def error(self, token: _Token | None, expected: str, hint: str = "") -> ChangesError:
        if token is None:
            return ChangesError(self.text, len(self.text), 0, expected=expected, hint=hint)
        return ChangesError(
            self.text, token.position, len(token.text), expected=expected, hint=hint
        )

    def section(self, opened: _Token | None = None) -> list[_Content]:
        """Bars up to the sign that closes what `opened`, or up to the end."""
        bars: list[_Content] = []
        content: list[_Token] = []
        hard_line: _Token | None = None  # a bar line since which nothing was written

        def end_bar() -> None:
            if content:
                bars.append(tuple(content))
                content.clear()

        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token.kind == "bar":
                if not content and hard_line is not None:
                    hint = "write % for the bar before once more, or N.C."
                    raise self.error(token, "chords between two bar lines", hint)
                end_bar()
                hard_line = token
                continue
            if token.kind == "line":
                end_bar()
                continue
            hard_line = None
            if token.kind == "open":
                end_bar()
                bars += self.section(token)
            elif token.kind == "close":
                if opened is None or (opened.text, token.text) not in {("[", "]"), ("|:", ":|")}:
                    opening = {"]": "[", ":|": "|:"}[token.text]
                    raise self.error(token, f"{opening} before {token.text}")
                end_bar()
                times = self.times() or (2 if token.text == ":|" else 1)
                return self.multiplied(bars, times, token)
            elif token.kind == "times":
                if not content:
                    raise self.error(token, "a bar before it, as in C7 x4")
                times = self.count(token)
                bars += self.multiplied([tuple(content)], times, token)
                content.clear()
                after = self.tokens[self.at] if self.at < len(self.tokens) else None
                if after is not None and after.kind not in {"bar", "line", "close", "open"}:
                    raise self.error(after, f"a bar line after {token.text}")
            elif token.kind == "stray":
                raise self.error(token, "|: and :| around what is repeated")
            else:
                content.append(token)
        if opened is not None:
            closing = "]" if opened.text == "[" else ":|"
            raise self.error(opened, f"{closing} after it")
        end_bar()
        return bars

    def times(self) -> int | None:
        """The number in `x3` if that comes next."""
        if self.at < len(self.tokens) and self.tokens[self.at].kind == "times":
            self.at += 1
            return self.count(self.tokens[self.at - 1])
        return None

    def count(self, token: _Token) -> int:
        times = int(re.sub(r"\D", "", token.text))
        if not 1 <= times <= MOST_BARS:
            raise self.error(token, f"a number of times from 1 to {MOST_BARS}")
        return times

    def multiplied(self, bars: list[_Content], times: int, token: _Token) -> list[_Content]:
        if len(bars) * times > MOST_BARS:
            raise self.error(token, f"at most {MOST_BARS} bars")
        return bars * times


def _read(text: str, meter: Meter) -> tuple[Bar, ...]:
    reader = _Reader(text)
    contents = _spelled_out(reader, reader.section())
    chords = {
        token: _chord(reader, token)
        for content in contents
        for token in content
        if token.kind == "chord"
    }
    if not chords:
        raise reader.error(None, "at least one chord, as in Dm7 | G7 | C")
    bars = []
    holding, sounding = next(iter(chords.values())), True
    for content in contents:
        changes: list[Change] = []
        for token, onset in zip(content, _onsets(reader, content, meter), strict=True):
            if token.kind in {"chord", "rest"}:
                holding, sounding = chords.get(token, holding), token.kind == "chord"
            change = Change(onset, holding, sounding)
            if not changes or change != replace(changes[-1], onset=onset):
                changes.append(change)
        bars.append(Bar(meter, meter.length, (), tuple(changes)))
    return tuple(bars)


def _spelled_out(reader: _Reader, contents: list[_Content]) -> list[_Content]:
    """The bars with `%` replaced by the bar before."""
    spelled: list[_Content] = []
    for content in contents:
        if [token.kind for token in content] == ["same"]:
            if not spelled:
                raise reader.error(content[0], "a bar before the first %")
            content = spelled[-1]
        spelled.append(content)
    return spelled


def _chord(reader: _Reader, token: _Token) -> Chord:
    try:
        return parse_chord_symbol(token.text)
    except ChordSymbolError as error:
        at, length = token.position + error.position, len(token.text) - error.position
        raise ChangesError(
            reader.text,
            at,
            length,
            expected="a chord symbol such as Dm7, G7b9 or C6/9",
            hint=error.hint,
        ) from error


def _onsets(reader: _Reader, content: _Content, meter: Meter) -> list[Fraction]:
    """Where the signs of a bar begin: each on its beat if there are slashes, else the bar is
    shared out."""
    beats = int(meter.length / meter.beat)
    if not any(token.kind == "hold" for token in content):
        return _shares(len(content), meter)
    if len(content) != beats:
        last = content[-1]
        start = content[0].position
        raise ChangesError(
            reader.text,
            start,
            last.position + len(last.text) - start,
            expected=f"{beats} signs in a bar of {meter} with slashes, one a beat",
        )
    return [meter.beat * number for number in range(beats)]


def _shares(count: int, meter: Meter) -> list[Fraction]:
    """Where `count` chords begin that share a bar: on beats, the first ones longer where the beats
    do not divide (three in 4/4: two beats, one, one), and off the beats only if they are too many.
    """
    beats = int(meter.length / meter.beat)
    if count > beats:
        return [meter.length * number / count for number in range(count)]
    each, over = divmod(beats, count)
    return [meter.beat * (each * number + min(number, over)) for number in range(count)]


def _with_pick_up(bars: tuple[Bar, ...], pick_up: Fraction) -> tuple[Bar, ...]:
    first, last = bars[0], bars[-1]
    if not 0 < pick_up < last.length:
        raise InputError(f"a pick-up shorter than a bar of {last.length} quarters", f"{pick_up}")
    silent = Change(Fraction(0), first.changes[0].chord, sounding=False)
    rest = last.length - pick_up
    changes = tuple(change for change in last.changes if change.onset < rest)
    return (
        Bar(first.meter, pick_up, (), (silent,)),
        *bars[:-1],
        replace(last, length=rest, changes=changes),
    )

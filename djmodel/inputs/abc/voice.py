"""The music code of ABC: lines of one voice -> WrittenBar."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from djmodel.inputs.abc.fields import ALTERATIONS, KeyField
from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.written.marks import BarMarks, numbers_of_ending
from djmodel.inputs.written.sheet import (
    TICKS_PER_QUARTER,
    WrittenBar,
    WrittenNote,
)
from djmodel.music.chord import Chord
from djmodel.music.chord_symbol import ChordSymbolError, parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.pitch import LETTER_PITCH_CLASSES, fifths_of
from djmodel.music.tune import DEFAULT_VELOCITY, MAX_BARS

# What must end with a bracket has bounds, so that one that never ends costs no time.
_LENGTH = r"\d{0,4}/{0,6}\d{0,4}"
_NOTE = r"(?P<sign>\^\^?|__?|=)?(?P<letter>[A-Ga-g])(?P<octave>[,']{0,6})"
TOKEN = re.compile(
    rf"""
    "(?P<text>[^"]*)"?
  | [!+](?P<decoration>[^!+\s|]{{1,40}})[!+]
  | \[(?P<field>[A-Za-z]:[^\]]{{0,200}})\]
  | \.?(?P<bar>:*\[?\|[|:\]]*|::+)
  | \[?(?P<ending>\d[\d,.\-]*)
  | \[(?P<chord>[^\]|]{{1,200}})\](?P<chord_length>{_LENGTH})
  | {_NOTE}(?P<length>{_LENGTH})
  | Z(?P<rest_bars>\d{{0,3}})
  | [zx](?P<rest>{_LENGTH})
  | \{{(?P<graces>[^}}]{{0,200}})\}}
  | \((?P<tuplet>[2-9])(?::(?P<in_time>\d?))?(?::(?P<notes>\d?))?
  | (?P<broken>>{{1,3}}|<{{1,3}})
  | (?P<sign_alone>[-&SO])
  | .
    """,
    re.VERBOSE,
)
_NOTE_OF_CHORD = re.compile(rf'"[^"]*"|{_NOTE}(?P<length>{_LENGTH})')
_NOTES_IN_TIME = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # of a tuplet; others depend on the meter
_SYMBOL = re.compile(r"[A-G](?![a-z]{2,}(?<!maj|min|dim|aug|sus|add|alt))")
_NO_CHORD = re.compile(r"\W*n\W*c\W*", re.IGNORECASE)
_SIGNS = {"S": "segno", "O": "coda"}
# Decorations, in the words of `BarMarks.read_words`.
_JUMPS = {
    "d.c.": "D.C.", "dacapo": "D.C.", "d.s.": "D.S.", "dacoda": "To Coda", "fine": "Fine",
    "d.c.alfine": "D.C. al Fine", "d.c.alcoda": "D.C. al Coda",
    "d.s.alfine": "D.S. al Fine", "d.s.alcoda": "D.S. al Coda",
}  # fmt: skip


class VoiceReader:
    """Reads the lines of a voice. `unit`: quarter length of a note without a number; `semitones`:
    from the written to the sounding pitch; `bars`: the complete ones, `bar` the open one."""

    def __init__(self, key: KeyField, unit: Fraction, meter: Meter | None, semitones: int) -> None:
        self.key, self.unit, self.meter, self.semitones = key, unit, meter, semitones
        self.bars: list[WrittenBar] = []
        self.bar = WrittenBar()
        self.at: int | Fraction = 0  # ticks from the start of the bar
        self.altered: dict[str, int] = {}  # letters in this bar
        self.last = (0, 0)  # the notes of `bar` that begin last: the first of them, and one after
        self.last_at: int | Fraction = 0
        self.factor = Fraction(1)  # of the next note, in a broken rhythm
        self.tuplet, self.tuplet_left = Fraction(1), 0
        self.last_pitches: dict[tuple[str, str], int] = {}  # by letter and octave
        self.tied: dict[tuple[str, str], int] = {}  # those of `last_pitches` that continue
        self.signs = BarMarks()  # segno and coda, of the note or bar that follows
        self.in_ending = self.in_repeat = self.after_bar_line = False
        self.count = 0  # of notes
        self.line: list[tuple[WrittenBar, int]] = []  # bars and onsets of the notes of this line

    def read_token(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind in {"length", "octave", "letter"}:
            self.place([token], Fraction(1))
        elif kind == "bar":
            self.read_bar_line(token["bar"])
        elif kind == "text":
            self.read_text(token["text"])
        elif kind == "chord_length":
            notes = [note for note in _NOTE_OF_CHORD.finditer(token["chord"]) if note["letter"]]
            if notes:
                self.place(notes, _factor(token["chord_length"]))
        elif kind == "rest":
            self.last = (len(self.bar.notes),) * 2
            self.move(_factor(token["rest"]))
            self.tied = {}
        elif kind == "broken":
            self.read_broken(token["broken"])
        elif kind in {"tuplet", "in_time", "notes"}:
            self.read_tuplet(int(token["tuplet"]), token["in_time"], token["notes"])
        elif kind == "graces":
            self.bar.dropped += len(re.findall("[A-Ga-g]", token["graces"]))
        elif kind == "ending":
            self.begin_ending(token[0])
        elif kind == "decoration":
            self.read_decoration(token["decoration"])
        elif kind == "rest_bars":
            self.rest(int(token["rest_bars"] or 1))
        elif kind == "sign_alone":
            self.read_sign(token["sign_alone"])
        self.after_bar_line = kind == "bar" or (self.after_bar_line and token[0].isspace())

    # --- notes -----------------------------------------------------------------------------------

    def place(self, notes: list[re.Match[str]], factor: Fraction) -> None:
        """Adds notes that begin together; the first gives their length."""
        self.place_signs()
        tied, self.tied, self.last_pitches = self.tied, {}, {}
        start = len(self.bar.notes)
        onset, duration = self.move(factor * _factor(notes[0]["length"]))
        self.bar.has_notes = True
        for note in notes:
            letter, octave = note["letter"], note["octave"]
            name = letter.upper()
            if note["sign"]:
                self.altered[name] = ALTERATIONS[note["sign"]]
            before = tied.get((letter, octave)) if not note["sign"] else None
            alter = self.altered.get(name, self.key.alterations.get(name, 0))
            octaves = 5 + letter.islower() + octave.count("'") - octave.count(",")
            pitch = 12 * octaves + LETTER_PITCH_CLASSES[name] + alter + self.semitones
            pitch = pitch if before is None else before
            if duration <= 0 or not 0 <= pitch <= 127:
                self.bar.dropped += 1
                continue
            is_tied = pitch in tied.values()
            self.bar.notes.append(
                WrittenNote(onset, duration, pitch, DEFAULT_VELOCITY, is_tied, tie_starts=False)
            )
            self.last_pitches[letter, octave] = pitch
        self.last = (start, len(self.bar.notes))
        self.line.append((self.bar, onset))
        self.count += len(notes)

    def move(self, factor: Fraction) -> tuple[int, int]:
        """Goes on by a note or a rest of `factor` units; returns its onset and its duration."""
        factor *= self.factor
        self.factor = Fraction(1)
        if self.tuplet_left:
            factor *= self.tuplet
            self.tuplet_left -= 1
        self.last_at = self.at
        self.set_end(self.at + factor * self.unit * TICKS_PER_QUARTER)
        onset = round(self.last_at)
        return onset, round(self.at) - onset

    def set_end(self, at: int | Fraction) -> None:
        self.at = at
        self.bar.length = max(self.bar.length, round(at))

    def read_broken(self, signs: str) -> None:
        """Lengthens one of two notes by what the other is shortened: a>b, a<b."""
        short = Fraction(1, 2 ** len(signs))
        mine, self.factor = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        if self.bar.length == round(self.at):
            self.bar.length = round(self.last_at)
        self.set_end(self.last_at + (self.at - self.last_at) * mine)
        first, after = self.last
        for index in range(first, after):
            note = self.bar.notes[index]
            self.bar.notes[index] = note._replace(duration=round(self.at) - note.onset)

    def read_tuplet(self, number: int, in_time: str | None, notes: str | None) -> None:
        compound = self.meter is not None and self.meter.is_compound
        usual = _NOTES_IN_TIME.get(number, 3 if compound else 2)
        self.tuplet = Fraction(int(in_time or 0) or usual, number)
        self.tuplet_left = int(notes or 0) or number

    def read_sign(self, sign: str) -> None:
        if sign == "-":
            for index in range(*self.last):
                self.bar.notes[index] = self.bar.notes[index]._replace(tie_starts=True)
            self.tied = self.last_pitches
        elif sign == "&":  # another voice in this bar
            self.at = self.last_at = 0
            self.last = (len(self.bar.notes),) * 2
        else:
            self.read_decoration(_SIGNS[sign])

    # --- bars and their marks --------------------------------------------------------------------

    def read_bar_line(self, text: str) -> None:
        colons = len(text) // 2 if text.strip(":") == "" else 0
        before = colons or len(text) - len(text.lstrip(":"))
        after = colons or len(text) - len(text.rstrip(":"))
        self.close_bar()
        if self.bars:
            ended = self.bars[-1].marked()
            ended.times = before + 1 if before else ended.times
            if self.in_ending and text != "|":
                ended.ending_stops, self.in_ending = True, False
        self.bar.marked().repeat_start |= after > 0
        self.place_signs()
        self.in_repeat = after > 0 or (self.in_repeat and not before)

    def place_signs(self) -> None:
        if self.signs != BarMarks():
            self.bar.marked().merge(self.signs)
            self.signs = BarMarks()

    def close_bar(self) -> None:
        """Ends the open bar, unless it is empty."""
        self.altered, self.tuplet_left, self.factor = {}, 0, Fraction(1)
        if self.bar.length:
            self.bars.append(self.bar)
            self.bar, self.at, self.last_at, self.last = WrittenBar(), 0, 0, (0, 0)

    def rest(self, count: int) -> None:
        """Adds bars of rest."""
        length = self.meter.length if self.meter else Fraction(4)
        for _ in range(min(count, MAX_BARS + 1 - len(self.bars))):
            self.close_bar()
            self.set_end(int(length * TICKS_PER_QUARTER))

    def begin_ending(self, text: str) -> None:
        """Begins `[2`, which may stand inside a bar, or `2` behind a bar line."""
        numbers = numbers_of_ending(text.lstrip("["))
        if numbers and (self.after_bar_line or text[0] == "["):
            self.close_bar()
            self.bar.marked().ending = numbers
            self.in_ending = True

    def begin_section(self, name: str) -> None:
        """Begins a part (P:), whose first :| leads to its start."""
        self.close_bar()
        marks = self.bar.marked()
        marks.section = plain_text(name)
        marks.repeat_start |= not self.in_repeat

    def ended_marks(self) -> BarMarks:
        """The marks of the bar that is over, or sounds."""
        return (self.bars[-1] if self.bars and not self.bar.length else self.bar).marked()

    def read_decoration(self, name: str) -> None:
        name = name.lower()
        if name in {"segno", "coda"}:
            self.signs.read_words(name, False, True)
        elif name == "fine":
            self.bar.marked().fine = True
        elif name in _JUMPS:
            self.ended_marks().read_words(_JUMPS[name], False, False)

    def read_text(self, text: str) -> None:
        """Reads a chord symbol, or words such as `^D.C. al Fine`."""
        words = BarMarks()
        words.read_words(plain_text(text), False, not self.bar.length)
        if words != BarMarks():
            if words.jump is not None or words.to_coda:
                self.ended_marks().merge(words)
            else:
                (self.bar.marked() if words.fine else self.signs).merge(words)
        elif text[:1] not in {"^", "_", "<", ">", "@"}:
            self.read_symbol(text.strip())

    def read_symbol(self, text: str) -> None:
        if _NO_CHORD.fullmatch(text):
            self.bar.symbols.append((round(self.at), None))
        elif _SYMBOL.match(text):
            chord = _chord(text)
            if chord is None:
                self.bar.unread += 1
            else:
                fifths = fifths_of(self.semitones)
                sounding = chord.transposed(self.semitones, fifths) if self.semitones else chord
                self.bar.symbols.append((round(self.at), sounding))

    def read_lyrics(self, text: str) -> None:
        """Aligns the syllables of a w: line with the notes of the line of music before it."""
        at = 0  # of `line`
        for token in re.findall(r"[-_*|]|(?:\\-|[^\s\-_*|])+", text):
            if token == "|":
                while 0 < at < len(self.line) and self.line[at][0] is self.line[at - 1][0]:
                    at += 1
            elif token != "-" and at < len(self.line):
                bar, onset = self.line[at]
                at += 1
                if token not in {"_", "*"}:
                    bar.syllables.append(onset)


@lru_cache(maxsize=1024)
def _factor(text: str) -> Fraction:
    """The number behind a note: `3` is three units, `3/2` one and a half, `/` or `/2` a half."""
    above, slashes, below = text.partition("/")[0], text.count("/"), text.rpartition("/")[2]
    if not slashes:
        return Fraction(int(text or 1))
    return Fraction(int(above or 1), (int(below) if below else 0) or 2**slashes)


@lru_cache(maxsize=4096)
def _chord(text: str) -> Chord | None:
    """The chord of a symbol; None if it names none. A bass may be a small letter, with its sign
    behind it (Nottingham's books have `D/f+`)."""
    text = re.split(r"[;\n]", text)[0].strip().strip("()")
    if bass := re.fullmatch(r"(.*)/([a-g])([#b+]?)", text):
        text = f"{bass[1]}/{bass[2].upper()}{bass[3].replace('+', '#')}"
    try:
        return parse_chord_symbol(text)
    except ChordSymbolError:
        return None

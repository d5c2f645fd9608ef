"""Parts as MusicXML: a melody on a staff with chord symbols, sections, slashes and line breaks."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from djmodel.music.chord import Chord
from djmodel.music.chord_kind import chord_kind
from djmodel.music.chord_symbol import bass_place, root_place, symbol_suffix
from djmodel.music.instruments import instrument_name
from djmodel.music.pitch import step_and_alter
from djmodel.music.spelling import Spelling, spell
from djmodel.music.tune import Bar, Change, Tune
from djmodel.outputs import suffixes
from djmodel.outputs.notation.accidentals import Accidentals, Sign
from djmodel.outputs.notation.beams import beams
from djmodel.outputs.notation.labels import beat_mark, feel_name
from djmodel.outputs.notation.lines import PRINT, form_marks, form_starts, line_starts
from djmodel.outputs.notation.rhythm import WrittenNote, written_notes
from djmodel.outputs.notation.written_part import WrittenPart
from seqmodel.errors import InputError
from seqmodel.files import atomic_write, check_suffix
from seqmodel.text import xml_text

MAX_BAR_LENGTH = 64  # quarter notes: four times the longest meter that can be typed
_DIVISIONS = 48  # of a quarter: all note values and triplets are whole numbers of them
_TYPES = {
    4: "whole", 2: "half", 1: "quarter", Fraction(1, 2): "eighth", Fraction(1, 4): "16th",
    Fraction(1, 8): "32nd", Fraction(1, 16): "64th",
}  # fmt: skip
_CLEFS = {"treble": ("G", 2), "alto": ("C", 3), "bass": ("F", 4)}
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


class NotationError(InputError):
    """Notes that cannot be written on a staff."""


def musicxml(part: WrittenPart, starts: Sequence[int] | None = None) -> str:
    """A part as MusicXML. `starts` are the indices of the first bars of the lines, by default those
    of the printed sheet. Raises NotationError for a tune without bars and for note lengths that
    have no written value."""
    root = score_tree(part, starts)
    ET.indent(root)
    doctype = (
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
        ' "http://www.musicxml.org/dtds/partwise.dtd">'
    )
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}\n{text}\n'


def write_musicxml(part: WrittenPart, path: str | Path) -> None:
    """Writes `musicxml(part)` to a .musicxml or .xml file. Raises InputError for another suffix,
    FileError if the file cannot be written, and what `musicxml` raises."""
    check_suffix(path, suffixes.MUSICXML)
    content = musicxml(part)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def score_tree(
    part: WrittenPart, starts: Sequence[int] | None = None, *, labels: bool = True
) -> ET.Element:
    """The root element of the MusicXML. `labels` are title, player, instrument, tempo and feel,
    which a drawing has in its heading."""
    tune = part.tune
    if not tune.bars:
        raise NotationError("there is no bar of music to write", path=tune.title or None)
    for number, bar in enumerate(tune.bars, 0 if tune.has_pickup else 1):
        if bar.length > MAX_BAR_LENGTH:
            problem = f"bar {number} has {float(bar.length):,g} quarters, more than a staff shows"
            raise NotationError(f"{problem} ({MAX_BAR_LENGTH})", path=tune.title or None)
    starts = line_starts(tune, PRINT) if starts is None else starts
    root = ET.Element("score-partwise", version="4.0")
    if labels:
        _add(_add(root, "work"), "work-title", tune.title or " ")
    identification = _add(root, "identification")
    if labels and tune.performer:
        _add(identification, "creator", tune.performer, type="performer")
    _add(_add(identification, "encoding"), "software", "djmodel")
    _part_list(root, part, labels)
    _Measures(part, starts, labels).write(_add(root, "part", id="P1"))
    return root


def _part_list(root: ET.Element, part: WrittenPart, labels: bool) -> None:
    instrument = part.tune.instrument
    name = instrument_name(instrument.name, instrument.program)
    score_part = _add(_add(root, "part-list"), "score-part", id="P1")
    _add(score_part, "part-name", name if labels else "")
    _add(_add(score_part, "score-instrument", id="P1-I1"), "instrument-name", name)
    midi = _add(score_part, "midi-instrument", id="P1-I1")
    _add(midi, "midi-channel", 1)
    _add(midi, "midi-program", instrument.program + 1)


class _Measures:
    """The writer of the measures of a part, one after the other: what it knows of those before."""

    def __init__(self, part: WrittenPart, starts: Sequence[int], labels: bool) -> None:
        self.part, self.tune, self.labels = part, part.tune, labels
        self.key = part.tune.key or 0
        self.starts = {*starts} - {0}
        self.marks = form_marks(part.tune)
        self.sections = {*form_starts(part.tune)}
        self.spellings = _spellings(part.tune, self.key)
        self.accidentals = Accidentals(self.key)
        self.chord: tuple[Chord, bool] | None = None  # the last one printed
        lengths = (bar.length.denominator for bar in part.tune.bars)
        self.divisions = math.lcm(_DIVISIONS, *lengths)

    def write(self, parent: ET.Element) -> None:
        for index, bar in enumerate(self.tune.bars):
            number = index if self.tune.has_pickup else index + 1
            measure = _add(parent, "measure", number=f"{number}")
            if number == 0:
                measure.set("implicit", "yes")
            if index in self.starts:
                _add(measure, "print", new_system="yes")
            self._attributes(measure, index)
            self._directions(measure, index)
            if index in self.starts | {*self.marks} or index == int(self.tune.has_pickup):
                self.chord = None  # repeated, so that a line can be read by itself
            self.accidentals.next_bar()
            self._notes(measure, index, bar, number)
            self._barline(measure, index)

    def _attributes(self, measure: ET.Element, index: int) -> None:
        """Key, clef and transposition at the start, the meter where it changes, slashes."""
        bar = self.tune.bars[index]
        attributes = ET.Element("attributes")
        if index == 0:
            _add(attributes, "divisions", self.divisions)
            _add(_add(attributes, "key"), "fifths", self.key)
        if index == 0 or self.tune.bars[index - 1].meter != bar.meter:
            time = _add(attributes, "time")
            _add(time, "beats", bar.meter.numerator)
            _add(time, "beat-type", bar.meter.denominator)
        if index == 0:
            sign, line = _CLEFS[self.part.clef]
            clef = _add(attributes, "clef")
            _add(clef, "sign", sign)
            _add(clef, "line", line)
            _transpose(attributes, self.part)
        slashed = is_slashed(bar)
        before = self.tune.bars[index - 1] if index else None
        was_slashed = before is not None and is_slashed(before)
        if slashed and not (was_slashed and before and before.meter == bar.meter):
            slash = _add(_add(attributes, "measure-style"), "slash", type="start", use_stems="no")
            value, dots = _note_value(bar.meter.beat)
            _add(slash, "slash-type", value)
            for _ in range(dots):
                _add(slash, "slash-dot")
        elif was_slashed and not slashed:
            _add(_add(attributes, "measure-style"), "slash", type="stop")
        if len(attributes):
            measure.append(attributes)

    def _directions(self, measure: ET.Element, index: int) -> None:
        """Feel and tempo at the start, and the marks of the form."""
        if index == 0 and self.labels:
            self._tempo(measure)
        mark = self.marks.get(index)
        if mark is None:
            return
        if mark.chorus:
            self._direction(measure, "words", f"Chorus {mark.chorus}", font_weight="bold")
        if mark.name:
            self._direction(measure, "rehearsal", mark.name, enclosure="square")

    def _direction(self, measure: ET.Element, kind: str, text: str, **attributes: str) -> None:
        direction = _add(measure, "direction", placement="above")
        _add(_add(direction, "direction-type"), kind, text, **attributes)

    def _tempo(self, measure: ET.Element) -> None:
        mark, feel = beat_mark(self.tune), feel_name(self.tune)
        if feel:
            self._direction(measure, "words", feel, font_weight="bold")
        if mark is None:
            return
        direction = _add(measure, "direction", placement="above")
        metronome = _add(_add(direction, "direction-type"), "metronome")
        value, dots = _note_value(mark.value)
        _add(metronome, "beat-unit", value)
        for _ in range(dots):
            _add(metronome, "beat-unit-dot")
        _add(metronome, "per-minute", mark.number)
        _add(direction, "sound", tempo=f"{self.tune.tempos[0].bpm:g}")

    def _notes(self, measure: ET.Element, index: int, bar: Bar, number: int) -> None:
        """The notes and rests of a bar, each after the chords that begin with it or in it."""
        changes = [change for change in bar.changes if self._is_new(change)]
        if not bar.melody:
            self._harmonies(measure, changes, Fraction(0))
            note = _add(measure, "note")
            _add(note, "rest", measure="yes")
            _add(note, "duration", self._in_divisions(bar.length))
            _add(note, "voice", 1)
            return
        before = self.tune.bars[index - 1] if index else None
        following = self.tune.bars[index + 1] if index + 1 < len(self.tune.bars) else None
        try:
            pieces = written_notes(bar, tied_on=following is not None and _is_tied(bar, following))
        except ValueError as error:
            raise NotationError(
                f"bar {number} cannot be written, because {error}",
                hint="quantize the tune first: quarters are divided by four or by three",
            ) from error
        held = before is not None and _is_tied(before, bar)  # the next note continues one before
        for piece, states in zip(pieces, beams(bar, pieces), strict=True):
            end = piece.onset + piece.duration
            self._harmonies(measure, [c for c in changes if c.onset < end], piece.onset)
            changes = [change for change in changes if change.onset >= end]
            self._note(measure, piece, states, self.spellings[index], held)
            held = piece.tied

    def _note(
        self,
        measure: ET.Element,
        piece: WrittenNote,
        states: Sequence[str],
        spellings: dict[Fraction, Spelling],
        held: bool,
    ) -> None:
        note, sign = _add(measure, "note"), Sign.NONE
        if piece.note is None:
            _add(note, "rest")
        else:
            spelling = spellings[piece.note.onset]
            pitch = _add(note, "pitch")
            _pitch(pitch, spelling.step, spelling.alter)
            _add(pitch, "octave", spelling.octave)
            sign = Sign.NONE if held else self.accidentals.sign(spelling)
        _add(note, "duration", self._in_divisions(piece.duration))
        ties = [kind for kind, wanted in (("stop", held), ("start", piece.tied)) if wanted]
        if piece.note is None:
            ties = []
        for kind in ties:
            _add(note, "tie", type=kind)
        _add(note, "voice", 1)
        value, dots = _note_value(piece.value)
        _add(note, "type", value)
        for _ in range(dots):
            _add(note, "dot")
        if sign is not Sign.NONE and piece.note is not None:
            reminder = {"cautionary": "yes"} if sign is Sign.REMINDER else {}
            _add(note, "accidental", _ACCIDENTALS[spelling.alter], **reminder)
        if piece.triplet:
            ratio = _add(note, "time-modification")
            _add(ratio, "actual-notes", 3)
            _add(ratio, "normal-notes", 2)
        for number, state in enumerate(states, 1):
            _add(note, "beam", state, number=f"{number}")
        edges = [
            kind for kind, is_edge in (("start", piece.begins), ("stop", piece.ends)) if is_edge
        ]
        if ties or (piece.triplet and edges):
            notations = _add(note, "notations")
            for kind in ties:
                _add(notations, "tied", type=kind)
            for kind in edges:
                _add(notations, "tuplet", type=kind)

    def _harmonies(self, measure: ET.Element, changes: Sequence[Change], now: Fraction) -> None:
        for change in changes:
            harmony = _harmony(change, self.key)
            if change.onset > now:
                _add(harmony, "offset", self._in_divisions(change.onset - now))
            measure.append(harmony)

    def _is_new(self, change: Change) -> bool:
        """True for a chord that is not the last one printed; it then is."""
        before, self.chord = self.chord, (change.chord, change.sounding)
        return self.chord != before

    def _barline(self, measure: ET.Element, index: int) -> None:
        """A double bar line at the end of a section, the final one at the end of the tune."""
        is_last = index + 1 == len(self.tune.bars)
        if is_last or index + 1 in self.sections:
            barline = _add(measure, "barline", location="right")
            _add(barline, "bar-style", "light-heavy" if is_last else "light-light")

    def _in_divisions(self, duration: Fraction) -> str:
        divisions = duration * self.divisions
        return f"{divisions}" if divisions.denominator == 1 else f"{float(divisions):.6f}"


def is_slashed(bar: Bar) -> bool:
    """True for a bar without melody over sounding chords, in which slashes stand for the beats."""
    return not bar.melody and any(change.sounding for change in bar.changes)


def _transpose(attributes: ET.Element, part: WrittenPart) -> None:
    """The interval from written to sounding pitch, where they differ."""
    if not part.semitones:
        return
    octaves = part.semitones // 12 if part.semitones > 0 else -(-part.semitones // 12)
    transpose = _add(attributes, "transpose")
    _add(transpose, "diatonic", 7 * octaves - part.steps)
    _add(transpose, "chromatic", 12 * octaves - part.semitones)
    if octaves:
        _add(transpose, "octave-change", -octaves)


def _harmony(change: Change, key: int) -> ET.Element:
    """A change with kind and degrees, and the text that `chord_symbol` gives, which says the
    degrees, too."""
    harmony = ET.Element("harmony")
    if not change.sounding:
        _add(_add(harmony, "root"), "root-step", "C", text="")
        _add(harmony, "kind", "none", text="N.C.")
        return harmony
    chord = change.chord
    kind, degrees = chord_kind(chord)
    _pitch(_add(harmony, "root"), *step_and_alter(root_place(chord, key)), prefix="root-")
    _add(harmony, "kind", kind, text=symbol_suffix(chord))
    if chord.bass != chord.root:
        _pitch(_add(harmony, "bass"), *step_and_alter(bass_place(chord, key)), prefix="bass-")
    for degree in degrees:
        element = _add(harmony, "degree", print_object="no")
        _add(element, "degree-value", degree.number)
        _add(element, "degree-alter", degree.alter)
        _add(element, "degree-type", degree.change)
    return harmony


def _is_tied(bar: Bar, following: Bar) -> bool:
    """True if the last note of a bar is held into the next."""
    if not bar.melody or not following.melody:
        return False
    last, first = bar.melody[-1], following.melody[0]
    return first.tied and first.onset == 0 and last.end >= bar.length and last.pitch == first.pitch


def _note_value(value: Fraction) -> tuple[str, int]:
    """The type of a note value in quarter lengths, and its dots."""
    if value in _TYPES:
        return _TYPES[value], 0
    return _TYPES[value * 2 / 3], 1


def _spellings(tune: Tune, key: int) -> list[dict[Fraction, Spelling]]:
    """The spelling of each melody note, for each bar by onset."""
    pitches = [note.pitch for bar in tune.bars for note in bar.melody]
    chords = [bar.chord_at(note.onset) for bar in tune.bars for note in bar.melody]
    spelled = iter(spell(pitches, chords, key))
    return [{note.onset: next(spelled) for note in bar.melody} for bar in tune.bars]


def _pitch(parent: ET.Element, step: str, alter: int, *, prefix: str = "") -> None:
    _add(parent, f"{prefix}step", step)
    if alter:
        _add(parent, f"{prefix}alter", alter)


def _add(parent: ET.Element, tag: str, content: str | int = "", /, **attributes: str) -> ET.Element:
    """Appends an element; in the names of attributes `_` stands for `-`."""
    named = {name.replace("_", "-"): xml_text(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, named)
    element.text = xml_text(f"{content}") or None
    return element

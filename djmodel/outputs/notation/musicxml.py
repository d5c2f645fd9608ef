"""Parts as MusicXML: a melody on a staff with chord symbols, sections, slashes and line breaks.

The file has the rhythm of the printed sheet, because notation programs open it to be read and
changed by hand; the exact one is in the MIDI file. A part that differs says so.
"""

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
from djmodel.outputs.notation.elements import add, add_note_type, add_pitch, direction
from djmodel.outputs.notation.labels import beat_mark, feel_name, soloist_text, title_of
from djmodel.outputs.notation.lines import (
    PRINT,
    form_marks,
    form_starts,
    line_starts,
    slashed_bars,
)
from djmodel.outputs.notation.rhythm import WrittenNote, beams, written_notes
from djmodel.outputs.notation.roadmap import Roadmap
from djmodel.outputs.notation.written_part import WrittenPart
from seqmodel.errors import InputError
from seqmodel.files import atomic_write, check_suffix

MAX_BAR_LENGTH = 64  # quarter notes: four times the longest meter that can be typed
_DIVISIONS = 48  # of a quarter: all note values and triplets are whole numbers of them
_CLEFS = {
    "treble": ("G", 2), "octave treble": ("G", 2), "alto": ("C", 3), "tenor": ("C", 4),
    "bass": ("F", 4),
}  # fmt: skip
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
    """The root element of the MusicXML. `labels` are title, composer, player, instrument, tempo,
    feel and the numbers of choruses, which a drawing has in its heading and above its lines."""
    tune = part.tune
    if not tune.bars:
        raise NotationError("there is no bar of music to write", path=tune.title or None)
    for number, bar in enumerate(tune.bars, 0 if tune.has_pickup else 1):
        if bar.length > MAX_BAR_LENGTH:
            problem = f"bar {number} has {float(bar.length):,g} quarters, more than a staff shows"
            raise NotationError(f"{problem} ({MAX_BAR_LENGTH})", path=tune.title or None)
    starts = line_starts(part, PRINT) if starts is None else starts
    root = ET.Element("score-partwise", version="4.0")
    if labels:
        add(add(root, "work"), "work-title", title_of(tune) or " ")
    identification = add(root, "identification")
    if labels:
        _creators(identification, tune)
    add(add(identification, "encoding"), "software", "djmodel")
    if part.simplified:
        remark = f"simplified for reading: {part.simplified} notes begin or end elsewhere"
        add(add(identification, "miscellaneous"), "miscellaneous-field", remark, name="rhythm")
    if labels:
        _credits(root, tune)
    _part_list(root, part, labels)
    _Measures(part, starts, labels).write(add(root, "part", id="P1"))
    return root


def _creators(identification: ET.Element, tune: Tune) -> None:
    if tune.composer:
        add(identification, "creator", tune.composer, type="composer")
    if tune.performer:
        add(identification, "creator", tune.performer, type="performer")


def _credits(root: ET.Element, tune: Tune) -> None:
    """The words of the first page, where there are others than title and composer."""
    if not soloist_text(tune):
        return
    for kind, words, justify in (
        ("title", title_of(tune), "center"),
        ("subtitle", soloist_text(tune), "center"),
        ("composer", tune.composer, "right"),
    ):
        if words:
            credit = add(root, "credit", page="1")
            add(credit, "credit-type", kind)
            add(credit, "credit-words", words, justify=justify)


def _part_list(root: ET.Element, part: WrittenPart, labels: bool) -> None:
    instrument = part.tune.instrument
    name = instrument_name(instrument.name, instrument.program)
    score_part = add(add(root, "part-list"), "score-part", id="P1")
    add(score_part, "part-name", name if labels else "")
    add(add(score_part, "score-instrument", id="P1-I1"), "instrument-name", name)
    midi = add(score_part, "midi-instrument", id="P1-I1")
    add(midi, "midi-channel", 1)
    add(midi, "midi-program", instrument.program + 1)


class _Measures:
    """The writer of the measures of a part, one after the other: what it knows of those before."""

    def __init__(self, part: WrittenPart, starts: Sequence[int], labels: bool) -> None:
        self.part, self.tune, self.labels = part, part.tune, labels
        self.key = part.tune.key or 0
        self.starts = {*starts} - {0}
        self.marks = form_marks(part.tune)
        self.sections = {*form_starts(part.tune)}
        self.slashed = slashed_bars(part.tune)
        self.roadmap = Roadmap(part.marks, part.last_chorus)
        self.spellings = _spellings(part.tune, self.key)
        self.accidentals = Accidentals(self.key)
        self.chord: tuple[Chord, bool] | None = None  # the last one printed
        lengths = (bar.length.denominator for bar in part.tune.bars)
        self.divisions = math.lcm(_DIVISIONS, *lengths)

    def write(self, parent: ET.Element) -> None:
        for index, bar in enumerate(self.tune.bars):
            number = index if self.tune.has_pickup else index + 1
            measure = add(parent, "measure", number=f"{number}")
            if number == 0:
                measure.set("implicit", "yes")
            if index in self.starts:
                add(measure, "print", new_system="yes")
            self.roadmap.add_start(measure, index)
            self._attributes(measure, index)
            self._directions(measure, index)
            begins = self.roadmap.begins(index) or index == int(self.tune.has_pickup)
            if begins or index in self.starts or index in self.marks:
                self.chord = None  # repeated, so that a line can be read by itself
            self.accidentals.next_bar()
            self.roadmap.add_words(measure, index, self._in_divisions(bar.length))
            self._notes(measure, index, bar, number)
            self._barline(measure, index)

    def _attributes(self, measure: ET.Element, index: int) -> None:
        """Key, clef and transposition at the start, the meter where it changes, slashes."""
        bar = self.tune.bars[index]
        attributes = ET.Element("attributes")
        if index == 0:
            add(attributes, "divisions", self.divisions)
            add(add(attributes, "key"), "fifths", self.key)
        if index == 0 or self.tune.bars[index - 1].meter != bar.meter:
            time = add(attributes, "time")
            add(time, "beats", bar.meter.numerator)
            add(time, "beat-type", bar.meter.denominator)
        if index == 0:
            sign, line = _CLEFS[self.part.clef]
            clef = add(attributes, "clef")
            add(clef, "sign", sign)
            add(clef, "line", line)
            if self.part.clef == "octave treble":
                add(clef, "clef-octave-change", -1)
            _transpose(attributes, self.part)
        slashed, was_slashed = index in self.slashed, index - 1 in self.slashed
        if slashed and not (was_slashed and self.tune.bars[index - 1].meter == bar.meter):
            slash = add(add(attributes, "measure-style"), "slash", type="start", use_stems="no")
            add_note_type(slash, "slash-type", bar.meter.beat, "slash-dot")
        elif was_slashed and not slashed:
            add(add(attributes, "measure-style"), "slash", type="stop")
        if len(attributes):
            measure.append(attributes)

    def _directions(self, measure: ET.Element, index: int) -> None:
        """Feel and tempo at the start, and the marks of the form."""
        if index == 0 and self.labels:
            self._tempo(measure)
        mark = self.marks.get(index)
        if mark and mark.chorus and self.labels:
            direction(measure, "words", f"Chorus {mark.chorus}", font_weight="bold")
        if mark and mark.name:
            direction(measure, "rehearsal", mark.name, enclosure="square")
        self.roadmap.add_signs(measure, index)

    def _tempo(self, measure: ET.Element) -> None:
        mark, feel = beat_mark(self.tune), feel_name(self.tune)
        if feel:
            direction(measure, "words", feel, font_weight="bold")
        if mark is None:
            return
        tempo = direction(measure, "metronome")
        [metronome] = tempo.iter("metronome")
        add_note_type(metronome, "beat-unit", mark.value, "beat-unit-dot")
        add(metronome, "per-minute", mark.number)
        add(tempo, "sound", tempo=f"{self.tune.tempos[0].bpm:g}")

    def _notes(self, measure: ET.Element, index: int, bar: Bar, number: int) -> None:
        """The notes and rests of a bar, each after the chords that begin with it or in it."""
        changes = [change for change in bar.changes if self._is_new(change)]
        if not bar.melody:
            self._harmonies(measure, changes, Fraction(0))
            note = add(measure, "note")
            add(note, "rest", measure="yes")
            add(note, "duration", self._in_divisions(bar.length))
            add(note, "voice", 1)
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
        note, sign = add(measure, "note"), Sign.NONE
        if piece.note is None:
            add(note, "rest")
        else:
            spelling = spellings[piece.note.onset]
            pitch = add(note, "pitch")
            add_pitch(pitch, spelling.step, spelling.alter)
            add(pitch, "octave", spelling.octave)
            sign = Sign.NONE if held else self.accidentals.sign(spelling)
        add(note, "duration", self._in_divisions(piece.duration))
        ties = [kind for kind, wanted in (("stop", held), ("start", piece.tied)) if wanted]
        if piece.note is None:
            ties = []
        for kind in ties:
            add(note, "tie", type=kind)
        add(note, "voice", 1)
        add_note_type(note, "type", piece.value, "dot")
        if sign is not Sign.NONE and piece.note is not None:
            reminder = {"cautionary": "yes"} if sign is Sign.REMINDER else {}
            add(note, "accidental", _ACCIDENTALS[spelling.alter], **reminder)
        if piece.triplet:
            ratio = add(note, "time-modification")
            add(ratio, "actual-notes", 3)
            add(ratio, "normal-notes", 2)
        for number, state in enumerate(states, 1):
            add(note, "beam", state, number=f"{number}")
        edges = [
            kind for kind, is_edge in (("start", piece.begins), ("stop", piece.ends)) if is_edge
        ]
        if ties or (piece.triplet and edges):
            notations = add(note, "notations")
            for kind in ties:
                add(notations, "tied", type=kind)
            for kind in edges:
                add(notations, "tuplet", type=kind)

    def _harmonies(self, measure: ET.Element, changes: Sequence[Change], now: Fraction) -> None:
        for change in changes:
            harmony = _harmony(change, self.key)
            if change.onset > now:
                add(harmony, "offset", self._in_divisions(change.onset - now))
            measure.append(harmony)

    def _is_new(self, change: Change) -> bool:
        """True for a chord that is not the last one printed; it then is."""
        before, self.chord = self.chord, (change.chord, change.sounding)
        return self.chord != before

    def _barline(self, measure: ET.Element, index: int) -> None:
        """A double bar line at the end of a section, the final one at the end of the tune."""
        is_last = index + 1 == len(self.tune.bars)
        style = "light-light" if index + 1 in self.sections else ""
        self.roadmap.add_end(measure, index, "light-heavy" if is_last else style)

    def _in_divisions(self, duration: Fraction) -> str:
        divisions = duration * self.divisions
        return f"{divisions}" if divisions.denominator == 1 else f"{float(divisions):.6f}"


def _transpose(attributes: ET.Element, part: WrittenPart) -> None:
    """The interval from written to sounding pitch, where they differ."""
    if not part.semitones:
        return
    octaves = part.semitones // 12 if part.semitones > 0 else -(-part.semitones // 12)
    transpose = add(attributes, "transpose")
    add(transpose, "diatonic", 7 * octaves - part.steps)
    add(transpose, "chromatic", 12 * octaves - part.semitones)
    if octaves:
        add(transpose, "octave-change", -octaves)


def _harmony(change: Change, key: int) -> ET.Element:
    """A change with kind and degrees, and the text that `chord_symbol` gives, which says the
    degrees, too."""
    harmony = ET.Element("harmony")
    if not change.sounding:
        add(add(harmony, "root"), "root-step", "C", text="")
        add(harmony, "kind", "none", text="N.C.")
        return harmony
    chord = change.chord
    kind, degrees = chord_kind(chord)
    add_pitch(add(harmony, "root"), *step_and_alter(root_place(chord, key)), prefix="root-")
    add(harmony, "kind", kind, text=symbol_suffix(chord))
    if chord.bass != chord.root:
        add_pitch(add(harmony, "bass"), *step_and_alter(bass_place(chord, key)), prefix="bass-")
    for degree in degrees:
        element = add(harmony, "degree", print_object="no")
        add(element, "degree-value", degree.number)
        add(element, "degree-alter", degree.alter)
        add(element, "degree-type", degree.change)
    return harmony


def _is_tied(bar: Bar, following: Bar) -> bool:
    """True if the last note of a bar is held into the next."""
    if not bar.melody or not following.melody:
        return False
    last, first = bar.melody[-1], following.melody[0]
    return first.tied and first.onset == 0 and last.end >= bar.length and last.pitch == first.pitch


def _spellings(tune: Tune, key: int) -> list[dict[Fraction, Spelling]]:
    """The spelling of each melody note, for each bar by onset."""
    pitches = [note.pitch for bar in tune.bars for note in bar.melody]
    chords = [bar.chord_at(note.onset) for bar in tune.bars for note in bar.melody]
    spelled = iter(spell(pitches, chords, key))
    return [{note.onset: next(spelled) for note in bar.melody} for bar in tune.bars]

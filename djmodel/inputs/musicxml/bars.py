"""The bars of one part: `<measure>` -> WrittenBar."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from xml.etree.ElementTree import Element

from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.musicxml.harmony import HarmonyError, read_harmony
from djmodel.inputs.musicxml.numbers import exact_number, whole_number
from djmodel.inputs.musicxml.repeats import BarlineReader
from djmodel.inputs.musicxml.written import (
    TICKS_PER_QUARTER,
    PartFacts,
    UncoveredError,
    WrittenBar,
    WrittenNote,
)
from djmodel.music.meter import Meter, meter_of
from djmodel.music.pitch import LETTER_PITCH_CLASSES, MAX_KEY_ACCIDENTALS

_DEFAULT_VELOCITY = 80
_VELOCITY_OF_PERCENT = Fraction(90, 100)  # `dynamics` is a percentage of the MIDI velocity 90
_MAX_SEMITONES = 48  # of a transposition
# Of a note: most of its elements, so that they are passed over first.
_WITHOUT_EFFECT = {"voice", "type", "stem", "beam", "accidental", "dot", "time-modification"}
_QUARTERS: dict[str, int | Fraction] = {
    "breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4), "32nd": Fraction(1, 8),
}  # fmt: skip


class PartReader:
    """Reads the bars of a part in order. What holds from one bar to the next: the `unit` (ticks of
    one division), the transposition in semitones and fifths, and an open ending."""

    def __init__(self, facts: PartFacts) -> None:
        self.facts = facts
        self.unit: int | Fraction = TICKS_PER_QUARTER
        self.semitones = self.fifths = 0
        self.meter: Meter | None = None
        self.barlines = BarlineReader()
        self.at: int | Fraction = 0  # ticks from the start of the bar
        self.chord_at: int | Fraction = 0  # where the notes of a chord begin
        self.bar = WrittenBar()

    def read(self, measure: Element) -> WrittenBar:
        """Raises UncoveredError."""
        self.bar, self.at, self.chord_at = WrittenBar(), 0, 0
        for element in measure:
            tag = element.tag
            if tag == "note":
                self.read_note(element)
            elif tag == "backup":
                self.at = max(self.at - self.ticks(element), 0)
            elif tag == "forward":
                self.at += self.ticks(element)
            elif tag == "attributes":
                self.read_attributes(element)
            elif tag == "harmony":
                self.read_harmony(element)
            elif tag == "direction":
                self.read_direction(element)
            elif tag == "sound":
                self.read_sound(element)
            elif tag == "barline":
                self.barlines.read(element, self.bar.marks)
        return self.bar

    def ticks(self, element: Element) -> int | Fraction:
        """The duration of an element."""
        return max(exact_number(element.findtext("duration")) * self.unit, 0)

    def read_note(self, note: Element) -> None:
        """Reads a note or a rest. Notes of cues and slashes take their time and are silent: the
        first are another part's, the second stand for whatever is played over the chords."""
        pitch: int | None = None
        duration: int | Fraction = 0
        starts = stops = chord = grace = rest = silent = sung = drum = False
        staff = 1
        for child in note:
            tag = child.tag
            if tag == "pitch":
                pitch = self.pitch(child)
            elif tag == "duration":
                duration = max(exact_number(child.text) * self.unit, 0)
            elif tag in _WITHOUT_EFFECT:
                continue
            elif tag == "tie":
                starts |= child.get("type") == "start"
                stops |= child.get("type") == "stop"
            elif tag == "staff":
                staff = whole_number(child.text)
            elif tag == "chord":
                chord = True
            elif tag == "lyric":
                sung |= bool((child.findtext("text") or "").strip())
            elif tag == "grace":
                grace = True
            elif tag == "rest":
                rest = True
            elif tag == "cue":
                silent = True
            elif tag == "notehead":
                silent |= (child.text or "").strip() == "slash"
            elif tag == "unpitched":
                drum = True
                pitch = self.drum_sound(note)
            elif tag == "notations" and not (starts or stops):
                tied = {element.get("type") for element in child.findall("tied")}
                starts, stops = "start" in tied, "stop" in tied
        if grace:
            self.bar.dropped += pitch is not None
            return
        if not chord:
            self.chord_at = self.at
            self.at += duration
        onset, end = round(self.chord_at), round(self.chord_at + duration)
        self.bar.length = max(self.bar.length, end)
        self.bar.has_notes |= not rest
        if rest or silent or pitch is None:
            return
        if end <= onset or not 0 <= pitch <= 127:
            self.bar.dropped += 1
            return
        velocity = _velocity(note.get("dynamics"))
        self.bar.notes.append(
            WrittenNote(onset, end - onset, pitch, velocity, stops, starts, staff, sung, drum)
        )

    def pitch(self, element: Element) -> int | None:
        """The MIDI number of a `<pitch>` as it sounds; None for a letter that is not a note."""
        step = alter = octave = None
        for child in element:
            if child.tag == "step":
                step = child.text
            elif child.tag == "alter":
                alter = child.text
            elif child.tag == "octave":
                octave = child.text
        letter = LETTER_PITCH_CLASSES.get(step or "")
        if letter is None:  # in small letters, or with spaces
            letter = LETTER_PITCH_CLASSES.get((step or "").strip().upper())
        if letter is None:
            return None
        altered = whole_number(alter) if alter else 0
        return 12 * (whole_number(octave) + 1) + letter + altered + self.semitones

    def drum_sound(self, note: Element) -> int | None:
        """The sound of an unpitched note; None where the list of parts names none."""
        drums = self.facts.drums
        instrument = note.find("instrument")
        if instrument is not None:
            return drums.get(instrument.get("id", ""))
        return next(iter(drums.values()), None)

    def read_attributes(self, attributes: Element) -> None:
        for child in attributes:
            if child.tag == "divisions":
                divisions = exact_number(child.text)
                if divisions > 0:
                    unit = Fraction(TICKS_PER_QUARTER) / divisions
                    self.unit = unit.numerator if unit.denominator == 1 else unit
            elif child.tag == "transpose" and child.get("number", "1") == "1":
                self.semitones, self.fifths = _transposition(child)
            elif child.tag == "time" and child.get("number", "1") == "1":
                self.read_time(child)
        key = attributes.find("key")  # after the transposition, which stands behind it
        if key is not None and self.bar.key is None and key.find("fifths") is not None:
            fifths = whole_number(key.findtext("fifths"))
            if abs(fifths) <= MAX_KEY_ACCIDENTALS:
                self.bar.key = _usual_key(fifths + self.fifths)

    def read_time(self, time: Element) -> None:
        """Reads a time signature, `3/4` or a sum such as `3+2/8`. Raises UncoveredError for another
        one inside a bar."""
        length, unit = Fraction(0), 1
        for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=False):
            number = sum(map(int, re.findall(r"\d{1,3}", (beats.text or "")[:40])))
            term = meter_of(number, whole_number(beat_type.text))
            if term is None:
                return
            length, unit = length + term.length, max(unit, term.denominator)
        meter = meter_of(int(length * unit / 4), unit)
        if meter is None:
            return
        if self.at and meter != self.meter:
            raise UncoveredError("the meter changes inside a bar")
        self.meter = self.bar.meter = meter

    def onset(self, element: Element) -> int:
        """The place of a direction or a chord symbol, in ticks from the start of the bar."""
        offset = element.find("offset")
        shift = 0 if offset is None else exact_number(offset.text) * self.unit
        return max(round(self.at + shift), 0)

    def read_harmony(self, element: Element) -> None:
        try:
            chord = read_harmony(element)
        except HarmonyError:
            self.bar.unread += 1
            return
        if chord is not None and (self.semitones or self.fifths):
            chord = chord.transposed(self.semitones, self.fifths)
        self.bar.symbols.append((self.onset(element), chord))

    def read_direction(self, direction: Element) -> None:
        """Reads tempo, section, and the signs and words of jumps."""
        onset, marks = self.onset(direction), self.bar.marks
        sound = direction.find("sound")
        words, has_coda = "", False
        tempo: float | None = None
        for sign in direction.iterfind("direction-type/*"):
            if sign.tag == "words":
                words = f"{words} {sign.text or ''}"
            elif sign.tag == "metronome":
                tempo = _metronome(sign)
            elif sign.tag == "rehearsal" and not onset:
                marks.section = plain_text(sign.text or "")
            elif sign.tag == "segno":
                marks.segno = True
            elif sign.tag == "coda":
                has_coda = True
        if sound is not None:
            marks.read_sound(sound)
            tempo = _tempo(sound) or tempo
            has_coda = has_coda and "tocoda" not in sound.attrib
        if tempo is not None:
            self.bar.tempos.append((onset, tempo))
        if has_coda or words:
            marks.read_words(plain_text(words), has_coda, onset == 0)

    def read_sound(self, sound: Element) -> None:
        """Reads a `<sound>` that belongs to no direction."""
        self.bar.marks.read_sound(sound)
        if tempo := _tempo(sound):
            self.bar.tempos.append((max(round(self.at), 0), tempo))


def _tempo(sound: Element) -> float | None:
    """Quarter notes per minute; None if the `<sound>` gives no tempo."""
    return float(exact_number(sound.get("tempo"))) or None


def _velocity(percent: str | None) -> int:
    return _DEFAULT_VELOCITY if percent is None else _velocity_of(exact_number(percent))


@lru_cache(maxsize=1024)
def _velocity_of(percent: int | Fraction) -> int:
    return min(max(round(percent * _VELOCITY_OF_PERCENT), 1), 127)


def _transposition(transpose: Element) -> tuple[int, int]:
    """Semitones from the written to the sounding pitch, and the same on the circle of fifths."""
    octaves = whole_number(transpose.findtext("octave-change"))
    semitones = whole_number(transpose.findtext("chromatic"))
    diatonic = transpose.findtext("diatonic")
    if diatonic is None:  # the nearest spelling, of six fifths the flat one
        fifths = (7 * semitones + 6) % 12 - 6
    else:
        fifths = 7 * semitones - 12 * whole_number(diatonic)
    if abs(semitones + 12 * octaves) > _MAX_SEMITONES or abs(fifths) > 12:
        return 0, 0
    return semitones + 12 * octaves, fifths


def _usual_key(fifths: int) -> int:
    """The signature of the same key with at most seven accidentals."""
    if abs(fifths) <= MAX_KEY_ACCIDENTALS:
        return fifths
    return fifths - 12 if fifths > 0 else fifths + 12


def _metronome(metronome: Element) -> float | None:
    """Quarter notes per minute of a mark such as `half = 90`; None if it gives no number."""
    quarters: Fraction | None = None
    undotted = Fraction(0)
    for child in metronome:
        if child.tag == "beat-unit" and quarters is None:
            undotted = quarters = Fraction(_QUARTERS.get((child.text or "").strip(), 0))
        elif child.tag == "beat-unit-dot" and quarters is not None:
            undotted /= 2
            quarters += undotted
        elif child.tag == "per-minute" and quarters is not None:
            number = re.search(r"\d+(?:\.\d+)?", (child.text or "")[:40])
            return float(quarters * exact_number(number[0])) or None if number else None
    return None

"""The bars of one part: `<measure>` -> WrittenBar."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from xml.etree.ElementTree import Element

from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.musicxml.barlines import BarlineReader, read_sound
from djmodel.inputs.musicxml.harmony import HarmonyError, read_harmony
from djmodel.inputs.musicxml.numbers import exact_number, whole_number
from djmodel.inputs.written.sheet import (
    MAX_SEMITONES,
    TICKS_PER_QUARTER,
    UncoveredError,
    WrittenBar,
    WrittenNote,
    WrittenPart,
)
from djmodel.music.meter import Meter, meter_of
from djmodel.music.pitch import LETTER_PITCH_CLASSES, MAX_KEY_ACCIDENTALS, fifths_of, usual_key
from djmodel.music.tune import DEFAULT_VELOCITY

_VELOCITY_OF_PERCENT = Fraction(90, 100)  # `dynamics` is a percentage of the MIDI velocity 90
_MAX_DURATIONS = 1024  # different ones that are kept
_TIED = "notations/tied"  # of writers that leave out `<tie>`
_QUARTERS: dict[str, int | Fraction] = {
    "breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": Fraction(1, 2),
    "16th": Fraction(1, 4), "32nd": Fraction(1, 8),
}  # fmt: skip


class PartReader:
    """Reads the bars of a part in order. What holds from one bar to the next: the durations of one
    `unit` (ticks of a division), the transposition in semitones and fifths, and an open ending."""

    def __init__(self, part: WrittenPart) -> None:
        self.part = part
        self.durations = _Durations(TICKS_PER_QUARTER)
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
                self.at = max(self.at - self.durations[element.findtext("duration")], 0)
            elif tag == "forward":
                self.at += self.durations[element.findtext("duration")]
            elif tag == "attributes":
                self.read_attributes(element)
            elif tag == "harmony":
                self.read_harmony(element)
            elif tag == "direction":
                self.read_direction(element)
            elif tag == "sound":
                self.read_sound(element)
            elif tag == "barline":
                self.barlines.read(element, self.bar.marked())
        return self.bar

    def read_note(self, note: Element) -> None:
        """Reads a note or a rest. Notes of cues and slashes take their time and are silent: the
        first are another part's, the second stand for whatever is played over the chords."""
        found = {child.tag: child for child in note}
        bar = self.bar
        if "grace" in found:
            bar.dropped += "pitch" in found
            return
        duration = self.durations[found["duration"].text] if "duration" in found else 0
        if "chord" not in found:
            self.chord_at = self.at
            self.at += duration
        onset, end = round(self.chord_at), round(self.chord_at + duration)
        if end > bar.length:
            bar.length = end
        if "rest" in found:
            return
        bar.has_notes = True
        if "cue" in found or ("notehead" in found and _is_slash(found["notehead"])):
            return
        staff = whole_number(found["staff"].text) if "staff" in found else 1
        if "pitch" in found:
            pitch = self.pitch(found["pitch"])
        elif "unpitched" in found:
            pitch = self.drum_sound(note)
            self.part.drum_staves.add(staff)
        else:
            return
        if pitch is None:
            return
        if end <= onset or not 0 <= pitch <= 127:
            bar.dropped += 1
            return
        starts = stops = False
        if "tie" in found or "notations" in found:
            tied = {tie.get("type") for tie in note.findall("tie") or note.findall(_TIED)}
            starts, stops = "start" in tied, "stop" in tied
        if "lyric" in found and any(map(str.strip, map(_syllable, note.findall("lyric")))):
            bar.syllables.append(onset)
        velocity = _velocity(note.get("dynamics"))
        bar.notes.append(WrittenNote(onset, end - onset, pitch, velocity, stops, starts, staff))

    def pitch(self, element: Element) -> int | None:
        """The MIDI number of a `<pitch>` as it sounds; None for a letter that is not a note."""
        written = _written_pitch(
            element.findtext("step"), element.findtext("alter"), element.findtext("octave")
        )
        return None if written is None else written + self.semitones

    def drum_sound(self, note: Element) -> int | None:
        """The sound of an unpitched note; None where the list of parts names none."""
        drums = self.part.facts.drums
        instrument = note.find("instrument")
        if instrument is not None:
            return drums.get(instrument.get("id", ""))
        return next(iter(drums.values()), None)

    def read_attributes(self, attributes: Element) -> None:
        for child in attributes:
            if child.tag == "divisions":
                divisions = exact_number(child.text)
                if divisions > 0:
                    self.durations = _Durations(Fraction(TICKS_PER_QUARTER) / divisions)
            elif child.tag == "transpose" and child.get("number", "1") == "1":
                self.semitones, self.fifths = _transposition(child)
            elif child.tag == "time" and child.get("number", "1") == "1":
                self.read_time(child)
            elif child.tag == "clef" and child.findtext("sign", "").strip() == "percussion":
                self.part.drum_staves.add(whole_number(child.get("number", "1")))
        key = attributes.find("key")  # after the transposition, which stands behind it
        if key is not None and self.bar.key is None and key.find("fifths") is not None:
            fifths = whole_number(key.findtext("fifths"))
            if abs(fifths) <= MAX_KEY_ACCIDENTALS:
                self.bar.key = usual_key(fifths + self.fifths)

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
        shift = 0 if offset is None else exact_number(offset.text) * self.durations.unit
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
        onset, marks = self.onset(direction), self.bar.marked()
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
            read_sound(sound, marks)
            tempo = _tempo(sound) or tempo
            has_coda = has_coda and "tocoda" not in sound.attrib
        if tempo is not None:
            self.bar.tempos.append((onset, tempo))
        if has_coda or words:
            marks.read_words(plain_text(words), has_coda, onset == 0)

    def read_sound(self, sound: Element) -> None:
        """Reads a `<sound>` that belongs to no direction."""
        read_sound(sound, self.bar.marked())
        if tempo := _tempo(sound):
            self.bar.tempos.append((max(round(self.at), 0), tempo))


def _tempo(sound: Element) -> float | None:
    """Quarter notes per minute; None if the `<sound>` gives no tempo."""
    return float(exact_number(sound.get("tempo"))) or None


class _Durations(dict[str | None, int | Fraction]):
    """Durations as they are written -> ticks, each computed once. `unit`: ticks of a division."""

    def __init__(self, unit: int | Fraction) -> None:
        self.unit = unit

    def __missing__(self, text: str | None) -> int | Fraction:
        exact = Fraction(max(exact_number(text) * self.unit, 0))
        ticks = exact.numerator if exact.denominator == 1 else exact
        if len(self) < _MAX_DURATIONS:
            self[text] = ticks
        return ticks


@lru_cache(maxsize=1024)
def _written_pitch(step: str | None, alter: str | None, octave: str | None) -> int | None:
    """The MIDI number of a pitch as it is written, in letters of any size; None if it is none."""
    letter = LETTER_PITCH_CLASSES.get((step or "").strip().upper())
    if letter is None:
        return None
    return 12 * (whole_number(octave) + 1) + letter + whole_number(alter)


def _is_slash(notehead: Element) -> bool:
    return (notehead.text or "").strip() == "slash"


def _syllable(lyric: Element) -> str:
    return lyric.findtext("text") or ""


def _velocity(percent: str | None) -> int:
    return DEFAULT_VELOCITY if percent is None else _velocity_of(exact_number(percent))


@lru_cache(maxsize=1024)
def _velocity_of(percent: int | Fraction) -> int:
    return min(max(round(percent * _VELOCITY_OF_PERCENT), 1), 127)


def _transposition(transpose: Element) -> tuple[int, int]:
    """Semitones from the written to the sounding pitch, and the same on the circle of fifths."""
    octaves = whole_number(transpose.findtext("octave-change"))
    semitones = whole_number(transpose.findtext("chromatic"))
    diatonic = transpose.findtext("diatonic")
    if diatonic is None:
        fifths = fifths_of(semitones)
    else:
        fifths = 7 * semitones - 12 * whole_number(diatonic)
    if abs(semitones + 12 * octaves) > MAX_SEMITONES or abs(fifths) > 12:
        return 0, 0
    return semitones + 12 * octaves, fifths


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

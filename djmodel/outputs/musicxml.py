"""Lead sheets as MusicXML: a melody on a staff with chord symbols, written by music21."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from djmodel.music.chord import Chord
from djmodel.music.chord_kind import chord_kind
from djmodel.music.chord_symbol import bass_place, root_place, symbol_suffix
from djmodel.music.instruments import instrument_name
from djmodel.music.key import Spelling, key_signature, spell
from djmodel.music.meter import Meter
from djmodel.music.pitch import step_and_alter
from djmodel.music.tune import Bar, Change, Tune
from djmodel.outputs import suffixes
from djmodel.outputs.rhythm import WrittenNote, written_notes
from seqmodel.errors import InputError
from seqmodel.files import atomic_write, check_suffix
from seqmodel.text import xml_text

if TYPE_CHECKING:
    from music21 import harmony, stream
    from music21.duration import Duration
    from music21.meter import TimeSignature
    from music21.note import GeneralNote

BARS_PER_LINE = 4
_LOW_MEAN_PITCH = 55  # below it, the melody is in the bass clef


class NotationError(InputError):
    """Notes that cannot be written on a staff."""


def musicxml(tune: Tune, bars_per_line: int = BARS_PER_LINE) -> str:
    """The lead sheet of a tune as MusicXML. Raises NotationError for a tune without bars and for
    note lengths that have no written value."""
    root = score_tree(tune, bars_per_line)
    ET.indent(root)
    doctype = (
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
        ' "http://www.musicxml.org/dtds/partwise.dtd">'
    )
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{doctype}\n{text}\n'


def write_musicxml(tune: Tune, path: str | Path, bars_per_line: int = BARS_PER_LINE) -> None:
    """Writes `musicxml(tune)` to a .musicxml or .xml file. Raises InputError for another suffix,
    FileError if the file cannot be written, and what `musicxml` raises."""
    check_suffix(path, suffixes.MUSICXML)
    content = musicxml(tune, bars_per_line)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def score_tree(tune: Tune, bars_per_line: int = BARS_PER_LINE, labels: bool = True) -> ET.Element:
    """The root element of the MusicXML, without the composer "Music21" and without a date."""
    from music21.musicxml.m21ToXml import ScoreExporter

    exporter = ScoreExporter(to_music21(tune, bars_per_line, labels), makeNotation=False)
    root: ET.Element = exporter.parse()
    for element in root.iter():  # titles and names may hold what XML cannot
        element.text = element.text and xml_text(element.text)
        for name, value in element.items():
            element.set(name, xml_text(value))
    for tag in ("creator", "encoding-date"):
        for parent in root.findall(f".//{tag}/.."):
            for element in parent.findall(tag):
                parent.remove(element)
    return root


def to_music21(tune: Tune, bars_per_line: int = BARS_PER_LINE, labels: bool = True) -> stream.Score:
    """The lead sheet of a tune as a music21 score of one part, one measure per bar: notes spelled
    in the key, ties, beams, triplets, chord symbols, bar numbers, a new line every `bars_per_line`
    bars. `labels` adds the name of the instrument and the first tempo.

    Raises NotationError for a tune without bars and for note lengths that have no written value.
    """
    from music21 import clef, key, layout, metadata, stream, tempo

    if not tune.bars:
        raise NotationError("there is no bar of music to write", path=tune.title or None)
    fifths = key_signature(tune)
    spellings = _spellings(tune, fifths)
    part = stream.Part(id="P1")
    part.partName = instrument_name(tune.instrument.name, tune.instrument.program) if labels else ""
    first_number = 0 if tune.has_pickup else 1
    before: Bar | None = None
    for index, bar in enumerate(tune.bars):
        measure = stream.Measure(number=first_number + index)
        if before is None:
            pitches = [note.pitch for note in tune.melody_notes()]
            is_low = bool(pitches) and sum(pitches) / len(pitches) < _LOW_MEAN_PITCH
            measure.insert(0, clef.BassClef() if is_low else clef.TrebleClef())
            measure.insert(0, key.KeySignature(fifths))
            if labels and tune.tempos:
                beat = bar.meter.beat
                number = round(tune.tempos[0].bpm / beat)
                measure.insert(0, tempo.MetronomeMark(number=number, referent=float(beat)))
        if before is None or before.meter != bar.meter:
            measure.insert(0, _time_signature(bar.meter))
        if bar.length < bar.meter.length:
            measure.paddingLeft = float(bar.meter.length - bar.length)
        if measure.number == 0:
            measure.showNumber = stream.enums.ShowNumber.NEVER
        if measure.number > 1 and (measure.number - 1) % bars_per_line == 0:
            measure.insert(0, layout.SystemLayout(isNew=True))
        following = tune.bars[index + 1] if index + 1 < len(tune.bars) else None
        _insert_notes(measure, bar, following, before, spellings[index])
        part.append(measure)
        before = bar
    part.makeAccidentals(inPlace=True, cautionaryNotImmediateRepeat=False)
    part.makeBeams(inPlace=True)
    _insert_chords(part, tune, fifths)
    measure.rightBarline = "final"
    score = stream.Score([part])
    score.metadata = metadata.Metadata(title=tune.title or " ")
    return score


def _time_signature(meter: Meter) -> TimeSignature:
    """A time signature that beams within quarters; music21 would join two or three of them."""
    from music21 import meter as meters

    signature = meters.TimeSignature(str(meter))
    if meter.denominator == 4:
        signature.beamSequence = meters.MeterSequence("+".join(["1/4"] * meter.numerator))
        for beat in range(meter.numerator):
            signature.beamSequence[beat] = signature.beamSequence[beat].subdivide(2)
    return signature


def _insert_chords(part: stream.Part, tune: Tune, key: int) -> None:
    """Inserts chord symbols where the chords change. It follows `makeAccidentals`, which takes the
    tones of chord symbols for notes."""
    last: tuple[Chord, bool] | None = None
    for measure, bar in zip(part.getElementsByClass("Measure"), tune.bars, strict=True):
        for change in bar.changes:
            if (change.chord, change.sounding) != last:
                measure.insert(change.onset, _chord_mark(change, key))
            last = (change.chord, change.sounding)
        if measure.number == 0:
            last = None  # repeated after a pick-up, which is easily overlooked


def _insert_notes(
    measure: stream.Measure,
    bar: Bar,
    following: Bar | None,
    before: Bar | None,
    spellings: dict[Fraction, Spelling],
) -> None:
    """Inserts the notes and rests of a bar. `spellings` are by onset."""
    from music21 import note, pitch, tie

    if not bar.melody:
        rest = note.Rest(quarterLength=bar.length)
        rest.fullMeasure = True
        measure.insert(0, rest)
        return
    try:
        pieces = written_notes(bar, tied_on=following is not None and _is_tied(bar, following))
    except ValueError as error:
        raise NotationError(
            f"bar {measure.number} cannot be written, because {error}",
            hint="quantize the tune first: quarters are divided by four or by three",
        ) from error
    tied_from = bar.melody[0] if before is not None and _is_tied(before, bar) else None
    for piece in pieces:
        written: GeneralNote
        if piece.note is None:
            written = note.Rest()
            tied_from = None
        else:
            written = note.Note()
            spelling = spellings[piece.note.onset]
            name = _name((spelling.step, spelling.alter))
            written.pitch = pitch.Pitch(name, octave=spelling.octave)
            if piece.note is tied_from:
                written.tie = tie.Tie("continue" if piece.tied else "stop")
            elif piece.tied:
                written.tie = tie.Tie("start")
            tied_from = piece.note if piece.tied else None
        written.duration = _duration(piece)
        measure.insert(piece.onset, written)


def _is_tied(bar: Bar, following: Bar) -> bool:
    """True if the last note of a bar is held into the next."""
    if not bar.melody or not following.melody:
        return False
    last, first = bar.melody[-1], following.melody[0]
    return first.tied and first.onset == 0 and last.end >= bar.length and last.pitch == first.pitch


def _duration(piece: WrittenNote) -> Duration:
    from music21 import duration

    made = duration.Duration(float(piece.value))
    if piece.triplet:
        group = duration.Tuplet(3, 2, made.type)
        if piece.begins:
            group.type = "startStop" if piece.ends else "start"
        elif piece.ends:
            group.type = "stop"
        made.appendTuplet(group)
    return made


def _spellings(tune: Tune, key: int) -> list[dict[Fraction, Spelling]]:
    """The spelling of each melody note, for each bar by onset."""
    pitches = [note.pitch for bar in tune.bars for note in bar.melody]
    chords = [bar.chord_at(note.onset) for bar in tune.bars for note in bar.melody]
    spelled = iter(spell(pitches, chords, key))
    return [{note.onset: next(spelled) for note in bar.melody} for bar in tune.bars]


def _chord_mark(change: Change, key: int) -> harmony.ChordSymbol | harmony.NoChord:
    """A change as MusicXML has it: kind, degrees, and the text that `chord_symbol` gives."""
    from music21 import harmony

    if not change.sounding:
        return harmony.NoChord("N.C.")
    chord = change.chord
    kind, degrees = chord_kind(chord)
    root = _name(step_and_alter(root_place(chord, key)))
    mark = harmony.ChordSymbol(root=root, kind=kind, kindStr=symbol_suffix(chord))
    if chord.bass != chord.root:
        mark.bass(_name(step_and_alter(bass_place(chord, key))), allow_add=True)
    for degree in degrees:
        mark.addChordStepModification(harmony.ChordStepModification(*degree), updatePitches=False)
    mark.writeAsChord = False
    return mark


def _name(place: tuple[str, int]) -> str:
    """A letter with music21's signs: "-" is a flat."""
    step, alter = place
    return step + ("#" * alter if alter > 0 else "-" * -alter)

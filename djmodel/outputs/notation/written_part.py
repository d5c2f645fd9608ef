"""Parts: a tune as a player of some instrument reads it, transposed, in its clef and octave."""

from __future__ import annotations

from dataclasses import dataclass, replace

from djmodel.music.charts.chart import Chart, LastChorus
from djmodel.music.charts.play_order import Marks
from djmodel.music.instruments import Clef, PartKey, reading
from djmodel.music.key import key_signature
from djmodel.music.pitch import fifths_of
from djmodel.music.tune import Tune
from djmodel.outputs.notation.simplified import simplified
from seqmodel.settings import checked

PART_KEYS: tuple[PartKey, ...] = ("C", "Bb", "Eb", "F")
_SEMITONES: dict[PartKey, int] = {"C": 0, "Bb": 2, "Eb": 9, "F": 7}  # above the sound
_MIDDLE_LINE = 71  # B4, the middle line of a treble clef
_LOW_MEAN_PITCH = 55  # below it, a melody is in the bass clef
# From the first to below the second, a saxophone's at its sound is in the octave treble clef.
_LOWEST_TREBLE, _LOW_TREBLE = 48, 61
_HIGH_MEAN_PITCH = 65  # above it, that of an instrument in the bass clef is in the tenor clef
_MAX_FIFTHS = 6  # sharps or flats of a part


@dataclass(frozen=True)
class WrittenPart:
    """A tune as it is written: pitches, chords and key are `semitones` above those that sound, on
    the circle of fifths `fifths` further. `is_own`: it is for the tune's own instrument.
    `simplified`: the number of notes whose rhythm is not that of the tune.

    The part of a chart has its bars as written, with the `marks` of each, its `last_chorus` and the
    number of its `choruses`, if it has several."""

    tune: Tune
    key: PartKey
    clef: Clef
    semitones: int
    fifths: int
    is_own: bool
    simplified: int = 0
    marks: tuple[Marks, ...] = ()
    last_chorus: LastChorus = LastChorus()
    choruses: int | None = None

    @property
    def steps(self) -> int:
        """The steps of the staff by which notes are written above their sound."""
        return self.fifths * 4 % 7 + 7 * ((self.semitones - self.fifths * 7 % 12) // 12)


@checked
def written_part(music: Tune | Chart, key: PartKey = "C") -> WrittenPart:
    """The part of a tune, or of a chart as it is written, for an instrument in `key`. The rhythm of
    a solo is `simplified`.

    If the tune's own instrument is in that key, the part has its octave and clef: a tenor
    saxophone's is a ninth above the sound, a guitar's an octave. For a Bb, Eb or F part of another
    instrument the octave is that which suits a treble clef best; a C part sounds as written.
    """
    if isinstance(music, Chart):
        part = written_part(music.as_written(), key)
        return replace(
            part, marks=music.marks, last_chorus=music.last_chorus, choruses=music.choruses
        )
    tune, changed = simplified(music)
    own = reading(tune.instrument)
    pitches = [note.pitch for note in tune.melody_notes()]
    mean = sum(pitches) / len(pitches) if pitches else None
    semitones, clef = _SEMITONES[key], own.clef if own.key == key == "C" else "treble"
    if own.key == key:
        semitones = own.semitones
    elif mean is not None and key != "C":
        semitones += 12 * round((_MIDDLE_LINE - mean - semitones) / 12)
    if own.key != key == "C" or clef is None:
        clef = "bass" if mean is not None and mean < _LOW_MEAN_PITCH else "treble"
        if mean is not None and own.semitones > 12 and _LOWEST_TREBLE <= mean < _LOW_TREBLE:
            clef = "octave treble"
    if clef == "bass" and mean is not None and mean + semitones > _HIGH_MEAN_PITCH:
        clef = "tenor"
    sounding = key_signature(tune)
    fifths = fifths_of(semitones)
    if fifths and abs(sounding + fifths) > _MAX_FIFTHS:
        fifths += -12 if sounding + fifths > 0 else 12
    written = replace(tune, key=sounding)
    if semitones or fifths:
        written = written.transposed(semitones, sounding + fifths)
    return WrittenPart(written, key, clef, semitones, fifths, own.key == key, changed)

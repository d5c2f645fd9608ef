"""The instruments of General MIDI: their names and families, by program number (0 to 127), the
soloists of jazz with their ranges, and the drums."""

import re
from typing import Literal, NamedTuple, get_args

from djmodel.music.tune import Instrument

FAMILIES = [
    "piano",
    "chromatic percussion",
    "organ",
    "guitar",
    "bass",
    "strings",
    "ensemble",
    "brass",
    "reed",
    "pipe",
    "synth lead",
    "synth pad",
    "synth effects",
    "ethnic",
    "percussive",
    "sound effects",
]

_NAMES = """
Acoustic Grand Piano, Bright Acoustic Piano, Electric Grand Piano, Honky-tonk Piano, Electric
Piano 1, Electric Piano 2, Harpsichord, Clavinet,
Celesta, Glockenspiel, Music Box, Vibraphone, Marimba, Xylophone, Tubular Bells, Dulcimer,
Drawbar Organ, Percussive Organ, Rock Organ, Church Organ, Reed Organ, Accordion, Harmonica,
Tango Accordion,
Acoustic Guitar (nylon), Acoustic Guitar (steel), Electric Guitar (jazz), Electric Guitar
(clean), Electric Guitar (muted), Overdriven Guitar, Distortion Guitar, Guitar Harmonics,
Acoustic Bass, Electric Bass (finger), Electric Bass (pick), Fretless Bass, Slap Bass 1, Slap
Bass 2, Synth Bass 1, Synth Bass 2,
Violin, Viola, Cello, Contrabass, Tremolo Strings, Pizzicato Strings, Orchestral Harp, Timpani,
String Ensemble 1, String Ensemble 2, Synth Strings 1, Synth Strings 2, Choir Aahs, Voice Oohs,
Synth Choir, Orchestra Hit,
Trumpet, Trombone, Tuba, Muted Trumpet, French Horn, Brass Section, Synth Brass 1, Synth Brass
2,
Soprano Sax, Alto Sax, Tenor Sax, Baritone Sax, Oboe, English Horn, Bassoon, Clarinet,
Piccolo, Flute, Recorder, Pan Flute, Blown Bottle, Shakuhachi, Whistle, Ocarina,
Lead 1 (square), Lead 2 (sawtooth), Lead 3 (calliope), Lead 4 (chiff), Lead 5 (charang), Lead 6
(voice), Lead 7 (fifths), Lead 8 (bass + lead),
Pad 1 (new age), Pad 2 (warm), Pad 3 (polysynth), Pad 4 (choir), Pad 5 (bowed), Pad 6
(metallic), Pad 7 (halo), Pad 8 (sweep),
FX 1 (rain), FX 2 (soundtrack), FX 3 (crystal), FX 4 (atmosphere), FX 5 (brightness), FX 6
(goblins), FX 7 (echoes), FX 8 (sci-fi),
Sitar, Banjo, Shamisen, Koto, Kalimba, Bagpipe, Fiddle, Shanai,
Tinkle Bell, Agogo, Steel Drums, Woodblock, Taiko Drum, Melodic Tom, Synth Drum, Reverse Cymbal,
Guitar Fret Noise, Breath Noise, Seashore, Bird Tweet, Telephone Ring, Helicopter, Applause,
Gunshot,
"""
PROGRAM_NAMES = tuple(" ".join(name.split()) for name in _NAMES.strip().rstrip(",").split(","))


# Names of parts that name no instrument but a hand, a staff or a number.
_PLACE = re.compile(
    r"(up|down|(upper|lower|treble|bass)( staff| clef)|upper|lower|[rl] ?h|(right|left)( hand)?"
    r"|staff|track|channel|part|voice|melody|chords|solo)?[ \d]*",
    re.IGNORECASE,
)


def instrument_name(name: str, program: int) -> str:
    """The name of the instrument of a part as a musician says it: that of the part, or that of the
    program where it only says a hand, a staff or a number (`rh:`, `up`, `Track 2`)."""
    plain = " ".join(re.sub(r"[\W_]+", " ", name).split())
    if not _PLACE.fullmatch(plain):
        return name.strip(" :")
    return "Piano" if program == 0 else PROGRAM_NAMES[program]


def family(program: int) -> str:
    """The family of an instrument: sixteen families of eight programs each."""
    return FAMILIES[program // 8]


class Soloist(NamedTuple):
    """An instrument that plays solos, and the range in which it plays them: MIDI numbers as they
    sound, both included. Players reach somewhat beyond it."""

    instrument: Instrument
    lowest: int
    highest: int


# By the codes of the Weimar Jazz Database.
SOLOISTS = {
    "ts": Soloist(Instrument("Tenor Sax", 66), 44, 80),
    "ts-c": Soloist(Instrument("C Melody Sax", 66), 46, 80),
    "as": Soloist(Instrument("Alto Sax", 65), 49, 85),
    "ss": Soloist(Instrument("Soprano Sax", 64), 56, 90),
    "bs": Soloist(Instrument("Baritone Sax", 67), 36, 73),
    "tp": Soloist(Instrument("Trumpet", 56), 52, 88),
    "cor": Soloist(Instrument("Cornet", 56), 52, 86),
    "tb": Soloist(Instrument("Trombone", 57), 40, 77),
    "cl": Soloist(Instrument("Clarinet", 71), 50, 94),
    "bcl": Soloist(Instrument("Bass Clarinet", 71), 34, 79),
    "fl": Soloist(Instrument("Flute", 73), 60, 96),
    "vib": Soloist(Instrument("Vibraphone", 11), 53, 89),
    "p": Soloist(Instrument("Piano", 0), 36, 100),
    "g": Soloist(Instrument("Guitar", 26), 40, 86),
}


def soloist(name: str) -> Soloist | None:
    """The soloist of a code or of the name of an instrument; None if there is none.

    >>> soloist("ts").instrument
    Instrument(name='Tenor Sax', program=66)
    >>> soloist("trumpet").highest
    88
    """
    wanted = name.strip().casefold()
    by_name = {each.instrument.name.casefold(): each for each in SOLOISTS.values()}
    return SOLOISTS.get(wanted) or by_name.get(wanted)


PartKey = Literal["C", "Bb", "Eb", "F"]
"""The note that sounds when an instrument plays a written C, whatever the octave."""

Clef = Literal["treble", "octave treble", "alto", "tenor", "bass"]
"""The octave treble clef has an 8 below it: notes sound an octave lower than in the treble clef."""


class Reading(NamedTuple):
    """The way in which players of an instrument read: the `key` of their parts, the `semitones` by
    which these are written above the sound, and their clef (None: that in which the notes lie)."""

    key: PartKey
    semitones: int
    clef: Clef | None = "treble"


_TREBLE, _BASS = Reading("C", 0), Reading("C", 0, "bass")
_GUITAR, _DOUBLE_BASS = Reading("C", 12), Reading("C", 12, "bass")
# By program number; the others are read as they sound, in the clef in which they lie.
_READINGS = {
    9: Reading("C", -24), 13: Reading("C", -12), **dict.fromkeys(range(24, 32), _GUITAR),
    **dict.fromkeys(range(32, 40), _DOUBLE_BASS), 40: _TREBLE, 41: Reading("C", 0, "alto"),
    42: _BASS, 43: _DOUBLE_BASS, 56: Reading("Bb", 2), 57: _BASS, 58: _BASS, 59: Reading("Bb", 2),
    60: Reading("F", 7), 64: Reading("Bb", 2), 65: Reading("Eb", 9), 66: Reading("Bb", 14),
    67: Reading("Eb", 21), 68: _TREBLE, 69: Reading("F", 7), 70: _BASS, 71: Reading("Bb", 2),
    72: Reading("C", -12), 73: _TREBLE, 105: _GUITAR,
}  # fmt: skip
# Instruments that share their program with another.
_READINGS_BY_NAME = {
    "c melody sax": Reading("C", 12),
    "bass clarinet": Reading("Bb", 14),
    "alto clarinet": Reading("Eb", 9),
    "flugelhorn": Reading("Bb", 2),
    "cornet": Reading("Bb", 2),
    "voice": _TREBLE,
    "vocals": _TREBLE,
}


def reading(instrument: Instrument) -> Reading:
    """The way in which players of an instrument read their parts, by its name if that says an
    instrument, else by its program.

    >>> reading(Instrument("Tenor Sax", 66))
    Reading(key='Bb', semitones=14, clef='treble')
    """
    name = " ".join(re.sub(r"[\W\d_]+", " ", instrument.name).split()).casefold()
    name = re.sub(r"\bsaxophone\b", "sax", name)
    if name in _READINGS_BY_NAME:
        return _READINGS_BY_NAME[name]
    program = _PROGRAMS.get(name, instrument.program)
    return _READINGS.get(program, Reading("C", 0, None))


def key_of_reader(name: str) -> PartKey | None:
    """The key of a part, from that key or from an instrument that is not in C, in the words of
    players; None for any other name.

    >>> key_of_reader("eb"), key_of_reader("Alto"), key_of_reader("tenor saxophone")
    ('Eb', 'Eb', 'Bb')
    """
    said = re.sub(r"[\W\d_]+", " ", name.replace("♭", "b")).strip().casefold()
    for key in get_args(PartKey):
        if said in {key.casefold(), f"in {key.casefold()}"}:
            return key
    said = _SHORT_NAMES.get(said, said)
    for whole in (said, f"{said} sax"):
        if (key := reading(Instrument(whole, 0)).key) != "C":
            return key
    return None


_SHORT_NAMES = {"bari": "baritone sax", "horn": "french horn", "flugel": "flugelhorn"}
_PROGRAMS = {name.casefold(): program for program, name in enumerate(PROGRAM_NAMES)}


JAZZ_KIT = Instrument("Drums", 32)
BRUSHES = Instrument("Brushes", 40)
STANDARD_KIT = Instrument("Drums", 0)

# The percussion of General MIDI, on channel 10; kit 40 has brushes instead of sticks.
DRUMS = {
    "kick": 36,
    "side stick": 37,
    "snare": 38,
    "swirl": 40,  # of a brush on the snare drum; the electric snare of other kits
    "low tom": 41,
    "closed hi-hat": 42,
    "pedal hi-hat": 44,
    "open hi-hat": 46,
    "mid tom": 47,
    "crash": 49,
    "high tom": 50,
    "ride": 51,
    "bell": 53,
    "shaker": 82,
}

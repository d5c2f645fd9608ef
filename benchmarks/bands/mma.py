"""Accompaniments by Musical MIDI Accompaniment (the Debian package `mma`), an arranger with styles
by many authors; it is run where it is installed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from random import Random
from shutil import which
from tempfile import TemporaryDirectory

from benchmarks.bands.players import Played
from benchmarks.bands.songs import Song
from djmodel.inputs.limits import DEFAULT, Deadline
from djmodel.inputs.midi import read_midi
from djmodel.music.chord import Chord
from djmodel.music.tune import ChordSpan

POP_GROOVES = (
    "PopBallad", "8Beat", "50sRock", "60sRock", "BasicRock", "FolkRock", "SoftRock", "RockBallad",
    "GuitarBallad", "PianoBallad", "StringBallad", "CountrySwing", "Folk", "FolkBallad",
    "BubbleRock", "Ska", "Twist", "SlowCountry", "SlowSpiritual", "Hymn", "Lullaby", "BoneyM",
)  # fmt: skip
JAZZ_GROOVES = (
    "Swing", "EasySwing", "FastSwing", "68Swing", "Bebop", "BigBand", "BossaNova", "JazzGuitar",
    "MellowJazz", "ModernJazz", "NiteJazz", "SlowJazz", "JazzCombo", "Foxtrot", "GypsyJazz",
    "Samba", "Evansish", "Mambo", "ChaCha", "JazzRhumba", "Charleston", "Salsa", "Blues", "Rhumba",
)  # fmt: skip
# Suffixes as MMA names them, by intervals; a chord without one is played without its colours.
_SUFFIXES = {
    (0, 4, 7): "", (0, 3, 7): "m", (0, 4, 7, 10): "7", (0, 4, 7, 11): "maj7", (0, 3, 7, 10): "m7",
    (0, 3, 6): "dim3", (0, 3, 6, 9): "dim7", (0, 3, 6, 10): "m7b5", (0, 4, 7, 9): "6",
    (0, 3, 7, 9): "m6", (0, 4, 8): "aug", (0, 4, 8, 10): "aug7", (0, 5, 7): "sus4",
    (0, 5, 7, 10): "7sus4", (0, 3, 7, 11): "mM7", (0, 2, 4, 7): "add9", (0, 2, 4, 7, 10): "9",
    (0, 2, 3, 7, 10): "m9", (0, 2, 4, 7, 11): "maj9", (0, 1, 4, 7, 10): "7b9",
    (0, 3, 4, 7, 10): "7#9", (0, 2, 4, 7, 9): "69", (0, 2, 5, 7, 10): "9sus4",
}  # fmt: skip
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def installed() -> bool:
    return which("mma") is not None


def accompaniment(song: Song, groove: str) -> list[Played]:
    """The parts that MMA plays to the chords of a song in 4/4, of which each begins on a beat."""
    lines = ["RndSeed 1", "Tempo 110", f"Groove {groove}"]
    names = {span.onset: _name(span.chord) for span in song.chords}
    beats = song.meter.numerator
    for bar in range(song.bars):
        signs = [names.get(Fraction(bar * beats + beat), "/") for beat in range(beats)]
        lines.append(f"{bar + 1} {' '.join(signs)}")
    with TemporaryDirectory() as folder:
        chart, midi = Path(folder, "chart.mma"), Path(folder, "chart.mid")
        chart.write_text("\n".join(lines), encoding="utf-8")
        command = ["mma", str(chart), "-f", str(midi)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        score = read_midi(midi, Deadline(DEFAULT, midi))
    return [Played(part.instrument.program, part.notes, part.drums) for part in score.parts]


def _name(chord: Chord) -> str:
    suffix = _SUFFIXES[_played(chord)]
    bass = f"/{_NAMES[chord.bass]}" if chord.bass != chord.root else ""
    return f"{_NAMES[chord.root]}{suffix}{bass}"


def _played(chord: Chord) -> tuple[int, ...]:
    """The known chord that has most of the tones of this one, and of those the plainest."""
    tones = set(chord.intervals)
    return max(_SUFFIXES, key=lambda known: (2 * len(tones & set(known)) - len(known), -len(known)))


def simplified(spans: Sequence[ChordSpan]) -> tuple[ChordSpan, ...]:
    """The chords as MMA is asked to play them."""
    return tuple(
        span._replace(chord=Chord.of(span.chord.root, _played(span.chord), span.chord.bass))
        for span in spans
    )


def groove_of(kind: str, half: int, rng: Random) -> str:
    """A style: the two halves of the material have different ones."""
    return rng.choice((POP_GROOVES if kind == "folk" else JAZZ_GROOVES)[half::2])

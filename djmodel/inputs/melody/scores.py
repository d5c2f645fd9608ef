"""Scores of parts as melody and as harmony: weighted means of criteria between 0 and 1, from the
features of a part, its instrument and the words in its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from djmodel.inputs.melody.features import Features, extract_features
from djmodel.music.instruments import PROGRAM_NAMES, family
from djmodel.music.score import Score, ScorePart

# Weights of the criteria.
MELODY_WEIGHTS = {
    "name": 5.0,
    "words": 4.0,
    "instrument": 1.5,
    "one line": 2.0,
    "register": 1.0,
    "on top": 1.0,
    "moves by step": 2.0,
    "rhythm": 1.5,
    "phrases": 1.5,
    "pace": 0.5,
    "breathes": 0.5,
    "variety": 1.0,
    "presence": 2.5,
    "loudness": 0.5,
}
HARMONY_WEIGHTS = {
    "name": 3.0,
    "instrument": 1.0,
    "chords": 3.0,
    "register": 1.0,
    "presence": 3.0,
    "bass": 2.0,
}

_BONUS = frozenset({"name", "words", "bass"})  # not expected of every part
# Evidence of words in the name of a part, from -1 (against) to 1 (for).
_MELODY_WORDS = (
    (1.0, "melody melodie melodia melodic mel vocal vocals vox lyrics topline canto gesang singer"),
    (0.8, "voice voc voix voce sing singing lead leads theme tune chant soprano descant"),
    (0.6, "solo soloist right rh upper treble up discant rechts destra droite"),
    (-0.5, "string strings choir fill fills echo delay riff counter harmony harm alto tenor"),
    (-1.0, "bass basse bajo basso drum drums drm perc percussion kick snare cymbal cymbals"),
    (-1.0, "pad pads chord chords rhythm rhy comp comping accomp accompaniment backing background"),
    (-1.0, "back bkg bg left lh lower down links sinistra gauche arp arpeggio hit hits"),
    (-1.0, "fx effect effects click metronome"),
)
_HARMONY_WORDS = (
    (1.0, "chord chords harmony harm accomp accompaniment accompagnement comp comping rhythm rhy"),
    (1.0, "backing left lh lower down pad pads links sinistra gauche changes"),
    (0.6, "piano pno keys keyboard guitar gtr organ strings string rhodes ep bass harp arp basse"),
    (-1.0, "melody melodie melodia vocal vocals vox lead solo drum drums perc percussion kick"),
    (-1.0, "snare cymbal cymbals hit hits fx effect effects click metronome"),
)
_DRUM_WORDS = (
    (1.0, "drum drums drumkit drumset percussion perc kick snare hihat hats cymbal cymbals conga"),
    (1.0, "congas bongo bongos tambourine shaker toms cowbell claves clap claps maracas timbales"),
    (1.0, "metronome click"),
    (-1.0, "steel"),
)
# Suitability of families of instruments for the melody and for the harmony, from 0 to 1.
_MELODY_FAMILIES = {
    "reed": 1.0, "pipe": 1.0, "synth lead": 0.95, "brass": 0.75, "guitar": 0.6, "piano": 0.55,
    "strings": 0.55, "chromatic percussion": 0.5, "organ": 0.45, "ethnic": 0.5, "ensemble": 0.35,
    "synth pad": 0.2, "synth effects": 0.1, "bass": 0.0, "percussive": 0.0, "sound effects": 0.0,
}  # fmt: skip
_HARMONY_FAMILIES = {
    "piano": 1.0, "guitar": 1.0, "organ": 0.9, "synth pad": 0.8, "ensemble": 0.8, "bass": 0.7,
    "strings": 0.6, "chromatic percussion": 0.5, "ethnic": 0.5, "brass": 0.4, "synth effects": 0.3,
    "reed": 0.3, "pipe": 0.2, "synth lead": 0.3, "percussive": 0.0, "sound effects": 0.0,
}  # fmt: skip
_VOICES = frozenset({52, 53, 54, 85})  # programs that imitate a singing voice


def is_drums(part: ScorePart) -> bool:
    """True for drums by their channel, or by the words in their name."""
    return part.drums or _word_score(part.name, _DRUM_WORDS) > 0


class PartScores(NamedTuple):
    """Features and criteria of a part, and its scores as melody and as harmony."""

    features: Features
    melody_criteria: dict[str, float]
    harmony_criteria: dict[str, float]
    as_melody: float
    as_harmony: float


def score_parts(parts: Sequence[ScorePart], score: Score) -> dict[int, PartScores]:
    """The scores of each part, by its number."""
    features = extract_features(parts, score)
    by_number = {}
    for part in parts:
        melody = melody_criteria(part, features)
        harmony = harmony_criteria(part, features)
        scores = weighted_mean(melody, MELODY_WEIGHTS), weighted_mean(harmony, HARMONY_WEIGHTS)
        by_number[part.number] = PartScores(features[part.number], melody, harmony, *scores)
    return by_number


def melody_criteria(part: ScorePart, features: dict[int, Features]) -> dict[str, float]:
    """Criteria for a part as the melody, each between 0 and 1 (its name between -1 and 1)."""
    f = features[part.number]
    loudest = max(other.velocity for other in features.values())
    program = part.instrument.program
    suitability = 0.9 if program in _VOICES else _MELODY_FAMILIES[family(program)]
    return {
        "name": _name_score(part, _MELODY_WORDS),
        "words": f.words,
        "instrument": suitability,
        "one line": f.single,
        "register": _trapezoid(f.top_pitch, 52, 62, 84, 96),
        "on top": f.on_top,
        "moves by step": _trapezoid(f.steps, 0.2, 0.65, 1, 1.1),
        "rhythm": _trapezoid(f.rhythm_bits, 0.2, 1.2, 3.5, 6),
        "phrases": _trapezoid(f.phrase, 3, 14, 60, 600),
        "pace": _trapezoid(f.pace, 0.1, 0.35, 2.5, 4.5),
        "breathes": _trapezoid(f.sounding, 0.1, 0.4, 0.95, 1.2),
        "variety": _trapezoid(f.pitch_bits, 0.5, 2.5, 6, 7),
        "presence": _trapezoid(f.coverage, 0.0, 0.7, 1, 1.1),
        "loudness": _trapezoid(f.velocity / loudest, 0.6, 1, 1.1, 1.2),
    }


def harmony_criteria(part: ScorePart, features: dict[int, Features]) -> dict[str, float]:
    """Criteria for a part as one that carries the harmony, in the same ranges."""
    f = features[part.number]
    return {
        "name": _name_score(part, _HARMONY_WORDS),
        "instrument": _HARMONY_FAMILIES[family(part.instrument.program)],
        "chords": f.chordal,
        "register": _trapezoid((f.top_pitch + f.low_pitch) / 2, 24, 36, 67, 84),
        "presence": _trapezoid(f.coverage, 0.0, 0.9, 1, 1.1),
        "bass": f.below if f.low_pitch < 60 else 0.0,
    }


def weighted_mean(criteria: dict[str, float], weights: dict[str, float]) -> float:
    """The weighted mean of criteria, not below 0. Those that a file may lack (a telling name, a
    text) or that only one part can have (the bass) are a bonus, so that the mean may exceed 1."""
    expected = sum(weight for name, weight in weights.items() if name not in _BONUS)
    return max(0.0, sum(criteria[name] * weight for name, weight in weights.items()) / expected)


def _trapezoid(value: float, low: float, full: float, until: float, high: float) -> float:
    """1 from `full` until `until`, falling to 0 at `low` and `high`."""
    rising = (value - low) / (full - low)
    falling = (high - value) / (high - until)
    return min(1.0, max(0.0, min(rising, falling)))


def _words(name: str) -> list[str]:
    """The words of a name, without digits and points.

    >>> _words("R.H. Piano1")
    ['rh', 'piano']
    """
    return re.findall(r"[^\W\d_]+", name.lower().replace(".", ""))


def _name_score(part: ScorePart, table: Iterable[tuple[float, str]]) -> float:
    """The evidence of the name of a part; the mere name of its instrument is none."""
    plain = part.name == PROGRAM_NAMES[part.instrument.program]
    return 0.0 if plain else _word_score(part.name, table)


def _word_score(name: str, table: Iterable[tuple[float, str]]) -> float:
    """The evidence of a name: its strongest word against, else its strongest word for, else 0."""
    words = set(_words(name))
    evidence = [value for value, known in table if not words.isdisjoint(known.split())]
    against = min(evidence, default=0.0)
    return against if against < 0 else max(evidence, default=0.0)

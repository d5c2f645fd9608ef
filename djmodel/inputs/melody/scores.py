"""Scores of parts as melody and as harmony: weighted means of criteria between 0 and 1, from the
features of a part, its instrument and the words in its name. Roles of parts, with the reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from djmodel.inputs.melody.features import Features, PartMeasurements
from djmodel.inputs.quantization import Steps
from djmodel.inputs.score import DRUM_CHANNEL, ScorePart
from djmodel.music.instruments import PROGRAM_NAMES, family


class _Criterion(NamedTuple):
    """A weight, and the words for a part that fulfils a criterion and for one that does not ("":
    it is not held against the part)."""

    weight: float
    merit: str
    lack: str = ""


_Criteria = dict[str, _Criterion]

# The weights of what the notes show were fitted to the half for tuning of `benchmarks/bands` (a
# conditional logit over the parts that play in a bar), and rounded.
_MELODY: _Criteria = {
    "name": _Criterion(6.0, "its name says so", "its name says otherwise"),
    "words": _Criterion(5.0, "the words are sung to it"),
    "instrument": _Criterion(2.0, "its instrument suits", "an instrument that seldom sings"),
    "one line": _Criterion(2.5, "one note at a time", "several notes at a time"),
    "register": _Criterion(1.0, "in a fitting register", "outside the register of a melody"),
    "on top": _Criterion(0.5, "above the others", "below other parts"),
    "moves by step": _Criterion(1.0, "moves by step", "moves in leaps"),
    "rhythm": _Criterion(2.0, "varied in rhythm", "always the same rhythm"),
    "phrases": _Criterion(1.25, "in phrases", "a few notes at a time"),
    "pace": _Criterion(0.25, "at a singing pace", "too slow or too fast"),
    "breathes": _Criterion(1.0, "with rests"),
    "variety": _Criterion(0.5, "many different pitches", "few different pitches"),
    "own tones": _Criterion(2.0, "tones beside the chords", "tones of the chords only"),
    "goes on": _Criterion(0.75, "its bars differ", "repeats a figure"),
    "presence": _Criterion(2.5, "plays most of the time", "plays seldom"),
    "loudness": _Criterion(2.0, "loud", "soft"),
}
_HARMONY: _Criteria = {
    "name": _Criterion(3.0, "its name says so"),
    "instrument": _Criterion(1.0, "its instrument suits"),
    "chords": _Criterion(3.0, "sounds chords"),
    "register": _Criterion(1.0, "in a fitting register"),
    "presence": _Criterion(3.0, "plays most of the time"),
    "bass": _Criterion(2.0, "has the bass"),
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
    (1.0, "kit metronome click"),
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
    """Features of a part, its fit to each criterion, its scores as melody and as harmony."""

    features: Features
    melody_fit: dict[str, float]
    harmony_fit: dict[str, float]
    as_melody: float
    as_harmony: float


def score_parts(
    parts: Sequence[ScorePart], measurements: PartMeasurements
) -> dict[int, PartScores]:
    """The scores of each part over the whole music, by its number."""
    features = {part.number: measurements.features(part) for part in parts}
    loudest = max(f.velocity for f in features.values() if f)
    by_number = {}
    for part in parts:
        f = features[part.number]
        assert f is not None  # every part has notes
        melody, harmony = _melody_fit(part, f, loudest), _harmony_fit(part, f)
        by_number[part.number] = PartScores(
            features=f,
            melody_fit=melody,
            harmony_fit=harmony,
            as_melody=_weighted_mean(melody, _MELODY),
            as_harmony=_weighted_mean(harmony, _HARMONY),
        )
    return by_number


def melody_scores(
    parts: Sequence[ScorePart],
    whole: dict[int, PartScores],
    measurements: PartMeasurements,
    start: Steps,
    end: Steps,
) -> dict[int, float]:
    """The score as melody, in the music from `start` to before `end` (grid steps), of each part
    that begins a note there, by its number. `whole`: as of `score_parts`."""
    playing = {part: measurements.features(part, start, end) for part in parts}
    loudest = max((f.velocity for f in playing.values() if f), default=0.0)
    by_number = {}
    for part, f in playing.items():
        if f is not None:
            words = whole[part.number].melody_fit["words"]
            fit = _melody_fit(part, f, loudest) | {"words": words}
            by_number[part.number] = _weighted_mean(fit, _MELODY)
    return by_number


def _melody_fit(part: ScorePart, f: Features, loudest: float) -> dict[str, float]:
    """The fit of a part as the melody, by criterion: 0 to 1 (its name: -1 to 1). `loudest`: the
    mean velocity of the loudest part."""
    program = part.instrument.program
    suitability = 0.9 if program in _VOICES else _MELODY_FAMILIES[family(program)]
    return {
        "name": _name_score(part, _MELODY_WORDS),
        "words": _trapezoid(f.words, 0.3, 0.9, 1, 1.1),
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
        "own tones": _trapezoid(f.own_tones, 0.0, 0.5, 1, 1.1),
        "goes on": 1.0 - f.repeats,
        "presence": _trapezoid(f.coverage, 0.0, 0.7, 1, 1.1),
        "loudness": _trapezoid(f.velocity / loudest, 0.6, 1, 1.1, 1.2) if loudest else 1.0,
    }


def _harmony_fit(part: ScorePart, f: Features) -> dict[str, float]:
    """The fit of a part as one that carries the harmony, in the same ranges."""
    return {
        "name": _name_score(part, _HARMONY_WORDS),
        "instrument": _HARMONY_FAMILIES[family(part.instrument.program)],
        "chords": f.chordal,
        "register": _trapezoid((f.top_pitch + f.low_pitch) / 2, 24, 36, 67, 84),
        "presence": _trapezoid(f.coverage, 0.0, 0.9, 1, 1.1),
        "bass": f.below if f.low_pitch < 60 else 0.0,
    }


def _weighted_mean(fit: dict[str, float], criteria: _Criteria) -> float:
    """The weighted mean of the fit, not below 0. Criteria that a file may lack (a telling name, a
    text) or that only one part can have (the bass) are a bonus, so that the mean may exceed 1."""
    expected = sum(each.weight for name, each in criteria.items() if name not in _BONUS)
    return max(0.0, sum(fit[name] * each.weight for name, each in criteria.items()) / expected)


def _trapezoid(value: float, low: float, full: float, until: float, high: float) -> float:
    """1 from `full` until `until`, falling to 0 at `low` and `high`."""
    rising = (value - low) / (full - low)
    falling = (high - value) / (high - until)
    return min(1.0, max(0.0, min(rising, falling)))


def _name_score(part: ScorePart, table: Iterable[tuple[float, str]]) -> float:
    """The evidence of the name of a part; the mere name of its instrument is none."""
    plain = part.name == PROGRAM_NAMES[part.instrument.program]
    return 0.0 if plain else _word_score(part.name, table)


def _word_score(name: str, table: Iterable[tuple[float, str]]) -> float:
    """The evidence of a name: its strongest word against, else its strongest word for, else 0.
    Digits and points do not count: `R.H. Piano1` has the words `rh` and `piano`."""
    words = set(re.findall(r"[^\W\d_]+", name.lower().replace(".", "")))
    evidence = [value for value, known in table if not words.isdisjoint(known.split())]
    against = min(evidence, default=0.0)
    return against if against < 0 else max(evidence, default=0.0)


class Margin(NamedTuple):
    """The distance of a part that leads to the next best one, the `rival`: the difference of their
    scores as melody in the bars in which it leads, below 0 where the rest of the music decided."""

    rival: ScorePart
    ahead: float


@dataclass(frozen=True, slots=True)
class PartRole:
    """The role of a part: melody, harmony, melody and harmony, drums, doubles the melody, or left
    out. `melody`, `harmony`: its scores, from 0 to 1; `margin`: of a melody with a rival."""

    part: ScorePart
    role: str
    melody: float
    harmony: float
    reason: str
    margin: Margin | None = None


def role_with_reason(
    part: ScorePart,
    roles: dict[int, str],
    scores: dict[int, PartScores],
    asked: set[int],
    margins: dict[int, Margin],
) -> PartRole:
    """The role of a part with its scores and a reason. `asked`: the parts that the user named.
    Scores are shares of the best score of the file where that is above 1."""
    if part.number not in scores:
        reason = "plays a drum kit" if part.drums else "its name says so"
        reason = "on the channel of drums" if part.channel == DRUM_CHANNEL else reason
        return PartRole(part, "drums", 0.0, 0.0, reason)
    role = roles.get(part.number, "left out")
    own = scores[part.number]
    highest = max(1.0, *(each.as_melody for each in scores.values()))
    margin = margins.get(part.number)
    if margin is not None:
        margin = margin._replace(ahead=margin.ahead / highest)
    if part.number in asked:
        reason = "chosen by you"
    elif role == "doubles the melody":
        reason = "has the notes of the melody"
    elif len(scores) == 1:
        reason = "the only part with pitches"
    elif role == "left out":
        reason = _strongest_lacks(own.melody_fit) or "another part fits better"
    elif role == "harmony":
        everyone = [other.harmony_fit for other in scores.values()]
        reason = _strongest_merits(own.harmony_fit, everyone, _HARMONY)
    else:
        everyone = [other.melody_fit for other in scores.values()]
        reason = _strongest_merits(own.melody_fit, everyone, _MELODY)
    if role == "melody and harmony":
        reason = f"its top line is the melody, the rest accompanies: {reason}"
    harmony = min(own.as_harmony, 1.0)
    return PartRole(part, role, own.as_melody / highest, harmony, reason, margin)


def _strongest_merits(
    own: dict[str, float], everyone: Sequence[dict[str, float]], criteria: _Criteria
) -> str:
    """The three criteria that lift a part most above the mean of all parts, in words."""

    def lift(name: str) -> float:
        mean = sum(fit[name] for fit in everyone) / len(everyone)
        return criteria[name].weight * (own[name] - mean)

    strong = sorted((name for name in criteria if own[name] >= 0.5), key=lift, reverse=True)
    merits = [criteria[name].merit for name in strong[:3]]
    return ", ".join(merits) or "the best of what is there"


def _strongest_lacks(own: dict[str, float]) -> str:
    """The three criteria that a part lacks most to be the melody, in words."""
    lacking = [
        (_MELODY[name].weight * (value - 1), _MELODY[name].lack)
        for name, value in own.items()
        if _MELODY[name].lack and value < (0 if name == "name" else 0.5)
    ]
    return ", ".join(lack for _, lack in sorted(lacking)[:3])

"""Roles of parts, each with a reason that names the criteria that counted most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from djmodel.inputs.melody.scores import HARMONY_WEIGHTS, MELODY_WEIGHTS, PartScores
from djmodel.music.score import ScorePart

_PHRASES = {
    "name": "its name says so",
    "words": "the words are sung to it",
    "instrument": "its instrument suits",
    "one line": "one note at a time",
    "register": "in a fitting register",
    "on top": "above the others",
    "moves by step": "moves by step",
    "rhythm": "varied in rhythm",
    "phrases": "in phrases",
    "pace": "at a singing pace",
    "breathes": "with rests",
    "variety": "many different pitches",
    "presence": "plays most of the time",
    "loudness": "loud",
    "chords": "sounds chords",
    "bass": "has the bass",
}
_LACKS = {
    "name": "its name says otherwise",
    "one line": "several notes at a time",
    "register": "outside the register of a melody",
    "on top": "below other parts",
    "moves by step": "moves in leaps",
    "rhythm": "always the same rhythm",
    "phrases": "a few notes at a time",
    "pace": "too slow or too fast",
    "variety": "few different pitches",
    "presence": "plays seldom",
    "instrument": "an instrument that seldom sings",
}


@dataclass(frozen=True, slots=True)
class PartRole:
    """The role of a part: melody, harmony, melody and harmony, drums, doubles the melody, or left
    out. `melody`, `harmony`: its scores, from 0 to 1."""

    part: ScorePart
    role: str
    melody: float
    harmony: float
    reason: str


def role_with_reason(
    part: ScorePart, roles: dict[int, str], scores: dict[int, PartScores], asked: set[int]
) -> PartRole:
    """The role of a part with its scores and a reason. `asked`: the parts that the user named."""
    if part.number not in scores:
        reason = "on the channel of drums" if part.drums else "its name says so"
        return PartRole(part, "drums", 0.0, 0.0, reason)
    role = roles.get(part.number, "left out")
    own = scores[part.number]
    if part.number in asked:
        reason = "chosen by you"
    elif role == "doubles the melody":
        reason = "has the notes of the melody"
    elif role == "left out":
        reason = _strongest_lacks(own.melody_criteria) or "another part fits better"
    elif role == "harmony":
        everyone = [other.harmony_criteria for other in scores.values()]
        reason = _strongest_merits(own.harmony_criteria, everyone, HARMONY_WEIGHTS)
    else:
        everyone = [other.melody_criteria for other in scores.values()]
        reason = _strongest_merits(own.melody_criteria, everyone, MELODY_WEIGHTS)
    if role == "melody and harmony":
        reason = f"its top line is the melody, the rest accompanies: {reason}"
    return PartRole(part, role, min(own.as_melody, 1.0), min(own.as_harmony, 1.0), reason)


def _strongest_merits(
    own: dict[str, float], everyone: Sequence[dict[str, float]], weights: dict[str, float]
) -> str:
    """The three criteria that lift a part most above the mean of all parts, in words."""

    def lift(name: str) -> float:
        mean = sum(criteria[name] for criteria in everyone) / len(everyone)
        return weights[name] * (own[name] - mean if len(everyone) > 1 else own[name])

    strong = sorted((name for name in weights if own[name] >= 0.5), key=lift, reverse=True)
    return ", ".join(_PHRASES[name] for name in strong[:3]) or "the best of what is there"


def _strongest_lacks(own: dict[str, float]) -> str:
    """The three criteria that a part lacks most to be the melody, in words."""
    lacking = sorted(
        (name for name in _LACKS if own[name] < (0 if name == "name" else 0.5)),
        key=lambda name: (own[name] - 1) * MELODY_WEIGHTS[name],
    )
    return ", ".join(_LACKS[name] for name in lacking[:3])

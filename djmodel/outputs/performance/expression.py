"""Loudness and articulation of a melody, by linear models measured on recorded solos.

`python -m benchmarks.performance` fits them to the Weimar Jazz Database and prints the constants of
`constants`. The same functions compute the features for the fit and for a performance.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from djmodel.outputs.performance.constants import (
    ARTICULATION,
    LOUDNESS,
    MAX_SHARE,
    MIN_SHARE,
    REFERENCE_BPM,
)

LOUDNESS_FEATURES = (
    "downbeat",
    "strong_beat",
    "off_beat",
    "subdivision",
    "height",
    "peak",
    "valley",
    "leap_up",
    "leap_down",
    "first",
    "last",
)
ARTICULATION_FEATURES = ("constant", "length", "tempo", "off_beat", "last")
_EIGHTH = 0.5  # quarter lengths
_DECIBELS_PER_DECADE = 40.0  # of velocity: synthesisers square it, as General MIDI 2 recommends


class Line(NamedTuple):
    """A melody as arrays `(notes,)`, in the order of onsets.

    `position`: quarter lengths from the start of the bar; `length`: written duration in quarter
    lengths (in a transcription the time until the next note); `strong`: the note begins a group of
    beats other than the first, such as beat 3 of 4/4; `first` and `last`: of its phrase.
    """

    pitch: np.ndarray
    position: np.ndarray
    length: np.ndarray
    strong: np.ndarray
    first: np.ndarray
    last: np.ndarray


def loudness_features(line: Line) -> np.ndarray:
    """The features of each note, `(notes, len(LOUDNESS_FEATURES))`.

    `height` is the distance from the median pitch, `leap_up` and `leap_down` that from the note
    before in the phrase, all in octaves; the others are 0 or 1. A note on a beat that is neither
    strong nor the first of its bar has no metrical feature."""
    pitch = line.pitch.astype(float)
    before, after = np.roll(pitch, 1), np.roll(pitch, -1)
    rising = np.where(line.first, 0.0, pitch - before) / 12
    falling_after = np.where(line.last, 0.0, pitch - after) / 12
    inside = ~(line.first | line.last)
    phase = line.position % 1
    return np.column_stack([
        line.position == 0,
        line.strong,
        phase == _EIGHTH,
        (phase != 0) & (phase != _EIGHTH),
        (pitch - np.median(pitch)) / 12,
        inside & (rising > 0) & (falling_after > 0),
        inside & (rising < 0) & (falling_after < 0),
        np.clip(rising, 0, 1),
        np.clip(-rising, 0, 1),
        line.first,
        line.last,
    ]).astype(float)  # fmt: skip


def articulation_features(line: Line, bpm: np.ndarray) -> np.ndarray:
    """The features of each note, `(notes, len(ARTICULATION_FEATURES))`; `bpm` `(notes,)`. `length`
    is in octaves of time (0: an eighth), `tempo` in octaves from REFERENCE_BPM. `last` is 0 for a
    last note of a phrase that is longer than a quarter: it is held."""
    return np.column_stack([
        np.ones(len(line.pitch)),
        _octaves_of_time(line.length),
        np.log2(bpm / REFERENCE_BPM),
        line.position % 1 == _EIGHTH,
        line.last & (line.length <= 1),
    ]).astype(float)  # fmt: skip


def loudness(line: Line) -> np.ndarray:
    """Decibels above the mean of the line, `(notes,)`."""
    decibels = loudness_features(line) @ [LOUDNESS[name] for name in LOUDNESS_FEATURES]
    centred: np.ndarray = decibels - decibels.mean() if len(decibels) else decibels
    return centred


def sounding_share(line: Line, bpm: np.ndarray) -> np.ndarray:
    """The share of its written duration that each note sounds, `(notes,)`."""
    weights = [ARTICULATION[name] for name in ARTICULATION_FEATURES]
    share: np.ndarray = articulation_features(line, bpm) @ weights
    return np.clip(share, MIN_SHARE, MAX_SHARE)


def scaled_velocity(velocity: float, decibels: float) -> int:
    """The velocity that sounds `decibels` louder, within 20 to 127.

    >>> scaled_velocity(80, 6.0)
    113
    """
    scaled = velocity * 10 ** (decibels / _DECIBELS_PER_DECADE)
    return int(min(max(round(scaled), 20), 127))


def _octaves_of_time(length: np.ndarray) -> np.ndarray:
    """Doublings of an eighth note, from -2 to 3."""
    octaves: np.ndarray = np.clip(np.log2(np.maximum(length, 1e-6) / _EIGHTH), -2, 3)
    return octaves

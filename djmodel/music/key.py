"""Keys: the key of a tune, given or estimated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import Chord
from djmodel.music.pitch import fifths_of
from djmodel.music.tune import ChordSpan, Note, Tune

# The fit of each degree to a major and a minor key: the probe-tone ratings of Krumhansl and Kessler
# (Tracing the dynamic changes in perceived tonal organization, 1982).
_MAJOR_FIT = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR_FIT = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# Weights of other evidence beside the correlation with these ratings. With them the signatures of
# 291 of 319 different charts of the Weimar Jazz Database are found (with the correlation alone,
# 250), and those of all 14 forms of this project (11).
_FIRST_CHORD, _LAST_CHORD = 0.3, 0.2  # the tonic's
_ONLY_FIRST_CHORD = 0.6  # the first chord's in changes without cadences, such as vamps
_CADENCES = 0.6  # if all cadences lead to the tonic
_LAST_NOTE = 0.05  # share of all notes that the last one counts more
_HALF_CADENCE = 0.5  # a ii and its V, or a V and a ii that leads on to its own V: half a cadence


class Key(NamedTuple):
    """A tonic (pitch class) and a mode."""

    tonic: int
    minor: bool

    @property
    def signature(self) -> int:
        """Number of sharps (positive) or flats (negative), -6 (G flat major) to 5.

        >>> Key(9, minor=True).signature, Key(6, minor=False).signature
        (0, -6)
        """
        return fifths_of(self.tonic + 3 * self.minor)


_KEYS = [Key(tonic, minor) for minor in (False, True) for tonic in range(12)]


def key_signature(tune: Tune) -> int:
    """The number of sharps (positive) or flats (negative) of a tune: as it says, else those of the
    estimated key."""
    if tune.key is not None:
        return tune.key
    return estimate_key(tune.melody_notes(), tune.chord_spans()).signature


def estimate_key(melody: Sequence[Note], chords: Sequence[ChordSpan] = ()) -> Key:
    """The key that fits a melody and sounding chords best, either of which may be missing; C major
    for silence.

    The fit is the correlation of sounding times with the ratings of a key (Krumhansl's method),
    plus weights for a first and a last chord on the tonic and for cadences that lead to it.
    """
    profile = _profile(melody, chords)
    if np.ptp(profile) == 0:
        return _KEYS[0]
    ratings = {key: np.roll(_MINOR_FIT if key.minor else _MAJOR_FIT, key.tonic) for key in _KEYS}
    fit = {key: float(np.corrcoef(profile, rating)[0, 1]) for key, rating in ratings.items()}
    cadences = _cadences([span.chord for span in chords])
    first = _FIRST_CHORD if cadences else _ONLY_FIRST_CHORD
    for span, weight in zip([*chords[:1], *chords[-1:]], (first, _LAST_CHORD), strict=False):
        if (key := _key_of_tonic(span.chord)) is not None:
            fit[key] += weight
    for key, count in cadences.items():
        fit[key] += _CADENCES * count / sum(cadences.values())
    return max(_KEYS, key=lambda key: fit[key])


def _profile(melody: Sequence[Note], chords: Sequence[ChordSpan]) -> NDArray[np.float64]:
    """Sounding time of each pitch class, `(12,)`: that of the melody, half that of the tones of
    chords and, once more, of their roots."""
    profile = np.zeros(12)
    for note in melody:
        profile[note.pitch % 12] += float(note.duration)
    if melody:
        profile[max(melody, key=lambda note: note.onset).pitch % 12] += _LAST_NOTE * profile.sum()
    for onset, end, chord in chords:
        profile[list(chord.pitch_classes)] += float(end - onset) / 2
        profile[chord.root] += float(end - onset) / 2
    return profile


def _key_of_tonic(chord: Chord) -> Key | None:
    """The key of which a chord can be the tonic; None for one without a third or a fifth."""
    if 4 in chord.intervals:
        return Key(chord.root, minor=False)
    return Key(chord.root, minor=True) if {3, 6} & {*chord.intervals} == {3} else None


def _cadences(chords: Sequence[Chord]) -> dict[Key, float]:
    """The number of times that the chords lead to each key: V I, or bII7 I; IV7 I7, as in a blues,
    where the tonic is itself a dominant seventh; and half as much, ii V. The last chord leads to
    the first."""
    different = [chord for chord, _ in groupby(chords)]
    found: dict[Key, float] = defaultdict(float)
    if len(different) < 2:
        return found
    after = different[1:] + different[:1]
    for chord, following, later in zip(different, after, after[1:] + after[:1], strict=True):
        fall = (chord.root - following.root) % 12
        if fall == 7 and _is_minor(chord) and _is_dominant(following):  # ii V
            found[Key((following.root + 5) % 12, 6 in chord.intervals)] += _HALF_CADENCE
        if fall == 5 and _is_dominant(chord) and _is_dominant(following):  # IV7 I7
            found[Key(following.root, minor=False)] += 1
        key = _key_of_tonic(following)
        if key is None or {4, 10} <= {*following.intervals}:
            continue
        if fall == 7 and 4 in chord.intervals:  # V I
            leads_on = 10 in following.intervals and _is_dominant(later)
            is_second = leads_on and (following.root - later.root) % 12 == 7
            found[key] += _HALF_CADENCE if is_second else 1
        elif fall == 1 and {4, 10} <= {*chord.intervals}:  # bII7 I
            found[key] += 1
    return found


def _is_dominant(chord: Chord) -> bool:
    """True for a minor seventh over a major third or a suspended fourth."""
    return 10 in chord.intervals and not _is_minor(chord)


def _is_minor(chord: Chord) -> bool:
    return 3 in chord.intervals and 4 not in chord.intervals

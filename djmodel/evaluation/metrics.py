"""Measures of music: a function each, from a tune to a number or an array.

They measure the melody; times are quarter lengths. A note tied over a bar line counts once. A
measure that is undefined (without notes, with too few bars or chords) is nan, or an array of nan,
which `mean_of` and the comparisons leave out.

Sources. "muspy": Dong, Chen, McAuley and Berg-Kirkpatrick, *MusPy: A toolkit for symbolic music
generation* (ISMIR 2020), section 5. "Mogren": Mogren, *C-RNN-GAN* (2016). "Yang and Lerch": *On the
evaluation of generative models in music* (Neural Computing and Applications, 2018). "Wu and Yang":
*The Jazz Transformer on the front line* (ISMIR 2020), section 4. The definitions are followed, not
the code that came with them, where the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import ALL_KINDS, KIND_NAMES, Chord, kind_of
from djmodel.music.pitch import MAJOR_SCALE
from djmodel.music.tune import Tune

Floats = NDArray[np.float64]

# Onsets are compared on the coarsest grid that has thirds and fourths of a quarter note.
POSITIONS_PER_QUARTER = 12

# The twelve note lengths of Yang and Lerch, in quarter lengths: plain, dotted, triplets.
NOTE_LENGTHS = tuple(
    Fraction(*length)
    for length in (
        *((4, 1), (2, 1), (1, 1), (1, 2), (1, 4)),
        *((3, 1), (3, 2), (3, 4), (3, 8)),
        *((4, 3), (2, 3), (1, 3)),
    )
)
NOTE_LENGTH_NAMES = (
    *("whole", "half", "quarter", "eighth", "16th"),
    *("dotted half", "dotted quarter", "dotted eighth", "dotted 16th"),
    *("half triplet", "quarter triplet", "eighth triplet"),
)

# --- pitch -----------------------------------------------------------------------------------


def pitch_class_histogram(tune: Tune) -> Floats:
    """The share of notes on each pitch class, C first: `(12,)`, adds up to 1 (Yang and Lerch,
    "PCH"). Each note counts once, whatever its length. nan without notes."""
    return _shares([note.pitch % 12 for note in tune.melody_notes()], 12)


def pitch_class_entropy(tune: Tune) -> float:
    """-sum(p log2 p) over the pitch-class histogram, in bits: 0 for one pitch class, log2(12) =
    3.58 for all twelve alike (muspy; Wu and Yang). nan without notes."""
    return entropy(pitch_class_histogram(tune))


def pitch_range(tune: Tune) -> float:
    """Semitones from the lowest note to the highest (muspy; Yang and Lerch, "PR"). nan without
    notes."""
    pitches = [note.pitch for note in tune.melody_notes()]
    return float(max(pitches) - min(pitches)) if pitches else np.nan


def scale_consistency(tune: Tune) -> float:
    """The largest share of notes that any major or minor scale holds (muspy, after Mogren). The
    minor scales are the natural ones, which have the tones of the major ones a minor third higher,
    so that twelve are tried. nan without notes."""
    classes = [note.pitch % 12 for note in tune.melody_notes()]
    scales = [{(tonic + step) % 12 for step in MAJOR_SCALE} for tonic in range(12)]
    held = [sum(pitch_class in scale for pitch_class in classes) for scale in scales]
    return max(held) / len(classes) if classes else np.nan


def pitch_class_transition_matrix(tune: Tune) -> Floats:
    """Transitions from the pitch class of a note (row) to that of the next (column): `(12, 12)`, as
    shares of all transitions (Yang and Lerch, "PCTM", normalised as a whole). nan with fewer than
    two notes."""
    return _transitions([note.pitch % 12 for note in tune.melody_notes()], 12)


def barwise_pitch_class_entropy(tune: Tune, bars: int = 1) -> float:
    """The mean pitch-class entropy, in bits, of each window of `bars` consecutive bars (Wu and
    Yang: H1 for 1, H4 for 4). A tied note counts in each bar. Stretches without notes are left out;
    nan if none has any, or the tune has fewer bars."""
    stretches = (tune.bars[first : first + bars] for first in range(len(tune.bars) - bars + 1))
    pitches = ([note.pitch % 12 for bar in stretch for note in bar.melody] for stretch in stretches)
    return mean_of(entropy(_shares(each, 12)) for each in pitches)


# --- rhythm ----------------------------------------------------------------------------------


def average_inter_onset_interval(tune: Tune) -> float:
    """The mean time from the onset of a note to that of the next, in quarter lengths (Yang and
    Lerch, "IOI", who take seconds: times 60 / bpm). Rests between count. nan with fewer than two
    notes."""
    onsets = [note.onset for note in tune.melody_notes()]
    return float((onsets[-1] - onsets[0]) / (len(onsets) - 1)) if len(onsets) > 1 else np.nan


def note_length_histogram(tune: Tune) -> Floats:
    """The share of notes of each of NOTE_LENGTHS: `(12,)`, adds up to 1 (Yang and Lerch, "NLH",
    without rests). A note counts as the nearest length, of two equally near as the first in the
    list. nan without notes."""
    return _shares(_length_classes(tune), len(NOTE_LENGTHS))


def note_length_transition_matrix(tune: Tune) -> Floats:
    """Transitions from one of NOTE_LENGTHS (row) to the next (column): `(12, 12)`, as shares of
    all transitions (Yang and Lerch, "NLTM", normalised as a whole). nan with fewer than two notes.
    """
    return _transitions(_length_classes(tune), len(NOTE_LENGTHS))


def empty_beat_rate(tune: Tune) -> float:
    """The share of beats during which no note sounds (muspy). Beats are those of the
    meter; a first one that the bar cuts counts as one. A note that ends where a beat
    begins does not sound in it. nan for a tune without bars; 1 for bars without notes."""
    sounding = [
        any(note.onset < end and note.end > onset for note in bar.melody)
        for bar in tune.bars
        for onset, end in pairwise([*bar.meter.beat_onsets(bar.length), bar.length])
    ]
    return float(1 - np.mean(sounding)) if sounding else np.nan


def groove_consistency(tune: Tune, positions: int = POSITIONS_PER_QUARTER) -> float:
    """1 - mean d(G[i], G[i + 1]) over successive bars. G is a bar's onsets as zeros and ones, with
    `positions` per quarter note, and d the share of positions in which two bars differ (muspy, with
    24 positions). Only bars of equal length are compared; nan if there are none in succession."""
    pairs = pairwise(_grooves(tune, positions))
    return mean_of(float((a == b).mean()) for a, b in pairs if len(a) == len(b))


def groove_similarity(tune: Tune, positions: int = POSITIONS_PER_QUARTER) -> float:
    """1 - mean d(G[i], G[j]) over all pairs of bars (Wu and Yang, "GS", with 16
    positions per quarter note). G and d as in `groove_consistency`; nan if no two bars have the
    same length."""
    grooves = _grooves(tune, positions)
    pairs, alike = 0, 0.0
    for length in {len(groove) for groove in grooves}:
        bars = np.stack([groove for groove in grooves if len(groove) == length]).astype(np.float64)
        shared = bars @ bars.T + (1 - bars) @ (1 - bars).T  # positions alike, of each two bars
        alike += np.triu(shared, 1).sum() / length
        pairs += len(bars) * (len(bars) - 1) // 2
    return float(alike / pairs) if pairs else np.nan


# --- harmony ---------------------------------------------------------------------------------


def chord_progression_irregularity(tune: Tune) -> float:
    """Different trigrams of chords, divided by all trigrams of chords (Wu and Yang, "CPI"). A chord
    is its root, tones and bass, and counts once until it changes. nan with fewer than three."""
    chords: list[Chord] = []
    for change in (change for bar in tune.bars for change in bar.changes):
        if not chords or chords[-1] != change.chord:
            chords.append(change.chord)
    trigrams = list(zip(chords, chords[1:], chords[2:], strict=False))
    return len(set(trigrams)) / len(trigrams) if trigrams else np.nan


def tone_shares(tune: Tune) -> Floats:
    """The shares of chord, scale, approach and other tones (columns, in the order C S A X of the
    values) among the notes that begin on a beat (first row) and off the beat (second): `(2, 4)`,
    each row adds up to 1, or is nan without such notes. The kinds are those of Gillick, Tang and
    Keller, *Learning Jazz Grammars* (2009); a note counts over the chord at its onset."""
    rows: tuple[list[int], list[int]] = ([], [])
    for bar in tune.bars:
        for note in (note for note in bar.melody if not note.tied):
            off_beat = note.onset not in bar.meter.beat_onsets(bar.length)
            rows[off_beat].append(ALL_KINDS.index(kind_of(note.pitch, bar.chord_at(note.onset))))
    return np.stack([_shares(kinds, len(ALL_KINDS)) for kinds in rows])


MEASURES: dict[str, Callable[[Tune], float]] = {
    "pitch-class entropy": pitch_class_entropy,
    "pitch-class entropy per bar": barwise_pitch_class_entropy,
    "pitch-class entropy in 4 bars": lambda tune: barwise_pitch_class_entropy(tune, 4),
    "pitch range": pitch_range,
    "scale consistency": scale_consistency,
    "inter-onset interval": average_inter_onset_interval,
    "empty-beat rate": empty_beat_rate,
    "groove consistency": groove_consistency,
    "groove similarity": groove_similarity,
    "chord-progression irregularity": chord_progression_irregularity,
    "chord tones on the beat": lambda tune: float(tone_shares(tune)[0, 0]),
    "chord tones off the beat": lambda tune: float(tone_shares(tune)[1, 0]),
}
"""Measures that give a number for a tune, by name."""

DISTRIBUTIONS: dict[str, Callable[[Tune], Floats]] = {
    "pitch classes": pitch_class_histogram,
    "note lengths": note_length_histogram,
    "pitch-class transitions": pitch_class_transition_matrix,
    "note-length transitions": note_length_transition_matrix,
    "kinds of tones on and off the beat": tone_shares,
}
"""Measures that give an array for a tune, by name."""

PITCH_CLASSES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
CATEGORIES: dict[str, Sequence[str]] = {
    "pitch classes": PITCH_CLASSES,
    "note lengths": NOTE_LENGTH_NAMES,
    "pitch-class transitions": PITCH_CLASSES,
    "note-length transitions": NOTE_LENGTH_NAMES,
    "kinds of tones on and off the beat": [
        f"{name} {where} the beat" for where in ("on", "off") for name in KIND_NAMES.values()
    ],
}
"""Labels of the entries of each array; of rows and columns, for transitions."""

# --- comparing -------------------------------------------------------------------------------


def mean_of(numbers: Iterable[float]) -> float:
    """The mean of the numbers that are not nan; nan if there is none."""
    measured = _measured(numbers)
    return float(measured.mean()) if len(measured) else np.nan


def mean_array(arrays: Iterable[Floats]) -> Floats:
    """The elementwise mean of arrays of one shape, without those elements that are nan; nan where
    all are."""
    stacked = np.stack([*arrays])
    measured = ~np.isnan(stacked)
    counts = measured.sum(axis=0)
    sums = np.where(measured, stacked, 0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def overlapping_area(first: Iterable[float], second: Iterable[float]) -> float:
    """The area under the lower of the two densities: 0 for samples that have nothing in common, 1
    for equal ones (Yang and Lerch, "OA").

    Both densities are Gaussian kernel estimates with Scott's bandwidth, on one grid that covers
    both. A constant sample is a point mass: equal points overlap by 1, and any other pair with a
    point by 0. nan if a sample is empty.
    """
    p, q = _measured(first), _measured(second)
    if not len(p) or not len(q):
        return np.nan
    if _is_point(p) or _is_point(q):
        return float(_same_point(p, q))
    grid, log_p, log_q = _log_densities(p, q)
    return float(np.trapezoid(np.exp(np.minimum(log_p, log_q)), grid))


def kl_divergence(first: Iterable[float], second: Iterable[float]) -> float:
    """The integral of p log(p / q), in nats, p being the density of `first` and q that of `second`
    (Kullback and Leibler, 1951; Yang and Lerch, "KLD", who evaluate each density on a grid of its
    own, so that different points are compared). Not symmetric.

    Densities, grid and points as in `overlapping_area`: 0 for the same point twice, infinite for
    any other pair with a point in it. nan if a sample is empty. Far from its sample an estimated
    density falls as its kernel does: a large result says that two samples are far apart, how far
    depends on their outliers.
    """
    p, q = _measured(first), _measured(second)
    if not len(p) or not len(q):
        return np.nan
    if _is_point(p) or _is_point(q):
        return 0.0 if _same_point(p, q) else np.inf
    grid, log_p, log_q = _log_densities(p, q)
    return float(np.trapezoid(np.exp(log_p) * (log_p - log_q), grid))


def distances_within(features: Sequence[Floats]) -> Floats:
    """The Euclidean distances of all pairs of arrays of one set: `(n (n - 1) / 2,)` (Yang and
    Lerch, "intra-set"). Elements that are nan in either array are left out."""
    return np.array([_distance(a, b) for a, b in combinations(features, 2)])


def distances_between(first: Sequence[Floats], second: Sequence[Floats]) -> Floats:
    """The Euclidean distances of each array of one set to each of another: `(n * m,)` (Yang and
    Lerch, "inter-set"). nan as in `distances_within`."""
    return np.array([_distance(a, b) for a in first for b in second])


# --- parts of measures -----------------------------------------------------------------------


def entropy(shares: Floats) -> float:
    """-sum(p log2 p), in bits, where 0 log 0 is 0 (Shannon, 1948). nan if `shares` are."""
    if np.isnan(shares).any():
        return np.nan
    present = shares[shares > 0]
    return float(abs(-(present * np.log2(present)).sum()))  # abs: no -0.0


def _shares(classes: Sequence[int], size: int) -> Floats:
    counts = np.bincount(np.asarray(classes, dtype=np.intp), minlength=size)
    return counts / counts.sum() if len(classes) else np.full(size, np.nan)


def _transitions(classes: Sequence[int], size: int) -> Floats:
    pairs = [before * size + after for before, after in pairwise(classes)]
    return _shares(pairs, size * size).reshape(size, size)


def _length_classes(tune: Tune) -> list[int]:
    return [_length_class(note.duration) for note in tune.melody_notes()]


@lru_cache(maxsize=4096)
def _length_class(duration: Fraction) -> int:
    return min(range(len(NOTE_LENGTHS)), key=lambda k: abs(NOTE_LENGTHS[k] - duration))


def _grooves(tune: Tune, positions: int) -> list[NDArray[np.bool_]]:
    """The onsets of each bar, as booleans by position."""
    grooves = []
    for bar in tune.bars:
        groove = np.zeros(max(-(-bar.length * positions // 1), 1), dtype=bool)
        groove[[note.onset * positions // 1 for note in bar.melody if not note.tied]] = True
        grooves.append(groove)
    return grooves


def _measured(numbers: Iterable[float]) -> Floats:
    found = np.array([*numbers], dtype=np.float64)
    return found[~np.isnan(found)]


def _distance(first: Floats, second: Floats) -> float:
    return float(np.sqrt(np.nansum((first - second) ** 2)))


def _is_point(sample: Floats) -> bool:
    return bool(np.ptp(sample) <= 1e-9 * max(1.0, float(np.abs(sample).max())))


def _same_point(p: Floats, q: Floats) -> bool:
    return _is_point(np.concatenate([p, q]))


def _log_densities(p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """A grid that reaches four bandwidths beyond both samples, and the log densities on it, which
    are finite even where the densities underflow to 0."""
    from scipy.stats import gaussian_kde

    estimates = [gaussian_kde(sample) for sample in (p, q)]
    widths = [float(np.sqrt(estimate.covariance[0, 0])) for estimate in estimates]
    low = min(s.min() - 4 * width for s, width in zip((p, q), widths, strict=True))
    high = max(s.max() + 4 * width for s, width in zip((p, q), widths, strict=True))
    # Twenty steps to the narrower kernel, at least a thousand, at most twenty thousand.
    steps = int(np.clip((high - low) / min(widths) * 20, 1000, 20_000))
    grid = np.linspace(low, high, steps)
    return grid, estimates[0].logpdf(grid), estimates[1].logpdf(grid)

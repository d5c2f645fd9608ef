"""Measures of music: a function each, from a tune to a number or an array.

They measure the melody; times are quarter lengths. A note tied over a bar line counts once. A
measure that is undefined (without notes, with too few bars or chords) is nan, or an array of nan,
which `djmodel.evaluation.statistics` leaves out.

Sources. "muspy": Dong, Chen, McAuley and Berg-Kirkpatrick, *MusPy: A toolkit for symbolic music
generation* (ISMIR 2020), section 5. "Mogren": Mogren, *C-RNN-GAN* (2016). "Yang and Lerch": *On the
evaluation of generative models in music* (Neural Computing and Applications, 2018). "Wu and Yang":
*The Jazz Transformer on the front line* (ISMIR 2020), section 4. The definitions are followed, not
the code that came with them, where the two differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from djmodel.evaluation.statistics import Floats, mean_of
from djmodel.music.chord import ALL_KINDS, KIND_NAMES, Chord, kind_of
from djmodel.music.pitch import MAJOR_SCALE
from djmodel.music.tune import Note, Tune

# Onsets are compared on the coarsest grid that has thirds and fourths of a quarter note.
POSITIONS_PER_QUARTER = 12

# The shortest rest between two phrases, in quarter lengths. In the Weimar Jazz Database, whose
# phrases are marked by ear, 82 % of the phrases that it makes begin where a marked one does, and
# 85 % of the marked ones are found; a shorter or longer rest agrees less.
PHRASE_REST = Fraction(1)

MOTIF_NOTES = 4

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
    return _shares(_pitch_classes(tune), 12)


def pitch_class_entropy(tune: Tune) -> float:
    """-sum(p log2 p) over the pitch-class histogram, in bits: 0 for one pitch class, log2(12) =
    3.58 for all twelve alike (muspy; Wu and Yang). nan without notes."""
    return entropy(pitch_class_histogram(tune))


def pitch_range(tune: Tune) -> float:
    """Semitones from the lowest note to the highest (muspy; Yang and Lerch, "PR"). nan without
    notes."""
    pitches = [note.pitch for note in tune.melody_notes()]
    return float(max(pitches) - min(pitches)) if pitches else np.nan


def used_pitches(tune: Tune) -> float:
    """The number of different pitches (Yang and Lerch, "PC"). nan without notes."""
    return float(len({note.pitch for note in tune.melody_notes()})) or np.nan


def average_interval(tune: Tune) -> float:
    """The mean distance of a note from the note before, in semitones up or down (Yang and Lerch,
    "PI"). nan with fewer than two notes."""
    return mean_of(abs(semitones) for semitones, _ in melodic_steps(tune))


def scale_consistency(tune: Tune) -> float:
    """The largest share of notes that any major or minor scale holds (muspy, after Mogren). The
    minor scales are the natural ones, which have the tones of the major ones a minor third higher,
    so that twelve are tried. nan without notes."""
    classes = _pitch_classes(tune)
    scales = [{(tonic + step) % 12 for step in MAJOR_SCALE} for tonic in range(12)]
    held = [sum(pitch_class in scale for pitch_class in classes) for scale in scales]
    return max(held) / len(classes) if classes else np.nan


def pitch_class_transition_matrix(tune: Tune) -> Floats:
    """Transitions from the pitch class of a note (row) to that of the next (column): `(12, 12)`, as
    shares of all transitions (Yang and Lerch, "PCTM", normalised as a whole). nan with fewer than
    two notes."""
    return _transitions(_pitch_classes(tune), 12)


def barwise_pitch_class_entropy(tune: Tune, bars: int = 1) -> float:
    """The mean pitch-class entropy, in bits, of each window of `bars` consecutive bars (Wu and
    Yang: H1 for 1, H4 for 4). A tied note counts in each bar. Stretches without notes are left out;
    nan if none has any, or the tune has fewer bars."""
    stretches = (tune.bars[first : first + bars] for first in range(len(tune.bars) - bars + 1))
    pitches = ([note.pitch % 12 for bar in stretch for note in bar.melody] for stretch in stretches)
    return mean_of(entropy(_shares(each, 12)) for each in pitches)


def melodic_steps(tune: Tune) -> list[tuple[int, Fraction]]:
    """From each note to the next: the interval in semitones, and the time between the onsets."""
    notes = tune.melody_notes()
    return [(b.pitch - a.pitch, b.onset - a.onset) for a, b in pairwise(notes)]


def motif_repetition(tune: Tune, notes: int = MOTIF_NOTES) -> float:
    """The share of the motifs that occur more than once in the tune, in any key. A motif is a run
    of `notes` notes, as their melodic steps; one begins on every note that enough notes follow. nan
    without motifs."""
    steps = melodic_steps(tune)
    motifs = [tuple(steps[i : i + notes - 1]) for i in range(len(steps) - notes + 2)]
    counts = Counter(motifs)
    return mean_of(float(counts[motif] > 1) for motif in motifs)


# --- rhythm ----------------------------------------------------------------------------------


def average_inter_onset_interval(tune: Tune) -> float:
    """The mean time from the onset of a note to that of the next, in quarter lengths (Yang and
    Lerch, "IOI", who take seconds: times 60 / bpm). Rests between count. nan with fewer than two
    notes."""
    onsets = [note.onset for note in tune.melody_notes()]
    return float((onsets[-1] - onsets[0]) / (len(onsets) - 1)) if len(onsets) > 1 else np.nan


def note_length_histogram(tune: Tune) -> Floats:
    """The share of notes of each of NOTE_LENGTHS (whole to 16th, dotted half to dotted 16th, half
    to eighth triplet): `(12,)`, adds up to 1 (Yang and Lerch, "NLH", without rests). A note counts
    as the nearest length, of two equally near as the first in the list. nan without notes."""
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


def rest_share(tune: Tune) -> float:
    """The share of the time during which no note sounds. nan for a tune without bars."""
    sounding = sum(note.duration for bar in tune.bars for note in bar.melody)
    return float(1 - sounding / tune.length) if tune.bars else np.nan


def phrase_lengths(tune: Tune) -> Floats:
    """The lengths of the phrases in notes and in quarter lengths, from the first onset to the end
    of the last note: `(n_phrases, 2)`. A phrase ends at a rest of a quarter or longer, whether
    phrases of the tune are known or not, so that all tunes are measured alike."""
    phrases: list[list[Note]] = []
    for note in tune.melody_notes():
        if not phrases or note.onset - phrases[-1][-1].end >= PHRASE_REST:
            phrases.append([])
        phrases[-1].append(note)
    lengths = [(len(notes), float(notes[-1].end - notes[0].onset)) for notes in phrases]
    return np.array(lengths, dtype=np.float64).reshape(-1, 2)


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


def tone_counts(tune: Tune) -> Floats:
    """The numbers of chord, scale, approach and other tones (columns, in the order C S A X of the
    values) among the notes that begin on a beat (first row) and off the beat (second): `(2, 4)`.
    The kinds are those of Gillick, Tang and Keller, *Learning Jazz Grammars* (2009); a note counts
    over the chord at its onset."""
    counts = np.zeros((2, len(ALL_KINDS)))
    for bar in tune.bars:
        beats = bar.meter.beat_onsets(bar.length)
        for note in (note for note in bar.melody if not note.tied):
            off_beat = int(note.onset not in beats)
            counts[off_beat, ALL_KINDS.index(kind_of(note.pitch, bar.chord_at(note.onset)))] += 1
    return counts


def tone_shares(tune: Tune) -> Floats:
    """The shares of the four kinds of tones on and off the beat, as in `tone_counts`: `(2, 4)`,
    each row adds up to 1, or is nan without such notes."""
    return np.stack([_shares_of_counts(row) for row in tone_counts(tune)])


def chord_tone_share(tune: Tune) -> float:
    """The share of notes that are tones of their chord. nan without notes."""
    return float(_shares_of_counts(tone_counts(tune).sum(axis=0))[0])


def scale_tone_share(tune: Tune) -> float:
    """The share of notes that are tones of their chord or of its scale. nan without notes."""
    return float(_shares_of_counts(tone_counts(tune).sum(axis=0))[:2].sum())


MEASURES: dict[str, Callable[[Tune], float]] = {
    "pitch-class entropy": pitch_class_entropy,
    "pitch-class entropy per bar": barwise_pitch_class_entropy,
    "pitch-class entropy in 4 bars": lambda tune: barwise_pitch_class_entropy(tune, 4),
    "different pitches": used_pitches,
    "pitch range": pitch_range,
    "interval": average_interval,
    "repeated motifs": motif_repetition,
    "scale consistency": scale_consistency,
    "inter-onset interval": average_inter_onset_interval,
    "empty-beat rate": empty_beat_rate,
    "rests": rest_share,
    "notes of a phrase": lambda tune: mean_of(phrase_lengths(tune)[:, 0]),
    "quarters of a phrase": lambda tune: mean_of(phrase_lengths(tune)[:, 1]),
    "groove consistency": groove_consistency,
    "groove similarity": groove_similarity,
    "chord-progression irregularity": chord_progression_irregularity,
    "chord tones": chord_tone_share,
    "chord or scale tones": scale_tone_share,
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

MGEVAL: dict[str, Callable[[Tune], Floats]] = {
    "used pitches": lambda tune: np.array([used_pitches(tune)]),
    "notes": lambda tune: np.array([float(len(tune.melody_notes()))]),
    "inter-onset interval": lambda tune: np.array(
        [60 / tune.tempos[0].bpm * average_inter_onset_interval(tune)]
    ),
    "pitch shift": lambda tune: np.array([average_interval(tune)]),
    "note lengths": note_length_histogram,
    "pitch classes": pitch_class_histogram,
    "note-length transitions": lambda tune: _transition_counts(
        _length_classes(tune), len(NOTE_LENGTHS)
    ),
    "pitch-class transitions": lambda tune: _transition_counts(_pitch_classes(tune), 12),
    "pitch range": lambda tune: np.array([pitch_range(tune)]),
}
"""The nine features of Yang and Lerch's MGEval, by name, in the units of their code: the
inter-onset interval in seconds (at the first tempo of the tune), transitions counted."""

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

# --- parts of measures -----------------------------------------------------------------------


def entropy(shares: Floats) -> float:
    """-sum(p log2 p), in bits, where 0 log 0 is 0 (Shannon, 1948). nan if `shares` are."""
    if np.isnan(shares).any():
        return np.nan
    present = shares[shares > 0]
    return float(abs(-(present * np.log2(present)).sum()))  # abs: no -0.0


def _shares(classes: Sequence[int], size: int) -> Floats:
    return _shares_of_counts(_counts(classes, size))


def _transitions(classes: Sequence[int], size: int) -> Floats:
    return _shares_of_counts(_transition_counts(classes, size))


def _transition_counts(classes: Sequence[int], size: int) -> Floats:
    pairs = [before * size + after for before, after in pairwise(classes)]
    return _counts(pairs, size * size).reshape(size, size)


def _counts(classes: Sequence[int], size: int) -> Floats:
    return np.bincount(np.asarray(classes, dtype=np.intp), minlength=size).astype(np.float64)


def _shares_of_counts(counts: Floats) -> Floats:
    total = counts.sum()
    return counts / total if total else np.full_like(counts, np.nan)


def _pitch_classes(tune: Tune) -> list[int]:
    return [note.pitch % 12 for note in tune.melody_notes()]


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

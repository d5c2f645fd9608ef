"""Features of parts: register, texture, rhythm and presence, measured from the notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from math import log2
from operator import itemgetter
from typing import NamedTuple

from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote
from djmodel.inputs.score import Score, ScorePart

_SPAN = 4 * STEPS_PER_QUARTER  # the unit of `coverage`
_OVERLAP = STEPS_PER_QUARTER // 4  # allowed between successive notes of a single line
_PHRASE_REST = STEPS_PER_QUARTER  # silence that separates two phrases


class Features(NamedTuple):
    """Measurements of a part. Shares are between 0 and 1.

    `top_pitch`, `low_pitch`: mean of the highest and lowest notes at each onset (MIDI numbers);
    `single`: share of onsets with one note and none held; `chordal`: share of onsets at which three
    or more notes sound; `pace`: onsets per quarter note while it plays; `sounding`: share of that
    time in which a note sounds; `pitch_bits`, `rhythm_bits`: entropy of the pitches of its top
    line, and of the times from one onset to the next; `steps`: share of the moves of its top line
    that are one to four semitones; `phrase`: onsets from one rest to the next; `coverage`: share of
    the tune in which it plays; `on_top`, `below`: share of its beats in which it is the highest,
    the lowest of all parts; `velocity`: mean; `words`: share of the syllables of a text that fall
    on its onsets.
    """

    notes: int
    top_pitch: float
    low_pitch: float
    single: float
    chordal: float
    pace: float
    sounding: float
    pitch_bits: float
    rhythm_bits: float
    steps: float
    phrase: float
    coverage: float
    on_top: float
    below: float
    velocity: float
    words: float


def extract_features(parts: Sequence[ScorePart], score: Score) -> dict[int, Features]:
    """The features of each part, by its number."""
    outlines = {part.number: _outline(part.grid_notes) for part in parts}
    tops = {n: _by_beat([(o.start, o.top) for o in part], max) for n, part in outlines.items()}
    lows = {n: _by_beat([(o.start, o.low) for o in part], min) for n, part in outlines.items()}
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for number in outlines:
        for beat, pitch in tops[number].items():
            highest[beat] = max(highest.get(beat, pitch), pitch)
        for beat, pitch in lows[number].items():
            lowest[beat] = min(lowest.get(beat, pitch), pitch)
    spans = max(1, -(-int(score.length * STEPS_PER_QUARTER) // _SPAN))
    syllables = {int(onset * STEPS_PER_QUARTER) for onset in score.syllables}
    by_number = {}
    for part in parts:
        top, low = tops[part.number], lows[part.number]
        by_number[part.number] = _features(
            outlines[part.number],
            spans,
            syllables,
            on_top=sum(pitch >= highest[beat] for beat, pitch in top.items()) / len(top),
            below=sum(pitch <= lowest[beat] for beat, pitch in low.items()) / len(low),
            velocity=sum(note.velocity for note in part.grid_notes) / len(part.grid_notes),
        )
    return by_number


def _by_beat(
    pitches: Iterable[tuple[int, int]], better: Callable[[int, int], int]
) -> dict[int, int]:
    """Beat -> the highest (or lowest) of the pitches that begin in it, from (onset, pitch)
    pairs."""
    best: dict[int, int] = {}
    for start, pitch in pitches:
        beat = start // STEPS_PER_QUARTER
        best[beat] = better(best.get(beat, pitch), pitch)
    return best


class _Onset(NamedTuple):
    """The notes that begin at `start`, in grid steps. `end`: the last of their ends; `top`, `low`:
    their highest and lowest pitch; `begin`, `held`: the numbers of notes that begin and that are
    held."""

    start: int
    end: int
    top: int
    low: int
    begin: int
    held: int


def _outline(notes: Sequence[GridNote]) -> list[_Onset]:
    outline = []
    sounding: list[int] = []  # ends
    for start, beginning in groupby(notes, key=itemgetter(0)):
        together = list(beginning)  # from low to high
        ends = [note.end for note in together]
        sounding = [end for end in sounding if end > start + _OVERLAP]
        low, top = together[0].pitch, together[-1].pitch
        outline.append(_Onset(start, max(ends), top, low, len(ends), len(sounding)))
        sounding += ends
    return outline


def _features(
    outline: Sequence[_Onset], spans: int, syllables: set[int], **among_others: float
) -> Features:
    """The features of a part: those of its outline, and those `among_others`. `spans`: of the whole
    score."""
    starts, ends, tops, lows, begin, held = zip(*outline, strict=True)
    onsets = len(starts)
    sounding = until = 0
    phrases = 1
    covered: set[int] = set()
    for start, end in zip(starts, ends, strict=True):
        phrases += start - until >= _PHRASE_REST
        if end > until:
            sounding += end - max(start, until)
            until = end
        first, last = start // _SPAN, (end - _OVERLAP) // _SPAN
        covered.update(range(first, max(first, last) + 1))
    steps = sum(1 <= abs(after - before) <= 4 for before, after in pairwise(tops))
    span_beats = len(covered) * _SPAN // STEPS_PER_QUARTER
    return Features(
        notes=sum(begin),
        top_pitch=sum(tops) / onsets,
        low_pitch=sum(lows) / onsets,
        single=sum(b == 1 and not h for b, h in zip(begin, held, strict=True)) / onsets,
        chordal=sum(b + h >= 3 for b, h in zip(begin, held, strict=True)) / onsets,
        pace=onsets / span_beats,
        sounding=min(1.0, sounding / (span_beats * STEPS_PER_QUARTER)),
        pitch_bits=_entropy(tops),
        rhythm_bits=_entropy([min(after - before, _SPAN) for before, after in pairwise(starts)]),
        steps=steps / max(onsets - 1, 1),
        phrase=onsets / phrases,
        coverage=min(1.0, len(covered) / spans),
        words=len(syllables.intersection(starts)) / len(syllables) if syllables else 0.0,
        **among_others,
    )


def _entropy(symbols: Sequence[int]) -> float:
    """The entropy of the symbols, in bits per symbol."""
    counts, total = Counter(symbols).values(), len(symbols)
    return -sum(count / total * log2(count / total) for count in counts)

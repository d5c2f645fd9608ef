"""Features of parts: register, texture, rhythm and presence, measured from the notes of the whole
score or of some of its bars."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, pairwise
from math import log2
from operator import itemgetter
from typing import NamedTuple

from djmodel.inputs.quantization import STEPS_PER_QUARTER, GridNote, Steps, quarters_to_steps
from djmodel.inputs.score import Score, ScorePart

_SPAN = 4 * STEPS_PER_QUARTER  # the unit of `coverage`
_OVERLAP = STEPS_PER_QUARTER // 4  # allowed between successive notes of a single line
PHRASE_REST = STEPS_PER_QUARTER  # silence that separates two phrases


class Features(NamedTuple):
    """Measurements of a part. Shares are between 0 and 1.

    `top_pitch`, `low_pitch`: mean of the highest and lowest notes at each onset (MIDI numbers);
    `single`: share of onsets with one note and none held; `chordal`: share of onsets at which three
    or more notes sound; `pace`: onsets per quarter note while it plays; `sounding`: share of that
    time in which a note sounds; `pitch_bits`, `rhythm_bits`: entropy of the pitches of its top
    line, and of the times from one onset to the next; `steps`: share of the moves of its top line
    that are one to four semitones; `phrase`: onsets from one rest to the next; `repeats`: share of
    its bars with the rhythm of the bar before; `coverage`: share of the music in which it plays;
    `on_top`, `below`: share of its beats in which it is the highest, the lowest of all parts;
    `own_tones`: share of the onsets of its top line whose pitch class no other part has in the same
    beat; `velocity`: mean; `words`: F-measure of its onsets and the syllables of a text.
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
    repeats: float
    coverage: float
    on_top: float
    below: float
    own_tones: float
    velocity: float
    words: float


class _Onset(NamedTuple):
    """The notes that begin at `start`, in grid steps. `end`: the last of their ends; `top`, `low`:
    their highest and lowest pitch; `begin`, `held`: the numbers of notes that begin and that are
    held; `velocity`: the sum of theirs."""

    start: int
    end: int
    top: int
    low: int
    begin: int
    held: int
    velocity: int


class _Outline(NamedTuple):
    """A part by its onsets, their times, its highest and lowest pitch in each beat, and the pitch
    classes that sound in each beat (a bit for each)."""

    onsets: list[_Onset]
    starts: list[int]
    tops: dict[int, int]
    lows: dict[int, int]
    classes: dict[int, int]


class PartMeasurements:
    """The features of the parts of a score, over all of it or a passage. `edges`: the onsets of its
    bars, and its end, in grid steps."""

    def __init__(self, parts: Sequence[ScorePart], score: Score) -> None:
        self._outlines = {part.number: _outline(part.grid_notes) for part in parts}
        self.edges = [quarters_to_steps(measure.onset) for measure in score.measures]
        self.edges.append(quarters_to_steps(score.length))
        self._syllables = sorted({int(onset * STEPS_PER_QUARTER) for onset in score.syllables})
        self._highest: dict[int, int] = {}
        self._lowest: dict[int, int] = {}
        # Pitch classes, as bits, that sound in a beat: in at least one part, in at least two.
        self._once: dict[int, int] = {}
        self._twice: dict[int, int] = {}
        for outline in self._outlines.values():
            for beat, pitch in outline.tops.items():
                self._highest[beat] = max(self._highest.get(beat, pitch), pitch)
            for beat, pitch in outline.lows.items():
                self._lowest[beat] = min(self._lowest.get(beat, pitch), pitch)
            for beat, classes in outline.classes.items():
                before = self._once.get(beat, 0)
                self._twice[beat] = self._twice.get(beat, 0) | (before & classes)
                self._once[beat] = before | classes

    def features(
        self, part: ScorePart, start: Steps = 0, end: Steps | None = None
    ) -> Features | None:
        """The features of a part in the music from `start` to before `end` (None: to its end), in
        grid steps; None where no note of the part begins."""
        outline = self._outlines[part.number]
        end = self.edges[-1] if end is None else end
        within = slice(bisect_left(outline.starts, start), bisect_left(outline.starts, end))
        onsets = outline.onsets[within]
        if not onsets:
            return None
        beats = {onset.start // STEPS_PER_QUARTER for onset in onsets}
        tops, lows = outline.tops, outline.lows
        own = [
            not self._twice[onset.start // STEPS_PER_QUARTER] >> onset.top % 12 & 1
            for onset in onsets
        ]
        sung = slice(bisect_left(self._syllables, start), bisect_left(self._syllables, end))
        bars = self.edges[bisect_left(self.edges, start) : bisect_right(self.edges, end)]
        return _features(
            onsets,
            start,
            end,
            self._syllables[sung],
            repeats=_repeats(onsets, bars),
            on_top=sum(tops[beat] >= self._highest[beat] for beat in beats) / len(beats),
            below=sum(lows[beat] <= self._lowest[beat] for beat in beats) / len(beats),
            own_tones=sum(own) / len(own),
        )

    def presence(self, part: ScorePart, bar: int) -> float:
        """The share of the beats of the bar with this index in which a part sounds."""
        first, last = self.edges[bar], self.edges[bar + 1]
        beats = range(int(first // STEPS_PER_QUARTER), int(-(-last // STEPS_PER_QUARTER)))
        classes = self._outlines[part.number].classes
        return sum(beat in classes for beat in beats) / len(beats)


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


def _outline(notes: Sequence[GridNote]) -> _Outline:
    onsets = []
    sounding: list[int] = []  # ends
    classes: dict[int, int] = {}
    for start, beginning in groupby(notes, key=itemgetter(0)):
        together = list(beginning)  # from low to high
        ends = [note.end for note in together]
        sounding = [end for end in sounding if end > start + _OVERLAP]
        low, top = together[0].pitch, together[-1].pitch
        loudness = sum(note.velocity for note in together)
        onsets.append(_Onset(start, max(ends), top, low, len(ends), len(sounding), loudness))
        sounding += ends
        for note in together:
            bit = 1 << note.pitch % 12
            for beat in range(start // STEPS_PER_QUARTER, -(-note.end // STEPS_PER_QUARTER)):
                classes[beat] = classes.get(beat, 0) | bit
    return _Outline(
        onsets,
        [onset.start for onset in onsets],
        _by_beat([(o.start, o.top) for o in onsets], max),
        _by_beat([(o.start, o.low) for o in onsets], min),
        classes,
    )


def _features(
    outline: Sequence[_Onset],
    begin: Steps,
    until: Steps,
    syllables: Sequence[int],
    **among_others: float,
) -> Features:
    """The features of a part: those of its outline from `begin` to `until`, and those
    `among_others`."""
    starts, ends, tops, lows, begins, held, velocities = zip(*outline, strict=True)
    onsets = len(starts)
    sounding = sounded = 0
    phrases = 1
    covered: set[Steps] = set()
    for start, end in zip(starts, ends, strict=True):
        phrases += start - sounded >= PHRASE_REST and sounded > 0
        if end > sounded:
            sounding += end - max(start, sounded)
            sounded = end
        first, last = (start - begin) // _SPAN, (min(end, until) - _OVERLAP - begin) // _SPAN
        covered.update(range(int(first), int(max(first, last)) + 1))
    steps = sum(1 <= abs(after - before) <= 4 for before, after in pairwise(tops))
    spans = max(1, -(-(until - begin) // _SPAN))
    span_beats = len(covered) * _SPAN // STEPS_PER_QUARTER
    notes = sum(begins)
    sung = len(set(starts).intersection(syllables))
    return Features(
        notes=notes,
        top_pitch=sum(tops) / onsets,
        low_pitch=sum(lows) / onsets,
        single=sum(b == 1 and not h for b, h in zip(begins, held, strict=True)) / onsets,
        chordal=sum(b + h >= 3 for b, h in zip(begins, held, strict=True)) / onsets,
        pace=onsets / span_beats,
        sounding=min(1.0, sounding / (span_beats * STEPS_PER_QUARTER)),
        pitch_bits=_entropy(tops),
        rhythm_bits=_entropy([min(after - before, _SPAN) for before, after in pairwise(starts)]),
        steps=steps / max(onsets - 1, 1),
        phrase=onsets / phrases,
        coverage=min(1.0, len(covered) / float(spans)),
        velocity=sum(velocities) / notes,
        words=2 * sung / (onsets + len(syllables)),
        **among_others,
    )


def _repeats(outline: Sequence[_Onset], edges: Sequence[Steps]) -> float:
    """The share of bars that repeat the rhythm of the bar before, of those after which notes
    begin. `edges`: the onsets of the bars, and the end."""
    rhythms: list[tuple[Steps, ...]] = []
    at = bisect_left(outline, edges[0], key=itemgetter(0)) if edges else 0
    for start, end in pairwise(edges):
        rhythm = []
        while at < len(outline) and outline[at].start < end:
            rhythm.append(outline[at].start - start)
            at += 1
        rhythms.append(tuple(rhythm))
    pairs = [(before, after) for before, after in pairwise(rhythms) if before]
    return sum(before == after for before, after in pairs) / len(pairs) if pairs else 0.0


def _entropy(symbols: Sequence[int]) -> float:
    """The entropy of the symbols, in bits per symbol."""
    counts, total = Counter(symbols).values(), len(symbols)
    return -sum(count / total * log2(count / total) for count in counts)

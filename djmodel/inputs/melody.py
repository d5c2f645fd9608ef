"""Which part of a score is the melody, which parts carry the harmony, and why.

Every part is measured (`Features`), the measures are turned into merits between 0 and 1, and a
score is their weighted mean: one table of weights for the melody, one for the harmony. The reason
that a user reads names the merits that counted most.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import NamedTuple

from djmodel.music.instruments import PROGRAM_NAMES, family
from djmodel.music.quantization import GRID_DIVISIONS, STEPS_PER_QUARTER, GridNote, as_notes
from djmodel.music.score import Score, ScorePart
from djmodel.music.tune import Instrument, Note, Part
from seqmodel.errors import CorpusError
from seqmodel.text import pluralize

# A part, or several: a name, a number counted from 1, or a list of them ("Piano,Bass").
Selection = str | int | Sequence[str | int]

# What a part counts for the melody, and for the harmony: weights of merits between 0 and 1.
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
_HARMONY_AT_LEAST = 0.5  # the score from which a part carries harmony

_ON_TOP_OF_ALL = frozenset({"name", "words", "bass"})  # what is no fault to lack
# What words in the name of a part say, from -1 (surely not) to 1 (surely).
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
# How well instruments of a family sing, and how well they accompany, from 0 to 1.
_SINGS = {
    "reed": 1.0, "pipe": 1.0, "synth lead": 0.95, "brass": 0.75, "guitar": 0.6, "piano": 0.55,
    "strings": 0.55, "chromatic percussion": 0.5, "organ": 0.45, "ethnic": 0.5, "ensemble": 0.35,
    "synth pad": 0.2, "synth effects": 0.1, "bass": 0.0, "percussive": 0.0, "sound effects": 0.0,
}  # fmt: skip
_ACCOMPANIES = {
    "piano": 1.0, "guitar": 1.0, "organ": 0.9, "synth pad": 0.8, "ensemble": 0.8, "bass": 0.7,
    "strings": 0.6, "chromatic percussion": 0.5, "ethnic": 0.5, "brass": 0.4, "synth effects": 0.3,
    "reed": 0.3, "pipe": 0.2, "synth lead": 0.3, "percussive": 0.0, "sound effects": 0.0,
}  # fmt: skip
_VOICES = frozenset({52, 53, 54, 85})  # programs that imitate a singing voice
_SPAN = 4 * STEPS_PER_QUARTER  # the unit of `coverage`
_OVERLAP = STEPS_PER_QUARTER // 4  # what one note of a single line may overlap the next
_SHORTEST_REST = STEPS_PER_QUARTER // max(GRID_DIVISIONS)
_REST = STEPS_PER_QUARTER  # silence that parts two phrases
_DOUBLED_AT_LEAST = 0.8  # share of common notes from which one part doubles another
_BASS_BELOW = 57  # the mean of the lowest notes of a left hand
_FEWEST_NOTES = 2
_FEWEST_PITCH_CLASSES = 3  # of a lone melody, to infer chords from


class Features(NamedTuple):
    """What is measured of a part. Shares are between 0 and 1.

    `top_pitch`, `low_pitch`: the mean of the highest, lowest notes at each onset (MIDI numbers);
    `single`: share of onsets with one note and nothing held; `chordal`: share of onsets at which
    three or more notes sound; `pace`: onsets a quarter note while it plays; `sounding`: share of
    the time that it sounds while it plays; `pitch_bits`, `rhythm_bits`: entropy of the pitches of
    its top line, and of the times from one onset to the next; `steps`: share of the moves of its
    top line that are one to four semitones; `phrase`: onsets from one rest to the next; `coverage`:
    share of the tune in which it plays; `on_top`, `below`: share of its beats in which it is the
    highest, the lowest of all; `velocity`: mean; `words`: share of the syllables of a text that
    fall on it.
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


@dataclass(frozen=True, slots=True)
class PartRole:
    """What a part is taken for. `role`: melody, harmony, drums, doubles the melody, or left out;
    `melody`, `harmony`: its scores, from 0 to 1."""

    part: ScorePart
    role: str
    melody: float
    harmony: float
    reason: str


@dataclass(frozen=True)
class ChosenParts:
    """The melody as one line, the parts that accompany it, the notes to hear chords in.
    `lone_melody`: there is no accompaniment, so that chords must be inferred."""

    results: tuple[PartRole, ...]
    line: tuple[GridNote, ...]
    instrument: Instrument
    accompaniment: tuple[Part, ...]
    lone_melody: bool = False

    @cached_property
    def melody(self) -> tuple[Note, ...]:
        """The line as notes; onsets count from the start of the score."""
        return as_notes(self.line)

    @property
    def harmony_notes(self) -> tuple[Note, ...]:
        """All notes of the accompaniment; of a lone melody, its own."""
        if self.lone_melody:
            return self.melody
        return tuple(note for part in self.accompaniment for note in part.notes)


def choose_parts(
    score: Score,
    melody: Selection | None = None,
    chords: Selection | None = None,
    where: str | Path | None = None,
) -> ChosenParts:
    """The parts named by the user, and the best ones where they name none.

    Raises CorpusError where a named part does not exist, or where there is no melody or nothing to
    hear chords in.
    """
    where = where or score.title
    asked_melody = select(score, melody, where) if melody is not None else ()
    asked_chords = select(score, chords, where) if chords is not None else ()
    asked = {part.number for part in asked_melody + asked_chords}
    pitched = [part for part in score.parts if part.number in asked or not is_drums(part)]
    if not pitched:
        raise CorpusError(
            "the music has drums only, and no melody", path=where, hint="choose another file"
        )
    merits = _score_parts(pitched, score)

    candidates = [part for part in pitched if part not in asked_chords] or pitched
    leading = asked_melody or (max(candidates, key=lambda part: merits[part.number].as_melody),)
    together = _together(leading)
    others = [part for part in pitched if part not in leading and part.number not in asked]
    doubling = [part for part in others if _doubles(part, together)]
    others = [part for part in others if part not in doubling]
    carrying = asked_chords
    if chords is None:
        able = [part for part in others if merits[part.number].as_harmony >= _HARMONY_AT_LEAST]
        carrying = tuple(able or others)

    accompanying = [part for part in carrying if part not in leading]
    accompaniment = [Part(part.instrument, part.notes) for part in accompanying]
    divided = not accompanying or any(
        part in carrying or (chords is None and _two_hands(merits[part.number].features))
        for part in leading
    )
    line, rest = divide(together) if divided else (skyline(together), ())
    if rest:
        accompaniment.insert(0, Part(leading[0].instrument, as_notes(rest)))
    _check(line, accompaniment, where, symbols=bool(score.symbols))

    roles = {part.number: "harmony" for part in carrying}
    roles |= {part.number: "doubles the melody" for part in doubling}
    roles |= {part.number: "melody and harmony" if rest else "melody" for part in leading}
    return ChosenParts(
        results=tuple(_verdict(part, roles, merits, asked) for part in score.parts),
        line=legato(line),
        instrument=leading[0].instrument,
        accompaniment=tuple(accompaniment),
        lone_melody=not accompaniment,
    )


def _two_hands(features: Features) -> bool:
    """Whether a part has a bass of its own below its melody, as a piano may in a band."""
    return features.low_pitch < _BASS_BELOW and features.top_pitch - features.low_pitch >= 12


def _together(parts: Sequence[ScorePart]) -> tuple[GridNote, ...]:
    """The sounds of all parts, in the order of onsets."""
    if len(parts) == 1:
        return parts[0].grid_notes
    return tuple(sorted(sound for part in parts for sound in part.grid_notes))


def _check(
    line: Sequence[GridNote], accompaniment: Sequence[Part], where: str | Path, *, symbols: bool
) -> None:
    hint = "choose another file or other parts"
    if len(line) < _FEWEST_NOTES:
        notes = "only one note" if line else "no note above the accompaniment"
        raise CorpusError(f"the melody has {notes}", path=where, hint=hint)
    classes = {sound.pitch % 12 for sound in line}
    if not accompaniment and not symbols and len(classes) < _FEWEST_PITCH_CLASSES:
        message = (
            "no part has chords, and a melody of "
            f"{pluralize(len(classes), 'pitch class', 'pitch classes')} is too little to infer them"
        )
        raise CorpusError(message, path=where, hint=hint)


# ---------------------------------------------------------------------------------------------
# Named parts
# ---------------------------------------------------------------------------------------------


def select(score: Score, selection: Selection, where: str | Path) -> tuple[ScorePart, ...]:
    """The parts that a user names: by number, by whole name, or by the beginning of one, in upper
    or lower case. Raises CorpusError for a name that fits none."""
    if isinstance(selection, int):
        wanted: list[str] = [str(selection)]
    elif isinstance(selection, str):
        whole = _named(score, selection)
        wanted = [selection] if whole else [word for word in selection.split(",") if word.strip()]
    else:
        wanted = [str(word) for word in selection]
    chosen: list[ScorePart] = []
    for word in wanted:
        found = _named(score, word)
        if not found:
            labels = ", ".join(part.label for part in score.parts)
            message = f"no part is named {word.strip()!r}; the parts are {labels}"
            raise CorpusError(message, path=where, hint="name one of these, or its number")
        chosen += [part for part in found if part not in chosen]
    if not chosen:
        raise CorpusError("the name of a part is empty", path=where)
    return tuple(chosen)


def _named(score: Score, word: str) -> list[ScorePart]:
    word = " ".join(word.split()).lower()
    names = {part: " ".join(part.name.split()).lower() for part in score.parts}
    if whole := [part for part, name in names.items() if name == word]:
        return whole
    if word.isdigit():
        return [part for part in score.parts if part.number == int(word)]
    return [part for part, name in names.items() if word and name.startswith(word)]


# ---------------------------------------------------------------------------------------------
# One line
# ---------------------------------------------------------------------------------------------


def skyline(notes: Iterable[GridNote]) -> tuple[GridNote, ...]:
    """One line: the highest sound where there are several. Of those that begin together only the
    highest counts; one that begins below a held one is heard when that ends, if at least half of
    it is left."""
    # What waits: start, pitch and end (negative, so that the higher and longer comes first),
    # velocity, whole length.
    waiting = [(s.start, -s.pitch, -s.end, s.velocity, s.end - s.start) for s in notes]
    heapq.heapify(waiting)
    line: list[GridNote] = []
    before = GridNote(0, 0, -1, 0)
    while waiting:
        start, pitch, end, velocity, length = heapq.heappop(waiting)
        pitch, end = -pitch, -end
        if before.end <= start or pitch > before.pitch:
            if before.end > start:
                line[-1] = before._replace(end=start)
            before = GridNote(start, end, pitch, velocity)
            line.append(before)
        elif pitch == before.pitch:
            before = before._replace(end=max(end, before.end))
            line[-1] = before
        elif before.start < start and (end - before.end) * 2 >= length and end > before.end:
            heapq.heappush(waiting, (before.end, -pitch, -end, velocity, length))
    return tuple(line)


def legato(line: Sequence[GridNote]) -> tuple[GridNote, ...]:
    """The line without gaps too short for any rest: they come from fourths beside thirds."""
    joined = [
        sound._replace(end=after.start) if 0 < after.start - sound.end < _SHORTEST_REST else sound
        for sound, after in pairwise(line)
    ]
    return (*joined, *line[-1:])


def divide(notes: Sequence[GridNote]) -> tuple[tuple[GridNote, ...], tuple[GridNote, ...]]:
    """A melody and what accompanies it, from the sounds of one part: the melody is the top line,
    above the pitch that parts the high sounds from the low best. All the rest accompanies."""
    if not any(after.start < before.end for before, after in pairwise(notes)):
        return tuple(notes), ()
    split = split_pitch(notes)
    line = skyline(sound for sound in notes if sound.pitch >= split)
    kept = {(sound.start, sound.pitch) for sound in line}
    return line, tuple(sound for sound in notes if (sound.start, sound.pitch) not in kept)


def split_pitch(notes: Iterable[GridNote]) -> int:
    """The lowest pitch of the upper of two groups, chosen so that each is as narrow as can be
    (the greatest variance between them)."""
    counts = Counter(sound.pitch for sound in notes)
    total, whole = sum(counts.values()), sum(pitch * n for pitch, n in counts.items())
    best, split = -1.0, min(counts)
    below = low = 0
    for pitch in sorted(counts)[:-1]:
        below += counts[pitch]
        low += pitch * counts[pitch]
        between = (whole * below - low * total) ** 2 / (below * (total - below))
        if between > best:
            best, split = between, pitch + 1
    return split


def _doubles(part: ScorePart, line: Sequence[GridNote]) -> bool:
    """Whether most of a part's sounds are the line's, at the unison or in octaves."""
    there = {(sound.start, sound.pitch % 12) for sound in line}
    same = sum((sound.start, sound.pitch % 12) in there for sound in part.grid_notes)
    return same >= _DOUBLED_AT_LEAST * len(part.grid_notes)


# ---------------------------------------------------------------------------------------------
# Measures, merits, scores
# ---------------------------------------------------------------------------------------------


def is_drums(part: ScorePart) -> bool:
    """Drums by their channel, or by their name where nothing speaks against it."""
    if part.drums:
        return True
    return _name_score(part.name, _DRUM_WORDS) > 0


class _PartScores(NamedTuple):
    """What speaks for a part, as melody and as harmony, and the scores that come of it."""

    features: Features
    melody: dict[str, float]
    harmony: dict[str, float]
    as_melody: float
    as_harmony: float


def _score_parts(parts: Sequence[ScorePart], score: Score) -> dict[int, _PartScores]:
    """The merits of each part, by its number."""
    measured = measure(parts, score)
    judged = {}
    for part in parts:
        melody = melody_features_score(part, measured)
        harmony = harmony_features_score(part, measured)
        scores = weighed(melody, MELODY_WEIGHTS), weighed(harmony, HARMONY_WEIGHTS)
        judged[part.number] = _PartScores(measured[part.number], melody, harmony, *scores)
    return judged


class _Outline(NamedTuple):
    """A part onset by onset, in grid units: `starts`; the last `ends` of what begins there; `tops`
    and `lows`, the highest and lowest pitch that begins; how many begin, and are `held` on."""

    starts: list[int]
    ends: list[int]
    tops: list[int]
    lows: list[int]
    begin: list[int]
    held: list[int]


def _outline(notes: Sequence[GridNote]) -> _Outline:
    outline = _Outline([], [], [], [], [], [])
    starts, ends, tops, lows, begin, held = outline
    sounding: list[int] = []  # ends
    position, count = 0, len(notes)
    while position < count:
        start, last, low, _ = notes[position]
        top, first = low, position
        if sounding:
            sounding = [end for end in sounding if end > start + _OVERLAP]
        sounding.append(last)
        position += 1
        while position < count and notes[position].start == start:
            _, end, top, _ = notes[position]
            sounding.append(end)
            last = max(last, end)
            position += 1
        starts.append(start)
        ends.append(last)
        tops.append(top)
        lows.append(low)
        begin.append(position - first)
        held.append(len(sounding) - begin[-1])
    return outline


def measure(parts: Sequence[ScorePart], score: Score) -> dict[int, Features]:
    """The features of each part, by its number."""
    outlines = {part.number: _outline(part.grid_notes) for part in parts}
    tops = {n: _by_beat(outline.starts, outline.tops, max) for n, outline in outlines.items()}
    lows = {n: _by_beat(outline.starts, outline.lows, min) for n, outline in outlines.items()}
    highest: dict[int, int] = {}
    lowest: dict[int, int] = {}
    for number in outlines:
        for beat, pitch in tops[number].items():
            highest[beat] = max(highest.get(beat, pitch), pitch)
        for beat, pitch in lows[number].items():
            lowest[beat] = min(lowest.get(beat, pitch), pitch)
    spans = max(1, -(-int(score.length * STEPS_PER_QUARTER) // _SPAN))
    syllables = {int(onset * STEPS_PER_QUARTER) for onset in score.syllables}
    measured = {}
    for part in parts:
        top, low = tops[part.number], lows[part.number]
        on_top = sum(pitch >= highest[beat] for beat, pitch in top.items()) / len(top)
        below = sum(pitch <= lowest[beat] for beat, pitch in low.items()) / len(low)
        features = _features(outlines[part.number], spans, syllables)
        velocity = sum(sound.velocity for sound in part.grid_notes) / len(part.grid_notes)
        measured[part.number] = features._replace(on_top=on_top, below=below, velocity=velocity)
    return measured


def _by_beat(
    starts: Sequence[int], pitches: Sequence[int], better: Callable[[int, int], int]
) -> dict[int, int]:
    """Beat -> the best pitch that begins in it."""
    best: dict[int, int] = {}
    for start, pitch in zip(starts, pitches, strict=True):
        beat = start // STEPS_PER_QUARTER
        best[beat] = better(best[beat], pitch) if beat in best else pitch
    return best


def _features(outline: _Outline, spans: int, syllables: set[int]) -> Features:
    """What can be measured of a part by itself; the rest is 0. `spans`: of the whole score."""
    starts, ends, tops, lows, begin, held = outline
    onsets = len(starts)
    sounding = until = 0
    phrases = 1
    covered: set[int] = set()
    for start, end in zip(starts, ends, strict=True):
        phrases += start - until >= _REST
        if end > until:
            sounding += end - max(start, until)
            until = end
        first, last = start // _SPAN, (end - _OVERLAP) // _SPAN
        if last > first:
            covered.update(range(first, last + 1))
        else:
            covered.add(first)
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
        pitch_bits=_bits(tops),
        rhythm_bits=_bits([min(after - before, _SPAN) for before, after in pairwise(starts)]),
        steps=steps / max(onsets - 1, 1),
        phrase=onsets / phrases,
        coverage=min(1.0, len(covered) / spans),
        words=len(syllables.intersection(starts)) / len(syllables) if syllables else 0.0,
        on_top=0.0,
        below=0.0,
        velocity=0.0,
    )


def melody_features_score(part: ScorePart, measured: dict[int, Features]) -> dict[str, float]:
    """What speaks for a part as the melody, each between 0 and 1 (a name from -1 on)."""
    f = measured[part.number]
    loudest = max(other.velocity for other in measured.values())
    sings = 0.9 if part.instrument.program in _VOICES else _SINGS[family(part.instrument.program)]
    return {
        "name": _name_score_of(part, _MELODY_WORDS),
        "words": f.words,
        "instrument": sings,
        "one line": f.single,
        "register": _between(f.top_pitch, 52, 62, 84, 96),
        "on top": f.on_top,
        "moves by step": _between(f.steps, 0.2, 0.65, 1, 1.1),
        "rhythm": _between(f.rhythm_bits, 0.2, 1.2, 3.5, 6),
        "phrases": _between(f.phrase, 3, 14, 60, 600),
        "pace": _between(f.pace, 0.1, 0.35, 2.5, 4.5),
        "breathes": _between(f.sounding, 0.1, 0.4, 0.95, 1.2),
        "variety": _between(f.pitch_bits, 0.5, 2.5, 6, 7),
        "presence": _between(f.coverage, 0.0, 0.7, 1, 1.1),
        "loudness": _between(f.velocity / loudest, 0.6, 1, 1.1, 1.2),
    }


def harmony_features_score(part: ScorePart, measured: dict[int, Features]) -> dict[str, float]:
    """What speaks for a part as one of those that carry the harmony."""
    f = measured[part.number]
    return {
        "name": _name_score_of(part, _HARMONY_WORDS),
        "instrument": _ACCOMPANIES[family(part.instrument.program)],
        "chords": f.chordal,
        "register": _between((f.top_pitch + f.low_pitch) / 2, 24, 36, 67, 84),
        "presence": _between(f.coverage, 0.0, 0.9, 1, 1.1),
        "bass": f.below if f.low_pitch < 60 else 0.0,
    }


def weighed(merits: dict[str, float], weights: dict[str, float]) -> float:
    """The weighted mean of merits, not below 0. What a file may lack (a telling name, a text) or
    what only one part can have (the bass) comes on top, so that the mean may go beyond 1."""
    expected = sum(weight for name, weight in weights.items() if name not in _ON_TOP_OF_ALL)
    return max(0.0, sum(merits[name] * weight for name, weight in weights.items()) / expected)


def _between(value: float, none: float, full: float, to: float, no_more: float) -> float:
    """1 from `full` to `to`, falling to 0 at `none` and `no_more`."""
    rising = (value - none) / (full - none)
    falling = (no_more - value) / (no_more - to)
    return min(1.0, max(0.0, min(rising, falling)))


def _bits(choices: Sequence[int]) -> float:
    """The entropy of what is chosen, in bits a choice."""
    counts, total = Counter(choices).values(), len(choices)
    return -sum(count / total * log2(count / total) for count in counts)


def _words(name: str) -> list[str]:
    """The words of a name, digits and points left out: "R.H. Piano1" -> ["rh", "piano"]."""
    return re.findall(r"[^\W\d_]+", name.lower().replace(".", ""))


def _name_score_of(part: ScorePart, table: Iterable[tuple[float, str]]) -> float:
    """What the name of a part says; the mere name of its instrument counts as that already."""
    return (
        0.0
        if part.name == PROGRAM_NAMES[part.instrument.program]
        else _name_score(part.name, table)
    )


def _name_score(name: str, table: Iterable[tuple[float, str]]) -> float:
    """What a name says: its strongest word against, or else its strongest word for; 0: nothing."""
    words = set(_words(name))
    said = [value for value, known in table if not words.isdisjoint(known.split())]
    against = min(said, default=0.0)
    return against if against < 0 else max(said, default=0.0)


# ---------------------------------------------------------------------------------------------
# Reasons
# ---------------------------------------------------------------------------------------------

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


def _verdict(
    part: ScorePart, roles: dict[int, str], merits: dict[int, _PartScores], asked: set[int]
) -> PartRole:
    if part.number not in merits:
        reason = "on the channel of drums" if part.drums else "its name says so"
        return PartRole(part, "drums", 0.0, 0.0, reason)
    role = roles.get(part.number, "left out")
    own = merits[part.number]
    if part.number in asked:
        reason = "chosen by you"
    elif role == "doubles the melody":
        reason = "has the notes of the melody"
    elif role == "left out":
        reason = _lacks(own.melody) or "another part fits better"
    elif role == "harmony":
        reason = _stands_out(own.harmony, [m.harmony for m in merits.values()], HARMONY_WEIGHTS)
    else:
        reason = _stands_out(own.melody, [m.melody for m in merits.values()], MELODY_WEIGHTS)
    if role == "melody and harmony":
        reason = f"its top line is the melody, the rest accompanies: {reason}"
    return PartRole(part, role, min(own.as_melody, 1.0), min(own.as_harmony, 1.0), reason)


def _stands_out(
    own: dict[str, float], all_merits: Sequence[dict[str, float]], weights: dict[str, float]
) -> str:
    """The three merits that lift a part most above the mean of all parts; those of a lone part."""

    def lift(name: str) -> float:
        mean = sum(merits[name] for merits in all_merits) / len(all_merits)
        return weights[name] * (own[name] - mean if len(all_merits) > 1 else own[name])

    strong = sorted((name for name in weights if own[name] >= 0.5), key=lift, reverse=True)
    return ", ".join(_PHRASES[name] for name in strong[:3]) or "the best of what is there"


def _lacks(own: dict[str, float]) -> str:
    """The three things that a part lacks most to be the melody."""
    lacking = sorted(
        (name for name in _LACKS if own[name] < (0 if name == "name" else 0.5)),
        key=lambda name: (own[name] - 1) * MELODY_WEIGHTS[name],
    )
    return ", ".join(_LACKS[name] for name in lacking[:3])

"""Bass lines: held, in the rhythms of a style, or walking."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from djmodel.music.accompaniment.strokes import Group, Stroke, share_out, stroke_of, velocity
from djmodel.music.accompaniment.styles import BassLine, Style
from djmodel.music.chord import Chord, scale
from djmodel.music.tune import ChordSpan, Note

BASS_REGISTER = (28, 48)  # MIDI numbers, both included: E1 to C3
_CENTRE = 38
_MAX_LEAP = 7  # of the walking bass, in semitones, where there is a choice
_VELOCITY = 64


def bass_notes(
    spans: Sequence[ChordSpan],
    groups: Sequence[Group],
    style: Style,
    rng: Generator,
    first_chorus: Fraction | None = None,
) -> list[Note]:
    """The notes of the bass line, which plays at least at the start of each span. `first_chorus`
    ends at that time: until then the style may have another line."""
    if style.first_bass_line is None or first_chorus is None:
        return _line(spans, groups, style.bass_line, rng)
    first = [span for span in spans if span.onset < first_chorus]
    later = spans[len(first) :]
    notes = _line(first, groups, style.first_bass_line, rng)
    return notes + _line(later, groups, style.bass_line, rng)


def _line(
    spans: Sequence[ChordSpan], groups: Sequence[Group], bass_line: BassLine, rng: Generator
) -> list[Note]:
    if bass_line == "walking":
        return _walking(spans, groups, rng)
    strokes: list[Stroke] = []
    others: set[Fraction] = set()
    if bass_line != "held":
        for group in groups:
            turns = bass_line[group.size]
            for hit in turns[group.number % len(turns)]:
                onset, end = stroke_of(hit, group)
                if onset == end:  # shorter than the grid of a meter in 16ths
                    continue
                strokes.append((onset, end))
                if hit.other != (group.number % 2 == 1):
                    others.add(onset)
    notes: list[Note] = []
    pitch = _CENTRE
    for span, played in zip(spans, share_out(spans, strokes), strict=True):
        pitch = _nearest(span.chord.bass, (pitch + _CENTRE) // 2)
        other = _nearest(_other_bass(span.chord), pitch)
        if not played or played[0][0] > span.onset:
            until = played[0][0] if played else span.end
            played.insert(0, (span.onset, until))
        for onset, end in played:
            tone = other if onset in others and onset > span.onset else pitch
            loudness = velocity(_VELOCITY, onset == span.onset, rng)
            notes.append(Note(tone, onset, end - onset, loudness))
    return notes


def _other_bass(chord: Chord) -> int:
    """The pitch class that takes turns with the bass: the fifth, or the root under which it is."""
    fifth = next((interval for interval in (7, 6, 8) if interval in chord.intervals), None)
    tones = [chord.root, *([] if fifth is None else [(chord.root + fifth) % 12])]
    return next((tone for tone in reversed(tones) if tone != chord.bass), chord.bass)


def _walking(spans: Sequence[ChordSpan], groups: Sequence[Group], rng: Generator) -> list[Note]:
    """A note on every pulse (on every group where pulses are eighths): the bass of the chord, tones
    of the chord, and at its end a step that leads to the next bass."""
    beats = [
        (group.onset + n * group.pulse, group.onset + group.length)
        for group in groups
        for n in range(group.size if group.pulse >= 1 else 1)
    ]
    notes: list[Note] = []
    pitch = _CENTRE
    targets = [*spans[1:], None] if spans else []
    for span, following, played in zip(spans, targets, share_out(spans, beats), strict=True):
        onsets = sorted({span.onset, *(onset for onset, _ in played)})
        start = _nearest(span.chord.bass, pitch if notes else _CENTRE)
        goal = None
        if following is not None and following.onset == span.end:
            goal = _nearest(following.chord.bass, start)
        line = _walk(span.chord, start, goal, len(onsets), rng)
        for pitch, (onset, end) in zip(line, pairwise([*onsets, span.end]), strict=True):
            loudness = velocity(_VELOCITY, onset == span.onset, rng)
            notes.append(Note(pitch, onset, end - onset, loudness))
    return notes


def _walk(chord: Chord, start: int, goal: int | None, length: int, rng: Generator) -> list[int]:
    """`length` pitches from `start`: tones of the chord, and a last one beside `goal`."""
    line, chord_tones = [start], chord.pitch_classes
    heading = 1 if rng.random() < 0.5 else -1
    while len(line) < length:
        left = length - len(line)  # with this one
        here = line[-1]
        if left == 1 and goal is not None:
            line.append(_approach(chord, here, goal, rng))
            continue
        if goal is not None and abs(goal - here) > _MAX_LEAP * (left - 1):
            heading = 1 if goal > here else -1
        lowest = max(BASS_REGISTER[0], here - _MAX_LEAP)
        highest = min(BASS_REGISTER[1], here + _MAX_LEAP)
        tones = [p for p in range(lowest, highest + 1) if p % 12 in chord_tones]
        ahead = [tone for tone in tones if (tone - here) * heading > 0]
        if not ahead:
            heading = -heading
            ahead = [tone for tone in tones if (tone - here) * heading > 0]
        closeness = np.array([1.0 / abs(tone - here) for tone in ahead])
        chosen = rng.choice(len(ahead), p=closeness / closeness.sum()) if ahead else None
        line.append(here if chosen is None else ahead[int(chosen)])
    return line


def _approach(chord: Chord, here: int, goal: int, rng: Generator) -> int:
    """A pitch that leads to `goal`: a semitone from it, or a whole tone if that is in the scale of
    the chord or if nothing else is left; the nearer to `here` the more probable."""
    lowest, highest = BASS_REGISTER
    beside = (goal + step for step in (1, -1, 2, -2))
    ways = [pitch for pitch in beside if pitch != here and lowest <= pitch <= highest]
    smooth = [p for p in ways if abs(p - goal) == 1 or p % 12 in scale(chord)] or ways
    weights = np.array([1.0 / (1 + abs(pitch - here)) for pitch in smooth])
    return smooth[int(rng.choice(len(smooth), p=weights / weights.sum()))]


def _nearest(pitch_class: int, to: int) -> int:
    """The pitch of that class in the bass register that is nearest to `to`."""
    lowest, highest = BASS_REGISTER
    first = lowest + (pitch_class - lowest) % 12
    return min(range(first, highest + 1, 12), key=lambda pitch: (abs(pitch - to), pitch))

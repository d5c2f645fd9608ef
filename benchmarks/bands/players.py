"""Players of a band, written apart from the project's own accompaniment: each turns chords, or a
melody, into the notes of a part. Chords are strikes: spans that may begin early."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from random import Random

from djmodel.music.chord import Chord
from djmodel.music.tune import ChordSpan, Note

EIGHTH, BEAT = Fraction(1, 2), Fraction(1)
Notes = list[Note]
Player = Callable[[Sequence[ChordSpan], Random], Notes]


@dataclass(frozen=True)
class Played:
    """A part of an arrangement before it becomes one of a score."""

    program: int
    notes: Sequence[Note]
    drums: bool = False


def anticipated(spans: Sequence[ChordSpan], rng: Random, share: float) -> list[ChordSpan]:
    """The chords, a share of which is struck an eighth early."""
    starts = [span.onset - (EIGHTH if span.onset and rng.random() < share else 0) for span in spans]
    ends = [*starts[1:], spans[-1].end]
    return [
        ChordSpan(start, end, span.chord)
        for start, end, span in zip(starts, ends, spans, strict=True)
    ]


def voicing(chord: Chord, low: int, voices: int, before: Sequence[int] = ()) -> list[int]:
    """A close position from about `low` on, near the one before."""
    tones = sorted(chord.pitch_classes)
    if len(tones) > voices:  # the bass has the root, and a fifth goes without saying
        for spare in (chord.root + 7, chord.root):
            if len(tones) > voices and spare % 12 in tones:
                tones.remove(spare % 12)
        tones = tones[:voices]
    inversions = []
    for bottom in range(low - 4, low + 5):
        if bottom % 12 in tones:
            inversions.append(sorted(bottom + (tone - bottom) % 12 for tone in tones))
    centre = sum(before) / len(before) if before else low + 5
    return min(inversions, key=lambda pitches: abs(sum(pitches) / len(pitches) - centre))


def _bass_pitch(tone: int, low: int = 28) -> int:
    return low + (tone - low) % 12


def _slots(span: ChordSpan, step: Fraction) -> list[tuple[Fraction, Fraction]]:
    """The span in steps of the grid; the first, of an anticipated chord, may be longer."""
    edges = [span.onset]
    at = (span.onset // step + 1) * step
    if at - span.onset < step / 2:
        at += step
    while at < span.end:
        edges.append(at)
        at += step
    return list(pairwise([*edges, span.end]))


# --- the bass ----------------------------------------------------------------------------------


def held_bass(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    return [
        Note(_bass_pitch(s.chord.bass), s.onset, s.end - s.onset, rng.randint(70, 90))
        for s in spans
    ]


def eighth_bass(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """The bass of the chord in eighths, as in rock."""
    return [
        Note(_bass_pitch(s.chord.bass), on, end - on, rng.randint(75, 95))
        for s in spans
        for on, end in _slots(s, EIGHTH)
    ]


def octave_bass(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Low and high in turns, as in disco."""
    return [
        Note(_bass_pitch(s.chord.bass) + 12 * (n % 2), on, end - on, rng.randint(75, 95))
        for s in spans
        for n, (on, end) in enumerate(_slots(s, EIGHTH))
    ]


def root_and_fifth(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Bass and fifth on the beats, with a scale step into the next chord now and then."""
    notes = []
    for span, after in zip(spans, [*spans[1:], None], strict=True):
        slots = _slots(span, BEAT if span.end - span.onset < 2 else 2 * BEAT)
        fifth = next((i for i in (7, 6, 8) if i in span.chord.intervals), 0)
        for n, (on, end) in enumerate(slots):
            tone = span.chord.bass if n % 2 == 0 else (span.chord.root + fifth) % 12
            last = n == len(slots) - 1
            if last and after and end - on > 1 and rng.random() < 0.4:
                goal = _bass_pitch(after.chord.bass)
                notes.append(Note(_bass_pitch(tone), on, end - on - 1, 80))
                notes.append(Note(goal + rng.choice((-2, -1, 2)), end - 1, BEAT, 78))
            else:
                notes.append(Note(_bass_pitch(tone), on, end - on, rng.randint(72, 90)))
    return notes


def syncopated_bass(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Dotted quarter and eighth, with octaves and fifths."""
    notes = []
    for span in spans:
        at, n = span.onset, 0
        while at < span.end:
            length = min(span.end - at, Fraction(3, 2) if n % 2 == 0 else EIGHTH)
            tone = _bass_pitch(span.chord.bass)
            high = n % 2 == 1 and rng.random() < 0.5
            notes.append(Note(tone + 12 * high, at, length, rng.randint(72, 92)))
            at, n = at + length, n + 1
    return notes


# --- chords ------------------------------------------------------------------------------------


def pad(low: int = 55, voices: int = 4) -> Player:
    """Held chords."""

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        before: list[int] = []
        for span in spans:
            before = voicing(span.chord, low, voices, before)
            loudness = rng.randint(55, 70)
            notes += [Note(p, span.onset, span.end - span.onset, loudness) for p in before]
        return notes

    return play


def comping(rhythm: str, low: int = 53, voices: int = 4, step: Fraction = EIGHTH) -> Player:
    """Chords in a rhythm that repeats: a character a step, `x` a stroke, `-` held, `.` a rest. The
    first stroke of each chord is where it begins."""

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        before: list[int] = []
        for span in spans:
            before = voicing(span.chord, low, voices, before)
            open_note: list[Fraction] | None = None
            strokes: list[list[Fraction]] = []
            for on, end in _slots(span, step):
                sign = rhythm[int(on / step) % len(rhythm)]
                if on == span.onset or sign == "x":
                    open_note = [on, end]
                    strokes.append(open_note)
                elif sign == "-" and open_note:
                    open_note[1] = end
                else:
                    open_note = None
            for on, end in strokes:
                loudness = rng.randint(60, 85)
                notes += [Note(p, on, end - on, loudness) for p in before]
        return notes

    return play


def off_beats(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Chords on the second eighth of each beat, as in reggae and ska."""
    notes: Notes = []
    before: list[int] = []
    for span in spans:
        before = voicing(span.chord, 57, 3, before)
        for on, end in _slots(span, EIGHTH):
            if (on / EIGHTH) % 2 == 1:
                notes += [Note(p, on, (end - on) / 2, rng.randint(60, 80)) for p in before]
    return notes


def power_chords(rhythm: str, low: int = 40) -> Player:
    """Root, fifth and octave, low and driving."""

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        for span in spans:
            root = low + (span.chord.root - low) % 12
            fifth = next((i for i in (7, 6, 8) if i in span.chord.intervals), 7)
            for on, end in _slots(span, EIGHTH):
                if on == span.onset or rhythm[int(on / EIGHTH) % len(rhythm)] == "x":
                    loudness = rng.randint(85, 105)
                    pitches = (root, root + fifth, root + 12)
                    notes += [Note(p, on, end - on, loudness) for p in pitches]
        return notes

    return play


def strummed(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Five or six strings, down on the beat, up off it."""
    notes: Notes = []
    for span in spans:
        low = 40 + (span.chord.bass - 40) % 12
        tones = sorted(span.chord.pitch_classes)
        strings = [low]
        while len(strings) < 6 and strings[-1] < 66:
            gap = rng.choice((3, 4))
            strings.append(min(p for p in range(strings[-1] + gap, 90) if p % 12 in tones))
        for n, (on, end) in enumerate(_slots(span, EIGHTH)):
            if n == 0 or rng.random() < 0.6:
                played = strings if (on / EIGHTH) % 2 == 0 else strings[2:]
                loudness = rng.randint(60, 85)
                notes += [Note(p, on, end - on, loudness) for p in played]
    return notes


def broken(low: int = 52, step: Fraction = EIGHTH, shape: str = "0121") -> Player:
    """Chords note by note."""

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        before: list[int] = []
        for span in spans:
            before = voicing(span.chord, low, 4, before)
            for n, (on, end) in enumerate(_slots(span, step)):
                place = int(shape[n % len(shape)])
                octave, tone = divmod(place, len(before))
                pitch = before[tone] + 12 * octave
                notes.append(Note(pitch, on, end - on, rng.randint(58, 76)))
        return notes

    return play


def riff(rng: Random, low: int = 57) -> Player:
    """A figure of a bar or less that repeats over each chord, one note at a time: a lead by its
    looks only."""
    rhythm = [rng.choice((EIGHTH, EIGHTH, BEAT, Fraction(1, 4))) for _ in range(6)]
    places = [rng.randrange(4) for _ in rhythm]

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        for span in spans:
            tones = voicing(span.chord, low, 4)
            at, n = span.onset, 0
            while at < span.end:
                length = min(rhythm[n % len(rhythm)], span.end - at)
                pitch = tones[places[n % len(places)] % len(tones)]
                notes.append(Note(pitch, at, length, rng.randint(65, 85)))
                at, n = at + length, n + 1
        return notes

    return play


def counter_line(low: int = 64) -> Player:
    """Long tones of the chords that move by step, as strings play behind a singer."""

    def play(spans: Sequence[ChordSpan], rng: Random) -> Notes:
        notes: Notes = []
        pitch = low + 6
        for span in spans:
            tones = [p for p in range(low, low + 20) if p % 12 in span.chord.pitch_classes]
            for on, end in _slots(span, 2 * BEAT):
                near = sorted(tones, key=lambda p: (abs(p - pitch), rng.random()))[:3]
                pitch = rng.choice(near)
                notes.append(Note(pitch, on, end - on, rng.randint(60, 75)))
        return notes

    return play


# --- lines beside a melody ---------------------------------------------------------------------


def moved(melody: Sequence[Note], semitones: int, velocity: int = 80) -> Notes:
    return [Note(n.pitch + semitones, n.onset, n.duration, velocity) for n in melody]


def second_voice(melody: Sequence[Note], spans: Sequence[ChordSpan], step: int) -> Notes:
    """The next tone of the chord at least a third above (`step` 1) or below (-1) each note, and
    softer."""
    notes = []
    for note in melody:
        chord = next((s.chord for s in spans if s.onset <= note.onset < s.end), spans[-1].chord)
        way = range(note.pitch + 3 * step, note.pitch + 13 * step, step)
        pitch = next((p for p in way if p % 12 in chord.pitch_classes), note.pitch + 4 * step)
        notes.append(Note(pitch, note.onset, note.duration, 62))
    return notes


def fills(melody: Sequence[Note], spans: Sequence[ChordSpan], end: Fraction, rng: Random) -> Notes:
    """Quick figures where the melody rests or holds a note."""
    notes: Notes = []
    gaps = []
    for before, after in pairwise([*melody, Note(60, end, BEAT)]):
        free = min(before.onset + BEAT, before.end)
        if after.onset - free >= 1:
            gaps.append((free, after.onset))
    pitch = 74
    for start, stop in gaps:
        if rng.random() < 0.3:
            continue
        at = -(-start // EIGHTH) * EIGHTH
        while at < stop:
            chord = next((s.chord for s in spans if s.onset <= at < s.end), spans[-1].chord)
            near = [p for p in range(pitch - 5, pitch + 6) if p % 12 in chord.pitch_classes]
            step = rng.choice((-2, -1, 1, 2))
            pitch = rng.choice(near) if near and rng.random() < 0.6 else pitch + step
            pitch = min(max(pitch, 64), 88)
            length = min(rng.choice((Fraction(1, 4), EIGHTH, EIGHTH, BEAT)), stop - at)
            notes.append(Note(pitch, at, length, rng.randint(70, 95)))
            at += length
    return notes


def obbligato(spans: Sequence[ChordSpan], rng: Random, low: int = 62) -> Notes:
    """A second melody: phrases of a few beats that move by step and end on a tone of the chord,
    softer than a lead, with rests between."""
    notes: Notes = []
    at, end, pitch = spans[0].onset + rng.choice((0, 2, 4)), spans[-1].end, low + 6
    number = 0
    while at < end:
        for left in reversed(range(rng.randint(3, 9))):
            while number + 1 < len(spans) and spans[number].end <= at:
                number += 1
            length = rng.choice((EIGHTH, EIGHTH, BEAT, BEAT, Fraction(3, 2))) if left else 2 * BEAT
            if at + length > end:
                return notes
            tones = spans[number].chord.pitch_classes
            near = [p for p in range(pitch - 4, pitch + 5) if p != pitch and low <= p < low + 20]
            held = [p for p in near if p % 12 in tones]
            pitch = rng.choice(held if held and (left == 0 or rng.random() < 0.6) else near)
            notes.append(Note(pitch, at, length, rng.randint(60, 80)))
            at += length
        at = -(-(at + rng.choice((0, 1, 2, 2, 4))) // BEAT) * BEAT
    return notes


def backing_vocals(spans: Sequence[ChordSpan], rng: Random) -> Notes:
    """Three voices that sing oohs, with rests."""
    notes: Notes = []
    for span, chord in zip(spans, pad(60, 3)(spans, rng)[::3], strict=False):
        if rng.random() < 0.7:
            notes += [
                Note(p, span.onset, max(span.end - span.onset - EIGHTH, EIGHTH), 62)
                for p in voicing(span.chord, chord.pitch, 3)
            ]
    return notes


def beat(end: Fraction, pulse: Fraction) -> Notes:
    """A bass drum, a snare and a hi-hat."""
    notes, at, n = [], Fraction(0), 0
    while at < end:
        notes.append(Note(42, at, pulse / 2, 60))
        notes.append(Note(36 if n % 2 == 0 else 38, at, pulse / 2, 90))
        at, n = at + pulse, n + 1
    return notes

"""Chords above the bass: in the rhythms of a style, or broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from djmodel.music.accompaniment.strokes import Group, Stroke, draw_strokes, share_out, velocity
from djmodel.music.accompaniment.styles import Style
from djmodel.music.accompaniment.voicing import Voicing
from djmodel.music.tune import ChordSpan, Note

_VELOCITY = 62


def chord_notes(
    spans: Sequence[ChordSpan],
    voicings: Sequence[Voicing],
    groups: Sequence[Group],
    style: Style,
    rng: np.random.Generator,
) -> list[Note]:
    """The notes of the chords. `voicings` has one for each span."""
    if style.broken:
        return _broken(spans, voicings, groups, rng)
    strokes: Iterable[Stroke] = [(span.onset, span.end) for span in spans]
    if style.rhythms is not None:
        first = spans[0].onset if spans else None
        strokes = draw_strokes(groups, style.rhythms, first, rng)
    notes: list[Note] = []
    for span, voicing, played in zip(spans, voicings, share_out(spans, strokes), strict=True):
        for onset, end in played or [(span.onset, span.end)]:
            loudness = velocity(_VELOCITY, onset == span.onset, rng)
            notes += [Note(pitch, onset, end - onset, loudness) for pitch in voicing]
    return notes


def _broken(
    spans: Sequence[ChordSpan],
    voicings: Sequence[Voicing],
    groups: Sequence[Group],
    rng: np.random.Generator,
) -> list[Note]:
    """Each chord up and down, from the step after its bass. A step is half a pulse, or a whole one
    shorter than a quarter."""
    steps = []
    for group in groups:
        step = group.pulse / 2 if group.pulse >= 1 else group.pulse
        end = group.onset + group.length
        count = -((group.onset - end) // step)
        steps += [
            (group.onset + n * step, min(group.onset + (n + 1) * step, end)) for n in range(count)
        ]
    notes = []
    for span, voicing, played in zip(spans, voicings, share_out(spans, steps), strict=True):
        if not voicing:
            continue
        round_trip = [*voicing, *voicing[-2:0:-1]]
        after_bass = [stroke for stroke in played if stroke[0] > span.onset]
        for number, (onset, end) in enumerate(after_bass):
            pitch = round_trip[number % len(round_trip)]
            loudness = velocity(_VELOCITY, False, rng)
            notes.append(Note(pitch, onset, end - onset, loudness))
    return notes

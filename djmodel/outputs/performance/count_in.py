"""Bars of clicks before a tune."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from djmodel.music.instruments import DRUMS, JAZZ_KIT
from djmodel.music.tune import Bar, Change, Note, Part, Tempo, Tune

_VELOCITY, _ACCENT = 84, 8
_CLICK = Fraction(1, 4)  # quarter lengths


def with_count_in(tune: Tune, bars: int) -> Tune:
    """The tune after `bars` bars of stick clicks: on the main beats, in the last bar on every beat.
    A pick-up sounds within that bar, and its beats are not counted."""
    if not bars or not tune.bars:
        return tune
    pickup = tune.bars[0] if tune.has_pickup else None
    meter = tune.bars[1 if pickup else 0].meter
    length = meter.length
    silence = (Change(Fraction(0), tune.bars[0].changes[0].chord, sounding=False),)
    counted = [Bar(meter, length, (), silence)] * bars
    shift = bars * length
    if pickup:
        rest = length - pickup.length
        changes = tuple(replace(change, onset=change.onset + rest) for change in pickup.changes)
        melody = tuple(replace(note, onset=note.onset + rest) for note in pickup.melody)
        counted[-1] = Bar(meter, length, melody, silence + changes)
        shift -= pickup.length
    added = bars - (pickup is not None)

    groups = meter.groups(length)
    main = {meter.pulse * sum(groups[:index]) for index in range(len(groups))}
    clicks = [
        Note(DRUMS["side stick"], bar * length + beat, _CLICK, _VELOCITY + _ACCENT * (beat == 0))
        for bar in range(bars)
        for beat in meter.beat_onsets(length)
        if (bar == bars - 1 or beat in main) and bar * length + beat < shift
    ]
    parts = [_shifted(part, shift) for part in tune.accompaniment]
    drums = next((n for n, part in enumerate(parts) if part.drums), None)
    if drums is None:
        parts.append(Part(JAZZ_KIT, tuple(clicks), drums=True))
    else:
        parts[drums] = replace(parts[drums], notes=(*clicks, *parts[drums].notes))
    first = [Tempo(Fraction(0), tempo.bpm) for tempo in tune.tempos[:1]]
    return replace(
        tune,
        bars=(*counted, *tune.bars[1 if pickup else 0 :]),
        tempos=(*first, *(Tempo(tempo.onset + shift, tempo.bpm) for tempo in tune.tempos[1:])),
        accompaniment=tuple(parts),
        phrases=tuple(onset + shift for onset in tune.phrases),
        sections=tuple(section._replace(bar=section.bar + added) for section in tune.sections),
        choruses=tuple(chorus + added for chorus in tune.choruses),
    )


def _shifted(part: Part, quarters: Fraction) -> Part:
    return replace(part, notes=tuple(replace(n, onset=n.onset + quarters) for n in part.notes))

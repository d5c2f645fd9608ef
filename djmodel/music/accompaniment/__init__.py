"""Accompaniment: changes played in a style, voiced so that the hands move little.

The pulses of a bar go in groups of two or three (`Meter.groups`: 4/4 is 2 + 2, 3/4 is 3, 6/8 is
3 + 3), and a style says what to play in a group: so every style plays in any meter, and stride in
3/4 is a waltz.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from djmodel.music.accompaniment.bass import bass_notes
from djmodel.music.accompaniment.comping import chord_notes, lead_voices
from djmodel.music.accompaniment.drums import drum_notes
from djmodel.music.accompaniment.form import chorus_length
from djmodel.music.accompaniment.strokes import busy_groups, groups_of
from djmodel.music.accompaniment.styles import STYLES, Style
from djmodel.music.tune import Part, Tune
from seqmodel.errors import InputError
from seqmodel.settings import checked


@checked
def accompany(tune: Tune, style: str, rng: np.random.Generator | int = 0) -> Tune:
    """The tune with its changes played in a style of `STYLES`, instead of its accompaniment.

    Chords sound within their bars and no longer than they hold; under N.C. nothing sounds. Bass
    and chords begin together. Every note is a tone of its chord, its bass or its ninth, except that
    a walking bass may lead into the next bass note by a semitone or a whole tone. Where the melody
    is busy the chords leave it room. The first of several choruses may be in two. A tune without a
    feel gets that of the style. `rng` is a generator or a seed.

    Raises InputError for an unknown style.

    >>> from djmodel.music.changes import parse_changes
    >>> band = accompany(parse_changes("Dm7 | G7 | C6"), "swing")
    >>> [part.instrument.name for part in band.accompaniment]
    ['Piano', 'Bass', 'Drums']
    """
    chosen = _style(style)
    rng = np.random.default_rng(rng)
    spans = tune.chord_spans()
    groups = list(groups_of(tune))
    chorus = chorus_length(tune) + tune.has_pickup
    first_chorus = tune.starts[chorus] if chorus < len(tune.bars) else None
    voicings = lead_voices([span.chord for span in spans], chosen.voices, chosen.colours)
    above = chord_notes(spans, voicings, groups, chosen, rng, busy_groups(tune, groups))
    below = bass_notes(spans, groups, chosen, rng, first_chorus)
    if chosen.bass is None:
        notes = sorted([*below, *above], key=lambda note: (note.onset, note.pitch))
        parts = [Part(chosen.instrument, tuple(notes))]
    else:
        parts = [Part(chosen.instrument, tuple(above)), Part(chosen.bass, tuple(below))]
    drums = drum_notes(tune, groups, chosen.drums, rng)
    parts.append(Part(chosen.drums.kit, tuple(drums), drums=True))
    parts = [part for part in parts if part.notes]
    return replace(with_feel_of_style(tune, style), accompaniment=tuple(parts))


def with_feel_of_style(tune: Tune, style: str) -> Tune:
    """The tune with the feel of a style of `STYLES`, if it has none. Raises InputError for an
    unknown style."""
    return replace(tune, feel=tune.feel or _style(style).feel)


def _style(name: str) -> Style:
    chosen = STYLES.get(name.strip().casefold())
    if chosen is None:
        styles = ", ".join(STYLES)
        raise InputError(f"`{name}` is not a style of accompaniment", hint=f"choose from {styles}")
    return chosen

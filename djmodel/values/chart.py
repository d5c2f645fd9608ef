"""Charts: what is known of a tune before its melody, and what is known at a moment of it.

Times are counted in ticks from the start of the tune.

In shapes: b bars, c changes (each chord that differs from the one before), n values or sequences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from djmodel.music.chord import ALL_KINDS, Chord, kind_of
from djmodel.music.key import estimate_key
from djmodel.music.tune import Tune
from djmodel.values.conditioning import Ticks, to_ticks
from djmodel.values.grammar import Register
from djmodel.values.jazz_grammar import first_pitch
from djmodel.values.value import Value

Ints = NDArray[np.int64]

QUALITIES = (
    "major", "major 7", "7", "altered 7", "augmented", "suspended",
    "minor", "minor 7", "minor major 7", "half-diminished", "diminished", "other", "silent",
)  # fmt: skip
NONE = -1
NAMES = ("player", "instrument", "style", "feel")
"""The names that a chart has; "" where one is not known."""

_LONGEST_SECTION = 16  # bars; those of a longer one count on as the last eight of these
_PERFECT_FIFTH = 7


@dataclass(frozen=True, eq=False)
class Chart:
    """The changes, the form and the performance of a tune.

    `bar_onsets (b + 1,)`: of the bars, and the end. `form (b,)`: bars since the section began.
    `change_onsets (c + 1,)`: of the changes, and the end; `roots (c,)` pitch classes, `qualities
    (c,)` indices in QUALITIES; `kinds (c, 12)`: the index in ALL_KINDS of each pitch class over a
    chord. `tonic`: pitch class of the major key with the tune's signature; `minor`: whether the
    chords are rather in its relative. `middle`: of the register of the solo. `tempo` in quarter
    notes per minute; `names` by NAMES.
    """

    bar_onsets: Ticks
    form: Ints
    change_onsets: Ticks
    roots: Ints
    qualities: Ints
    kinds: Ints
    tonic: int
    minor: bool
    middle: int
    tempo: float
    names: Mapping[str, str]

    @classmethod
    def of(cls, tune: Tune, register: Register) -> Chart:
        """The chart of a tune, whose melody does not matter, for a solo in `register`."""
        chords: list[Chord | None] = []
        held: list[Chord] = []
        onsets = []
        for bar, start in zip(tune.bars, tune.starts, strict=False):
            for change in bar.changes:
                heard = change.chord if change.sounding else None
                if chords and heard == chords[-1] and change.chord == held[-1]:
                    continue
                onsets.append(start + change.onset)
                chords.append(heard)
                held.append(change.chord)
        kinds = {chord: [ALL_KINDS.index(kind_of(p, chord)) for p in range(12)] for chord in held}
        # The melody of the tune, which is to be predicted, does not decide on the key.
        key = estimate_key((), tune.chord_spans())
        signature = key.signature if tune.key is None else tune.key
        return cls(
            bar_onsets=to_ticks(tune.starts),
            form=_bars_in_section(tune),
            change_onsets=to_ticks([*onsets, tune.length]),
            roots=np.array([chord.root for chord in held], dtype=np.int64),
            qualities=np.array([chord_quality(chord) for chord in chords], dtype=np.int64),
            kinds=np.array([kinds[chord] for chord in held], dtype=np.int64),
            tonic=signature * _PERFECT_FIFTH % 12,
            minor=key.minor,
            middle=first_pitch(register),
            tempo=tune.tempos[0].bpm,
            names={
                "player": tune.performer,
                "instrument": tune.instrument.name,
                "style": tune.style,
                "feel": tune.feel,
            },
        )


class Moments(NamedTuple):
    """The facts known when a value is drawn, of n values of a tune or the next value of n
    sequences: arrays `(n,)`.

    `bar`: its index; `now`: the onset. `change`: the index of the change that holds. `pitch` and
    `pitch_before`: those of the last note and of the one before it; `onset` and `onset_before`:
    when they began; NONE where there is no such note. `phrase_onset`: the end of the last rest;
    `phrase_notes`: the number of notes since then.
    """

    bar: Ints
    now: Ticks
    change: Ints
    pitch: Ints
    pitch_before: Ints
    onset: Ticks
    onset_before: Ticks
    phrase_onset: Ticks
    phrase_notes: Ints

    @classmethod
    def of_values(cls, chart: Chart, bars: Sequence[Sequence[Value]]) -> Moments:
        """The moments of all values of a melody in the grammar of jazz, one sequence per bar."""
        values = [value for bar in bars for value in bar]
        sizes = [len(bar) for bar in bars]
        bar = np.repeat(np.arange(len(bars)), sizes)
        durations = to_ticks(value.duration for value in values)
        now = np.cumsum(durations) - durations
        first = np.cumsum([0, *sizes])[:-1]
        offset = np.append(now, durations.sum())[first] - chart.bar_onsets[: len(bars)]
        now = now - np.repeat(offset, sizes)  # durations may have been rounded
        rest = np.array([value.is_rest for value in values], dtype=bool)
        note = np.array([value.leap is not None for value in values], dtype=bool)
        leaps = np.array([value.leap or 0 for value in values], dtype=np.int64)
        notes = np.cumsum(note) - note  # before each value
        pitches = np.append(chart.middle + np.cumsum(leaps)[note], NONE)  # of each note
        onsets = np.append(now[note], NONE)
        places = np.arange(len(values))
        last_rest = np.maximum.accumulate(np.where(rest, places, -1))
        last_rest = np.concatenate([[-1], last_rest[:-1]])[: len(values)]
        after_rest = last_rest + 1  # the first value of the phrase, or this value
        return cls(
            bar,
            now,
            np.searchsorted(chart.change_onsets, now, side="right") - 1,
            pitches[notes - 1],  # -1: NONE
            pitches[np.maximum(notes - 2, -1)],
            onsets[notes - 1],
            onsets[np.maximum(notes - 2, -1)],
            now[after_rest] if len(values) else now,
            notes - (notes[after_rest] if len(values) else 0),
        )


def _bars_in_section(tune: Tune) -> Ints:
    """The bars since the section of each bar began; since the chorus, or the tune, where no
    sections are known."""
    starts = [section.bar for section in tune.sections] or list(tune.choruses)
    pickup = int(tune.has_pickup)
    begun = np.zeros(len(tune.bars), dtype=np.int64)
    begun[[bar for bar in (pickup, *starts) if bar < len(begun)]] = 1
    places = np.arange(len(begun))
    since = places - np.maximum.accumulate(np.where(begun, places, 0))
    half = _LONGEST_SECTION // 2
    return np.where(since < _LONGEST_SECTION, since, half + since % half)


def chord_quality(chord: Chord | None) -> int:
    """The index in QUALITIES of a chord's quality; None is silence."""
    return QUALITIES.index("silent" if chord is None else _quality(set(chord.intervals)))


def _quality(tones: set[int]) -> str:
    if 4 in tones:
        if 10 in tones:
            return "altered 7" if tones & {1, 3, 8} else "7"
        if 11 in tones:
            return "major 7"
        return "augmented" if 8 in tones and 7 not in tones else "major"
    if 3 in tones:
        if 6 in tones and 7 not in tones:
            return "half-diminished" if 10 in tones else "diminished"
        if 11 in tones:
            return "minor major 7"
        return "minor 7" if 10 in tones else "minor"
    if tones & {2, 5}:
        return "suspended"
    return "7" if 10 in tones else "major 7" if 11 in tones else "major"


def chords_without_quality(tune: Tune) -> dict[Chord, str]:
    """The chords of a tune that have neither third nor fourth or second, such as C5, with the
    quality that a model takes each for. No jazz solo that is bundled has one."""
    chords = {change.chord for bar in tune.bars for change in bar.changes if change.sounding}
    bare = {chord for chord in chords if not {2, 3, 4, 5} & {*chord.intervals}}
    return {chord: QUALITIES[chord_quality(chord)] for chord in sorted(bare, key=str)}

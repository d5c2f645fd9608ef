"""A stored solo -> Tune: bars with their melody and changes, phrases, form and choruses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from statistics import median

from djmodel.inputs.wjazzd.melody import (
    TICKS_PER_QUARTER,
    Beat,
    PlacedNote,
    PlacementReport,
    place_notes,
)
from djmodel.inputs.wjazzd.names import feel_of, instrument_of, key_of, tonic_of
from djmodel.inputs.wjazzd.records import LOUDNESS_UNITS, BeatRow, NoteRow, Solo, check_solo
from djmodel.music.chord import Chord
from djmodel.music.meter import Meter, parse_meter
from djmodel.music.tune import (
    MAX_BARS,
    Bar,
    Change,
    Note,
    Section,
    Tempo,
    Tune,
)
from djmodel.music.weimar_chord import parse_weimar_chord
from seqmodel.errors import CorpusError, InputError
from seqmodel.text import pluralize

MEDIAN_VELOCITY = 80  # of the note of median loudness
_SOFTEST, _LOUDEST = 20, 127
_MAX_DENOMINATOR = 16  # of a signature
_MIN_SHARE_OF_CHORDS = 0.5  # of the notes, for a solo over changes


@dataclass(frozen=True, slots=True)
class ReadSolo:
    """A tune and what was changed by placing its notes on the grid."""

    tune: Tune
    placement: PlacementReport


@dataclass(frozen=True, slots=True)
class _BarSpan:
    """A bar of beats: the indices of the first one and of the one behind the last; its start and
    length in ticks."""

    first: int
    last: int
    meter: Meter
    start: int
    length: int


def tune_of_solo(solo: Solo, *, without_chords: bool = False) -> ReadSolo:
    """The tune of a solo.

    It begins with the bar of the first note, or with the first chorus if that is earlier. A note
    before the first chord, or where there is none (`NC`), has the nearest chord before it, else
    behind it, which does not sound.

    Raises CorpusError for rows that contradict each other, for a chord that cannot be read, and for
    a solo with chords under less than half of its notes. `without_chords` reads even that; a solo
    without any chord has its tonic, not sounding.
    """
    check_solo(solo)
    every_bar = _bar_spans(solo.beats)
    if len(every_bar) > MAX_BARS:
        raise CorpusError(f"the solo has more than {MAX_BARS:,} bars")
    spans = _without_empty_start(every_bar, solo)
    beats = [
        Beat(span.start + number * length, length)
        for span in every_bar
        for length in [4 * TICKS_PER_QUARTER // span.meter.denominator]
        for number in range(span.last - span.first)
    ]
    chords = [_chord(row.chord) for row in solo.beats]
    if not without_chords:
        _check_chords(solo.notes, chords)
    key = key_of(solo.info.key)
    tonic = Chord.of(tonic_of(solo.info.key), (0,))
    end = spans[-1].start + spans[-1].length
    melody, placement = place_notes(solo.notes, beats, end)
    bars = _with_melody(_bars(spans, chords, tonic), spans, melody, _velocities(solo.notes))
    onsets = {note.index: note.start for note in melody}
    phrases = dict.fromkeys(onsets[index] for index in solo.phrases if index in onsets)
    offset = spans[0].start
    tempo = solo.info.tempo * 4 / spans[0].meter.denominator
    tune = Tune(
        title=solo.info.title,
        bars=tuple(bars),
        tempos=(Tempo(Fraction(0), tempo),),
        instrument=instrument_of(solo.info.instrument),
        key=key,
        performer=solo.info.performer,
        style=solo.info.style.lower(),
        feel=feel_of(solo.info.feel),
        phrases=tuple(_quarters(onset - offset) for onset in sorted(phrases)),
        sections=_sections(solo.beats, spans),
        choruses=_choruses(solo.beats, spans),
    )
    return ReadSolo(tune, placement)


@lru_cache(maxsize=1 << 14)
def _quarters(ticks: int) -> Fraction:
    return Fraction(ticks, TICKS_PER_QUARTER)


def _bar_spans(beats: Sequence[BeatRow]) -> list[_BarSpan]:
    """The bars of all beats. The last one is complete: the beats end with the solo."""
    firsts = [0] + [i for i in range(1, len(beats)) if beats[i].bar != beats[i - 1].bar]
    spans = []
    start = 0
    for first, last in zip(firsts, [*firsts[1:], len(beats)], strict=True):
        meter = _meter(beats[first].signature)
        beat = 4 * TICKS_PER_QUARTER // meter.denominator
        n_beats = last - first
        if beats[last - 1].beat > meter.numerator:
            raise CorpusError(f"bar {beats[first].bar} has more beats than {meter}")
        if last == len(beats) and beats[first].beat == 1:
            n_beats = meter.numerator
        spans.append(_BarSpan(first, last, meter, start, n_beats * beat))
        start += n_beats * beat
    return spans


def _without_empty_start(spans: list[_BarSpan], solo: Solo) -> list[_BarSpan]:
    """The bars from the one with the first note on, or from the first chorus if that is earlier."""
    first_note = min(note.beat for note in solo.notes)
    chorus = next((i for i, row in enumerate(solo.beats) if row.chorus >= 1), first_note)
    number = bisect_right([span.first for span in spans], min(first_note, chorus)) - 1
    return spans[number:]


@lru_cache(maxsize=1 << 10)
def _chord(symbol: str) -> Chord | None:
    """The chord of a symbol; None for `NC` and for no symbol."""
    try:
        return parse_weimar_chord(symbol) if symbol else None
    except InputError as error:
        raise CorpusError(error.message) from error


@lru_cache(maxsize=64)
def _meter(signature: str) -> Meter:
    try:
        meter = parse_meter(signature)
    except InputError as error:
        raise CorpusError(error.message) from error
    if meter.denominator > _MAX_DENOMINATOR:
        raise CorpusError(f"the signature {meter} has beats shorter than sixteenths")
    return meter


def _check_chords(notes: Sequence[NoteRow], chords: Sequence[Chord | None]) -> None:
    """Raises CorpusError for a solo that is not one over changes."""
    if not any(chords):
        raise CorpusError("the solo has no chords")
    over_chords = sum(chords[note.beat] is not None for note in notes)
    if over_chords < _MIN_SHARE_OF_CHORDS * len(notes):
        counts = f"{over_chords:,} of {pluralize(len(notes), 'note')}"
        raise CorpusError(f"only {counts} of the solo have a chord")


def _bars(spans: Sequence[_BarSpan], chords: Sequence[Chord | None], tonic: Chord) -> list[Bar]:
    """Bars with their changes, one at least, and no melody; `tonic` for a solo without chords."""
    before = chords[: spans[0].first]
    held = next((c for c in reversed(before) if c), None) or next(filter(None, chords), tonic)
    bars = []
    for span in spans:
        changes: list[Change] = []
        beat = 4 * TICKS_PER_QUARTER // span.meter.denominator
        for number, chord in enumerate(chords[span.first : span.last]):
            held = chord or held
            change = Change(_quarters(number * beat), held, chord is not None)
            if not changes or (changes[-1].chord, changes[-1].sounding) != (held, change.sounding):
                changes.append(change)
        bars.append(Bar(span.meter, _quarters(span.length), (), tuple(changes)))
    return bars


def _with_melody(
    bars: Sequence[Bar],
    spans: Sequence[_BarSpan],
    melody: Sequence[PlacedNote],
    velocities: Sequence[int],
) -> list[Bar]:
    """The bars with their melody; notes across bar lines are tied."""
    notes: list[list[Note]] = [[] for _ in bars]
    number = 0
    for placed in melody:
        while spans[number].start + spans[number].length <= placed.start:
            number += 1
        start, bar, tied = placed.start, number, False
        while start < placed.end:
            span = spans[bar]
            stop = min(placed.end, span.start + span.length)
            onset, duration = _quarters(start - span.start), _quarters(stop - start)
            velocity = velocities[placed.index]
            notes[bar].append(Note(placed.pitch, onset, duration, velocity, tied))
            start, bar, tied = stop, bar + 1, True
    return [
        Bar(bar.meter, bar.length, tuple(line), bar.changes)
        for bar, line in zip(bars, notes, strict=True)
    ]


def _velocities(notes: Sequence[NoteRow]) -> list[int]:
    """MIDI velocities: 80 for the median loudness of the solo, twice as much for each 12 dB above.

    Synthesizers make the amplitude grow with about the square of the velocity (Dannenberg, *The
    Interpretation of MIDI Velocity*, 2006), which is 40 dB for a factor of ten. Notes whose
    loudness is not known, or of 0 dB and less (silence in the recording), have the median's.
    """
    loudness = [n.loudness for n in notes if n.loudness is not None and n.loudness > 0]
    middle = median(loudness) if loudness else 0.0
    return [_velocity(n.loudness, middle) for n in notes]


@lru_cache(maxsize=1 << 14)
def _velocity(loudness: int | None, middle: float) -> int:
    if loudness is None or loudness <= 0:
        return MEDIAN_VELOCITY
    velocity = MEDIAN_VELOCITY * 10 ** ((loudness - middle) / LOUDNESS_UNITS / 40)
    return min(max(round(velocity), _SOFTEST), _LOUDEST)


def _sections(beats: Sequence[BeatRow], spans: Sequence[_BarSpan]) -> tuple[Section, ...]:
    """The sections of the form: one begins where the form or the chorus changes."""
    names: dict[int, str] = {}
    before = None
    for bar, row in _bar_of_each_beat(beats, spans):
        now = row.form, row.chorus
        if now != before and row.form:
            names[bar] = row.form
        before = now
    return tuple(Section(bar, name) for bar, name in sorted(names.items()))


def _choruses(beats: Sequence[BeatRow], spans: Sequence[_BarSpan]) -> tuple[int, ...]:
    starts: dict[int, int] = {}
    for bar, row in _bar_of_each_beat(beats, spans):
        if row.chorus >= 1:
            starts.setdefault(row.chorus, bar)
    return tuple(sorted(set(starts.values())))


def _bar_of_each_beat(
    beats: Sequence[BeatRow], spans: Sequence[_BarSpan]
) -> list[tuple[int, BeatRow]]:
    """Each beat with the index of the bar at which a section that begins on it is said to begin:
    its own, or the next one from the second half of the bar on (but that of a pick-up)."""
    places: list[tuple[int, BeatRow]] = []
    for bar, span in enumerate(spans):
        for row in beats[span.first : span.last]:
            upbeat = places and 2 * (row.beat - 1) >= span.meter.numerator > 1
            places.append((min(bar + 1, len(spans) - 1) if upbeat else bar, row))
    return places

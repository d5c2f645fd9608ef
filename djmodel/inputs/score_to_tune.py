"""Score -> Tune: its melody as one line, its chords bar by bar, its accompaniment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from djmodel.inputs.chords.harmonize import harmonize
from djmodel.inputs.chords.observations import Changes
from djmodel.inputs.chords.recognition import (
    BARS_TRIED,
    find_pick_up,
    recognize_chords,
    with_pick_up,
)
from djmodel.inputs.limits import DEFAULT, Deadline, Limits, no_deadline
from djmodel.inputs.melody.selection import ChosenParts, Selection, choose_parts
from djmodel.inputs.quantization import GridNote, Steps, quarters_to_steps, steps_to_quarters
from djmodel.inputs.score import Measure, Score, Symbol
from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from djmodel.music.tune import Bar, BarRange, Change, Note, Section, Tune
from djmodel.music.tune_json import with_facts
from seqmodel.errors import CorpusError

GENERATED = "a solo that a model generated"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading a file: the parts to take (None: they are detected), the bars, the
    limits, the solos of a database."""

    melody_part: Selection | None = None
    chord_part: Selection | None = None
    bars: BarRange | None = None
    limits: Limits = DEFAULT
    solos: SoloFilter = SoloFilter()


@dataclass(frozen=True, slots=True)
class Transcription:
    """A tune, with the score and the choice of parts that it was made from."""

    tune: Tune
    score: Score
    choice: ChosenParts

    @property
    def note(self) -> str:
        """Remarks for the listener, or ""."""
        inferred = self.choice.lone_melody and not self.score.symbols
        remarks = ["chords inferred from the melody"] if inferred else []
        generated = [GENERATED] if self.tune.generated else []
        return "; ".join([*generated, *remarks, *self.score.remarks])


def tune_from_score(
    score: Score,
    path: str | Path,
    options: ReadOptions = ReadOptions(),
    deadline: Deadline | None = None,
) -> Transcription:
    """The tune of a score; errors name the `path` that it came from.

    Raises CorpusError for parts or bars that the score does not have, or for music without a melody
    or chords; LimitError when the time of the `deadline` is over (None: no limit).
    """
    check = deadline or no_deadline
    if not any(symbol.chord for symbol in score.symbols):  # N.C. alone is not a harmony
        score = replace(score, symbols=())
    choice = choose_parts(score, options.melody_part, options.chord_part, path, check)
    check()
    score = replace(score, measures=_bar_lines(score, choice))
    check()
    changes = _changes(score, choice, check)
    tune = Tune(
        title=score.title,
        bars=_bars(choice.line, changes, score.measures),
        tempos=score.tempos,
        instrument=choice.instrument,
        accompaniment=choice.accompaniment,
        key=score.key,
        sections=_sections(score),
        composer=score.composer,
    )
    tune = with_facts(tune, score.facts) if score.facts else tune
    if options.bars is not None:
        tune = excerpt(tune, options.bars, path)
    return Transcription(tune, score, choice)


def excerpt(tune: Tune, bars: BarRange, path: str | Path) -> Tune:
    """Some bars of a tune that is in `path`. Raises CorpusError for bars that it does not have, or
    that have no melody."""
    first, last = bars
    if not 1 <= first <= last <= len(tune.bars):
        message = f"bars {first}:{last} are not within bars 1 to {len(tune.bars)} of the tune"
        raise CorpusError(message, path=path, hint="name the first and the last bar, FROM:TO")
    tune = tune.excerpt(first, last)
    if not any(bar.melody for bar in tune.bars):
        message = f"the melody has rests only in bars {first}:{last}"
        raise CorpusError(message, path=path, hint="choose other bars or parts")
    return tune


def _bar_lines(score: Score, choice: ChosenParts) -> tuple[Measure, ...]:
    """The bars as the score has them, or moved by a pick-up that it does not declare."""
    if score.symbols or choice.lone_melody:
        return score.measures
    tried = score.measures[:BARS_TRIED]
    end = tried[-1].onset + tried[-1].length
    early = [
        note
        for part in choice.accompaniment
        for note in part.notes[: bisect_left(part.notes, end, key=lambda note: note.onset)]
    ]
    pick_up = find_pick_up(early, score.measures)
    return with_pick_up(score.measures, pick_up)


def _sections(score: Score) -> tuple[Section, ...]:
    """The sections by the bars in which they begin; of several in one bar the last one."""
    starts = [measure.onset for measure in score.measures]
    by_bar = {bisect_right(starts, mark.onset) - 1: mark.name for mark in score.sections}
    return tuple(Section(bar, by_bar[bar]) for bar in sorted(by_bar) if bar >= 0)


def _changes(score: Score, choice: ChosenParts, check: Callable[[], None]) -> Changes:
    if score.symbols:
        return changes_from_symbols(score.symbols, score.measures)
    if choice.lone_melody:
        return harmonize(choice.melody, score.measures)
    return recognize_chords(choice.harmony_notes, score.measures, check, band=choice.has_band)


def changes_from_symbols(symbols: Sequence[Symbol], measures: Sequence[Measure]) -> Changes:
    """The changes of each bar from the chord symbols of the score. Under N.C. the chord before
    holds, silent; before the first chord, that one."""
    holding = next((symbol.chord for symbol in symbols if symbol.chord is not None), None)
    if holding is None:
        return ()
    sounding, number = False, 0
    bars: list[tuple[Change, ...]] = []
    for measure in measures:
        changes = [Change(Fraction(0), holding, sounding)]
        while number < len(symbols) and symbols[number].onset < measure.onset + measure.length:
            chord, sounding = symbols[number].chord or holding, symbols[number].chord is not None
            holding = chord
            onset = max(symbols[number].onset - measure.onset, Fraction(0))
            if changes[-1].onset == onset:
                changes.pop()
            if not changes or changes[-1] != Change(changes[-1].onset, chord, sounding):
                changes.append(Change(onset, chord, sounding))
            number += 1
        bars.append(tuple(changes))
    return tuple(bars)


def _bars(
    line: Sequence[GridNote], changes: Changes, measures: Sequence[Measure]
) -> tuple[Bar, ...]:
    """The melody divided at the bar lines; a note held from the bar before is tied."""
    bars: list[Bar] = []
    waiting = 0
    bar_end: Steps = 0
    for measure, bar_changes in zip(measures, changes, strict=True):
        bar_start, bar_end = bar_end, bar_end + quarters_to_steps(measure.length)
        melody: list[Note] = []
        while waiting < len(line) and line[waiting].start < bar_end:
            start, end, pitch, velocity = line[waiting]
            tied = start < bar_start
            begin = bar_start if tied else start
            onset = steps_to_quarters(begin - bar_start)
            duration = steps_to_quarters(min(end, bar_end) - begin)
            melody.append(Note(pitch, onset, duration, velocity, tied))
            if end > bar_end:
                break
            waiting += 1
        bars.append(Bar(measure.meter, measure.length, tuple(melody), bar_changes))
    return tuple(bars)

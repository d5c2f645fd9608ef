"""A trained model, changes and a seed -> solos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from djmodel.model.model_file import DjModel
from djmodel.music.tune import Bar, Tune
from djmodel.values.conditioning import TICKS_PER_QUARTER
from djmodel.values.constraints import bar_automaton, rhythm_automaton
from djmodel.values.grammar import split_into_bars, tidy_bar, tidy_values
from djmodel.values.solo_constraint import SoloConstraint, Symbols
from djmodel.values.value import Value
from seqmodel.data.windows import Indices
from seqmodel.errors import SamplingError
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Constraint
from seqmodel.sampling.copy_limit import CopyLimit
from seqmodel.sampling.sampler import sample
from seqmodel.settings import Count, Seed, checked
from seqmodel.text import pluralize


@dataclass(frozen=True)
class Solo:
    """A new melody over changes. `values` are its values bar by bar, `log_probability` the mean
    natural log-probability that the model gives to a value. `provenance` is the text for its MIDI
    file that says how it was made (see `djmodel.model.provenance`)."""

    tune: Tune
    values: tuple[tuple[Value, ...], ...]
    log_probability: float
    provenance: str = ""


@checked
def improvise(
    model: DjModel,
    changes: Tune,
    *,
    seed: Seed = 0,
    count: Count = 1,
    skip: int = 0,
    sampling: SamplingConfig = SamplingConfig(),
    primer: Sequence[Value] = (),
    with_primer: bool = False,
    rhythm: Tune | None = None,
    tidy: bool = False,
    max_copy: Count | None = None,
) -> list[Solo]:
    """Generates `count` melodies over the chords of `changes`; each of its bars is filled exactly,
    and its own melody, if any, is ignored. Solo k of a seed is the same for any count.

    Args:
        skip: the number of first melodies to leave out; it changes none of the others.
        sampling: how values are drawn.
        primer: values that the model reads first.
        with_primer: begin each solo with the primer, over the first changes.
        rhythm: a tune with bars as long as those of `changes`. Solos have the rhythm of its melody;
            only their pitches are new.
        tidy: smooth the solos as the course does: approach and other tones become chord tones,
            repeated and very short notes join the note before.
        max_copy: no longer run of values occurs in the training music, except in the primer.

    Raises:
        SettingError: `skip` is not from 0 to `count` - 1.
        SamplingError: the model's values cannot fill a bar, the rhythm does not fit the changes,
            the primer leaves no room, or every continuation would be a longer copy.
    """
    if tidy and max_copy is not None:
        raise SamplingError(
            "tidying changes values, so that copies cannot be limited", hint="leave one of them out"
        )
    model.check_values(primer)
    prefix = tuple(primer) if with_primer else ()
    if rhythm is None:
        frame = _free(model, changes, prefix)
    else:
        frame = _kept(model, changes, prefix, rhythm)
    limit = None
    if max_copy is not None:
        # Of a value that is not copied, all symbols but the last may be.
        max_run = (max_copy + 1) * model.grammar.symbols_per_value - 1
        limit = CopyLimit(max_run, model.sequences, model.encode(prefix))
    value_rng, pitch_rng = np.random.default_rng(seed).spawn(2)
    samples = sample(
        model.weights,
        frame.constraint,
        sampling,
        value_rng,
        n_sequences=count,
        skip=skip,
        max_length=frame.max_length,
        primer=model.encode(primer),
        primer_conditioning=_primer_conditioning(model, primer, changes),
        copy_limit=limit,
        adaptation=model.config.adaptation,
    )
    if not samples.ended.all():
        raise SamplingError(
            f"the {len(model.vocabulary)} symbols of the model cannot fill every bar",
            hint="train on more music, or with a larger vocabulary",
        )
    rows = samples.rows()
    if not all(len(row) for row in rows):
        raise SamplingError(
            f"the primer of {pluralize(len(prefix), 'value')} fills all changes",
            hint="take fewer bars of it, or more choruses",
        )
    drawn = zip(rows, samples.log_probs, pitch_rng.spawn(count)[skip:], strict=True)
    return [_solo(model, changes, frame, *each, tidy) for each in drawn]


@dataclass(frozen=True)
class _Frame:
    """The form of a solo: the constraint of its symbols after `prefix`, at most `max_length` of
    them; and, where a rhythm is kept, the tune that has it, and its values after `prefix`."""

    prefix: tuple[Value, ...]
    constraint: Constraint
    max_length: int
    rhythm: Tune | None = None
    asked: tuple[Value, ...] = ()

    def bars(self, values: Sequence[Value], changes: Tune) -> list[tuple[Value, ...]]:
        """All values of a solo, bar by bar, given those after the prefix."""
        if self.rhythm is not None:
            values = [
                replace(value, duration=other.duration)
                for value, other in zip(values, self.asked, strict=True)
            ]
        return split_into_bars([*self.prefix, *values], changes.bars)


def _free(model: DjModel, changes: Tune, prefix: tuple[Value, ...]) -> _Frame:
    """Any rhythm that fills the bars of `changes`."""
    if model.config.grammar == "jazz":
        constraint, shortest = _solo_constraint(model, changes, prefix)
    else:
        size, values = model.vocabulary.size, model.values
        constraint = bar_automaton(values, changes.bars, size, prefix, model.bar_positions)
        shortest = min(value.duration for value in values)
    n_values = int(changes.length / shortest) + len(changes.bars)
    return _Frame(prefix, constraint, n_values * model.grammar.symbols_per_value)


def _solo_constraint(
    model: DjModel,
    changes: Tune,
    prefix: tuple[Value, ...],
    asked: tuple[Value, ...] | None = None,
) -> tuple[Constraint, Fraction]:
    """The constraint of a solo in the grammar of jazz, and the shortest duration of a value."""
    symbols = Symbols.of(model.vocabulary.symbols, model.vocabulary.size)
    chart, register = model.chart(changes), model.registers.of_solo(changes)
    constraint = SoloConstraint(symbols, chart, register, model.conditioning, prefix, asked)
    return constraint, Fraction(int(symbols.ticks[symbols.is_duration].min()), TICKS_PER_QUARTER)


def _kept(model: DjModel, changes: Tune, prefix: tuple[Value, ...], rhythm: Tune) -> _Frame:
    """The rhythm of the melody of `rhythm`."""
    if not any(bar.melody for bar in rhythm.bars):
        raise SamplingError("the tune whose rhythm is to be kept has no melody")
    if [bar.length for bar in rhythm.bars] != [bar.length for bar in changes.bars]:
        raise SamplingError(
            f"the rhythm has {pluralize(len(rhythm.bars), 'bar')} and the changes have"
            f" {len(changes.bars)}, or bars of different lengths",
            hint="keep the rhythm of the tune that is played over",
        )
    bars = model.encode_tune(rhythm)
    asked = tuple(value for bar in bars for value in bar)[len(prefix) :]
    length = len(asked) * model.grammar.symbols_per_value
    if model.config.grammar == "jazz":
        constraint, _ = _solo_constraint(model, changes, prefix, asked)
        return _Frame(prefix, constraint, length, rhythm, asked)
    conditioning = model.inputs(bars, rhythm)
    if conditioning is not None:
        conditioning = conditioning[len(prefix) :]
    automaton = rhythm_automaton(model.values, asked, model.vocabulary.size, conditioning)
    return _Frame(prefix, automaton, length, rhythm, asked)


def _solo(
    model: DjModel,
    changes: Tune,
    frame: _Frame,
    indices: Indices,
    log_probs: NDArray[np.float32],
    rng: np.random.Generator,
    tidy: bool,
) -> Solo:
    """The solo whose symbols after the prefix are `indices`; `rng` draws its pitches where the
    values leave a choice."""
    bars = frame.bars(model.values_of(indices.tolist()), changes)
    if tidy:
        bars = [tidy_values(bar) for bar in bars]
    tune = model.grammar.decode(bars, changes, rng, model.registers.of_solo(changes))
    if frame.rhythm is not None and model.config.grammar == "course":
        tune = _tied_as(frame.rhythm, tune)
    if tidy:
        tune = replace(tune, bars=tuple(tidy_bar(bar) for bar in tune.bars))
    tune = replace(tune, generated=True, phrases=())  # those of the changes are another player's
    of_symbol = float(log_probs[: len(indices)].mean()) if len(indices) else 0.0
    return Solo(tune, tuple(bars), of_symbol * model.grammar.symbols_per_value)


def _primer_conditioning(model: DjModel, primer: Sequence[Value], changes: Tune) -> Indices | None:
    """The conditioning of a primer that begins with a bar, in bars as long as in `changes`."""
    length = sum(value.duration for value in primer)
    bars = changes.bars * max(1, math.ceil(length / changes.length))
    return model.inputs(split_into_bars(primer, bars), replace(changes, bars=bars))


def _tied_as(rhythm: Tune, tune: Tune) -> Tune:
    """`tune` with notes held over the bar lines where the melody of `rhythm` holds them."""
    bars: list[Bar] = []
    for bar, source in zip(tune.bars, rhythm.bars, strict=True):
        if bars and bars[-1].melody and bar.melody and source.melody and source.melody[0].tied:
            held = replace(bar.melody[0], pitch=bars[-1].melody[-1].pitch, tied=True)
            bar = replace(bar, melody=(held, *bar.melody[1:]))
        bars.append(bar)
    return replace(tune, bars=tuple(bars))

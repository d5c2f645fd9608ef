"""A trained model, changes and a seed -> solos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from djmodel.model.model_file import DjModel
from djmodel.music.tune import Bar, Tune
from djmodel.values.constraints import bar_automaton, rhythm_automaton
from djmodel.values.encoded_corpus import flat_values
from djmodel.values.grammar import decode, encode, split_into_bars, tidy_bar, tidy_values
from djmodel.values.value import Value
from seqmodel.data.windows import Indices
from seqmodel.errors import SamplingError
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.copy_limit import CopyLimit
from seqmodel.sampling.sampler import sample
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


def improvise(
    model: DjModel,
    changes: Tune,
    *,
    seed: int = 0,
    count: int = 1,
    sampling: SamplingConfig = SamplingConfig(),
    primer: Sequence[Value] = (),
    with_primer: bool = False,
    rhythm: Tune | None = None,
    tidy: bool = False,
    max_copy: int | None = None,
) -> list[Solo]:
    """Generates `count` melodies over the chords of `changes`; each of its bars is filled exactly,
    and its own melody, if any, is ignored. Solo k of a seed is the same for any count.

    Args:
        sampling: how values are drawn.
        primer: values that the model reads first.
        with_primer: begin each solo with the primer, over the first changes.
        rhythm: a tune with bars as long as those of `changes`. Solos have the rhythm of its melody;
            only their pitches are new.
        tidy: smooth the solos as the course does: approach and other tones become chord tones,
            repeated and very short notes join the note before.
        max_copy: no longer run of values occurs in the training music, except in the primer.

    Raises:
        SamplingError: the model's values cannot fill a bar, the rhythm does not fit the changes,
            the primer leaves no room, or every continuation would be a longer copy.
    """
    if tidy and max_copy is not None:
        raise SamplingError(
            "tidying changes values, so that copies cannot be limited", hint="leave one of them out"
        )
    prefix = tuple(primer) if with_primer else ()
    if rhythm is None:
        frame = _free(model, changes, prefix)
    else:
        frame = _kept(model, changes, prefix, rhythm)
    limit = None
    if max_copy is not None:
        limit = CopyLimit(max_copy, model.sequences, model.encode(prefix))
    value_rng, pitch_rng = np.random.default_rng(seed).spawn(2)
    samples = sample(
        model.weights,
        frame.automaton,
        sampling,
        value_rng,
        n_sequences=count,
        max_length=frame.max_length,
        primer=model.encode(primer),
        primer_conditioning=_primer_conditioning(model, primer, changes),
        copy_limit=limit,
    )
    if not samples.ended.all():
        raise SamplingError(
            f"the {len(model.values)} values of the model cannot fill every bar",
            hint="train on more music, or with a larger vocabulary",
        )
    drawn = zip(samples.rows(), samples.log_probs, pitch_rng.spawn(count), strict=True)
    return [_solo(model, changes, frame, *each, tidy) for each in drawn]


@dataclass(frozen=True)
class _Frame:
    """The form of a solo: an automaton of its values after `prefix`, at most `max_length` of them;
    and, where a rhythm is kept, the tune that has it."""

    prefix: tuple[Value, ...]
    automaton: Automaton
    max_length: int
    rhythm: Tune | None = None

    def __post_init__(self) -> None:
        if not self.automaton.allowed[self.automaton.start].any():
            raise SamplingError(
                f"the primer of {pluralize(len(self.prefix), 'value')} fills all changes",
                hint="take fewer bars of it, or more choruses",
            )

    def bars(self, values: Sequence[Value], changes: Tune) -> list[tuple[Value, ...]]:
        """All values of a solo, bar by bar, given those after the prefix."""
        if self.rhythm is not None:
            asked = flat_values(self.rhythm)[len(self.prefix) :]
            values = [
                replace(value, duration=other.duration)
                for value, other in zip(values, asked, strict=True)
            ]
        return split_into_bars([*self.prefix, *values], changes.bars)


def _free(model: DjModel, changes: Tune, prefix: tuple[Value, ...]) -> _Frame:
    """Any rhythm that fills the bars of `changes`."""
    size, values = model.vocabulary.size, model.values
    automaton = bar_automaton(values, changes.bars, size, prefix, model.bar_positions)
    shortest = min(value.duration for value in values)
    return _Frame(prefix, automaton, int(changes.length / shortest) + len(changes.bars))


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
    asked = flat_values(rhythm)[len(prefix) :]
    conditioning = model.inputs(encode(rhythm), rhythm)
    if conditioning is not None:
        conditioning = conditioning[len(prefix) :]
    automaton = rhythm_automaton(model.values, asked, model.vocabulary.size, conditioning)
    return _Frame(prefix, automaton, len(asked), rhythm)


def _solo(
    model: DjModel,
    changes: Tune,
    frame: _Frame,
    indices: Indices,
    log_probs: NDArray[np.float32],
    rng: np.random.Generator,
    tidy: bool,
) -> Solo:
    """The solo whose values after the prefix are those of `indices`; `rng` draws its pitches."""
    bars = frame.bars([model.values[index] for index in indices], changes)
    if tidy:
        bars = [tidy_values(bar) for bar in bars]
    tune = decode(bars, changes, rng, register=model.registers.all)
    if frame.rhythm is not None:
        tune = _tied_as(frame.rhythm, tune)
    if tidy:
        tune = replace(tune, bars=tuple(tidy_bar(bar) for bar in tune.bars))
    mean = float(log_probs[: len(indices)].mean()) if len(indices) else 0.0
    return Solo(tune, tuple(bars), mean)


def _primer_conditioning(model: DjModel, primer: Sequence[Value], changes: Tune) -> Indices | None:
    """The conditioning of a primer that begins with a bar, in bars as long as in `changes`."""
    bars = changes.bars
    while sum(bar.length for bar in bars) < sum(value.duration for value in primer):
        bars += changes.bars
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

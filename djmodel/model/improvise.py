"""A trained model + changes + a seed -> solos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from djmodel.model.training import KIND
from djmodel.music.tune import Bar, Tune
from djmodel.music.tune_json import LONGEST_BAR, tune_from_json
from djmodel.values.conditioning import BarPositions
from djmodel.values.constraints import bar_automaton, rhythm_automaton
from djmodel.values.encoded import encode_values, flat_values
from djmodel.values.grammar import (
    Register,
    decode,
    encode,
    split_into_bars,
    tidy_bar,
    tidy_values,
)
from djmodel.values.value import Value
from seqmodel import model_file as modelfile
from seqmodel.data.windows import Indices
from seqmodel.errors import SamplingError
from seqmodel.model_file import ModelFile
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.copy_limit import CopyLimit
from seqmodel.sampling.sampler import sample
from seqmodel.text import pluralize

HIGHEST = 127  # of pitches, as MIDI has them


@dataclass(frozen=True)
class Solo:
    """A new melody over the changes it was made for; `values` bar by bar, and the mean natural
    log-probability of a value that the model gives them. `provenance` is the text for its MIDI file
    that says how it was made (see `djmodel.config`)."""

    tune: Tune
    values: tuple[tuple[Value, ...], ...]
    log_probability: float
    provenance: str = ""


def pretrained_model() -> Path:
    """The model that comes along; `ragtime.md` beside it says what it is."""
    return Path(str(resources.files("djmodel.data") / "ragtime.keras"))


def load(path: str | Path) -> ModelFile:
    """A model that `djmodel` trained. Raises FileError or ModelFileError."""
    model = modelfile.load(path, KIND)
    with modelfile.corrupt_file_errors(KIND, path):
        for symbol in model.vocabulary.symbols:
            value = Value.parse(symbol)
            if value.duration > LONGEST_BAR or abs(value.leap or 0) > HIGHEST:
                raise ValueError(f"a value {symbol:.40}")
        low, high = model.settings["register"]
        if not (type(low) is type(high) is int and 0 <= low <= high <= HIGHEST):
            raise ValueError(f"a register from {low!r:.20} to {high!r:.20}")
        titles, tunes = model.settings["tunes"], model.extra["tunes"]
        if not (isinstance(titles, list) and isinstance(tunes, list) and tunes):
            raise ValueError("no tunes")
        if [type(title) for title in titles] != [str] * len(tunes):
            raise ValueError("titles that are not those of its tunes")
        for sequence in model.extra["sequences"]:
            modelfile.check_indices(sequence, model.vocabulary)
        positions, n_conditioning = (
            bar_positions_of(model),
            model.weights.n_inputs - model.weights.n_values,
        )
        if n_conditioning != (len(positions) if positions else 0):
            raise ValueError(f"{n_conditioning} inputs for bar positions")
    return model


def tune_of(model: ModelFile, number: int) -> Tune:
    """One of the tunes that the model was trained on, counted from 0."""
    with modelfile.corrupt_file_errors(KIND):
        return tune_from_json(model.extra["tunes"][number])


def tunes_of(model: ModelFile, *, accompanied: bool = True) -> list[Tune]:
    """The tunes that the model was trained on; faster without their accompaniments."""
    left_out: dict[str, list[Any]] = {} if accompanied else {"accompaniment": []}
    with modelfile.corrupt_file_errors(KIND):
        return [tune_from_json(data | left_out) for data in model.extra["tunes"]]


def changes_of(model: ModelFile) -> list[Tune]:
    """The tunes that the model was trained on, without their melodies."""
    return [
        replace(tune, bars=tuple(replace(bar, melody=()) for bar in tune.bars))
        for tune in tunes_of(model)
    ]


def improvise(
    model: ModelFile,
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
    """`count` new melodies over `changes`, bar by bar, each bar filled exactly.

    The melody that `changes` may hold is not looked at. The model first hears `primer`; with
    `with_primer` the solo begins with it, played over the first changes, else it is left out. With
    `rhythm`, a tune with as many bars, the solo has the rhythm of its melody and only the pitches
    are new. `tidy` smooths as the course does: approach and other tones become chord tones,
    repeated and very short notes join the note before. `max_copy`: no run of more values than this
    stands in the training music; a primer that the solo begins with may be one, but is not gone on
    with.

    Raises SamplingError if the model's values cannot fill a bar, the rhythm does not fit, the
    primer leaves no room, or there is no way without longer copies.
    """
    if tidy and max_copy is not None:
        raise SamplingError(
            "--tidy or --max-copy", "both", hint="leave one out: tidying changes values"
        )
    values = [Value.parse(symbol) for symbol in model.vocabulary.symbols]
    size, positions = model.vocabulary.size, bar_positions_of(model)
    if rhythm is not None and not any(bar.melody for bar in rhythm.bars):
        raise SamplingError("a melody whose rhythm can be kept", "none", hint="leave it out")
    begun = tuple(primer) if with_primer else ()
    rhythm_values: tuple[Value, ...] | None = None
    if rhythm is not None:
        rhythm_values = _rhythm(rhythm, changes)[len(begun) :]
        conditioning = conditioning_of(model, encode(rhythm), rhythm.bars)
        conditioning = None if conditioning is None else conditioning[len(begun) :]
        automaton = rhythm_automaton(values, rhythm_values, size, conditioning)
        longest = len(rhythm_values)
    else:
        automaton = bar_automaton(values, changes.bars, size, begun, positions)
        shortest = min(value.duration for value in values)
        longest = int(changes.length / shortest) + len(changes.bars)
    if not automaton.allowed[automaton.start].any():
        raise SamplingError(
            f"a primer shorter than the changes: {pluralize(len(changes.bars), 'bar')}",
            f"{pluralize(len(begun), 'value')} that fill them all",
            hint="take fewer bars of it, or more choruses",
        )
    value_rng, pitch_rng = np.random.default_rng(seed).spawn(2)
    samples = sample(
        model.weights,
        automaton,
        sampling,
        value_rng,
        n_sequences=count,
        max_length=longest,
        primer=encode_values(primer, model.vocabulary),
        copy_limit=None
        if max_copy is None
        else CopyLimit(max_copy, model.extra["sequences"], encode_values(begun, model.vocabulary)),
        primer_conditioning=_primer_conditioning(model, primer, changes),
    )
    if not samples.ended.all():
        raise SamplingError(
            "values that can fill every bar",
            f"{len(values)} in the model that cannot",
            hint="train on more music, or with a larger --n-values",
        )
    register = Register(*model.settings["register"])
    solos = []
    for row, log_probs, child in zip(
        samples.rows(), samples.log_probs, pitch_rng.spawn(count), strict=True
    ):
        stream = [values[index] for index in row]
        if rhythm_values is not None:
            stream = [
                replace(value, duration=asked.duration)
                for value, asked in zip(stream, rhythm_values, strict=True)
            ]
        bars = split_into_bars([*begun, *stream], changes.bars)
        if tidy:
            bars = [tidy_values(bar) for bar in bars]
        tune = decode(bars, changes, child, register=register)
        if rhythm is not None:
            tune = _tied_as(rhythm, tune)
        if tidy:
            tune = replace(tune, bars=tuple(tidy_bar(bar) for bar in tune.bars))
        mean = float(log_probs[: len(row)].mean()) if len(row) else 0.0
        solos.append(Solo(tune, tuple(bars), mean))
    return solos


def bar_positions_of(model: ModelFile) -> BarPositions | None:
    """The bar positions that the model is conditioned on, if it is."""
    data = model.extra.get("bar_positions")
    return None if data is None else BarPositions.from_json(data)


def conditioning_of(
    model: ModelFile, bars: Iterable[Sequence[Value]], lengths: Sequence[Bar]
) -> Indices | None:
    """What the model is told of each value of `bars`, which fill the bars `lengths`: `(n, k)`."""
    positions = bar_positions_of(model)
    return (
        None if positions is None else positions.conditioning(bars, lengths, model.vocabulary.size)
    )


def _primer_conditioning(
    model: ModelFile, primer: Sequence[Value], changes: Tune
) -> Indices | None:
    """A primer is heard as beginning with a bar, and in bars as long as those of the changes."""
    lengths = changes.bars
    while sum(bar.length for bar in lengths) < sum(value.duration for value in primer):
        lengths += changes.bars
    return conditioning_of(model, split_into_bars(primer, lengths), lengths)


def _rhythm(rhythm: Tune, changes: Tune) -> tuple[Value, ...]:
    if [bar.length for bar in rhythm.bars] != [bar.length for bar in changes.bars]:
        raise SamplingError(
            f"a rhythm as long as the changes: {pluralize(len(changes.bars), 'bar')}",
            f"{pluralize(len(rhythm.bars), 'bar')}, or others",
            hint="keep the rhythm of the tune that is played over",
        )
    return tuple(flat_values(rhythm))


def _tied_as(rhythm: Tune, tune: Tune) -> Tune:
    """`tune` with notes held over the bar lines where the melody of `rhythm` holds them."""
    bars: list[Bar] = []
    for bar, model in zip(tune.bars, rhythm.bars, strict=True):
        if bars and bars[-1].melody and bar.melody and model.melody and model.melody[0].tied:
            held = replace(bar.melody[0], pitch=bars[-1].melody[-1].pitch, tied=True)
            bar = replace(bar, melody=(held, *bar.melody[1:]))
        bars.append(bar)
    return replace(tune, bars=tuple(bars))

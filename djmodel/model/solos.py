"""A model + a `GenerationConfig` -> the accompanied changes, and solos over them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache

import numpy as np

from djmodel.config import MAX_PRIMER, MAX_QUARTERS, MAX_TOTAL_QUARTERS, GenerationConfig
from djmodel.inputs.limits import DEFAULT, Limits
from djmodel.model.improvise import Solo, improvise
from djmodel.model.model_file import DjModel
from djmodel.music.accompaniment import accompany, with_feel_of_style
from djmodel.music.accompaniment.styles import default_style
from djmodel.music.changes import is_file_name, parse_changes, read_chart
from djmodel.music.charts.chart import Chart, chart_of
from djmodel.music.charts.config import ChartConfig
from djmodel.music.instruments import SOLOISTS, soloist
from djmodel.music.meter import parse_meter
from djmodel.music.tune import BarRange, Tune, parse_bars
from djmodel.music.tune_json import MAX_BAR_LENGTH
from djmodel.outputs.performance.perform import Performance, perform
from djmodel.values.value import Value
from seqmodel.errors import InputError
from seqmodel.settings import Count, SettingError, checked
from seqmodel.text import any_of, first_of, names_meant, nearest_names, pluralize


@checked
def generate_solos(
    model: DjModel,
    config: GenerationConfig,
    count: Count = 1,
    limits: Limits = DEFAULT,
    *,
    changes: Tune | None = None,
    skip: int = 0,
    with_band: bool = True,
) -> list[Solo]:
    """The first `count` solos of a configuration, but for the first `skip` of them; `limits` apply
    to the files that are read. `changes`: what `changes_of` gives, if it is known. Without
    `with_band` solos are left without a band of their own, which `accompanied` adds. Raises
    SettingError for more than MAX_TOTAL_QUARTERS quarter notes together, and as `improvise`,
    `read_tune` and `parse_changes`."""
    changes = changes or changes_of(model, config, limits)
    check_total(count, count * changes.length)
    has_band = bool(changes.accompaniment) and config.style is None
    solos = improvise(
        model,
        changes if has_band else with_feel_of_style(changes, _style(changes, config)),
        seed=config.seed,
        count=count,
        skip=skip,
        sampling=config.sampling,
        primer=_primer(model, config, limits),
        with_primer=config.with_primer,
        rhythm=changes if config.keep_rhythm else None,
        tidy=config.tidy,
        max_copy=config.max_copy,
    )
    if not with_band:
        return solos
    # The band listens to the soloist: it plays for each solo.
    return [replace(solo, tune=accompanied(solo.tune, config)) for solo in solos]


def check_total(count: int, quarters: Fraction) -> None:
    """Raises SettingError for `count` solos that have more than MAX_TOTAL_QUARTERS together."""
    if quarters > MAX_TOTAL_QUARTERS:
        raise SettingError(
            f"{pluralize(count, 'solo')} would have {float(quarters):,.0f} quarter notes together,"
            f" more than {MAX_TOTAL_QUARTERS:,}",
            "count",
            "bars",
            hint="take fewer or shorter ones",
        )


def changes_of(model: DjModel, config: GenerationConfig, limits: Limits = DEFAULT) -> Tune:
    """The changes that are played over, as long as a solo. Raises SettingError for more than
    MAX_QUARTERS quarter notes, or more notes of a band than `limits` allow, and as `read_tune` and
    `parse_changes`."""
    bars = parse_bars(config.bars)
    tune = _cut(_source(model, config, limits), config.choruses, bars, limits.max_notes)
    if config.changes is not None and config.bars is None and config.choruses > 1:
        tune = _written(config, config.choruses)  # whose last chorus may end in its own way
    if config.title is not None:
        tune = replace(tune, title=config.title)
    if config.performance.feel is not None:
        tune = replace(tune, feel=config.performance.feel)
    if config.player is not None:
        tune = _played_by(config.player, tune, model)
    elif config.changes is not None and model.config.grammar == "jazz":
        tune = replace(tune, instrument=SOLOISTS["ts"].instrument)
    return tune.at_tempo(config.tempo)


def _played_by(player: str, tune: Tune, model: DjModel) -> Tune:
    """The tune for a player whom the model knows by a name that `player` is or is part of, on the
    player's instrument. Raises SettingError if there is none, or several."""
    known = model.registers.players
    if not known:
        raise SettingError("the model knows no players", "player", hint="take the model jazz")
    name = _meant(player, known, "player")
    if name is None:
        near = nearest_names(player, known)
        few = first_of(list(known), 6)
        hint = f"the nearest names are {any_of(near)}" if near else f"it knows {few}"
        raise SettingError(f"the model knows no player '{player:.60}'", "player", hint=hint)
    instrument = soloist(known[name])
    return replace(
        tune,
        performer=name,
        instrument=instrument.instrument if instrument else tune.instrument,
    )


def _meant(typed: str, names: Iterable[str], setting: str) -> str | None:
    """The name that is meant, if there is one. Raises SettingError if it may be several."""
    meant = list(dict.fromkeys(names_meant(typed, names)))
    if len(meant) > 1:
        hint = "give the whole name"
        raise SettingError(f"'{typed:.60}' may be {any_of(meant)}", setting, hint=hint)
    return meant[0] if meant else None


def accompanied(tune: Tune, config: GenerationConfig) -> Tune:
    """The tune with the band of a configuration, or with its own if no style is asked for."""
    if tune.accompaniment and config.style is None:
        return tune
    return accompany(tune, _style(tune, config), np.random.default_rng(config.seed))


def _style(tune: Tune, config: GenerationConfig) -> str:
    return default_style(tune) if config.style is None else config.style


def chart_of_solo(tune: Tune, config: GenerationConfig) -> Chart:
    """The changes of a solo as a chart: as they were written, or those of the tune."""
    if config.changes is None:
        return chart_of(tune)
    chart = read_chart(config.changes, config.meter, song=config.chart.song)
    return replace(chart, title=tune.title, tempo=tune.tempos[0].bpm, feel=tune.feel)


def performance_of(tune: Tune, config: GenerationConfig) -> Performance:
    """A solo of a configuration as it is played."""
    return perform(tune, config.performance, config.seed)


def _source(model: DjModel, config: GenerationConfig, limits: Limits) -> Tune:
    """Written changes, a file, a piece of the corpus, or a tune of the training."""
    if config.changes is not None:
        return _written(config, 1)
    over = config.over
    if config.corpus is not None:
        from djmodel.inputs.sheet_music import corpus_file

        over = str(corpus_file(config.corpus))
    titles = [tune.title for tune in model.tunes]
    if over is None:
        return model.tunes[0]
    if not os.path.exists(over):
        if (title := _meant(over, titles, "over")) is not None:
            return model.tunes[titles.index(title)]
        if not is_file_name(over):
            near = nearest_names(over, titles)
            hint = f"the nearest titles are {any_of(near)}" if near else "give the name of a file"
            message = f"there is neither a file nor a training tune named '{over:.60}'"
            raise SettingError(message, "over", hint=hint)
    parts = list(config.chord_part) or None
    from djmodel.inputs.reader import read_tune  # not for changes as text, which start faster

    return read_tune(over, melody_part=config.melody_part, chord_part=parts, limits=limits)


def _written(config: GenerationConfig, choruses: int) -> Tune:
    """Choruses of the written changes of a configuration; those that are repeated for a number of
    bars have no end of their own."""
    return _parsed(config.changes or "", config.meter, config.chart, choruses, config.bars is None)


@lru_cache(maxsize=16)
def _parsed(changes: str, meter: str, chart: ChartConfig, choruses: int, last: bool) -> Tune:
    """Written changes: read once for all the solos and answers over them."""
    return parse_changes(
        changes,
        parse_meter(meter),
        song=chart.song,
        repeats=not chart.as_written,
        alternates=chart.alternates,
        choruses=choruses,
        last=last,
    )


def _primer(model: DjModel, config: GenerationConfig, limits: Limits) -> tuple[Value, ...]:
    if config.primer_values:
        words = config.primer_values.split()
        _check_primer(len(words))
        values = tuple(Value.parse(word) for word in words)
        if too_long := [value for value in values if value.duration > MAX_BAR_LENGTH]:
            message = f"the value {too_long[0]} is longer than {MAX_BAR_LENGTH:,} quarter notes"
            raise InputError(message, hint="take a shorter one")
        return values
    if config.primer:
        from djmodel.inputs.reader import read_tune

        tune = read_tune(config.primer, bars=parse_bars(config.primer_bars), limits=limits)
        values = tuple(value for bar in model.encode_tune(tune) for value in bar)
        _check_primer(len(values))
        return values
    return ()


def _check_primer(n_values: int) -> None:
    if n_values > MAX_PRIMER:
        message = f"a primer has at most {MAX_PRIMER:,} values, not {n_values:,}"
        raise SettingError(message, "primer_bars", "primer_values", hint="take fewer")


def _cut(tune: Tune, choruses: int, bars: BarRange | None, max_notes: int) -> Tune:
    """`choruses` choruses, or these `bars` of as many choruses as they need; checked before they
    are made."""
    n_bars = len(tune.bars)
    first, last = bars or (1, choruses * n_bars)
    skipped = (first - 1) // n_bars  # choruses before the first bar
    first, last = first - skipped * n_bars, last - skipped * n_bars
    turns, rest = divmod(last, n_bars)
    quarters = turns * tune.length + tune.starts[rest] - tune.starts[first - 1]
    if quarters > MAX_QUARTERS:
        raise SettingError(
            f"a solo has at most {MAX_QUARTERS:,} quarter notes, not {float(quarters):,.0f}",
            "choruses",
            "bars",
            hint="take fewer choruses or bars",
        )
    turns += rest > 0
    notes = turns * sum(len(part.notes) for part in tune.accompaniment)
    if turns > 1 and notes > max_notes:
        raise SettingError(
            f"the band would have {notes:,} notes in {turns:,} choruses, more than {max_notes:,}",
            "choruses",
            "bars",
            hint="take fewer choruses or bars",
        )
    whole = tune.repeated(turns)
    return whole if bars is None else whole.excerpt(first, last)

"""Choruses of a solo, by the pipeline of `djmodel.generate`."""

from __future__ import annotations

from dataclasses import replace

from djmodel.app.events import Events, Json, values_json
from djmodel.app.melodies import check_notes, shifted, with_melody
from djmodel.app.messages import MAX_BARS, RequestError, SoloRequest, config_of, melody_notes
from djmodel.config import GenerationConfig
from djmodel.model.model_file import DjModel
from djmodel.model.solos import accompanied, changes_of, generate_solos, performance_of
from djmodel.music.accompaniment.styles import default_style
from djmodel.music.key import key_signature
from djmodel.music.tune import Tune
from djmodel.outputs.performance.perform import Performance
from djmodel.values.grammars import BarValues


def solo(model: DjModel, request: SoloRequest) -> Json:
    """The answer to `POST /solo`. Raises InputError."""
    performance, values, form = chorus(model, request)
    events, tune = Events(performance), performance.score
    first = form if request.before else 0
    choruses = []
    for start in range(first, len(tune.bars), form):
        end = start + form
        section = events.section(start, end)
        choruses.append({**section, "values": values_json(values[start:end])})
    config = config_of(request)
    return {
        "title": tune.title,
        "key": key_signature(tune),
        "tempo": tune.tempos[0].bpm,
        "feel": tune.feel,
        "style": config.style or default_style(tune),
        "seed": config.seed,
        "count_in": None if request.before else events.count_in(),
        "choruses": choruses,
    }


def chorus(model: DjModel, request: SoloRequest) -> tuple[Performance, BarValues, int]:
    """The performance that a request asks for, the values of its bars, and the number of bars of a
    chorus. With `request.before` the performance begins with that chorus."""
    config = config_of(request)
    alone = changes_of(model, replace(config, choruses=1))
    form, before = len(alone.bars), request.before
    check_length(form, config.choruses)
    if before is not None:
        check_notes(before.melody, alone.length, "before")
        config = _continuing(model, config, alone, request)
    config = _looped(config, alone)
    if request.melody is None:
        [played] = generate_solos(model, config)
        return performance_of(played.tune, config), played.values, form
    tune = changes_of(model, config)
    check_notes(request.melody, tune.length, "melody")
    notes = melody_notes(request.melody)
    if before is not None:
        earlier = with_melody(alone, melody_notes(before.melody)).melody_notes()
        notes = [*earlier, *shifted(notes, tune, form)]
    tune = accompanied(with_melody(tune, notes), config)
    return performance_of(tune, config), model.encode_tune(tune), form


def _continuing(
    model: DjModel, config: GenerationConfig, form: Tune, request: SoloRequest
) -> GenerationConfig:
    """The configuration of a solo that begins with the chorus before it."""
    assert request.before is not None
    before = with_melody(form, melody_notes(request.before.melody))
    values = " ".join(str(value) for bar in model.encode_tune(before) for value in bar)
    return replace(
        config,
        choruses=config.choruses + 1,
        primer_values=values,
        with_primer=True,
        performance=replace(config.performance, count_in=0),
    )


def looped_changes(model: DjModel, config: GenerationConfig) -> Tune:
    """The changes of a request's configuration. Raises InputError for more bars than are played at
    a time."""
    alone = changes_of(model, replace(config, choruses=1))
    check_length(len(alone.bars), config.choruses)
    return changes_of(model, _looped(config, alone))


def _looped(config: GenerationConfig, form: Tune) -> GenerationConfig:
    """The configuration with the bars of all its choruses of a `form`, which are alike on the page:
    each begins with the introduction."""
    return replace(config, choruses=1, bars=len(form.bars) * config.choruses)


def check_length(bars: int, times: int = 1) -> None:
    """Raises RequestError for more bars than one request may ask for."""
    if bars * times > MAX_BARS:
        message = f"{bars * times:,} bars are more than the {MAX_BARS} that are played at a time"
        raise RequestError(message, field="changes", hint="play fewer choruses, or a shorter form")

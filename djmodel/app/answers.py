"""Trading: what a player played is understood, primes the model, and is answered."""

from __future__ import annotations

from dataclasses import replace

from djmodel.app.events import Events, Json, bars_json, kind_at, melody_json, values_json
from djmodel.app.listening import Heard, listen
from djmodel.app.melodies import FINGERS, check_notes, shifted, with_melody
from djmodel.app.messages import AnswerRequest, config_of, melody_notes, number
from djmodel.app.solos import check_length
from djmodel.config import GenerationConfig
from djmodel.model.improvise import improvise
from djmodel.model.model_file import DjModel
from djmodel.model.solos import changes_of, performance_of
from djmodel.music.tune import Tune
from djmodel.values.grammars import BarValues


def answer(model: DjModel, request: AnswerRequest) -> Json:
    """The answer to `POST /answer`. Raises InputError."""
    config = config_of(request)
    played, before = request.played, request.before
    n_before = 0 if before is None else before.bars or request.bars
    n_played = 0 if played is None else request.bars
    config = replace(config, performance=replace(config.performance, count_in=0))
    tune = bars_from(model, config, request.bar - n_before, n_before + n_played + request.bars)
    first = n_before + n_played  # bar of the answer in `tune`
    start, end = tune.starts[n_before], tune.starts[first]
    if before is not None:
        check_notes(before.melody, start, "before")
        notes = melody_notes(before.melody)
        tune = with_melody(tune, [note for note in notes if note.onset < start])
    heard = None
    if played is not None:
        check_notes(played.notes, end - start, "played", together=FINGERS)
        turn = tune.excerpt(n_before + 1, first)
        feel = config.performance.feel or tune.feel
        heard = listen(played, turn, feel, config.performance.swing_ratio)
        line = shifted([note.written for note in heard.notes], tune, n_before)
        tune = with_melody(tune, [*tune.melody_notes(), *line])
    values = model.encode_tune(tune)[:first]
    understood = None
    if heard is not None:
        turn = tune.excerpt(n_before + 1, first)  # with what was played
        understood = _understood(turn, heard, values[n_before:], request.bar)
    reply = {"tempo": tune.tempos[0].bpm, "seed": config.seed, "understood": understood}
    if not request.answer:
        return {**reply, "answer": None}
    bars = _answer(model, config, tune, values)
    return {**reply, "answer": {"bar": request.bar + n_played, **bars}}


def _answer(model: DjModel, config: GenerationConfig, tune: Tune, values: BarValues) -> Json:
    """The bars of `tune` after those with `values`, as the model goes on."""
    first = len(values)
    primer = [value for bar in values for value in bar]
    [solo] = improvise(
        model,
        tune,
        seed=config.seed,
        sampling=config.sampling,
        primer=primer,
        with_primer=bool(primer),
        tidy=config.tidy,
        max_copy=config.max_copy,
    )
    events = Events(performance_of(solo.tune, config))
    section = events.section(first, len(tune.bars), band=False)
    return {**section, "values": values_json(solo.values[first:])}


def bars_from(model: DjModel, config: GenerationConfig, bar: int, bars: int) -> Tune:
    """`bars` bars of the changes from the bar `bar` on, counted from 0 through all choruses."""
    form = len(changes_of(model, replace(config, choruses=1)).bars)
    check_length(form)
    start = bar % form
    return changes_of(model, replace(config, choruses=1, bars=f"{start + 1}:{start + bars}"))


def _understood(turn: Tune, heard: Heard, values: BarValues, bar: int) -> Json:
    notes = [
        {
            "onset": number(note.written.onset),
            "duration": number(note.written.duration),
            "start": number(note.start),
            "end": number(note.end),
            "pitch": note.written.pitch,
            "velocity": note.velocity,
            "kind": kind_at(turn, note.written),
        }
        for note in heard.notes
    ]
    return {
        "bar": bar,
        "length": number(turn.length),
        "bars": bars_json(turn),
        "melody": melody_json(note.written for note in heard.notes),
        "notes": notes,
        "values": values_json(values),
        "dropped": heard.dropped,
    }

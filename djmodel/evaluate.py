"""`djmodel evaluate`: measures the perplexity of a model and the passages it copies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from os.path import isfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from rich import box
from rich.table import Table

from djmodel.config import MAX_SOLOS, GenerationConfig, ReadingConfig, TrainingConfig
from djmodel.presets import PRESETS, choose_preset
from seqmodel.command_line.options import Options
from seqmodel.command_line.runner import (
    Progress,
    print_line,
    run,
    stderr_console,
    stdout_console,
)
from seqmodel.errors import InputError
from seqmodel.files import model_in
from seqmodel.settings import Setting, SettingError
from seqmodel.text import json_line, pluralize

if TYPE_CHECKING:
    from djmodel.evaluation.copying import Copied
    from djmodel.evaluation.perplexity import Evaluation
    from djmodel.inputs.reader import ReadResults
    from djmodel.model.improvise import Solo
    from djmodel.model.model_file import DjModel
    from djmodel.music.tune import Tune
    from seqmodel.sampling.config import SamplingConfig

NGRAMS_SHOWN = (2, 4, 8)  # n-gram lengths in the table; the JSON has all
_HUMAN = "training tunes, each compared with the others"


def command(
    files: Annotated[
        list[str] | None,
        Setting(
            "Music that the model was not trained on; a name that ends in .keras, the folder of a "
            "training, or the name of a bundled model (jazz, ragtime) is the model.",
            metavar="MODEL|MUSIC",
            default="jazz",
            positional=True,
        ),
    ] = None,
    copies: Annotated[
        list[str] | None,
        Setting(
            "Find the passages of a solo, or of any music, that occur in the training tunes "
            "(repeatable).",
            "Copies",
            metavar="SOLO",
        ),
    ] = None,
    parts: Annotated[
        ReadingConfig, Options(("melody_part", "chord_part", "bars"), panel="Copies")
    ] = ReadingConfig(),
    as_json: Annotated[
        bool,
        Setting("Print the passages as JSON, one object per tune.", "Copies", option="json"),
    ] = False,
    temperature: Annotated[
        list[float] | None,
        Setting(
            "Temperature of the solos that are searched for copies (repeatable).",
            "Solo",
            metavar="T",
            default="0.5 and 1",
        ),
    ] = None,
    count: Annotated[
        int,
        Setting("Solos at each temperature.", "Solo", minimum=1, maximum=MAX_SOLOS, metavar="N"),
    ] = 4,
    leave_one_out: Annotated[
        bool,
        Setting(
            "Evaluate each tune of MUSIC (default: eight rags) by a model of the others.",
            "Training",
        ),
    ] = False,
    presets: Annotated[
        Mapping[str, TrainingConfig], Options(("epochs", "seed"), PRESETS)
    ] = PRESETS,
) -> None:
    """Measure the perplexity of a MODEL on MUSIC that it was not trained on, next to n-gram models,
    and how much its solos copy from the music that it was trained on.

    --copies compares passages in three ways: by values, by melody in any key (intervals and
    rhythm), and by intervals alone, in any rhythm. For a solo by this MODEL the values are those
    that the model generated; for other music they are derived from the notes. Without a MODEL, it
    is the bundled one that made the solo.

    Examples:
        djmodel evaluate runs/mine/model.keras held_out.mid
        djmodel evaluate --copies solo.mid
        djmodel evaluate --leave-one-out --preset ragtime
    """
    from djmodel.model.model_file import load, model_path
    from djmodel.model.provenance import model_of_solos
    from djmodel.music.tune import parse_bars
    from seqmodel.sampling.config import SamplingConfig

    models, music = _split(files or [])
    if not copies and (as_json or parts != ReadingConfig()):
        message = "parts, bars and JSON are for the passages that a solo copies"
        raise SettingError(message, "copies", "melody_part", "chord_part", "bars", "as_json")
    if leave_one_out:
        if models:
            raise InputError(
                "leaving one out trains a model for each tune and evaluates no other",
                path=models[0],
                hint="leave the model out",
            )
        _leave_one_out(music, presets)
        return
    seed = next(iter(presets.values())).trainer.seed
    found = None if models else model_of_solos(copies or [])
    path = found[0] if found else model_path(Path(models[0]) if models else None)
    if not models:
        stderr_console().print(f"the model is {path.stem}, a bundled one; another can be named")
    model = found[1] if found else load(path)
    if copies:
        chosen = {
            "melody_part": parts.melody_part,
            "chord_part": list(parts.chord_part) or None,
            "bars": parse_bars(parts.bars),
        }
        _show_copies(model, copies, chosen, as_json=as_json)
        return
    if music:
        _show_evaluation(model, music, seed)
    else:
        stderr_console().print(
            "to measure the perplexity as well, give MUSIC that the model was not trained on"
        )
    _show_copies_of_solos(
        model,
        [SamplingConfig(value) for value in temperature or [0.5, 1.0]],
        seed,
        count,
    )


def _split(files: Sequence[str]) -> tuple[list[str], list[str]]:
    """Splits names into models and music. Raises InputError for more than one model."""
    from djmodel.model.model_file import BUNDLED

    models = [
        name
        for name in files
        if model_in(Path(name)).suffix == ".keras" or (name in BUNDLED and not isfile(name))
    ]
    if len(models) > 1:
        raise InputError(
            f"one model is evaluated at a time, not {len(models)}", hint="leave the others out"
        )
    return models, [name for name in files if name not in models]


def _read(names: Sequence[str], **parts: Any) -> ReadResults:
    """Reads music and reports the files that are skipped."""
    from djmodel.inputs.reader import read_tunes

    music = read_tunes(names, **parts)
    for result in music.results:
        if result.tune is None:
            stderr_console().print(f"{result.name} {result}", soft_wrap=True)
    music.require_tunes()
    return music


# --- perplexity ------------------------------------------------------------------------------


def _show_evaluation(model: DjModel, names: Sequence[str], seed: int) -> None:
    from djmodel.evaluation.perplexity import evaluate

    music = _read(names)
    show_training_music(model, music)
    evaluation = evaluate(model, music.tunes, seed)
    stdout_console().print(_metrics_table(evaluation, "held-out music"))


def show_training_music(model: DjModel, music: ReadResults) -> None:
    """Says of which music, meant to be held out, the model was trained on the file or on most of
    the notes."""
    from djmodel.evaluation.copying import CopyDetector, known_passage
    from seqmodel.files import sha256_of_file

    detector, hashes = CopyDetector.of(model), set(model.sources.values())
    for result in music.results:
        if result.tune is None:
            continue
        if sha256_of_file(result.path) in hashes:
            said = "the model was trained on this file"
        elif passage := known_passage(detector, result.tune):
            said = (
                f"the model was trained on {pluralize(passage.length, 'value')} of it in a row,"
                f" in {passage.title}"
            )
        else:
            continue
        line = f"{result.name}: {said}, so that its figures say nothing about unseen music"
        stderr_console().print(line, soft_wrap=True)


def _leave_one_out(names: Sequence[str], presets: Mapping[str, TrainingConfig]) -> None:
    from djmodel.evaluation.perplexity import Evaluation, leave_one_out
    from djmodel.inputs.music_files import rags
    from djmodel.values.encoded_corpus import flat_values
    from seqmodel.errors import CorpusError

    tunes = _read(names or [str(path) for path in rags()]).tunes
    if len(tunes) < 3:
        raise CorpusError(
            f"leaving one out takes at least three tunes, not {len(tunes)}", hint="give more music"
        )
    n_values = sum(len(flat_values(tune)) for tune in tunes) * (len(tunes) - 1) // len(tunes)
    preset, config = choose_preset(presets, n_values)
    stderr_console().print(f"preset {preset}, for {n_values:,} values of music", soft_wrap=True)
    numbers = itertools.count(1)
    with Progress(stderr_console(), "leaving one out", "tune", every=1) as show:

        def progress(one: Evaluation) -> None:
            losses = {
                "model": one.model.cross_entropy,
                "n-gram": one.best_ngram.cross_entropy,
            }
            show(next(numbers), len(tunes), losses)

        evaluations = leave_one_out(tunes, config, progress)
    console, total = stdout_console(), Evaluation.mean(evaluations)
    table = Table("left out", "values", "model", "best n-gram", "order", "lower by", box=box.SIMPLE)
    for one in (*evaluations, total):
        table.add_row(
            one.title,
            f"{one.model.values:,}",
            f"{one.model.cross_entropy:.3f}",
            f"{one.best_ngram.cross_entropy:.3f}",
            str(one.best_order),
            f"{one.perplexity_reduction:.1%}",
        )
    console.print(table)
    console.print(
        "model, n-gram: nats per value; lower by: difference of their perplexities", soft_wrap=True
    )
    console.print(_metrics_table(total, "all, each left out"))


def _metrics_table(evaluation: Evaluation, title: str) -> Table:
    """A table with a row for the model and one for each n-gram order; on a narrow terminal only the
    headings wrap."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for head in ("", "nats per value", "nats per note", "perplexity", "accuracy", ""):
        table.add_column(head, no_wrap=not head.startswith("nats"))
    ngrams = {f"n-gram, order {order}": m for order, m in evaluation.ngrams.items()}
    for name, metrics in {"model": evaluation.model, **ngrams}.items():
        table.add_row(
            name,
            f"{metrics.cross_entropy:.3f}",
            f"{metrics.nats_per_note:.3f}",
            f"{metrics.perplexity:.2f}",
            f"{metrics.accuracy:.1%}",
            "best n-gram" if metrics is evaluation.best_ngram else "",
        )
    return table


# --- copied passages -------------------------------------------------------------------------


def _show_copies(
    model: DjModel, names: Sequence[str], parts: dict[str, Any], *, as_json: bool
) -> None:
    """Prints the longest passages of music that occur in the training tunes."""
    from djmodel.evaluation.copying import REPRESENTATIONS, CopyDetector, human_baseline

    detector = CopyDetector.of(model)
    melodies = _melodies(model, names, parts)
    found = [{r: [detector.copied(each.melody, r)] for r in REPRESENTATIONS} for each in melodies]
    if as_json:
        for each, copied in zip(melodies, found, strict=True):
            facts = {representation: _facts(one) for representation, [one] in copied.items()}
            print_line(json_line({"file": each.file, "title": each.title, **facts}))
        return
    headings = [f"{each.file}, titled {each.title}" for each in melodies]
    human = {r: human_baseline(detector, r) for r in REPRESENTATIONS}
    if all(human.values()):
        found.append(human)
        headings.append(_HUMAN)
    console = stdout_console()
    for title, copied in zip(headings, found, strict=True):
        console.print(_copies_table(title, copied))
    print_line(
        "longest: in values or notes; n: share of the n-grams that occur in the training tunes"
    )


class _Melody(NamedTuple):
    """A tune in a file, or the solo that a model generated; the title is that of the tune, which a
    solo has from the changes that it is played over."""

    file: str
    title: str
    melody: Tune | Solo


def _melodies(model: DjModel, names: Sequence[str], parts: dict[str, Any]) -> list[_Melody]:
    from djmodel.model.provenance import solo_in

    chosen = any(parts.values())  # these are compared by their notes, even in a solo of the model
    melodies: list[_Melody] = []
    for result in _read(names, **parts).results:
        if result.tune is not None:
            solo = None if chosen else solo_in(result.path, model)
            melodies.append(_Melody(result.name, result.tune.title, solo or result.tune))
    return melodies


def _copies_table(title: str, found: dict[str, list[Copied]]) -> Table:
    """A table with a row for each representation: longest passage, and overlap by n-gram length."""
    from djmodel.evaluation.copying import format_overlap

    table = Table(title=title, title_justify="left", box=box.SIMPLE)
    for head in ("by", "longest", "bar"):
        table.add_column(head, no_wrap=True)
    table.add_column("as in", overflow="fold")
    for n in NGRAMS_SHOWN:
        table.add_column(f"n={n}", no_wrap=True)
    for representation, copied in found.items():
        longest = max(one.longest for one in copied)
        table.add_row(
            representation,
            str(longest.length),
            str(longest.bar or ""),
            longest.source or "nothing",
            *format_overlap(copied, NGRAMS_SHOWN),
        )
    return table


def _facts(copied: Copied) -> dict[str, Any]:
    overlap = [None if math.isnan(share) else round(share, 6) for share in copied.overlap.tolist()]
    return {**copied.longest._asdict(), "overlap": overlap}


def _show_copies_of_solos(
    model: DjModel, samplings: Sequence[SamplingConfig], seed: int, count: int
) -> None:
    """Prints a table of the copies in solos at each temperature, and in the training tunes."""
    from djmodel.evaluation.copying import COPY_NGRAM, VALUES, CopyDetector, human_baseline
    from djmodel.model.solos import generate_solos

    console, detector = stdout_console(), CopyDetector.of(model)
    table = Table(
        "temperature", "nats per value", "longest copy", "from", f"n={COPY_NGRAM}", box=box.SIMPLE
    )
    for sampling in samplings:
        config = GenerationConfig(seed=seed, sampling=sampling)
        solos = generate_solos(model, config, count, with_band=False)
        loss = -sum(solo.log_probability for solo in solos) / count
        copied = [detector.copied(solo, VALUES) for solo in solos]
        table.add_row(f"{sampling.temperature:g}", f"{loss:.3f}", *_longest(copied))
    if human := human_baseline(detector, VALUES):
        table.add_row("training tunes", "", *_longest(human))
    console.print(table)
    console.print(
        f"n={COPY_NGRAM}: share of the passages of {COPY_NGRAM} values that occur in the training"
        " tunes; training tunes: each compared with the others",
        soft_wrap=True,
    )


def _longest(found: Sequence[Copied]) -> tuple[str, ...]:
    from djmodel.evaluation.copying import COPY_NGRAM, format_overlap

    longest = max((copied.longest for copied in found), key=lambda passage: passage.length)
    length = pluralize(longest.length, "value")
    return length, longest.title, *format_overlap(found, [COPY_NGRAM])


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

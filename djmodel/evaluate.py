"""`python -m djmodel.evaluate`: how good is a model, in numbers that can be compared."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from seqmodel.cli import Debug, Progress, Seed, run, stderr_console
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from djmodel.config import TrainingConfig
    from djmodel.evaluation.perplexity import Evaluation, Metrics
    from djmodel.inputs.reader import ReadResults
    from seqmodel.model_file import ModelFile
    from seqmodel.sampling.config import SamplingConfig


def command(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", help="model.keras of a training. [default: ragtime]"),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Music that it was not trained on."),
    ] = None,
    leave_one_out: Annotated[
        bool,
        typer.Option(
            "--leave-one-out",
            help="No MODEL: for each tune of MUSIC (none: eight rags), train on the others and "
            "foretell it.",
        ),
    ] = False,
    preset: Annotated[
        str, typer.Option(metavar="course|ragtime", help="How --leave-one-out trains.")
    ] = "ragtime",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Of --leave-one-out. [default: the preset's]")
    ] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(help="Of the solos that are measured; may be repeated."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Solos for each temperature.")] = 4,
    seed: Seed = 0,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Measure a MODEL: how well it foretells music that it does not know, beside n-grams of each
    order, and how much its solos copy from the music that it does know."""
    from djmodel.config import training_preset
    from djmodel.model.improvise import load, pretrained_model
    from seqmodel.sampling.config import SamplingConfig
    from seqmodel.settings import with_settings

    if leave_one_out:
        config = with_settings(training_preset(preset), epochs=epochs, seed=seed)
        _leave_one_out([*([str(model)] if model else []), *(held_out or [])], config)
        return
    choices = [SamplingConfig(degree) for degree in temperature or [0.5, 1.0]]
    learned = load(model or pretrained_model())
    if held_out:
        _show_evaluation(learned, held_out, seed)
    else:
        stderr_console().print("give MUSIC that the model was not trained on to see how it fits")
    _show_copies(learned, choices, seed, count)


def _leave_one_out(names: Sequence[str], config: TrainingConfig) -> None:
    from djmodel.evaluation.perplexity import Evaluation, leave_one_out
    from djmodel.inputs.music_files import rags
    from seqmodel.errors import CorpusError

    tunes = _read(names or [str(path) for path in rags()]).tunes
    if len(tunes) < 3:
        hint = "give more music"
        raise CorpusError("at least three tunes to leave one out", str(len(tunes)), hint=hint)
    with Progress(stderr_console(), "leaving one out", "tune", every=1) as show:
        done = itertools.count(1)
        found = leave_one_out(
            tunes,
            config,
            progress=lambda one: show(
                next(done),
                len(tunes),
                {"model": one.model.cross_entropy, "n-gram": _best(one).cross_entropy},
            ),
        )
    console, total = Console(highlight=False), Evaluation.mean(found)
    table = Table("left out", "values", "model", "best n-gram", "order", "less", box=box.SIMPLE)
    for one in (*found, total):
        table.add_row(
            one.title,
            f"{one.model.values:,}",
            f"{one.model.cross_entropy:.3f}",
            f"{_best(one).cross_entropy:.3f}",
            str(one.best_order),
            f"{1 - one.model.perplexity / _best(one).perplexity:.1%}",
        )
    console.print(table)
    console.print("nats a value; less: how much lower the model's perplexity is")
    console.print(_scores(total, "all, each left out"))


def _show_evaluation(model: ModelFile, names: Sequence[str], seed: int) -> None:
    from djmodel.evaluation.perplexity import evaluate
    from seqmodel.files import sha256_of_file

    music = _read(names)
    for path in music.used:
        if sha256_of_file(path) in model.sources.values():
            stderr_console().print(f"{path.name}: the model was trained on it", soft_wrap=True)
    Console(highlight=False).print(_scores(evaluate(model, music.tunes, seed), "held-out music"))


def _scores(found: Evaluation, title: str) -> Table:
    """Of the model and of each order."""
    table = Table(title, "nats a value", "perplexity", "right", "", box=box.SIMPLE)
    for name, score in (
        ("model", found.model),
        *((f"n-gram, order {order}", score) for order, score in found.ngrams.items()),
    ):
        resume_note = "lowest of the n-grams" if score is _best(found) else ""
        row = (
            f"{score.cross_entropy:.3f}",
            f"{score.perplexity:.2f}",
            f"{score.accuracy:.1%}",
            resume_note,
        )
        table.add_row(name, *row)
    return table


def _best(found: Evaluation) -> Metrics:
    return found.ngrams[found.best_order]


def _read(names: Sequence[str]) -> ReadResults:
    """The tunes; what is skipped is told."""
    from djmodel.inputs.reader import read_tunes

    music = read_tunes(names)
    for result in music.results:
        if result.tune is None:
            stderr_console().print(f"{result.name} {result}", soft_wrap=True)
    music.require_tunes()
    return music


def _show_copies(
    model: ModelFile, choices: Sequence[SamplingConfig], seed: int, count: int
) -> None:
    from djmodel.evaluation.copying import COPY_NGRAM, VALUES, CopyDetector, format_overlap
    from djmodel.model.improvise import changes_of, improvise

    console, detector = Console(highlight=False), CopyDetector.of(model)
    table = Table(
        "temperature", "nats a value", "longest copy", "from", f"n={COPY_NGRAM}", box=box.SIMPLE
    )
    changes = changes_of(model)[0]
    for sampling in choices:
        solos = improvise(model, changes, seed=seed, count=count, sampling=sampling)
        found = [detector.copied(solo, VALUES) for solo in solos]
        longest = max((copied.longest for copied in found), key=lambda passage: passage.length)
        table.add_row(
            f"{sampling.temperature:g}",
            f"{-sum(solo.log_probability for solo in solos) / count:.3f}",
            pluralize(longest.length, "value"),
            escape(longest.title),
            *format_overlap(found, [COPY_NGRAM]),
        )
    console.print(table)
    console.print(
        f"n={COPY_NGRAM}: share of all runs of {COPY_NGRAM} values that the training music has, too"
    )


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

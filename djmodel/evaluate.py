"""`python -m djmodel.evaluate`: how good is a model, in numbers that can be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from seqmodel.cli import Debug, Seed, run, stderr_console

if TYPE_CHECKING:
    from djmodel.solo import Solo
    from djmodel.tune import Tune
    from seqmodel.modelfile import ModelFile

# A passage of so many values in the order of the training music counts as copied.
COPIED_LENGTH = 8


class Fit(NamedTuple):
    """Nats a value, of the model and of the best n-gram on the same training music (`order`)."""

    model: float
    ngram: float
    order: int


class Copied(NamedTuple):
    """What a solo takes over from the training music: the longest passage, in values, the tune it
    is from, and the share of the solo in passages of at least COPIED_LENGTH values."""

    longest: int
    tune: str
    share: float


def held_out_fit(model: ModelFile, tunes: Sequence[Tune], seed: int = 0) -> Fit:
    """How well the model foretells tunes, which should be none that it was trained on."""
    import numpy as np

    from djmodel import grammar
    from djmodel.solo import cues_of, indices_of
    from seqmodel.network import log_probabilities
    from seqmodel.ngram import NGram

    sequences = [
        indices_of(model, [value for bar in grammar.encode(tune) for value in bar])
        for tune in tunes
    ]
    cues = [cues_of(model, grammar.encode(tune), tune.bars) for tune in tunes]
    foretold = np.concatenate(
        [log_probabilities(model.weights, *one) for one in zip(sequences, cues, strict=True)]
    )
    # Tunes repeat their sections: pieces of them would be measured on what they were fitted to.
    training = model.extra["sequences"]
    if len(training) == 1:
        training = _phrases(training)
    ngram = NGram.tuned(training, len(model.vocabulary), np.random.default_rng(seed))
    return Fit(-float(foretold.mean()), ngram.cross_entropy(sequences), ngram.order)


def copied(model: ModelFile, solo: Solo) -> Copied:
    """How much of a solo stands in the training music, in the same order."""
    from djmodel.solo import indices_of
    from seqmodel.copying import longest_copy, share_copied

    new = indices_of(model, [value for bar in solo.values for value in bar])
    training = model.extra["sequences"]
    longest = longest_copy(new, training)
    title = model.settings["tunes"][longest.source]
    return Copied(longest.length, title, share_copied(new, training, COPIED_LENGTH))


def _phrases(sequences: Sequence[Sequence[int]], length: int = 60) -> list[Sequence[int]]:
    """Training music in pieces, so that an n-gram can be tuned on some of them."""
    return [s[place : place + length] for s in sequences for place in range(0, len(s), length)]


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model.keras of a training.")],
    held_out: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Music that it was not trained on."),
    ] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(help="Of the solos that are measured; may be repeated."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Solos for each temperature.")] = 4,
    seed: Seed = 0,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Measure a MODEL: how well it foretells music that it does not know, beside the best n-gram,
    and how much its solos copy from the music that it does know."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from djmodel.reader import read_tunes
    from djmodel.solo import changes_of, improvise, load
    from seqmodel.sampling import Choice

    choices = [Choice(degree) for degree in temperature or [0.5, 1.0]]
    learned = load(model)
    console = Console(highlight=False)
    if held_out:
        music = read_tunes(held_out)
        for verdict in music.verdicts:
            if verdict.tune is None:
                stderr_console().print(f"{verdict.name} {verdict}", soft_wrap=True)
        music.require_tunes()
        fit = held_out_fit(learned, music.tunes, seed)
        table = Table("held-out music", "nats a value", "perplexity", box=box.SIMPLE)
        for name, nats in (("model", fit.model), (f"best n-gram (order {fit.order})", fit.ngram)):
            table.add_row(name, f"{nats:.3f}", f"{math.exp(nats):.2f}")
        console.print(table)
    else:
        stderr_console().print("give MUSIC that the model was not trained on to see how it fits")
    table = Table("temperature", "nats a value", "longest copy", "from", "copied", box=box.SIMPLE)
    for choice in choices:
        changes = changes_of(learned)[0]
        solos = improvise(learned, changes, seed=seed, count=count, choice=choice)
        found = [copied(learned, solo) for solo in solos]
        longest = max(found, key=lambda one: one.longest)
        table.add_row(
            f"{choice.temperature:g}",
            f"{-sum(solo.log_probability for solo in solos) / count:.3f}",
            f"{longest.longest} values",
            longest.tune,
            f"{sum(one.share for one in found) / count:.0%}",
        )
    console.print(table)
    console.print(f"copied: share of values in passages of {COPIED_LENGTH} or more")


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

"""`python -m djmodel.pretrain`: makes the model that comes along, and the card that says what it
is."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqmodel.cli import Debug, Progress, run, stderr_console

if TYPE_CHECKING:
    from djmodel.config import TrainingConfig
    from djmodel.evaluation.copying import Copied
    from djmodel.evaluation.perplexity import Evaluation, Metrics
    from djmodel.music.tune import Tune
    from seqmodel.model_file import ModelFile

PRESET = "ragtime"
SOLOS_PER_TUNE = 4


def command(
    out: Annotated[Path, typer.Option(help="Folder for ragtime.keras and ragtime.md.")] = Path(
        "data"
    ),
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Times through the windows. [default: the preset's]")
    ] = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Train the preset `ragtime` on the eight rags that come along, and write ragtime.keras; then
    leave each rag out, and write ragtime.md with what was measured."""
    from djmodel.config import training_preset
    from djmodel.evaluation.perplexity import Evaluation, leave_one_out
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.reader import read_tune
    from djmodel.model.training import fit
    from seqmodel.files import atomic_write, sha256_of_file, writable_folder
    from seqmodel.settings import with_settings

    config = with_settings(training_preset(PRESET), epochs=epochs)
    console, folder = stderr_console(), writable_folder(out)
    tunes = [read_tune(path) for path in rags()]
    sources = {path.name: sha256_of_file(path) for path in rags()}
    with Progress(console, "training", "epoch", every=20) as show:
        trained = fit(
            tunes,
            config,
            sources=sources,
            progress=lambda e: show(e.number, config.trainer.epochs, {"loss": e.loss}),
        )
    trained.save(folder / "ragtime.keras")
    with Progress(console, "leaving one out", "rag", every=1) as show:
        done = itertools.count(1)
        found = leave_one_out(
            tunes,
            config,
            progress=lambda one: show(
                next(done), 2 * len(tunes), {"model": one.model.cross_entropy}
            ),
        )
        untold = leave_one_out(
            tunes,
            replace(config, bar_positions=False),
            progress=lambda one: show(
                next(done), 2 * len(tunes), {"untold": one.model.cross_entropy}
            ),
        )
    text = card(trained.model, tunes, config, found, Evaluation.mean(untold))
    with atomic_write(folder / "ragtime.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    console.print(f"{folder}/ holds ragtime.keras and ragtime.md", soft_wrap=True)


def card(
    model: ModelFile,
    tunes: Sequence[Tune],
    config: TrainingConfig,
    found: Sequence[Evaluation],
    untold: Evaluation,
) -> str:
    """What the model is, in Markdown; `untold` is what models are worth that are not told the place
    in the bar."""
    from djmodel.evaluation.perplexity import Evaluation

    total = Evaluation.mean(found)
    best = total.ngrams[total.best_order]
    trainer = config.trainer
    dropped = trainer.dropout
    rows = "\n".join(
        _row(one.title, one.model, one.ngrams[one.best_order], one.best_order) for one in found
    )
    orders = "\n".join(
        f"| {order} | {score.cross_entropy:.3f} | {score.perplexity:.1f} | {score.accuracy:.1%} |"
        for order, score in total.ngrams.items()
    )
    return f"""# ragtime.keras

The model that `python -m djmodel.generate` plays where it is given none. `make pretrained` made
it, and this page with all its figures, from the rags in this folder and from nothing else.

- **Data**: {len(tunes)} piano rags by Scott Joplin,
  {sum(len(tune.bars) for tune in tunes):,} bars,
  {sum(map(len, model.extra["sequences"])):,} values:
  {", ".join(f"`{name}`" for name in model.sources)}.
- **Licence**: the music is in the public domain (see `README.md`); the model is under the licence
  of the project.
- **Model**: an LSTM of {config.n_a} units and a softmax over {config.n_values} values,
  {model.weights.n_parameters:,} parameters. A step reads the last value, and how far the next one
  is from the bar lines before and after it. While it learns, values of one kind, of one duration
  or with one leap share weights.
- **Training**: {trainer.epochs} epochs of windows of {config.tx} values, {trainer.batch_size} a
  batch; Adam, learning rate {trainer.learning_rate:g}, falling to 0 along a cosine; each batch
  does without {dropped.input:.0%} of the values, {dropped.recurrent:.0%} of the recurrent weights
  and {dropped.output:.0%} of the units that the softmax reads. Seed {trainer.seed}.

## How well it foretells a rag that it has not heard

Each rag is left out in turn and foretold by a model trained on the others with the same settings
(which were chosen on these rags, too). Beside it the n-gram, of orders 1 to {max(total.ngrams)},
that foretells the rag best, its smoothing tuned on the training rags; the vocabulary is that of the
training rags and the folded values are the same for both. Nats a value:

| left out | values | model | best n-gram | order | perplexity lower by |
|---|---|---|---|---|---|
{rows}
{_row("**all**", total.model, best, total.best_order)}

The model's perplexity is {total.model.perplexity:.1f}, and {total.model.accuracy:.1%} of its
likeliest values are right. The n-grams are not told the place in the bar; a model with the same
settings that is not told it either needs {untold.model.cross_entropy:.3f} nats (perplexity
{untold.model.perplexity:.1f}, {1 - untold.model.perplexity / best.perplexity:.0%} lower than the
best n-gram's). N-grams, all rags:

| order | nats a value | perplexity | right |
|---|---|---|---|
{orders}

`python -m djmodel.evaluate --leave-one-out` measures it again.

## What it copies

{_copying(model)}

## Limits

It has heard eight pieces of one composer, most of them in 2/4 and in sixteenths: in other meters it
hears a place in the bar as the nearest one that it knows. It plays one line over chords, and knows
no form longer than what its state carries.
"""


def _row(title: str, model: Metrics, ngram: Metrics, order: int) -> str:
    lower = 1 - model.perplexity / ngram.perplexity
    numbers = f"{model.values:,} | {model.cross_entropy:.3f} | {ngram.cross_entropy:.3f} | {order} | {lower:.0%}"
    return f"| {title} | {numbers} |"


def _copying(model: ModelFile) -> str:
    """The longest passages that solos share with the rags, beside those that the rags share."""
    from djmodel.evaluation.copying import VALUES, CopyDetector, human_baseline
    from djmodel.model.improvise import changes_of, improvise

    detector = CopyDetector.of(model)
    solos = [
        solo
        for number, changes in enumerate(changes_of(model))
        for solo in improvise(model, changes, seed=number, count=SOLOS_PER_TUNE)
    ]
    played = [detector.copied(solo, VALUES) for solo in solos]
    written = human_baseline(detector, VALUES)
    return f"""The longest passage, in values, that each of {len(solos)} solos has in common with
the rags (temperature 1, over the changes of each rag, as long as the rag): {_lengths(played)}.
The same for each rag and the others: {_lengths(written)}. `--max-copy` sets a limit."""


def _lengths(found: Sequence[Copied]) -> str:
    lengths = [copied.longest.length for copied in found]
    return f"{statistics.median(lengths):g} in the middle, {max(lengths)} at most"


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

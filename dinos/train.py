"""`python -m dinos.train`: trains a model on names."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqmodel.cli import Debug, Progress, Seed, facts, python, run, stderr_console

if TYPE_CHECKING:
    from dinos.lesson import Epoch
    from seqmodel.modelfile import ModelFile

SAMPLES = 3  # how many names are shown on the way, and how many times
LOOKS = 5


def command(
    names: Annotated[
        Path | None,
        typer.Argument(metavar="[NAMES]", help="A text file, one name a line; none: dinosaurs."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("runs/dinos"),
    cell: Annotated[
        str, typer.Option(metavar="rnn|gru|lstm", help="The recurrent cell; rnn is the plain one.")
    ] = "rnn",
    n_a: Annotated[int, typer.Option(min=1, help="Units of the cell.")] = 50,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Times through the names. [default: fewer for more names]"),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Names a step.")] = 256,
    learning_rate: Annotated[float, typer.Option(min=0, help="At the first step.")] = 0.012,
    made_up: Annotated[
        int,
        typer.Option(min=0, help="Names an epoch that are made of pieces of yours, to learn from."),
    ] = 3000,
    keep_case: Annotated[
        bool, typer.Option("--keep-case", help="Capitals are characters of their own.")
    ] = False,
    max_length: Annotated[int, typer.Option(min=1, help="Characters of the longest name.")] = 100,
    seed: Seed = 0,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Train a model on your list of names; without NAMES, on 1,318 dinosaurs.

    A tenth of the names is held out, to measure on. Writes model.keras, history.csv and loss.png.
    """
    from dinos.lesson import Lesson, learn
    from dinos.names import dinosaurs, read_names
    from seqmodel.files import content_hash, writable_folder
    from seqmodel.picture import loss_curve
    from seqmodel.training import write_history

    began = time.perf_counter()
    console = stderr_console()
    lesson = Lesson(cell, n_a, epochs, batch_size, learning_rate, made_up, seed)
    path = names or dinosaurs()
    read = read_names(path, keep_case=keep_case, max_length=max_length)
    writable_folder(out)
    n_epochs = lesson.epochs_for(len(read.names))
    look = math.ceil(n_epochs / LOOKS)

    with Progress(console, "training", "epoch", every=10) as show:

        def report(epoch: Epoch, model: ModelFile) -> None:
            reached = {"loss": epoch.loss, "held out": epoch.held_out}
            show(epoch.number, n_epochs, reached)
            if epoch.number == 1 or epoch.number % look == 0:
                console.print(f"epoch {epoch.number} says: {_samples(model, seed)}", soft_wrap=True)

        sources = {path.name: content_hash(path)}
        trained = learn(read, lesson, sources=sources, progress=report)
    trained.save(out / "model.keras")
    curves = {
        "training": [epoch.loss for epoch in trained.history],
        "held out": [epoch.held_out for epoch in trained.history],
    }
    history = {
        "loss": curves["training"],
        "held_out_loss": curves["held out"],
        "seconds": [epoch.seconds for epoch in trained.history],
    }
    write_history(out / "history.csv", history)
    picture = loss_curve(
        curves,
        unit="cross-entropy in nats a character",
        chance=math.log(trained.model.vocabulary.size),
    )
    picture.save(out / "loss.png")

    settings, split = trained.model.settings, trained.split
    rows = {
        "names": f"{len(split.training):,} to learn from, {len(split.held_out):,} held out",
        "left out": f"{read.repeats:,} that were there before",
        "characters": f"{len(trained.model.vocabulary)}, the newline included",
        "cell": f"{cell}, {n_a} units",
        "parameters": f"{trained.model.weights.n_parameters:,}",
        "training loss": _loss(settings["training_loss"]),
        "held-out loss": _loss(settings["held_out_loss"]),
        "seconds": f"{time.perf_counter() - began:.1f}",
    }
    if not read.repeats:
        del rows["left out"]
    console.print(facts("Trained", rows))
    console.print(f"{out}/ holds model.keras, history.csv and loss.png", soft_wrap=True)
    console.print(
        f"names:  {python()} -m dinos.generate {out}/model.keras --count 10", soft_wrap=True
    )


def _loss(nats: float) -> str:
    return f"{nats:.3f} nats a character, perplexity {math.exp(nats):.2f}"


def _samples(model: ModelFile, seed: int) -> str:
    from dinos.invent import invent, spelled

    inventions = invent(model, count=SAMPLES, seed=seed, max_length=30)
    return ", ".join(spelled(invention, model) for invention in inventions)


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

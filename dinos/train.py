"""`python -m dinos.train`: trains a model on names."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqmodel.cli import (
    CheckpointSeconds,
    Debug,
    Progress,
    Resume,
    Seed,
    interruptible_training,
    python,
    resume_command,
    run,
    stderr_console,
    summary_table,
)

if TYPE_CHECKING:
    from dinos.training import DinosModel
    from seqmodel.training.trainer import EpochMetrics

SAMPLES = 3  # how many names are shown on the way, and how many times
LOOKS = 5
MADE = ("model.keras", "history.csv", "loss.png")


def command(
    names: Annotated[
        Path | None,
        typer.Argument(metavar="[NAMES]", help="A text file, one name a line; none: dinosaurs."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("runs/dinos"),
    cell: Annotated[
        str, typer.Option(metavar="rnn|gru|lstm", help="The recurrent cell; rnn is the plain one.")
    ] = "rnn",
    n_a: Annotated[int, typer.Option(min=1, max=8192, help="Units of the cell.")] = 50,
    context: Annotated[
        int,
        typer.Option(min=1, max=20, help="Characters that it reads at a step; 1 as in the course."),
    ] = 4,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Times through the names. [default: fewer for more names]"),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Names a step.")] = 256,
    learning_rate: Annotated[float, typer.Option(min=0, max=10, help="At the first step.")] = 0.02,
    n_augmented: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Names an epoch that are made of pieces of yours, to learn from."
            " [default: more for fewer names]",
        ),
    ] = None,
    keep_case: Annotated[
        bool, typer.Option("--keep-case", help="Capitals are characters of their own.")
    ] = False,
    max_length: Annotated[int, typer.Option(min=1, help="Characters of the longest name.")] = 100,
    seed: Seed = 0,
    resume: Resume = False,
    checkpoint: CheckpointSeconds = 10.0,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Train a model on your list of names; without NAMES, on 1,318 dinosaurs.

    A tenth of the names is held out, to measure on. Writes model.keras, history.csv and loss.png.
    Ctrl-C keeps what is learned so far; --resume goes on from there.
    """
    from dinos.copying import memorization_warning
    from dinos.names import dinosaurs, read_names
    from dinos.training import TrainingConfig, fit
    from seqmodel.files import check_no_overwrite, sha256_of_file, writable_folder
    from seqmodel.plots import loss_curve
    from seqmodel.text import printable
    from seqmodel.training.checkpoints import training_in
    from seqmodel.training.loop import write_history

    began = time.perf_counter()
    console = stderr_console()
    config = TrainingConfig(
        cell, n_a, context, epochs, batch_size, learning_rate, n_augmented, seed
    )
    path = names or dinosaurs()
    read = read_names(path, keep_case=keep_case, max_length=max_length)
    writable_folder(out)
    n_epochs, n_made_up = config.resolve_defaults(read.names)
    look = math.ceil(n_epochs / LOOKS)

    def report(epoch: EpochMetrics, model: DinosModel) -> None:
        show(epoch.number, n_epochs, {"loss": epoch.loss, "held out": epoch.validation_loss or 0.0})
        if epoch.number == 1 or epoch.number % look == 0:
            console.print(f"epoch {epoch.number} says: {_samples(model, seed)}", soft_wrap=True)

    sources = {printable(path.name): sha256_of_file(path)}
    check_no_overwrite([out / name for name in MADE], [path])
    with training_in(out, resume=resume, seconds=checkpoint) as checkpoints:
        if checkpoints.resume_note:
            console.print(checkpoints.resume_note, markup=False, soft_wrap=True)
        with interruptible_training(), Progress(console, "training", "epoch", every=10) as show:
            trained = fit(read, config, sources=sources, progress=report, checkpoints=checkpoints)
        checkpoints.check_folder()
        trained.save(out / "model.keras")
        curves = {
            "training": [epoch.loss for epoch in trained.history],
            "held out": [
                epoch.validation_loss
                for epoch in trained.history
                if epoch.validation_loss is not None
            ],
        }
        history = {
            "loss": curves["training"],
            "held_out_loss": curves["held out"],
            "seconds": [epoch.seconds for epoch in trained.history],
        }
        write_history(out / "history.csv", history)
        trained.fit_result.check(
            out / "model.keras", resume=resume_command("dinos.train", "--resume")
        )
        picture = loss_curve(
            curves,
            unit="cross-entropy in nats a character",
            chance=math.log(trained.model.vocabulary.size),
        )
        picture.save(out / "loss.png")
        checkpoints.remove()

    content, split = trained.model.content, trained.split
    rows = {
        "names": f"{len(split.training):,} to learn from, {len(split.held_out):,} held out",
        "left out": f"{read.repeats:,} that were there before",
        "characters": f"{len(trained.model.vocabulary)}, the newline included",
        "made up": f"{n_made_up:,} names an epoch, of their pieces",
        "cell": f"{cell}, {n_a} units",
        "reads": _reads(trained.model, context),
        "parameters": f"{trained.model.weights.n_parameters:,}",
        "training loss": _loss(content.training_loss),
        "held-out loss": _loss(content.held_out_loss),
        "seconds": f"{time.perf_counter() - began:.1f}",
    }
    if not read.repeats:
        del rows["left out"]
    console.print(summary_table("Trained", rows))
    if warning := memorization_warning(len(split.training)):
        console.print(warning, soft_wrap=True)
    console.print(f"{out}/ holds model.keras, history.csv and loss.png", soft_wrap=True)
    console.print(
        f"names:  {python()} -m dinos.generate {out}/model.keras --count 10", soft_wrap=True
    )


def _reads(model: DinosModel, context: int) -> str:
    n_pieces = model.weights.n_inputs - model.vocabulary.size
    return f"a character, and {n_pieces:,} pieces of up to {context}" if n_pieces else "a character"


def _loss(cross_entropy: float | None) -> str:
    if cross_entropy is None:
        return "not measured"
    return f"{cross_entropy:.3f} nats a character, perplexity {math.exp(cross_entropy):.2f}"


def _samples(model: DinosModel, seed: int) -> str:
    from dinos.generation import generate, spelled

    inventions = generate(model, count=SAMPLES, seed=seed, max_length=30)
    return ", ".join(spelled(invention, model) for invention in inventions)


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

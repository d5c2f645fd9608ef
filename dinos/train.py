"""`dinos train`: trains a model on names."""

from __future__ import annotations

import math
import os
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dinos.training import TrainingConfig
from seqmodel.command_line.runner import print_files, run, stderr_console, summary_table
from seqmodel.command_line.training import (
    HISTORY,
    LOSS,
    MODEL,
    finished_note,
    prepare_folder,
    train_in,
)
from seqmodel.settings import Setting
from seqmodel.training.config import CheckpointConfig

if TYPE_CHECKING:
    from dinos.names import Names
    from dinos.training import DinosModel, TrainingResult
    from seqmodel.command_line.training import Report
    from seqmodel.network.weights import Weights
    from seqmodel.parallel.sandbox import Prepared
    from seqmodel.training.checkpoints import Checkpoints
    from seqmodel.training.trainer import EpochMetrics

SAMPLES = 3  # names shown at a time during training
LOOKS = 5  # times that sample names are shown, in addition to the first epoch


def command(
    names: Annotated[
        Path | None,
        Setting(
            "Text file, one name per line.",
            metavar="NAMES",
            default="1,318 dinosaurs",
            positional=True,
        ),
    ] = None,
    keep_case: Annotated[
        bool, Setting("Keep capital letters instead of lower-casing all names.", "Names")
    ] = False,
    max_length: Annotated[
        int, Setting("Refuse names of more than N characters.", "Names", minimum=1, metavar="N")
    ] = 100,
    config: TrainingConfig = TrainingConfig(),
    checkpoints: CheckpointConfig = CheckpointConfig(),
    out: Annotated[Path, Setting("Folder for the model.", "Output")] = Path("runs/dinos"),
) -> None:
    """Train a model on your list of names; without NAMES, on 1,318 dinosaurs.

    A tenth of the names is held out for measuring. Writes model.keras, history.csv and loss.png.
    Ctrl-C keeps the model trained so far; --resume continues the training.

    Examples:
        dinos train
        dinos train names.txt --keep-case --out runs/mine
    """
    from dinos.copying import memorization_warning
    from dinos.names import dinosaurs, read_names
    from dinos.training import fit
    from seqmodel.extras import BackendError
    from seqmodel.files import check_no_overwrite, sha256_of_file
    from seqmodel.parallel.threads import cpu_count
    from seqmodel.text import pluralize, printable

    began = time.perf_counter()
    console = stderr_console()
    path = names or dinosaurs()
    read = read_names(path, keep_case=keep_case, max_length=max_length)
    files = [MODEL, HISTORY, LOSS]
    prepare_folder(out, checkpoints, files)
    check_no_overwrite([out / name for name in files], [path])
    sources = {printable(path.name): sha256_of_file(path)}
    n_epochs, n_augmented = config.resolve_defaults(read.names)
    if note := finished_note(out, checkpoints, n_epochs):
        console.print(note, soft_wrap=True)
        return
    if read.empty:
        left_out = pluralize(read.empty, "empty line")
        console.print(f"{path}: {left_out} between names left out", soft_wrap=True)
    console.print(
        f"{pluralize(len(read.names), 'name')}: {pluralize(n_epochs, 'epoch')}, each with"
        f" {n_augmented:,} more that are made up",
        soft_wrap=True,
    )
    prepared = _prepared_keras(os.getpid())
    epochs_per_look = math.ceil(n_epochs / LOOKS)

    def train(report: Report, kept: Checkpoints) -> TrainingResult:
        def progress(epoch: EpochMetrics, model: DinosModel) -> None:
            report(epoch)
            if epoch.number == 1 or epoch.number % epochs_per_look == 0:
                line = f"epoch {epoch.number} samples: {_samples(model, config.seed)}"
                console.print(line, soft_wrap=True)

        made = fit(
            read,
            config,
            sources=sources,
            progress=progress,
            checkpoints=kept,
            # While Keras starts, a second process for training would only be in its way.
            free_cores=lambda: max(cpu_count() - prepared.is_starting, 1),
        )
        return replace(made, keras_entries=entries)

    def entries(weights: Weights) -> dict[str, bytes] | None:
        try:
            return prepared(weights)
        except BackendError as error:
            console.print(f"{MODEL} is written without a copy for Keras: {error}", soft_wrap=True)
            return None

    result = train_in(
        out, train, config=checkpoints, n_epochs=n_epochs, console=console, unit="character"
    )
    facts = _facts(result, read, config, n_augmented)
    facts["seconds"] = f"{time.perf_counter() - began:.1f}"
    console.print(summary_table("Trained", facts))
    print_files(out / name for name in files)
    warning = memorization_warning(len(result.split.training))
    for line in (
        warning and f"{warning}; --new leaves them out, --max-copy limits what is copied",
        f"names: dinos generate {out}/{MODEL} --count 10",
    ):
        if line:
            console.print(line, soft_wrap=True)


@cache
def _prepared_keras(_: int) -> Prepared[dict[str, bytes]]:
    """Keras in another process, the same one for all trainings of this process: it is needed only
    to save the model, and takes seconds to start."""
    from dinos.model import keras_entries
    from seqmodel.parallel.sandbox import Prepared

    return Prepared(keras_entries, "keras")


def _facts(
    result: TrainingResult, read: Names, config: TrainingConfig, n_augmented: int
) -> dict[str, str]:
    model, split = result.model, result.split
    n_ngrams = model.weights.n_inputs - model.vocabulary.size
    ngrams = f" and {n_ngrams:,} n-grams of up to {config.context}" if n_ngrams else ""
    facts = {"names": f"{len(split.training):,} to train on, {len(split.held_out):,} held out"}
    if read.repeats:
        facts["repeated names"] = f"{read.repeats:,}, left out"
    return facts | {
        "characters": f"{len(model.vocabulary)}, with the newline",
        "made up": f"{n_augmented:,} names per epoch",
        "cell": f"{config.cell}, {config.n_a} units",
        "inputs": f"a character{ngrams}",
        "parameters": f"{model.weights.n_parameters:,}",
        "training loss": _loss(model.content.training_loss),
        "held-out loss": _loss(model.content.held_out_loss),
    }


def _loss(cross_entropy: float | None) -> str:
    if cross_entropy is None:
        return "not measured"
    return f"{cross_entropy:.3f} nats per character, perplexity {math.exp(cross_entropy):.2f}"


def _samples(model: DinosModel, seed: int) -> str:
    from dinos.generation import generate, spelled

    names = generate(model, count=SAMPLES, seed=seed, max_length=30)
    return ", ".join(spelled(name, model) for name in names)


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

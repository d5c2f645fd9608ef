"""`python -m djmodel.train`: trains a model on music and lets it play a first solo."""

from __future__ import annotations

import itertools
import math
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from djmodel.inputs.limits import Limits
from djmodel.options import (
    MAX_NOTES,
    MAX_SECONDS,
    Bars,
    ChordPart,
    MaxNotes,
    MaxSeconds,
    MelodyPart,
)
from seqmodel.cli import (
    CheckpointSeconds,
    Debug,
    Devices,
    Hosts,
    Progress,
    Rank,
    Resume,
    Seed,
    distributed_command,
    interruptible_training,
    python,
    resume_command,
    run,
    stderr_console,
    summary_table,
)

if TYPE_CHECKING:
    from rich.console import Console

    from djmodel.inputs.reader import ReadResults
    from djmodel.model.training import TrainingResult
    from djmodel.values.corpus import Corpus
    from seqmodel.training.trainer import EpochMetrics

MADE = ("model.keras", "history.csv", "loss.png", "solo.mid")


@distributed_command
def command(
    music: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Files, folders or patterns; none: eight rags."),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR|NAME",
            help="A corpus that `djmodel.corpus build` made; or a piece of music21's, such as "
            "bach/bwv66.6 (repeatable).",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for what is made.")] = Path("runs/djmodel"),
    preset: Annotated[
        str,
        typer.Option(
            metavar="course|ragtime", help="Settings as in the course, or the better ones."
        ),
    ] = "course",
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Times through the windows. [default: the preset's, as below]"),
    ] = None,
    m: Annotated[
        int | None,
        typer.Option(min=1, help="Windows an epoch. [default: 60; more for several tunes]"),
    ] = None,
    tx: Annotated[int | None, typer.Option(min=2, help="Values in a window.")] = None,
    n_a: Annotated[int | None, typer.Option(min=1, max=8192, help="Units of the LSTM.")] = None,
    n_values: Annotated[
        int | None, typer.Option(min=2, max=100_000, help="Width of the vocabulary.")
    ] = None,
    graph: Annotated[
        str, typer.Option(metavar="unrolled|scan", help="Training graph; both learn the same.")
    ] = "scan",
    batch_size: Annotated[int | None, typer.Option(min=1, help="Windows a step.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=0, max=10, help="At the first step.")
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(metavar="MUSIC", help="Foretold after each epoch, not learned; repeatable."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="End when N epochs have not foretold --held-out better, and keep the best.",
        ),
    ] = None,
    seed: Seed = 0,
    melody_part: MelodyPart = None,
    chord_part: ChordPart = None,
    bars: Bars = None,
    tempo: Annotated[
        float | None, typer.Option(min=4, max=1000, help="Of the solo, quarter notes a minute.")
    ] = None,
    max_notes: MaxNotes = MAX_NOTES,
    max_seconds: MaxSeconds = MAX_SECONDS,
    strict: Annotated[bool, typer.Option(help="Stop at the first file that is skipped.")] = False,
    resume: Resume = False,
    checkpoint: CheckpointSeconds = 10.0,
    devices: Devices = None,  # noqa: ARG001 - these three are read by `distributed_command`
    hosts: Hosts = None,  # noqa: ARG001
    rank: Rank = None,  # noqa: ARG001
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Train a model on your music; without MUSIC, on eight rags by Scott Joplin.

    Writes model.keras, history.csv, loss.png and solo.mid, a first improvisation over the changes
    of the first tune. Ctrl-C keeps what is learned so far; --resume goes on from there.
    """
    from djmodel.config import GenerationConfig, training_preset
    from djmodel.evaluation.copying import memorization_warning
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.score_to_tune import parse_bars
    from djmodel.inputs.sheet_music import corpus_file
    from djmodel.model.generation import generate_solos
    from djmodel.model.provenance import with_provenance
    from djmodel.model.training import fit, fit_corpus
    from djmodel.outputs.midi import write_midi
    from seqmodel.errors import InputError
    from seqmodel.files import check_no_overwrite, sha256_of_file, writable_folder
    from seqmodel.plots import loss_curve
    from seqmodel.settings import with_settings
    from seqmodel.text import printable
    from seqmodel.training.distributed import is_coordinator, training_on_all
    from seqmodel.training.loop import write_history

    began = time.perf_counter()
    console = stderr_console()
    console.quiet = not is_coordinator()
    if graph not in ("unrolled", "scan"):
        raise InputError("--graph unrolled or --graph scan", f"`{graph}`")
    config = with_settings(
        training_preset(preset),
        m=m,
        tx=tx,
        n_a=n_a,
        n_values=n_values,
        graph=graph,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        patience=patience,
    )
    if patience is not None and not held_out:
        raise InputError("--held-out MUSIC for --patience", "none", hint="name the music")
    epochs, n_values = config.trainer.epochs, config.n_values
    writable_folder(out)
    limits = Limits(max_notes, max_seconds)
    unseen = _read(held_out, console, strict=strict, limits=limits).tunes if held_out else []
    data = _built(corpus or [], music or [])
    if data is None:
        named = [str(corpus_file(name)) for name in corpus or ()]
        heard = _read(
            [*(music or ()), *named] or [str(path) for path in rags()],
            console,
            melody_part=melody_part,
            chord_part=chord_part,
            bars=parse_bars(bars),
            strict=strict,
            limits=limits,
        )
        check_no_overwrite([out / name for name in MADE], heard.used)
        sources = {printable(path.name): sha256_of_file(path) for path in heard.used}
        n_tunes, n_bars = len(heard.tunes), sum(len(tune.bars) for tune in heard.tunes)
        teach = partial(fit, heard.tunes, sources=sources)
    else:
        n_tunes, n_bars = data.summary.tunes, data.n_bars
        teach = partial(fit_corpus, data)
    with training_on_all(out, resume=resume, seconds=checkpoint) as checkpoints:
        if checkpoints.resume_note:
            console.print(checkpoints.resume_note, markup=False, soft_wrap=True)
        with interruptible_training(), Progress(console, "training", "epoch", every=10) as show:
            trained = teach(
                config=config,
                held_out=unseen,
                progress=lambda epoch: show(epoch.number, epochs, _numbers(epoch)),
                checkpoints=checkpoints,
            )
        if not is_coordinator():
            return
        checkpoints.check_folder()
        trained.save(out / "model.keras")
        rows = [_numbers(epoch) | {"seconds": epoch.seconds} for epoch in trained.history]
        history = {name: [row[name] for row in rows] for name in rows[-1]}
        write_history(out / "history.csv", history)
        trained.fit_result.check(
            out / "model.keras", resume=resume_command("djmodel.train", "--resume")
        )
        curves = {"training": history["loss"], "held out": history.get("held_out", [])}
        shown = {name: curve for name, curve in curves.items() if curve}
        loss_curve(shown, chance=math.log(n_values)).save(out / "loss.png")
        first = GenerationConfig(seed=seed, tempo=tempo)
        [solo] = with_provenance(generate_solos(trained.model, first), first, trained.model)
        write_midi(solo.tune, out / "solo.mid", solo.provenance)
        checkpoints.remove()

    encoded, last = trained.encoded_corpus, trained.history[-1]
    console.print(
        summary_table(
            "Trained",
            {
                "tunes": str(n_tunes),
                "bars": str(n_bars),
                "values": str(encoded.n_values),
                "distinct values": str(encoded.distinct),
                "share folded": f"{encoded.share_folded:.1%}",
                "parameters": f"{trained.model.weights.n_parameters:,}",
                "final loss": f"{last.loss:.3f} nats a value, {last.accuracy:.1%} right",
                **_held_out_facts(trained),
                "seconds": f"{time.perf_counter() - began:.1f}",
            },
        )
    )
    console.print(
        f"{out}/ holds model.keras, history.csv, loss.png and solo.mid: {solo.tune.title}",
        soft_wrap=True,
    )
    if warning := memorization_warning(trained.model):
        console.print(warning, soft_wrap=True)
    console.print(f"hear it: {python()} -m djmodel.render {out}/solo.mid", soft_wrap=True)
    console.print(
        f"more:    {python()} -m djmodel.generate {out}/model.keras --seed 1", soft_wrap=True
    )


def _held_out_facts(trained: TrainingResult) -> dict[str, str]:
    best_epoch = trained.fit_result.best_epoch
    held_out = trained.history[best_epoch - 1].validation_loss
    if held_out is None:
        return {}
    return {"held out": f"{held_out:.3f} nats a value, with the weights of epoch {best_epoch}"}


def _numbers(epoch: EpochMetrics) -> dict[str, float]:
    """What an epoch reached, by the names of history.csv."""
    reached = {"loss": epoch.loss, "accuracy": epoch.accuracy}
    held_out = epoch.validation_loss
    return reached if held_out is None else reached | {"held_out": held_out}


def _built(corpus: list[str], music: list[str]) -> Corpus | None:
    """The corpus on disk, if --corpus names one: a folder, which no name in music21's corpus is."""
    from djmodel.values.corpus import Corpus
    from seqmodel.errors import InputError

    folders = [name for name in corpus if Path(name).is_dir()]
    if not folders:
        return None
    if len(corpus) > 1 or music:
        hint = "build one corpus of all of it with `python -m djmodel.corpus build`"
        raise InputError("a corpus on disk alone", "more music beside it", hint=hint)
    return Corpus(folders[0])


def _read(music: list[str], console: Console, **how: Any) -> ReadResults:
    """The tunes, and a table that says what became of each file."""
    from rich import box
    from rich.table import Table

    from djmodel.inputs.reader import read_tunes
    from djmodel.values.grammar import encode

    table = Table(title="Music", title_justify="left", box=box.SIMPLE, show_header=False)
    with Progress(console, "reading", "file") as show:
        done = itertools.count(1)
        corpus = read_tunes(music, progress=lambda _, files: show(next(done), files), **how)
    for result in corpus.results:
        values = encode(result.tune) if result.tune else []
        table.add_row(result.name, result.summary(sum(map(len, values))))
    if len(corpus.results) > 1 or corpus.results[0].note:
        console.print(table)
    corpus.require_tunes()
    return corpus


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

"""`djmodel train`: trains a model on music and writes a first solo."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from djmodel.config import (
    GenerationConfig,
    ReadingConfig,
    Tempo,
    TrainingConfig,
)
from djmodel.inputs.limits import Limits
from djmodel.presets import PRESETS, choose_preset
from seqmodel.command_line.options import Options
from seqmodel.command_line.runner import Progress, print_files, run, stderr_console, summary_table
from seqmodel.command_line.training import (
    HISTORY,
    LOSS,
    MODEL,
    finished_note,
    prepare_folder,
    train_in,
)
from seqmodel.errors import InputError
from seqmodel.settings import Setting, SettingError
from seqmodel.text import pluralize
from seqmodel.training.config import CheckpointConfig, DeviceConfig

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from djmodel.inputs.reader import ReadResults
    from djmodel.model.training import TrainingResult
    from djmodel.music.tune import Tune
    from djmodel.values.corpus_file import Corpus

SOLO = "solo.mid"
_SHOWN = 100  # tunes in the table of music


def command(
    music: Annotated[
        list[str] | None,
        Setting(
            "Music files, folders or patterns such as 'songs/*.mid'.",
            metavar="MUSIC",
            default="eight rags",
            positional=True,
        ),
    ] = None,
    corpus: Annotated[
        Path | None,
        Setting("A corpus built by `djmodel corpus build`.", "Music", metavar="DIR"),
    ] = None,
    pieces: Annotated[
        list[str] | None,
        Setting(
            "A piece from music21's corpus, such as bach/bwv66.6 (repeatable).",
            "Music",
            metavar="NAME",
            option="music21",
        ),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        Setting(
            "Music to measure the loss on after each epoch, not to train on (repeatable).",
            "Music",
            metavar="MUSIC",
        ),
    ] = None,
    reading: ReadingConfig = ReadingConfig(),
    limits: Limits = Limits(),
    strict: Annotated[
        bool, Setting("Stop at the first file that cannot be read.", "Music")
    ] = False,
    presets: Annotated[Mapping[str, TrainingConfig], Options(presets=PRESETS)] = PRESETS,
    checkpoints: CheckpointConfig = CheckpointConfig(),
    out: Annotated[Path, Setting("Folder for the model.", "Output")] = Path("runs/djmodel"),
    tempo: Tempo = None,
    devices: DeviceConfig = DeviceConfig(),
) -> None:
    """Train a model on your music. Without MUSIC it is trained on eight rags by Scott Joplin; with
    --preset jazz, or --player and the like, on the bundled solos of the Weimar Jazz Database.

    Writes model.keras, history.csv, loss.png and solo.mid, a first solo over the changes of the
    first tune. Ctrl-C keeps the model trained so far; --resume continues the training.

    Examples:
        djmodel train my.mid --out runs/mine
        djmodel train jazz/ 'more/*.mid' --held-out other.mid --patience 5
        djmodel train --preset jazz --player "Charlie Parker" --out runs/bebop
        djmodel train my.mid --out runs/mine --resume
    """
    from seqmodel.training.distributed import training_devices

    if len(presets) > 1 and devices != DeviceConfig():
        presets = {"course": presets["course"]}  # the others train on one device only
    if any(each.trainer.patience is not None for each in presets.values()) and not held_out:
        raise SettingError("patience needs held-out music", "patience", "held_out")
    inputs = _Inputs(music or [], corpus, pieces or [], held_out or [], reading, limits, strict)
    with training_devices(devices):
        _train(inputs, presets, checkpoints, out, tempo)


def _train(
    inputs: _Inputs,
    presets: Mapping[str, TrainingConfig],
    checkpoints: CheckpointConfig,
    out: Path,
    tempo: float | None,
) -> None:
    from djmodel.evaluation.copying import memorization_warning
    from djmodel.model.provenance import with_provenance
    from djmodel.model.solos import generate_solos
    from djmodel.outputs.midi import write_midi
    from seqmodel.files import check_no_overwrite
    from seqmodel.training.distributed import is_coordinator

    began = time.perf_counter()
    console = stderr_console()
    console.quiet = not is_coordinator()
    files = [MODEL, HISTORY, LOSS, SOLO]
    prepare_folder(out, checkpoints, files)
    held_out = inputs.read_held_out(console)
    jazz = all(each.grammar == "jazz" for each in presets.values())
    music = inputs.read_music(console, jazz)
    check_no_overwrite([out / name for name in files], music.files)
    for tune in held_out:
        if tune in music.tunes:
            line = f"{tune.title} is held out, but trained on as well: its loss says nothing"
            console.print(f"{line} about unseen music", soft_wrap=True)
    preset, config = choose_preset(presets, music.n_values)
    trainer = config.trainer
    if note := finished_note(
        out,
        checkpoints,
        trainer.epochs,
        extendable=trainer.extendable,
        patience=trainer.patience,
    ):
        console.print(note, soft_wrap=True)
        return

    console.print(
        f"preset {preset}, for {pluralize(music.n_values, 'value')} of music:"
        f" {pluralize(trainer.epochs, 'epoch')} (--preset chooses another)",
        soft_wrap=True,
    )
    first_solo = GenerationConfig(seed=trainer.seed, tempo=tempo)

    def play(result: TrainingResult) -> None:
        solos = generate_solos(result.model, first_solo)
        [solo] = with_provenance(solos, first_solo, result.model)
        write_midi(solo.tune, out / SOLO, solo.provenance)

    result = train_in(
        out,
        lambda report, kept: music.fit(
            config=config, held_out=held_out, progress=report, checkpoints=kept
        ),
        config=checkpoints,
        n_epochs=trainer.epochs,
        extendable=trainer.extendable,
        console=console,
        finish=play,
    )
    facts = {
        "tunes": str(music.n_tunes),
        "bars": str(music.n_bars),
        **_facts(result),
        "seconds": f"{time.perf_counter() - began:.1f}",
    }
    console.print(summary_table("Trained", facts))
    warning = memorization_warning(result.model)
    if is_coordinator():
        print_files(out / name for name in files)
    for line in (
        warning and f"{warning}; more training music helps",
        f"hear it: djmodel render {out}/{SOLO}",
        f"more:    djmodel generate {out}/{MODEL}",
    ):
        if line:
            console.print(line, soft_wrap=True)


def _facts(result: TrainingResult) -> dict[str, str]:
    encoded, last = result.encoded_corpus, result.history[-1]
    unit = "value" if result.model.grammar.symbols_per_value == 1 else "symbol"
    facts = {
        "values": str(encoded.n_values),
        "distinct values": str(encoded.distinct),
        "share folded": f"{encoded.share_folded:.1%}",
        "parameters": f"{result.model.weights.n_parameters:,}",
        "final loss": f"{last.loss:.3f} nats per {unit}, accuracy {last.accuracy:.1%}",
    }
    best = result.fit_result.best_epoch
    loss = result.history[best - 1].validation_loss
    if loss is not None:
        facts["held-out loss"] = f"{loss:.3f} nats per {unit}, with the weights of epoch {best}"
    return facts


class _Music(NamedTuple):
    """Music to train on; `fit` trains a model on it. `tunes`: those that are in memory."""

    n_tunes: int
    n_bars: int
    n_values: int
    files: Sequence[Path]
    fit: Callable[..., TrainingResult]
    tunes: Sequence[Tune] = ()


class _Inputs(NamedTuple):
    """Names of the music to train on and of the held-out music, and the settings for reading."""

    music: list[str]
    corpus: Path | None
    pieces: list[str]
    held_out: list[str]
    reading: ReadingConfig
    limits: Limits
    strict: bool

    def read_held_out(self, console: Console) -> list[Tune]:
        if not self.held_out:
            return []
        return self._read(self.held_out, ReadingConfig(), console).tunes

    def read_music(self, console: Console, jazz: bool) -> _Music:
        """The music that is named; else the bundled jazz solos for `jazz` or a choice of solos,
        else the bundled rags."""
        from djmodel.inputs.music_files import rags
        from djmodel.inputs.sheet_music import corpus_file
        from djmodel.inputs.wjazzd.solos import bundled_file
        from djmodel.model.training import fit, fit_corpus
        from djmodel.values.encoded_corpus import flat_values
        from seqmodel.files import sha256_of_file
        from seqmodel.text import printable

        if self.corpus is not None:
            if self.reading.solos:
                hint = "choose them in `djmodel corpus build`"
                raise InputError("solos cannot be chosen from a corpus on disk", hint=hint)
            stored = self._stored_corpus(self.corpus)
            counts = stored.summary.tunes, stored.n_bars, stored.summary.n_values
            return _Music(*counts, [], partial(fit_corpus, stored))
        names = [*self.music, *(str(corpus_file(name)) for name in self.pieces)]
        bundled = [bundled_file()] if jazz or self.reading.solos else rags()
        read = self._read(names or list(map(str, bundled)), self.reading, console)
        sources = {printable(path.name): sha256_of_file(path) for path in read.used}
        n_bars = sum(len(tune.bars) for tune in read.tunes)
        n_values = sum(len(flat_values(tune)) for tune in read.tunes)
        counts = len(read.tunes), n_bars, n_values
        train = partial(fit, read.tunes, sources=sources)
        return _Music(*counts, read.used, train, read.tunes)

    def _stored_corpus(self, folder: Path) -> Corpus:
        from djmodel.values.corpus_file import Corpus

        if self.music or self.pieces:
            hint = "build one corpus of all of it with `djmodel corpus build`"
            raise SettingError("a corpus on disk is trained on alone", "corpus", hint=hint)
        if not folder.is_dir():
            problem = f"{folder} is not the folder of a corpus, which `djmodel corpus build` makes"
            hint = "check its name; a piece of music21's corpus has an option of its own"
            raise SettingError(problem, "corpus", "pieces", hint=hint)
        return Corpus(folder)

    def _read(self, names: list[str], reading: ReadingConfig, console: Console) -> ReadResults:
        """Reads music and shows the result for each file, or tune; of many, for those skipped."""
        from djmodel.inputs.wjazzd.records import NOTICE

        read = read_music(names, reading, self.limits, console, self.strict)
        if len(read.results) > 1 or read.results[0].note:
            console.print(music_table(read))
        read.require_tunes()
        if any(result.label for result in read.results):
            console.print(NOTICE, soft_wrap=True)
        return read


def read_music(
    names: Sequence[str | Path],
    reading: ReadingConfig,
    limits: Limits,
    console: Console,
    strict: bool = False,
) -> ReadResults:
    """Reads music with a progress bar. Raises as `read_tunes`."""
    from djmodel.inputs.reader import read_tunes
    from djmodel.music.tune import parse_bars

    with Progress(console, "reading", "file") as show:
        done = itertools.count(1)
        return read_tunes(
            names,
            melody_part=reading.melody_part,
            chord_part=list(reading.chord_part) or None,
            bars=parse_bars(reading.bars),
            solos=reading.solos,
            strict=strict,
            limits=limits,
            progress=lambda _, files: show(next(done), files),
        )


def music_table(read: ReadResults, every_file: bool = False) -> Table:
    """A table with the result for each file, or tune; of many, for those skipped or
    generated, unless `every_file`."""
    from rich import box
    from rich.table import Table

    from djmodel.values.encoded_corpus import flat_values

    table = Table(title="Music", title_justify="left", box=box.SIMPLE, show_header=False)
    many = len(read.results) > _SHOWN
    if many:
        table.add_row(f"{len(read.tunes)} tunes", f"used, of {len(read.results)}")
    for result in read.results:
        if every_file or not many or result.tune is None or result.tune.generated:
            n_values = len(flat_values(result.tune)) if result.tune else 0
            table.add_row(result.name, result.summary(n_values))
    return table


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

"""`djmodel report`: writes a page that compares solos with the training music."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from djmodel.config import MAX_SOLOS, GenerationConfig, ModelArgument
from djmodel.outputs.performance.config import SoundFont
from djmodel.outputs.suffixes import PAGE
from djmodel.outputs.write import check_output
from seqmodel.command_line.options import Options
from seqmodel.command_line.outputs import Overwrite, check_free, free_name
from seqmodel.command_line.runner import print_files, run, stderr_console
from seqmodel.settings import Setting
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from djmodel.evaluation.perplexity import Evaluation
    from djmodel.model.model_file import DjModel


def command(
    model: ModelArgument = None,
    held_out: Annotated[
        list[str] | None,
        Setting(
            "Held-out music, which the model was not trained on.", metavar="MUSIC", positional=True
        ),
    ] = None,
    count: Annotated[
        int, Setting("Number of solos.", "Solo", minimum=1, maximum=MAX_SOLOS, metavar="N")
    ] = 32,
    config: Annotated[
        GenerationConfig,
        Options(("bars", "temperature", "top_k", "top_p", "greedy", "max_copy")),
    ] = GenerationConfig(bars=32),
    seed: Annotated[
        int,
        Setting(
            "Seed of the random numbers; the same seed gives the same report.",
            "Sampling",
            minimum=0,
            metavar="N",
        ),
    ] = 0,
    out: Annotated[
        Path | None,
        Setting(
            "Page to write; its figures are written beside it as .json.",
            "Output",
            metavar="FILE",
            default="report.html, or report-2.html, ... if that is there already",
        ),
    ] = None,
    soundfont: SoundFont = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare solos of a MODEL with the tunes that it was trained on.

    The solos are played over the changes of these tunes. The report has musical statistics, copied
    passages, the perplexity on held-out MUSIC, and the solos closest to the training music, to
    listen to. It is one self-contained page, with all figures beside it as JSON.

    Examples:
        djmodel report runs/mine/model.keras
        djmodel report ragtime held_out.mid --count 8 --out rags.html
    """
    from djmodel.evaluation.report import make_report
    from djmodel.model.model_file import load, model_path
    from seqmodel.files import atomic_write

    if out is None:
        out = Path("report.html")
        out = out if overwrite else free_name(out, _files)
    check_output(out, PAGE, soundfont=soundfont)
    check_free(_files(out), overwrite=overwrite)
    config = replace(config, seed=seed)
    path, console = model_path(model), stderr_console()
    trained = load(path)
    evaluation = _evaluation(trained, held_out, config.seed) if held_out else None
    solos = f"{pluralize(count, 'solo')} of {pluralize(_n_bars(config), 'bar')}"
    console.print(f"{solos}: generating and measuring", soft_wrap=True)
    report = make_report(trained, path, config, count, evaluation)
    console.print("drawing and rendering the page", soft_wrap=True)
    for file, text in zip(_files(out), (report.html(soundfont), report.json()), strict=True):
        with atomic_write(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    print_files(_files(out))


def _n_bars(config: GenerationConfig) -> int:
    """The number of bars of each solo."""
    from djmodel.music.tune import parse_bars

    first, last = parse_bars(config.bars) or (1, 0)
    return last - first + 1


def _files(out: Path) -> tuple[Path, Path]:
    """The page, and the file with its figures."""
    return out, out.with_suffix(".json")


def _evaluation(model: DjModel, music: list[str], seed: int) -> Evaluation:
    from djmodel.evaluate import show_training_music
    from djmodel.evaluation.perplexity import evaluate
    from djmodel.inputs.reader import read_tunes

    read = read_tunes(music)
    read.require_tunes()
    show_training_music(model, read)
    return evaluate(model, read.tunes, seed)


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

"""`python -m djmodel.report`: a page that compares a model's solos with its training music."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from djmodel.options import MaxCopy
from djmodel.outputs.suffixes import PAGE
from djmodel.outputs.write import check_output
from seqmodel.cli import Debug, Greedy, Seed, Temperature, TopK, TopP, run, stderr_console
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from djmodel.evaluation.perplexity import Evaluation
    from djmodel.model.model_file import DjModel


def command(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", help="model.keras of a training. [default: ragtime]"),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Music that it was not trained on."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of solos.")] = 32,
    bars: Annotated[int, typer.Option(min=1, help="Length of a solo.")] = 32,
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    greedy: Greedy = False,
    max_copy: MaxCopy = None,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="The page; a .json of the same name beside it.")] = Path(
        "report.html"
    ),
    soundfont: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Instruments for the sound (.sf2).")
    ] = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Compare solos of a MODEL, made over the changes of its training tunes, with these tunes:
    measures of music, copied passages, perplexity on held-out MUSIC, and the solos closest to the
    training music, to listen to.

    Writes a page that needs no other file, and all figures as JSON.
    """
    from djmodel.config import GenerationConfig
    from djmodel.evaluation.report import make_report
    from djmodel.model.model_file import load, pretrained_model
    from seqmodel.files import atomic_write
    from seqmodel.sampling.config import SamplingConfig

    check_output(out, PAGE, soundfont=soundfont)
    config = GenerationConfig(
        bars=bars,
        sampling=SamplingConfig(temperature, top_k, top_p, greedy),
        max_copy=max_copy,
        seed=seed,
    )
    path, console = model or pretrained_model(), stderr_console()
    trained = load(path)
    evaluation = _evaluation(trained, held_out, seed) if held_out else None
    report = make_report(trained, path, config, count, evaluation)
    console.print(f"{pluralize(count, 'solo')} of {pluralize(bars, 'bar')}", soft_wrap=True)
    contents = {out: report.html(soundfont), out.with_suffix(".json"): report.json()}
    for file, text in contents.items():
        with atomic_write(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
    console.print(" and ".join(map(str, contents)), soft_wrap=True)


def _evaluation(model: DjModel, music: list[str], seed: int) -> Evaluation:
    from djmodel.evaluation.perplexity import evaluate
    from djmodel.inputs.reader import read_tunes

    read = read_tunes(music)
    read.require_tunes()
    return evaluate(model, read.tunes, seed)


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

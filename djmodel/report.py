"""`python -m djmodel.report`: a model's solos beside the music they come from, on one page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from djmodel.options import MaxCopy
from djmodel.outputs.suffixes import PAGE
from djmodel.outputs.write import check_output
from seqmodel.cli import Debug, Greedy, Seed, Temperature, TopK, TopP, run, stderr_console
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from djmodel.config import GenerationConfig
    from djmodel.evaluation.comparison import Comparison
    from djmodel.evaluation.copying import Copied
    from djmodel.model.improvise import Solo
    from seqmodel.model_file import ModelFile
    from seqmodel.plots import Picture

HEARD = 3  # solos on the page
_WHOSE = ("within training", "of generated to training")


def command(
    model: Annotated[
        Path | None,
        typer.Argument(metavar="[MODEL]", help="model.keras of a training. [default: ragtime]"),
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Music that it was not trained on."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many solos are measured.")] = 32,
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
    """Measure solos of a MODEL, made over the changes of the tunes that it was trained on, beside
    these tunes: measures of music, copying, perplexity on MUSIC it does not know; and hear the
    solos that are closest to the training.

    Writes a page that needs nothing else, and the numbers as JSON.
    """
    from djmodel.config import GenerationConfig
    from djmodel.evaluation.comparison import compare
    from djmodel.evaluation.copying import CopyDetector
    from djmodel.model.improvise import load, pretrained_model, tunes_of
    from seqmodel.files import atomic_write
    from seqmodel.sampling.config import SamplingConfig

    check_output(out, PAGE, soundfont=soundfont)
    config = GenerationConfig(
        bars=bars,
        sampling=SamplingConfig(temperature, top_k, top_p, greedy),
        max_copy=max_copy,
        seed=seed,
    )
    path = model or pretrained_model()
    learned = load(path)
    console = stderr_console()
    perplexities = _perplexities(learned, held_out, seed) if held_out else {}
    solos = _solos(learned, config, count)
    console.print(f"{pluralize(len(solos), 'solo')} of {pluralize(bars, 'bar')}", soft_wrap=True)
    tunes = tunes_of(learned, accompanied=False)
    comparison = compare(tunes, solos, CopyDetector.of(learned))
    ranked = sorted(range(len(solos)), key=lambda k: _order(comparison.distances[k]))
    numbers = _numbers(learned, path, config, perplexities, comparison, solos, ranked)
    content = json.dumps(_plain(numbers), indent=1, allow_nan=False)
    page = _page(numbers, comparison, [(k, solos[k]) for k in ranked[:HEARD]], soundfont)
    with atomic_write(out) as temporary:
        temporary.write_text(page, encoding="utf-8")
    with atomic_write(out.with_suffix(".json")) as temporary:
        temporary.write_text(content, encoding="utf-8")
    console.print(f"{out} and {out.with_suffix('.json')}", soft_wrap=True)


def _perplexities(model: ModelFile, music: Sequence[str], seed: int) -> dict[str, float]:
    """Of the model and of n-grams of the same training, on music that neither knows."""
    from djmodel.evaluation.perplexity import evaluate
    from djmodel.inputs.reader import read_tunes

    read = read_tunes(music)
    read.require_tunes()
    found = evaluate(model, read.tunes, seed)
    ngrams = {f"n-gram of order {order}": s.perplexity for order, s in found.ngrams.items()}
    return {"model": found.model.perplexity, **ngrams}


def _solos(model: ModelFile, config: GenerationConfig, count: int) -> list[Solo]:
    """Over the tunes of the training in turn, so that meters and chords are as they are there."""
    from dataclasses import replace

    from djmodel.model.generation import generate_solos
    from djmodel.model.provenance import with_provenance

    titles = list(dict.fromkeys(model.settings["tunes"]))[:count]
    solos: list[Solo] = []
    for number, title in enumerate(titles):
        over = replace(config, over=title)
        times = len(range(number, count, len(titles)))
        solos += with_provenance(generate_solos(model, over, times), over, model)
    return solos


def _order(distance: float) -> float:
    return math.inf if math.isnan(distance) else distance


# --- numbers ---------------------------------------------------------------------------------


def _numbers(
    model: ModelFile,
    path: Path,
    config: GenerationConfig,
    perplexities: Mapping[str, float],
    comparison: Comparison,
    solos: Sequence[Solo],
    ranked: Sequence[int],
) -> dict[str, Any]:
    """All that is said, by name."""
    from djmodel.evaluation.comparison import PIECE
    from djmodel.model.provenance import current_versions
    from seqmodel.files import sha256_of_file

    return {
        "model": {
            "file": path.name,
            "sha256": sha256_of_file(path),
            "parameters": model.weights.n_parameters,
            "tunes": model.settings["tunes"],
            "values": sum(map(len, model.extra["sequences"])),
            "sources": model.sources,
        },
        "settings": config.settings,
        "versions": current_versions(),
        "solos": len(solos),
        "bars a piece": PIECE,
        "perplexity": perplexities,
        "measures": {
            name: {
                "training": _spread(measured.training),
                "generated": _spread(measured.generated),
                "overlapping area": measured.overlap,
                "KL divergence": measured.divergence,
            }
            for name, measured in comparison.measures.items()
        },
        "distributions": {
            name: {
                "training": found.training,
                "generated": found.generated,
                "mean distance within training": _spread(found.within)["mean"],
                "mean distance of generated to training": _spread(found.between)["mean"],
                "overlapping area": found.overlap,
                "KL divergence": found.divergence,
            }
            for name, found in comparison.distributions.items()
        },
        "copying": {
            representation: {"generated": _copying(c.generated), "human": _copying(c.human)}
            for representation, c in comparison.copying.items()
        },
        "closest": [
            {
                "solo": k + 1,
                "over": solos[k].tune.title,
                "distance": comparison.distances[k],
                "perplexity for the model": math.exp(-solos[k].log_probability),
                "origin": json.loads(solos[k].provenance),
            }
            for k in ranked
        ],
    }


def _spread(numbers: Any) -> dict[str, Any]:
    import numpy as np

    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return {"pieces": 0, "mean": math.nan, "standard deviation": math.nan}
    return {"pieces": len(known), "mean": known.mean(), "standard deviation": known.std()}


def _copying(found: Sequence[Copied]) -> dict[str, Any] | None:
    """None where there is nothing to compare with."""
    import numpy as np

    from djmodel.evaluation.metrics import mean_array

    if not found:
        return None
    longest = max((copied.longest for copied in found), key=lambda passage: passage.length)
    lengths = [copied.longest.length for copied in found]
    return {
        "pieces": len(found),
        "mean longest": float(np.mean(lengths)),
        "longest": longest._asdict(),
        "overlap by n": mean_array(copied.overlap for copied in found),
    }


def _plain(numbers: Any) -> Any:
    """As JSON has it: no arrays, and null for what is no number or infinite."""
    if isinstance(numbers, dict):
        return {name: _plain(number) for name, number in numbers.items()}
    if hasattr(numbers, "tolist"):
        numbers = numbers.tolist()
    if isinstance(numbers, list | tuple):
        return [_plain(number) for number in numbers]
    if isinstance(numbers, float):
        return round(numbers, 6) if math.isfinite(numbers) else None
    return numbers


# --- page ------------------------------------------------------------------------------------


def _page(
    numbers: Mapping[str, Any],
    comparison: Comparison,
    heard: Sequence[tuple[int, Solo]],
    soundfont: Path | None,
) -> str:
    from djmodel.outputs.page import PageItem, page

    exhibits = [
        PageItem(
            solo.tune,
            f"Solo {number + 1}, over {solo.tune.title}",
            [list(map(str, bar)) for bar in solo.values],
            {
                "distance from the training": f"{comparison.distances[number]:.2f}",
                "perplexity for the model": f"{math.exp(-solo.log_probability):.2f}",
                "longest copy": _in_words(comparison, number),
            },
            solo.provenance,
        )
        for number, solo in heard
    ]
    known = numbers["model"]
    settings = {
        "model": f"{known['file']}, {known['sha256'][:12]}",
        "trained on": f"{pluralize(known['values'], 'value')}: {', '.join(known['tunes'])}",
        **{name.replace("_", "-"): str(value) for name, value in numbers["settings"].items()},
        **numbers["versions"],
    }
    opening = f'<div class="measured">{"".join(_opening(numbers, comparison))}</div>'
    title = f"{pluralize(numbers['solos'], 'solo')} of {known['file']}"
    return page(exhibits, settings, title=title, opening=opening, soundfont=soundfont)


def _in_words(comparison: Comparison, number: int) -> str:
    from djmodel.evaluation.copying import format_longest

    return format_longest({w: c.generated[number] for w, c in comparison.copying.items()})


def _opening(numbers: Mapping[str, Any], comparison: Comparison) -> Iterator[str]:
    """Tables and pictures, as HTML."""
    from djmodel.evaluation import charts as compared

    if numbers["perplexity"]:
        yield "<h2>Held-out music</h2>"
        yield _image(compared.perplexity_chart(numbers["perplexity"]), "perplexities")
    yield (
        f"<h2>Measures</h2><p>Of pieces of {pluralize(numbers['bars a piece'], 'bar')}, of the"
        " training and of the solos: mean ± standard deviation; overlap of the densities (1: the"
        " same); KL divergence of the generated from the training, in nats.</p>"
    )
    yield _table(
        ("", "training", "generated", "overlap", "KL"),
        (
            (name, _mean(row["training"]), _mean(row["generated"]), *_alike(row))
            for name, row in numbers["measures"].items()
        ),
    )
    yield _image(compared.measures_chart(comparison.measures), "measures")
    yield (
        "<h2>Distributions</h2><p>Distance of two pieces: of the training from each other, and of"
        " generated ones from those; overlap and KL divergence of the two kinds of distances.</p>"
    )
    yield _table(
        ("", "within training", "generated to training", "overlap", "KL"),
        (
            (name, *(_number(row[f"mean distance {whose}"]) for whose in _WHOSE), *_alike(row))
            for name, row in numbers["distributions"].items()
        ),
    )
    yield _image(compared.distributions_chart(comparison.distributions), "distributions")
    yield (
        "<h2>Copying</h2><p>The longest run that stands in the training music: of the solos, and,"
        " as what is normal, of tunes of the training against the others, in pieces as long.</p>"
    )
    yield _table(
        ("", "solos: mean", "longest", "", "humans: mean", "longest"),
        (
            _copying_row(representation, found)
            for representation, found in numbers["copying"].items()
        ),
    )
    yield _image(compared.overlap_chart(comparison), "overlap by length")
    yield "<h2>Closest to the training</h2>"


def _copying_row(representation: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    solos, humans = found["generated"], found["human"]
    longest = solos["longest"]
    where = f"{longest['title']}, bar {longest['title_bar']}" if longest["length"] else ""
    row = (representation, _number(solos["mean longest"], 1), str(longest["length"]), where)
    if humans is None:
        return (*row, "one tune only", "")
    return (*row, _number(humans["mean longest"], 1), str(humans["longest"]["length"]))


def _alike(row: Mapping[str, Any]) -> tuple[str, str]:
    return _number(row["overlapping area"]), _number(row["KL divergence"])


def _mean(spread: Mapping[str, Any]) -> str:
    return f"{_number(spread['mean'])} ± {_number(spread['standard deviation'])}"


def _number(number: float, digits: int = 2) -> str:
    if math.isnan(number):
        return "–"
    return "∞" if math.isinf(number) else f"{number:.{digits}f}"


def _table(head: Sequence[str], rows: Any) -> str:
    from html import escape

    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _image(picture: Picture, text: str) -> str:
    from seqmodel.files import data_uri

    address = data_uri(picture.svg().encode("utf-8"), "image/svg+xml")
    return f'<img alt="{text}" src="{address}">'


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

"""A report on a model: its solos beside the music that it was trained on, as a page and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from djmodel.config import GenerationConfig
from djmodel.evaluation.charts import (
    distributions_chart,
    measures_chart,
    overlap_chart,
    perplexity_chart,
)
from djmodel.evaluation.comparison import BARS_PER_PIECE, Comparison, compare
from djmodel.evaluation.copying import Copied, CopyDetector, format_longest
from djmodel.evaluation.perplexity import Evaluation
from djmodel.evaluation.statistics import mean_array
from djmodel.model.improvise import Solo
from djmodel.model.model_file import DjModel
from djmodel.model.provenance import current_versions, with_provenance
from djmodel.model.solos import accompanied, changes_of, check_total, generate_solos
from djmodel.outputs.audio import MAX_MINUTES
from djmodel.outputs.page import PageItem, page
from djmodel.outputs.piano_roll_layout import seconds_of
from seqmodel.files import data_uri, sha256_of_file
from seqmodel.picture import Picture
from seqmodel.settings import SettingError
from seqmodel.text import html_text, pluralize

SOLOS_ON_PAGE = 3


@dataclass(frozen=True)
class Report:
    """Solos of a model and their comparison with the training music. The order of `ranking`,
    indices of solos, is that of their distances from the training music; `facts`, by name, are what
    is known without measuring."""

    solos: list[Solo]
    comparison: Comparison
    ranking: list[int]
    facts: dict[str, Any]

    @cached_property
    def figures(self) -> dict[str, Any]:
        """All figures by name."""
        return {
            **self.facts,
            **_figures(self.comparison),
            "closest": [
                {
                    "solo": number + 1,
                    "over": self.solos[number].tune.title,
                    "distance": self.comparison.distances[number],
                    "perplexity for the model": math.exp(-self.solos[number].log_probability),
                    "provenance": json.loads(self.solos[number].provenance),
                }
                for number in self.ranking
            ],
        }

    def json(self) -> str:
        """All figures, as JSON; null for those that are undefined or infinite."""
        return json.dumps(_json_values(self.figures), indent=1, allow_nan=False)

    def html(self, soundfont: Path | None = None) -> str:
        """A page with tables, charts and the solos closest to the training music, playable, in one
        file. Raises MissingPackageError and FileError as `djmodel.outputs.page.page`."""
        model = self.facts["model"]
        settings = {
            "model": f"{model['file']}, {model['sha256'][:12]}",
            "trained on": f"{pluralize(model['values'], 'value')}: {', '.join(model['tunes'])}",
            **{n.replace("_", "-"): str(value) for n, value in self.facts["settings"].items()},
            **self.facts["versions"],
        }
        return page(
            [self._page_item(number) for number in self.ranking[:SOLOS_ON_PAGE]],
            settings,
            title=f"{pluralize(len(self.solos), 'solo')} of {model['file']}",
            opening=lambda: f'<div class="measured">{"".join(_opening(self))}</div>',
            soundfont=soundfont,
            mono=True,
        )

    def _page_item(self, number: int) -> PageItem:
        solo = self.solos[number]

        def facts() -> dict[str, str]:
            found = self.comparison.copying
            longest = {kind: each.generated[number].longest for kind, each in found.items()}
            return {
                "distance from the training music": f"{self.comparison.distances[number]:.2f}",
                "perplexity for the model": f"{math.exp(-solo.log_probability):.2f}",
                "longest copy": format_longest(longest),
            }

        heading = f"Solo {number + 1}, over {solo.tune.title}"
        values = [list(map(str, bar)) for bar in solo.values]
        return PageItem(solo.tune, heading, values, facts, solo.provenance)


def make_report(
    model: DjModel,
    path: Path,
    config: GenerationConfig,
    count: int,
    held_out: Evaluation | None = None,
) -> Report:
    """A report on `count` solos, made over the tunes of the training in turn. `path` is the model's
    file, `held_out` its evaluation on held-out music. Raises SettingError for more music than
    `check_total` allows, and for solos too long to be rendered."""
    solos = _solos(model, config, count)
    comparison = compare(model.tunes, solos, CopyDetector.of(model))
    distances = [math.inf if math.isnan(d) else d for d in comparison.distances]
    ranking = sorted(range(len(solos)), key=distances.__getitem__)
    measured = held_out.ngrams if held_out else {}
    ngrams = {f"n-gram of order {n}": m.perplexity for n, m in measured.items()}
    facts = {
        "model": {
            "file": path.name,
            "sha256": sha256_of_file(path),
            "parameters": model.weights.n_parameters,
            "tunes": [tune.title for tune in model.tunes],
            "values": model.n_values,
            "sources": dict(model.sources),
        },
        "settings": config.settings,
        "versions": current_versions(),
        "solos": len(solos),
        "bars per piece": BARS_PER_PIECE,
        "perplexity": {"model": held_out.model.perplexity, **ngrams} if held_out else {},
    }
    on_page = ranking[:SOLOS_ON_PAGE]
    heard = [
        replace(solo, tune=accompanied(solo.tune, config)) if number in on_page else solo
        for number, solo in enumerate(solos)
    ]
    return Report(heard, comparison, ranking, facts)


def _solos(model: DjModel, config: GenerationConfig, count: int) -> list[Solo]:
    """Solos over the tunes of the training in turn, so that meters and chords are those of the
    training; without the bands that play for each solo, which are not measured."""
    titles = list(dict.fromkeys(tune.title for tune in model.tunes))[:count]
    turns = {
        replace(config, over=title): len(range(number, count, len(titles)))
        for number, title in enumerate(titles)
    }
    changes = [changes_of(model, over) for over in turns]
    quarters = (n * tune.length for n, tune in zip(turns.values(), changes, strict=True))
    check_total(count, sum(quarters, Fraction(0)))
    minutes = max(map(seconds_of, changes)) / 60
    if minutes > MAX_MINUTES:
        message = f"the sound of a solo would last {minutes:,.0f} minutes, more than {MAX_MINUTES}"
        raise SettingError(message, "bars", hint="take fewer")
    solos: list[Solo] = []
    for (over, times), tune in zip(turns.items(), changes, strict=True):
        alone = generate_solos(model, over, times, changes=tune, with_band=False)
        solos += with_provenance(alone, over, model)
    return solos


# --- figures ---------------------------------------------------------------------------------


def _figures(comparison: Comparison) -> dict[str, Any]:
    return {
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
    }


def _spread(numbers: NDArray[np.float64]) -> dict[str, Any]:
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return {"pieces": 0, "mean": math.nan, "standard deviation": math.nan}
    return {"pieces": len(known), "mean": known.mean(), "standard deviation": known.std()}


def _copying(found: Sequence[Copied]) -> dict[str, Any] | None:
    if not found:
        return None
    longest = max((copied.longest for copied in found), key=lambda passage: passage.length)
    return {
        "pieces": len(found),
        "mean longest": float(np.mean([copied.longest.length for copied in found])),
        "longest": longest._asdict(),
        "overlap by n": mean_array(copied.overlap for copied in found),
    }


def _json_values(figures: Any) -> Any:
    """Arrays as lists, numbers rounded to six decimals, null for nan and infinity."""
    if isinstance(figures, dict):
        return {name: _json_values(figure) for name, figure in figures.items()}
    if isinstance(figures, np.ndarray | np.generic):
        figures = figures.tolist()
    if isinstance(figures, list | tuple):
        return [_json_values(figure) for figure in figures]
    if isinstance(figures, float):
        return round(figures, 6) if math.isfinite(figures) else None
    return figures


# --- tables and charts -----------------------------------------------------------------------


def _opening(report: Report) -> Iterator[str]:
    figures, comparison = report.figures, report.comparison
    if figures["perplexity"]:
        yield "<h2>Held-out music</h2>"
        yield _image(perplexity_chart(figures["perplexity"]), "perplexities")
    yield (
        f"<h2>Measures</h2><p>Of pieces of {pluralize(BARS_PER_PIECE, 'bar')} of the training music"
        " and of the solos: mean ± standard deviation; overlap of the two densities (1: the same);"
        " KL divergence of the generated pieces from the training music, in nats.</p>"
    )
    yield _table(
        ("", "training", "generated", "overlap", "KL"),
        (
            (name, _mean(row["training"]), _mean(row["generated"]), *_similarity(row))
            for name, row in figures["measures"].items()
        ),
    )
    yield _image(measures_chart(comparison.measures), "measures")
    yield (
        "<h2>Distributions</h2><p>Distances between pieces of the training music, and from"
        " generated pieces to those; overlap and KL divergence of the two kinds of distances.</p>"
    )
    distances = ("mean distance within training", "mean distance of generated to training")
    yield _table(
        ("", "within training", "generated to training", "overlap", "KL"),
        (
            (name, *(_number(row[distance]) for distance in distances), *_similarity(row))
            for name, row in figures["distributions"].items()
        ),
    )
    yield _image(distributions_chart(comparison.distributions), "distributions")
    yield (
        "<h2>Copying</h2><p>The longest passage that occurs in the training music, of each solo;"
        " and, for comparison, of pieces of training tunes in the other tunes.</p>"
    )
    yield _table(
        ("", "solos: mean", "longest", "", "humans: mean", "longest"),
        (_copying_row(name, found) for name, found in figures["copying"].items()),
    )
    yield _image(overlap_chart(comparison), "overlap by length")
    yield "<h2>Closest to the training music</h2>"


def _copying_row(representation: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    solos, humans = found["generated"], found["human"]
    longest = solos["longest"]
    source = f"{longest['title']}, bar {longest['title_bar']}" if longest["length"] else ""
    row = (representation, _number(solos["mean longest"], 1), str(longest["length"]), source)
    if humans is None:
        return (*row, "one tune only", "")
    return (*row, _number(humans["mean longest"], 1), str(humans["longest"]["length"]))


def _similarity(row: Mapping[str, Any]) -> tuple[str, str]:
    return _number(row["overlapping area"]), _number(row["KL divergence"])


def _mean(spread: Mapping[str, Any]) -> str:
    return f"{_number(spread['mean'])} ± {_number(spread['standard deviation'])}"


def _number(number: float, digits: int = 2) -> str:
    if math.isnan(number):
        return "–"
    return "∞" if math.isinf(number) else f"{number:.{digits}f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def row(cells: Sequence[str], tag: str) -> str:
        return f"<tr>{''.join(f'<{tag}>{html_text(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{row(head, 'th')}{''.join(row(cells, 'td') for cells in rows)}</table>"


def _image(picture: Picture, description: str) -> str:
    address = data_uri(picture.svg().encode("utf-8"), "image/svg+xml")
    return f'<img alt="{description}" src="{address}">'

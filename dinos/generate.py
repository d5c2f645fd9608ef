"""`python -m dinos.generate`: a trained model invents names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dinos.names import MAX_LENGTH
from seqmodel.cli import Debug, Greedy, Seed, Temperature, TopK, TopP, run, stderr_console
from seqmodel.text import pluralize

if TYPE_CHECKING:
    from dinos.copying import TrainingNames
    from dinos.generation import GeneratedName
    from dinos.training import DinosModel


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model.keras of a training.")],
    count: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many names.")] = 10,
    start: Annotated[
        str, typer.Option(metavar="LETTERS", help="Begin every name with these.")
    ] = "",
    temperature: Temperature = 1.0,
    top_k: TopK = None,
    top_p: TopP = None,
    greedy: Greedy = False,
    max_length: Annotated[
        int, typer.Option(min=1, max=10_000, help="Characters; a longer name is cut.")
    ] = MAX_LENGTH,
    new: Annotated[
        bool, typer.Option("--new", help="Only names that are not in the list, each once.")
    ] = False,
    max_copy: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="No more than N letters in a row as in the list."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object a line: probabilities, closest name.")
    ] = False,
    seed: Seed = 0,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Invent names with a trained MODEL: one a line on stdout, remarks on stderr."""
    from dinos.copying import TrainingNames
    from dinos.generation import generate, load, spelled
    from seqmodel.errors import SamplingError
    from seqmodel.sampling.config import SamplingConfig

    sampling = SamplingConfig(temperature, top_k, top_p, greedy)
    learned = load(model)
    inventions = generate(
        learned,
        count=count,
        seed=seed,
        sampling=sampling,
        start=start,
        max_length=max_length,
        new=new,
        max_copy=max_copy,
    )
    if not inventions:
        raise SamplingError(
            "a model that says something new",
            "only names of its list in all that was drawn",
            hint="raise --temperature, or leave out --new",
        )
    console = stderr_console()
    list_of_names = TrainingNames(learned)
    for invention in inventions:
        name = spelled(invention, learned)
        print(
            json.dumps(_facts(invention, learned, list_of_names), ensure_ascii=False)
            if as_json
            else name
        )
        if resume_note := _remark(invention, max_length):
            sys.stdout.flush()
            console.print(f"{name}: {resume_note}", markup=False, soft_wrap=True)
    if len(inventions) < count:
        console.print(
            f"only {len(inventions)} of {pluralize(count, 'new name')} came up;"
            " raise --temperature for more"
        )
    sys.stdout.flush()
    shared = list_of_names.summary(invention.name for invention in inventions)
    console.print(shared, markup=False, soft_wrap=True)


def _remark(invention: GeneratedName, max_length: int) -> str:
    remarks = []
    if invention.learned:
        remarks.append("in the training list")
    if invention.held_out:
        remarks.append("in the list, held out from training")
    if invention.cut:
        remarks.append(f"cut after {pluralize(max_length, 'character')}")
    return ", ".join(remarks)


def _facts(
    invention: GeneratedName, model: DinosModel, list_of_names: TrainingNames
) -> dict[str, object]:
    from dinos.generation import closest, spelled

    values = invention.log_probabilities
    shared = list_of_names.shared(invention.name)
    name, distance = closest(invention.name, model.content.training)
    return {
        "name": spelled(invention, model),
        "log_probability_per_character": round(sum(values) / len(values), 4),
        "log_probabilities": [round(value, 4) for value in values],
        "new": invention.new,
        "held_out": invention.held_out,
        "cut": invention.cut,
        "closest": name,
        "distance": distance,
        "longest_copy": shared.letters,
        "longest_copy_from": shared.source,
    }


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

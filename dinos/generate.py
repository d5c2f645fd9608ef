"""`dinos generate`: generates names with a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dinos.names import MAX_LENGTH
from seqmodel.command_line.runner import new_seed, print_line, run, stderr_console
from seqmodel.sampling.config import SamplingConfig
from seqmodel.settings import Setting, SettingError
from seqmodel.text import json_line, pluralize

if TYPE_CHECKING:
    from dinos.copying import TrainingNames
    from dinos.generation import GeneratedName
    from dinos.training import DinosModel


def command(
    path: Annotated[
        Path | None,
        Setting(
            "Trained model: its file or the folder of the training.",
            metavar="MODEL",
            default="the bundled model of dinosaurs",
            positional=True,
        ),
    ] = None,
    count: Annotated[
        int, Setting("Number of names.", "Names", minimum=1, maximum=1_000_000, metavar="N")
    ] = 10,
    start: Annotated[
        str, Setting("Begin every name with these letters.", "Names", metavar="LETTERS")
    ] = "",
    max_length: Annotated[
        int,
        Setting(
            "Cut names to at most N characters.", "Names", minimum=1, maximum=10_000, metavar="N"
        ),
    ] = MAX_LENGTH,
    new: Annotated[
        bool, Setting("Generate only names that are not in the training list, each once.", "Names")
    ] = False,
    as_json: Annotated[
        bool,
        Setting(
            "Print each name as a JSON object, with its log probabilities and the closest name "
            "of the training list.",
            "Names",
            option="json",
        ),
    ] = False,
    sampling: SamplingConfig = SamplingConfig(),
    max_copy: Annotated[
        int | None,
        Setting(
            "Copy at most N letters in a row from the training list.",
            "Sampling",
            minimum=1,
            metavar="N",
            default="no limit",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        Setting(
            "Seed of the random numbers; the same seed gives the same names.",
            "Sampling",
            minimum=0,
            metavar="N",
            default="a new one each time, which is printed",
        ),
    ] = None,
) -> None:
    """Generate names with a trained MODEL, one per line on stdout; notes go to stderr.

    Examples:
        dinos generate --count 5 --start tyr --new
        dinos generate runs/mine/model.keras --temperature 0.8 --json
    """
    from dinos.copying import TrainingNames
    from dinos.generation import generate, load, pretrained_model, spelled

    model = load(path or pretrained_model())
    seed_given = seed is not None
    seed = new_seed() if seed is None else seed
    generated = generate(
        model,
        count=count,
        seed=seed,
        sampling=sampling,
        start=start,
        max_length=max_length,
        new=new,
        max_copy=max_copy,
    )
    if not generated:
        raise SettingError(
            "the model generates only names of its training list",
            "temperature",
            "new",
            hint="raise the temperature or allow known names",
        )
    console = stderr_console()
    training_names = TrainingNames(model)
    for result in generated:
        name = spelled(result, model)
        facts = _facts(result, model, training_names) if as_json else None
        print_line(json_line(facts) if facts else name)
        if note := _note(result, max_length):
            sys.stdout.flush()
            console.print(f"{name}: {note}", soft_wrap=True)
    if len(generated) < count:
        found = f"found only {len(generated)} of {pluralize(count, 'new name')}"
        console.print(f"{found}; raise --temperature for more")
    sys.stdout.flush()
    shared = training_names.summary(result.name for result in generated)
    if not seed_given:
        shared += f"; --seed {seed} makes the same again"
    console.print(shared, soft_wrap=True)


def _note(result: GeneratedName, max_length: int) -> str:
    notes = []
    if result.in_training:
        notes.append("in the training list")
    if result.held_out:
        notes.append("in the list, held out from training")
    if result.cut:
        notes.append(f"cut after {pluralize(max_length, 'character')}")
    return ", ".join(notes)


def _facts(
    result: GeneratedName, model: DinosModel, training_names: TrainingNames
) -> dict[str, object]:
    from dinos.generation import closest, spelled

    values = result.log_probabilities
    shared = training_names.shared(result.name)
    name, distance = closest(result.name, model.content.training)
    return {
        "name": spelled(result, model),
        "log_probability_per_character": round(sum(values) / len(values), 4),
        "log_probabilities": [round(value, 4) for value in values],
        "new": result.new,
        "held_out": result.held_out,
        "cut": result.cut,
        "closest": name,
        "distance": distance,
        "longest_copy": shared.letters,
        "longest_copy_from": shared.source,
    }


COMMANDS = (command,)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

"""`python -m djmodel.regenerate`: makes a solo again, and says whether it is the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from djmodel.outputs.suffixes import MIDI
from seqmodel.cli import Debug, run, stderr_console
from seqmodel.files import check_suffix

if TYPE_CHECKING:
    from djmodel.model.provenance import Provenance

SAME, DIFFERENT = 0, 1  # exit statuses


def command(
    solo: Annotated[
        Path, typer.Argument(metavar="SOLO", help="A MIDI file of `python -m djmodel.generate`.")
    ],
    model: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MODEL]", help="The model.keras that it was made with. [default: ragtime]"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write what is made here, too (.mid).")] = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Make a SOLO again from what its MIDI file says: model, seed, settings. Ends with status 0 if
    it is the same to the last byte, else with 1."""
    from djmodel.model.model_file import load, pretrained_model
    from djmodel.model.provenance import read_provenance, regenerate
    from djmodel.outputs.midi import midi_bytes
    from seqmodel.files import atomic_write, check_no_overwrite

    model = model or pretrained_model()
    if out:
        check_suffix(out, MIDI)
        check_no_overwrite([out], [solo, model])
    provenance, text = read_provenance(solo)
    path = model or pretrained_model()
    learned = load(path)
    made = regenerate(provenance, learned, path)
    content = midi_bytes(made.tune, text)
    if out:
        with atomic_write(out) as temporary:
            temporary.write_bytes(content)
    there = solo.read_bytes()
    console = stderr_console()
    settings = ", ".join(f"{name} {value}" for name, value in provenance.config.settings.items())
    console.print(f"solo {provenance.solo}: {settings}", markup=False, soft_wrap=True)
    if changed := _changed_versions(provenance):
        console.print(f"made with other versions: {changed}", markup=False, soft_wrap=True)
    if content == there:
        print(f"{solo}: the same {len(there):,} bytes")
        sys.exit(SAME)
    first = next(
        (i for i, pair in enumerate(zip(content, there, strict=False)) if pair[0] != pair[1]),
        min(len(content), len(there)),
    )
    print(f"{solo}: not the same, from byte {first + 1:,} of {len(there):,} on")
    sys.exit(DIFFERENT)


def _changed_versions(provenance: Provenance) -> str:
    from djmodel.model.provenance import current_versions

    today = current_versions()
    return ", ".join(
        f"{name} {version} (today {today.get(name, 'none')})"
        for name, version in provenance.versions.items()
        if today.get(name) != version
    )


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

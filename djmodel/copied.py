"""`python -m djmodel.copied`: what a solo, or any tune, has in common with the training music."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from djmodel.options import ChordPart, MelodyPart
from seqmodel.cli import Debug, run, stderr_console

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from djmodel.evaluation.copying import Copied, Passage
    from djmodel.model.improvise import Solo
    from djmodel.music.tune import Tune

SHOWN = (2, 4, 8)  # lengths whose overlap is in the table; the JSON has all


def command(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model.keras of a training.")],
    music: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MUSIC]...", help="Solos or tunes; none: what is normal alone."),
    ] = None,
    melody_part: MelodyPart = None,
    chord_part: ChordPart = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object a tune on stdout, and no table.")
    ] = False,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Find the longest passages of MUSIC that stand in the tunes that MODEL was trained on: by its
    values, by its melody in any key (intervals and rhythm), by its intervals alone in any rhythm.

    A solo that MODEL made has the values that it chose, other music those that are heard in it. The
    last rows say what is normal: each tune of the training against the others.
    """
    from rich.console import Console

    from djmodel.evaluation.copying import REPRESENTATIONS, CopyDetector, human_baseline
    from djmodel.inputs.reader import read_tunes
    from djmodel.model.improvise import load
    from djmodel.model.provenance import solo_in

    learned = load(model)
    detector = CopyDetector.of(learned)
    melodies: list[tuple[str, Tune | Solo]] = []
    if music:
        read = read_tunes(music, melody_part=melody_part, chord_part=chord_part)
        for verdict in read.results:
            if verdict.tune is None:
                stderr_console().print(f"{verdict.name} {verdict}", markup=False, soft_wrap=True)
            else:
                # Parts that are asked for are to be heard, whatever the model thought.
                solo = None if melody_part or chord_part else solo_in(verdict.path, learned)
                melodies.append((verdict.tune.title, solo or verdict.tune))
        read.require_tunes()
    found = [
        (title, {w: detector.copied(it, w) for w in REPRESENTATIONS}) for title, it in melodies
    ]
    if as_json:
        for title, ways in found:
            print(json.dumps({"title": title, **{w: _facts(c) for w, c in ways.items()}}))
        return
    console = Console(highlight=False)
    for title, ways in found:
        rows = [
            (representation, copied.longest, [copied]) for representation, copied in ways.items()
        ]
        console.print(_table(title, rows))
    normal = {
        representation: human_baseline(detector, representation)
        for representation in REPRESENTATIONS
    }
    if all(normal.values()):
        rows = [
            (representation, max(c.longest for c in alike), alike)
            for representation, alike in normal.items()
        ]
        console.print(_table("What is normal: each tune of the training against the others", rows))
    print("longest: so many values or notes; n: share of all runs of n that are known")


def _table(title: str, rows: Sequence[tuple[str, Passage, Sequence[Copied]]]) -> RichTable:
    """A row for each way to read a melody: the longest passage, and the overlap."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from djmodel.evaluation.copying import format_overlap

    table = Table(title=escape(title), title_justify="left", box=box.SIMPLE)
    for head in ("by", "longest", "bar"):
        table.add_column(head, no_wrap=True)
    table.add_column("as in", overflow="fold")
    for n in SHOWN:
        table.add_column(f"n={n}", no_wrap=True)
    for representation, longest, found in rows:
        where = f"{longest.title}, bar {longest.title_bar}" if longest.length else "nothing"
        bar = str(longest.bar or "")
        table.add_row(
            representation, str(longest.length), bar, escape(where), *format_overlap(found, SHOWN)
        )
    return table


def _facts(copied: Copied) -> dict[str, Any]:
    overlap = [None if math.isnan(share) else round(share, 6) for share in copied.overlap.tolist()]
    return {**copied.longest._asdict(), "overlap": overlap}


def main() -> None:
    run(command)


if __name__ == "__main__":
    main()

"""`python -m djmodel.corpus build|info|check`: many files of music as one data set on disk."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqmodel.cli import Debug, Progress, python, run, stderr_console, summary_table

if TYPE_CHECKING:
    from djmodel.values.corpus import Summary

FREQUENT, REASONS = 5, 10  # how many `info` shows

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="What `build` made.")]


def build(
    music: Annotated[
        list[str], typer.Argument(metavar="MUSIC...", help="Files, folders or patterns.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the corpus.")],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Processes of this machine. [default: one a processor]"),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Dask scheduler that does the work, such as tcp://host:8786; "
            "its workers see the same files.",
        ),
    ] = None,
    debug: Debug = False,  # noqa: ARG001 - read where errors are shown
) -> None:
    """Read MUSIC into a corpus that `python -m djmodel.train --corpus DIR` learns from.

    Started again, it reads only files that are new, have changed, or were not reached.
    """
    from djmodel.inputs.cache import reader_versions
    from djmodel.values import corpus as dataset
    from seqmodel.errors import InputError
    from seqmodel.parallel.pool import PoolConfig

    if jobs is not None and cluster is not None:
        raise InputError("--jobs or --cluster", "both", hint="leave one out")
    console = stderr_console()
    with Progress(console, "reading", "file", every=1000) as show:
        done = itertools.count(1)

        def report(name: str, verdict: str, files: int) -> None:
            show(next(done), files)
            if verdict.startswith("skipped"):
                console.print(f"{name}: {verdict}", soft_wrap=True, markup=False)

        workers = PoolConfig(jobs, cluster, reader_versions)
        made = dataset.build(music, out, workers, report)
    console.print(summary_table("Corpus", {**_counts(made), "on disk": _megabytes(out)}))
    console.print(
        f"train: {python()} -m djmodel.train --corpus {out}", soft_wrap=True, markup=False
    )


def info(folder: Folder, debug: Debug = False) -> None:  # noqa: ARG001
    """Say how much is in a corpus, and what it has the most of."""
    from rich.console import Console

    from djmodel.inputs.cache import reader_version
    from djmodel.values.corpus import Corpus

    data = Corpus(folder)
    console = Console(highlight=False)
    lengths = data.lengths[data.lengths > 0]
    frequent = data.counts.argsort(kind="stable")[::-1][:FREQUENT]
    total = data.counts.sum()
    rows = {
        **_counts(data.summary),
        "values a tune": f"{lengths.min():,} to {lengths.max():,}, on average {lengths.mean():.0f}",
        "most frequent": ", ".join(
            f"{data.values[value]} {data.counts[value] / total:.1%}" for value in frequent
        ),
        "on disk": _megabytes(folder),
    }
    if data.reader != reader_version():
        rows["note"] = "read by another version of djmodel; `build` brings it up to date"
    console.print(summary_table(str(folder), rows))
    reasons = Counter(v for v in data.column("verdict") if v.startswith("skipped"))
    for reason, files in reasons.most_common(REASONS):
        console.print(f"{files:,} {reason}", soft_wrap=True, markup=False)


def check(folder: Folder, debug: Debug = False) -> None:  # noqa: ARG001
    """Go through a whole corpus for damage, and through its files for changes since.

    Exit status 1: some file has changed or is missing.
    """
    from rich.console import Console

    from djmodel.values import corpus as dataset

    console = Console(highlight=False)
    found = dataset.check(folder)
    console.print(f"{folder}: whole and undamaged", soft_wrap=True, markup=False)
    for what, files in (("changed since", found.changed), ("missing", found.missing)):
        for file in files:
            console.print(f"{file}: {what}", soft_wrap=True, markup=False)
    if found.changed or found.missing:
        raise typer.Exit(1)


def _counts(made: Summary) -> dict[str, str]:
    return {
        "files": f"{made.files:,}",
        "tunes": f"{made.tunes:,}",
        "skipped": f"{made.skipped:,}",
        "values": f"{made.values:,}, {made.distinct:,} distinct",
    }


def _megabytes(folder: Path) -> str:
    from djmodel.values.corpus import FILE

    return f"{(folder / FILE).stat().st_size / 2**20:.1f} MB"


def main() -> None:
    run(build, info, check)


if __name__ == "__main__":
    main()

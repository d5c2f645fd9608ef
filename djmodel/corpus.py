"""`djmodel corpus build|info`: stores many music files as one corpus on disk."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.filesize import decimal

from djmodel.inputs.wjazzd.solo_filter import SoloFilter
from seqmodel.command_line.runner import (
    Progress,
    print_files,
    run,
    stderr_console,
    stdout_console,
    summary_table,
)
from seqmodel.parallel.pool import PoolConfig
from seqmodel.settings import Setting

if TYPE_CHECKING:
    from djmodel.values.corpus_file import Summary

MAX_VALUES, MAX_REASONS = 5, 10  # lines shown by `info`

Folder = Annotated[Path, Setting("Folder of a corpus.", metavar="DIR", positional=True)]


def build(
    music: Annotated[
        list[str], Setting("Music files, folders or patterns.", metavar="MUSIC", positional=True)
    ],
    out: Annotated[Path, Setting("Folder for the corpus.", "Output", metavar="DIR")] = Path(
        "runs/corpus"
    ),
    solos: SoloFilter = SoloFilter(),
    pool: PoolConfig = PoolConfig(),
) -> None:
    """Read MUSIC into a corpus for `djmodel train --corpus DIR`.

    A second run reads only files that are new, have changed, or were left out when the first run
    was interrupted.

    Examples:
        djmodel corpus build ~/midi --out corpus
        djmodel corpus build ~/midi --out corpus --cluster tcp://host:8786
        djmodel train --corpus corpus
    """
    from djmodel.inputs.cache import reader_versions
    from djmodel.inputs.score_to_tune import GENERATED
    from djmodel.values.corpus_file import build as build_corpus

    console = stderr_console()
    with Progress(console, "reading", "file", every=1000) as show:
        done = itertools.count(1)

        def report(name: str, result: str, files: int) -> None:
            show(next(done), files)
            if result.startswith("skipped") or GENERATED in result:
                console.print(f"{name}: {result}", soft_wrap=True)

        workers = replace(pool, versions=reader_versions)
        summary = build_corpus(music, out, workers, report, solos)
    console.print(summary_table("Corpus", {**_counts(summary), "on disk": _size(out)}))
    print_files([out])
    console.print(f"train: djmodel train --corpus {out}", soft_wrap=True)


def info(folder: Folder) -> None:
    """Show the size of a corpus, its most frequent values and the reasons for skipped files.

    Examples:
        djmodel corpus info corpus
    """
    from djmodel.inputs.cache import reader_version
    from djmodel.values.corpus_file import Corpus

    corpus = Corpus(folder)
    console = stdout_console()
    lengths = corpus.lengths[corpus.lengths > 0]
    frequent = corpus.counts.argsort(kind="stable")[::-1][:MAX_VALUES]
    total = corpus.counts.sum()
    rows = {
        **_counts(corpus.summary),
        "values per tune": f"{lengths.min():,} to {lengths.max():,}, mean {lengths.mean():.0f}",
        "most frequent": ", ".join(
            f"{corpus.values[value]} {corpus.counts[value] / total:.1%}" for value in frequent
        ),
        "on disk": _size(folder),
    }
    if corpus.summary.reader != reader_version():
        rows["note"] = "read by another version of djmodel; `build` brings it up to date"
    console.print(summary_table(str(folder), rows))
    reasons = Counter(text for text in corpus.column("result") if text.startswith("skipped"))
    for reason, files in reasons.most_common(MAX_REASONS):
        console.print(f"{files:,} {reason}", soft_wrap=True)


def _counts(summary: Summary) -> dict[str, str]:
    return {
        "files": f"{summary.files:,}",
        "tunes": f"{summary.tunes:,}",
        "skipped": f"{summary.skipped:,}",
        "values": f"{summary.n_values:,}, {len(summary.counts):,} distinct",
    }


def _size(folder: Path) -> str:
    from djmodel.values.corpus_file import FILE

    return decimal((folder / FILE).stat().st_size)


COMMANDS = (build, info)


def main() -> None:
    run(*COMMANDS)


if __name__ == "__main__":
    main()

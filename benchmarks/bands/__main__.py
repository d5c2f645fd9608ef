"""How well melody and chords are found in band files of which both are known.

    python -m benchmarks.bands [--half tuning|report] [--songs N] [--kind NAME]

Prints a table with a row for each kind of file.
"""

from __future__ import annotations

import argparse
from random import Random

from benchmarks.bands.arrangements import KINDS, arrange
from benchmarks.bands.measures import Counts, measure
from benchmarks.bands.songs import folk_songs, jazz_songs
from seqmodel.command_line.runner import stderr_console

HALVES = ("tuning", "report")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--songs", type=int, default=32, help="of each kind, in each half")
    parser.add_argument("--kind", choices=list(KINDS))
    parser.add_argument("--wrong", action="store_true", help="name the files that are wrong")
    options = parser.parse_args()
    half = HALVES.index(options.half)
    songs = {
        "jazz": jazz_songs(options.songs, half),
        "folk": folk_songs(options.songs, half),
        "folk in four": folk_songs(options.songs, half, ["4/4"], seed=1),
    }
    rows = {}
    for number, (kind, (source, _)) in enumerate(KINDS.items()):
        if options.kind not in {None, kind}:
            continue
        total = Counts()
        for n, song in enumerate(songs[source]):
            arrangement = arrange(kind, song, Random(f"{half} {number} {n}"))
            total += (counts := measure(arrangement))
            if options.wrong and not counts.files_right:
                print(f"{kind} {n}: {song.title} {counts.bars_right}/{counts.bars}")
        rows[kind] = total
    print_table(rows, options.half)


def print_table(rows: dict[str, Counts], half: str) -> None:
    from rich import box
    from rich.table import Table

    table = Table(title=f"Right, in per cent, of the half for {half}", box=box.SIMPLE)
    table.add_column("kind")
    for heading in ("files", "melody: files", "bars", "roots", "qualities", "basses"):
        table.add_column(heading, justify="right")
    for kind, n in [*rows.items(), ("all", sum(rows.values(), Counts()))]:
        shares = (
            n.files_right / n.files,
            n.bars_right / n.bars,
            n.roots / n.times,
            n.qualities / n.times,
            n.basses / n.times,
        )
        table.add_row(kind, str(n.files), *(f"{100 * share:.1f}" for share in shares))
    stderr_console().print(table)


if __name__ == "__main__":
    main()

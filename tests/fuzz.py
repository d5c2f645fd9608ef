"""`make fuzz`: reads many mutated music files and counts the outcomes.

A file that gives neither a tune nor an InputError, or that takes too long, is kept together with a
text file that has the traceback, and the exit status is 1. The same seed makes the same files.
"""

from __future__ import annotations

import faulthandler
import random
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from helpers import broken_files as bf

from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune, transcribe
from djmodel.inputs.sheet_music import corpus_file
from djmodel.outputs.midi import midi_bytes
from djmodel.values import grammar
from seqmodel.command_line.runner import run, stderr_console
from seqmodel.errors import InputError

MAX_SECONDS = 120  # after which the run is stopped
BARS = 16  # length of the excerpts
LEAD_SHEETS = ("leadSheet/fosterBrownHair", "leadSheet/berlinAlexandersRagtime")


def originals() -> list[tuple[str, bytes]]:
    """Suffixes and contents of the MIDI files to mutate: rags, their first bars, unusual files."""
    files = [(".mid", path.read_bytes()) for path in rags()[:2]]
    for path in rags():
        files += [(".mid", midi_bytes(read_tune(path).excerpt(1, BARS)))] * 8
    return files + [(".mid", content) for content in bf.TUNES.values() if len(content) < 10_000]


def sheets() -> list[tuple[str, bytes]]:
    """Suffixes and contents of the sheet music to mutate."""
    files = [(suffix, text.encode()) for suffix, text in bf.SHEETS.items()] * 3
    files += [(Path(name).suffix, text.encode()) for name, text in bf.ODD_SHEETS.items()]
    return files + [(path.suffix, path.read_bytes()) for path in map(corpus_file, LEAD_SHEETS)]


def outcome(path: Path) -> str:
    """The outcome of reading a file: "a tune", or the error without names and numbers."""
    try:
        tune = transcribe(path).tune
        grammar.encode(tune)
        midi_bytes(tune)
    except InputError as error:
        words = error.message.split("(")[0].split()
        return " ".join(word for word in words if not any(map(str.isdigit, word)))[:60]
    return "a tune"


def command(
    files: Annotated[int, typer.Option(min=1, help="Number of MIDI files.")] = 20_000,
    sheet_files: Annotated[
        int, typer.Option(min=0, help="Number of files of sheet music.")
    ] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the mutations.")] = 0,
    slow: Annotated[float, typer.Option(help="Keep files that take more seconds to read.")] = 60.0,
    out: Annotated[Path, typer.Option(help="Folder for the files that are kept.")] = Path(
        "runs/fuzz"
    ),
) -> None:
    """Read mutated music files and count the outcomes."""
    out.mkdir(parents=True, exist_ok=True)
    outcomes: Counter[str] = Counter()
    kept, slowest, began = 0, 0.0, time.monotonic()
    midi, sheet_music = originals(), sheets()
    for number in range(files + sheet_files):
        choices = midi if number < files else sheet_music
        rng = random.Random(seed << 32 | number)
        suffix, content = rng.choice(choices)
        path = out / f"{seed}-{number}{suffix}"
        whole = number >= files or rng.random() < 0.5
        path.write_bytes((bf.damaged if whole else bf.damaged_events)(content, rng))
        faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)  # a file that hangs is kept
        start, failure = time.monotonic(), ""
        try:
            outcomes[outcome(path)] += 1
        except Exception:
            failure = traceback.format_exc()
        took = time.monotonic() - start
        slowest = max(slowest, took)
        if took > slow:
            failure += f"took {took:.1f} seconds\n"
        if failure:
            kept += 1
            path.with_suffix(".txt").write_text(failure)
        else:
            path.unlink()
    faulthandler.cancel_dump_traceback_later()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    console = stderr_console()
    for name, count in outcomes.most_common():
        console.print(f"{count:7}  {name}", soft_wrap=True)
    console.print(
        f"{files + sheet_files} files in {time.monotonic() - began:.0f} s, the slowest in "
        f"{slowest:.1f} s; peak memory {memory} MB; {kept} files kept in {out}/",
        soft_wrap=True,
    )
    sys.exit(1 if kept else 0)


if __name__ == "__main__":
    run(command)

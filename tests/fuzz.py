"""`make fuzz`: reads many mutated music files, one after the other, and counts the outcomes.

A file that gives neither a tune nor an InputError, or that takes too long, is kept beside a text
with the traceback, and the run ends with status 1. The same seed makes the same files.
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
from seqmodel.cli import run, stderr_console
from seqmodel.errors import InputError

HANG = 120  # seconds
BARS = 16
LEAD_SHEETS = ("leadSheet/fosterBrownHair", "leadSheet/berlinAlexandersRagtime")


def originals() -> list[tuple[str, bytes]]:
    """Suffixes and contents of the files to mutate: rags, their first bars, odd files."""
    found = [(".mid", path.read_bytes()) for path in rags()[:2]]
    for path in rags():
        found += [(".mid", midi_bytes(read_tune(path).excerpt(1, BARS)))] * 8
    return found + [(".mid", content) for content in bf.TUNES.values() if len(content) < 10_000]


def sheets() -> list[tuple[str, bytes]]:
    """The same for sheet music."""
    found = [(ending, text.encode()) for ending, text in bf.SHEETS.items()] * 3
    found += [(Path(name).suffix, text.encode()) for name, text in bf.ODD_SHEETS.items()]
    return found + [(path.suffix, path.read_bytes()) for path in map(corpus_file, LEAD_SHEETS)]


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
    files: Annotated[int, typer.Option(min=1, help="MIDI files.")] = 20_000,
    sheet_files: Annotated[int, typer.Option(min=0, help="Files of sheet music.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    slow: Annotated[float, typer.Option(help="Seconds from which a file is kept.")] = 60.0,
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
        choose = random.Random(seed << 32 | number)
        ending, content = choose.choice(choices)
        path = out / f"{seed}-{number}{ending}"
        whole = number >= files or choose.random() < 0.5
        path.write_bytes((bf.damaged if whole else bf.damaged_events)(content, choose))
        faulthandler.dump_traceback_later(HANG, exit=True)  # the file that hangs stays
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
    for what, count in outcomes.most_common():
        console.print(f"{count:7}  {what}", soft_wrap=True, markup=False)
    console.print(
        f"{files + sheet_files} files in {time.monotonic() - began:.0f} s, the slowest in "
        f"{slowest:.1f} s, at most {memory} MB; {kept} kept in {out}/",
        soft_wrap=True,
    )
    sys.exit(1 if kept else 0)


if __name__ == "__main__":
    run(command)

"""`make fuzz`: mutated files for every reader, parser and writer, each target for some time.

A case that gives anything but a result or an InputError, or that takes too long or too much memory,
is a failure: the shortest content found that still fails is kept, with its traceback, and the exit
status is 1. The same seed makes the same cases.
"""

from __future__ import annotations

import faulthandler
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Annotated, NamedTuple

from fuzzing.mutations import shrunk
from fuzzing.targets import TARGETS, Target

from seqmodel.command_line.runner import run, stderr_console
from seqmodel.errors import InputError
from seqmodel.settings import Setting, SettingError

READ, REFUSED, SLOW = "read", "refused", "too slow"
MAX_SECONDS = 60.0  # of processor, for a case
MAX_MEGABYTES = 1_500
HANG_SECONDS = 300  # after which the run is stopped; the case is kept


class Outcome(NamedTuple):
    """`kind` is READ, REFUSED, SLOW or the type of an internal fault, whose traceback is `text`."""

    kind: str
    text: str = ""

    @property
    def failed(self) -> bool:
        return self.kind not in (READ, REFUSED)


def outcome(target: Target, content: bytes) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        try:
            target.run(content, Path(folder))
            found = Outcome(READ)
        except InputError:
            found = Outcome(REFUSED)
        except Exception as error:
            return Outcome(type(error).__name__, traceback.format_exc())
        took = time.process_time() - began
    return Outcome(SLOW, f"took {took:.0f} seconds\n") if took > MAX_SECONDS else found


def minimal(target: Target, content: bytes, kind: str) -> bytes:
    """The shortest content found that fails in the same way."""
    return shrunk(content, lambda shorter: outcome(target, shorter).kind == kind)


def command(
    target: Annotated[
        list[str] | None, Setting("Target (repeatable).", metavar="NAME", default="all")
    ] = None,
    seconds: Annotated[float, Setting("Time for each target.", minimum=0)] = 60.0,
    seed: Annotated[int, Setting("Seed of the mutations.", minimum=0)] = 0,
    out: Annotated[Path, Setting("Folder for the cases that fail.", metavar="DIR")] = Path(
        "runs/fuzz"
    ),
) -> None:
    """Read mutated files of every kind and count the outcomes."""
    console = stderr_console()
    if unknown := set(target or ()) - TARGETS.keys():
        raise SettingError(f"there is no target {min(unknown)}", "target", hint=", ".join(TARGETS))
    out = out.absolute()
    out.mkdir(parents=True, exist_ok=True)
    os.chdir(tempfile.mkdtemp())
    failures = 0
    for name in target or TARGETS:
        tested, found = TARGETS[name], Counter[str]()
        tested.cases()  # takes its time once
        began, slowest = time.monotonic(), 0.0
        while time.monotonic() - began < seconds:
            content = tested.case(random.Random(f"{seed} {name} {found.total()}"))
            kept = out / f"{name.replace(' ', '-')}-{seed}-{found.total()}"
            kept.write_bytes(content)
            faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)  # one that hangs is kept
            start = time.process_time()
            result = outcome(tested, content)
            slowest = max(slowest, time.process_time() - start)
            found[result.kind] += 1
            if result.failed and found[result.kind] == 1:
                kept.write_bytes(minimal(tested, content, result.kind))
                kept.with_suffix(".txt").write_text(result.text)
            else:
                kept.unlink()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        failures += found.total() - found[READ] - found[REFUSED] + (memory > MAX_MEGABYTES)
        console.print(
            f"{name:12} {found.total():7,} cases: "
            + ", ".join(f"{count:,} {kind}" for kind, count in found.most_common())
            + f"; slowest {slowest:.1f} s, peak {memory:,} MB",
            soft_wrap=True,
        )
    faulthandler.cancel_dump_traceback_later()
    console.print(f"{failures} failures, kept in {out}/", soft_wrap=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    run(command)

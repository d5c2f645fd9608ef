"""`python -m benchmarks.kills`: kills a training at random moments, resumes it each time, and
compares its final weights with those of an uninterrupted training.

Checkpoints are written after each epoch, so that many kills interrupt the writing of one. The
folder holds the model of an earlier training, which must not change until the new one is complete.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from seqmodel.files import TEMP_PREFIX, sha256_of_file
from seqmodel.text import pluralize
from seqmodel.training.checkpoints import NAME

TRAININGS = {
    "djmodel.train --preset course": ["--epochs", "60", "--m", "60"],
    "djmodel.train --preset ragtime": ["--epochs", "6", "--n-a", "32"],
    "dinos.train": ["--epochs", "60", "--made-up", "0"],
}
MAX_DELAY = 0.6  # seconds between the first epoch and a kill


def start(training: str, out: Path, *options: str) -> subprocess.Popen[str]:
    module, *preset = training.split()
    words = [*preset, *TRAININGS[training], "--out", str(out), *options]
    command = [sys.executable, "-m", module, *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    _, message = process.communicate()
    if process.returncode:
        sys.exit(message)


def weights(training: str, folder: Path) -> bytes:
    if training.startswith("dinos"):
        from dinos.generation import load
    else:
        from djmodel.model.model_file import load
    arrays = load(folder / "model.keras").weights.arrays
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def kill_at_random(training: str, count: int, rng: random.Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name, "whole"), Path(name, "killed")
        finish(start(training, whole))
        finish(start(training, killed, "--epochs", "1"))
        earlier = sha256_of_file(killed / "model.keras")
        kills = while_writing = 0
        for _ in range(count):
            again = "--resume" if (killed / NAME).exists() else "--overwrite"
            process = start(training, killed, "--checkpoint", "0", again)
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("epoch "):
                    break
            time.sleep(rng.uniform(0, MAX_DELAY))
            if process.poll() is not None:
                break  # it has finished
            process.kill()
            process.communicate()
            kills += 1
            while_writing += any(path.name.startswith(TEMP_PREFIX) for path in killed.iterdir())
            if sha256_of_file(killed / "model.keras") != earlier:  # the new model, complete
                assert weights(training, killed) == weights(training, whole)
        finish(start(training, killed, "--checkpoint", "0", "--resume"))
        same = weights(training, whole) == weights(training, killed)
        left = {path.name for path in killed.iterdir()} - {path.name for path in whole.iterdir()}
    print(
        f"{training}: {pluralize(kills, 'kill')}, {while_writing} of them while writing a file; "
        f"final weights {'identical' if same else 'DIFFERENT'}; "
        f"files left behind: {', '.join(left) or 'none'}",
        flush=True,
    )
    if not same or left:
        sys.exit(1)


def main(
    count: Annotated[int, typer.Option(min=1, help="Maximum number of kills per training.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random moments.")] = 0,
) -> None:
    """Kill trainings at random moments, resume them, and compare the final weights."""
    for training in TRAININGS:
        kill_at_random(training, count, random.Random(seed))


if __name__ == "__main__":
    typer.run(main)

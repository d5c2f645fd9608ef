"""`python -m benchmarks.kills`: kills a training at random moments, goes on with it each time, and
compares the weights at its end with those of a training that was left alone.

A checkpoint is written after each epoch, so that many kills fall into the writing of one. The model
of an earlier training lies in the folder, and must stay what it is until the new one is whole.
"""

from __future__ import annotations

import importlib
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

TRAININGS = {
    "djmodel.train": ["--epochs", "60", "--m", "60"],
    "djmodel.train --preset ragtime": ["--epochs", "6", "--n-a", "32"],
    "dinos.train": ["--epochs", "60", "--made-up", "0"],
}
LATEST = 0.6  # seconds after the first sign of life


def start(training: str, out: Path, *options: str) -> subprocess.Popen[str]:
    module, *preset = training.split()
    words = [*preset, *TRAININGS[training], "--out", str(out), *options]
    command = [sys.executable, "-m", module, *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate()
    if process.returncode:
        sys.exit(said)


def weights(training: str, folder: Path) -> bytes:
    package = training.split(".")[0]
    home = {"djmodel": "djmodel.model.model_file", "dinos": "dinos.generation"}[package]
    kept = importlib.import_module(home).load(folder / "model.keras").weights
    return b"".join(np.ascontiguousarray(array).tobytes() for array in kept.arrays)


def kill_at_random(training: str, count: int, rng: random.Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name, "whole"), Path(name, "killed")
        finish(start(training, whole))
        finish(start(training, killed, "--epochs", "1"))
        earlier = sha256_of_file(killed / "model.keras")
        kills = in_writing = 0
        for _ in range(count):
            process = start(training, killed, "--checkpoint", "0", "--resume")
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith("epoch "):
                    break
            time.sleep(rng.uniform(0, LATEST))
            if process.poll() is not None:
                break  # it came to its end
            process.kill()
            process.communicate()
            kills += 1
            in_writing += any(path.name.startswith(TEMP_PREFIX) for path in killed.iterdir())
            if sha256_of_file(killed / "model.keras") != earlier:  # then it is the new one, whole
                assert weights(training, killed) == weights(training, whole)
        finish(start(training, killed, "--checkpoint", "0", "--resume"))
        same = weights(training, whole) == weights(training, killed)
        left = {path.name for path in killed.iterdir()} - {path.name for path in whole.iterdir()}
    print(
        f"{training}: {kills} kills survived, {in_writing} of them while a file was written; "
        f"weights at the end {'the same' if same else 'DIFFERENT'}, "
        f"left behind: {', '.join(left) or 'nothing'}",
        flush=True,
    )
    if not same or left:
        sys.exit(1)


def main(
    count: Annotated[int, typer.Option(min=1, help="Kills of each training, at most.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Of the moments.")] = 0,
) -> None:
    """Kills trainings at random moments; each must go on to the same weights."""
    for training in TRAININGS:
        kill_at_random(training, count, random.Random(seed))


if __name__ == "__main__":
    typer.run(main)

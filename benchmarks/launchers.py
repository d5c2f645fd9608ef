"""`python -m benchmarks.launchers`: trains in two processes with the environment variables of
Slurm, then of Open MPI (`--hosts auto`), and compares their losses with those of one process."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import typer

RAG = Path(__file__).parents[1] / "data" / "rags" / "solace.mid"
SMALL = ["--m", "100", "--n-a", "8", "--tx", "8", "--n-values", "30", "--epochs", "5"]
TOLERANCE = 1e-5  # nats per value


def slurm(rank: int) -> dict[str, str]:
    """The variables that `srun --ntasks 2` sets."""
    return {
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_STEP_NODELIST": "localhost",
        "SLURM_STEP_NUM_NODES": "1",
        "SLURM_NTASKS": "2",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
    }


def open_mpi(rank: int) -> dict[str, str]:
    """The variables that `mpirun -n 2` sets."""
    job = 4096 * (os.getpid() % 4096 + 1)
    return {
        "OMPI_MCA_orte_hnp_uri": f"{job}.0;tcp://127.0.0.1:34911",
        "OMPI_COMM_WORLD_SIZE": "2",
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
    }


def start(out: Path, environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "djmodel.train", str(RAG), *SMALL, "--out", str(out), *options]
    environment = {**os.environ, "KERAS_BACKEND": "jax", **environment}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def losses(folder: Path) -> list[float]:
    with (folder / "history.csv").open() as stream:
        return [float(row["loss"]) for row in csv.DictReader(stream)]


def finish(*trainings: subprocess.Popen[str]) -> None:
    for training in trainings:
        _, message = training.communicate(timeout=600)
        if training.returncode:
            sys.exit(message)


def main() -> None:
    """Train in one process, then in two with the variables of each launcher.

    Exits with status 1 if the losses differ or if the second process has written files.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        finish(start(folder / "alone", {}))
        alone = losses(folder / "alone")
        for launcher in (slurm, open_mpi):
            outs = [folder / f"{launcher.__name__}-{rank}" for rank in (0, 1)]
            finish(*(start(o, launcher(r), "--hosts", "auto") for r, o in enumerate(outs)))
            difference = float(np.abs(np.subtract(losses(outs[0]), alone)).max())
            only_first_wrote = not outs[1].exists()
            print(
                f"{launcher.__name__}: losses differ from those of one process by at most "
                f"{difference:.1e} nats per value",
                flush=True,
            )
            if difference > TOLERANCE or not only_first_wrote:
                sys.exit(1)


if __name__ == "__main__":
    typer.run(main)

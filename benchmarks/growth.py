"""How time and memory grow with the work: at 1, 2, 4 and 8 times the data, Tx, streams and length;
and what a corpus of a million values needs.

    python -m benchmarks.growth [--repeats 3]

Each measurement is a process of its own, so that its peak memory is its own, and they take turns.
Prints a table and writes growth.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from seqmodel.data.windows import Indices, windows
from seqmodel.files import atomic_write
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import single_threaded_blas
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.sampler import sample
from seqmodel.training.numpy_trainer import NumpyTrainer

ROOT = Path(__file__).parent
TIMES = (1, 2, 4, 8)
N_VALUES, UNITS, TX, BATCH = 90, 64, 30, 64
WINDOWS, STREAMS, LENGTH = 1504, 256, 100
MILLION = 1_000_000
DOUBLING = 2.2  # at most, for a doubling of the work

DATA, STEPS, SAMPLED, LONG = "training: windows", "training: Tx", "sampling: streams", "length"
CORPUS = "a million values, one epoch"


def weights() -> Weights:
    rng = np.random.default_rng(0)
    shapes = [(N_VALUES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, N_VALUES)]
    arrays = (rng.normal(size=shape, scale=0.1) for shape in (*shapes, (N_VALUES,)))
    return Weights("lstm", *(array.astype(np.float32) for array in arrays))


def corpus(n_values: int) -> list[Indices]:
    """Sequences of a thousand values, as many as make `n_values`."""
    rng = np.random.default_rng(0)
    lengths = [min(1000, n_values - first) for first in range(0, n_values, 1000)]
    return [rng.integers(0, N_VALUES, length, dtype=np.int32) for length in lengths]


def train(sequences: list[Indices], m: int, Tx: int) -> None:
    """One epoch of `m` windows."""
    trainer = NumpyTrainer(weights())
    drawn = windows(sequences, m, Tx, np.random.default_rng(0))
    with single_threaded_blas():
        for first in range(0, m, BATCH):
            batch = slice(first, first + BATCH)
            trainer.step(drawn.inputs[batch], drawn.labels[batch], 0.001)


def draw(streams: int, length: int) -> None:
    rng = np.random.default_rng(0)
    free = Automaton.free(N_VALUES, N_VALUES)
    sample(weights(), free, SamplingConfig(), rng, n_sequences=streams, max_length=length)


def measure(what: str, times: int) -> dict[str, float]:
    """`seconds` of the work, the best of three, and `megabytes` at the peak of this process and of
    one that trained with it."""
    sequences = corpus(MILLION if what == CORPUS else 100_000)
    jobs = {
        DATA: lambda: train(sequences, times * WINDOWS, TX),
        STEPS: lambda: train(sequences, WINDOWS, times * TX),
        SAMPLED: lambda: draw(times * STREAMS, LENGTH),
        LONG: lambda: draw(STREAMS, times * LENGTH),
        CORPUS: lambda: train(sequences, MILLION // TX, TX),
    }
    seconds = []
    for _ in range(1 if what == CORPUS else 3):
        began = time.perf_counter()
        jobs[what]()
        seconds.append(time.perf_counter() - began)
    return {"seconds": min(seconds), "megabytes": peak_megabytes()}


def peak_megabytes() -> float:
    import resource

    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(which).ru_maxrss for which in whose)
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure_all(repeats: int, console: Console) -> dict[str, dict[str, dict[str, float]]]:
    """By kind of work and how many times of it: the fastest run, as whatever else the machine does
    only adds; the median of the memory."""
    runs: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
    cases = [(what, times) for what in (DATA, STEPS, SAMPLED, LONG) for times in TIMES]
    with console.status("growth") as status:
        for repeat in range(repeats):
            for what, times in (*cases, (CORPUS, 1)):
                status.update(f"{repeat + 1} of {repeats}: {times} times: {what}")
                command = [sys.executable, "-m", "benchmarks.growth", "--measure", what]
                printed = subprocess.run(
                    [*command, str(times)], cwd=ROOT.parent, check=True, stdout=subprocess.PIPE
                ).stdout
                runs[what, times].append(json.loads(printed))
    results: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for (what, times), made in runs.items():
        results[what][str(times)] = {
            "seconds": min(run["seconds"] for run in made),
            "megabytes": statistics.median(run["megabytes"] for run in made),
        }
    return results


def table(results: dict[str, dict[str, dict[str, float]]]) -> Table:
    made = Table(title="growth", title_justify="left", box=box.SIMPLE)
    for heading in ("", "times", "seconds", "of the half", "peak MB"):
        made.add_column(heading, justify="right" if heading else "left")
    for what, of_times in results.items():
        half = None
        for times, row in of_times.items():
            seconds = row["seconds"]
            factor = f"{seconds / half:.2f}" if half else ""
            made.add_row(what, times, f"{seconds:.3f}", factor, f"{row['megabytes']:.0f}")
            half = seconds
    return made


def steepest(results: dict[str, dict[str, dict[str, float]]]) -> float:
    """The greatest factor between the times of one amount of work and of its half."""
    return max(
        of_times[str(2 * times)]["seconds"] / of_times[str(times)]["seconds"]
        for of_times in results.values()
        for times in TIMES[:-1]
        if str(2 * times) in of_times
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--repeats", type=int, default=3, help="runs of each (default 3)")
    options.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure[0], int(chosen.measure[1]))))
        return
    console = Console()
    results: dict[str, Any] = measure_all(max(chosen.repeats, 1), console)
    console.print(table(results))
    one_hot = MILLION * N_VALUES * 4 / 2**20
    peak = results[CORPUS]["1"]["megabytes"]
    console.print(
        f"A million values one-hot would be {one_hot:.0f} MB; the peak was {peak:.0f} MB."
    )
    factor = steepest(results)
    verdict = "at most" if factor <= DOUBLING else "MORE THAN"
    console.print(f"Twice the work takes {verdict} {DOUBLING} times as long: {factor:.2f} at most.")
    with atomic_write(ROOT / "growth.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

"""Growth of time and memory with 1, 2, 4 and 8 times the windows, Tx, sequences and length; also
training on a corpus of a million values.

    python -m benchmarks.growth [--repeats 3]

Each measurement runs in a separate process, which gives its peak memory; repeats are interleaved.
Prints each measurement and a table, and writes growth.json beside this file after each repeat.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

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
WINDOWS, SEQUENCES, LENGTH = 1504, 256, 100
MILLION = 1_000_000
MAX_GROWTH = 2.2  # highest acceptable ratio of times for a doubling of the work

DATA, STEPS, SAMPLED, LONG = (
    "training: windows",
    "training: Tx",
    "sampling: sequences",
    "sampling: length",
)
CORPUS = "a million values, one epoch"


def weights() -> Weights:
    rng = np.random.default_rng(0)
    shapes = [(N_VALUES, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,), (UNITS, N_VALUES)]
    arrays = (rng.normal(size=shape, scale=0.1) for shape in (*shapes, (N_VALUES,)))
    return Weights("lstm", *(array.astype(np.float32) for array in arrays))


def corpus(n_values: int) -> list[Indices]:
    """Sequences of a thousand values, `n_values` in all."""
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


def draw(n_sequences: int, length: int) -> None:
    """Samples `n_sequences` sequences of `length` values."""
    rng = np.random.default_rng(0)
    free = Automaton.free(N_VALUES, N_VALUES)
    sample(weights(), free, SamplingConfig(), rng, n_sequences=n_sequences, max_length=length)


def measure(work: str, times: int) -> dict[str, float]:
    """The `seconds` of the work, best of three, and the peak `megabytes` of this process and its
    children."""
    sequences = corpus(MILLION if work == CORPUS else 100_000)
    jobs = {
        DATA: lambda: train(sequences, times * WINDOWS, TX),
        STEPS: lambda: train(sequences, WINDOWS, times * TX),
        SAMPLED: lambda: draw(times * SEQUENCES, LENGTH),
        LONG: lambda: draw(SEQUENCES, times * LENGTH),
        CORPUS: lambda: train(sequences, MILLION // TX, TX),
    }
    seconds = []
    for _ in range(1 if work == CORPUS else 3):
        began = time.perf_counter()
        jobs[work]()
        seconds.append(time.perf_counter() - began)
    return {"seconds": min(seconds), "megabytes": peak_megabytes()}


def peak_megabytes() -> float:
    """Peak memory of this process plus that of its largest child."""
    import resource

    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(who).ru_maxrss for who in both)
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


Results = dict[str, dict[str, dict[str, float]]]  # by work and by multiple of it


def measure_all(repeats: int, console: Console) -> Iterator[Results]:
    """Yields the results so far after each repeat: the fastest time, since other load on the
    machine only adds to it, and the median of the peak memory."""
    runs: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
    cases = [(work, times) for work in (DATA, STEPS, SAMPLED, LONG) for times in TIMES]
    for repeat in range(1, repeats + 1):
        for work, times in (*cases, (CORPUS, 1)):
            command = [sys.executable, "-m", "benchmarks.growth", "--measure", work, str(times)]
            printed = subprocess.run(
                command, cwd=ROOT.parent, check=True, stdout=subprocess.PIPE
            ).stdout
            run = json.loads(printed)
            runs[work, times].append(run)
            console.print(
                f"run {repeat} of {repeats}, {work} x {times}: {run['seconds']:.3f} s, "
                f"{run['megabytes']:.0f} MB",
                highlight=False,
            )
        yield summarize(runs)


def summarize(runs: dict[tuple[str, int], list[dict[str, float]]]) -> Results:
    """The lowest time and the median memory of the runs of each measurement."""
    results: Results = defaultdict(dict)
    for (work, times), made in runs.items():
        results[work][str(times)] = {
            "seconds": min(run["seconds"] for run in made),
            "megabytes": statistics.median(run["megabytes"] for run in made),
        }
    return results


def table(results: Results) -> Table:
    made = Table(title="growth", title_justify="left", box=box.SIMPLE)
    for heading in ("work", "times", "seconds", "ratio to half the work", "peak MB"):
        made.add_column(heading, justify="left" if heading == "work" else "right")
    for work, by_times in results.items():
        half = None
        for times, row in by_times.items():
            seconds = row["seconds"]
            factor = f"{seconds / half:.2f}" if half else ""
            made.add_row(work, times, f"{seconds:.3f}", factor, f"{row['megabytes']:.0f}")
            half = seconds
    return made


def steepest(results: Results) -> float:
    """The highest ratio between the times of an amount of work and of half of it."""
    return max(
        by_times[str(2 * times)]["seconds"] / by_times[str(times)]["seconds"]
        for by_times in results.values()
        for times in TIMES[:-1]
        if str(2 * times) in by_times
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument(
        "--repeats", type=int, default=3, help="runs of each measurement (default: 3)"
    )
    options.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.measure[0], int(chosen.measure[1]))))
        return
    console = Console(width=110)
    for results in measure_all(max(chosen.repeats, 1), console):
        with atomic_write(ROOT / "growth.json") as temporary:
            temporary.write_text(json.dumps(results, indent=1))
    console.print(table(results))
    one_hot = MILLION * N_VALUES * 4 / 2**20
    peak = results[CORPUS]["1"]["megabytes"]
    console.print(
        f"A million one-hot values would take {one_hot:.0f} MB; the peak was {peak:.0f} MB."
    )
    factor = steepest(results)
    verdict = "reached" if factor <= MAX_GROWTH else "NOT reached"
    console.print(
        f"Doubling the work takes at most {factor:.2f} times as long"
        f" (goal: {MAX_GROWTH}, {verdict})."
    )


if __name__ == "__main__":
    main()

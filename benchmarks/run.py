"""Speed of training, sampling and starting, compared with other libraries on the same work.

    python -m benchmarks.run [--repeats 5] [--only TEXT]

Each measurement runs in a separate process, so that nothing compiled is reused; repeats are
interleaved, so that other load on the machine affects all peers. Prints each measurement and tables
of the medians. Writes results.json after each repeat and results.png at the end; with --only, the
results of the other tests are kept. The load of the machine is recorded with every run."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.peers import (
    BACKENDS,
    COURSE,
    HERE,
    NUDGED,
    ON_JAX,
    SAMPLING,
    SEED,
    TRAINING,
    Work,
)
from seqmodel.data.windows import PADDING, Windows, windows
from seqmodel.files import atomic_write
from seqmodel.network.forward import batch_log_probabilities
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import cpu_count

ROOT = Path(__file__).parent
LIBRARIES = ("djmodel", "numpy", "tensorflow", "keras", "torch", "jax")
N_VALUES, TX = 90, 30
MIN_SECONDS, MIN_CALLS = 0.5, 5  # of sampling, after the first call
START = "cold start"
GENERATE, IMPORT, HELP = "generate: a solo as MIDI", "import tensorflow", "generate --help"


@dataclass(frozen=True)
class Test:
    """A kind of work and the peers that do it: `m` windows per epoch, 60 from one rag or more from
    all eight."""

    title: str
    peers: tuple[str, ...]
    m: int = 60
    epochs: int = 100
    batch_size: int = 32
    n_a: int = 64
    n_sequences: int = 0  # 0: training


FAST = (HERE, NUDGED, ON_JAX, "PyTorch nn.LSTM", "PyTorch nn.LSTM, 1 thread", "JAX scan by hand")
TESTS = (
    Test("training, the course's size", tuple(p for p in TRAINING if p != NUDGED)),
    Test("training, 6,016 windows, 64 units", FAST, 6016, 1, 64),
    Test("training, 6,016 windows, 256 units", FAST, 6016, 1, 64, 256),
    Test("sampling, 1 sequence", tuple(SAMPLING), n_sequences=1),
    Test("sampling, 1,024 sequences", tuple(p for p in SAMPLING if p != COURSE), n_sequences=1024),
)


# Preparation, once for all peers


def prepare(test: Test, path: Path) -> None:
    """Writes the windows and the initial weights, or the trained weights for sampling."""
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.reader import read_tune
    from djmodel.model.layers import shared_layers
    from djmodel.model.scan import scanning_model
    from djmodel.values.encoded_corpus import encode_corpus
    from seqmodel.network.keras_layers import extract_weights

    tunes = [read_tune(rag) for rag in (rags()[:1] if test.m == 60 else rags())]
    sequences = encode_corpus(tunes, N_VALUES).sequences
    drawn = windows(sequences, test.m, TX, np.random.default_rng(SEED))
    layers = shared_layers(N_VALUES, test.n_a, SEED)
    scanning_model(layers.LSTM_cell, layers.densor)  # builds the layers
    weights = extract_weights([layers.LSTM_cell, layers.densor])
    if test.n_sequences:
        weights = TRAINING[HERE](Work(drawn, weights, test.epochs, test.batch_size))()
    np.savez(path, *weights.arrays, inputs=drawn.inputs, labels=drawn.labels)


def load(test: Test, path: Path) -> Work:
    with np.load(path) as file:
        weights = Weights("lstm", *(file[f"arr_{number}"] for number in range(5)))
        drawn = Windows(file["inputs"], file["labels"])
    return Work(drawn, weights, test.epochs, test.batch_size, max(test.n_sequences, 1))


# A measurement


def measure(test: Test, peer: str, work: Work) -> dict[str, float]:
    """Training: `value` in seconds and the `loss` of the trained weights. Sampling: `value` in
    symbols per second after the first call, the time of the `first` call in seconds, and the `loss`
    of the drawn symbols.
    """
    job = (SAMPLING if test.n_sequences else TRAINING)[peer](work)
    began = time.perf_counter()
    result = job()
    first = time.perf_counter() - began
    if not test.n_sequences:
        return {"value": first, "loss": loss(result, work.windows.inputs, work.windows.labels)}
    times: list[float] = []
    while len(times) < MIN_CALLS or sum(times) < MIN_SECONDS:
        began = time.perf_counter()
        job()
        times.append(time.perf_counter() - began)
    assert result.shape == (work.n_sequences, work.length)
    inputs = np.insert(result[:, :-1], 0, PADDING, axis=1)
    return {
        "value": result.size / statistics.median(times),
        "first": first,
        "loss": loss(work.weights, inputs, result),
    }


def loss(weights: Weights, inputs: NDArray[Any], labels: NDArray[Any]) -> float:
    """Mean cross-entropy in nats per value, computed with NumPy for all peers."""
    return -float(batch_log_probabilities(weights, inputs, labels).mean(dtype=np.float64))


def run_in_subprocess(*arguments: object, backend: str = "tensorflow") -> str:
    """The output of this module, run again with `arguments` and Keras on `backend`."""
    command = [sys.executable, "-m", "benchmarks.run", *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend}
    result = subprocess.run(
        command, cwd=ROOT.parent, env=environment, capture_output=True, text=True
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout


def cold_start(name: str, folder: Path) -> dict[str, float]:
    """The seconds that a command takes in a new process."""
    commands = {
        GENERATE: ["-m", "djmodel.generate", str(folder / "model.keras"), "--overwrite"],
        IMPORT: ["-c", "import tensorflow"],
        HELP: ["-m", "djmodel.generate", "--help"],
    }
    began = time.perf_counter()
    command = [sys.executable, *commands[name]]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {"value": time.perf_counter() - began}


def train_a_model(folder: Path) -> None:
    """Writes the model.keras that `cold_start` uses."""
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.reader import read_tune
    from djmodel.model.training import fit

    fit([read_tune(rags()[0])]).save(folder / "model.keras")


# All measurements


Results = dict[str, dict[str, Any]]  # by title of the test and by peer
Runs = dict[str, dict[str, list[dict[str, float]]]]


def measure_all(repeats: int, only: str, console: Console) -> Iterator[Results]:
    """Yields the results so far after each repeat: all runs, and the median of each number."""
    runs: Runs = defaultdict(lambda: defaultdict(list))
    tests = [test for test in TESTS if only in test.title]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, test in enumerate(tests):
            run_in_subprocess("--prepare", TESTS.index(test), "--work", folder / f"{number}.npz")
        if only in START:
            train_a_model(folder)
        for repeat in range(1, repeats + 1):

            def add(title: str, peer: str, run: dict[str, float], repeat: int = repeat) -> None:
                runs[title][peer].append({**run, "load": os.getloadavg()[0]})
                unit = "values/s" if title.startswith("sampling") else "s"
                line = f"run {repeat} of {repeats}, {title}, {peer}: {run['value']:,.4g} {unit}"
                console.print(line, highlight=False, soft_wrap=True)

            for number, test in enumerate(tests):
                for peer in test.peers:
                    work = ("--work", folder / f"{number}.npz")
                    printed = run_in_subprocess(
                        *("--measure", TESTS.index(test), peer, *work),
                        backend=BACKENDS.get(peer, "tensorflow"),
                    )
                    add(test.title, peer, json.loads(printed.splitlines()[-1]))
            for command in (GENERATE, IMPORT, HELP) if only in START else ():
                add(START, command, cold_start(command, folder))
            yield {
                title: {peer: {**medians(made), "runs": made} for peer, made in by_peer.items()}
                for title, by_peer in runs.items()
            }


def medians(made: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in made) for key in made[0]}


def ratio(title: str, value: float, here: float) -> float:
    """The speed of this project's default relative to a peer's."""
    return here / value if title.startswith("sampling") else value / here


def machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def previous_results(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """The results in a file, if it is from this machine with these versions."""
    earlier = json.loads(path.read_text()) if path.exists() else {}
    return earlier["results"] if earlier.get("machine") == about else {}


def tables(results: Results) -> Iterable[Table]:
    for title, peers in results.items():
        sampling = title.startswith("sampling")
        table = Table(title=title, title_justify="left", box=box.SIMPLE)
        unit = "values/s" if sampling else "seconds"
        for heading in ("peer", unit, "this project is", "loss (nats per value)"):
            table.add_column(heading, justify="left" if heading == "peer" else "right")
        if sampling:
            table.add_column("first call", justify="right")
        here = next(iter(peers.values()))["value"]
        for peer, row in peers.items():
            faster = ratio(title, row["value"], here)
            value = f"{row['value']:,.0f}" if sampling else f"{row['value']:.3g}"
            final = f"{row['loss']:.4f}" if "loss" in row else ""
            first = [f"{row['first']:.3g} s"] if sampling else []
            table.add_row(peer, value, f"{faster:.3g} times as fast", final, *first)
        yield table


def save_picture(results: Results, path: Path) -> None:
    """Draws bars for each test: the time (for sampling, per value) as a multiple of that of this
    project's default."""
    from seqmodel.picture import LIGHT, Picture
    from seqmodel.plots import BLUE, ORANGE, new_figure, style_axes

    sizes = [len(peers) for peers in results.values()]
    figure = new_figure(0.9 * len(sizes) + 0.28 * sum(sizes), 9.0)
    grid = figure.subplots(len(sizes), 1, sharex=True, squeeze=False, height_ratios=sizes)
    for axes, (title, peers) in zip(grid[:, 0], results.items(), strict=True):
        style_axes(axes)
        here = next(iter(peers.values()))["value"]
        times = [ratio(title, row["value"], here) for row in peers.values()]
        ours = [peer.startswith(("this project", "generate")) for peer in peers]
        colors = [BLUE if own else ORANGE for own in ours]
        bars = axes.barh(range(len(peers)), times, color=colors, edgecolor=LIGHT.paper)
        for bar, own in zip(bars, ours, strict=True):
            bar.set_hatch("" if own else "//")
        axes.bar_label(bars, [f"{value:.3g}" for value in times], padding=4, color=LIGHT.ink)
        axes.set_yticks(range(len(peers)), list(peers))
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.axvline(1, color=LIGHT.line, linewidth=1)
        axes.set_title(title, loc="left", color=LIGHT.ink, fontsize=10, fontweight="bold")
    grid[-1, 0].set_xlabel("time, as a multiple of this project's default", color=LIGHT.ink)
    Picture(figure).save(path)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument(
        "--repeats", type=int, default=5, help="runs of each measurement (default: 5)"
    )
    options.add_argument(
        "--only", default="", metavar="TEXT", help="run the tests whose title contains TEXT"
    )
    options.add_argument(
        "--out", type=Path, default=ROOT, help="folder for the results (default: benchmarks)"
    )
    options.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options.add_argument("--prepare", type=int, help=argparse.SUPPRESS)
    options.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.prepare is not None:
        prepare(TESTS[chosen.prepare], chosen.work)
        return
    if chosen.measure:
        test, peer = TESTS[int(chosen.measure[0])], chosen.measure[1]
        print(json.dumps(measure(test, peer, load(test, chosen.work))))
        return
    console = Console(width=110)
    about, path = machine(), chosen.out / "results.json"
    kept = previous_results(path, about) if chosen.only else {}
    for measured in measure_all(max(chosen.repeats, 1), chosen.only, console):
        results = {**kept, **measured}
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps({"machine": about, "results": results}, indent=1))
    for table in tables(measured):
        console.print(table)
    console.print(about)
    save_picture(results, chosen.out / "results.png")
    console.print(f"{chosen.out}/ holds results.json and results.png")


if __name__ == "__main__":
    main()

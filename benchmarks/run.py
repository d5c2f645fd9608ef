"""How fast this project trains, samples and starts, beside others on the same work.

    python -m benchmarks.run [--repeats 5] [--only TEXT]

Each measurement is a process of its own, in turn with the others, so that nothing compiled is left
over from the one before and a busy moment meets all. Writes results.json and results.png; with
--only, the other tests of that file stay as they are. Every run notes the load of the machine.
"""

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
from collections.abc import Iterable, Sequence
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
SAMPLED_SECONDS, SAMPLED_CALLS = 0.5, 5  # at least, after the first call
START = "cold start"
GENERATE, IMPORT, HELP = "generate: a solo as MIDI", "import tensorflow", "generate --help"


@dataclass(frozen=True)
class Test:
    """A kind of work, and who does it. `m` windows an epoch, of one rag or of all eight."""

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
    Test("sampling, 1 stream", tuple(SAMPLING), n_sequences=1),
    Test("sampling, 1,024 streams", tuple(p for p in SAMPLING if p != COURSE), n_sequences=1024),
)


# The work, made once for all peers


def prepare(test: Test, path: Path) -> None:
    """Writes the windows and the first weights; for sampling, trained ones."""
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.reader import read_tune
    from djmodel.model.layers import shared_layers
    from djmodel.model.scan import scanning_model
    from djmodel.values.encoded import encode_corpus
    from seqmodel.network.keras_layers import extract_weights

    tunes = [read_tune(rag) for rag in (rags()[:1] if test.m == 60 else rags())]
    sequences = encode_corpus(tunes, N_VALUES).sequences
    drawn = windows(sequences, test.m, TX, np.random.default_rng(SEED))
    layers = shared_layers(N_VALUES, test.n_a, SEED)
    scanning_model(layers.LSTM_cell, layers.densor)  # builds them
    weights = extract_weights([layers.LSTM_cell, layers.densor])
    if test.n_sequences:
        weights = TRAINING[HERE](Work(drawn, weights, test.epochs, test.batch_size))()
    np.savez(path, *weights.arrays, inputs=drawn.inputs, labels=drawn.labels)


def load(test: Test, path: Path) -> Work:
    with np.load(path) as file:
        weights = Weights("lstm", *(file[f"arr_{number}"] for number in range(5)))
        drawn = Windows(file["inputs"], file["labels"])
    return Work(drawn, weights, test.epochs, test.batch_size, max(test.n_sequences, 1))


# One measurement


def measure(test: Test, peer: str, work: Work) -> dict[str, float]:
    """Of training: `value` seconds and the `loss` that its weights reach. Of sampling: `value`
    symbols a second after the first call, `first` seconds of it, and the `loss` of what was drawn.
    """
    job = (SAMPLING if test.n_sequences else TRAINING)[peer](work)
    began = time.perf_counter()
    result = job()
    first = time.perf_counter() - began
    if not test.n_sequences:
        return {"value": first, "loss": loss(result, work.windows.inputs, work.windows.labels)}
    times: list[float] = []
    while len(times) < SAMPLED_CALLS or sum(times) < SAMPLED_SECONDS:
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
    """Mean cross-entropy of a step in nats, by NumPy, whoever made the weights."""
    return -float(batch_log_probabilities(weights, inputs, labels).mean(dtype=np.float64))


def in_its_own_process(*arguments: object, backend: str = "tensorflow") -> str:
    """What this module prints, called again with `arguments`, Keras on `backend`."""
    command = [sys.executable, "-m", "benchmarks.run", *map(str, arguments)]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": backend}
    ran = subprocess.run(command, cwd=ROOT.parent, env=quiet, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}\n{ran.stderr}")
    return ran.stdout


def cold_start(what: str, folder: Path) -> dict[str, float]:
    commands = {
        GENERATE: ["-m", "djmodel.generate", str(folder / "model.keras"), "--out", "solo.mid"],
        IMPORT: ["-c", "import tensorflow"],
        HELP: ["-m", "djmodel.generate", "--help"],
    }
    began = time.perf_counter()
    command = [sys.executable, *commands[what]]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return {"value": time.perf_counter() - began}


def train_a_model(folder: Path) -> None:
    """model.keras for `cold_start`."""
    from djmodel.inputs.music_files import rags
    from djmodel.inputs.reader import read_tune
    from djmodel.model.training import fit

    fit([read_tune(rags()[0])]).save(folder / "model.keras")


# All of them


def measure_all(repeats: int, only: str, console: Console) -> dict[str, dict[str, Any]]:
    """By test and peer: the runs, and the median of each number."""
    runs: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    tests = [test for test in TESTS if only in test.title]
    with tempfile.TemporaryDirectory() as name, console.status("preparing") as status:
        folder = Path(name)
        for number, test in enumerate(tests):
            in_its_own_process("--prepare", TESTS.index(test), "--work", folder / f"{number}.npz")
        if only in START:
            train_a_model(folder)
        for repeat in range(repeats):
            for number, test in enumerate(tests):
                for peer in test.peers:
                    status.update(f"{repeat + 1} of {repeats}: {test.title}: {peer}")
                    work = ("--work", folder / f"{number}.npz")
                    printed = in_its_own_process(
                        *("--measure", TESTS.index(test), peer, *work),
                        backend=BACKENDS.get(peer, "tensorflow"),
                    )
                    made = json.loads(printed.splitlines()[-1])
                    runs[test.title][peer].append({**made, "load": os.getloadavg()[0]})
            for what in (GENERATE, IMPORT, HELP) if only in START else ():
                status.update(f"{repeat + 1} of {repeats}: {what}")
                made = cold_start(what, folder)
                runs[START][what].append({**made, "load": os.getloadavg()[0]})
    return {
        title: {peer: {**medians(made), "runs": made} for peer, made in of_peers.items()}
        for title, of_peers in runs.items()
    }


def medians(made: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in made) for key in made[0]}


def ratio(title: str, value: float, here: float) -> float:
    """How many times as fast as this one the project's default is."""
    return here / value if title.startswith("sampling") else value / here


def machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def measured_before(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """What a file of results holds, if it is from this machine with these versions."""
    earlier = json.loads(path.read_text()) if path.exists() else {}
    return earlier["results"] if earlier.get("machine") == about else {}


def tables(results: dict[str, dict[str, Any]]) -> Iterable[Table]:
    for title, peers in results.items():
        sampling = title.startswith("sampling")
        table = Table(title=title, title_justify="left", box=box.SIMPLE)
        for heading in ("", "values/s" if sampling else "seconds", "this project is", "loss"):
            table.add_column(heading, justify="right" if heading else "left")
        if sampling:
            table.add_column("first call", justify="right")
        here = next(iter(peers.values()))["value"]
        for peer, row in peers.items():
            faster = ratio(title, row["value"], here)
            value = f"{row['value']:,.0f}" if sampling else f"{row['value']:.3g}"
            reached = f"{row['loss']:.4f}" if "loss" in row else ""
            first = [f"{row['first']:.3g} s"] if sampling else []
            table.add_row(peer, value, f"{faster:.3g} times as fast", reached, *first)
        yield table


def save_picture(results: dict[str, dict[str, Any]], path: Path) -> None:
    """A row of bars for each test: time (for sampling, time a value) as a multiple of this
    project's."""
    from seqmodel.plots import BLUE, LIGHT, ORANGE, Picture, new_figure, style_axes

    sizes = [len(peers) for peers in results.values()]
    figure = new_figure(0.9 * len(sizes) + 0.28 * sum(sizes), 9.0)
    grid = figure.subplots(len(sizes), 1, sharex=True, squeeze=False, height_ratios=sizes)
    for axes, (title, peers) in zip(grid[:, 0], results.items(), strict=True):
        style_axes(axes)
        here = next(iter(peers.values()))["value"]
        times = [ratio(title, row["value"], here) for row in peers.values()]
        ours = [peer.startswith(("this project", "generate")) for peer in peers]
        colours = [BLUE if own else ORANGE for own in ours]
        bars = axes.barh(range(len(peers)), times, color=colours, edgecolor=LIGHT.paper)
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
    options.add_argument("--repeats", type=int, default=5, help="runs of each (default 5)")
    options.add_argument("--only", default="", metavar="TEXT", help="tests with this in their name")
    options.add_argument("--out", type=Path, default=ROOT, help="folder for the results")
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
    console = Console()
    about = machine()
    results = measure_all(max(chosen.repeats, 1), chosen.only, console)
    for table in tables(results):
        console.print(table)
    console.print(about)
    if chosen.only:
        results = {**measured_before(chosen.out / "results.json", about), **results}
    with atomic_write(chosen.out / "results.json") as temporary:
        temporary.write_text(json.dumps({"machine": about, "results": results}, indent=1))
    save_picture(results, chosen.out / "results.png")
    console.print(f"{chosen.out}/ holds results.json and results.png")


if __name__ == "__main__":
    main()

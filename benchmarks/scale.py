"""Time and memory to build a corpus of thousands of tunes and to train on it, their growth with its
size, and an estimate for a far larger one.

    python -m benchmarks.scale [--tunes 10000]

The tunes are excerpts of the rags in `data/`, transposed and varied. Prints each measurement and
tables, and writes scale.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from djmodel.config import TrainingConfig
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.music.tune import Tune
from djmodel.outputs.midi import write_midi
from djmodel.values import corpus_file as dataset
from djmodel.values.encoded_corpus import encode_stored_corpus
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.windows import Windows
from seqmodel.files import atomic_write
from seqmodel.parallel.pool import PoolConfig

ROOT = Path(__file__).parent
TENTH = 10
BARS = (8, 24)  # length of a tune
MOVED = 0.1  # share of the melody notes whose pitch is changed
BATCH, BATCHES = 64, 300
LAKH = 176_581  # files in the Lakh MIDI data set
CORES = (1, 16, 256)

Numbers = dict[str, Any]


# ---------------------------------------------------------------------------------------------
# The tunes
# ---------------------------------------------------------------------------------------------


def make_tunes(folder: Path, first: int, stop: int) -> None:
    """Writes the tunes `first` to `stop - 1` as MIDI files; the number of a tune is its seed."""
    whole = [read_tune(rag) for rag in rags()]
    for number in range(first, stop):
        rng = np.random.default_rng(number)
        write_midi(variation(whole[number % len(whole)], rng), folder / f"{number:06}.mid")


def variation(tune: Tune, rng: np.random.Generator) -> Tune:
    """An excerpt of a tune in another key, with some melody notes moved by up to two semitones."""
    length = int(rng.integers(*BARS))
    start = int(rng.integers(1, len(tune.bars) - length))
    cut = tune.excerpt(start, start + length).transposed(int(rng.integers(-5, 7)))
    bars = []
    for bar in cut.bars:
        moves = rng.integers(-2, 3, len(bar.melody)) * (rng.random(len(bar.melody)) < MOVED)
        notes = zip(bar.melody, moves.tolist(), strict=True)
        melody = tuple(replace(note, pitch=note.pitch + move) for note, move in notes)
        bars.append(replace(bar, melody=melody))
    return replace(cut, bars=tuple(bars))


# ---------------------------------------------------------------------------------------------
# The measurements, each in a separate process
# ---------------------------------------------------------------------------------------------


def build(music: str, out: str, jobs: str) -> Numbers:
    """Builds a corpus with `jobs` processes and an empty cache."""
    began = time.perf_counter()
    made = dataset.build([music], out, PoolConfig(int(jobs)))
    seconds = time.perf_counter() - began
    size = (Path(out) / dataset.FILE).stat().st_size
    memory = {"megabytes": peak_megabytes(), "worker megabytes": peak_of_workers()}
    counts = {"files": made.files, "tunes": made.tunes, "values": made.n_values}
    return {**counts, "seconds": seconds, "bytes": size, **memory}


def train(corpus: str, began: str) -> Numbers:
    """Trains on some batches of a corpus; `began` is the start of this process in seconds since
    1970."""
    from djmodel.model.layers import shared_layers
    from djmodel.model.scan import scanning_model
    from seqmodel.network.keras_layers import extract_weights
    from seqmodel.parallel.threads import single_threaded_blas
    from seqmodel.training.numpy_trainer import NumpyTrainer

    batches = streamed(Path(corpus))
    layers = shared_layers(seed=0)
    trainer = NumpyTrainer(extract_weights(scanning_model(layers.LSTM_cell, layers.densor)))
    seconds: list[float] = []
    with single_threaded_blas():
        for inputs, labels in batches.epoch(0):
            trainer.step(inputs, labels, 0.001)
            seconds.append(time.time() - float(began))
    rate = BATCH * (len(seconds) - 1) / (seconds[-1] - seconds[0])
    return {"first step": seconds[0], "windows/s": rate, "megabytes": peak_megabytes()}


def feed(corpus: str) -> Numbers:
    """Windows per second from the corpus, directly and through the data loaders of Keras."""
    from seqmodel.network.keras_layers import load_keras, without_tensorflow_logs

    keras = load_keras()
    with without_tensorflow_logs():
        import tensorflow as tf
    batches = streamed(Path(corpus))

    class Dataset(keras.utils.PyDataset):  # type: ignore[name-defined]
        """Batches of the corpus by number."""

        def __len__(self) -> int:
            return BATCHES

        def __getitem__(self, index: int) -> Windows:
            return batches.batch(0, index)

    def by_pydataset() -> Iterator[Any]:
        data = Dataset(workers=1)
        return (data[index] for index in range(len(data)))

    def by_tf_data() -> Iterator[Any]:
        kind = tf.TensorSpec((None, None), tf.int32)
        source = tf.data.Dataset.from_generator(
            lambda: batches.epoch(0), output_signature=(kind, kind)
        )
        return iter(source.prefetch(2).as_numpy_iterator())

    sources: dict[str, Callable[[], Iterator[Any]]] = {
        "directly": lambda: batches.epoch(0),
        "keras.utils.PyDataset": by_pydataset,
        "tf.data": by_tf_data,
    }
    found = {}
    with without_tensorflow_logs():  # TensorFlow logs details of the machine
        for name, source in sources.items():
            began = time.perf_counter()
            for _ in source():
                pass
            found[name] = BATCH * BATCHES / (time.perf_counter() - began)
    return found


def formats(corpus: str, folder: str) -> Numbers:
    """Seconds to open a file and read the values of the tune in its middle, and bytes on disk."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet = Path(folder) / "tunes.parquet"
    with pa.memory_map(str(Path(corpus) / dataset.FILE)) as source:
        pq.write_table(pa.ipc.open_file(source).read_all(), parquet)
    row = len(dataset.Corpus(corpus)) // 2

    def by_arrow() -> Any:
        return dataset.Corpus(corpus).indices(row).copy()

    def by_parquet() -> Any:
        return pq.read_table(parquet, columns=["indices"]).column("indices")[row]

    found: Numbers = {"arrow bytes": (Path(corpus) / dataset.FILE).stat().st_size}
    found["parquet bytes"] = parquet.stat().st_size
    for name, source in (("arrow", by_arrow), ("parquet", by_parquet)):
        source()
        began = time.perf_counter()
        source()
        found[f"{name} seconds"] = time.perf_counter() - began
    return found


def limits(music: str, out: str) -> Numbers:
    """Seconds per file that the process that gathers and writes all rows needs, and seconds to read
    a whole rag (the longest files of this benchmark)."""
    files = sorted(Path(music).iterdir())
    with tempfile.TemporaryDirectory() as cache:
        read = [dataset.rows_of(file, Path(cache)) for file in files]
    real = dataset.rows_of
    dataset.rows_of = lambda path, cache: read[int(path.stem)]  # noqa: ARG005
    for _ in range(2):  # the first build includes imports
        began = time.perf_counter()
        dataset.build([music], out, PoolConfig(1))
        gather = (time.perf_counter() - began) / len(files)
    dataset.rows_of = real
    began = time.perf_counter()
    for rag in rags():
        read_tune(rag)
    return {"gather": gather, "rag": (time.perf_counter() - began) / len(rags())}


def streamed(corpus: Path) -> StreamingBatches:
    data = dataset.Corpus(corpus)
    index_map = encode_stored_corpus(data).vocabulary.encode(data.values)
    return StreamingBatches(
        data, index_map, m=BATCH * BATCHES, Tx=TrainingConfig().tx, batch_size=BATCH, seed=0
    )


def peak_megabytes(process: int | None = None) -> float:
    """Peak memory of a process, by default of this one; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{process or os.getpid()}/status").read_text()
    except OSError:
        return 0.0
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 2**10


def peak_of_workers() -> float:
    """The highest peak memory of a child of this process."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    return max((peak_megabytes(int(child)) for child in children), default=0.0)


# ---------------------------------------------------------------------------------------------
# All measurements
# ---------------------------------------------------------------------------------------------


def measured(name: str, *arguments: object) -> Numbers:
    """The results of a measurement, run in a separate process with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "benchmarks.scale", "--measure", name]
        environment = {**os.environ, "DJMODEL_CACHE": cache}
        printed = subprocess.run(
            [*command, *map(str, arguments)],
            cwd=ROOT.parent,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def make_all(folder: Path, tunes: int) -> None:
    """Writes all tunes to `folder`, a tenth of them to its subfolder `tenth`."""
    tenth = folder / "tenth"
    tenth.mkdir(parents=True)
    edges = np.linspace(0, tunes, 41).astype(int)
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(make_tunes, folder), edges[:-1], edges[1:]))
    for number in range(tunes // TENTH):
        (folder / f"{number:06}.mid").rename(tenth / f"{number:06}.mid")


def measure_all(tunes: int, folder: Path, console: Console) -> dict[str, Numbers]:
    """Runs all measurements; returns their results by name, and writes them as they come."""
    results: dict[str, Numbers] = {}

    def measure(label: str, name: str, *arguments: object) -> None:
        began = time.perf_counter()
        results[label] = measured(name, *arguments)
        console.print(f"{label}: {time.perf_counter() - began:.0f} s", highlight=False)
        with atomic_write(ROOT / "scale.json") as temporary:
            temporary.write_text(json.dumps(results, indent=1))

    began = time.perf_counter()
    everything, tenth = folder / "tunes", folder / "tunes" / "tenth"
    make_all(everything, tunes)
    console.print(f"writing {tunes:,} tunes: {time.perf_counter() - began:.0f} s", highlight=False)
    corpora = {"tenth": folder / "a tenth", "whole": folder / "whole"}
    measure("build, a tenth, 1 worker", "build", tenth, folder / "one", 1)
    measure("build, a tenth, 2 workers", "build", tenth, corpora["tenth"], 2)
    measure("build, all, 2 workers", "build", everything, corpora["whole"], 2)
    measure("training, a tenth", "train", corpora["tenth"], time.time())
    measure("training, all", "train", corpora["whole"], time.time())
    measure("feeding", "feed", corpora["whole"])
    measure("format", "formats", corpora["whole"], folder)
    measure("limits", "limits", tenth, folder / "gathered")
    return results


def report(results: dict[str, Numbers], console: Console) -> None:
    table = Table(title="building", title_justify="left", box=box.SIMPLE)
    for heading in (
        "measurement",
        "files",
        "seconds",
        "files/s",
        "values/s",
        "peak MB of a worker",
    ):
        table.add_column(heading, justify="left" if heading == "measurement" else "right")
    table.add_column("peak MB of the main process", justify="right")
    for name in [name for name in results if name.startswith("build")]:
        row = results[name]
        seconds = row["seconds"]
        table.add_row(
            name,
            f"{row['files']:,}",
            f"{seconds:.1f}",
            f"{row['files'] / seconds:.0f}",
            f"{row['values'] / seconds:,.0f}",
            f"{row['worker megabytes']:.0f}" if row["worker megabytes"] else "",
            f"{row['megabytes']:.0f}",
        )
    console.print(table)
    table = Table(title="training", title_justify="left", box=box.SIMPLE)
    for heading in ("measurement", "seconds to the first step", "windows/s", "peak MB"):
        table.add_column(heading, justify="left" if heading == "measurement" else "right")
    for name in [name for name in results if name.startswith("training")]:
        row = results[name]
        numbers = (row["first step"], row["windows/s"], row["megabytes"])
        table.add_row(name, f"{numbers[0]:.2f}", *(f"{number:,.0f}" for number in numbers[1:]))
    console.print(table)
    rates = ", ".join(f"{name} {rate:,.0f}" for name, rate in results["feeding"].items())
    console.print(f"Windows per second from the corpus to the model: {rates}.", highlight=False)
    files = results["format"]
    console.print(
        f"Opening a file of {results['build, all, 2 workers']['tunes']:,} tunes and reading one:"
        " Arrow "
        f"{1000 * files['arrow seconds']:.1f} ms ({files['arrow bytes'] / 2**20:.1f} MB), Parquet "
        f"{1000 * files['parquet seconds']:.1f} ms ({files['parquet bytes'] / 2**20:.1f} MB).",
        highlight=False,
    )
    console.print(lakh(results), highlight=False)


def lakh(results: dict[str, Numbers]) -> str:
    """An estimate of the time and disk space for a far larger corpus."""
    one, all_ = results["build, a tenth, 1 worker"], results["build, all, 2 workers"]
    short, long = one["seconds"] / one["files"], results["limits"]["rag"]
    gather = results["limits"]["gather"]
    lines = [
        f"Estimate for the Lakh MIDI data set of {LAKH:,} files, if each takes between "
        f"{1000 * short:.0f} ms (a tune of this benchmark) and {1000 * long:.0f} ms (a whole rag); "
        f"one process gathers all rows in {1000 * gather:.2f} ms per file:"
    ]
    for cores in CORES:
        hours = [LAKH * max(each / cores, gather) / 3600 for each in (short, long)]
        first = "gathering" if short / cores < gather else "reading"
        lines.append(
            f"  {cores:3} cores: {_time(hours[0])} to {_time(hours[1])}, limited by {first}"
        )
    bytes_per_file = all_["bytes"] / all_["files"]
    lines.append(
        f"  Gathering is the bottleneck from {short / gather:.0f} to {long / gather:.0f} cores on."
        f" On disk {LAKH * bytes_per_file / 2**30:.1f} GB at"
        f" {bytes_per_file / 2**10:.1f} KB per file."
    )
    return "\n".join(lines)


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument(
        "--tunes", type=int, default=10_000, help="number of tunes (default: 10000)"
    )
    options.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        jobs: dict[str, Callable[..., Numbers]] = {
            "build": build,
            "train": train,
            "feed": feed,
            "formats": formats,
            "limits": limits,
        }
        name, *arguments = chosen.measure
        print(json.dumps(jobs[name](*arguments)))
        return
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        results = measure_all(max(chosen.tunes, 100), Path(folder), console)
    report(results, console)


if __name__ == "__main__":
    main()

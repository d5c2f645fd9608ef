"""A corpus of thousands of tunes: how fast it is built and trained on, in how much memory, how that
grows, and what would stop a far larger one.

    python -m benchmarks.scale [--tunes 10000]

The tunes are cut from the rags in `data/`, transposed and varied. Prints its progress and its
results, and writes scale.json beside this file.
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
from djmodel.values import corpus as dataset
from djmodel.values.encoded import encode_stored_corpus
from seqmodel.data.streaming import StreamingBatches
from seqmodel.data.windows import Windows
from seqmodel.files import atomic_write
from seqmodel.parallel.pool import PoolConfig

ROOT = Path(__file__).parent
TENTH = 10
BARS = (8, 24)  # of a tune that is cut out
MOVED = 0.1  # share of the melody's notes that are varied
BATCH, BATCHES = 64, 300
LAKH = 176_581  # files in the Lakh MIDI data set
CORES = (1, 16, 256)

Numbers = dict[str, Any]


# ---------------------------------------------------------------------------------------------
# The tunes
# ---------------------------------------------------------------------------------------------


def make_tunes(folder: Path, first: int, stop: int) -> None:
    """Writes the tunes `first` to `stop - 1` as MIDI files; each has a seed of its own."""
    whole = [read_tune(rag) for rag in rags()]
    for number in range(first, stop):
        rng = np.random.default_rng(number)
        write_midi(variation(whole[number % len(whole)], rng), folder / f"{number:06}.mid")


def variation(tune: Tune, rng: np.random.Generator) -> Tune:
    """A few bars of it, in another key, some notes of the melody a step or two away."""
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
# The measurements, each in a process of its own
# ---------------------------------------------------------------------------------------------


def build(music: str, out: str, jobs: str) -> Numbers:
    """`jobs` processes, nothing in the cache."""
    began = time.perf_counter()
    made = dataset.build([music], out, PoolConfig(int(jobs)))
    seconds = time.perf_counter() - began
    size = (Path(out) / dataset.FILE).stat().st_size
    memory = {"megabytes": peak_megabytes(), "worker megabytes": peak_of_workers()}
    counts = {"files": made.files, "tunes": made.tunes, "values": made.n_values}
    return {**counts, "seconds": seconds, "bytes": size, **memory}


def train(corpus: str, began: str) -> Numbers:
    """Some batches of a corpus; `began` is when this process was started, in seconds since 1970."""
    from djmodel.model.layers import shared_layers
    from djmodel.model.scan import scanning_model
    from seqmodel.network.keras_layers import extract_weights
    from seqmodel.parallel.threads import single_threaded_blas
    from seqmodel.training.numpy_trainer import NumpyTrainer

    batches = streamed(Path(corpus))
    layers = shared_layers(seed=0)
    learner = NumpyTrainer(extract_weights(scanning_model(layers.LSTM_cell, layers.densor)))
    seconds: list[float] = []
    with single_threaded_blas():
        for inputs, labels in batches.epoch(0):
            learner.step(inputs, labels, 0.001)
            seconds.append(time.time() - float(began))
    rate = BATCH * (len(seconds) - 1) / (seconds[-1] - seconds[0])
    return {"first step": seconds[0], "windows a second": rate, "megabytes": peak_megabytes()}


def feed(corpus: str) -> Numbers:
    """Windows a second as they come from the corpus, by what hands them on to Keras."""
    from seqmodel.network.keras_layers import load_keras, without_tensorflow_logs

    keras = load_keras()
    with without_tensorflow_logs():
        import tensorflow as tf
    batches = streamed(Path(corpus))

    class Dataset(keras.utils.PyDataset):  # type: ignore[name-defined]
        """Each batch again from the corpus, as PyDataset asks for them by number."""

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

    ways: dict[str, Callable[[], Iterator[Any]]] = {
        "as they come": lambda: batches.epoch(0),
        "keras.utils.PyDataset": by_pydataset,
        "tf.data": by_tf_data,
    }
    found = {}
    with without_tensorflow_logs():  # TensorFlow says much about the machine
        for name, way in ways.items():
            began = time.perf_counter()
            for _ in way():
                pass
            found[name] = BATCH * BATCHES / (time.perf_counter() - began)
    return found


def formats(corpus: str, folder: str) -> Numbers:
    """Seconds from a closed file to the values of one tune in its middle, and bytes on disk."""
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
    for name, way in (("arrow", by_arrow), ("parquet", by_parquet)):
        way()
        began = time.perf_counter()
        way()
        found[f"{name} seconds"] = time.perf_counter() - began
    return found


def limits(music: str, out: str) -> Numbers:
    """What one process does for each file whoever reads it: seconds of the process that gathers the
    rows and writes them; and seconds to read a whole rag, the longest files that there are here."""
    files = sorted(Path(music).iterdir())
    with tempfile.TemporaryDirectory() as cache:
        read = [dataset.rows_of(file, Path(cache)) for file in files]
    real = dataset.rows_of
    dataset.rows_of = lambda path, cache: read[int(path.stem)]  # noqa: ARG005
    for _ in range(2):  # the first time, what it needs is imported
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
    """The most that a process had in memory, this one by default; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{process or os.getpid()}/status").read_text()
    except OSError:
        return 0.0
    [peak] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peak) / 2**10


def peak_of_workers() -> float:
    """The most that one of the processes had that this one has started."""
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [child for task in tasks for child in task.read_text().split()]
    return max((peak_megabytes(int(child)) for child in children), default=0.0)


# ---------------------------------------------------------------------------------------------
# All of them
# ---------------------------------------------------------------------------------------------


def measured(name: str, *arguments: object) -> Numbers:
    """What a measurement gives, made by a process of its own with nothing in the cache."""
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
    """A tenth of the tunes in a folder of its own within `folder`, the others beside it."""
    tenth = folder / "tenth"
    tenth.mkdir(parents=True)
    edges = np.linspace(0, tunes, 41).astype(int)
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(make_tunes, folder), edges[:-1], edges[1:]))
    for number in range(tunes // TENTH):
        (folder / f"{number:06}.mid").rename(tenth / f"{number:06}.mid")


def measure_all(tunes: int, folder: Path, console: Console) -> dict[str, Numbers]:
    """All measurements, by name."""
    results: dict[str, Numbers] = {}

    def measure(label: str, name: str, *arguments: object) -> None:
        began = time.perf_counter()
        results[label] = measured(name, *arguments)
        console.print(f"{label}: {time.perf_counter() - began:.0f} s", highlight=False)

    began = time.perf_counter()
    everything, tenth = folder / "tunes", folder / "tunes" / "tenth"
    make_all(everything, tunes)
    console.print(f"made {tunes:,} tunes: {time.perf_counter() - began:.0f} s", highlight=False)
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
    for heading in ("", "files", "seconds", "files a second", "values a second", "MB, one worker"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_column("MB, gathering", justify="right")
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
    for heading in ("", "seconds to the first step", "windows a second", "peak MB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in [name for name in results if name.startswith("training")]:
        row = results[name]
        numbers = (row["first step"], row["windows a second"], row["megabytes"])
        table.add_row(name, f"{numbers[0]:.2f}", *(f"{number:,.0f}" for number in numbers[1:]))
    console.print(table)
    told = ", ".join(f"{name} {rate:,.0f}" for name, rate in results["feeding"].items())
    console.print(f"Windows a second from the corpus to the model: {told}.", highlight=False)
    kept = results["format"]
    console.print(
        f"One tune of {results['build, all, 2 workers']['tunes']:,}, from a closed file: Arrow "
        f"{1000 * kept['arrow seconds']:.1f} ms ({kept['arrow bytes'] / 2**20:.1f} MB), Parquet "
        f"{1000 * kept['parquet seconds']:.1f} ms ({kept['parquet bytes'] / 2**20:.1f} MB).",
        highlight=False,
    )
    console.print(lakh(results), highlight=False)


def lakh(results: dict[str, Numbers]) -> str:
    """What a far larger corpus would take, from these figures."""
    one, all_ = results["build, a tenth, 1 worker"], results["build, all, 2 workers"]
    short, long = one["seconds"] / one["files"], results["limits"]["rag"]
    gather = results["limits"]["gather"]
    lines = [
        f"The Lakh MIDI data set, {LAKH:,} files, if each took {1000 * short:.0f} ms as the tunes "
        f"here, or {1000 * long:.0f} ms as a whole rag; one process gathers all rows, "
        f"{1000 * gather:.2f} ms a file:"
    ]
    for cores in CORES:
        hours = [LAKH * max(each / cores, gather) / 3600 for each in (short, long)]
        first = "gathering" if short / cores < gather else "reading"
        lines.append(
            f"  {cores:3} cores: {_time(hours[0])} to {_time(hours[1])}; most of it: {first}"
        )
    bytes_a_file = all_["bytes"] / all_["files"]
    lines.append(
        f"  From {short / gather:.0f} to {long / gather:.0f} cores on, gathering is the bottleneck."
        f" On disk {LAKH * bytes_a_file / 2**30:.1f} GB at {bytes_a_file / 2**10:.1f} KB a tune."
    )
    return "\n".join(lines)


def _time(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--tunes", type=int, default=10_000, help="how many (default 10000)")
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
    with atomic_write(ROOT / "scale.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

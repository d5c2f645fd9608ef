"""Times of the stages of `make demo`: `python -m benchmarks.demo`.

Performs the stages of `djmodel train --preset ragtime` one by one, then runs the three
commands of the demo. Prints tables and writes demo.json beside this file.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent


class Stages(dict[str, float]):
    """Seconds by stage; calling it times one."""

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self[name] = self.get(name, 0.0) + time.perf_counter() - began


def train(folder: Path) -> Stages:
    """Times the stages of a training; all imports count as start-up."""
    stage = Stages()
    with stage("start-up: imports without TensorFlow"):
        import music21  # noqa: F401

        from djmodel.inputs.music_files import rags
        from djmodel.inputs.reader import read_tunes
        from djmodel.model.improvise import improvise
        from djmodel.model.training import fit
        from djmodel.outputs.midi import write_midi
        from djmodel.presets import PRESETS
        from djmodel.values.encoded_corpus import encode_corpus
        from seqmodel.network.keras_layers import load_keras
        from seqmodel.plots import loss_curve
    with stage("start-up: Keras and TensorFlow"):
        load_keras()
    with stage("reading: eight MIDI files"):
        corpus = read_tunes(rags())
    config = PRESETS["ragtime"]
    with stage("values: notes to values, vocabulary"):
        encode_corpus(corpus.tunes, config.n_values)
    began = time.perf_counter()
    trained = fit(corpus.tunes, config)
    seconds = time.perf_counter() - began
    steps = sum(epoch.seconds for epoch in trained.history)
    stage[f"steps: {len(trained.history)} epochs"] = steps
    encoding = stage["values: notes to values, vocabulary"]  # `fit` encodes the tunes again
    stage["compilation: layers, graph, copying weights"] = seconds - steps - encoding
    with stage("writing: model, curve"):
        trained.save(folder / "model.keras")
        losses = [epoch.loss for epoch in trained.history]
        loss_curve({"training": losses}).save(folder / "loss.png")
    with stage("writing: a first solo"):
        [solo] = improvise(trained.model, trained.model.changes[0])
        write_midi(solo.tune, folder / "solo.mid")
    return stage


def commands(folder: Path) -> Stages:
    """Times the commands of the demo, each in a new process."""
    stage = Stages()
    for module, *arguments in (
        ("djmodel.train", "--preset", "ragtime", "--out", str(folder / "ragtime")),
        ("dinos.train", "--out", str(folder / "dinos")),
        ("dinos.generate", str(folder / "dinos" / "model.keras"), "--count", "10"),
    ):
        with stage(f"python -m {module}"):
            subprocess.run(
                [sys.executable, "-m", module, *arguments], check=True, capture_output=True
            )
    return stage


def main() -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from seqmodel.files import atomic_write

    console = Console()
    with tempfile.TemporaryDirectory() as name:
        results = {
            "training, by stage": train(Path(name)),
            "demo, by command": commands(Path(name)),
        }
    for title, stages in results.items():
        table = Table(title=title, title_justify="left", box=box.SIMPLE)
        for heading in ("stage", "seconds", "share"):
            table.add_column(heading, justify="left" if heading == "stage" else "right")
        whole = sum(stages.values())
        for stage, seconds in stages.items():
            table.add_row(stage, f"{seconds:.2f}", f"{seconds / whole:.0%}")
        table.add_row("total", f"{whole:.2f}", "")
        console.print(table)
    with atomic_write(ROOT / "demo.json") as temporary:
        temporary.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

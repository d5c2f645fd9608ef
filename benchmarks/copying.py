"""How much a model copies, by how much music it learned: `python -m benchmarks.copying`.

Trains on one rag, on two, four and all eight, as the course trains, and holds 16 solos of 32 bars
against the music: the longest run in values, the share of runs of four that are known. Beside it,
what pieces of the rags, as long, have in common with the other rags.
"""

from __future__ import annotations

import numpy as np

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.evaluation.copying import VALUES, Copied, CopyDetector, human_baseline
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.model.generation import generate_solos
from djmodel.model.training import fit

SOLOS, BARS = 16, 32


def main() -> None:
    tunes = [read_tune(path) for path in rags()]
    print("learned from        values   longest: mean, most   known runs of 4")
    for number in (1, 2, 4, 8):
        model = fit(tunes[:number], TrainingConfig()).model
        solos = generate_solos(model, GenerationConfig(bars=BARS), SOLOS)
        detector = CopyDetector.of(model)
        n_values = model.n_values
        name = f"{number} rag{'s' if number > 1 else ''}"
        _row(name, n_values, [detector.copied(solo, VALUES) for solo in solos])
    _row("a rag, the others", 0, human_baseline(CopyDetector(tunes), VALUES, BARS))


def _row(name: str, n_values: int, found: list[Copied]) -> None:
    lengths = [copied.longest.length for copied in found]
    share = np.mean([copied.overlap[3] for copied in found])
    print(f"{name:18} {n_values or '':>7} {np.mean(lengths):14.1f} {max(lengths):6} {share:17.1%}")


if __name__ == "__main__":
    main()

"""Copying by amount of training music: `python -m benchmarks.copying`.

Trains on one, two, four and all eight rags with the settings of the course, and looks in 16 solos
of 32 bars for copies from the training music: the longest passage in values, and the share of
four-grams that occur in it. For comparison, the same for pieces of the rags, of the same length,
and the other rags.
"""

from __future__ import annotations

import numpy as np

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.evaluation.copying import VALUES, Copied, CopyDetector, human_baseline
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.model.generation import generate_solos
from djmodel.model.training import fit
from seqmodel.text import pluralize

SOLOS, BARS = 16, 32


def main() -> None:
    tunes = [read_tune(path) for path in rags()]
    print("trained on          values   longest: mean, max   known 4-grams")
    for number in (1, 2, 4, 8):
        model = fit(tunes[:number], TrainingConfig()).model
        solos = generate_solos(model, GenerationConfig(bars=BARS), SOLOS)
        detector = CopyDetector.of(model)
        name = pluralize(number, "rag")
        _row(name, model.n_values, [detector.copied(solo, VALUES) for solo in solos])
    _row("a rag: the others", 0, human_baseline(CopyDetector(tunes), VALUES, BARS))


def _row(name: str, n_values: int, found: list[Copied]) -> None:
    lengths = [copied.longest.length for copied in found]
    share = np.mean([copied.overlap[3] for copied in found])
    print(f"{name:18} {n_values or '':>7} {np.mean(lengths):15.1f} {max(lengths):4} {share:15.1%}")


if __name__ == "__main__":
    main()

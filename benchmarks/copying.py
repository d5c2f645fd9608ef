"""Copying as a function of the amount of training music: `python -m benchmarks.copying`.

Trains on one, two, four and all eight rags with the course's settings and searches 16 solos of 32
bars for passages from the training music: the longest one, in values, and the share of the solos'
4-grams that occur in that music. For comparison, excerpts of 32 bars from each rag are measured
against the other rags.
"""

from __future__ import annotations

import numpy as np

from djmodel.config import GenerationConfig, TrainingConfig
from djmodel.evaluation.copying import VALUES, Copied, CopyDetector, human_baseline
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.model.solos import generate_solos
from djmodel.model.training import fit
from seqmodel.text import pluralize

SOLOS, BARS = 16, 32


def main() -> None:
    tunes = [read_tune(path) for path in rags()]
    print("trained on   vocabulary  longest copy in values: mean   max  4-grams copied", flush=True)
    for number in (1, 2, 4, 8):
        model = fit(tunes[:number], TrainingConfig()).model
        solos = generate_solos(model, GenerationConfig(bars=BARS), SOLOS)
        detector = CopyDetector.of(model)
        name = pluralize(number, "rag")
        _row(name, model.n_values, [detector.copied(solo, VALUES) for solo in solos])
    _row("(rags)", 0, human_baseline(CopyDetector(tunes), VALUES, BARS))


def _row(name: str, n_values: int, copies: list[Copied]) -> None:
    lengths = [copied.longest.length for copied in copies]
    share = np.mean([copied.overlap[3] for copied in copies])
    print(
        f"{name:12} {n_values or '':>10} {np.mean(lengths):29.1f} {max(lengths):5} {share:15.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()

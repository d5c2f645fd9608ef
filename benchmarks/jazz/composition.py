"""The bundled jazz model, its ablations and n-grams on compositions that it has not seen.

    python -m benchmarks.jazz.composition [--without GROUP ...]

Trains the preset `jazz` on the training solos of the split `by_composition` and writes
data/jazz.keras; no title of a validation or test solo is among them. Settings, and the weights of
the short-term memory, are chosen on the validation solos; the test solos are measured once. Each
ablation leaves out a group of conditioning features, and is trained as long as the others. What is
finished is kept in benchmarks/jazz/composition.json; a figure that is there is not computed again.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.jazz.mingus import CHORDS, NEXT, PERFORMANCE
from benchmarks.jazz.results import Results
from djmodel.config import TrainingConfig
from djmodel.evaluation.perplexity import Metrics, evaluate, evaluate_model
from djmodel.inputs.wjazzd.solos import bundled_file, bundled_solos
from djmodel.model.training import TrainingResult, fit
from djmodel.presets import training_preset
from seqmodel.command_line.runner import stderr_console
from seqmodel.files import sha256_of_file
from seqmodel.training.trainer import EpochMetrics

MODEL = Path(__file__).parents[2] / "data" / "jazz.keras"
ABLATION_EPOCHS = 8
GROUPS = {
    "chords": CHORDS,
    "next chord": NEXT,
    "player": ("player",),
    "performance": PERFORMANCE,
    "position": ("bar_end", "beat_onset"),
    "form": ("form",),
    "part": ("part",),
    "key": ("key_degree", "chord_in_key", "mode"),
    "pitch": ("pitch", "register"),
    "leap": ("leap",),
    "phrase": ("phrase_notes", "phrase_time"),
    "rhythm": ("since_onset", "last_gap", "last_phase"),
}
MEASURED = ("validation", "test")


def figures(metrics: Metrics) -> dict[str, float]:
    """Nats per note, perplexity per value, and the share of values that were the most likely."""
    return {
        "nats per note": metrics.nats_per_note,
        "perplexity per value": metrics.perplexity,
        "accuracy": metrics.accuracy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, help="instead of the preset's (to try it out)")
    parser.add_argument(
        "--without",
        nargs="*",
        metavar="GROUP",
        choices=GROUPS,
        default=["chords", "next chord", "player"],
        help=f"groups of features to leave out in turn, of {', '.join(GROUPS)}; none: no ablation",
    )
    arguments = parser.parse_args()
    console, results = stderr_console(), Results("composition")
    parts = {part: bundled_solos(part) for part in ("train", "validation", "test")}
    preset = training_preset("jazz")
    if arguments.epochs:
        preset = replace(preset, trainer=replace(preset.trainer, epochs=arguments.epochs))

    def train(name: str, config: TrainingConfig) -> tuple[TrainingResult, float]:
        began = time.perf_counter()

        def progress(epoch: EpochMetrics) -> None:
            text = f"{name}: epoch {epoch.number} of {config.trainer.epochs}, loss {epoch.loss:.4f}"
            console.print(f"{text}, {epoch.seconds:.0f} s", soft_wrap=True)

        path = bundled_file()
        result = fit(
            parts["train"],
            config,
            held_out=parts["validation"],
            sources={path.name: sha256_of_file(path)},
            progress=progress,
        )
        return result, time.perf_counter() - began

    if not results.has("jazz"):
        result, seconds = train("jazz", preset)
        result.save(MODEL)
        model = result.model
        evaluations = {part: evaluate(model, parts[part]) for part in MEASURED}
        results.add(
            "jazz",
            {
                "parameters": model.weights.n_parameters,
                "epochs": preset.trainer.epochs,
                "minutes": round(seconds / 60, 1),
                "share folded": result.encoded_corpus.share_folded,
                **{part: figures(found.model) for part, found in evaluations.items()},
            },
        )
        order = evaluations["validation"].best_order
        best = {part: figures(found.ngrams[order]) for part, found in evaluations.items()}
        results.add("n-gram", {"order": order, **best})
    short = replace(preset, trainer=replace(preset.trainer, epochs=ABLATION_EPOCHS))
    for name in (None, *arguments.without) if arguments.without else ():
        key = f"without {name}" if name else "all"
        left_out = GROUPS[name] if name else ()
        if results.has(key):
            continue
        kept = tuple(f for f in short.conditioning if f not in left_out)
        result, _ = train(key, replace(short, conditioning=kept))
        metrics = {part: evaluate_model(result.model, parts[part]) for part in MEASURED}
        results.add(key, {part: figures(one) for part, one in metrics.items()})
    for name, row in results.figures.items():
        console.print(f"{name}: {row}", soft_wrap=True)


if __name__ == "__main__":
    main()

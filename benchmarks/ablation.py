"""What each group of conditioning features is worth to the jazz model.

Trains the preset `jazz` on the bundled training solos as it is and without one group of features at
a time, and prints the cross-entropy on the validation solos, whose compositions are not in the
training.

    python -m benchmarks.ablation --epochs 8 --n-a 128
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

from djmodel.config import TrainingConfig
from djmodel.evaluation.perplexity import Metrics, evaluate_model
from djmodel.inputs.wjazzd.solos import bundled_solos
from djmodel.model.training import fit
from djmodel.presets import PRESETS
from seqmodel.settings import with_settings

GROUPS: Mapping[str, tuple[str, ...]] = {
    "position in the bar": ("bar_onset", "bar_end", "beat_onset"),
    "form": ("form",),
    "chords": ("chord", "degree", "chord_degree", "chord_in_key"),
    "next chord": ("next_chord", "next_root", "next_degree", "until_next"),
    "key": ("key_degree", "chord_in_key", "mode"),
    "pitch and register": ("pitch", "register"),
    "leap before": ("leap",),
    "phrase": ("phrase_notes", "phrase_time"),
    "rhythm before": ("since_onset", "last_gap", "last_phase"),
    "player": ("player",),
    "instrument": ("instrument",),
    "style and feel": ("style", "feel"),
    "tempo": ("tempo",),
}
ALL_CHORDS = (*GROUPS["chords"], *GROUPS["next chord"])


def variants(config: TrainingConfig) -> dict[str, TrainingConfig]:
    """The configuration by what it leaves out."""
    groups = {**GROUPS, "any chord": ALL_CHORDS}
    return {
        "nothing": config,
        **{name: without(config, features) for name, features in groups.items()},
        "views": replace(config, views=False),
        "memory": replace(config, memory=False),
    }


def without(config: TrainingConfig, features: tuple[str, ...]) -> TrainingConfig:
    """The configuration without these conditioning features."""
    kept = tuple(name for name in config.conditioning if name not in features)
    return replace(config, conditioning=kept)


def measure(config: TrainingConfig) -> Metrics:
    """The metrics of a model on the second half of the validation solos; the first half decides on
    its short-term memory."""
    held_out = bundled_solos("validation")
    result = fit(bundled_solos("train"), config, held_out=held_out[::2])
    return evaluate_model(result.model, held_out[1::2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--n-a", type=int, default=128)
    parser.add_argument("--only", nargs="*", help="names of groups; default: all")
    options = parser.parse_args()
    config = with_settings(PRESETS["jazz"], epochs=options.epochs, n_a=options.n_a)
    print("| without | nats per value | nats per note | |\n|---|---|---|---|")
    baseline = None
    for name, variant in variants(config).items():
        if options.only and name not in ("nothing", *options.only):
            continue
        found = measure(variant)
        baseline = baseline or found
        loss = found.cross_entropy
        difference = f"{loss - baseline.cross_entropy:+.3f}"
        print(f"| {name} | {loss:.3f} | {found.nats_per_note:.3f} | {difference} |", flush=True)


if __name__ == "__main__":
    main()

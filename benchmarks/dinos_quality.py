"""Perplexity of the `dinos` models on held-out names, compared with n-grams and with PyTorch.

    python -m benchmarks.dinos_quality [NAMES] [--seeds 0 1 2] [--cells rnn lstm] [--json FILE]

Also counts the new names among 100 and measures the training time. PyTorch is in the extra `bench`;
without it that part is skipped, and the output says so. Each seed holds out a different tenth of
the names (dinosaurs, or those of the file NAMES). The held-out names are used for measuring only,
with one exception in favour of PyTorch: its best epoch is listed, too. Each cell is also trained
with a context of one character, like the course's model and the PyTorch one; the difference is the
effect of the longer n-grams.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dinos.generation import generate
from dinos.names import Names, Split, dinosaurs, encode, read_names, split, vocabulary
from dinos.training import TrainingConfig, TrainingResult, fit
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.ngram import NGram

ORDERS = (1, 2, 3, 4, 5)
N_GENERATED = 100
CELLS = ("rnn", "gru", "lstm")
CONTEXT_1 = ", context 1"
# Settings of makemore: AdamW with a constant learning rate, batches of 32.
MAKEMORE = {"lr": 5e-4, "weight_decay": 0.01, "betas": (0.9, 0.99)}
MAKEMORE_BATCH = 32


def best_ngram(data: Split, vocab: Vocabulary, seed: int) -> tuple[NGram, float]:
    """The n-gram fitted to the training names, with the order and smoothing that are best on a
    tenth of them, and its cross-entropy on the held-out names."""
    training = [encode(name, vocab).tolist() for name in data.training]
    held_out = [encode(name, vocab).tolist() for name in data.held_out]
    rng = np.random.default_rng(seed)
    ngram = next(iter(NGram.tuned_orders(training, vocab.size, rng, ORDERS).values()))
    return ngram, ngram.cross_entropy(held_out)


def examples_of(config: TrainingConfig, data: Split) -> int:
    """The number of names that a training reads, augmented ones included."""
    epochs, n_augmented = config.resolve_defaults(data.training + data.held_out)
    return epochs * (len(data.training) + n_augmented)


def makemore(
    cell: str, data: Split, vocab: Vocabulary, units: int, examples: int, seed: int
) -> tuple[int, float, float]:
    """Trains a makemore-style PyTorch network on `examples` names drawn from the training names.

    Returns its number of parameters and its cross-entropy on the held-out names: the last and the
    lowest.
    """
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)

    def tensors(names: Sequence[str]) -> tuple[Any, Any]:
        rows = [encode(name, vocab) for name in names]
        longest = max(map(len, rows))
        inputs = np.zeros((len(rows), longest), dtype=np.int64)  # index 0 also begins a name
        labels = np.full((len(rows), longest), -1, dtype=np.int64)
        for i, row in enumerate(rows):
            inputs[i, 1 : len(row)] = row[:-1]
            labels[i, : len(row)] = row
        return torch.from_numpy(inputs), torch.from_numpy(labels)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(vocab.size, vocab.size)
            kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
            self.cell = kinds[cell](vocab.size, units, batch_first=True)
            self.head = torch.nn.Linear(units, vocab.size)

        def forward(self, inputs: Any, labels: Any) -> Any:
            logits = self.head(self.cell(self.embedding(inputs))[0])
            return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)

    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), **MAKEMORE)
    inputs, labels = tensors(data.training)
    held_out = tensors(data.held_out)
    losses = []
    for step in range(1, examples // MAKEMORE_BATCH + 1):
        rows = rng.integers(0, len(inputs), MAKEMORE_BATCH)
        loss = network(inputs[rows], labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            with torch.no_grad():
                losses.append(float(network(*held_out)))
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    return n_parameters, losses[-1], min(losses)


def count_new(trained: TrainingResult, seed: int) -> int:
    """The number of distinct new names among N_GENERATED names at temperature 1."""
    names = generate(trained.model, count=N_GENERATED, seed=seed)
    return len({name.name for name in names if name.new})


def measure(names: Names, seed: int, cells: Sequence[str]) -> dict[str, Any]:
    """All results for one seed. PyTorch is trained for the gated cells only."""
    vocab, data = vocabulary(names.names), split(names.names, seed)
    ngram, ngram_loss = best_ngram(data, vocab, seed)
    results: dict[str, Any] = {
        "seed": seed,
        "ngram": {
            "order": ngram.order,
            "smoothing": list(ngram.smoothing),
            "held_out": ngram_loss,
        },
    }
    name = f"order {ngram.order}, {ngram.smoothing.kind} {ngram.smoothing.strength:g}"
    show(f"seed {seed}  n-gram ({name}): perplexity {math.exp(ngram_loss):.3f}")
    configs = {cell: TrainingConfig(cell=cell, seed=seed) for cell in cells}
    configs |= {cell + CONTEXT_1: TrainingConfig(cell=cell, context=1, seed=seed) for cell in cells}
    for name, config in configs.items():
        began = time.perf_counter()
        trained = fit(names, config)
        seconds = time.perf_counter() - began
        loss = trained.model.content.held_out_loss
        results[name] = {
            "parameters": trained.model.weights.n_parameters,
            "held_out": loss,
            "training": trained.model.content.training_loss,
            "seconds": seconds,
            "new_of_100": count_new(trained, seed),
        }
        show(
            f"seed {seed}  {name}: perplexity {math.exp(loss):.3f}, "
            f"{results[name]['new_of_100']} of {N_GENERATED} new and unique, {seconds:.1f} s"
        )
    gated = [cell for cell in cells if cell != "rnn"]
    for cell in gated if importlib.util.find_spec("torch") else ():
        config = configs[cell]
        size, last, lowest = makemore(
            cell, data, vocab, config.n_a, examples_of(config, data), seed
        )
        results[f"makemore {cell}"] = {
            "parameters": size,
            "held_out": last,
            "held_out_lowest": lowest,
        }
        show(
            f"seed {seed}  makemore-style {cell} in PyTorch: perplexity {math.exp(last):.3f} "
            f"at the end, {math.exp(lowest):.3f} at its lowest"
        )
    return results


def show(line: str) -> None:
    print(line, flush=True)


def summary(measured: Sequence[dict[str, Any]]) -> list[str]:
    """Lines with the mean perplexity over the seeds and the outcome of each goal."""

    def perplexity(name: str, key: str = "held_out") -> float:
        return math.exp(statistics.mean(one[name][key] for one in measured))

    trained = [name for name in measured[0] if name.startswith(CELLS)]
    lines = [f"{name}: {perplexity(name):.3f}" for name in ("ngram", *trained)]
    if "rnn" in trained:
        lines += _default_goals(measured, perplexity("rnn"), perplexity("ngram"))
    for cell in trained:
        other = f"makemore {cell.removesuffix(CONTEXT_1)}"
        if cell.startswith("rnn"):
            continue
        if all(other in one for one in measured):
            ours, last = perplexity(cell), perplexity(other)
            lowest = perplexity(other, "held_out_lowest")
            numbers = f"{ours:.3f}; PyTorch {last:.3f} at the end, {lowest:.3f} at its lowest"
            lines.append(_goal(f"{cell} below makemore-style PyTorch", ours < last, numbers))
        else:
            lines.append(f"not measured  {cell} against PyTorch: pip install 'djmodel[bench]'")
    return lines


def _default_goals(measured: Sequence[dict[str, Any]], rnn: float, ngram: float) -> list[str]:
    fewest = min(one["rnn"]["new_of_100"] for one in measured)
    slowest = max(one["rnn"]["seconds"] for one in measured)
    return [
        _goal("default model below the best n-gram", rnn < ngram, f"{rnn:.3f}; n-gram {ngram:.3f}"),
        _goal("at least 90 of 100 names new and unique", fewest >= 90, f"at least {fewest}"),
        _goal(
            "training takes less than 30 s (only the first imports TensorFlow)",
            slowest < 30,
            f"at most {slowest:.1f} s",
        ),
    ]


def _goal(name: str, reached: bool, numbers: str) -> str:
    return f"{'reached' if reached else 'NOT reached'}  {name}: {numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "names", nargs="?", type=Path, help="file with one name per line (default: dinosaurs)"
    )
    parser.add_argument(
        "--seeds",
        nargs="+",
        type=int,
        default=[0, 1, 2],
        help="seeds of the splits (default: 0 1 2)",
    )
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS, help="default: all")
    parser.add_argument("--json", type=Path, help="file for the results, written after each seed")
    arguments = parser.parse_args()
    names = read_names(arguments.names or dinosaurs())
    measured = []
    for seed in arguments.seeds:
        measured.append(measure(names, seed, arguments.cells))
        if arguments.json:
            arguments.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"perplexity per character on held-out names, mean of {len(measured)} splits:")
    for line in summary(measured):
        print(line)


if __name__ == "__main__":
    main()

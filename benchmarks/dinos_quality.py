"""How well the models of `dinos` foretell names that they have not seen, beside n-grams and beside
PyTorch; how many of their names are new; how long a training takes.

    python -m benchmarks.dinos_quality [NAMES] [--seeds 0 1 2] [--cells rnn lstm] [--json FILE]

PyTorch is in the extra `bench`; without it that part is left out, and the output says so. Each seed
holds out another tenth of the names (dinosaurs, or those of the file NAMES). The held-out names
decide nothing but the numbers below, with one exception in favour of the other side: PyTorch is
also listed at its best epoch. Each cell is also trained with a context of one character, as the
course's is and PyTorch's here: what the longer pieces of names do is the difference.
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
INVENTED = 100
CELLS = ("rnn", "gru", "lstm")
ONE = ", context 1"
# What makemore trains with: AdamW, a constant rate, batches of 32.
MAKEMORE = {"lr": 5e-4, "weight_decay": 0.01, "betas": (0.9, 0.99)}
MAKEMORE_BATCH = 32


def best_ngram(apart: Split, known: Vocabulary, seed: int) -> tuple[NGram, float]:
    """The n-gram whose order and smoothing do best on a tenth of the training names, fitted to all
    of those; and its cross-entropy on the held-out ones."""
    training = [encode(name, known).tolist() for name in apart.training]
    held_out = [encode(name, known).tolist() for name in apart.held_out]
    rng = np.random.default_rng(seed)
    ngram = next(iter(NGram.tuned_orders(training, known.size, rng, ORDERS).values()))
    return ngram, ngram.cross_entropy(held_out)


def examples_of(config: TrainingConfig, apart: Split) -> int:
    """How many names a training reads, those made up included."""
    epochs, n_augmented = config.resolve_defaults(apart.training + apart.held_out)
    return epochs * (len(apart.training) + n_augmented)


def makemore(
    cell: str, apart: Split, known: Vocabulary, units: int, examples: int, seed: int
) -> tuple[int, float, float]:
    """A PyTorch network in the manner of makemore, trained on `examples` names drawn from the
    training ones: its number of parameters, and its cross-entropy on the held-out names at the end
    and where it was lowest."""
    import torch
    from torch.nn.functional import cross_entropy

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)

    def tensors(names: Sequence[str]) -> tuple[Any, Any]:
        rows = [encode(name, known) for name in names]
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
            self.embedding = torch.nn.Embedding(known.size, known.size)
            kinds = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
            self.cell = kinds[cell](known.size, units, batch_first=True)
            self.head = torch.nn.Linear(units, known.size)

        def forward(self, inputs: Any, labels: Any) -> Any:
            logits = self.head(self.cell(self.embedding(inputs))[0])
            return cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=-1)

    network = Network()
    optimizer = torch.optim.AdamW(network.parameters(), **MAKEMORE)
    inputs, labels = tensors(apart.training)
    held_out = tensors(apart.held_out)
    reached = []
    for step in range(1, examples // MAKEMORE_BATCH + 1):
        rows = rng.integers(0, len(inputs), MAKEMORE_BATCH)
        loss = network(inputs[rows], labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            with torch.no_grad():
                reached.append(float(network(*held_out)))
    n_parameters = sum(parameter.numel() for parameter in network.parameters())
    return n_parameters, reached[-1], min(reached)


def share_new(trained: TrainingResult, seed: int) -> int:
    """How many of INVENTED names at temperature 1 are not in the list and not twice among them."""
    inventions = generate(trained.model, count=INVENTED, seed=seed)
    return len({invention.name for invention in inventions if invention.new})


def measure(
    names: Names, seed: int, cells: Sequence[str], console_line: Any = print
) -> dict[str, Any]:
    """All numbers of one seed. PyTorch is trained beside the cells with gates."""
    known, apart = vocabulary(names.names), split(names.names, seed)
    ngram, ngram_loss = best_ngram(apart, known, seed)
    found: dict[str, Any] = {
        "seed": seed,
        "ngram": {
            "order": ngram.order,
            "smoothing": list(ngram.smoothing),
            "held_out": ngram_loss,
        },
    }
    how = f"order {ngram.order}, {ngram.smoothing.kind} {ngram.smoothing.strength:g}"
    console_line(f"seed {seed}  n-gram ({how}): perplexity {math.exp(ngram_loss):.3f}")
    lessons = {cell: TrainingConfig(cell=cell, seed=seed) for cell in cells}
    lessons |= {cell + ONE: TrainingConfig(cell=cell, context=1, seed=seed) for cell in cells}
    for name, config in lessons.items():
        began = time.perf_counter()
        trained = fit(names, config)
        seconds = time.perf_counter() - began
        loss = trained.model.content.held_out_loss
        found[name] = {
            "parameters": trained.model.weights.n_parameters,
            "held_out": loss,
            "training": trained.model.content.training_loss,
            "seconds": seconds,
            "new_of_100": share_new(trained, seed),
        }
        console_line(
            f"seed {seed}  {name}: perplexity {math.exp(loss):.3f}, "
            f"{found[name]['new_of_100']} of {INVENTED} new and unique, {seconds:.1f} s"
        )
    gated = [cell for cell in cells if cell != "rnn"]
    for cell in gated if importlib.util.find_spec("torch") else ():
        config = lessons[cell]
        size, last, lowest = makemore(
            cell, apart, known, config.n_a, examples_of(config, apart), seed
        )
        found[f"makemore {cell}"] = {
            "parameters": size,
            "held_out": last,
            "held_out_lowest": lowest,
        }
        console_line(
            f"seed {seed}  makemore-style {cell} in PyTorch: perplexity {math.exp(last):.3f} "
            f"at the end, {math.exp(lowest):.3f} where it was lowest"
        )
    return found


def summary(measured: Sequence[dict[str, Any]]) -> list[str]:
    """Means over the seeds, and each goal with what was reached."""

    def perplexity(name: str, key: str = "held_out") -> float:
        return math.exp(statistics.mean(one[name][key] for one in measured))

    trained = [name for name in measured[0] if name.startswith(CELLS)]
    lines = [f"{name}: {perplexity(name):.3f}" for name in ("ngram", *trained)]
    if "rnn" in trained:
        lines += _default_goals(measured, perplexity("rnn"), perplexity("ngram"))
    for cell in trained:
        other = f"makemore {cell.removesuffix(ONE)}"
        if cell.startswith("rnn"):
            continue
        if all(other in one for one in measured):
            ours, last = perplexity(cell), perplexity(other)
            lowest = perplexity(other, "held_out_lowest")
            reached = f"{ours:.3f}, {last:.3f} at the end, {lowest:.3f} at its lowest"
            lines.append(_goal(f"{cell} below makemore-style PyTorch", ours < last, reached))
        else:
            lines.append(f"not measured  {cell} beside PyTorch: pip install 'djmodel[bench]'")
    return lines


def _default_goals(measured: Sequence[dict[str, Any]], rnn: float, ngram: float) -> list[str]:
    fewest = min(one["rnn"]["new_of_100"] for one in measured)
    slowest = max(one["rnn"]["seconds"] for one in measured)
    return [
        _goal("default model below the best n-gram", rnn < ngram, f"{rnn:.3f}, {ngram:.3f}"),
        _goal("90 of 100 names new and unique", fewest >= 90, f"{fewest} at least"),
        _goal(
            "a training in 30 s (without the import of TensorFlow after the first)",
            slowest < 30,
            f"{slowest:.1f} s at most",
        ),
    ]


def _goal(name: str, reached: bool, numbers: str) -> str:
    return f"{'reached' if reached else 'NOT reached'}  {name}: {numbers}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="?", type=Path, help="One name a line; none: dinosaurs.")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="Of each split.")
    parser.add_argument("--cells", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument("--json", type=Path, help="Write all numbers here, after each seed.")
    arguments = parser.parse_args()
    names = read_names(arguments.names or dinosaurs())
    measured = []
    for seed in arguments.seeds:
        measured.append(measure(names, seed, arguments.cells))
        if arguments.json:
            arguments.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    print(f"perplexity of a character on held-out names, mean of {len(measured)} splits:")
    for line in summary(measured):
        print(line)


if __name__ == "__main__":
    main()

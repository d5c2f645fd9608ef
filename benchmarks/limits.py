"""How near to the limit a step of training is: the time of its matrix products alone, beside the
time of the whole step.

    python -m benchmarks.limits

Prints a table for each size and writes limits.json beside this file.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.table import Table

from seqmodel.files import atomic_write
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import cpu_count, single_threaded_blas
from seqmodel.training.numpy_trainer import NumpyTrainer

ROOT = Path(__file__).parent
N_VALUES, TX = 90, 30
SIZES = ((64, 32), (64, 64), (256, 64))  # units and batch
ROUNDS = 30  # the fastest counts: the others met somebody else's work


@dataclass(frozen=True)
class Product:
    """`(rows, inner) @ (inner, columns)`, a number of them one after the other in each step."""

    name: str
    rows: int
    inner: int
    columns: int
    times: int

    @property
    def operations(self) -> int:
        """A multiplication and an addition each."""
        return 2 * self.rows * self.inner * self.columns * self.times


@dataclass(frozen=True)
class Limit:
    """Of one size: operations of a step, milliseconds of its products alone on one processor and of
    the whole step, as it is and on one processor."""

    units: int
    batch: int
    operations: int
    products_ms: float
    one_processor_ms: float
    step_ms: float
    n_cores: int

    @property
    def share(self) -> float:
        """Of the time on one processor that the products alone would take."""
        return self.products_ms / self.one_processor_ms

    @property
    def of_all(self) -> float:
        """The share of the speed of products on all cores that the step reaches."""
        return self.products_ms / self.n_cores / self.step_ms


def products(units: int, batch: int) -> list[Product]:
    """Those of a step: what the network computes, the gradients of the input kernel as a product
    with one-hot inputs."""
    H, V, n = units, N_VALUES, TX * batch
    return [
        Product("forward, a step in time", 4 * H, H, batch, TX),
        Product("back, a step in time", H, 4 * H, batch, TX),
        Product("softmax layer, forward", V, H + 1, n, 1),
        Product("softmax layer, back", H, V, n, 1),
        Product("softmax layer, gradients", V, n, H + 1, 1),
        Product("recurrent layer, gradients", 4 * H, n, H + V + 1, 1),
    ]


def fastest(job: Callable[[], object]) -> float:
    """Milliseconds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def plain(product: Product) -> Callable[[], None]:
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> NDArray[np.float32]:
        return rng.normal(size=shape).astype(np.float32)

    left, right = numbers(product.rows, product.inner), numbers(product.inner, product.columns)
    out = numbers(product.rows, product.columns)

    def job() -> None:
        for _ in range(product.times):
            np.dot(left, right, out=out)

    return job


def step(units: int, batch: int, n_cores: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    V, H = N_VALUES, units
    shapes = [(V, 4 * H), (H, 4 * H), (4 * H,), (H, V), (V,)]
    arrays = (rng.normal(size=shape, scale=0.1).astype(np.float32) for shape in shapes)
    trainer = NumpyTrainer(Weights("lstm", *arrays), n_processes=n_cores)
    inputs, labels = rng.integers(0, V, (2, batch, TX), dtype=np.int32)
    trainer.step(inputs, labels, 0.001)
    trainer.workers.wait()
    return lambda: trainer.step(inputs, labels, 0.001)


def measure(units: int, batch: int, console: Console) -> Limit:
    size = cpu_count()
    made = Table(title=f"{units} units, batch {batch}", title_justify="left", box=box.SIMPLE)
    for heading in ("product", "shapes", "million operations", "ms", "billion a second"):
        made.add_column(heading, justify="left" if heading == "product" else "right")
    total = 0.0
    for product in products(units, batch):
        ms = fastest(plain(product))
        total += ms
        shapes = f"{product.rows}x{product.inner}x{product.columns}"
        if product.times > 1:
            shapes = f"{product.times} of {shapes}"
        speed = product.operations / ms / 1e6
        made.add_row(
            product.name, shapes, f"{product.operations / 1e6:.1f}", f"{ms:.2f}", f"{speed:.0f}"
        )
    console.print(made)
    return Limit(
        units,
        batch,
        sum(product.operations for product in products(units, batch)),
        total,
        fastest(step(units, batch, n_cores=1)),
        fastest(step(units, batch, n_cores=size)),
        size,
    )


def main() -> None:
    console = Console()
    with single_threaded_blas():
        limits = [measure(units, batch, console) for units, batch in SIZES]
    for limit in limits:
        console.print(
            f"{limit.units} units, batch {limit.batch}: {limit.operations / 1e6:.0f} million "
            f"operations. Products alone {limit.products_ms:.2f} ms; a step on one processor "
            f"{limit.one_processor_ms:.2f} ms ({limit.share:.0%} of it products), on "
            f"{limit.n_cores} {limit.step_ms:.2f} ms ({limit.of_all:.0%} of the speed of "
            f"products on all of them)."
        )
    with atomic_write(ROOT / "limits.json") as temporary:
        temporary.write_text(json.dumps([asdict(limit) for limit in limits], indent=1))


if __name__ == "__main__":
    main()

"""Time of a training step compared with the time of its matrix products alone.

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
ROUNDS = 30  # the fastest counts, since other load on the machine only adds time


@dataclass(frozen=True)
class Product:
    """A matrix product `(rows, inner) @ (inner, columns)`, computed `times` times in each step."""

    name: str
    rows: int
    inner: int
    columns: int
    times: int

    @property
    def operations(self) -> int:
        """Floating-point operations: multiplications and additions."""
        return 2 * self.rows * self.inner * self.columns * self.times


@dataclass(frozen=True)
class Limit:
    """Results for one size: operations per step, and milliseconds for its products alone on one
    core, for the whole step on one core, and for the whole step on all cores."""

    units: int
    batch: int
    operations: int
    products_ms: float
    one_core_ms: float
    step_ms: float
    n_cores: int

    @property
    def share(self) -> float:
        """The share of the products in the time of a step on one core."""
        return self.products_ms / self.one_core_ms

    @property
    def of_all(self) -> float:
        """The speed of a step relative to products that use all cores fully."""
        return self.products_ms / self.n_cores / self.step_ms


def products(units: int, batch: int) -> list[Product]:
    """The products of a training step; those of the input kernel's gradients are counted as
    products with one-hot inputs."""
    H, V, n = units, N_VALUES, TX * batch
    return [
        Product("forward, per time step", 4 * H, H, batch, TX),
        Product("backward, per time step", H, 4 * H, batch, TX),
        Product("softmax layer, forward", V, H + 1, n, 1),
        Product("softmax layer, backward", H, V, n, 1),
        Product("softmax layer, gradients", V, n, H + 1, 1),
        Product("recurrent layer, gradients", 4 * H, n, H + V + 1, 1),
    ]


def fastest(job: Callable[[], object]) -> float:
    """The shortest time of `job`, in milliseconds."""
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return 1000 * min(seconds)


def plain(product: Product) -> Callable[[], None]:
    """A job that computes a product as often as a training step does."""
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
    """A job that performs a training step on `n_cores` cores."""
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
    for heading in ("product", "shapes", "million operations", "ms", "billion operations/s"):
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
            f"operations. The products alone take {limit.products_ms:.2f} ms on one core; a step "
            f"takes {limit.one_core_ms:.2f} ms on one core ({limit.share:.0%} of it products) and "
            f"{limit.step_ms:.2f} ms on {limit.n_cores} cores ({limit.of_all:.0%} of the speed of "
            f"products on all cores)."
        )
    with atomic_write(ROOT / "limits.json") as temporary:
        temporary.write_text(json.dumps([asdict(limit) for limit in limits], indent=1))


if __name__ == "__main__":
    main()

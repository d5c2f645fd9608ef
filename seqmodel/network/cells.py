"""One step of each recurrent cell, by the formulas of Keras' layers, in arrays that are given.

A step is a few NumPy calls into views that are made once. `inputs (gH, B)` and `from_state (gH, B)`
are what the inputs and the state before add to the gates, scaled as `CellLayout.gate_scale` says.

In shapes: H units, B sequences, g gates; sequences come last, so that a gate is a block of memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from seqmodel.network.weights import Floats

HALF = np.float32(0.5)


class RNNStep(NamedTuple):
    """new a = tanh(inputs + from_state)."""

    new_a: Floats  # (H, B)

    def forward(self, inputs: Floats, from_state: Floats) -> None:
        np.add(inputs, from_state, out=self.new_a)
        np.tanh(self.new_a, out=self.new_a)


class GRUStep(NamedTuple):
    """With s, what the state adds to the candidate g: g = tanh(inputs + r s); new a = z a +
    (1 - z) g."""

    a: Floats  # (H, B)
    new_a: Floats
    sigmoids: Floats  # (2H, B): z and r
    z: Floats
    r: Floats
    g: Floats

    def forward(self, inputs: Floats, from_state: Floats) -> None:
        sigmoids, g, new_a = self.sigmoids, self.g, self.new_a
        n = len(sigmoids)
        np.add(inputs[:n], from_state[:n], out=sigmoids)
        np.tanh(sigmoids, out=sigmoids)
        np.multiply(sigmoids, HALF, out=sigmoids)
        np.add(sigmoids, HALF, out=sigmoids)
        np.multiply(self.r, from_state[n:], out=g)
        np.add(inputs[n:], g, out=g)
        np.tanh(g, out=g)
        # z a + (1 - z) g = g + z (a - g)
        np.subtract(self.a, g, out=new_a)
        np.multiply(new_a, self.z, out=new_a)
        np.add(new_a, g, out=new_a)


class LSTMStep(NamedTuple):
    """new c = i g + f c; new a = o tanh(new c)."""

    new_a: Floats  # (H, B)
    gates: Floats  # (4H, B): o, i, f, g
    sigmoids: Floats  # (3H, B): o, i, f
    o: Floats  # (H, B)
    i_and_f: Floats  # (2, H, B)
    g_and_c: Floats  # (2, H, B): their factors, with the c before
    new_c: Floats
    tanh_c: Floats  # of new c
    products: Floats  # (2, H, B): i g and f c
    i_times_g: Floats
    f_times_c: Floats

    @classmethod
    def of(
        cls, gates_and_c: Floats, new_a: Floats, new_c: Floats, tanh_c: Floats, products: Floats
    ) -> LSTMStep:
        """A step in these arrays: `gates_and_c (5, H, B)` is o, i, f, g and the c before."""
        _, H, B = gates_and_c.shape
        return cls(
            new_a,
            gates=gates_and_c[:4].reshape(4 * H, B),
            sigmoids=gates_and_c[:3].reshape(3 * H, B),
            o=gates_and_c[0],
            i_and_f=gates_and_c[1:3],
            g_and_c=gates_and_c[3:],
            new_c=new_c,
            tanh_c=tanh_c,
            products=products,
            i_times_g=products[0],
            f_times_c=products[1],
        )

    def forward(self, inputs: Floats, from_state: Floats) -> None:
        gates, sigmoids = self.gates, self.sigmoids
        np.add(inputs, from_state, out=gates)
        np.tanh(gates, out=gates)
        np.multiply(sigmoids, HALF, out=sigmoids)
        np.add(sigmoids, HALF, out=sigmoids)
        np.multiply(self.i_and_f, self.g_and_c, out=self.products)
        np.add(self.i_times_g, self.f_times_c, out=self.new_c)
        np.tanh(self.new_c, out=self.tanh_c)
        np.multiply(self.o, self.tanh_c, out=self.new_a)


Step = RNNStep | GRUStep | LSTMStep

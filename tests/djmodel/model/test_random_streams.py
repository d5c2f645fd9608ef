"""Random numbers of a training that are independent of each other."""

from __future__ import annotations

import numpy as np
import pytest

from djmodel.config import TrainingConfig
from djmodel.inputs.music_files import rags
from djmodel.inputs.reader import read_tune
from djmodel.model.training import fit
from seqmodel.training.config import TrainerConfig


def test_windows_and_their_order_in_batches_are_drawn_independently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    used: dict[str, set[str]] = {"choice": set(), "permutation": set()}

    class Recorded(np.random.Generator):
        """A generator that records its state at each draw of windows and of their order."""

        def choice(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            used["choice"].add(str(self.bit_generator.state))
            return super().choice(*args, **kwargs)

        def permutation(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            used["permutation"].add(str(self.bit_generator.state))
            return super().permutation(*args, **kwargs)

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Recorded(np.random.PCG64(seed)))
    tunes = [read_tune(path).excerpt(1, 17) for path in rags()[:2]]
    fit(tunes, TrainingConfig(n_a=4, tx=8, m=8, trainer=TrainerConfig(epochs=2, batch_size=4)))
    assert len(used["choice"]) == len(used["permutation"]) == 2
    assert used["choice"].isdisjoint(used["permutation"])

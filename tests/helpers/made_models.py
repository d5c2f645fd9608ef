"""A model file made without training, small, and in parts that a test may corrupt one by one."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import safetensors.numpy

from djmodel.config import TrainingConfig
from seqmodel import model_file

SYMBOLS = ["C,0.500", "C,0.500,<m2,P-4>", "R,0.500", "S,1.000"]
SIZE, UNITS = 6, 3
BAR = {
    "meter": [2, 4],
    "length": "2",
    "melody": [[60, "0", "1/2", 80, 0]],
    "changes": [["0", 0, [0, 4, 7], 0, True]],
}
TUNE = {
    "title": "a tune",
    "key": 0,
    "instrument": ["Piano", 0],
    "tempos": [["0", 120.0]],
    "bars": [BAR, BAR],
    "accompaniment": [],
}


@dataclass
class Made:
    """A model file in parts: the JSON entry and the weights."""

    entry: dict[str, Any]
    arrays: dict[str, Any]

    @classmethod
    def whole(cls) -> Made:
        rng = np.random.default_rng(0)
        shapes = {
            "kernel": (SIZE, 4 * UNITS),
            "recurrent": (UNITS, 4 * UNITS),
            "bias": (4 * UNITS,),
            "dense_kernel": (UNITS, SIZE),
            "dense_bias": (SIZE,),
        }
        arrays = {n: rng.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
        entry = {
            "format": model_file.FORMAT,
            "kind": "djmodel",
            "cell": "lstm",
            "symbols": SYMBOLS,
            "size": SIZE,
            "folded": {"C,0.750": "C,0.500"},
            "content": {
                "config": msgspec.to_builtins(TrainingConfig(n_a=UNITS, n_values=SIZE)),
                "register": [60, 72],
                "tunes": [TUNE],
                "sequences": [[0, 1, 2, 3]],
                "bar_positions": None,
                "final_loss": 1.5,
            },
            "sources": {"a.mid": "0" * 64},
            "versions": {"djmodel": "0.1.0"},
        }
        return cls(json.loads(json.dumps(entry)), arrays)

    def weights(self) -> bytes:
        return safetensors.numpy.save(self.arrays)

    def write(
        self, path: Path, weights: bytes | None = None, more: Any = (), **packed: Any
    ) -> Path:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(model_file.WEIGHTS, self.weights() if weights is None else weights)
            archive.writestr(model_file.ENTRY, json.dumps(self.entry), **packed)
            for name, content in more:
                archive.writestr(name, content)
        return path

"""A model file made without a training, so small that a test may spoil it part by part."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from seqmodel import model_file as modelfile

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
    """A model file in parts, to be spoilt one by one."""

    entry: dict[str, Any]
    arrays: dict[str, Any]

    @classmethod
    def whole(cls) -> Made:
        rng = np.random.default_rng(0)
        shapes = {
            "layers/scan/cell/vars/0": (SIZE, 4 * UNITS),
            "layers/scan/cell/vars/1": (UNITS, 4 * UNITS),
            "layers/scan/cell/vars/2": (4 * UNITS,),
            "layers/dense/vars/0": (UNITS, SIZE),
            "layers/dense/vars/1": (SIZE,),
        }
        arrays = {n: rng.normal(size=shape).astype(np.float32) for n, shape in shapes.items()}
        entry = {
            "format": modelfile.FORMAT,
            "kind": "djmodel",
            "cell": "lstm",
            "symbols": SYMBOLS,
            "size": SIZE,
            "folded": {"C,0.750": "C,0.500"},
            "settings": {"register": [60, 72], "tunes": ["a tune"]},
            "extra": {"tunes": [TUNE], "sequences": [[0, 1, 2, 3]]},
            "sources": {"a.mid": "0" * 64},
            "versions": {"djmodel": "0.1.0"},
        }
        return cls(json.loads(json.dumps(entry)), arrays)

    def h5(self) -> bytes:
        memory = io.BytesIO()
        with h5py.File(memory, "w") as file:
            for name, array in self.arrays.items():
                file.create_dataset(name, data=array)
        return memory.getvalue()

    def write(self, path: Path, h5: bytes | None = None, more: Any = (), **packed: Any) -> Path:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.weights.h5", self.h5() if h5 is None else h5)
            archive.writestr("seqmodel.json", json.dumps(self.entry), **packed)
            for name, content in more:
                archive.writestr(name, content)
        return path

"""One `.keras` file holds all that a model needs: weights, vocabulary, settings, where it is from.

It is a file that `keras.models.load_model` reads, with one entry more, `seqmodel.json`. Reading it
here takes the weights and that entry and runs nothing from the file; neither needs Keras.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqmodel.errors import ModelFileError
from seqmodel.files import existing_file, writing
from seqmodel.network import GATES, Weights
from seqmodel.vocabulary import Vocabulary

if TYPE_CHECKING:
    import keras

ENTRY = "seqmodel.json"
FORMAT = 2


@dataclass(frozen=True)
class ModelFile:
    """`kind` says whose model it is ("djmodel", "dinos"); `settings` are what it was trained with,
    `extra` what else its owner keeps in it; both are JSON values. `sources` are the names and
    hashes of the data, `versions` those of the libraries."""

    kind: str
    weights: Weights
    vocabulary: Vocabulary
    settings: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def save(path: str | Path, graph: keras.Model, model: ModelFile) -> None:
    """Writes `model`, its weights from `graph` (a Keras model with one recurrent layer and one
    Dense layer), with the versions of today; whole or not at all. Raises FileError if that place
    cannot be written, ModelFileError for another ending than .keras."""
    entry = {
        "format": FORMAT,
        "kind": model.kind,
        "cell": model.weights.cell,
        "symbols": model.vocabulary.symbols,
        "size": model.vocabulary.size,
        "folded": dict(model.vocabulary.folded),
        "settings": model.settings,
        "extra": model.extra,
        "sources": model.sources,
        "versions": versions_of("djmodel", "tensorflow", "keras", "numpy", "music21"),
    }
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelFileError("a name ending in .keras", path.name, where=path)
    with writing(path) as temporary:
        graph.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            text = json.dumps(entry, ensure_ascii=False)
            archive.writestr(ENTRY, text, compress_type=zipfile.ZIP_DEFLATED)


def load(path: str | Path, kind: str) -> ModelFile:
    """Reads what `save` wrote. Raises FileError or ModelFileError."""
    path = existing_file(path, f"a {kind} model (.keras)")
    todo = f"train one with `python -m {kind}.train`"
    expected = f"a {kind} model (.keras)"
    try:
        with zipfile.ZipFile(path) as archive:
            if ENTRY not in archive.namelist():
                raise ModelFileError(expected, "no vocabulary in it", where=path, todo=todo)
            entry = json.loads(archive.read(ENTRY))
            weights = _read_weights(archive.read("model.weights.h5"), entry["cell"])
        if entry["format"] != FORMAT:
            raise ModelFileError(
                f"a model file of format {FORMAT}", f"format {entry['format']}", where=path
            )
        if entry["kind"] != kind:
            raise ModelFileError(expected, f"a {entry['kind']} model", where=path, todo=todo)
        model = ModelFile(
            kind=kind,
            weights=weights,
            vocabulary=Vocabulary(tuple(entry["symbols"]), entry["size"], entry["folded"]),
            settings=entry["settings"],
            extra=entry["extra"],
            sources=entry["sources"],
            versions=entry["versions"],
        )
    except zipfile.BadZipFile:
        raise ModelFileError(expected, "some other file", where=path, todo=todo) from None
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelFileError(expected, f"a damaged one ({error})", where=path, todo=todo) from error
    if model.weights.n_values != model.vocabulary.size:
        raise ModelFileError(
            f"weights for {model.vocabulary.size} symbols",
            f"weights for {model.weights.n_values}",
            where=path,
            todo=todo,
        )
    return model


def _read_weights(h5: bytes, cell: str) -> Weights:
    """Keras keeps variables under `layers/<layer>/...vars/<number>`; of a recurrent layer's they
    are kernel, recurrent kernel, bias, of a Dense layer's kernel, bias."""
    import h5py

    found: dict[str, np.ndarray] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and "/vars/" in name and name.startswith("layers/"):
            found[name] = np.asarray(item)

    try:
        with h5py.File(io.BytesIO(h5)) as file:
            file.visititems(visit)
    except OSError as error:
        raise KeyError(f"weights: {error}") from error
    recurrent = [found[name] for name in sorted(found) if "/cell/" in name]
    dense = [found[name] for name in sorted(found) if "/dense" in name]
    if len(recurrent) != 3 or len(dense) != 2:
        raise KeyError("no weights of a recurrent and a Dense layer")
    if recurrent[1].shape[1] != GATES[cell] * recurrent[1].shape[0]:
        raise KeyError(f"weights that are not those of a cell {cell}")
    return Weights(cell, *recurrent, *dense)


def versions_of(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed, by name."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # for example tensorflow-cpu, or Keras on another backend
            continue
    return versions

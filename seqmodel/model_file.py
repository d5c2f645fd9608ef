"""One `.keras` file holds all that a model needs: weights, vocabulary, settings, where it is from.

It is a file that `keras.models.load_model` reads, with one entry more, `seqmodel.json`. Reading it
here takes the weights and that entry and runs nothing from the file; neither needs Keras.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.vocabulary import Vocabulary
from seqmodel.errors import ModelFileError
from seqmodel.files import atomic_write, check_input_file
from seqmodel.network.keras_backend import stderr_held_back
from seqmodel.network.weights import LAYOUTS, Weights

if TYPE_CHECKING:
    import h5py
    import keras

ENTRY = "seqmodel.json"
FORMAT = 2
# What an entry may grow to when it is unpacked: so many bytes, or so many times its packed size.
SMALL, LARGEST_RATIO = 16 * 2**20, 30
# What reading a file raises that is not what it says it is.
DAMAGES = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    zlib.error,
    struct.error,
)


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

    @property
    def entry(self) -> dict[str, Any]:
        """All but the weights and the versions, as JSON values."""
        return {
            "kind": self.kind,
            "cell": self.weights.cell,
            "symbols": self.vocabulary.symbols,
            "size": self.vocabulary.size,
            "folded": dict(self.vocabulary.folded),
            "settings": self.settings,
            "extra": self.extra,
            "sources": self.sources,
        }

    @cached_property
    def identity(self) -> str:
        """The SHA-256 of the weights and the entry, in hexadecimal digits: equal trainings give
        equal ones, whenever their files were written."""
        digest = hashlib.sha256(json.dumps(self.entry, sort_keys=True).encode())
        for array in self.weights.arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def save(path: str | Path, graph: keras.Model, model: ModelFile) -> None:
    """Writes `model`, its weights from `graph` (a Keras model with one recurrent layer and one
    Dense layer), with the versions of today; whole or not at all. Raises FileError if that place
    cannot be written, ModelFileError for another ending than .keras."""
    entry = {
        "format": FORMAT,
        **model.entry,
        "versions": versions_of("djmodel", "tensorflow", "keras", "numpy", "music21"),
    }
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelFileError("a name ending in .keras", path.name, path=path)
    with atomic_write(path, durable=True) as temporary:
        with stderr_held_back():
            graph.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            text = json.dumps(entry, ensure_ascii=False)
            # A name of a file may hold bytes that are no letters.
            archive.writestr(
                ENTRY, text.encode("utf-8", "surrogatepass"), compress_type=zipfile.ZIP_DEFLATED
            )


def load(path: str | Path, kind: str) -> ModelFile:
    """Reads what `save` wrote, in memory that grows with the file; nothing in it is run, or
    unpacked. Raises FileError, or ModelFileError for a file that `save` did not write."""
    expected, hint = f"a {kind} model (.keras)", f"train one with `python -m {kind}.train`"
    path = check_input_file(path, expected)
    with corrupt_file_errors(kind, path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if ENTRY not in names:
            raise ModelFileError(expected, "no vocabulary in it", path=path, hint=hint)
        _check_names(names)
        entry = _json_object(_content(archive, ENTRY))
        made = entry["format"]
        if made != FORMAT:
            version = _strings(entry.get("versions", {})).get("djmodel", "another version")
            raise ModelFileError(
                f"a model file of format {FORMAT}",
                f"format {made!r:.20}",
                path=path,
                hint=f"read it with the djmodel that wrote it ({version:.20}), or train again",
            )
        if entry["kind"] != kind:
            found = f"a {entry['kind']!s:.40} model"
            raise ModelFileError(expected, found, path=path, hint=hint)
        model = ModelFile(
            kind=kind,
            weights=_read_weights(_content(archive, "model.weights.h5"), entry["cell"]),
            vocabulary=_vocabulary(entry),
            settings=_mapping(entry["settings"]),
            extra=_mapping(entry["extra"]),
            sources=_strings(entry["sources"]),
            versions=_strings(entry["versions"]),
        )
    read, written = model.weights.n_inputs, model.weights.n_values
    if written != model.vocabulary.size or read < written:  # cues are their owner's to check
        raise ModelFileError(
            f"weights for {model.vocabulary.size} symbols",
            f"weights for {read} and {written}",
            path=path,
            hint=hint,
        )
    return model


@contextmanager
def corrupt_file_errors(kind: str, path: str | Path | None = None) -> Iterator[None]:
    """Whatever reading a file raises within that is not what it says it is becomes ModelFileError;
    so does a memory that it would not fit in."""
    expected, hint = f"a {kind} model (.keras)", f"train one with `python -m {kind}.train`"
    try:
        yield
    except ModelFileError:
        raise
    except zipfile.BadZipFile:
        begun = path is not None and Path(path).read_bytes()[:2] == b"PK"
        found = "one that is damaged or cut off" if begun else "some other file"
        raise ModelFileError(expected, found, path=path, hint=hint) from None
    except DAMAGES as error:
        found = f"a damaged one ({str(error) or type(error).__name__:.120})"
        raise ModelFileError(expected, found, path=path, hint=hint) from error


def check_indices(sequence: Any, vocabulary: Vocabulary) -> None:
    """Raises TypeError or ValueError for what is not a list of indices of the vocabulary."""
    if not isinstance(sequence, list) or not {*map(type, sequence)} <= {int}:
        raise TypeError(f"{sequence!r:.40} instead of indices")
    if sequence and not 0 <= min(sequence) <= max(sequence) < len(vocabulary):
        raise ValueError("indices of no symbols")


def _check_names(names: list[str]) -> None:
    for name in names:
        parts = name.replace("\\", "/").split("/")
        if name.startswith("/") or ".." in parts or ":" in name or "\0" in name:
            raise ValueError(f"an entry that would be outside of it, {name!r:.60}")
    if len(set(names)) < len(names):
        raise ValueError("two entries of one name")


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """An entry that does not grow out of proportion when it is unpacked."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} packed in a way that is not ours")
    most = max(SMALL, LARGEST_RATIO * info.compress_size)
    with archive.open(info) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} unpacks to more than {LARGEST_RATIO} times its size")
    return content


def _json_object(text: bytes) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} for a number")

    return _mapping(json.loads(text, parse_constant=refuse))


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{value!r:.40} instead of names with values")
    return value


def _strings(value: Any) -> dict[str, str]:
    if not all(isinstance(text, str) for text in _mapping(value).values()):
        raise TypeError("values that are no text")
    return _mapping(value)


def _vocabulary(entry: Mapping[str, Any]) -> Vocabulary:
    symbols, size, folded = entry["symbols"], entry["size"], _strings(entry["folded"])
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise TypeError("symbols that are no texts")
    if type(size) is not int:
        raise TypeError(f"a size of {size!r:.40}")
    if len(set(symbols)) < len(symbols) or not set(folded.values()) <= set(symbols):
        raise ValueError("symbols that are there twice, or not there")
    return Vocabulary(tuple(symbols), size, folded)


def _read_weights(h5: bytes, cell: str) -> Weights:
    """Keras keeps variables under `layers/<layer>/...vars/<number>`; of a recurrent layer's they
    are kernel, recurrent kernel, bias, of a Dense layer's kernel, bias."""
    import h5py

    found: dict[str, NDArray[np.float32]] = {}

    def visit(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and "/vars/" in name and name.startswith("layers/"):
            found[name] = _numbers(item)

    with h5py.File(io.BytesIO(h5)) as file:
        file.visititems(visit)
    recurrent = [found[name] for name in sorted(found) if "/cell/" in name]
    dense = [found[name] for name in sorted(found) if "/dense" in name]
    if len(recurrent) != 3 or len(dense) != 2:
        raise ValueError("no weights of a recurrent and a Dense layer")
    weights = Weights(cell, *recurrent, *dense)
    columns = LAYOUTS[cell].n_gates * recurrent[1].shape[0]
    shapes = [array.shape[-1:] for array in weights.arrays[:3]]
    shapes_fit = (
        [array.ndim for array in weights.arrays] == [2, 2, 2 if cell == "gru" else 1, 2, 1]
        and shapes == [(columns,)] * 3
        and (cell != "gru" or weights.bias.shape[0] == 2)
        and weights.dense_kernel.shape == (weights.units, *weights.dense_bias.shape)
    )
    if not shapes_fit:
        raise ValueError(f"weights that are not those of a cell {cell}")
    if not all(np.isfinite(array).all() for array in weights.arrays):
        raise ValueError("weights that are no numbers")
    return weights


def _numbers(dataset: h5py.Dataset) -> NDArray[np.float32]:
    """A dataset that lies in the file as it is: what is packed, made up of others or kept elsewhere
    may be of any size, or not be there."""
    stored = (
        dataset.chunks is None
        and dataset.external is None
        and not dataset.is_virtual
        and dataset.shape is not None
    )
    if not stored or dataset.dtype.kind != "f":
        raise ValueError(f"{dataset.name} is not stored as plain numbers")
    if dataset.id.get_storage_size() != dataset.nbytes:
        raise ValueError(f"{dataset.name} is not there")
    with np.errstate(over="ignore"):  # not finite, which is refused
        return np.asarray(dataset).astype(np.float32)


def versions_of(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed, by name."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # for example tensorflow-cpu, or Keras on another backend
            continue
    return versions

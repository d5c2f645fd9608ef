"""A model file: weights, vocabulary and all else that a model needs, in one `.keras` file.

`keras.models.load_model` reads what Keras writes. This project adds, and reads, two entries:
`seqmodel.json`, checked against types, and `weights.safetensors`. Reading them runs nothing from
the file and needs neither Keras nor its file format.
"""

from __future__ import annotations

import hashlib
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import msgspec
import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from seqmodel.data.vocabulary import Vocabulary
from seqmodel.errors import ModelFileError
from seqmodel.files import atomic_write, check_input_file, os_errors
from seqmodel.network.keras_layers import without_tensorflow_logs
from seqmodel.network.weights import LAYOUTS, Floats, Weights

if TYPE_CHECKING:
    import keras

ENTRY, WEIGHTS = "seqmodel.json", "weights.safetensors"
FORMAT = 3
# Limits of an entry when unpacked: in bytes, or as a multiple of its packed size.
MAX_BYTES, MAX_RATIO = 2 * 2**20, 40
_ARRAYS = ("kernel", "recurrent", "bias", "dense_kernel", "dense_bias")
# Exceptions of readers that were given a corrupted file; msgspec's are ValueErrors.
_CORRUPTION = (
    LookupError,
    TypeError,
    ValueError,
    ArithmeticError,
    EOFError,
    OSError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    safetensors.SafetensorError,
)

Content = TypeVar("Content")


class _Header(msgspec.Struct):
    """The fields that every format has."""

    format: int
    kind: str
    versions: dict[str, str] = {}


class _Entry(msgspec.Struct):
    """All of a model file but the weights, as the JSON entry holds it."""

    format: int
    kind: str
    cell: Literal["rnn", "gru", "lstm"]
    symbols: tuple[str, ...]
    size: int
    folded: dict[str, str]
    content: msgspec.Raw
    sources: dict[str, str]
    versions: dict[str, str]


@dataclass(frozen=True)
class ModelFile(Generic[Content]):
    """The contents of a model file.

    `kind` names the package that the model belongs to ("djmodel", "dinos"). `content` is all that
    this package keeps in it besides the weights and the vocabulary: a `msgspec.Struct`. `sources`
    maps the names of the training data to their SHA-256, `versions` packages to their versions.
    """

    kind: str
    weights: Weights
    vocabulary: Vocabulary
    content: Content
    sources: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def identity(self) -> str:
        """SHA-256 of everything but the versions, in hexadecimal digits: equal trainings give equal
        identities, whenever their files were written."""
        content = msgspec.json.encode(self.content)
        # As read from a file: 1 and 1.0 are the same setting.
        read = msgspec.json.decode(content, type=type(self.content))
        entry = self._entry(msgspec.json.encode(read, order="sorted"), versions={})
        digest = hashlib.sha256(msgspec.json.encode(entry, order="sorted"))
        for array in self.weights.arrays:
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def entry(self) -> bytes:
        """The JSON entry of the file. Raises ModelFileError if a name in it is not valid text."""
        try:
            content = msgspec.json.encode(self.content)
            return msgspec.json.encode(self._entry(content, dict(self.versions)))
        except UnicodeEncodeError:
            raise ModelFileError("a name in the model cannot be written as text") from None

    def _entry(self, content: bytes, versions: dict[str, str]) -> _Entry:
        return _Entry(
            format=FORMAT,
            kind=self.kind,
            cell=self.weights.cell,  # type: ignore[arg-type]
            symbols=self.vocabulary.symbols,
            size=self.vocabulary.size,
            folded=dict(self.vocabulary.folded),
            content=msgspec.Raw(content),
            sources=dict(self.sources),
            versions=versions,
        )


def keras_entries(graph: keras.Model) -> dict[str, bytes]:
    """The entries, by name, of the file that Keras writes of a model. Raises FileError if it cannot
    write a temporary one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        with os_errors("the file cannot be written", path, "make room for temporary files"):
            return _written_by_keras(graph, path)


def _written_by_keras(graph: keras.Model, path: Path) -> dict[str, bytes]:
    with without_tensorflow_logs():
        graph.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def save(
    path: str | Path,
    graph: keras.Model | Mapping[str, bytes] | None,
    model: ModelFile[Content],
) -> None:
    """Writes `model`, whole or not at all. `graph` is the Keras model that `load_model` will give,
    or its `keras_entries`: it has the same weights. None: a smaller file, which only `load` reads.
    Raises FileError if the file cannot be written, ModelFileError if its name does not end in
    .keras."""
    path = Path(path)
    if path.suffix != ".keras":
        raise ModelFileError("the name of a model file must end in .keras", path=path)
    entry = model.entry()
    arrays = dict(zip(_ARRAYS, map(_smallest, model.weights.arrays), strict=True))
    with atomic_write(path, durable=True) as temporary:
        entries: Mapping[str, bytes] = {}
        if graph is not None:
            is_written = isinstance(graph, Mapping)
            entries = graph if is_written else _written_by_keras(graph, temporary)
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
            archive.writestr(ENTRY, entry)
            archive.writestr(WEIGHTS, safetensors.numpy.save(arrays))


def _smallest(array: Floats) -> NDArray[np.floating]:
    """The array in 16-bit numbers where that loses nothing."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return np.ascontiguousarray(half if np.array_equal(half, array) else array)


def load(path: str | Path, kind: str, content_type: type[Content]) -> ModelFile[Content]:
    """Reads a file that `save` wrote, in memory that grows with the file. Raises FileError, or
    ModelFileError if the file is not a model of this kind whose content is a `content_type`."""
    path = check_input_file(path, f"a {kind} model (.keras)")
    with corrupt_file_errors(path), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if ENTRY not in names:
            raise ModelFileError(
                "the file was not written by this project", path=path, hint=f"train a {kind} model"
            )
        if any(re.search(r"^/|[:\0]|(^|[/\\])\.\.([/\\]|$)", name) for name in names):
            raise ValueError("an entry would be outside the file's folder")
        if len(set(names)) < len(names):
            raise ValueError("two entries have the same name")
        text = _read_entry(archive, ENTRY)
        _check_header(msgspec.json.decode(text, type=_Header), kind, path)
        entry = msgspec.json.decode(text, type=_Entry)
        weights = _weights(_read_entry(archive, WEIGHTS), entry.cell)
        vocabulary = _vocabulary(entry)
        if weights.n_scores < vocabulary.size or weights.n_inputs < vocabulary.size:
            raise ValueError(
                f"{vocabulary.size} symbols, but weights for {weights.n_inputs} inputs and"
                f" {weights.n_scores} outputs"
            )
        return ModelFile(
            kind,
            weights,
            vocabulary,
            msgspec.json.decode(entry.content, type=content_type),
            entry.sources,
            entry.versions,
        )


def _check_header(header: _Header, kind: str, path: Path) -> None:
    if header.format != FORMAT:
        writer = header.versions.get("djmodel", "another version")
        raise ModelFileError(
            f"the file has model format {header.format}, but this version reads format {FORMAT}",
            path=path,
            hint=f"read it with the djmodel that wrote it ({writer:.20}), or train again",
        )
    if header.kind != kind:
        raise ModelFileError(
            f"the file holds a model of kind {header.kind!r:.40}, not of kind {kind!r}", path=path
        )


@contextmanager
def corrupt_file_errors(path: str | Path) -> Iterator[None]:
    """Turns the exceptions of readers that were given a corrupted file into ModelFileError."""
    try:
        yield
    except ModelFileError:
        raise
    except zipfile.BadZipFile:
        if Path(path).read_bytes()[:2] == b"PK":
            raise ModelFileError("the model file is damaged or cut off", path=path) from None
        hint = "name a model, or the folder of a training"
        raise ModelFileError("the file is not a model (.keras)", path=path, hint=hint) from None
    except _CORRUPTION as error:
        reason = str(error) or type(error).__name__
        raise ModelFileError(f"the model file is damaged ({reason:.120})", path=path) from error


def check_indices(sequences: Sequence[Sequence[int]], vocabulary: Vocabulary) -> None:
    """Raises ValueError if one of `sequences` holds an index that the vocabulary does not have."""
    for sequence in sequences:
        if sequence and not 0 <= min(sequence) <= max(sequence) < len(vocabulary):
            raise ValueError("a training sequence with indices outside the vocabulary")


def installed_versions(*packages: str) -> dict[str, str]:
    """The versions of those packages that are installed, by name."""
    versions = {}
    for package in packages:
        with suppress(PackageNotFoundError):  # for example tensorflow-cpu, or another backend
            versions[package] = version(package)
    return versions


def _read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """The content of an entry that does not grow out of proportion when unpacked."""
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} has an unknown compression")
    limit = max(MAX_BYTES, MAX_RATIO * info.compress_size)
    with archive.open(info) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{name} unpacks to more than {MAX_RATIO} times its size")
    return content


def _vocabulary(entry: _Entry) -> Vocabulary:
    symbols = set(entry.symbols)
    if len(symbols) < len(entry.symbols) or not symbols.issuperset(entry.folded.values()):
        raise ValueError("the vocabulary has a symbol twice, or folds into one that it lacks")
    return Vocabulary(entry.symbols, entry.size, entry.folded)


def _weights(content: bytes, cell: str) -> Weights:
    arrays = safetensors.numpy.load(content)
    if sorted(arrays) != sorted(_ARRAYS):
        raise ValueError("the weights are not those of a recurrent and a Dense layer")
    if any(array.dtype not in (np.float32, np.float16) for array in arrays.values()):
        raise ValueError("the weights are not 32-bit or 16-bit floating-point numbers")
    weights = Weights(cell, *(np.array(arrays[name], dtype=np.float32) for name in _ARRAYS))
    if not all(array.size for array in weights.arrays):
        raise ValueError("the weights are those of a layer without units")
    columns = LAYOUTS[cell].n_gates * weights.recurrent.shape[0]
    expected = (
        (len(weights.kernel), columns),
        (len(weights.recurrent), columns),
        (2, columns) if cell == "gru" else (columns,),
        (len(weights.recurrent), len(weights.dense_bias)),
        weights.dense_bias.shape[:1],
    )
    if tuple(array.shape for array in weights.arrays) != expected:
        raise ValueError(f"the shapes of the weights do not fit a cell of type {cell}")
    if not all(np.isfinite(array).all() for array in weights.arrays):
        raise ValueError("the weights are not all finite")
    return weights

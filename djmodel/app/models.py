"""The models that the page offers: bundled ones, those in `runs`, files that were sent to it."""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from djmodel.app.events import Json
from djmodel.app.messages import RequestError
from djmodel.model.model_file import BUNDLED, DjModel, load, pretrained_model
from djmodel.music.instruments import soloist
from seqmodel.errors import InputError
from seqmodel.text import printable

RUNS = "runs"
MAX_RUNS = 50  # models in that folder that are offered, the newest first
MAX_FILES, MAX_BYTES = 8, 128 << 20  # of models that were sent
_KEPT = 4  # models that a process keeps loaded


@dataclass(frozen=True)
class Source:
    """A model that can be loaded: from the file `path`, from the `content` of a file, or loaded
    already. `stamp` tells versions of a file apart."""

    id: str
    name: str
    kind: str
    path: str = ""
    content: bytes = field(default=b"", compare=False, repr=False)  # `id` tells contents apart
    stamp: tuple[int, int] = (0, 0)
    model: DjModel | None = field(default=None, compare=False, repr=False)

    def load(self) -> DjModel:
        """The model. Raises FileError or ModelFileError."""
        return self.model or _loaded(self)

    def describe(self) -> Json:
        """The facts of the model that the page shows. Raises as `load`."""
        model = self.load()
        players = []
        for name, instrument in model.registers.players.items():
            known = soloist(instrument)
            players.append({
                "name": name,
                "instrument": known.instrument.name if known else instrument,
                "program": known.instrument.program if known else 0,
            })  # fmt: skip
        return {
            "id": self.id,
            "name": printable(self.name, 80),
            "source": self.kind,
            "grammar": model.config.grammar,
            "tunes": len(model.sequences),
            "players": players,
        }


@lru_cache(maxsize=_KEPT)
def _loaded(source: Source) -> DjModel:
    if not source.content:
        return load(source.path)
    with tempfile.TemporaryDirectory() as folder:  # the loader reads files; gone once it has
        path = Path(folder) / "model.keras"
        path.write_bytes(source.content)
        try:
            return load(path)
        except InputError as error:
            raise type(error)(error.message, path=source.name, hint=error.hint) from None


class Models:
    """The models that a server offers. `given` is the one that it was started with, a file or a
    loaded model; `folder` holds `runs`."""

    def __init__(self, given: Path | DjModel | None = None, folder: Path = Path()) -> None:
        self.folder = folder
        self._fixed = [_bundled(name) for name in BUNDLED]
        self._files: OrderedDict[str, Source] = OrderedDict()
        self.default = BUNDLED[0]
        if isinstance(given, DjModel):
            self._fixed.insert(0, Source("given", "your model", "given", model=given))
            self.default = "given"
        elif given is not None:
            bundled = [source for source in self._fixed if source.path == str(given)]
            source = bundled[0] if bundled else _file(given, given.as_posix(), "given")
            self.default = source.id
            self._fixed += [] if bundled else [source]

    def sources(self) -> list[Source]:
        """All models that are there now, the default one first."""
        found: dict[str, Source] = {}
        for source in (*self._fixed, *self._runs(), *self._files.values()):
            found.setdefault(source.id, source)
        return sorted(found.values(), key=lambda source: source.id != self.default)

    def find(self, name: str | None) -> Source:
        """The model with an id; the default one for None. Raises RequestError."""
        name = self.default if name is None else name
        for source in (*self._fixed, *self._files.values()):
            if source.id == name:
                return source
        for source in self._runs():
            if source.id == name:
                return source
        message, hint = f"there is no model '{name:.80}' here", "choose another, or send it again"
        raise RequestError(message, 404, field="model", hint=hint)

    def sent(self, name: str, content: bytes) -> Source:
        """The source of a file that was sent; it is not offered yet."""
        digest = hashlib.sha256(content).hexdigest()[:16]
        return Source(f"file-{digest}", Path(name).stem or "model", "file", content=content)

    def add(self, source: Source) -> None:
        """Offers a model that was sent; beyond MAX_FILES or MAX_BYTES the oldest are forgotten."""
        self._files[source.id] = source
        self._files.move_to_end(source.id)
        while len(self._files) > 1 and (
            len(self._files) > MAX_FILES
            or sum(len(each.content) for each in self._files.values()) > MAX_BYTES
        ):
            self._files.popitem(last=False)

    def _runs(self) -> Iterable[Source]:
        found = []
        for path in (self.folder / RUNS).glob("*/model.keras"):
            try:
                found.append(_file(path, path.relative_to(self.folder).as_posix(), RUNS))
            except OSError:  # it has just gone, or may not be read
                continue
        return sorted(found, key=lambda source: -source.stamp[0])[:MAX_RUNS]


def _bundled(name: str) -> Source:
    return Source(name, name, "bundled", path=str(pretrained_model(name)))


def _file(path: Path, name: str, kind: str) -> Source:
    status = path.stat()
    stamp = status.st_mtime_ns, status.st_size
    label = path.parent.name if path.name == "model.keras" else path.stem
    return Source(name, label, kind, path=str(path), stamp=stamp)

"""Lists of names: reading, splitting into training and held-out names, encoding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import Indices
from seqmodel.errors import CorpusError, FileError
from seqmodel.files import content_of

END = "\n"
MAX_LENGTH = 100
MAX_MEGABYTES = 50
_KIND = "a list of names, one per line, as UTF-8 text"
_BOM = "\ufeff"
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f](?<![\\n\\r])")
# The first bytes of text in another Unicode encoding.
_WIDE = {b"\xff\xfe\x00\x00": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True)
class Names:
    """Distinct `names` in the order of their list; `repeats` counts the duplicates left out,
    `empty` the empty lines before the last name; `keep_case`: upper and lower case are kept
    apart."""

    names: tuple[str, ...]
    repeats: int = 0
    empty: int = 0
    keep_case: bool = False


@dataclass(frozen=True)
class Split:
    """Training names and held-out names."""

    training: tuple[str, ...]
    held_out: tuple[str, ...]


def dinosaurs() -> Path:
    """The bundled list of 1,318 dinosaur names."""
    return Path(str(files("dinos.data").joinpath("dinos.txt")))


def fold(text: str, keep_case: bool = False) -> str:
    """`text` with composed characters (NFC), in lower case unless `keep_case`."""
    return unicodedata.normalize("NFC", text if keep_case else text.lower())


def read_names(path: str | Path, *, keep_case: bool = False, max_length: int = MAX_LENGTH) -> Names:
    """Reads a list of names: one per line, UTF-8, any alphabet. Spaces around a name are dropped,
    several between its words count as one, and empty lines are left out.

    Raises FileError for a file that is not such a list, or has more than MAX_MEGABYTES; CorpusError
    for a name of more than `max_length` characters, or fewer than two distinct names.
    """
    path = Path(path)
    content = content_of(path, _KIND, MAX_MEGABYTES << 20)
    if content is None:
        hint = "take some of the names"
        raise FileError(f"the list is larger than {MAX_MEGABYTES} MB", path=path, hint=hint)
    text = _decode(content, path)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [fold(" ".join(line.split()), keep_case) for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    for number, name in enumerate(lines, 1):
        if len(name) > max_length:
            raise CorpusError(
                f"the name `{name[:20]}...` has {len(name)} characters, more than {max_length}",
                path=f"{path}, line {number}",
                hint="shorten it, or raise the maximum length",
            )
    written = [name for name in lines if name]
    names = tuple(dict.fromkeys(written))
    if len(names) < 2:
        found = f"only the name `{names[0]}`" if names else "no names"
        hint = "give at least two different names"
        raise CorpusError(f"the list has {found}", path=path, hint=hint)
    return Names(names, len(written) - len(names), len(lines) - len(written), keep_case)


def split(names: Sequence[str], seed: int) -> Split:
    """Holds out a tenth of the names, at least one; `seed` decides which ones."""
    order = np.random.default_rng(seed).permutation(len(names))
    n_held_out = max(1, round(len(names) / 10))
    held_out = sorted(order[:n_held_out])
    training = sorted(order[n_held_out:])
    return Split(tuple(names[i] for i in training), tuple(names[i] for i in held_out))


def vocabulary(names: Sequence[str]) -> Vocabulary:
    """The newline that ends every name, at index 0, then the characters of `names`, sorted."""
    characters = sorted({character for name in names for character in name})
    return Vocabulary((END, *characters), 1 + len(characters))


def encode(name: str, known: Vocabulary) -> Indices:
    """The labels of a name: its characters and the newline."""
    return known.encode([*name, END])


def capitalised(name: str) -> str:
    """`name` with a capital at its start and after each space or hyphen."""
    return "".join(
        character.title() if i == 0 or name[i - 1] in " -" else character
        for i, character in enumerate(name)
    )


def _decode(data: bytes, path: Path) -> str:
    for mark, encoding in _WIDE.items():
        if data.startswith(mark):
            raise FileError(f"the list is {encoding} text", path=path, hint="save it as UTF-8")
    if 0 in data:
        raise FileError(
            f"a list of names is a text, and this is a binary file (byte 0x00 at {data.index(0)})",
            path=path,
            hint="choose another file",
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"byte 0x{data[error.start]:02x} at {error.start} (line {line}) is not UTF-8",
            path=path,
            hint="save it as UTF-8",
        ) from None
    text = text.removeprefix(_BOM)
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise FileError(
            f"line {line} has the control character U+{ord(found[0]):04X}",
            path=path,
            hint="remove it",
        )
    return text

"""The elements of a MusicXML text: its bars and the facts about the score, one at a time, so that
memory does not grow with the text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from djmodel.inputs.limits import LimitError
from seqmodel.errors import FileError
from seqmodel.text import printable

_CHUNK = 1 << 16  # bytes that are parsed at a time
_MAX_MEGABYTES = 4  # of text in one element: a bar of an orchestral score has far less
_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]
_GROUPS = {"score-partwise": "part", "score-timewise": "measure"}  # root -> what it consists of
_HINT = "choose another file"


class ScoreElement(NamedTuple):
    """An element of a score: a bar of the part with the id `part` (`bar` counts from 0), or
    something else, of which `part` is None."""

    element: Element
    part: str | None = None
    bar: int = 0


def score_elements(text: bytes, path: Path) -> Iterator[ScoreElement]:
    """The bars of a score, and the elements beside its parts, in the order of the text.

    Raises FileError for a text that is not well-formed, is not a score, or defines entities: a few
    of those expand to any size, and no sheet music needs them. Raises LimitError for an element of
    enormous size.
    """
    reader = _Reader(path)
    found = 0  # bytes up to the end of the last element
    for at in range(0, len(text), _CHUNK):
        end = at + _CHUNK
        reader.parse(text[at:end], end >= len(text))
        for element in reader.complete(end >= len(text)):
            yield element
            found = end
        if end - found > _MAX_MEGABYTES << 20:
            message = f"an element of the MusicXML text is larger than {_MAX_MEGABYTES} MB"
            raise LimitError(message, path=path)


class _Reader:
    """Builds a tree, of which complete elements are taken away while the text is parsed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.group_tag = ""
        self.groups = self.bars = 0  # groups before the first in the tree, and bars of it
        self.root = Element("")
        self.builder = TreeBuilder()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self.refuse_entity
        self.parser.StartElementHandler = self.start_of_root
        self.parser.EndElementHandler = self.builder.end
        self.parser.CharacterDataHandler = self.builder.data

    def refuse_entity(self, *_: object) -> None:
        message = "the MusicXML text defines entities, which no sheet music needs"
        raise FileError(message, path=self.path, hint=_HINT)

    def start_of_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag not in _GROUPS:
            message = (
                "the text is XML, but not a MusicXML score: its root element is "
                f"`{printable(tag, 40)}`"
            )
            raise FileError(message, path=self.path, hint=_HINT)
        self.group_tag = _GROUPS[tag]
        self.root = self.builder.start(tag, attributes)
        self.parser.StartElementHandler = self.builder.start  # without a step in Python for each

    def parse(self, chunk: bytes, is_last: bool) -> None:
        try:
            self.parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            if error.code == _NO_MEMORY:
                raise MemoryError from error
            message = f"the MusicXML text is not well-formed ({error})"
            raise FileError(message, path=self.path, hint=_HINT) from error
        except (ValueError, LookupError) as error:  # of an encoding
            message = f"the MusicXML text cannot be decoded ({error})"
            raise FileError(message, path=self.path, hint="save it as UTF-8") from error

    def complete(self, is_last: bool) -> Iterator[ScoreElement]:
        """Takes from the tree the elements that are complete: all but the last of each level, and
        at the end of the text all."""
        children = list(self.root)
        for child in children:
            is_open = child is children[-1] and not is_last
            if child.tag == self.group_tag:
                yield from self.cells(child, is_open)
                if not is_open:
                    self.groups, self.bars = self.groups + 1, 0
            elif not is_open:
                yield ScoreElement(child)
        del self.root[: len(children) if is_last else -1]

    def cells(self, group: Element, is_open: bool) -> Iterator[ScoreElement]:
        """Takes the bars of a part, or the parts of a bar."""
        cells = list(group)[: -1 if is_open else None]
        for cell in cells:
            if self.group_tag == "measure" and cell.tag == "part":
                yield ScoreElement(cell, cell.get("id", ""), self.groups)
            elif self.group_tag == "part" and cell.tag == "measure":
                yield ScoreElement(cell, group.get("id", ""), self.bars)
                self.bars += 1
        del group[: len(cells)]

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
    for at in range(0, len(text), _CHUNK):
        reader.read(text[at : at + _CHUNK], at + _CHUNK >= len(text))
        yield from reader.elements
        reader.elements.clear()


class _Reader:
    """Builds the tree of each element two levels below the root, the others one level below."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.elements: list[ScoreElement] = []
        self.group_tag = ""
        self.group = ""  # the id of the part, if the score is written part by part
        self.groups = self.bars = self.depth = 0
        self.tag = ""  # of the element that is being built
        self.began = 0  # where it begins, in bytes
        self.builder = TreeBuilder()
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.EntityDeclHandler = self.refuse_entity
        self.look_for_element()

    def read(self, chunk: bytes, is_last: bool) -> None:
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
        if self.tag and self.parser.CurrentByteIndex - self.began > _MAX_MEGABYTES << 20:
            message = f"the element `{printable(self.tag, 40)}` is larger than {_MAX_MEGABYTES} MB"
            raise LimitError(message, path=self.path)

    def refuse_entity(self, *_: object) -> None:
        message = "the MusicXML text defines entities, which no sheet music needs"
        raise FileError(message, path=self.path, hint=_HINT)

    def look_for_element(self) -> None:
        self.tag = ""
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.depth == 0:
            if tag not in _GROUPS:
                message = (
                    "the text is XML, but not a MusicXML score: its root element is "
                    f"`{printable(tag, 40)}`"
                )
                raise FileError(message, path=self.path, hint=_HINT)
            self.group_tag = _GROUPS[tag]
        elif self.depth == 1 and tag == self.group_tag:
            self.group, self.bars = attributes.get("id", ""), 0
            self.groups += 1
        else:
            self.build(tag, attributes)
            return
        self.depth += 1

    def end(self, _: str) -> None:
        self.depth -= 1

    def build(self, tag: str, attributes: dict[str, str]) -> None:
        """Hands the events of an element to a builder, without a step in Python for each."""
        self.tag, self.began = tag, self.parser.CurrentByteIndex
        self.builder = TreeBuilder()
        self.builder.start(tag, attributes)
        self.parser.StartElementHandler = self.builder.start
        self.parser.EndElementHandler = self.end_of_built
        self.parser.CharacterDataHandler = self.builder.data

    def end_of_built(self, tag: str) -> None:
        element = self.builder.end(tag)
        if tag != self.tag:
            return
        if self.depth < 2:
            self.elements.append(ScoreElement(element))
        elif self.group_tag == "part" and tag == "measure":
            self.elements.append(ScoreElement(element, self.group, self.bars))
            self.bars += 1
        elif self.group_tag == "measure" and tag == "part":
            part = element.get("id", "")
            self.elements.append(ScoreElement(element, part, self.groups - 1))
        self.look_for_element()

"""Files of MusicXML -> scores, without music21: all that tunes need of the format."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from djmodel.inputs.limits import Deadline
from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.music_files import SHEET_SUFFIXES
from djmodel.inputs.musicxml.bars import PartReader
from djmodel.inputs.musicxml.elements import score_elements
from djmodel.inputs.musicxml.instruments import part_facts
from djmodel.inputs.score import (
    MAX_BARS_OF_PARTS,
    MAX_PARTS,
    Score,
    too_many_bars,
    too_many_bars_of_parts,
    too_many_parts,
)
from djmodel.inputs.written.sheet import PartFacts, Sheet, WrittenBar, WrittenPart
from djmodel.inputs.written.unfolding import played_score
from djmodel.music.tune import MAX_BARS


def read_musicxml(text: bytes, path: Path, deadline: Deadline) -> Score:
    """The score in a MusicXML text, as it is played; errors name the `path` that it came from.

    Raises FileError if it is not MusicXML, is damaged, or holds no notes; LimitError if it is
    beyond the limits; UncoveredError for notation that this reader does not know.
    """
    sheet = _written_sheet(text, path, deadline)
    return played_score(sheet, path, deadline)


def _written_sheet(text: bytes, path: Path, deadline: Deadline) -> Sheet:
    heading = _Heading()
    facts: dict[str, PartFacts] = {}
    parts: dict[str, WrittenPart] = {}
    readers: dict[str, PartReader] = {}
    notes = written = 0
    for element, part, bar in score_elements(text, path):
        if part is None:
            heading.read(element)
            if element.tag == "part-list":
                facts |= part_facts(element)
            continue
        if part not in parts:
            if len(parts) == MAX_PARTS:
                raise too_many_parts(path)
            parts[part] = WrittenPart(facts.get(part, PartFacts()))
            readers[part] = PartReader(parts[part])
        bars = parts[part].bars
        if max(bar, len(bars)) >= MAX_BARS:
            raise too_many_bars(path)
        written += 1 + max(bar - len(bars), 0)
        if written > MAX_BARS_OF_PARTS:
            raise too_many_bars_of_parts(path)
        bars += (WrittenBar() for _ in range(bar - len(bars)))
        bars.append(readers[part].read(element))
        notes += bars[-1].size + bars[-1].dropped
        if notes > deadline.limits.max_notes:
            raise deadline.limits.too_many_notes(path)
        deadline()
    return Sheet(heading.title, heading.composer, list(parts.values()))


class _Heading:
    """The title and the composer that a sheet names."""

    def __init__(self) -> None:
        self.work = self.movement = self.credit = self.composer = ""

    def read(self, element: Element) -> None:
        if element.tag == "work":
            self.work = element.findtext("work-title", "")
        elif element.tag == "movement-title":
            self.movement = element.text or ""
        elif element.tag == "identification":
            given = (each.text or "" for each in element.iterfind("creator[@type='composer']"))
            names = dict.fromkeys(map(plain_text, given))
            self.composer = plain_text(", ".join(name for name in names if _is_name(name)))
        elif element.tag == "credit" and element.findtext("credit-type", "").strip() == "title":
            self.credit = self.credit or element.findtext("credit-words", "")

    @property
    def title(self) -> str:
        """The first that is not empty, without the suffix that some programs leave in it."""
        titles = map(plain_text, (self.work, self.movement, self.credit))
        title = next(filter(None, titles), "")
        return Path(title).stem if Path(title).suffix in SHEET_SUFFIXES else title


def _is_name(text: str) -> bool:
    """False for what programs write where nobody named a composer."""
    return text.casefold() not in {"", "composer", "composer / arranger", "music21"}

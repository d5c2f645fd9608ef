"""The list of parts of MusicXML: names and instruments."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from xml.etree.ElementTree import Element

from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.musicxml.numbers import whole_number
from djmodel.inputs.musicxml.written import PartFacts
from djmodel.music.instruments import PROGRAM_NAMES, instrument_name

_DRUM_CHANNEL = 10
_OTHER_NAMES = {"piano": 0, "organ": 19, "guitar": 24, "bass guitar": 33, "double bass": 32,
                "bass": 32, "harp": 46, "strings": 48, "choir": 52, "chorus": 52, "voice": 52,
                "vocals": 52, "soprano": 52, "alto": 52, "tenor": 52, "horn": 60, "cornet": 56,
                "flugelhorn": 56, "violoncello": 42, "saxophone": 66, "sax": 66,
                "bass clarinet": 71, "baritone": 52}  # fmt: skip


def part_facts(part: Element) -> PartFacts:
    """The facts in a `<score-part>`."""
    names = [part.findtext("part-name", ""), part.findtext("score-instrument/instrument-name", "")]
    names = [plain_text(name) for name in names]
    program, channel = 0, 0
    has_program = False
    drums: dict[str, int] = {}
    for number, instrument in enumerate(part.findall("midi-instrument")):
        unpitched = whole_number(instrument.findtext("midi-unpitched"))
        if 1 <= unpitched <= 128:
            drums[instrument.get("id", "")] = unpitched - 1
        if number == 0:
            has_program = instrument.find("midi-program") is not None
            program = whole_number(instrument.findtext("midi-program")) - 1
            channel = whole_number(instrument.findtext("midi-channel"))
    if not 1 <= program <= 127:  # many programs write a piano for whatever plays
        program = next(filter(None, map(program_named, names)), 0)
    name = names[0] or names[1] or (instrument_name("", program) if has_program else "")
    return PartFacts(name, program, channel == _DRUM_CHANNEL, drums)


@lru_cache(maxsize=1024)
def program_named(name: str) -> int:
    """The program of an instrument that the name of a part contains, the longest; 0 (a piano) for
    one that names none.

    >>> program_named("Tenor Saxophone in Bb 2"), program_named("Tutti")
    (66, 0)
    """
    words = _words(name).replace("saxophone", "sax")
    found = [(len(known), program) for known, program in _programs().items() if known in words]
    return max(found, default=(0, 0))[1]


@cache
def _programs() -> dict[str, int]:
    """Names of instruments as `_words`, with their programs."""
    named = {known: program for program, known in enumerate(PROGRAM_NAMES)} | _OTHER_NAMES
    return {_words(known): program for known, program in named.items()}


def _words(text: str) -> str:
    """The words of a text in small letters, with a space around each."""
    words = " ".join(re.findall(r"[^\W_]+", text.casefold()))
    return f" {words} "

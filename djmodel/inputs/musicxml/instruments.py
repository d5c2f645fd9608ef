"""The list of parts of MusicXML: names and instruments."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, lru_cache
from xml.etree.ElementTree import Element

from djmodel.inputs.midi_parser import plain_text
from djmodel.inputs.musicxml.numbers import whole_number
from djmodel.inputs.score import DRUM_CHANNEL
from djmodel.inputs.written.sheet import PartFacts
from djmodel.music.instruments import PROGRAM_NAMES, instrument_name

_CHOIR = 52
_VOICES = {" soprano ", " alto ", " tenor "}
_OTHER_NAMES = {"piano": 0, "organ": 19, "guitar": 24, "bass guitar": 33, "double bass": 32,
                "bass": 32, "harp": 46, "strings": 48, "choir": 52, "chorus": 52, "voice": 52,
                "vocals": 52, "soprano": 52, "alto": 52, "tenor": 52, "horn": 60, "cornet": 56,
                "flugelhorn": 56, "violoncello": 42, "saxophone": 66, "sax": 66,
                "bass clarinet": 71, "baritone": 52}  # fmt: skip


def part_facts(part_list: Element) -> dict[str, PartFacts]:
    """The facts in a `<part-list>`, by the ids of the parts."""
    facts = {part.get("id", ""): _facts(part) for part in part_list.iter("score-part")}
    is_choir = any(_words(part.name) in _VOICES for part in facts.values())
    return {
        identity: replace(part, program=_CHOIR) if is_choir and _is_bass(part) else part
        for identity, part in facts.items()
    }


def _is_bass(part: PartFacts) -> bool:
    """True for a part named Bass, which is a voice in a choir and an instrument elsewhere."""
    return _words(part.name) == " bass " and part.program == program_named("Bass")


def _facts(part: Element) -> PartFacts:
    """The facts in a `<score-part>`."""
    names = [part.findtext("part-name", ""), part.findtext("score-instrument/instrument-name", "")]
    names = [plain_text(name) for name in names]
    midi = part.findall("midi-instrument")
    unpitched = {each.get("id", ""): _midi_number(each, "midi-unpitched") for each in midi}
    program = next((_midi_number(each, "midi-program") for each in midi), None)
    drums = {identity: sound for identity, sound in unpitched.items() if sound is not None}
    name = names[0] or names[1]
    if not name and program is not None:
        name = instrument_name("", program)
    if not program:  # many programs write a piano for whatever plays
        program = next(filter(None, map(program_named, names)), 0)
    is_kit = any(whole_number(each.findtext("midi-channel")) == DRUM_CHANNEL for each in midi[:1])
    return PartFacts(name, program, is_kit, drums)


def _midi_number(instrument: Element, name: str) -> int | None:
    """A program or a note, which MusicXML counts from 1; None if there is none."""
    number = whole_number(instrument.findtext(name))
    return number - 1 if 1 <= number <= 128 else None


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

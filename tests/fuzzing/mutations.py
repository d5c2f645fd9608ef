"""Mutations of text, XML and JSON; those of bytes and MIDI events are in `helpers.broken_files`."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from helpers import broken_files as bf

Mutation = Callable[[bytes, random.Random], bytes]

_NUMBERS = (0, -1, 1, 2, 3, 12, 127, 128, 10**6, 2**31, 2**63, 10**20, 0.5, -0.0, 1e-308, 1e308)
_TEXTS = (
    "",
    "0",
    "-1",
    "1/2",
    "7/3",
    "1/0",
    "9" * 30,
    "9" * 5000,  # more digits than Python converts
    "nan",
    "C",
    "R",
    "[/x]",
    "\x1b[2J",
    "x" * 999,
)
_VALUES: tuple[Any, ...] = (*_NUMBERS, *_TEXTS, None, True, [], {}, [[]], {"": None})


def mutated_bytes(content: bytes, rng: random.Random) -> bytes:
    return bf.damaged(content, rng)


def mutated_events(content: bytes, rng: random.Random) -> bytes:
    return bf.damaged_events(content, rng)


def mutated_json(content: bytes, rng: random.Random) -> bytes:
    """JSON after one to four changes of values, keys and lengths; sometimes no JSON any more."""
    if rng.random() < 0.1:
        return bf.damaged(content, rng)
    value = json.loads(content)
    for _ in range(rng.randint(1, 4)):
        value = _changed(value, rng)
    return json.dumps(value).encode()


def _changed(value: Any, rng: random.Random) -> Any:
    """`value` with one change somewhere in it."""
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.1:
        return _replaced(value, rng)
    value = copy.copy(value)
    key = rng.choice([*value]) if isinstance(value, dict) else rng.randrange(len(value))
    kind = rng.random()
    if kind < 0.08:
        del value[key]
    elif kind < 0.16 and isinstance(value, list):
        value[key:key] = [value[key]] * rng.choice((1, 2, 50))
    elif kind < 0.2 and isinstance(value, list):
        rng.shuffle(value)
    elif kind < 0.24 and isinstance(value, dict):
        value[rng.choice(_TEXTS)] = value[key]
    else:
        value[key] = _changed(value[key], rng)
    return value


def _replaced(value: Any, rng: random.Random) -> Any:
    """Another value, most often of the same type."""
    if isinstance(value, bool) or rng.random() < 0.2:
        return copy.deepcopy(rng.choice(_VALUES))
    if isinstance(value, (int, float)):
        return rng.choice((*_NUMBERS, value + 1, value - 1, -value))
    if isinstance(value, str):
        at = rng.randrange(len(value) + 1)
        return rng.choice((*_TEXTS, value[:at], value[:at] + rng.choice(_TEXTS) + value[at:]))
    return copy.deepcopy(rng.choice(_VALUES))


def mutated_xml(words: tuple[str, ...]) -> Mutation:
    """Mutations of XML that keep it well-formed, most of the time: elements are lost, doubled,
    moved, renamed; texts and attributes become one of `words`."""

    def mutated(content: bytes, rng: random.Random) -> bytes:
        if rng.random() < 0.1:
            return mutated_text(words)(content, rng)
        root = ElementTree.fromstring(content)
        for _ in range(rng.randint(1, 6)):
            parents = [element for element in root.iter() if len(element)]
            if not parents:
                break
            parent = rng.choice(parents)
            at = rng.randrange(len(parent))
            element, kind = parent[at], rng.random()
            if kind < 0.35:
                element.text = rng.choice((*words, *map(str, _NUMBERS)))
            elif kind < 0.5:
                name = rng.choice((*element.keys(), "number", "type", "location"))
                element.set(name, rng.choice(words))
            elif kind < 0.65:
                parent.remove(element)
            elif kind < 0.8:
                for _ in range(rng.choice((1, 1, 2, 40))):
                    parent.insert(at, copy.deepcopy(element))
            elif kind < 0.95:
                rng.choice(parents).append(copy.deepcopy(element))
            else:
                element.tag = rng.choice(parents).tag
        return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)

    return mutated


def mutated_text(words: tuple[str, ...]) -> Mutation:
    """Mutations of text of a language with these `words`: some are added, lost, doubled, moved."""

    def mutated(content: bytes, rng: random.Random) -> bytes:
        text = content.decode("utf-8", "replace")
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(len(text) + 1)
            end = min(len(text), at + rng.choice((1, 1, 2, 5, 20)))
            kind = rng.random()
            if kind < 0.5:
                text = text[:at] + rng.choice(words) * rng.choice((1, 1, 1, 2, 30)) + text[at:]
            elif kind < 0.7:
                text = text[:at] + text[end:]
            elif kind < 0.85:
                text = text[:end] + text[at:end] + text[end:]
            else:
                text = (
                    text[:at]
                    + chr(rng.choice((0, 27, 9, 10, 160, 955, 0x202E, 0x1F600)))
                    + text[at:]
                )
        return text.encode("utf-8", "replace")

    return mutated


def shrunk(content: bytes, fails: Callable[[bytes], bool], tries: int = 300) -> bytes:
    """A shorter content that still fails: pieces are left out, large ones first."""
    size = len(content) // 2
    while size and tries:
        at = 0
        while at < len(content) and tries:
            shorter = content[:at] + content[at + size :]
            tries -= 1
            if fails(shorter):
                content = shorter
            else:
                at += size
        size //= 2
    return content

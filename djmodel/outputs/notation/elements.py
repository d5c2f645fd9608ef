"""Elements of MusicXML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction

from seqmodel.text import xml_text

_TYPES = {
    4: "whole", 2: "half", 1: "quarter", Fraction(1, 2): "eighth", Fraction(1, 4): "16th",
    Fraction(1, 8): "32nd", Fraction(1, 16): "64th",
}  # fmt: skip


def add(parent: ET.Element, tag: str, content: str | int = "", /, **attributes: str) -> ET.Element:
    """Appends an element. In the names of attributes `_` stands for `-`."""
    named = {name.replace("_", "-"): xml_text(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, named)
    element.text = xml_text(f"{content}") or None
    return element


def direction(
    measure: ET.Element, kind: str, text: str = "", *, placement: str = "above", **attributes: str
) -> ET.Element:
    """Appends a direction, a sign or words, and returns it."""
    element = add(measure, "direction", placement=placement)
    add(add(element, "direction-type"), kind, text, **attributes)
    return element


def add_pitch(parent: ET.Element, step: str, alter: int, *, prefix: str = "") -> None:
    """Appends a letter and, where it has one, its alteration."""
    add(parent, f"{prefix}step", step)
    if alter:
        add(parent, f"{prefix}alter", alter)


def add_note_type(parent: ET.Element, tag: str, value: Fraction, dot: str) -> None:
    """Appends the type of a note value in quarter lengths, and an element `dot` if it has one."""
    is_dotted = value not in _TYPES
    add(parent, tag, _TYPES[value * 2 / 3 if is_dotted else value])
    if is_dotted:
        add(parent, dot)

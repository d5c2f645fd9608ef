"""MusicXML written out for tests: notes, bars, parts."""

from __future__ import annotations

import re

DIVISIONS = 12
COMMON = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(name: str, quarters: float = 4, inside: str = "") -> str:
    """A note such as `C#5`, or a rest, `R`; `inside` is added to its element."""
    duration = f"<duration>{round(quarters * DIVISIONS)}</duration>"
    if name == "R":
        return f"<note><rest/>{duration}{inside}</note>"
    step, sign, octave = re.fullmatch(r"([A-G])([#b]?)(\d)", name).groups()
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>", "": ""}[sign]
    pitch = f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
    return f"<note>{pitch}{duration}{inside}</note>"


def harmony(root: str, kind: str = "major", more: str = "", text: str = "") -> str:
    """A chord symbol; `root` such as `Bb`; `more` is added behind its kind."""
    alter = {"#": 1, "b": -1, "": 0}[root[1:]]
    return (
        f"<harmony><root><root-step>{root[0]}</root-step><root-alter>{alter}</root-alter></root>"
        f'<kind text="{text}">{kind}</kind>{more}</harmony>'
    )


def degree(value: int, alter: int, change: str) -> str:
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{change}</degree-type></degree>"
    )


def words(text: str, sound: str = "") -> str:
    return f"<direction><direction-type><words>{text}</words></direction-type>{sound}</direction>"


def sign(name: str) -> str:
    return f"<direction><direction-type><{name}/></direction-type></direction>"


def repeat(direction: str, more: str = "", times: str = "") -> str:
    """A bar line with a repeat; `more` is added before it."""
    place = {"forward": "left", "backward": "right"}[direction]
    times = times and f' times="{times}"'
    return f'<barline location="{place}">{more}<repeat direction="{direction}"{times}/></barline>'


def ending(number: str, kind: str = "start") -> str:
    return f'<ending number="{number}" type="{kind}"/>'


def left(content: str) -> str:
    return f'<barline location="left">{content}</barline>'


def part(*bars: str, attributes: str = COMMON, identity: str = "P1") -> str:
    """A part; `attributes` stand at its start."""
    first = f"<attributes><divisions>{DIVISIONS}</divisions>{attributes}</attributes>"
    measures = [f'<measure number="{n}">{bar}</measure>' for n, bar in enumerate(bars, 1)]
    measures[:1] = [measures[0].replace(">", f">{first}", 1)]
    return f'<part id="{identity}">{"".join(measures)}</part>'


def sheet(*parts: str, part_list: str = "", head: str = "") -> str:
    """A score of these parts."""
    listed = part_list or '<score-part id="P1"><part-name>Voice</part-name></score-part>'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0">{head}'
        f"<part-list>{listed}</part-list>{''.join(parts)}</score-partwise>"
    )

"""A tune to listen to and look at in a browser: its sound, and a piano roll with a moving line.

The HTML is a fragment that loads nothing: sound and pictures are in it. A page holds several, a
notebook shows one.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from html import escape
from importlib.resources import files
from pathlib import Path

from djmodel.music.tune import Tune
from djmodel.outputs.audio import render
from djmodel.outputs.drawing import to_text
from djmodel.outputs.piano_roll import PAGE, drawn_rows, legend_samples, sample_svg
from djmodel.outputs.roll import Roll, clock, roll
from seqmodel.files import data_uri

MAX_NOTEBOOK_SECONDS = 90.0  # of sound kept in a notebook


def player(
    tune: Tune, soundfont: str | Path | None = None, *, sound: bool = True, images: bool = False
) -> str:
    """Sound, piano roll and legend of a tune, as HTML. A tune without notes has no sound. With
    `images` the rows are images, which `player.js` replaces by drawings.

    Raises what `audio.render` raises.
    """
    drawing = roll(tune)
    audio = ""
    if sound and (drawing.melody or drawing.accompaniment):
        content = render(tune, soundfont).mp3()
        audio = (
            f'<audio controls preload="auto" aria-label="{escape(tune.title)}"'
            f' src="{data_uri(content, "audio/mpeg")}"></audio>'
        )
    rows = "".join(map(_image if images else _inline, drawn_rows(drawing, PAGE)))
    times = escape(json.dumps(clock(tune)))
    return (
        f'<div class="djm-player" data-clock="{times}">{audio}'
        f'<div class="roll">{rows}</div>{_legend(drawing, images)}</div>'
    )


def notebook_player(tune: Tune) -> str:
    """A `player` with its own style and script, on white whatever the notebook's theme.

    Its drawings are images: a notebook that is not trusted keeps sound and images and removes SVG,
    style and script. Sound is included up to MAX_NOTEBOOK_SECONDS, because it is stored in the
    notebook.
    """
    seconds = clock(tune)[-1][1]
    is_short = seconds <= MAX_NOTEBOOK_SECONDS
    note = "" if is_short else f"{seconds:.0f} seconds of music: djmodel.play(tune) gives the sound"
    return (
        f"<style>{asset('player.css')}</style>"
        f'<div class="djm" style="padding:.5rem;color-scheme:light">'
        f"<strong>{escape(tune.title)}</strong>{player(tune, sound=is_short, images=True)}"
        f"<small>{escape(note)}</small></div>"
        f"<script>{asset('player.js')}</script>"
    )


def asset(name: str) -> str:
    """The text of a style sheet or script of the package."""
    return (files("djmodel.outputs") / "static" / name).read_text(encoding="utf-8")


def _inline(row: ET.Element) -> str:
    """A row as SVG that fills the width it has."""
    for name in ("width", "height"):
        row.attrib.pop(name)
    return to_text(row)


def _image(row: ET.Element) -> str:
    """A row as an image, twice as large, which the browser scales down."""
    for name in ("width", "height"):
        row.set(name, f"{2 * float(row.attrib[name]):g}")
    return f'<img alt="" src="{_svg_uri(to_text(row))}">'


def _legend(drawing: Roll, images: bool) -> str:
    """The kinds of notes in a roll, as an HTML list."""
    items = ""
    for note, name in legend_samples(drawing):
        sample = sample_svg(note)
        shown = f'<img alt="" src="{_svg_uri(sample)}">' if images else sample
        items += f"<li>{shown}{name}</li>"
    return f'<ul class="legend">{items}</ul>' if items else ""


def _svg_uri(svg: str) -> str:
    return data_uri(svg.encode("utf-8"), "image/svg+xml")

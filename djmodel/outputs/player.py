"""A tune to listen to and look at in a browser: its sound, and a piano roll with a moving line.

What is here is a fragment of HTML without any address in it: sound and pictures are inside. A page
is made of such fragments, and a notebook shows one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

from djmodel.music.tune import Tune
from djmodel.outputs.roll import KIND_NAMES, Roll, RollNote, clock, roll
from seqmodel.files import data_uri
from seqmodel.optional import MissingPackageError

LONGEST_SECONDS = 90.0  # of sound that a notebook gets without being asked

# Sizes in the units of the drawing, which is scaled to the width there is.
_WIDTH = 400.0
_LEFT = 18.0  # for the names of the octaves
_RIGHT = 2.0
_TOP = 16.0  # for the chord names
_BOTTOM = 12.0  # for the bar numbers
_SEMITONE = 4.5  # at most; less where the highest is far above the lowest
_TALLEST = 190.0  # of all the semitones together
_LETTER = 7.6
_QUARTERS_A_ROW = 16  # four bars of 4/4

_DRAWING = re.compile(r'<svg viewBox="([^"]*)"(.*?)</svg>', re.DOTALL)


def player(tune: Tune, soundfont: str | Path | None = None, *, sound: bool = True) -> str:
    """Sound, piano roll and legend of a tune. Without `sound`, or where nothing sounds, only what
    is to be seen.

    Raises what `djmodel.render.render` raises.
    """
    drawing = roll(tune)
    audio = ""
    if sound and (drawing.melody or drawing.accompaniment):
        from djmodel.outputs.audio import render

        content = render(tune, soundfont).mp3()
        audio = (
            f'<audio controls preload="auto" aria-label="{escape(tune.title)}"'
            f' src="{data_uri(content, "audio/mpeg")}"></audio>'
        )
    times = escape(json.dumps(clock(tune)))
    return (
        f'<div class="djm-player" data-clock="{times}">{audio}'
        f'<div class="roll">{"".join(_rows(drawing))}</div>{_legend(drawing)}</div>'
    )


def notebook_player(tune: Tune) -> str:
    """A `player` that brings its own style and script, on a white ground whatever is around it.
    Its drawings are images, which the script puts drawings in the place of: a notebook that is not
    trusted keeps sound and images and loses the rest.

    Sound comes along up to LONGEST_SECONDS: a notebook keeps all that it shows. Without the
    packages that make sound, a line says how to install them.
    """
    seconds = clock(tune)[-1][1]
    note = ""
    try:
        shown = player(tune, sound=seconds <= LONGEST_SECONDS)
    except MissingPackageError as error:
        shown, note = player(tune, sound=False), str(error)
    if seconds > LONGEST_SECONDS:
        note = f"{seconds:.0f} seconds of music: djmodel.play(tune) makes a player with sound"
    return (
        f"<style>{asset('player.css')}</style>"
        f'<div class="djm" style="padding:.5rem;color-scheme:light">'
        f"<strong>{escape(tune.title)}</strong>{_DRAWING.sub(_as_image, shown)}"
        f"<small>{escape(note)}</small></div>"
        f"<script>{asset('player.js')}</script>"
    )


def _as_image(drawing: re.Match[str]) -> str:
    """An SVG with its style inside, as an image."""
    size, rest = drawing.groups()
    attributes, inside = rest.split(">", 1)
    width, height = (2 * float(side) for side in size.split()[2:])
    alone = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="djm" width="{width:g}"'
        f' height="{height:g}" viewBox="{size}"{attributes}>'
        f'<style>{asset("player.css")}</style><g class="roll">{inside}</g></svg>'
    )
    return f'<img alt="" src="{data_uri(alone.encode(), "image/svg+xml")}">'


def asset(name: str) -> str:
    """A file of style or script that comes with the package."""
    return (files("djmodel.outputs") / "web" / name).read_text(encoding="utf-8")


def _rows(drawing: Roll) -> Iterator[str]:
    """The piano roll in rows of a few bars, each a picture of its own, all to one scale."""
    spans = list(_spans(drawing))
    longest = max((end - start for start, end in spans), default=4.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / longest
    semitone = min(_SEMITONE, _TALLEST / len(drawing.pitches))
    for start, end in spans:
        yield _row(drawing, start, end, scale, semitone)


def _spans(drawing: Roll) -> Iterator[tuple[float, float]]:
    """Where rows begin and end: four bars of 4/4, or fewer where the chord names need more room; a
    pick-up goes with the first."""
    bars = len(drawing.bars) - 1
    if bars < 1:
        return
    longest = max(end - start for start, end in pairwise(drawing.bars))
    quarters = float(_QUARTERS_A_ROW)
    for this, following in pairwise(drawing.chords):
        wanted = len(this.text) * _LETTER / (following.start - this.start)  # units a quarter
        while quarters > longest and wanted * quarters > _WIDTH - _LEFT:
            quarters /= 2
    a_row = max(int(quarters / longest), 1)
    first = 0
    while first < bars:
        extra = 1 if first == 0 and drawing.numbers[0] == 0 else 0
        last = min(first + a_row + extra, bars)
        yield drawing.bars[first], drawing.bars[last]
        first = last


def _row(drawing: Roll, start: float, end: float, scale: float, semitone: float) -> str:
    pitches = drawing.pitches
    bottom = _TOP + len(pitches) * semitone
    height = bottom + _BOTTOM

    def x(quarter: float) -> float:
        return round(_LEFT + (quarter - start) * scale, 2)

    def y(pitch: float) -> float:
        return round(_TOP + (pitches.stop - 0.5 - pitch) * semitone, 2)

    def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
        return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'

    parts = [
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" data-from="{start:g}"'
        f' data-to="{end:g}" data-left="{_LEFT:g}" data-scale="{scale:.4f}">'
    ]
    octaves = [pitch for pitch in pitches if pitch % 12 == 0]
    parts += [line("octave", x(start), y(pitch), x(end), y(pitch)) for pitch in octaves]
    parts += [line("beat", x(b), _TOP, x(b), bottom) for b in drawing.beats if start < b < end]
    parts += [line("bar", x(b), _TOP, x(b), bottom) for b in drawing.bars if start <= b <= end]
    parts += [f'<text class="small" x="1" y="{y(p) + 3:g}">C{p // 12 - 1}</text>' for p in octaves]
    parts += [
        f'<text x="{x(chord.start) + 1:g}" y="{_TOP - 4:g}">{escape(chord.text)}</text>'
        for chord in drawing.chords_between(start, end)
    ]
    numbered = zip(drawing.bars, drawing.numbers, strict=False)
    parts += [
        f'<text class="small" x="{x(bar) + 2:g}" y="{height - 3:g}">{number}</text>'
        for bar, number in numbered
        if start <= bar < end and number
    ]
    for note in (*drawing.accompaniment, *drawing.melody):
        if note.start < end and note.end > start:
            left, right = x(max(note.start, start)), x(min(note.end, end))
            parts.append(_box(note, left, right, y(note.pitch + 0.5), semitone))
    parts.append(line("head", 0, _TOP, 0, bottom))
    parts.append("</svg>")
    return "".join(parts)


def _box(note: RollNote, left: float, right: float, top: float, semitone: float) -> str:
    """A note, a hair shorter than it lasts, hatched if it is an approach tone."""
    width = round(max(right - left - 1.2, (right - left) * 0.6), 2)
    if note.kind is None:
        inset = round(semitone * 0.2, 2)
        return (
            f'<rect class="behind" x="{left:g}" y="{top + inset:g}" width="{width:g}"'
            f' height="{semitone - 2 * inset:g}"/>'
        )
    box = (
        f'<rect class="note {note.kind}" x="{left:g}" y="{top:g}" width="{width:g}"'
        f' height="{semitone:g}" rx="0.8"/>'
    )
    if note.kind == "A":
        return box + _hatching(left, top, width, semitone)
    if note.kind == "X":
        middle = top + semitone / 2
        return box + f'<circle cx="{left + width / 2:g}" cy="{middle:g}" r="1" class="X"/>'
    return box


def _hatching(left: float, top: float, width: float, semitone: float) -> str:
    """Slanting strokes over a box, all inside it."""
    rise = min(semitone, width) - 1
    strokes = []
    start = left + 0.5
    while start + rise <= left + width - 0.4:
        strokes.append(f"M{start:g} {top + semitone - 0.5:g}l{rise:g} -{semitone - 1:g}")
        start = round(start + 4, 2)
    return f'<path class="hatch" d="{"".join(strokes)}"/>' if strokes else ""


def _legend(drawing: Roll) -> str:
    """What the boxes mean that are there."""
    samples = [(RollNote(0, 1, 0, kind), KIND_NAMES[kind]) for kind in drawing.kinds]
    if drawing.accompaniment:
        samples.append((RollNote(0, 1, 0), "accompaniment"))
    items = "".join(
        f'<li><svg viewBox="0 0 20 7" aria-hidden="true">{_box(note, 1, 19.2, 1, 5.0)}</svg>'
        f"{name}</li>"
        for note, name in samples
    )
    return f'<ul class="legend">{items}</ul>' if items else ""

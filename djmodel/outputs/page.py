"""HTML that needs no network: a player of a tune, and a page of tunes with lead sheets and values.

A player is the sound of a tune and a piano roll with a moving line. A page holds several, a
notebook shows one.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from djmodel.music.chord_symbol import chords_of_bar, engraved
from djmodel.music.instruments import PartKey, instrument_name
from djmodel.music.key import key_signature
from djmodel.music.tune import Tune
from djmodel.outputs import suffixes
from djmodel.outputs.audio import render
from djmodel.outputs.drawing import to_text
from djmodel.outputs.midi import performance_bytes
from djmodel.outputs.notation.labels import instrument_label, rhythm_text, soloist_text
from djmodel.outputs.notation.lead_sheet import PHONE, SCREEN, sheet_of_part
from djmodel.outputs.notation.written_part import written_part
from djmodel.outputs.performance.perform import Performance, as_performance
from djmodel.outputs.piano_roll import PAGE, drawn_rows, legend_samples, sample_svg
from djmodel.outputs.piano_roll_layout import Roll, clock, roll, seconds_of
from seqmodel.files import atomic_write, check_suffix, data_uri
from seqmodel.settings import checked
from seqmodel.text import html_text, pluralize

MAX_NOTEBOOK_SECONDS = 90.0  # of sound kept in a notebook
# Threads that render sound, which takes memory; libraries release Python's lock while they encode.
_RENDERED_AT_ONCE = 2
# The page loads nothing and runs only its own script, whatever a title contains.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " media-src data:; img-src data:"
)


@dataclass(frozen=True)
class PageItem:
    """One tune of a page. `values` are shown as text, one row per bar, coloured by their first
    letter; `facts` by name, or a function that gives them, called while the sound is rendered;
    `provenance` is the text in its MIDI file; `performance` is what is heard (None:
    `perform(tune)`)."""

    tune: Tune
    heading: str = ""
    values: Sequence[Sequence[str]] = ()
    facts: Mapping[str, str] | Callable[[], Mapping[str, str]] = field(default_factory=dict)
    provenance: str = ""
    performance: Performance | None = None


def page(
    items: Sequence[PageItem],
    settings: Mapping[str, str],
    *,
    title: str = "",
    opening: Callable[[], str] | None = None,
    soundfont: str | Path | None = None,
    mono: bool = False,
    part_key: PartKey = "C",
) -> str:
    """The HTML of a page of tunes, beside one another where there is room.

    `settings` says how they were made, by name; `title` is by default that of the first tune;
    `opening` makes HTML before the tunes, while their sound is rendered, which is `mono` on
    request; instruments in `part_key` read the lead sheets. Raises what `audio.render` and
    `lead_sheet` raise.
    """
    title = title or (items[0].tune.title if items else "") or "Solo"
    performances = [item.performance or as_performance(item.tune) for item in items]
    pool = ThreadPoolExecutor(_RENDERED_AT_ONCE)
    try:
        sounds = [pool.submit(_sound, each, soundfont, mono) for each in performances]
        opened = opening() if opening else ""
        sections = "".join(
            _section(item, performance, sound, index, part_key, alone=len(items) == 1)
            for index, (item, performance, sound) in enumerate(
                zip(items, performances, sounds, strict=True)
            )
        )
    finally:
        pool.shutdown(cancel_futures=True)
    about = _about(items[0].tune) if items else "no tunes"
    made = f"<footer><h2>How it was made</h2>{_facts(settings)}</footer>" if settings else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{html_text(title)}</title>
<link rel="icon" href="data:,">
<style>{asset("player.css")}{asset("page.css")}</style>
</head>
<body>
<main class="djm page">
<header><h1>{html_text(title)}</h1><p class="about">{html_text(about)}</p></header>
{opened}<div class="solos">{sections}</div>
{made}
</main>
<script>{asset("player.js")}</script>
</body>
</html>
"""


@checked
def write_page(
    items: Sequence[PageItem],
    path: str | Path,
    settings: Mapping[str, str],
    soundfont: str | Path | None = None,
    part_key: PartKey = "C",
) -> None:
    """Writes a page of tunes, beside one another where there is room, to a .html or .htm file.
    `settings` says how they were made, by name; instruments in `part_key` read the lead sheets.

    Raises InputError for another suffix, FileError if the file cannot be written, and what `render`
    and `lead_sheet` raise."""
    check_suffix(path, suffixes.PAGE)
    content = page(items, settings, soundfont=soundfont, part_key=part_key)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _section(
    item: PageItem,
    performance: Performance,
    sound: Future[str],
    index: int,
    part_key: PartKey,
    *,
    alone: bool,
) -> str:
    heading = f"<h2>{html_text(item.heading)}</h2>" if item.heading else ""
    sheets = _sheets(item.tune, index, part_key)
    midi = data_uri(performance_bytes(performance, item.provenance), "audio/midi")
    name = "solo.mid" if alone else f"solo-{index + 1}.mid"
    facts = item.facts() if callable(item.facts) else item.facts
    return f"""<section>{heading}{_player(performance, sound.result())}
<p class="download"><a download="{name}" href="{midi}">Download MIDI</a></p>
{_facts(facts)}
{sheets}
{_bars(item)}</section>
"""


def _about(tune: Tune) -> str:
    """Bars, meter, tempo and instruments, in one line."""
    words = [pluralize(len(tune.bars) - tune.has_pickup, "bar")]
    words += [f"{bar.meter}" for bar in tune.bars[:1]]
    words += [f"{tempo.bpm:.0f} quarter notes per minute" for tempo in tune.tempos[:1]]
    played = [tune.instrument, *(part.instrument for part in tune.accompaniment)]
    names = [instrument_name(each.name, each.program) for each in played]
    return ", ".join([*words, *dict.fromkeys(names)])


def _sheets(tune: Tune, index: int, part_key: PartKey) -> str:
    """The lead sheet twice, for a screen and for a phone, of which the style sheet shows one, below
    a line on its player and its reader."""
    if not tune.bars:
        return ""
    part = written_part(tune, part_key)
    words = [soloist_text(tune), "" if part_key == "C" else instrument_label(part)]
    about = html_text(", ".join(filter(None, [*words, rhythm_text(part)])))
    return (f'<p class="reader">{about}</p>' if about else "") + "".join(
        f'<div class="sheet"><div class="{width}">'
        f"{sheet_of_part(part, paper, heading=False, seed=2 * index + number).svg}"
        "</div></div>"
        for number, (width, paper) in enumerate((("wide", SCREEN), ("narrow", PHONE)), start=1)
    )


def _bars(item: PageItem) -> str:
    """The chords and values of each bar, as a list that opens on demand."""
    if not item.values:
        return ""
    key, first = key_signature(item.tune), 0 if item.tune.has_pickup else 1
    bars = enumerate(zip(item.tune.bars, item.values, strict=False), first)
    rows = "".join(
        f'<li><span class="number">{number or ""}</span>'
        f'<span class="symbols">{html_text(engraved(chords_of_bar(bar, key)))}</span>'
        f'<span class="values">{"".join(map(_value, values))}</span></li>'
        for number, (bar, values) in bars
    )
    summary = "<summary>Values of each bar</summary>"
    return f'<details>{summary}<ol class="bars">{rows}</ol></details>'


def _value(value: str) -> str:
    return f'<span class="value v{html_text(value[:1])}">{html_text(value)}</span>'


def _facts(facts: Mapping[str, str]) -> str:
    """Facts by name, as an HTML description list."""
    rows = "".join(f"<dt>{html_text(n)}</dt><dd>{html_text(v)}</dd>" for n, v in facts.items())
    return f"<dl>{rows}</dl>" if rows else ""


def player(
    music: Tune | Performance,
    soundfont: str | Path | None = None,
    *,
    sound: bool = True,
    images: bool = False,
) -> str:
    """Sound, piano roll and legend, as HTML. A tune without notes has no sound. With `images` the
    rows are images, which `player.js` replaces by drawings.

    Raises what `audio.render` raises.
    """
    performance = as_performance(music)
    return _player(performance, _sound(performance, soundfont) if sound else "", images=images)


def _sound(performance: Performance, soundfont: str | Path | None, mono: bool = False) -> str:
    """The sound as HTML, "" without notes."""
    tune = performance.score
    drawing = roll(tune)
    if not (drawing.melody or drawing.accompaniment):
        return ""
    content = render(performance, soundfont).mp3(mono=mono)
    return (
        f'<audio controls preload="auto" aria-label="{html_text(tune.title)}"'
        f' src="{data_uri(content, "audio/mpeg")}"></audio>'
    )


def _player(performance: Performance, audio: str, *, images: bool = False) -> str:
    drawing = roll(performance.score)
    rows = "".join(map(_image if images else _inline, drawn_rows(drawing, PAGE)))
    times = html_text(json.dumps(_clock(performance)))
    return (
        f'<div class="djm-player" data-clock="{times}">{audio}'
        f'<div class="roll">{rows}</div>{_legend(drawing, images)}</div>'
    )


def _clock(performance: Performance) -> list[tuple[float, float]]:
    """The `clock` of the score, which waits at its start until the count-in is over."""
    wait = performance.count_in_seconds
    times = [(quarter, second + wait) for quarter, second in clock(performance.score)]
    return [(times[0][0], 0.0), *times] if wait else times


def notebook_player(tune: Tune) -> str:
    """A `player` with its own style and script, on white whatever the notebook's theme.

    Its drawings are images: a notebook that is not trusted keeps sound and images and removes SVG,
    style and script. Sound is included up to MAX_NOTEBOOK_SECONDS, because it is stored in the
    notebook.
    """
    seconds = seconds_of(tune)
    is_short = seconds <= MAX_NOTEBOOK_SECONDS
    note = "" if is_short else f"{seconds:.0f} seconds of music: djmodel.play(tune) gives the sound"
    return (
        f"<style>{asset('player.css')}</style>"
        f'<div class="djm" style="padding:.5rem;color-scheme:light">'
        f"<strong>{html_text(tune.title)}</strong>{player(tune, sound=is_short, images=True)}"
        f"<small>{html_text(note)}</small></div>"
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

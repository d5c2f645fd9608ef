"""Solos on one page: to hear, to see, to read, with how they were made. One file, no network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from djmodel.model.improvise import Solo
from djmodel.music.instruments import instrument_name
from djmodel.music.key import key_of
from djmodel.music.tune import Tune
from djmodel.outputs.chord_names import chords_of_bar, engraved
from djmodel.outputs.lead_sheet import PHONE, SCREEN, lead_sheet, require_score
from djmodel.outputs.midi import midi_bytes
from djmodel.outputs.player import asset, player
from djmodel.outputs.roll import has_pickup
from djmodel.values.grammar import encode
from djmodel.values.value import Value
from seqmodel.files import atomic_write, data_uri
from seqmodel.text import pluralize

# Whatever a title may hold, the page loads nothing and runs nothing but its own.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " media-src data:; img-src data:"
)


@dataclass(frozen=True)
class PageItem:
    """One tune of a page. `values` bar by bar (those of its melody where not given); `summary_table` are
    shown with it, by name; `provenance` is the text in its MIDI file."""

    tune: Tune
    heading: str = ""
    values: tuple[tuple[Value, ...], ...] = ()
    summary_table: Mapping[str, str] = field(default_factory=dict)
    provenance: str = ""


def page(
    solos: Sequence[Solo | Tune | PageItem],
    settings: Mapping[str, str],
    *,
    title: str = "",
    opening: str = "",
    soundfont: str | Path | None = None,
) -> str:
    """The HTML of a page of solos, side by side where there is room. `settings` is how they were
    made, by name. `title` is that of the first tune unless given; `opening` is HTML that stands
    before the solos.

    Raises MissingPackageError and FileError as `djmodel.render.render`.
    """
    exhibits = [_exhibit(solo, index, len(solos)) for index, solo in enumerate(solos)]
    title = title or (exhibits[0].tune.title if exhibits else "") or "Solo"
    sections = "".join(
        _section(exhibit, index, soundfont) for index, exhibit in enumerate(exhibits)
    )
    about = _about(exhibits[0].tune) if exhibits else "nothing to play"
    made = f"<footer><h2>How it was made</h2>{summary_table(settings)}</footer>" if settings else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{asset("player.css")}{asset("page.css")}</style>
</head>
<body>
<main class="djm page">
<header><h1>{escape(title)}</h1><p class="about">{escape(about)}</p></header>
{opening}<div class="solos">{sections}</div>
{made}
</main>
<script>{asset("player.js")}</script>
</body>
</html>
"""


def require_page(soundfont: str | Path | None = None) -> None:
    """Raises what `page` would raise for packages and for the SoundFont."""
    from djmodel.outputs.audio import require_sound

    require_sound(soundfont, ".mp3")
    require_score(".svg")


def write_page(
    solos: Sequence[Solo | Tune | PageItem],
    path: str | Path,
    settings: Mapping[str, str],
    *,
    title: str = "",
    opening: str = "",
    soundfont: str | Path | None = None,
) -> None:
    """Writes `page(...)` to a file. Raises as `page`, and FileError if it cannot be written."""
    content = page(solos, settings, title=title, opening=opening, soundfont=soundfont)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _exhibit(solo: Solo | Tune | PageItem, index: int, count: int) -> PageItem:
    heading = f"Solo {index + 1}" if count > 1 else ""
    if isinstance(solo, PageItem):
        return solo
    if isinstance(solo, Tune):
        return PageItem(solo, heading)
    perplexity = f"{math.exp(-solo.log_probability):.2f}"
    summary_table = {"perplexity for the model": perplexity}
    return PageItem(solo.tune, heading, solo.values, summary_table, solo.provenance)


def _section(exhibit: PageItem, index: int, soundfont: str | Path | None) -> str:
    tune = exhibit.tune
    heading = f"<h2>{escape(exhibit.heading)}</h2>" if exhibit.heading else ""
    address = data_uri(midi_bytes(tune, exhibit.provenance), "audio/midi")
    name = f"solo-{index + 1}.mid"
    return f"""<section>{heading}{player(tune, soundfont)}
<p class="download"><a download="{name}" href="{address}">Download MIDI</a></p>
{summary_table(exhibit.summary_table)}
{_sheets(tune, index)}
<details><summary>Values of each bar</summary>{_bars(exhibit)}</details></section>
"""


def _about(tune: Tune) -> str:
    """Bars, meter, tempo and instruments, in a line."""
    bars = len(tune.bars) - has_pickup(tune)
    words = [pluralize(bars, "bar")]
    words += [f"{bar.meter}" for bar in tune.bars[:1]]
    words += [f"{tempo.bpm:.0f} quarter notes a minute" for tempo in tune.tempos[:1]]
    played = [tune.instrument, *(part.instrument for part in tune.accompaniment)]
    players = [instrument_name(each.name, each.program) for each in played]
    return ", ".join([*words, ", ".join(dict.fromkeys(players))])


def _sheets(tune: Tune, index: int) -> str:
    """The lead sheet twice, for a screen and for a phone; the style shows one of them."""
    if not tune.bars:
        return ""
    return "".join(
        f'<div class="sheet"><div class="{width}">'
        f"{lead_sheet(tune, paper, heading=False, seed=2 * index + number).svg}</div></div>"
        for number, (width, paper) in enumerate((("wide", SCREEN), ("narrow", PHONE)), start=1)
    )


def _bars(exhibit: PageItem) -> str:
    tune = exhibit.tune
    values = exhibit.values or encode(tune)
    first = 0 if has_pickup(tune) else 1
    key = key_of(tune)
    items = "".join(
        f'<li><span class="number">{number or ""}</span>'
        f'<span class="symbols">{escape(engraved(chords_of_bar(bar, key)))}</span>'
        f'<span class="values">{"".join(map(_value, of_bar))}</span></li>'
        for number, (bar, of_bar) in enumerate(zip(tune.bars, values, strict=False), first)
    )
    return f'<ol class="bars">{items}</ol>'


def _value(value: Value) -> str:
    return f'<span class="value v{value.kind}">{escape(str(value))}</span>'


def summary_table(known: Mapping[str, str]) -> str:
    """What is known, by name, as HTML."""
    items = "".join(f"<dt>{escape(n)}</dt><dd>{escape(str(v))}</dd>" for n, v in known.items())
    return f"<dl>{items}</dl>" if items else ""

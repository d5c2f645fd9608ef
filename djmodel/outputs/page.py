"""A page of tunes in one HTML file that needs no network: player, lead sheet, values, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from djmodel.music.instruments import instrument_name
from djmodel.music.key import key_signature
from djmodel.music.tune import Tune
from djmodel.outputs import suffixes
from djmodel.outputs.chord_names import chords_of_bar, engraved
from djmodel.outputs.lead_sheet import PHONE, SCREEN, lead_sheet
from djmodel.outputs.midi import midi_bytes
from djmodel.outputs.player import asset, player
from djmodel.outputs.roll import has_pickup
from seqmodel.files import atomic_write, check_suffix, data_uri
from seqmodel.text import pluralize

# The page loads nothing and runs only its own script, whatever a title contains.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " media-src data:; img-src data:"
)


@dataclass(frozen=True)
class PageItem:
    """One tune of a page. `values` are shown as text, one row per bar, coloured by their first
    letter; `facts` by name; `provenance` is the text in its MIDI file."""

    tune: Tune
    heading: str = ""
    values: Sequence[Sequence[str]] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    provenance: str = ""


def page(
    items: Sequence[PageItem],
    settings: Mapping[str, str],
    *,
    title: str = "",
    opening: str = "",
    soundfont: str | Path | None = None,
) -> str:
    """The HTML of a page of tunes, beside one another where there is room.

    `settings` says how they were made, by name; `title` is by default that of the first tune;
    `opening` is HTML before the tunes. Raises what `audio.render` and `lead_sheet` raise.
    """
    title = title or (items[0].tune.title if items else "") or "Solo"
    sections = "".join(_section(item, index, soundfont) for index, item in enumerate(items))
    about = _about(items[0].tune) if items else "no tunes"
    made = f"<footer><h2>How it was made</h2>{_facts(settings)}</footer>" if settings else ""
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


def write_page(
    items: Sequence[PageItem],
    path: str | Path,
    settings: Mapping[str, str],
    *,
    title: str = "",
    opening: str = "",
    soundfont: str | Path | None = None,
) -> None:
    """Writes `page(...)` to a .html or .htm file. Raises as `page`, InputError for another suffix,
    FileError if the file cannot be written."""
    check_suffix(path, suffixes.PAGE)
    content = page(items, settings, title=title, opening=opening, soundfont=soundfont)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _section(item: PageItem, index: int, soundfont: str | Path | None) -> str:
    heading = f"<h2>{escape(item.heading)}</h2>" if item.heading else ""
    midi = data_uri(midi_bytes(item.tune, item.provenance), "audio/midi")
    name = f"solo-{index + 1}.mid"
    return f"""<section>{heading}{player(item.tune, soundfont)}
<p class="download"><a download="{name}" href="{midi}">Download MIDI</a></p>
{_facts(item.facts)}
{_sheets(item.tune, index)}
{_bars(item)}</section>
"""


def _about(tune: Tune) -> str:
    """Bars, meter, tempo and instruments, in one line."""
    bars = len(tune.bars) - has_pickup(tune)
    words = [pluralize(bars, "bar")]
    words += [f"{bar.meter}" for bar in tune.bars[:1]]
    words += [f"{tempo.bpm:.0f} quarter notes per minute" for tempo in tune.tempos[:1]]
    played = [tune.instrument, *(part.instrument for part in tune.accompaniment)]
    names = [instrument_name(each.name, each.program) for each in played]
    return ", ".join([*words, *dict.fromkeys(names)])


def _sheets(tune: Tune, index: int) -> str:
    """The lead sheet twice, for a screen and for a phone; the style sheet shows one of them."""
    if not tune.bars:
        return ""
    return "".join(
        f'<div class="sheet"><div class="{width}">'
        f"{lead_sheet(tune, paper, heading=False, seed=2 * index + number).svg}</div></div>"
        for number, (width, paper) in enumerate((("wide", SCREEN), ("narrow", PHONE)), start=1)
    )


def _bars(item: PageItem) -> str:
    """The chords and values of each bar, as a list that opens on demand."""
    if not item.values:
        return ""
    tune = item.tune
    key = key_signature(tune)
    rows = "".join(
        f'<li><span class="number">{number or ""}</span>'
        f'<span class="symbols">{escape(engraved(chords_of_bar(bar, key)))}</span>'
        f'<span class="values">{"".join(map(_value, values))}</span></li>'
        for number, (bar, values) in enumerate(
            zip(tune.bars, item.values, strict=False), 0 if has_pickup(tune) else 1
        )
    )
    summary = "<summary>Values of each bar</summary>"
    return f'<details>{summary}<ol class="bars">{rows}</ol></details>'


def _value(value: str) -> str:
    return f'<span class="value v{escape(value[:1])}">{escape(value)}</span>'


def _facts(facts: Mapping[str, str]) -> str:
    """Facts by name, as an HTML description list."""
    rows = "".join(f"<dt>{escape(n)}</dt><dd>{escape(str(v))}</dd>" for n, v in facts.items())
    return f"<dl>{rows}</dl>" if rows else ""

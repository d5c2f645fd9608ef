"""Links and pages that iReal Pro opens, from charts and from the changes of tunes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from djmodel.music.charts.chart import Chart, chart_of
from djmodel.music.charts.ireal.links import Song, link_of
from djmodel.music.charts.ireal.songs import WrittenSong, song_of_chart
from djmodel.music.tune import Tune
from djmodel.outputs import suffixes
from djmodel.outputs.charts.repeats import with_repeats
from seqmodel.files import atomic_write, check_suffix
from seqmodel.text import html_text, pluralize

_STYLE = (
    "body { font-family: system-ui, sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em }"
    " li { margin: .4em 0 } small { color: #666 }"
)


def ireal_song(music: Chart | Tune) -> WrittenSong:
    """The song of a chart, or of the changes of a tune, with repeats where it was written out, and
    remarks on what it has otherwise: the app lacks some qualities, meters and places."""
    return song_of_chart(with_repeats(music if isinstance(music, Chart) else chart_of(music)))


def ireal_link(*music: Chart | Tune, name: str = "", plain: bool = False) -> str:
    """The link that opens charts, or the changes of tunes, in iReal Pro: one song, or a playlist
    with this `name`. `plain` is the older form, in which the music can be read.

    >>> from djmodel.music.changes import parse_changes
    >>> ireal_link(parse_changes("Dm7 | G7 | C", title="Cadence"), plain=True)[:27]
    'irealbook://Cadence%3DCompo'
    """
    return link_of([ireal_song(each).song for each in music], name, plain=plain)


def ireal_page(songs: Sequence[Song], name: str = "") -> str:
    """A page (HTML) with a link to all songs, and to each."""
    title = name or (songs[0].title if len(songs) == 1 else "Playlist")
    items = [f"<li>{_anchor(link_of([song]), song.title)}{_about(song)}</li>" for song in songs]
    whole = link_of(songs, title)
    count = f" ({pluralize(len(songs), 'song')})" if len(songs) > 1 else _about(songs[0])
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        '<head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html_text(title)}</title><style>{_STYLE}</style></head>",
        "<body>",
        f"<h1>{_anchor(whole, title)}{count}</h1>",
        *(["<ol>", *items, "</ol>"] if len(songs) > 1 else []),
        "<p><small>Open this page on a device that has iReal Pro, and follow the link.</small></p>",
        "</body></html>",
    ]
    return "\n".join(lines) + "\n"


def write_ireal_page(songs: Sequence[Song], path: str | Path, name: str = "") -> None:
    """Writes a page of songs. Raises InputError for another suffix than .html, FileError if the
    file cannot be written."""
    check_suffix(path, suffixes.PAGE)
    content = ireal_page(songs, name)
    with atomic_write(path) as temporary:
        temporary.write_text(content, encoding="utf-8")


def _anchor(link: str, text: str) -> str:
    return f'<a href="{html_text(link)}">{html_text(text or "Untitled")}</a>'


def _about(song: Song) -> str:
    facts = [fact for fact in (song.composer, song.style, song.key) if fact]
    return f" <small>{html_text(', '.join(facts))}</small>" if facts else ""

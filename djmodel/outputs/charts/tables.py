"""Written charts and playlists as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.charts.chart import DEFAULT_TEMPO, Chart
from djmodel.music.charts.config import ChartConfig
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.ireal.links import BrokenSong, Playlist, Song, has_link, read_playlist
from djmodel.music.charts.ireal.songs import chart_of_song, song_of_chart
from djmodel.music.charts.play_order import Marks
from djmodel.music.chord_symbol import chords_of_bar
from djmodel.music.tune import Bar, Tune
from djmodel.outputs.charts.repeats import with_repeats
from seqmodel.command_line.runner import summary_table
from seqmodel.errors import InputError
from seqmodel.text import pluralize, printable

if TYPE_CHECKING:
    from rich.table import Table


@dataclass(frozen=True)
class ShownChanges:
    """Written changes as a command shows them: `tables` to print, the `songs` that can be played
    with the `name` of their playlist, `notes`, a line each, and the `chart` (None: they are several
    songs)."""

    tables: tuple[Table, ...]
    songs: tuple[Song, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    chart: Chart | None = None


def shown_changes(text: str, meter: str, config: ChartConfig, title: str | None) -> ShownChanges:
    """The tables of changes as text: of the bars, or of the songs of a playlist of which none is
    named. Raises as `read_chart`."""
    song = config.song
    if has_link(text) and song is None and len((playlist := read_playlist(text)).songs) > 1:
        songs = tuple(song for song in playlist.songs if isinstance(song, Song))
        problems = {song.title: problem for song in playlist.songs if (problem := problem_of(song))}
        readable = tuple(song for song in songs if song.title not in problems)
        if not readable:
            problem = f"none of the {len(playlist.songs):,} songs can be read: "
            raise InputError(problem + problems[playlist.songs[0].title])
        notes = [f"{printable(title, 60)} is left out: {problems[title]}" for title in problems]
        table = _playlist_table(playlist, problems)
        return ShownChanges((table,), readable, playlist.name, tuple(notes))
    chart = read_chart(text, meter, song=song)
    chart = replace(chart, title=title or chart.title)
    chart = chart.with_alternates() if config.alternates else chart
    if chart.key is None:
        chart = replace(chart, key=parse_changes(text, meter, song=song, repeats=False).key)
    written, remarks = song_of_chart(with_repeats(chart))
    bars = _written_table(chart) if config.as_written else _played_table(chart.played())
    return ShownChanges((_facts(chart), bars), (written,), chart.title, remarks, chart)


def _facts(chart: Chart) -> Table:
    played = len(chart.order()[0])
    rows = {
        "composer": chart.composer,
        "style": chart.style,
        "bars": f"{len(chart.bars)} written, {played} played",
        "meter": ", ".join(dict.fromkeys(str(bar.meter) for bar in chart.bars)),
        "tempo": f"{chart.tempo or DEFAULT_TEMPO:g} quarter notes a minute",
        "key": key_text(chart.key),
        "choruses": str(chart.choruses or ""),
    }
    if played == len(chart.bars):
        rows["bars"] = str(played)
    return summary_table(chart.title, {name: text for name, text in rows.items() if text})


def problem_of(song: Song | BrokenSong) -> str:
    """The reason why a song cannot be played; empty for one that can."""
    if isinstance(song, BrokenSong):
        return song.problem
    try:
        chart_of_song(song)
    except ChangesError as error:
        return f"{error.problem} (bar {error.bar})" if error.bar else error.problem
    except InputError as error:
        return error.message
    return ""


def _playlist_table(playlist: Playlist, problems: Mapping[str, str]) -> Table:
    """A table with a row for each song: its header and its number of bars as played, or the reason
    why it cannot be read."""
    count = pluralize(len(playlist.songs), "song")
    table = _table(f"{printable(playlist.name, 60)}: {count}" if playlist.name else count)
    for heading in ("song", "composer", "style", "key"):
        table.add_column(heading, overflow="fold")
    table.add_column("bars", justify="right")
    for song in playlist.songs:
        if isinstance(song, BrokenSong) or song.title in problems:
            table.add_row(song.title, f"not read: {problems[song.title]}")
        else:
            bars = len(chart_of_song(song).order()[0])
            table.add_row(song.title, song.composer, song.style, song.key, str(bars))
    return table


def _played_table(tune: Tune) -> Table:
    """A table with the section and the chords of each bar as played."""
    table = _table("Bars")
    sections = {section.bar: section.name for section in tune.sections}
    if sections:
        table.add_column("section")
    table.add_column("bar", justify="right")
    table.add_column("chords")
    for number, (name, bar) in enumerate(_numbered(tune.bars)):
        row = [sections.get(number, "")] if sections else []
        table.add_row(*row, name, chords_of_bar(bar, tune.key))
    return table


def _written_table(chart: Chart) -> Table:
    """A table with the section, the marks and the chords of each bar as written."""
    table = _table("Bars as written")
    for heading in ("section", "bar", "", "chords", ""):
        table.add_column(heading, justify="right" if heading == "bar" else "left")
    for number, (name, bar) in enumerate(_numbered(chart.bars)):
        marks = chart.marks[number]
        starts, ends = marks_text(marks)
        if number == chart.last_chorus.leave:
            ends = f"{ends}  end of the last chorus".strip()
        if number == chart.last_chorus.coda:
            starts = f"{starts}  after the last chorus".strip()
        table.add_row(marks.section, name, starts, chords_of_bar(bar, chart.key), ends)
    return table


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, title_justify="left", box=box.SIMPLE)


def _numbered(bars: Sequence[Bar]) -> Iterator[tuple[str, Bar]]:
    """The bars with their numbers from 1, and with their meters where these change."""
    meter = bars[0].meter
    for number, bar in enumerate(bars, start=1):
        yield f"{number}" if bar.meter == meter else f"{bar.meter}  {number}", bar
        meter = bar.meter


def marks_text(marks: Marks) -> tuple[str, str]:
    """The marks at the start of a bar and those at its end, as players write them.

    >>> marks_text(Marks(repeat_start=True, segno=True, fine=True))
    ('Segno  |:', 'Fine')
    """
    starts = {
        "Segno": marks.segno,
        "Coda": marks.coda,
        "|:": marks.repeat_start,
        f"{','.join(map(str, marks.ending))}.": bool(marks.ending),
    }
    ends = {
        ":|" + f" x{marks.times}" * (marks.times > 2): bool(marks.times),
        "To Coda": marks.to_coda,
        "Fine": marks.fine,
        str(marks.jump): marks.jump is not None,
    }
    start, end = (
        "  ".join(text for text, there in each.items() if there) for each in (starts, ends)
    )
    return start, end


def key_text(signature: int | None) -> str:
    """A key signature in words."""
    if signature is None:
        return "not said"
    if not signature:
        return "no sharps or flats"
    return pluralize(abs(signature), "sharp" if signature > 0 else "flat")

"""Songs of iReal Pro to charts with what their headers say, and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import NamedTuple

from djmodel.music.charts.chart import Chart
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.ireal.links import BrokenSong, Playlist, Song, shown_title
from djmodel.music.charts.ireal.reader import read_music
from djmodel.music.charts.ireal.writer import write_music
from djmodel.music.charts.lines import MAX_TEMPO, MIN_TEMPO, feel_of, parse_key
from djmodel.music.key import estimate_key
from djmodel.music.meter import COMMON_TIME, Meter
from djmodel.music.pitch import note_name
from seqmodel.errors import InputError
from seqmodel.settings import SettingError
from seqmodel.text import any_of

# Tempos of styles, in the app's beats a minute, for songs that leave it to the app: that of the
# first words that a style has.
_TEMPOS = (
    (r"ballad|bolero", 65), (r"slow", 80), (r"medium\s+up|up\s+medium", 160),
    (r"up[\s-]*tempo|fast|bebop", 220), (r"samba|latin|salsa|afro", 180), (r"bossa|waltz", 140),
    (r"even|rock|pop|funk|r\s?n\s?b|soul|reggae", 110), (r"", 120),
)  # fmt: skip
# The style of a feel, and how the app plays it where the style does not say so.
_STYLES = {
    "swing": ("Medium Swing", "Jazz-Medium Swing"),
    "latin": ("Bossa Nova", "Latin-Brazil: Bossa Acoustic"),
    "ballad": ("Ballad", "Jazz-Ballad Swing"),
    "funk": ("Funk", "Pop-Funk"),
    "twobeat": ("Two-Beat", "Jazz-Trad Jazz"),
    "": ("", ""),
}
_KEYS = range(-6, 6)  # signatures of the keys that the app has: Gb and Eb- to B and G#-
_SHOWN = 8  # titles in a hint


class WrittenSong(NamedTuple):
    """A song, and `remarks`: a line on each chord and meter that it has in another form."""

    song: Song
    remarks: tuple[str, ...]


def find_song(playlist: Playlist, name: str | None) -> Song:
    """The song with this title, in any case, of several such songs the first one, or the one with
    this `title (composer)`; None: the only one. Raises SettingError, which names the nearest titles
    or the first ones, and InputError for a song without music."""
    songs = playlist.songs
    if name is None and len(songs) > 1:
        problem = f"the playlist has {len(songs):,} songs, one of which must be named"
        raise SettingError(problem, "song", hint=f"they are {_first(songs)}")
    wanted = shown_title(songs[0].title if name is None else name).casefold()
    matches = [song for song in songs if song.title.casefold() == wanted]
    if not matches:
        named = (s for s in songs if isinstance(s, Song) and s.composer)
        matches = [s for s in named if f"{s.title} ({s.composer})".casefold() == wanted]
    if not matches and wanted:
        matches = [song for song in songs if wanted in song.title.casefold()]
    if len({song.title for song in matches}) != 1:
        titles = {song.title.casefold(): song.title for song in matches or songs}
        near = (
            [*titles] if matches else get_close_matches(wanted, titles, n=_SHOWN // 2, cutoff=0.5)
        )
        shown = any_of([f"{titles[title]:.60}" for title in near[:_SHOWN]]) if near else ""
        hint = f"the nearest are {shown}" if shown else f"they are {_first(songs)}"
        raise SettingError(f"the playlist has no song '{name:.60}'", "song", hint=hint)
    song = next((song for song in matches if isinstance(song, Song)), matches[0])
    if isinstance(song, BrokenSong):
        hint = "copy the link or export the playlist from iReal Pro again"
        raise InputError(f"the song '{song.title:.60}' cannot be read: {song.problem}", hint=hint)
    return song


def _first(songs: Sequence[Song | BrokenSong]) -> str:
    """The titles of the first songs, and the number of the others."""
    more = [f"{len(songs) - _SHOWN:,} more"] if len(songs) > _SHOWN else []
    return ", ".join([*(f"{song.title:.60}" for song in songs[:_SHOWN]), *more])


def chart_of_song(song: Song) -> Chart:
    """The chart of a song. Raises ChangesError for music that is not one."""
    try:
        chart = read_music(song.music)
    except ChangesError as error:
        raise error.in_song(song.title) from error
    style = song.style or song.player_style
    try:
        key = parse_key(song.key)
    except InputError:
        key = None
    beats = song.tempo or next(beats for words, beats in _TEMPOS if re.search(words, style, re.I))
    tempo = beats * _beat(chart.bars[0].meter)
    chart = replace(
        chart,
        title=song.title,
        key=key,
        minor=None if key is None else song.key.endswith(("-", "m", "min")),
        tempo=tempo if MIN_TEMPO <= tempo <= MAX_TEMPO else None,
        feel=feel_of(style) or feel_of(song.player_style),
        composer=song.composer,
        style=style,
        choruses=song.choruses,
    )
    return chart.transposed(song.semitones) if song.semitones % 12 else chart


def song_of_chart(chart: Chart) -> WrittenSong:
    """The song of a chart, with remarks on what it has otherwise."""
    meter = chart.bars[0].meter if chart.bars else COMMON_TIME
    music, remarks = write_music(chart)
    style, player_style = _STYLES.get(chart.feel, ("", ""))
    style = chart.style or ("Waltz" if meter == (3, 4) else style)
    song = Song(
        title=chart.title,
        music=music,
        composer=chart.composer,
        style=style,
        key=_key(chart),
        player_style="" if feel_of(style) == chart.feel else player_style,
        tempo=None if chart.tempo is None else round(chart.tempo / _beat(meter)),
        choruses=chart.choruses,
    )
    return WrittenSong(song, remarks)


def _beat(meter: Meter) -> float:
    """Quarter notes of a beat, as the app counts tempos: a half note in 2/2, where chords count
    quarters."""
    return 2.0 if meter.denominator == 2 else float(meter.beat)


def _key(chart: Chart) -> str:
    """The key as the app names it, such as G- or Gb; estimated where the chart does not say it."""
    estimated = estimate_key((), chart.as_written().chord_spans())
    key = estimated.signature if chart.key is None else chart.key
    minor = chart.minor
    if minor is None:
        minor = estimated.minor and (key - estimated.signature) % 12 == 0
    if key not in _KEYS:
        key += 12 if key < 0 else -12
    return note_name(key + 3 * minor) + "-" * minor

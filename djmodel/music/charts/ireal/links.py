"""Links of iReal Pro: text and pages to playlists of songs, and songs to links.

A link is `irealb://` and, percent-encoded, its songs, each of which has its fields divided by `=`:
title, composer, an empty one, style, key, transposition, scrambled music, style of the player,
tempo and number of choruses. Songs are divided by `===`, and a playlist ends with its name. Fields
may be empty, so that `===` may also stand inside a song. In the older, plain form `irealbook://`
the fields are title, composer, style, key, `n` and the music.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote, unquote

from djmodel.music.charts.ireal.scramble import PREFIX, scrambled, unscrambled
from seqmodel.errors import InputError

MAX_LINK_CHARACTERS = 20_000_000  # of a text with links: more than all of the app's playlists
MAX_SONGS = 20_000
_MAX_TITLE = 200  # characters
_SCHEME = re.compile(r"\bireal(?P<plain>book)?b?://", re.IGNORECASE)
_FIELDS, _PLAIN_FIELDS = 10, 6  # of a song
_MUSIC = _FIELDS - 4  # index of the music among them
_BREAK = r"\r?\n(?:>[> ]*)?"  # of a line in a mail, which may be quoted
_ENCODED = re.compile(rf"[^\s\"<>]*(?:{_BREAK}(?!\S*://)[^\s\"<>]{{20,}}(?=\s*(?:\n|$)))*")
_KEY = re.compile(r"[A-G][b#]?(?:-|m|min)?")
_CHORD_SIGNS = re.compile(r"T\d\d|[\[{|]")  # that plain music has


@dataclass(frozen=True)
class Song:
    """A song of a link: its header, and its music in plain signs, which sound
    some `semitones` higher. `tempo` counts the app's beats; None, and `choruses` None, where the
    link leaves them to the app."""

    title: str
    music: str
    composer: str = ""
    style: str = ""
    key: str = ""
    semitones: int = 0
    player_style: str = ""
    tempo: int | None = None
    choruses: int | None = None


class BrokenSong(NamedTuple):
    """A song of a link that has no music that can be read, and why."""

    title: str
    problem: str


@dataclass(frozen=True)
class Playlist:
    """The songs of one or several links, in order."""

    songs: tuple[Song | BrokenSong, ...]
    name: str = ""


class _Link(NamedTuple):
    """A link in a text: its decoded fields, whether it is plain, and its place."""

    fields: list[str]
    plain: bool
    position: int


def has_link(text: str) -> bool:
    """True for a text with a link of iReal Pro, such as a page that the app has exported."""
    return _SCHEME.search(text) is not None


def read_playlist(text: str) -> Playlist:
    """The songs of all links in a text, such as a link alone, or a page. Raises InputError for a
    text without songs, or with too many."""
    if len(text) > MAX_LINK_CHARACTERS:
        found = f"{len(text):,} characters, more than {MAX_LINK_CHARACTERS:,}"
        raise InputError(f"the text with links of iReal Pro has {found}", hint="split it")
    songs: dict[Song | BrokenSong, None] = {}  # each once: a page may link to it twice
    name = ""
    for link in _links(text):
        found_songs, found_name = _songs_of(link)
        songs |= dict.fromkeys(found_songs)
        name = name or found_name
        if len(songs) > MAX_SONGS:
            raise InputError(f"the text has more than {MAX_SONGS:,} songs", hint="split it")
    if not songs:
        hint = "copy the whole link, or export the song or playlist from iReal Pro again"
        raise InputError("the link of iReal Pro has no song", hint=hint)
    return Playlist(tuple(songs), name)


def _links(text: str) -> Iterator[_Link]:
    """The links of a text. One in quotes ends there; an encoded one ends with its last character
    that is not white space, but may go on in lines of its own, as mail programs break it; another
    one ends with its line."""
    schemes = [*_SCHEME.finditer(text)]
    limits = [*(scheme.start() for scheme in schemes[1:]), len(text)]
    for match, limit in zip(schemes, limits, strict=True):
        before, start = text[max(match.start() - 1, 0) : match.start()], match.end()
        end = text.find(before if before in {'"', "'"} else "\n", start, limit)
        content = text[start : limit if end < 0 else end]
        if before in {'"', "'"}:
            content = html.unescape(content)
        elif "%20" in content or "%3D" in content.upper():
            encoded = _ENCODED.match(text, start, limit)
            content = re.sub(_BREAK, "", encoded[0]) if encoded else ""
            if before == "(":  # in Markdown
                content = content.removesuffix(")")
        yield _Link(_decoded(content).split("="), match["plain"] is not None, match.start())


def _decoded(content: str) -> str:
    """The text of a link: some programs write spaces as `+`, others encode it twice."""
    if "+" in content and "%20" not in content and " " not in content:
        content = content.replace("+", " ")
    decoded = unquote(content)
    return decoded if "=" in decoded else unquote(decoded)


def _songs_of(link: _Link) -> tuple[list[Song | BrokenSong], str]:
    """The songs of a link, and the name of its playlist."""
    songs: list[Song | BrokenSong] = []
    fields, at = link.fields, 0
    scrambled_at = [n for n, field in enumerate(fields) if field.lstrip().startswith(PREFIX)]
    while at < len(fields) and len(songs) <= MAX_SONGS:
        if not fields[at].strip():
            at += 1
        elif at == len(fields) - 1 and songs and not fields[at - 1].strip():
            return songs, fields[at].strip()[:_MAX_TITLE]
        elif link.plain and not scrambled_at:
            song, at = _plain_song(fields, at)
            songs.append(song)
        else:
            following = bisect_right(scrambled_at, at)
            music = scrambled_at[following] if following < len(scrambled_at) else None
            song, at = _song(fields, at, music)
            songs.append(song)
    return songs, ""


def _song(fields: Sequence[str], at: int, music: int | None) -> tuple[Song | BrokenSong, int]:
    """The song whose title is the field `at`, and the index of the first field after it; `music`
    is that of the next scrambled music, if there is one."""
    title = shown_title(fields[at])
    last = len(fields) - 1 - at
    if music is None and (last < _MUSIC or (last == _MUSIC and PREFIX.startswith(fields[-1]))):
        return BrokenSong(title, "the link is cut off before its music"), len(fields)
    if music is None or music > at + _MUSIC:  # that of a later song
        after = at + _FIELDS if music is None else min(at + _FIELDS, music - _MUSIC)
        return BrokenSong(title, f"its music does not begin with {PREFIX}"), after
    before = [field.strip() for field in fields[at:music]]
    values = [field.strip() for field in fields[music + 1 : music + 4]]
    if not values:
        return BrokenSong(title, "the link is cut off in its music"), len(fields)
    player_style, tempo, choruses = (values + [""] * 2)[:3]
    if player_style.isdecimal():  # as older links have it
        player_style, tempo, choruses = "", player_style, tempo
    key = max((n for n in range(2, len(before)) if _KEY.fullmatch(before[n])), default=0)
    song = Song(
        title=title,
        music=unscrambled(fields[music].lstrip()[len(PREFIX) :]),
        composer=shown_composer(before[1]) if len(before) > 3 else "",
        style=before[key - 1] if key > 2 else "",
        key=before[key] if key else "",
        semitones=int(before[-1]) if re.fullmatch(r"[+-]?\d\d?", before[-1]) else 0,
        player_style=player_style,
        tempo=_number(tempo),
        choruses=_number(choruses),
    )
    return song, music + 4


def _plain_song(fields: Sequence[str], at: int) -> tuple[Song | BrokenSong, int]:
    """Reads a song as `_song` does, from a link in the plain form."""
    title = shown_title(fields[at])
    end = min(at + _PLAIN_FIELDS, len(fields))
    likely = [*range(end - 1, end), *range(at + 1, end)] if end == at + _PLAIN_FIELDS else []
    music = next((n for n in likely or range(at + 1, end) if _CHORD_SIGNS.search(fields[n])), None)
    if music is None:
        cut = end < at + _PLAIN_FIELDS
        problem = "the link is cut off before its music" if cut else "it has no music"
        return BrokenSong(title, problem), end
    header = [field.strip() for field in fields[at:music]] + [""] * 3
    song = Song(title, fields[music], shown_composer(header[1]), header[2], header[3])
    return song, music + 1


def _number(text: str) -> int | None:
    """A number of the header; None for 0 and for what is not one."""
    return int(text) if re.fullmatch(r"[1-9]\d{0,3}", text) else None


def shown_title(title: str) -> str:
    """A title with its article in front: `Entertainer, The` is `The Entertainer`."""
    title = " ".join(title.split())[:_MAX_TITLE]
    return re.sub(r"(.+), (A|An|The)$", r"\2 \1", title)


def shown_composer(name: str) -> str:
    """A composer's name, of which links have the last name first: `Joplin Scott` is `Scott Joplin`.
    Also the inverse."""
    words = name.split()[:50]
    if sorted(word.casefold() for word in words) == ["composer", "unknown"]:
        return ""
    return " ".join(reversed(words) if len(words) == 2 else words)


def link_of(songs: Sequence[Song], name: str = "", *, plain: bool = False) -> str:
    """The link with these songs, and the name of the playlist for several of them; `plain` without
    scrambling, which has no tempo. `read_playlist` gives the songs again, but for white space in
    their headers."""
    join = "=".join if plain else "===".join
    text = join(_plain_fields(song) if plain else _scrambled_fields(song) for song in songs)
    if len(songs) > 1 and not plain:
        text += f"==={_field(name) or 'Playlist'}"
    return f"irealb{'ook' * plain}://{quote(text, safe='')}"


def _scrambled_fields(song: Song) -> str:
    tempo, choruses = song.tempo or 0, song.choruses or 0
    header = [*_header(song)[:2], "", *_header(song)[2:], str(song.semitones or "")]
    player = [_field(song.player_style), str(tempo), str(choruses)]
    return "=".join([*header, scrambled(song.music), *player])


def _plain_fields(song: Song) -> str:
    return "=".join([*_header(song), "n", song.music])


def _header(song: Song) -> list[str]:
    title = re.sub(r"^(A|An|The) (.+)$", r"\2, \1", _field(song.title)) or "Untitled"
    composer = shown_composer(_field(song.composer)) or "Composer Unknown"
    return [title, composer, _field(song.style) or "Medium Swing", _field(song.key) or "C"]


def _field(text: str) -> str:
    """A text without the sign that divides fields."""
    return " ".join(text.replace("=", " ").split())[:_MAX_TITLE]

"""Links and pages for iReal Pro."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import djmodel
from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.charts.ireal.links import Song, read_playlist
from djmodel.outputs.charts.ireal import ireal_link, ireal_page, write_ireal_page
from seqmodel.errors import InputError

SONGS = [
    Song('A "<b>" & Blues', "[T44F7   |Bb7   Z", "Ada Muster", "Medium Swing", "F", tempo=120),
    Song("Vamp", "[T44D-7   |G7   Z", style="Bossa Nova", key="C"),
]


class Links(HTMLParser):
    """The links of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_a_page_links_to_all_songs_and_to_each() -> None:
    page = Links(ireal_page(SONGS, "My List"))
    assert [link[:9] for link in page.links] == ["irealb://"] * 3
    whole, *each = (read_playlist(link) for link in page.links)
    assert (whole.songs, whole.name) == (tuple(SONGS), "My List")
    assert [playlist.songs for playlist in each] == [(song,) for song in SONGS]
    assert not page.tags & {"b", "script", "img", "link"}


def test_a_page_is_read_as_changes_with_each_song_once(tmp_path: Path) -> None:
    file = tmp_path / "book.html"
    write_ireal_page(SONGS, file, "My List")
    assert read_playlist(file.read_text("utf-8")).songs == tuple(SONGS)
    assert len(djmodel.read_changes(str(file), song="vamp", choruses=2).bars) == 4


def test_a_page_has_the_suffix_of_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.html"):
        write_ireal_page(SONGS, tmp_path / "book.pdf")


@pytest.mark.parametrize("plain", [False, True])
def test_a_chart_and_the_changes_of_a_tune_have_a_link(plain: bool) -> None:
    chart = read_chart("Key: F\n|: F7 | 1. C7 :| 2. F7")
    tune = parse_changes("Dm7 G7 | Cmaj7", choruses=2)
    link = ireal_link(chart, tune, name="Both", plain=plain)
    first, second = read_playlist(link).songs
    assert isinstance(first, Song)
    assert isinstance(second, Song)
    assert first.music == "{T44F7   |N1C7   }|N2F7   Z"
    assert second.music == "[T44D-7 G7 |C^7   Z"

"""Links and playlists of iReal Pro, with songs made for the purpose."""

from __future__ import annotations

import html
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djmodel.music.changes import parse_changes, read_chart
from djmodel.music.charts.errors import ChangesError
from djmodel.music.charts.ireal.links import BrokenSong, Playlist, Song, link_of, read_playlist
from djmodel.music.charts.ireal.scramble import PREFIX, scrambled
from djmodel.music.charts.ireal.songs import chart_of_song, find_song, song_of_chart
from seqmodel.errors import InputError
from seqmodel.settings import SettingError

# A minor blues, a waltz on the cadence, and a vamp of two bars.
MINOR = Song(
    "Short Minor Blues",
    "[*AT44C-7   | x  | x  | x  |F-7   | x  |C-7   | x  |Ab7   |G7alt   |C-6   |Dh7 G7b9 Z",
    "Ada Muster",
    "Medium Swing",
    "C-",
    tempo=132,
    choruses=5,
)
WALTZ = Song("The Cadence", "{*AT34D-7   |G7   |N1C^7   |A7b9   }|N2C6   |   Z", "", "Waltz", "C")
VAMP = Song("Vamp 100%", "[T44Eb^7   |Db^7   Z", "Bo Ż. Diddley", "Bossa Nova", "Eb", tempo=140)
SONGS = (MINOR, WALTZ, VAMP)


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("song", SONGS, ids=lambda song: song.title)
def test_a_link_with_one_song_is_read_back(song: Song, plain: bool) -> None:
    link = link_of([song], plain=plain)
    assert link.startswith("irealbook://" if plain else "irealb://")
    expected = replace(song, tempo=None, choruses=None) if plain else song
    assert read_playlist(link).songs == (expected,)


@pytest.mark.parametrize("plain", [False, True])
def test_a_playlist_is_read_back(plain: bool) -> None:
    playlist = read_playlist(link_of(SONGS, "My List", plain=plain))
    assert playlist.name == "" * plain or "My List"
    assert [song.title for song in playlist.songs] == [song.title for song in SONGS]


_SIGNS = st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), exclude_characters="=")
_TEXT = st.text(_SIGNS, min_size=1, max_size=20)


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            Song,
            title=_TEXT.filter(lambda text: not text.startswith(PREFIX)),
            music=st.just(MINOR.music) | st.just(WALTZ.music),
            composer=_TEXT,
            style=_TEXT,
            key=st.sampled_from(["C", "Eb", "F#-"]),
            semitones=st.integers(-6, 6),
            tempo=st.none() | st.integers(40, 400),
            choruses=st.none() | st.integers(1, 30),
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda song: song.title,
    )
)
def test_any_songs_are_read_back(songs: list[Song]) -> None:
    assert read_playlist(link_of(songs, "List")).songs == tuple(songs)


def test_articles_and_names_stand_in_the_usual_order() -> None:
    """In links The Cadence is filed as Cadence, The, and Ada Muster as Muster Ada."""
    link = link_of([replace(WALTZ, composer="Ada Muster")], plain=True)
    assert "Cadence%2C%20The%3DMuster%20Ada%3D" in link
    [song] = read_playlist(link).songs
    assert isinstance(song, Song)
    assert (song.title, song.composer) == ("The Cadence", "Ada Muster")


def test_links_are_found_in_a_page_a_mail_and_a_text() -> None:
    one, two = link_of([MINOR]), link_of([WALTZ])
    raw = f"irealbook://{VAMP.title.replace('%', '')}=Diddley Bo=Bossa Nova=Eb=n={VAMP.music}"
    page = f'<html><a class="x" href="{html.escape(one)}">a</a> <a href=\'{two}\'>b</a></html>'
    wrapped = "\n".join(one[at : at + 76] for at in range(0, len(one), 76))
    for text in (
        page,
        f"Look at {one} and\n{two}\n",
        f"{wrapped}\n\nSee you, and {two}",
        f"{raw}\n{one}\n",
        one.replace("irealb", "IREALB") + "\r\n" + two,
    ):
        titles = {song.title for song in read_playlist(text).songs}
        assert MINOR.title in titles
        assert len(titles) == 2


def test_a_link_is_read_however_a_program_has_encoded_and_broken_it() -> None:
    songs = [replace(WALTZ, title=f"The Waltz No. {number}") for number in range(9)]
    link = link_of(songs, "Waltzes")
    lines = [link[at : at + 72] for at in range(0, len(link), 72)]
    for text in (
        link.replace("%20", "+"),
        link[:9] + quote(link[9:]),  # encoded twice
        "Ann wrote:\n> " + "\n> ".join(lines) + "\n>\n> Bye",
        "Ann wrote:\r\n>> " + "\r\n>> ".join(lines) + "\r\n",
        f"see <{link}>, thanks",
        f"see [my list]({link}) for this",
    ):
        assert read_playlist(text) == Playlist(tuple(songs), "Waltzes"), text


def test_an_empty_field_does_not_end_a_song() -> None:
    """A song without composer and style has === inside."""
    music = scrambled(VAMP.music)
    text = f"Nameless====C=={music}==0=0===Last=A B==Swing=F=={music}==0=0===List"
    playlist = read_playlist(f"irealb://{quote(text)}")
    assert [song.title for song in playlist.songs] == ["Nameless", "Last"]
    assert playlist.name == "List"


def test_a_link_of_older_apps_has_fewer_fields() -> None:
    [song] = read_playlist(f"irealb://T=Duck=Swing=Bb=n={scrambled(VAMP.music)}=120=3").songs
    assert song == Song("T", VAMP.music, "Duck", "Swing", "Bb", tempo=120, choruses=3)


# --- bad input ---


def test_a_link_that_is_cut_says_so() -> None:
    link = link_of([MINOR])
    for length in range(len("irealb://x"), len(link) - 12):
        with pytest.raises(InputError) as caught:
            parse_changes(link[:length])
        assert "\n" not in str(caught.value)
        if length > len("irealb://Short%20Minor%20Blues"):
            assert "the link is cut off" in str(caught.value)


def test_of_a_playlist_that_is_cut_the_whole_songs_are_used() -> None:
    link = link_of(SONGS, "My List")
    cut = link[: link.rindex(PREFIX) + 30]
    first, second, last = read_playlist(cut).songs
    assert (first, second) == (MINOR, WALTZ)
    assert last == BrokenSong(VAMP.title, "the link is cut off in its music")


@pytest.mark.parametrize("music", ["scrambled?", "1r34Lb", "", "[T44C   Z"])
def test_a_song_whose_music_is_not_scrambled_is_named_and_the_others_are_used(music: str) -> None:
    broken = link_of(SONGS, "My List").replace(quote(scrambled(WALTZ.music), safe=""), quote(music))
    first, second, last = read_playlist(broken).songs
    assert (first, last) == (MINOR, VAMP)
    assert second == BrokenSong(WALTZ.title, f"its music does not begin with {PREFIX}")
    with pytest.raises(InputError, match="the song 'The Cadence' cannot be read: its music"):
        read_chart(broken, song="the cadence")
    assert len(parse_changes(broken, song=VAMP.title).bars) == 2


def test_music_that_was_not_scrambled_is_an_error_with_its_place() -> None:
    """The plain signs behind the prefix come out as nonsense."""
    plain = link_of([MINOR]).replace(
        quote(scrambled(MINOR.music), safe=""), quote(PREFIX + MINOR.music, safe="")
    )
    with pytest.raises(ChangesError, match="the song 'Short Minor Blues' cannot be read") as caught:
        parse_changes(plain)
    assert (caught.value.song, caught.value.line) == ("Short Minor Blues", 1)
    assert caught.value.text[caught.value.position] in caught.value.problem


def test_of_songs_with_one_title_the_first_is_found_and_the_others_by_their_composers() -> None:
    songs = [replace(WALTZ, title="Blues", composer=name) for name in ("Ann Bee", "Cy Dee")]
    assert find_song(Playlist(tuple(songs)), "blues") == songs[0]
    assert find_song(Playlist(tuple(songs)), "Blues (Cy Dee)") == songs[1]


def test_a_missing_or_wrong_title_lists_others() -> None:
    link = link_of(SONGS, "My List")
    with pytest.raises(SettingError, match="3 songs, one of which must be named") as caught:
        parse_changes(link)
    assert "Short Minor Blues, The Cadence, Vamp 100%" in caught.value.hint
    with pytest.raises(SettingError, match="no song 'Cadense, The'") as caught:
        parse_changes(link, song="Cadense, The")
    assert caught.value.hint == "the nearest are The Cadence"
    with pytest.raises(SettingError, match="no song 'x'") as caught:
        parse_changes(link, song="x")
    assert caught.value.hint.startswith("they are Short Minor Blues")
    assert parse_changes(link, song="MINOR").title == MINOR.title  # part of one title only
    with pytest.raises(SettingError, match="only a playlist"):
        parse_changes("C | F", song="x")


@pytest.mark.parametrize("text", ["irealb://", "irealb://search?Blues", "irealbook://a=b=c"])
def test_a_link_without_a_song_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_changes(text)


def test_a_page_without_a_link_is_refused() -> None:
    with pytest.raises(InputError, match="the page has no link of iReal Pro"):
        parse_changes("<!DOCTYPE html>\n<html><body>C | F</body></html>")


def test_a_long_run_of_broken_songs_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 20,000 songs"):
        read_playlist("irealb://" + "=".join(f"{n}" for n in range(201_000)))


# --- headers ---


def test_the_header_of_a_song_is_read() -> None:
    chart = chart_of_song(MINOR)
    assert (chart.title, chart.composer, chart.style) == (MINOR.title, "Ada Muster", "Medium Swing")
    assert (chart.key, chart.minor, chart.tempo, chart.feel) == (-3, True, 132, "swing")
    assert chart.choruses == 5


@pytest.mark.parametrize(
    ("style", "meter", "tempo", "quarters"),
    [
        ("Ballad", "T44", None, 65),
        ("Up Tempo Swing", "T44", None, 220),
        ("Medium Swing", "T44", 150, 150),
        ("Afro", "T12", 80, 120),  # dotted quarters
        ("Samba", "T22", 100, 200),  # half notes
    ],
)
def test_tempos_count_the_beats_of_the_app(
    style: str, meter: str, tempo: int | None, quarters: float
) -> None:
    song = Song("T", f"[{meter}C   Z", style=style, tempo=tempo)
    assert chart_of_song(song).tempo == quarters


def test_a_song_that_was_transposed_in_the_app_sounds_so() -> None:
    """Up a minor third: D-7 G7 C^7 in C become F-7 Bb7 Eb^7 in E flat."""
    song = replace(WALTZ, music="[T44D-7   |G7   |C^7   Z", semitones=3)
    chart = chart_of_song(song)
    assert (chart.key, song_of_chart(chart).song.music) == (-3, "[T44F-7   |Bb7   |Eb^7   Z")

"""The scrambled music of links."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.charts.ireal.scramble import PREFIX, scrambled, unscrambled

# Signs as they stand in charts, among them those that are abbreviated.
SIGNS = st.sampled_from(
    ["   ", " ", "|", "| x", "x", "C^7", "D-7", "G7b9", "{", "}", "[", "]", "*A", "T44", "<Fine>"]
)


@given(st.lists(SIGNS, max_size=80).map("".join))
def test_scrambled_music_is_unscrambled_again(music: str) -> None:
    text = scrambled(music)
    assert unscrambled(text.removeprefix(PREFIX)) == music


@given(st.text("CDEFG7-^|{}[]", max_size=260))
def test_scrambling_twice_gives_the_same_signs(music: str) -> None:
    again = scrambled(scrambled(music).removeprefix(PREFIX))
    assert again.removeprefix(PREFIX) == music


def test_a_block_of_fifty_changes_places_as_published_readers_say() -> None:
    """Of characters 0 to 49, 0 to 4 change places with 49 to 45 and 10 to 23 with 39 to 26; what
    follows a whole block stays if it has two characters or more."""
    block = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
    assert scrambled(f"{block}YZ").removeprefix(PREFIX) == (
        "XWVUTfghijNMLKJIHGFEDCBAyzxwvutsrqponmlkOPQRSedcba" + "YZ"
    )
    assert scrambled(f"{block}Y") == f"{PREFIX}{block}Y"


def test_the_app_abbreviates_from_left_to_right() -> None:
    """A bar of C, two bars that repeat it, a bar of G."""
    assert scrambled("[C   | x  | x  |G   Z") == f"{PREFIX}[CXyQKcl LZ x LZGXyQZ"

"""Names of instruments, as a musician calls them."""

import pytest

from djmodel.music.instruments import instrument_name


@pytest.mark.parametrize(
    ("name", "program", "called"),
    [
        ("up:", 0, "Piano"),
        ("rh:", 0, "Piano"),
        ("L.H.", 3, "Honky-tonk Piano"),
        ("Right Hand", 66, "Tenor Sax"),
        ("Track 2", 32, "Acoustic Bass"),
        ("", 73, "Flute"),
        ("Bass", 32, "Bass"),
        ("Flute:", 73, "Flute"),
        ("Upright Bass", 32, "Upright Bass"),
        ("Drums", 0, "Drums"),
    ],
)
def test_a_part_named_after_hand_staff_or_number_has_the_name_of_its_instrument(
    name: str, program: int, called: str
) -> None:
    assert instrument_name(name, program) == called

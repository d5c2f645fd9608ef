"""One bar, two bars."""

import pytest

from seqmodel.words import pluralize


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 bars"), (1, "1 bar"), (2, "2 bars"), (1000, "1,000 bars")]
)
def test_the_word_fits_the_number(number: int, said: str) -> None:
    assert pluralize(number, "bar") == said


def test_words_that_take_no_s() -> None:
    assert [pluralize(n, "note or rest", "notes and rests") for n in (1, 3)] == [
        "1 note or rest",
        "3 notes and rests",
    ]


def test_numbers_that_are_no_integers() -> None:
    assert [pluralize(n, "quarter note", form="g") for n in (1.0, 1.5)] == [
        "1 quarter note",
        "1.5 quarter notes",
    ]

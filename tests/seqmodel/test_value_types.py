"""Values compared with annotations, and types in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from seqmodel.value_types import has_type, type_in_words, value_in_words

Item = TypeVar("Item")


@dataclass
class Box(Generic[Item]):
    """A class with a parameter, which is no list."""

    item: Item


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, str | None),
        (3, float),
        (np.int32(3), int),
        (np.float32(0.5), float | None),
        (2, Fraction),
        ("swing", Literal["swing", "ballad"]),
        (["a", Path("b")], Sequence[str | Path]),
        (iter(["a"]), Iterable[str]),
        ((1, 8), tuple[int, int]),
        ((), tuple[str, ...]),
        ({"a": 1}, Mapping[str, int]),
        (len, Callable[[str], int]),
        (np.zeros(2), NDArray[np.float64]),
        (Box(3), Box[int]),
        (object(), Any),
    ],
)
def test_what_a_type_allows(value: Any, kind: Any) -> None:
    assert has_type(value, kind)


@pytest.mark.parametrize(
    ("value", "kind", "words", "found"),
    [
        (True, int, "a whole number", "True"),
        ("3", float | None, "a number or None", "'3'"),
        ("abc", Sequence[str], "a list of texts", "'abc'"),
        (["a", 1], Sequence[str], "a list of texts", "a list with 1"),
        ([["a"], [None]], list[list[str]], "a list of lists of texts", "a list with a list with"),
        ([1, 8], tuple[int, int], "a tuple of 2 whole numbers", "a list"),
        ((1, 2, 3), tuple[int, int], "a tuple of 2 whole numbers", "a tuple"),
        ({"a": "b"}, Mapping[str, int], "a dictionary", "a dict with 'b'"),
        ("waltz", Literal["swing", "ballad"], "swing or ballad", "'waltz'"),
        (3, Callable[[str], int], "a function", "3"),
        ([0.5], NDArray[np.float64], "an array", "a list"),
        ("3", Box[int] | Fraction | None, "a Box, a Fraction or None", "'3'"),
    ],
)
def test_what_a_type_refuses_and_how_it_is_said(
    value: Any, kind: Any, words: str, found: str
) -> None:
    assert not has_type(value, kind)
    assert type_in_words(kind) == words
    assert value_in_words(value, kind).startswith(found)

"""Types of values that people give: the comparison of a value with an annotation, and its words.

The public functions (`settings.checked`) and the settings (`settings.check_settings`) compare what
they are given with the annotations that they have anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from numbers import Integral, Rational, Real
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from seqmodel.text import any_of

_NUMBERS: dict[Any, type] = {int: Integral, Fraction: Rational, float: Real}
_MAX_SHOWN = 60  # characters of a value
# In words: one, and several.
_WORDS = {
    NoneType: ("None", "None"),
    str: ("text", "texts"),
    bool: ("True or False", "True or False"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
}
_NOUNS = {
    "Sequence": "list",
    "Iterable": "list",
    "Mapping": "dictionary",
    "Callable": "function",
    "Generator": "random generator",
    "ndarray": "array",
}


def has_type(value: Any, kind: Any) -> bool:
    """True if `value` is of the type `kind`, with all items of a list, tuple or mapping. NumPy's
    numbers are numbers, True is none, and text is not a list of letters.

    >>> has_type(2, float), has_type("2", float), has_type([1, "2"], list[int])
    (True, False, False)
    """
    kind = _meant(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if kind in _NUMBERS:
        return isinstance(value, _NUMBERS[kind]) and not isinstance(value, bool)
    if origin in {Union, UnionType}:
        return any(has_type(value, part) for part in parts)
    if origin is Literal:
        return any(type(value) is type(part) and value == part for part in parts)
    if not isinstance(value, origin or kind):
        return False
    return origin is None or all(has_type(item, of) for item, of in _items(value, origin, parts))


def _meant(kind: Any) -> Any:
    """The type that an alias made by `type NAME = ...` stands for, such as NumPy's NDArray from
    Python 3.12 on, and that which Annotated annotates; any other type as it is."""
    kind = getattr(kind, "__value__", kind)
    return _meant(get_args(kind)[0]) if get_origin(kind) is Annotated else kind


def _items(value: Any, origin: Any, parts: tuple[Any, ...]) -> Iterable[tuple[Any, Any]]:
    """The items of a list, tuple or mapping, each with the type that it should have. Those of an
    iterator stay in it. A tuple of another length, and text, has itself as a wrong item."""
    if isinstance(value, str) or (_is_fixed(origin, parts) and len(value) != len(parts)):
        return [(value, NoneType)]
    if _is_fixed(origin, parts):
        return zip(value, parts, strict=True)
    if origin in {Mapping, dict}:
        return [item for entry in value.items() for item in zip(entry, parts, strict=True)]
    if isinstance(value, Iterator) or not _has_items(origin, parts):
        return []
    return ((item, parts[0]) for item in value)


def _has_items(origin: Any, parts: tuple[Any, ...]) -> bool:
    """True for tuples, lists and the like, whose items have the type that is named; not for arrays,
    nor for other classes with a parameter."""
    return origin is tuple or (
        len(parts) == 1 and isinstance(origin, type) and issubclass(origin, Iterable)
    )


def _is_fixed(origin: Any, parts: tuple[Any, ...]) -> bool:
    """True for tuples of one length."""
    return origin is tuple and Ellipsis not in parts


def type_in_words(kind: Any, *, several: bool = False) -> str:
    """A type in words, of one value or of several.

    >>> type_in_words(float | None), type_in_words(tuple[int, int]), type_in_words(list[str])
    ('a number or None', 'a tuple of 2 whole numbers', 'a list of texts')
    """
    kind = _meant(kind)
    origin, parts = get_origin(kind), get_args(kind)
    if kind in _WORDS:
        return _WORDS[kind][several]
    if origin in {Union, UnionType}:
        words = [type_in_words(part, several=several) for part in parts]
        return any_of(sorted({*words}, key=words.index))
    if origin is Literal:
        return any_of([str(part) for part in parts])
    name = (origin or kind).__name__
    noun = _NOUNS.get(name, name)
    noun = f"{noun}s" if several else with_article(noun)
    if not _has_items(origin, parts):
        return noun
    count = f"{len(parts)} " if _is_fixed(origin, parts) else ""
    return f"{noun} of {count}{type_in_words(parts[0], several=True)}"


def value_in_words(value: Any, kind: Any) -> str:
    """A value that was given in place of the type `kind`, in words: a short one as Python writes
    it, the first wrong item of a list, else the type of the value.

    >>> value_in_words("fast", float), value_in_words([1, "b"], list[int])
    ("'fast'", "a list with 'b'")
    """
    if value is None or isinstance(value, str | bytes | Real | Path):
        return f"{value!r:.{_MAX_SHOWN}}"
    kind, given = _meant(kind), with_article(type(value).__name__)
    for part in get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,):
        origin, parts = get_origin(_meant(part)), get_args(_meant(part))
        if origin not in {None, Literal} and isinstance(value, origin):
            for item, of in _items(value, origin, parts):
                if item is not value and not has_type(item, of):
                    return f"{given} with {value_in_words(item, of)}"
    return given


def with_article(name: str) -> str:
    """A noun with its article.

    >>> with_article("Tune"), with_article("Evaluation")
    ('a Tune', 'an Evaluation')
    """
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"

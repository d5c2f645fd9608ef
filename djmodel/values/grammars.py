"""The grammars by name: how a tune is written as values, and a value as symbols of a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from djmodel.music.tune import Tune
from djmodel.values import grammar as course_grammar
from djmodel.values import jazz_grammar
from djmodel.values.grammar import Register
from djmodel.values.value import Value, nearest_value

GrammarName = Literal["course", "jazz"]
GRAMMAR_NAMES: tuple[GrammarName, ...] = ("course", "jazz")

BarValues = tuple[tuple[Value, ...], ...]
"""The values of each bar of a tune."""


class Grammar(Protocol):
    """Values of a tune, and the symbols that spell each of them, equally many for every value."""

    symbols_per_value: int

    def encode(self, tune: Tune, register: Register) -> BarValues:
        """The values of each bar; those of a bar add up to it."""

    def decode(
        self,
        values: Sequence[Sequence[Value]],
        changes: Tune,
        rng: np.random.Generator,
        register: Register,
    ) -> Tune:
        """The tune `changes` with a melody that has `values`, one sequence per bar."""

    def symbols(self, value: Value) -> tuple[str, ...]:
        """The symbols of a value, `symbols_per_value` of them."""

    def value(self, symbols: Sequence[str]) -> Value:
        """The inverse of `symbols`. Raises ValueTextError."""

    def nearest(self, symbol: str, candidates: Sequence[str]) -> str:
        """The candidate that replaces a symbol outside the vocabulary."""


class CourseGrammar:
    """The course's: a value is one symbol, its leap a range within its bar."""

    symbols_per_value = 1

    def encode(self, tune: Tune, register: Register) -> BarValues:  # noqa: ARG002
        return course_grammar.encode(tune)

    def decode(
        self,
        values: Sequence[Sequence[Value]],
        changes: Tune,
        rng: np.random.Generator,
        register: Register,
    ) -> Tune:
        return course_grammar.decode(values, changes, rng, register=register)

    def symbols(self, value: Value) -> tuple[str, ...]:
        return (str(value),)

    def value(self, symbols: Sequence[str]) -> Value:
        return Value.parse(symbols[0])

    def nearest(self, symbol: str, candidates: Sequence[str]) -> str:
        return nearest_value(symbol, candidates)


class JazzGrammar:
    """The grammar of `values/jazz_grammar`: exact leaps, and two symbols a value."""

    symbols_per_value = 2

    def encode(self, tune: Tune, register: Register) -> BarValues:
        return jazz_grammar.encode(tune, register)

    def decode(
        self,
        values: Sequence[Sequence[Value]],
        changes: Tune,
        rng: np.random.Generator,  # noqa: ARG002 (every pitch is given)
        register: Register,
    ) -> Tune:
        return jazz_grammar.decode(values, changes, register)

    def symbols(self, value: Value) -> tuple[str, ...]:
        return jazz_grammar.symbols_of(value)

    def value(self, symbols: Sequence[str]) -> Value:
        return jazz_grammar.value_of(*symbols)

    def nearest(self, symbol: str, candidates: Sequence[str]) -> str:
        return jazz_grammar.nearest_symbol(symbol, candidates)


_GRAMMARS: dict[GrammarName, Grammar] = {"course": CourseGrammar(), "jazz": JazzGrammar()}


def grammar_named(name: GrammarName) -> Grammar:
    """The grammar of a name."""
    return _GRAMMARS[name]

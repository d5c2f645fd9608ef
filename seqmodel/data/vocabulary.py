"""Vocabularies: symbols <-> indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqmodel.errors import VocabularyError


@dataclass(frozen=True)
class Vocabulary:
    """Symbols in sorted order, so that equal data give equal indices.

    `size` is the width of a one-hot vector; indices from `len(symbols)` to `size - 1` are spare,
    neither encoded nor sampled. `folded` maps each symbol that was left out to the one that
    replaces it.

    >>> vocabulary = Vocabulary.build("banana")
    >>> vocabulary.encode("nab").tolist(), vocabulary.decode([2, 0, 1])
    ([2, 0, 1], ['n', 'a', 'b'])
    """

    symbols: tuple[str, ...]
    size: int
    folded: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.symbols:
            raise VocabularyError("the data have no symbol", hint="give more data")
        if len(self.symbols) > self.size:
            raise _too_many(len(self.symbols), self.size)

    @classmethod
    def build(
        cls,
        symbols: Iterable[str],
        size: int | None = None,
        nearest: Callable[[str, Sequence[str]], str] | None = None,
    ) -> Vocabulary:
        """The vocabulary of data, given as its symbols or as a Counter of them.

        Of more than `size` distinct symbols the most frequent are kept (of equally frequent ones,
        the first in sorted order); each of the others is replaced by `nearest(symbol, kept)`.

        Raises VocabularyError if there are no symbols, or too many without `nearest`.
        """
        counts = Counter(symbols)
        size = len(counts) if size is None else size
        by_frequency = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        kept = tuple(sorted(by_frequency[:size]))
        rest = sorted(by_frequency[size:])
        if rest and nearest is None:
            raise _too_many(len(counts), size)
        folded = {symbol: nearest(symbol, kept) for symbol in rest} if nearest else {}
        return cls(kept, size, folded)

    @cached_property
    def _indices(self) -> dict[str, int]:
        indices = {symbol: index for index, symbol in enumerate(self.symbols)}
        return indices | {symbol: indices[kept] for symbol, kept in self.folded.items()}

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._indices

    def encode(self, symbols: Iterable[str]) -> NDArray[np.int32]:
        """The indices of symbols, `(n,)`. Raises VocabularyError for an unknown symbol."""
        try:
            return np.array([self._indices[symbol] for symbol in symbols], dtype=np.int32)
        except KeyError as error:
            raise VocabularyError(
                f"{error.args[0]!r} is not one of the {len(self)} symbols of the vocabulary",
                hint="use the data that the model was trained on",
            ) from None

    def decode(self, indices: Iterable[int]) -> list[str]:
        """The symbols of indices. Raises VocabularyError for an index without a symbol."""
        symbols = []
        for index in indices:
            if not 0 <= index < len(self):
                message = f"the index {index} has no symbol; there are {len(self)}"
                raise VocabularyError(message)
            symbols.append(self.symbols[index])
        return symbols


def _too_many(n_symbols: int, size: int) -> VocabularyError:
    message = f"the data have {n_symbols} symbols, the vocabulary has room for {size}"
    return VocabularyError(message, hint="raise the size")

"""Symbols <-> indices."""

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

    `size` is the width of a one-hot vector. Indices from `len(symbols)` to `size - 1` are spare:
    nothing is encoded as one, and nothing may be sampled as one. `folded` tells which symbol
    stands for one that found no place.
    """

    symbols: tuple[str, ...]
    size: int
    folded: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.symbols:
            raise VocabularyError("at least one symbol", "none", hint="give more data")
        if len(self.symbols) > self.size:
            raise VocabularyError(
                f"at most {self.size} symbols", f"{len(self.symbols)}", hint="raise the size"
            )

    @classmethod
    def build(
        cls,
        symbols: Iterable[str],
        size: int | None = None,
        nearest: Callable[[str, Sequence[str]], str] | None = None,
    ) -> Vocabulary:
        """The vocabulary of the data: its symbols, or a Counter of them.

        With more than `size` distinct symbols the most frequent are kept (among equals, the first
        in sorted order), and each other one folds into `nearest(symbol, kept)`.

        Raises VocabularyError if there is no symbol, or too many and no `nearest`.
        """
        counts = Counter(symbols)
        size = len(counts) if size is None else size
        by_frequency = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        kept = tuple(sorted(by_frequency[:size]))
        rest = sorted(by_frequency[size:])
        if rest and nearest is None:
            raise VocabularyError(
                f"at most {size} symbols", f"{len(counts)}", hint="raise the size"
            )
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
        """Indices, shape `(n,)`. Raises VocabularyError at a symbol that is not known."""
        try:
            return np.array([self._indices[symbol] for symbol in symbols], dtype=np.int32)
        except KeyError as error:
            raise VocabularyError(
                f"one of the {len(self)} symbols of the vocabulary",
                repr(error.args[0]),
                hint="use the data that the model was trained on",
            ) from None

    def decode(self, indices: Iterable[int]) -> list[str]:
        """The symbols of `indices`. Raises VocabularyError at a spare or impossible index."""
        symbols = []
        for index in indices:
            if not 0 <= index < len(self):
                raise VocabularyError(f"an index from 0 to {len(self) - 1}", str(index))
            symbols.append(self.symbols[index])
        return symbols

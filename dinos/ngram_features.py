"""Character n-grams as input features, and the automaton that finds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dinos.names import END
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING, Indices, with_conditioning
from seqmodel.sampling.constraints import Automaton

States = NDArray[np.int64]

MAX_CONTEXT = 20  # characters
# An n-gram becomes a feature if it occurs at least MIN_COUNT times. Of more than MAX_FEATURES the
# shorter and the more frequent ones are kept. MAX_TABLE bounds the entries of the automaton.
MIN_COUNT = 2
MAX_FEATURES = 8192
MAX_TABLE = 2**24
# The states without a known n-gram: before a word, in a word, after the end. The characters allowed
# in any other state are those allowed in one of these.
AT_WORD, IN_WORD, ENDED = range(3)


def name_automaton(known: Vocabulary, names: Sequence[Indices] = (), context: int = 1) -> Automaton:
    """The automaton of names that end with END: not empty, no space at either end, no two spaces in
    a row.

    With a `context` of more than 1 a state is the longest known n-gram of `names` (sequences of
    indices that end with END) that the characters read so far end with, of at most `context`
    characters (Aho and Corasick, *Efficient string matching*, 1975). Each n-gram of 2 and more
    characters is an input column behind those of the characters, and the conditioning of a state
    are the n-grams that end in it: after "saur", with a context of 4, "ur", "aur" and "saur";
    PADDING for one that is not known."""
    spaces = np.array([symbol == " " for symbol in known.symbols])
    ends = np.array([symbol == END for symbol in known.symbols])
    kinds = np.select([ends, spaces], [ENDED, AT_WORD], IN_WORD).astype(np.int32)
    # For each state: the states after it, its kind, the n-grams that end in it.
    after = np.stack([kinds, kinds, np.full_like(kinds, ENDED)])
    kind = np.array([AT_WORD, IN_WORD, ENDED], dtype=np.int32)
    conditioning = np.full((3, context - 1), PADDING, dtype=np.int32)
    column = known.size
    for length, (stem, last, shorter) in enumerate(_known_ngrams(names, known.size, context), 1):
        new = np.arange(len(after), len(after) + len(last))
        if length == 1:
            after[:ENDED, last] = new
            shorter = kinds[last].astype(np.int64)
        else:
            after[stem, last] = new
        ending = conditioning[shorter]
        if length > 1:
            ending[:, length - 2] = np.arange(column, column + len(last))
            column += len(last)
        after = np.concatenate([after, after[shorter]]).astype(np.int32)
        kind, conditioning = (
            np.concatenate([kind, kinds[last]]),
            np.concatenate([conditioning, ending]),
        )
    allowed = np.stack([~(spaces | ends), np.ones_like(ends), np.zeros_like(ends)])[kind]
    return Automaton(allowed, after, AT_WORD, conditioning if context > 1 else None)


def _known_ngrams(
    names: Sequence[Indices], n_values: int, context: int
) -> Iterator[tuple[States, States, States]]:
    """The known n-grams of 1, 2 ... `context` characters, a tuple for each length: the states
    without their last character, these last characters, and the states without their first
    character. Each n-gram becomes a state in turn, after ENDED; a context of 1 needs none."""
    if context == 1:
        return
    symbols = np.concatenate([name[:-1] for name in names])
    begins = np.cumsum([0, *(len(name) - 1 for name in names)])[:-1]
    # For each place in the names: the state of the n-gram of one length that ends there, or -1.
    states = np.zeros(len(symbols), dtype=np.int64)
    n_states, n_features, min_count = ENDED + 1, 0, MIN_COUNT
    for length in range(1, context + 1):
        stems = np.roll(states, 1)
        stems[begins] = AT_WORD if length == 1 else -1
        places = np.flatnonzero(stems >= 0)
        ngrams, first, which, counts = np.unique(
            stems[places] * n_values + symbols[places],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        room = min(MAX_TABLE // n_values - n_states, MAX_FEATURES - n_features)
        while np.count_nonzero(counts >= min_count) > max(room, 0):
            min_count += 1
        chosen = np.flatnonzero(counts >= min_count)
        yield *np.divmod(ngrams[chosen], n_values), states[places[first[chosen]]]
        numbers = np.full(len(ngrams), -1)
        numbers[chosen] = np.arange(n_states, n_states + len(chosen))
        states = np.full(len(symbols), -1)
        states[places] = numbers[which]
        n_states += len(chosen)
        n_features += len(chosen) if length > 1 else 0


def n_inputs(automaton: Automaton) -> int:
    """The number of inputs of a cell that reads the features of `automaton`."""
    n_values = automaton.allowed.shape[1]
    if automaton.conditioning is None:
        return n_values
    return max(n_values, int(automaton.conditioning.max()) + 1)


def walk(automaton: Automaton, inputs: Indices) -> Indices:
    """The state after each of `inputs (m, T)`: `(m, T)`. PADDING leaves it as it is."""
    states = np.empty_like(inputs)
    state = np.full(len(inputs), automaton.start, dtype=np.int32)
    for t, symbols in enumerate(inputs.T):
        state = np.where(symbols == PADDING, state, automaton.next_state[state, symbols])
        states[:, t] = state
    return states


def with_ngrams(automaton: Automaton, inputs: Indices) -> Indices:
    """`inputs (m, T)` with the n-grams that end at each step, `(m, T, context)`; with a context of
    1 unchanged."""
    if automaton.conditioning is None:
        return inputs
    return with_conditioning(inputs, automaton.conditioning[walk(automaton, inputs)])

"""How names are read: which character may follow, and which pieces the last ones are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dinos.names import END
from seqmodel.data.vocabulary import Vocabulary
from seqmodel.data.windows import PADDING, Indices, with_conditioning
from seqmodel.sampling.constraints import Automaton

States = NDArray[np.int64]

LONGEST = 20  # context, in characters
# A piece is known if it stands so often in a list of names. More than MOST are not: of those too
# many the shorter ones are, and the more frequent ones. ROOM is for the numbers of an automaton.
LEAST = 2
MOST = 8192
ROOM = 2**24
# The states in which no piece is known: before a word, in a word, after the end. What may follow
# in any other state is what may follow in one of these.
AT_WORD, IN_WORD, ENDED = range(3)


def name_automaton(known: Vocabulary, names: Sequence[Indices] = (), context: int = 1) -> Automaton:
    """Names until END: not empty, no space at either end, no two in a row.

    With a `context` of more than 1 the automaton knows the last characters, up to so many, as long
    as they are a piece of `names` (sequences of indices that end with END). The pieces of 2 and
    more characters are inputs of their own, beyond those of the characters, and the cues of a state
    are those that end in it: after "saur", with a context of 4, "ur", "aur" and "saur"; PADDING
    for one that is not known.

    A state is the longest known piece at the end of what was read, as in the automaton of Aho and
    Corasick, *Efficient string matching* (1975).
    """
    spaces = np.array([symbol == " " for symbol in known.symbols])
    ends = np.array([symbol == END for symbol in known.symbols])
    kinds = np.select([ends, spaces], [ENDED, AT_WORD], IN_WORD).astype(np.int32)
    # Of each state: what comes after it, which kind it is of, which pieces end in it.
    after = np.stack([kinds, kinds, np.full_like(kinds, ENDED)])
    kind = np.array([AT_WORD, IN_WORD, ENDED], dtype=np.int32)
    conditioning = np.full((3, context - 1), PADDING, dtype=np.int32)
    position_features = known.size
    for length, (stem, last, shorter) in enumerate(_known_pieces(names, known.size, context), 1):
        new = np.arange(len(after), len(after) + len(last))
        if length == 1:
            after[:ENDED, last] = new
            shorter = kinds[last].astype(np.int64)
        else:
            after[stem, last] = new
        told = conditioning[shorter]
        if length > 1:
            told[:, length - 2] = np.arange(position_features, position_features + len(last))
            position_features += len(last)
        after = np.concatenate([after, after[shorter]]).astype(np.int32)
        kind, conditioning = (
            np.concatenate([kind, kinds[last]]),
            np.concatenate([conditioning, told]),
        )
    allowed = np.stack([~(spaces | ends), np.ones_like(ends), np.zeros_like(ends)])[kind]
    return Automaton(allowed, after, AT_WORD, conditioning if context > 1 else None)


def _known_pieces(
    names: Sequence[Indices], n_values: int, context: int
) -> Iterator[tuple[States, States, States]]:
    """The known pieces of 1, 2 ... `context` characters, of those of one length: the states of what
    they are without their last character, these characters, and the states of what they are without
    their first one. Each is a state in turn, after ENDED; a context of 1 needs none."""
    if context == 1:
        return
    symbols = np.concatenate([name[:-1] for name in names])
    begins = np.cumsum([0, *(len(name) - 1 for name in names)])[:-1]
    # Of each place in the names: the state of the piece of one length that ends there; -1: none.
    states = np.zeros(len(symbols), dtype=np.int64)
    n_states, n_pieces, least = ENDED + 1, 0, LEAST
    for length in range(1, context + 1):
        stems = np.roll(states, 1)
        stems[begins] = AT_WORD if length == 1 else -1
        places = np.flatnonzero(stems >= 0)
        pieces, first, which, counts = np.unique(
            stems[places] * n_values + symbols[places],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        room = min(ROOM // n_values - n_states, MOST - n_pieces)
        while np.count_nonzero(counts >= least) > max(room, 0):
            least += 1
        chosen = np.flatnonzero(counts >= least)
        yield *np.divmod(pieces[chosen], n_values), states[places[first[chosen]]]
        numbers = np.full(len(pieces), -1)
        numbers[chosen] = np.arange(n_states, n_states + len(chosen))
        states = np.full(len(symbols), -1)
        states[places] = numbers[which]
        n_states += len(chosen)
        n_pieces += len(chosen) if length > 1 else 0


def n_inputs(automaton: Automaton) -> int:
    """How many inputs a cell has that is told what `automaton` knows."""
    n_values = automaton.allowed.shape[1]
    return (
        n_values
        if automaton.conditioning is None
        else max(n_values, int(automaton.conditioning.max()) + 1)
    )


def walk(automaton: Automaton, inputs: Indices) -> Indices:
    """The state after each of `inputs (m, T)`: `(m, T)`. PADDING leaves it as it is."""
    states = np.empty_like(inputs)
    state = np.full(len(inputs), automaton.start, dtype=np.int32)
    for t, symbols in enumerate(inputs.T):
        state = np.where(symbols == PADDING, state, automaton.next_state[state, symbols])
        states[:, t] = state
    return states


def with_ngrams(automaton: Automaton, inputs: Indices) -> Indices:
    """`inputs (m, T)`, as they are or with the pieces that end there: `(m, T, context)`."""
    conditioning = automaton.conditioning
    return with_conditioning(
        inputs, None if conditioning is None else conditioning[walk(automaton, inputs)]
    )

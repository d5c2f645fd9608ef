"""Weights + an automaton of what may come next + a seed -> new sequences.

The sampler knows nothing of what the symbols mean. What is possible is said by an `Automaton`:
what it does not allow is masked, so that nothing is drawn twice and nothing is thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING
from seqmodel.network.forward import BatchedState
from seqmodel.network.weights import Weights
from seqmodel.parallel.threads import ThreadPool, single_threaded_blas
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Automaton
from seqmodel.sampling.copy_limit import BannedTransitions, CopyConstraint, CopyLimit

# The rounding of a product may depend on its width. So that a stream draws the same however many
# are drawn, streams go in groups whose widths depend on their place alone: the first on its own,
# then these, then as many of the last as are needed. A group that is not full is as wide. The first
# ones together are as wide as any other, and are one thread's work.
FIRST_GROUPS = (1, 63, 448)
GROUP = 512
# Numbers of logits that are kept before their log-probabilities are taken.
BLOCK = 2**20

Floats = NDArray[np.float32]
Indices = NDArray[np.int32]


@dataclass(frozen=True)
class Samples:
    """`symbols`, int32, `(streams, longest)`, each row followed by -1 after its end; `log_probs`,
    float32, same shape: the natural log-probability that the model gives the symbol at temperature
    1 with nothing masked (0 after the end); `ended`, `(streams,)`: reached an end of the automaton.
    """

    symbols: Indices
    log_probs: Floats
    ended: NDArray[np.bool_]

    def rows(self) -> list[Indices]:
        """The symbols of each stream without the padding."""
        return [row[row >= 0] for row in self.symbols]


def sample(
    weights: Weights,
    automaton: Automaton,
    sampling: SamplingConfig,
    rng: np.random.Generator,
    *,
    streams: int = 1,
    max_length: int,
    primer: Sequence[int] = (),
    primer_cues: Indices | None = None,
    limit: CopyLimit | None = None,
) -> Samples:
    """Draws `streams` sequences of at most `max_length` symbols.

    The model first reads the zero vector, then `primer` (which is not in the result and does not
    move the automaton); `primer_cues (len(primer), k)` are those of its symbols. The first of eight
    streams is the only one of one, to the last bit, and a longer one begins as a shorter one does.
    What `limit` forbids is masked, too; raises SamplingError if it leaves no way through the
    automaton.
    """
    bans = BannedTransitions(automaton, limit) if limit else None
    heard = (primer, primer_cues)
    jobs = _jobs(streams, rng)

    def draw(number: int, _: slice) -> list[_Drawn]:
        return [
            _draw(weights, automaton, sampling, group, max_length, heard, bans)
            for group in jobs[number]
        ]

    with single_threaded_blas():
        groups = chain.from_iterable(ThreadPool().map_chunks(draw, len(jobs), len(jobs)))
    symbols, log_probs, ended = (np.concatenate(arrays) for arrays in zip(*groups, strict=True))
    longest = int((symbols >= 0).sum(axis=1).max(initial=0))
    return Samples(symbols[:, :longest], log_probs[:, :longest], ended)


class _Group(NamedTuple):
    """So many streams, drawn side by side by their own generator; the first `wanted` matter."""

    width: int
    wanted: int
    rng: np.random.Generator


class _Drawn(NamedTuple):
    """As in `Samples`, with a column for each step that was asked for."""

    symbols: Indices
    log_probs: Floats
    ended: NDArray[np.bool_]


def _jobs(streams: int, rng: np.random.Generator) -> list[list[_Group]]:
    """The groups of all streams, by the threads' jobs."""
    jobs, first = [], 0
    for widths in chain((FIRST_GROUPS,), repeat((GROUP,))):
        job = []
        for width in widths:
            if first < streams:
                job.append(_Group(width, min(width, streams - first), *rng.spawn(1)))
            first += width
        jobs.append(job)
        if first >= streams:
            break
    return jobs


def _draw(
    weights: Weights,
    automaton: Automaton,
    sampling: SamplingConfig,
    group: _Group,
    max_length: int,
    heard: tuple[Sequence[int], Indices | None],
    bans: BannedTransitions | None,
) -> _Drawn:
    S, wanted, rng = group
    uniforms = rng.random((max_length, S), dtype=np.float32)
    guard = CopyConstraint(bans, S) if bans else None
    streams = BatchedState(weights, S)
    chooser = (_OneChooser if S == 1 else _Chooser)(automaton, sampling, guard, S, wanted)
    symbols_heard, cues_heard = heard
    before: list[Indices | None] = [None] * len(symbols_heard)
    if cues_heard is not None:
        before = [np.repeat(features[:, None], S, axis=1) for features in cues_heard]
    for index, conditioning in zip(
        (PADDING, *symbols_heard), (*before, chooser.conditioning), strict=True
    ):
        logits = streams.read(np.full(S, index), conditioning)
    symbols = np.full((max_length, S), -1, dtype=np.int32)
    log_probs = np.zeros((max_length, S), dtype=np.float32)
    # Logits are kept for a while, and what is not needed for the next step is done at once.
    block = max(1, min(max_length, BLOCK // logits.size))
    kept = np.empty((block, *logits.shape), dtype=np.float32)
    t = 0
    while t < max_length and not chooser.all_ended:
        first = t
        while t < min(first + block, max_length) and not chooser.all_ended:
            kept[t - first] = logits
            drawn = chooser.choose(logits, uniforms[t], out=symbols[t])
            logits = streams.read(drawn, chooser.conditioning)
            t += 1
        log_probs[first:t] = _log_probabilities(kept[: t - first], symbols[first:t])
    return _Drawn(symbols.T[:wanted], log_probs.T[:wanted], chooser.ended[:wanted])


def _log_probabilities(logits: Floats, symbols: Indices) -> Floats:
    """Of each of `symbols (n, streams)`, given `logits (n, n_symbols, streams)`, which are
    overwritten; 0 for no symbol."""
    likeliest = logits.max(axis=1)
    chosen = np.take_along_axis(logits, np.maximum(symbols, 0)[:, None], axis=1)[:, 0]
    logits -= likeliest[:, None]
    totals = np.exp(logits, out=logits).sum(axis=1)
    return np.where(symbols < 0, np.float32(0), chosen - likeliest - np.log(totals))


class _Chooser:
    """Draws a symbol for each of S streams and moves each through the automaton.

    The symbol is where the cumulative probability passes the stream's uniform number. What is not
    allowed has a logit of minus infinity.
    """

    def __init__(
        self,
        automaton: Automaton,
        sampling: SamplingConfig,
        guard: CopyConstraint | None,
        streams: int,
        wanted: int,
    ) -> None:
        """Only the first `wanted` of the streams are waited for."""
        n_symbols = automaton.allowed.shape[1]
        self.choice, self.guard, self.wanted = sampling, guard, wanted
        self.scale = sampling.scale
        self.ends = np.logical_not(automaton.allowed.any(axis=1))
        # A state that allows nothing draws some symbol, which is not used.
        penalties = np.where(automaton.allowed | self.ends[:, None], 0, -np.inf)
        self.penalties = np.ascontiguousarray(penalties.T, dtype=np.float32)
        self.next_state = np.where(
            self.ends[:, None], np.arange(len(self.ends))[:, None], automaton.next_state
        ).ravel()
        self.places = np.full(streams, automaton.start)
        self.conditioning_of = automaton.conditioning
        self.one_state = len(self.ends) == 1
        self.all_allowed = bool(automaton.allowed.all())
        self.n_symbols = n_symbols
        # As many blocks as a block has symbols, some of which there may not be, with probability 0.
        size = math.isqrt(n_symbols - 1) + 1
        self.cumulative = np.zeros((size * size, streams), dtype=np.float32)
        self.masked = self.cumulative[:n_symbols]
        self.passed = np.zeros((n_symbols, streams), dtype=bool)
        self.counts = np.min_scalar_type(n_symbols)
        blocks = self.cumulative.reshape(size, size, streams)
        self.sums = [*pairwise(blocks.swapaxes(0, 1)), *((a[-1], b) for a, b in pairwise(blocks))]

    @property
    def ended(self) -> NDArray[np.bool_]:
        return self.ends[self.places]

    @property
    def conditioning(self) -> Indices | None:
        """Those of what is drawn next, `(k, S)`."""
        return None if self.conditioning_of is None else self.conditioning_of[self.places].T

    @property
    def all_ended(self) -> bool:
        return bool(self.ended[: self.wanted].all())

    def choose(self, logits: Floats, uniforms: Floats, out: Indices) -> NDArray[np.intp]:
        """`logits (n_symbols, S)` -> a symbol a stream, `(S,)`; `out` gets them, and stays as it is
        where a stream has ended."""
        masked = self.masked
        if self.all_allowed and not self.guard:
            allowed = logits
        elif self.one_state:
            allowed = np.add(logits, self.penalties, out=masked)
        else:
            np.take(self.penalties, self.places, axis=1, out=masked, mode="clip")
            allowed = np.add(logits, masked, out=masked)
        if self.guard:
            self.guard.mask(masked, self.places, self.ended)
        drawn = allowed.argmax(axis=0) if self.choice.greedy else self._draw(allowed, uniforms)
        if self.one_state:
            out[:] = drawn
        else:
            np.copyto(out, drawn, where=np.logical_not(self.ended), casting="same_kind")
            self.places = self.next_state.take(self.places * self.n_symbols + drawn)
        if self.guard:
            self.guard.update(drawn)
        return drawn

    def _draw(self, allowed: Floats, uniforms: Floats) -> NDArray[np.intp]:
        masked = self.masked
        if self.scale != 1:
            allowed = np.multiply(allowed, self.scale, out=masked)
        np.subtract(allowed, allowed.max(axis=0), out=masked)
        np.exp(masked, out=masked)
        _restrict(masked, self.choice)
        # First within all blocks at once, then from each to the next: by far faster than NumPy's
        # cumsum along this axis.
        self.cumulative[len(masked) :] = 0
        for before, after in self.sums:
            np.add(after, before, out=after)
        thresholds = uniforms * masked[-1]
        np.less_equal(masked, thresholds, out=self.passed)
        return np.add.reduce(self.passed.view(np.uint8), axis=0, dtype=self.counts).astype(np.intp)


class _OneChooser:
    """The same for one stream: what `_Chooser` draws for it, in fewer and shorter calls."""

    def __init__(
        self,
        automaton: Automaton,
        sampling: SamplingConfig,
        guard: CopyConstraint | None,
        streams: int = 1,  # noqa: ARG002 - as `_Chooser`
        wanted: int = 1,  # noqa: ARG002
    ) -> None:
        self.choice, self.guard = sampling, guard
        self.scale = sampling.scale
        self.ends = np.logical_not(automaton.allowed.any(axis=1))
        penalties = np.where(automaton.allowed, 0, -np.inf).astype(np.float32)
        free = np.asarray(automaton.allowed.all(axis=1))
        # None: all is allowed
        self.penalties = [None if all_ else row for all_, row in zip(free, penalties, strict=True)]
        self.next_state = automaton.next_state
        self.place = automaton.start
        self.conditioning_of = automaton.conditioning
        self.all_ended = bool(self.ends[self.place])
        self.masked = np.zeros(automaton.allowed.shape[1], dtype=np.float32)

    @property
    def ended(self) -> NDArray[np.bool_]:
        return np.array([self.all_ended])

    @property
    def conditioning(self) -> Indices | None:
        return None if self.conditioning_of is None else self.conditioning_of[self.place, :, None]

    def choose(self, logits: Floats, uniforms: Floats, out: Indices) -> tuple[int]:
        masked, allowed = self.masked, logits[:, 0]
        penalties = self.penalties[self.place]
        if penalties is not None or self.guard:
            allowed = np.add(allowed, 0 if penalties is None else penalties, out=masked)
        if self.guard:
            self.guard.mask(masked[:, None], np.array([self.place]), self.ended)
        if self.choice.greedy:
            drawn = int(allowed.argmax())
        else:
            if self.scale != 1:
                allowed = np.multiply(allowed, self.scale, out=masked)
            np.subtract(allowed, allowed[allowed.argmax()], out=masked)
            np.exp(masked, out=masked)
            _restrict(masked[:, None], self.choice)
            np.add.accumulate(masked, out=masked)
            drawn = int(masked.searchsorted(uniforms[0] * masked[-1], "right"))
        out[0] = drawn
        self.place = int(self.next_state[self.place, drawn])
        self.all_ended = bool(self.ends[self.place])
        if self.guard:
            self.guard.update((drawn,))
        return (drawn,)


def _restrict(probabilities: Floats, sampling: SamplingConfig) -> None:
    """Sets what top-k and top-p leave out to zero; `(n_symbols, streams)`, a column need not add up
    to 1."""
    if sampling.top_k is not None and sampling.top_k < len(probabilities):
        order = np.argsort(-probabilities, axis=0, kind="stable")
        np.put_along_axis(probabilities, order[sampling.top_k :], 0, axis=0)
    if sampling.top_p is not None:
        order = np.argsort(-probabilities, axis=0, kind="stable")
        ranked = np.take_along_axis(probabilities, order, axis=0)
        before = np.cumsum(ranked, axis=0) - ranked
        left_out = before >= sampling.top_p * ranked.sum(axis=0)
        left_out[0] = False  # not even where so small a share is rounded to nothing
        ranked[left_out] = 0
        np.put_along_axis(probabilities, order, ranked, axis=0)

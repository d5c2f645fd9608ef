"""The sampler: weights + a constraint + a seed -> new sequences.

It knows nothing about the meaning of symbols. Symbols that the constraint excludes are masked, so
that nothing is drawn twice and nothing is discarded.

In shapes: B sequences, n symbols, k conditioning features; sequences come last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, pairwise, repeat
from threading import Event
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodel.data.windows import PADDING, Indices
from seqmodel.network.adaptation import AdaptedLayer
from seqmodel.network.forward import BatchedState
from seqmodel.network.weights import Floats, Weights
from seqmodel.parallel.threads import ThreadPool, single_threaded_blas
from seqmodel.sampling.config import SamplingConfig
from seqmodel.sampling.constraints import Constraint, Drawn, Tracker
from seqmodel.sampling.copy_limit import BannedTransitions, CopyConstraint, CopyLimit
from seqmodel.settings import Count, SettingError, checked

# The rounding of a product may depend on its width. So that a sequence is the same however many are
# drawn, groups have widths that depend on their position alone: first these, which together are one
# thread's work, then as many of GROUP as are needed. A group that is not full is as wide.
FIRST_GROUPS = (1, 63, 448)
GROUP = 512
# The number of logits that are collected before their log-probabilities are computed.
BLOCK = 2**20


class Samples(NamedTuple):
    """`symbols (n_sequences, longest)`, int32, each row padded with -1 after its end; `log_probs`,
    float32, same shape: the natural log-probability that the model gives the symbol at temperature
    1 with nothing masked (0 for padding); `ended (n_sequences,)`: whether it reached an end."""

    symbols: Indices
    log_probs: Floats
    ended: NDArray[np.bool_]

    def rows(self) -> list[Indices]:
        """The symbols of each sequence without padding."""
        return [row[row >= 0] for row in self.symbols]


@checked
def sample(
    weights: Weights,
    constraint: Constraint,
    config: SamplingConfig,
    rng: np.random.Generator,
    *,
    n_sequences: Count = 1,
    skip: int = 0,
    max_length: int,
    primer: Sequence[int] = (),
    primer_conditioning: Indices | None = None,
    copy_limit: CopyLimit | None = None,
    adaptation: float = 0.0,
) -> Samples:
    """Draws `n_sequences` of at most `max_length` symbols each; of them only those behind the first
    `skip` are returned, and the others are drawn only where they must be.

    The model first reads the zero vector, then `primer` (which is not part of the result and does
    not move the constraint), with `primer_conditioning (len(primer), k)`. The first of eight
    sequences is the same, bit for bit, as the only one of one, and a longer one begins as a shorter
    one does. `adaptation`: the rate at which the Dense layer follows the primer; what is drawn
    leaves it as it is. Raises SamplingError if `copy_limit` leaves nothing to draw, SettingError
    for a `skip` that is not from 0 to `n_sequences` - 1.
    """
    if not 0 <= skip < n_sequences:
        message = f"skip must be at least 0 and less than {n_sequences:,}, not {skip:,}"
        raise SettingError(message, "skip")
    bans = BannedTransitions(constraint, copy_limit) if copy_limit else None
    jobs = _jobs(n_sequences, rng, skip)
    abandoned = Event()

    def draw(number: int, _: slice) -> list[Samples]:
        samples = []
        for group in jobs[number]:
            state = BatchedState(weights, group.width)
            sampler = _sampler(weights.n_values, constraint, config, bans, group)
            adapted = _Adaptation(weights, group.wanted, adaptation)
            first = _read_primer(state, primer, primer_conditioning, sampler.conditioning, adapted)
            samples.append(_draw(state, first, sampler, adapted, group, max_length, abandoned))
        return samples

    with single_threaded_blas():
        try:
            groups = [*chain.from_iterable(ThreadPool().map_chunks(draw, len(jobs), len(jobs)))]
        except BaseException:
            abandoned.set()  # an interrupt reaches this thread alone
            raise
    symbols, log_probs, ended = (np.concatenate(rows) for rows in zip(*groups, strict=True))
    longest = int((symbols >= 0).sum(axis=1).max(initial=0))
    return Samples(symbols[:, :longest], log_probs[:, :longest], ended)


class _Group(NamedTuple):
    """Sequences that are drawn together from one generator; those `wanted` are returned."""

    width: int
    wanted: slice
    rng: np.random.Generator


def _jobs(n_sequences: int, rng: np.random.Generator, skip: int) -> list[list[_Group]]:
    """The groups of all sequences behind the first `skip`, by job of a thread."""
    jobs, first = [], 0
    for widths in chain((FIRST_GROUPS,), repeat((GROUP,))):
        job = []
        for width in widths:
            if first < n_sequences:
                wanted = slice(max(0, skip - first), min(width, n_sequences - first))
                group = _Group(width, wanted, *rng.spawn(1))
                job += [group] if first + width > skip else []
            first += width
        jobs += [job] if job else []
        if first >= n_sequences:
            break
    return jobs


def _draw(
    state: BatchedState,
    logits: Floats,
    sampler: _Sampler,
    adaptation: _Adaptation,
    group: _Group,
    max_length: int,
    abandoned: Event,
) -> Samples:
    """A group's samples, padded to `max_length`; `logits (n, B)` are those of the first symbol.
    Once the work is `abandoned`, no more symbols are drawn."""
    B, wanted, rng = group
    uniforms = rng.random((max_length, B), dtype=np.float32)
    symbols = np.full((max_length, B), PADDING, dtype=np.int32)
    log_probs = np.zeros((max_length, B), dtype=np.float32)
    # Logits are collected for a while; what the next step does not need is computed at once.
    block = max(1, min(max_length, BLOCK // logits.size))
    collected = np.empty((block, *logits.shape), dtype=np.float32)
    t = 0

    def goes_on() -> bool:
        return not sampler.all_ended and not abandoned.is_set()

    while t < max_length and goes_on():
        first = t
        while t < min(first + block, max_length) and goes_on():
            conditioning = sampler.conditioning
            logits = adaptation.logits(logits, state, conditioning)
            collected[t - first] = logits
            drawn = sampler.draw(logits, uniforms[t], out=symbols[t])
            logits = state.read(drawn, sampler.conditioning)
            t += 1
        log_probs[first:t] = _log_probabilities(collected[: t - first], symbols[first:t])
    return Samples(symbols.T[wanted], log_probs.T[wanted], sampler.ended[wanted])


class _Adaptation:
    """The Dense layer of those `wanted` of B sequences, which follows the primer that all of them
    have; at a rate of 0 nothing. It does not follow what is drawn: on its own choices it would feed
    until it repeats them."""

    def __init__(self, weights: Weights, wanted: slice, rate: float) -> None:
        self.wanted = range(wanted.start, wanted.stop)
        self.layer = AdaptedLayer(weights, rate) if rate else None

    def read(
        self, logits: Floats, state: BatchedState, conditioning: Indices | None, symbol: int
    ) -> None:
        """Takes in a symbol of the primer, which came where the network gave `logits (n, B)`."""
        if self.layer:
            self._adapted(self.layer, logits, state, conditioning, 0)
            self.layer.follow(symbol)

    def logits(self, logits: Floats, state: BatchedState, conditioning: Indices | None) -> Floats:
        """The logits `(n, B)` by the adapted layer, from those of the network."""
        if self.layer is None or not self._has_changed:
            return logits
        logits = logits.copy()
        for k in self.wanted:
            logits[:, k] = self._adapted(self.layer, logits, state, conditioning, k)
        return logits

    @cached_property
    def _has_changed(self) -> bool:
        """True if the primer was long enough for a change; asked for once it is read."""
        return self.layer is not None and bool(self.layer.change.any())

    @staticmethod
    def _adapted(
        layer: AdaptedLayer, logits: Floats, state: BatchedState, known: Indices | None, k: int
    ) -> Floats:
        return layer.logits(logits[:, k], state.state[:, k], () if known is None else known[:, k])


def _read_primer(
    state: BatchedState,
    primer: Sequence[int],
    conditioning: Indices | None,
    following: Indices | None,
    adaptation: _Adaptation,
) -> Floats:
    """The logits `(n, B)` after the primer, with `conditioning (len(primer), k)`; `following (k,
    B)` conditions the symbol after it."""
    B = state.batch
    previous = np.full(B, PADDING)
    for t, symbol in enumerate(primer):
        features = None if conditioning is None else np.repeat(conditioning[t][:, None], B, 1)
        adaptation.read(state.read(previous, features), state, features, symbol)
        previous = np.full(B, symbol)
    return state.read(previous, following)


def _log_probabilities(logits: Floats, symbols: Indices) -> Floats:
    """Of each of `symbols (T, B)`, given `logits (T, n, B)`, which are overwritten; 0 for
    padding."""
    highest = logits.max(axis=1)
    chosen = np.take_along_axis(logits, np.maximum(symbols, 0)[:, None], axis=1)[:, 0]
    logits -= highest[:, None]
    totals = np.exp(logits, out=logits).sum(axis=1)
    return np.where(symbols < 0, np.float32(0), chosen - highest - np.log(totals))


def _sampler(
    n_symbols: int,
    constraint: Constraint,
    config: SamplingConfig,
    bans: BannedTransitions | None,
    group: _Group,
) -> _Sampler:
    make = _SingleSampler if group.width == 1 else _Sampler
    copies = CopyConstraint(bans, group.width) if bans else None
    return make(n_symbols, constraint.begin(group.width), config, copies, group)


class _Sampler:
    """Draws a symbol for each of B sequences and moves the tracker by it.

    The symbol is where the cumulative probability passes the uniform number of the sequence. A
    symbol that is not possible has a logit of minus infinity.
    """

    def __init__(
        self,
        n_symbols: int,
        tracker: Tracker,
        config: SamplingConfig,
        copies: CopyConstraint | None,
        group: _Group,
    ) -> None:
        self.tracker, self.config, self.copies = tracker, config, copies
        self.wanted = group.wanted  # only these sequences need to end
        self.scale = np.float32(config.scale)
        self._allocate(n_symbols, group.width)

    def _allocate(self, n_symbols: int, batch: int) -> None:
        # About sqrt(n) blocks of sqrt(n) symbols, padded with probability 0.
        size = math.isqrt(n_symbols - 1) + 1
        self.cumulative = np.zeros((size * size, batch), dtype=np.float32)
        self.masked = self.cumulative[:n_symbols]
        self.passed = np.zeros((n_symbols, batch), dtype=bool)
        self.counts = np.min_scalar_type(n_symbols)
        blocks = self.cumulative.reshape(size, size, batch)
        self.sums = [*pairwise(blocks.swapaxes(0, 1)), *((a[-1], b) for a, b in pairwise(blocks))]

    @property
    def ended(self) -> NDArray[np.bool_]:
        return self.tracker.ended

    @property
    def all_ended(self) -> bool:
        return bool(self.ended[self.wanted].all())

    @property
    def conditioning(self) -> Indices | None:
        """The features of the symbols that are drawn next, `(k, B)`."""
        return self.tracker.conditioning

    def draw(self, logits: Floats, uniforms: Floats, out: Indices) -> Drawn:
        """Draws by `logits (n, B)` and `uniforms (B,)` a symbol for each sequence, `(B,)`. Writes
        it into `out (B,)` where the sequence has not ended."""
        ended = self.ended
        possible = self._possible(logits, ended)
        drawn: Drawn = possible.argmax(axis=0)
        if not self.config.greedy:
            drawn = self._choose(possible, uniforms)
        np.copyto(out, drawn, where=np.logical_not(ended), casting="same_kind")
        self._advance(drawn)
        return drawn

    def _possible(self, logits: Floats, ended: NDArray[np.bool_]) -> Floats:
        """The logits of possible symbols; minus infinity for all others."""
        possible = self.tracker.mask(logits, self.masked)
        if self.copies:
            if possible is logits:
                np.copyto(self.masked, logits)
                possible = self.masked
            self.copies.mask(possible, self.tracker.states, ended, self.wanted)
        return possible

    def _advance(self, drawn: Drawn) -> None:
        self.tracker.advance(drawn)
        if self.copies:
            self.copies.update(drawn)

    def _choose(self, possible: Floats, uniforms: Floats) -> NDArray[np.intp]:
        masked = self.masked
        if self.scale != 1:
            possible = np.multiply(possible, self.scale, out=masked)
        np.subtract(possible, possible.max(axis=0), out=masked)
        np.exp(masked, out=masked)
        _restrict(masked, self.config)
        # First within all blocks at once, then from each to the next: much faster than NumPy's
        # cumsum along this axis.
        self.cumulative[len(masked) :] = 0
        for before, after in self.sums:
            np.add(after, before, out=after)
        thresholds = uniforms * masked[-1]
        np.less_equal(masked, thresholds, out=self.passed)
        return np.add.reduce(self.passed.view(np.uint8), axis=0, dtype=self.counts).astype(np.intp)


class _SingleSampler(_Sampler):
    """`_Sampler` for one sequence, in fewer calls on vectors: a solo takes a third of the time."""

    def _allocate(self, n_symbols: int, batch: int) -> None:
        self.masked = np.zeros((n_symbols, batch), dtype=np.float32)
        self.vector = self.masked[:, 0]
        self.not_ended = np.zeros(batch, dtype=bool)

    def draw(self, logits: Floats, uniforms: Floats, out: Indices) -> Drawn:
        """As in `_Sampler`; only called before the end."""
        vector, possible = self.vector, self._possible(logits, self.not_ended)[:, 0]
        if self.config.greedy:
            drawn = int(possible.argmax())
        else:
            if self.scale != 1:
                possible = np.multiply(possible, self.scale, out=vector)
            np.subtract(possible, possible[possible.argmax()], out=vector)
            np.exp(vector, out=vector)
            _restrict(self.masked, self.config)
            np.add.accumulate(vector, out=vector)
            drawn = int(vector.searchsorted(uniforms[0] * vector[-1], "right"))
        out[0] = drawn
        self._advance((drawn,))
        return (drawn,)


def _restrict(probabilities: Floats, config: SamplingConfig) -> None:
    """Sets probabilities `(n, B)` outside top-k and top-p to zero; a column need not add up to
    1."""
    if config.top_k is not None and config.top_k < len(probabilities):
        order = np.argsort(-probabilities, axis=0, kind="stable")
        np.put_along_axis(probabilities, order[config.top_k :], 0, axis=0)
    if config.top_p is not None:
        order = np.argsort(-probabilities, axis=0, kind="stable")
        ranked = np.take_along_axis(probabilities, order, axis=0)
        before = np.cumsum(ranked, axis=0) - ranked
        left_out = before >= config.top_p * ranked.sum(axis=0)
        left_out[0] = False  # even if so small a share is rounded to zero
        ranked[left_out] = 0
        np.put_along_axis(probabilities, order, ranked, axis=0)

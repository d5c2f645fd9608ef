"""The form of a tune, as a band hears it: choruses and sections."""

from __future__ import annotations

from collections.abc import Sequence

from djmodel.music.tune import Tune

SECTION = 8  # bars, where the tune does not say
_SHORTEST_CHORUS = 4  # bars


def chorus_length(tune: Tune) -> int:
    """The number of bars after which the changes repeat to the end, a pick-up left out; all bars if
    they never do.

    >>> from djmodel.music.changes import parse_changes
    >>> chorus_length(parse_changes("blues-in-F").repeated(3))
    12
    """
    changes = [bar.changes for bar in tune.bars[1 if tune.has_pickup else 0 :]]
    return cycle_length(changes, _SHORTEST_CHORUS)


def cycle_length(bars: Sequence[object], shortest: int) -> int:
    """The number of bars, at least `shortest`, after which all repeat to the end; all bars if they
    never do."""
    n_bars = len(bars)
    for length in range(shortest, n_bars // 2 + 1):
        if n_bars % length == 0 and bars[length:] == bars[:-length]:
            return length
    return n_bars


def section_starts(tune: Tune) -> list[int]:
    """Indices of the bars at which sections begin, after the first: those of the tune, or each
    chorus and every eight bars of a chorus that has a multiple of eight."""
    pickup = 1 if tune.has_pickup else 0
    if tune.sections or tune.choruses:
        begun = {section.bar for section in tune.sections} | set(tune.choruses)
    else:
        chorus = chorus_length(tune)
        length = SECTION if chorus % SECTION == 0 else chorus
        begun = set(range(pickup + length, len(tune.bars), max(length, 1)))
    return sorted(bar for bar in begun if pickup < bar < len(tune.bars))

"""The cells of a bar in iReal Pro, and the beats on which their chords begin.

A chart has sixteen cells a line, four of which usually are a bar, whatever its meter: cells place
chords, but are not beats. The app's makers do not say how it places them. Here chords that share a
bar evenly do so on beats, and others begin on the beat that their cell stands nearest to.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise

from djmodel.music.charts.beats import shares
from djmodel.music.meter import Meter

CELLS = 4  # of a bar, usually
_MAX_CELLS = 16  # of a bar that is written: a line


def onsets_of_cells(cells: Sequence[int], count: int, meter: Meter) -> list[Fraction]:
    """Onsets of the chords in `cells`, which rise from 0 to `count - 1`, of a bar of `count` cells.

    >>> [str(onset) for onset in onsets_of_cells([0, 2], 4, Meter(3, 4))]
    ['0', '2']
    """
    steps = {after - at for at, after in pairwise([*cells, count])}
    beats = meter.beat_onsets(meter.length)
    uneven = len(steps) > 1 or len(cells) > len(beats)
    if meter.is_compound and (uneven or count == meter.numerator):
        pulse = meter.beat / 3
        beats = tuple(pulse * number for number in range(meter.numerator))
    if len(cells) > len(beats):
        return [meter.length * number / len(cells) for number in range(len(cells))]
    if len(steps) == 1 and count != len(beats):
        return shares(len(cells), meter)
    # The nearest beat: the one after a cell between two where beats are finer, else the one before.
    places = [
        -(-at * len(beats) // count) if count <= len(beats) else at * len(beats) // count
        for at in cells
    ]
    for number in range(1, len(places)):
        places[number] = max(places[number], places[number - 1] + 1)
    for number, place in enumerate(places):
        places[number] = min(place, len(beats) - len(places) + number)
    return [beats[place] for place in places]


@lru_cache(maxsize=1024)
def cells_of_onsets(
    onsets: tuple[Fraction, ...], meter: Meter, few: bool
) -> tuple[tuple[int, ...], int] | None:
    """The cells of chords that begin at `onsets` (the first at 0) and their number, so that
    `onsets_of_cells` gives the onsets; `few`: two where they are enough. None if there are no such
    cells, as for a chord off the beat."""
    beats = len(meter.beat_onsets(meter.length))
    for count in ([CELLS // 2] if few else []) + [CELLS, beats, meter.numerator]:
        if not len(onsets) <= count <= _MAX_CELLS:
            continue
        if count == beats and set(onsets) <= set(meter.beat_onsets(meter.length)):
            places = [meter.beat_onsets(meter.length).index(onset) for onset in onsets]
            choices = [tuple(places)]
        elif count > CELLS:
            places = [int(onset * count / meter.length) for onset in onsets]
            choices = [tuple(places)] if len(set(places)) == len(places) else []
        else:
            choices = [(0, *others) for others in combinations(range(1, count), len(onsets) - 1)]
        wanted = [onset * count / meter.length for onset in onsets]
        for cells in sorted(choices, key=lambda cells: _distance(cells, wanted)):
            if tuple(onsets_of_cells(cells, count, meter)) == onsets:
                return cells, count
    return None


def _distance(cells: Sequence[int], places: Sequence[Fraction]) -> Fraction:
    """The distance of cells from where in the bar their chords begin, which other readers of the
    format go by."""
    return sum((abs(cell - place) for cell, place in zip(cells, places, strict=True)), Fraction(0))

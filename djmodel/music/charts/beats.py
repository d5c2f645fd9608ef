"""The beats on which the chords of a bar begin, where only their order is written."""

from __future__ import annotations

from fractions import Fraction

from djmodel.music.meter import Meter


def shares(count: int, meter: Meter) -> list[Fraction]:
    """Onsets of `count` chords that share a bar: on beats, the first ones longer where the beats do
    not divide (three in 4/4: two beats, one, one), and off the beats only if they are too many.
    """
    beats = meter.beat_onsets(meter.length)
    if count > len(beats):
        return [meter.length * number / count for number in range(count)]
    each, over = divmod(len(beats), count)
    return [beats[each * number + min(number, over)] for number in range(count)]

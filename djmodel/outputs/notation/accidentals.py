"""Accidentals that are printed: those that key and bar do not imply, and reminders."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from djmodel.music.pitch import step_and_alter
from djmodel.music.spelling import Spelling


class Sign(Enum):
    """The sign before a note: none, one that is needed, or one that reminds."""

    NONE = 0
    NEEDED = 1
    REMINDER = 2


class Accidentals:
    """The signs that hold while the notes of a part are read in order.

    A sign holds for its line or space to the end of the bar. A reminder stands before a note that
    is as the key has it, where the same letter was altered in another octave of the bar or last in
    the bar before.
    """

    def __init__(self, key: int) -> None:
        places = range(key - 1, key + 6)
        self._key = dict(step_and_alter(place) for place in places)
        self._bar: dict[tuple[str, int], int] = {}  # alterations of this bar, by step and octave
        self._last: dict[str, int] = {}  # the last alteration of each letter
        self._open: set[str] = set()  # letters that were last altered in the bar before

    def next_bar(self) -> None:
        """Begins a bar: the signs of the one before no longer hold."""
        self._open = {step for step, alter in self._last.items() if alter != self._key[step]}
        self._bar, self._last = {}, {}

    def sign(self, note: Spelling) -> Sign:
        """The sign before a note that is not held over from the one before."""
        step, alter, octave = note
        known = self._bar.get((step, octave), self._key[step])
        elsewhere: Iterable[int] = (a for (s, _), a in self._bar.items() if s == step)
        is_doubtful = any(other != alter for other in elsewhere) or step in self._open
        self._open.discard(step)
        repeated = (step, octave) in self._bar
        self._bar[step, octave] = self._last[step] = alter
        if alter != known:
            return Sign.NEEDED
        return Sign.REMINDER if is_doubtful and not repeated else Sign.NONE

"""The rhythm of a performance as a copyist writes it: what a player reads at that tempo.

A solo was played, and transcribed on a fine grid, or improvised by a model that learned from such;
any other melody was written, and stays as it is. In each beat the division is chosen that costs
least: eighths, triplets, sixteenths, triplets of sixteenths or, where a beat has more notes than
these have places, thirty-seconds and finer. A division costs more the finer it is and the faster
the tempo, and what it moves the notes by. In swing the second eighth may sound as late as a
triplet's last. No note is dropped, none changes places with another, and a note may move over a bar
line.

Ends follow: a note lasts to the next one unless the silence is as long as an eighth; rests begin on
eighths, or thirds of a beat with a triplet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from djmodel.music.tune import Tune

_HALF = Fraction(1, 2)
# Divisions of a beat, by its length, with their cost at the usual tempo, and what the finer ones
# cost more: they are hard to read at any tempo.
_DIVISIONS: dict[Fraction, dict[int, float]] = {
    Fraction(1): {1: 0.0, 2: 0.0, 3: 0.8, 4: 0.8, 6: 2.5, 8: 5.0, 12: 8.0, 24: 14.0},
    Fraction(3, 2): {1: 0.0, 3: 0.0, 6: 0.8, 12: 5.0, 24: 12.0},
    _HALF: {1: 0.0, 2: 0.8, 4: 5.0, 12: 12.0},
}
_OTHER = _DIVISIONS[_HALF]
_HARD = {6: 2.0, 8: 6.0, 12: 9.0, 24: 14.0}
_USUAL_TEMPO = 120.0
_SPREAD = 0.06  # seconds by which a note may be moved at a cost of one
_SWUNG = Fraction(2, 3)  # of a beat: the latest second eighth of swing
_SWING_FEELS = frozenset({"swing", "twobeat"})
_SHORTEST_REST = Fraction(1, 2)  # in quarters; a shorter one is part of the note before
_SHORTEST_NOTE = Fraction(1, 4)  # before a rest
_AS_PLAYED = 1_000.0  # cost of a beat that has more notes than any division
_LONG_SILENCE = 0.2  # seconds: from it on a sixteenth rest is written


@dataclass(frozen=True, slots=True)
class _Beat:
    """A beat, or a part of one at the start of a pick-up: from `start` to `end`, in quarters from
    the start of the tune. Places of notes count from the end, so that both have the same."""

    start: Fraction
    end: Fraction
    length: Fraction

    def places(self, division: int) -> list[Fraction]:
        """The places of notes in a division, in order."""
        step = self.length / division
        count = int((self.end - self.start) / step)
        return [self.end - step * number for number in range(count, 0, -1)]

    def ends(self, division: int, *, is_slow: bool) -> list[Fraction]:
        """The times at which a note may end before a rest."""
        in_thirds = self.length > 1 or (self.length == 1 and division == 3)
        parts = 3 if in_thirds else 4 if is_slow and self.length == 1 else 2
        return [self.start, *self.places(parts), self.end]


class _Choice(NamedTuple):
    """The writing of a beat: `carried_in`: the last note of the beat before stands at its start."""

    cost: float
    carried_in: bool
    division: int
    places: tuple[Fraction, ...]


class SimplifiedTune(NamedTuple):
    """A tune as it is written, and the number of its notes that begin or end elsewhere."""

    tune: Tune
    changed: int


def simplified(tune: Tune) -> SimplifiedTune:
    """A tune with the rhythm that a sheet shows; only that of a solo differs."""
    notes = tune.melody_notes()
    if not (notes and (tune.generated or tune.performer)):
        return SimplifiedTune(tune, 0)
    beats = list(_beats(tune))
    starts = [beat.start for beat in beats]
    groups: list[list[Fraction]] = [[] for _ in beats]
    for note in notes:
        groups[bisect_right(starts, note.onset) - 1].append(note.onset)
    bpm = tune.tempos[0].bpm if tune.tempos else _USUAL_TEMPO
    copyist = _Copyist(bpm, swings=tune.feel in _SWING_FEELS)
    choices = copyist.choices(beats, groups)
    onsets = [place for choice in choices for place in choice.places]
    written = []
    for note, onset, following in zip(notes, onsets, [*onsets[1:], tune.length], strict=True):
        sounded = max(note.end, onset + _SHORTEST_NOTE)
        index = bisect_right(starts, sounded) - 1
        ends = beats[index].ends(choices[index].division, is_slow=copyist.is_slow)
        stop = copyist.end(onset, sounded, following, ends)
        written.append(replace(note, onset=onset, duration=stop - onset))
    pairs = zip(notes, written, strict=True)
    changed = sum((old.onset, old.end) != (new.onset, new.end) for old, new in pairs)
    return SimplifiedTune(tune.with_melody(written), changed)


@dataclass(frozen=True)
class _Copyist:
    """The choices at a tempo, in swing or not."""

    bpm: float
    swings: bool

    @property
    def is_slow(self) -> bool:
        """True if sixteenth rests are written."""
        return self._seconds(Fraction(1, 4)) >= _LONG_SILENCE

    def _seconds(self, quarters: Fraction) -> float:
        return float(quarters) * 60 / self.bpm

    def choices(
        self, beats: Sequence[_Beat], groups: Sequence[Sequence[Fraction]]
    ) -> list[_Choice]:
        """The cheapest writing of all onsets, which `groups` has beat by beat."""
        before: dict[bool, float] = {False: 0.0}  # costs up to here, by `carried_in` of the next
        steps: list[dict[bool, _Choice]] = []
        for number, (beat, onsets) in enumerate(zip(beats, groups, strict=True), 1):
            step: dict[bool, _Choice] = {}
            for carried_in, cost in before.items():
                for carries in (False, True):
                    if carries and number == len(beats):
                        continue
                    choice = _choice(self, beat, onsets, carried_in, carries)
                    if choice and (carries not in step or cost + choice.cost < step[carries].cost):
                        step[carries] = choice._replace(cost=cost + choice.cost)
            steps.append(step)
            before = {carries: choice.cost for carries, choice in step.items()}
        chosen, carried = [], False
        for step in reversed(steps):
            chosen.append(step[carried])
            carried = step[carried].carried_in
        return chosen[::-1]

    def choice(
        self, beat: _Beat, onsets: Sequence[Fraction], carried_in: bool, carries: bool
    ) -> _Choice | None:
        """The cheapest division for the onsets of a beat, the last of which may be carried into the
        next; None if there is no place for them."""
        if carries and (not onsets or beat.end - onsets[-1] > beat.length / 4):
            return None
        inside = onsets[:-1] if carries else onsets
        moved = self._cost(beat.end - onsets[-1]) if carries else 0.0
        last = (beat.end,) if carries else ()
        best: _Choice | None = None
        for division, base in _DIVISIONS.get(beat.length, _OTHER).items():
            cost = base * self.bpm / _USUAL_TEMPO + _HARD.get(division, 0.0) + moved
            if best and cost >= best.cost:
                break
            places = [each for each in beat.places(division) if each > beat.start or not carried_in]
            placed = self._placed(beat, division, inside, places)
            if placed and (best is None or cost + placed[0] < best.cost):
                best = _Choice(cost + placed[0], carried_in, division, (*placed[1], *last))
        if best is None and not (carried_in and inside and inside[0] == beat.start):
            return _Choice(_AS_PLAYED, carried_in, 1, (*inside, *last))
        return best

    def _placed(
        self,
        beat: _Beat,
        division: int,
        onsets: Sequence[Fraction],
        places: Sequence[Fraction],
    ) -> tuple[float, tuple[Fraction, ...]] | None:
        """The nearest places for onsets, in order and each for one, and the cost of moving them;
        None if there are too few."""
        if len(onsets) > len(places):
            return None
        # The cheapest ways to put the onsets so far, by the index of the last place.
        ways: dict[int, tuple[float, tuple[Fraction, ...]]] = {-1: (0.0, ())}
        for onset in onsets:
            following: dict[int, tuple[float, tuple[Fraction, ...]]] = {}
            for index, place in enumerate(places):
                earlier = [way for last, way in ways.items() if last < index]
                if earlier:
                    cost, taken = min(earlier)
                    cost += self._cost(self._distance(beat, division, onset, place))
                    following[index] = (cost, (*taken, place))
            ways = following
        return min(ways.values())

    def _distance(self, beat: _Beat, division: int, onset: Fraction, place: Fraction) -> Fraction:
        late = place
        if self.swings and division == 2 and beat.length == 1 and place == beat.end - _HALF:
            late = beat.end - 1 + _SWUNG
        return max(place - onset, onset - late, Fraction(0))

    def _cost(self, distance: Fraction) -> float:
        """The cost of moving a note by some quarters."""
        return (self._seconds(distance) / _SPREAD) ** 2

    def end(
        self, onset: Fraction, sounded: Fraction, following: Fraction, ends: Sequence[Fraction]
    ) -> Fraction:
        """The end of a note that sounded up to some time, before the next one at `following`;
        `ends` are those that its beat offers."""
        if self._is_joined(sounded, following):
            return following
        later = [end for end in ends if onset < end]
        end = min(later, key=lambda each: (abs(each - sounded), -each), default=following)
        return following if self._is_joined(end, following) else end

    def _is_joined(self, end: Fraction, following: Fraction) -> bool:
        """True if the silence between a note and the next is no rest."""
        silence = following - end
        is_short = silence < _SHORTEST_REST and self._seconds(silence) < _LONG_SILENCE
        return silence <= 0 or is_short


def _choice(
    copyist: _Copyist, beat: _Beat, onsets: Sequence[Fraction], carried_in: bool, carries: bool
) -> _Choice | None:
    """Makes the choice of `_Copyist.choice`, once for all beats that are alike."""
    alike = _Beat(Fraction(0), beat.end - beat.start, beat.length)
    choice = _choice_at_zero(
        copyist, alike, tuple(onset - beat.start for onset in onsets), carried_in, carries
    )
    return choice and choice._replace(places=tuple(beat.start + each for each in choice.places))


@lru_cache(maxsize=4096)
def _choice_at_zero(
    copyist: _Copyist, beat: _Beat, onsets: tuple[Fraction, ...], carried_in: bool, carries: bool
) -> _Choice | None:
    return copyist.choice(beat, onsets, carried_in, carries)


def _beats(tune: Tune) -> Iterator[_Beat]:
    for bar, start in zip(tune.bars, tune.starts, strict=False):
        for onset, end in pairwise([*bar.meter.beat_onsets(bar.length), bar.length]):
            yield _Beat(start + onset, start + end, bar.meter.beat)

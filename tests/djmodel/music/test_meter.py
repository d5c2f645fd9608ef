"""The beat of a meter, on which all modules agree."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from helpers.handmade_tunes import bar

from djmodel.evaluation.metrics import empty_beat_rate
from djmodel.inputs.chords.observations import beats_of
from djmodel.music.accompaniment import accompany
from djmodel.music.changes import parse_changes
from djmodel.music.meter import Meter
from djmodel.music.tune import Tune
from djmodel.outputs.notation.labels import beat_mark
from djmodel.outputs.notation.rhythm import written_notes
from djmodel.outputs.piano_roll_layout import roll

# Meter, the length of its beat, and how many pulses go together.
METERS = [
    ("4/4", F(1), (2, 2)),
    ("3/4", F(1), (3,)),
    ("5/4", F(1), (3, 2)),
    ("2/2", F(1), (2, 2)),  # counted in quarters: chords change and basses walk in quarters
    ("3/8", F(1, 2), (3,)),  # in three, not in one
    ("2/8", F(1, 2), (2,)),
    ("6/8", F(3, 2), (3, 3)),
    ("12/8", F(3, 2), (3, 3, 3, 3)),
    ("7/8", F(1, 2), (2, 2, 3)),
    ("4/16", F(1, 4), (2, 2)),
    ("6/16", F(3, 4), (3, 3)),
]


def meter_of(text: str) -> Meter:
    return Meter(*map(int, text.split("/")))


@pytest.mark.parametrize(("text", "beat", "groups"), METERS)
def test_the_beat_and_the_groups_of_a_meter(text: str, beat: F, groups: tuple[int, ...]) -> None:
    meter = meter_of(text)
    assert meter.beat == beat
    assert meter.groups(meter.length) == groups
    assert sum(groups) * meter.pulse == meter.length


def test_a_pick_up_counts_its_beats_from_its_end() -> None:
    assert Meter(4, 4).beat_onsets(F(5, 2)) == (0, F(1, 2), F(3, 2))
    assert Meter(6, 8).beat_onsets(F(1, 2)) == (0,)
    assert Meter(4, 4).beat_onsets(F(4)) == (0, 1, 2, 3)


# The modules that count beats: the length of a beat in a bar of the meter, as each uses it.


def in_changes(meter: Meter) -> F:
    """Slashes, one on each beat."""
    beats = next(n for n in range(1, 40) if _is_one_a_beat(n, meter))
    return meter.length / beats


def _is_one_a_beat(signs: int, meter: Meter) -> bool:
    try:
        parse_changes(" ".join(["C", *"/" * (signs - 1)]), meter)
    except ValueError:
        return False
    return signs > 1 or meter.length == meter.beat


def in_chord_recognition(meter: Meter) -> F:
    return np.diff([*beats_of(meter, meter.length), meter.length]).max()


def in_metrics(meter: Meter) -> F:
    """The share of beats without a note is 1 - 1/n with one short note on the first of n."""
    filled = Tune("", (bar("C", [(60, F(1, 8))], meter),))
    return meter.length * F(1 - empty_beat_rate(filled)).limit_denominator(100)


def in_the_piano_roll(meter: Meter) -> F:
    onsets = [0, *map(F, roll(Tune("", (bar("C", []),))).beats), 4]
    assert [*np.diff(onsets)] == [1, 1, 1, 1]
    edges = [F(0), *map(F, roll(Tune("", (bar("C", [], meter),))).beats), meter.length]
    return max(end - start for start, end in pairwise(edges))


def in_the_tempo_of_a_lead_sheet(meter: Meter) -> F:
    mark = beat_mark(Tune("", (bar("C", [], meter),)))
    assert mark is not None
    return mark.value


USERS = [
    in_changes,
    in_chord_recognition,
    in_metrics,
    in_the_piano_roll,
    in_the_tempo_of_a_lead_sheet,
]


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.__name__)
@pytest.mark.parametrize(("text", "beat"), [(text, beat) for text, beat, _ in METERS])
def test_all_modules_count_the_same_beats(user: Callable[[Meter], F], text: str, beat: F) -> None:
    assert user(meter_of(text)) == beat


@pytest.mark.parametrize(
    ("text", "notes", "expected"),
    [
        # An eighth and a quarter in 3/8: the quarter is two whole beats.
        ("3/8", [F(1, 2), F(1)], [F(1, 2), F(1)]),
        # A sixteenth, an eighth between the beats, a sixteenth: as a syncopation in quarters.
        ("3/8", [F(1, 4), F(1, 2), F(1, 4)], [F(1, 4), F(1, 2), F(1, 4)]),
        # 3/16 and a dotted eighth: a sixteenth is tied where it would hide the second beat.
        ("3/8", [F(1, 4), F(3, 4), F(1, 2)], [F(1, 4), F(1, 4), F(1, 2), F(1, 2)]),
    ],
)
def test_written_rhythm_shows_the_beats_of_the_meter(
    text: str, notes: list[F], expected: list[F]
) -> None:
    this = bar("C", [(60, length) for length in notes], meter_of(text))
    assert [piece.value for piece in written_notes(this) if piece.note] == expected


@pytest.mark.parametrize(("text", "groups"), [(text, groups) for text, _, groups in METERS])
def test_stride_has_one_bass_note_in_each_group(text: str, groups: tuple[int, ...]) -> None:
    piano = accompany(parse_changes("C", text), "stride").accompaniment[0]
    bass = [note.onset for note in piano.notes if note.pitch < 50]
    starts = [sum(groups[:number]) * meter_of(text).pulse for number in range(len(groups))]
    assert bass == starts

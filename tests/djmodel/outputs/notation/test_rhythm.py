"""Written rhythm: exact sums, visible beats, complete triplets."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from helpers.handmade_tunes import QUAVER, REST, SEMIQUAVER, TRIPLET, bar
from hypothesis import given
from hypothesis import strategies as st

from djmodel.music.chord_symbol import parse_chord_symbol
from djmodel.music.meter import Meter
from djmodel.music.tune import Bar, Change, Note
from djmodel.outputs.notation.rhythm import written_notes

q, s, t = QUAVER, SEMIQUAVER, TRIPLET


def shown(this: Bar) -> str:
    """Each written value in quavers, r for rests, ~ for ties, 3 for triplets."""
    return " ".join(
        f"{'r' if w.note is None else ''}{w.value * 2}{'t' if w.triplet else ''}{'~' * w.tied}"
        for w in written_notes(this)
    )


@pytest.mark.parametrize(
    ("notes", "meter", "expected"),
    [
        # Four crotchets.
        ([(60, 1)] * 4, (4, 4), "2 2 2 2"),
        # A semibreve; a dotted minim and a rest.
        ([(60, 4)], (4, 4), "8"),
        ([(60, 3)], (4, 4), "6 r2"),
        # Quaver, crotchet, quaver within a half stays; over the middle of the bar it is tied.
        ([(60, q), (62, 1), (64, q), (65, 2)], (4, 4), "1 2 1 4"),
        ([(60, 1), (60, q), (62, 1), (64, q), (65, 1)], (4, 4), "2 1 1~ 1 1 2"),
        # A crotchet that begins on a semiquaver is tied at the beat.
        ([(60, s), (62, 1), (64, q + s)], (4, 4), "1/2 3/2~ 1/2 3/2 r4"),
        # Five quavers are a minim tied to a quaver.
        ([(60, 2 + q), (62, q)], (4, 4), "4~ 1 1 r2"),
        # Triplets: three quavers; crotchet and quaver; three crotchets over a half.
        ([(60, t)] * 3, (4, 4), "1t 1t 1t r2 r4"),
        ([(60, 2 * t), (62, t), (64, 3)], (4, 4), "2t 1t 2~ 4"),
        ([(60, 2 * t)] * 3 + [(60, 2)], (4, 4), "2t 2t 2t 4"),
        # Held from a triplet into the next beat.
        ([(60, t), (62, t), (64, t + 1)], (4, 4), "1t 1t 1t~ 2 r4"),
        # Three four: a dotted minim; two halves of a bar.
        ([(60, 3)], (3, 4), "6"),
        ([(60, Fraction(3, 2)), (62, Fraction(3, 2))], (3, 4), "3 1~ 2"),
        # Six eight: dotted crotchets are whole beats, a crotchet over the middle is tied.
        ([(60, 3 * q), (62, 3 * q)], (6, 8), "3 3"),
        ([(60, 1), (62, 1), (64, 1)], (6, 8), "2 1~ 1 2"),
        ([(60, 3)], (6, 8), "6"),
        # Triplets of quavers begin at the quaver that they follow, the beat before them is whole.
        ([(60, 3 * q), (62, t), (64, t), (65, t), (67, q)], (6, 8), "3 1t 1t 1t 1"),
        ([(60, 1), (62, q), (64, t), (65, t), (67, t), (69, q)], (6, 8), "2 1 1t 1t 1t 1"),
        ([(60, q), (62, t), (64, t), (65, t), (67, 3 * q)], (6, 8), "1 1t 1t 1t 3"),
        # Five four is three and two.
        ([(60, 5)], (5, 4), "6~ 4"),
        ([(60, 2), (62, 2), (64, 1)], (5, 4), "4 4 2"),
        ([], (5, 4), "r4 r2 r4"),
        ([(60, q)], (5, 4), "1 r1 r2 r2 r4"),
    ],
)
def test_notes_are_split_into_written_values_with_ties(
    notes: list, meter: tuple[int, int], expected: str
) -> None:
    assert shown(bar("C", notes, Meter(*meter))) == expected


def test_a_pickup_is_written_as_the_end_of_a_bar() -> None:
    # Three quavers before the bar line: off the beat, then the fourth beat.
    assert shown(bar("C", [(60, q), (62, 1)], length=Fraction(3, 2))) == "1 2"
    # A crotchet from off the third beat to off the fourth.
    assert shown(bar("C", [(60, 1), (62, q)], length=Fraction(3, 2))) == "2 1"


def test_a_note_over_the_bar_line_is_tied() -> None:
    this = bar("C", [(REST, 2), (60, 2)])
    assert [w.tied for w in written_notes(this, tied_on=True)] == [False, True]
    assert [w.tied for w in written_notes(this)] == [False, False]


@st.composite
def bars(draw: st.DrawFn) -> Bar:
    """Any melody on the grid of quarters divided by four and three, in any common meter."""
    meter = Meter(*draw(st.sampled_from([(4, 4), (3, 4), (2, 4), (5, 4), (6, 8), (12, 8), (2, 2)])))
    length = meter.length
    grid = sorted({Fraction(i, d) for d in (3, 4) for i in range(int(length * d) + 1)})
    points = sorted(draw(st.sets(st.sampled_from(grid), min_size=2)))
    melody = []
    for start, end in pairwise(points):
        if draw(st.booleans()):
            melody.append(Note(60, start, end - start))
    change = Change(Fraction(0), parse_chord_symbol("C"))
    return Bar(meter, length, tuple(melody), (change,))


@given(bars())
def test_written_values_follow_each_other_and_fill_the_bar(this: Bar) -> None:
    now = Fraction(0)
    for piece in written_notes(this):
        assert piece.onset == now
        now += piece.duration
    assert now == this.length


@given(bars())
def test_the_written_values_of_a_note_add_up_to_its_duration(this: Bar) -> None:
    lasted: dict[Fraction, Fraction] = {}
    for piece in written_notes(this):
        if piece.note is not None:
            lasted[piece.note.onset] = lasted.get(piece.note.onset, Fraction(0)) + piece.duration
    assert lasted == {note.onset: note.duration for note in this.melody}


@given(bars())
def test_triplets_are_complete(this: Bar) -> None:
    opened: Fraction | None = None
    for piece in written_notes(this):
        if piece.triplet and piece.begins:
            assert opened is None
            opened = piece.onset
        assert piece.triplet == (opened is not None)
        if piece.triplet and piece.ends:
            assert opened is not None
            assert piece.onset + piece.duration - opened in (Fraction(1, 2), 1, 2)
            opened = None
    assert opened is None
